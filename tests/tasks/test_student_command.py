"""`souschef student`: what is known is a number, what is not says so, and growth has its uncertainty."""

import json

import pytest
from typer.testing import CliRunner

from tasks.nightly import nightly
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School
from workers.cli.main import app, main

pytestmark = pytest.mark.timeout(120)
RUN = CliRunner()
STUDENT = "riverside-s413"
SKILL = "4.NF.A.1"


def practise(school: School, ask: Ask) -> None:
    """Let twelve students answer twelve times, and a night learn from it."""
    students = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")][:12]
    for day in (1, 9, 17):
        for number, student in enumerate([STUDENT, *(set(students) - {STUDENT})]):
            school.deliver(*school.answers(student, f"{SKILL} q01", "0111" if number % 3 else "1101", day=day))
    nightly()
    refresh_assignments([row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student'")])


def test_a_skill_with_too_wide_an_interval_is_not_known_yet(school: School, ask: Ask) -> None:
    """Before the first answer no interval is narrower than a half; after twelve and a night there is a number."""
    assert RUN.invoke(app, ["refresh", "--student", STUDENT]).exit_code == 0
    before = RUN.invoke(app, ["student", STUDENT], env={"COLUMNS": "200"}).stdout
    assert "not known yet" in before
    practise(school, ask)
    after = json.loads(RUN.invoke(app, ["student", STUDENT, "--json"]).stdout)
    (row,) = [row for row in after["skill_gaps"] if row["skill"] == SKILL]
    shown = RUN.invoke(app, ["student", STUDENT], env={"COLUMNS": "200"}).stdout
    assert f"{row['mastery']:.2f}" in shown
    assert "12 answers" in shown


def test_growth_has_a_point_a_week_and_gets_surer(school: School, ask: Ask) -> None:
    practise(school, ask)
    found = json.loads(RUN.invoke(app, ["student", STUDENT, "--growth", SKILL, "--json"]).stdout)["growth"]
    assert [(point["until"], point["responses"]) for point in found] == [
        ("2026-10-08", 4),
        ("2026-10-15", 8),
        ("2026-10-17", 12),
    ]
    assert found[-1]["high"] - found[-1]["low"] < found[0]["high"] - found[0]["low"]
    assert "most likely between" in RUN.invoke(app, ["student", STUDENT, "--growth", SKILL]).stdout


def test_growth_of_a_skill_that_is_not_there_is_refused(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    assert school
    with pytest.raises(SystemExit) as ended:
        main(["student", STUDENT, "--growth", "1.X"])
    assert ended.value.code == 2
    assert "has no skill 1.X." in capsys.readouterr().err
