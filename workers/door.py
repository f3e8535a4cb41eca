"""The doors as uvicorn sees them: `uvicorn workers.door:app`, with our log and a look at the database's shape first."""

import logging
import sys

from config import logging as our_logging
from config.errors import Mendable
from config.settings import settings
from models import migrate
from models.database import DatabaseUnreachable
from web.app import app

__all__ = ["app"]


def _prepare() -> None:
    our_logging.configure()
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    try:
        migrate.check(settings().database_url_text())
    except DatabaseUnreachable as error:
        # It may come back, and until then the door answers 503: no reason not to start.
        sys.stderr.write(f"souschef: {error}\n")
    except Mendable as error:
        sys.stderr.write(f"souschef: {error}\n")
        raise SystemExit(error.exit_code) from None


_prepare()
