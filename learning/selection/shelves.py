"""Materials in integers, shelved so that a decision looks at a few of them and never scans the catalogue."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
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
    """Materials that practise the same skills, by difficulty: rows of equal difficulty, in the order of a hash."""

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
        low, high = band
        difficulties, rows = self.difficulties, self.rows
        mean, shrink, end = outlook.mean, outlook.kappa, len(self.difficulties)
        right = bisect_left(difficulties, outlook.difficulty_for(ideal_logit))
        left = right - 1
        # Written out, because a decision comes here a hundred times: `outlook.success` of the row on either side.
        easier = sigmoid((mean - difficulties[left]) * shrink // KAPPA) if left >= 0 else high + 1
        harder = sigmoid((mean - difficulties[right]) * shrink // KAPPA) if right < end else low - 1
        while easier <= high or harder >= low:
            if easier <= high and (harder < low or abs(easier - ideal) <= abs(harder - ideal)):
                row, success = rows[left], easier
                left -= 1
                easier = sigmoid((mean - difficulties[left]) * shrink // KAPPA) if left >= 0 else high + 1
            else:
                row, success = rows[right], harder
                right += 1
                harder = sigmoid((mean - difficulties[right]) * shrink // KAPPA) if right < end else low - 1
            if low <= success <= high:
                for entry in row:
                    if accept(entry):
                        return entry, success
        return None


Kind = tuple[str | None, str]
"""Context and depth."""
NEUTRAL: Kind = (None, "neutral")


@dataclass(frozen=True, slots=True)
class Group:
    """All materials that practise the same skills: together, and by context and depth."""

    skills: tuple[int, ...]
    whole: Shelf
    kinds: Mapping[Kind, Shelf]


Shelves = Mapping[int, tuple[Group, ...]]
"""By the skill that materials are for."""


def shelve(entries: Iterable[Entry]) -> Shelves:
    """Return the shelves of all materials, in an order that does not depend on theirs."""
    by_skills: dict[tuple[int, ...], list[Entry]] = {}
    for entry in entries:
        by_skills.setdefault(entry.skills, []).append(entry)
    shelves: dict[int, list[Group]] = {}
    for skills in sorted(by_skills):
        shelves.setdefault(skills[0], []).append(_group(skills, by_skills[skills]))
    return {skill: tuple(found) for skill, found in shelves.items()}


def _group(skills: tuple[int, ...], entries: list[Entry]) -> Group:
    by_kind: dict[Kind, list[Entry]] = {}
    for entry in entries:
        by_kind.setdefault((entry.context, entry.depth), []).append(entry)
    in_order = sorted(by_kind, key=lambda kind: (kind[0] or "", kind[1]))
    return Group(skills, _shelf(entries), {kind: _shelf(by_kind[kind]) for kind in in_order})


def _shelf(entries: list[Entry]) -> Shelf:
    by_difficulty: dict[int, list[Entry]] = {}
    for entry in entries:
        by_difficulty.setdefault(entry.difficulty, []).append(entry)
    difficulties = tuple(sorted(by_difficulty))
    rows = tuple(tuple(sorted(by_difficulty[d], key=lambda entry: mix(entry.id))) for d in difficulties)
    return Shelf(difficulties, rows)
