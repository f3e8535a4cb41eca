"""Refuse numbers that no integer of a decision can stand for: those that are not finite, or far too large."""

from __future__ import annotations

from collections.abc import Iterable

from learning.selection.student import StudentContext

LARGEST = 1e12
"""Largest number that a decision takes, positive or negative: its microseconds or ten-thousandths fit into 64 bits."""


class InputError(ValueError):
    """A number that a decision would rest on is not finite, or far too large."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"{name} cannot be {value!r}")
        self.name = name
        self.value = value


def check_numbers(student: StudentContext, *, as_of: float) -> None:
    """Refuse numbers that no integer can stand for.

    Raises:
        InputError: a number is not finite, or too large for the record.
    """
    for skill, belief in student.beliefs.items():
        _check_numbers(f"belief about skill {skill}", belief)
    for topic, interest in student.interests.items():
        _check_numbers(f"interest in {topic}", (interest.value, interest.confidence))
    for attempt in student.history:
        numbers = attempt.attempted_at, attempt.outcome, attempt.difficulty
        _check_numbers(f"attempt on material {attempt.material}", numbers)
    for assignment in student.open_assignments:
        _check_numbers(f"slot {assignment.slot}", (assignment.assigned_at, assignment.evidence_until))
    rate, memory = student.completion_rate, student.memory
    _check_numbers("responses", (student.responses,))
    _check_numbers("reading level", (student.reading_level,))
    _check_numbers("completion rate", () if rate is None else (rate.assignments, rate.minutes, rate.days))
    _check_numbers("time", (as_of, student.evidence_until, memory.evidence_counted_until))


def _check_numbers(name: str, numbers: Iterable[float | None]) -> None:
    # One comparison for all of them, because each decision checks hundreds; NaN compares as false.
    if not sum(abs(number) for number in numbers if number is not None) <= LARGEST:
        raise InputError(name, tuple(numbers))
