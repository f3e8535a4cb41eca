"""A teacher's pages: who needs help today, the class, and a student with the evidence behind each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from learning.selection import Policy
from models.access import school_time
from models.access.page_sessions import Visitor
from models.assignments.decision_inputs import class_policies
from models.privacy import audit
from models.reports import classes, override_pages, skill_evidence, student_pages, teacher_pages
from models.reports.classes import ClassLine
from models.reports.skill_evidence import SkillEvidence
from tasks.pipeline import overrides
from tasks.pipeline.growth import load_growth
from web.pages import student, teacher_words, words
from web.pages.access import TeacherVisit, Visit, ended, in_snapshot, in_transaction
from web.pages.dot_plot import dot_plot
from web.pages.growth_chart import GrowthChart, growth_chart
from web.pages.language import N_, Language
from web.pages.render import PageRefusedError
from web.pages.teacher_words import Why

router = APIRouter(prefix="/lti/s/{launch}", include_in_schema=False)
SHOWN_GROUPS = 6
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Seen = Annotated[int, Query(ge=0, le=2**63 - 1)]
"""The number of the newest change when a page was opened."""


@dataclass(frozen=True, slots=True)
class Group:
    """Students whose widest gap is in one skill."""

    title: str
    skill: str
    students: Mapping[int, ClassLine]


async def today(request: Request, found: Visit) -> Response:
    """Show who needs help, and on what; and who waits for the teacher."""

    def read(session: Session) -> dict[str, object]:
        lines = lines_of(session, found.visitor, policy_of(session, found.visitor))
        found_groups = groups(lines)
        nothing = {number: line for number, line in lines.items() if line.nothing is not None}
        return {
            **shown(session, found),
            "groups": found_groups[:SHOWN_GROUPS],
            "in_other_groups": sum(len(group.students) for group in found_groups[SHOWN_GROUPS:]),
            "waiting": teacher_pages.waiting(session, class_of(found.visitor)),
            "nothing": nothing,
            "said": teacher_pages.declined(session, class_of(found.visitor)),
            "why_declined": {code: found.spoken.text(each) for code, each in words.WHY_DECLINED.items()},
            "reasons": {number: teacher_words.nothing(line.nothing, found.spoken) for number, line in nothing.items()},
            "proposed": teacher_pages.proposals(session, class_of(found.visitor)),
            "unmet": unmet_names(session, found.visitor),
            "topics": override_pages.topics(session, found.visitor.school_id),
        }

    values = await in_snapshot(request, read)
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page today"))
    return found.page("today.html", {**values, "tab": "today"})


@router.get("/class")
async def class_page(request: Request, found: TeacherVisit) -> Response:
    """Show the class, a row a student: what now, why, since when."""
    values = await in_snapshot(request, lambda session: class_values(session, found))
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page class"))
    return found.page("class.html", {**values, "tab": "class"})


@router.get("/student/{number}")
async def student_page(request: Request, found: TeacherVisit, number: Number) -> Response:
    """Show one student of the class: each number with the answers behind it, interests, every task with its reasons."""
    values = await in_snapshot(request, lambda session: student_values(session, found, number))
    await in_transaction(request, lambda session: note_student(session, found.visitor, "page student", number))
    return found.page("evidence.html", {**values, "tab": "student"})


@router.get("/student/{number}/as")
async def as_student(request: Request, found: TeacherVisit, number: Number) -> Response:
    """Show the page that a student sees, in the student's language; nothing on it can be pressed."""

    def read(session: Session) -> tuple[student.Content, str]:
        header = header_of(session, found, number)
        theirs = replace(found.visitor, person_id=number, person_ref=header.ref)
        return student.read(session, theirs), header.name

    content, name = await in_snapshot(request, read)
    await in_transaction(request, lambda session: note_student(session, found.visitor, "page as student", number))
    return student.student_page(found, content, seen_by_teacher=name, number=number)


@router.get("/gaps")
async def gaps_page(request: Request, found: TeacherVisit) -> Response:
    """Show which materials are worth adding, as a shopping list."""
    values = await in_snapshot(request, lambda session: gap_values(session, found))
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page gaps"))
    return found.page("gaps.html", {**values, "tab": "gaps"})


@router.get("/changes")
async def changes(request: Request, found: TeacherVisit, seen: Seen = 0) -> Response:
    """Say how many tasks have changed since a page was opened; the page asks now and then, and moves nothing."""
    changed = await in_snapshot(request, lambda session: _changes(session, found, seen))
    count = len({each.student_id for each in changed})
    return JSONResponse({"count": count, "text": changed_text(found, count)}, headers={"Cache-Control": "no-store"})


