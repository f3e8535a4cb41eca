"""The fences: whatever a school's login was granted, PostgreSQL lets it read and touch no row of another school."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import text
from sqlalchemy.engine import make_url

from config import settings as configuration
from lms import formats
from models import admin, engine
from models.access import lms_roles, sources
from models.events import facts
from tests.conftest import administer, beside
from tests.models.attack import (
    SETTINGS,
    UNFENCED,
    VICTIM,
    Ground,
    breaches,
    digest,
    number,
    own,
    plain,
    planted,
    tables,
    under_settings,
)
from tests.tasks.conftest import School
from workers.cli import replay_client
from workers.cli.demo import replay
from workers.local.embedded import program_files
from workers.local.embedded.servers import Servers

ROOT = Path(__file__).parents[2]
CLASS = ROOT / "examples" / "riverside" / "moodle_class.jsonl.gz"
FEWEST = 20
"""Tables with rows of the other school; fewer, and the attack would show too little."""
RIVAL = """
    INSERT INTO souschef.school (ref, name) VALUES (:rival, 'Rival');
    INSERT INTO souschef.person (school_id, ref, role)
      SELECT id, 's1', 'student' FROM souschef.school WHERE ref = :rival;
    INSERT INTO souschef.skill (school_id, ref, title) SELECT id, 'k1', 'k' FROM souschef.school WHERE ref = :rival;
    INSERT INTO souschef.event_outbox (school_id, source, event) SELECT id, 'own', '{}' FROM souschef.school;
    INSERT INTO souschef.clock_offset (single, ahead)
      VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())
"""


@pytest.fixture(scope="module")
def played(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """The real class, worked by the real handlers as an owner that is no superuser; an attacker with every right."""
    name, rival, password = (f"{word}_{secrets.token_hex(4)}" for word in ("souschef_fences", "rival", "word"))
    owner = make_url(servers.database_url).set(username=name, password=password, database=name)
    url = owner.render_as_string(hide_password=False)
    with psycopg.connect(plain(servers.database_url), autocommit=True) as server:
        server.execute(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE PASSWORD '{password}'".encode())
        server.execute(f"CREATE DATABASE {name} OWNER {name} ENCODING 'UTF8' TEMPLATE template0".encode())
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SOUSCHEF_DATABASE_URL", url)
            patch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
            patch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path_factory.mktemp("fences")))
            patch.setenv("SOUSCHEF_SECRET_KEY", "a key of the tests, long enough for them")
            configuration.settings.cache_clear()
            admin.upgrade(url)
            work_the_class(rival)
            with engine.transaction() as session:
                credential = lms_roles.create_or_rotate(session, rival, url=url)
                for right in (
                    f"ALL ON DATABASE {name}", "ALL ON SCHEMA souschef", "ALL ON ALL TABLES IN SCHEMA souschef",
                    "ALL ON ALL SEQUENCES IN SCHEMA souschef", "ALL ON ALL TABLES IN SCHEMA lms",
                ):  # fmt: skip
                    session.connection().exec_driver_sql(f"GRANT {right} TO {credential.role}")
            engine.close()
        yield url, credential.url, rival
    finally:
        engine.close()
        configuration.settings.cache_clear()
        administer(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")
        for role in (lms_roles.role_of(rival), name):
            administer(servers.database_url, f"DROP ROLE IF EXISTS {role}")


def work_the_class(rival: str) -> None:
    """Load the example school, take a part of its recorded class in, and work it."""
    replay.load(replay.quiet_console())
    key = configuration.settings().secret_key_bytes()
    with engine.transaction() as session:
        for statement in RIVAL.split(";"):
            session.connection().execute(text(statement), {"rival": rival} if ":rival" in statement else {})
        credential = sources.credential(session, "moodle", school=VICTIM, secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
    assert sender is not None
    statements = [statement for request in replay_client.read(CLASS)[:20] for statement in json.loads(request.body)]
    kinds = [formats.envelope("moodle", statement, rules=sender.rules).kind for statement in statements]
    School(sender).deliver(*(statement for statement, kind in zip(statements, kinds, strict=True) if kind is not None))


@pytest.fixture
def ground(played: tuple[str, str, str]) -> Iterator[Ground]:
    """That database, which the test leaves as it is."""
    with psycopg.connect(plain(played[0]), autocommit=True) as by_owner:
        yield Ground(*played, by_owner)


@pytest.fixture
def copy(played: tuple[str, str, str], servers: Servers) -> Iterator[Ground]:
    """A copy of that database, for a test that changes it."""
    owner, login, rival = played
    name, source = f"souschef_fenced_{secrets.token_hex(4)}", make_url(owner).database
    administer(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {source} OWNER {source}")
    with psycopg.connect(plain(beside(owner, name)), autocommit=True) as by_owner:
        yield Ground(beside(owner, name), beside(login, name), rival, by_owner)
    administer(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.shows("P20")
def test_every_table_is_fenced(ground: Ground) -> None:
    assert ground.ask(UNFENCED) == []
    assert len(tables(ground)) > FEWEST


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("DROP POLICY of_own_school ON souschef.fact", "fact"),
        ("ALTER TABLE souschef.person NO FORCE ROW LEVEL SECURITY", "person"),
        ("ALTER TABLE souschef.inbox DISABLE ROW LEVEL SECURITY", "inbox"),
        ("CREATE POLICY more ON souschef.school USING (true)", "school"),
        ("DROP TRIGGER refuse_truncate ON souschef.feed", "feed"),
        ("CREATE TABLE souschef.next (school_id bigint)", "next"),
    ],
)
def test_a_table_without_its_fence_is_found(ground: Ground, change: str, table: str) -> None:
    """Mutants; the last is a migration that forgets `SELECT souschef.fence('souschef.next')`."""
    with psycopg.connect(plain(ground.owner)) as connection:
        connection.execute(change.encode())
        assert connection.execute(UNFENCED.encode()).fetchall() == [(table,)]
        if table == "next":
            connection.execute("SELECT souschef.fence('souschef.next')")
            assert connection.execute(UNFENCED.encode()).fetchall() == []
        connection.rollback()


def test_the_system_works_as_a_plain_owner(ground: Ground) -> None:
    """Neither superuser nor exempt, the owner's handlers have applied the class and published to every student."""
    name = make_url(ground.owner).username
    assert ground.ask(f"SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = '{name}'") == [(False, False)]
    with engine.transaction(url=ground.owner) as session:
        assert facts.counts(session)["item_result"] > 50
    engine.close()
    [(pending, assigned)] = ground.ask(
        "SELECT (SELECT count(*) FROM souschef.inbox WHERE state = 'pending'), (SELECT count(*) FROM lms.assignments)",
    )
    assert (pending, assigned > 0) == (0, True)


