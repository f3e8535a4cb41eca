"""A page of varied explanations with their evidence; `make explanations` writes it for the example school."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from learning.mastery.wording import difficulty_sentence, evidence_sentence, mastery_phrase
from learning.text.readability import reading_grade
from models.reports.explanations import Explanation

PAGE = Path(__file__).parents[3] / "docs" / "explanations.md"
MAX_EXPLANATIONS = 20
INTRODUCTION = """\
# {count} explanations

`{command}` prints this page from {what}. Each assignment explains in two or three sentences why this
skill and why this theme; the evidence about that skill and theme follows. Mastery, interest and confidence run
from 0 to 1. The grade is the Flesch-Kincaid grade of these sentences: 0.39 x words a sentence + 11.8 x
syllables a word - 15.59.
"""


def page(found: Sequence[Explanation], *, command: str = "souschef explain --page", what: str = "a school") -> str:
    """Return the page as Markdown."""
    examples = varied_examples(found)
    parts = [INTRODUCTION.format(count=len(examples), command=command, what=what)]
    parts += [_section(number, each) for number, each in enumerate(examples, start=1)]
    return "\n".join(parts)


def varied_examples(found: Sequence[Explanation], *, limit: int = MAX_EXPLANATIONS) -> list[Explanation]:
    """Return explanations of all kinds in turn, of as many students as possible; no two have the same sentences."""
    kinds: dict[tuple[str, str], list[Explanation]] = {}
    for each in found:
        kinds.setdefault((_opening(each.because_gap), each.reason.split("context.")[-1].split()[0]), []).append(each)
    ordered = [kinds[kind] for kind in sorted(kinds, key=lambda kind: (len(kinds[kind]), kind))]
    in_turn = [each for row in zip_longest(*ordered) for each in row if each is not None]
    examples: list[Explanation] = []
    for repeat_students in (False, True):
        for each in in_turn:
            students = {example.student for example in examples}
            sentences = set(map(_sentences, examples))
            is_new = (repeat_students or each.student not in students) and _sentences(each) not in sentences
            if len(examples) < limit and is_new:
                examples.append(each)
    return sorted(examples, key=lambda each: (each.name, each.material))


def _sentences(each: Explanation) -> tuple[str, str]:
    return each.because_gap, each.because_interest


def _opening(sentence: str) -> str:
    return " ".join(sentence.split()[:2])


def _section(number: int, each: Explanation) -> str:
    grade = reading_grade(f"{each.because_gap} {each.because_interest}")
    lines = [f"## {number}. {each.name}: {each.material}", "", f"> {each.because_gap} {each.because_interest}", ""]
    lines += [f"- {line}" for line in (_mastery(each), _answers(each), _interest(each), f"Reading grade: {grade:.1f}.")]
    return "\n".join([*lines, ""])


def _mastery(each: Explanation) -> str:
    difficulty = difficulty_sentence(is_known=each.difficulty_known, learned=each.learned_difficulty)
    return f"{_mastery_alone(each)} {difficulty}".strip()


def _mastery_alone(each: Explanation) -> str:
    if each.mastery is None or each.low is None or each.high is None or each.target is None:
        return f"Nothing is published on {each.skill} yet."
    return (
        f"Mastery of {each.skill}: {mastery_phrase(each.mastery, each.low, each.high)}; the target is "
        f"{each.target:.2f}. {evidence_sentence(each.answers)} Success on this task is expected at "
        f"{each.predicted_success:.2f}."
    )


def _answers(each: Explanation) -> str:
    if not each.recent:
        return "Answers: none yet."
    days: dict[str, list[str]] = {}
    for day, right in each.recent:
        days.setdefault(f"{day.day} {day:%B}", []).append(
            "right" if right == 1 else "wrong" if right == 0 else "partly"
        )
    answers = "; ".join(f"{day} {', '.join(outcomes)}" for day, outcomes in days.items())
    return f"Answers, newest first: {answers}."


def _interest(each: Explanation) -> str:
    price = f"It cost {each.price:.3f} of the best skill value." if each.price else "It cost no skill value."
    if each.topic is None:
        return f"Theme: none. {price}"
    if each.interest is None or each.confidence is None:
        return f"Theme: {each.topic}, about which nothing is known yet. {price}"
    return f"Interest in {each.topic}: {each.interest:.2f} (confidence {each.confidence:.2f}). {price}"


def example_page() -> str:
    """Return the page of the example school after its semester, which is replayed into the settings' empty database."""
    from models import engine  # `souschef explain` needs neither these nor the demo
    from models.access import schools
    from models.reports import explanations
    from workers.cli.demo import offline_semester

    offline_semester.run_semester()
    with engine.transaction() as session:
        by_student = explanations.explanations(session, schools.resolve(session, None).id)
    found = [each for of_student in by_student.values() for each in of_student]
    return page(found, command="make explanations", what="the example school after its semester")


def main() -> None:
    """Write the page, with servers that exist only meanwhile."""
    from config.settings import settings
    from workers.local.supervisor import running

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=PAGE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="souschef-") as folder:
        temporary = settings().model_copy(update={"data_dir": Path(folder), "database_url": None, "broker_url": None})
        with running(temporary, processes=(), fresh_database="souschef_explanations"):
            options.to.write_text(example_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
