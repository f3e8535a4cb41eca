"""A head's page: how fresh everything is, and the classes of the school in numbers; it opens by a signed link only."""

from __future__ import annotations

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from models.access.page_sessions import Visitor
from models.privacy import audit
from models.reports import classes, head_page, override_pages
from web.pages.access import Visit, in_snapshot, in_transaction
from web.pages.teacher import author_of

MOST_NEEDS = 10


async def school_page(request: Request, found: Visit) -> Response:
    """Show the school."""
    values = await in_snapshot(request, lambda session: school_values(session, found))
    await in_transaction(request, lambda session: note_school(session, found.visitor, "page school"))
    return found.page("head.html", values)


def school_values(session: Session, found: Visit) -> dict[str, object]:
    """Return what the page shows."""
    school_id = found.visitor.school_id
    freshness = head_page.freshness(session, school_id)
    return {
        "school": freshness,
        "fresh": freshness,
        "classes": head_page.class_numbers(session, school_id),
        "gaps": head_page.skill_gaps(session, school_id),
        "needs": classes.catalogue_gaps(session, school_id)[:MOST_NEEDS],
        "topics": override_pages.topics(session, school_id),
        "seen": override_pages.number_of_the_feed(session, school_id),
    }


def note_school(session: Session, visitor: Visitor, action: str) -> None:
    """Write one line into the access log; the page names no student."""
    audit.append(session, visitor.school_id, author=author_of(visitor), action=action, subjects=[])
