"""A skill with a gap gets its nearest material where none fits, and comes before skills at their target."""

from dataclasses import replace

import pytest

from learning.mastery.beliefs import GapStatus
from learning.selection import (
    AssignmentState,
    Catalogue,
    ClassScope,
    CurrentAssignment,
    Depth,
    Fallback,
    Material,
    MaterialAttempt,
    OverrideKind,
    Policy,
    Prerequisite,
    Skill,
    StudentContext,
    TeacherOverride,
    TeacherOverrides,
    Topic,
    Trigger,
)
from learning.selection.gaps_first import has_likely_gap, roots_of
from learning.selection.value import gap_probability_by_dependents
from tests.learning.selection.laws import decision_context
from tests.learning.selection.worlds import DAY, NOW, SampleInterest, World, after, belief

MET, GAP, UNKNOWN = 1, 2, 3


def three_skills(*, offsets: dict[int, float], sheets: int = 3, **values: object) -> World:
    """Return a school of three skills whose catalogue says 0 of every difficulty, and an experienced student."""
    skills = [Skill(n, f"S{n}", f"skill {n}") for n in (MET, GAP, UNKNOWN)]
    made = [
        Material(10 * skill.id + n, "sheet", (skill.id,), 0.0, None if n else "music", Depth.COSMETIC)
        for skill in skills
        for n in range(sheets)
    ]
    catalogue = Catalogue.build(version=1, skills=skills, materials=made, topics=[Topic("music", "music")])
    beliefs = {skill: belief(skill, offset) for skill, offset in offsets.items()}
    student = StudentContext(student_id=7, beliefs=beliefs, responses=40.0, evidence_until=NOW - 60)
    scope = ClassScope(dict.fromkeys(offsets))
    return World(student, catalogue, Policy(explore_every=0), scope, TeacherOverrides()).but(**values)


TEN_AND_NONE = {MET: 2.8, GAP: -2.0}
"""Ten of ten right is a success of .94, and none of ten one of .12: neither fits into .60 to .90."""


def test_none_of_ten_is_served_before_ten_of_ten() -> None:
    first, *_ = three_skills(offsets=TEN_AND_NONE).choose().filled_slots
    assert first.skill == GAP
    assert Fallback.NEAREST in first.fallbacks
    assert first.because_gap.startswith("No task fits skill 2 yet, so this is the nearest")


def test_what_fits_comes_first_and_the_last_place_is_for_the_gap() -> None:
    decision = three_skills(offsets=TEN_AND_NONE | {UNKNOWN: 1.0}, policy=Policy(slots=2, explore_every=0)).choose()
    assert [(slot.skill, Fallback.NEAREST in slot.fallbacks) for slot in decision.filled_slots] == [
        (UNKNOWN, False),
        (GAP, True),
    ]


def test_six_wrong_of_six_is_no_empty_list() -> None:
    """L15 asks for something easier than what failed, and there is nothing: the easiest comes again."""
    wrong = tuple(MaterialAttempt(20 + n % 3, GAP, NOW - (6 - n) * DAY, 0.0, None, 0.0) for n in range(6))
    decision = three_skills(offsets={GAP: -2.0}, history=wrong).choose()
    assert decision.no_assignment_reason is None
    assert Fallback.NEAREST in decision.filled_slots[0].fallbacks
    assert [(need.skill, need.context) for need in decision.catalogue_needs] == [(GAP, "")]


def test_after_failures_the_easiest_is_the_nearest() -> None:
    world = three_skills(offsets={GAP: -2.0})
    catalogue = with_difficulties(world.catalogue, {20: -0.4, 21: -0.5, 22: 0.0})
    failed = tuple(MaterialAttempt(99, GAP, NOW - (3 - n) * DAY, 0.0, None, -1.0) for n in range(3))
    (slot, *_) = world.but(catalogue=catalogue, history=failed).choose().filled_slots
    assert slot.menu[0].material == 21


