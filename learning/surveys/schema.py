"""The JSON document of a questionnaire as a strict model: every fault has its place and a hint."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from learning.surveys.questions import Question, QuestionKind, TextPolarity, plain

SCALED = (QuestionKind.RATING, QuestionKind.NUMBER)
WITH_OPTIONS = (QuestionKind.CHOICE, QuestionKind.CHOICES, QuestionKind.RANKING)
MAX_QUESTIONS = 200
ENDS = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or not allowed, in a questionnaire's document."""

    pointer: str
    """JSON pointer to the place."""
    code: str
    detail: str
    hint: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.detail}. {self.hint}"


class QuestionnaireError(ValueError):
    """A questionnaire cannot be read; each finding names the place and a hint."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = findings


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_Name = Annotated[str, Field(min_length=1, max_length=500)]
_Loadings = dict[_Name, float]


class QuestionDocument(_Strict):
    """One question as it is written."""

    ref: _Name
    kind: Annotated[QuestionKind, Field(strict=False)]
    aliases: list[_Name] = []
    prompt: Annotated[str, Field(max_length=1000)] = ""
    scale: Annotated[list[float], Field(min_length=ENDS, max_length=ENDS)] | None = None
    labels: Annotated[list[_Name], Field(min_length=2, max_length=21)] | None = None
    topics: _Loadings = {}
    options: Annotated[dict[_Name, _Loadings], Field(max_length=50)] = {}
    asks: Annotated[TextPolarity, Field(strict=False)] = TextPolarity.LIKES


class QuestionnaireDocument(_Strict):
    """A questionnaire as it is written."""

    survey: _Name
    title: _Name
    aliases: list[_Name] = []
    consent: str | None = None
    """Who consented to questions in protected categories, and when; the loader writes it."""
    questions: Annotated[list[QuestionDocument], Field(min_length=1, max_length=MAX_QUESTIONS)]


def parse(document: Mapping[str, Any]) -> tuple[QuestionnaireDocument, tuple[Question, ...]]:
    """Return the document and its questions.

    Raises:
        QuestionnaireError: with all that is wrong, not only the first.
    """
    try:
        written = QuestionnaireDocument.model_validate(document)
    except ValidationError as error:
        raise QuestionnaireError(tuple(_findings(error))) from None
    findings = tuple(_faults(written))
    if findings:
        raise QuestionnaireError(findings)
    return written, tuple(_question(written.survey, question) for question in written.questions)


def _question(survey: str, written: QuestionDocument) -> Question:
    low, high = written.scale or (0.0, len(written.labels) - 1.0 if written.labels else 1.0)
    return Question(
        survey=survey,
        ref=written.ref,
        kind=written.kind,
        aliases=tuple(written.aliases),
        prompt=written.prompt,
        low=low,
        high=high,
        labels=tuple(written.labels or ()),
        topics=dict(written.topics),
        options={option: dict(loadings) for option, loadings in written.options.items()},
        asks=written.asks,
    )


def _findings(error: ValidationError) -> Iterator[Finding]:
    """Yield pydantic's errors in our words, without the input: a document may be somebody's."""
    for each in error.errors(include_input=False, include_url=False, include_context=False):
        pointer = "".join(f"/{part}" for part in each["loc"])
        match each["type"]:
            case "missing":
                yield Finding(pointer, "missing", "this is missing", "Add it.")
            case "extra_forbidden":
                yield Finding(pointer, "unknown", "this name is not known", "Remove it, or correct its spelling.")
            case "enum":
                yield Finding(pointer, "kind", each["msg"].lower(), "Use one of these words.")
            case code:
                yield Finding(pointer, code, each["msg"].lower(), "Correct the value.")


def _faults(written: QuestionnaireDocument) -> Iterator[Finding]:
    """Yield what no single field shows."""
    seen: dict[str, int] = {}
    for n, question in enumerate(written.questions):
        here = f"/questions/{n}"
        for name in (question.ref, *question.aliases):
            if seen.setdefault(plain(name), n) != n:
                other = seen[plain(name)]
                yield Finding(f"{here}/ref", "doubled", f"question {other} has this name too", "Give it another name.")
        for name, texts in (("labels", question.labels or ()), ("options", question.options)):
            if len({plain(text) for text in texts}) < len(texts):
                yield Finding(f"{here}/{name}", "doubled", f"two {name} read the same", "Give each its own words.")
        yield from _scale_faults(question, here)
        yield from _topic_faults(question, here)


def _scale_faults(question: QuestionDocument, here: str) -> Iterator[Finding]:
    if question.kind not in SCALED:
        for name, value in (("scale", question.scale), ("labels", question.labels)):
            if value is not None:
                yield Finding(f"{here}/{name}", "unused", f"a {question.kind} has no {name}", "Remove it.")
        return
    if question.scale is None and question.labels is None:
        yield Finding(here, "no_scale", f"a {question.kind} needs a scale", 'Add "scale": [1, 5], or "labels".')
    if question.scale is None:
        return
    low, high = question.scale
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        yield Finding(f"{here}/scale", "scale", "the first end must be below the second", "Write [lowest, highest].")
    elif question.labels is not None and high - low != len(question.labels) - 1:
        yield Finding(
            f"{here}/labels",
            "labels",
            f"{len(question.labels)} labels do not fit a scale from {low:g} to {high:g}",
            "Write one label for each whole number of the scale.",
        )
    elif question.kind is QuestionKind.RATING and (low % 1 or high % 1):
        yield Finding(f"{here}/scale", "scale", "a rating's points are whole numbers", 'Use whole ends, or "number".')


def _topic_faults(question: QuestionDocument, here: str) -> Iterator[Finding]:
    kind = question.kind
    if kind in WITH_OPTIONS:
        if len(question.options) < ENDS:
            yield Finding(f"{here}/options", "options", f"a {kind} needs at least two options", "Add them.")
        if question.topics:
            yield Finding(f"{here}/topics", "unused", f"a {kind}'s topics stand with its options", "Move them there.")
    else:
        if question.options:
            yield Finding(f"{here}/options", "unused", f"a {kind} has no options", "Remove them, or use choices.")
        if kind is QuestionKind.TEXT and question.topics:
            yield Finding(f"{here}/topics", "unused", "free text is read for all topics", "Remove them.")
        if kind is not QuestionKind.TEXT and not question.topics:
            yield Finding(f"{here}/topics", "no_topics", f"the {kind} says nothing of any topic", "Add its topics.")
    places = [(f"{here}/topics", question.topics)]
    places += [(f"{here}/options/{option}", loadings) for option, loadings in question.options.items()]
    for place, loadings in places:
        for topic, loading in loadings.items():
            if not (math.isfinite(loading) and 0.0 < abs(loading) <= 1.0):
                yield Finding(
                    f"{place}/{topic}", "loading", f"a loading cannot be {loading:g}", "Use -1 to 1, but not 0."
                )
