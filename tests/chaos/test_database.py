"""The database stopped hard, its disk full: all or nothing for the LMS, no false 2xx, and it heals."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.chaos.accounting import ask, compare, wait_until
from tests.chaos.conftest import Record
from tests.chaos.sizes import sized
from tests.chaos.system import running_system

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]

HALVES = """
    WITH announced AS MATERIALIZED (
      SELECT student_id, max(version) AS version, max(version) FILTER (WHERE kind = 'gaps') AS gaps,
             max(version) FILTER (WHERE kind = 'interests') AS interests
        FROM souschef.change GROUP BY student_id)
    SELECT student_id FROM souschef.learner_state AS state LEFT JOIN announced USING (student_id)
     WHERE (SELECT max(version) FROM souschef.skill_gap AS gap WHERE gap.student_id = state.student_id)
           > coalesce(announced.gaps, 0)
        OR (SELECT max(version) FROM souschef.interest WHERE interest.student_id = state.student_id)
           > coalesce(announced.interests, 0)
        OR student_id IN (
             SELECT assignment.student_id FROM souschef.assignment WHERE NOT EXISTS (
               SELECT FROM souschef.change WHERE assignment_id = assignment.id AND change.version = assignment.version))
        OR announced.version <> state.version
"""
"""Students of whom the LMS would see a part of an effect: a row that the feed does not announce, or the reverse."""


class Reader(threading.Thread):
    """Looks whether anybody could see halves, up to 100 times a second."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url.replace("postgresql+psycopg", "postgresql")
        self.over = threading.Event()
        self.looks = 0
        self.halves: list[int] = []

    def run(self) -> None:
        while not self.over.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True, connect_timeout=2) as connection:
                    while not self.over.wait(0.01):
                        self.halves += [row[0] for row in connection.execute(HALVES.encode())]
                        self.looks += 1
            except psycopg.OperationalError:
                time.sleep(0.1)


@pytest.mark.shows("P13")
def test_p13_the_database_stopped_hard_mid_work_shows_all_or_nothing(record: Record) -> None:
    """`immediate` stops in a burst while a reader looks for halves.

    Mutant: a commit between `publish_gaps` and `announce` is seen within the first burst.
    """
    seed, stops = 13, sized(5, 2)
    with running_system(lease=5, sweep=2) as system:
        began = time.monotonic()
        events = system.events(sized(2000, 800), seed=seed)
        readers = [Reader(system.running.database_url) for _ in range(2)]
        for reader in readers:
            reader.start()
        with system.burst(events) as lms:
            for turn in range(1, stops + 1):
                lms.answered(turn * len(events) // (stops + 1))
                system.stop_database()
                system.start_database()
        system.quiet(seconds=60)
        for reader in readers:
            reader.over.set()
            reader.join()
        looks = sum(reader.looks for reader in readers)
        assert looks > sized(1000, 100)
        assert [half for reader in readers for half in reader.halves] == []
        done = f"database stopped (immediate) {stops} times in a burst; {looks:,} looks saw no half"
        record("P13", done, compare(events), seconds=time.monotonic() - began, seed=seed)


@contextmanager
def no_line_free(url: str) -> Iterator[None]:
    """Take every connection that the server has, those of ours too."""
    plain = url.replace("postgresql+psycopg", "postgresql")
    ours = "application_name LIKE 'souschef %'"
    with ExitStack() as stack:
        first = stack.enter_context(psycopg.connect(plain, autocommit=True, application_name="hog"))
        while True:
            with suppress(psycopg.OperationalError):
                while True:
                    stack.enter_context(psycopg.connect(plain, autocommit=True, application_name="hog"))
            if not first.execute(f"SELECT FROM pg_stat_activity WHERE {ours}".encode()).fetchall():
                break
            first.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}".encode())
        yield


@pytest.mark.shows("P16")
def test_p16_a_database_without_a_free_connection_is_waited_for(record: Record) -> None:
    """Somebody takes all of its connections for 20 s (short: 8 s): requests are refused, and no event is to blame.

    Mutant: `is_to_blame` that takes it for an event's fault counts attempts, and quarantines.
    """
    seed, taken = 161, sized(20, 8)
    with running_system(lease=5, sweep=2) as system:
        began = time.monotonic()
        events = system.events(sized(1500, 500), seed=seed)
        with system.burst(events, clients=4, pause=0.6) as lms:
            lms.answered(sized(200, 50))
            with no_line_free(system.running.database_url):
                time.sleep(taken)
            before, healing = lms.accepted, time.monotonic()
            wait_until(lambda: lms.accepted > before, seconds=10, what="healed")
            healed = time.monotonic() - healing
        system.quiet(seconds=60)
        assert lms.statuses[503] > 0
        assert set(lms.statuses) <= {200, 429, 503}, lms.statuses
        assert max(lms.seconds) <= 5
        counts = compare(events)
        assert counts.quarantined == 0
        done = f"database: no connection free for {taken} s: {lms.statuses[503]} requests refused, longest answer"
        done += f" {max(lms.seconds):.1f} s, healed after {healed:.0f} s"
        record("P16", done, counts, seconds=time.monotonic() - began, seed=seed, case="connections")


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Have a disk of its own, where this user may mount one."""
    folder = Path("/tmp") / f"souschef-disk-{time.monotonic_ns()}"  # noqa: S108 - a mount point
    folder.mkdir(mode=0o755)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"no disk of its own can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        folder.rmdir()


@pytest.mark.shows("P14")
def test_p14_a_full_disk_gives_no_false_2xx_and_heals(record: Record) -> None:
    """A file takes what is free under the database; when it is gone all that was accepted is applied.

    Mutant: an API that answers 200 before its commit loses what it could not write.
    """
    seed = 14
    with small_disk(400) as disk, running_system(lease=5, sweep=2, data_dir=disk / "data", supervised=True) as system:
        began = time.monotonic()
        events = system.events(sized(1500, 800), seed=seed)
        ballast = disk / "ballast"
        with system.burst(events, clients=4) as lms:
            lms.answered(200)
            with ballast.open("wb") as file:
                fill(file.fileno(), shutil.disk_usage(disk).free)
            full = time.monotonic()
            wait_until(lambda: refused(lms.statuses) > 3 or lms.accepted >= len(events), seconds=60, what="a refusal")
            time.sleep(5)
            accepted, seen = lms.accepted, refused(lms.statuses)
            ballast.unlink()
            healed = wait_until(lambda: lms.accepted > accepted, seconds=sized(30, 90), what="healed")
        system.quiet(seconds=60)
        assert seen, "the disk was never full"
        assert set(lms.statuses) <= {200, 503, "ConnectError", "ReadError", "RemoteProtocolError"}, lms.statuses
        done = f"disk full for {time.monotonic() - full:.0f} s: {seen} refused; accepted again after {healed:.0f} s"
        assert ask("SELECT count(*) FROM souschef.inbox") == [(len(events),)]
        assert httpx.get(f"{system.running.api_url}/health", timeout=20).status_code == 200
        record("P14", done, compare(events), seconds=time.monotonic() - began, seed=seed)


def refused(statuses: dict[int | str, int]) -> int:
    """Return how many requests were not taken."""
    return sum(count for status, count in statuses.items() if status != 200)


def fill(file: int, size: int) -> None:
    """Write zeros until nothing is free."""
    chunk = bytes(1 << 20)
    for _ in range(size // len(chunk) + 2):
        try:
            os.write(file, chunk)
        except OSError:
            break
    for size_left in (65536, 4096):
        try:
            while True:
                os.write(file, bytes(size_left))
        except OSError:
            continue
