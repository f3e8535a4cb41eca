"""Send events while a fault is done to the hosts, then count what became of them."""

from __future__ import annotations

import os
import platform
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles
from typing import TYPE_CHECKING

from config.settings import settings
from models import admin, clock, engine
from models.access import lms_roles, sources
from models.access.sources import Credential
from tests.chaos.accounting import Counts, Events, ask, compare, pending, wait_until
from tests.chaos.lms import Lms
from tests.chaos.system import ITEMS
from tests.hosts.parts import DATABASE, PROXY, Deployment
from tests.hosts.replica import Reader, freshness, listens
from tests.tasks.fault_simulator import BEGIN, history
from workers.cli.demo import replay

if TYPE_CHECKING:
    from tests.hosts.scenarios import Fault

CLIENTS = 4
PAUSE_SECONDS = 0.12
"""Of each client after each request, so that events still come when a fault has healed."""
QUIET_SECONDS = 240.0
HEAD = (
    "Fault",
    "Sent",
    "Lost",
    "Doubled",
    "Fell",
    "Sent again",
    "Longest answer, s",
    "Quiet after, s",
    "Lag p50 / max, s",
    "Replica back",
    "Seed",
)


INTRODUCTION = """\
Hosts are network namespaces on one machine: two API hosts behind HAProxy, two worker hosts, one RabbitMQ with a quorum
queue, PostgreSQL 18 with a streaming replica; ours run by the commands of `deploy/systemd`. *Kill* is `kill -9` of the
host's program (PostgreSQL: its immediate stop) and a start 3 s later; *cut* takes the host's link down for 12 s;
*rolling restart* stops (SIGTERM) and starts each of our processes in turn. A client of the LMS sends again what was not
answered with 200 within 10 s. *Lost* and *doubled* are counted from facts and states as in [faults](chaos.md); *fell*
counts versions that fell in the feed. *Lag* is from a number of the feed read on the primary until the replica had it,
and *replica back* how often the replica showed an older feed than it had before.
"""


@dataclass(frozen=True, slots=True)
class School:
    """The loaded school: its LMS's credential for events, and its login for reading."""

    credential: Credential
    login: str
    students: tuple[str, ...]

    def events(self, wanted: int, *, seed: int) -> Events:
        """Return a history under ids of this seed."""
        events = history(random.Random(seed), students=list(self.students), items=ITEMS, events_wanted=wanted)
        ids = ("id", "replaces")
        return [each | {name: f"{each[name]}-{seed}" for name in ids if name in each} for each in events]


@dataclass(frozen=True, slots=True)
class Row:
    """What one fault came to."""

    fault: str
    counts: Counts
    refused: int
    """Requests that were not answered with 200, and sent again."""
    longest: float
    """Seconds that a request waited for its answer."""
    quiet: float
    """Seconds from the last accepted event until nothing was pending."""
    lags: tuple[float, ...]
    replica_falls: int
    """How often the replica showed an older feed than it had before."""
    seed: int

    @property
    def bad(self) -> bool:
        """Whether anything was lost or doubled, or fell."""
        return (self.counts.lost, self.counts.doubled, self.counts.falls) != (0, 0, 0)


def load_school() -> School:
    """Migrate, load the example school late in its semester, and make the credentials of its LMS."""
    admin.upgrade(settings().database_url_text())
    replay.load(replay.quiet_console())
    with engine.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM souschef.learner_state")
        clock.set_to(session, BEGIN)
        credential = sources.add(session, "own", format="canonical", secret_key=settings().secret_key_bytes())
        login = lms_roles.create_or_rotate(session, "riverside", url=DATABASE)
    refs = ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")
    return School(credential, login.url, tuple(ref for (ref,) in refs))


