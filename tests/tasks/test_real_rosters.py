"""Rosters and frameworks of forms that real systems export: each gives what its school would expect.

The inputs in `tests/samples/real_shapes` are invented after public bug reports; each stands for a kind of fault. The
payloads of events among them are read in `tests/lms/test_real_shapes.py`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings, settings
from lms.files.registry import parse
from models import clock, engine
from models.access import sources
from models.imports import load as imports
from models.imports.load import LoadReport
from tests.tasks.conftest import School, ask

SHAPES = Path(__file__).parents[1] / "samples" / "real_shapes"
ONE_ROSTER = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")
CATALOGUE = ("skills", "alignments", "materials")
PEOPLE = {"s1": "student", "s2": "student", "t1": "teacher"}
IN_K1 = {"s1": "student", "s2": "student", "t1": "teacher"}


def files(*cases: str, base: tuple[str, ...] = ONE_ROSTER) -> dict[str, bytes]:
    """The base, with the files of cases (`roster_NAME.FILE.csv`, `base12_FILE.csv`) in the place of its own."""
    found = {f"{name}.csv": (SHAPES / f"base_{name}.csv").read_bytes() for name in base}
    for case in cases:
        # `NAME.after` is another case than `NAME`.
        paths = (
            sorted(SHAPES.glob(f"{case}[._][!.]*.csv")) if case == "base12" else sorted(SHAPES.glob(f"{case}.*.csv"))
        )
        mine = [path for path in paths if (".after." in path.name) == case.endswith(".after")]
        assert mine, case
        found |= {f"{path.stem.replace('base12_', '').rsplit('.')[-1]}.csv": path.read_bytes() for path in mine}
    return found


def load(found: dict[str, bytes]) -> LoadReport:
    with engine.transaction() as session:
        bundle = parse(found.items(), now=clock.now(session))
        return imports.load(session, "x", bundle)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A school after a load."""

    report: LoadReport

    @property
    def people(self) -> dict[str, str]:
        """Active people, with their roles."""
        return dict(ask("SELECT ref, role FROM souschef.person WHERE active ORDER BY ref"))

    def names(self, kind: str = "person") -> dict[str, str]:
        """What each name means that is not the thing's own id."""
        statement = (
            f"SELECT name, ref FROM souschef.alias JOIN souschef.{kind} AS it ON it.id = target_id WHERE kind = :kind"
        )
        return {name: ref for name, ref in ask(statement, kind=kind) if name != ref}

    def members(self, ref: str = "k1") -> dict[str, str]:
        """Who is in a class, with their roles."""
        statement = """
            SELECT person.ref, enrolment.role FROM souschef.enrolment JOIN souschef.person ON person.id = person_id
              JOIN souschef.class ON class.id = class_id WHERE class.ref = :ref
               AND (ended_at IS NULL OR ended_at > souschef.clock())
        """
        rows = ask(statement, ref=ref)
        assert len(rows) == len(dict(rows)), "nobody is in a class twice"
        return dict(rows)

    @property
    def left_out(self) -> list[tuple[str, int]]:
        """Where rows were left out."""
        return [(each.file, each.line) for each in self.report.left_out]

    @property
    def notices(self) -> str:
        """What was said besides."""
        return "\n".join(map(str, self.report.notices))


def class_code_shared(found: Loaded) -> None:
    assert found.members() == IN_K1
    assert "A" not in found.names("class")
    assert "'A' is a name of 2 classes (k1, k2), so it names none of them" in found.notices


def identifier_shared(found: Loaded) -> None:
    assert found.people == PEOPLE
    assert "1234" not in found.names()
    assert "'1234' is a name of 2 people (t1, s1)" in found.notices


def user_ids_without_braces(found: Loaded) -> None:
    assert found.people == PEOPLE
    assert {"12345": "s1", "local|12346": "s2"}.items() <= found.names().items()
    assert "stands without braces" in found.notices
    assert "(2 rows)" in found.notices


def enrolment_orphan(found: Loaded) -> None:
    assert found.members() == IN_K1
    assert found.left_out == [("enrollments.csv", 5), ("enrollments.csv", 6)]
    assert found.report.left_out_of == {"enrollments.csv": (2, 5)}


def enrolment_twice(found: Loaded) -> None:
    assert found.members() == IN_K1
    assert found.left_out == []
    assert "'s1' is in 'k1' already by line 3 (2 rows)" in found.notices


def status_inactive(found: Loaded) -> None:
    assert found.members() == {"s1": "student", "t1": "teacher"}
    assert found.people == PEOPLE


