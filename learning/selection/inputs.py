"""The inputs of a decision, compact and in integers: what a record keeps and a replay starts from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from learning.beliefs import SkillBelief
from learning.selection.catalogue import Catalogue
from learning.selection.fixed import SCALE, fixed
from learning.selection.place import CurrentAssignment, Liking, Place, Use
from learning.selection.policy import Order, OrderKind, Orders, Policy, ScopeWindow
from learning.selection.rules import Rules, rules_of

FAILED_BELOW = 0.5
"""An attempt with less than half of the points failed."""
RECENT_SKILLS = 3
"""How many attempts back a skill counts as just practised."""
WHOLE = 100
"""Evidence and days are kept in hundredths."""
MICRO = 1_000_000


class Belief(NamedTuple):
    """What is believed of a skill: logits and variances in 1/10,000, evidence in 1/100, `last_at` in seconds."""

    offset: int
    offset_variance: int
    difficulty: int
    difficulty_variance: int
    responses: int
    evidence: int
    retention: int
    last_at: int | None


class Past(NamedTuple):
    """What a decision needs of a student's attempts on materials."""

    materials: tuple[int, ...]
    """Those of the last `reuse_window` attempts."""
    contexts: tuple[str | None, ...]
    """Those of the last `context_window` attempts, newest last."""
    skills: tuple[int, ...]
    """Those of the last few attempts."""
    seen: Mapping[int, frozenset[str]]
    """The contexts in which each skill was met; "" is neutral."""
    ceilings: Mapping[int, int]
    """Of a skill on which the student is stuck: the least difficulty that failed in a row."""


class OrderInput(NamedTuple):
    """An order that is in force."""

    id: int
    kind: str
    material: int | None
    skill: int | None
    done: bool
    """What it asks for has been attempted since."""


class CurrentInput(NamedTuple):
    """An open slot; `evidence_until` in microseconds."""

    slot: int
    skill: int
    materials: tuple[int, ...]
    state: str
    since: int
    evidence_until: int | None
    attempted: tuple[int, ...] | None
    """Which of its materials were attempted; None: none was."""


class PaceInput(NamedTuple):
    """What was completed lately; days in hundredths."""

    completed: int
    minutes: int
    days: int


