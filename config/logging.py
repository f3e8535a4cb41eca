"""Configure the log: one line for each event, with a constant name and ids, as JSON or in colour for people.

Each line carries the ids of its request or task (`config.tracing`). Exceptions are logged without their message.
"""

import logging
import sys
from typing import Any

import structlog

from config.redaction import redact_exception
from config.settings import settings

QUIET = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "alembic": logging.WARNING, "kombu": logging.WARNING}
"""Libraries whose lines an operator does not need, or which would log URLs with their query."""


def configure(**fields: Any) -> None:  # noqa: ANN401 - fields of every line of this process
    """Log this process and its libraries to standard error, in the configured format."""
    level, log_format = settings().log_level, settings().log_format
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact_exception,
    ]
    renderer = structlog.dev.ConsoleRenderer() if log_format == "console" else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet_level in QUIET.items():
        logging.getLogger(name).setLevel(quiet_level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(**fields)
