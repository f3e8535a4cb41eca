"""The teacher layer: must-dos and pins come before everything that the machine would do (H9)."""

from __future__ import annotations

from learning.selection.admissible import Waivers, active, broken
from learning.selection.candidates import Candidate, Search
from learning.selection.decision import Rung, Trigger, Unmet, Withdrawn
from learning.selection.draft import Draft, Filled
from learning.selection.fixed import SCALE
from learning.selection.inputs import OrderInput
from learning.selection.policy import OrderKind
from learning.selection.stability import served
from learning.selection.value import fit, worth

_FIRST = (OrderKind.MUST_DO, OrderKind.PIN)
_SEARCHES = (Waivers(teacher=True), Waivers(teacher=True, wide=True, reuse=True))


def follow(draft: Draft) -> None:
    """Fill slots with what teachers ask for, must-dos first, and name what cannot be followed."""
    draft.case.minutes_left = None
    for kind in _FIRST:
        for order in draft.case.inputs.orders:
            if order.kind == kind and not order.done and not _is_open(draft, order):
                _follow_one(draft, order)


def _is_open(draft: Draft, order: OrderInput) -> bool:
    if order.material is None:
        kept = any(found.now.skill == order.skill for found in draft.kept.values())
        return kept or any(filled.menu[0].skill == order.skill for filled in draft.filled)
    kept = any(found.kept[0] == order.material for found in draft.kept.values())
    return kept or any(filled.menu[0].entry.id == order.material for filled in draft.filled)


def _follow_one(draft: Draft, order: OrderInput) -> None:
    why = _obstacle(draft, order)
    if why:
        draft.unmet.append(Unmet(order.id, why))
    elif order.material is not None:
        _assign_material(draft, order, order.material)
    else:
        _assign_skill(draft, order)


def _obstacle(draft: Draft, order: OrderInput) -> str:
    """Return what even a teacher's order cannot stand above, or ""."""
    case = draft.case
    if order.material is None:
        known = order.skill is not None and case.view(order.skill) is not None
        return "H5.forbidden" if order.skill in case.forbidden_skills else "" if known else "no_belief"
    entry = served(case, order.material)
    if entry is None or not active(case, entry):
        return "H1.active"
    if order.material in case.forbidden_materials or not case.forbidden_skills.isdisjoint(entry.skills):
        return "H5.forbidden"
    return "no_belief" if case.success(entry) is None else ""


def _assign_material(draft: Draft, order: OrderInput, material: int) -> None:
    """Assign the very material, whatever rules of the machine it breaks; they are named in the record."""
    case = draft.case
    entry = case.catalogue.entries[material]
    _take_from_menus(draft, material)
    success, value = case.success(entry), worth(case, entry.skills[0])
    fitness = fit(success or 0, ideal=case.rules.ideal)
    candidate = Candidate(entry, success or 0, value.total * fitness // SCALE if value else 0)
    despite = tuple(rule.code for rule in broken(case, entry))
    slot = _make_room(draft)
    draft.filled.append(Filled(slot, (candidate,), None, (), (Rung.TEACHER,), order=order, despite=despite))
    case.take([entry])


def _take_from_menus(draft: Draft, material: int) -> None:
    """Take a material off the menus on which it is an alternate: it gets a slot of its own."""
    for slot, found in draft.kept.items():
        if material in found.kept[1:]:
            kept = tuple(other for other in found.kept if other != material)
            draft.kept[slot] = found._replace(kept=kept)
            draft.withdrawn.append(Withdrawn(slot, material, Trigger.TEACHER, "own_slot"))
            return


def _assign_skill(draft: Draft, order: OrderInput) -> None:
    """Assign what fits best of the skill, whether or not it is in scope, needed or ready."""
    for waivers in _SEARCHES:
        search = Search(draft.case, waivers)
        pool = search.pool([order.skill] if order.skill is not None else [])
        if pool:
            draft.choose_from(search, pool, slot=_make_room(draft), order=order)
            return
    draft.unmet.append(Unmet(order.id, "no_material"))


def _make_room(draft: Draft) -> int:
    """Return a slot for a teacher's order: a free one, that of the least worth, or one more than there are."""
    if not draft.has_room():
        weakest = draft.weakest_slot()
        if weakest is not None:
            draft.lift(weakest)
            draft.withdraw(weakest, Trigger.TEACHER, "made_room")
    return draft.free_slot()
