"""Simulated classes by the version `b068a93`, for `benchmarks.classrooms --tree`: run with that version's code.

That version's simulator has the same classes and random numbers. What it lacks is added here: pacing (five skills open
a week) and the outcome of the weakest third. Tasks come as JSON on standard input; a line of JSON each goes out.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import numpy as np

own_module: Any = import_module("learning.simulation.own")
run_module: Any = import_module("learning.simulation.run")
classroom_module: Any = import_module("learning.simulation.classroom")
worlds: Any = import_module("learning.simulation.worlds").WORLDS
DAY, START = classroom_module.DAY, classroom_module.START
PACED = {"paced": True, "undated": False}
"""Scenarios that open five skills a week, by whether these have due dates."""
SKILLS_A_WEEK = 5
DUE_AFTER_DAYS = 14


class PacedOwn(own_module.Own):  # type: ignore[misc] # of another version
    """The older decision for a class whose skills open week by week."""

    has_due_dates = False

    def decide(self, estimator: Any, theta: Any, *, day: int, picks: Any) -> Any:
        """Decide for the skills that are open; a new week is news for everybody."""
        if day % 7 == 0:
            self._decided_on.clear()
        opened = self.classroom.scope[: SKILLS_A_WEEK * (day // 7 + 1)]
        due = {
            int(skill) + 1: START + ((position // SKILLS_A_WEEK) * 7 + DUE_AFTER_DAYS) * DAY
            if self.has_due_dates
            else None
            for position, skill in enumerate(opened)
        }
        window = own_module.ScopeWindow
        own_module.ScopeWindow = lambda _: window(due)
        try:
            return super().decide(estimator, theta, day=day, picks=picks)
        finally:
            own_module.ScopeWindow = window


class PacedRoom(run_module.Room):  # type: ignore[misc] # of another version
    """A class that is quizzed on the skills that are open."""

    def open_day(self, day: int) -> None:
        """Hold the quiz on the open skills alone."""
        everything = self.classroom.scope
        opened = everything[: SKILLS_A_WEEK * (day // 7 + 1)]
        object.__setattr__(self.classroom, "scope", opened)
        try:
            if len(opened) >= run_module.QUIZ:
                super().open_day(day)
            elif day % run_module.QUIZ_EVERY == 0:
                self.quiz_with_repeats(day, opened)
        finally:
            object.__setattr__(self.classroom, "scope", everything)

    def quiz_with_repeats(self, day: int, opened: Any) -> None:
        """Quiz on fewer skills than a quiz has items."""
        skills = np.random.default_rng((self.seed, 4, day)).choice(opened, run_module.QUIZ, replace=True)
        right = self.students.quiz(self.quizzes[day], skills)
        at = START + day * DAY - 60
        for student in range(self.size.students):
            responses = [
                run_module.Response(at, None, (int(skill) + 1,), float(self._read(day, student, bool(one))))
                for skill, one in zip(skills, right[student], strict=True)
            ]
            self.estimator.hear(student, responses, at=at)


def run(scenario: str, policy: str, seed: int, size: Any) -> dict[str, float]:
    """Run a class and return its outcome."""
    world = next(each for each in worlds if each.name == ("matters" if scenario in PACED else scenario))
    room_class, own_class = (PacedRoom, PacedOwn) if scenario in PACED else (run_module.Room, own_module.Own)
    room = room_class(classroom_module.build(world, seed=seed, students=size.students), seed=seed, size=size)
    own = own_class(room.classroom, *own_module.POLICIES[policy])
    if isinstance(own, PacedOwn):
        own.has_due_dates = PACED[scenario]
    for day in range(size.days):
        room.open_day(day)
        skill, level, context, _ = own.decide(room.estimator, room.students.theta, day=day, picks=room.picks[day])
        who, share = room.work(day, skill, level, context)
        for student in np.flatnonzero(who):
            material = classroom_module.material_id(int(skill[student]), int(level[student]), int(context[student]))
            own.done(int(student), material, float(share[student]), day=day)
    return figures(room.students, room.classroom)


def figures(students: Any, classroom: Any) -> dict[str, float]:
    """Return the figures of `benchmarks.classrooms`."""
    success, initial = (1.0 / (1.0 + np.exp(-skill)) for skill in (students.theta, students.start))
    crossed = (students.theta >= classroom_module.MASTERED).astype(int) - (
        students.start >= classroom_module.MASTERED
    ).astype(int)
    net, gain = crossed.sum(axis=1), (success - initial).sum(axis=1)
    grades = np.array([int(skill.grade) for skill in classroom.catalogue.skills.values()])
    this_year = np.flatnonzero(grades == np.unique(grades)[len(np.unique(grades)) // 2])
    weakest = np.argsort(initial.mean(axis=1))[: max(len(net) // 3, 1)]
    return {
        "net": float(net.mean()),
        "net_this_year": float(crossed[:, this_year].sum(axis=1).mean()),
        "net_weakest": float(net[weakest].mean()),
        "gain": float(gain.mean()),
        "gain_weakest": float(gain[weakest].mean()),
    }


if __name__ == "__main__":
    request = json.load(sys.stdin)
    wanted = run_module.Size(students=request["students"], days=request["days"])
    for scenario, policy, seed in request["tasks"]:
        print(json.dumps(run(scenario, policy, seed, wanted)), flush=True)
