"""People, classes and who is in which: OneRoster 1.1 and 1.2 CSV, as student information systems export it.

Source: 1EdTech OneRoster 1.1 and 1.2, CSV binding; an end date is exclusive there. Version 1.2 keeps a person's role in
roles.csv. Of a person only what teaching needs is read; of parents and other relatives nothing is. A row that cannot be
read is left out, and an optional cell that cannot be read is left empty: nobody can correct an export by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from lms.files.account_names import account_names
from lms.files.bundle import Bundle
from lms.files.columns import CLASSES, ENROLLMENTS, ORGS, USERS, FileFormat
from lms.files.csv_reader import CsvRow, csv_rows, wall_time
from lms.files.rows import ClassRow, EnrolmentRow, PersonRow, SchoolRow, SessionRow

_STAFF = ("aide", "proctor", "administrator", "districtadministrator", "siteadministrator", "systemadministrator")
_STAFF_TOO = ("principal", "counselor", "staff")
_ROLES = {"student": "student", "teacher": "teacher", **dict.fromkeys((*_STAFF, *_STAFF_TOO), "staff")}
_RELATIVES = frozenset({"parent", "guardian", "relative"})
_RANK = ("student", "teacher", "staff")
"""A person with several roles in version 1.2 and no primary one has the first of these."""
_STRONGER = ("teacher", "student", "staff")
"""Of two roles in one class the first of these counts."""
_ACTIVE = frozenset({"", "active", "enrolled", "current"})
_WITHDRAWN = frozenset(
    {"tobedeleted", "deleted", "inactive", "withdrawn", "dropped", "archived", "completed", "concluded", "ended"}
    | {"exited", "transferred", "graduated", "removed", "cancelled", "canceled", "disabled", "suspended", "rejected"}
)
_NO = frozenset({"false", "0", "no", "n"})
_HIGHEST_GRADE = 13
_ALWAYS = SessionRow(None, None)
_SCHOOL_COLUMNS = ("orgSourcedIds", "schoolSourcedId", "orgSourcedId")


def _owner(cells: Mapping[str, str]) -> tuple[str, ...]:
    """Return the schools that a row says it belongs to."""
    return tuple(_parts(next((cells[name] for name in _SCHOOL_COLUMNS if cells.get(name)), "")))


def _parts(text: str | None) -> Iterator[str]:
    return (part.strip() for part in (text or "").split(",") if part.strip())


def _rows(file: str, body: bytes, into: Bundle, *needs: str) -> Iterator[CsvRow]:
    return csv_rows(file, body, into, needs=needs, owner=_owner)


def _described(file: str, body: bytes, into: Bundle, form: FileFormat) -> Iterator[CsvRow]:
    """Yield the rows of a file with the columns that are described, and no others."""
    for row in _rows(file, body, into, *form.needs):
        row.cells = {column.name: row.cells[column.name] for column in form.columns if column.name in row.cells}
        yield row


def manifest(file: str, body: bytes, into: Bundle) -> None:
    """Read which files are deltas: what those leave out goes on."""
    for line in _rows(file, body, into, "propertyName", "value"):
        name = line.text("propertyName") or ""
        if name.startswith("file.") and (line.text("value") or "").lower() == "delta":
            into.deltas.add(name.removeprefix("file.").lower())


def orgs(file: str, body: bytes, into: Bundle) -> None:
    """Read the schools; districts and departments are none."""
    own = csv_rows(file, body, into, needs=ORGS.needs, owner=lambda cells: (cells.get("sourcedId", "").strip(),))
    for line in own:
        if (line.text("type") or "").lower() != "school" or _withdrawn(line):
            continue
        ref, name = line.ref("sourcedId"), line.required("name")
        if ref and name and line.once(into.schools, ref, "sourcedId"):
            into.schools[ref] = SchoolRow(ref, name, line.second_name("identifier"), line.at, line.text("timezone"))


def sessions(file: str, body: bytes, into: Bundle) -> None:
    """Read when terms begin and end."""
    for line in _rows(file, body, into, "sourcedId", "startDate", "endDate"):
        ref = line.ref("sourcedId")
        term = SessionRow(line.moment("startDate"), line.moment("endDate"))
        if ref and not line.bad and line.once(into.sessions, ref, "sourcedId"):
            into.sessions[ref] = term


def courses(file: str, body: bytes, into: Bundle) -> None:
    """Read the grades of courses, for classes that name none."""
    for line in _rows(file, body, into, "sourcedId"):
        ref, grade = line.ref("sourcedId"), grade_of(line.text("grades"))
        if ref and grade is not None:
            into.course_grades[ref] = grade


def roles(file: str, body: bytes, into: Bundle) -> None:
    """Read what people are at which school (version 1.2): a role that is valid now, of these a primary one."""
    found: dict[str, list[tuple[bool, bool, str, str | None]]] = {}
    for line in _rows(file, body, into, "userSourcedId", "role"):
        person, role = line.ref("userSourcedId"), _role(line)
        began, ended = line.moment("beginDate"), line.moment("endDate")
        if person and role and not line.bad and not _withdrawn(line):
            over = _over(began, ended, into.now)
            secondary = (line.text("roleType") or "").lower() != "primary"
            found.setdefault(person, []).append((over, secondary, role, line.text("orgSourcedId")))
    for person, roles_found in found.items():
        best = min(roles_found, key=lambda each: (each[0], each[1], each[2] not in _RANK, _rank(each[2])))
        valid = [each for each in roles_found if each[0] == best[0]]
        into.roles[person] = (best[2], tuple(sorted({org for *_, org in valid if org})))
        if best[0]:
            into.without_role.add(person)


def _over(began: datetime | None, ended: datetime | None, now: datetime | None) -> bool:
    """Return whether a role is over; one that is still to come is not valid before it begins either."""
    if now is None:
        return False
    today = wall_time(now)
    return bool((ended and wall_time(ended) <= today) or (began and wall_time(began) > today))


def users(file: str, body: bytes, into: Bundle) -> None:
    """Read people, and what their LMS calls them (`account_names`)."""
    for line in _described(file, body, into, USERS):
        ref = line.ref("sourcedId")
        if not ref:
            continue
        gone = _withdrawn(line)
        role, schools = _role_and_schools(line, ref, gone=gone)
        if role in _RELATIVES:
            into.relatives.add(ref)
        elif role is not None and not line.bad:
            row = _with_names(line, _person(line, ref, role, schools, gone=gone))
            if not line.bad and _one_person(line, row):
                for name in (row.ref, row.identifier, *row.accounts):
                    into.call("person", name, row.ref, line.at, active=row.active or name == row.ref)


def _person(line: CsvRow, ref: str, role: str, schools: tuple[str, ...], *, gone: bool) -> PersonRow:
    enabled = (line.text("enabledUser") or "true").lower() not in _NO
    return PersonRow(
        ref=ref,
        role=role,
        given_name=line.text("givenName"),
        family_name=line.text("familyName"),
        grade=grade_of(line.text("grades")),
        active=enabled and not gone and ref not in line.into.without_role,
        deleted=gone,
        schools=schools,
        at=replace(line.at, schools=line.at.schools or schools),
    )


def _one_person(line: CsvRow, row: PersonRow) -> bool:
    """Keep a person; of one with a row a school keep one row. Return False where the id is another person's."""
    people = line.into.people
    first_row = people.setdefault(row.ref, row)
    if first_row is row:
        return True
    if (first_row.given_name, first_row.family_name) != (row.given_name, row.family_name):
        line.once(people, row.ref, "sourcedId")
        return False
    first, other = (first_row, row) if first_row.active >= row.active else (row, first_row)
    people[row.ref] = replace(
        first,
        role=min(first.role, other.role, key=_rank) if first.active == other.active else first.role,
        grade=first.grade if first.grade is not None else other.grade,
        identifier=first.identifier or other.identifier,
        accounts=tuple(dict.fromkeys((*first.accounts, *other.accounts))),
        deleted=first.deleted and other.deleted,
        # A school that the person has left is none of theirs.
        schools=tuple(sorted({*first.schools, *(other.schools if other.deleted <= first.deleted else ())})),
        at=replace(first_row.at, schools=tuple(sorted({*first_row.at.schools, *row.at.schools}))),
    )
    line.notice("sourcedId", f"{row.ref!r} has several rows", "They are read as one person.", about="several")
    return True


