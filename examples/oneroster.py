"""A school's people and classes as OneRoster 1.1 CSV (bulk).

Source: IMS OneRoster 1.1 CSV tables; in bulk files `status` and `dateLastModified` stay empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.tables import write_csv

SESSION = "fall-2026"


@dataclass(frozen=True, slots=True)
class Person:
    """One student or teacher."""

    ref: str
    given: str
    family: str
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
    grades = sorted({group.grade for group in school.classes})
    write_csv(
        folder / "courses.csv",
        header,
        [_course_row(grade, school) for grade in grades],
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


def _course_row(grade: int, school: School) -> list[str]:
    spoken = _spoken(grade)
    named = ["", f"Grade {spoken} Mathematics", f"MATH-{spoken}", grade_code(grade)]
    return [_course(grade), "", "", *named, school.ref, "Mathematics", ""]


def _class_row(group: SchoolClass, school: School) -> list[str]:
    named = [group.title, grade_code(group.grade), _course(group.grade), group.code, "scheduled", ""]
    return [group.code, "", "", *named, school.ref, SESSION, "Mathematics", "", ""]


def _write_users(folder: Path, school: School) -> None:
    header = (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,"
        "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
    )
    rows = []
    for group in school.classes:
        rows.append(_user(school, group.teacher, role="teacher"))
        rows += [_user(school, student, role="student") for student in group.students]
    write_csv(folder / "users.csv", header, rows)


def _user(school: School, person: Person, *, role: str) -> list[str]:
    grades = grade_code(person.grade) if role == "student" else ""
    named = [person.ref, f"{{{school.home_page}:{person.account}}}", person.given, person.family]
    return [person.ref, "", "", "true", school.ref, role, *named, "", person.ref, "", "", "", "", grades, ""]


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


def _course(grade: int) -> str:
    return f"math-{_spoken(grade).lower()}"
