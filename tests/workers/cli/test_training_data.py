"""A school's own facts are evaluated, fitted on, and the fit put in force."""

import datetime as dt
import json
import random
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from config.errors import WrongInputError
from lms.facts import FactKind
from models import engine as db
from models.access import sources
from models.events import facts
from models.events.facts import NewFact
from models.students import model_versions, states
from models.tables import Alignment, Item, Person, School, Skill
from workers.cli.main import app

RUN = CliRunner()
STUDENTS = 40
ANSWERS = 8
SECRET = b"a key of the tests"
BEGAN = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)


@pytest.fixture
def school(database_url: str) -> int:
    """Forty students, each nearly always right or nearly always wrong, answered eight times on two skills."""
    assert database_url
    dice = random.Random(8)
    with db.transaction() as session:
        made = School(ref="riverside", name="Riverside")
        session.add(made)
        session.flush()
        assert made.id is not None
        credential = sources.add(session, "moodle", format="moodle", secret_key=SECRET)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=SECRET)
        assert sender is not None
        students = [Person(school_id=made.id, ref=f"s{n}", role="student") for n in range(STUDENTS)]
        skills = [Skill(school_id=made.id, ref=ref, title=ref) for ref in ("add", "sub")]
        items = [Item(school_id=made.id, ref=f"i{n}") for n in range(3)]
        session.add_all([*students, *skills, *items])
        session.flush()
        session.add_all(
            Alignment(school_id=made.id, item_id=int(item.id or 0), skill_id=int(skills[place % 2].id or 0))
            for place, item in enumerate(items)
        )
        session.flush()
        event = text("""INSERT INTO souschef.inbox (school_id, source_id, key, kind, shard, payload)
                        VALUES (:school, :source, '\\x00', 'assessment', 0, '') RETURNING id""")
        inbox = session.connection().execute(event, {"school": made.id, "source": sender.source_id}).scalar_one()
        answered = []
        for student in students:
            able = dice.choice([0.05, 0.95])
            answered += [
                NewFact(
                    student_id=student.id or 0,
                    source_id=sender.source_id,
                    kind=FactKind.ITEM_RESULT,
                    key=f"{student.ref}-{number}",
                    occurred_at=BEGAN + dt.timedelta(minutes=number),
                    sequence="",
                    inbox_id=inbox,
                    item_id=dice.choice(items).id,
                    outcome=float(dice.random() < able),
                )
                for number in range(ANSWERS)
            ]
        facts.record(session, made.id, answered)
        return made.id


def run(*arguments: str) -> dict[str, Any]:
    result = RUN.invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def due() -> int:
    with db.transaction() as session:
        count = text("SELECT count(*) FROM souschef.learner_state WHERE refresh_due")
        return int(session.connection().execute(count).scalar_one())


def test_the_schools_own_log_is_measured(school: int) -> None:
    assert school
    figures = run("evaluate", "--json")
    # a fifth of the students is held out: 8 of 40, 64 of 320 answers
    assert (figures["students"], figures["responses"]) == (8, 64)
    assert (figures["train_students"], figures["train_responses"]) == (32, 256)
    assert {row["skill"] for row in figures["by_skill"]} == {"add", "sub"}
    assert run("evaluate", "--json", "--school", "riverside")["auc"] == figures["auc"]


def test_a_better_fit_comes_into_use_and_can_be_rolled_back(school: int) -> None:
    with db.transaction() as session:
        states.load_for_update(
            session, school, [row[0] for row in session.connection().execute(text("SELECT id FROM souschef.person"))]
        )
    report = run("fit", "--json")
    with db.transaction() as session:
        in_force = model_versions.in_force(session, school).parameters
    # these students differ far more than the shipped parameters assume, and learn nothing
    assert report["kept"] == "new"
    assert in_force.version == 1
    assert in_force.gain_right == report["parameters"]["gain_right"]
    assert due() == STUDENTS
    assert run("evaluate", "--json")["filter_log_loss"] == pytest.approx(report["new_log_loss"])
    assert "Version 1 is not in use any more" in RUN.invoke(app, ["fit", "--back"]).stdout
    with db.transaction() as session:
        assert model_versions.in_force(session, school).parameters.version == 0
    assert "already" in RUN.invoke(app, ["fit", "--back"]).stdout


def test_options_for_files_are_refused_for_the_schools_log(school: int) -> None:
    assert school
    for words in (["evaluate", "--group", "region"], ["fit", "--data", "x.csv", "--back"]):
        assert isinstance(RUN.invoke(app, words).exception, WrongInputError)
