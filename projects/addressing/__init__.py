"""Where a project is, and where it was."""