def with_difficulties(catalogue: Catalogue, difficulties: dict[int, float]) -> Catalogue:
    made = [
        Material(entry.id, "sheet", entry.skills, difficulties.get(entry.id, 0.0), entry.context, Depth(entry.depth))
        for entry in catalogue.entries.values()
    ]
    return Catalogue.build(
        version=1, skills=catalogue.skills.values(), materials=made, topics=catalogue.topics.values()
    )


def test_the_nearest_stays_until_it_is_attempted() -> None:
    """Neither its level, nor its age, nor something better ends it."""
    world = three_skills(offsets=TEN_AND_NONE)
    world = after(world, world.choose())
    nearest = next(each for each in world.student.open_assignments if each.skill == GAP)
    later = world.but(as_of=NOW + 30 * DAY, evidence_until=NOW + 29 * DAY)
    for offset in (-4.0, -2.0, 0.0):
        decision = later.but(beliefs={MET: belief(MET, 2.8), GAP: belief(GAP, offset)}).choose()
        assert nearest.slot in {slot.slot for slot in decision.unchanged_slots}
    done = (MaterialAttempt(nearest.materials[0], GAP, NOW + DAY, 0.0, None, 0.0),)
    (gone, *_) = later.but(history=done).choose().withdrawals
    assert (gone.material, gone.trigger) == (nearest.materials[0], Trigger.ATTEMPTED)


@pytest.mark.parametrize(
    "values",
    [
        {"overrides": TeacherOverrides((TeacherOverride(1, OverrideKind.FORBID, skill=GAP),))},
        {"overrides": TeacherOverrides((TeacherOverride(1, OverrideKind.HOLD),))},
    ],
)
def test_a_teacher_is_above_the_rung(values: dict[str, TeacherOverrides]) -> None:
    decision = three_skills(offsets=TEN_AND_NONE).but(**values).choose()
    assert GAP not in {slot.skill for slot in decision.filled_slots}


def test_the_rung_only_proposes_where_a_teacher_approves() -> None:
    policy = Policy(needs_approval=True, explore_every=0)
    decision = three_skills(offsets=TEN_AND_NONE, policy=policy).choose()
    assert {slot.state for slot in decision.filled_slots} == {AssignmentState.PROPOSED}


def test_a_veto_binds_the_rung() -> None:
    vetoed = {"music": SampleInterest(0.5, 0.5, vetoed=True)}
    decision = three_skills(offsets=TEN_AND_NONE, interests=vetoed).choose()
    assert all(option.context is None for slot in decision.filled_slots for option in slot.menu)


def test_an_open_skill_at_its_target_gives_way_to_a_gap() -> None:
    world = three_skills(offsets=TEN_AND_NONE, policy=Policy(slots=1, explore_every=0))
    old = CurrentAssignment(0, MET, (10,), AssignmentState.ASSIGNED, NOW - DAY)
    near = with_difficulties(world.catalogue, {10: 1.5})
    decision = world.but(catalogue=near, open_assignments=(old,)).choose()
    assert [(each.material, each.trigger) for each in decision.withdrawals] == [(10, Trigger.GAP_FIRST)]
    assert [slot.skill for slot in decision.filled_slots] == [GAP]
    started = replace(old, state=AssignmentState.STARTED)
    assert world.but(catalogue=near, open_assignments=(started,)).choose().withdrawals == ()


def test_a_skill_gets_a_second_slot_only_where_others_are_worth_much_less() -> None:
    """Three skills fit; the fourth slot repeats one of them."""
    offsets = {MET: 1.0, GAP: 1.1, UNKNOWN: 1.2}
    decision = three_skills(offsets=offsets).choose()
    assert sorted(slot.skill for slot in decision.filled_slots[:3]) == [MET, GAP, UNKNOWN]
    assert len(decision.filled_slots) == 4