class CarryInput(NamedTuple):
    """What the last decision left; `counted_until` in microseconds."""

    choices: int
    beaten: Mapping[int, int]
    rested: tuple[int, ...]
    counted_until: int | None


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a decision rests on but the catalogue."""

    student: int
    as_of: int
    rules: Rules
    scope: Mapping[int, int | None] | None
    orders: tuple[OrderInput, ...]
    ability: int
    ability_variance: int
    beliefs: Mapping[int, SkillBelief | Belief]
    responses: int
    """In hundredths."""
    interests: Mapping[str, tuple[int, int]]
    """(value, confidence) by topic, where anything is known."""
    vetoes: frozenset[str]
    switched_off: bool
    reading: int | None
    language: str
    past: Past
    tallies: Mapping[int, tuple[int, int]]
    current: tuple[CurrentInput, ...]
    evidence_until: int | None
    evidence: tuple[int, ...]
    pace: PaceInput | None
    carry: CarryInput


def compact(
    place: Place,
    *,
    catalogue: Catalogue,
    policy: Policy,
    scope: ScopeWindow | None,
    orders: Orders,
    as_of: float,
) -> Inputs:
    """Return the inputs of a decision in integers."""
    rules = rules_of(policy)
    uses = sorted(place.history, key=lambda use: (use.at, use.material))
    someone = place.beliefs[min(place.beliefs)] if place.beliefs else None
    known = consented(place)
    return Inputs(
        student=place.student,
        as_of=math.floor(as_of),
        rules=rules,
        scope=None if scope is None else {skill: _seconds(due) for skill, due in sorted(scope.due.items())},
        orders=tuple(_order(order, uses) for order in _in_force(orders, as_of)),
        ability=fixed(someone.ability) if someone else 0,
        ability_variance=fixed(someone.ability_variance) if someone else 0,
        beliefs=place.beliefs,
        responses=round(place.responses * WHOLE),
        interests={
            topic: (fixed(liking.value), fixed(liking.confidence))
            for topic, liking in sorted(known.items())
            if fixed(liking.confidence) > 0
        },
        vetoes=frozenset(topic for topic, liking in known.items() if liking.vetoed),
        switched_off=not place.interest_switch,
        reading=None if place.reading_level is None else fixed(place.reading_level),
        language=place.language,
        past=past_of(uses, catalogue=catalogue, rules=rules),
        tallies={skill: (tally.right, tally.asked) for skill, tally in place.tallies.items()},
        current=tuple(_current(now, uses) for now in sorted(place.current, key=lambda now: now.slot)),
        evidence_until=_micro(place.evidence_until),
        evidence=place.evidence,
        pace=None
        if place.pace is None
        else PaceInput(place.pace.completed, place.pace.minutes, round(place.pace.days * WHOLE)),
        carry=CarryInput(
            place.carry.choices,
            dict(place.carry.beaten),
            place.carry.rested[-rules.reuse_window :] if rules.reuse_window else (),
            _micro(place.carry.counted_until),
        ),
    )


def consented(place: Place) -> Mapping[str, Liking]:
    """H10: without the switch and consent no interest is read, vetoes included."""
    return place.interests if place.interest_switch else {}


def quantised(belief: SkillBelief | Belief) -> Belief:
    """Return a belief in integers."""
    if isinstance(belief, Belief):
        return belief
    return Belief(
        round(belief.offset * SCALE),
        round(belief.offset_variance * SCALE),
        round(belief.difficulty * SCALE),
        round(belief.difficulty_variance * SCALE),
        belief.responses,
        round(belief.evidence * WHOLE),
        round(belief.retention * SCALE),
        None if belief.last_at is None else int(belief.last_at),
    )


def past_of(uses: list[Use], *, catalogue: Catalogue, rules: Rules) -> Past:
    """Return what a decision needs of attempts in their order."""
    seen: dict[int, set[str]] = {}
    contexts: list[str | None] = []
    for use in uses:
        entry = catalogue.entries.get(use.material)
        context = use.context if entry is None else entry.context
        contexts.append(context)
        seen.setdefault(use.skill, set()).add(context or "")
    return Past(
        materials=tuple(use.material for use in uses[len(uses) - min(rules.reuse_window, len(uses)) :]),
        contexts=tuple(contexts[-rules.context_window :]),
        skills=tuple(use.skill for use in uses[-RECENT_SKILLS:]),
        seen={skill: frozenset(found) for skill, found in seen.items()},
        ceilings=_ceilings(uses, catalogue=catalogue, after=rules.stuck_after),
    )


def _ceilings(uses: list[Use], *, catalogue: Catalogue, after: int) -> dict[int, int]:
    """Return, of each skill with so many failures in a row at the end, the least difficulty that failed."""
    runs: dict[int, list[int | None]] = {}
    for use in uses:
        if use.outcome is None:
            continue
        run = runs.setdefault(use.skill, [])
        if use.outcome >= FAILED_BELOW:
            run.clear()
            continue
        entry = catalogue.entries.get(use.material)
        run.append(entry.difficulty if entry else None if use.difficulty is None else fixed(use.difficulty))
    return {
        skill: min(failed for failed in run if failed is not None)
        for skill, run in runs.items()
        if len(run) >= after and any(failed is not None for failed in run)
    }


def _in_force(orders: Orders, as_of: float) -> Iterable[Order]:
    live = (order for order in orders.orders if order.expires_at is None or order.expires_at > as_of)
    return sorted(live, key=lambda order: order.id)


def _order(order: Order, uses: list[Use]) -> OrderInput:
    done = any(
        use.at >= order.given_at
        and (use.material == order.material if order.material is not None else use.skill == order.skill)
        for use in uses
    )
    # A pinned skill stays pinned: only a single material, or a must-do, is ever done.
    done = done and not (order.kind is OrderKind.PIN and order.material is None)
    return OrderInput(order.id, order.kind.value, order.material, order.skill, done)


def _current(now: CurrentAssignment, uses: list[Use]) -> CurrentInput:
    attempted = tuple(sorted({use.material for use in uses if use.at >= now.since and use.material in now.materials}))
    return CurrentInput(
        now.slot,
        now.skill,
        now.materials,
        now.state.value,
        math.floor(now.since),
        _micro(now.evidence_until),
        attempted if attempted or now.attempted else None,
    )


def _seconds(moment: float | None) -> int | None:
    return None if moment is None else math.floor(moment)


def _micro(moment: float | None) -> int | None:
    return None if moment is None else round(moment * MICRO)
