"""A restored backup is cleaned before it opens: the list of tombstones is applied to it again."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from config import settings as configuration
from models import engine
from models.privacy import erasure, reapply
from tests.conftest import administer, beside
from tests.tasks.conftest import Ask, School
from tests.tasks.stored_data import rows, traces, words_of
from workers.cli.main import app

RUN = CliRunner()
transaction = engine.transaction


@pytest.fixture
def older(student: str, school: School, database_url: str) -> Iterator[str]:
    """The name of a database that holds everything as it was before anybody was erased."""
    engine.close()
    name = str(make_url(database_url).database)
    administer(beside(database_url, "postgres"), f"CREATE DATABASE {name}_older TEMPLATE {name}")
    yield f"{name}_older"
    engine.close()
    administer(database_url, f"DROP DATABASE {name}_older WITH (FORCE)")


def erased_list(path: Path) -> Path:
    result = RUN.invoke(app, ["privacy", "list", "--json"])
    assert result.exit_code == 0, result.output
    path.write_text(result.stdout)
    return path


@pytest.mark.shows("P22")
def test_a_backup_from_before_the_erasure_is_cleaned(
    older: str, student: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erase, go back to the older database, reapply: what is left is what was left after the erasure."""
    words = words_of(student)
    result = RUN.invoke(app, ["privacy", "erase", student, "--by", "J. Doe", "--reason", "request 17"])
    assert result.exit_code == 0, result.output
    exported = erased_list(tmp_path / "erased.json")
    assert not any(word in exported.read_text() for word in words)
    cleaned = {table: stored for table, stored in rows().items() if table not in {"access", "access_head", "erasure"}}

    engine.close()
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", beside(database_url, older))
    configuration.settings.cache_clear()
    assert traces(words) != {}
    result = RUN.invoke(app, ["privacy", "reapply", str(exported), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["erasures"], found["known"], found["people"]) == (1, 0, 1)
    assert traces(words) == {}
    moving = {"inbox": "finished_at", "change": "changed_at"}
    for table, stored in rows().items():
        if table in cleaned:
            assert without(stored, moving.get(table)) == without(cleaned[table], moving.get(table)), table
    assert {json.loads(row)["reason"] for row in rows()["erasure"]} == {"request 17"}

    before = rows()
    again = RUN.invoke(app, ["privacy", "reapply", str(exported), "--json"])
    assert json.loads(again.stdout)["known"] == 1
    assert rows() == before
    sys.stdout.write(f"{sum(found['rows'].values())} rows removed, 0 traces\n")


def without(stored: list[str], name: str | None) -> list[str]:
    """Return rows without a moment that is the restore's own."""
    return sorted(json.dumps({key: value for key, value in json.loads(row).items() if key != name}) for row in stored)


def test_what_crashes_a_worker_or_is_refused_after_an_erasure_is_purged(student: str, school: School, ask: Ask) -> None:
    words = words_of(student)
    with transaction() as session:
        erasure.erase(session, erasure.find_student(session, student), author="J. Doe", reason="request 17")
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
        assert reapply.purge(session, school.sender.school_id) == 2
    assert traces(words) == {}


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"erasures": [{}]}', '{"erasures": 1}', '{"erasures": [{"school": "x", "marks": ["z"]}]}'],
)
def test_a_file_that_is_not_a_list_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(content)
    result = RUN.invoke(app, ["privacy", "reapply", str(path)])
    assert isinstance(result.exception, reapply.InvalidErasureListError)


def test_an_empty_list_is_one() -> None:
    assert reapply.read({"erasures": []}) == []
