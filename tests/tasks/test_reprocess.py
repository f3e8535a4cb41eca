"""An event that a parser misread is read again, and its facts become what it says."""

from dataclasses import replace

import pytest

from lms import canonical, formats
from lms.facts import EventKind, Fact, Ignored, SourceRules
from models import engine
from models.events import quarantine
from models.events.quarantine import EventFilter
from tasks import events
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School

GUS = "riverside-s413"

pytestmark = pytest.mark.timeout(120)
FACTS = "SELECT student_id, key, item_id, outcome FROM souschef.fact ORDER BY student_id, occurred_at, key"
STATES = "SELECT student_id, state, facts FROM souschef.learner_state WHERE facts > 0 ORDER BY student_id"


def misread(event: object, /, *, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    """Take right for wrong; of the last answer take the name of the student and of the fact wrong as well."""
    found = canonical.parse(event, rules=rules)
    assert isinstance(found, tuple)
    flipped = [replace(fact, outcome=1.0 - (fact.outcome or 0.0)) for fact in found]
    return tuple(
        replace(fact, student="riverside-s412", key="misread") if fact.occurred_at.minute == 2 else fact
        for fact in flipped
    )


def replay() -> None:
    """Read everything again, as the command does."""
    with engine.transaction() as session:
        due = quarantine.reprocess(session, EventFilter()).ids
    events.assessment_completed(due[EventKind.ASSESSMENT])


def test_reprocessing_fixes_what_a_parser_misread_and_gives_the_state_of_a_recomputation(
    school: School, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = school.answers(GUS, "4.NF.A.1 q01", "010")
    with monkeypatch.context() as wrong:
        wrong.setitem(formats.FORMATS, "canonical", replace(formats.format_named("canonical"), parse=misread))
        school.deliver(*answers)
    ((gus,),) = ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)
    assert [row[3] for row in ask(FACTS) if row[0] == gus] == [1.0, 0.0]
    replay()
    assert [(row[0], row[3]) for row in ask(FACTS)] == [(gus, 0.0), (gus, 1.0), (gus, 0.0)]
    live = ask(STATES)
    assert [(row[0], row[2]) for row in live] == [(gus, 3)]
    ask("UPDATE souschef.learner_state SET refresh_due = true RETURNING student_id")
    refresh_assignments([row[0] for row in ask("SELECT student_id FROM souschef.learner_state")])
    assert ask(STATES) == live


def test_a_replay_by_the_same_parser_changes_nothing_and_undoes_no_regrade(school: School, ask: Ask) -> None:
    answers = school.answers(GUS, "4.NF.A.1 q01", "00")
    school.deliver(*answers)
    school.deliver(
        {**answers[0], "id": "r", "replaces": answers[0]["id"], "revised_at": "2026-10-02T09:00:00Z", "outcome": 1.0}
    )
    before = (ask("SELECT id, outcome, recorded_at FROM souschef.fact ORDER BY id"), ask(STATES))
    replay()
    assert (ask("SELECT id, outcome, recorded_at FROM souschef.fact ORDER BY id"), ask(STATES)) == before


def test_a_fact_that_is_no_longer_parsed_leaves_no_state_behind(
    school: School, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer to another student's account, on a skill outside the scope; and a veto that nobody spoke."""
    item, skill = "4.NF.A.1 q01", "4.NF.A.1"
    out_of_scope = "DELETE FROM souschef.scope WHERE skill_id = (SELECT id FROM souschef.skill WHERE ref = :s)"
    assert ask(f"{out_of_scope} RETURNING class_id", s=skill)
    answer = {**school.answers(GUS, item, "1")[0], "id": "elsewhere"}
    veto = {"type": "interest_veto", "id": "v", "student": GUS, "at": answer["at"], "topic": "space", "vetoed": True}
    gaps, interests = (
        f"SELECT count(*) FROM lms.{view} WHERE student_ref = :r AND {what}"
        for view, what in (("skill_gaps", f"skill = '{skill}'"), ("interests", "topic = 'space'"))
    )
    with monkeypatch.context() as wrong:
        wrong.setitem(
            formats.FORMATS, "canonical", replace(formats.format_named("canonical"), parse=everything_is_of_gus)
        )
        other = ask("SELECT ref FROM souschef.person WHERE given_name = 'Amara'")[0][0]
        school.deliver({**answer, "student": other})
        school.deliver({**veto, "student": other})
    assert (ask(gaps, r=GUS), ask(interests, r=GUS)) == ([(1,)], [(1,)])
    with engine.transaction() as session:
        due = quarantine.reprocess(session, EventFilter()).ids
    events.assessment_completed(due[EventKind.ASSESSMENT])
    events.choice_made(due[EventKind.CHOICE])
    assert (ask(gaps, r=GUS), ask(interests, r=GUS)) == ([(0,)], [(0,)])
    assert (ask(gaps, r=other), ask(interests, r=other)) == ([(1,)], [(1,)])


def everything_is_of_gus(event: object, /, *, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    found = canonical.parse(event, rules=rules)
    assert isinstance(found, tuple)
    return tuple(replace(fact, student=GUS) for fact in found)
