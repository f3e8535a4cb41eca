"""A student of several classes: a list a class, and enrolment changes that reach open work."""

from typing import Any

import pytest
from sqlalchemy import text

from config.settings import settings
from learning import selection
from models import engine
from models.access import sources
from models.rows import execute
from models.students import enrolment_moments
from tasks.refresh import refresh_assignments
from tasks.sweep import sweep_once
from tests.tasks.conftest import Ask, School, ask

STUDENT = "riverside-s413"
MATHS, OTHER, EXTRA, BAND = "MATH-5A", "MATH-5B", "HELP-5", "BAND"


def do(statement: str, **parameters: Any) -> None:
    """Execute a statement."""
    with engine.transaction() as session:
        session.connection().execute(text(statement), parameters)


def student_id() -> int:
    return int(ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=STUDENT)[0][0])


def add_class(ref: str, *, skills: str = "false", document: str | None = None) -> None:
    """Add a class with these skills of the first one's scope, as a condition on `skill.ref`."""
    do("INSERT INTO souschef.class (school_id, ref, title) SELECT id, :ref, :ref FROM souschef.school", ref=ref)
    do(
        f"""INSERT INTO souschef.scope (school_id, class_id, skill_id)
            SELECT skill.school_id, new.id, skill.id FROM souschef.skill, souschef.class AS new
             WHERE new.ref = :ref AND {skills}""",
        ref=ref,
    )
    if document:
        do(
            """INSERT INTO souschef.policy (school_id, class_id, document)
               SELECT school_id, id, CAST(:document AS jsonb) FROM souschef.class WHERE ref = :ref""",
            ref=ref,
            document=document,
        )


def enrol(ref: str, *, began: str = "souschef.clock() - interval '1 day'", ended: str = "NULL") -> None:
    """Enrol the student in a class."""
    do(
        f"""INSERT INTO souschef.enrolment (school_id, class_id, person_id, role, began_at, ended_at)
            SELECT school_id, class.id, :student, 'student', {began}, {ended} FROM souschef.class WHERE ref = :ref""",
        ref=ref,
        student=student_id(),
    )


def leave(ref: str, *, by_date: str | None = None) -> None:
    """Let the student leave a class: by the roster now, or at a date."""
    do(
        f"""UPDATE souschef.enrolment SET ended_at = {by_date or "souschef.clock()"},
                   left_at = {"NULL" if by_date else "souschef.clock()"}
             WHERE person_id = :student AND class_id = (SELECT id FROM souschef.class WHERE ref = :ref)""",
        ref=ref,
        student=student_id(),
    )


def refresh() -> dict[str, int | str]:
    return refresh_assignments([student_id()])


def open_work() -> dict[int, tuple[str | None, str, str]]:
    """Return (class, skill, state) by slot."""
    rows = ask(
        """SELECT slot, class_ref, skill, state FROM lms.assignments
            WHERE student_ref = :ref AND menu_position = 0 AND state IN ('proposed', 'assigned', 'started')""",
        ref=STUDENT,
    )
    return {slot: (class_ref, skill, state) for slot, class_ref, skill, state in rows}


def classes() -> dict[str | None, int]:
    """Return how many assignments are open by class."""
    counts: dict[str | None, int] = {}
    for class_ref, _, _ in open_work().values():
        counts[class_ref] = counts.get(class_ref, 0) + 1
    return counts


def feed() -> int:
    return int(ask("SELECT coalesce(max(number), 0) FROM souschef.change")[0][0])


def changes_since(number: int) -> list[tuple[str, str]]:
    """Return (state, class) of the assignments that the feed names after a number."""
    rows = ask(
        """SELECT c.state, a.class_ref FROM lms.assignment_changes AS c
             JOIN lms.assignments AS a USING (assignment_id) WHERE c.number > :n ORDER BY c.number""",
        n=number,
    )
    return [(state, class_ref) for state, class_ref in rows]


@pytest.fixture
def in_maths(school: School) -> School:
    """A student with a few answers and a list of the maths class."""
    school.deliver(*school.answers(STUDENT, "4.NF.A.1 q01", "0101"))
    assert set(classes()) == {MATHS}
    return school


def test_each_class_with_a_scope_has_a_list_by_its_own_policy(in_maths: School) -> None:
    """The band joined last has no scope and gives nothing; the help class gives one, proposed, of its two skills."""
    before = open_work()
    add_class(BAND)
    add_class(EXTRA, skills="skill.ref LIKE '3.%'", document='{"slots": 1, "approve": true}')
    enrol(BAND)
    enrol(EXTRA)
    refresh()
    after = open_work()
    assert {slot: after[slot] for slot in before} == before
    new = [after[slot] for slot in after if slot not in before]
    assert [(class_ref, state) for class_ref, _, state in new] == [(EXTRA, "proposed")]
    assert new[0][1].startswith("3.")
    record = ask("SELECT record FROM souschef.decision ORDER BY id DESC LIMIT 1")[0][0]
    assert selection.replay(record) == record
    assert "assigned" not in refresh()


