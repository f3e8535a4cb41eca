"""A survey as the school loaded it, read from its JSON document by a strict model that says what to fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learning.surveys import ppra
from learning.surveys.questions import Question, QuestionKind, TextPolarity, plain
from learning.surveys.schema import Finding, QuestionnaireError, parse
from learning.surveys.scoring import Reader, score

__all__ = [
    "Finding",
    "Question",
    "QuestionKind",
    "Questionnaire",
    "QuestionnaireError",
    "Reader",
    "TextPolarity",
    "lint",
    "score",
]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """One interest survey."""

    survey: str
    """Its ref: as the source's allow-list names it."""
    title: str
    questions: tuple[Question, ...]
    aliases: tuple[str, ...] = ()
    """Other names of the same survey, as a feedback's address is."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Questionnaire:
        """Return the questionnaire that a JSON document describes.

        Raises:
            QuestionnaireError: it is none; each finding has a JSON pointer and a hint.
        """
        head, questions = parse(document)
        return cls(survey=head.survey, title=head.title, questions=questions, aliases=tuple(head.aliases))

    def question(self, names: Sequence[str]) -> Question | None:
        """Return the question that one of `names` means, the first name that is known deciding; None if none is.

        Names are compared without regard to case, spacing and closing punctuation, for a question that an LMS knows
        by its wording only is retyped by hand.
        """
        by_name = {plain(name): question for question in self.questions for name in question.names}
        return next((by_name[plain(name)] for name in names if plain(name) in by_name), None)

    @property
    def topics(self) -> frozenset[str]:
        """The topics that its questions speak of; the loader checks that the school has them."""
        return frozenset[str]().union(*(question.spoken_of for question in self.questions))


def lint(questionnaire: Questionnaire) -> list[Finding]:
    """Return what touches one of the eight categories that PPRA protects; the loader wants recorded consent for it.

    Source: Protection of Pupil Rights Amendment, 20 U.S.C. 1232h(b).
    """
    texts = [("/title", questionnaire.title)]
    for n, question in enumerate(questionnaire.questions):
        texts += [(f"/questions/{n}/{name}", text) for name, text in _wording(question)]
    return [finding for pointer, text in texts for finding in ppra.find(text, pointer=pointer)]


def _wording(question: Question) -> list[tuple[str, str]]:
    texts = [("ref", question.ref), ("prompt", question.prompt)]
    texts += [(f"aliases/{n}", alias) for n, alias in enumerate(question.aliases)]
    texts += [(f"labels/{n}", label) for n, label in enumerate(question.labels)]
    return texts + [(f"options/{option.replace('~', '~0').replace('/', '~1')}", option) for option in question.options]
