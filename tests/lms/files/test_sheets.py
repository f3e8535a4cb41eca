"""Workbooks: what a school keeps in a spreadsheet is read as the CSV of the same name, with its own columns."""

import datetime as dt
import io
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.files import sheets
from lms.files.bundle import Bundle
from lms.files.column_map import ColumnMapError, column_map
from lms.files.registry import parse

PEOPLE: list[list[Any]] = [
    ["Springfield School, list of 2 September"],
    [],
    ["Student ID", "First", "Last", "Kind", "Born"],
    [4711.0, "Ada", "Lee", "student", dt.datetime(2014, 5, 1)],  # noqa: DTZ001 - as a spreadsheet has it
    [],
    [4712, "Bo", "Ray", "Teacher", None],
]
MAP = ["Student ID=sourcedId", "First=givenName", "Last=familyName", "Kind=role", "*="]


def workbook(**pages: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in pages.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(name: str, body: bytes, *entries: str, **options: Any) -> Bundle:
    return parse([(name, body)], columns=column_map(entries), **options)


def test_a_list_with_a_title_and_columns_of_its_own_is_read_by_a_map() -> None:
    """Numbers are ids without a point; the line is the workbook's row, empty rows counted."""
    found = read("users.xlsx", workbook(Sheet1=PEOPLE), *MAP)
    assert not found.problems
    assert {ref: (row.given_name, row.role, row.at.line) for ref, row in found.people.items()} == {
        "4711": ("Ada", "student", 4),
        "4712": ("Bo", "teacher", 6),
    }


def test_sheets_that_are_no_file_are_named_and_decimals_may_stand_after_a_comma() -> None:
    """A copy of a sheet is none of ours; -0,5 is a text in a spreadsheet of another language."""
    skills = [["skill", "title", "weight"], ["A", "adding", "0,5"]]
    found = read("plan.xlsx", workbook(**{"Skills ": skills, "skills (2)": skills, "Notes": [["x"]]}))
    assert (found.problems, found.skills["A"].weight) == ([], 0.5)
    assert found.read_as == {"plan.xlsx": "without the sheets 'skills (2)', 'Notes'"}


def test_a_workbook_has_a_file_in_each_sheet_that_is_named_after_one() -> None:
    book = workbook(
        skills=[["skill", "title", "weight"], ["A", "adding", 0.5]],
        Notes=[["x"]],
        Scope=[["class", "skill"], ["k", "A"]],
    )
    found = read("school.xlsx", book)
    assert (found.files, found.problems) == (["school.xlsx/skills", "school.xlsx/Scope"], [])
    assert found.skills["A"].weight == 0.5
    assert ("k", "A") in found.scope


def test_a_single_file_of_any_name_is_read_as_what_it_is_said_to_be() -> None:
    book = read("2026 list.xlsx", workbook(Sheet1=PEOPLE), *MAP, alone=True, stands_for="users.csv")
    assert book.people.keys() == {"4711", "4712"}
    text = read("list.csv", b"Name;Code\nadding;A\n", "Name=title", "Code=skill", alone=True, stands_for="skills.csv")
    assert text.skills["A"].title == "adding"
    assert list(text.read_as.values()) == ["with semicolons between the columns"]


def test_a_workbook_without_any_known_sheet_says_how_to_name_one() -> None:
    [problem] = read("list.xlsx", workbook(Sheet1=PEOPLE, Other=[[1]])).problems
    assert str(problem) == (
        "list.xlsx: no sheet has the name of a file; it has 'Sheet1', 'Other'. "
        "Name a sheet after a file, such as users, or say what the first one is: --as users."
    )


def test_a_workbook_of_another_purpose_beside_other_files_is_left_unread_with_a_notice() -> None:
    for body in (workbook(Budget=[[1]]), b"PK"):
        found = parse([("skills.csv", b"skill,title\nA,adding\n"), ("budget.xlsx", body)])
        assert (found.problems, [*found.skills]) == ([], ["A"])
        assert found.notices[0].wrong.startswith("it is left unread: ")


def test_an_id_with_more_digits_than_a_spreadsheet_keeps_is_refused() -> None:
    """A spreadsheet keeps 15 digits: 21070000000000048 is 2.107E+16 in it, whatever its last digits were."""
    [problem] = read("skills.xlsx", workbook(a=[["skill", "title"], [21070000000000048, "adding"]])).problems
    assert "is what a spreadsheet made of a name" in problem.wrong


def test_days_and_yes_and_no_are_read_as_a_csv_has_them() -> None:
    rows: list[list[Any]] = [
        ["classSourcedId", "userSourcedId", "role", "beginDate"],
        ["k", "s", "student", dt.date(2026, 8, 31)],
    ]
    assert read("enrollments.xlsx", workbook(a=rows)).enrolments[0].began_at == dt.datetime(2026, 8, 31)  # noqa: DTZ001
    people: list[list[Any]] = [["sourcedId", "role", "enabledUser"], ["s", "student", False]]
    assert not read("users.xlsx", workbook(a=people)).people["s"].active


def test_a_hidden_sheet_and_a_lock_file_are_passed_over() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(skills=[["skill", "title"]], scope=[["class", "skill"]])))
    book["scope"].sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    assert read("a.xlsx", file.getvalue()).files == ["a.xlsx/skills"]


