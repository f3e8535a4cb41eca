"""The first page of a session: a student's own, a teacher's class, a head's school; and in which language it is."""

from __future__ import annotations

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from models.access import page_sessions
from models.tables.pages import PageRole
from web.dependencies import state_of
from web.pages import choose_class, head, student, teacher
from web.pages.access import AnyVisit, OwnForm, Visit, in_snapshot, in_transaction
from web.pages.language import NAMES
from web.pages.render import PageRefusedError

BRIEFLY_SECONDS = 0.5
"""How long a student's page waits for the decision after an answer, where other tasks of the list are left.

A worker with nothing else to do takes a tenth of it, and a page that has waited in vain is there within a second.
"""
WAIT_SECONDS = 3.0
"""How long it waits where nothing is left: a page that comes too early is asked for again, which delays the workers."""

router = APIRouter(prefix="/lti/s/{launch}", include_in_schema=False)


@router.get("/")
async def home(request: Request, found: AnyVisit) -> Response:
    """Show the first page of the person whose session it is."""
    if found.visitor.course_id is not None:
        return await choose_class.ask(request, found)
    if found.visitor.role is PageRole.TEACHER:
        return await teacher.today(request, found)
    if found.visitor.role is PageRole.HEAD:
        return await head.school_page(request, found)
    return await _student_page(request, found)


async def _student_page(request: Request, found: Visit) -> Response:
    """Show a student's page; after an answer with the new decision, or, if it takes long, with what else is open."""

    def read(session: Session) -> student.Content:
        return student.read(session, found.visitor)

    waiting = state_of(request).waiting
    shown = await in_snapshot(request, read)
    if shown.pending and not (shown.menus and waiting.is_crowded):
        seconds = BRIEFLY_SECONDS if shown.menus else WAIT_SECONDS
        if await waiting.until_applied(shown.pending, seconds=seconds):
            shown = await in_snapshot(request, read)
    return student.student_page(found, shown)


@router.post("/language")
async def choose_language(request: Request, found: AnyVisit, fields: OwnForm) -> Response:
    """Write the pages of this session in another language from now on."""
    tag = fields.get("language", "")
    if tag not in NAMES:
        raise PageRefusedError("form", frames=found.visitor.frames)
    session_id = found.visitor.session_id
    await in_transaction(request, lambda session: page_sessions.choose_language(session, session_id, tag))
    return RedirectResponse(f"{found.path}/", 303, headers={"Cache-Control": "no-store"})
