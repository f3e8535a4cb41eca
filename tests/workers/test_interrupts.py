"""Ctrl-C: a line within a second, exit code 130 within three, and nothing is left running."""

import contextlib
import gzip
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree

import psutil
import psycopg
import pytest

from config.local_servers import read_state
from models.engine import transaction
from models.tables import School
from workers.local.embedded.process import server_port

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(400)
SAID_SECONDS, ENDED_SECONDS = 1.0, 3.0


def at_a_terminal() -> dict[str, str]:
    """Return the environment without our settings, and without CI=true, which would end `demo` by itself."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SOUSCHEF_") and name != "CI"}


@dataclass
class Typed:
    """A command of its own process group, as a shell starts it, with what it has written to standard error."""

    process: subprocess.Popen[bytes]
    errors: Path
    family: set[psutil.Process] = field(default_factory=set)

    @classmethod
    def of(cls, *words: str, **settings: str) -> "Typed":
        descriptor, errors = tempfile.mkstemp(prefix="souschef-errors-")
        with os.fdopen(descriptor, "wb") as file:
            process = subprocess.Popen(
                ["env", "--ignore-signal=INT", ROOT / "bin" / "souschef", *words],
                env=at_a_terminal() | {f"SOUSCHEF_{name.upper()}": value for name, value in settings.items()},
                stdout=subprocess.DEVNULL,
                stderr=file,
                process_group=0,
            )
        return cls(process, Path(errors))

    def read(self) -> str:
        return self.errors.read_text(errors="replace")

    def press_ctrl_c(self, *, alone: bool = False) -> tuple[float, float, str]:
        """Return the seconds to the line and to the end, and all that was written; `alone` spares the children."""
        self.family |= set(psutil.Process(self.process.pid).children(recursive=True))
        pressed, printed_after = time.monotonic(), None
        (os.kill if alone else os.killpg)(self.process.pid, signal.SIGINT)
        while self.process.poll() is None and time.monotonic() < pressed + 60:
            printed_after = printed_after or ("Stopping" in self.read() and time.monotonic() - pressed) or None
            time.sleep(0.01)
        ended = time.monotonic() - pressed
        text = self.read()
        self.errors.unlink()
        assert "Traceback" not in text, text
        assert "Stopping" in text, text
        return printed_after or ended, ended, text

    def left(self) -> list[psutil.Process]:
        """What still runs of what it had started; a second is for the kernel to clear away what was killed."""
        _, alive = psutil.wait_procs(list(self.family), timeout=1)
        return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def until(true: Callable[[], object], *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def assert_ended(typed: Typed, *, alone: bool = False) -> str:
    printed_after, ended, text = typed.press_ctrl_c(alone=alone)
    assert typed.process.returncode == 130, text
    assert printed_after < SAID_SECONDS
    assert ended < ENDED_SECONDS
    assert typed.left() == []
    return text


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="souschef-ctrl-c-"))
    yield path / "data"
    rmtree(path, ignore_errors=True)


def ports() -> dict[str, str]:
    return {"web_port": str(server_port(0)), "flower_port": str(server_port(0))}


def works_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd().startswith(str(folder)):
                found.append(process)
    return found


MOMENTS: dict[str, Callable[[Path], object]] = {
    "while PostgreSQL's files are made": lambda folder: any(folder.glob("postgres.new.*/PG_VERSION")),
    "while servers start": lambda folder: (folder / "postgres.process.json").exists(),
    "while processes start": lambda folder: (folder / "logs" / "api.log").exists(),
    "when all is up": lambda folder: (folder / "alive" / "beat").exists(),
}


@pytest.mark.full
@pytest.mark.flow
@pytest.mark.parametrize("command", ["up", "demo"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_it_ends_what_starts_everything_at_any_moment(command: str, moment: str, folder: Path) -> None:
    typed = Typed.of(command, data_dir=str(folder), **ports())
    until(lambda: MOMENTS[moment](folder) or typed.process.poll() is not None)
    if moment == "when all is up":
        time.sleep(3)  # the demo replays by then
    assert typed.process.poll() is None, typed.read()
    assert_ended(typed, alone=command == "up")
    until(lambda: works_in(folder) == [], seconds=1)
    assert read_state(folder) is None or moment != "when all is up"


def test_it_ends_a_command_that_is_still_being_imported(tmp_path: Path) -> None:
    """As soon as there is somebody to hear it; a shell that starts a job in the background lets it ignore Ctrl-C."""
    typed = Typed.of("up", data_dir=str(tmp_path / "data"), **ports())
    until(lambda: hears_ctrl_c(typed.process.pid))
    assert_ended(typed)
    assert not (tmp_path / "data" / "postgres").exists()


def hears_ctrl_c(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt:")).split()[1], 16)
    return bool(caught & 1 << (signal.SIGINT - 1))


@pytest.mark.full
def test_it_ends_a_simulation_and_its_processes(tmp_path: Path) -> None:
    typed = Typed.of("simulate", "--jobs", "2", "--students", "200", "--days", "60", data_dir=str(tmp_path))
    until(lambda: len(psutil.Process(typed.process.pid).children()) >= 3)  # two, and the keeper of their semaphores
    time.sleep(1)
    assert "classes are done; with --keep they would stay." in assert_ended(typed)


def test_it_ends_a_status_that_is_watched(database_url: str, tmp_path: Path) -> None:
    typed = Typed.of("status", "--watch", database_url=database_url, data_dir=str(tmp_path))
    until(lambda: connections(database_url, "souschef worker"))
    time.sleep(0.5)
    assert_ended(typed)


def connections(database: str, name: str) -> int:
    """How many connections a program has to the database of the test, beside the test's own."""
    with psycopg.connect(database.replace("+psycopg", "")) as own:
        statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
        row = own.execute(statement, [name]).fetchone()
        return 0 if row is None else int(row[0])


