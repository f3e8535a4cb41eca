"""What a draft comes to: the decision with its sentences, its reason codes, what it needs, and its record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from learning.selection.candidates import Candidate, Search
from learning.selection.case import Case
from learning.selection.catalogue import Depth
from learning.selection.decision import Chosen, Decision, Kept, Need, Nothing, Option
from learning.selection.draft import Draft, Filled
from learning.selection.fixed import SCALE
from learning.selection.inputs import MICRO
from learning.selection.ladder import why_nothing
from learning.selection.liking import liking
from learning.selection.place import AssignmentState, Carry
from learning.selection.policy import OrderKind
from learning.selection.record import write
from learning.selection.sentences import NOTHING, because_gap, because_interest
from learning.selection.shelves import Entry
from learning.selection.stability import Standing
from learning.selection.value import worth

_ASSIGNING = {f"teacher.{kind.value}" for kind in (OrderKind.PIN, OrderKind.MUST_DO)}
"""A teacher who orders what is proposed has approved it."""


def outcome(draft: Draft) -> Decision:
    """Return the decision that a draft comes to."""
    case = draft.case
    chosen = tuple(_chosen(case, filled) for filled in draft.filled)
    kept = tuple(_kept(case, found) for _, found in sorted(draft.kept.items()))
    nothing = None if chosen or kept else why_nothing(case)
    needs = _needs(draft, nothing)
    carry = _carry(draft)
    body = {
        "chosen": [_told(case, filled, one) for filled, one in zip(draft.filled, chosen, strict=True)],
        "kept": [(one.slot, one.materials, one.state.value, one.reason) for one in kept],
        "withdrawn": [(gone.slot, gone.material, gone.trigger.value, gone.detail) for gone in draft.withdrawn],
        "nothing": nothing and nothing.value,
        "needs": [(need.skill, need.context, round(need.price * SCALE)) for need in needs],
        "unmet": [(unmet.order, unmet.why) for unmet in draft.unmet],
        "carry": (carry.choices, carry.beaten, carry.rested, carry.counted_until),
    }
    record, digest = write(case, body)
    return Decision(
        student=case.inputs.student,
        chosen=chosen,
        kept=kept,
        withdrawn=tuple(draft.withdrawn),
        nothing=nothing,
        nothing_sentence=NOTHING[nothing] if nothing else "",
        needs=needs,
        unmet=tuple(draft.unmet),
        carry=carry,
        changed=bool(chosen or draft.withdrawn or any(_promoted(draft.kept[one.slot], one) for one in kept)),
        record=record,
        digest=digest,
    )


def _chosen(case: Case, filled: Filled) -> Chosen:
    propose = filled.order is None and (case.rules.approve or case.inputs.scope is None)
    first = filled.menu[0]
    return Chosen(
        slot=filled.slot,
        skill=first.skill,
        state=AssignmentState.PROPOSED if propose else AssignmentState.ASSIGNED,
        menu=tuple(Option(c.entry.id, c.entry.context, c.success / SCALE) for c in filled.menu),
        reasons=_reasons(case, filled),
        rungs=filled.rungs,
        because_gap=because_gap(case, filled),
        because_interest=because_interest(case, filled),
        value=first.value,
        price=filled.pick.price / SCALE if filled.pick else 0.0,
    )


def _reasons(case: Case, filled: Filled) -> tuple[str, ...]:
    """Return the reason codes: a teacher's order, or the parts of the value that count, the weightiest first."""
    codes = []
    parts = worth(case, filled.menu[0].skill)
    if filled.order is not None:
        codes += [f"teacher.{filled.order.kind}", *(f"despite.{code}" for code in filled.despite)]
    elif parts is not None:
        named = [(-value, name) for name, value in zip(parts._fields[1:], parts[1:], strict=True) if value]
        codes += [name for _, name in sorted(named)]
    if filled.pick is not None:
        codes.append(f"context.{filled.pick.because.value}")
    if case.inputs.responses < case.rules.thin_student:
        codes.append("finding_out")
    return tuple(codes)


