"""The player: a task with one field, answered in the page; the right answer never leaves the server."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from learning.answer_check import Form as AnswerForm
from learning.answer_check import form_of, is_readable, is_right
from models.access.page_sessions import Visitor
from models.events import own_pages
from models.events.inbox import RecordResult
from models.events.own_pages import BeforeRecording
from models.reports import student_pages
from models.reports.student_pages import Task
from models.together import together
from web.dependencies import notify_workers
from web.pages import events, words
from web.pages.access import OwnForm, StudentVisit, Visit, in_transaction, own_form
from web.pages.language import N_
from web.pages.render import PageRefusedError

router = APIRouter(prefix="/lti/s/{launch}/task/{assignment}", include_in_schema=False)
MAX_TRIES = 2
"""The first is evidence, the second practice; more would be guessing."""
ADDRESSES = ("https://", "http://")
POINT_LANGUAGES = ("en", "zh", "ja", "ko", "he", "th")
"""Languages that write 0.75; the others write 0,75."""
HINTS = {
    AnswerForm.NUMBER: N_("Write a number."),
    AnswerForm.FRACTION: N_("Write a fraction, such as 3/4."),
    AnswerForm.MIXED: N_("Write a mixed number, such as 1 1/2."),
    AnswerForm.RATIO: N_("Write a ratio, such as 2:3."),
    AnswerForm.POINT: N_("Write two numbers, such as 3; 4."),
    AnswerForm.WORD: N_("Write one word."),
}


@dataclass(frozen=True, slots=True)
class Try:
    """One answer that was written."""

    form: str
    """The form it came from; "" where its event was emptied since."""
    right: bool


@dataclass(frozen=True, slots=True)
class Played:
    """A task with the tries so far."""

    task: Task
    tries: tuple[Try, ...]
    form: AnswerForm | None
    """What the answer looks like; None where the task is done at its address."""
    unreadable: bool = False
    """Whether what was just written is no answer of that form."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is asked: the answer was right, or the tries are used up."""
        return len(self.tries) >= MAX_TRIES or any(each.right for each in self.tries)


Assignment = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.post("/start", dependencies=[Depends(own_form)])
async def start(request: Request, found: StudentVisit, assignment: Assignment) -> Response:
    """Note that the student has chosen and begun a task, and open it."""

    def begin(session: Session) -> RecordResult:
        task = _played(session, found.visitor, assignment, locked=True)[0].task
        return events.record(session, found.visitor, [events.picked(task.id, task.position), events.started(task.id)])

    recorded = await in_transaction(request, begin)
    notify_workers(request, recorded)
    return RedirectResponse(f"{found.path}/task/{assignment}", 303, headers={"Cache-Control": "no-store"})


@router.get("/decline")
async def ask_why(request: Request, found: StudentVisit, assignment: Assignment) -> Response:
    """Ask why a task is not the right one."""
    task = await in_transaction(request, lambda session: _task(session, found.visitor, assignment))
    if not task.may_decline:
        raise PageRefusedError("no_swap", frames=found.visitor.frames)
    reasons = {code: found.spoken.text(sentence) for code, sentence in words.WHY_DECLINED.items()}
    return found.page("decline.html", {"task": task, "reasons": reasons})


@router.post("/decline")
async def decline(request: Request, found: StudentVisit, fields: OwnForm, assignment: Assignment) -> Response:
    """Note that the student asks for another task; the worker swaps a task once."""
    why = fields.get("why", "")
    if why not in words.WHY_DECLINED:
        raise PageRefusedError("form", frames=found.visitor.frames)

    def write(session: Session) -> RecordResult | None:
        student_pages.lock_session(session, found.visitor.session_id)
        offered = student_pages.task_and_answer(session, found.visitor.person_id, assignment)
        if offered is None or not offered[0].may_decline:
            return None  # a second click: it is gone, and another one is there
        return events.record(session, found.visitor, [events.declined(assignment, why)])

    recorded = await in_transaction(request, write)
    if recorded is not None:
        notify_workers(request, recorded)
    return RedirectResponse(f"{found.path}/", 303, headers={"Cache-Control": "no-store"})