def _role_and_schools(line: CsvRow, ref: str, *, gone: bool) -> tuple[str | None, tuple[str, ...]]:
    if "role" in line.cells and (line.text("role") or ref not in line.into.roles):
        return _role(line), tuple(_parts(line.text("orgSourcedIds")))
    if ref in line.into.roles:
        return line.into.roles[ref]
    if not gone:
        line.wrong("sourcedId", f"{ref!r} has no role", "Add it to roles.csv, or a column role to this file.")
    return None, ()


def _with_names(line: CsvRow, row: PersonRow) -> PersonRow:
    """Return a person with their number and with what their LMS calls them."""
    names, plain = account_names(line.text("userIds", most=4_000) or "")
    if plain:
        wrong = f"{plain[:50]!r} stands without braces, and is read as a name as it stands"
        line.notice("userIds", wrong, "Write for example {https://lms.example:413}.", about="braces")
    accounts = (line.undamaged("userIds", name) for name in names)
    return replace(row, identifier=line.second_name("identifier"), accounts=tuple(filter(None, accounts)))


def classes(file: str, body: bytes, into: Bundle) -> None:
    """Read classes; their code is a name of theirs, as LMSs send it."""
    for line in _described(file, body, into, CLASSES):
        ref, title, gone = line.ref("sourcedId"), line.required("title"), _withdrawn(line)
        if not ref or not title or not line.once(into.classes, ref, "sourcedId"):
            continue
        grade = grade_of(line.text("grades"))
        course = line.text("courseSourcedId")
        into.classes[ref] = ClassRow(
            ref=ref,
            title=title,
            grade=into.course_grades.get(course or "") if grade is None else grade,
            usual=_usual(line),
            deleted=gone,
            school=line.text("schoolSourcedId"),
            at=line.at,
        )
        if not gone:
            into.call("class", ref, ref, line.at)
            into.call("class", line.second_name("classCode"), ref, line.at)


