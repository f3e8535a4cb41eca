"""A login of one school's LMS cannot use up what all sessions of the server share."""

from __future__ import annotations

import secrets

import psycopg
import pytest
from sqlalchemy import text

from config.settings import Settings
from models import admin, engine
from models.access import lms_roles
from models.reports import diagnosis
from models.tables import School
from workers.cli.doctor import checks

FILL = "SELECT pg_advisory_lock(g) FROM generate_series(1, 20000) g"
"""Before: `out of shared memory` after 14,000, and every door answered 503 as long as the session lived."""


@pytest.fixture
def login(database_settings: Settings) -> str:
    """Return the address of a login of one school."""
    school = f"s{secrets.token_hex(4)}"
    admin.upgrade(database_settings.database_url_text())  # a copy of a database has not the rights of its original
    with engine.transaction() as session:
        session.add(School(ref=school, name="S"))
        session.flush()
        credential = lms_roles.create_or_rotate(session, school, url=database_settings.database_url_text())
    return credential.url


def test_a_login_cannot_fill_the_servers_table_of_locks(login: str) -> None:
    own_numbers = ("SELECT pg_current_xact_id()", "SELECT txid_current()")
    on_disk = (
        "SELECT lo_create(0)",
        "CREATE TEMPORARY TABLE t ()",
        "SELECT pg_export_snapshot()",
        "SELECT pg_logical_emit_message(false, 'x', 'x')",
    )
    for statement in (FILL, *on_disk, *own_numbers):
        with psycopg.connect(login) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement.encode())
    with psycopg.connect(login) as reader:
        assert reader.execute("SELECT count(*) FROM lms.assignments").fetchone() == (0,)


def test_a_pile_of_savepoints_is_refused_long_before_it_stops_the_server(login: str) -> None:
    """Before: 15,000 of one session, and nobody else could lock anything. 3,000 are refused but once in 10^19."""
    insert = b"INSERT INTO lms.event_outbox (source, event) VALUES ('x', '{}')"
    with psycopg.connect(login) as writer:
        for _ in range(300):  # one after the other they are no harm
            with writer.transaction():
                writer.execute(insert)
        writer.commit()
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            pile_up(writer, insert)


def pile_up(writer: psycopg.Connection, insert: bytes) -> None:
    """Open 3,000 savepoints in each other, and write in each."""
    with writer.pipeline():
        for number in range(3_000):
            writer.execute(f"SAVEPOINT s{number}".encode())
            writer.execute(insert)


def test_the_doctor_finds_where_everybody_may(login: str) -> None:
    assert login
    with engine.transaction() as session:
        assert not diagnosis.server(session).open_to_all
        session.connection().execute(text("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC"))
        assert diagnosis.server(session).open_to_all
        found = list(checks.check_lms_roles(lms_roles.audit_roles(session), open_to_all=True))
        session.rollback()
    assert any(each.severity == "warning" and "table of locks" in each.sentence for each in found)
