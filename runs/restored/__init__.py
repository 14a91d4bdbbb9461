"""After a restore from a backup: the database is older than what sites, the broker and MLflow know.

`manage.py after_restore` (`schedules/restored/`) has everything looked at that may have gone on since.
"""
