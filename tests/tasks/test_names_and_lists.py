"""Names where refs are taken, and the lists that show both."""

import csv
import io
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from models import engine
from models.access import schools
from models.reports import names
from models.reports.names import NameKind
from models.students.people import UnknownRefError
from tests.parameters import first_of
from tests.tasks.conftest import Ask, School
from workers.cli import refs
from workers.cli.main import app
from workers.cli.views import student

pytestmark = pytest.mark.timeout(120)
RUN = CliRunner()
STUDENT = "riverside-s413"


def run(*words: str, columns: int = 200) -> str:
    result = RUN.invoke(app, list(words), env={"COLUMNS": str(columns)})
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def refused(*words: str) -> str:
    error = RUN.invoke(app, list(words)).exception
    assert isinstance(error, UnknownRefError), error
    assert error.exit_code == 2
    return str(error)


def name_of(ask: Ask, ref: str) -> tuple[str, str]:
    ((first_name, family),) = ask("SELECT given_name, family_name FROM souschef.person WHERE ref = :r", r=ref)
    return first_name, family


KINDS = ("students", "schools", "classes", "skills", "materials", "items", "surveys", "sources")


@pytest.mark.parametrize("kind", first_of(KINDS))
def test_each_list_is_a_table_json_and_csv_of_the_same_rows(kind: str, school: School) -> None:
    rows = json.loads(run("list", kind, "--json"))[kind]
    assert rows
    assert all(row["ref"] for row in rows)
    table = csv.DictReader(io.StringIO(run("list", kind, "--csv")))
    assert [row["ref"] for row in table] == [row["ref"] for row in rows]
    assert f"{len(rows)} {kind}." in run("list", kind) or len(rows) == 1


def test_a_list_is_narrowed_by_a_text_and_by_a_class(school: School, ask: Ask) -> None:
    _, family = name_of(ask, STUDENT)
    found = json.loads(run("list", "students", family.lower(), "--json"))["students"]
    assert STUDENT in [row["ref"] for row in found]
    ((count,),) = ask(
        """SELECT count(*) FROM souschef.current_enrolment JOIN souschef.class ON class.id = class_id
            WHERE ref = 'MATH-5A'"""
    )
    assert len(json.loads(run("list", "students", "--class", "MATH-5A", "--json"))["students"]) == count > 0
    assert ask("SELECT count(*) FROM souschef.access WHERE action = 'list students'") == [(2,)]


def test_a_student_is_found_by_ref_name_and_beginning(school: School, ask: Ask) -> None:
    first_name, family = name_of(ask, STUDENT)
    whole = json.loads(run("student", STUDENT, "--json"))
    for typed in (f"{first_name} {family}", f"{first_name} {family}".upper(), f"{first_name} {family[:-1]}"):
        assert json.loads(run("student", typed, "--json")) == whole
    assert run("class", "math-5a", "--json") == run("class", "MATH-5A", "--json")


def test_a_student_without_any_work_has_a_sentence(school: School, ask: Ask) -> None:
    """In no class, so that no worker ever decides."""
    ask("""INSERT INTO souschef.person (school_id, ref, role, given_name)
           SELECT id, 'n1', 'student', 'Nina' FROM souschef.school RETURNING 1""")
    assert student.NOTHING_YET in " ".join(run("student", "n1").split())


def test_several_that_fit_are_listed_and_the_reading_of_their_names_is_logged(school: School, ask: Ask) -> None:
    sentence = refused("student", "riverside-s")
    assert "riverside-s may be several of school riverside: " in sentence
    assert sentence.endswith("and more. Type the ref of one.")
    assert ask("SELECT action, jsonb_array_length(subjects) FROM souschef.access") == [("name lookup", 11)]


def test_nothing_that_fits_names_the_list(school: School) -> None:
    assert refused("student", "Nobody Atall").endswith(
        "no student Nobody Atall. `souschef list students` lists those that there are."
    )
    assert "`souschef list classes`" in refused("policy", "show", "--class", "NOPE")
    assert "`souschef list skills`" in refused("student", STUDENT, "--growth", "1.X")


def test_a_ref_wins_over_a_name_and_names_stay_within_a_school(school: School, ask: Ask) -> None:
    """Another student is called as the ref is; a student of another school has that name, too."""
    first_name, family = name_of(ask, STUDENT)
    ask(
        "UPDATE souschef.person SET given_name = :r, family_name = '' WHERE ref = 'riverside-s412' RETURNING 1",
        r=STUDENT,
    )
    ask("INSERT INTO souschef.school (ref, name) VALUES ('hillside', 'Hillside') RETURNING 1")
    ask(
        """INSERT INTO souschef.person (school_id, ref, role, given_name, family_name)
           SELECT id, 'h1', 'student', :first, :family FROM souschef.school WHERE ref = 'hillside' RETURNING 1""",
        first=first_name,
        family=family,
    )
    with engine.transaction() as session:
        riverside, hillside = (schools.resolve(session, ref) for ref in ("riverside", "hillside"))
        assert refs.match(session, riverside, NameKind.STUDENT, STUDENT).ref == STUDENT
        assert refs.match(session, riverside, NameKind.STUDENT, f"{first_name} {family}").ref == STUDENT
        assert refs.match(session, hillside, NameKind.STUDENT, f"{first_name} {family}").ref == "h1"
        assert names.find(session, hillside.id, NameKind.CLASS, "MATH-5A") == []
        assert names.find(session, riverside.id, NameKind.STUDENT, " ") == []


def test_an_override_takes_names_and_shows_refs(school: School, ask: Ask) -> None:
    first_name, family = name_of(ask, STUDENT)
    ((ref, title),) = ask("SELECT ref, title FROM souschef.material ORDER BY ref LIMIT 1")
    words = ["override", "pin", "--material", ref, "--by", "tmorgan", "--reason", "agreed", "--dry-run", "--json"]
    by_name: dict[str, Any] = json.loads(run(*words, "--student", f"{first_name} {family}"))
    by_ref: dict[str, Any] = json.loads(run(*words, "--student", STUDENT))
    assert by_name["students"] == by_ref["students"]
    assert title


def test_two_schools_are_named_and_the_setting_chooses(
    school: School, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("INSERT INTO souschef.school (ref, name) VALUES ('hillside', 'Hillside') RETURNING 1")
    unclear = RUN.invoke(app, ["list", "classes"]).exception
    assert str(unclear).startswith("There are 2 schools: hillside, riverside.")
    assert json.loads(run("list", "classes", "--school", "River", "--json"))["classes"]


@pytest.mark.parametrize("columns", first_of([60, 100]))
def test_a_table_is_as_wide_as_columns_says(columns: int, school: School) -> None:
    assert max(map(len, run("list", "materials", columns=columns).splitlines())) <= columns
