"""Who was in which class when: stretches of time brought in line with what a roster says now."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch as it stands in the database; it ends at `ended_at`, exclusive."""

    class_id: int
    person_id: int
    role: str
    began_at: dt.datetime
    ended_at: dt.datetime | None

    def going_on(self, now: dt.datetime) -> bool:
        """Return whether it has not ended, also where it has yet to begin; one of no length never was."""
        return self.ended_at is None or self.ended_at > max(now, self.began_at)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One stretch as a roster says it; `deleted` says that it is over."""

    class_id: int
    person_id: int
    role: str
    began_at: dt.datetime | None
    ended_at: dt.datetime | None
    usual_began_at: dt.datetime | None = None
    """When it begins where the roster does not say, and nothing is known of it yet."""
    deleted: bool = False


@dataclass(slots=True)
class Changes:
    """What must be written."""

    kept: list[Stretch] = field(default_factory=list)
    """As they shall be: new, changed or as before."""
    moved: list[tuple[Stretch, dt.datetime]] = field(default_factory=list)
    """Stretches with another beginning, and that beginning; they are in `kept` too, as they shall be."""
    ended: list[Stretch] = field(default_factory=list)
    """With the end that they now have."""


def reconcile(there: Iterable[Stretch], wanted: Iterable[Wanted], *, now: dt.datetime, whole: bool) -> Changes:
    """Return how to bring the stretches there in line with those wanted. Nothing that has ended is ever removed.

    A stretch is the same where its beginning is; where the roster gives no beginning, it is the one that is going on.
    Where the roster corrects a beginning, the stretch that overlaps moves.

    Args:
        there: all stretches of the classes in question.
        wanted: what the roster says of these classes.
        now: what ends now, ends at this moment.
        whole: the roster tells all; what it leaves out has ended. Otherwise only what it calls deleted has.
    """
    pairs: dict[tuple[int, int], tuple[list[Stretch], list[Wanted]]] = {}
    for old in there:
        pairs.setdefault((old.class_id, old.person_id), ([], []))[0].append(old)
    for row in wanted:
        pairs.setdefault((row.class_id, row.person_id), ([], []))[1].append(row)
    changes = Changes()
    for olds, rows in pairs.values():
        _pair(sorted(olds, key=lambda old: old.began_at), rows, changes, now=now, whole=whole)
    return changes


def _pair(olds: list[Stretch], rows: Sequence[Wanted], changes: Changes, *, now: dt.datetime, whole: bool) -> None:
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
            changes.kept.append(_as_wanted(row, began))
    for row, began in unmatched:
        overlapping = next((old for old in olds if _overlap(old, began, row.ended_at)), None)
        if overlapping is not None:
            olds.remove(overlapping)
            changes.moved.append((overlapping, began))
        changes.kept.append(_as_wanted(row, began))
    for row in alive:
        if row.began_at is None:
            changes.kept.append(_undated(row, olds, now=now))
    if whole or len(alive) < len(rows):
        over = [old for old in olds if old.going_on(now)]
        changes.ended += [replace(old, ended_at=max(old.began_at, now)) for old in over]


def _undated(row: Wanted, olds: list[Stretch], *, now: dt.datetime) -> Stretch:
    """Return a stretch whose beginning the roster does not tell; what it continues is taken from `olds`."""
    same = next((old for old in reversed(olds) if old.going_on(now) or old.ended_at == row.ended_at), None)
    if same is not None:
        olds.remove(same)
        return _as_wanted(row, same.began_at)
    began = row.usual_began_at
    if began is None or any(old.ended_at is None or began < old.ended_at for old in olds):
        began = now
    if row.ended_at is not None:
        began = min(began, row.ended_at)
    return _as_wanted(row, began)


def _as_wanted(row: Wanted, began: dt.datetime) -> Stretch:
    return Stretch(row.class_id, row.person_id, row.role, began, row.ended_at)


def _overlap(old: Stretch, began: dt.datetime, ended: dt.datetime | None) -> bool:
    return old.began_at < (ended or FOREVER) and began < (old.ended_at or FOREVER)