def run(hosts: Deployment, school: School, fault: Fault, *, events: int, seed: int) -> Row:
    """Send events; after a quarter of them do the fault; at the end compare what is stored with what was sent."""
    sent = school.events(events, seed=seed)
    lms, reader = Lms(PROXY, school.credential, pause=PAUSE_SECONDS, timeout=10.0), Reader(school.login)
    reader.start()
    lms.start(sent, clients=CLIENTS, seed=seed)
    lms.answered(events // 4)
    fault.run(hosts)
    lms.join(seconds=QUIET_SECONDS)
    quiet = wait_until(lambda: pending() == 0, seconds=QUIET_SECONDS, what=f"nothing pending after {fault.name}")
    reader.stop()
    refused = sum(lms.statuses.values()) - lms.statuses[200]
    counts = compare(sent)
    return Row(fault.name, counts, refused, max(lms.seconds), quiet, tuple(reader.lags), reader.falls, seed)


def throughput(hosts: Deployment, school: School, *, events: int) -> dict[str, float]:
    """Return the events a second that one worker host applies, and two: sent while none runs, then worked off."""
    rates = {}
    for number, workers in enumerate((("worker1",), ("worker1", "worker2"))):
        for host in ("worker1", "worker2"):
            hosts.parts[host].stop()
        lms = Lms(PROXY, school.credential, timeout=10.0)
        lms.start(school.events(events, seed=100 + number), clients=8, seed=number, largest=50)
        lms.join(seconds=QUIET_SECONDS)
        hosts.start_together(*workers)
        full = pending()
        wait_until(lambda full=full: pending() < full, seconds=QUIET_SECONDS, what="a worker at work")  # type: ignore[misc] # mypy knows no type of a default
        left, began = pending(), time.monotonic()
        wait_until(lambda: pending() == 0, seconds=QUIET_SECONDS, what="all applied")
        rates[f"{len(workers)} worker host" + "s" * (len(workers) - 1)] = left / (time.monotonic() - began)
        hosts.start(*({"worker1", "worker2"} - set(workers)))
    return rates


def page(rows: Sequence[Row], rates: Mapping[str, float], *, school: School, command: str) -> str:
    """Return docs/results/hosts.md."""
    where = f"{os.cpu_count()} cores shared with other work, {platform.system()} {platform.machine()}"
    lines = [
        "# Several hosts, each part broken",
        "",
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {where}, Python {platform.python_version()}.",
        "",
        *INTRODUCTION.splitlines(),
        "",
        "| " + " | ".join(HEAD) + " |",
        "| --- |" + " ---: |" * (len(HEAD) - 1),
        *(_line(row) for row in rows),
        "",
        "## Throughput",
        "",
        *(f"- {name}: {rate:,.0f} events a second, from its start." for name, rate in rates.items()),
        "",
        "Measured from the first applied event to the last. The hosts share two cores, which a worker, PostgreSQL and",
        "its replica fill: what bounds both is the machine's CPU, so a second host adds little here. What it shows is",
        "that two hosts work on one school's events side by side.",
        "",
        "## What the replica says",
        "",
        f"- A reader may ask how old the newest replayed commit is: {freshness(school.login):.1f} s at the end,",
        "  by `now() - pg_last_xact_replay_timestamp()`. It grows while nothing is written.",
        f"- `LISTEN` on the replica: *{listens(school.login)}*. Readers poll `lms.assignment_changes`.",
        "- A replica that was killed recovers from its log, and for a moment shows what it had on its disk, which is",
        "  older than what it had shown. A reader that asks for *after number N* misses nothing; one that keeps copies",
        "  ignores a version below the one that it has. A replica that is cut off does not go back.",
        "- An LMS's login sees on the replica what it sees on the primary: roles and row security are replicated.",
        "",
        "## What this does not show",
        "",
        "- One RabbitMQ node proves no quorum: with three, the loss of one would not be seen at all. Here the broker's",
        "  loss costs the time until it is back, or until the sweep finds the events.",
        "- The replica is not promoted: while the primary is away, events are answered 503. Promotion is an operator's",
        "  (or Patroni's) work, and with an asynchronous replica may lose the last commits.",
        "- Network namespaces share one kernel, clock and disk: no clock skew, no disk of its own to fill.",
        "",
    ]
    return "\n".join(lines)


def _line(row: Row) -> str:
    lag = "none read" if not row.lags else f"{_median(row.lags):.2f} / {max(row.lags):.2f}"
    counts = row.counts
    cells = (
        *(row.fault, f"{counts.sent:,}", str(counts.lost), str(counts.doubled), str(counts.falls)),
        *(str(row.refused), f"{row.longest:.1f}", f"{row.quiet:.1f}", lag, str(row.replica_falls), str(row.seed)),
    )
    return "| " + " | ".join(cells) + " |"


def _median(values: Sequence[float]) -> float:
    return quantiles(values, n=2)[0] if len(values) > 1 else values[0]
