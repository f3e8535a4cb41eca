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
        # What was replaced may have left more minutes than it takes now.
        fill(draft, search)
    return outcome(draft)


def fill(draft: Draft, search: Search) -> None:
    """Fill the free slots, one after the other, with what is admissible without the ladder."""
    while draft.has_room():
        draft.limit_minutes()
        pool = search.pool(draft.case.scope)
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
            pool = draft.instead_of(slot, search)
            if pool:
                draft.withdraw(slot, Trigger.HOLD_LIMIT)
                draft.choose_from(search, pool, slot=slot)
            else:
                draft.put_back(slot)


def improve(draft: Draft, search: Search) -> None:
    """Replace what something else has been better than, by more than the hysteresis, often enough in a row."""
    loose = [(draft.value_of(slot), slot) for slot, found in sorted(draft.kept.items()) if not found.fixed]
    draft.beaten = {slot: count for slot, count in draft.beaten.items() if slot in {other for _, other in loose}}
    for _, slot in sorted(loose) if draft.counting else ():
        if newer_than_its_own(draft.case, draft.kept[slot].now):
            _improve_one(draft, search, slot)


def _improve_one(draft: Draft, search: Search, slot: int) -> None:
    rules = draft.case.rules
    pool = draft.instead_of(slot, search)
    value = value_now(draft.case, draft.kept[slot].now)
    if not pool or pool[0].value * SCALE <= value * (SCALE + rules.hysteresis):
        draft.beaten.pop(slot, None)
        draft.put_back(slot)
        return
    draft.beaten[slot] = draft.beaten.get(slot, 0) + 1
    if draft.beaten[slot] < rules.patience:
        draft.put_back(slot)
        return
    draft.withdraw(slot, Trigger.BETTER)
    draft.choose_from(search, pool, slot=slot)
    draft.beaten.pop(slot)
