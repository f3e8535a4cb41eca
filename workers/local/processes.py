"""The processes of one machine: start each, check that it answers, stop it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path

from config.settings import Settings
from workers import heartbeat
from workers.local.embedded.process import die_with_parent
from workers.preflight import client_host

ROOT = Path(__file__).parents[2]
PROCESS_NAMES = ("worker", "api", "beat", "flower")
"""In start order: the worker first, which takes the messages of the API and of beat."""
LOG_BYTES = 10_000_000
API_GRACE_SECONDS = 10

LogCallback = Callable[[str, str], None]
"""Takes a process's name and one line of its log."""


def command(name: str, settings: Settings) -> list[str]:
    """Return the command of a process, as one would type it in the project's folder."""
    match name:
        case "api":
            where = ["--host", settings.web_host, "--port", str(settings.web_port)]
            grace = ["--timeout-graceful-shutdown", str(API_GRACE_SECONDS)]
            return ["uvicorn", "workers.api:app", *where, "--no-access-log", "--no-server-header", *grace]
        case "worker":
            # Flower shows this name; a second worker on the machine needs another.
            return ["celery", "-A", "workers.app", "worker", "--hostname", "worker@%h"]
        case "beat" | "flower":
            return ["celery", "-A", "workers.app", name]
        case _:
            raise ValueError(f"{name!r} is not one of {', '.join(PROCESS_NAMES)}")


class LogFile(RotatingFileHandler):
    """A rotating log that drops lines while the disk is full, so that the process that writes them never blocks."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Print nothing: one line for each failure would hide what an operator must see."""


@dataclass(slots=True)
class Process:
    """One of our processes; its log goes to a file and, line by line, to `log_callback`."""

    name: str
    settings: Settings
    environment: dict[str, str]
    log_callback: LogCallback | None = None
    starts: int = 0
    started_at: float = 0.0
    """Monotonic seconds."""
    popen: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """The path of its log file."""
        return self.settings.data_dir / "logs" / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """True if it was started and has not ended."""
        return self.popen is not None and self.popen.poll() is None

    def start(self) -> None:
        """Start it; it ends when this process ends, even if this process is killed."""
        if self.name in {"worker", "beat"}:
            (self.settings.data_dir / heartbeat.FOLDER / self.name).unlink(missing_ok=True)
        program, *rest = command(self.name, self.settings)
        self.popen = subprocess.Popen(  # noqa: S603 - our own commands
            die_with_parent([Path(sys.executable).parent / program, *rest]),
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal reaches only this process, which stops all in order
        )
        self.starts += 1
        self.started_at = time.monotonic()
        threading.Thread(target=self._copy_log, args=(self.popen,), name=f"log-{self.name}", daemon=True).start()

    def answers(self) -> bool:
        """Return whether it works: it answers HTTP, or has had a heartbeat."""
        match self.name:
            case "api":
                return _http_answers(f"http://{client_host(self.settings.web_host)}:{self.settings.web_port}/health")
            case "flower":
                prefix = self.settings.flower_url_prefix.strip("/")
                path = f"/{prefix}/healthcheck" if prefix else "/healthcheck"
                return _http_answers(
                    f"http://{client_host(self.settings.flower_host)}:{self.settings.flower_port}{path}"
                )
            case _:
                return heartbeat.age_seconds(self.name, self.settings.data_dir) is not None

    def is_silent(self) -> bool:
        """Return whether it should have had a heartbeat within a minute, and had none."""
        if self.name not in {"worker", "beat"}:
            return False
        age = heartbeat.age_seconds(self.name, self.settings.data_dir)
        return age is not None and age > heartbeat.DEAD_SECONDS

    def terminate(self) -> None:
        """Send SIGTERM; Celery's warm shutdown finishes the running tasks."""
        if self.popen is not None and self.running:
            self.popen.terminate()

    def wait_until_ended(self, seconds: float, *, hurry: threading.Event) -> bool:
        """Wait until it has ended; return False after `seconds`, or at once if `hurry` is set."""
        deadline = time.monotonic() + seconds
        while self.running:
            if hurry.is_set() or time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def kill(self) -> None:
        """Kill it and its children."""
        if self.popen is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def _copy_log(self, popen: subprocess.Popen[bytes]) -> None:
        log_file = LogFile(self.log, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8", delay=True)
        with popen.stdout or sys.stdin.buffer as lines:  # stdout is a pipe, though its type allows None
            for raw in lines:
                line = raw.decode(errors="replace").rstrip("\n")
                log_file.emit(logging.makeLogRecord({"msg": line}))
                if self.log_callback is not None:
                    self.log_callback(self.name, line)
        with contextlib.suppress(OSError):
            log_file.close()


def _http_answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - an address of our own
            return bool(response.status == 200)  # noqa: PLR2004 - HTTP's own number
    except (urllib.error.URLError, OSError):
        return False
