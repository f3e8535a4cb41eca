"""People, classes and who is in which: OneRoster 1.1 and 1.2 CSV.

Source: 1EdTech OneRoster 1.1 and 1.2, CSV binding; an end date is exclusive there. Version 1.2 keeps a person's role in
roles.csv. Of a person only what teaching needs is read; of parents and other relatives nothing is.
"""

from __future__ import annotations

import re

from lms.files.bundle import Bundle
from lms.files.lines import Line, lines
from lms.files.rows import ClassRow, EnrolmentRow, PersonRow, SchoolRow, SessionRow

_STAFF = ("aide", "proctor", "administrator", "districtadministrator", "siteadministrator", "systemadministrator")
_STAFF_TOO = ("principal", "counselor", "staff")
_ROLES = {"student": "student", "teacher": "teacher", **dict.fromkeys((*_STAFF, *_STAFF_TOO), "staff")}
_RELATIVES = frozenset({"parent", "guardian", "relative"})
_RANK = ("student", "teacher", "staff")
"""Whoever has several roles in version 1.2 and no primary one has the first of these."""
_USER_ID = re.compile(r"\{\s*([^{}]*?)\s*:\s*([^:{}]+?)\s*\}")
_HIGHEST_GRADE = 13
_ALWAYS = SessionRow(None, None)


def manifest(file: str, body: bytes, into: Bundle) -> None:
    """Read which files are deltas: what those leave out goes on."""
    for line in lines(file, body, into, needs=("propertyName", "value")):
        name = line.text("propertyName") or ""
        if name.startswith("file.") and (line.text("value") or "").lower() == "delta":
            into.deltas.add(name.removeprefix("file.").lower())


def orgs(file: str, body: bytes, into: Bundle) -> None:
    """Read the schools; districts and departments are none."""
    for line in lines(file, body, into, needs=("sourcedId", "name", "type")):
        if (line.text("type") or "").lower() != "school" or _deleted(line):
            continue
        ref, name = line.ref("sourcedId"), line.required("name")
        if ref and name and into.once(into.schools, ref, line.at, "sourcedId"):
            into.schools[ref] = SchoolRow(ref, name, line.text("identifier"), line.at)


def sessions(file: str, body: bytes, into: Bundle) -> None:
    """Read when terms begin and end."""
    for line in lines(file, body, into, needs=("sourcedId", "startDate", "endDate")):
        ref = line.ref("sourcedId")
        if ref and into.once(into.sessions, ref, line.at, "sourcedId"):
            into.sessions[ref] = SessionRow(line.moment("startDate"), line.moment("endDate"))


def courses(file: str, body: bytes, into: Bundle) -> None:
    """Read the grades of courses, for classes that name none."""
    for line in lines(file, body, into, needs=("sourcedId",)):
        ref, grade = line.ref("sourcedId"), grade_of(line.text("grades"))
        if ref and grade is not None:
            into.course_grades[ref] = grade


def roles(file: str, body: bytes, into: Bundle) -> None:
    """Read what people are at which school (version 1.2); a primary role goes before others."""
    found: dict[str, list[tuple[bool, str, str | None]]] = {}
    for line in lines(file, body, into, needs=("userSourcedId", "role")):
        person, role = line.ref("userSourcedId"), _role(line)
        if person and role and not _deleted(line):
            primary = (line.text("roleType") or "").lower() == "primary"
            found.setdefault(person, []).append((primary, role, line.text("orgSourcedId")))
    for person, held in found.items():
        best = min(held, key=lambda each: (not each[0], each[1] not in _RANK, _rank(each[1])))
        into.roles[person] = (best[1], tuple(sorted({org for _, _, org in held if org})))


def users(file: str, body: bytes, into: Bundle) -> None:
    """Read people, and what their LMS calls them: `{homePage:account}` in userIds, or `{:account}` as it stands."""
    for line in lines(file, body, into, needs=("sourcedId",)):
        ref = line.ref("sourcedId")
        if not ref or not into.once(into.people, ref, line.at, "sourcedId"):
            continue
        role, schools = _role_and_schools(line, ref)
        if role in _RELATIVES:
            into.relatives.add(ref)
        elif role is not None:
            into.people[ref] = _person(line, ref, role, schools)
            _call_person(line, ref)


def _person(line: Line, ref: str, role: str, schools: tuple[str, ...]) -> PersonRow:
    enabled = (line.text("enabledUser") or "true").lower() not in {"false", "0"}
    return PersonRow(
        ref=ref,
        role=role,
        given_name=line.text("givenName"),
        family_name=line.text("familyName"),
        grade=grade_of(line.text("grades")),
        active=enabled and not _deleted(line),
        deleted=_deleted(line),
        schools=schools,
        at=line.at,
    )


