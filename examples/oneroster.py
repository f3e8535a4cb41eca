"""A school's people and classes as OneRoster 1.1 CSV (bulk).

Source: IMS OneRoster 1.1 CSV tables; in bulk files `status` and `dateLastModified` stay empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.writers import write_csv

SESSION = "fall-2026"
MATHEMATICS = "Mathematics"


@dataclass(frozen=True, slots=True)
class Person:
    """One student or teacher."""

    ref: str
    given_name: str
    family_name: str
    account: str
    """The name of the account in the school's LMS."""
    grade: int = 0
    """0 is kindergarten; of no meaning for a teacher."""


@dataclass(frozen=True, slots=True)
class SchoolClass:
    """One class with its teacher and students."""

    code: str
    title: str
    grade: int
    teacher: Person
    students: Sequence[Person]
    subject: str = MATHEMATICS


@dataclass(frozen=True, slots=True)
class School:
    """One school with its LMS and classes."""

    ref: str
    name: str
    home_page: str
    """The address of its LMS, by which accounts are named."""
    classes: Sequence[SchoolClass]


def write_roster(folder: Path, school: School) -> None:
    """Write the seven files of a school's roster."""
    _write_manifest(folder)
    write_csv(
        folder / "orgs.csv",
        "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
        [[school.ref, "", "", school.name, "school", school.ref, ""]],
    )
    write_csv(
        folder / "academicSessions.csv",
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
        [[SESSION, "", "", "Fall 2026", "term", "2026-08-31", "2026-12-18", "", "2027"]],
    )
    _write_courses(folder, school)
    _write_classes(folder, school)
    _write_users(folder, school)
    _write_enrollments(folder, school)


def _write_manifest(folder: Path) -> None:
    bulk = ("academicSessions", "classes", "courses", "enrollments", "orgs", "users")
    absent = (
        "categories", "classResources", "courseResources", "demographics", "lineItems", "resources", "results",
    )  # fmt: skip
    files = [(f"file.{name}", "bulk" if name in bulk else "absent") for name in sorted(bulk + absent)]
    rows = [("manifest.version", "1.0"), ("oneroster.version", "1.1"), *files]
    rows += [("source.systemName", "Souschef example"), ("source.systemCode", "souschef-example")]
    write_csv(folder / "manifest.csv", "propertyName,value", rows)


def _write_courses(folder: Path, school: School) -> None:
    header = (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,"
        "subjects,subjectCodes"
    )
    courses = sorted({(group.subject != MATHEMATICS, group.grade, group.subject) for group in school.classes})
    write_csv(
        folder / "courses.csv",
        header,
        [_course_row(grade, subject, school) for _, grade, subject in courses],
    )


def _write_classes(folder: Path, school: School) -> None:
    header = (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,"
        "schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods"
    )
    write_csv(
        folder / "classes.csv",
        header,
        [_class_row(group, school) for group in school.classes],
    )


def _course_row(grade: int, subject: str, school: School) -> list[str]:
    spoken = _spoken(grade)
    cells = ["", f"Grade {spoken} {subject}", f"{subject[:4].upper()}-{spoken}", grade_code(grade)]
    return [_course(grade, subject), "", "", *cells, school.ref, subject, ""]


def _class_row(group: SchoolClass, school: School) -> list[str]:
    cells = [group.title, grade_code(group.grade), _course(group.grade, group.subject), group.code, "scheduled", ""]
    return [group.code, "", "", *cells, school.ref, SESSION, group.subject, "", ""]


def _write_users(folder: Path, school: School) -> None:
    header = (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,"
        "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
    )
    rows: dict[str, list[str]] = {}
    for group in school.classes:
        rows.setdefault(group.teacher.ref, _user(school, group.teacher, role="teacher"))
        for student in group.students:
            rows.setdefault(student.ref, _user(school, student, role="student"))
    write_csv(folder / "users.csv", header, rows.values())


def _user(school: School, person: Person, *, role: str) -> list[str]:
    grades = grade_code(person.grade) if role == "student" else ""
    cells = [person.ref, f"{{{school.home_page}:{person.account}}}", person.given_name, person.family_name]
    return [person.ref, "", "", "true", school.ref, role, *cells, "", person.ref, "", "", "", "", grades, ""]


def _write_enrollments(folder: Path, school: School) -> None:
    header = (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate"
    )
    rows = []
    for group in school.classes:
        for person in (group.teacher, *group.students):
            role = "teacher" if person is group.teacher else "student"
            primary = "true" if role == "teacher" else ""
            ids = [f"{group.code}-{person.ref}", "", "", group.code, school.ref, person.ref]
            rows.append([*ids, role, primary, "2026-08-31", "2026-12-18"])
    write_csv(folder / "enrollments.csv", header, rows)


def grade_code(grade: int) -> str:
    """Return a grade in the CEDS code that OneRoster asks for: KG, 01, 02."""
    return f"{grade:02d}" if grade else "KG"


def _spoken(grade: int) -> str:
    return str(grade) if grade else "K"


def _course(grade: int, subject: str) -> str:
    return f"{subject[:4].lower()}-{_spoken(grade).lower()}"
