"""Loads into a real database: only differences, nothing where anything is wrong, everything else woken."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import text
from sqlmodel import Session

from lms.files.bundle import Bundle
from lms.files.registry import parse
from models import catalogue, clock, engine
from models.access.schools import UnresolvedSchoolError
from models.imports import file_findings
from models.imports import load as imports
from models.imports.load import InvalidFilesError, Limits, LoadInProgressError, LoadReport
from models.privacy import erasure
from models.students import people
from models.tables import SCHEMA, OrmBase
from models.tables.people import AliasKind
from workers.cli import import_files

EXAMPLE = Path(__file__).parents[3] / "examples" / "riverside"
ORGS = "sourcedId,name,type\nriver,River School,school\n"
Json: TypeAlias = Any
"""Rows of any shape."""


def bundle(**files: str) -> Bundle:
    """Files by name, `_csv` left out; `questionnaire` is a survey."""
    paths = {"questionnaire": "questionnaires/q.json", "package": "skills.json"}
    return parse([(paths.get(name, f"{name}.csv"), body.encode()) for name, body in files.items()])


@pytest.fixture
def load(database_url: str) -> Callable[..., LoadReport]:
    """Load files into the school `river`, which is there."""
    assert database_url
    with transaction() as session:
        imports.load(session, None, bundle(orgs=ORGS))

    def run(*, options: dict[str, Json] | None = None, **files: str) -> LoadReport:
        with transaction() as session:
            return imports.load(session, None, bundle(**files), **(options or {}))

    return run


transaction = engine.transaction


def ask(statement: str, **parameters: Json) -> list[tuple[Json, ...]]:
    with transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def one(statement: str, **parameters: Json) -> Json:
    return ask(statement, **parameters)[0][0]


def everything(session: Session) -> dict[str, list[Json]]:
    """Every row of every table with the transaction that wrote it: a row written again shows another one."""
    names = [table.name for table in OrmBase.metadata.sorted_tables]
    return {
        name: sorted(map(repr, session.connection().execute(text(f"SELECT xmin, * FROM {SCHEMA}.{name}"))))
        for name in names
    }


def snapshot() -> dict[str, list[Json]]:
    with transaction() as session:
        return everything(session)


def problems(wrong: pytest.ExceptionInfo[InvalidFilesError]) -> list[tuple[str, int, str]]:
    return [(problem.file, problem.line, problem.column) for problem in wrong.value.problems]


SKILLS = "skill,title\nA,adding\nB,taking away\nC,sharing\n"
TOPICS = "topic,title,phrases\nsports,sports,soccer;running\n"
USERS = "sourcedId,role,givenName,userIds\ns1,student,Ada,{lms:1}\ns2,student,Bo,{lms:2}\nt1,teacher,Cy,{lms:3}\n"
CLASSES = "sourcedId,title,classCode\nK,Class,CODE\n"
ENROLLMENTS = "classSourcedId,userSourcedId,role,beginDate\nK,s1,student,2026-01-05\nK,s2,student,2026-01-05\n"
MATERIALS = "material,title,url,skills,difficulty,context,items\nM,Fair shares,https://m.example/1,A;B,0,sports,q-m\n"


def test_the_example_school_loads_and_a_second_time_writes_no_row(database_url: str) -> None:
    """Counted from the files with the csv module alone."""
    assert database_url
    with transaction() as session:
        first = imports.load(session, None, import_files.read(EXAMPLE))
    assert first.school == "riverside"
    counts = {kind: each.new for kind, each in first.differences.items()}
    for kind, file in (("person", "users"), ("class", "classes"), ("enrolment", "enrollments"), ("skill", "skills")):
        assert counts[kind] == csv_rows(file), kind
    for kind in ("prerequisite", "topic", "material", "alignment", "scope"):
        assert counts[kind] == csv_rows(f"{kind}s" if kind != "scope" else kind), kind
    before = snapshot()
    with transaction() as session:
        second = imports.load(session, None, import_files.read(EXAMPLE))
    assert not second.any
    assert {kind: each.same for kind, each in second.differences.items()} == counts
    assert snapshot() == before


def csv_rows(name: str) -> int:
    import csv

    with (EXAMPLE / f"{name}.csv").open(newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def test_only_what_differs_is_written(load: Callable[..., LoadReport]) -> None:
    load(skills=SKILLS)
    before: dict[str, str] = dict(ask("SELECT ref, xmin::text FROM souschef.skill"))
    report = load(skills=SKILLS.replace("taking away", "subtracting") + "D,doubling\n")
    after: dict[str, str] = dict(ask("SELECT ref, xmin::text FROM souschef.skill"))
    difference = report.differences["skill"]
    assert (difference.new, difference.changed, difference.same) == (1, 1, 2)
    assert (difference.names["new"], difference.names["changed"]) == (("D",), ("B",))
    assert {ref for ref, written in before.items() if after[ref] == written} == {"A", "C"}


def test_a_dry_run_tells_the_same_and_leaves_nothing(load: Callable[..., LoadReport]) -> None:
    before = snapshot()
    with transaction() as session:
        report = imports.load(session, None, bundle(skills=SKILLS, users=USERS))
        session.rollback()
    assert snapshot() == before
    done = load(skills=SKILLS, users=USERS)
    assert report.differences == done.differences


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"enrollments": ENROLLMENTS, "classes": CLASSES}, ("enrollments.csv", 2, "userSourcedId")),
        ({"enrollments": ENROLLMENTS, "users": USERS}, ("enrollments.csv", 2, "classSourcedId")),
        ({"alignments": "item,skill\nq1,Z\n"}, ("alignments.csv", 2, "skill")),
        ({"prerequisites": "skill,needs\nA,Z\n", "skills": SKILLS}, ("prerequisites.csv", 2, "needs")),
        ({"scope": "class,skill\nK,Z\n", "classes": CLASSES}, ("scope.csv", 2, "skill")),
        ({"materials": MATERIALS, "skills": SKILLS}, ("materials.csv", 2, "context")),
        ({"materials": MATERIALS, "topics": TOPICS}, ("materials.csv", 2, "skills")),
        (
            {"materials": "material,title,url,skills,difficulty,twin\nM,a,https://m.example,A,0,N\n", "skills": SKILLS},
            ("materials.csv", 2, "twin"),
        ),
    ],
)
def test_a_row_that_names_something_unknown_is_left_out_or_refused_where_that_is_asked(
    load: Callable[..., LoadReport], files: dict[str, str], where: tuple[str, int, str]
) -> None:
    before = snapshot()
    with pytest.raises(InvalidFilesError) as wrong:
        load(options={"limits": Limits(strict=True)}, **files)
    assert where in problems(wrong)
    assert wrong.value.exit_code == 2
    assert snapshot() == before
    report = load(**files)
    assert where in [(each.file, each.line, each.column) for each in report.left_out]
    assert where[0] in report.left_out_of
    before = snapshot()
    assert not load(**files).any
    assert snapshot() == before


HEAD = "classSourcedId,userSourcedId,role\n"


def rows(good: int, bad: int) -> dict[str, str]:
    """A roster of one class, with enrolments of people who are in no file."""
    people = [f"p{number}" for number in range(good)]
    users = "sourcedId,role\n" + "".join(f"{ref},student\n" for ref in people)
    members = [*people, *(f"ghost{number}" for number in range(bad))]
    return {"users": users, "classes": CLASSES, "enrollments": HEAD + "".join(f"K,{ref},student\n" for ref in members)}


@pytest.mark.parametrize(
    ("good", "bad", "limits", "loads"),
    [
        (0, 20, Limits(), True),
        (0, 21, Limits(), False),
        (399, 21, Limits(), True),
        (398, 21, Limits(), False),
        (398, 21, Limits(max_bad_rows=21), True),
        (398, 21, Limits(max_bad_rows=20), False),
        (5, 1, Limits(strict=True), False),
        (5, 0, Limits(strict=True), True),
    ],
)
def test_a_file_with_too_much_to_leave_out_is_refused(
    load: Callable[..., LoadReport],
    good: int,
    bad: int,
    limits: Limits,
    loads: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """More than 20 rows and more than 5 %: 21 of 420 are 5 %, and 21 of 419 are more."""
    if loads:
        report = load(options={"limits": limits}, **rows(good, bad))
        assert report.left_out_of == ({"enrollments.csv": (bad, good + bad)} if bad else {})
        assert one("SELECT count(*) FROM souschef.enrolment") == good
        return
    with pytest.raises(InvalidFilesError) as wrong:
        load(options={"limits": limits}, **rows(good, bad))
    assert wrong.value.problems[0].wrong.startswith(f"{bad} of its {good + bad} rows cannot be loaded")
    assert wrong.value.problems[0].hint.endswith(f"--max-bad-rows {bad}.")
    assert one("SELECT count(*) FROM souschef.enrolment") == 0


@pytest.mark.parametrize(("stay", "loads"), [(80, True), (49, False), (56, True), (0, False)])
def test_a_roster_that_ends_most_enrolments_must_be_said_to_be_a_new_terms(
    load: Callable[..., LoadReport],
    stay: int,
    loads: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Of 80 enrolments 24 may end without asking, which is 30 %."""
    load(**rows(80, 0))
    after = {**rows(80, 0), "enrollments": rows(stay, 0)["enrollments"]}
    going_on = "SELECT count(*) FROM souschef.enrolment WHERE ended_at IS NULL"
    if not loads:
        with pytest.raises(InvalidFilesError, match=f"it would end {80 - stay} of 80 enrolments") as wrong:
            load(**after)
        assert "--new-term" in wrong.value.problems[0].hint
        assert one(going_on) == 80
    load(options={"limits": Limits(new_term=not loads)}, **after)
    assert one(going_on) == stay