def _usual(line: CsvRow) -> SessionRow:
    """Return from the first to the last day of a class's terms; a term that is not described is left out."""
    terms = list(_parts(line.text("termSourcedIds")))
    sessions = [line.into.sessions[term] for term in terms if term in line.into.sessions]
    if line.into.sessions and len(sessions) < len(terms):
        missing = next(term for term in terms if term not in line.into.sessions)
        line.notice("termSourcedIds", f"there is no session {missing!r}", "Add it to academicSessions.csv.")
    begins = [term.began_at for term in sessions if term.began_at is not None]
    ends = [term.ended_at for term in sessions if term.ended_at is not None]
    return (
        SessionRow(min(begins, key=wall_time, default=None), max(ends, key=wall_time, default=None))
        if sessions
        else _ALWAYS
    )


def enrollments(file: str, body: bytes, into: Bundle) -> None:
    """Read who is in which class, from when to when; two roles of a person in a class at once are one enrolment."""
    into.spoken.add("enrolment")
    seen: dict[tuple[str, str], list[int]] = {}
    for line in _described(file, body, into, ENROLLMENTS):
        row = _enrolment(line)
        if row is not None:
            places = seen.setdefault((row.class_ref, row.person), [])
            same = next((place for place in places if _same_place(into.enrolments[place], row)), None)
            if same is None:
                places.append(len(into.enrolments))
                into.enrolments.append(row)
            else:
                _join(line, same, row)


def _enrolment(line: CsvRow) -> EnrolmentRow | None:
    deleted = _withdrawn(line)
    # Of a place that somebody no longer has a delta may leave out which it was.
    role = "student" if deleted and not line.text("role") else _role(line)
    class_ref, person = line.ref("classSourcedId"), line.ref("userSourcedId")
    began, ended = line.moment("beginDate"), line.moment("endDate")
    if began and ended and wall_time(ended) < wall_time(began):
        line.wrong("endDate", "it lies before beginDate", "Correct one of them.")
    if not class_ref or not person or role in _RELATIVES:
        return None
    if line.bad or not role:
        line.into.unread_enrolments.add((class_ref, person))
        return None
    return EnrolmentRow(class_ref, person, role, began, ended, deleted, line.at)


def _same_place(one: EnrolmentRow, other: EnrolmentRow) -> bool:
    """Return whether two rows of one person in one class are one enrolment: of one time, or of two roles at once."""
    if one.deleted or other.deleted:
        return one.deleted and other.deleted
    return one.began_at == other.began_at or (one.role != other.role and _meet(one, other))


def _meet(one: EnrolmentRow, other: EnrolmentRow) -> bool:
    return _before(one.began_at, other.ended_at) and _before(other.began_at, one.ended_at)


def _before(began: datetime | None, ended: datetime | None) -> bool:
    return began is None or ended is None or wall_time(began) < wall_time(ended)


def _join(line: CsvRow, place: int, row: EnrolmentRow) -> None:
    """Make one enrolment of two: the stronger role, from the earlier beginning to the later end."""
    first_row = line.into.enrolments[place]
    if not row.deleted:
        wrong = f"{row.person!r} is in {row.class_ref!r} already by {first_row.at.seen_from(line.at)}"
        line.notice("", wrong, "The two are read as one, with the stronger role.", about="joined")
    begins, ends = (first_row.began_at, row.began_at), (first_row.ended_at, row.ended_at)
    line.into.enrolments[place] = replace(
        first_row,
        role=min(first_row.role, row.role, key=_STRONGER.index),
        began_at=None if None in begins else min((each for each in begins if each), key=wall_time),
        ended_at=None if None in ends else max((each for each in ends if each), key=wall_time),
    )


def grade_of(text: str | None) -> float | None:
    """Return the first grade of a list as a number: KG is 0, 05 is 5; None where it is no year of school.

    Source: CEDS Entry Grade Level.
    """
    first = (text or "").split(",")[0].strip().upper()
    if first in {"KG", "K", "TK", "PK"}:
        return 0.0
    return float(first) if first.isdecimal() and int(first) <= _HIGHEST_GRADE else None


def _role(line: CsvRow) -> str | None:
    found = (line.required("role") or "").lower()
    if not found or found in _RELATIVES:
        return found or None
    if found not in _ROLES:
        line.wrong("role", f"{found[:50]!r} is no role of OneRoster", "Write student, teacher, aide or administrator.")
    return _ROLES.get(found)


def _rank(role: str) -> int:
    return _RANK.index(role) if role in _RANK else len(_RANK)


def _withdrawn(line: CsvRow) -> bool:
    """Return whether a row's status says that it is over; a word that is not first_row counts so, with a notice."""
    found = line.text("status") or ""
    word = "".join(filter(str.isalnum, found.casefold()))
    if word in _ACTIVE:
        return False
    if word not in _WITHDRAWN:
        wrong = f"{found[:50]!r} is no status of OneRoster, and is read as withdrawn"
        line.notice("status", wrong, "Write active or tobedeleted.")
    return True
