"""Readers of the pages without a browser: sessions as launches open them, page views at a rate, answers to tasks."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

import httpx
from sqlalchemy import text

from models import engine
from models.access import page_sessions
from models.tables.pages import PageRole
from web.pages import events
from web.pages.safety import COOKIE

START = re.compile(r"/task/(\d+)/start")
FIELD = re.compile(r'name="(token|form)" value="([^"]*)"')
REFUSED = "refused"
"""The kind of a view that the server was too busy for (503)."""
OURS = {"Sec-Fetch-Site": "same-origin"}
LONGEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody with a page open."""

    person_id: int
    path: str
    cookie: str

    @property
    def headers(self) -> dict[str, str]:
        """Return what their browser sends along."""
        return {"Cookie": self.cookie}


@dataclass(frozen=True, slots=True)
class View:
    """One answer of the server."""

    kind: str
    seconds: float
    """From when it was due, so that waiting for a place in the queue counts."""
    size: int


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a student."""

    checked_seconds: float
    """Until the page said whether it is right."""
    next_seconds: float
    """Until a page of theirs showed another task."""
    task: int
    due: float
    """When the answer was due, in seconds since 1970."""
    is_renewed: bool
    """Whether that page shows what was decided after the answer; else it shows the rest of the list from before."""


@dataclass(frozen=True, slots=True)
class Due:
    """One page view that is due."""

    kind: str
    path: str
    reader: Reader | None = None


def open_sessions(role: PageRole, most: int) -> list[Reader]:
    """Open a session for so many people of a role; a teacher's is of the class."""
    statement = text("""
        SELECT DISTINCT ON (person.id) person.id, person.school_id, enrolment.class_id
          FROM souschef.person JOIN souschef.enrolment ON person_id = person.id
         WHERE enrolment.role = :role AND person.active ORDER BY person.id LIMIT :most""")
    found = []
    with engine.transaction() as session:
        for person, school, class_id in session.connection().execute(statement, {"role": role.value, "most": most}):
            opened = page_sessions.open_session(
                session,
                school_id=school,
                person_id=person,
                role=role,
                class_id=class_id if role is PageRole.TEACHER else None,
            )
            found.append(Reader(person, f"/lti/s/{opened.launch}/", f"{COOKIE}{opened.launch}={opened.secret}"))
    return found


