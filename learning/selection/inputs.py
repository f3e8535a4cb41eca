"""The inputs of a decision as integers: a record stores them, and a replay starts from them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from learning.mastery.beliefs import SkillBelief
from learning.selection.catalogue import Catalogue
from learning.selection.fixed_point import SCALE, to_fixed
from learning.selection.number_check import check_numbers
from learning.selection.policy import ClassScope, OverrideKind, Policy, TeacherOverride, TeacherOverrides
from learning.selection.policy_fixed import DAY_SECONDS, FixedPolicy, fixed_policy
from learning.selection.student import CurrentAssignment, InterestLike, MaterialAttempt, StudentContext

FAILURE_THRESHOLD = 0.5
"""An attempt failed with less than this share of the points."""
RECENT_SKILL_ATTEMPTS = 3
"""Number of last attempts whose skills count as recent."""
HUNDREDTHS = 100
"""Evidence and days are in hundredths."""
MICROSECONDS = 1_000_000
UNIT_SECONDS = 14 * DAY_SECONDS


class FixedBelief(NamedTuple):
    """A belief about a skill: logits and variances in 1/10,000, evidence in 1/100, `last_at` in seconds since 1970."""

    offset: int
    offset_variance: int
    difficulty: int
    difficulty_variance: int
    responses: int
    evidence: int
    retention: int
    last_at: int | None


class AttemptHistory(NamedTuple):
    """What a decision needs to know about a student's attempts on materials."""

    materials: tuple[int, ...]
    """Those of the last `reuse_window` attempts."""
    contexts: tuple[str | None, ...]
    """Those of the last `context_window` attempts, newest last."""
    skills: tuple[int, ...]
    """Those of the last few attempts."""
    contexts_by_skill: Mapping[int, frozenset[str]]
    """The contexts in which each skill was practised; "" is neutral."""
    difficulty_limits: Mapping[int, int]
    """By skill with several failures in a row: the lowest difficulty that failed."""


class FixedOverride(NamedTuple):
    """A teacher override in force."""

    id: int
    kind: str
    material: int | None
    skill: int | None
    is_done: bool
    """Its subject was attempted after it was made."""


class FixedAssignment(NamedTuple):
    """An open slot; `evidence_until` in microseconds."""

    slot: int
    skill: int
    materials: tuple[int, ...]
    state: str
    assigned_at: int
    evidence_until: int | None
    attempted_materials: tuple[int, ...] | None
    """The attempted materials of the menu; None without any attempt."""
    is_nearest: bool


class FixedCompletionRate(NamedTuple):
    """What was completed recently; days in hundredths."""

    assignments: int
    minutes: int
    days: int


class FixedMemory(NamedTuple):
    """The memory of the last decision; `evidence_counted_until` in microseconds."""

    choice_count: int
    better_counts: Mapping[int, int]
    replaced_materials: tuple[int, ...]
    evidence_counted_until: int | None
    liked_topics: tuple[str, ...]


class OtherLists(NamedTuple):
    """What the decision for one list of a student knows of the student's other lists."""

    slots: tuple[int, ...] = ()
    """Slot numbers in use there: numbers are the student's, not the list's."""
    materials: tuple[int, ...] = ()
    """Materials that are open there: a material is open once."""
    ordered: tuple[int, ...] = ()
    """Materials that a teacher assigned there, so that they leave the menus of this list."""
    skills: tuple[int, ...] = ()
    """Skills that are open there: here they come last."""
    max_open: int | None = None
    """How many assignments may be open on this list; None: as many as its policy allows."""
    must_fit: bool = False
    """What is open beyond `max_open` is withdrawn; otherwise it stays, and nothing is added."""


