"""`souschef fairness` over a really decided class: a planted disadvantage, and a group column that leaves no trace."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School
from tests.tasks.test_table_plans import class_ref  # noqa: F401 - a fixture
from workers.cli.main import app, main

pytestmark = pytest.mark.timeout(180)
SECRET = "zaraphine"
"""A group's name that must stand nowhere."""


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["fairness", *arguments, "--json"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.stdout)


@pytest.fixture
def halves(class_ref: str, ask: Ask, tmp_path: Path) -> Path:  # noqa: F811 - the fixture
    """A file with every second student of the class in one group."""
    assert class_ref
    refs = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")]
    lines = [f"{ref},{SECRET if number % 2 else 'rest'}" for number, ref in enumerate(refs)]
    path = tmp_path / "groups.csv"
    path.write_text("\n".join(["student,home", *lines, "nobody,rest"]), encoding="utf-8")
    return path


def flags(found: Any, group: str) -> set[tuple[str, bool]]:
    [own] = [each for each in found["groups"] if each["group"] == group]
    return {(each["figure"], each["worse"]) for each in own["figures"] if each["flag"]}


def test_a_planted_disadvantage_is_flagged_and_without_one_nothing_is(
    halves: Path,
    ask: Ask,
    class_ref: str,  # noqa: F811 - the fixture
) -> None:
    before = run(class_ref, "--groups", str(halves))
    assert {each["students"] for each in before["groups"]} == {14}
    assert before["unknown_students"] == 1
    assert flags(before, SECRET) == flags(before, "rest") == set()
    planted = {row[0]: row[1] for row in ask("SELECT ref, id FROM souschef.person WHERE role = 'student' ORDER BY ref")}
    ask("UPDATE souschef.person SET reading_level = 2 WHERE id = ANY(:ids) RETURNING 1", ids=[*planted.values()][1::2])
    refresh_assignments(list(planted.values()))
    after = run(class_ref, "--groups", str(halves))
    assert ("reading_blocked", True) in flags(after, SECRET)
    assert ("reading_blocked", False) in flags(after, "rest")
    shown = " ".join(CliRunner().invoke(app, ["fairness", class_ref, "--groups", str(halves)]).stdout.split())
    assert "served less" in shown
    assert "1 rows of the file name nobody here" in shown


def test_the_group_is_stored_and_logged_nowhere(
    halves: Path,
    ask: Ask,
    class_ref: str,  # noqa: F811 - the fixture
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = {table: ask(f"SELECT count(*) FROM souschef.{table}")[0][0] for table in _tables(ask)}
    run(class_ref, "--groups", str(halves))
    after = {table: ask(f"SELECT count(*) FROM souschef.{table}")[0][0] for table in _tables(ask)}
    assert {table for table in after if after[table] != before[table]} <= {"access", "access_head", "pseudonym"}
    for table in _tables(ask):
        assert ask(f"SELECT count(*) FROM souschef.{table} AS t WHERE t::text LIKE :name", name=f"%{SECRET}%") == [(0,)]
    assert SECRET not in caplog.text
    [(action, subjects, detail)] = ask(
        "SELECT action, jsonb_array_length(subjects), detail FROM souschef.access ORDER BY number DESC LIMIT 1"
    )
    assert (action, subjects, detail) == ("fairness", 28, {"days": 30})


def _tables(ask: Ask) -> list[str]:
    return [row[0] for row in ask("SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                                  "WHERE n.nspname = 'souschef' AND relkind IN ('r', 'p') ORDER BY 1")]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "arguments", "sentence"),
    [
        ("pupil,home\nx,y", (), "The file has no column student."),
        ("student\nx", (), "Which column is the group"),
        ("student,home,age\nx,y,z", (), "Give --column."),
        ("student,home\nx,y", ("--column", "age"), "The file has no column age."),
        ("student,home\nx,y\nx,z", (), "Line 3 gives a student a second group."),
        ("student,home\nx,y", (), "The file names no student of MATH-5A."),
        ("", (), "The file has no column student."),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(
    school: School,
    tmp_path: Path,
    content: str,
    arguments: tuple[str, ...],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert school
    path = tmp_path / "groups.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["fairness", "MATH-5A", "--groups", str(path), *arguments])
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
