"""A log of responses as people keep it, in CSV lines, becomes students with their responses in order.

Columns: `student, seq, item, skills, correct, timestamp_s, split`; any others may be named as groups. Skills are
separated by `;`; `item`, `timestamp_s` and `correct` may be empty (unknown), `split` may be missing altogether.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from learning.mastery.state import Response

REQUIRED = ("student", "seq", "skills", "correct")
TEST_SHARE = 0.2
COMMON = {"0": 0.0, "1": 1.0}
"""Numbers that come again and again are one object: a pass over the log touches less memory."""


class LogError(ValueError):
    """A log of responses cannot be read; the line is named, and how to hint it."""

    def __init__(self, line: int, problem: str, hint: str) -> None:
        super().__init__(f"line {line}: {problem}. {hint}")
        self.line = line
        self.problem = problem
        self.hint = hint


@dataclass(frozen=True, slots=True)
class LoggedStudent:
    """One student's responses, in order."""

    ref: str
    train: bool
    responses: tuple[Response, ...]
    groups: tuple[str, ...] = ()
    """The student's value in each column asked for as a group."""


@dataclass(frozen=True, slots=True)
class ResponseLog:
    """All students of a log; ids count the names in the order of their first appearance."""

    students: tuple[LoggedStudent, ...]
    skills: tuple[str, ...]
    items: tuple[str, ...]
    groups: tuple[str, ...] = ()

    def in_protocol_order(self, seed: int) -> tuple[list[LoggedStudent], list[LoggedStudent]]:
        """Return the train students in a seeded order, and the test students in a seeded order."""
        shares: tuple[list[LoggedStudent], list[LoggedStudent]] = ([], [])
        for student in sorted(self.students, key=lambda student: student.ref):
            shares[0 if student.train else 1].append(student)
        for share in shares:
            random.Random(seed).shuffle(share)
        return shares


@dataclass(slots=True)
class _Interner:
    """Numbers names as they come; the same list of names is the same tuple again, which keeps a log small."""

    ids: dict[str, int] = field(default_factory=dict)
    lists: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __call__(self, name: str) -> int:
        return self.ids.setdefault(name, len(self.ids))

    def split(self, text: str) -> tuple[int, ...]:
        """Return the numbers of the names in a list separated by `;`, each once."""
        found = self.lists.get(text)
        if found is None:
            names = dict.fromkeys(name for part in text.split(";") if (name := part.strip()))
            found = self.lists[text] = tuple(map(self, names))
        return found


@dataclass(slots=True)
class _StudentRows:
    """One student while the lines come in."""

    split: str
    groups: tuple[str, ...]
    rows: list[tuple[float, int | None, tuple[int, ...], float | None, float | None]] = field(default_factory=list)


def parse_log(
    lines: Iterable[str], *, groups: Sequence[str] = (), seed: int = 0, progress: Callable[[int], None] | None = None
) -> ResponseLog:
    """Return the log that `lines` of CSV hold, the header first.

    A student's responses are put in the order of `seq`. An unknown time is that of the response before, or 0. Where
    the `item` column is empty or always the same, items are unknown. Where there is no `split`, a seeded fifth of the
    students is the test split. `progress` is called with the number of the line now and then.

    Raises:
        LogError: a column is missing, a value cannot be read, or there is no response.
    """
    reader = csv.reader(lines)
    skills, items = _Interner(), _Interner()
    pupils: dict[str, _StudentRows] = {}
    try:
        columns = _columns(reader, groups)
        for row in reader:
            if row:
                _read(row, reader.line_num, columns, groups, skills, items, pupils)
            if progress is not None and reader.line_num % 4096 == 0:
                progress(reader.line_num)
    except csv.Error as error:
        raise LogError(reader.line_num, f"not CSV: {error}", "Save the file as plain comma-separated UTF-8.") from error
    if not pupils:
        raise LogError(reader.line_num, "no responses", "Add one line a response below the header.")
    identified = len(items.ids) > 1
    test_students = _split(pupils, seed)
    students = tuple(
        LoggedStudent(ref, ref in test_students, _in_order(pupil, identified=identified), pupil.groups)
        for ref, pupil in pupils.items()
    )
    return ResponseLog(students, tuple(skills.ids), tuple(items.ids) if identified else (), tuple(groups))


