"""The lists of a student, one for each class: decided one after the other, each knowing what is open on the others.

The order is fixed by a keyed hash of student and class, without time in it. The limit on all that a student has open
binds where there is more than one list: each list keeps one assignment, and the rest goes to the lists in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from learning.selection.builder import DecisionBuilder
from learning.selection.catalogue import Catalogue
from learning.selection.context import DecisionContext
from learning.selection.decide import decide_list
from learning.selection.fixed_point import hash64
from learning.selection.inputs import Inputs, OtherLists
from learning.selection.policy import OverrideKind
from learning.selection.teacher_overrides import obstacle

_ASSIGNING = {OverrideKind.MUST_DO, OverrideKind.PIN}
"""The overrides that assign what they name."""


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What is open on one list."""

    slots: frozenset[int]
    """Slot numbers in use."""
    materials: frozenset[int]
    skills: frozenset[int]
    count: int
    """How many assignments of them are open: a number in use may belong to one that ends now."""


def list_order(student: int, class_id: int | None, *, key: int) -> tuple[int, int]:
    """Return the key by which a student's lists are ordered; no time and no other class is part of it."""
    return hash64(key, student, class_id or 0), class_id or 0


def decide_lists(inputs: Sequence[Inputs], catalogue: Catalogue, *, max_open: int) -> list[DecisionBuilder]:
    """Decide for the lists of one student, in their order.

    Args:
        inputs: of each list, ordered by `list_order`.
        catalogue: the school's.
        max_open: how many assignments may be open on all lists together; one list alone is bound by its policy only.
    """
    if len(inputs) <= 1:
        return [decide_list(each, catalogue) for each in inputs]
    decided = _Lists(inputs, catalogue, max_open=max_open)
    for place in range(len(inputs)):
        decided.decide(place, decided.share_of(place))
    decided.withdraw_surplus()
    decided.use_what_is_left()
    return decided.builders


class _Lists:
    """The lists of a student while they are decided."""

    def __init__(self, inputs: Sequence[Inputs], catalogue: Catalogue, *, max_open: int) -> None:
        self.inputs = inputs
        self.catalogue = catalogue
        self.max_open = max_open
        self.open = [open_now(each) for each in inputs]
        """By list: what is open now, and once the list is decided what is open then."""
        self.ordered = ordered_materials(inputs, catalogue)
        self.shares: list[int] = []
        self.builders: list[DecisionBuilder] = []

    def share_of(self, place: int) -> int:
        """Return how many assignments may be open on a list: what the others leave, at least one.

        One is left for each later list that has none yet.
        """
        elsewhere = sum(work.count for other, work in enumerate(self.open) if other != place)
        for_empty_ones = sum(work.count == 0 for work in self.open[place + 1 :])
        return max(1, self.max_open - elsewhere - for_empty_ones)

    def decide(self, place: int, share: int, *, must_fit: bool = False) -> None:
        """Decide for a list, for the first time or again with another share."""
        others = self._others(place, share, must_fit=must_fit)
        builder = decide_list(replace(self.inputs[place], others=others), self.catalogue)
        if place < len(self.builders):
            self.builders[place], self.shares[place] = builder, share
        else:
            self.builders.append(builder)
            self.shares.append(share)
        self.open[place] = open_after(builder)

    def _others(self, place: int, share: int, *, must_fit: bool) -> OtherLists:
        others = [work for other, work in enumerate(self.open) if other != place]
        ordered = {each for other, mine in enumerate(self.ordered) if other != place for each in mine}
        return OtherLists(
            slots=tuple(sorted({slot for work in others for slot in work.slots})),
            materials=tuple(sorted({each for work in others for each in work.materials} - self.ordered[place])),
            ordered=tuple(sorted(ordered)),
            skills=tuple(sorted({skill for work in others for skill in work.skills})),
            max_open=share,
            must_fit=must_fit,
        )

    def withdraw_surplus(self) -> None:
        """Where more is open than the limit, let the last lists give up what is worth least; each keeps one."""
        for place in reversed(range(len(self.inputs))):
            surplus = sum(work.count for work in self.open) - self.max_open
            share = max(1, self.open[place].count - max(surplus, 0))
            if share < self.open[place].count:
                self.decide(place, share, must_fit=True)

    def use_what_is_left(self) -> None:
        """Where less is open than the limit, let the lists that were cut short have the rest, in their order."""
        for place in range(len(self.inputs)):
            left = self.max_open - sum(work.count for work in self.open)
            if left > 0 and self.open[place].count == self.shares[place]:
                self.decide(place, self.shares[place] + left)


def open_now(inputs: Inputs) -> OpenWork:
    """Return what is open on a list before it is decided; what was attempted only keeps its number."""
    staying = [each for each in inputs.open_assignments if each.attempted_materials is None]
    return OpenWork(
        slots=frozenset(each.slot for each in inputs.open_assignments),
        materials=frozenset(material for each in staying for material in each.materials),
        skills=frozenset(each.skill for each in staying),
        count=len(staying),
    )


def open_after(builder: DecisionBuilder) -> OpenWork:
    """Return what is open on a list once it is decided."""
    menus = [status.materials for status in builder.unchanged.values()]
    menus += [tuple(candidate.entry.id for candidate in draft.menu) for draft in builder.drafts]
    skills = {status.assignment.skill for status in builder.unchanged.values()}
    return OpenWork(
        slots=frozenset({*builder.unchanged, *(draft.slot for draft in builder.drafts)}),
        materials=frozenset(material for menu in menus for material in menu),
        skills=frozenset(skills | {draft.menu[0].skill for draft in builder.drafts}),
        count=builder.open_count(),
    )


def ordered_materials(inputs: Sequence[Inputs], catalogue: Catalogue) -> list[frozenset[int]]:
    """Return the materials that teachers assign on each list; of one ordered for several lists, the first has it.

    What is already the default of a slot on another list stays there: the order is met by that. What cannot be assigned
    even by a teacher is free for other lists.
    """
    found: list[frozenset[int]] = []
    for place, each in enumerate(inputs):
        elsewhere = {
            open_.materials[0]
            for other, of_other in enumerate(inputs)
            if other != place
            for open_ in of_other.open_assignments
        }
        taken = elsewhere.union(*found)
        orders = [order for order in each.overrides if order.kind in _ASSIGNING and not order.is_done]
        orders = [order for order in orders if order.material is not None and order.material not in taken]
        ctx = DecisionContext(each, catalogue) if orders else None
        met = [order for order in orders if ctx is not None and not obstacle(ctx, order)]
        found.append(frozenset(order.material for order in met if order.material is not None))
    return found
