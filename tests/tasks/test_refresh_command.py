"""`souschef refresh-assignments` over a really loaded school."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.tasks.conftest import Ask, School
from workers.cli.main import app, main

pytestmark = pytest.mark.timeout(120)


def ran(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["refresh", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_everybody_is_decided_for_once_and_a_second_time_nothing_is_written(school: School, ask: Ask) -> None:
    assert school
    ((students,),) = ask("SELECT count(*) FROM souschef.person WHERE role = 'student'")
    first = ran("--all")
    assert (first["students"], first["nothing"]) == (students, 0)
    ((placed, changes),) = ask("SELECT count(*), (SELECT count(*) FROM souschef.change) FROM lms.assignments")
    assert first["assigned"] == placed > 0
    second = ran("--all")
    assert (second["students"], second["assigned"], second["withdrawn"]) == (students, 0, 0)
    assert ask("SELECT count(*) FROM souschef.change") == [(changes,)]


def test_one_student_is_refreshed_alone(school: School, ask: Ask) -> None:
    assert school
    assert ran("--student", "riverside-s413")["students"] == 1
    assert ask("SELECT DISTINCT student_ref FROM lms.assignments") == [("riverside-s413",)]
    output = CliRunner().invoke(app, ["refresh", "--class", "MATH-5A"]).stdout
    assert "students decided in" in output


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["--student", "nobody"], 2)])
def test_what_cannot_be_is_refused(school: School, arguments: list[str], code: int) -> None:
    assert school
    with pytest.raises(SystemExit) as ended:
        main(["refresh", *arguments])
    assert ended.value.code == code
