"""The django-celery-beat row of each schedule, and what operators switch there."""
