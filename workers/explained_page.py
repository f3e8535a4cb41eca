"""A page of explanations: of each kind that a class has some, each with the evidence behind it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from learning.selection.reading import reading_grade
from models.explanations import Explanation

MOST = 20
INTRODUCTION = """\
# {count} explanations

`{command}` prints this page from {what}. Each assignment says in two sentences why this
skill and why this theme; below them stands what is known of that skill and theme. Mastery, interest and how sure
they are run from 0 to 1. The grade is the Flesch-Kincaid grade of the two sentences: 0.39 x words a sentence + 11.8 x
syllables a word - 15.59.
"""


def page(found: Sequence[Explanation], *, command: str = "souschef explain --page", what: str = "a school") -> str:
    """Return the page as Markdown."""
    chosen = varied(found)
    parts = [INTRODUCTION.format(count=len(chosen), command=command, what=what)]
    parts += [_one(number, each) for number, each in enumerate(chosen, start=1)]
    return "\n".join(parts)


def varied(found: Sequence[Explanation], *, most: int = MOST) -> list[Explanation]:
    """Return some of every kind in turn, as many different students as there are; no two that say the same."""
    kinds: dict[tuple[str, str], list[Explanation]] = {}
    for each in found:
        kinds.setdefault((_opening(each.because_gap), each.reason.split("context.")[-1].split()[0]), []).append(each)
    ordered = [kinds[kind] for kind in sorted(kinds, key=lambda kind: (len(kinds[kind]), kind))]
    in_turn = [each for row in zip_longest(*ordered) for each in row if each is not None]
    chosen: list[Explanation] = []
    for again in (False, True):
        for each in in_turn:
            known = {one.student for one in chosen}
            said = {(one.because_gap, one.because_interest) for one in chosen}
            if len(chosen) < most and (again or each.student not in known) and _says(each) not in said:
                chosen.append(each)
    return sorted(chosen, key=lambda each: (each.name, each.material))


def _says(each: Explanation) -> tuple[str, str]:
    return each.because_gap, each.because_interest


def _opening(sentence: str) -> str:
    return " ".join(sentence.split()[:2])


def _one(number: int, each: Explanation) -> str:
    grade = reading_grade(f"{each.because_gap} {each.because_interest}")
    lines = [f"## {number}. {each.name}: {each.material}", "", f"> {each.because_gap} {each.because_interest}", ""]
    lines += [
        f"- {line}" for line in (_mastery(each), _answers(each), _liking(each), f"It reads at grade {grade:.1f}.")
    ]
    return "\n".join([*lines, ""])


def _mastery(each: Explanation) -> str:
    if each.mastery is None or each.low is None or each.high is None or each.target is None:
        return f"Nothing is published yet on {each.skill}."
    return (
        f"Mastery of {each.skill}: {each.mastery:.2f}, most likely between {each.low:.2f} and {each.high:.2f}; the "
        f"target is {each.target:.2f}. Success on this task is expected at {each.predicted_success:.2f}."
    )


def _answers(each: Explanation) -> str:
    if not each.recent:
        return "Answers: none yet."
    days: dict[str, list[str]] = {}
    for day, right in each.recent:
        days.setdefault(f"{day.day} {day:%B}", []).append(
            "right" if right == 1 else "wrong" if right == 0 else "partly"
        )
    told = "; ".join(f"{day} {', '.join(outcomes)}" for day, outcomes in days.items())
    return f"Answers, the last first: {told}."


def _liking(each: Explanation) -> str:
    given_up = f"It cost {each.price:.3f} of the best skill value." if each.price else "It cost no skill value."
    if each.topic is None:
        return f"Theme: none. {given_up}"
    if each.interest is None or each.confidence is None:
        return f"Theme: {each.topic}, of which nothing is known yet. {given_up}"
    return f"Interest in {each.topic}: {each.interest:.2f} (how sure: {each.confidence:.2f}). {given_up}"
