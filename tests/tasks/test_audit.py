"""P24: reads and changes of student data are logged, and changes of the log are detected."""

import json
import sys
import time

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from models import engine
from models.privacy import audit
from tests.tasks.conftest import Ask, School
from workers.cli import audit_trail
from workers.cli.main import app

RUN = CliRunner()
transaction = engine.transaction

TAMPERED = {
    "an author": ("UPDATE souschef.access SET author = 'nobody' WHERE number = 5", "entry 5 is not what was written"),
    "a time": ("UPDATE souschef.access SET at = at + interval '1 s' WHERE number = 5", "entry 5 is not"),
    "whom": ("UPDATE souschef.access SET subjects = '[]' WHERE number = 5", "entry 5 is not what was written"),
    "a detail": ("UPDATE souschef.access SET detail = '{\"n\": 6}' WHERE number = 5", "entry 5 is not"),
    "a hash": ("UPDATE souschef.access SET hash = sha256('x') WHERE number = 5", "entry 5 is not what was written"),
    "one gone": ("DELETE FROM souschef.access WHERE number = 5", "entry 5 is missing"),
    "the first gone": ("DELETE FROM souschef.access WHERE number = 1", "entry 1 is missing"),
    "many gone": ("DELETE FROM souschef.access WHERE number BETWEEN 3 AND 7", "entries 3 to 7 are missing"),
    "the last gone": ("DELETE FROM souschef.access WHERE number >= 9", "ends with entry 8, and 10 was the last"),
    "all gone": ("DELETE FROM souschef.access", "ends with entry 0, and 10 was the last"),
    "two exchanged": (
        (
            "UPDATE souschef.access SET number = 100 WHERE number = 5; UPDATE souschef.access SET number = 5 "
            "WHERE number = 6; UPDATE souschef.access SET number = 6 WHERE number = 100"
        ),
        "entry 5 is not what was written",
    ),
    "one put in": (
        (
            "INSERT INTO souschef.access (school_id, number, at, author, action, subjects, hash) "
            "SELECT school_id, 11, at, author, action, subjects, hash FROM souschef.access WHERE number = 10"
        ),
        "entry 11 is not what was written",
    ),
    "the end": ("UPDATE souschef.access_head SET last_number = 9", "ends with entry 10, and 9 was the last"),
    "no end": ("DELETE FROM souschef.access_head", "the end of the log is gone"),
}


@pytest.fixture
def log(database_url: str) -> int:
    """Ten entries of one school, one of another; returns the id of a student."""
    with transaction() as session:
        connection = session.connection()
        connection.execute(text("INSERT INTO souschef.school (ref, name) VALUES ('a', 'A'), ('b', 'B')"))
        connection.execute(
            text("INSERT INTO souschef.person (school_id, ref, role) SELECT id, 's', 'student' FROM souschef.school")
        )
        one, other = connection.execute(text("SELECT id FROM souschef.person ORDER BY id")).scalars()
        for n in range(10):
            audit.record(session, author="J. Doe", action="student", students=[one], detail={"n": n})
        audit.record(session, author="J. Doe", action="student", students=[other])
    return int(one)


def faults() -> dict[str, list[str]]:
    with transaction() as session:
        return {each.school: each.faults for each in audit.verify(session)}


@pytest.mark.shows("P24")
def test_every_tampering_is_named_and_the_other_schools_log_is_whole(log: int) -> None:
    """14 kinds, each undone again; before and after each the log is whole."""
    for name, (statement, fault) in TAMPERED.items():
        assert faults() == {"a": [], "b": []}
        with transaction() as session:
            where = "(SELECT id FROM souschef.school WHERE ref = 'a')"
            for each in statement.split("; "):
                one = f"{each} {'AND' if 'WHERE' in each else 'WHERE'} school_id = {where}"
                session.connection().exec_driver_sql(one.replace("%", "%%"))
            found = {each.school: each.faults for each in audit.verify(session)}
            session.rollback()
        assert any(fault in each for each in found["a"]), (name, found)
        assert found["b"] == [], name
    sys.stdout.write(f"{len(TAMPERED)} of {len(TAMPERED)} named\n")


