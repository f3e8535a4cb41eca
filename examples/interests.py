"""What invented students like, and how they fill in the interest questionnaire: well, badly, or not at all."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from examples.task_templates import CONTEXTS

HERE = Path(__file__).parent
QUESTIONNAIRE = HERE / "questionnaires" / "interests-24.json"
Answers = list[tuple[Mapping[str, Any], Any]]
"""(question, answer) pairs: a number, a text, or a list of option labels."""

LIKES: Mapping[str, tuple[str, ...]] = {
    "sports": (
        "I play soccer with my cousins",
        "basketball!!",
        "swimming and running around",
        "riding my bike to the park",
    ),
    "animals": ("my dog and walking him", "i like cats", "feeding the rabbits", "horses, i ride on saturdays"),
    "music": ("singing in the car", "playing the drums", "I listen to music all day", "dancing with my sister"),
    "building": ("legos and robots", "building forts", "making stuff out of boxes", "taking old radios apart"),
    "space": ("looking at the stars with my dad", "rockets", "reading about planets and black holes", "the moon"),
    "food": ("baking cookies with grandma", "cooking ramen", "making pancakes on sunday", "trying new food"),
    "games": ("minecraft", "chess and card games", "playing board games with my brother", "video games"),
    "art": ("drawing anime", "painting", "drawing dragons", "making bracelets"),
}
DISLIKES: Mapping[str, tuple[str, ...]] = {
    "sports": ("running", "i don't like ball games"),
    "animals": ("spiders and bugs, yuck", "i dont like dogs"),
    "music": ("singing in front of people", "choir"),
    "building": ("putting tiny parts together", "building things"),
    "space": ("space is boring", "planets"),
    "food": ("cooking", "helping in the kitchen"),
    "games": ("board games take too long", "card games"),
    "art": ("drawing", "I'm bad at painting"),
}
NOTHING = ("", "idk", "nothing", "I dunno", "no", "?")


class ResponseStyle(StrEnum):
    """How a student fills in a questionnaire."""

    HONEST = "honest"
    FLAT = "flat"
    CONTRADICTORY = "contradictory"
    EMPTY = "empty"
    WORDS_ONLY = "words only"
    HASTY = "hasty"
    """Stops after a third of the questions."""


@dataclass(frozen=True, slots=True)
class InterestProfile:
    """What one student likes, 0..1 a topic."""

    likes: Mapping[str, float]

    @property
    def ranked(self) -> list[str]:
        """The topics, the best liked first."""
        return sorted(self.likes, key=lambda topic: (-self.likes[topic], topic))


def draw_profile(dice: random.Random, *, favourites: Sequence[str] = ()) -> InterestProfile:
    """Return a profile; favourites are liked best, in their order, and all else is left to chance."""
    likes = {topic: round(dice.uniform(0.05, 0.75), 3) for topic in CONTEXTS}
    for place, topic in enumerate(favourites):
        likes[topic] = round(0.97 - 0.08 * place, 3)
    if not favourites:
        likes[dice.choice(CONTEXTS)] = 0.95
    return InterestProfile(likes)


def read_questions(path: Path = QUESTIONNAIRE) -> tuple[str, list[dict[str, Any]]]:
    """Return the survey's ref and its questions."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return document["survey"], document["questions"]


def fill_in(
    questions: Sequence[Mapping[str, Any]], profile: InterestProfile, style: ResponseStyle, dice: random.Random
) -> Answers:
    """Return a student's answers, in the order of the questions; what is not answered is left out."""
    match style:
        case ResponseStyle.EMPTY:
            return []
        case ResponseStyle.WORDS_ONLY:
            questions = [q for q in questions if q["kind"] == "text"]
        case ResponseStyle.HASTY:
            questions = questions[: len(questions) // 3]
        case ResponseStyle.HONEST | ResponseStyle.FLAT | ResponseStyle.CONTRADICTORY:
            pass
    return [(question, _answer(question, profile, style, dice)) for question in questions]


def _answer(question: Mapping[str, Any], profile: InterestProfile, style: ResponseStyle, dice: random.Random) -> Any:  # noqa: ANN401 - number, text or list
    match question["kind"]:
        case "rating":
            return _rating(question, profile, style, dice)
        case "text":
            return _words(question, profile, style, dice)
        case kind:
            return _picks(question, profile, style, dice, ordered=kind == "ranking")


def _rating(question: Mapping[str, Any], profile: InterestProfile, style: ResponseStyle, dice: random.Random) -> int:
    low, high = (int(end) for end in question["scale"])
    if style is ResponseStyle.FLAT:
        return (low + high) // 2
    if style is ResponseStyle.CONTRADICTORY:
        # Likes what was just disliked: the turned questions get the same answer as the straight ones.
        return high
    ((topic, sign),) = question["topics"].items()
    liking = min(1.0, max(0.0, profile.likes[topic] + dice.gauss(0.0, 0.09)))
    return round(low + (high - low) * (liking if sign > 0 else 1.0 - liking))


def _picks(
    question: Mapping[str, Any], profile: InterestProfile, style: ResponseStyle, dice: random.Random, *, ordered: bool
) -> list[str] | str:
    by_topic: dict[str, str] = {next(iter(topics)): label for label, topics in question["options"].items()}
    labels = [by_topic[topic] for topic in profile.ranked if topic in by_topic]
    if style is ResponseStyle.CONTRADICTORY:
        labels.reverse()
    if ordered:
        return labels
    if question["kind"] == "choice":
        return labels[0 if dice.random() < 0.8 else 1]  # noqa: PLR2004 - one in five takes the second best
    return labels[: dice.randint(1, 3)]


def _words(question: Mapping[str, Any], profile: InterestProfile, style: ResponseStyle, dice: random.Random) -> str:
    if style in (ResponseStyle.FLAT, ResponseStyle.CONTRADICTORY):
        return dice.choice(NOTHING)
    if question.get("asks") == "dislikes":
        return dice.choice((*DISLIKES[profile.ranked[-1]], *NOTHING[:3]))
    return dice.choice(LIKES[profile.ranked[0]])
