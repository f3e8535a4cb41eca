"""How things run: the app as Celery's command line sees it, the servers and processes of one machine, the command line.

`app` is what `celery -A workers.app worker|beat|flower` loads. `embedded` starts PostgreSQL and Valkey from wheels where
no address is set; `supervisor` starts everything on one machine and keeps it running; `command_line` is `souschef`, with
a file for each command in `commands/`.
"""