WAITING = {
    "load": ("load", "examples/riverside"),
    "refresh": ("refresh", "--all"),
    "rebuild": ("rebuild", "--all"),
}


LOCKED = {"load": "souschef.person", "refresh": "souschef.learner_state", "rebuild": "souschef.learner_state"}
"""What the command waits for: the others have chosen their students by then."""
HOW_FAR = {
    "load": "Stopped: nothing was loaded.",
    "refresh": "Stopped: decided for 0 of 28 students; that stays.",
    "rebuild": "Stopped: 0 of 28 students are computed again; that stays.",
}


@pytest.mark.parametrize("command", WAITING)
@pytest.mark.full
def test_it_ends_a_command_that_waits_for_the_database(command: str, database_url: str, tmp_path: Path) -> None:
    """Another transaction holds the students' rows; PostgreSQL drops what the command had begun."""
    settings = {"database_url": database_url, "data_dir": str(tmp_path), "broker_url": "redis://127.0.0.1:1/0"}
    if command != "load":
        loaded = Typed.of(*WAITING["load"], **settings)
        assert loaded.process.wait(60) == 0, loaded.read()
        loaded.errors.unlink()
    with psycopg.connect(database_url.replace("+psycopg", "")) as other:
        other.execute(f"LOCK TABLE {LOCKED[command]} IN ACCESS EXCLUSIVE MODE")
        typed = Typed.of(*WAITING[command], **settings)
        until(lambda: waiting(database_url) or typed.process.poll() is not None)
        text = assert_ended(typed)
        until(lambda: waiting(database_url) == 0, seconds=5)
    assert HOW_FAR[command] in text


@pytest.mark.full
def test_it_ends_a_recording_that_is_sent(database_url: str, tmp_path: Path, short_recording: Path) -> None:
    """Somebody listens in the API's place, and never answers."""
    settings = {"database_url": database_url, "data_dir": str(tmp_path / "data")}
    with transaction(url=database_url) as session:
        session.add(School(ref="elm", name="Elm"))
    added = Typed.of("source", "add", "moodle", "--format", "moodle", **settings)
    assert added.process.wait(60) == 0, added.read()
    added.errors.unlink()
    with socket.create_server(("127.0.0.1", server_port(0))) as silent:
        silent.settimeout(90)
        api = f"http://127.0.0.1:{silent.getsockname()[1]}"
        typed = Typed.of("replay-recording", str(short_recording), "--source", "moodle", "--api", api, **settings)
        with silent.accept()[0]:
            text = assert_ended(typed)
    assert "Stopped: 0 of 6 requests are sent; sending them again is safe." in text


def waiting(database: str) -> int:
    """How many connections wait for a lock."""
    with transaction(url=database) as session:
        statement = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return int(session.connection().exec_driver_sql(statement).scalar_one())


def test_it_ends_even_what_does_not_listen() -> None:
    """Something between swallows KeyboardInterrupt: the limit ends it, and what it has started."""
    script = (
        "import subprocess, sys, time; from workers import interrupts; interrupts.install()\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'], start_new_session=True)\n"
        "pids = [child.pid]\n"
        "while True:\n"
        "    try:\n"  # before anything is printed, so that the signal cannot come outside of it
        "        while pids: print(pids.pop(), flush=True)\n"
        "        time.sleep(99)\n"
        "    except KeyboardInterrupt: pass\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert time.monotonic() - pressed < ENDED_SECONDS
    process.stdout.close()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=1)


