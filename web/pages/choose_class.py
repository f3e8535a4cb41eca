"""A teacher says once which of their classes a course of the LMS is; from then on its launches open that class."""

from __future__ import annotations

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from models.access import lti_courses, lti_unknown, page_sessions
from models.tables.people import AliasKind
from web.pages.access import OwnForm, TeacherVisit, Visit, in_transaction
from web.pages.render import PageRefusedError

router = APIRouter(prefix="/lti/s/{launch}", include_in_schema=False)


async def ask(request: Request, found: Visit) -> Response:
    """Show the classes that the teacher has now, as the roster says."""

    def read(session: Session) -> dict[str, object]:
        course = lti_courses.find(session, found.visitor.course_id or 0)
        return {"course": course.title, "classes": page_sessions.titles_taught(session, found.visitor.person_id)}

    values = await in_transaction(request, read)
    return found.page("choose_class.html", values)


@router.post("/choose-class")
async def choose_class(request: Request, found: TeacherVisit, fields: OwnForm) -> Response:
    """Note which class the course is, and open it; a class that the teacher does not have is refused."""
    visitor = found.visitor

    def write(session: Session) -> bool:
        class_id = page_sessions.classes_taught(session, visitor.person_id).get(fields.get("class", ""))
        if class_id is None or visitor.course_id is None:
            return False
        course = lti_courses.find(session, visitor.course_id)
        if not lti_unknown.learn(session, visitor.school_id, AliasKind.CLASS, course.own_name, class_id):
            return False
        page_sessions.choose_class(session, visitor.session_id, course.id, class_id)
        lti_unknown.forget_known(session, visitor.school_id)
        return True

    if not await in_transaction(request, write):
        raise PageRefusedError("form", frames=visitor.frames)
    return RedirectResponse(f"{found.path}/", 303, headers={"Cache-Control": "no-store"})
