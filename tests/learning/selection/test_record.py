"""A record stands alone: small, canonical, without a name, and refused where it is none."""

import json

import pytest

from learning.selection import Place, Policy, Tally, replay
from learning.selection.record import RecordError
from tests.learning.selection.builders import kitchen
from tests.learning.selection.worlds import Liked, random_world

MUSIC = {"music": Liked(0.9, 0.6)}


def test_a_record_holds_inputs_outcome_and_their_digest() -> None:
    decision = kitchen(interests=MUSIC, tallies={2: Tally(3, 8)}, evidence=(11, 12)).choose()
    record = json.loads(decision.record)
    assert set(record) == {"digest", "inputs", "outcome", "v"}
    assert record["digest"] == decision.digest
    assert record["inputs"]["evidence"] == [11, 12]
    assert record["inputs"]["rules"][0] == Policy().version
    assert record["outcome"]["chosen"][0]["gap"] == decision.chosen[0].because_gap


def test_a_record_is_compact() -> None:
    """Two skills, eight materials: under 3 kB; a course of 60 skills and 100,000 materials takes about 9 kB."""
    assert len(kitchen(interests=MUSIC).choose().record) < 3_000


def test_a_record_holds_no_material_that_did_not_come_in_question() -> None:
    for seed in range(50):
        world = random_world(seed)
        held = json.loads(world.choose().record)["inputs"]["catalogue"]["materials"]
        assert len(held) <= len(world.catalogue.entries)
        assert {row[0] for row in held} <= set(world.catalogue.entries)


def test_a_record_from_which_something_was_changed_replays_to_something_else() -> None:
    decision = kitchen(interests=MUSIC).choose()
    changed = decision.record.replace('"music",[9000,6000]', '"music",[1000,6000]')
    assert changed != decision.record
    assert replay(changed) != changed


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"v":2}', '{"v":1,"inputs":{}}', "\x00"])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        replay(text)


def test_a_place_without_anything_decides_without_harm() -> None:
    decision = kitchen().but(place=Place(student=1, beliefs={})).choose()
    assert decision.nothing is not None
    assert replay(decision.record) == decision.record
