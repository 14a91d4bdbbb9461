"""Who did what, and when: one event per change, written with the change itself."""
