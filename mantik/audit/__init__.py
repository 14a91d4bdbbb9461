"""The audit: who did what, and when. One event per change, stored in the same transaction."""