NO_OTHER_LISTS = OtherLists()


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that the decision for one list of a student rests on, apart from the catalogue."""

    student_id: int
    as_of: int
    policy: FixedPolicy
    scope: Mapping[int, int | None] | None
    unit: frozenset[int]
    """The skills that the class works on now: where no skill has a due date, those that opened lately."""
    overrides: tuple[FixedOverride, ...]
    ability: int
    ability_variance: int
    beliefs: Mapping[int, SkillBelief | FixedBelief]
    responses: int
    """In hundredths."""
    interests: Mapping[str, tuple[int, int]]
    """(value, confidence) by topic, where the confidence is above 0."""
    vetoes: frozenset[str]
    interests_off: bool
    reading_level: int | None
    language: str
    history: AttemptHistory
    answer_counts: Mapping[int, tuple[int, int]]
    open_assignments: tuple[FixedAssignment, ...]
    evidence_until: int | None
    cited_facts: tuple[int, ...]
    completion_rate: FixedCompletionRate | None
    memory: FixedMemory
    class_id: int | None = None
    """The class whose list it is; None: the list of a student without a class."""
    is_closing: bool = False
    """The student has just left the class: what is open may be finished, and nothing is added."""
    others: OtherLists = NO_OTHER_LISTS
    wish: int | None = None
    """The skill that the student wants to do next."""
    stretch: frozenset[int] = frozenset()
    """The next grade's skills that build on the scope: for a student with nothing below target."""


def to_fixed_point(
    student: StudentContext,
    *,
    catalogue: Catalogue,
    policy: Policy,
    scope: ClassScope | None,
    overrides: TeacherOverrides,
    as_of: float,
) -> Inputs:
    """Convert the inputs of a decision to integers."""
    fixed = fixed_policy(policy)
    check_numbers(student, as_of=as_of)
    attempts = sorted(student.history, key=_attempt_order)
    # The ability is the student's: each belief has the same.
    belief = student.beliefs[min(student.beliefs)] if student.beliefs else None
    interests = permitted_interests(student)
    return Inputs(
        student_id=student.student_id,
        as_of=math.floor(as_of),
        policy=fixed,
        scope=None if scope is None else {skill: _seconds(due) for skill, due in sorted(scope.due.items())},
        unit=frozenset() if scope is None else unit_of(scope, as_of=as_of),
        overrides=tuple(_fixed_override(override, attempts) for override in _active(overrides, as_of)),
        ability=to_fixed(belief.ability) if belief else 0,
        ability_variance=to_fixed(belief.ability_variance) if belief else 0,
        beliefs=student.beliefs,
        responses=round(student.responses * HUNDREDTHS),
        interests={
            topic: (to_fixed(interest.value), to_fixed(interest.confidence))
            for topic, interest in sorted(interests.items())
            if to_fixed(interest.confidence) > 0
        },
        vetoes=frozenset(topic for topic, interest in interests.items() if interest.vetoed),
        interests_off=not student.interest_switch,
        reading_level=None if student.reading_level is None else to_fixed(student.reading_level),
        language=student.language,
        history=history_of(attempts, catalogue=catalogue, policy=fixed),
        answer_counts={skill: (counts.correct, counts.total) for skill, counts in student.answer_counts.items()},
        open_assignments=tuple(
            _fixed_assignment(assignment, attempts)
            for assignment in sorted(student.open_assignments, key=lambda assignment: assignment.slot)
        ),
        evidence_until=_microseconds(student.evidence_until),
        cited_facts=student.cited_facts,
        completion_rate=_fixed_completion_rate(student),
        memory=_fixed_memory(student, fixed),
        wish=student.wish,
        stretch=frozenset() if scope is None else catalogue.next_grade_skills(scope.due),
    )


def _fixed_completion_rate(student: StudentContext) -> FixedCompletionRate | None:
    rate = student.completion_rate
    if rate is None:
        return None
    return FixedCompletionRate(rate.assignments, rate.minutes, round(rate.days * HUNDREDTHS))


def _fixed_memory(student: StudentContext, policy: FixedPolicy) -> FixedMemory:
    memory = student.memory
    return FixedMemory(
        memory.choice_count,
        dict(memory.better_counts),
        memory.replaced_materials[-policy.reuse_window :] if policy.reuse_window else (),
        _microseconds(memory.evidence_counted_until),
        memory.liked_topics,
    )


def unit_of(scope: ClassScope, *, as_of: float) -> frozenset[int]:
    """Return the skills of a scope without due dates that opened within the last two weeks."""
    if any(due is not None for due in scope.due.values()):
        return frozenset()
    opened = scope.opened.items()
    return frozenset(s for s, at in opened if s in scope.due and at is not None and 0 <= as_of - at <= UNIT_SECONDS)


def _attempt_order(attempt: MaterialAttempt) -> tuple[float, int, int, float, float, str]:
    """Return a total order: attempts that tie in it are equal to a decision."""
    outcome = -1.0 if attempt.outcome is None else attempt.outcome
    difficulty = -math.inf if attempt.difficulty is None else attempt.difficulty
    return attempt.attempted_at, attempt.material, attempt.skill, outcome, difficulty, attempt.context or ""