def test_a_row_that_cannot_be_read_ends_no_enrolment(load: Callable[..., LoadReport]) -> None:
    load(users=USERS, classes=CLASSES, enrollments=ENROLLMENTS)
    report = load(enrollments=ENROLLMENTS.replace("K,s2,student,2026-01-05", "K,s2,student,01/05/2026"))
    assert report.left_out_of == {"enrollments.csv": (1, 2)}
    assert one("SELECT count(*) FROM souschef.enrolment WHERE ended_at IS NULL") == 2


def test_enrolments_of_people_who_have_left_are_over_and_no_rows_to_leave_out(load: Callable[..., LoadReport]) -> None:
    """Exports keep them: s2 has left and was never loaded, s1 has left after being loaded."""
    load(users=USERS, classes=CLASSES, enrollments=ENROLLMENTS)
    gone = "sourcedId,role,status\ns1,student,inactive\ns9,student,inactive\n"
    report = load(users=gone, classes=CLASSES, enrollments=ENROLLMENTS + "K,s9,student,2026-01-05\n")
    assert report.left_out == []
    left = "SELECT ref FROM souschef.enrolment JOIN souschef.person ON person.id = person_id WHERE ended_at IS NULL"
    assert ask(left) == [("s2",)]


def test_a_name_that_two_classes_have_from_now_on_names_neither(load: Callable[..., LoadReport]) -> None:
    """CODE meant K; once L has it too, an event about CODE may be about either."""
    load(classes=CLASSES)
    report = load(classes=CLASSES + "L,Other,CODE\n")
    assert [notice.rows for notice in report.notices] == [1]
    assert ask("SELECT name FROM souschef.alias WHERE kind = 'class' ORDER BY 1") == [("K",), ("L",)]


