"""The app as Celery's command line sees it: `celery -A workers.app worker|beat|flower`."""

from config.celery import app

__all__ = ["app"]
