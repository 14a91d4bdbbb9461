"""What has to be done after a restore from a backup: sites, the broker and MLflow are ahead of the database.

`manage.py after_restore` (`schedules/restored/`) checks everything that may have happened since the backup.
"""
