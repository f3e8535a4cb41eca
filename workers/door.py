"""The doors as uvicorn sees them: `uvicorn workers.door:app`, with our log and a look at the database's shape first."""

import logging
import sys

from config import collector
from config import logging as our_logging
from config.errors import Mendable
from config.settings import settings
from web.app import app
from workers.database_shape import check_shape

__all__ = ["app"]


def _prepare() -> None:
    try:
        our_logging.configure()
        for name in ("uvicorn", "uvicorn.error"):
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True
        settings().secret_key_bytes()  # whose file cannot be read lets nobody in
        check_shape(settings().database_url_text())
    except Mendable as error:
        sys.stderr.write(f"souschef: {error}\n")
        raise SystemExit(error.exit_code) from None


_prepare()
collector.calm()
