"""A decision in the making: what is open, what has been chosen, and what has gone."""

from __future__ import annotations

from dataclasses import dataclass, field

from learning.selection.admissible import room
from learning.selection.candidates import Candidate, Search
from learning.selection.case import Case
from learning.selection.decision import Rung, Trigger, Unmet, Withdrawn
from learning.selection.inputs import OrderInput
from learning.selection.ladder import rungs_of
from learning.selection.menu import menu
from learning.selection.stability import Standing, counts, served, standing, value_now
from learning.selection.window import Pick, pick


@dataclass(frozen=True, slots=True)
class Filled:
    """One slot filled anew; without a pick the teacher named the very material."""

    slot: int
    menu: tuple[Candidate, ...]
    pick: Pick | None
    pool: tuple[Candidate, ...]
    """The best candidates, for the record."""
    rungs: tuple[Rung, ...]
    order: OrderInput | None = None
    despite: tuple[str, ...] = ()
    """The hard rules that a teacher's order stands above."""


_KEPT_IN_RECORD = 5


@dataclass(slots=True)
class Draft:
    """The decision in the making."""

    case: Case
    kept: dict[int, Standing] = field(default_factory=dict)
    filled: list[Filled] = field(default_factory=list)
    withdrawn: list[Withdrawn] = field(default_factory=list)
    unmet: list[Unmet] = field(default_factory=list)
    choices: int = 0
    """Choices that count so far, those of earlier decisions included."""
    counting: bool = False
    """Whether this refresh counts."""
    beaten: dict[int, int] = field(default_factory=dict)
    rested: list[int] = field(default_factory=list)

    @classmethod
    def begun(cls, case: Case) -> Draft:
        """Return the draft with what stays of the open assignments."""
        carry = case.inputs.carry
        draft = cls(
            case, choices=carry.choices, counting=counts(case), beaten=dict(carry.beaten), rested=list(carry.rested)
        )
        for now in case.inputs.current:
            found = standing(case, now)
            draft.withdrawn += found.withdrawn
            if found.kept:
                draft.kept[now.slot] = found
                case.open_materials.update(found.kept)
                # A material that a student has started may have left the catalogue since.
                if entry := served(case, found.kept[0]):
                    case.count(entry)
        return draft

    def open(self) -> int:
        """Return how many assignments are open."""
        return len(self.kept) + len(self.filled)

    def has_room(self) -> bool:
        """H7: whether one more may lie open."""
        return self.open() < room(self.case)[0]

    def limit_minutes(self, *, instead_of: int | None = None) -> None:
        """H7: let the case know how many minutes more may lie open, as if one slot were empty.

        Where nothing lies open one assignment may be of any length. More than the longest material takes is the same
        as any length: so the limit seldom changes, and what was looked up stays good.
        """
        case, entries = self.case, self.case.catalogue.entries
        kept = [
            entries[f.kept[0]].minutes for slot, f in self.kept.items() if slot != instead_of and f.kept[0] in entries
        ]
        lying = kept + [filled.menu[0].entry.minutes for filled in self.filled]
        left = room(case)[1] - sum(lying)
        case.minutes_left = None if not lying or left >= case.catalogue.longest else left

    def free_slot(self) -> int:
        """Return the lowest slot that nothing is in."""
        used = set(self.kept) | {filled.slot for filled in self.filled}
        return next(slot for slot in range(len(used) + 1) if slot not in used)

    def withdraw(self, slot: int, trigger: Trigger, detail: str = "") -> None:
        """Take away a kept assignment that is lifted; it does not come straight back."""
        found = self.kept.pop(slot)
        self.rested += found.kept
        self.withdrawn += [Withdrawn(slot, material, trigger, detail) for material in found.kept]

    def lift(self, slot: int) -> None:
        """Look at the case as if a kept assignment were not there."""
        self.case.release(self.case.catalogue.entries[self.kept[slot].kept[0]])

    def put_back(self, slot: int) -> None:
        """Count a lifted assignment again."""
        self.case.count(self.case.catalogue.entries[self.kept[slot].kept[0]])

    def instead_of(self, slot: int, search: Search) -> list[Candidate]:
        """Lift a kept assignment and return what could be there instead."""
        self.lift(slot)
        self.limit_minutes(instead_of=slot)
        return search.pool(self.case.scope)

    def value_of(self, slot: int) -> int:
        """Return what a kept assignment that nothing protects is worth today."""
        self.lift(slot)
        value = value_now(self.case, self.kept[slot].now)
        self.put_back(slot)
        return value

    def choose_from(self, search: Search, pool: list[Candidate], *, slot: int, order: OrderInput | None = None) -> None:
        """Fill a slot from a pool that is not empty: the window chooses, the menu follows."""
        case = self.case
        every = case.rules.explore_every
        explore = self.counting and order is None and every > 0 and (self.choices + 1) % every == 0
        picked = pick(case, search, pool, explore=explore)
        options = menu(case, search, picked.chosen)
        rungs = rungs_of(case, options) + ((Rung.TEACHER,) if order else ())
        self.choices += self.counting and order is None
        best = tuple(pool[:_KEPT_IN_RECORD])
        self.filled.append(Filled(slot, tuple(options), picked, best, rungs, order))
        case.take([candidate.entry for candidate in options])
        search.taken(picked.chosen.skill)

    def weakest_slot(self) -> int | None:
        """Return the kept slot that is worth least and that nothing protects."""
        loose = [(self.value_of(slot), slot) for slot, found in sorted(self.kept.items()) if not found.fixed]
        return min(loose)[1] if loose else None