@pytest.mark.shows("P20")
def test_a_login_with_every_right_reads_and_touches_nothing_of_another_school(ground: Ground) -> None:
    """Every table, seven ways each; and afterwards nothing of the others is changed."""
    assert len([table for table, row in planted(ground).items() if row is not None]) >= FEWEST
    before = digest(ground)
    assert breaches(ground) == []
    assert digest(ground) == before


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        ("ALTER TABLE souschef.person DISABLE ROW LEVEL SECURITY", "read person"),
        ("CREATE POLICY more ON souschef.fact FOR SELECT USING (true)", "copy fact"),
        ("ALTER POLICY of_own_school ON souschef.skill WITH CHECK (true)", "give away skill"),
        ("ALTER TABLE souschef.change DISABLE TRIGGER refuse_truncate", "truncate change"),
        ("ALTER TABLE souschef.migration DISABLE ROW LEVEL SECURITY", "update migration"),
    ],
)
def test_a_hole_in_a_fence_is_found_by_the_attack(copy: Ground, change: str, breach: str) -> None:
    """Mutants: the same attack goes through where a fence has a hole."""
    copy.by_owner.execute(change.encode())
    assert breach in breaches(copy)


def test_the_view_of_who_is_in_a_class_shows_no_more_than_its_tables(copy: Ground) -> None:
    """As the owner it shows the victim's students; to the other school's login, with every right, none of them."""
    copy.by_owner.execute("UPDATE souschef.enrolment SET began_at = '2020-01-01', ended_at = NULL")
    asked = "SELECT DISTINCT school_id FROM souschef.current_enrolment"
    victim = number(copy, VICTIM)
    assert (victim,) in copy.ask(asked)
    with psycopg.connect(plain(copy.login)) as connection:
        assert (victim,) not in connection.execute(asked.encode()).fetchall()


@pytest.mark.shows("P20")
def test_p20_nothing_that_a_client_can_set_opens_a_table_or_view(ground: Ground) -> None:
    """SELECT and UPDATE in every table with a school and every view, under eight settings."""
    before = digest(ground)
    found = under_settings(ground)
    assert (found.views, found.through) == (7, ())
    assert found.attempts == 2 * len(SETTINGS) * (found.tables + found.views) > 400
    assert found.seen > 0
    assert digest(ground) == before
    sys.stdout.write(f"P20: {found}\n")


def test_a_hole_is_found_whatever_was_set(copy: Ground) -> None:
    """The mutant: a second policy shows one table to all."""
    copy.by_owner.execute("CREATE POLICY more ON souschef.person USING (true)")
    read = [each for each in under_settings(copy).through if each.startswith("SELECT FROM souschef.person")]
    assert len(read) == len(SETTINGS) - 4  # PostgreSQL refuses the other four, or to read under them


