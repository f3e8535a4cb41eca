"""The app as Celery's command line sees it: `celery -A workers.app worker|beat|flower`.

It adds what belongs to a running process and not to the app: the log, the sweep in each worker's main process, signs of
life, Flower's configuration, and one sentence instead of a traceback where settings are wrong or no broker is known.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from celery import signals

from config import collector
from config import logging as our_logging
from config.celery import app
from config.errors import Mendable
from config.settings import settings
from workers import liveness
from workers.database_shape import check_shape
from workers.surroundings import check_port
from workers.sweeper import Sweeper

__all__ = ["app"]

ROOT = Path(__file__).parent.parent
_sweeper = Sweeper()


def _prepare_command_line() -> None:
    """Have Flower read our configuration, and refuse in one sentence what no process could run with."""
    os.environ.setdefault("FLOWER_CONF", str(ROOT / "config" / "flower.py"))
    try:
        settings().broker_url_text()
        liveness.prepare(settings().data_dir)
        settings().flower_password_text()
        if "worker" in sys.argv:
            check_shape(settings().database_url_text())
        if "flower" in sys.argv and not any(word.startswith(("--port", "--address")) for word in sys.argv):
            check_port(settings().flower_host, settings().flower_port, what="Flower", setting="SOUSCHEF_FLOWER_PORT")
    except Mendable as error:
        sys.stderr.write(f"souschef: {error}\n")
        raise SystemExit(error.exit_code) from None


@signals.setup_logging.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _log_our_way(**_: Any) -> None:  # noqa: ANN401 - whatever Celery passes
    our_logging.configure()


@signals.worker_ready.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _start_sweeping(**_: Any) -> None:  # noqa: ANN401 - see above
    _sweeper.start()


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _stop_sweeping(**_: Any) -> None:  # noqa: ANN401 - see above
    _sweeper.stop()


@signals.worker_process_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _open_own_connections(**_: Any) -> None:  # noqa: ANN401 - see above
    """Forget the connections of the main process, which a fork would share, without a word on them."""
    from models import database

    database.after_fork()
    collector.calm()


@signals.beat_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _show_life(**_: Any) -> None:  # noqa: ANN401 - see above
    liveness.beat_in_background("beat", settings().data_dir)


if Path(sys.argv[0]).stem == "celery" or sys.argv[0].endswith("celery/__main__.py"):
    _prepare_command_line()
