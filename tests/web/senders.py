"""Traffic as each kind of sender writes it: a few students, items, attempts, regrades and surveys, every event apart.

A sender says how its events are wrapped for its route, and by which names it calls students, items and skills.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

STUDENTS = range(4)
ITEMS = range(4)
SURVEY = "interests-24"
HOME = "https://lms.school.test"
VERB = "http://adlnet.gov/expapi/verbs/"
ACTIVITY = "http://adlnet.gov/expapi/activities/"
CALIPER = "http://purl.imsglobal.org/ctx/caliper/v1p"


def when(minute: int, *, day: int = 1) -> str:
    return f"2026-10-{day:02d}T{8 + minute // 60:02d}:{minute % 60:02d}:00Z"


def right(student: int, item: int, attempt: int) -> bool:
    """Who knows what: no pattern that an order could hide behind."""
    return (student * 7 + item * 5 + attempt * 3) % 4 != 0


def unique(*parts: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, parts))))


def answers() -> Iterator[tuple[int, int, int, str]]:
    """(student, item, attempt, time) of every answer."""
    for student in STUDENTS:
        for attempt in (1, 2):
            for item in ITEMS:
                yield student, item, attempt, when(item + 10 * student, day=attempt)


@dataclass(frozen=True, slots=True)
class Sender:
    """One kind of sender."""

    format: str
    path: str
    events: Callable[[], list[Json]]
    wrap: Callable[[list[Json]], list[object]]
    """The bodies of the requests that carry these events."""
    person: Callable[[int], str]
    item: Callable[[int], str]
    skill: Callable[[int], str] | None = None
    surveys: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


def _one_body(events: list[Json]) -> list[object]:
    return [events]


def _each_its_own(events: list[Json]) -> list[object]:
    return list(events)


def _sensor(version: str) -> Callable[[list[Json]], list[object]]:
    def wrap(events: list[Json]) -> list[object]:
        head = {"sensor": f"{HOME}/sensor", "sendTime": when(0, day=20), "dataVersion": f"{CALIPER}{version}"}
        return [{**head, "data": events}]

    return wrap


def _agent(name: object) -> Json:
    return {"objectType": "Agent", "account": {"homePage": HOME, "name": str(name)}}


def xapi() -> list[Json]:
    """A quiz of H5P and cmi5: answers, the attempt's grade, a module that was passed."""
    found = []
    for student, item, attempt, time in answers():
        found.append(
            {
                "id": unique("xapi", student, item, attempt),
                "actor": _agent(student),
                "verb": {"id": VERB + "answered"},
                "object": {"id": f"{HOME}/q/{item}", "definition": {"type": ACTIVITY + "cmi.interaction"}},
                "result": {"score": {"min": 0, "max": 2, "raw": 2 if right(student, item, attempt) else item % 2}},
                "context": {"registration": unique("attempt", student, attempt)},
                "timestamp": time,
            }
        )
    return found + [_passed(student) for student in STUDENTS]


def _passed(student: int) -> Json:
    return {
        "id": unique("passed", student),
        "actor": _agent(student),
        "verb": {"id": VERB + "passed"},
        "object": {"id": f"{HOME}/au/1", "definition": {"type": ACTIVITY + "course"}},
        "result": {"success": True, "score": {"scaled": 0.5 + student / 10}},
        "context": {"registration": unique("unit", student)},
        "timestamp": when(50, day=3),
    }


def openedx() -> list[Json]:
    """Checked problems with their attempts' numbers."""
    course = {"id": f"{HOME}/course/v1", "definition": {"type": ACTIVITY + "course"}}
    return [
        {
            "id": unique("openedx", student, item, attempt),
            "actor": _agent(student),
            "verb": {"id": "https://w3id.org/xapi/acrossx/verbs/evaluated"},
            "object": {
                "id": f"{HOME}/xblock/block-v1:a+b+c+type@problem+block@p{item}",
                "objectType": "Activity",
                "definition": {
                    "type": ACTIVITY + "cmi.interaction",
                    "interactionType": "choice",
                    "extensions": {"http://id.tincanapi.com/extension/attempt-id": attempt},
                },
            },
            "result": {
                "score": {"min": 0, "max": 1, "raw": int(right(student, item, attempt))},
                "success": right(student, item, attempt),
            },
            "context": {"contextActivities": {"parent": [course]}},
            "timestamp": time.replace("Z", "+00:00"),
        }
        for student, item, attempt, time in answers()
    ]


