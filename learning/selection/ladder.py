"""The ladder: what is tried, in a fixed order, when nothing is admissible; and the name of why nothing is left."""

from __future__ import annotations

from collections.abc import Iterator

from learning.selection.admissible import (
    Waivers,
    active,
    group_allowed,
    language_fits,
    level_fits,
    licence_allowed,
    needed,
    not_forbidden,
    not_just_used,
    not_stuck,
    not_used_lately,
    not_vetoed,
    readable,
)
from learning.selection.candidates import Candidate, Search
from learning.selection.case import Case
from learning.selection.decision import Nothing, Rung
from learning.selection.shelves import Entry, Group, Shelf
from learning.selection.stability import holds_all, waiting_for

WIDER_BAND = Waivers(wide=True)
REUSE = Waivers(wide=True, reuse=True)
NEUTRAL = Waivers(wide=True, reuse=True, neutral=True)
PREREQUISITE = (Waivers(beyond_scope=True), Waivers(beyond_scope=True, wide=True, reuse=True))


def climb(case: Case) -> Iterator[tuple[Search, list[Candidate]]]:
    """Yield each rung's search and what it finds, in the ladder's order."""
    for waivers in (WIDER_BAND, REUSE, NEUTRAL):
        search = Search(case, waivers)
        yield search, search.pool(case.scope)
    for skill in weakest_prerequisites(case):
        for waivers in PREREQUISITE:
            search = Search(case, waivers)
            yield search, search.pool([skill])


def weakest_prerequisites(case: Case) -> list[int]:
    """Return the prerequisites that skills in scope wait for, the weakest first."""
    views = ((skill, case.view(skill)) for skill in waiting_for(case))
    return [skill for _, skill in sorted((view.mastery, skill) for skill, view in views if view)]


def rungs_of(case: Case, menu: list[Candidate]) -> tuple[Rung, ...]:
    """Return the rungs that a menu stands on: what it would break of the rules as they are."""
    stood = set()
    for candidate in menu:
        entry = candidate.entry
        if not level_fits(case, entry):
            stood.add(Rung.WIDER_BAND)
        if not not_used_lately(case, entry):
            stood.add(Rung.REUSE if not_just_used(case, entry) else Rung.NEUTRAL)
        if entry.skills[0] not in case.scope:
            stood.add(Rung.PREREQUISITE)
    return tuple(rung for rung in Rung if rung in stood)


_STAGES = (
    Nothing.NO_MATERIAL,
    Nothing.NOT_READY,
    Nothing.NOT_WANTED,
    Nothing.NO_LEVEL,
    Nothing.USED_UP,
)


def why_nothing(case: Case) -> Nothing:
    """Return the name of why nothing is assigned: the last obstacle before which any material of the scope fell."""
    if holds_all(case):
        return Nothing.HELD
    if case.inputs.scope is not None and not case.inputs.scope:
        return Nothing.NOTHING_OPEN
    known = [skill for skill in sorted(case.scope) if case.view(skill)]
    if not known:
        return Nothing.NO_BELIEF
    wanted = [skill for skill in known if needed(case, skill)]
    if not wanted:
        return Nothing.ALL_MET
    stage, witness = _furthest(case, wanted)
    if witness:
        case.serve(witness)
    return _STAGES[stage]


def _furthest(case: Case, wanted: list[int]) -> tuple[int, Entry | None]:
    """Return the last stage at which any material of these skills fell, and the first that fell there.

    Of each shelf the easiest, the hardest and the one at the right level are asked, where they could get further than
    what has been asked before.
    """
    furthest, witness = 0, None
    for group in (group for skill in wanted for group in case.catalogue.shelves.get(skill, ())):
        ready = not case.forbidden_skills.isdisjoint(group.skills) or group_allowed(case, group.skills)
        if not ready and furthest >= _STAGES.index(Nothing.NOT_READY):
            continue
        for shelf in group.kinds.values():
            at_level = _at_level(case, group, shelf)
            if at_level is None and furthest >= _STAGES.index(Nothing.NO_LEVEL):
                continue
            for entry in (shelf.rows[0][0], shelf.rows[-1][0], at_level):
                stage = _STAGES.index(_fell_at(case, entry, ready=ready)) if entry else 0
                if stage > furthest:
                    furthest, witness = stage, entry
    return furthest, witness


def _at_level(case: Case, group: Group, shelf: Shelf) -> Entry | None:
    outlook = case.outlook(group.skills)
    found = outlook and shelf.nearest(
        outlook,
        ideal=case.rules.ideal,
        ideal_logit=case.rules.ideal_logit,
        band=case.rules.wide_band,
        accept=lambda entry: not_stuck(case, entry) and active(case, entry),
    )
    return found[0] if found else None


def _fell_at(case: Case, entry: Entry, *, ready: bool) -> Nothing:
    """Return the obstacle at which a material fell, in the order in which they are asked; `ready` is its group's."""
    if not (active(case, entry) and language_fits(case, entry) and licence_allowed(case, entry)):
        return Nothing.NO_MATERIAL
    if not ready:
        return Nothing.NOT_READY
    if not (not_forbidden(case, entry) and not_vetoed(case, entry) and readable(case, entry)):
        return Nothing.NOT_WANTED
    if not (level_fits(case, entry, wide=True) and not_stuck(case, entry)):
        return Nothing.NO_LEVEL
    return Nothing.USED_UP
