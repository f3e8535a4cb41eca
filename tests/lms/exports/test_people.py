"""Rosters in the forms in which Canvas, Google Classroom and Moodle export them; people and numbers are invented."""

import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.exports import people
from lms.exports.imported import ExportError, Imported
from lms.exports.people import Wanted

GRADEBOOK = """Student,ID,SIS User ID,SIS Login ID,Section,Quiz 1 (101),Current Score
,,,,,Manual Posting,
    Points Possible,,,,,10.00,(read only)
"Lee, Ada",42,S1,alee@elm.example,Science 7A,9,90
"Ray, Bo",43,S2,bray,"Science 7A and Science 7B",8,80
"Cho, Cy",44,,ccho,Science 7B,7,70
"Student, Test",99,,f00ba4,,,
"""
SIS = {
    "users.csv": """user_id,login_id,first_name,last_name,email,status
S1,alee,Ada,Lee,a@elm.example,active
S2,bray,Bo,Ray,b@elm.example,deleted
T1,tmoss,Tia,Moss,t@elm.example,active
""",
    "sections.csv": "section_id,course_id,name,status\nSEC7A,SCI7,Science 7A,active\n",
    "courses.csv": "course_id,short_name,long_name,account_id,term_id,status\nSCI7,Sci,Science 7,,,active\n",
    "enrollments.csv": """course_id,user_id,role,section_id,status
SCI7,S1,student,SEC7A,active
SCI7,S2,student,SEC7A,completed
SCI7,T1,teacher,SEC7A,active
SCI7,P1,observer,SEC7A,active
SCI7,S9,student,SEC7A,active
""",
}
CLASSROOM = """Last Name,First Name,Email Address,Quiz 1,Essay
,,,2026-09-01,2026-09-02
,,,10,100
Lee,Ada,Ada.Lee@elm.example,9,80
Ray,Bo,bo@elm.example,8,70
"""
GAM = """courseId,courseName,userRole,profile.emailAddress,profile.id,profile.name.fullName
501,Science 7A,TEACHER,tia@elm.example,1,Tia Moss
501,Science 7A,STUDENT,ada@elm.example,2,Ada Lee
"""
PARTICIPANTS = """﻿"First name","Last name","ID number","Email address",Groups,Roles
Ada,Lee,S1,ada@elm.example,"7A",Student
Bo,Ray,,bo@elm.example,"7A, Chess",Student
Tia,Moss,T1,tia@elm.example,,"Teacher, Student"
Gus,Gray,G1,gus@elm.example,,Guest
"""
GERMAN = """Vorname;Nachname;ID-Nummer;E-Mail-Adresse;Gruppen
Åsa;Müller;S1;asa@elm.example;7A
"""
UPLOAD = """username,firstname,lastname,email,idnumber,course1,role1,course2
alee,Ada,Lee,a@elm.example,S1,SCI7,student,MATH7
tmoss,Tia,Moss,t@elm.example,T1,SCI7,editingteacher,
"""


def rows(found: Imported, file: str, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row.get(each, "") for each in columns) for row in found.rows.get(file, [])]


def read(reader: Callable[..., Imported], name: str, text: str, **options: Any) -> Imported:
    return reader([(name, text.encode())], Wanted(**options))


def test_a_gradebook_of_canvas_gives_sections_as_classes_and_no_grade_or_address() -> None:
    found = read(people.canvas, "grades.csv", GRADEBOOK, school="elm")
    assert rows(found, "users.csv", "sourcedId", "givenName", "familyName", "role") == [
        ("S1", "Ada", "Lee", "student"),
        ("S2", "Bo", "Ray", "student"),
        ("ccho", "Cy", "Cho", "student"),
    ]
    assert rows(found, "classes.csv", "sourcedId", "title", "schoolSourcedId") == [
        ("science-7a", "Science 7A", "elm"),
        ("science-7b", "Science 7B", "elm"),
    ]
    assert len(found.rows["enrollments.csv"]) == 4
    assert found.left_out == {"are no people, such as points and averages": 3}
    assert "@" not in str(found.rows)


def test_a_section_with_and_in_its_name_is_one_class() -> None:
    text = "Student,ID,SIS User ID,Section\nLee Ada,1,S1,Arts and Crafts\n"
    assert rows(read(people.canvas, "g.csv", text), "classes.csv", "title") == [("Arts and Crafts",)]


