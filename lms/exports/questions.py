"""Questions as question banks export them, and the row of each in the list of proposed alignments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lms.exports.imported import Imported
from lms.exports.proposals import IN_NAME, IN_NUMBER, Matcher, Proposal
from lms.files.bundle import MAX_NAME_LENGTH
from lms.files.problem import SourceLocation

PROPOSED = "proposed_alignments.csv"


@dataclass(frozen=True, slots=True)
class Question:
    """One question."""

    name: str
    """What events call it."""
    at: SourceLocation
    kind: str = ""
    category: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    text: str = ""
    """What it asks, as plain text."""
    number: str = ""
    """Its id number in the question bank."""
    guids: tuple[str, ...] = ()
    """Of the standards that its package says it is about."""
    title: str = ""
    """A title, where its name is none."""


def propose(questions: Sequence[Question], matcher: Matcher, found: Imported) -> None:
    """Add a row for each question and each skill that it may be about; without any, one without a skill."""
    names = Counter(question.name for question in questions)
    for question in questions:
        if len(question.name) > MAX_NAME_LENGTH or "\x00" in question.name:
            wrong = f"the name {question.name[:40]!r} has more than {MAX_NAME_LENGTH} characters, or a zero character"
            found.leave_out("have too long a name", question.at, wrong, "Shorten it in the question bank.")
            continue
        found.read["questions"] += 1
        skills = proposals(question, matcher) or [Proposal("", 0.0, "nothing matches a skill")]
        found.read["with a proposed skill"] += bool(skills[0].skill)
        for each in skills:
            found.add(PROPOSED, _row(question, each))
    several = [name for name, count in names.items() if count > 1]
    if several:
        found.notes.append(
            f"{len(several):,} names belong to several questions, such as {several[0]!r}: "
            "name these QUIZ|NAME in alignments.csv, with the quiz's name (docs/lms/moodle.md)."
        )


def proposals(question: Question, matcher: Matcher) -> list[Proposal]:
    """Return the skills that a question may be about, the surest first."""
    return matcher.of(
        question.guids,
        (
            ("its id number", IN_NUMBER, question.number),
            ("its name", IN_NAME, question.name),
            ("its title", IN_NAME, question.title),
        ),
        question.tags,
        question.category,
        words=f"{question.name} {question.title} {question.text} {' '.join(question.category[-1:])}",
    )


def _row(question: Question, proposal: Proposal) -> dict[str, str]:
    return {
        "accept": "",
        "item": question.name,
        "skill": proposal.skill,
        "sure": f"{proposal.sure:.2f}",
        "because": proposal.because,
        "kind": question.kind,
        "category": " / ".join(question.category),
        "tags": ";".join(question.tags),
        "text": question.title or question.text[:120],
    }