def test_a_prerequisite_is_ready_only_where_it_is_sure() -> None:
    """Mastery .67 (logit .7); a spread of .39 leaves a doubt of .2 that it is below .60, one of 1 leaves .38."""
    for variance, ready in ((0.0, True), (1.0, False)):
        beliefs = {MET: belief(MET, 0.7, offset_variance=variance), GAP: belief(GAP, 0.0)}
        ctx = decision_context(three_skills(offsets=TEN_AND_NONE, beliefs=beliefs))
        assert ctx.is_ready(MET) is ready
    view = ctx.skill_view(MET)
    assert view is not None
    assert view.gap_status is GapStatus.UNSURE


ROOTS = {1: 0.0, 2: -0.1, 3: 0.9, 4: 1.0, 5: 1.1}
"""Logits of mastery: skills 1 and 2 have a likely gap (.50, .48), the others are unsure and nearer to their target."""


def five_skills(**values: object) -> World:
    """Return a school of five skills without prerequisites, each with a material that fits, and ROOTS of a student."""
    skills = [Skill(n, f"S{n}", f"skill {n}") for n in ROOTS]
    made = [Material(10 * n, "sheet", (n,), logit - 1.1, None, Depth.NEUTRAL) for n, logit in ROOTS.items()]
    catalogue = Catalogue.build(version=1, skills=skills, materials=made, topics=[])
    beliefs = {n: belief(n, logit, offset_variance=0.0 if n < 3 else 0.6) for n, logit in ROOTS.items()}
    student = StudentContext(student_id=7, beliefs=beliefs, responses=40.0, evidence_until=NOW - 60)
    scope = ClassScope(dict.fromkeys(ROOTS))
    return World(student, catalogue, Policy(explore_every=0), scope, TeacherOverrides()).but(**values)


def test_the_first_place_goes_by_value_and_the_next_to_likely_gaps() -> None:
    """By value alone the nearer skills 3, 4 and 5 would come before the likely gaps 1 and 2."""
    skills = [slot.skill for slot in five_skills().choose().filled_slots]
    ctx = decision_context(five_skills())
    assert {n for n in ROOTS if has_likely_gap(ctx, n)} == {1, 2}
    assert skills[0] in {3, 4, 5}
    assert set(skills[1:3]) == {1, 2}


def test_likely_gaps_get_half_of_the_list_and_not_more() -> None:
    every = five_skills(beliefs={n: belief(n, 0.4 + n / 100) for n in ROOTS} | {5: belief(5, 1.1, offset_variance=0.6)})
    slots = every.choose().filled_slots
    assert len(slots) == 4
    assert len({slot.skill for slot in slots}) == 4


def test_a_gap_that_rests_on_another_gap_waits_for_it() -> None:
    ctx = decision_context(five_skills())
    assert roots_of(ctx, [1, 2]) == {1, 2}
    world = five_skills()
    skills = dict(world.catalogue.skills)
    skills[2] = replace(skills[2], prerequisites=(Prerequisite(1),))
    resting = Catalogue.build(version=1, skills=list(skills.values()), materials=[], topics=[])
    assert roots_of(decision_context(world.but(catalogue=resting)), [1, 2]) == {1}


def test_work_without_a_gap_gives_way_where_no_gap_is_open() -> None:
    """Once: as soon as one likely gap has a place, the rest stays."""
    opened = tuple(
        CurrentAssignment(n, skill, (10 * skill,), AssignmentState.ASSIGNED, NOW - DAY)
        for n, skill in enumerate((3, 4, 5))
    )
    world = five_skills(open_assignments=opened, policy=Policy(slots=3, explore_every=0))
    decision = world.choose()
    assert [each.trigger for each in decision.withdrawals] == [Trigger.GAP_FIRST]
    (filled,) = decision.filled_slots
    assert filled.skill in {1, 2}
    assert after(world, decision).choose().withdrawals == ()


