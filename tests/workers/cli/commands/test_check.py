"""`souschef check`: every problem at once, and sense, without a database."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from workers.cli.commands.template import template
from workers.cli.main import app

RUN = CliRunner()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The templates; and no database anywhere."""
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    template(tmp_path / "school")
    return tmp_path / "school"


def checked(folder: Path, *, code: int = 0) -> Any:
    done = RUN.invoke(app, ["check", str(folder), "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_the_templates_are_in_order_and_what_is_missing_is_said(folder: Path) -> None:
    found = checked(folder)
    assert (found["problems"], found["notices"], found["refused"]) == ([], [], False)
    assert found["missing"] == ["1 skill has no item, so that answers say nothing of it: 4.NF.2."]


def test_every_problem_is_said_at_once(folder: Path) -> None:
    """A bad cell of our own file refuses all; a bad row of a roster is left out; a name that is nowhere is noted."""
    (folder / "skills.csv").write_text("skill,title,grade\n4.NF.1,Equal,99\n4.NF.2,,4\n")
    (folder / "users.csv").write_text("sourcedId,role\ns1,student\ns2,wizard\n")
    (folder / "scope.csv").write_text("class,skill\nk9,4.NF.1\n")
    found = checked(folder, code=2)
    assert {(each["file"], each["line"], each["severity"]) for each in found["problems"]} == {
        ("users.csv", 3, "row"),
        ("skills.csv", 2, "fatal"),
        ("skills.csv", 3, "fatal"),
    }
    assert "there is no class 'k9' in the files" in [each["wrong"] for each in found["notices"]]


@pytest.mark.parametrize(
    ("file", "body", "sentence"),
    [
        (
            "scope.csv",
            "class,skill\nk1,4.NF.2\n",
            "1 skill in scope has no material, and is never assigned: 4.NF.2.",
        ),
        ("scope.csv", "class,skill\n", "1 class has no scope: k1."),
        ("enrollments.csv", "classSourcedId,userSourcedId,role\n", "1 student is in no class: s1."),
        (
            "materials.csv",
            "material,title,url,skills,difficulty\nm,a,https://m.example,4.NF.1,2\n",
            "1 skill has no material at an easy level (difficulty 0 or less): 4.NF.1.",
        ),
    ],
)
def test_what_would_leave_somebody_without_work_is_said(folder: Path, file: str, body: str, sentence: str) -> None:
    (folder / file).write_text(body)
    assert sentence in checked(folder)["missing"]
    shown = RUN.invoke(app, ["check", str(folder)])
    assert sentence in shown.stdout.splitlines()
    assert shown.stdout.endswith("would load.\n")


def test_syntax_unknown_names_cycles_and_questionnaires_are_said_in_one_pass(folder: Path) -> None:
    (folder / "skills.csv").write_text("skill,title,grade\n4.NF.1,Equal,99\n4.NF.2,Comparing,4\n")
    (folder / "prerequisites.csv").write_text("skill,needs\n4.NF.1,4.NF.2\n4.NF.2,4.NF.1\n")
    (folder / "alignments.csv").write_text('item,skill\nq1,"4.NF.1,4.NF.2"\nq2,4.NFF.1\n')
    (folder / "questionnaires").mkdir()
    (folder / "questionnaires" / "likes.json").write_text('{"survey": "likes", "questions": [{"id": "q"}]}')
    found = checked(folder, code=2)
    assert {"skills.csv", "prerequisites.csv", "questionnaires/likes.json"} <= {
        each["file"] for each in found["problems"]
    }
    assert any("this closes a cycle: 4.NF.1 needs 4.NF.2 needs 4.NF.1" in each["wrong"] for each in found["problems"])
    hints = {each["wrong"]: each["hint"] for each in found["notices"]}
    assert hints["there is no skill '4.NF.1,4.NF.2' in the files"] == "Separate several by a semicolon: 4.NF.1;4.NF.2"
    assert hints["there is no skill '4.NFF.1' in the files"] == "Did you mean 4.NF.1?"


def test_an_item_of_a_material_without_a_skill_is_said(folder: Path) -> None:
    (folder / "materials.csv").write_text(
        "material,title,url,skills,difficulty,items\nm,a,https://m.example,4.NF.1,0,q9\n"
    )
    assert "1 item has no skill in alignments.csv, so that answers count nowhere: q9." in checked(folder)["missing"]


def test_a_single_table_is_checked_as_what_it_is_said_to_be(folder: Path) -> None:
    file = folder.parent / "Pupils.csv"
    file.write_text("Student ID;Kind;Phone\n1;student;555\n2;wizard;556\n")
    options = ["--as", "users", "--map", "Student ID=sourcedId", "--map", "Kind=role"]
    done = RUN.invoke(app, ["check", str(file), *options])
    assert (done.exit_code, "would load, without 1 of them" in done.stdout) == (0, True)
    (folder.parent / "map.txt").write_text("# of the office\nStudent ID=sourcedId\n\nKind=role\n")
    again = RUN.invoke(app, ["check", str(file), "--as", "users", "--map-file", str(folder.parent / "map.txt")])
    assert again.stdout == done.stdout
