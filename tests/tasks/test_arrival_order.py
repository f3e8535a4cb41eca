"""Where the order of arrival could show and must not: versions of one moment, early totals, answers in many batches."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from models import engine
from models.imports import load as imports
from tasks.refresh import refresh_assignments
from tests.parameters import first_of
from tests.tasks.conftest import Ask, School
from workers.cli import import_files

GUS = "riverside-s413"
ITEM = "4.NF.A.1 q01"
WHEN = "2026-10-05T09:00:00Z"
pytestmark = pytest.mark.timeout(120)


def result(kind: str, **fields: Any) -> dict[str, Any]:
    """Return one of our own events of Gus."""
    base = {"type": kind, "student": GUS, "at": WHEN, "subject": ITEM, "attempt": "a1"}
    return {**base, "id": f"{kind} {sorted(fields.items())}", **fields}


def state(ask: Ask) -> bytes:
    """Return the bytes of what is believed of Gus."""
    who = "(SELECT id FROM souschef.person WHERE ref = :r)"
    ((found,),) = ask(f"SELECT state FROM souschef.learner_state WHERE student_id = {who}", r=GUS)
    return bytes(found)


def refreshed(ask: Ask) -> bytes:
    """Return what is believed of Gus after all facts are folded from the beginning."""
    refresh_assignments([row[0] for row in ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)])
    return state(ask)


def forget() -> None:
    with engine.transaction() as session:
        gone = "souschef.inbox, souschef.fact, souschef.learner_state, souschef.decision"
        session.connection().execute(text(f"TRUNCATE {gone} CASCADE"))


def versions() -> list[dict[str, Any]]:
    """Return four tellings of one answer: none says when it was made, or all say the same."""
    revisions: list[dict[str, Any]] = [
        {"outcome": 1.0},
        {"outcome": 0.0},
        {"outcome": 0.5, "at": "2026-10-05T08:00:00Z"},
        {"points": 0, "of": 0},
    ]
    return [result("item_result", id=f"v{number}", replaces="v0", **each) for number, each in enumerate(revisions)]


@pytest.mark.parametrize("at_once", first_of([True, False]), ids=["at-once", "one-by-one"])
@pytest.mark.parametrize("revised", [{}, {"revised_at": "2026-10-06T09:00:00Z"}], ids=["undated", "dated-alike"])
@pytest.mark.shows("P10")
def test_of_versions_of_one_moment_the_same_stands_whichever_comes_first(
    school: School, ask: Ask, *, revised: dict[str, str], at_once: bool
) -> None:
    ends = set()
    for order in itertools.permutations([{**version, **revised} for version in versions()]):
        for batch in [order] if at_once else [(version,) for version in order]:
            school.deliver(*batch)
        ends.add((*ask("SELECT outcome, occurred_at FROM souschef.fact")[0], state(ask)))
        live = state(ask)
        assert refreshed(ask) == live
        forget()
    ((outcome, _, _),) = ends
    assert outcome == 1.0


def test_a_later_version_stands_over_a_greater_one(school: School, ask: Ask) -> None:
    high = result("item_result", id="h", replaces="h", outcome=1.0, revised_at="2026-10-06T09:00:00Z")
    low = result("item_result", id="l", replaces="h", outcome=0.0, revised_at="2026-10-06T09:00:01Z")
    for order in ((high, low), (low, high)):
        school.deliver(*order)
        assert ask("SELECT outcome FROM souschef.fact") == [(0.0,)]
        forget()


@pytest.fixture
def aligned(tmp_path: Path) -> Callable[[str], None]:
    """Return how the school aligns an assessment as a whole, as an operator would."""

    def load(name: str) -> None:
        (tmp_path / "alignments.csv").write_text(f"item,skill\n{name},4.NF.A.1\n")
        with engine.transaction() as session:
            report = imports.load(session, "riverside", import_files.read(tmp_path))
        assert report.any
        imports.wake_late_events(report)

    return load


@pytest.mark.shows("P10")
def test_a_total_that_came_before_its_assessment_was_aligned_counts_as_if_it_had_come_after(
    school: School, ask: Ask, aligned: Callable[[str], None]
) -> None:
    total = result("attempt_graded", subject=["Quiz of today, version 2", "Quiz of today"], points=0, of=4)
    other = result("item_result", outcome=1.0, attempt="a0")
    school.deliver(other, total)
    without = state(ask)
    aligned("Quiz of today")
    early = refreshed(ask)
    assert early != without
    forget()
    school.deliver(other, total)
    assert state(ask) == early


def test_an_early_total_steps_back_when_the_results_of_its_attempt_come(
    school: School, ask: Ask, aligned: Callable[[str], None]
) -> None:
    total = result("attempt_graded", subject="Quiz of today", points=0, of=4, at="2026-10-05T08:00:00Z")
    answer = result("item_result", outcome=1.0)
    school.deliver(total)
    aligned("Quiz of today")
    refreshed(ask)
    school.deliver(answer)
    both = state(ask)
    assert refreshed(ask) == both
    forget()
    school.deliver(answer)
    assert state(ask) == both


def offered(ask: Ask) -> tuple[int, str]:
    """Return (assignment id, material) of the first of what Gus is offered."""
    return ask(
        """SELECT assignment_id, material_id FROM lms.assignments WHERE student_ref = :r AND state = 'assigned'
            ORDER BY slot, menu_position LIMIT 1""",
        r=GUS,
    )[0]


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (3,), (1, 2, 3)], ids=str)
@pytest.mark.parametrize("backwards", first_of([False, True], quick=3), ids=["forwards", "backwards"])
def test_the_outcome_of_a_material_is_its_first_attempts_mean_however_its_answers_are_batched(
    school: School, ask: Ask, cuts: tuple[int, ...], *, backwards: bool
) -> None:
    school.deliver(*school.answers(GUS, ITEM, "0101"))
    assignment, material = offered(ask)
    answers = [*school.answers(GUS, material, "100", day=20), *school.answers(GUS, material, "1", day=21)]
    answers = answers[::-1] if backwards else answers
    edges = (0, *cuts, len(answers))
    for start, end in itertools.pairwise(edges):
        school.deliver(*answers[start:end])
    found = ask("SELECT state, attempted_at, outcome FROM souschef.assignment WHERE id = :a", a=assignment)
    assert [(row[0], row[1].isoformat(), row[2]) for row in found] == [
        ("done", "2026-10-20T09:00:00+00:00", pytest.approx(1 / 3))
    ]


def test_a_duplicate_answer_to_a_material_adds_no_row_to_the_feed(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, ITEM, "0101"))
    assignment, material = offered(ask)
    school.deliver(*school.answers(GUS, material, "10", day=20))
    school.deliver({"type": "assignment_done", "id": "d", "student": GUS, "at": WHEN, "assignment": assignment})
    count_changes = "SELECT count(*) FROM souschef.change WHERE assignment_id = :a"
    before = ask(count_changes, a=assignment)
    school.deliver({"type": "assignment_done", "id": "e", "student": GUS, "at": WHEN, "assignment": assignment})
    school.deliver(*school.answers(GUS, material, "0", day=22))
    assert ask(count_changes, a=assignment) == before
