"""Settings, the Celery app, Flower and logging. Importing it opens and reads nothing."""
