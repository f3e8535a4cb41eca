"""People, classes and who is in which: OneRoster 1.1 and 1.2 CSV.

Source: 1EdTech OneRoster 1.1 and 1.2, CSV binding. Of a person only what teaching needs is read: no e-mail, no phone,
no birth date.
"""

from __future__ import annotations

import re

from lms.files.bundle import Bundle, Line, lines

_ROLES = {"student": "student", "teacher": "teacher", "aide": "staff", "proctor": "staff", "administrator": "staff"}
_USER_ID = re.compile(r"\{\s*(.+):([^:{}]+?)\s*\}")


def orgs(file: str, body: bytes, into: Bundle) -> None:
    """Read the school: the first org of type school."""
    for line in lines(file, body, needs=("sourcedId", "name", "type"), faults=into.faults):
        if (line.text("type") or "").lower() == "school" and into.school is None and not _deleted(line):
            ref, name = line.required("sourcedId"), line.required("name")
            if ref and name:
                into.school = {"ref": ref, "name": name}


def users(file: str, body: bytes, into: Bundle) -> None:
    """Read people, and what their LMS calls them: `{homePage:account}` in userIds."""
    into.held.add("people")
    for line in lines(file, body, needs=("sourcedId", "role"), faults=into.faults):
        ref = line.required("sourcedId")
        if ref is None or _repeated(line, ref, into.people):
            continue
        role = (line.text("role") or "").lower()
        into.people[ref] = {
            "ref": ref,
            "role": _ROLES.get(role, "staff"),
            "given_name": line.text("givenName"),
            "family_name": line.text("familyName"),
            "grade": _grade(line, "grades"),
            "active": not _deleted(line) and (line.text("enabledUser") or "true").lower() != "false",
        }
        into.aliases["person", ref] = ref
        for name in (line.text("identifier"), *(f"{home}|{account}" for home, account in _accounts(line))):
            if name:
                _alias(line, into, "person", name, ref)


def classes(file: str, body: bytes, into: Bundle) -> None:
    """Read classes; their code is a name of theirs, as LMSs send it."""
    into.held.add("classes")
    for line in lines(file, body, needs=("sourcedId", "title"), faults=into.faults):
        ref, title = line.required("sourcedId"), line.required("title")
        if ref is None or title is None or _deleted(line) or _repeated(line, ref, into.classes):
            continue
        into.classes[ref] = {"ref": ref, "title": title, "grade": _grade(line, "grades")}
        into.aliases["class", ref] = ref
        if code := line.text("classCode"):
            _alias(line, into, "class", code, ref)


def enrollments(file: str, body: bytes, into: Bundle) -> None:
    """Read who is in which class, from when to when."""
    into.held.add("enrolments")
    for line in lines(file, body, needs=("classSourcedId", "userSourcedId", "role"), faults=into.faults):
        class_ref, person = line.required("classSourcedId"), line.required("userSourcedId")
        if class_ref is None or person is None or _deleted(line):
            continue
        into.enrolments[class_ref, person] = {
            "class": class_ref,
            "person": person,
            "role": _ROLES.get((line.text("role") or "").lower(), "staff"),
            "began_at": line.moment("beginDate"),
            "ended_at": line.moment("endDate"),
            "line": line.number,
        }


def _accounts(line: Line) -> list[tuple[str, str]]:
    found = line.text("userIds", most=4_000)
    return [] if found is None else [(home, account) for home, account in _USER_ID.findall(found)]


def _grade(line: Line, column: str) -> float | None:
    """Return the first grade of a list: KG is 0, 05 is 5; what is no grade level is left out."""
    found = (line.text(column) or "").split(",")[0].strip().upper()
    if found in {"KG", "PK", "TK", "K"}:
        return 0.0
    return float(found) if found.isdecimal() and int(found) <= 13 else None  # noqa: PLR2004 - the last year of school


def _alias(line: Line, into: Bundle, kind: str, name: str, ref: str) -> None:
    other = into.aliases.setdefault((kind, name), ref)
    if other != ref:
        line.wrong("", f"{name!r} already means {other}; a name means one {kind}")


def _repeated(line: Line, ref: str, known: object) -> bool:
    if ref in known:  # type: ignore[operator] # one of the bundle's mappings
        line.wrong("sourcedId", f"{ref!r} comes twice; remove one")
        return True
    return False


def _deleted(line: Line) -> bool:
    return (line.text("status") or "").lower() == "tobedeleted"
