"""Tell an LMS how many tasks each student did this week: one column a course, a number of work and never of mastery."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import structlog

from lms.json_fields import text_at
from models import clock, engine
from models.access import lti_courses, lti_scores
from models.access.lti_courses import Course
from models.access.lti_scores import Due
from tasks.lti import services
from tasks.lti.services import Access, ServiceError

log = structlog.get_logger(__name__)

ITEM_MEDIA = "application/vnd.ims.lis.v2.lineitem+json"
ITEMS_MEDIA = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE_MEDIA = "application/vnd.ims.lis.v1.score+json"
RESOURCE = "souschef-tasks-this-week"
LABEL = "Tasks done this week"
MAXIMUM = 20
"""Four tasks on each of five days; more count as that many, because gradebooks refuse what is above a maximum."""
MAX_PAGES = 20


def send_all() -> Counter[str]:
    """Send what is new to every platform that wants it; a failure is noted for the doctor and stops its platform only.

    Safe to run twice: what was sent is noted after each student, and sending it again sets the same number.
    """
    counts: Counter[str] = Counter()
    with engine.transaction() as session:
        courses = lti_courses.with_scores(session)
    failed: dict[int, str] = {}
    for course in courses:
        code = failed.get(course.platform.id) or _try(course, counts)
        if code in {"token", "unreachable", "address"}:
            failed[course.platform.id] = code
        with engine.transaction() as session:
            lti_courses.note_failure(session, course.id, code)
        counts["failed" if code else "courses"] += 1
    return +counts


def _try(course: Course, counts: Counter[str]) -> str:
    """Send a course's scores; return the code of a failure, or ""."""
    try:
        counts["scores"] += _send(course)
    except ServiceError as error:
        log.warning("lti_scores_failed", course=course.id, code=error.code)
        return error.code
    return ""


def _send(course: Course) -> int:
    with engine.transaction() as session:
        rows = lti_scores.due(session, course)
    if not rows:
        return 0
    access = services.authorize(course.platform, *services.SCORE_SCOPES)
    item = course.item_url or _item(access, course)
    for row in rows:
        try:
            services.post(access, scores_url(item), _score(row), media=SCORE_MEDIA)
        except ServiceError:
            with engine.transaction() as session:
                lti_courses.set_item(session, course.id, "")  # It may be gone: the next night looks for it again.
            raise
        with engine.transaction() as session:
            lti_scores.record(session, course, row)
    return len(rows)


def _item(access: Access, course: Course) -> str:
    """Return the address of our column: the one that is there, or a new one."""
    found = _existing(access, course)
    if found is None:
        document = {"label": LABEL, "scoreMaximum": MAXIMUM, "resourceId": RESOURCE, "tag": "practice"}
        found = text_at(services.post(access, course.items_url, document, media=ITEM_MEDIA).document, "id")
    if not found:
        raise ServiceError(course.platform, "content")
    with engine.transaction() as session:
        lti_courses.set_item(session, course.id, found)
    return found


def _existing(access: Access, course: Course) -> str | None:
    address: str | None = course.items_url
    for _ in range(MAX_PAGES):
        if address is None:
            return None
        answer = services.get(access, address, media=ITEMS_MEDIA)
        rows = answer.document if isinstance(answer.document, list) else []
        found = next((row for row in rows if text_at(row, "resourceId") == RESOURCE), None)
        if found is not None:
            return text_at(found, "id")
        address = answer.next_url
    raise ServiceError(course.platform, "too_many")


def scores_url(item: str) -> str:
    """Return where the scores of a column go: below its path, before its query."""
    path, separator, query = item.partition("?")
    return f"{path}/scores{separator}{query}"


def _score(row: Due) -> dict[str, object]:
    with engine.transaction() as session:
        now = clock.now(session).astimezone(dt.UTC)
    return {
        "userId": row.user_id,
        "scoreGiven": min(row.done, MAXIMUM),
        "scoreMaximum": MAXIMUM,
        "activityProgress": "InProgress",
        "gradingProgress": "FullyGraded",
        "timestamp": now.isoformat(timespec="milliseconds"),
    }
