"""Behind a real PgBouncer in transaction mode: the same events, the same states, and the limits in force."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from config import settings as configuration
from models import admin, engine
from models.engine import Reads
from models.together import Query, together
from tests.tasks.conftest import School, own_database, school, school_template
from workers.cli.main import app
from workers.local.embedded.process import server_port

__all__ = ["own_database", "school", "school_template"]

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(PGBOUNCER is None, reason="there is no pgbouncer here: apt-get install pgbouncer"),
    pytest.mark.timeout(180),
]
ITEM = "4.NF.A.1 q01"
STUDENT = "riverside-s413"
STATE = "SELECT encode(sha256(state), 'hex') FROM souschef.learner_state WHERE facts > 0"


@pytest.fixture(params=["", "ignore_startup_parameters = options"], ids=["refuses options", "drops options"])
def pooled(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of the school's database through a pooler with two connections to it, which settings point to."""
    direct, port = make_url(database_url), server_port(0)
    config = tmp_path / "pgbouncer.ini"
    users = tmp_path / "users.txt"
    users.write_text(f'"{direct.username}" ""\n')
    server = f"host={direct.host} port={direct.port} dbname={direct.database} user={direct.username}"
    server += f" password='{direct.password}'" if direct.password else ""
    config.write_text(
        f"""
        [databases]
        {direct.database} = {server}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        pool_mode = transaction
        default_pool_size = 2
        auth_type = trust
        auth_file = {users}
        {request.param}
        """.replace("        ", "")
    )
    for path in (users, config, tmp_path):
        path.chmod(0o755)
    assert PGBOUNCER is not None
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with (tmp_path / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen([PGBOUNCER, *as_user, str(config)], stdout=log, stderr=log)
        try:
            url = direct.set(host="127.0.0.1", port=port, password=None).render_as_string(hide_password=False)
            _wait_for(url, process)
            monkeypatch.setenv("SOUSCHEF_DATABASE_URL", url)
            configuration.settings.cache_clear()
            engine.close()
            yield url
        finally:
            engine.close()
            process.terminate()
            process.wait(timeout=20)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(plain, connect_timeout=3).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "pgbouncer has ended"
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def ask(statement: str) -> list[tuple[object, ...]]:
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement))]


def test_events_are_applied_behind_a_pooler_as_without_one(school: School, pooled: str) -> None:
    """Forty transactions over two connections: no statement of one is looked for in another."""
    assert engine.is_pooled(pooled)
    for day in range(1, 11):
        school.deliver(*school.answers(STUDENT, ITEM, "10", day=day))
    behind = ask(STATE)
    assert ask("SELECT count(*) FROM souschef.fact") == [(20,)]
    assert ask("SELECT count(*) FROM pg_prepared_statements") == [(0,)]
    ran = CliRunner().invoke(app, ["recompute-states", "--all"])
    assert (ran.exit_code, "0 states differed" in ran.output) == (0, True), ran.output
    assert ask(STATE) == behind
    admin.check(pooled)
    assert admin.upgrade(pooled) is False


def test_the_limits_hold_in_each_transaction_and_leave_nothing_behind(school: School, pooled: str) -> None:
    assert school
    for role, limit in (("worker", "25s"), ("door", "4s"), ("worker", "25s")):
        with engine.transaction(role=role) as session:
            connection = session.connection()
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == limit
            assert connection.exec_driver_sql("SHOW timezone").scalar_one() == "UTC"
    with pytest.raises(OperationalError, match="statement timeout"), engine.transaction(role="door") as session:
        session.connection().exec_driver_sql("SELECT pg_sleep(30)")
    plain = make_url(pooled).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as other:
        shown = other.execute("SHOW statement_timeout").fetchone()
    assert shown == ("0",)


def test_what_is_sent_with_the_commit_arrives_behind_a_pooler(school: School, pooled: str) -> None:
    assert school
    assert pooled
    statement = "INSERT INTO souschef.clock_offset VALUES (true, CAST(:ahead AS interval))"
    for ahead in ("1 hour", "2 hours"):
        with engine.transaction(role="door") as session:
            session.connection().exec_driver_sql("DELETE FROM souschef.clock_offset")
            engine.execute_with_commit(session, statement, {"ahead": ahead})
        assert ask("SELECT CAST(ahead AS text) FROM souschef.clock_offset") == [(f"0{ahead[0]}:00:00",)]


@pytest.mark.parametrize("reads", Reads)
def test_a_page_reads_behind_a_pooler_within_the_same_limits(school: School, pooled: str, reads: Reads) -> None:
    """Also where it reads one moment: the limits are set by a statement, and the moment has to be chosen before it."""
    assert school
    assert pooled
    setting = "SELECT current_setting(:name) AS found"
    for _ in range(5):
        with engine.transaction(role="door", reads=reads) as session:
            with together(session) as asking:
                limit = asking.send(Query(str, setting, {"name": "statement_timeout"}))
                level = asking.send(Query(str, setting, {"name": "transaction_isolation"}))
            shown = [each.cursor.fetchone() for each in (limit, level)]
        level_name = "repeatable read" if reads is Reads.ONE_MOMENT else "read committed"
        assert shown == [("4s",), (level_name,)]


def test_the_doctor_says_that_there_is_a_pooler(school: School, pooled: str) -> None:
    assert school
    assert pooled
    assert "A pooler in transaction mode" in CliRunner().invoke(app, ["doctor"]).output


def test_a_direct_connection_is_as_before(school: School, database_url: str) -> None:
    """Its limits are the connection's, and statements are prepared, which plans them once."""
    assert school
    assert not engine.is_pooled(database_url)
    with engine.transaction() as session:
        for _ in range(10):
            assert session.connection().execute(text("SELECT 1")).scalar_one() == 1
        assert session.connection().exec_driver_sql("SHOW statement_timeout").scalar_one() == "25s"
        prepared = session.connection().exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one()
    assert prepared > 0
