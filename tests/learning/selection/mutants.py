"""Deliberate faults in the decision, each with the law that must catch it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

from learning.selection import admissible, candidates, case, decide, draft, inputs, menu, record, stability, window
from learning.selection.decision import Trigger
from learning.selection.fixed import text_key
from learning.selection.value import Worth, worth


class Mutant(NamedTuple):
    """One fault: `put` goes where `name` of `place` was."""

    law: str
    fault: str
    place: Any
    name: str
    put: Callable[..., Any]


def _yes(*_: object, **__: object) -> bool:
    return True


def _with_interest(of: case.Case, skill: int) -> Worth | None:
    """The known failure: interest as one more weight in a skill's value."""
    value = worth(of, skill)
    most = max((liked for liked, _ in of.inputs.interests.values()), default=0)
    return value and value._replace(total=value.total + most * (skill % 3))


def _by_name(of: case.Case, skill: int) -> Worth | None:
    value = worth(of, skill)
    return value and value._replace(total=value.total + text_key(of.catalogue.skills[skill].title) % 1_000)


def _upside_down(of: inputs.Inputs) -> dict[Any, int]:
    """The least liked first."""
    return {kind: 20_000 - product for kind, product in reversed(_likings(of).items())}


def _by_interest(of: case.Case, kind: Any) -> tuple[Any, ...]:
    return -of.likings.get(kind, 0), False, 0, repr(kind)


def _past_tolerance(of: case.Case, search: Any, pool: list[Any], *, explore: bool = False) -> Any:
    of.rules = of.rules._replace(tolerance=of.rules.tolerance or 1_500)
    return _pick(of, search, pool, explore=explore)


def _dice(*_: int) -> int:
    return next(_counter) * 7919 % 104_729


def _fewer_materials(of: case.Case, viewed: Any) -> Any:
    whole = _catalogue(of, viewed)
    return whole | {"materials": whole["materials"][1:]}


def _unsorted(values: Any, **_: object) -> list[Any]:
    return list(values)


_counter = itertools.count()
_likings, _pick, _catalogue, _compact = case._likings, window.pick, record._catalogue, inputs.compact

MUTANTS: tuple[Mutant, ...] = (
    Mutant("L1", "the order of arrival is the order of history", inputs, "sorted", _unsorted),
    Mutant("L2", "every refresh counts, with or without new evidence", draft, "counts", _yes),
    Mutant("L3", "H1: scope is not asked", decide, "compact", lambda p, **k: _compact(p, **(k | {"scope": None}))),
    Mutant("L3", "H1: other skills' scope is not asked", admissible, "others_in_scope", _yes),
    Mutant("L3", "H1: the active window is not asked", admissible, "active", _yes),
    Mutant("L3", "H1: the language is not asked", admissible, "language_fits", _yes),
    Mutant("L3", "H1: the licence is not asked", admissible, "licence_allowed", _yes),
    Mutant("L3", "H2: prerequisites are not asked", admissible, "prerequisites_ready", _yes),
    Mutant("L3", "H3: the band is wide for everybody", candidates, "band", lambda of, *_, **__: of.rules.wide_band),
    Mutant("L3", "H4: what is met still comes", admissible, "needed", lambda of, skill: of.view(skill) is not None),
    Mutant("L3", "H5: vetoes are not asked", admissible, "not_vetoed", _yes),
    Mutant("L3", "H5: the reading level is not asked", admissible, "readable", _yes),
    Mutant("L3", "H6: what was used lately comes again", admissible, "not_used_lately", _yes),
    Mutant("L3 contexts", "H6: one context may come for ever", admissible, "context_not_worn", _yes),
    Mutant("L3 pace", "H7: nobody's pace is asked", draft, "room", lambda _: (9, 900)),
    Mutant("L4", "interest chooses outside the tolerance", window, "window", lambda *its: its[2]),
    Mutant("L4", "the dial at 0 is not heeded", draft, "pick", _past_tolerance),
    Mutant(
        "L4",
        "a menu at tolerance 0 is ordered by interest",
        menu,
        "_order",
        _by_interest,
    ),
    Mutant("L5", "interest is one more weight", candidates, "worth", _with_interest),
    Mutant("L6", "the less liked is taken", case, "_likings", _upside_down),
    Mutant(
        "L6",
        "who knows more is less ready",
        case.Case,
        "ready",
        lambda of, s: bool((v := of.view(s)) and v.mastery < 6000),
    ),
    Mutant("L7", "pins and must-dos are forgotten", decide, "follow", lambda _: None),
    Mutant("L7", "holds are forgotten", stability, "keeping_order", lambda *_: ""),
    Mutant(
        "L7",
        "forbidden materials are still looked at",
        candidates,
        "entry_allowed",
        lambda of, e, _: e.id not in of.open_materials,
    ),
    Mutant("L8", "an assignment goes on a whim", stability, "breaks", lambda *_: "H3.level"),
    Mutant(
        "L8",
        "better once is enough, on no evidence",
        decide,
        "improve",
        lambda of, _: [of.withdraw(s, Trigger.BETTER) for s in list(of.kept)],
    ),
    Mutant("L10", "a skill's title weighs", candidates, "worth", _by_name),
    Mutant("L13", "ties are broken by dice", case, "mix", _dice),
    Mutant("L13", "a record lacks a material", record, "_catalogue", _fewer_materials),
    Mutant("L14", "interests are read without consent", inputs, "consented", lambda place: place.interests),
    Mutant("L15", "being stuck changes nothing", admissible, "not_stuck", _yes),
)
