"""Failed runs that somebody has not looked at yet, on the overview of a project."""
