"""Two schools whose students and classes have the same refs: no command mixes them, nor writes down a wrong child."""

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from config import settings as configuration
from config.settings import Settings
from models import engine
from models.access import sources
from models.access.schools import UnresolvedSchoolError
from models.imports import load
from tasks.events import order_given
from tests.conftest import SECRET_KEY, administer, beside, fresh
from tests.parameters import first_of
from tests.tasks.conftest import School, ask
from workers.cli import import_files
from workers.cli.demo import replay
from workers.cli.main import app
from workers.local.embedded.servers import Servers

RUN = CliRunner()
GUS = "riverside-s413"
CLASS = "MATH-5A"
SKILLS = {"riverside": "4.NF.A.1 q01", "hillside": "5.NF.A.1 q01"}
"""What Gus answers in each school, so that their gaps differ."""
NAMES = {"riverside": "Gus Lund", "hillside": "Hilda Hill"}
"""What the student of this ref is called in each school."""
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def two_schools_template(
    servers: Servers, school_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database with the example school, and another of the same refs."""
    name = f"souschef_two_schools_{secrets.token_hex(4)}"
    administer(servers.database_url, f"CREATE DATABASE {name} TEMPLATE {school_template}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOUSCHEF_DATABASE_URL", beside(servers.database_url, name))
        patch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
        patch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path_factory.mktemp("two") / "data"))
        patch.setenv("SOUSCHEF_SECRET_KEY", SECRET_KEY)
        configuration.settings.cache_clear()
        with engine.transaction() as session:
            load.load(session, None, import_files.read(hillside(tmp_path_factory.mktemp("hillside") / "files")))
            sources.add(session, "own", format="canonical", school="hillside", secret_key=SECRET_KEY.encode())
        engine.close()
    configuration.settings.cache_clear()
    yield name
    administer(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


def hillside(folder: Path) -> Path:
    """Write the example school's files under another school's ref; students and classes keep theirs."""
    shutil.copytree(replay.EXAMPLE, folder)
    for name in ("orgs", "users", "classes", "enrollments", "courses"):
        path = folder / f"{name}.csv"
        words = re.sub(r"(?<=,)riverside(?=,)|^riverside(?=,)", "hillside", path.read_text("utf-8"), flags=re.MULTILINE)
        path.write_text(words.replace("Gus,Lund", "Hilda,Hill"), "utf-8")
    return folder


@pytest.fixture
def own_database(servers: Servers, two_schools_template: str) -> Iterator[str]:
    """The address of a fresh copy of it."""
    yield from fresh(servers, two_schools_template)


@pytest.fixture(autouse=True)
def schools(database_settings: Settings) -> dict[str, School]:
    """Both schools at a day of the semester; Gus has answered in each, on different skills."""
    found, key = {}, database_settings.secret_key_bytes()
    with engine.transaction() as session:
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
        )
        for ref in SKILLS:
            credential = sources.credential(session, "own", school=ref, secret_key=key)
            sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
            assert sender is not None
            found[ref] = School(sender)
    for ref, school in found.items():
        school.deliver(*school.answers(GUS, SKILLS[ref], "0101"))
    return found


def run(*words: str) -> Any:
    result = RUN.invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.stdout)


def logged() -> list[tuple[str, str, str]]:
    """Return (school, action, the student's school) of each student whom an entry of the access log names."""
    return ask("""SELECT school.ref, action, own.ref FROM souschef.access
                    JOIN souschef.school ON school.id = access.school_id
                    CROSS JOIN LATERAL jsonb_array_elements_text(subjects) AS subject(token)
                    JOIN souschef.pseudonym USING (token)
                    JOIN souschef.person ON person.id = student_id
                    JOIN souschef.school AS own ON own.id = person.school_id
                   ORDER BY access.school_id, number""")


def rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for part in ("skill_gaps", "interests", "assignments") for row in found[part]]


def test_a_students_page_is_of_one_child(schools: dict[str, School]) -> None:
    for ref in schools:
        found = run("student", GUS, "--school", ref)
        assert {row["school"] for row in rows(found)} == {ref}
        assert [row["skill"] for row in found["skill_gaps"] if row["responses"]] == [SKILLS[ref].split()[0]]
    assert set(logged()) == {(ref, "student", ref) for ref in schools}


READS = {
    "student": ("student", GUS),
    "class": ("class", CLASS),
    "class, all students": ("class",),
    "groups": ("groups", CLASS),
    "gaps": ("gaps",),
    "gaps of a class": ("gaps", "--class", CLASS),
    "explain": ("explain", "--page"),
    "explain of a class": ("explain", "--page", "--class", CLASS),
    "order list": ("order", "list", "--class", CLASS),
    "order list of a student": ("order", "list", "--student", GUS),
    "policy show": ("policy", "show", "--class", CLASS),
    "scope list": ("scope", "list", "--class", CLASS),
    "export": ("privacy", "export", GUS),
    "audit list": ("audit", "list", "--student", GUS),
}
WRITES = {
    "refresh": ("refresh", "--student", GUS),
    "refresh of a class": ("refresh", "--class", CLASS),
    "rebuild": ("rebuild", "--student", GUS),
    "rebuild of a class": ("rebuild", "--class", CLASS),
    "pin": ("order", "hold", "--student", GUS, "--by", "t", "--reason", "r"),
    "policy": ("policy", "set", "slots=2", "--class", CLASS, "--by", "t", "--reason", "r"),
    "scope": ("scope", "close", CLASS, "4.NF.A.1", "--by", "t", "--reason", "r"),
    "interests": ("privacy", "interests", GUS, "off"),
    "erase": ("privacy", "erase", GUS, "--by", "J. Doe", "--reason", "request 17"),
    "retention": ("privacy", "retention", "--set", "facts=1095"),
    "source add": ("source", "add", "new", "--format", "canonical"),
    "source rotate": ("source", "rotate", "own"),
    "fit": ("fit", "--back"),
    "doctor of a source": ("doctor", "--source", "own"),
    "quarantine list of a source": ("quarantine", "list", "--source", "own"),
    "quarantine retry of a source": ("quarantine", "retry", "--source", "own", "--reason", "r"),
    "replay of a source": ("replay", "--source", "own"),
}


def everything() -> list[tuple[Any, ...]]:
    tables = ("access", "person", "learner_state", "teacher_order", "policy", "scope", "retention", "source")
    return [row for table in tables for row in ask(f"SELECT * FROM souschef.{table} AS t ORDER BY t")]


@pytest.mark.parametrize(
    "words", first_of([(words,) for words in (READS | WRITES).values()], quick=6), ids=(READS | WRITES).keys()
)
def test_without_a_school_a_command_is_refused_and_touches_nobody(words: tuple[str, ...]) -> None:
    before = everything()
    result = RUN.invoke(app, words)
    assert isinstance(result.exception, UnresolvedSchoolError), result.output
    assert (
        str(result.exception)
        == "There are 2 schools: hillside, riverside. Name one with --school, or in SOUSCHEF_SCHOOL."
    )
    assert result.exception.exit_code == 2
    assert everything() == before


def test_a_school_that_is_not_there_is_refused_with_those_that_are() -> None:
    for words in (*READS.values(), *WRITES.values()):
        result = RUN.invoke(app, [*words, "--school", "seaside"])
        assert isinstance(result.exception, UnresolvedSchoolError), words
        assert str(result.exception).startswith("There is no school seaside, only hillside, riverside.")


@pytest.mark.parametrize("words", first_of([(words,) for words in READS.values()], quick=4), ids=READS.keys())
@pytest.mark.parametrize("school", list(SKILLS))
def test_what_a_command_shows_and_writes_down_is_of_its_school_alone(words: tuple[str, ...], school: str) -> None:
    """The other school's student of the same ref is neither named nor written into a log."""
    (other,) = set(SKILLS) - {school}
    result = RUN.invoke(app, [*words, "--school", school])
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert NAMES[other].split()[0] not in result.output
    assert SKILLS[other] not in result.output
    assert {(where, whose) for where, _, whose in logged()} <= {(school, school)}


@pytest.mark.parametrize("school", list(SKILLS))
def test_a_class_shows_and_logs_its_own_students_and_their_unmet_orders(school: str) -> None:
    """A must-do that a later forbid rules out is unmet for this school's Gus, and not for the other's."""
    (other,) = set(SKILLS) - {school}
    about = ("--student", GUS, "--material", unused(school), "--by", "t", "--reason", "r", "--school", school)
    for kind in ("must-do", "forbid"):
        run("order", kind, *about, "--wait", "0")
        order_given([])
    before = len(logged())
    found = {ref: run("class", CLASS, "--school", ref) for ref in (school, other)}
    assert [each["student"] for each in found[school]["unmet"]] == [GUS]
    assert found[other]["unmet"] == []
    for ref, shown in found.items():
        assert NAMES[ref] in {line["name"] for line in shown["students"]}
        assert [line["student"] for line in shown["students"]].count(GUS) == 1
    entries = logged()[before:] if school == "hillside" else logged()
    assert {entry for entry in entries if entry[1] == "class"} == {(ref, "class", ref) for ref in found}


def unused(school: str) -> str:
    """Return a material of a school that is on nobody's menu."""
    ((ref,),) = ask(
        """SELECT material.ref FROM souschef.material JOIN souschef.school ON school.id = school_id
            WHERE school.ref = :school AND NOT EXISTS (SELECT FROM souschef.assignment WHERE material_id = material.id)
            ORDER BY material.ref LIMIT 1""",
        school=school,
    )
    return str(ref)


@pytest.mark.parametrize("command", ["refresh", "rebuild"])
@pytest.mark.parametrize("whom", [("--student", GUS), ("--class", CLASS)], ids=["student", "class"])
def test_only_the_named_schools_students_are_decided_for(command: str, whom: tuple[str, str]) -> None:
    """A class has 28 students; with both schools' it would be 56."""
    assert run(command, *whom, "--school", "hillside")["students"] == (1 if whom[0] == "--student" else 28)


def test_interests_switch_off_for_the_named_schools_student_alone() -> None:
    run("privacy", "interests", GUS, "off", "--school", "hillside")
    assert ask(
        """SELECT school.ref FROM souschef.person JOIN souschef.school ON school.id = school_id
            WHERE NOT person.interests_enabled"""
    ) == [("hillside",)]
    assert logged() == [("hillside", "interests off", "hillside")]


def test_a_source_of_each_school_is_its_own() -> None:
    run("source", "rotate", "own", "--school", "hillside")
    assert ask(
        """SELECT school.ref, generation FROM souschef.source JOIN souschef.school ON school.id = school_id
            WHERE source.name = 'own' ORDER BY 1"""
    ) == [("hillside", 2), ("riverside", 1)]
