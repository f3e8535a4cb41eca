"""Fit the learner model to a school's own log: maximum a posteriori around the shipped parameters.

The objective is the prequential log loss of the fully online filter, summed over the train students' responses, plus a
Gaussian prior around the shipped values. It is minimised by Fisher scoring: with `z` the expected logits and `J` their
derivatives by the parameters (forward differences, one pass each), a step solves

    (J' W J + Lambda) step = -(J' (p - y) + Lambda (theta - theta_0)),   W = p (1 - p),

and is damped (Levenberg-Marquardt) until the objective falls. A few iterations of some twenty passes are enough, where
a search without derivatives takes about 900. Source: Fisher scoring for logistic models (McCullagh and Nelder 1989,
section 2.5); damping (Marquardt 1963).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from learning.evaluation import held_out_log_loss, interval_factor
from learning.free_parameters import FREE, SPREADS, away, moved
from learning.online import OnlinePass
from learning.parameters import SHIPPED, Parameters
from learning.response_log import LoggedStudent, ResponseLog
from learning.scores import Floats, log_loss

LEAST_STUDENTS = 30
MOST_RESPONSES = 200_000
MOST_ITERATIONS = 8
DAMPINGS = (0.0, 0.3, 3.0, 30.0)
ENOUGH = 5e-6
"""An iteration that gains less than this, in nats a response, is the last."""


@dataclass(frozen=True, slots=True)
class FitPoint:
    """How far a fit has come: enough to go on from."""

    iteration: int
    parameters: Parameters
    objective: float
    """Nats over all responses used, and the prior's share."""
    finished: bool = False

    def document(self) -> dict[str, Any]:
        """Return the point JSON-ready."""
        return {
            "iteration": self.iteration,
            "parameters": self.parameters.document(),
            "objective": self.objective,
            "finished": self.finished,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> FitPoint:
        """Return the point that `document` made."""
        parameters = Parameters.from_document(document["parameters"])
        return cls(int(document["iteration"]), parameters, float(document["objective"]), bool(document["finished"]))


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a fit came to: log losses are nats a response of the held-out students."""

    parameters: Parameters
    """The better of the two."""
    old_log_loss: float
    new_log_loss: float
    responses: int
    """How many the fit looked at."""
    iterations: int

    @property
    def kept_new(self) -> bool:
        """Whether the fitted parameters were the better ones."""
        return self.new_log_loss < self.old_log_loss


class TooFewStudents(ValueError):  # noqa: N818 - it is told as what happened
    """There are too few students to fit: the shipped parameters stay."""

    def __init__(self, students: int) -> None:
        super().__init__(f"{students} train students are too few to fit; {LEAST_STUDENTS} are needed")
        self.students = students


def fit(
    log: ResponseLog,
    *,
    old: Parameters = SHIPPED,
    resume: FitPoint | None = None,
    seed: int = 0,
    most_responses: int = MOST_RESPONSES,
    on_pass: Callable[[], None] | None = None,
    on_point: Callable[[FitPoint], None] | None = None,
) -> FitResult:
    """Fit on the log's train students; keep the fitted parameters only if they expect its test students better.

    `on_pass` is called after each pass over the log, `on_point` after each iteration with what `resume` takes.

    Raises:
        TooFewStudents: there are fewer than 30 train students.
        EvaluationError: there is no test student to hold out.
    """
    train, _ = log.in_protocol_order(seed)
    if len(train) < LEAST_STUDENTS:
        raise TooFewStudents(len(train))
    used = _capped(train, most_responses)
    problem = _Problem(used, on_pass)
    point = resume or FitPoint(0, old, problem.objective(old))
    while not point.finished and point.iteration < MOST_ITERATIONS:
        point = problem.improved(point)
        if on_point is not None:
            on_point(point)
    fitted = replace(point.parameters, version=old.version + 1)
    fitted = replace(fitted, gap_variance_factor=interval_factor(used, parameters=fitted))
    before = held_out_log_loss(log, parameters=old, seed=seed)
    after = held_out_log_loss(log, parameters=fitted, seed=seed)
    return FitResult(fitted if after < before else old, before, after, problem.responses, point.iteration)


def _capped(students: Sequence[LoggedStudent], most: int) -> list[LoggedStudent]:
    """Return the first students whose responses are at most `most` together, and at least as many as a fit needs."""
    used: list[LoggedStudent] = []
    total = 0
    for student in students:
        total += len(student.responses)
        if total > most and len(used) >= LEAST_STUDENTS:
            break
        used.append(student)
    return used


class _Problem:
    """The objective and its derivatives over one set of responses."""

    __slots__ = ("_known", "_on_pass", "_outcomes", "_students", "responses")

    def __init__(self, students: Sequence[LoggedStudent], on_pass: Callable[[], None] | None) -> None:
        self._students = students
        self._on_pass = on_pass
        outcomes = [response.outcome for student in students for response in student.responses]
        self._known = np.array([outcome is not None for outcome in outcomes], dtype=bool)
        self._outcomes = np.array([outcome for outcome in outcomes if outcome is not None], dtype=np.float64)
        self.responses = len(self._outcomes)

    def expected(self, parameters: Parameters) -> Floats:
        """Return the outcomes expected by one pass, shape `(responses,)`."""
        online = OnlinePass(parameters)
        chances = [chance for student in self._students for chance in online.student(student.responses)]
        if self._on_pass is not None:
            self._on_pass()
        expected: Floats = np.array(chances, dtype=np.float64)[self._known]
        return expected

    def objective(self, parameters: Parameters, expected: Floats | None = None) -> float:
        """Return what is minimised, in nats."""
        chances = self.expected(parameters) if expected is None else expected
        prior = float(np.sum((away(parameters) / SPREADS) ** 2)) / 2.0
        return (log_loss(self._outcomes, chances) or 0.0) * self.responses + prior

    def improved(self, point: FitPoint) -> FitPoint:
        """Return the point after one step of Fisher scoring, `finished` where it gains next to nothing."""
        curvature, slope = self._expansion(point.parameters)
        for damping in DAMPINGS:
            damped = curvature + damping * np.diag(np.diag(curvature))
            step: Floats = np.linalg.solve(damped, -slope).astype(np.float64)
            parameters = moved(point.parameters, step)
            objective = self.objective(parameters)
            if objective < point.objective:
                small = point.objective - objective < ENOUGH * max(1, self.responses)
                return FitPoint(point.iteration + 1, parameters, objective, finished=small)
        return replace(point, iteration=point.iteration + 1, finished=True)

    def _expansion(self, parameters: Parameters) -> tuple[Floats, Floats]:
        """Return the objective's expected curvature and its slope."""
        expected = self.expected(parameters)
        logits = _logit(expected)
        jacobian = np.empty((len(FREE), self.responses))
        for row, free in enumerate(FREE):
            nudge = 0.1 * free.spread
            values = np.zeros(len(FREE))
            values[row] = nudge
            jacobian[row] = (_logit(self.expected(moved(parameters, values))) - logits) / nudge
        precision = 1.0 / SPREADS**2
        curvature = (jacobian * (expected * (1.0 - expected))) @ jacobian.T + np.diag(precision)
        slope = jacobian @ (expected - self._outcomes) + precision * away(parameters)
        return curvature, slope


def _logit(chances: Floats) -> Floats:
    logits: Floats = np.log(chances) - np.log1p(-chances)
    return logits