def test_a_rewritten_log_is_found_by_a_hash_that_was_noted(log: int) -> None:
    """The owner takes an entry out and seals all the others again; the chain is sound, and leads somewhere else."""
    result = json.loads(RUN.invoke(app, ["audit", "verify", "--json"]).stdout)["schools"][0]
    noted = f"a:{result['last']}:{result['hash']}"
    with transaction() as session:
        audit.record(session, author="J. Doe", action="student", students=[log])
    assert RUN.invoke(app, ["audit", "verify", "--noted", noted]).exit_code == 0
    with transaction() as session:
        connection = session.connection()
        rows = connection.execute(
            text("DELETE FROM souschef.access WHERE school_id = 1 RETURNING number, action, subjects")
        ).all()
        connection.execute(text("DELETE FROM souschef.access_head WHERE school_id = 1"))
        for _, action, subjects in sorted(tuple(row) for row in rows if row[0] != 5):
            audit.append(session, 1, author="J. Doe", action=action, subjects=subjects)
    assert faults() == {"a": [], "b": []}
    found = RUN.invoke(app, ["audit", "verify", "--noted", noted])
    assert found.exit_code == 1
    assert "does not lead to the entry that was noted" in found.stdout


def test_two_who_write_at_once_make_one_chain(log: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(n: int) -> None:
        with transaction() as session:
            audit.record(session, author=f"J. Doe {n}", action="student", students=[log])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))
    assert faults() == {"a": [], "b": []}
    with transaction() as session:
        assert session.connection().execute(text("SELECT max(number) FROM souschef.access")).scalar_one() == 50


@pytest.mark.shows("P24")
def test_commands_orders_exports_and_erasures_write_it(student: str, school: School, ask: Ask) -> None:
    """Each once; after the erasure the entries stand, and nobody can tell of whom they are."""
    assignment = ask("""SELECT a.id, a.decision_id, skill.ref FROM souschef.assignment AS a
                          JOIN souschef.skill ON skill.id = a.skill_id JOIN souschef.person AS p ON p.id = a.student_id
                         WHERE p.ref = :ref ORDER BY 1 LIMIT 1""", ref=student)[0]  # fmt: skip
    order = {"type": "order", "id": "o1", "student": student, "at": "2026-11-01T10:00:00Z", "order": "forbid"}
    school.deliver({**order, "author": "T. Teacher", "reason": "enough", "skill": assignment[2]})
    for words in (
        ["student", student],
        ["explain", str(assignment[0])],
        ["replay-decision", str(assignment[1])],
        ["class"],
        ["explain", "--page"],
        ["privacy", "export", student],
        ["audit", "list", "--student", student],
    ):
        result = RUN.invoke(app, words)
        assert result.exit_code == 0, result.output
    me = audit_trail.operator()
    found = ask("""SELECT action, author FROM souschef.access WHERE subjects @>
                   (SELECT to_jsonb(token) FROM souschef.pseudonym JOIN souschef.person AS p ON p.id = student_id
                     WHERE p.ref = :ref) ORDER BY number""", ref=student)  # fmt: skip
    assert [action for action, _ in found] == [
        "forbid", "student", "explain", "replay-decision", "class", "explain", "export", "audit list",
    ]  # fmt: skip
    assert {author for _, author in found} == {"T. Teacher, source 3", me}
    RUN.invoke(app, ["privacy", "erase", student, "--by", "J. Doe", "--reason", "request 17"])
    assert ask("SELECT action, author FROM souschef.access ORDER BY number DESC LIMIT 1") == [("erase", "J. Doe")]
    assert all(not each for each in faults().values())
    unknown = ask("""SELECT count(DISTINCT s) FROM souschef.access, jsonb_array_elements_text(subjects) AS s
                      WHERE NOT EXISTS (SELECT FROM souschef.pseudonym WHERE token = s)""")
    assert unknown == [(1,)]


def test_an_entry_is_cheap(log: int) -> None:
    """A class of 30 in one entry: 200 entries, each well below 25 ms of our own CPU."""
    with transaction() as session:
        session.connection().execute(
            text("INSERT INTO souschef.person (school_id, ref, role) SELECT 1, 'p' || n, 'student' "
                 "FROM generate_series(1, 30) AS n")
        )  # fmt: skip
        found = session.connection().execute(text("SELECT id FROM souschef.person WHERE school_id = 1"))
        students = list(found.scalars())
    started = time.process_time()
    with transaction() as session:
        for _ in range(200):
            audit.record(session, author="J. Doe", action="class", students=students)
    seconds = time.process_time() - started
    sys.stdout.write(f"{seconds / 200 * 1000:.1f} ms an entry of {len(students)} students\n")
    assert seconds < 5
    assert faults() == {"a": [], "b": []}
