"""Our own decision in the simulated classroom: the production code, one student after the other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from learning.beliefs import SkillBelief
from learning.selection import (
    Carry,
    CurrentAssignment,
    Decision,
    Orders,
    Place,
    Policy,
    ScopeWindow,
    Trigger,
    Use,
    choose,
)
from learning.simulation.classroom import CONTEXTS, DAY, START, Classroom, Floats, Ints, parts
from learning.simulation.estimator import Estimator

PICKS = 0.5
"""How often a student takes what is liked best of a menu; else its default."""
_CHURN = {Trigger.RULE_BROKEN, Trigger.BETTER, Trigger.HOLD_LIMIT}


@dataclass
class Counts:
    """What the decisions came to."""

    decisions: int = 0
    waiting: int = 0
    """Unattempted assignments that a decision looked at again."""
    churned: int = 0
    """Those of them that it replaced."""
    chosen: int = 0
    with_rungs: int = 0
    nothing: int = 0
    price: float = 0.0


@dataclass
class Own:
    """Our policy for one class; `truth` hands it the students' true skills."""

    classroom: Classroom
    policy: Policy
    truth: bool = False
    counts: Counts = field(default_factory=Counts)
    _current: dict[int, tuple[CurrentAssignment, ...]] = field(default_factory=dict)
    _history: dict[int, list[Use]] = field(default_factory=dict)
    _carry: dict[int, Carry] = field(default_factory=dict)
    _decided_on: dict[int, float | None] = field(default_factory=dict)

    def decide(self, estimator: Estimator, theta: Floats, *, day: int, picks: Floats) -> tuple[Ints, Ints, Ints, Ints]:
        """Return (skill, level, context, material) that each student has before them today; -1 is nothing."""
        found = np.full((4, self.classroom.students), -1, dtype=np.int64)
        scope = ScopeWindow({int(skill) + 1: None for skill in self.classroom.scope})
        for student in range(self.classroom.students):
            newest = estimator.newest[student]
            # Nothing new: the decision would be the same (L2).
            if student not in self._decided_on or self._decided_on[student] != newest:
                self._decide_one(student, estimator, theta, scope=scope, day=day)
                self._decided_on[student] = newest
            else:
                self.counts.waiting += len(self._current.get(student, ()))
            current = self._current.get(student, ())
            if current:
                material = self._take(student, current[0], picks[student])
                found[:, student] = (*parts(material), material)
        return found[0], found[1], found[2], found[3]

    def _decide_one(self, student: int, estimator: Estimator, theta: Floats, *, scope: ScopeWindow, day: int) -> None:
        now = START + day * DAY
        beliefs = estimator.look(student, at=now)
        if self.truth:
            beliefs = {skill: _true(belief, theta[student, skill - 1]) for skill, belief in beliefs.items()}
        current = self._current.get(student, ())
        history = tuple(self._history.get(student, [])[-60:])
        place = Place(
            student=student + 1,
            beliefs=beliefs,
            responses=float(estimator.states[student].responses) if not self.truth else 1000.0,
            interests=self.classroom.told[student],
            reading_level=float(self.classroom.reading[student]),
            history=history,
            current=current,
            evidence_until=estimator.newest[student],
            carry=self._carry.get(student, Carry()),
        )
        decision = choose(
            place, catalogue=self.classroom.catalogue, policy=self.policy, scope=scope, orders=Orders(), as_of=now
        )
        self._count(decision, current)
        self._current[student] = _after(current, decision, now=now, evidence=place.evidence_until)
        self._carry[student] = decision.carry

    def _count(self, decision: Decision, current: tuple[CurrentAssignment, ...]) -> None:
        counts = self.counts
        counts.decisions += 1
        attempted = {w.slot for w in decision.withdrawn if w.trigger is Trigger.ATTEMPTED}
        counts.waiting += sum(now.slot not in attempted for now in current)
        counts.churned += len({w.slot for w in decision.withdrawn if w.trigger in _CHURN} - _still(decision))
        counts.chosen += len(decision.chosen)
        counts.with_rungs += sum(bool(chosen.rungs) for chosen in decision.chosen)
        counts.nothing += decision.nothing is not None
        counts.price += sum(chosen.price for chosen in decision.chosen)

    def _take(self, student: int, current: CurrentAssignment, pick: float) -> int:
        """Return what a student takes of a menu: what is truly liked best, or the default."""
        if pick >= PICKS:
            return current.materials[0]
        liked = self.classroom.interest[student]
        return max(current.materials, key=lambda material: liked[parts(material)[2]])

    def done(self, student: int, material: int, share: float, *, day: int) -> None:
        """Note that an assignment was attempted."""
        skill, _, context = parts(material)
        entry = self.classroom.catalogue.entries[material]
        use = Use(material, skill + 1, START + day * DAY + 1, share, CONTEXTS[context], entry.difficulty / 1e4)
        self._history.setdefault(student, []).append(use)


def _still(decision: Decision) -> set[int]:
    return {kept.slot for kept in decision.kept}


def _after(
    current: tuple[CurrentAssignment, ...], decision: Decision, *, now: float, evidence: float | None
) -> tuple[CurrentAssignment, ...]:
    kept = {each.slot: each for each in decision.kept}
    stays = tuple(replace(each, materials=kept[each.slot].materials) for each in current if each.slot in kept)
    new = tuple(
        CurrentAssignment(
            chosen.slot,
            chosen.skill,
            tuple(o.material for o in chosen.menu),
            chosen.state,
            now,
            evidence_until=evidence,
        )
        for chosen in decision.chosen
    )
    return tuple(sorted(stays + new, key=lambda each: (each.since, each.slot)))


def _true(belief: SkillBelief, theta: float) -> SkillBelief:
    """Return a belief that is sure of the truth."""
    return belief._replace(
        ability=0.0,
        ability_variance=0.01,
        offset=float(theta),
        offset_variance=0.01,
        difficulty=0.0,
        difficulty_variance=0.0,
        evidence=100.0,
        responses=100,
    )


POLICIES: dict[str, tuple[Policy, bool]] = {
    "own": (Policy(slots=1, least_open=1), False),
    "own_skill_only": (Policy(slots=1, least_open=1, tolerance=0.0), False),
    "own_weakened": (
        Policy(
            slots=1,
            least_open=1,
            ready=0.0,
            ideal=0.95,
            band=(0.0, 1.0),
            thin_band=(0.0, 1.0),
            wide_band=(0.0, 1.0),
            tolerance=0.15,
        ),
        False,
    ),
    "oracle": (Policy(slots=1, least_open=1), True),
    "own_four": (Policy(), False),
}
"""Our own policies by name: as it ships, without interest, with its gate weakened on purpose, knowing the truth.

One slot, because the others choose one assignment a day too; `own_four` has the four that ship.
"""