def test_the_sis_files_of_canvas_are_recognised_by_their_columns_in_any_order() -> None:
    """S2 is deleted, P1 observes, S9 is in no file of people."""
    for files in (SIS.items(), reversed(SIS.items())):
        found = people.canvas([(name, text.encode()) for name, text in files], Wanted())
        assert sorted(rows(found, "users.csv", "sourcedId", "role", "status")) == [
            ("S1", "student", ""),
            ("S2", "student", "tobedeleted"),
            ("T1", "teacher", ""),
        ]
        assert rows(found, "classes.csv", "sourcedId", "title") == [("SEC7A", "Science 7A")]
        assert rows(found, "enrollments.csv", "userSourcedId", "role", "status") == [
            ("S1", "student", ""),
            ("S2", "student", "tobedeleted"),
            ("T1", "teacher", ""),
        ]
        assert found.left_out == {"name a person who is not there": 2}


def test_grades_of_google_classroom_name_people_by_address_and_the_class_by_the_file() -> None:
    found = read(people.google_classroom, "Science 7A.csv", CLASSROOM)
    assert rows(found, "users.csv", "sourcedId", "givenName", "familyName") == [
        ("ada.lee@elm.example", "Ada", "Lee"),
        ("bo@elm.example", "Bo", "Ray"),
    ]
    assert rows(found, "classes.csv", "sourcedId", "title") == [("science-7a", "Science 7A")]
    assert found.left_out == {"are no people, such as points and averages": 2}
    assert found.notes[0] == "Of 2 the export has no number: their e-mail address is their id here."


def test_course_participants_of_gam_have_roles_and_courses() -> None:
    found = read(people.google_classroom, "participants.csv", GAM)
    assert rows(found, "users.csv", "sourcedId", "role", "familyName") == [
        ("tia@elm.example", "teacher", "Moss"),
        ("ada@elm.example", "student", "Lee"),
    ]
    assert rows(found, "classes.csv", "sourcedId", "title") == [("501", "Science 7A")]


def test_participants_of_moodle_have_roles_and_perhaps_groups() -> None:
    """Bo has no number and is named by his address; Gus is a guest; of two roles the stronger counts."""
    found = read(people.moodle, "p.csv", PARTICIPANTS, class_title="Science 7A")
    assert rows(found, "users.csv", "sourcedId", "role") == [
        ("S1", "student"),
        ("bo@elm.example", "student"),
        ("T1", "teacher"),
    ]
    assert rows(found, "classes.csv", "title") == [("Science 7A",)]
    assert [str(each) for each in found.problems] == [
        (
            "p.csv, line 5: 'Guest' is no known role. "
            "Nothing to do, if they neither learn nor teach; else write student or teacher."
        )
    ]
    by_group = read(people.moodle, "p.csv", PARTICIPANTS, class_title="Science 7A", by_group=True)
    assert rows(by_group, "classes.csv", "sourcedId") == [("7a",), ("chess",), ("science-7a",)]


def test_moodle_in_german_with_semicolons_is_read() -> None:
    found = read(people.moodle, "teilnehmer.csv", GERMAN, class_title="Bio 7")
    assert rows(found, "users.csv", "sourcedId", "givenName", "familyName") == [("S1", "Åsa", "Müller")]


def test_moodles_own_numbers_become_account_names_with_the_address_of_the_site() -> None:
    text = "id,username,First name,Last name,ID number\n413,alee,Ada,Lee,S1\n"
    found = read(people.moodle, "u.csv", text, home="https://moodle.example/", school="elm")
    assert rows(found, "users.csv", "sourcedId", "userIds") == [("S1", "{https://moodle.example:413}")]
    assert found.notes == []


def test_a_file_of_upload_users_names_courses_in_columns() -> None:
    found = read(people.moodle, "upload.csv", UPLOAD)
    assert rows(found, "enrollments.csv", "classSourcedId", "userSourcedId", "role") == [
        ("SCI7", "S1", "student"),
        ("MATH7", "S1", "student"),
        ("SCI7", "T1", "teacher"),
    ]


def test_two_people_with_one_number_are_reported_and_the_first_stays() -> None:
    text = "First name,Last name,ID number\nAda,Lee,S1\nBo,Ray,S1\n"
    found = read(people.moodle, "p.csv", text)
    assert rows(found, "users.csv", "givenName") == [("Ada",)]
    assert found.left_out == {"have another's number": 1}


def test_a_number_that_a_spreadsheet_has_rounded_names_nobody() -> None:
    found = read(people.moodle, "p.csv", "First name,Last name,ID number\nAda,Lee,2.10700E+16\nBo,Ray,S2\n")
    assert rows(found, "users.csv", "sourcedId") == rows(found, "enrollments.csv", "userSourcedId") == [("S2",)]
    assert found.left_out == {"have a damaged number": 1}


