"""A plan for a class's day: the laws as checks, for each a fault that it must catch, and turns that go round."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.selection.tables import (
    AloneReason,
    AtTable,
    FirstTasks,
    Table,
    TablePlan,
    TableSizeError,
    plan_tables,
    turns_of_week,
)

KEY = 17
CLASSES = st.dictionaries(
    st.integers(1, 12), st.dictionaries(st.integers(1, 6), st.integers(1, 20).map(lambda n: 500 * n), max_size=6)
)


def faults(values: FirstTasks, plan: TablePlan, *, tables: int, give_up: float, sizes: tuple[int, int]) -> set[str]:
    """Return which laws a plan breaks."""
    broken = set()
    placed = [each for table in plan.tables for each in table.students]
    if sorted([each.student for each in placed] + list(plan.alone)) != sorted(values):
        broken.add("everyone once")
    if len(plan.tables) > tables or len({table.skill for table in plan.tables}) < len(plan.tables):
        broken.add("so many tables")
    if not all(sizes[0] <= len(table.students) <= sizes[1] for table in plan.tables):
        broken.add("sizes")
    for table in plan.tables:
        for each in table.students:
            best = max(values[each.student].values(), default=0)
            if (each.value, each.best) != (values[each.student].get(table.skill), best):
                broken.add("values at hand")
            if each.value < best * (1 - give_up) - 1e-6:
                broken.add("bound")
    return broken


def at_turn(values: FirstTasks, week: int = 0) -> dict[int, int]:
    return turns_of_week(values, key=KEY, week=week)


@given(CLASSES, st.integers(1, 4), st.sampled_from([0.0, 0.05, 0.15, 0.5, 1.0]), st.integers(2, 5), st.integers(0, 9))
def test_every_plan_obeys_the_laws(values: FirstTasks, tables: int, give_up: float, most: int, week: int) -> None:
    plan = plan_tables(values, tables=tables, give_up=give_up, turns=at_turn(values, week), max_size=most)
    assert faults(values, plan, tables=tables, give_up=give_up, sizes=(2, most)) == set()


@given(CLASSES, st.sampled_from([0.0, 0.15, 0.5]))
def test_more_tables_never_serve_fewer(values: FirstTasks, give_up: float) -> None:
    counts = [plan_tables(values, tables=n, give_up=give_up, turns=at_turn(values)).student_count for n in (1, 2, 3, 6)]
    assert counts == sorted(counts)


@given(CLASSES)
def test_with_a_table_for_every_skill_nobody_who_has_company_gives_up(values: FirstTasks) -> None:
    plan = plan_tables(values, tables=6, give_up=1.0, turns=at_turn(values))
    best = {student: {s for s, v in of.items() if v == max(of.values())} for student, of in values.items() if of}
    for student, reason in plan.alone.items():
        assert (reason is AloneReason.NOTHING_FITS) == (student not in best)
    if all(len(of) == 6 for of in values.values()) and len(values) > 1:
        assert not plan.alone


PLAN_VALUES: Mapping[int, Mapping[int, int]] = {
    1: {10: 1000, 20: 900}, 2: {10: 1000}, 3: {20: 800, 40: 1000}, 4: {20: 1000}, 5: {30: 1000}, 6: {},
}  # fmt: skip


def test_an_example() -> None:
    """At 20 % skills 10 and 20 serve 1 to 4: 3 gives up 20 % (800 for 1000). 5 has no table, 6 has nothing."""
    plan = plan_tables(PLAN_VALUES, tables=2, give_up=0.2, turns=at_turn(PLAN_VALUES))
    assert plan.tables == (
        Table(10, (AtTable(1, 1000, 1000), AtTable(2, 1000, 1000))),
        Table(20, (AtTable(3, 800, 1000), AtTable(4, 1000, 1000))),
    )
    assert plan.alone == {5: AloneReason.NO_TABLE, 6: AloneReason.NOTHING_FITS}
    assert plan.tables[1].students[0].given_up == pytest.approx(0.2)
    # At 15 % there is no second table: 3 may not give up 20 %, so 4 has no company.
    plan = plan_tables(PLAN_VALUES, tables=2, give_up=0.15, turns=at_turn(PLAN_VALUES))
    assert [(table.skill, len(table.students)) for table in plan.tables] == [(10, 2)]
    assert plan.alone == dict.fromkeys((3, 4, 5), AloneReason.NO_TABLE) | {6: AloneReason.NOTHING_FITS}


def test_whom_a_full_table_leaves_out_moves_another_who_fits_elsewhere() -> None:
    """Two places each: 1 and 2 may move from 10 to 20, 3 fits 10 alone, so all four of 1 to 4 have a place."""
    values = {1: {10: 1000, 20: 990}, 2: {10: 1000, 20: 990}, 3: {10: 1000}, 4: {10: 1000}}
    for week in range(4):
        plan = plan_tables(values, tables=2, give_up=0.05, turns=at_turn(values, week), max_size=2)
        assert {t.skill: [each.student for each in t.students] for t in plan.tables} == {10: [3, 4], 20: [1, 2]}


def test_it_never_needs_the_best_first_skill_where_an_exchange_serves_more() -> None:
    """Greedy takes 1 (four students) and then 2 or 3 (one more each); 2 and 3 together serve all six."""
    values = {1: {1: 9, 2: 9}, 2: {1: 9, 2: 9}, 3: {1: 9, 3: 9}, 4: {1: 9, 3: 9}, 5: {2: 9}, 6: {3: 9}}
    plan = plan_tables(values, tables=2, give_up=0.0, turns=at_turn(values))
    assert plan.student_count == 6


# Who gives up: everybody alike over the weeks.

ALIKE = {student: {10: 1000, 20: 900} for student in range(1, 9)}
"""Eight who all prefer table 10, where only four have a place: four of eight give up 10 %."""
Turns = Callable[..., dict[int, int]]


def given_up_over(weeks: int, turns: Turns) -> Counter[int]:
    """Return how often each student gives up."""
    counts: Counter[int] = Counter(dict.fromkeys(ALIKE, 0))
    for week in range(weeks):
        plan = plan_tables(ALIKE, tables=2, give_up=0.15, turns=turns(ALIKE, key=KEY, week=week), max_size=4)
        counts.update(each.student for table in plan.tables for each in table.students if each.given_up)
    return counts


def is_fair(turns: Turns) -> bool:
    """Whether over as many weeks as students each gives up as often, and over four weeks nobody always or never."""
    everyone, first = given_up_over(8, turns), given_up_over(4, turns)
    return len(set(everyone.values())) == 1 and all(0 < count < 4 for count in first.values())


def test_turns_go_round() -> None:
    assert is_fair(turns_of_week)
    assert sum(given_up_over(8, turns_of_week).values()) == 4 * 8


def _same_every_week(students: FirstTasks, *, key: int, week: int) -> dict[int, int]:
    return turns_of_week(students, key=key, week=0 * week)


def _by_id(students: FirstTasks, *, key: int, week: int) -> dict[int, int]:
    return {student: place for place, student in enumerate(sorted(students))}


def _one_on(students: FirstTasks, *, key: int, week: int) -> dict[int, int]:
    order = sorted(turns_of_week(students, key=key, week=0).items(), key=lambda pair: pair[1])
    return {student: (place + week) % len(order) for place, (student, _) in enumerate(order)}


@pytest.mark.parametrize("mutant", [_same_every_week, _by_id, _one_on])
def test_a_fault_of_the_rotation_is_caught(mutant: Turns) -> None:
    """The last moves on by one student a week, so that over four weeks one of eight always gives up."""
    assert not is_fair(mutant)


@given(st.integers(1, 40), st.integers(0, 2**63), st.integers(0, 4000))
def test_every_week_each_turn_is_somebodys_and_in_n_weeks_each_has_each(count: int, key: int, week: int) -> None:
    students = range(100, 100 + count)
    weeks = [turns_of_week(students, key=key, week=week + n) for n in range(count)]
    assert all(sorted(turns.values()) == list(range(count)) for turns in weeks)
    assert all(len({turns[student] for turns in weeks}) == count for student in students)


def test_the_turn_decides_between_plans_that_serve_as_many() -> None:
    """Tables {10} or {20} serve both; with 10 student 2 gives up, with 20 student 1."""
    values = {1: {10: 1000, 20: 900}, 2: {10: 900, 20: 1000}}
    for first, second in itertools.permutations(values):
        plan = plan_tables(values, tables=1, give_up=0.15, turns={first: 0, second: 1})
        assert [each.student for each in plan.tables[0].students if each.given_up] == [first]


def _twice(plan: TablePlan) -> TablePlan:
    return replace(plan, tables=(plan.tables[0], *plan.tables))


def _forgets(plan: TablePlan) -> TablePlan:
    return replace(plan, alone={})


def _one_alone_at_a_table(plan: TablePlan) -> TablePlan:
    first = plan.tables[0]
    alone = {**plan.alone, first.students[0].student: AloneReason.NO_TABLE}
    return replace(plan, tables=(Table(first.skill, first.students[1:]), *plan.tables[1:]), alone=alone)


def _too_much(plan: TablePlan) -> TablePlan:
    return plan_tables(PLAN_VALUES, tables=2, give_up=0.2, turns=at_turn(PLAN_VALUES))


def _invented(plan: TablePlan) -> TablePlan:
    first = plan.tables[0]
    return replace(plan, tables=(Table(99, first.students), *plan.tables[1:]))


@pytest.mark.parametrize(
    ("law", "mutant"),
    [
        ("everyone once", _twice),
        ("so many tables", _twice),
        ("everyone once", _forgets),
        ("sizes", _one_alone_at_a_table),
        ("bound", _too_much),
        ("values at hand", _invented),
    ],
)
def test_each_fault_is_caught_by_its_law(law: str, mutant: Callable[[TablePlan], TablePlan]) -> None:
    plan = plan_tables(PLAN_VALUES, tables=2, give_up=0.15, turns=at_turn(PLAN_VALUES))
    assert faults(PLAN_VALUES, plan, tables=2, give_up=0.15, sizes=(2, 6)) == set()
    assert law in faults(PLAN_VALUES, mutant(plan), tables=2, give_up=0.15, sizes=(2, 6))


@pytest.mark.parametrize(
    "sizes", [{"tables": 0}, {"give_up": -0.1}, {"give_up": 1.01}, {"min_size": 1}, {"min_size": 3, "max_size": 2}]
)
def test_impossible_plans_are_refused(sizes: dict[str, float]) -> None:
    with pytest.raises(TableSizeError):
        plan_tables({}, **{"tables": 2, "give_up": 0.15, "turns": {}, **sizes})  # type: ignore[arg-type] # as asked


def test_an_empty_class_has_no_plan() -> None:
    assert plan_tables({}, tables=4, give_up=0.15, turns=turns_of_week((), key=1, week=3)) == TablePlan((), {})
