"""Which of a student's lists open work and teacher overrides belong to; it comes before any decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from learning.selection.catalogue import Catalogue
from learning.selection.decision import Placement, Trigger, Withdrawal
from learning.selection.lists import list_order
from learning.selection.policy import ClassScope, OverrideKind, TeacherOverride
from learning.selection.student import CurrentAssignment

NO_SCOPE = "no_scope"
"""The class gives nothing: it has no scope any more, while another class of the student has one."""
NO_LIST = "no_list"
"""What was proposed while the student had no class fits no class that the student has now."""


class OpenSlot(NamedTuple):
    """One open slot with the class on whose list it is."""

    class_id: int | None
    assignment: CurrentAssignment


class OrderForStudent(NamedTuple):
    """A teacher override for a student, with the class that it names."""

    override: TeacherOverride
    class_id: int | None


@dataclass(frozen=True, slots=True)
class ListFrame:
    """What decides where open work and overrides go: a list's class, its scope and its room."""

    class_id: int | None
    scope: ClassScope | None
    slots: int
    """How many assignments the class's policy lets be open."""
    is_closing: bool = False

    def holds(self, skill: int | None) -> bool:
        """Whether the skill is in scope; without a scope every skill is."""
        return self.scope is None or skill in self.scope.due


def in_order(frames: Collection[ListFrame], student: int, *, key: int) -> list[ListFrame]:
    """Return the lists of a student in their order."""
    return sorted(frames, key=lambda frame: list_order(student, frame.class_id, key=key))


def place_open_work(
    slots: Sequence[OpenSlot],
    frames: Sequence[ListFrame],
    *,
    reasons: Mapping[int, str],
    scopes: Mapping[int, ClassScope | None],
) -> tuple[dict[int | None, list[CurrentAssignment]], Placement]:
    """Return the open slots of each list, and what was moved or withdrawn.

    Open work stays on the list of its class. Where the student has left that class, it goes along to the first list of
    a class whose scope holds its skill too, and keeps its state; else it is withdrawn.

    Args:
        slots: all that is open.
        frames: the student's lists, in their order.
        reasons: by class that the student is no longer in, why: a code.
        scopes: by class, also of those that were left.
    """
    found: dict[int | None, list[CurrentAssignment]] = {frame.class_id: [] for frame in frames}
    moved, left = [], []
    for slot in slots:
        home, work = slot.class_id, slot.assignment
        if home in found:
            found[home].append(work)
            continue
        target = None if work.has_attempt else _next_home(slot, frames, reasons=reasons, scopes=scopes)
        if target is not None:
            found[target.class_id].append(work)
            moved.append((work.slot, home, target.class_id))
        else:
            why = NO_LIST if home is None else reasons.get(home, NO_SCOPE)
            left += [Withdrawal(work.slot, material, Trigger.ENROLMENT, why) for material in work.materials]
    return found, Placement(tuple(moved), tuple(left))


def _next_home(
    slot: OpenSlot,
    frames: Sequence[ListFrame],
    *,
    reasons: Mapping[int, str],
    scopes: Mapping[int, ClassScope | None],
) -> ListFrame | None:
    """Return the list that takes over a slot of another class, or of none."""
    home, skill = slot.class_id, slot.assignment.skill
    has_left = home is not None and home in reasons
    if has_left and home is not None:
        scope = scopes.get(home)
        if scope is None or skill not in scope.due:
            return None
    fitting = (frame for frame in frames if not frame.is_closing and frame.holds(skill))
    return next((frame for frame in fitting if not (has_left and frame.scope is None)), None)


def place_orders(
    orders: Sequence[OrderForStudent],
    frames: Sequence[ListFrame],
    open_work: Mapping[int | None, Sequence[CurrentAssignment]],
    *,
    catalogue: Catalogue,
) -> dict[int | None, list[TeacherOverride]]:
    """Return the teacher overrides of each list.

    One that names a class of the student acts on its list. Of the others those that forbid or hold act on all lists;
    those that assign act on one: where it is open already, else where the scope holds its skill, the first with room.
    """
    found: dict[int | None, list[TeacherOverride]] = {frame.class_id: [] for frame in frames}
    for override, class_id in orders:
        if class_id is not None and class_id in found:
            found[class_id].append(override)
        elif override.kind in {OverrideKind.FORBID, OverrideKind.HOLD}:
            for each in found.values():
                each.append(override)
        elif frames:
            found[_list_of_order(override, frames, open_work, catalogue=catalogue)].append(override)
    return found


def _list_of_order(
    override: TeacherOverride,
    frames: Sequence[ListFrame],
    open_work: Mapping[int | None, Sequence[CurrentAssignment]],
    *,
    catalogue: Catalogue,
) -> int | None:
    entry = None if override.material is None else catalogue.entries.get(override.material)
    skill = override.skill if override.material is None else entry.skills[0] if entry else None
    for frame in frames:
        if any(_is_about(override, work) for work in open_work[frame.class_id]):
            return frame.class_id
    open_ones = [frame for frame in frames if not frame.is_closing] or frames
    for choice in ([frame for frame in open_ones if frame.holds(skill)], open_ones):
        for frame in choice:
            if sum(not work.has_attempt for work in open_work[frame.class_id]) < frame.slots:
                return frame.class_id
        if choice:
            return choice[0].class_id
    return frames[0].class_id


def _is_about(override: TeacherOverride, work: CurrentAssignment) -> bool:
    return work.skill == override.skill if override.material is None else override.material in work.materials
