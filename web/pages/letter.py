"""A letter to a student's parents: what is known, why, for how long, and whom to ask; in the school's language."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from models.reports.student_pages import Header, InterestLine, SkillLine
from web.pages import words
from web.pages.language import Language

WIDTH = 78


@dataclass(frozen=True, slots=True)
class StoredData:
    """What the school's Souschef knows of one student."""

    header: Header
    skills: tuple[SkillLine, ...]
    interests: tuple[InterestLine, ...]
    answers: int
    message_days: int | None
    """After so many days the messages of the learning platform are deleted; None: when the school erases them."""
    answer_days: int | None
    """The same for answers and what is stored from them."""


def letter(stored: StoredData, spoken: Language, *, contact: str) -> str:
    """Return the letter as plain text."""
    text, name = spoken.text, stored.header.name
    skills = [f"- {_capital(each.title)}: {words.status(each, spoken)} ({words.counted(each, spoken)})"
              for each in stored.skills if each.asked]  # fmt: skip
    liked = [f"- {_capital(each.title)}: {words.liked(each.value, spoken, vetoed=each.vetoed)}"
             for each in stored.interests]  # fmt: skip
    counted = spoken.plural(
        "%(num)s answer to a task, and from it the list of what %(name)s can do:",
        "%(num)s answers to tasks, and from them the list of what %(name)s can do:",
        stored.answers,
        name=name,
    )
    parts = [
        text("Dear parents of %(name)s,", name=name),
        text(
            "our class works with Souschef. It is a program that looks at how tasks went and picks the next task to "
            "practise. A teacher can change every choice. It gives no grades, and it compares no child with another."
        ),
        text("What is known"),
        counted,
        "\n".join(skills) or f"- {text('no answers yet')}",
        text("What %(name)s likes, so that tasks can be about it:", name=name) if stored.header.interests_enabled
        else text("Interests are switched off for %(name)s: none are stored or used.", name=name),
        "\n".join(liked) or ("" if not stored.header.interests_enabled else f"- {text('Nothing is known yet.')}"),
        text("What is written in an answer is never stored, only whether it was right."),
        text("Why"),
        text("So that %(name)s gets the task that helps most now, with a theme that %(name)s likes.", name=name),
        text("For how long"),
        f"{_messages(stored.message_days, spoken)} {_answers(stored.answer_days, spoken)}",
        text("Whom to ask"),
        text(
            "%(contact)s. You may see everything that is stored, have it corrected or deleted, and have interests "
            "switched off. Your child loses nothing by that.",
            contact=contact,
        ),
        text("Kind regards"),
    ]  # fmt: skip
    return "\n\n".join(_wrapped(part) for part in parts if part) + "\n"


def _messages(days: int | None, spoken: Language) -> str:
    if days is None:
        return spoken.text("The messages from the learning platform are kept until the school erases them.")
    return spoken.plural(
        "The messages from the learning platform are deleted after %(num)s day.",
        "The messages from the learning platform are deleted after %(num)s days.",
        days,
    )


def _answers(days: int | None, spoken: Language) -> str:
    if days is None:
        return spoken.text("How tasks went is kept until the school erases it; you can ask for that at any time.")
    return spoken.plural(
        "How tasks went is deleted after %(num)s day; you can ask for it sooner.",
        "How tasks went is deleted after %(num)s days; you can ask for it sooner.",
        days,
    )


def _wrapped(part: str) -> str:
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent="  " * line.startswith("- ")) for line in part.split("\n")
    )


def _capital(title: str) -> str:
    return title[:1].upper() + title[1:]
