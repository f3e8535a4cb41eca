"""Fit the learner model to a school's own log: maximum a posteriori around the shipped parameters.

The train students are split once more: most are fitted on, the last fifth is held out. On the held-out ones the factor
on intervals is fitted, and the choice is made between the old parameters and the new. The log's test students take no
part in either; what is reported of them is a forecast for students to come.

The objective is the prequential log loss of the fully online filter (without the head behind it, which no belief sees),
summed over the fitted students' responses, plus a Gaussian prior around the shipped values. It is minimised by Fisher
scoring: with `z` the expected logits and `J` their derivatives by the parameters (forward differences, one pass each),
a step solves

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

from learning.fitting.evaluation import EvaluationError
from learning.fitting.fit_priors import FREE, SPREADS, deviations, shifted
from learning.fitting.log_pass import LogPass, LogPasses, StudentGroup
from learning.fitting.metrics import Floats, Windows, fit_factor, log_loss
from learning.fitting.next_five import NextFive
from learning.fitting.response_log import LoggedStudent, ResponseLog
from learning.mastery.parameters import SHIPPED, Parameters

HELD_OUT_SHARE = 0.2
MIN_STUDENTS = 30
MAX_RESPONSES = 200_000
MAX_ITERATIONS = 8
DAMPINGS = (0.0, 0.3, 3.0, 30.0)
ENOUGH = 5e-6
"""An iteration that gains less than this, in nats a response, is the last."""


@dataclass(frozen=True, slots=True)
class FitCheckpoint:
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
    def from_document(cls, document: dict[str, Any]) -> FitCheckpoint:
        """Return the point that `document` made."""
        parameters = Parameters.from_document(document["parameters"])
        return cls(int(document["iteration"]), parameters, float(document["objective"]), bool(document["finished"]))


@dataclass(frozen=True, slots=True)
class FitResult:
    """What a fit came to: log losses are the filter's, in nats a response."""

    parameters: Parameters
    """The better of the two."""
    kept_new: bool
    """Whether the fitted parameters are the better ones on the held-out train students."""
    old_held_out_log_loss: float
    new_held_out_log_loss: float
    """Of the held-out train students, by which the choice was made."""
    old_log_loss: float
    new_log_loss: float
    """Of the test students, who took no part in it."""
    responses: int
    """How many the fit looked at."""
    iterations: int


class TooFewStudentsError(ValueError):
    """There are too few students to fit: the shipped parameters stay."""

    def __init__(self, students: int) -> None:
        super().__init__(f"{students} train students are too few to fit; {MIN_STUDENTS} are needed")
        self.students = students


def fit(
    log: ResponseLog,
    *,
    old: Parameters = SHIPPED,
    resume: FitCheckpoint | None = None,
    seed: int = 0,
    most_responses: int = MAX_RESPONSES,
    on_pass: Callable[[], None] | None = None,
    on_point: Callable[[FitCheckpoint], None] | None = None,
) -> FitResult:
    """Fit on most of the log's train students; keep the fitted parameters only if they expect the others better.

    `on_pass` is called after each pass over the log, `on_point` after each iteration with what `resume` takes.

    Raises:
        TooFewStudentsError: there are fewer than 30 train students.
        EvaluationError: there is no test student, or none of them has a known outcome.
    """
    train, test = log.in_protocol_order(seed)
    if len(train) < MIN_STUDENTS:
        raise TooFewStudentsError(len(train))
    if not any(response.outcome is not None for student in test for response in student.responses):
        raise EvaluationError(len(train), len(test))
    cut = len(train) - max(1, round(HELD_OUT_SHARE * len(train)))
    passes = LogPasses([*train, *test])
    problem = _MapObjective(_capped(train[:cut], most_responses), passes, on_pass)
    point = resume or FitCheckpoint(0, old, problem.objective(old))
    while not point.finished and point.iteration < MAX_ITERATIONS:
        point = problem.improved(point)
        if on_point is not None:
            on_point(point)
    new = replace(point.parameters, version=old.version + 1)
    groups = [passes.group(students) for students in (train[:cut], train[cut:], test)]
    old_loss, new_loss = (_losses(passes.begin(p), p, *groups) for p in (old, new))
    new = replace(new, gap_variance_factor=new_loss.factor)
    kept_new = new_loss.held_out < old_loss.held_out
    return FitResult(
        new if kept_new else old,
        kept_new,
        old_loss.held_out,
        new_loss.held_out,
        old_loss.test,
        new_loss.test,
        problem.responses,
        point.iteration,
    )


@dataclass(frozen=True, slots=True)
class _Losses:
    held_out: float
    test: float
    factor: float
    """The factor on variances that the held-out students' windows ask for."""


