"""What an event does, from the inbox to what the LMS reads; every task is called twice."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tasks import events
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School

ROOT = Path(__file__).parents[2]
GUS = "riverside-s413"
OPEN = "state IN ('proposed', 'assigned', 'started')"

pytestmark = pytest.mark.timeout(120)


def menu(ask: Ask, slot: int = 0) -> list[tuple[int, str, str | None]]:
    """The open menu of Gus in one slot: (assignment id, material, context)."""
    rows = ask(
        f"""SELECT assignment_id, material_id, context FROM lms.assignments
             WHERE student_ref = :ref AND {OPEN} AND slot = (
               SELECT min(slot) FROM lms.assignments WHERE student_ref = :ref AND {OPEN} AND slot >= :slot)
             ORDER BY menu_position""",
        ref=GUS,
        slot=slot,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def published(ask: Ask) -> list[tuple[Any, ...]]:
    """Everything that the LMS reads, as it stands."""
    views = ("assignments", "assignment_changes", "skill_gaps", "interests", "catalogue_gaps")
    return [row for view in views for row in ask(f"SELECT * FROM lms.{view} AS v ORDER BY v")]


def test_answers_become_gaps_and_assignments_and_a_second_call_changes_nothing(school: School, ask: Ask) -> None:
    answers = school.answers(GUS, "4.NF.A.1 q01", "0010")
    outcome = school.deliver(*answers)
    assert (outcome["item_result"], outcome["students"]) == (4, 1)
    before = published(ask)
    assert events.assessment_completed([1, 2, 3, 4]) == {}
    assert school.deliver(*answers) == {}
    assert published(ask) == before
    ((mastery, responses),) = ask(
        "SELECT mastery, responses FROM lms.skill_gaps WHERE student_ref = :r AND skill = '4.NF.A.1'", r=GUS
    )
    assert responses == 4
    assert 0 < mastery < 0.8


def test_late_and_doubled_answers_end_in_the_same_state_as_those_in_order(school: School, ask: Ask) -> None:
    """Gus answers in order, Amara the same late and doubled: the bytes of their states are equal."""
    amara = ask("SELECT ref FROM souschef.person WHERE given_name = 'Amara'")[0][0]
    days = [(2, "01"), (5, "10"), (9, "111")]
    for day, outcomes in days:
        school.deliver(*school.answers(GUS, "4.NF.A.1 q01", outcomes, day=day))
    for day, outcomes in [days[2], days[0], days[2], days[1]]:
        school.deliver(*school.answers(amara, "4.NF.A.1 q01", outcomes, day=day))
    states = ask("SELECT state FROM souschef.learner_state WHERE facts = 7")
    assert len(states) == 2
    assert states[0] == states[1]


def test_a_regrade_replaces_what_it_regrades(school: School, ask: Ask) -> None:
    answers = school.answers(GUS, "4.NF.A.1 q01", "000")
    school.deliver(*answers)
    before = ask("SELECT mastery FROM lms.skill_gaps WHERE student_ref = :r AND skill = '4.NF.A.1'", r=GUS)
    regrade = {
        **answers[1],
        "id": "r1",
        "replaces": answers[1]["id"],
        "revised_at": "2026-10-02T09:00:00Z",
        "outcome": 1.0,
    }
    school.deliver(regrade)
    after = ask("SELECT mastery FROM lms.skill_gaps WHERE student_ref = :r AND skill = '4.NF.A.1'", r=GUS)
    assert after > before
    assert ask("SELECT count(*), sum(outcome) FROM souschef.fact WHERE kind = 'item_result'") == [(3, 1.0)]


def test_an_event_of_an_unknown_student_waits_and_is_not_lost(school: School, ask: Ask) -> None:
    outcome = school.deliver(*school.answers("nobody-we-know", "4.NF.A.1 q01", "1"))
    assert outcome == {"parked": 1, "batches": 1}
    assert ask("SELECT state, code FROM souschef.inbox") == [("parked", "unknown_student")]


def test_a_teachers_answer_is_not_a_students(school: School, ask: Ask) -> None:
    assert school.deliver(*school.answers("riverside-t412", "4.NF.A.1 q01", "1")) == {"ignored": 1, "batches": 1}


def test_an_answer_from_next_week_is_quarantined(school: School, ask: Ask) -> None:
    (answer,) = school.answers(GUS, "4.NF.A.1 q01", "1")
    assert school.deliver({**answer, "at": "2026-11-17T09:00:00Z"}) == {"quarantined": 1, "batches": 1}
    assert ask("SELECT code FROM souschef.quarantine") == [("future_event",)]


def test_a_pick_is_interest_and_what_is_done_makes_room(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    offered = menu(ask)
    assert len(offered) > 1
    picked, _, context = next(row for row in offered if row[2] is not None)
    choice = {"type": "assignment_picked", "id": "p1", "student": GUS, "at": "2026-11-09T09:00:00Z"}
    school.deliver({**choice, "assignment": picked})
    ((interest,),) = ask("SELECT interest FROM lms.interests WHERE student_ref = :r AND topic = :t", r=GUS, t=context)
    assert interest > 0.5
    done = {"type": "assignment_done", "id": "d1", "student": GUS, "at": "2026-11-09T09:20:00Z", "assignment": picked}
    school.deliver(done)
    assert ask("SELECT state FROM lms.assignments WHERE assignment_id = :a", a=picked) == [("done",)]
    assert picked not in [row[0] for row in menu(ask)]
    before = published(ask)
    assert school.deliver(done) == {}
    assert published(ask) == before


def test_an_attempt_on_a_materials_own_question_is_linked_to_its_assignment(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    assignment, material, _ = menu(ask)[0]
    (answer,) = school.answers(GUS, material, "1", day=20)
    outcome = school.deliver(answer)
    assert outcome["item_result"] == 1
    assert ask("SELECT state FROM lms.assignments WHERE assignment_id = :a", a=assignment) == [("done",)]


def test_somebody_elses_assignment_cannot_be_picked(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    other = ask("SELECT ref FROM souschef.person WHERE given_name = 'Amara'")[0][0]
    choice = {"type": "assignment_picked", "id": "p1", "student": other, "at": "2026-11-09T09:00:00Z"}
    assert school.deliver({**choice, "assignment": menu(ask)[0][0]}) == {"ignored": 1, "batches": 1}


def test_a_vetoed_topic_is_never_assigned_again(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    contexts = {row[0] for row in ask(f"SELECT context FROM lms.assignments WHERE student_ref = :r AND {OPEN}", r=GUS)}
    vetoes = [
        {"type": "interest_veto", "id": f"v{n}", "student": GUS, "at": "2026-11-09T09:00:00Z", "topic": topic}
        for n, topic in enumerate(sorted(contexts - {None}))
    ]
    assert vetoes
    school.deliver(*vetoes)
    left = {row[0] for row in ask(f"SELECT context FROM lms.assignments WHERE student_ref = :r AND {OPEN}", r=GUS)}
    assert not left & {veto["topic"] for veto in vetoes}


def order(kind: str, **fields: Any) -> dict[str, Any]:
    base = {"type": "order", "order": kind, "author": "tmorgan", "reason": "as agreed", "at": "2026-11-09T10:00:00Z"}
    return {**base, "id": f"o-{kind}", "student": GUS, **fields}


def test_a_teachers_orders_hold_through_a_refresh_and_can_be_taken_back(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    _, first, _ = menu(ask)[0]
    school.deliver(order("forbid", material=first))
    assert first not in [row[1] for row in menu(ask)]
    ((student,),) = ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)
    for _ in range(2):
        refresh_assignments([student])
        assert first not in [row[0] for row in ask(f"SELECT material_id FROM lms.assignments WHERE {OPEN}")]
    pinned = "6.RP.A.1-" + ask("SELECT ref FROM souschef.material WHERE ref LIKE '6.RP.A.1-%' LIMIT 1")[0][0][9:]
    school.deliver(order("pin", material=pinned))
    assert pinned in [row[0] for row in ask(f"SELECT material_id FROM lms.assignments WHERE {OPEN}")]
    school.deliver(order("revoke", id="o-back", revokes="o-forbid"))
    assert ask("SELECT count(*) FROM souschef.teacher_order WHERE revoked_at IS NULL") == [(1,)]


def test_an_order_for_the_class_reaches_every_student_of_it(school: School, ask: Ask) -> None:
    override = order("must_do", material=ask("SELECT ref FROM souschef.material ORDER BY ref LIMIT 1")[0][0])
    outcome = school.deliver({**{k: v for k, v in override.items() if k != "student"}, "class": "MATH-5A"})
    assert outcome["students"] == 28


def test_a_refresh_with_nothing_new_writes_nothing(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    students = [row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY id")]
    refresh_assignments(students)
    before = published(ask)
    outcome = refresh_assignments(students)
    assert "assigned" not in outcome
    assert "withdrawn" not in outcome
    assert published(ask) == before


def test_with_the_interest_switch_off_surveys_are_not_stored_and_the_vector_is_deleted(
    school: School, ask: Ask
) -> None:
    feedback = {"type": "interest_feedback", "student": GUS, "at": "2026-11-09T09:00:00Z", "topic": "music"}
    school.deliver({**feedback, "id": "f1", "direction": "more"})
    assert ask("SELECT topic FROM lms.interests") == [("music",)]
    ask("UPDATE souschef.school SET interests_enabled = false RETURNING id")
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "1"))
    assert ask("SELECT topic FROM lms.interests") == []
    assert school.deliver({**feedback, "id": "f2", "direction": "more"}) == {"ignored": 1, "batches": 1}
    reasons = ask(f"SELECT DISTINCT because_interest FROM lms.assignments WHERE student_ref = :r AND {OPEN}", r=GUS)
    assert reasons


def test_a_stored_decision_replays_byte_for_byte_from_the_command_line(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    ((decision, record),) = ask("SELECT id, record FROM souschef.decision")
    done = subprocess.run(["bin/souschef", "replay-decision", str(decision)], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode() == record + "\n"
    missing = subprocess.run(["bin/souschef", "replay-decision", "999"], cwd=ROOT, capture_output=True, check=False)
    assert missing.returncode == 2
    assert b"There is no decision 999." in missing.stderr


def test_what_was_proposed_for_want_of_a_scope_is_assigned_once_there_is_one(school: School, ask: Ask) -> None:
    scope = ask("DELETE FROM souschef.scope RETURNING school_id, class_id, skill_id")
    ask("UPDATE souschef.class SET grade = NULL RETURNING id")  # else it works on the skills of its grade
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    assert ask("SELECT DISTINCT state FROM lms.assignments") == [("proposed",)]
    for school_id, class_id, skill_id in scope:
        ask(
            "INSERT INTO souschef.scope (school_id, class_id, skill_id) VALUES (:s, :c, :k) RETURNING skill_id",
            s=school_id,
            c=class_id,
            k=skill_id,
        )
    ((student,),) = ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)
    refresh_assignments([student])
    assert ask(f"SELECT DISTINCT state FROM lms.assignments WHERE {OPEN}") == [("assigned",)]


def test_an_alignment_that_changed_is_heeded_by_the_next_answer_even_before_the_refresh(
    school: School, ask: Ask
) -> None:
    """The load marks the student; an answer that overtakes the refresh must not clear the mark and keep old beliefs."""
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "000"))
    ask(
        """UPDATE souschef.alignment SET skill_id = (SELECT id FROM souschef.skill WHERE ref = '6.RP.A.1')
            WHERE item_id = (SELECT id FROM souschef.item WHERE ref = '4.NF.A.1 q01') RETURNING item_id"""
    )
    ask("UPDATE souschef.learner_state SET refresh_due = true RETURNING student_id")
    school.deliver(*school.answers(GUS, "3.OA.A.1 q01", "1", day=9))
    overtaken = ask("SELECT state FROM souschef.learner_state")
    ((student,),) = ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)
    refresh_assignments([student])
    assert ask("SELECT state FROM souschef.learner_state") == overtaken
    ((answers,),) = ask("SELECT responses FROM lms.skill_gaps WHERE student_ref = :r AND skill = '6.RP.A.1'", r=GUS)
    assert answers == 3
