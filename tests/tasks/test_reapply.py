"""A restored backup is cleaned before it opens: the list of tombstones is applied to it again."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from config import settings as configuration
from models import database, erasure, reapplying
from tests.conftest import administer, beside
from tests.tasks.conftest import School
from tests.tasks.held import rows, traces, words_of
from workers.command_line import app

RUN = CliRunner()
transaction = database.transaction
Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def older(student: str, school: School, database_url: str) -> str:
    """The name of a database that holds everything as it was before anybody was erased."""
    database.close()
    name = str(make_url(database_url).database)
    administer(beside(database_url, "postgres"), f"CREATE DATABASE {name}_older TEMPLATE {name}")
    yield f"{name}_older"
    database.close()
    administer(database_url, f"DROP DATABASE {name}_older WITH (FORCE)")


def erased_list(path: Path) -> Path:
    told = RUN.invoke(app, ["privacy", "list", "--json"])
    assert told.exit_code == 0, told.output
    path.write_text(told.stdout)
    return path


def test_a_backup_from_before_the_erasure_is_cleaned(
    older: str, student: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erase, go back to the older database, reapply: what is left is what was left after the erasure."""
    words = words_of(student)
    told = RUN.invoke(app, ["privacy", "erase", student, "--by", "J. Doe", "--reason", "request 17"])
    assert told.exit_code == 0, told.output
    kept = erased_list(tmp_path / "erased.json")
    assert not any(word in kept.read_text() for word in words)
    cleaned = {table: held for table, held in rows().items() if table not in {"access", "access_head", "erasure"}}

    database.close()
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", beside(database_url, older))
    configuration.settings.cache_clear()
    assert traces(words) != {}
    told = RUN.invoke(app, ["privacy", "reapply", str(kept), "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["erasures"], found["known"], found["people"]) == (1, 0, 1)
    assert traces(words) == {}
    moving = {"inbox": "finished_at", "change": "changed_at"}
    for table, held in rows().items():
        if table in cleaned:
            assert without(held, moving.get(table)) == without(cleaned[table], moving.get(table)), table
    assert {json.loads(row)["reason"] for row in rows()["erasure"]} == {"request 17"}

    before = rows()
    again = RUN.invoke(app, ["privacy", "reapply", str(kept), "--json"])
    assert json.loads(again.stdout)["known"] == 1
    assert rows() == before
    sys.stdout.write(f"{sum(found['rows'].values())} rows removed, 0 traces\n")


def without(held: list[str], name: str | None) -> list[str]:
    """Return rows without a moment that is the restore's own."""
    return sorted(json.dumps({key: value for key, value in json.loads(row).items() if key != name}) for row in held)


def test_what_crashes_a_worker_or_is_refused_after_an_erasure_is_purged(student: str, school: School, ask: Ask) -> None:
    words = words_of(student)
    with transaction() as session:
        erasure.erase(session, erasure.find(session, student), author="J. Doe", reason="request 17")
    event = json.dumps(school.answers(student, "x", "1")[0])
    with transaction() as session:
        connection = session.connection()
        connection.execute(
            text("""INSERT INTO souschef.inbox (school_id, source_id, key, kind, shard, payload, state, code)
                    VALUES (:school, :source, 'x', 'assessment', 1, :event, 'quarantined', 'crashed')"""),
            {"school": school.sender.school_id, "source": school.sender.source_id, "event": event},
        )
        connection.execute(
            text("INSERT INTO souschef.event_outbox (school_id, source, event, code) VALUES (:school, 'own', :e, 'x')"),
            {"school": school.sender.school_id, "e": event},
        )
    assert traces(words).keys() == {"inbox", "event_outbox"}
    with transaction() as session:
        assert reapplying.purge(session, school.sender.school_id) == 2
    assert traces(words) == {}


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{}", '{"erasures": [{}]}', '{"erasures": 1}', '{"erasures": [{"school": "x", "marks": ["z"]}]}'],
)
def test_what_is_no_list_is_refused(said: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(said)
    told = RUN.invoke(app, ["privacy", "reapply", str(path)])
    assert isinstance(told.exception, reapplying.NotOurList)


def test_an_empty_list_is_one() -> None:
    assert reapplying.read({"erasures": []}) == []
