"""The API for uvicorn (`uvicorn workers.api:app`), with our logging and a check of the migrations first."""

import logging
import sys

from config import logging as our_logging
from config import telemetry
from config.errors import OperatorError
from config.settings import settings
from web.app import app
from workers import gc_tuning, head_limits
from workers.preflight import check_migrations

__all__ = ["app"]


def _prepare() -> None:
    try:
        our_logging.configure()
        for name in ("uvicorn", "uvicorn.error"):
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True
        settings().secret_key_bytes()  # no credential could be checked without it
        check_migrations(settings().database_url_text())
    except OperatorError as error:
        sys.stderr.write(f"souschef: {error}\n")
        raise SystemExit(error.exit_code) from None


_prepare()
telemetry.start("souschef-api")
gc_tuning.tune_gc()
gc_tuning.tune_malloc()
head_limits.install()
