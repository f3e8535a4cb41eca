"""The hard rules one by one, and their answer to "why not this one?"."""

from dataclasses import replace

import pytest

from learning.selection import (
    ClassScope,
    CompletionRate,
    Material,
    MaterialAttempt,
    OverrideKind,
    TeacherOverride,
    TeacherOverrides,
)
from learning.selection.hard_rules import RULES, broken_rules, open_limit
from tests.learning.selection.builders import materials, small_world
from tests.learning.selection.laws import decision_context
from tests.learning.selection.worlds import DAY, NOW, SampleInterest, World


def why_not(world: World, material: int) -> list[str]:
    ctx = decision_context(world)
    return [rule.code for rule in broken_rules(ctx, ctx.catalogue.entries[material])]


def plain(**values: object) -> list[Material]:
    """Return one neutral material for the second skill, at the right difficulty."""
    (made,) = materials(2, first=20, contexts=(None,))
    return [replace(made, **values)]  # type: ignore[arg-type] # values of the fields


def test_a_material_that_fits_breaks_nothing() -> None:
    assert why_not(small_world(), 20) == []


@pytest.mark.parametrize(
    ("code", "world"),
    [
        ("H1.scope", small_world(scope=(1,))),
        ("H1.active", small_world(made=plain(active_from=NOW + DAY))),
        ("H1.active", small_world(made=plain(active_until=NOW))),
        ("H1.language", small_world(made=plain(language="es"))),
        ("H2.prerequisite", small_world(offsets={1: 0.3})),  # logit 0.3 is 0.57 and less for its doubt: below 0.6
        ("H3.level", small_world(made=plain(difficulty=0.0))),  # logit 0 is 0.5
        ("H3.level", small_world(made=plain(difficulty=-3.0))),  # logit 3 is 0.95
        ("H5.reading", small_world(made=plain(reading_level=5.5), reading_level=4.0)),
        ("H6.reuse", small_world(history=(MaterialAttempt(20, 2, NOW - DAY, 1.0),))),
    ],
)
def test_a_rule_says_why_not(code: str, world: World) -> None:
    assert why_not(world, 20) == [code]


def test_a_licence_that_the_school_does_not_allow_breaks_a_rule() -> None:
    world = small_world(made=plain(licence="closed"))
    assert why_not(world.but(policy=replace(world.policy, licences=("CC-BY-4.0",))), 20) == ["H1.licence"]


def test_a_skill_at_its_target_in_two_contexts_and_not_due_is_not_needed() -> None:
    # Logit 3 is 0.95, surely above 0.8; the material is hard enough to be at the right level still.
    seen = (MaterialAttempt(90, 2, NOW - DAY, 1.0, "music"), MaterialAttempt(91, 2, NOW - DAY, 1.0, "space"))
    made = plain(difficulty=1.9)
    assert why_not(small_world(offsets={2: 3.0}, made=made, history=seen), 20) == ["H4.need"]
    assert why_not(small_world(offsets={2: 3.0}, made=made, history=seen[:1]), 20) == []


def test_teachers_forbid_and_students_veto() -> None:
    forbid = TeacherOverrides((TeacherOverride(1, OverrideKind.FORBID, material=21),))
    assert why_not(small_world().but(overrides=forbid), 21) == ["H5.forbidden"]
    veto = {"football": SampleInterest(0.9, 0.9, vetoed=True)}
    assert why_not(small_world(interests=veto), 21) == ["H5.veto"]
    assert why_not(small_world(interests=veto, interest_switch=False), 21) == []


def test_an_override_ends_when_it_expires() -> None:
    forbid = TeacherOverrides((TeacherOverride(1, OverrideKind.FORBID, material=21, expires_at=NOW),))
    assert why_not(small_world().but(overrides=forbid), 21) == []


def test_a_context_of_six_of_the_last_nine_attempts_is_overused() -> None:
    uses = tuple(MaterialAttempt(100 + n, 1, NOW - DAY + n, None, "football" if n < 6 else "music") for n in range(9))
    assert why_not(small_world(history=uses), 21) == ["H6.context"]
    assert why_not(small_world(history=uses), 20) == []  # neutral is no context


def test_after_three_failures_in_a_row_only_easier_materials_fit() -> None:
    failed = tuple(MaterialAttempt(30 + n, 2, NOW - DAY + n, 0.2, None, difficulty=-1.1) for n in range(3))
    assert why_not(small_world(history=failed), 20) == ["L15.stuck"]
    assert why_not(small_world(history=failed[:2]), 20) == []
    easier = small_world(made=plain(difficulty=-1.2), history=failed)
    assert why_not(easier, 20) == []


def test_a_material_that_practises_its_own_prerequisite_does_not_wait_for_it() -> None:
    made = plain(skills=(2, 1))
    world = small_world(offsets={1: 0.3}, made=made)
    assert "H2.prerequisite" not in why_not(world, 20)


def test_a_second_skill_is_in_scope_or_ready() -> None:
    made = plain(skills=(2, 1))
    assert why_not(small_world(made=made, scope=(2,)), 20) == []
    assert why_not(small_world(offsets={1: 0.3}, made=made, scope=(2,)), 20) == ["H1.scope"]


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (None, (4, 80)),
        (CompletionRate(assignments=0, minutes=0, days=3.0), (4, 80)),  # not known for two weeks yet
        (CompletionRate(assignments=0, minutes=0, days=14.0), (2, 20)),  # never less than the least
        (CompletionRate(assignments=3, minutes=35, days=14.0), (3, 35)),
        (CompletionRate(assignments=30, minutes=400, days=14.0), (4, 80)),
    ],
)
def test_the_open_limit_follows_the_completion_rate(pace: CompletionRate | None, expected: tuple[int, int]) -> None:
    assert open_limit(decision_context(small_world(slots=4, completion_rate=pace))) == expected


def test_every_rule_has_a_plain_sentence() -> None:
    for rule in RULES:
        assert rule.sentence.endswith(".")
        assert rule.code not in rule.sentence


def test_a_skill_without_a_belief_is_not_assigned() -> None:
    world = small_world(scope=(2,))
    assert world.but(beliefs={1: world.student.beliefs[1]}).choose().filled_slots == ()


def test_an_empty_scope_has_no_assignments() -> None:
    assert small_world().but(scope=ClassScope({})).choose().filled_slots == ()
