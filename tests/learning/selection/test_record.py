"""A record is self-contained, small and canonical; another text is refused."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from learning.selection import AnswerCounts, ClassScope, Policy, StudentContext, replay
from learning.selection.inputs import unit_of
from learning.selection.number_check import InputError
from learning.selection.record import OldEngineError, RecordError
from tests.learning.selection.builders import small_world
from tests.learning.selection.list_worlds import random_lists
from tests.learning.selection.worlds import DAY, NOW, SampleInterest, belief, random_world

STORED = Path(__file__).with_name("records.jsonl").read_text().splitlines()
OLD = [
    record
    for engine in (1, 2, 3)
    for record in Path(__file__).with_name(f"records_of_engine_{engine}.jsonl").read_text().splitlines()
]
MUSIC = {"music": SampleInterest(0.9, 0.6)}


def test_only_the_record_of_what_changes_nothing_may_be_left_out() -> None:
    """The decision is the same with and without it: of 60 random students with several lists some change nothing."""
    unchanged = 0
    for seed in range(60):
        world = random_lists(seed)
        written, left_out = world.choose(), world.choose(record_unchanged=False)
        unchanged += not written.has_changes
        assert left_out.record == (written.record if written.has_changes else "")
        bare = [replace(each, record="", digest="") for each in written.lists]
        assert [replace(each, record="", digest="") for each in left_out.lists] == bare
    assert 0 < unchanged < 60


def test_a_record_has_inputs_outcome_and_digest() -> None:
    decision = small_world(interests=MUSIC, answer_counts={2: AnswerCounts(3, 8)}, cited_facts=(11, 12)).choose()
    record = json.loads(decision.record)
    assert set(record) == {"digest", "engine", "inputs", "outcome", "v"}
    assert record["digest"] == decision.digest
    assert record["inputs"]["shared"]["evidence"] == [11, 12]
    assert record["inputs"]["shared"]["rules"][0] == Policy().version
    assert record["outcome"]["lists"][0]["chosen"][0]["gap"] == decision.filled_slots[0].because_gap


@pytest.mark.parametrize("record", STORED, ids=lambda record: json.loads(record)["digest"][:8])
def test_a_stored_record_replays_byte_for_byte(record: str) -> None:
    """These were stored by an earlier version. Where one differs, a school's stored decisions differ as well."""
    assert replay(record) == record


@pytest.mark.parametrize("record", OLD, ids=lambda record: json.loads(record)["digest"][:8])
def test_a_record_of_an_earlier_engine_says_so(record: str) -> None:
    """It cannot be compared: the earlier engine decided by other rules."""
    engine = json.loads(record).get("engine", 1)
    with pytest.raises(OldEngineError, match=f"version {engine} of the decision"):
        replay(record)


def test_a_record_of_a_later_format_is_refused() -> None:
    record = json.loads(small_world().choose().record)
    with pytest.raises(RecordError, match="version 99"):
        replay(json.dumps(record | {"v": 99}))


def test_a_record_is_compact() -> None:
    """Two skills, eight materials: under 3 kB; a course of 60 skills and 100,000 materials takes about 9 kB."""
    assert len(small_world(interests=MUSIC).choose().record) < 3_000


def test_a_record_has_only_materials_of_the_catalogue() -> None:
    for seed in range(50):
        world = random_world(seed)
        materials = json.loads(world.choose().record)["inputs"]["catalogue"]["materials"]
        assert len(materials) <= len(world.catalogue.entries)
        assert {row[0] for row in materials} <= set(world.catalogue.entries)


def test_a_record_has_what_its_skills_rest_on_with_a_belief_or_without() -> None:
    """Else a gap that rests on another by way of an unknown skill would be at the root in a replay."""
    unknown = 0
    for seed in range(50):
        record = json.loads(random_world(seed).choose().record)["inputs"]
        rows = {row[0]: row for row in record["catalogue"]["skills"]}
        assert {need for row in rows.values() for need in row[3]} <= set(rows)
        unknown += len(set(rows) - {skill for skill, _ in record["beliefs"]})
    assert unknown


def test_a_changed_record_replays_to_another_one() -> None:
    decision = small_world(interests=MUSIC).choose()
    changed = decision.record.replace('"music",[9000,6000]', '"music",[1000,6000]')
    assert changed != decision.record
    assert replay(changed) != changed


NO_RECORDS = ("", "{}", "[]", "null", '{"v":3}', '{"v":2}', '{"v":2,"inputs":{}}', '{"v":1,"inputs":{}}', "\x00")


@pytest.mark.parametrize("text", NO_RECORDS)
def test_a_text_that_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        replay(text)


def test_an_empty_student_context_can_be_decided() -> None:
    decision = small_world().but(student=StudentContext(student_id=1, beliefs={})).choose()
    assert decision.no_assignment_reason is not None
    assert replay(decision.record) == decision.record


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e300])
def test_a_number_that_no_integer_can_stand_for_is_refused_by_name(number: float) -> None:
    with pytest.raises(InputError, match="belief about skill 2"):
        small_world().but(beliefs={2: belief(2, number)}).choose()
    with pytest.raises(InputError, match="reading level"):
        small_world().but(reading_level=number).choose()


def test_what_opened_lately_counts_as_due_where_no_date_is_given() -> None:
    opened = {1: NOW - 30 * DAY, 2: NOW - 3 * DAY}
    for due, unit in ((None, frozenset({2})), (NOW + DAY, frozenset())):
        assert unit_of(ClassScope({1: None, 2: due}, opened), as_of=NOW) == unit
    record = small_world().but(scope=ClassScope({1: None, 2: None}, opened)).choose()
    assert "unit" in record.filled_slots[0].reasons