def role_ended(found: Loaded) -> None:
    assert found.people == {"s1": "student", "s2": "teacher", "t1": "teacher"}


def ragged_rows(found: Loaded) -> None:
    assert found.people == PEOPLE
    assert (found.left_out, found.notices) == ([], "")


def names_with_colons(found: Loaded) -> None:
    assert (
        found.names().items()
        >= {
            "mailto:bo@m.example": "s1",
            "urn:uuid:5f0c7c1e-1d3b-4b7e-9d5e-6f1f2a3b4c5d": "s2",
            "https://l.example/users/s2": "s2",
        }.items()
    )
    assert not [name for name in found.names() if name.startswith(":") or "|" in name]


def two_classes(found: Loaded) -> None:
    assert found.members("k0") == {"s1": "student", "s2": "student"}
    assert found.members("k1") == IN_K1


ROSTERS: list[tuple[str, str, Callable[[Loaded], None]]] = [
    ("roster_class_code_shared", "a second name is not unique in the source", class_code_shared),
    ("roster_identifier_shared", "a second name is not unique in the source", identifier_shared),
    ("roster_user_ids_without_braces", "an unreadable optional cell", user_ids_without_braces),
    ("roster_enrolment_orphan", "one bad row", enrolment_orphan),
    ("roster_enrolment_twice", "a repeated row", enrolment_twice),
    ("roster_status_inactive", "a state of withdrawal", status_inactive),
    ("roster12_role_ended", "dates of validity", role_ended),
    ("roster12_ragged_rows", "a harmless form of a file", ragged_rows),
    ("roster_names_with_colons", "a name as events carry it", names_with_colons),
    ("roster_two_classes", "a student has several classes", two_classes),
]


pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def database(database_settings: Settings) -> None:
    """A database at a day of the term of the inputs."""
    assert database_settings
    ask("""INSERT INTO souschef.clock_offset (single, ahead)
           VALUES (true, timestamptz '2026-10-05 12:00Z' - statement_timestamp()) RETURNING true""")


@pytest.mark.parametrize(("case", "kind", "check"), ROSTERS, ids=[case for case, _, _ in ROSTERS])
def test_a_roster_as_it_is_exported(case: str, kind: str, check: Callable[[Loaded], None]) -> None:
    """Loaded twice: the second time differs in nothing, and says the same."""
    assert kind
    found = (
        files("base12", case, base=ONE_ROSTER + CATALOGUE)
        if case.startswith("roster12")
        else files(case, base=ONE_ROSTER + CATALOGUE)
    )
    loaded = Loaded(load(found))
    check(loaded)
    again = Loaded(load(found))
    assert not again.report.any
    assert (again.left_out, again.notices) == (loaded.left_out, loaded.notices)


@pytest.mark.parametrize(
    ("case", "refs", "names", "nobody"),
    [
        ("case_generic_node_titles", {"5.NF.1", "5.NF.2"}, {"ext1": "5.NF.1", "ext2": "5.NF.2"}, {"Destination"}),
        ("case_same_code_twice", None, {}, {"N.1"}),
        ("case_two_match_one", None, {}, {"ext1", "State 12"}),
    ],
)
def test_a_framework_as_it_is_exported(
    case: str, refs: set[str] | None, names: dict[str, str], nobody: set[str]
) -> None:
    """Two skills each; a label, and a code or a match that two items share, names neither."""
    load({**files(base=("orgs",)), "skills.json": (SHAPES / f"{case}.json").read_bytes()})
    stored = {row[0] for row in ask("SELECT ref FROM souschef.skill")}
    assert len(stored) == 2
    assert refs is None or stored == refs
    found = Loaded(LoadReport("x")).names("skill")
    assert names.items() <= found.items()
    assert not nobody & found.keys()