def test_gaps_have_the_strictest_target_of_the_classes_with_the_skill(in_maths: School) -> None:
    add_class(EXTRA, skills="skill.ref LIKE '3.%'", document='{"target": 0.9}')
    enrol(EXTRA)
    refresh()
    targets = ask("SELECT skill LIKE '3.%', target FROM lms.skill_gaps WHERE student_ref = :ref", ref=STUDENT)
    assert set(targets) == {(True, 0.9), (False, 0.8)}


@pytest.mark.parametrize("how", ["class", "person", "role"])
def test_leaving_withdraws_open_work_with_its_reason(in_maths: School, how: str) -> None:
    number = feed()
    if how == "class":
        leave(MATHS)
    elif how == "person":
        do("UPDATE souschef.person SET active = false WHERE ref = :ref", ref=STUDENT)
    else:
        do("UPDATE souschef.person SET role = 'staff' WHERE ref = :ref", ref=STUDENT)
    refresh()
    assert MATHS not in classes()
    reasons = ask(
        "SELECT DISTINCT withdrawn_because FROM lms.assignments WHERE student_ref = :ref AND class_ref = :maths",
        ref=STUDENT,
        maths=MATHS,
    )
    assert reasons == [("class_left" if how == "class" else "school_left",)]
    assert ("withdrawn", MATHS) in changes_since(number)
    if how != "class":
        assert classes() == {}
        assert ask("SELECT nothing FROM souschef.learner_state WHERE student_id = :id", id=student_id()) == [
            ("not_enrolled",)
        ]
    before = feed()
    refresh()
    assert feed() == before


def test_moving_between_sections_takes_open_work_along(in_maths: School) -> None:
    """Both sections have the skills in scope: class_ref changes, what was started stays started, the feed says so."""
    [started] = ask(
        "SELECT min(assignment_id) FROM lms.assignments WHERE student_ref = :ref AND state = 'assigned'", ref=STUDENT
    )[0]
    do("UPDATE souschef.assignment SET state = 'started' WHERE id = :id", id=started)
    before, number = open_work(), feed()
    add_class(OTHER, skills="skill.id IN (SELECT skill_id FROM souschef.scope JOIN souschef.class c ON c.id = class_id"
                            " WHERE c.ref = 'MATH-5A')")  # fmt: skip
    leave(MATHS)
    enrol(OTHER)
    refresh()
    after = open_work()
    assert {slot: work[1:] for slot, work in after.items()} == {slot: work[1:] for slot, work in before.items()}
    assert set(classes()) == {OTHER}
    assert ask("SELECT state, class_ref FROM lms.assignments WHERE assignment_id = :id", id=started) == [
        ("started", OTHER)
    ]
    assert {state for state, _ in changes_since(number)} == {"assigned", "started"}


def test_work_on_a_skill_that_the_new_section_does_not_have_is_withdrawn(in_maths: School) -> None:
    skill = next(iter(open_work().values()))[1]
    add_class(OTHER, skills=f"skill.ref <> '{skill}'")
    leave(MATHS)
    enrol(OTHER)
    refresh()
    assert skill not in {of for _, of, _ in open_work().values()}
    assert set(classes()) == {OTHER}


def set_clock(moment: str) -> None:
    """Set the database's clock."""
    do("UPDATE souschef.clock_offset SET ahead = CAST(:moment AS timestamptz) - statement_timestamp()", moment=moment)


ZONES = {"UTC": "2026-11-20 00:00+00", "America/Chicago": "2026-11-20 06:00+00", "Asia/Tokyo": "2026-11-19 15:00+00"}


@pytest.mark.parametrize("zone", ZONES)
def test_an_enrolment_begins_at_the_schools_midnight(in_maths: School, zone: str) -> None:
    """From 20 November: a minute before midnight there is no list, at midnight the sweep marks and it is made."""
    midnight = ZONES[zone]
    do("UPDATE souschef.school SET timezone = :zone", zone=zone)
    add_class(EXTRA, skills="skill.ref LIKE '3.%'")
    enrol(EXTRA, began=f"(timestamp '2026-11-20' AT TIME ZONE '{zone}')")
    set_clock(f"{midnight}")
    do("UPDATE souschef.clock_offset SET ahead = ahead - interval '1 minute'")
    refresh()
    sweep_once()
    assert not is_due()
    assert EXTRA not in classes()
    set_clock(midnight)
    sweep_once()
    assert is_due()
    refresh()
    assert EXTRA in classes()