def test_what_was_left_out_is_stored_until_the_file_is_loaded_again(load: Callable[..., LoadReport]) -> None:
    """Loads of other files leave it; the doctor speaks of it."""
    load(users=USERS, classes=CLASSES, enrollments=ENROLLMENTS + "K,ghost,student,2026-01-05\n")
    load(skills=SKILLS)
    with transaction() as session:
        [found] = file_findings.reports(session)
    assert (found.school, found.file, found.severity, found.rows) == ("river", "enrollments.csv", "row", 1)
    assert found.first == "line 4: there is no person 'ghost'"
    load(enrollments=ENROLLMENTS)
    with transaction() as session:
        assert file_findings.reports(session) == []


def test_an_erased_persons_name_stays_in_no_finding(load: Callable[..., LoadReport]) -> None:
    load(users=USERS + "s3,wizard,Di,\ns1,student,Bo,\n")
    with transaction() as session:
        subject = erasure.find_student(session, "s1")
        erasure.erase(session, subject, author="head", reason="request 1")
    assert [wrong for (wrong,) in ask("SELECT wrong FROM souschef.file_finding")] == [
        "'wizard' is no role of OneRoster"
    ]


def test_the_example_school_refuses_as_a_whole_for_one_wrong_cell(database_url: str) -> None:
    assert database_url
    before = snapshot()
    files = [(path.name, path.read_bytes()) for path in EXAMPLE.glob("*.csv")]
    files.append(("questionnaires/q.json", b'{"survey": 1}'))
    with pytest.raises(InvalidFilesError) as wrong, transaction() as session:
        imports.load(session, None, parse(files))
    assert problems(wrong) == [("questionnaires/q.json", 0, "/survey")]
    assert snapshot() == before


