"""A pass over a whole log by `learning.fitting.array_filter`: what `OnlinePass` does, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from learning.fitting import array_filter
from learning.fitting.arrays import Bools, Ints, Numbers, Responses, SharedArrays, StudentArrays
from learning.fitting.metrics import Floats
from learning.fitting.response_log import LoggedStudent
from learning.mastery.beliefs import SkillBelief
from learning.mastery.constants import Constants, constants
from learning.mastery.forgetting import retention
from learning.mastery.parameters import SHIPPED, Parameters
from learning.mastery.snapshot import Snapshot
from learning.mastery.state import ITEMS_KEPT, Response

FROM_CONSTANTS = tuple(name for name in Numbers._fields if name in Constants.__dataclass_fields__)
NO_BELIEFS: Floats = np.empty((0, 10))


@dataclass(frozen=True, slots=True)
class StudentColumns:
    """The responses of some students, one after another, as the arrays that the filter reads."""

    students: Ints
    """Where each student's responses begin, and behind the last where they end."""
    responses: Responses


class LogColumns:
    """Numbers a log's skills and items without gaps, and turns students into columns."""

    def __init__(self, students: Sequence[LoggedStudent]) -> None:
        responses = [response for student in students for response in student.responses]
        self.skills = sorted({skill for response in responses for skill in response.skills})
        self.items = sorted({response.item for response in responses if response.item is not None})
        self.most_skills = max((len(response.skills) for response in responses), default=0)
        self._skill = {skill: place for place, skill in enumerate(self.skills)}
        self._item: dict[int | None, int] = {item: place for place, item in enumerate(self.items)} | {None: -1}

    def of(self, students: Sequence[LoggedStudent]) -> StudentColumns:
        """Return the columns of some of the log's students, in this order."""
        ends = np.cumsum([0, *(len(student.responses) for student in students)])
        responses = [response for student in students for response in student.responses]
        skills = [len(response.skills) for response in responses]
        outcomes = [np.nan if response.outcome is None else response.outcome for response in responses]
        columns = Responses(
            at=np.array([response.at for response in responses], dtype=np.float64),
            item=np.array([self._item[response.item] for response in responses], dtype=np.int64),
            outcome=np.array(outcomes, dtype=np.float64),
            weight=np.array([response.weight for response in responses], dtype=np.float64),
            first_skill=np.cumsum([0, *skills]),
            skill=np.array(
                [self._skill[skill] for skill in chain.from_iterable(response.skills for response in responses)],
                dtype=np.int64,
            ),
        )
        return StudentColumns(ends, columns)


@dataclass(frozen=True, slots=True)
class PassedResponses:
    """What the filter expected and believed of responses, before each of them."""

    columns: StudentColumns
    expected: Floats
    """Mean, variance and logit, shape `(responses, 3)`."""
    beliefs: Floats
    """A row for each skill of each response (`array_filter.believe`); empty where nobody asked."""
    untouched: Floats

    @property
    def logits(self) -> Floats:
        """The logits expected, shape `(responses,)`."""
        return self.expected[:, 2]

    def beliefs_of(self, number: int, response: Response) -> list[SkillBelief]:
        """Return what was believed of the skills of a response."""
        return self._read(self.beliefs, number, response)

    def untouched_of(self, number: int, response: Response) -> list[SkillBelief]:
        """Return the same, had the student never practised the skill."""
        return self._read(self.untouched, number, response)

    def _read(self, rows: Floats, number: int, response: Response) -> list[SkillBelief]:
        first = self.columns.responses.first_skill[number]
        return [_belief(skill, rows[first + place], response.at) for place, skill in enumerate(response.skills)]


class ArrayPass:
    """The filter with its shared terms learning too, over one log."""

    def __init__(self, columns: LogColumns, parameters: Parameters = SHIPPED) -> None:
        constant = constants(parameters)
        values = {name: getattr(constant, name) for name in FROM_CONSTANTS}
        _, item_variance, _, item_slope_variance = constant.item_terms
        self._numbers = Numbers(
            **values,
            item_variance=item_variance,
            skill_variance=constant.skill_terms[1],
            item_slope_variance=item_slope_variance,
        )
        self._log = columns
        self._shares: Floats = np.array(constant.shares)
        prior = Snapshot.prior(parameters)
        skills, items = len(columns.skills), len(columns.items)
        self._shared = SharedArrays(
            bias=np.array(prior.bias),
            skills=np.tile(np.array(constant.skill_terms), (skills, 1)),
            items=np.tile(np.array(constant.item_terms), (items, 1)),
            learned=np.zeros(1, dtype=np.int64),
            skill_met=np.zeros(skills, dtype=np.bool_),
            item_met=np.zeros(items, dtype=np.bool_),
        )
        self._student = StudentArrays(
            level=np.zeros(4),
            counts=np.zeros(3, dtype=np.int64),
            skills=np.zeros((skills, 5)),
            skill_counts=np.zeros((skills, 4), dtype=np.int64),
            items=np.zeros((items, 2)),
            item_counts=np.zeros((items, 2), dtype=np.int64),
            latest=np.zeros(ITEMS_KEPT + 1, dtype=np.int64),
            before=np.zeros((max(1, columns.most_skills), 2)),
        )

    def add(self, students: StudentColumns, *, with_beliefs: bool = False) -> PassedResponses:
        """Let students pass, after those of earlier calls; return what was expected of them."""
        rows = len(students.responses.skill) if with_beliefs else 0
        beliefs, untouched = (np.empty((rows, 10)) if rows else NO_BELIEFS.copy() for _ in range(2))
        expected: Floats = np.empty((len(students.responses.at), 3))
        array_filter.run(
            self._student,
            self._shared,
            students.responses,
            students.students,
            self._shares,
            expected,
            beliefs,
            untouched,
            self._numbers,
        )
        return PassedResponses(students, expected, beliefs, untouched)

    @property
    def responses(self) -> int:
        """How many responses have taught the shared terms something."""
        return int(self._shared.learned[0])

    def snapshot(self, *, version: int, variance_factor: float | None = None) -> Snapshot:
        """Return what has been learned so far."""
        shared = self._shared
        return Snapshot(
            version,
            (float(shared.bias[0]), float(shared.bias[1])),
            dict(_terms(self._log.skills, shared.skills, shared.skill_met)),  # type: ignore[arg-type] # rows of six
            dict(_terms(self._log.items, shared.items, shared.item_met)),  # type: ignore[arg-type] # rows of four
            variance_factor,
        )


def _terms(ids: Sequence[int], rows: Floats, met: Bools) -> Iterator[tuple[int, tuple[float, ...]]]:
    for place, number in enumerate(ids):
        if met[place]:
            yield number, tuple(rows[place].tolist())


def _belief(skill: int, row: Floats, as_of: float) -> SkillBelief:
    values: list[float] = row.tolist()
    level, level_variance, offset, offset_variance, difficulty, difficulty_variance = values[:6]
    responses, evidence, at, stability = values[6:]
    return SkillBelief(
        skill,
        level,
        level_variance,
        offset,
        offset_variance,
        difficulty,
        difficulty_variance,
        int(responses),
        evidence,
        at if responses else None,
        retention(stability, max(0.0, as_of - at)) if responses else 1.0,
    )