def is_due() -> bool:
    return bool(ask("SELECT refresh_due FROM souschef.learner_state WHERE student_id = :id", id=student_id())[0][0])


@pytest.mark.parametrize("zone", ZONES)
def test_an_enrolment_that_ends_by_its_date_has_three_days_of_grace(in_maths: School, zone: str) -> None:
    """Until 20 November: open work stays for three days of the school without additions, and is withdrawn then."""
    do("UPDATE souschef.school SET timezone = :zone", zone=zone)
    leave(MATHS, by_date=f"(timestamp '2026-11-20' AT TIME ZONE '{zone}')")
    set_clock(ZONES[zone])
    sweep_once()
    assert is_due()
    before = open_work()
    refresh()
    assert open_work() == before
    done = ask(
        "SELECT min(id) FROM souschef.assignment WHERE class_id IS NOT NULL AND student_id = :id", id=student_id()
    )
    do("UPDATE souschef.assignment SET attempted_at = souschef.clock() WHERE id = :id", id=done[0][0])
    set_clock(ZONES[zone])
    do("UPDATE souschef.clock_offset SET ahead = ahead + interval '3 days' - interval '1 minute'")
    refresh()
    assert len(open_work()) == len(before) - 1, "what was done is closed, and nothing comes in its place"
    sweep_once()
    assert not is_due()
    do("UPDATE souschef.clock_offset SET ahead = ahead + interval '1 minute'")
    sweep_once()
    assert is_due()
    refresh()
    assert MATHS not in classes()
    reasons = ask(
        """SELECT DISTINCT withdrawn_because FROM lms.assignments
            WHERE class_ref = 'MATH-5A' AND state = 'withdrawn' AND student_ref = :ref
              AND ended_at > CAST(:at AS timestamptz)""",
        ref=STUDENT,
        at=ZONES[zone],
    )
    # The alternates of what was done are withdrawn as attempted.
    assert set(reasons) == {("attempted",), ("class_ended",)}


def test_a_first_class_that_is_joined_by_date_is_decided_for(school: School, ask: Ask) -> None:
    """Nobody has heard of the student: the sweep makes the state, and the refresh the first list."""
    do("UPDATE souschef.enrolment SET began_at = timestamptz '2026-11-20' WHERE person_id = :id", id=student_id())
    set_clock("2026-11-20 00:00Z")
    sweep_once()
    assert is_due()
    refresh()
    assert set(classes()) == {MATHS}


def test_a_sweep_reads_no_enrolment_where_nothing_has_passed(in_maths: School) -> None:
    """The plan uses the indexes on the two times only, and finds no row by them."""
    sweep_once()
    do(
        """INSERT INTO souschef.enrolment (school_id, class_id, person_id, role, began_at, ended_at)
           SELECT school_id, class_id, person_id, role, began_at - n * interval '1 hour' - interval '90 days',
                  began_at - n * interval '1 hour' - interval '80 days'
             FROM souschef.enrolment, generate_series(1, 400) AS n"""
    )
    do("ANALYZE souschef.enrolment")
    with engine.transaction() as session:
        assert execute(session, enrolment_moments.PASSED, enrolment_moments.PARAMETERS).all() == []
        explain = f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {enrolment_moments.PASSED}"
        plan = list(execute(session, explain, enrolment_moments.PARAMETERS).scalars())
    reads = [line for line in plan if "on enrolment" in line]
    assert reads
    assert all("Index" in line or "Bitmap" in line for line in reads), "\n".join(plan)
    assert all("rows=0" in line for line in reads), "\n".join(plan)


def order(kind: str, *, class_ref: str | None = None, student: bool = True, material: str) -> None:
    """Give an order."""
    do(
        """INSERT INTO souschef.teacher_order (school_id, key, kind, author, reason, given_at, class_id, student_id,
                  material_id)
           SELECT school_id, :kind || :material, :kind, 't', 'r', souschef.clock(),
                  (SELECT id FROM souschef.class WHERE ref = :class), CAST(:student AS bigint), material.id
             FROM souschef.material WHERE material.ref = :material""",
        **{"kind": kind, "material": material, "class": class_ref, "student": student_id() if student else None},
    )


