"""How things run: the app for Celery's command line, the servers and processes of one machine, and `souschef`.

`app` is what `celery -A workers.app worker|beat|flower` loads. `embedded` starts PostgreSQL and Valkey from wheels
where no address is set; `supervisor` starts everything on one machine and keeps it running; `command_line` is
`souschef`, with a file for each command in `commands/`.
"""