def test_files_that_are_refused_say_their_unknown_names_too(load: Callable[..., LoadReport]) -> None:
    """A cell of materials.csv is wrong; what is loaded already is known, and so is what a sound file has."""
    load(skills=SKILLS, classes=CLASSES)
    questionnaire = """{"survey": "S", "title": "S", "questions": [
        {"ref": "q", "kind": "rating", "prompt": "p", "scale": [1, 5], "topics": {"sport": 1.0}}]}"""
    files = {
        "materials": "material,title,url,skills,difficulty\nM,x,https://m.example/1,A,easy\n",
        "scope": "class,skill\nK,A\nCODE,B\nk9,A\n",
        "alignments": "item,skill\ni1,C\ni2,D\n",
        "prerequisites": "skill,needs\nA,B\nB,A\n",
        "topics": TOPICS,
        "questionnaire": questionnaire,
    }
    with pytest.raises(InvalidFilesError) as wrong:
        load(**files)
    assert sorted(problems(wrong)) == [
        ("alignments.csv", 3, "skill"),
        ("materials.csv", 2, "difficulty"),
        ("prerequisites.csv", 3, "needs"),
        ("questionnaires/q.json", 0, "/questions/0"),
        ("scope.csv", 4, "class"),
    ]


def test_names_of_a_file_that_has_problems_are_not_called_unknown(load: Callable[..., LoadReport]) -> None:
    with pytest.raises(InvalidFilesError) as wrong:
        load(skills="skill,title,grade\nA,adding,four\n", alignments="item,skill\ni1,A\n")
    assert problems(wrong) == [("skills.csv", 2, "grade")]


def test_files_may_use_any_name_that_is_known(load: Callable[..., LoadReport]) -> None:
    """The class by its code, the skill by its GUID in the CASE package."""
    package = '{"CFItems": [{"identifier": "guid-1", "humanCodingScheme": "A", "fullStatement": "adding"}]}'
    load(package=package, classes=CLASSES)
    load(scope="class,skill\nCODE,guid-1\n", alignments="item,skill\nq1,guid-1\n")
    assert one("SELECT count(*) FROM souschef.scope") == 1
    report = load(alignments="item,skill\nq1,guid-1\nq1,A\n")
    assert [(each.file, each.line, each.column) for each in report.left_out] == [("alignments.csv", 3, "skill")]


def test_a_name_of_one_person_cannot_be_the_ref_of_another(load: Callable[..., LoadReport]) -> None:
    """s2 is loaded; a later file calls s1 by `s2`: s2's answers would become s1's."""
    load(users=USERS)
    report = load(users="sourcedId,role,identifier\ns1,student,s2\n")
    assert [notice.wrong for notice in report.notices] == ["'s2' is the ref of another person, and so no name of 's1'"]
    statement = "SELECT ref FROM souschef.alias JOIN souschef.person ON person.id = target_id WHERE name = 's2'"
    assert one(statement) == "s2"


def test_an_alias_that_moves_to_another_person_is_reported(load: Callable[..., LoadReport]) -> None:
    load(users=USERS)
    report = load(users="sourcedId,role,userIds\ns2,student,{lms:1}\n")
    assert report.differences["name"].names["changed"] == ("lms|1 for s2",)
    with transaction() as session:
        school = one("SELECT id FROM souschef.school")
        found = people.resolve_names(session, school, AliasKind.PERSON, {"lms|1", "s1", "s2", "nobody"})
    assert found["lms|1"] == found["s2"] != found["s1"]
    assert "nobody" not in found


def test_what_a_roster_does_not_tell_is_kept(load: Callable[..., LoadReport]) -> None:
    load(users=USERS)
    ask("UPDATE souschef.person SET reading_level = 4.5, language = 'es', interests_enabled = false RETURNING id")
    load(users=USERS.replace("Ada", "Ada Maria"))
    row = ask("SELECT given_name, reading_level, language, interests_enabled FROM souschef.person WHERE ref = 's1'")
    assert row == [("Ada Maria", 4.5, "es", False)]


