"""The processes of one machine: how each is started, how one knows that it answers, and how it is stopped."""

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
from workers import liveness
from workers.private_server import bound_to_us
from workers.surroundings import reachable

ROOT = Path(__file__).parent.parent
NAMES = ("worker", "door", "beat", "flower")
"""In the order of their start: what rings is started after what hears."""
LOG_BYTES = 10_000_000
DOOR_GRACE_SECONDS = 10

Say = Callable[[str, str], None]
"""Takes a process's name and one line of its log."""


def command(name: str, chosen: Settings) -> list[str]:
    """Return the command of a process, as one would type it in the project's folder."""
    match name:
        case "door":
            where = ["--host", chosen.web_host, "--port", str(chosen.web_port)]
            grace = ["--timeout-graceful-shutdown", str(DOOR_GRACE_SECONDS)]
            return ["uvicorn", "workers.door:app", *where, "--no-access-log", "--no-server-header", *grace]
        case "worker":
            # Flower calls it by what it is for; a second one on the machine needs a name of its own.
            return ["celery", "-A", "workers.app", "worker", "--hostname", "worker@%h"]
        case "beat" | "flower":
            return ["celery", "-A", "workers.app", name]
        case _:
            raise ValueError(f"{name!r} is none of {', '.join(NAMES)}")


class LogFile(RotatingFileHandler):
    """Loses lines while the disk is full, and nothing else: the process that writes them must not stand still."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say nothing: a line a failure would bury what an operator must see."""


@dataclass(slots=True)
class Process:
    """One process of ours, with its log in a file and, line by line, wherever `say` brings it."""

    name: str
    chosen: Settings
    environment: dict[str, str]
    say: Say | None = None
    starts: int = 0
    started_at: float = 0.0
    """Monotonic seconds."""
    popen: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """Where its lines are kept."""
        return self.chosen.data_dir / "logs" / f"{self.name}.log"

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.popen is not None and self.popen.poll() is None

    def start(self) -> None:
        """Start it; it ends with this process in whatever way that ends."""
        if self.name in {"worker", "beat"}:
            (self.chosen.data_dir / liveness.FOLDER / self.name).unlink(missing_ok=True)
        program, *rest = command(self.name, self.chosen)
        self.popen = subprocess.Popen(  # noqa: S603 - our own commands
            bound_to_us([Path(sys.executable).parent / program, *rest]),
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal reaches us alone, and we stop all in order
        )
        self.starts += 1
        self.started_at = time.monotonic()
        threading.Thread(target=self._keep_log, args=(self.popen,), name=f"log-{self.name}", daemon=True).start()

    def answers(self) -> bool:
        """Tell whether it does what it is for: answers HTTP, or shows life."""
        match self.name:
            case "door":
                return _http_answers(f"http://{reachable(self.chosen.web_host)}:{self.chosen.web_port}/health")
            case "flower":
                prefix = self.chosen.flower_url_prefix.strip("/")
                path = f"/{prefix}/healthcheck" if prefix else "/healthcheck"
                return _http_answers(f"http://{reachable(self.chosen.flower_host)}:{self.chosen.flower_port}{path}")
            case _:
                return liveness.age_seconds(self.name, self.chosen.data_dir) is not None

    def ask_to_end(self) -> None:
        """Send the polite signal; Celery's warm shutdown finishes what runs."""
        if self.popen is not None and self.running:
            self.popen.terminate()

    def ended_within(self, seconds: float, *, hurry: threading.Event) -> bool:
        """Wait until it has ended; give up after `seconds` or when there is a hurry."""
        deadline = time.monotonic() + seconds
        while self.running:
            if hurry.is_set() or time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def kill(self) -> None:
        """End it and its children, now."""
        if self.popen is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def _keep_log(self, popen: subprocess.Popen[bytes]) -> None:
        keeper = LogFile(self.log, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8", delay=True)
        with popen.stdout or sys.stdin.buffer as lines:  # it is a pipe; the type says that it may be none
            for raw in lines:
                line = raw.decode(errors="replace").rstrip("\n")
                keeper.emit(logging.makeLogRecord({"msg": line}))
                if self.say is not None:
                    self.say(self.name, line)
        with contextlib.suppress(OSError):
            keeper.close()


def _http_answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - an address of our own
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's own number
    except (urllib.error.URLError, OSError):
        return False
