"""The candidates: of every skill worth practising, the best-fitting material of each kind and context."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from learning.selection.admissible import (
    NO_WAIVERS,
    Waivers,
    band,
    context_not_worn,
    entry_allowed,
    group_allowed,
    shelf_allowed,
    skill_allowed,
)
from learning.selection.case import Case
from learning.selection.fixed import SCALE, mix
from learning.selection.shelves import Entry
from learning.selection.value import fit, interleaved, worth


class Candidate(NamedTuple):
    """An admissible material, its predicted success, and its value: the skill's, less what its level misses."""

    entry: Entry
    success: int
    fit: int
    value: int

    @property
    def skill(self) -> int:
        """The skill that it is for."""
        return self.entry.skills[0]


class Search:
    """The candidates under one set of waivers; what a skill offers is looked up once, until something is taken."""

    __slots__ = ("_offers", "_worths", "case", "waivers")

    def __init__(self, case: Case, waivers: Waivers = NO_WAIVERS) -> None:
        self.case = case
        self.waivers = waivers
        self._offers: dict[int, list[tuple[Entry, int, int]]] = {}
        self._worths: dict[int, int] = {}

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

    def offers(self, skill: int) -> list[tuple[Entry, int, int]]:
        """Return the nearest material of each shelf, its predicted success and its fit."""
        if skill not in self._offers:
            self._offers[skill] = list(self._look(skill, self.case.rules.ideal, self.case.rules.ideal_logit))
        return self._offers[skill]

    def _look(
        self, skill: int, ideal: int, ideal_logit: int, within: tuple[int, int] | None = None
    ) -> Iterable[tuple[Entry, int, int]]:
        case, waivers = self.case, self.waivers
        limits = within or band(case, skill, wide=waivers.wide)
        for skills, shelves in case.catalogue.shelves.get(skill, ()):
            outlook = case.outlook(skills) if group_allowed(case, skills, waivers) else None
            if outlook is None:
                continue
            for shelf in shelves:
                if not shelf_allowed(case, shelf, waivers):
                    continue
                found = shelf.nearest(
                    outlook,
                    ideal=ideal,
                    ideal_logit=ideal_logit,
                    band=limits,
                    accept=lambda entry: entry_allowed(case, entry, waivers),
                )
                if found:
                    case.serve(found[0])
                    yield *found, fit(found[1], ideal=case.rules.ideal)

    def like(self, chosen: Candidate) -> list[Candidate]:
        """Return, of each shelf of the chosen material's skill, what is as hard as it: what a menu is made of."""
        case, spread = self.case, self.case.rules.menu_spread
        low, high = band(case, chosen.skill, wide=self.waivers.wide)
        within = max(low, chosen.success - spread), min(high, chosen.success + spread)
        outlook = case.outlook(chosen.entry.skills)
        if outlook is None:
            return []
        # The logit at which the search starts is the chosen material's own.
        start = (outlook.mean - chosen.entry.difficulty) * outlook.kappa // 1_000_000
        found = self._look(chosen.skill, chosen.success, start, within)
        return [
            Candidate(entry, success, fitness, chosen.value)
            for entry, success, fitness in found
            if context_not_worn(case, entry.context)
        ]

    def pool(self, skills: Iterable[int]) -> list[Candidate]:
        """Return every candidate that can be within the tolerance of the best, best first.

        Skills come in the order of what they are worth, which bounds their candidates' value: the rest is never opened.
        """
        case = self.case
        share = SCALE - case.rules.tolerance
        best, pool = 0, []
        for bound, skill in self.ranked(skills):
            if bound * SCALE < best * share:
                break
            for entry, success, fitness in self.offers(skill):
                value = bound * fitness // SCALE
                if value > 0 and context_not_worn(case, entry.context):
                    best = max(best, value)
                    pool.append(Candidate(entry, success, fitness, value))
        student, key = case.inputs.student, case.rules.tie_key
        pool.sort(key=lambda candidate: (-candidate.value, mix(key, student, candidate.entry.id), candidate.entry.id))
        return pool

    def taken(self, skill: int) -> None:
        """Look again at a skill of which something has been taken."""
        self._offers.pop(skill, None)
