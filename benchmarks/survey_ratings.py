"""What short questionnaires say of children's interests: how many children like nothing, or dislike what they like.

python -m benchmarks.survey_ratings            prints the table and writes docs/results/survey-ratings.md
python -m benchmarks.survey_ratings --json     prints the figures only
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from learning.interests.evidence import RatingEvidence
from learning.interests.vector import interest_vector

PAGE = Path(__file__).parents[1] / "docs" / "results" / "survey-ratings.md"
CHILDREN = 4_000
TOPICS = tuple(f"topic{n}" for n in range(8))
TYPICAL = (5, 10, 20, 30, 35)
"""How often children tick 1, 2, 3, 4 and 5 of five, in percent; uniform answers stand beside it."""
UNIFORM = (20, 20, 20, 20, 20)
MIN_INTEREST, MIN_CONFIDENCE = 0.6, 0.3
"""From here on the decision counts a topic as surely liked; 1 - MIN_INTEREST and below is disliked."""
HALF = 0.5
AT = 1_800_000_000.0
Ratings = dict[str, list[int]]
Values = dict[str, tuple[float, float]]
"""(interest, confidence) by topic."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of children, and of topics, in [0, 1]."""

    likes_nothing: float
    """Children without any topic that is surely liked, of those whose ratings differ."""
    liked: float
    """Topics a child that are surely liked."""
    disliked_though_rated_high: float
    """Topics rated 4 or 5 on average that count as surely disliked."""


def children(shares: Sequence[int], *, items: int, seed: int = 1) -> list[Ratings]:
    """Draw the ratings of some children: `items` ratings of each topic from 1 to 5."""
    rng = random.Random(seed)
    points = range(1, 6)
    return [{topic: rng.choices(points, shares, k=items) for topic in TOPICS} for _ in range(CHILDREN)]


def now(ratings: Ratings) -> Values:
    """Read one child's ratings as Souschef does."""
    evidence = [
        RatingEvidence(AT, f"{topic}{n}", "response", (rating - 1) / 4, ((topic, 1.0),))
        for topic, of_topic in ratings.items()
        for n, rating in enumerate(of_topic)
    ]
    found = interest_vector(evidence, topics=TOPICS, as_of=AT)
    return {topic: (each.value, each.confidence) for topic, each in found.items()}


def before(ratings: Ratings) -> Values:
    """Read them as version 0.1 did: x = .5 + (r - mean) / 2 in shares of the scale."""
    points = {topic: [(rating - 1) / 4 for rating in of_topic] for topic, of_topic in ratings.items()}
    every = [point for of_topic in points.values() for point in of_topic]
    mean = sum(every) / len(every)
    return {
        topic: (
            (HALF + sum(HALF + (point - mean) / 2 for point in of_topic)) / (1 + len(of_topic)),
            len(of_topic) / (1 + len(of_topic)),
        )
        for topic, of_topic in points.items()
    }


def measure(drawn: Sequence[Ratings], read: Callable[[Ratings], Values], *, dislike: float) -> Figures:
    """Return the figures of one way to read ratings, where a topic is disliked up to `dislike`."""
    differing = [each for each in drawn if len({tuple(ratings) for ratings in each.values()}) > 1]
    likes: list[int] = []
    high = wrong = 0
    for ratings in differing:
        values = {topic: pair for topic, pair in read(ratings).items() if pair[1] >= MIN_CONFIDENCE}
        likes.append(sum(value >= MIN_INTEREST for value, _ in values.values()))
        rated_high = [topic for topic, of_topic in ratings.items() if sum(of_topic) >= 4 * len(of_topic)]
        high += len(rated_high)
        wrong += sum(values[topic][0] < dislike for topic in rated_high if topic in values)
    return Figures(
        likes_nothing=round(likes.count(0) / len(likes), 4),
        liked=round(sum(likes) / len(likes), 2),
        disliked_though_rated_high=round(wrong / max(high, 1), 4),
    )


def run() -> dict[str, dict[str, Figures]]:
    """Return the figures by kind of questionnaire, before and now."""
    kinds = {
        "one question a topic": (TYPICAL, 1),
        "three questions a topic": (TYPICAL, 3),
        "one question a topic, uniform answers": (UNIFORM, 1),
    }
    found = {}
    for name, (shares, items) in kinds.items():
        drawn = children(shares, items=items)
        # Up to now a topic counted as disliked from just below indifference on.
        found[name] = {
            "before": measure(drawn, before, dislike=HALF),
            "now": measure(drawn, now, dislike=1.0 - MIN_INTEREST + 1e-9),
        }
    return found


PAGE_TEXT = """# What short questionnaires say of interests

Made by `python -m benchmarks.survey_ratings`: {children} drawn children rate eight topics from 1 to 5, as children give
marks (5: 35 %, 4: 30 %, 3: 20 %, 2: 10 %, 1: 5 %). *Before* is version 0.1 on the same ratings. Children who rate every
topic the same are left out: they say nothing, before and now.

| questionnaire | | children who like nothing | topics liked a child | rated 4 or 5, yet surely disliked |
|---|---|---|---|---|
{rows}

The marks are drawn, one topic independent of the next: real children agree more with themselves, and with each other.
"""


def page(found: dict[str, dict[str, Figures]]) -> str:
    """Return the page of results."""
    rows = [
        f"| {name} | {way} | {each.likes_nothing:.1%} | {each.liked:.2f} | {each.disliked_though_rated_high:.1%} |"
        for name, ways in found.items()
        for way, each in ways.items()
    ]
    return PAGE_TEXT.format(children=f"{CHILDREN:,}", rows="\n".join(rows))


def main(arguments: Sequence[str]) -> int:
    """Print the figures."""
    found = run()
    if "--json" in arguments:
        plain = {
            name: {way: {f: getattr(each, f) for f in Figures.__slots__} for way, each in ways.items()}
            for name, ways in found.items()
        }
        print(json.dumps(plain, indent=2))
    else:
        PAGE.write_text(page(found), encoding="utf-8")
        print(page(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
