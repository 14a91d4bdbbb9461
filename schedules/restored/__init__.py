"""`manage.py after_restore`: what is done once a database was restored from a backup. Its promises: README.md."""
