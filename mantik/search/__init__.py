"""Search of everything that has a name: projects, runs, models and schedules, and what one can do."""
