"""`souschef person` as people run it."""

import json

import pytest
from typer.testing import CliRunner

from config.settings import Settings
from models import engine
from models.students.merging import MergeError
from models.tables import Person, School
from workers.cli.commands import person

RUN = CliRunner()
WHY = ("--by", "J. Doe", "--reason", "a new number")


@pytest.fixture(autouse=True)
def _pair(database_settings: Settings) -> None:
    assert database_settings
    with engine.transaction() as session:
        school = School(ref="river", name="River School")
        session.add(school)
        session.flush()
        assert school.id is not None
        for ref in ("s1", "9001"):
            session.add(Person(school_id=school.id, ref=ref, role="student", given_name="Ada"))


def test_a_dry_run_a_merge_and_its_undoing() -> None:
    dry = RUN.invoke(person.app, ["merge", "s1", "9001", *WHY, "--dry-run"])
    assert dry.stdout.endswith("s1 would be 9001 now.\n")
    done = RUN.invoke(person.app, ["merge", "s1", "9001", *WHY, "--json"])
    assert json.loads(done.stdout) == {"dry_run": False, "rows": {}}
    again = RUN.invoke(person.app, ["merge", "s1", "9001", *WHY])
    assert isinstance(again.exception, MergeError)
    assert again.exception.exit_code == 2
    undone = RUN.invoke(person.app, ["undo-merge", "s1", *WHY])
    assert undone.stdout.endswith("s1 is a person of their own again.\n")