def test_who_vanishes_from_a_class_has_left_it_and_the_time_there_is_kept(load: Callable[..., LoadReport]) -> None:
    load(users=USERS, classes=CLASSES, enrollments=ENROLLMENTS)
    report = load(enrollments=ENROLLMENTS.replace("K,s2,student,2026-01-05\n", ""))
    difference = report.differences["enrolment"]
    assert (difference.new, difference.changed, difference.same, difference.ended) == (0, 0, 1, 1)
    assert difference.names["ended"] == ("s2 in K from 2026-01-05",)
    rows = ask("""SELECT ref, ended_at IS NULL, ended_at <= souschef.clock(), began_at FROM souschef.enrolment
                    JOIN souschef.person ON person.id = person_id ORDER BY ref""")
    began = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    assert rows == [("s1", True, None, began), ("s2", False, True, began)]
    assert not load(enrollments=ENROLLMENTS.replace("K,s2,student,2026-01-05\n", "")).any


def test_a_whole_roster_without_anybody_ends_a_class_and_a_delta_does_not(load: Callable[..., LoadReport]) -> None:
    header = ENROLLMENTS.splitlines()[0] + "\n"
    load(users=USERS, classes=CLASSES, enrollments=ENROLLMENTS)
    delta = load(manifest="propertyName,value\nfile.enrollments,delta\n", classes=CLASSES, enrollments=header)
    assert not delta.any
    assert load(classes=CLASSES, enrollments=header).differences["enrolment"].ended == 2


def test_a_corrected_beginning_moves_one_row(load: Callable[..., LoadReport]) -> None:
    load(users=USERS, classes=CLASSES, enrollments=ENROLLMENTS)
    report = load(enrollments=ENROLLMENTS.replace("K,s2,student,2026-01-05", "K,s2,student,2026-02-01"))
    assert report.differences["enrolment"].names["changed"] == ("s2 in K from 2026-02-01",)
    assert one("SELECT count(*) FROM souschef.enrolment") == 2


def test_dates_left_out_begin_now_once(load: Callable[..., LoadReport]) -> None:
    """The second load comes a day later and changes nothing."""
    undated = "classSourcedId,userSourcedId,role\nK,s1,student\n"
    load(users=USERS, classes=CLASSES, enrollments=undated)
    with transaction() as session:
        clock.set_to(session, clock.now(session) + dt.timedelta(days=1))
    assert not load(classes=CLASSES, enrollments=undated).any


def test_a_circle_is_named_with_its_path_and_its_line(load: Callable[..., LoadReport]) -> None:
    with pytest.raises(InvalidFilesError) as wrong:
        load(skills=SKILLS, prerequisites="skill,needs\nA,B\nB,C\nC,A\nB,B\n")
    assert problems(wrong) == [("prerequisites.csv", 4, "needs"), ("prerequisites.csv", 5, "needs")]
    found = [problem.wrong for problem in wrong.value.problems]
    assert found == ["it closes a circle: A needs B needs C needs A", "it closes a circle: B needs B"]


def test_closing_steps_are_dropped_and_listed_where_that_is_asked(load: Callable[..., LoadReport]) -> None:
    report = load(options={"drop_cycles": True}, skills=SKILLS, prerequisites="skill,needs\nA,B\nB,C\nC,A\nB,B\n")
    assert report.dropped == [("B", "B"), ("A", "B", "C", "A")]
    assert one("SELECT count(*) FROM souschef.prerequisite") == 2


def test_a_circle_with_what_is_loaded_already_is_found(load: Callable[..., LoadReport]) -> None:
    """A needs B is there; the file names only B, so A's row stays and B needs A closes a circle."""
    load(skills=SKILLS, prerequisites="skill,needs\nA,B\n")
    with pytest.raises(InvalidFilesError, match="it closes a circle: A needs B needs A"):
        load(prerequisites="skill,needs\nB,A\n")
    report = load(options={"drop_cycles": True}, prerequisites="skill,needs\nB,A\nB,C\n")
    assert report.dropped == [("A", "B", "A")]
    assert one("SELECT count(*) FROM souschef.prerequisite") == 2


def test_a_file_tells_all_links_of_what_it_names_and_none_of_what_it_does_not(load: Callable[..., LoadReport]) -> None:
    """q1 loses B; q2 is of another course and stays; a weight of 0 takes q3's away."""
    load(skills=SKILLS, alignments="item,skill\nq1,A\nq1,B\nq2,C\nq3,C\n")
    report = load(alignments="item,skill,weight\nq1,A,\nq3,C,0\n")
    assert report.differences["alignment"].names["ended"] == ("q1 - B", "q3 - C")
    rows = ask("""SELECT item.ref, skill.ref FROM souschef.alignment JOIN souschef.item ON item.id = item_id
                    JOIN souschef.skill ON skill.id = skill_id ORDER BY 1""")
    assert rows == [("q1", "A"), ("q2", "C")]


