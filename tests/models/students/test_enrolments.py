"""Stretches of time brought in line with a roster: examples, then laws that any roster keeps."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.students.enrolments import Changes, EnrolmentPeriod, RosterEntry, reconcile

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
CLASS, PERSON = 1, 7


def day(number: int | None) -> dt.datetime | None:
    """Days before or after now; None is none."""
    return None if number is None else NOW + number * DAY


def there(began: int, ended: int | None, *, role: str = "student") -> EnrolmentPeriod:
    return EnrolmentPeriod(CLASS, PERSON, role, NOW + began * DAY, day(ended))


def row(began: int | None, ended: int | None, *, deleted: bool = False, usual: int | None = None) -> RosterEntry:
    return RosterEntry(CLASS, PERSON, "student", day(began), day(ended), usual_began_at=day(usual), deleted=deleted)


def after(olds: Sequence[EnrolmentPeriod], changes: Changes) -> list[EnrolmentPeriod]:
    """The table as it stands when the changes are written."""
    rows = {old.began_at: old for old in olds}
    for old, began in changes.moved:
        rows[began] = replace(rows.pop(old.began_at), began_at=began)
    rows |= {each.began_at: each for each in (*changes.ended, *changes.current)}
    return sorted(rows.values(), key=lambda each: each.began_at)


def reconciled(
    olds: Sequence[EnrolmentPeriod], rows: Sequence[RosterEntry], *, whole: bool = True
) -> list[EnrolmentPeriod]:
    return after(olds, reconcile(olds, rows, now=NOW, whole=whole))


def test_who_is_new_begins_with_the_term_and_without_one_now() -> None:
    assert reconciled([], [row(None, None, usual=-30)]) == [there(-30, None)]
    assert reconciled([], [row(None, None)]) == [there(0, None)]


def test_who_vanishes_leaves_now_and_keeps_the_time_that_was() -> None:
    assert reconciled([there(-30, None)], []) == [there(-30, 0)]


def test_a_delta_ends_only_what_it_calls_deleted() -> None:
    olds = [there(-30, 60)]
    assert reconciled(olds, [], whole=False) == olds
    assert reconciled(olds, [row(-30, None, deleted=True)], whole=False) == [there(-30, 0)]


def test_who_comes_back_without_a_date_has_two_stretches() -> None:
    """Left 10 days ago; the term's own beginning lies before that, so it cannot be when they came back."""
    assert reconciled([there(-30, -10)], [row(None, None, usual=-30)]) == [there(-30, -10), there(0, None)]


def test_a_corrected_beginning_moves_the_stretch() -> None:
    assert reconciled([there(-30, None)], [row(-20, None)]) == [there(-20, None)]


def test_a_second_stay_after_the_first_has_ended_is_another_stretch() -> None:
    assert reconciled([there(-90, -60)], [row(-20, None)]) == [there(-90, -60), there(-20, None)]


def test_another_role_and_another_end_are_changes_of_the_same_stretch() -> None:
    assert reconciled([there(-30, None, role="teacher")], [row(-30, 60)]) == [there(-30, 60)]


def test_what_was_to_begin_later_and_vanishes_never_was() -> None:
    assert reconciled([there(5, 60)], []) == [there(5, 5)]


NUMBERS = st.integers(-20, 20)
STRETCHES = st.lists(st.tuples(NUMBERS, st.none() | NUMBERS), max_size=4, unique_by=lambda each: each[0]).map(
    lambda each: [there(began, None if ended is None else max(began, ended)) for began, ended in each]
)


def rows_of(pairs: list[tuple[int, int | None, bool]]) -> list[RosterEntry]:
    return [row(began, None if end is None else max(began, end), deleted=gone) for began, end, gone in pairs]


DATED = st.lists(st.tuples(NUMBERS, st.none() | NUMBERS, st.booleans()), max_size=3, unique_by=lambda each: each[0])
UNDATED = st.tuples(st.none() | NUMBERS, st.none() | NUMBERS).map(lambda each: [row(None, each[0], usual=each[1])])
ROSTERS = DATED.map(rows_of) | UNDATED

Reconcile = Callable[..., Changes]


def law_twice(find: Reconcile, olds: list[EnrolmentPeriod], rows: list[RosterEntry], *, whole: bool) -> None:
    """The same roster a second time changes nothing, also a day later."""
    once = after(olds, find(olds, rows, now=NOW, whole=whole))
    for later in (NOW, NOW + DAY):
        again = find(once, rows, now=later, whole=whole)
        assert (after(once, again), again.moved, again.ended) == (once, [], [])


@given(STRETCHES, ROSTERS, st.booleans())
def test_the_same_roster_twice_changes_nothing(
    olds: list[EnrolmentPeriod],
    rows: list[RosterEntry],
    whole: bool,  # noqa: FBT001 - drawn
) -> None:
    law_twice(reconcile, olds, rows, whole=whole)


def test_a_new_beginning_at_each_load_would_be_noticed() -> None:
    """The mutant forgets what is there, as a loader does that takes now for every date left out."""

    def forgetful(
        olds: Sequence[EnrolmentPeriod], rows: Sequence[RosterEntry], *, now: dt.datetime, whole: bool
    ) -> Changes:
        assert olds is not None
        return reconcile([], rows, now=now, whole=whole)

    with pytest.raises(AssertionError):
        law_twice(forgetful, [], [row(None, None)], whole=True)


@given(STRETCHES, ROSTERS, st.booleans())
def test_what_has_ended_is_never_lost(olds: list[EnrolmentPeriod], rows: list[RosterEntry], whole: bool) -> None:  # noqa: FBT001 - drawn
    """Every stretch has a successor: none is removed, and none that the roster does not name is changed but ended."""
    changes = reconcile(olds, rows, now=NOW, whole=whole)
    assert len(after(olds, changes)) >= len(olds)
    for ended in changes.ended:
        assert ended.ended_at is not None
        assert ended.ended_at >= ended.began_at


@given(STRETCHES, ROSTERS)
def test_after_a_whole_roster_only_those_it_names_go_on(olds: list[EnrolmentPeriod], rows: list[RosterEntry]) -> None:
    is_open = [each for each in reconciled(olds, rows) if each.is_open(NOW)]
    assert len(is_open) <= sum(not each.deleted for each in rows)
