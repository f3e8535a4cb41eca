"""The production decision and learner model in the simulated classroom, student by student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from learning.mastery.beliefs import SkillBelief, mastery
from learning.mastery.model import LearnerState, Response, beliefs, fold
from learning.selection import (
    ClassScope,
    CurrentAssignment,
    Decision,
    DecisionMemory,
    Fallback,
    MaterialAttempt,
    Policy,
    StudentContext,
    TeacherOverrides,
    Trigger,
    choose,
)
from learning.simulation.classroom import CONTEXTS, DAY, START, Classroom, Floats, Ints, decode_material_id

PICK_SHARE = 0.5
"""Share of menus from which a student picks what they like best; of others they take the default."""
_CHURN = {Trigger.RULE_BROKEN, Trigger.BETTER, Trigger.HOLD_LIMIT}


class Estimator:
    """The production learner model: one state for each student; beliefs are computed when new evidence has arrived."""

    def __init__(self, classroom: Classroom) -> None:
        self.classroom = classroom
        self.skills = sorted(classroom.catalogue.related_skills(int(s) + 1 for s in classroom.scope))
        self.states = [LearnerState.new() for _ in range(classroom.student_count)]
        self._beliefs: list[dict[int, SkillBelief]] = [{} for _ in range(classroom.student_count)]
        self.evidence_until: list[float | None] = [None] * classroom.student_count
        self.mastery = np.full((classroom.student_count, len(classroom.prerequisites)), 0.5)
        """Estimated mastery when it was computed last, (students, skills)."""
        self._changed = set(range(classroom.student_count))

    def observe(self, student: int, responses: Sequence[Response], *, at: float) -> None:
        """Add responses that arrive at `at`."""
        self.states[student] = fold(self.states[student], responses, snapshot=self.classroom.snapshot)
        self.evidence_until[student] = at
        self._beliefs[student] = {}
        self._changed.add(student)

    def beliefs_of(self, student: int, *, at: float) -> dict[int, SkillBelief]:
        """Return beliefs about the skills in scope and their prerequisites."""
        if not self._beliefs[student]:
            of_skills = beliefs(self.states[student], self.skills, snapshot=self.classroom.snapshot, as_of=at)
            self._beliefs[student] = of_skills
        return self._beliefs[student]

    def mastery_of_all(self, *, at: float) -> Floats:
        """Return the estimated mastery of all students, (students, skills)."""
        for student in self._changed:
            for skill, belief in self.beliefs_of(student, at=at).items():
                self.mastery[student, skill - 1] = mastery(belief)
        self._changed.clear()
        return self.mastery


@dataclass
class Counts:
    """Counts of what the decisions did."""

    decisions: int = 0
    unattempted: int = 0
    """Unattempted assignments that a decision looked at again."""
    replacements: int = 0
    """How many of these it replaced."""
    filled_slots: int = 0
    with_fallbacks: int = 0
    no_assignment: int = 0
    price: float = 0.0


@dataclass
class SouschefPolicy:
    """The decision for one class; with `knows_true_skill` it gets the students' true skills."""

    classroom: Classroom
    policy: Policy
    knows_true_skill: bool = False
    counts: Counts = field(default_factory=Counts)
    _open_assignments: dict[int, tuple[CurrentAssignment, ...]] = field(default_factory=dict)
    _history: dict[int, list[MaterialAttempt]] = field(default_factory=dict)
    _memory: dict[int, DecisionMemory] = field(default_factory=dict)
    _decided_on: dict[int, float | None] = field(default_factory=dict)

    def decide(
        self, estimator: Estimator, true_skill: Floats, *, day: int, picks: Floats
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """Return each student's (skill, level, context, material) for today; -1 is no assignment."""
        assignments = np.full((4, self.classroom.student_count), -1, dtype=np.int64)
        scope = self._scope(day)
        for student in range(self.classroom.student_count):
            newest = estimator.evidence_until[student]
            # Without new evidence the decision would be the same (law L2).
            opened = self.classroom.scenario.skills_a_week and day % 7 == 0
            if opened or student not in self._decided_on or self._decided_on[student] != newest:
                self._decide_one(student, estimator, true_skill, scope=scope, day=day)
                self._decided_on[student] = newest
            else:
                self.counts.unattempted += len(self._open_assignments.get(student, ()))
            current = self._open_assignments.get(student, ())
            if current:
                material = self._pick_from_menu(student, current[0], picks[student])
                assignments[:, student] = (*decode_material_id(material), material)
        return assignments[0], assignments[1], assignments[2], assignments[3]

    def _scope(self, day: int) -> ClassScope:
        times = {int(skill) + 1: self.classroom.times(n) for n, skill in enumerate(self.classroom.open_skills(day))}
        due = {skill: due for skill, (_, due) in times.items()}
        return ClassScope(due, {skill: opens for skill, (opens, _) in times.items()})

    def _decide_one(
        self, student: int, estimator: Estimator, true_skill: Floats, *, scope: ClassScope, day: int
    ) -> None:
        now = START + day * DAY
        beliefs = estimator.beliefs_of(student, at=now)
        if self.knows_true_skill:
            beliefs = {
                skill: _with_true_skill(belief, true_skill[student, skill - 1]) for skill, belief in beliefs.items()
            }
        current = self._open_assignments.get(student, ())
        history = tuple(self._history.get(student, [])[-60:])
        context = StudentContext(
            student_id=student + 1,
            beliefs=beliefs,
            responses=float(estimator.states[student].responses) if not self.knows_true_skill else 1000.0,
            interests=self.classroom.survey_interests[student],
            reading_level=float(self.classroom.reading_level[student]),
            history=history,
            open_assignments=current,
            evidence_until=estimator.evidence_until[student],
            memory=self._memory.get(student, DecisionMemory()),
        )
        decision = choose(
            context,
            catalogue=self.classroom.catalogue,
            policy=self.policy,
            scope=scope,
            overrides=TeacherOverrides(),
            as_of=now,
        )
        self._count(decision, current)
        self._open_assignments[student] = _after(current, decision, now=now, evidence=context.evidence_until)
        self._memory[student] = decision.memory

    def _count(self, decision: Decision, current: tuple[CurrentAssignment, ...]) -> None:
        counts = self.counts
        counts.decisions += 1
        attempted = {w.slot for w in decision.withdrawals if w.trigger is Trigger.ATTEMPTED}
        counts.unattempted += sum(assignment.slot not in attempted for assignment in current)
        counts.replacements += len(
            {w.slot for w in decision.withdrawals if w.trigger in _CHURN} - _unchanged_slots(decision)
        )
        counts.filled_slots += len(decision.filled_slots)
        counts.with_fallbacks += sum(bool(slot.fallbacks) for slot in decision.filled_slots)
        counts.no_assignment += decision.no_assignment_reason is not None
        counts.price += sum(slot.price for slot in decision.filled_slots)

    def _pick_from_menu(self, student: int, current: CurrentAssignment, pick: float) -> int:
        """Return what a student takes from a menu: the context of the highest true interest, or the default."""
        if pick >= PICK_SHARE:
            return current.materials[0]
        interest = self.classroom.true_interest[student]
        return max(current.materials, key=lambda material: interest[decode_material_id(material)[2]])

    def record_attempt(self, student: int, material: int, share: float, *, day: int) -> None:
        """Record an attempt on an assignment."""
        skill, _, context = decode_material_id(material)
        entry = self.classroom.catalogue.entries[material]
        attempt = MaterialAttempt(
            material, skill + 1, START + day * DAY + 1, share, CONTEXTS[context], entry.difficulty / 1e4
        )
        self._history.setdefault(student, []).append(attempt)


def _unchanged_slots(decision: Decision) -> set[int]:
    return {slot.slot for slot in decision.unchanged_slots}


def _after(
    current: tuple[CurrentAssignment, ...], decision: Decision, *, now: float, evidence: float | None
) -> tuple[CurrentAssignment, ...]:
    unchanged = {slot.slot: slot.materials for slot in decision.unchanged_slots}
    stays = tuple(replace(old, materials=unchanged[old.slot]) for old in current if old.slot in unchanged)
    new = tuple(
        CurrentAssignment(
            slot.slot,
            slot.skill,
            tuple(option.material for option in slot.menu),
            slot.state,
            now,
            evidence_until=evidence,
            is_nearest=Fallback.NEAREST in slot.fallbacks,
        )
        for slot in decision.filled_slots
    )
    return tuple(sorted(stays + new, key=lambda assignment: (assignment.assigned_at, assignment.slot)))


def _with_true_skill(belief: SkillBelief, true_skill: float) -> SkillBelief:
    """Return a belief that is sure of the true skill."""
    return belief._replace(
        ability=0.0,
        ability_variance=0.01,
        offset=float(true_skill),
        offset_variance=0.01,
        difficulty=0.0,
        difficulty_variance=0.0,
        evidence=100.0,
        responses=100,
    )


POLICIES: dict[str, tuple[Policy, bool]] = {
    "own": (Policy(slots=1, min_open=1), False),
    "own_skill_only": (Policy(slots=1, min_open=1, interest_tolerance=0.0), False),
    "own_weakened": (
        Policy(
            slots=1,
            min_open=1,
            readiness_threshold=0.0,
            readiness_doubt=1.0,
            target_success=0.95,
            success_band=(0.0, 1.0),
            low_evidence_band=(0.0, 1.0),
            relaxed_band=(0.0, 1.0),
            interest_tolerance=0.15,
        ),
        False,
    ),
    "oracle": (Policy(slots=1, min_open=1), True),
    "own_four": (Policy(), False),
}
"""Policies of Souschef by name, with whether they know the true skills.

They are the defaults, without interest, with hard rules weakened on purpose, and with the true skills. They have one
slot, because the baselines choose one assignment a day; `own_four` has the four slots of the defaults.
"""