def test_a_material_that_loses_a_skill_loses_it(load: Callable[..., LoadReport]) -> None:
    load(skills=SKILLS, topics=TOPICS, materials=MATERIALS)
    report = load(materials=MATERIALS.replace("A;B", "B"))
    assert report.differences["material skill"].names["ended"] == ("M - B",)
    rows = ask("SELECT position, ref FROM souschef.material_skill JOIN souschef.skill ON skill.id = skill_id")
    assert rows == [(0, "B")]


def test_a_change_of_the_catalogue_is_one_new_version_and_marks_the_students(load: Callable[..., LoadReport]) -> None:
    """The two students have states; the school's version rises by one however much is written."""
    load(users=USERS)
    give_states()
    version = one("SELECT catalogue_version FROM souschef.school")
    report = load(skills=SKILLS, topics=TOPICS, materials=MATERIALS)
    assert one("SELECT catalogue_version FROM souschef.school") == version + 1
    assert report.refreshed == 2
    assert one("SELECT count(*) FROM souschef.learner_state WHERE refresh_due") == 2


def test_a_change_of_people_marks_only_them_and_is_no_new_version(load: Callable[..., LoadReport]) -> None:
    load(users=USERS, classes=CLASSES)
    give_states()
    version = one("SELECT catalogue_version FROM souschef.school")
    report = load(enrollments=ENROLLMENTS.replace("K,s2,student,2026-01-05\n", ""))
    assert one("SELECT catalogue_version FROM souschef.school") == version
    assert report.refreshed == 1
    rows = ask(
        "SELECT ref FROM souschef.learner_state JOIN souschef.person ON person.id = student_id WHERE refresh_due"
    )
    assert rows == [("s1",)]


def give_states() -> None:
    """A state for each student, as the first event makes it."""
    ask("""INSERT INTO souschef.learner_state (student_id, school_id, state, snapshot_version, parameters_version)
           SELECT id, school_id, '', 0, 0 FROM souschef.person WHERE role = 'student' RETURNING student_id""")


@pytest.fixture
def parked(load: Callable[..., LoadReport]) -> Callable[[], list[tuple[Json, ...]]]:
    """An event that waits for a student; how it stands."""
    ask("""WITH made AS (INSERT INTO souschef.source (school_id, name, format)
             SELECT id, 'moodle', 'moodle' FROM souschef.school RETURNING id, school_id)
           INSERT INTO souschef.inbox (school_id, source_id, key, kind, shard, payload, state, code, attempts)
           SELECT school_id, id, '\\x01', 'assessment', 1, '{}', 'parked', 'unknown_student', 3 FROM made
           RETURNING id""")
    return lambda: ask("SELECT state, code, attempts FROM souschef.inbox")


def test_what_waited_for_the_roster_is_due_again(
    load: Callable[..., LoadReport], parked: Callable[[], list[tuple[Json, ...]]]
) -> None:
    """Also where nothing but a name is new; a load that changes nothing leaves it waiting."""
    load(orgs=ORGS)
    assert parked() == [("parked", "unknown_student", 3)]
    assert load(users=USERS).unparked == 1
    assert parked() == [("pending", None, 0)]


def test_the_school_must_be_clear(load: Callable[..., LoadReport]) -> None:
    two = "sourcedId,name,type,identifier\nriver,River School,school,R-1\nlake,Lake School,school,L-1\n"
    with pytest.raises(UnresolvedSchoolError, match="river, lake"), transaction() as session:
        imports.load(session, None, bundle(orgs=two))
    with transaction() as session:
        assert imports.load(session, "L-1", bundle(orgs=two)).school == "lake"
    with pytest.raises(UnresolvedSchoolError, match="There are 2 schools"):
        load(skills=SKILLS)
    with pytest.raises(UnresolvedSchoolError, match="There is no school sea"), transaction() as session:
        imports.load(session, "sea", bundle(skills=SKILLS))
    with pytest.raises(UnresolvedSchoolError, match="sea is none of them"), transaction() as session:
        imports.load(session, "sea", bundle(orgs=ORGS))


