"""Materials in integers, shelved so that a decision looks at a few of them and never scans the catalogue."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from learning.selection.fixed import KAPPA, mix, sigmoid


class Entry(NamedTuple):
    """A material as a decision reads it (a tuple: thousands are compared); numbers in 1/10,000, times in seconds."""

    id: int
    skills: tuple[int, ...]
    difficulty: int
    context: str | None
    depth: str
    reading: int | None
    minutes: int
    language: str
    licence: str | None
    active_from: int | None
    active_until: int | None


class Outlook(NamedTuple):
    """What a student's success on materials of some skills depends on: the mean logit and how much doubt shrinks it."""

    mean: int
    kappa: int

    def success(self, difficulty: int) -> int:
        """Return the predicted success at a difficulty."""
        return sigmoid((self.mean - difficulty) * self.kappa // KAPPA)

    def difficulty_for(self, logit: int) -> int:
        """Return the difficulty at which predicted success has this logit."""
        return self.mean - logit * KAPPA // self.kappa


@dataclass(frozen=True, slots=True)
class Shelf:
    """Materials that differ in difficulty alone, as far as rules about kinds can tell: rows of equal difficulty.

    `reading` is the reading level in half grades, rounded down: what stands here reads at least so hard.
    """

    skills: tuple[int, ...]
    context: str | None
    depth: str
    language: str
    licence: str | None
    reading: int | None
    difficulties: tuple[int, ...]
    rows: tuple[tuple[Entry, ...], ...]

    def nearest(
        self,
        outlook: Outlook,
        *,
        ideal: int,
        ideal_logit: int,
        band: tuple[int, int],
        accept: Callable[[Entry], bool],
    ) -> tuple[Entry, int] | None:
        """Return the accepted material whose predicted success in `band` is nearest to `ideal`, and that success.

        The order is total (distance, easier first, hash), so that a shelf that lost others gives the same answer.
        """
        for row, success in self._outward(outlook, ideal=ideal, ideal_logit=ideal_logit, band=band):
            for entry in row:
                if accept(entry):
                    return entry, success
        return None

    def _outward(
        self, outlook: Outlook, *, ideal: int, ideal_logit: int, band: tuple[int, int]
    ) -> Iterator[tuple[tuple[Entry, ...], int]]:
        """Walk the rows from the ideal difficulty outward, as far as the band goes."""
        low, high = band
        difficulties, success = self.difficulties, outlook.success
        right = bisect_left(difficulties, outlook.difficulty_for(ideal_logit))
        left = right - 1
        easier = success(difficulties[left]) if left >= 0 else high + 1
        harder = success(difficulties[right]) if right < len(difficulties) else low - 1
        while easier <= high or harder >= low:
            if easier <= high and (harder < low or abs(easier - ideal) <= abs(harder - ideal)):
                if easier >= low:
                    yield self.rows[left], easier
                left -= 1
                easier = success(difficulties[left]) if left >= 0 else high + 1
            else:
                if harder <= high:
                    yield self.rows[right], harder
                right += 1
                harder = success(difficulties[right]) if right < len(difficulties) else low - 1


Shelves = dict[int, tuple[tuple[tuple[int, ...], tuple[Shelf, ...]], ...]]
"""By the skill that materials are for: groups of the same skills, each with its shelves."""


def shelve(entries: Iterable[Entry]) -> Shelves:
    """Return the shelves of all materials, in an order that does not depend on theirs."""
    rows: dict[tuple[object, ...], dict[int, list[Entry]]] = {}
    for entry in entries:
        reading = None if entry.reading is None else entry.reading // 5_000
        kind = (entry.skills, entry.context, entry.depth, entry.language, entry.licence, reading)
        rows.setdefault(kind, {}).setdefault(entry.difficulty, []).append(entry)
    groups: dict[tuple[int, ...], list[Shelf]] = {}
    for name in sorted(rows, key=repr):
        shelf = _shelf(rows[name])
        groups.setdefault(shelf.skills, []).append(shelf)
    shelves: dict[int, list[tuple[tuple[int, ...], tuple[Shelf, ...]]]] = {}
    for skills in sorted(groups):
        shelves.setdefault(skills[0], []).append((skills, tuple(groups[skills])))
    return {skill: tuple(found) for skill, found in shelves.items()}


def _shelf(by_difficulty: dict[int, list[Entry]]) -> Shelf:
    difficulties = tuple(sorted(by_difficulty))
    rows = tuple(tuple(sorted(by_difficulty[d], key=lambda entry: mix(entry.id))) for d in difficulties)
    first = rows[0][0]
    reading = None if first.reading is None else first.reading // 5_000
    return Shelf(first.skills, first.context, first.depth, first.language, first.licence, reading, difficulties, rows)