@router.get("/open")
async def open_address(request: Request, found: StudentVisit, assignment: Assignment) -> Response:
    """Note that the student begins, and go on to the address of a task that is done elsewhere."""

    def begin(session: Session) -> tuple[str, RecordResult]:
        task = _played(session, found.visitor, assignment, locked=True)[0].task
        begun = [events.picked(task.id, task.position), events.started(task.id)]
        return task.url, events.record(session, found.visitor, begun)

    url, recorded = await in_transaction(request, begin)
    notify_workers(request, recorded)
    if not url.startswith(ADDRESSES):
        raise PageRefusedError("not_found", frames=found.visitor.frames)
    return RedirectResponse(url, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


@router.get("")
async def show(request: Request, found: StudentVisit, assignment: Assignment) -> Response:
    """Show a task."""
    played, *_ = await in_transaction(request, lambda session: _played(session, found.visitor, assignment))
    return _page(found, played)


@router.post("")
async def answer(request: Request, found: StudentVisit, fields: OwnForm, assignment: Assignment) -> Response:
    """Check an answer, note it, and say at once whether it is right; what is no answer at all counts for nothing."""
    written, form = fields.get("answer", ""), fields.get("form", "")
    if not form:
        raise PageRefusedError("form", frames=found.visitor.frames)

    def check(session: Session) -> tuple[Played, RecordResult | None]:
        played, expected, before = _played(session, found.visitor, assignment, locked=True)
        if played.is_over or any(each.form == form for each in played.tries):
            return played, None  # a second click, or a page from before
        comma = played.task.language.partition("-")[0] not in POINT_LANGUAGES
        if not is_readable(expected, written, decimal_comma=comma):
            return replace(played, unreadable=True), None
        this = Try(form, is_right(expected, written, decimal_comma=comma))
        after = Played(played.task, (*played.tries, this), played.form)
        new_events = [events.answered(assignment, number=len(after.tries), form=form, is_right=this.right)]
        new_events += [events.done(assignment)] if after.is_over else []
        return after, events.record(session, found.visitor, new_events, before)

    played, recorded = await in_transaction(request, check)
    if recorded is not None:
        notify_workers(request, recorded)
    return _page(found, played)


def _played(
    session: Session, visitor: Visitor, assignment: int, *, locked: bool = False
) -> tuple[Played, str, BeforeRecording | None]:
    """Return a task of the visitor with its tries in the inbox, its right answer, and what recording a try needs.

    The answer is "" for none; what a try needs is None before the school's pages have recorded anything at all.
    `locked`: one request of the session at a time. What was begun can be finished, also where a decision that did not
    know of it has put another task in its place.

    Raises:
        PageRefusedError: `not_yours`.
    """
    keys = [events.key_of(events.answered(assignment, number=n, form="", is_right=False)) for n in (1, 2)]
    begun, done = events.key_of(events.started(assignment)), events.key_of(events.done(assignment))
    with together(session) as asking:
        if locked:
            asking.send(student_pages.lock_query(visitor.session_id))
        found = asking.send(student_pages.task_and_answer_query(visitor.person_id, assignment))
        own_events = asking.send(own_pages.own_events_query(visitor.school_id, [*keys, begun]))
        own_sources = asking.send(own_pages.own_source_query(visitor.school_id, [*keys, done]))
    task, expected = next(iter(found.all()), (None, None))
    recorded = {each.key: each.payload for each in own_events.all()}
    if task is None or (task.is_replaced and begun not in recorded):
        raise PageRefusedError("not_yours", frames=visitor.frames)
    tries = tuple(_try(recorded[key]) for key in keys if key in recorded)
    before = next((each.before_recording for each in own_sources.all()), None)
    return Played(task, tries, form_of(expected) if task.text and expected else None), expected or "", before


def _try(payload: str) -> Try:
    event: dict[str, Any] = orjson.loads(payload) if payload else {}
    return Try(str(event.get("attempt", "")), event.get("outcome") == 1.0)


def _task(session: Session, visitor: Visitor, assignment: int) -> Task:
    """Return a task of the visitor that no other one has replaced.

    Raises:
        PageRefusedError: `not_yours`.
    """
    found = student_pages.task_and_answer(session, visitor.person_id, assignment)
    if found is None or found[0].is_replaced:
        raise PageRefusedError("not_yours", frames=visitor.frames)
    return found[0]


def _page(found: Visit, played: Played) -> Response:
    values: dict[str, object] = {
        "form": secrets.token_urlsafe(12),
        "task": played.task,
        "hint": found.spoken.text(HINTS[played.form]) if played.form else "",
        "answered": len(played.tries),
        "right": any(each.right for each in played.tries),
        "over": played.is_over,
        "unreadable": played.unreadable,
        "has_address": played.task.url.startswith(ADDRESSES),
    }
    return found.page("task.html", values)