def test_an_order_for_a_student_acts_on_the_list_whose_scope_has_the_skill(in_maths: School) -> None:
    """Class HELP-5 has the skills of grade 3 for itself; an order that names a class acts there whatever its scope."""
    do("DELETE FROM souschef.scope WHERE skill_id IN (SELECT id FROM souschef.skill WHERE ref LIKE '3.%')")
    add_class(EXTRA, skills="skill.ref LIKE '3.%'", document='{"slots": 2}')
    enrol(EXTRA)
    refresh()
    fresh = ask(
        """SELECT material.ref FROM souschef.material JOIN souschef.material_skill AS m ON m.material_id = material.id
             JOIN souschef.skill ON skill.id = m.skill_id
            WHERE m.position = 0 AND skill.ref LIKE '3.%' AND material.id NOT IN (SELECT material_id
             FROM souschef.assignment) ORDER BY material.ref LIMIT 2"""
    )
    by_skill, by_class = fresh[0][0], fresh[1][0]
    order("must_do", material=by_skill)
    order("must_do", class_ref=MATHS, material=by_class)
    refresh()
    found = dict(
        ask(
            """SELECT material_id, class_ref FROM lms.assignments
                WHERE student_ref = :ref AND state = 'assigned' AND menu_position = 0""",
            ref=STUDENT,
        )
    )
    assert found[by_skill] == EXTRA
    assert found[by_class] == MATHS


SEVEN = {
    "MATH-5A": None,
    "HELP-5": '{"slots": 1, "approve": true}',
    "ALGEBRA": '{"slots": 2, "target": 0.9}',
    "FRACTIONS": '{"slots": 3, "tolerance": 0}',
    "NUMBERS": '{"slots": 2}',
    "CLUB": '{"slots": 1}',
    "BAND": None,
}
"""Six classes with a scope and a band without one; the policy of each."""
SCOPES = {
    "HELP-5": "skill.ref LIKE '3.%'",
    "ALGEBRA": "skill.ref LIKE '%.OA.%'",
    "FRACTIONS": "skill.ref LIKE '%.NF.%'",
    "NUMBERS": "skill.ref LIKE '%.NBT.%'",
    "CLUB": "skill.ref LIKE '5.%'",
}


def test_a_student_of_seven_classes_with_four_teachers_and_two_sources(in_maths: School) -> None:
    """Each list by its own policy, eight in all, and a second LMS's answers count for all lists."""
    for ref, document in SEVEN.items():
        if ref != MATHS:
            add_class(ref, skills=SCOPES.get(ref, "false"), document=document)
            enrol(ref)
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        sources.add(session, "other-lms", format="canonical", secret_key=key, surveys=[])
        credential = sources.credential(session, "other-lms", secret_key=key)
        second = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
    assert second is not None
    School(second).deliver(*in_maths.answers(STUDENT, "5.NF.A.1 q01", "1011", day=3))
    counts = classes()
    assert sum(counts.values()) == 8, counts
    assert set(counts) <= {*SCOPES, MATHS}
    states = {(class_ref, state) for class_ref, _, state in open_work().values()}
    assert {class_ref for class_ref, state in states if state == "proposed"} <= {"HELP-5"}
    assert all(state == "proposed" for class_ref, state in states if class_ref == "HELP-5")
    fresh = [
        row[0]
        for row in ask(
            """SELECT material.ref FROM souschef.material JOIN souschef.material_skill AS m
                   ON m.material_id = material.id AND m.position = 0
                 JOIN souschef.skill ON skill.id = m.skill_id
                WHERE skill.ref LIKE '5.NF.%' AND material.id NOT IN (SELECT material_id FROM souschef.assignment)
                ORDER BY material.ref LIMIT 2"""
        )
    ]
    order("must_do", class_ref="FRACTIONS", student=False, material=fresh[0])
    order("pin", class_ref="CLUB", student=False, material=fresh[1])
    do(
        """INSERT INTO souschef.teacher_order (school_id, key, kind, author, reason, given_at, class_id)
           SELECT school_id, 'hold-numbers', 'hold', 'third', 'r', souschef.clock(), id FROM souschef.class
            WHERE ref = 'NUMBERS'"""
    )
    of_numbers = {slot: work for slot, work in open_work().items() if work[0] == "NUMBERS"}
    refresh()
    found = dict(
        ask(
            """SELECT material_id, class_ref FROM lms.assignments WHERE student_ref = :ref AND menu_position = 0
                  AND state = 'assigned'""",
            ref=STUDENT,
        )
    )
    assert (found[fresh[0]], found[fresh[1]]) == ("FRACTIONS", "CLUB")
    after = open_work()
    assert {slot: after[slot] for slot in of_numbers} == of_numbers
    [record] = ask("SELECT record FROM souschef.decision ORDER BY id DESC LIMIT 1")[0]
    assert selection.replay(record) == record
    number = feed()
    refresh()
    assert feed() == number