def client(base_url: str) -> httpx.AsyncClient:
    """Return a client with as many connections as it wants."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=1.0)
    return httpx.AsyncClient(base_url=base_url, timeout=LONGEST_SECONDS, limits=limits, trust_env=False)


async def view_at(base_url: str, wanted: Sequence[Due], *, per_second: float) -> list[View]:
    """Ask for pages at an even rate, whether or not the ones before were answered."""
    async with client(base_url) as asking:
        began = time.monotonic()
        return await asyncio.gather(
            *(_view(asking, each, began + number / per_second) for number, each in enumerate(wanted))
        )


async def _view(asking: httpx.AsyncClient, wanted: Due, due: float) -> View:
    await asyncio.sleep(max(0.0, due - time.monotonic()))
    try:
        answer = await _get(asking, wanted.path, wanted.reader.headers if wanted.reader else {})
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            raise
        return View(REFUSED, time.monotonic() - due, 0)
    return View(wanted.kind, time.monotonic() - due, len(answer.content))


async def _get(asking: httpx.AsyncClient, path: str, headers: dict[str, str]) -> httpx.Response:
    """Return a page; as a browser does, ask again where the server has just closed the idle connection."""
    try:
        answer = await asking.get(path, headers=headers)
    except (httpx.ReadError, httpx.RemoteProtocolError):
        answer = await asking.get(path, headers=headers)
    return answer.raise_for_status()


@dataclass(frozen=True, slots=True)
class Started:
    """A task that a student has open, with the fields of its form."""

    reader: Reader
    task: int
    before: frozenset[int]
    """All tasks of the menu that it was chosen from."""
    fields: dict[str, str]

    @property
    def path(self) -> str:
        """Return the address of the task."""
        return f"{self.reader.path}task/{self.task}"


async def start_tasks(base_url: str, readers: Sequence[Reader], *, most: int) -> list[Started]:
    """Let so many students begin their first task; leave out who has none that is done in the page."""
    found: list[Started] = []
    async with client(base_url) as asking:
        for reader in readers:
            if len(found) < most and (started := await _start(asking, reader)) is not None:
                found.append(started)
    return found


async def _start(asking: httpx.AsyncClient, reader: Reader) -> Started | None:
    home = (await _get(asking, reader.path, reader.headers)).text
    tasks = [int(number) for number in START.findall(home)]
    if not tasks:
        return None
    address = f"{reader.path}task/{tasks[0]}"
    sent = await asking.post(f"{address}/start", data=_fields(home), headers=reader.headers | OURS)
    if sent.status_code != httpx.codes.SEE_OTHER:
        raise RuntimeError(f"{address}/start: {sent.status_code}")
    page = (await _get(asking, address, reader.headers)).text
    return Started(reader, tasks[0], frozenset(tasks), _fields(page)) if 'id="answer"' in page else None


def _fields(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in FIELD.findall(page)}


async def answer_within(base_url: str, started: Sequence[Started], *, seconds: float) -> list[Answered]:
    """Answer all within so many seconds, rightly, and look at the page until it shows another task."""
    expected = answers([each.task for each in started])
    newest = newest_assignment()
    async with client(base_url) as asking:
        began = time.monotonic()
        dues = [began + seconds * number / len(started) for number in range(len(started))]
        return await asyncio.gather(
            *(_answer(asking, each, expected[each.task], due, newest) for each, due in zip(started, dues, strict=True))
        )


async def _answer(asking: httpx.AsyncClient, started: Started, answer: str, due: float, newest: int) -> Answered:
    await asyncio.sleep(max(0.0, due - time.monotonic()))
    headers = started.reader.headers
    checked = await asking.post(started.path, data={**started.fields, "answer": answer}, headers=headers | OURS)
    if 'class="verdict right"' not in checked.raise_for_status().text:
        raise RuntimeError(f"{started.path}: {answer!r} is not right")
    checked_seconds = time.monotonic() - due
    while time.monotonic() - due < LONGEST_SECONDS:
        page = (await _get(asking, started.reader.path, headers)).text
        if shown := set(map(int, START.findall(page))) - started.before:
            took = time.monotonic() - due
            return Answered(checked_seconds, took, started.task, time.time() - took, max(shown) > newest)
        await asyncio.sleep(0.3)
    raise TimeoutError(f"{started.path}: no other task within {LONGEST_SECONDS:.0f} s")


def answers(assignments: Sequence[int]) -> dict[int, str]:
    """Return the right answer of each assignment's task."""
    statement = text("""
        SELECT a.id, answer FROM souschef.assignment AS a JOIN souschef.material ON material.id = material_id
         WHERE a.id = ANY(:ids)""")
    with engine.transaction() as session:
        return {row[0]: row[1] for row in session.connection().execute(statement, {"ids": list(assignments)})}


def newest_assignment() -> int:
    """Return the id of the last assignment that was made; 0 before the first."""
    with engine.transaction() as session:
        return int(
            session.connection().execute(text("SELECT coalesce(max(id), 0) FROM souschef.assignment")).scalar_one()
        )


def decided_seconds(answered: Sequence[Answered]) -> list[float]:
    """Return how long after each answer was due the commit came that applied it; all were applied."""
    keys = {events.key_of(events.answered(each.task, number=1, form="", is_right=True)): each for each in answered}
    statement = text("""
        SELECT key, extract(epoch FROM pg_xact_commit_timestamp(xmin))::double precision FROM souschef.inbox
         WHERE key = ANY(CAST(:keys AS bytea[]))""")
    with engine.transaction() as session:
        rows = session.connection().execute(statement, {"keys": list(keys)}).all()
    return [at - keys[bytes(key)].due for key, at in rows]


def share(values: Sequence[float], part: float) -> float:
    """Return the value that this part of the values does not exceed, in milliseconds."""
    ordered = sorted(values)
    return round(1_000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))], 1)
