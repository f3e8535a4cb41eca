"""The hard rules one by one, and the answer to a teacher who asks why not this one."""

from dataclasses import replace

import pytest

from learning.selection import Material, Order, OrderKind, Orders, Pace, ScopeWindow, Use
from learning.selection.admissible import RULES, broken, room
from tests.learning.selection.builders import kitchen, materials
from tests.learning.selection.laws import _case
from tests.learning.selection.worlds import DAY, NOW, Liked, World


def why_not(world: World, material: int) -> list[str]:
    case = _case(world)
    return [rule.code for rule in broken(case, case.catalogue.entries[material])]


def plain(**values: object) -> list[Material]:
    """One plain material for the second skill, at the right level."""
    (made,) = materials(2, first=20, contexts=(None,))
    return [replace(made, **values)]  # type: ignore[arg-type] # values of the fields


def test_a_material_that_fits_breaks_nothing() -> None:
    assert why_not(kitchen(), 20) == []


@pytest.mark.parametrize(
    ("code", "world"),
    [
        ("H1.scope", kitchen(scope=(1,))),
        ("H1.active", kitchen(made=plain(active_from=NOW + DAY))),
        ("H1.active", kitchen(made=plain(active_until=NOW))),
        ("H1.language", kitchen(made=plain(language="es"))),
        ("H2.prerequisite", kitchen(offsets={1: 0.3})),  # logit 0.3 is 0.57 and less for its doubt: below 0.6
        ("H3.level", kitchen(made=plain(difficulty=0.0))),  # logit 0 is 0.5
        ("H3.level", kitchen(made=plain(difficulty=-3.0))),  # logit 3 is 0.95
        ("H5.reading", kitchen(made=plain(reading_level=5.5), reading_level=4.0)),
        ("H6.reuse", kitchen(history=(Use(20, 2, NOW - DAY, 1.0),))),
    ],
)
def test_a_rule_says_why_not(code: str, world: World) -> None:
    assert why_not(world, 20) == [code]


def test_a_licence_that_the_school_does_not_allow_is_out() -> None:
    world = kitchen(made=plain(licence="closed"))
    assert why_not(world.but(policy=replace(world.policy, licences=("CC-BY-4.0",))), 20) == ["H1.licence"]


def test_a_skill_that_is_met_seen_twice_and_fresh_is_not_needed() -> None:
    # Logit 3 is 0.95, surely above 0.8; the material is hard enough to be at the right level still.
    seen = (Use(90, 2, NOW - DAY, 1.0, "music"), Use(91, 2, NOW - DAY, 1.0, "space"))
    made = plain(difficulty=1.9)
    assert why_not(kitchen(offsets={2: 3.0}, made=made, history=seen), 20) == ["H4.need"]
    assert why_not(kitchen(offsets={2: 3.0}, made=made, history=seen[:1]), 20) == []


def test_forbidden_and_vetoed_come_by_order_and_by_wish() -> None:
    forbid = Orders((Order(1, OrderKind.FORBID, material=21),))
    assert why_not(kitchen().but(orders=forbid), 21) == ["H5.forbidden"]
    veto = {"football": Liked(0.9, 0.9, vetoed=True)}
    assert why_not(kitchen(interests=veto), 21) == ["H5.veto"]
    assert why_not(kitchen(interests=veto, interest_switch=False), 21) == []


def test_an_order_ends_when_it_expires() -> None:
    forbid = Orders((Order(1, OrderKind.FORBID, material=21, expires_at=NOW),))
    assert why_not(kitchen().but(orders=forbid), 21) == []


def test_a_context_that_was_six_of_the_last_nine_does_not_come_again() -> None:
    uses = tuple(Use(100 + n, 1, NOW - DAY + n, None, "football" if n < 6 else "music") for n in range(9))
    assert why_not(kitchen(history=uses), 21) == ["H6.context"]
    assert why_not(kitchen(history=uses), 20) == []  # neutral is no context


def test_three_failures_in_a_row_leave_only_what_is_easier() -> None:
    failed = tuple(Use(30 + n, 2, NOW - DAY + n, 0.2, None, difficulty=-1.1) for n in range(3))
    assert why_not(kitchen(history=failed), 20) == ["L15.stuck"]
    assert why_not(kitchen(history=failed[:2]), 20) == []
    easier = kitchen(made=plain(difficulty=-1.2), history=failed)
    assert why_not(easier, 20) == []


def test_a_material_that_practises_its_own_prerequisite_need_not_wait_for_it() -> None:
    made = plain(skills=(2, 1))
    world = kitchen(offsets={1: 0.3}, made=made)
    assert "H2.prerequisite" not in why_not(world, 20)


def test_a_second_skill_is_in_scope_or_ready() -> None:
    made = plain(skills=(2, 1))
    assert why_not(kitchen(made=made, scope=(2,)), 20) == []
    assert why_not(kitchen(offsets={1: 0.3}, made=made, scope=(2,)), 20) == ["H1.scope"]


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (None, (4, 80)),
        (Pace(completed=0, minutes=0, days=3.0), (4, 80)),  # not known for two weeks yet
        (Pace(completed=0, minutes=0, days=14.0), (2, 20)),  # never less than the least
        (Pace(completed=3, minutes=35, days=14.0), (3, 35)),
        (Pace(completed=30, minutes=400, days=14.0), (4, 80)),
    ],
)
def test_room_follows_the_students_own_pace(pace: Pace | None, expected: tuple[int, int]) -> None:
    assert room(_case(kitchen(slots=4, pace=pace))) == expected


def test_every_rule_answers_in_a_plain_sentence() -> None:
    for rule in RULES:
        assert rule.because.endswith(".")
        assert rule.code not in rule.because


def test_a_skill_without_a_belief_is_not_chosen() -> None:
    world = kitchen(scope=(2,))
    assert world.but(beliefs={1: world.place.beliefs[1]}).choose().chosen == ()


def test_nothing_is_in_an_empty_scope() -> None:
    assert kitchen().but(scope=ScopeWindow({})).choose().chosen == ()