TRICKS = {
    "its own function with the owner's rights": """
        CREATE FUNCTION pg_temp.sneak() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS
          'SELECT count(*) FROM souschef.person WHERE school_id <> {mine}';
        SELECT pg_temp.sneak()""",
    "a view of its own": """
        CREATE TEMP VIEW mine AS SELECT * FROM souschef.person;
        SELECT count(*) FROM mine WHERE school_id <> {mine}""",
    "names of its own before PostgreSQL's": """
        CREATE SCHEMA mine;
        CREATE FUNCTION mine.pg_has_role(name, name, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
        SET search_path = mine, pg_catalog;
        SELECT count(*) FROM souschef.person WHERE school_id <> {mine}""",
    "a table of logins of its own": """
        CREATE TEMP TABLE lms_login AS SELECT {victim}::bigint AS school_id, session_user AS role;
        SET search_path = pg_temp, souschef;
        SELECT count(*) FROM souschef.person WHERE school_id <> {mine}""",
    "a function that tells what it is shown": """
        CREATE TEMP TABLE shown (school bigint);
        CREATE FUNCTION pg_temp.tell(bigint) RETURNS boolean LANGUAGE sql COST 0.0001 AS
          'INSERT INTO shown VALUES ($1); SELECT true';
        SELECT FROM souschef.person WHERE pg_temp.tell(school_id);
        SELECT count(*) FROM shown WHERE school <> {mine}""",
    "itself in another school": """
        UPDATE souschef.lms_login SET school_id = {victim};
        INSERT INTO souschef.lms_login (school_id, role) SELECT {victim}, 'x' WHERE false;
        SELECT count(*) FROM souschef.person WHERE school_id <> {mine}""",
}
REFUSED = {
    "another role": "SET ROLE {owner}",
    "another session": "SET SESSION AUTHORIZATION {owner}",
    "without row security": "SET row_security = off; SELECT FROM souschef.person",
    "without its policy": "DROP POLICY of_own_school ON souschef.person",
    "the fence taken down": "ALTER TABLE souschef.person DISABLE ROW LEVEL SECURITY",
    "its own answer": "CREATE OR REPLACE FUNCTION souschef.is_ours() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "an exemption": "ALTER ROLE {login} BYPASSRLS",
    "a new login of another school": "INSERT INTO souschef.lms_login (school_id, role) VALUES ({victim}, 'x')",
}


def filled(ground: Ground, statement: str) -> list[bytes]:
    names = {"owner": make_url(ground.owner).username, "login": make_url(ground.login).username}
    words = statement.format(mine=number(ground, ground.rival), victim=number(ground, VICTIM), **names)
    return [part.encode() for part in words.split(";\n")]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_shows_a_row_of_another_school(ground: Ground, trick: str) -> None:
    assert own(ground, "person", "school_id", number(ground, VICTIM)) > FEWEST
    with psycopg.connect(plain(ground.login)) as attacker:
        for part in filled(ground, TRICKS[trick]):
            last = attacker.execute(part)
        assert last.fetchall() == [(0,)]
        attacker.rollback()


@pytest.mark.parametrize("trick", REFUSED)
def test_no_trick_lifts_the_fence(ground: Ground, trick: str) -> None:
    [words] = filled(ground, REFUSED[trick])
    with psycopg.connect(plain(ground.login)) as attacker, pytest.raises(errors.InsufficientPrivilege):
        attacker.execute(words)


def test_a_login_still_works_with_its_own_rows_and_the_contract(ground: Ground) -> None:
    """A fence that hides everything would pass all of the above."""
    with psycopg.connect(plain(ground.login)) as reader:
        assert reader.execute("SELECT ref FROM souschef.person").fetchall() == [("s1",)]
        assert reader.execute("SELECT ref FROM souschef.school").fetchall() == [(ground.rival,)]
        assert reader.execute("SELECT school FROM lms.freshness").fetchall() == [(ground.rival,)]
        assert reader.execute("INSERT INTO lms.event_outbox (source, event) VALUES ('lms', '{}')").rowcount == 1
        reader.rollback()


def test_the_plain_owner_backs_up_and_restores_every_row(ground: Ground, servers: Servers, tmp_path: Path) -> None:
    """By the options of docs/backup.md; without the first, PostgreSQL refuses rather than leave rows out."""
    assert "pg_dump --enable-row-security --format=custom" in (ROOT / "docs" / "backup.md").read_text()
    file, name, owner = tmp_path / "dump", f"souschef_fenced_{secrets.token_hex(4)}", make_url(ground.owner).username
    dump: list[str | Path] = [
        program_files.programs() / "pg_dump",
        "--format=custom",
        f"--file={file}",
        plain(ground.owner),
    ]
    refused = subprocess.run(dump, capture_output=True, text=True, timeout=30, check=False)
    assert "row-level security" in refused.stderr
    subprocess.run([*dump, "--enable-row-security"], check=True, timeout=30)
    administer(servers.database_url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' OWNER {owner}")
    url = beside(ground.owner, name)
    try:
        restore: list[str | Path] = [program_files.programs() / "pg_restore", "--exit-on-error", "--single-transaction"]
        subprocess.run([*restore, f"--dbname={plain(url)}", file], check=True, timeout=60)
        with psycopg.connect(plain(url), autocommit=True) as by_owner:
            restored = Ground(url, beside(ground.login, name), ground.rival, by_owner)
            assert digest(restored) == digest(ground)
            assert restored.ask(UNFENCED) == []
    finally:
        administer(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")