def permitted_interests(student: StudentContext) -> Mapping[str, InterestLike]:
    """H10: return no interests, vetoes included, without the switch and consent."""
    return student.interests if student.interest_switch else {}


def fixed_belief(belief: SkillBelief | FixedBelief) -> FixedBelief:
    """Convert a belief to integers."""
    if isinstance(belief, FixedBelief):
        return belief
    return FixedBelief(
        round(belief.offset * SCALE),
        round(belief.offset_variance * SCALE),
        round(belief.difficulty * SCALE),
        round(belief.difficulty_variance * SCALE),
        belief.responses,
        round(belief.evidence * HUNDREDTHS),
        round(belief.retention * SCALE),
        None if belief.last_at is None else int(belief.last_at),
    )


def history_of(attempts: list[MaterialAttempt], *, catalogue: Catalogue, policy: FixedPolicy) -> AttemptHistory:
    """Return what a decision needs to know about attempts, oldest first."""
    by_skill: dict[int, set[str]] = {}
    contexts: list[str | None] = []
    for attempt in attempts:
        entry = catalogue.entries.get(attempt.material)
        context = attempt.context if entry is None else entry.context
        contexts.append(context)
        by_skill.setdefault(attempt.skill, set()).add(context or "")
    return AttemptHistory(
        materials=tuple(
            attempt.material for attempt in attempts[len(attempts) - min(policy.reuse_window, len(attempts)) :]
        ),
        contexts=tuple(contexts[-policy.context_window :]),
        skills=tuple(attempt.skill for attempt in attempts[-RECENT_SKILL_ATTEMPTS:]),
        contexts_by_skill={skill: frozenset(of_skill) for skill, of_skill in by_skill.items()},
        difficulty_limits=_difficulty_limits(attempts, catalogue=catalogue, after=policy.stuck_after),
    )


def _difficulty_limits(attempts: list[MaterialAttempt], *, catalogue: Catalogue, after: int) -> dict[int, int]:
    """Return the lowest failed difficulty of each skill whose last `after` graded attempts failed."""
    runs: dict[int, list[int | None]] = {}
    for attempt in attempts:
        if attempt.outcome is None:
            continue
        run = runs.setdefault(attempt.skill, [])
        if attempt.outcome >= FAILURE_THRESHOLD:
            run.clear()
            continue
        entry = catalogue.entries.get(attempt.material)
        run.append(entry.difficulty if entry else None if attempt.difficulty is None else to_fixed(attempt.difficulty))
    return {
        skill: min(failed for failed in run if failed is not None)
        for skill, run in runs.items()
        if len(run) >= after and any(failed is not None for failed in run)
    }


def _active(overrides: TeacherOverrides, as_of: float) -> Iterable[TeacherOverride]:
    in_force = (
        override for override in overrides.overrides if override.expires_at is None or override.expires_at > as_of
    )
    return sorted(in_force, key=lambda override: override.id)


def _fixed_override(override: TeacherOverride, attempts: list[MaterialAttempt]) -> FixedOverride:
    done = any(
        attempt.attempted_at >= override.given_at
        and (
            attempt.material == override.material if override.material is not None else attempt.skill == override.skill
        )
        for attempt in attempts
    )
    # A pinned skill stays pinned: only a pinned material or a must-do is ever done.
    done = done and not (override.kind is OverrideKind.PIN and override.material is None)
    return FixedOverride(override.id, override.kind.value, override.material, override.skill, done)


def _fixed_assignment(assignment: CurrentAssignment, attempts: list[MaterialAttempt]) -> FixedAssignment:
    attempted = tuple(
        sorted(
            {
                attempt.material
                for attempt in attempts
                if attempt.attempted_at >= assignment.assigned_at and attempt.material in assignment.materials
            }
        )
    )
    return FixedAssignment(
        assignment.slot,
        assignment.skill,
        assignment.materials,
        assignment.state.value,
        math.floor(assignment.assigned_at),
        _microseconds(assignment.evidence_until),
        attempted if attempted or assignment.has_attempt else None,
        assignment.is_nearest,
    )


def _seconds(time: float | None) -> int | None:
    return None if time is None else math.floor(time)


def _microseconds(time: float | None) -> int | None:
    return None if time is None else round(time * MICROSECONDS)