def _role_and_schools(line: Line, ref: str) -> tuple[str | None, tuple[str, ...]]:
    if "role" in line.cells and (line.text("role") or ref not in line.into.roles):
        listed = line.text("orgSourcedIds") or ""
        return _role(line), tuple(org.strip() for org in listed.split(",") if org.strip())
    if ref in line.into.roles:
        return line.into.roles[ref]
    if not _deleted(line):
        line.wrong("sourcedId", f"{ref!r} has no role", "Add it to roles.csv, or a column role to this file.")
    return None, ()


def _call_person(line: Line, ref: str) -> None:
    line.into.call("person", ref, ref, line.at)
    line.into.call("person", line.text("identifier"), ref, line.at)
    found = line.text("userIds", most=4_000) or ""
    for home, account in _USER_ID.findall(found):
        line.into.call("person", f"{home}|{account}" if home else account, ref, line.at)
    if _USER_ID.sub("", found).strip(", "):
        line.wrong(
            "userIds", "it is not of the form {type:id},{type:id}", "Write for example {https://lms.example:413}."
        )


def classes(file: str, body: bytes, into: Bundle) -> None:
    """Read classes; their code is a name of theirs, as LMSs send it."""
    for line in lines(file, body, into, needs=("sourcedId", "title")):
        ref, title = line.ref("sourcedId"), line.required("title")
        if not ref or not title or not into.once(into.classes, ref, line.at, "sourcedId"):
            continue
        grade = grade_of(line.text("grades"))
        course = line.text("courseSourcedId")
        into.classes[ref] = ClassRow(
            ref=ref,
            title=title,
            grade=into.course_grades.get(course or "") if grade is None else grade,
            usual=_usual(line),
            deleted=_deleted(line),
            school=line.text("schoolSourcedId"),
            at=line.at,
        )
        if not _deleted(line):
            into.call("class", ref, ref, line.at)
            into.call("class", line.text("classCode"), ref, line.at)


def _usual(line: Line) -> SessionRow:
    """Return from the first to the last day of a class's terms."""
    terms = [term.strip() for term in (line.text("termSourcedIds") or "").split(",") if term.strip()]
    known = [line.into.sessions[term] for term in terms if term in line.into.sessions]
    if line.into.sessions and len(known) < len(terms):
        missing = next(term for term in terms if term not in line.into.sessions)
        line.wrong("termSourcedIds", f"there is no session {missing!r}", "Add it to academicSessions.csv.")
    begins = [term.began_at for term in known if term.began_at is not None]
    ends = [term.ended_at for term in known if term.ended_at is not None]
    return SessionRow(min(begins, default=None), max(ends, default=None)) if known else _ALWAYS


def enrollments(file: str, body: bytes, into: Bundle) -> None:
    """Read who is in which class, from when to when."""
    into.spoken.add("enrolment")
    seen: dict[tuple[str, str, object], int] = {}
    for line in lines(file, body, into, needs=("classSourcedId", "userSourcedId", "role")):
        deleted = _deleted(line)
        # Of a place that somebody no longer has a delta may leave out which it was.
        role = "student" if deleted and not line.text("role") else _role(line)
        class_ref, person = line.ref("classSourcedId"), line.ref("userSourcedId")
        if not class_ref or not person or not role or role in _RELATIVES:
            continue
        began, ended = line.moment("beginDate"), line.moment("endDate")
        if began and ended and ended < began:
            line.wrong("endDate", "it lies before beginDate", "Correct one of them.")
        first = seen.setdefault((class_ref, person, "deleted" if deleted else began), line.at.line)
        if first != line.at.line and not deleted:
            line.wrong("", f"{person!r} already begins in {class_ref!r} in line {first}", "Remove one of the two.")
            continue
        into.enrolments.append(EnrolmentRow(class_ref, person, role, began, ended, deleted, line.at))


def grade_of(listed: str | None) -> float | None:
    """Return the first grade of a list as a number: KG is 0, 05 is 5; None where it is no year of school.

    Source: CEDS Entry Grade Level.
    """
    first = (listed or "").split(",")[0].strip().upper()
    if first in {"KG", "K", "TK", "PK"}:
        return 0.0
    return float(first) if first.isdecimal() and int(first) <= _HIGHEST_GRADE else None


def _role(line: Line) -> str | None:
    found = (line.required("role") or "").lower()
    if not found or found in _RELATIVES:
        return found or None
    if found not in _ROLES:
        line.wrong("role", f"{found[:50]!r} is no role of OneRoster", "Write student, teacher, aide or administrator.")
    return _ROLES.get(found)


def _rank(role: str) -> int:
    return _RANK.index(role) if role in _RANK else len(_RANK)


def _deleted(line: Line) -> bool:
    return (line.text("status") or "").lower() == "tobedeleted"
