"""One class, one world, one policy, some weeks: what came of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.mastery import Response
from learning.selection import Policy
from learning.simulation.baselines import BASELINES, View, believed_interest
from learning.simulation.classroom import DAY, ITEMS, START, Classroom, Floats, Ints, build, item_id, material_id
from learning.simulation.estimator import Estimator
from learning.simulation.own import POLICIES, Counts, Own
from learning.simulation.students import QUIZ, Students, dice
from learning.simulation.worlds import World

Truths = NDArray[np.bool_]
QUIZ_EVERY = 15
DAYS_LATE = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy came to with one class."""

    policy: str
    world: str
    seed: int
    net: float
    """Skills mastered at the end less at the start, a student."""
    net_slow: float
    net_fast: float
    done: float
    """Assignments done, a student."""
    right: float
    """Share of their items that were answered right."""
    counts: Counts | None
    """Of our own policies."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated."""

    students: int
    days: int


def run(policy: str, world: World, *, seed: int, size: Size, own: Policy | None = None) -> Outcome:
    """Return what a policy comes to; `own` sets another policy of ours in its place."""
    room = Room(build(world, seed=seed, students=size.students), seed=seed, size=size)
    truth = False
    if policy in POLICIES:
        own, truth = own or POLICIES[policy][0], POLICIES[policy][1]
    ours = Own(room.classroom, own, truth) if own is not None else None
    view = None if ours else _view(room, seed=seed)
    for day in range(size.days):
        room.open_day(day)
        if ours:
            skill, level, context, _ = ours.decide(room.estimator, room.students.theta, day=day, picks=room.picks[day])
        elif view:
            view.day = day
            skill, level, context = room.waiting(BASELINES[policy](view))
        who, share = room.work(day, skill, level, context)
        if ours:
            for student in np.flatnonzero(who):
                material = material_id(int(skill[student]), int(level[student]), int(context[student]))
                ours.done(int(student), material, float(share[student]), day=day)
        elif view:
            view.skill, view.level = np.where(who, skill, view.skill), np.where(who, level, view.level)
            view.share = np.where(who, share, view.share)
    return room.outcome(policy, ours.counts if ours else None)


def _view(room: Room, *, seed: int) -> View:
    count = room.classroom.students
    nobody = np.full(count, -1, dtype=np.int64)
    view = View(
        classroom=room.classroom,
        look=lambda: room.estimator.look_at_all(at=START + view.day * DAY),
        interest=believed_interest(room.classroom),
        skill=nobody,
        level=np.ones(count, dtype=np.int64),
        share=np.full(count, 0.5),
        day=0,
        days=room.size.days,
        rng=np.random.default_rng((seed, 2)),
        place=np.zeros(count, dtype=np.int64),
    )
    return view


class Room:
    """A class at work under one policy: students, what is known of them, and the events between."""

    def __init__(self, classroom: Classroom, *, seed: int, size: Size) -> None:
        self.classroom = classroom
        self.size = size
        self.seed = seed
        self.students = Students(classroom)
        self.estimator = Estimator(classroom)
        self.doing, self.answers, self.events, self.quizzes = dice(seed, students=size.students, rounds=size.days)
        self.picks = np.random.default_rng((seed, 3)).random((size.days, size.students))
        self._late: deque[tuple[int, int, list[Response]]] = deque()
        self._open: tuple[Ints, Ints, Ints] | None = None
        self._was_done = np.ones(size.students, dtype=bool)
        self._before = self.students.mastered()
        self._done = 0
        self._right = 0.0

    def open_day(self, day: int) -> None:
        """Let late events arrive, and hold a quiz when it is due: on the first day, so that nobody starts unknown."""
        while self._late and self._late[0][0] <= day:
            _, student, responses = self._late.popleft()
            self.estimator.hear(student, responses, at=START + day * DAY)
        if day % QUIZ_EVERY == 0:
            self._quiz(day)

    def _quiz(self, day: int) -> None:
        scope, rng = self.classroom.scope, np.random.default_rng((self.seed, 4, day))
        skills = rng.choice(scope, QUIZ, replace=False)
        right = self.students.quiz(self.quizzes[day], skills)
        at = START + day * DAY - 60
        for student in range(self.size.students):
            responses = [
                Response(at, None, (int(skill) + 1,), float(self._read(day, student, bool(outcome))))
                for skill, outcome in zip(skills, right[student], strict=True)
            ]
            self.estimator.hear(student, responses, at=at)

    def _read(self, day: int, student: int, right: bool) -> bool:  # noqa: FBT001 - an answer
        """Return an answer as the learner model gets it."""
        return right != bool(self.events[day, student, 2] < self.classroom.world.misread)

    def waiting(self, choice: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints, Ints]:
        """Return what lies before each student: what was not done stays, whatever the policy would choose now."""
        before = self._open or choice
        kept = [np.where(self._was_done, new, old) for new, old in zip(choice, before, strict=True)]
        self._open = (kept[0], kept[1], kept[2])
        return self._open

    def work(self, day: int, skill: Ints, level: Ints, context: Ints) -> tuple[Truths, Floats]:
        """Let students do their assignments, learn, and forget; send the events. Return who did it and their share."""
        known = np.maximum(skill, 0), np.maximum(level, 0), context
        who = self.students.willing(context, self.doing[day])
        right = self.students.answer(*known, self.answers[day])
        self.students.practise(who, *known)
        self.students.forget()
        for student in np.flatnonzero(who):
            material = material_id(int(skill[student]), int(level[student]), int(context[student]))
            self._send(day, int(student), material, int(skill[student]) + 1, right[student])
        self._was_done = who
        self._done += int(who.sum())
        self._right += float(right[who].mean(axis=1).sum())
        return who, right.mean(axis=1)

    def _send(self, day: int, student: int, material: int, skill: int, right: Truths) -> None:
        """Send an attempt's event; it may be lost, late or doubled (a second copy has no effect, by its key)."""
        world, lot = self.classroom.world, self.events[day, student, 0]
        at = START + day * DAY + 3600
        responses = [
            Response(at, item_id(material, n), (skill,), float(self._read(day, student, bool(right[n]))))
            for n in range(ITEMS)
        ]
        if lot < world.lost:
            return
        if lot < world.lost + world.late:
            self._late.append((day + DAYS_LATE, student, responses))
            return
        self.estimator.hear(student, responses, at=at)

    def outcome(self, policy: str, counts: Counts | None) -> Outcome:
        """Return what came of it."""
        net = (self.students.mastered() - self._before).astype(np.float64)
        slow = self.classroom.slow
        return Outcome(
            policy=policy,
            world=self.classroom.world.name,
            seed=self.seed,
            net=float(net.mean()),
            net_slow=float(net[slow].mean()) if slow.any() else 0.0,
            net_fast=float(net[~slow].mean()),
            done=self._done / self.size.students,
            right=self._right / max(self._done, 1),
            counts=counts,
        )
