"""Seeded faults in one process: the real tasks and a real database, with a broker that loses messages.

The broker drops, doubles and reorders messages. A process with an open transaction may die right before or after any
commit. Senders send again what was not answered. The clock, which is the database's, jumps past leases. One seed is one
history: `SIMULATOR_SEEDS=17 make test PYTEST="-k simulated"` plays one again.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

from lms import formats, strict_json
from lms.facts import EventKind
from models import clock
from models import engine as models_engine
from models.access.sources import Sender
from models.events import inbox
from models.events.incoming import NewEvent
from tasks import events, refresh
from tasks.routing import TASK_FOR_KIND
from tasks.sweep import sweep_once

BEGIN = dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC)
Handler = Callable[[list[int]], object]
HANDLERS: dict[str, Handler] = {
    "assessment_completed": events.assessment_completed,
    "survey_submitted": events.survey_submitted,
    "choice_made": events.choice_made,
    "refresh_assignments": refresh.refresh_assignments,
}


class SimulatedCrashError(BaseException):
    """The process is gone: nothing of ours may catch it."""


@dataclass(slots=True)
class Faults:
    """Death before or after commits, by dice."""

    dice: random.Random
    share: float
    """Of commits at which somebody dies, half of them before and half after."""
    active: bool = False
    """Only within a step: code outside of a step never crashes."""
    crashes: Counter[str] = field(default_factory=Counter)

    def at_commit(self, connection: Connection) -> None:
        """Die, or not; called by SQLAlchemy right before it commits."""
        lot = self.dice.random() if self.active else 1.0
        if lot >= self.share:
            return
        if lot < self.share / 2:
            self.crashes["after"] += 1
            connection.connection.commit()
        else:
            self.crashes["before"] += 1
        connection.invalidate()  # the server sees the line go dead, and rolls back what was not committed
        raise SimulatedCrashError


@dataclass(slots=True)
class Broker:
    """Messages that get lost, come twice and overtake each other; it replaces the broker client."""

    dice: random.Random
    reliable: bool = False
    messages: list[tuple[str, list[int]]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def current(self) -> Broker:
        """Return the client of this process."""
        return self

    def send_task(self, task: str, args: list[Any], _kwargs: dict[str, Any] | None = None) -> bool:
        """Take a message, lose it, or take it twice; nobody learns which."""
        lot = self.dice.random()
        copies = 1 if self.reliable else 0 if lot < 0.25 else 2 if lot < 0.4 else 1
        self.counts["dropped" if copies == 0 else "doubled" if copies == 2 else "taken"] += 1  # twice
        for _ in range(copies):
            self.messages.insert(self.dice.randint(0, len(self.messages)), (task, args[0] if args else []))
        return True


@dataclass(slots=True)
class World:
    """A school, its LMS, a broker and a worker, one step at a time."""

    sender: Sender
    dice: random.Random
    broker: Broker
    faults: Faults
    unsent: list[list[dict[str, Any]]]
    now: dt.datetime = BEGIN
    steps: Counter[str] = field(default_factory=Counter)

    def step(self) -> None:
        """Let one thing happen."""
        todo = self.dice.choices((self.send, self.work, self.wait, self.sweep), weights=(3, 5, 1, 1))[0]
        self.steps[todo.__name__] += 1
        self.faults.active = True
        try:
            todo()
        except SimulatedCrashError:
            self.steps["crashed"] += 1
        finally:
            self.faults.active = False

    def send(self) -> None:
        """The LMS sends a request, and sends it again later where it gets no answer."""
        if not self.unsent:
            return
        request = self.unsent.pop(self.dice.randrange(len(self.unsent)))
        try:
            self._take(request)
        except SimulatedCrashError:
            self.unsent.append(request)
            raise
        if self.dice.random() < 0.2:  # one in five is sent again though it was answered
            self.unsent.append(request)

    def _take(self, request: list[dict[str, Any]]) -> None:
        incoming = []
        for content in request:
            found = formats.envelope(self.sender.format, content, rules=self.sender.rules)
            assert found.kind is not None
            incoming.append(NewEvent(found.kind, found.key, found.student, strict_json.write(content)))
        with models_engine.transaction() as session:
            accepted = inbox.record(session, self.sender, incoming).accepted
        for kind, ids in accepted.items():
            self.broker.send_task(TASK_FOR_KIND[kind], [ids])

    def work(self) -> None:
        """A worker takes a message; where it dies, the message comes back or is lost with it."""
        if not self.broker.messages:
            return
        task, ids = self.broker.messages.pop()
        try:
            HANDLERS[task](ids)
        except SimulatedCrashError:
            if self.dice.random() < 0.5:  # Redis loses about so many with a killed worker
                self.broker.messages.append((task, ids))
            raise

    def wait(self) -> None:
        """Time passes, at times past a lease."""
        self.now += dt.timedelta(seconds=self.dice.choice((1, 6, 20, 45)))
        with models_engine.transaction() as session:
            clock.set_to(session, self.now)

    def sweep(self) -> None:
        """A sweep enqueues what no message arrived for."""
        sweep_once()

    def settle(self, *, sweeping: bool = True) -> None:
        """No more faults: let everything that is still under way come to its end."""
        self.broker.reliable = True
        while self.unsent:
            self._take(self.unsent.pop())
        for _ in range(12):
            self.now += dt.timedelta(seconds=100)  # past every lease and every backoff
            with models_engine.transaction() as session:
                clock.set_to(session, self.now)
            if sweeping:
                sweep_once()
            while self.broker.messages:
                task, ids = self.broker.messages.pop()
                HANDLERS[task](ids)


@contextmanager
def faulty(engine: Engine, faults: Faults) -> Iterator[None]:
    """Have the dice thrown at each commit of an engine."""
    event.listen(engine, "commit", faults.at_commit)
    try:
        yield
    finally:
        event.remove(engine, "commit", faults.at_commit)


def history(dice: random.Random, *, students: list[str], items: list[str], events_wanted: int) -> list[dict[str, Any]]:
    """Return answers, regrades of some, and likes of these students, in the order in which they happened."""
    events: list[dict[str, Any]] = []
    for number in range(events_wanted):
        at = f"2026-10-{1 + number % 28:02d}T09:{dice.randrange(60):02d}:00Z"
        whose = {"student": dice.choice(students), "at": at}
        if dice.random() < 0.1:  # one in ten speaks of interests
            topic, direction = dice.choice(("sports", "music", "space")), dice.choice(("more", "less"))
            events.append(
                whose | {"type": "interest_feedback", "id": f"i{number}", "topic": topic, "direction": direction}
            )
            continue
        right = dice.random() < 0.6  # as a class does
        answer = whose | {"type": "item_result", "subject": dice.choice(items)}
        events.append(answer | {"id": f"e{number}", "outcome": float(right)})
        if dice.random() < 0.15:  # about one in seven is graded again
            regrade = {"id": f"r{number}", "replaces": f"e{number}", "revised_at": "2026-11-01T08:00Z"}
            events.append(answer | regrade | {"outcome": float(not right)})
    return events


def expected(events: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """(student, id of the answer) -> its outcome after all regrades, counted from the history alone."""
    found = {(each["student"], each["id"]): each["outcome"] for each in events if each["id"].startswith("e")}
    found |= {(each["student"], each["replaces"]): each["outcome"] for each in events if "replaces" in each}
    return found


def requests(dice: random.Random, events: list[dict[str, Any]], *, largest: int = 9) -> list[list[dict[str, Any]]]:
    """Return events dealt out to requests of one to `largest`, in no order."""
    shuffled = dice.sample(events, len(events))
    found = []
    while shuffled:
        size = dice.randint(1, largest)
        found.append(shuffled[:size])
        shuffled = shuffled[size:]
    return found


def kinds(events: list[dict[str, Any]]) -> Counter[EventKind]:
    """Return how many events of each kind there are."""
    return Counter(EventKind.CHOICE if each["type"].startswith("interest") else EventKind.ASSESSMENT for each in events)