def test_names_of_the_greatest_length_are_kept(load: Callable[..., LoadReport]) -> None:
    """500 characters of four bytes each fit into the indexes of both tables."""
    name = "".join(chr(0x1F300 + n) for n in range(500))
    load(skills=f"skill,title\n{name},adding\n")
    assert one("SELECT length(name) FROM souschef.alias") == 500


def test_two_loads_of_one_school_do_not_mix(load: Callable[..., LoadReport]) -> None:
    with transaction() as session:
        imports.load(session, None, bundle(skills=SKILLS))
        with pytest.raises(LoadInProgressError, match="Another load of the school river is under way"):
            load(skills=SKILLS)
    assert not load(skills=SKILLS).any


def test_two_schools_may_use_the_same_refs(load: Callable[..., LoadReport]) -> None:
    load(skills=SKILLS, users=USERS)
    with transaction() as session:
        other = imports.load(
            session, None, bundle(orgs="sourcedId,name,type\nlake,Lake,school\n", skills=SKILLS, users=USERS)
        )
    assert other.differences["person"].new == 3
    assert one("SELECT count(DISTINCT school_id) FROM souschef.skill") == 2


LIKES = """{"survey": "S", "title": "What you like", "questions": [
  {"ref": "q1", "kind": "rating", "prompt": "Soccer is fun", "scale": [1, 5], "topics": {"sports": 1.0}}]}"""
PRYING = LIKES.replace("Soccer is fun", "My parents go to church")


def test_a_questionnaire_is_kept_as_it_was_written(load: Callable[..., LoadReport]) -> None:
    report = load(topics=TOPICS, questionnaire=LIKES)
    assert report.differences["questionnaire"].new == 1
    assert one("SELECT document -> 'questions' -> 0 ->> 'prompt' FROM souschef.questionnaire") == "Soccer is fun"
    assert not load(questionnaire=LIKES).any


def test_an_unknown_topic_and_an_unknown_model_are_problems_with_a_pointer(
    load: Callable[..., LoadReport],
) -> None:
    with pytest.raises(InvalidFilesError) as wrong:
        load(questionnaire=LIKES)
    assert problems(wrong) == [("questionnaires/q.json", 0, "/questions/0")]
    with pytest.raises(InvalidFilesError) as wrong:
        load(topics=TOPICS, questionnaire=LIKES.replace('"kind": "rating"', '"kind": "riddle"'))
    assert problems(wrong) == [("questionnaires/q.json", 0, "/questions/0/kind")]


def test_protected_questions_are_refused_without_consent(load: Callable[..., LoadReport]) -> None:
    with pytest.raises(InvalidFilesError) as wrong:
        load(topics=TOPICS, questionnaire=PRYING)
    assert problems(wrong) == [("questionnaires/q.json", 0, "/questions/0/prompt")]
    assert "religious practices" in wrong.value.problems[0].wrong


def test_consent_is_recorded_in_the_document_and_stays_good_for_the_same_questions(
    load: Callable[..., LoadReport],
) -> None:
    report = load(options={"consent": "Parents' evening, 2026-09-01"}, topics=TOPICS, questionnaire=PRYING)
    assert report.consents == ["S"]
    assert one("SELECT document ->> 'consent' FROM souschef.questionnaire") == "Parents' evening, 2026-09-01"
    assert not load(questionnaire=PRYING).any
    with pytest.raises(InvalidFilesError):
        load(questionnaire=PRYING.replace("go to church", "pray"))


def test_consent_may_stand_in_the_file_and_what_is_kept_can_be_read_again(load: Callable[..., LoadReport]) -> None:
    """An empty one is none."""
    signed = PRYING.replace('"title"', '"consent": "Forms of 12 families, 2026-09-01", "title"')
    with pytest.raises(InvalidFilesError):
        load(topics=TOPICS, questionnaire=signed.replace("Forms of 12 families, 2026-09-01", ""))
    assert load(topics=TOPICS, questionnaire=signed).consents == ["S"]
    with transaction() as session:
        loaded = catalogue.load(session, one("SELECT id FROM souschef.school"))
    assert list(loaded.questionnaires) == ["S"]


def test_what_looks_like_code_arrives_as_it_was_sent(load: Callable[..., LoadReport]) -> None:
    title = "'; DROP TABLE souschef.skill; -- {{7*7}} \\N \\. \t tab 🙂"
    load(skills=f'skill,title\nA,"{title}"\n')
    assert one("SELECT title FROM souschef.skill") == title.strip()
