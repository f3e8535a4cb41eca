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
                case.take([entry for material in found.kept if (entry := served(case, material))])
        return draft

    def open(self) -> int:
        """Return how many assignments are open."""
        return len(self.kept) + len(self.filled)

    def has_room(self) -> bool:
        """H7: whether one more may lie open."""
        return self.open() < room(self.case)[0]

    def minutes_left(self) -> int | None:
        """H7: how many minutes more may lie open; None: any, because nothing does."""
        if not self.open():
            return None
        entries = self.case.catalogue.entries
        lying = [entries[found.kept[0]].minutes for found in self.kept.values() if found.kept[0] in entries]
        lying += [filled.menu[0].entry.minutes for filled in self.filled]
        return room(self.case)[1] - sum(lying)

    def free_slot(self) -> int:
        """Return the lowest slot that nothing is in."""
        used = set(self.kept) | {filled.slot for filled in self.filled}
        return next(slot for slot in range(len(used) + 1) if slot not in used)

    def withdraw(self, slot: int, trigger: Trigger, detail: str = "") -> None:
        """Take a kept assignment away; it does not come straight back."""
        found = self.kept.pop(slot)
        self.rested += found.kept
        self.withdrawn += [Withdrawn(slot, material, trigger, detail) for material in found.kept]
        entry = self.case.catalogue.entries.get(found.kept[0])
        if entry is not None:
            self.case.release(entry)

    def choose_from(self, search: Search, pool: list[Candidate], *, slot: int, order: OrderInput | None = None) -> None:
        """Fill a slot from a pool that is not empty: the window chooses, the menu follows."""
        case = self.case
        every = case.rules.explore_every
        explore = self.counting and order is None and every > 0 and (self.choices + 1) % every == 0
        picked = pick(case, pool, explore=explore)
        options = menu(case, search, picked.chosen)
        rungs = rungs_of(case, options) + ((Rung.TEACHER,) if order else ())
        self.choices += self.counting and order is None
        best = tuple(pool[:_KEPT_IN_RECORD])
        self.filled.append(Filled(slot, tuple(options), picked, best, rungs, order))
        case.take([candidate.entry for candidate in options])
        search.taken(picked.chosen.skill)

    def weakest_slot(self) -> int | None:
        """Return the kept slot that is worth least and that nothing protects."""
        loose = [(value_now(self.case, f.now), slot) for slot, f in self.kept.items() if not f.fixed]
        return min(loose)[1] if loose else None