def log_of(
    students: Iterable[tuple[str, Sequence[Response]]], *, names: Mapping[int, str], seed: int = 0
) -> ResponseLog:
    """Return the log of students whose responses are there already, in order; a seeded fifth is the test split.

    `names` are the skills' by their ids; the log counts skills by itself.
    """
    skills = _Interner()
    by_student = {
        ref: tuple(
            replace(response, skills=tuple(skills(names.get(skill, str(skill))) for skill in response.skills))
            for response in responses
        )
        for ref, responses in students
        if responses
    }
    test_students = _held_in(by_student, seed)
    return ResponseLog(
        tuple(LoggedStudent(ref, ref in test_students, responses) for ref, responses in by_student.items()),
        tuple(skills.ids),
        (),
    )


def _columns(reader: Iterable[list[str]], groups: Sequence[str]) -> dict[str, int]:
    header = next(iter(reader), None)
    if header is None:
        raise LogError(1, "the file is empty", f"Start it with the header {','.join(REQUIRED)}.")
    columns = {name.strip().lstrip("\ufeff"): place for place, name in enumerate(header)}
    for name in (*REQUIRED, *groups):
        if name not in columns:
            there = ", ".join(columns) or "nothing"
            raise LogError(1, f"there is no column {name!r} (there is {there})", "Add it or rename the column.")
    return columns


def _read(
    row: list[str],
    line: int,
    columns: dict[str, int],
    groups: Sequence[str],
    skills: _Interner,
    items: _Interner,
    pupils: dict[str, _StudentRows],
) -> None:
    if len(row) < len(columns):
        raise LogError(
            line, f"{len(row)} values for {len(columns)} columns", "Fill the missing ones or leave them empty."
        )
    cell = {name: row[place].strip() for name, place in columns.items()}
    student = cell["student"]
    if not student:
        raise LogError(line, "no student", "Name the student whose response this is.")
    number = _number(line, "seq", cell["seq"], -math.inf, math.inf)
    if number is None:
        raise LogError(line, "no seq", "Number each student's responses in their order.")
    pupil = pupils.get(student)
    if pupil is None:
        pupil = pupils[student] = _StudentRows(cell.get("split", ""), tuple(cell[group] for group in groups))
    _agree(line, pupil, cell.get("split", ""))
    item = cell.get("item", "")
    outcome = _number(line, "correct", cell["correct"], 0.0, 1.0)
    at = _number(line, "timestamp_s", cell.get("timestamp_s", ""), -1e12, 1e12)
    pupil.rows.append((number, items(item) if item else None, skills.split(cell["skills"]), outcome, at))


def _number(line: int, name: str, value: str, low: float, high: float) -> float | None:
    if not value:
        return None
    if value in COMMON:
        return COMMON[value]
    try:
        number = float(value)
    except ValueError:
        raise LogError(line, f"{name} is {value!r}", f"Write {name} as a plain number.") from None
    if not low <= number <= high or not math.isfinite(number):
        raise LogError(line, f"{name} is {value!r}", f"Write {name} as a finite number from {low:g} to {high:g}.")
    return number


def _agree(line: int, pupil: _StudentRows, split: str) -> None:
    if split not in {"", "train", "test"}:
        raise LogError(line, f"split is {split!r}", "Write train or test, or leave the whole column out.")
    if split != pupil.split:
        raise LogError(
            line, f"split is {split!r} where the student's was {pupil.split!r}", "A student belongs to one split whole."
        )


def _split(pupils: dict[str, _StudentRows], seed: int) -> set[str]:
    """Return the train students: those marked so, or a seeded four fifths where nobody is marked."""
    if any(pupil.split for pupil in pupils.values()):
        return {ref for ref, pupil in pupils.items() if pupil.split != "test"}
    return _held_in(pupils, seed)


def _held_in(refs: Iterable[str], seed: int) -> set[str]:
    ordered = sorted(refs)
    random.Random(seed).shuffle(ordered)
    return set(ordered[max(1, round(TEST_SHARE * len(ordered))) :])


def _in_order(pupil: _StudentRows, *, identified: bool) -> tuple[Response, ...]:
    now, responses = 0.0, []
    for _, item, skills, outcome, at in sorted(pupil.rows, key=itemgetter(0)):
        now = now if at is None else at
        responses.append(Response(now, item if identified else None, skills, outcome))
    return tuple(responses)