@router.get("/changed")
async def changed_page(request: Request, found: TeacherVisit, seen: Seen = 0) -> Response:
    """Show what has changed since a page was opened, and why."""

    def read(session: Session) -> dict[str, object]:
        changed = _changes(session, found, seen)
        return {**shown(session, found), "changes": changed, "why": _whys(session, found, changed)}

    values = await in_snapshot(request, read)
    await in_transaction(request, lambda session: note_class(session, found.visitor, "page changes"))
    taken_back = partial(words.taken_back, spoken=found.spoken)
    states = {code: found.spoken.text(word) for code, word in words.STATES.items()}
    return found.page("changed.html", {**values, "taken_back": taken_back, "states": states, "tab": "changed"})


def changed_text(found: Visit, count: int) -> str:
    """Return the sentence of the bar."""
    return found.spoken.plural(
        "%(num)s student's tasks have changed since you opened this page.",
        "%(num)s students' tasks have changed since you opened this page.",
        count,
    )


def unmet_names(session: Session, visitor: Visitor) -> dict[int, list[str]]:
    """Return by the number of an override in force the students for whom it cannot be met now."""
    _, unmet = overrides.list_overrides(session, visitor.school_id, class_ref=visitor.class_ref)
    found: dict[int, list[str]] = {}
    for each in unmet:
        found.setdefault(each.order, []).append(each.name)
    return found


def class_values(session: Session, found: Visit) -> dict[str, object]:
    """Return what the page of a class shows."""
    policy = policy_of(session, found.visitor)
    lines = lines_of(session, found.visitor, policy, now=True)
    tasks = teacher_pages.open_tasks(session, [line.assignment for line in lines.values() if line.assignment])
    answers = teacher_pages.last_answers(session, list(lines))
    strips = teacher_pages.strips(session, class_of(found.visitor), policy, answers)
    return {
        **shown(session, found),
        "lines": lines,
        "tasks": tasks,
        "answers": answers,
        "since": {number: task.assigned_at for number, task in tasks.items()},
        "plots": {number: dot_plot(strip) for number, strip in strips.items()},
        "labels": {number: teacher_words.strip_label(strip, found.spoken) for number, strip in strips.items()},
        "topics": override_pages.topics(session, found.visitor.school_id),
        "held": _override_notes(session, found),
        "reasons": {
            number: _line_reason(line, tasks.get(line.assignment or 0), answers, number, found.spoken)
            for number, line in lines.items()
        },
    }


def student_values(session: Session, found: Visit, number: int) -> dict[str, object]:
    """Return what the page of a student shows to the teacher."""
    header = header_of(session, found, number)
    assignments, answers = (
        teacher_pages.past_assignments(session, number),
        teacher_pages.last_answers(session, [number]),
    )
    school_id, class_id = found.visitor.school_id, class_of(found.visitor)
    skills = skill_evidence.evidence(session, number, school_id=school_id, class_id=class_id)
    return {
        **shown(session, found),
        "student": header,
        "nothing": teacher_words.nothing(header.nothing, found.spoken),
        "skills": skills,
        "statuses": {skill.id: teacher_words.status(skill, skill) for skill in skills},
        "goal_statuses": {
            (skill.id, goal): teacher_words.status(skill, goal) for skill in skills for goal in skill.goals
        },
        "status_words": teacher_words.STATUSES,
        "class_of": teacher_words.CLASSES,
        "charts": _charts(session, school_id, number, skills),
        "answers": answers,
        "interests": student_pages.interests(session, number),
        "given": assignments,
        "reasons": {each.id: _past_reason(each, answers.get((number, each.skill_id), ()), found.spoken)
                    for each in assignments},
        "taken_back": partial(words.taken_back, spoken=found.spoken),
        "states": {code: found.spoken.text(word) for code, word in words.STATES.items()},
    }  # fmt: skip


def gap_values(session: Session, found: Visit) -> dict[str, object]:
    """Return what the page of missing materials shows."""
    return {
        **shown(session, found),
        "gaps": classes.catalogue_gaps(session, found.visitor.school_id, class_id=class_of(found.visitor)),
        "topics": override_pages.topics(session, found.visitor.school_id),
    }


def _charts(session: Session, school_id: int, student: int, skills: Sequence[SkillEvidence]) -> dict[int, GrowthChart]:
    """Return how each skill with answers has moved, by its id."""
    targets = {skill.id: skill.target for skill in skills if skill.responses}
    points, zone = load_growth(session, school_id, student, targets), school_time.zone_of(session, school_id)
    charts = {skill: growth_chart(points[skill], target=target, zone=zone) for skill, target in targets.items()}
    return {skill: chart for skill, chart in charts.items() if chart is not None}


def groups(lines: Mapping[int, ClassLine]) -> list[Group]:
    """Return the students by the skill of their widest gap, the largest group first."""
    titles = sorted({(line.gap_title, line.gap_skill or "") for line in lines.values() if line.gap_title})
    found = [Group(title, skill, {n: line for n, line in lines.items() if line.gap_skill == skill})
             for title, skill in titles]  # fmt: skip
    return sorted(found, key=lambda group: (-len(group.students), group.title))