@pytest.mark.parametrize(("beside", "stays"), [(MET, True), (UNKNOWN, False)])
def test_a_gap_keeps_its_old_sheet_while_a_skill_at_its_target_has_a_slot(beside: int, *, stays: bool) -> None:
    """Left for 15 days, and the gap's only sheet: it makes room for another skill, but not beside one at its target."""
    offsets = {MET: 2.8, GAP: -0.2, UNKNOWN: 1.1}
    world = three_skills(offsets=offsets, sheets=1, policy=Policy(slots=2, explore_every=0))
    fitting = with_difficulties(world.catalogue, {10: 1.7, 20: -1.3, 30: 0.0})
    skills = [*fitting.skills.values(), Skill(4, "S4", "skill 4")]
    other = Material(40, "sheet", (4,), 0.0, None, Depth.NEUTRAL)
    made = [
        Material(entry.id, "sheet", entry.skills, entry.difficulty / 1e4, None, Depth.NEUTRAL)
        for entry in fitting.entries.values()
    ]
    catalogue = Catalogue.build(version=1, skills=skills, materials=[*made, other], topics=[])
    opened = (
        CurrentAssignment(0, beside, (10 * beside,), AssignmentState.ASSIGNED, NOW - DAY),
        CurrentAssignment(1, GAP, (20,), AssignmentState.ASSIGNED, NOW - 15 * DAY),
    )
    beliefs = {**world.student.beliefs, 4: belief(4, 1.1, offset_variance=0.8)}
    scope = ClassScope(dict.fromkeys(beliefs))
    decision = world.but(catalogue=catalogue, open_assignments=opened, beliefs=beliefs, scope=scope).choose()
    assert (1 in {slot.slot for slot in decision.unchanged_slots}) is stays
    assert stays or [each.trigger for each in decision.withdrawals] == [Trigger.HOLD_LIMIT]


def test_of_two_places_the_last_is_for_a_root_that_something_fits() -> None:
    """Skill 3 has the deepest gap and nothing that fits, but it rests on skill 2, whose gap something fits."""
    skills = [Skill(1, "S1", "skill 1"), Skill(2, "S2", "skill 2"), Skill(3, "S3", "skill 3", 5, 1, (Prerequisite(2),))]
    made = [Material(10 * n, "sheet", (n,), -0.3, None, Depth.NEUTRAL) for n in (1, 2, 3)]
    catalogue = Catalogue.build(version=1, skills=skills, materials=made, topics=[])
    beliefs = {1: belief(1, 1.1, offset_variance=0.6), 2: belief(2, 0.8, offset_variance=0.0), 3: belief(3, -3.0)}
    world = five_skills(
        catalogue=catalogue,
        beliefs=beliefs,
        scope=ClassScope({1: NOW + DAY, 2: None, 3: None}),
        policy=Policy(slots=2, explore_every=0),
    )
    ctx = decision_context(world)
    assert ([has_likely_gap(ctx, n) for n in (1, 2, 3)], ctx.is_ready(2)) == ([False, True, True], True)
    assert [slot.skill for slot in world.choose().filled_slots] == [1, 2]


def test_a_skill_without_a_likely_gap_gets_no_second_task() -> None:
    offsets = {MET: 1.0, GAP: 1.1, UNKNOWN: 1.2}
    unsure = {skill: belief(skill, logit, offset_variance=0.8) for skill, logit in offsets.items()}
    decision = three_skills(offsets=offsets, beliefs=unsure).choose()
    assert sorted(slot.skill for slot in decision.filled_slots) == [MET, GAP, UNKNOWN]


def test_what_rests_on_a_skill_and_goes_well_speaks_for_the_skill() -> None:
    """Who surely does what needs a skill hardly lacks it; a likely gap stays one."""
    skills = [Skill(1, "S1", "skill 1"), Skill(2, "S2", "skill 2", prerequisites=(Prerequisite(1),))]
    catalogue = Catalogue.build(version=1, skills=skills, materials=[], topics=[])
    for logit, well, lower in ((1.2, 2.9, True), (1.2, 1.2, False), (0.0, 2.9, False)):
        beliefs = {1: belief(1, logit, offset_variance=0.8 if logit else 0.1), 2: belief(2, well)}
        ctx = decision_context(five_skills(catalogue=catalogue, beliefs=beliefs))
        view = ctx.skill_view(1)
        assert view is not None
        assert (gap_probability_by_dependents(ctx, 1, view) < view.gap_probability) is lower