def _losses(
    online: LogPass, parameters: Parameters, fitted_on: StudentGroup, held_out: StudentGroup, test: StudentGroup
) -> _Losses:
    """Let all students pass, and score those who were not fitted on."""
    next_five = NextFive()
    online.logits(fitted_on)
    outcomes: list[float] = []
    logits: list[float] = []
    for filtered in online.filtered(held_out):
        next_five.start_student()
        for watched in filtered:
            next_five.add(watched.response, watched.beliefs)
            if watched.response.outcome is not None:
                outcomes.append(watched.response.outcome)
                logits.append(watched.logit)
    held_out_loss = _loss(outcomes, logits)
    responses = [response for student in test.students for response in student.responses]
    pairs = [
        (response.outcome, logit)
        for response, logit in zip(responses, online.logits(test).tolist(), strict=True)
        if response.outcome is not None
    ]
    windows = Windows.of(next_five.rows)
    factor = fit_factor(windows, prior=parameters.gap_variance_factor) if len(windows.right) else None
    test_loss = _loss([outcome for outcome, _ in pairs], [logit for _, logit in pairs])
    return _Losses(held_out_loss, test_loss, factor or parameters.gap_variance_factor)


def _loss(outcomes: Sequence[float], logits: Sequence[float]) -> float:
    chances = _sigmoid(np.array(logits, dtype=np.float64))
    return log_loss(np.array(outcomes, dtype=np.float64), chances) or 0.0


def _capped(students: Sequence[LoggedStudent], most: int) -> list[LoggedStudent]:
    """Return the first students whose responses are at most `most` together, and at least as many as a fit needs."""
    used: list[LoggedStudent] = []
    total = 0
    for student in students:
        total += len(student.responses)
        if total > most and len(used) >= MIN_STUDENTS:
            break
        used.append(student)
    return used


class _MapObjective:
    """The objective and its derivatives over one set of responses."""

    __slots__ = ("_group", "_has_outcome", "_last", "_on_pass", "_outcomes", "_passes", "responses")

    def __init__(
        self, students: Sequence[LoggedStudent], passes: LogPasses, on_pass: Callable[[], None] | None
    ) -> None:
        self._passes, self._group = passes, passes.group(students)
        self._on_pass = on_pass
        self._last: tuple[Parameters, Floats] | None = None
        outcomes = [response.outcome for student in students for response in student.responses]
        self._has_outcome = np.array([outcome is not None for outcome in outcomes], dtype=bool)
        self._outcomes = np.array([outcome for outcome in outcomes if outcome is not None], dtype=np.float64)
        self.responses = len(self._outcomes)

    def logits(self, parameters: Parameters) -> Floats:
        """Return the logits expected by one pass, shape `(responses,)`; those of the last pass are remembered."""
        if self._last is not None and self._last[0] == parameters:
            return self._last[1]
        logits = self._passes.begin(parameters).logits(self._group)
        if self._on_pass is not None:
            self._on_pass()
        expected: Floats = logits[self._has_outcome]
        self._last = (parameters, expected)
        return expected

    def objective(self, parameters: Parameters) -> float:
        """Return what is minimised, in nats."""
        chances = _sigmoid(self.logits(parameters))
        prior = float(np.sum((deviations(parameters) / SPREADS) ** 2)) / 2.0
        return (log_loss(self._outcomes, chances) or 0.0) * self.responses + prior

    def improved(self, point: FitCheckpoint) -> FitCheckpoint:
        """Return the point after one step of Fisher scoring, `finished` where it gains next to nothing."""
        curvature, slope = self._expansion(point.parameters)
        for damping in DAMPINGS:
            damped = curvature + damping * np.diag(np.diag(curvature))
            step: Floats = np.linalg.solve(damped, -slope).astype(np.float64)
            parameters = shifted(point.parameters, step)
            objective = self.objective(parameters)
            if objective < point.objective:
                small = point.objective - objective < ENOUGH * max(1, self.responses)
                return FitCheckpoint(point.iteration + 1, parameters, objective, finished=small)
        return replace(point, iteration=point.iteration + 1, finished=True)

    def _expansion(self, parameters: Parameters) -> tuple[Floats, Floats]:
        """Return the objective's expected curvature and its slope."""
        logits = self.logits(parameters)
        expected = _sigmoid(logits)
        jacobian = np.empty((len(FREE), self.responses))
        for row, free in enumerate(FREE):
            nudge = 0.1 * free.spread
            values = np.zeros(len(FREE))
            values[row] = nudge
            jacobian[row] = (self.logits(shifted(parameters, values)) - logits) / nudge
        precision = 1.0 / SPREADS**2
        curvature = (jacobian * (expected * (1.0 - expected))) @ jacobian.T + np.diag(precision)
        slope = jacobian @ (expected - self._outcomes) + precision * deviations(parameters)
        return curvature, slope


def _sigmoid(logits: Floats) -> Floats:
    chances: Floats = 1.0 / (1.0 + np.exp(-logits))
    return chances