def shown(session: Session, found: Visit) -> dict[str, object]:
    """Return what every page of a class shows: which class, how fresh, and of which number of the change feed."""
    return {
        "header": teacher_pages.class_header(session, class_of(found.visitor)),
        "seen": override_pages.number_of_the_feed(session, found.visitor.school_id),
    }


def policy_of(session: Session, visitor: Visitor) -> Policy:
    """Return the policy in force for the visitor's class."""
    class_id = class_of(visitor)
    return class_policies(session, visitor.school_id, [class_id])[class_id].policy


def lines_of(session: Session, visitor: Visitor, policy: Policy, *, now: bool = False) -> dict[int, ClassLine]:
    """Return a line for each student of the visitor's class: with the task of now, or with that of the widest gap."""
    class_id, target = class_of(visitor), policy.mastery_target
    return classes.page_lines(session, visitor.school_id, class_id=class_id, target=target, now=now)


def class_of(visitor: Visitor) -> int:
    """Return the class of a teacher's session.

    Raises:
        PageRefusedError: `ended`, `ended_link`: the class is not there any more.
    """
    if visitor.class_id is None:
        raise PageRefusedError(ended(visitor.launch), frames=visitor.frames)
    return visitor.class_id


def header_of(session: Session, found: Visit, number: int) -> teacher_pages.StudentHeader:
    """Return a student of the visitor's class.

    Raises:
        PageRefusedError: `not_found`: nobody in the class has this number.
    """
    header = teacher_pages.student_header(session, class_of(found.visitor), number)
    if header is None:
        raise PageRefusedError("not_found", frames=found.visitor.frames)
    return header


def note_class(session: Session, visitor: Visitor, action: str) -> None:
    """Write one line into the access log that names the class, not each of its students."""
    detail = {"class": visitor.class_ref}
    audit.append(session, visitor.school_id, author=author_of(visitor), action=action, subjects=[], detail=detail)


def note_student(session: Session, visitor: Visitor, action: str, number: int) -> None:
    """Write one line into the access log that names a student."""
    audit.record(session, author=author_of(visitor), action=action, students=[number])


def author_of(visitor: Visitor) -> str:
    """Return how the access log names the visitor."""
    return f"{visitor.role.value} {visitor.person_ref}"


def _line_reason(
    line: ClassLine,
    task: teacher_pages.OpenTask | None,
    answers: Mapping[tuple[int, int], tuple[float, ...]],
    number: int,
    spoken: Language,
) -> str:
    if line.assignment is None or task is None:
        unknown = "" if line.responses else spoken.text("Nothing is known yet.")
        return teacher_words.nothing(line.nothing, spoken) or unknown
    found = answers.get((number, task.skill_id), ())
    gap, interest, codes = line.because_gap, line.because_interest, tuple(line.reason.split())
    return teacher_words.why(Why(gap, interest, codes, task.skill, task.theme, *counted(found)), spoken)


def _past_reason(each: teacher_pages.PastAssignment, answers: tuple[float, ...], spoken: Language) -> str:
    codes = tuple(each.reason.split())
    parts = Why(each.because_gap, each.because_interest, codes, each.skill, each.theme, *counted(answers))
    return teacher_words.why(parts, spoken)


def counted(answers: tuple[float, ...]) -> tuple[int, int]:
    """Return (right, asked) of the last answers that a sentence counts."""
    last = answers[: student_pages.LAST_ANSWERS]
    return round(sum(last)), len(last)


def _override_notes(session: Session, found: Visit) -> dict[int, str]:
    """Return by student who has overridden the machine for them, and until when."""
    lines = override_pages.overrides(session, class_of(found.visitor))
    return {
        line.student_id: found.spoken.text(
            N_("override by %(author)s until %(moment)s"),
            author=line.author,
            moment="–" if line.expires_at is None else found.spoken.day(line.expires_at),
        )
        for line in reversed(lines)
        if line.student_id is not None
    }


def _whys(session: Session, found: Visit, changed: list[override_pages.Changed]) -> dict[int, str]:
    answers = teacher_pages.last_answers(session, sorted({each.student_id for each in changed}))
    return {
        each.number: teacher_words.why(
            Why(each.because_gap, each.because_interest, tuple(each.reason.split()), each.skill, each.theme,
                *counted(answers.get((each.student_id, each.skill_id), ()))),
            found.spoken,
        )
        for each in changed
    }  # fmt: skip


def _changes(session: Session, found: Visit, seen: int) -> list[override_pages.Changed]:
    return override_pages.changes(session, class_of(found.visitor), seen)