def zipped(**entries: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name.replace("__", "/"), body)
    return file.getvalue()


BOMB = zipped(**{"xl/workbook.xml": b"", "[Content_Types].xml": b"", "xl/sharedStrings.xml": b" " * (200 * 2**20)})
ENTITIES = b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c SYSTEM "file:///etc/passwd">]>'


def with_entities() -> bytes:
    """A workbook whose parts declare entities."""
    whole, file = zipfile.ZipFile(io.BytesIO(workbook(skills=[["skill", "title"], ["A", "b"]]))), io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in whole.namelist():
            body = whole.read(name)
            head = b"" if body.startswith(b"<?xml") else ENTITIES
            archive.writestr(name, head + body.replace(b"?>", b"?>" + ENTITIES, 1) if not head else head + body)
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"", "it is no workbook, or is cut off"),
        (b"PK\x03\x04 cut", "it is no workbook, or is cut off"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "it is an old workbook (.xls), or one with a password"),
        (zipped(**{"skills.csv": b"skill,title\n"}), "it is a zip, but no workbook"),
        (BOMB, "it unpacks to 200 MiB; 128 are allowed"),
        (zipped(**{"xl/workbook.xml": b"<a", "[Content_Types].xml": b"<b"}), "it is a broken workbook (ParseError)"),
        (with_entities(), "it is a broken workbook (ValueError)"),
    ],
    ids=["empty", "cut", "old", "zip", "bomb", "xml", "entities"],
)
def test_what_is_no_workbook_or_a_hostile_one_is_refused_by_name(body: bytes, wrong: str) -> None:
    [problem] = read("skills.xlsx", body).problems
    assert (problem.file, problem.wrong) == ("skills.xlsx", wrong)
    assert problem.hint


def test_workbooks_are_parsed_without_entities() -> None:
    """Openpyxl does so where defusedxml is installed, and says nothing where it is not."""
    assert openpyxl.DEFUSEDXML


def test_more_rows_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_ROWS", 2)
    [problem] = read("skills.xlsx", workbook(a=[["skill", "title"], ["A", "a"], ["B", "b"]])).problems
    assert problem.wrong == "a sheet has more than 2 rows"


GOOD = workbook(users=PEOPLE)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=40), st.booleans())
def test_no_broken_workbook_raises(at: int, junk: bytes, cut: bool) -> None:  # noqa: FBT001 - Hypothesis draws it
    read("users.xlsx", GOOD[:at] + junk + (b"" if cut else GOOD[at + len(junk) :]), *MAP)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("Student ID", "'Student ID' is no pair of columns. Write it like 'Student ID=sourcedId'."),
        ("=sourcedId", "'=sourcedId' is no pair of columns. Write it like 'Student ID=sourcedId'."),
        ("ID=sourceId", "'ID=sourceId': no file has a column 'sourceId'. Did you mean sourcedId?"),
        ("ID=qqqq", "'ID=qqqq': no file has a column 'qqqq'. docs/files.md lists the columns."),
    ],
)
def test_a_wrong_entry_of_a_map_says_what_to_write(entry: str, message: str) -> None:
    with pytest.raises(ColumnMapError) as error:
        column_map([entry])
    assert str(error.value) == message


def test_a_map_may_name_a_file_and_its_unused_entries_are_noted() -> None:
    files = [("skills.csv", b"Code,Name\nA,adding\n"), ("topics.csv", b"Code,Name\nfun,Fun\n")]
    columns = column_map(["Name=title", "skills:Code=skill", "topics.csv:code=topic", "Gone=weight"])
    found = parse(files, columns=columns)
    assert ([*found.skills], [*found.topics], found.problems) == (["A"], ["fun"], [])
    assert [each.wrong for each in found.notices] == ["no file has the column 'gone' that is mapped"]


def test_two_entries_for_one_column_are_refused() -> None:
    with pytest.raises(ColumnMapError, match="mapped twice"):
        column_map(["A=title", "a=skill"])
