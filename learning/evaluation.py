"""The evaluation protocol: how well the model expects the next response of students it has not been fitted on.

The train students pass through the filter in a seeded order, then the test students; the shared terms learn through
both, and every response is expected before it is seen. Figures are of the test students alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learning.beliefs import PROBIT
from learning.online import OnlinePass, Standing
from learning.parameters import SHIPPED, Parameters
from learning.response_log import LoggedStudent, ResponseLog
from learning.scores import WINDOW, Floats, Windows, coverage, fit_factor, log_loss

FIRST = 5
Progress = Callable[[int], None]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Every moment at which a skill's standing was known before a response on it: shape `(moments,)` each."""

    student: NDArray[np.int64]
    skill: NDArray[np.int64]
    seen: NDArray[np.int64]
    """How many responses the student had given before, on whatever skill."""
    practices: NDArray[np.int64]
    mean: Floats
    variance: Floats
    outcomes: Floats
    noise: float
    """Variance of a single response's logit around its skill's."""

    @property
    def mastery(self) -> Floats:
        """The mastery as it was published just before the response."""
        return 1.0 / (1.0 + np.exp(-self.mean / np.sqrt(1.0 + PROBIT * (self.variance + self.noise))))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of it: shape `(responses,)` each, the test students' responses in the order of the pass."""

    students: tuple[LoggedStudent, ...]
    student: NDArray[np.int64]
    """Which of `students` gave the response."""
    seen: NDArray[np.int64]
    """How many responses the student had given before."""
    outcomes: Floats
    expected: Floats
    decisions: Decisions
    windows: Windows
    factor: float
    """The factor on variances that the train students' windows ask for."""
    shipped_factor: float
    train_students: int
    train_responses: int
    microseconds_per_response: float | None
    """What prediction and update cost, by the caller's clock; None without one."""

    @property
    def interval_coverage(self) -> float | None:
        """Share of the test students' windows inside the 80 % interval, the factor fitted on the train students."""
        return coverage(self.windows, self.factor)


@dataclass(slots=True)
class _Windows:
    """Collects, for each student and skill, five responses at a time."""

    rows: list[tuple[float, float, int]] = field(default_factory=list)
    _open: dict[int, tuple[float, float, list[float]]] = field(default_factory=dict)

    def start(self) -> None:
        """Begin a new student."""
        self._open = {}

    def add(self, standings: Sequence[Standing], outcome: float) -> None:
        """Count a response towards the windows of its skills."""
        for standing in standings:
            mean, variance, outcomes = self._open.setdefault(standing.skill, (standing.mean, standing.variance, []))
            outcomes.append(outcome)
            if len(outcomes) == WINDOW:
                self.rows.append((mean, variance, sum(y >= 0.5 for y in outcomes)))  # noqa: PLR2004 - half the points
                del self._open[standing.skill]

    def windows(self, noise: float) -> Windows:
        """Return the full windows."""
        table = np.array(self.rows, dtype=np.float64).reshape(-1, 3)
        return Windows(table[:, 0], table[:, 1], np.full(len(table), noise), table[:, 2].astype(np.int64))


def evaluate(
    log: ResponseLog,
    *,
    parameters: Parameters = SHIPPED,
    seed: int = 0,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Evaluation:
    """Return what the model expected of the log's test students, by the protocol.

    `progress` is told of each student done; there are twice as many as the log has: one pass without, one with
    the standings looked at. `clock` counts seconds, to time the first.

    Raises:
        EvaluationError: the log has no response of a test student with a known outcome.
    """
    train, test = log.in_protocol_order(seed)
    cost, expected = _expect(train, test, parameters, progress, clock)
    known = [[response.outcome is not None for response in student.responses] for student in test]
    keep = np.array([flag for flags in known for flag in flags], dtype=bool)
    if not keep.any():
        raise EvaluationError(len(train), len(test))
    online = OnlinePass(parameters)
    before, _ = _watch(online, train, progress)
    windows, decisions = _watch(online, test, progress)
    return Evaluation(
        students=tuple(test),
        student=np.repeat(np.arange(len(test)), [len(flags) for flags in known])[keep],
        seen=np.concatenate([np.arange(len(flags)) for flags in known])[keep],
        outcomes=np.array([r.outcome for s in test for r in s.responses if r.outcome is not None]),
        expected=np.array(expected)[keep],
        decisions=decisions,
        windows=windows,
        factor=fit_factor(before) if len(before.right) else parameters.gap_variance_factor,
        shipped_factor=parameters.gap_variance_factor,
        train_students=len(train),
        train_responses=sum(len(student.responses) for student in train),
        microseconds_per_response=cost,
    )


def held_out_log_loss(log: ResponseLog, *, parameters: Parameters, seed: int = 0) -> float:
    """Return the log loss, in nats a response, of the log's test students by the protocol."""
    train, test = log.in_protocol_order(seed)
    _, expected = _expect(train, test, parameters, None, None)
    pairs = zip((r.outcome for s in test for r in s.responses), expected, strict=True)
    known = np.array([(outcome, chance) for outcome, chance in pairs if outcome is not None])
    if not len(known):
        raise EvaluationError(len(train), len(test))
    return log_loss(known[:, 0], known[:, 1]) or 0.0


def interval_factor(students: Sequence[LoggedStudent], *, parameters: Parameters) -> float:
    """Return the factor on variances under which the students' next five responses on a skill were likeliest."""
    windows = _watch(OnlinePass(parameters), students, None)[0]
    return fit_factor(windows) if len(windows.right) else parameters.gap_variance_factor


class EvaluationError(ValueError):
    """There is nothing to score: no test student has a response with a known outcome."""

    def __init__(self, train: int, test: int) -> None:
        super().__init__(f"nothing to score: {test} test students (and {train} train students), no known outcome")
        self.train = train
        self.test = test


def _expect(
    train: Iterable[LoggedStudent],
    test: Iterable[LoggedStudent],
    parameters: Parameters,
    progress: Progress | None,
    clock: Clock | None,
) -> tuple[float | None, list[float]]:
    """Return microseconds a response, and the outcomes expected of the test students."""
    online = OnlinePass(parameters)
    passed, spent = 0, 0.0
    outcomes: list[float] = []
    for students, kept in ((train, False), (test, True)):
        for student in students:
            started = clock() if clock else 0.0
            expected = online.student(student.responses)
            spent += clock() - started if clock else 0.0
            passed += len(expected)
            if kept:
                outcomes += expected
            if progress is not None:
                progress(1)
    return (1e6 * spent / max(1, passed) if clock else None), outcomes


def _watch(
    online: OnlinePass, students: Sequence[LoggedStudent], progress: Progress | None
) -> tuple[Windows, Decisions]:
    windows = _Windows()
    rows: list[tuple[float, ...]] = []
    for place, student in enumerate(students):
        windows.start()
        for seen, (response, standings, _) in enumerate(online.watched(student.responses)):
            outcome = response.outcome
            if outcome is None:
                continue
            windows.add(standings, outcome)
            rows += [(place, s.skill, seen, s.practices, s.mean, s.variance, outcome) for s in standings]
        if progress is not None:
            progress(1)
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    whole = [table[:, column].astype(np.int64) for column in range(4)]
    noise = online.noise
    return windows.windows(noise), Decisions(
        whole[0], whole[1], whole[2], whole[3], table[:, 4], table[:, 5], table[:, 6], noise
    )
