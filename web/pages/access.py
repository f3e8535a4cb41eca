"""Whose page it is: dependencies that find the visitor by the launch in the address and its cookie."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from config.errors import OperatorError
from config.time_zones import time_zone
from models import engine
from models.access import page_sessions
from models.access.page_sessions import HOURS, Opened, Visitor
from models.engine import Reads
from models.tables.pages import PageRole
from tasks.pipeline.overrides import RefusedError
from web import ingest
from web.dependencies import state_of
from web.in_flight import Place
from web.pages.language import Language, select_language
from web.pages.render import PageRefusedError, page
from web.pages.safety import COOKIE, cookies, form_token, is_form_token, is_from_our_page, set_cookie
from web.problems import ProblemError
from web.request_body import read_body

R = TypeVar("R")
MAX_FORM = 64 * 1024
MAX_FIELDS = 60
SESSIONS_A_BROWSER = 6


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a visitor."""

    visitor: Visitor
    secret: str
    """What the session's cookie holds."""
    spoken: Language
    """In which its pages are written."""

    @property
    def path(self) -> str:
        """Where the visitor's pages begin."""
        return f"/lti/s/{self.visitor.launch}"

    def page(self, template: str, values: dict[str, object], *, status: int = 200) -> Response:
        """Return a page of the visitor's, with what every one of them needs."""
        own: dict[str, object] = {"path": self.path, "token": form_token(self.secret)}
        return page(template, {**own, **values}, spoken=self.spoken, status=status, frames=self.visitor.frames)


async def in_transaction(request: Request, work: Callable[[Session], R], *, reads: Reads | None = None) -> R:
    """Run what reads or writes the database in a thread, in a transaction of its own.

    Raises:
        RefusedError: a teacher's change is refused.
        PageRefusedError: `busy`.
    """

    def run() -> R:
        with engine.transaction(role=ingest.ROLE, reads=reads) as session:
            return work(session)

    try:
        return await state_of(request).run(run)
    except RefusedError:
        raise
    except (SQLAlchemyError, OperatorError, ProblemError):
        raise PageRefusedError("busy") from None


async def in_snapshot(request: Request, work: Callable[[Session], R]) -> R:
    """Run what only reads, in a transaction that sees one moment of the database: all figures are of one version.

    Raises:
        PageRefusedError: `busy`.
    """
    return await in_transaction(request, work, reads=Reads.ONE_MOMENT)


def ended(launch: str) -> str:
    """Return the code of a page that has ended: who came by a signed link has no course to go back to."""
    return "ended_link" if launch.startswith(page_sessions.BY_LINK) else "ended"


async def visit(request: Request, launch: str) -> Visit:
    """Return whose page a request asks for.

    Raises:
        PageRefusedError: `ended`, `ended_link`, `too_fast`, `busy`.
    """
    secret = cookies(request).get(launch)
    if secret is None:
        raise PageRefusedError(ended(launch))
    try:
        state_of(request).page_limiter.check(launch)
    except ProblemError:
        raise PageRefusedError("too_fast") from None
    found = await in_transaction(
        request, lambda session: page_sessions.visitor(session, launch, secret), reads=Reads.ONE_STATEMENT
    )
    if found is None:
        raise PageRefusedError(ended(launch))
    spoken = select_language(found.languages, request.headers.get("accept-language"), fallback=found.school_language)
    zone = dt.UTC if found.time_zone is None else time_zone(found.time_zone)
    return Visit(found, secret, replace(spoken, zone=zone))


def _only(role: PageRole) -> Callable[..., Visit]:
    def of_role(found: Annotated[Visit, Depends(visit)]) -> Visit:
        if found.visitor.role is not role:
            raise PageRefusedError("not_found", frames=found.visitor.frames)
        return found

    return of_role


AnyVisit = Annotated[Visit, Depends(visit)]
StudentVisit = Annotated[Visit, Depends(_only(PageRole.STUDENT))]
TeacherVisit = Annotated[Visit, Depends(_only(PageRole.TEACHER))]
HeadVisit = Annotated[Visit, Depends(_only(PageRole.HEAD))]


async def form(request: Request) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        PageRefusedError: `form`.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded":
        raise PageRefusedError("form")
    try:
        state = state_of(request)
        async with read_body(request, state.limits, Place(state.in_flight, state.limits), max_bytes=MAX_FORM) as raw:
            pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except (ValueError, ProblemError):
        raise PageRefusedError("form") from None
    return dict(pairs)


async def own_form(
    request: Request, found: Annotated[Visit, Depends(visit)], fields: Annotated[dict[str, str], Depends(form)]
) -> dict[str, str]:
    """Return the fields of a form that the visitor's own page has sent.

    Raises:
        PageRefusedError: `form`.
    """
    if not is_from_our_page(request) or not is_form_token(fields.get("token", ""), found.secret):
        raise PageRefusedError("form", frames=found.visitor.frames)
    return fields


Form = Annotated[dict[str, str], Depends(form)]
OwnForm = Annotated[dict[str, str], Depends(own_form)]


def to_session(request: Request, session: Session, opened: Opened, person_id: int) -> Response:
    """Send a browser to its new session; end those of other people there, and all but the newest few."""
    before = page_sessions.of_browser(session, cookies(request))
    theirs = [row.launch for row in before if row.person_id != person_id]
    rest = [row.launch for row in before if row.person_id == person_id and row.launch != opened.launch]
    gone = [*theirs, *rest[SESSIONS_A_BROWSER - 1 :]]
    page_sessions.end(session, gone)
    existing = {row.launch for row in before}
    answer = RedirectResponse(f"/lti/s/{opened.launch}/", 303, headers={"Cache-Control": "no-store"})
    for launch in sorted({*gone, *(each for each in cookies(request) if each not in existing)}):
        answer.headers.append("Set-Cookie", set_cookie(COOKIE + launch, "", seconds=0))
    answer.headers.append("Set-Cookie", set_cookie(COOKIE + opened.launch, opened.secret, seconds=HOURS * 3600))
    return answer