def caliper() -> list[Json]:
    """Items and their grades apart, some graded twice, and a survey."""
    found: list[Json] = []
    for student, item, attempt, time in answers():
        task, who = f"{HOME}/items/{item}", {"id": f"{HOME}/users/{student}", "type": "Person"}
        taken = f"{task}/users/{student}/attempts/{attempt}"
        found.append(
            {
                "id": f"urn:uuid:{unique('item', student, item, attempt)}",
                "type": "AssessmentItemEvent",
                "actor": who,
                "action": "Completed",
                "object": {"id": task, "type": "AssessmentItem"},
                "generated": {
                    "type": "FillinBlankResponse",
                    "id": f"{taken}/response",
                    "attempt": {"id": taken, "type": "Attempt", "count": attempt},
                    "values": ["x"],
                },
                "eventTime": time,
            }
        )
        for again, points in enumerate([int(right(student, item, attempt)), 1][: 1 + (item == 0)]):
            found.append(
                {
                    "id": f"urn:uuid:{unique('grade', student, item, attempt, again)}",
                    "type": "GradeEvent",
                    "actor": {"id": f"{HOME}/grader", "type": "SoftwareApplication"},
                    "action": "Graded",
                    "object": {
                        "id": taken,
                        "type": "Attempt",
                        "assignee": who,
                        "assignable": {"id": task, "type": "AssessmentItem"},
                        "endedAtTime": time,
                        "count": attempt,
                    },
                    "eventTime": when(20 + again, day=5),
                    "generated": {"type": "Score", "id": f"{taken}/score", "maxScore": 1, "scoreGiven": points},
                }
            )
    return found + [_question(student, number) for student in STUDENTS for number in (1, 3)]


def _question(student: int, number: int) -> Json:
    scale = {"type": "NumericScale", "minValue": 1, "maxValue": 5, "step": 1}
    return {
        "id": f"urn:uuid:{unique('question', student, number)}",
        "type": "QuestionnaireItemEvent",
        "actor": {"id": f"{HOME}/users/{student}", "type": "Person"},
        "action": "Completed",
        "object": {
            "id": f"q0{number}",
            "type": "QuestionnaireItem",
            "isPartOf": {"id": SURVEY, "type": "Questionnaire"},
            "question": {"id": f"question-{number}", "type": "RatingScaleQuestion", "scale": scale},
        },
        "generated": {
            "type": "RatingScaleResponse",
            "id": f"{HOME}/r/{student}/{number}",
            "selections": [str(1 + (student * number) % 5)],
        },
        "eventTime": when(30, day=6),
    }


def canvas() -> list[Json]:
    """Outcome results, some updated, and grades, some given again."""
    found: list[Json] = []
    for student, item, attempt, time in answers():
        for again, points in enumerate([4 if right(student, item, attempt) else 1, 5][: 1 + (item == 1)]):
            name = "learning_outcome_result_updated" if again else "learning_outcome_result_created"
            found.append(
                {
                    "metadata": {"event_name": name, "event_time": when(item, day=7 + again), "job_id": unique(name)},
                    "body": {
                        "assessed_at": time,
                        "attempt": attempt,
                        "learning_outcome_id": str(item),
                        "possible": 5,
                        "score": points,
                        "user_uuid": f"uuid-{student}",
                        "artifact_id": f"{student}{item}{attempt}",
                        "artifact_type": "RubricAssessment",
                        "associated_asset_id": "56",
                    },
                }
            )
    for student in STUDENTS:
        for again, points in enumerate((5, 8)):
            found.append(
                {
                    "metadata": {
                        "event_name": "grade_change",
                        "event_time": when(40, day=8 + again),
                        "request_id": unique("grade", student, again),
                    },
                    "body": {
                        "assignment_id": "355",
                        "grading_complete": True,
                        "muted": False,
                        "points_possible": 10,
                        "score": points,
                        "submission_id": f"1{student}",
                        "user_id": f"uuid-{student}",
                        "student_id": f"uuid-{student}",
                    },
                }
            )
    return found


