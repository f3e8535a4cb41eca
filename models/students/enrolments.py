"""Enrolment periods, reconciled with what a roster says now."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class EnrolmentPeriod:
    """One stored period; it ends at `ended_at`, exclusive."""

    class_id: int
    person_id: int
    role: str
    began_at: dt.datetime
    ended_at: dt.datetime | None

    def is_open(self, now: dt.datetime) -> bool:
        """Return whether it has not ended, also where it has yet to begin; an empty period is not open."""
        return self.ended_at is None or self.ended_at > max(now, self.began_at)


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """One period of a roster; `deleted` means that it is over."""

    class_id: int
    person_id: int
    role: str
    began_at: dt.datetime | None
    ended_at: dt.datetime | None
    usual_began_at: dt.datetime | None = None
    """When it begins if the roster does not say, and no such period is stored."""
    deleted: bool = False


@dataclass(slots=True)
class Changes:
    """What must be written."""

    current: list[EnrolmentPeriod] = field(default_factory=list)
    """All periods of the roster as they must be stored: new, changed or unchanged."""
    moved: list[tuple[EnrolmentPeriod, dt.datetime]] = field(default_factory=list)
    """Periods with another beginning, and that beginning; they are in `current` too, as they must be stored."""
    ended: list[EnrolmentPeriod] = field(default_factory=list)
    """With the end that they now have."""


def reconcile(
    stored: Iterable[EnrolmentPeriod], wanted: Iterable[RosterEntry], *, now: dt.datetime, whole: bool
) -> Changes:
    """Return the changes that reconcile stored periods with a roster. A period that has ended is never removed.

    Two periods are the same if they begin at the same time; without a beginning, a row means the open period. Where
    the roster corrects a beginning, the overlapping period is moved.

    Args:
        stored: all periods of the classes in question.
        wanted: the roster's rows of these classes.
        now: when a period that ends now ends.
        whole: the roster is complete, and what it leaves out has ended; otherwise only what it calls deleted has.
    """
    pairs: dict[tuple[int, int], tuple[list[EnrolmentPeriod], list[RosterEntry]]] = {}
    for old in stored:
        pairs.setdefault((old.class_id, old.person_id), ([], []))[0].append(old)
    for row in wanted:
        pairs.setdefault((row.class_id, row.person_id), ([], []))[1].append(row)
    changes = Changes()
    for olds, rows in pairs.values():
        _pair(sorted(olds, key=lambda old: old.began_at), rows, changes, now=now, whole=whole)
    return changes


def _pair(
    olds: list[EnrolmentPeriod], rows: Sequence[RosterEntry], changes: Changes, *, now: dt.datetime, whole: bool
) -> None:
    """Reconcile one person in one class."""
    alive = [row for row in rows if not row.deleted]
    dated = [(row, row.began_at) for row in alive if row.began_at is not None]
    unmatched = []
    for row, began in dated:
        same = next((old for old in olds if old.began_at == began), None)
        if same is None:
            unmatched.append((row, began))
        else:
            olds.remove(same)
            changes.current.append(_as_wanted(row, began))
    for row, began in unmatched:
        overlapping = next((old for old in olds if _overlap(old, began, row.ended_at)), None)
        if overlapping is not None:
            olds.remove(overlapping)
            changes.moved.append((overlapping, began))
        changes.current.append(_as_wanted(row, began))
    for row in alive:
        if row.began_at is None:
            changes.current.append(_undated(row, olds, now=now))
    if whole or len(alive) < len(rows):
        over = [old for old in olds if old.is_open(now)]
        changes.ended += [replace(old, ended_at=max(old.began_at, now)) for old in over]


def _undated(row: RosterEntry, olds: list[EnrolmentPeriod], *, now: dt.datetime) -> EnrolmentPeriod:
    """Return the period of a row without a beginning; the period that it continues is removed from `olds`."""
    same = next((old for old in reversed(olds) if old.is_open(now) or old.ended_at == row.ended_at), None)
    if same is not None:
        olds.remove(same)
        return _as_wanted(row, same.began_at)
    began = row.usual_began_at
    if began is None or any(old.ended_at is None or began < old.ended_at for old in olds):
        began = now
    if row.ended_at is not None:
        began = min(began, row.ended_at)
    return _as_wanted(row, began)


def _as_wanted(row: RosterEntry, began: dt.datetime) -> EnrolmentPeriod:
    return EnrolmentPeriod(row.class_id, row.person_id, row.role, began, row.ended_at)


def _overlap(old: EnrolmentPeriod, began: dt.datetime, ended: dt.datetime | None) -> bool:
    return old.began_at < (ended or FOREVER) and began < (old.ended_at or FOREVER)
