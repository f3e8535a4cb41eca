"""A look at the database's shape before a worker or the doors start on it."""

from __future__ import annotations

import structlog

from models import migrate
from models.database import DatabaseUnreachable

log = structlog.get_logger(__name__)


def check_shape(url: str) -> None:
    """Do nothing where the database has the newest shape, or does not answer: it may come back, and they wait for it.

    Raises:
        MigrationsMissing: it has an older shape, or none.
    """
    try:
        migrate.check(url)
    except DatabaseUnreachable as error:
        log.warning("database_unreachable", why=error.sentence)