def test_a_column_of_another_name_is_read_as_what_it_is_said_to_be() -> None:
    text = 'Legajo,Alumno\nS1,"Lee, Ada"\n'
    with pytest.raises(ExportError, match="no column names a person; it has 'Legajo', 'Alumno'"):
        read(people.moodle, "p.csv", text)
    found = read(people.moodle, "p.csv", text, columns={"legajo": "id", "alumno": "name"})
    assert rows(found, "users.csv", "sourcedId", "familyName") == [("S1", "Lee")]


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    book, file = openpyxl.Workbook(write_only=True), io.BytesIO()
    for title, lines in sheets.items():
        sheet = book.create_sheet(title.replace("_", " "))
        for line in lines:
            sheet.append(line)
    book.save(file)
    return file.getvalue()


def test_a_list_of_the_office_is_read_sheet_by_sheet_and_notes_are_named() -> None:
    """Below a title; a blank around a class's name is none of it; who has no role is a student."""
    body = workbook(
        Year_7=[["Year 7"], ["Student no.", "First name", "Surname", "Class"], [7, "Ada", "Lee", " Science 7A "]],
        Staff=[["Number", "First name", "Surname", "Class", "Role"], [9, "Tia", "Moss", "Science 7A", "Teacher"]],
        Notes=[["Ask Tia"], ["about Ada"]],
    )
    found = people.office([("list.xlsx", body)], Wanted())
    assert rows(found, "users.csv", "sourcedId", "role", "familyName") == [
        ("7", "student", "Lee"),
        ("9", "teacher", "Moss"),
    ]
    assert rows(found, "classes.csv", "sourcedId", "title") == [("science-7a", "Science 7A")]
    assert len(found.rows["enrollments.csv"]) == 2
    assert [each.file for each in found.problems] == ["list.xlsx/Notes"]


def test_without_a_column_for_the_class_each_sheet_is_a_class() -> None:
    header = ["Student ID", "Name"]
    sheets: dict[str, list[list[object]]] = {"7.A": [[*header], [1, "Ada Lee"]], "7.B": [[*header], [2, "Bo Ray"]]}
    body = workbook(**sheets, Empty=[])
    found = people.office([("list.xlsx", body)], Wanted())
    assert rows(found, "enrollments.csv", "classSourcedId", "userSourcedId") == [("7-a", "1"), ("7-b", "2")]
    assert rows(found, "classes.csv", "title") == [("7.A",), ("7.B",)]
    one = people.office([("Science 7A.csv", b"Student ID,Name\n1,Ada Lee\n")], Wanted())
    assert rows(one, "classes.csv", "title") == [("Science 7A",)]


def test_mistakes_of_a_spreadsheet_put_nobody_into_a_class_of_its_own() -> None:
    """A merged row above the header, blanks, a formula without a value, an error of a formula, and the sheet twice."""
    list_of_7a: list[list[object]] = [
        ["Person", None, None, "Lessons"],
        ["Nr.", "Vorname ", " Nachname", "Klasse"],
        ["101 ", "Ada ", "Lee", "Bio  7A"],
        [102, "Bo", "Ray", "=D3"],
        ["#NV", "Cy", "Cho", "Bio 7A"],
    ]
    found = people.office([("liste.xlsx", workbook(**dict.fromkeys(("7", "7 (2)"), list_of_7a)))], Wanted())
    assert rows(found, "users.csv", "sourcedId", "givenName") == [("101", "Ada"), ("102", "Bo")]
    assert rows(found, "classes.csv", "title") == [("Bio 7A",)]
    assert rows(found, "enrollments.csv", "userSourcedId") == [("101",)]
    assert found.left_out == {"have a damaged number": 2, "have no class": 2}


def test_a_workbook_without_people_is_refused() -> None:
    body = workbook(Notes=[["a"], ["b"]], More=[["c"], ["d"]])
    with pytest.raises(ExportError, match="no column names a person"):
        people.office([("list.xlsx", body)], Wanted())


ALL = (people.canvas, people.google_classroom, people.moodle, people.office)
TEXTS = (GRADEBOOK, *SIS.values(), CLASSROOM, GAM, PARTICIPANTS, GERMAN, UPLOAD)


@given(st.sampled_from(ALL), st.sampled_from(TEXTS), st.integers(0, 400), st.binary(max_size=30), st.booleans())
def test_no_broken_roster_raises_anything_but_its_error(
    reader: Callable[..., Imported],
    text: str,
    at: int,
    junk: bytes,
    cut: bool,  # noqa: FBT001 - Hypothesis draws it
) -> None:
    body = text.encode()
    broken = body[:at] + junk + (b"" if cut else body[at:])
    with suppress(ExportError):
        found = reader([("f.csv", broken)], Wanted())
        for place in found.rows.get("enrollments.csv", []):
            assert place["userSourcedId"] in {row["sourcedId"] for row in found.rows["users.csv"]}
