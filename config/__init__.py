"""How Souschef is set up: settings, the Celery app, Flower, logging. Importing it opens nothing."""