def _kept(case: Case, found: Standing) -> Kept:
    state = AssignmentState(found.now.state)
    free = case.inputs.scope is not None and not case.rules.approve
    if state is AssignmentState.PROPOSED and (free or found.reason in _ASSIGNING):
        state = AssignmentState.ASSIGNED
    return Kept(found.now.slot, found.kept, state, found.reason)


def _promoted(found: Standing, kept: Kept) -> bool:
    return found.now.state != kept.state.value


def _carry(draft: Draft) -> Carry:
    inputs = draft.case.inputs
    until = inputs.evidence_until if draft.counting else inputs.carry.counted_until
    return Carry(
        choices=draft.choices,
        beaten=tuple(sorted(draft.beaten.items())),
        rested=tuple(draft.rested)[-draft.case.rules.reuse_window :] if draft.case.rules.reuse_window else (),
        counted_until=None if until is None else until / MICRO,
    )


def _needs(draft: Draft, nothing: Nothing | None) -> tuple[Need, ...]:
    """Return what the catalogue lacks: the context liked best where it does not serve a chosen skill, or any at all."""
    case = draft.case
    case.minutes_left = None
    search = Search(case)
    if nothing in {Nothing.NO_MATERIAL, Nothing.NO_LEVEL, Nothing.USED_UP, Nothing.NOT_READY}:
        ranked = search.ranked(case.scope)
        skill = next((skill for bound, skill in ranked if not search.of_skill(skill, bound)), None)
        return () if skill is None else (Need(skill, "", 1.0),)
    liked = [(-liking(case, topic), topic) for topic in case.inputs.interests if topic not in case.inputs.vetoes]
    if case.rules.tolerance == 0 or not liked or min(liked)[0] == 0:
        return ()
    best, topic = min(liked)
    found: dict[int, int] = {}
    for first, others in _open_menus(draft):
        forgone = -best - liking(case, first.context, first.depth)
        skill = first.skills[0]
        if forgone <= 0 or topic in {entry.context for entry in others}:
            continue
        if not any(search.of_skill(skill, SCALE, (topic, depth.value)) for depth in Depth):
            found[skill] = max(forgone, found.get(skill, 0))
    return tuple(Need(skill, topic, price / SCALE) for skill, price in sorted(found.items()))


def _open_menus(draft: Draft) -> Iterator[tuple[Entry, list[Entry]]]:
    """Yield the default and the whole menu of every open slot, kept or filled."""
    entries = draft.case.catalogue.entries
    for found in draft.kept.values():
        if found.kept[0] in entries:
            yield entries[found.kept[0]], [entries[material] for material in found.kept if material in entries]
    for filled in draft.filled:
        yield filled.menu[0].entry, [candidate.entry for candidate in filled.menu]


def _told(case: Case, filled: Filled, chosen: Chosen) -> dict[str, Any]:
    """Return one chosen slot as the record tells it, runner-up and why not included."""
    pick = filled.pick
    told: dict[str, Any] = {
        "slot": filled.slot,
        "skill": chosen.skill,
        "state": chosen.state.value,
        "menu": [_candidate(case, c) for c in filled.menu],
        "reasons": chosen.reasons,
        "rungs": [rung.value for rung in chosen.rungs],
        "gap": chosen.because_gap,
        "interest": chosen.because_interest,
        "value": chosen.value,
        "order": filled.order.id if filled.order else None,
    }
    if pick is not None:
        told |= {
            "price": pick.price,
            "skill_only": _candidate(case, pick.best),
            "runner_up": None if pick.runner_up is None else _candidate(case, pick.runner_up),
            "runner_up_lost": pick.runner_up_lost,
            "candidates": [_candidate(case, c) for c in filled.pool],
        }
    return told


def _candidate(case: Case, candidate: Candidate) -> tuple[int, int, str | None, int, int, int]:
    """Return (material, skill, context, predicted success, value, liking) of a candidate."""
    entry = candidate.entry
    return (
        entry.id,
        entry.skills[0],
        entry.context,
        candidate.success,
        candidate.value,
        liking(case, entry.context, entry.depth),
    )
