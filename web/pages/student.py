"""A student's page: what to do now and why, what comes after, what I can do, what I like; and asking for help."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from models.access.page_sessions import Visitor
from models.events import own_pages
from models.events.inbox import RecordResult
from models.reports import student_pages
from models.reports.student_pages import Header, InterestLine, SkillLine, Task
from models.together import together
from web.dependencies import notify_workers
from web.pages import events, words
from web.pages.access import OwnForm, StudentVisit, Visit, in_transaction
from web.pages.render import PageRefusedError

router = APIRouter(prefix="/lti/s/{launch}", include_in_schema=False)
DIRECTIONS = ("more", "less", "never", "again")


@dataclass(frozen=True, slots=True)
class Content:
    """What the page shows."""

    header: Header
    menus: list[list[Task]]
    """Each slot's tasks, the default first; without what the student has answered or declined."""
    skills: list[SkillLine]
    interests: list[InterestLine]
    topics: dict[str, str]
    wish: str | None
    """The ref of the skill that the student wants next."""
    pending: tuple[int, ...]
    """The inbox's ids of answers and of swaps that end other menus as soon as a worker applies them."""


def read(session: Session, visitor: Visitor) -> Content:
    """Read a student's page, without the menus that end with what waits for a worker.

    A first answer ends its menu, right or wrong, and so does a swap. An event that was refused or has failed for good
    ends nothing. All is of one moment if the transaction is: else an answer that is applied meanwhile shows its menu.
    """
    student = visitor.person_id
    with together(session) as asking:
        tasks = asking.send(student_pages.open_tasks_query(student))
        headers = asking.send(student_pages.header_query(student))
        skills = asking.send(student_pages.skills_query(student))
        interests = asking.send(student_pages.interests_query(student))
        topics = asking.send(student_pages.topics_query(student))
        wishes = asking.send(student_pages.wish_query(student))
    menus, pending = _without_ended(session, visitor, tasks.all())
    [header] = headers.all()
    return Content(
        header=header,
        menus=menus,
        skills=skills.all(),
        interests=interests.all() if header.interests_enabled else [],
        topics={each.ref: each.title for each in topics.all()} if header.interests_enabled else {},
        wish=next((each.ref for each in wishes.all()), None),
        pending=pending,
    )


def _without_ended(
    session: Session, visitor: Visitor, tasks: Sequence[Task]
) -> tuple[list[list[Task]], tuple[int, ...]]:
    """Return the menus that no pending event ends, and the inbox's ids of these events."""
    if not tasks:
        return [], ()
    ending = {key: task.slot for task in tasks for key in events.keys_of_end(task.id)}
    with together(session) as asking:
        found = asking.send(own_pages.own_events_query(visitor.school_id, list(ending)))
    pending = {each.id: ending[each.key] for each in found.all() if each.is_pending}
    slots = dict.fromkeys(task.slot for task in tasks if task.slot not in pending.values())
    return [[task for task in tasks if task.slot == slot] for slot in slots], tuple(pending)


def student_page(found: Visit, shown: Content, *, seen_by_teacher: str = "", number: int = 0) -> Response:
    """Return the page; a teacher who looks at it (as this student, by name) finds nothing to press."""
    now, spoken = shown.menus[0] if shown.menus else [], found.spoken
    shown_topics = {each.topic for each in shown.interests}
    values: dict[str, object] = {
        "seen_by_teacher": seen_by_teacher,
        "number": number,
        "form": secrets.token_urlsafe(12),
        "header": shown.header,
        "now": now[0] if now else None,
        "others": now[1:],
        "next": [menu[0] for menu in shown.menus[1:]],
        "why": f"{words.why_now(now[0], spoken)} {words.why_theme(now[0], spoken)}".strip() if now else "",
        "nothing": words.nothing(shown.header.nothing, spoken),
        "skills": [
            (each, words.status(each, spoken), words.counted(each, spoken)) for each in shown.skills if each.asked
        ],
        "unseen": [each.title for each in shown.skills if not each.asked],
        "interests": [(each, words.liked(each.value, spoken, vetoed=each.vetoed)) for each in shown.interests],
        "topics": {ref: title for ref, title in shown.topics.items() if ref not in shown_topics},
        "wish": shown.wish,
        "waiting": bool(shown.pending) and not shown.menus,
    }
    return found.page("student.html", values)


@router.post("/help")
async def ask_for_help(request: Request, found: StudentVisit, fields: OwnForm) -> Response:
    """Tell the teacher that the student asks for help; it changes nothing else."""
    about, form = fields.get("assignment", ""), fields.get("form", "")
    assignment = int(about) if about.isascii() and about.isdecimal() and len(about) <= 18 else None  # noqa: PLR2004 - fits bigint
    await _send(request, found, events.asked_for_help(assignment, form=_form(found, form)))
    return found.page("help.html", {})


@router.post("/wish")
async def wish(request: Request, found: StudentVisit, fields: OwnForm) -> Response:
    """Note which skill the student wants next, or that none is wanted any more."""
    skill, _, wanted = fields.get("wish", "").rpartition(" ")
    if not skill or wanted not in ("yes", "no"):
        raise PageRefusedError("form", frames=found.visitor.frames)
    form = _form(found, fields.get("form", ""))
    await _send(request, found, events.wishes(skill, wished=wanted == "yes", form=form))
    return RedirectResponse(f"{found.path}/#skills", 303, headers={"Cache-Control": "no-store"})


@router.post("/like")
async def like(request: Request, found: StudentVisit, fields: OwnForm) -> Response:
    """Note that the student wants more or less of a topic, or none of it."""
    topic, _, direction = fields.get("like", "").rpartition(" ")
    if not topic or direction not in DIRECTIONS:
        raise PageRefusedError("form", frames=found.visitor.frames)
    await _send(request, found, events.likes(topic, direction, form=_form(found, fields.get("form", ""))))
    return RedirectResponse(f"{found.path}/#likes", 303, headers={"Cache-Control": "no-store"})


async def _send(request: Request, found: Visit, event: events.Event) -> None:
    def write(session: Session) -> RecordResult:
        student_pages.lock_session(session, found.visitor.session_id)
        return events.record(session, found.visitor, [event])

    recorded = await in_transaction(request, write)
    notify_workers(request, recorded)


def _form(found: Visit, form: str) -> str:
    if not 8 <= len(form) <= 64 or not form.isprintable():  # noqa: PLR2004 - what `token_urlsafe(12)` makes, and room
        raise PageRefusedError("form", frames=found.visitor.frames)
    return form
