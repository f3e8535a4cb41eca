"""Stability: an unattempted assignment stays unless a named trigger fires."""

from __future__ import annotations

from typing import NamedTuple

from learning.selection.admissible import (
    KEEPING,
    RULES,
    level_fits,
    needed,
)
from learning.selection.case import Case
from learning.selection.decision import Trigger, Withdrawn
from learning.selection.fixed import SCALE
from learning.selection.inputs import CurrentInput
from learning.selection.place import AssignmentState
from learning.selection.policy import OrderKind
from learning.selection.shelves import Entry
from learning.selection.value import fit, interleaved, worth


class Standing(NamedTuple):
    """What becomes of one open slot."""

    now: CurrentInput
    kept: tuple[int, ...]
    """Empty: the slot is free."""
    reason: str
    withdrawn: tuple[Withdrawn, ...]
    fixed: bool = False
    """Started, or a teacher's order keeps it: nothing replaces it."""


def standing(case: Case, now: CurrentInput) -> Standing:
    """Return whether an open slot stays, what of its menu does, and why."""
    entry = served(case, now.materials[0])
    if now.attempted is not None:
        return _gone(now, Trigger.ATTEMPTED, "")
    if now.materials[0] in case.forbidden_materials or now.skill in case.forbidden_skills:
        return _gone(now, Trigger.TEACHER, "forbid")
    if now.state == AssignmentState.STARTED:
        return Standing(now, now.materials, "started", (), fixed=True)
    if order := keeping_order(case, now):
        return Standing(now, now.materials, f"teacher.{order}", (), fixed=True)
    code = breaks(case, entry) if entry else "H1.active"
    return _gone(now, Trigger.RULE_BROKEN, code) if code or entry is None else _thinned(case, now, entry)


def served(case: Case, material: int) -> Entry | None:
    """Return a material that is assigned already, and remember that the decision rests on it."""
    entry = case.catalogue.entries.get(material)
    if entry is not None:
        case.serve(entry)
    return entry


def keeping_order(case: Case, now: CurrentInput) -> str:
    """Return the kind of teacher's order that keeps a slot as it is, or ""."""
    for order in case.inputs.orders:
        if order.kind == OrderKind.FORBID or order.done:
            continue
        subject = order.material in now.materials if order.material is not None else order.skill == now.skill
        everything = order.kind == OrderKind.HOLD and order.material is None and order.skill is None
        if subject or everything:
            return order.kind
    return ""


def holds_all(case: Case) -> bool:
    """Whether a teacher holds the student where they are: nothing new is assigned."""
    return any(o.kind == OrderKind.HOLD and o.material is None and o.skill is None for o in case.inputs.orders)


def breaks(case: Case, entry: Entry) -> str:
    """Return the rule that ends an assignment that was admissible when it was made, or "".

    Level counts in the wide band, and scope lets a prerequisite stay that something in scope waits for: an assignment
    must not come and go with every answer.
    """
    skill = entry.skills[0]
    if skill not in case.scope and skill not in waiting_for(case):
        return "H1.scope"
    if not level_fits(case, entry, wide=True):
        return "H3.level"
    return next((rule.code for rule in RULES if rule.code in KEEPING and not rule.holds(case, entry)), "")


def waiting_for(case: Case) -> frozenset[int]:
    """Return the prerequisites, near and far, that are not ready and that skills in scope wait for."""
    found: set[int] = set()
    waiting = [skill for skill in sorted(case.scope) if needed(case, skill)]
    while waiting:
        for need in case.catalogue.needs.get(waiting.pop(), ()):
            if need not in found and case.view(need) and not case.ready(need):
                found.add(need)
                waiting.append(need)
    return frozenset(found)


def _gone(now: CurrentInput, trigger: Trigger, detail: str) -> Standing:
    attempted = now.attempted or ()
    withdrawn = tuple(
        Withdrawn(now.slot, material, trigger, "done" if material in attempted else detail)
        for material in now.materials
    )
    return Standing(now, (), "", withdrawn)


def _thinned(case: Case, now: CurrentInput, entry: Entry) -> Standing:
    """Return a slot that stays, without the alternates that broke a rule since."""
    kept, gone = [now.materials[0]], []
    for material in now.materials[1:]:
        code = _alternate_breaks(case, material)
        if code == "H5.forbidden":
            gone.append(Withdrawn(now.slot, material, Trigger.TEACHER, "forbid"))
        elif code:
            gone.append(Withdrawn(now.slot, material, Trigger.RULE_BROKEN, code))
        else:
            kept.append(material)
    return Standing(now, tuple(kept), "kept" if level_fits(case, entry) else "wider_band", tuple(gone))


def _alternate_breaks(case: Case, material: int) -> str:
    entry = served(case, material)
    if entry is None:
        return "H1.active"
    codes = ("H1.active", "H5.forbidden", "H5.veto")
    return next((rule.code for rule in RULES if rule.code in codes and not rule.holds(case, entry)), "")


def outlived(case: Case, now: CurrentInput) -> bool:
    """Whether an assignment has been left alone for so long that something else is tried."""
    return case.inputs.as_of - now.since > case.rules.hold_limit


def value_now(case: Case, now: CurrentInput) -> int:
    """Return what an open slot is worth today; it is lifted, so that its own use does not count as repetition."""
    entry = case.catalogue.entries[now.materials[0]]
    value, success = worth(case, entry.skills[0]), case.success(entry)
    if value is None or success is None:
        return 0
    return (
        interleaved(value.total, case.just_practised.count(entry.skills[0]))
        * fit(success, ideal=case.rules.ideal)
        // SCALE
    )


def counts(case: Case) -> bool:
    """Whether this refresh counts: evidence is newer than at the last one that did."""
    newest, before = case.inputs.evidence_until, case.inputs.carry.counted_until
    return newest is not None and (before is None or newest > before)


def newer_than_its_own(case: Case, now: CurrentInput) -> bool:
    """Whether evidence is newer than what an assignment was made on."""
    newest = case.inputs.evidence_until
    return newest is not None and (now.evidence_until is None or newest > now.evidence_until)
