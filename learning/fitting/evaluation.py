"""The evaluation protocol: how well the model expects the next response of students it has not been fitted on.

The train students pass through the filter in a seeded order, then the test students; the shared terms learn through
both, and every response is expected before it is seen. Figures are of the test students alone.

Two kinds of figures stand side by side. *Next response* figures score the head behind the filter, effects of the moment
included. *Belief* figures score what is believed of skills, which is all that a decision sees: predicted success where
the student comes from other skills (cold), and how many of the next five responses on the skill are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.fitting.log_pass import LogPass, LogPasses, StudentGroup
from learning.fitting.metrics import Floats, Windows, coverage, fit_factor
from learning.fitting.next_five import NextFive
from learning.fitting.response_log import LoggedStudent, ResponseLog
from learning.mastery.beliefs import mastery, predicted_success
from learning.mastery.parameters import SHIPPED, Parameters
from learning.mastery.training_pass import OnlinePass, PredictedResponse

FIRST = 5
Progress = Callable[[int], None]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class SkillPredictions:
    """Every moment at which something was believed of a skill before a response on it: shape `(moments,)` each."""

    student: NDArray[np.int64]
    skill: NDArray[np.int64]
    seen: NDArray[np.int64]
    """How many responses the student had given before, on whatever skill."""
    practices: NDArray[np.int64]
    mastery: Floats
    """The mastery as it would have been published just before the response."""
    untouched: Floats
    """The mastery of the same skill, had the student never practised it."""
    only_wrong: NDArray[np.bool_]
    """Whether the student had practised the skill, and each time wrong."""
    outcomes: Floats


@dataclass(frozen=True, slots=True)
class ColdPredictions:
    """Predicted success on the skills of responses that come after responses on other skills: shape `(responses,)`."""

    outcomes: Floats
    expected: Floats


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
    """By the head, effects of the moment included."""
    filter_logits: Floats
    """What the filter alone expected, by which parameters are fitted."""
    decisions: SkillPredictions
    cold: ColdPredictions
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


def evaluate(
    log: ResponseLog,
    *,
    parameters: Parameters = SHIPPED,
    seed: int = 0,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Evaluation:
    """Return what the model expected of the log's test students, by the protocol.

    `progress` is called with 1 for each student done; there are twice as many as the log has: one pass that is timed by
    `clock` (seconds), and one that looks at beliefs.

    Raises:
        EvaluationError: the log has no response of a test student with a known outcome.
    """
    train, test = log.in_protocol_order(seed)
    cost = _time_filter([*train, *test], parameters, progress, clock)
    has_outcome = [[response.outcome is not None for response in student.responses] for student in test]
    keep = np.array([flag for flags in has_outcome for flag in flags], dtype=bool)
    if not keep.any():
        raise EvaluationError(len(train), len(test))
    passes = LogPasses([*train, *test])
    online = passes.begin(parameters)
    before, after = _Watched(parameters), _Watched(parameters)
    before.add_all(online, passes.group(train), progress)
    after.add_all(online, passes.group(test), progress)
    train_windows = Windows.of(before.next_five.rows)
    return Evaluation(
        students=tuple(test),
        student=np.repeat(np.arange(len(test)), [len(flags) for flags in has_outcome])[keep],
        seen=np.concatenate([np.arange(len(flags)) for flags in has_outcome])[keep],
        outcomes=np.array([r.outcome for s in test for r in s.responses if r.outcome is not None]),
        expected=np.array(after.expected)[keep],
        filter_logits=np.array(after.logits)[keep],
        decisions=after.skill_predictions(),
        cold=after.cold_predictions(),
        windows=Windows.of(after.next_five.rows),
        factor=fit_factor(train_windows) if len(train_windows.right) else parameters.gap_variance_factor,
        shipped_factor=parameters.gap_variance_factor,
        train_students=len(train),
        train_responses=sum(len(student.responses) for student in train),
        microseconds_per_response=cost,
    )


class EvaluationError(ValueError):
    """There is nothing to score: no test student has a response with a known outcome."""

    def __init__(self, train: int, test: int) -> None:
        super().__init__(f"nothing to score: {test} test students (and {train} train students), no known outcome")
        self.train = train
        self.test = test


def _time_filter(
    students: Iterable[LoggedStudent], parameters: Parameters, progress: Progress | None, clock: Clock | None
) -> float | None:
    """Return what prediction and update cost in the filter, in microseconds a response; None without a clock."""
    online = OnlinePass(parameters)
    passed, spent = 0, 0.0
    for student in students:
        if clock is not None:
            started = clock()
            online.learn(student.responses)
            spent += clock() - started
            passed += len(student.responses)
        if progress is not None:
            progress(1)
    return 1e6 * spent / max(1, passed) if clock is not None else None


class _Watched:
    """Collects what was believed and expected before each response."""

    def __init__(self, parameters: Parameters) -> None:
        self.next_five = NextFive()
        self.expected: list[float] = []
        self.logits: list[float] = []
        self._cold: list[tuple[float, float]] = []
        self._rows: list[tuple[float, ...]] = []
        self._sharing = parameters.sharing

    def add_all(self, online: LogPass, students: StudentGroup, progress: Progress | None) -> None:
        """Let students pass."""
        for place, watched in enumerate(online.watched(students)):
            self.next_five.start_student()
            last: frozenset[int] = frozenset()
            only_wrong: dict[int, bool] = {}
            for seen, predicted in enumerate(watched):
                self.expected.append(predicted.expected)
                self.logits.append(predicted.logit)
                if predicted.response.outcome is not None:
                    self._add(place, seen, predicted, last, only_wrong)
                    last = frozenset(predicted.response.skills)
            if progress is not None:
                progress(1)

    def _add(
        self, place: int, seen: int, predicted: PredictedResponse, last: frozenset[int], only_wrong: dict[int, bool]
    ) -> None:
        response, beliefs, untouched, _, _ = predicted
        outcome = response.outcome or 0.0
        self.next_five.add(response, beliefs)
        if beliefs and last.isdisjoint(response.skills):
            self._cold.append((outcome, predicted_success(beliefs, sharing=self._sharing).probability))
        for belief, never in zip(beliefs, untouched, strict=True):
            wrong = only_wrong.get(belief.skill, False)
            figures = (belief.responses, mastery(belief), mastery(never), wrong, outcome)
            self._rows.append((place, belief.skill, seen, *figures))
            only_wrong[belief.skill] = only_wrong.get(belief.skill, True) and outcome == 0.0

    def skill_predictions(self) -> SkillPredictions:
        """Return what was believed of each skill of each response."""
        table = np.array(self._rows, dtype=np.float64).reshape(-1, 8)
        place, skill, seen, practices = (table[:, column].astype(np.int64) for column in range(4))
        wrong = table[:, 6].astype(bool)
        return SkillPredictions(place, skill, seen, practices, table[:, 4], table[:, 5], wrong, table[:, 7])

    def cold_predictions(self) -> ColdPredictions:
        """Return what was expected of each cold response."""
        table = np.array(self._cold, dtype=np.float64).reshape(-1, 2)
        return ColdPredictions(table[:, 0], table[:, 1])
