"""How every process logs: one line an event, a constant name and ids, as JSON for machines or in colour for people.

The ids of the request or task (`config.trace`) stand in each of its lines. An exception is told without its words.
"""

import logging
import sys
from typing import Any

import structlog

from config.settings import settings
from config.told import without_words

QUIET = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "alembic": logging.WARNING, "kombu": logging.WARNING}
"""Libraries whose lines an operator does not need, or which would name addresses with their query."""


def configure(**always: Any) -> None:  # noqa: ANN401 - whatever stands in every line of this process
    """Send this process's lines, its libraries' too, to standard error in the form that the settings ask for."""
    chosen = settings()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
    ]
    readable = chosen.log_format == "console"
    last = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(chosen.log_level)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(**always)
