"""A signed link opens the same pages as a launch, without an LMS."""

from __future__ import annotations

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from config.settings import settings
from models.access import page_links, page_sessions
from models.tables.pages import PageRole
from web.pages.access import in_transaction, to_session
from web.pages.render import PageRefusedError

router = APIRouter(include_in_schema=False)


@router.get("/link/{token}")
async def open_link(request: Request, token: str) -> Response:
    """Open the pages of the person whose link it is."""
    secret_key = settings().secret_key_bytes()

    def enter(session: Session) -> Response | None:
        link = page_links.live(session, token, secret_key=secret_key)
        if link is None:
            return None
        opened = page_sessions.open_session(
            session,
            school_id=link.school_id,
            person_id=link.person_id,
            role=PageRole(link.role),
            class_id=link.class_id,
            link_id=link.id,
        )
        return to_session(request, session, opened, link.person_id)

    answer = await in_transaction(request, enter)
    if answer is None:
        raise PageRefusedError("link")
    return answer
