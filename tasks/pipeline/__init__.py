"""What a task calls, without Celery: from claimed events to facts, states, decisions and published rows."""
