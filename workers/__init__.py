"""Entry points of the processes: the Celery application, the API, and the command line `souschef`.

`celery -A workers.app worker|beat|flower` loads `app`, and `uvicorn workers.api:app` loads `api`. `sweeper` is the
thread in each worker that finds overdue events. `local/` runs everything on one machine, with PostgreSQL and Valkey
from wheels if no address is set. `cli/` is `souschef`, with its commands in `cli/commands/`.
"""
