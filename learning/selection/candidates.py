"""The candidates: of every skill worth practising, the best-fitting material, and that of each liked context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from learning.selection.admissible import (
    NO_WAIVERS,
    Waivers,
    band,
    entry_allowed,
    group_allowed,
    skill_allowed,
)
from learning.selection.case import Case
from learning.selection.fixed import KAPPA, SCALE, mix
from learning.selection.liking import disliked, liking
from learning.selection.shelves import Entry, Group, Kind, Outlook, Shelf
from learning.selection.value import fit, interleaved, worth


class Candidate(NamedTuple):
    """An admissible material, its predicted success, and its value: the skill's, less what its level misses."""

    entry: Entry
    success: int
    value: int
    added: bool = False
    """It is there for its context: of equal value, what is best whatever the context comes first."""

    @property
    def skill(self) -> int:
        """The skill that it is for."""
        return self.entry.skills[0]


Offer = tuple[Entry, int, int]
"""A material, its predicted success, and how well that fits."""


class Search:
    """The candidates under one set of waivers; what a skill offers is looked up once, until something is taken."""

    __slots__ = ("_groups", "_limits", "_offers", "_worths", "case", "waivers")

    def __init__(self, case: Case, waivers: Waivers = NO_WAIVERS) -> None:
        self.case = case
        self.waivers = waivers
        self._offers: dict[int, list[Offer]] = {}
        self._worths: dict[int, int] = {}
        self._groups: dict[int, list[tuple[Group, Outlook]]] = {}
        self._limits: tuple[frozenset[str], int | None] | None = None

    def ranked(self, skills: Iterable[int]) -> list[tuple[int, int]]:
        """Return (value, skill) of the skills to be looked at, best first; a value bounds its candidates'."""
        case, waivers = self.case, self.waivers
        found = []
        for skill in skills:
            if skill not in self._worths:
                allowed = skill_allowed(case, skill, waivers)
                value = worth(case, skill) if allowed else None
                self._worths[skill] = value.total if value else 0
            if self._worths[skill]:
                found.append((interleaved(self._worths[skill], case.just_practised.count(skill)), skill))
        found.sort(key=lambda pair: (-pair[0], pair[1]))
        return found

    def pool(self, skills: Iterable[int]) -> list[Candidate]:
        """Return every candidate that the window may choose, best first.

        Skills come in the order of what they are worth, which bounds their candidates' value: the rest is never opened.
        """
        case = self.case
        share = SCALE - case.rules.tolerance
        best = 0
        pool: list[Candidate] = []
        for bound, skill in self.ranked(skills):
            if bound * SCALE < best * share:
                break
            for entry, success, fitness in self.offers(skill):
                value = bound * fitness // SCALE
                if value > 0:
                    best = max(best, value)
                    # The offers of one group begin with its best.
                    added = bool(pool) and pool[-1].entry.skills == entry.skills
                    pool.append(Candidate(entry, success, value, added))
        student, key = case.inputs.student, case.rules.tie_key
        pool.sort(key=lambda c: (-c.value, c.added, mix(key, student, c.entry.id), c.entry.id))
        return pool

    def offers(self, skill: int) -> list[Offer]:
        """Return what a skill offers: the best-fitting material, that without a context, and those in liked ones."""
        limits = self.case.worn(), self.case.minutes_left
        if self._limits != limits:
            self._limits = limits
            self._offers.clear()
        if skill not in self._offers:
            self._offers[skill] = list({offer[0].id: offer for offer in self._look(skill)}.values())
        return self._offers[skill]

    def taken(self, skill: int) -> None:
        """Look again at a skill of which something has been taken."""
        self._offers.pop(skill, None)

    def _look(self, skill: int) -> Iterator[Offer]:
        case = self.case
        for group, outlook in self.groups(skill):
            best = self._nearest(group.whole, outlook, skill)
            if best is None:
                # Nothing on the whole shelf: nothing on any part of it.
                continue
            yield best
            if case.rules.tolerance == 0:
                continue
            for kind, shelf in group.kinds.items():
                if kind[0] is None or liking(case, *kind):
                    found = self._nearest(shelf, outlook, skill)
                    if found:
                        yield found
            if disliked(case, best[0].context):
                found = self._nearest(group.whole, outlook, skill, also=lambda e: not disliked(case, e.context))
                if found:
                    yield found

    def groups(self, skill: int) -> list[tuple[Group, Outlook]]:
        """Return the allowed groups of materials for a skill, each with what success on it depends on."""
        if skill not in self._groups:
            case = self.case
            allowed = (g for g in case.catalogue.shelves.get(skill, ()) if group_allowed(case, g.skills, self.waivers))
            self._groups[skill] = [(group, outlook) for group in allowed if (outlook := case.outlook(group.skills))]
        return self._groups[skill]

    def _nearest(
        self, shelf: Shelf, outlook: Outlook, skill: int, *, also: Callable[[Entry], bool] | None = None
    ) -> Offer | None:
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

    def in_context(self, context: str, pool: list[Candidate]) -> list[Candidate]:
        """Return the best candidates in one context, of the skills of a pool, best first."""
        bounds = {skill: value for value, skill in self.ranked({candidate.skill for candidate in pool})}
        found = []
        for skill, bound in bounds.items():
            for group, outlook in self.groups(skill):
                for kind, shelf in group.kinds.items():
                    offer = self._nearest(shelf, outlook, skill) if kind[0] == context else None
                    if offer:
                        found.append(Candidate(offer[0], offer[1], bound * offer[2] // SCALE))
        student, key = self.case.inputs.student, self.case.rules.tie_key
        return sorted(found, key=lambda c: (-c.value, mix(key, student, c.entry.id), c.entry.id))

    def like(self, chosen: Candidate) -> Iterator[Candidate]:
        """Yield what is as hard as the chosen material, of each other context and depth of its skill."""
        case, rules, skill = self.case, self.case.rules, chosen.skill
        low, high = band(case, skill, wide=self.waivers.wide)
        within = max(low, chosen.success - rules.menu_spread), min(high, chosen.success + rules.menu_spread)
        mine = case.outlook(chosen.entry.skills)
        if mine is None:
            return
        for group, outlook in self.groups(skill):
            for shelf in self._other_kinds(group, chosen):
                found = shelf.nearest(
                    outlook,
                    ideal=chosen.success,
                    ideal_logit=(mine.mean - chosen.entry.difficulty) * mine.kappa // KAPPA,
                    band=within,
                    accept=lambda entry: entry_allowed(case, entry, self.waivers),
                )
                if found:
                    case.serve(found[0])
                    yield Candidate(found[0], found[1], chosen.value)

    @staticmethod
    def _other_kinds(group: Group, chosen: Candidate) -> list[Shelf]:
        def other(kind: Kind) -> bool:
            return kind[0] != chosen.entry.context

        return [shelf for kind, shelf in group.kinds.items() if other(kind)]
