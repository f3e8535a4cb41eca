"""The Celery application for the command line: `celery -A workers.app worker|beat|flower`.

It adds what a running process needs beyond the application: logging, the sweeper in each worker's main process,
heartbeats, Flower's configuration, and one sentence instead of a traceback if the settings are wrong.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from celery import signals

from config import logging as our_logging
from config import telemetry
from config.celery import app
from config.errors import OperatorError
from config.settings import settings
from workers import gc_tuning, heartbeat, remote_control
from workers.listening import ListeningStep
from workers.preflight import check_migrations, check_port
from workers.sweeper import Sweeper

__all__ = ["app"]

ROOT = Path(__file__).parent.parent
_sweeper = Sweeper()
app.steps["consumer"].add(ListeningStep)
app.steps["consumer"].add(remote_control.KeepConsuming)


def _prepare_command_line() -> None:
    """Point Flower to our configuration, and exit with one sentence if the settings allow no process to run."""
    os.environ.setdefault("FLOWER_CONF", str(ROOT / "config" / "flower.py"))
    try:
        settings().broker_url_text()
        heartbeat.prepare(settings().data_dir)
        settings().flower_password_text()
        if "worker" in sys.argv:
            check_migrations(settings().database_url_text())
        if "flower" in sys.argv and not any(word.startswith(("--port", "--address")) for word in sys.argv):
            check_port(settings().flower_host, settings().flower_port, what="Flower", setting="SOUSCHEF_FLOWER_PORT")
    except OperatorError as error:
        sys.stderr.write(f"souschef: {error}\n")
        raise SystemExit(error.exit_code) from None


@signals.setup_logging.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _configure_logging(**_: Any) -> None:  # noqa: ANN401 - Celery passes arguments of many types
    our_logging.configure()


@signals.worker_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _restrict_remote_control(**_: Any) -> None:  # noqa: ANN401 - see above
    remote_control.restrict()


@signals.worker_ready.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _start_sweeping(**_: Any) -> None:  # noqa: ANN401 - see above
    _sweeper.start()


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _stop_sweeping(**_: Any) -> None:  # noqa: ANN401 - see above
    _sweeper.stop()


@signals.worker_process_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _open_own_connections(**_: Any) -> None:  # noqa: ANN401 - see above
    """Drop the connections that the fork shares with the main process, without using them."""
    from models import engine

    engine.after_fork()
    gc_tuning.tune_gc()
    telemetry.start("souschef-worker")


@signals.worker_process_shutdown.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _export_last_spans(**_: Any) -> None:  # noqa: ANN401 - see above
    telemetry.stop()


@signals.beat_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _start_heartbeat(**_: Any) -> None:  # noqa: ANN401 - see above
    heartbeat.beat_in_background("beat", settings().data_dir)


if Path(sys.argv[0]).stem == "celery" or sys.argv[0].endswith("celery/__main__.py"):
    _prepare_command_line()