def xapi(name: str = "moodle") -> School:
    """A source of the school that speaks xAPI."""
    key = settings().secret_key_bytes()
    with engine.transaction() as session:
        credential = sources.add(session, name, format="xapi", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
    assert sender is not None
    return School(sender)


def answers(who: str) -> list[tuple[Any, ...]]:
    statement = """
        SELECT item.ref, count(*) FROM souschef.fact JOIN souschef.person ON person.id = student_id
          JOIN souschef.item ON item.id = item_id WHERE person.ref = :who GROUP BY 1
    """
    return ask(statement, who=who)


def test_a_person_with_a_new_id_is_the_same_person() -> None:
    """Kind: a person's identity changes. The account and the number stay, and so does the history."""
    load(files(base=ONE_ROSTER + CATALOGUE))
    xapi().deliver(*json.loads((SHAPES / "base_answers.json").read_text()))
    before = answers("s1")
    assert before == [("https://m.example/a/1", 4)]
    report = load(files("roster_id_changed.after", base=ONE_ROSTER + CATALOGUE))
    assert report.renamed == [("s1", "9001")]
    assert (answers("9001"), answers("s1")) == (before, [])
    loaded = Loaded(report)
    assert loaded.people == {"9001": "student", "s2": "student", "t1": "teacher"}
    assert loaded.members() == {"9001": "student", "s2": "student", "t1": "teacher"}
    assert loaded.names()["https://m.example|1"] == loaded.names()["s1"] == "9001"
    assert not load(files("roster_id_changed.after", base=ONE_ROSTER + CATALOGUE)).any


@pytest.mark.parametrize(
    ("change", "certain"),
    [
        (("Bo,Lind,,s-1,,,,,05", "Bo,Lind,,s-7,,,,,05"), True),
        (("Bo,Lind,,s-1,,,,,05", "Bo,Lind,,s-1,,,,,06"), True),
        (("Bo,Lind,,s-1,,,,,05", "Bo,Lund,,s-1,,,,,05"), True),
        (("Bo,Lind,,s-1,,,,,05", "Bo,Lind,,s-7,,,,,06"), False),
        (("Bo,Lind,,s-1,,,,,05", "Eve,Orr,,s-1,,,,,05"), False),
    ],
)
def test_only_what_is_certain_is_the_same_person(change: tuple[str, str], *, certain: bool) -> None:
    """Name and grade or number must agree; else the account moves, and the load names the command that joins them."""
    load(files())
    after = files("roster_id_changed.after")
    assert change[0] in after["users.csv"].decode()
    after["users.csv"] = after["users.csv"].decode().replace(*change).encode()
    report = load(after)
    assert bool(report.renamed) is certain
    proposals = [each for each in report.notices if "souschef person merge s1 9001" in each.hint]
    assert len(proposals) == (not certain)


def test_an_account_of_somebody_who_is_active_makes_nobody_the_same() -> None:
    """s1 stands in the file beside 9001, without the account that it had."""
    load(files())
    after = files("roster_id_changed.after")
    after["users.csv"] += b"s1,,,true,x,student,s1,,Bo,Lind,,,,,,,05,\n"
    report = load(after)
    assert (report.renamed, report.notices) == ([], [])
    assert {"s1", "9001"} <= Loaded(report).people.keys()


@pytest.mark.parametrize("loaded_twice", [False, True])
def test_a_row_under_a_former_id_makes_no_twin(loaded_twice: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Some systems go on exporting the old row, as disabled, beside the new one."""
    load(files())
    after = files("roster_id_changed.after")
    after["users.csv"] += b"s1,,,false,x,student,s1,{https://m.example:1},Bo,Lind,,s-1,,,,,05,\n"
    header, *rows = after["enrollments.csv"].decode().splitlines()
    second = [row.replace("9001", "s1") for row in rows if "9001" in row]
    assert second
    after["enrollments.csv"] = "\n".join([header, *second, *rows, ""]).encode()
    for _ in range(1 + loaded_twice):
        report = load(after)
    assert report.left_out == []
    assert Loaded(report).people == {"9001": "student", "s2": "student", "t1": "teacher"}
    assert ask("SELECT count(*) FROM souschef.person") == [(3,)]
    assert Loaded(report).names()["https://m.example|1"] == "9001"


def test_a_row_under_a_former_id_with_another_name_is_a_new_person_whom_the_load_names() -> None:
    """After a merge of two spellings the next export would part them again, and nobody would know."""
    load(files())
    after = files("roster_id_changed.after")
    load(after)
    after["users.csv"] += b"s1,,,true,x,student,s1,,Bodo,Lind,,,,,,,05,\n"
    report = load(after)
    assert {"s1", "9001"} <= Loaded(report).people.keys()
    [notice] = report.notices
    assert (notice.file, notice.hint) == (
        "users.csv",
        "If they are one: take the row out, and souschef person merge s1 9001",
    )
    assert load(after).notices == []


def test_a_name_is_found_however_its_accents_are_written() -> None:
    """Kind: names compared as bytes. The file was written by macOS, the event by a browser."""
    load(files("names_nfc_nfd", base=ONE_ROSTER + CATALOGUE))
    event = json.loads((SHAPES / "names_nfc_nfd.json").read_text())
    xapi().deliver(*(event if isinstance(event, list) else [event]))
    assert ask("SELECT code FROM souschef.inbox") == [(None,)]
    assert [count for _, count in answers("s1")] == [1]
