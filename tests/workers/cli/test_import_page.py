"""`docs/import.md`: a school from an empty folder, by the page's commands alone, up to its first assignments."""

import io
import re
import shlex
from pathlib import Path

import openpyxl
import pytest

from config import settings as configuration
from workers.cli import main

PAGE = Path(__file__).parents[3] / "docs" / "import.md"
PARTICIPANTS = "First name,Last name,ID number,Roles\nAda,Lee,S1,Student\nBo,Ray,S2,Student\nTia,Moss,T1,Teacher\n"
FRAMEWORK = """Parent ID number,ID number,Short name,Description,Is framework
,SCI,Science,,1
,CELLS,Cells,,
CELLS,CELL-1,Parts of a cell,,
CELLS,CELL-2,Plant cells,,
"""
QUESTIONS = """<quiz><question type="truefalse"><name><text>CELL-1 walls</text></name>
<questiontext><text>x</text></questiontext></question><question type="truefalse"><name><text>CELL-2 leaves</text></name>
<questiontext><text>y</text></questiontext></question></quiz>"""
BACKUP = """<moodle_backup><information><original_wwwroot>https://moodle.example</original_wwwroot><contents><activities>
<activity><moduleid>31</moduleid><modulename>quiz</modulename><title>CELL-1 easy practice</title></activity>
<activity><moduleid>32</moduleid><modulename>page</modulename><title>CELL-2 practice</title></activity>
</activities></contents></information></moodle_backup>"""
FILES = {
    "participants.csv": PARTICIPANTS,
    "framework.csv": FRAMEWORK,
    "questions.xml": QUESTIONS,
    "backup.mbz": BACKUP,
}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)


def typed(line: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main.main(shlex.split(line)[1:])
    return int(ended.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path, database_settings: configuration.Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_leads_from_nothing_to_a_loaded_school(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two students, two skills, two questions, two activities; the second class is of nobody."""
    first, second = blocks("console")
    for line in first.splitlines():
        assert typed(line.removeprefix("$ ")) == 0, line
    assert "2 classes have no scope: science-7a, science-7b." in capsys.readouterr().out
    for line in second.splitlines():
        assert typed(line.removeprefix("$ ")) == 0, line
    output = capsys.readouterr().out
    assert "2 of them have no decision yet and get their first assignments." in output
    assert "left out" not in output


def test_the_same_with_a_spreadsheet_of_the_schools_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list of students as the office keeps it, by a column map."""
    for line in blocks("console")[0].splitlines():
        if "moodle-roster" not in line:
            assert typed(line.removeprefix("$ ")) == 0, line
    book = openpyxl.Workbook()
    users, places = book.worksheets[0], book.create_sheet("enrollments")
    users.title = "users"
    for row in (
        ["List of 2 September"],
        ["Number", "Kind", "Phone"],
        [4711, "student", "555"],
        [4712, "student", None],
    ):
        users.append(row)
    for row in (["classSourcedId", "Number", "role"], ["science-7a", 4711, "student"], ["science-7a", 4712, "student"]):
        places.append(row)
    file = io.BytesIO()
    book.save(file)
    school = folder / "my-school"
    for name in ("users.csv", "enrollments.csv"):
        (school / name).unlink()
    (school / "office.xlsx").write_bytes(file.getvalue())
    (school / "scope.csv").write_text("class,skill\nscience-7a,CELL-1\nscience-7a,CELL-2\n")
    columns = "--map users:Number=sourcedId --map enrollments:Number=userSourcedId --map Kind=role"
    assert typed(f"souschef load my-school {columns}") == 0
    assert "2 of them have no decision yet and get their first assignments." in capsys.readouterr().out