def test_a_second_one_ends_at_once() -> None:
    script = (
        "import time; from workers import interrupts; interrupts.install(); words = ['ready']\n"
        "while True:\n"
        "    try:\n"  # before anything is printed, so that the signal cannot come outside of it
        "        while words: print(words.pop(), flush=True)\n"
        "        time.sleep(99)\n"
        "    except KeyboardInterrupt: words.append('first')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    for word in (b"ready\n", b"first\n"):
        assert process.stdout.readline() == word
        process.send_signal(signal.SIGINT)
        pressed = time.monotonic()
    assert process.wait(10) == 130
    assert time.monotonic() - pressed < 1
    process.stdout.close()


@pytest.fixture
def short_recording(tmp_path: Path) -> Path:
    """The first requests of the class: enough for an assignment."""
    with gzip.open(ROOT / "examples" / "riverside" / "moodle_class.jsonl.gz", "rt") as lines:
        first = list(itertools.islice(lines, 6))
    path = tmp_path / "first.jsonl"
    path.write_text("".join(first))
    return path


def souschef(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "bin" / "souschef", *words],
        env=at_a_terminal() | {"SOUSCHEF_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.full
@pytest.mark.flow
def test_commands_in_a_second_terminal_answer_about_the_demo_until_it_ends(folder: Path, short_recording: Path) -> None:
    """Its end names three of them; the school's own database, beside the demo's, is empty."""
    typed = Typed.of("demo", "--recording", str(short_recording), data_dir=str(folder), **ports())
    until(lambda: "Everything stays up" in typed.read() or typed.process.poll() is not None, seconds=200)
    commands = re.findall(r"^  bin/souschef (.+)$", typed.read(), flags=re.MULTILINE)
    assert [words.split()[0] for words in commands] == ["status", "student", "explain"], typed.read()
    for words in [*commands, "class"]:
        ran = souschef(*words.split(), folder=folder)
        assert (ran.returncode, ran.stderr) == (0, ""), words
    assert commands[1].split()[1] in souschef("class", "--json", folder=folder).stdout
    assert_ended(typed)
    after = souschef("class", folder=folder)
    assert (after.returncode, "no embedded server is running" in after.stderr) == (4, True)
    typed = Typed.of("up", "--servers", data_dir=str(folder))  # now they are about the school's own again
    until(lambda: "Everything is up" in typed.read())
    assert souschef("class", folder=folder).returncode != 0
    assert_ended(typed)


@pytest.mark.full
@pytest.mark.flow
def test_what_a_worker_was_at_is_done_again_after_its_lease(folder: Path) -> None:
    """It waits for a lock when Ctrl-C comes; the next start applies what it had claimed, a lease of 2 s later."""
    settings = {"data_dir": str(folder), "lease_seconds": "2", "sweep_seconds": "1", **ports()}
    typed = Typed.of("up", **settings)
    until(lambda: "Everything is up" in typed.read())
    for words in ("load examples/riverside", "source add moodle --format moodle"):
        ran = souschef(*words.split(), folder=folder)
        assert ran.returncode == 0, ran.stderr
    url = (read_state(folder) or {})["database_url"]
    door = f"http://127.0.0.1:{settings['web_port']}"
    # The server ends with everything else, and this connection with it.
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE souschef.learner_state IN ACCESS EXCLUSIVE MODE")
        recording = first_requests(folder / "first.jsonl", 5)
        sent = souschef("send", recording, "--source", "moodle", "--door", door, "--rate", "50", folder=folder)
        assert sent.returncode == 0, sent.stderr
        until(lambda: pending(url) and waiting(url))
        assert_ended(typed)
    typed = Typed.of("up", **settings)
    until(lambda: "Everything is up" in typed.read())
    until(lambda: pending(url) == 0)
    found = json.loads(souschef("status", "--json", folder=folder).stdout)
    assert (found["quarantined"], found["number_holes"]) == (0, 0)
    assert_ended(typed)


def first_requests(to: Path, count: int) -> str:
    """Write the first requests of the recorded class to a file; return its name."""
    with gzip.open(ROOT / "examples" / "riverside" / "moodle_class.jsonl.gz", "rt", encoding="utf-8") as lines:
        to.write_text("".join(itertools.islice(lines, count)), encoding="utf-8")
    return str(to)


def pending(url: str) -> int:
    with transaction(url=url) as session:
        statement = "SELECT count(*) FROM souschef.inbox WHERE state = 'pending'"
        return int(session.connection().exec_driver_sql(statement).scalar_one())
