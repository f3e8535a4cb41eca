"""The candidates: of every skill worth practising the best-fitting material, at first whatever its context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from learning.selection.admissible import (
    NO_WAIVERS,
    Waivers,
    band,
    entry_allowed,
    group_allowed,
    skill_allowed,
)
from learning.selection.case import Case, Remembered
from learning.selection.fixed import KAPPA, SCALE
from learning.selection.shelves import Entry, Group, Kind, Outlook, Shelf
from learning.selection.value import fit, interleaved, worth


class Candidate(NamedTuple):
    """An admissible material, its predicted success, and its value: the skill's, less what its level misses."""

    entry: Entry
    success: int
    value: int

    @property
    def skill(self) -> int:
        """The skill that it is for."""
        return self.entry.skills[0]


_VALUE = itemgetter(Candidate._fields.index("value"))
Offer = tuple[Entry, int, int]
"""A material, its predicted success, and how well that fits."""


class Search:
    """The candidates under one set of waivers; each look at the shelves is kept until something is taken."""

    __slots__ = ("_found", "_groups", "_limits", "_offers", "_worth", "case", "waivers")

    def __init__(self, case: Case, waivers: Waivers = NO_WAIVERS) -> None:
        self.case = case
        self.waivers = waivers
        self._offers: dict[tuple[int, Kind | None], list[Offer]] = {}
        self._found: dict[tuple[int, Kind | None], tuple[int, list[Candidate]]] = {}
        """What the offers came to, for the worth that the skill had when they were last asked for."""
        self._worth = Remembered(partial(_worth, case, waivers))
        self._groups: dict[int, list[tuple[Group, Outlook]]] = {}
        self._limits: tuple[frozenset[str], int | None] | None = None

    def ranked(self, skills: Iterable[int]) -> list[tuple[int, int]]:
        """Return (value, skill) of the skills to be looked at, best first; a value bounds its candidates'."""
        case = self.case
        limits = case.worn(), case.minutes_left
        if self._limits != limits:
            self._limits = limits
            self._offers.clear()
            self._found.clear()
        worth_of, practised = self._worth, case.just_practised
        # Negative, so that plain tuples sort best first; a key would be called for each skill of each look.
        found = sorted(
            (-interleaved(value, practised.count(skill)) if skill in practised else -value, skill)
            for skill in skills
            if (value := worth_of[skill])
        )
        return [(-value, skill) for value, skill in found]

    def pool(self, skills: Iterable[int]) -> list[Candidate]:
        """Return the best candidate of every skill that can be within the tolerance of the best of all, best first.

        Skills come in the order of what they are worth, which bounds their candidates' value: the rest is never opened.
        """
        share = SCALE - self.case.rules.tolerance
        best = 0
        pool: list[Candidate] = []
        for bound, skill in self.ranked(skills):
            if bound * SCALE < best * share:
                break
            found = self.of_skill(skill, bound)
            for candidate in found:
                best = max(best, candidate.value)
            pool += found
        return self.in_order(pool)

    def of_skill(self, skill: int, bound: int, kind: Kind | None = None) -> list[Candidate]:
        """Return the best candidates of a skill that is worth so much, one a group; of one kind or of all."""
        known = self._found.get((skill, kind))
        if known is not None and known[0] == bound:
            return known[1]
        offers = self._offers.get((skill, kind))
        if offers is None:
            offers = self._offers[skill, kind] = self._look(skill, kind)
        # What is worth nothing at all, because its level is so far off, is no candidate.
        found = [Candidate(e, success, bound * fits // SCALE) for e, success, fits in offers if bound * fits >= SCALE]
        self._found[skill, kind] = bound, found
        return found

    def of_kind(self, kind: Kind, pool: list[Candidate]) -> list[Candidate]:
        """Return the best candidates of one context and depth of the skills in a pool, best first."""
        bounds = self.ranked({candidate.skill for candidate in pool})
        return self.in_order([candidate for bound, skill in bounds for candidate in self.of_skill(skill, bound, kind)])

    def in_order(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return candidates in the order of their value, ties by the keyed hash of their ids."""
        if len({candidate.value for candidate in candidates}) == len(candidates):
            return sorted(candidates, key=_VALUE, reverse=True)
        tie = self.case.tie
        return sorted(candidates, key=lambda c: (-c.value, tie(c.entry.id), c.entry.id))

    def taken(self, skill: int) -> None:
        """Look again at a skill of which something has been taken."""
        for known in [known for known in self._offers if known[0] == skill]:
            del self._offers[known]
            self._found.pop(known, None)

    def _look(self, skill: int, kind: Kind | None) -> list[Offer]:
        shelves = ((group.whole if kind is None else group.kinds.get(kind), at) for group, at in self.groups(skill))
        found = (self.nearest(shelf, outlook, skill) for shelf, outlook in shelves if shelf)
        return [offer for offer in found if offer]

    def groups(self, skill: int) -> list[tuple[Group, Outlook]]:
        """Return the allowed groups of materials for a skill, each with what success on it depends on."""
        if skill not in self._groups:
            case = self.case
            allowed = (g for g in case.catalogue.shelves.get(skill, ()) if group_allowed(case, g.skills, self.waivers))
            self._groups[skill] = [(group, outlook) for group in allowed if (outlook := case.outlook(group.skills))]
        return self._groups[skill]

    def nearest(
        self, shelf: Shelf, outlook: Outlook, skill: int, *, also: Callable[[Entry], bool] | None = None
    ) -> Offer | None:
        """Return what fits best of a shelf, and remember that the decision rests on it."""
        case, waivers = self.case, self.waivers
        found = shelf.nearest(
            outlook,
            ideal=case.rules.ideal,
            ideal_logit=case.rules.ideal_logit,
            band=band(case, skill, wide=waivers.wide),
            accept=lambda entry: entry_allowed(case, entry, waivers) and (also is None or also(entry)),
        )
        if found is None:
            return None
        case.serve(found[0])
        return found[0], found[1], fit(found[1], ideal=case.rules.ideal)

    def like(self, chosen: Candidate, kinds: Callable[[Kind], tuple[object, ...]]) -> Iterator[Candidate]:
        """Yield what is as hard as the chosen material in other contexts, kinds in the order of a key.

        What lies further down is not looked up until somebody asks: a menu seldom wants all.
        """
        case, rules, skill = self.case, self.case.rules, chosen.skill
        low, high = band(case, skill, wide=self.waivers.wide)
        within = max(low, chosen.success - rules.menu_spread), min(high, chosen.success + rules.menu_spread)
        mine = case.outlook(chosen.entry.skills)
        groups = self.groups(skill) if mine else []
        others = ((kinds(kind), n, kind) for n, (group, _) in enumerate(groups) for kind in group.kinds)
        for _, n, kind in sorted((rank for rank in others if rank[2][0] != chosen.entry.context), key=lambda r: r[:2]):
            group, outlook = groups[n]
            found = mine and group.kinds[kind].nearest(
                outlook,
                ideal=chosen.success,
                ideal_logit=(mine.mean - chosen.entry.difficulty) * mine.kappa // KAPPA,
                band=within,
                accept=lambda entry: entry_allowed(case, entry, self.waivers),
            )
            if found:
                case.serve(found[0])
                yield Candidate(found[0], found[1], chosen.value)


def _worth(case: Case, waivers: Waivers, skill: int) -> int:
    parts = worth(case, skill) if skill_allowed(case, skill, waivers) else None
    return parts.total if parts else 0
