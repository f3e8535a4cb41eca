"""How well free text is read: precision and recall on labelled phrases, tuned on one half, measured on the other."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One phrase and what a person reads in it."""

    phrase: str
    likes: frozenset[str]
    dislikes: frozenset[str]
    either: frozenset[str]
    """Topics that one may read in it or not: they count for nothing."""

    @property
    def held_back(self) -> bool:
        """Whether it belongs to the half that nobody looks at while tuning; a hash of the phrase decides."""
        return bool(hashlib.blake2s(self.phrase.encode()).digest()[0] & 1)


def phrases() -> list[Labelled]:
    """Return the labelled phrases."""
    with (DATA / "interest_phrases.csv").open(encoding="utf-8", newline="") as file:
        return [
            Labelled(row["phrase"], *(_set(row[name]) for name in ("likes", "dislikes", "either")))
            for row in csv.DictReader(file)
        ]


def topics() -> dict[str, tuple[str, ...]]:
    """Return the topics of the labelled phrases: ref -> title, phrases."""
    with (DATA / "interest_topics.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["topic"]: (row["title"], *(p.strip() for p in row["phrases"].split(";")))
            for row in csv.DictReader(file)
        }


def _set(cell: str) -> frozenset[str]:
    return frozenset(filter(None, cell.split(";")))
