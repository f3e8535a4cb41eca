"""`souschef migrate`: bring the database to the newest shape."""

from __future__ import annotations

import typer


def migrate() -> None:
    """Run the missing migrations; safe to run at any time, and by several at once."""
    from config.settings import settings
    from models import migrate as migrations

    moved = migrations.upgrade(settings().database_url_text())
    typer.echo("The database is migrated." if moved else "The database already has the newest shape.")
