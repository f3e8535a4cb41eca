"""What a teacher reads of a class: the groups and the catalogue's gaps of a school that was really decided for."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School
from workers.cli.main import app, main

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def decided(school: School, ask: Ask) -> list[str]:
    """The example class, each of whom has answered a little; the refs."""
    refs = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")]
    for number, ref in enumerate(refs):
        school.deliver(*school.answers(ref, "4.NF.A.1 q01", ("0010", "01", "1101")[number % 3]))
    return refs


@pytest.fixture
def class_ref(ask: Ask, decided: list[str]) -> str:
    assert decided
    ((found,),) = ask("SELECT ref FROM souschef.class")
    return str(found)


def run_json(*arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_everyone_with_work_sits_in_one_group_with_material_of_the_own_menu(class_ref: str, ask: Ask) -> None:
    found = run_json("groups", class_ref)
    seated = [member["student"] for group in found["groups"] for member in group["members"]]
    everyone = {row[0] for row in ask("SELECT DISTINCT student_ref FROM lms.assignments WHERE state <> 'withdrawn'")}
    assert len(seated) > len(everyone) / 2
    assert sorted([*seated, *(one["student"] for one in found["alone"])]) == sorted(everyone)
    open_now = set(ask("SELECT student_ref, material_id, skill FROM lms.assignments WHERE state <> 'withdrawn'"))
    for group in found["groups"]:
        assert 2 <= len(group["members"]) <= 6
        for member in group["members"]:
            assert (member["student"], member["material"], group["skill"]) in open_now
            assert group["context"] in {None, member["context"]}


def test_no_two_groups_have_the_same_heading_and_none_shares_no_theme(class_ref: str) -> None:
    groups = run_json("groups", class_ref, "--most", "3")["groups"]
    headings = [group["heading"] for group in groups]
    assert len(headings) > 3
    assert len(set(headings)) == len(headings)
    assert any("(1 of " in heading for heading in headings)
    assert all(group["context"] != "" for group in groups)


def test_a_group_says_what_rests_on_its_skill(class_ref: str, ask: Ask) -> None:
    groups = run_json("groups", class_ref)["groups"]
    above = """SELECT above.title FROM souschef.prerequisite JOIN souschef.skill AS above ON above.id = skill_id
                 JOIN souschef.skill AS base ON base.id = needs_id WHERE base.ref = '{}'"""
    assert any(group["rests"] for group in groups)
    for group in groups:
        assert set(group["rests"]) == {row[0] for row in ask(above.format(group["skill"]))}
    printed = " ".join(CliRunner().invoke(app, ["groups", class_ref]).stdout.split())
    assert all(f"It is needed for: {group['rests'][0]}" in printed for group in groups if group["rests"])


def test_people_read_names_and_a_reason(class_ref: str) -> None:
    result = CliRunner().invoke(app, ["groups", class_ref])
    assert result.exit_code == 0
    assert "1. " in result.stdout
    assert "on their menus." in result.stdout


def test_people_read_a_mastery_only_where_it_is_known(class_ref: str, ask: Ask) -> None:
    """An 80 % interval of .5 is the widest that a number stands for; a script reads the interval in any case."""
    ask("UPDATE souschef.skill_gap SET low = 0.2, high = 0.71 RETURNING 1")
    wide = CliRunner().invoke(app, ["groups", class_ref]).stdout
    assert "(mastery not known yet)" in " ".join(wide.split())
    assert "(mastery 0." not in wide
    ask("UPDATE souschef.skill_gap SET high = 0.7 RETURNING 1")
    narrow = CliRunner().invoke(app, ["groups", class_ref]).stdout
    assert "not known" not in narrow
    assert "(mastery 0." in narrow
    members = [member for group in run_json("groups", class_ref)["groups"] for member in group["members"]]
    assert {(member["low"], member["high"]) for member in members} == {(0.2, 0.7)}


def test_the_gaps_of_the_school_are_those_that_the_lms_reads(class_ref: str, ask: Ask) -> None:
    assert class_ref
    # A need that the example may not have: a theme of which nothing is there.
    ask(
        """WITH one AS (SELECT person.id, person.school_id, min(skill.id) AS skill FROM souschef.person
              JOIN souschef.skill ON skill.school_id = person.school_id WHERE role = 'student'
             GROUP BY person.id ORDER BY person.ref LIMIT 3)
           INSERT INTO souschef.catalogue_need (school_id, student_id, skill_id, context, price)
           SELECT school_id, id, skill, 'trains', 0.5 FROM one RETURNING student_id"""
    )
    ask(
        "DELETE FROM souschef.enrolment WHERE person_id = (SELECT min(student_id) FROM souschef.catalogue_need "
        "WHERE context = 'trains') RETURNING person_id"
    )
    found = run_json("gaps")["gaps"]
    view = ask("SELECT skill, context, students, price, rank FROM lms.catalogue_gaps ORDER BY rank")
    assert [(gap["skill"], gap["context"], gap["students"], gap["price"], gap["rank"]) for gap in found] == view
    worth = [gap["students"] * gap["price"] for gap in found]
    assert worth == sorted(worth, reverse=True)
    (trains,) = (gap for gap in found if gap["context"] == "trains")
    assert trains["students"] == 3
    (of_class,) = (gap for gap in run_json("gaps", "--class", class_ref)["gaps"] if gap["context"] == "trains")
    assert of_class["students"] == 2
    assert "3 students need" in CliRunner().invoke(app, ["gaps"]).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["gaps", "--class", "nowhere"], 2), (["groups", "nowhere"], 2), (["groups", "CLASS", "--most", "2"], 2)],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    class_ref: str, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([class_ref if argument == "CLASS" else argument for argument in arguments])
    assert ended.value.code == code
    assert capsys.readouterr().err.startswith("souschef: ")


def test_refreshing_again_changes_no_group(class_ref: str, ask: Ask) -> None:
    before = run_json("groups", class_ref)
    refresh_assignments([row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student'")])
    assert run_json("groups", class_ref) == before
