"""Run one policy with one class in one scenario for some weeks, and return the outcome."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.mastery.model import Response
from learning.selection import Policy
from learning.simulation.baselines import BASELINES, BaselineView, survey_interest
from learning.simulation.classroom import DAY, ITEMS, START, Classroom, Floats, Ints, build, item_id, material_id
from learning.simulation.scenarios import Scenario
from learning.simulation.souschef_policy import POLICIES, Counts, Estimator, SouschefPolicy
from learning.simulation.students import QUIZ_ITEMS, Students, random_draws

Booleans = NDArray[np.bool_]
QUIZ_EVERY_DAYS = 15
DAYS_LATE = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one policy with one class."""

    policy: str
    scenario: str
    seed: int
    net: float
    """Skills mastered per student, at the end less at the start."""
    net_slow: float
    net_fast: float
    done_per_student: float
    """Assignments done per student."""
    correct_share: float
    """Share of items answered correctly."""
    counts: Counts | None
    """For policies of Souschef only."""
    gain: float = 0.0
    """True success gained per student, summed over all skills: crossing the target plays no part in it."""
    net_this_year: float = 0.0
    """Skills of the class's own grade mastered per student."""
    net_weakest: float = 0.0
    """Skills mastered per student by the third who had mastered least at the start."""
    gain_weakest: float = 0.0


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a class and the length of a run."""

    students: int
    days: int


def run(policy: str, scenario: Scenario, *, seed: int, size: Size, souschef_policy: Policy | None = None) -> Outcome:
    """Run a policy and return its outcome; `souschef_policy` replaces the settings of a policy of Souschef."""
    class_run = ClassroomRun(build(scenario, seed=seed, students=size.students), seed=seed, size=size)
    knows_true_skill = False
    if policy in POLICIES:
        souschef_policy, knows_true_skill = souschef_policy or POLICIES[policy][0], POLICIES[policy][1]
    souschef = None
    if souschef_policy is not None:
        souschef = SouschefPolicy(class_run.classroom, souschef_policy, knows_true_skill)
    view = None if souschef else _view(class_run, seed=seed)
    for day in range(size.days):
        class_run.start_day(day)
        if souschef:
            skill, level, context, _ = souschef.decide(
                class_run.estimator, class_run.students.true_skill, day=day, picks=class_run.pick_draws[day]
            )
        elif view:
            view.day = day
            skill, level, context = class_run.open_work(BASELINES[policy](view))
        completed, share = class_run.work(day, skill, level, context)
        if souschef:
            for student in np.flatnonzero(completed):
                material = material_id(int(skill[student]), int(level[student]), int(context[student]))
                souschef.record_attempt(int(student), material, float(share[student]), day=day)
        elif view:
            view.last_skill = np.where(completed, skill, view.last_skill)
            view.last_level = np.where(completed, level, view.last_level)
            view.last_share = np.where(completed, share, view.last_share)
    return class_run.outcome(policy, souschef.counts if souschef else None)


def _view(class_run: ClassroomRun, *, seed: int) -> BaselineView:
    count = class_run.classroom.student_count
    none_yet = np.full(count, -1, dtype=np.int64)
    view = BaselineView(
        classroom=class_run.classroom,
        read_mastery=lambda: class_run.estimator.mastery_of_all(at=START + view.day * DAY),
        interest=survey_interest(class_run.classroom),
        last_skill=none_yet,
        last_level=np.ones(count, dtype=np.int64),
        last_share=np.full(count, 0.5),
        day=0,
        days=class_run.size.days,
        rng=np.random.default_rng((seed, 2)),
        course_position=np.zeros(count, dtype=np.int64),
    )
    return view


class ClassroomRun:
    """A class under one policy: its students, the estimator of their skills, and the events between both."""

    def __init__(self, classroom: Classroom, *, seed: int, size: Size) -> None:
        self.classroom = classroom
        self.size = size
        self.seed = seed
        self.students = Students(classroom)
        self.estimator = Estimator(classroom)
        self.completion_draws, self.answer_draws, self.event_draws, self.quiz_draws = random_draws(
            seed, students=size.students, rounds=size.days
        )
        self.pick_draws = np.random.default_rng((seed, 3)).random((size.days, size.students))
        self._late_events: deque[tuple[int, int, list[Response]]] = deque()
        self._open: tuple[Ints, Ints, Ints] | None = None
        self._was_completed = np.ones(size.students, dtype=bool)
        self._before = self.students.mastered()
        self._before_this_year = self.students.mastered(self.classroom.this_year)
        self._done = 0
        self._correct = 0.0

    def start_day(self, day: int) -> None:
        """Deliver late events, and hold a quiz when it is due, first on day 0, so that every student has evidence."""
        while self._late_events and self._late_events[0][0] <= day:
            _, student, responses = self._late_events.popleft()
            self.estimator.observe(student, responses, at=START + day * DAY)
        if day % QUIZ_EVERY_DAYS == 0:
            self._quiz(day)

    def _quiz(self, day: int) -> None:
        scope, rng = self.classroom.open_skills(day), np.random.default_rng((self.seed, 4, day))
        # In the first week of a paced scenario fewer skills are open than a quiz has items.
        skills = rng.choice(scope, QUIZ_ITEMS, replace=len(scope) < QUIZ_ITEMS)
        correct = self.students.quiz(self.quiz_draws[day], skills)
        at = START + day * DAY - 60
        for student in range(self.size.students):
            responses = [
                Response(at, None, (int(skill) + 1,), float(self._observed_answer(day, student, bool(outcome))))
                for skill, outcome in zip(skills, correct[student], strict=True)
            ]
            self.estimator.observe(student, responses, at=at)

    def _observed_answer(self, day: int, student: int, correct: bool) -> bool:  # noqa: FBT001 - an answer
        """Return an answer as the learner model gets it."""
        return correct != bool(self.event_draws[day, student, 2] < self.classroom.scenario.misread_share)

    def open_work(self, choice: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints, Ints]:
        """Return each student's open assignment: one that was not done stays, whatever the policy chooses now."""
        before = self._open or choice
        values = [np.where(self._was_completed, new, old) for new, old in zip(choice, before, strict=True)]
        self._open = (values[0], values[1], values[2])
        return self._open

    def work(self, day: int, skill: Ints, level: Ints, context: Ints) -> tuple[Booleans, Floats]:
        """Let students do assignments, learn, forget and send events; return who did theirs, and the correct share."""
        assignment = np.maximum(skill, 0), np.maximum(level, 0), context
        completed = self.students.completes(context, self.completion_draws[day])
        correct = self.students.answers(*assignment, self.answer_draws[day])
        self.students.practise(completed, *assignment)
        self.students.forget()
        for student in np.flatnonzero(completed):
            material = material_id(int(skill[student]), int(level[student]), int(context[student]))
            self._send_event(day, int(student), material, int(skill[student]) + 1, correct[student])
        self._was_completed = completed
        self._done += int(completed.sum())
        self._correct += float(correct[completed].mean(axis=1).sum())
        return completed, correct.mean(axis=1)

    def _send_event(self, day: int, student: int, material: int, skill: int, correct: Booleans) -> None:
        """Send the event of an attempt; it may be lost or late (a duplicate has no effect, by its key)."""
        scenario, draw = self.classroom.scenario, self.event_draws[day, student, 0]
        at = START + day * DAY + 3600
        responses = [
            Response(at, item_id(material, n), (skill,), float(self._observed_answer(day, student, bool(correct[n]))))
            for n in range(ITEMS)
        ]
        if draw < scenario.lost_share:
            return
        if draw < scenario.lost_share + scenario.late_share:
            self._late_events.append((day + DAYS_LATE, student, responses))
            return
        self.estimator.observe(student, responses, at=at)

    def outcome(self, policy: str, counts: Counts | None) -> Outcome:
        """Return the outcome of the run."""
        students = self.students
        net = (students.mastered() - self._before).astype(np.float64)
        gain = (students.success() - students.initial_success()).sum(axis=1)
        this_year = students.mastered(self.classroom.this_year) - self._before_this_year
        weakest = np.argsort(students.initial_success().mean(axis=1))[: max(self.size.students // 3, 1)]
        slow = self.classroom.slow
        return Outcome(
            policy=policy,
            scenario=self.classroom.scenario.name,
            seed=self.seed,
            net=float(net.mean()),
            net_slow=float(net[slow].mean()) if slow.any() else 0.0,
            net_fast=float(net[~slow].mean()),
            done_per_student=self._done / self.size.students,
            correct_share=self._correct / max(self._done, 1),
            counts=counts,
            gain=float(gain.mean()),
            net_this_year=float(this_year.mean()),
            net_weakest=float(net[weakest].mean()),
            gain_weakest=float(gain[weakest].mean()),
        )
