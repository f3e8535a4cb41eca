"""The decision from beginning to end, one straight line."""

from __future__ import annotations

from learning.selection.candidates import Search
from learning.selection.case import Case
from learning.selection.catalogue import Catalogue
from learning.selection.decision import Decision, Trigger
from learning.selection.draft import Draft
from learning.selection.fixed import SCALE
from learning.selection.inputs import Inputs, compact
from learning.selection.ladder import climb
from learning.selection.outcome import outcome
from learning.selection.place import Place
from learning.selection.policy import Orders, Policy, ScopeWindow
from learning.selection.record import inputs_of
from learning.selection.stability import holds_all, newer_than_its_own, outlived, value_now
from learning.selection.teacher import follow


def choose(
    place: Place,
    *,
    catalogue: Catalogue,
    policy: Policy,
    scope: ScopeWindow | None,
    orders: Orders,
    as_of: float,
) -> Decision:
    """Return what one student is assigned at `as_of` (seconds since 1970), and why.

    A pure function: equal arguments give equal decisions, on any machine. Without a scope everything is in it, and the
    outcome is proposed, never assigned.
    """
    inputs = compact(place, catalogue=catalogue, policy=policy, scope=scope, orders=orders, as_of=as_of)
    return decide(inputs, catalogue)


def replay(record: str) -> str:
    """Decide again from a record's inputs alone; the result equals the record, byte for byte.

    Raises:
        RecordError: it is not a record.
    """
    inputs, catalogue = inputs_of(record)
    return decide(inputs, catalogue, recorded=True).record


def decide(inputs: Inputs, catalogue: Catalogue, *, recorded: bool = False) -> Decision:
    """Return the decision on inputs in integers, fresh or from a record."""
    case = Case(inputs, catalogue, recorded=recorded)
    draft = Draft.begun(case)
    follow(draft)
    if not holds_all(case):
        search = Search(case)
        fill(draft, search)
        descend(draft)
        renew(draft, search)
        improve(draft, search)
    return outcome(draft)


def fill(draft: Draft, search: Search) -> None:
    """Fill the free slots, one after the other, with what is admissible without the ladder."""
    while draft.has_room():
        left = draft.minutes_left()
        pool = [c for c in search.pool(draft.case.scope) if left is None or c.entry.minutes <= left]
        if not pool:
            return
        draft.choose_from(search, pool, slot=draft.free_slot())


def descend(draft: Draft) -> None:
    """Take to the ladder, where otherwise nothing would be open: one assignment from the first rung that has any."""
    if draft.open():
        return
    for search, pool in climb(draft.case):
        if pool:
            draft.choose_from(search, pool, slot=draft.free_slot())
            return


def renew(draft: Draft, search: Search) -> None:
    """Replace what has lain untouched past the limit, where there is something else."""
    for slot in sorted(draft.kept):
        found = draft.kept[slot]
        if not found.fixed and outlived(draft.case, found.now):
            pool = search.pool(draft.case.scope)
            if pool:
                draft.withdraw(slot, Trigger.HOLD_LIMIT)
                draft.choose_from(search, pool, slot=slot)


def improve(draft: Draft, search: Search) -> None:
    """Replace what something else has been better than, by more than the hysteresis, often enough in a row."""
    loose = [(value_now(draft.case, f.now), slot) for slot, f in sorted(draft.kept.items()) if not f.fixed]
    draft.beaten = {slot: count for slot, count in draft.beaten.items() if any(slot == other for _, other in loose)}
    if not draft.counting:
        return
    margin = SCALE + draft.case.rules.hysteresis
    for value, slot in sorted(loose):
        pool = search.pool(draft.case.scope)
        if not pool or not newer_than_its_own(draft.case, draft.kept[slot].now):
            continue
        if pool[0].value * SCALE <= value * margin:
            draft.beaten.pop(slot, None)
            continue
        draft.beaten[slot] = draft.beaten.get(slot, 0) + 1
        if draft.beaten[slot] >= draft.case.rules.patience:
            draft.withdraw(slot, Trigger.BETTER)
            draft.choose_from(search, pool, slot=slot)
            draft.beaten.pop(slot)