def forms() -> list[Json]:
    """Two responses of each student."""
    return [
        {
            "event_id": unique("delivery", student, turn),
            "event_type": "form_response",
            "form_response": {
                "form_id": SURVEY,
                "token": unique("response", student, turn),
                "submitted_at": when(student, day=9 + turn),
                "landed_at": when(student, day=9 + turn),
                "hidden": {"user_id": f"{HOME}|{student}"},
                "answers": [
                    {"type": "number", "number": 1 + (student + turn) % 5, "field": {"id": "a", "ref": "q01"}},
                    {"type": "number", "number": 5 - (student + turn) % 5, "field": {"id": "b", "ref": "q03"}},
                ],
            },
        }
        for student in STUDENTS
        for turn in (0, 1)
    ]


def own() -> list[Json]:
    """Our own events: results, a regrade of some, totals, surveys, feedback and vetoes."""
    found: list[Json] = []
    for student, item, attempt, time in answers():
        head = {"type": "item_result", "student": f"own-{student}", "subject": f"own-item-{item}", "at": time}
        name = f"r{student}-{item}-{attempt}"
        points = int(right(student, item, attempt))
        found.append({**head, "id": name, "attempt": str(attempt), "sequence": item, "points": points, "of": 1})
        if item == 2:
            regrade = {"replaces": name, "revised_at": when(0, day=11), "outcome": 0.5}
            found.append({**head, "id": f"{name}-again", "attempt": str(attempt), "sequence": item, **regrade})
    for student in STUDENTS:
        head = {"student": f"own-{student}", "at": when(student, day=12)}
        found += [
            {**head, "type": "skill_result", "id": f"k{student}", "subject": "own-skill-1", "outcome": student / 4},
            {**head, "type": "interest_feedback", "id": f"f{student}", "topic": "space", "direction": "more"},
            {**head, "type": "interest_veto", "id": f"v{student}", "topic": "music", "vetoed": student % 2 == 0},
        ]
        answer = {"survey": SURVEY, "subject": "q01", "kind": "rating", "answer": 1 + student, "options": 5}
        found.append({**head, "type": "survey_answer", "id": f"a{student}", **answer})
    return found


def _account(number: int) -> str:
    return f"{HOME}|{number}"


SENDERS = {
    "xapi": Sender("xapi", "/xapi/statements", xapi, _one_body, _account, lambda item: f"{HOME}/q/{item}"),
    "openedx": Sender(
        "openedx",
        "/xapi/statements",
        openedx,
        _one_body,
        _account,
        lambda item: f"{HOME}/xblock/block-v1:a+b+c+type@problem+block@p{item}",
    ),
    **{
        f"caliper 1.{version}": Sender(
            "caliper",
            "/caliper",
            lambda version=version: [{"@context": f"{CALIPER}1p{version}", **event} for event in caliper()],  # type: ignore[misc]
            _sensor(version),
            lambda number: f"{HOME}/users/{number}",
            lambda item: f"{HOME}/items/{item}",
            surveys=(SURVEY,),
        )
        for version in ("1", "2")
    },
    "canvas": Sender(
        "canvas", "/canvas", canvas, _one_body, lambda number: f"uuid-{number}", lambda item: f"asset-{item}", str
    ),
    "typeform": Sender(
        "typeform", "/surveys", forms, _each_its_own, _account, lambda item: f"form-{item}", surveys=(SURVEY,)
    ),
    "canonical": Sender(
        "canonical",
        "/events",
        own,
        _one_body,
        lambda number: f"own-{number}",
        lambda item: f"own-item-{item}",
        lambda skill: f"own-skill-{skill}",
        surveys=(SURVEY,),
    ),
}


def body(content: object) -> bytes:
    """Return a request's body."""
    return json.dumps(content).encode()
