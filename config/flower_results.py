"""What a task did, as a sentence: Flower shows it before the counts that the task has returned."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

NOTHING = "Nothing was left to do: another task had done it."
ANSWERS = ("item_result", "skill_result", "attempt_graded", "survey_answer")
PROBLEMS = {
    "failed": "{count:,} failed and will be tried again",
    "held": "{count:,} {verb} for a locked row",
    "quarantined": "{count:,} in quarantine",
    "parked": "{count:,} {verb} for a load",
}
CHANGES = ("assigned", "withdrawn", "kept")


def with_sentence(task: Any) -> Any:  # noqa: ANN401 - Flower's own copy of a task
    """Return a task whose result begins with a sentence; one whose result holds no counts is returned as it is."""
    counts = _counts(task.result)
    if counts is not None:
        task.result = f"{sentence(counts)} {task.result if counts else ''}".rstrip()
    return task


def sentence(counts: Mapping[str, Any]) -> str:
    """Return what a task's counts say, what needs a person first: "1 student, 9 answers: 2 new assignments."."""
    if not counts:
        return NOTHING
    if "skipped" in counts:
        return f"Skipped: {counts['skipped']}."
    if counts.keys() == {"notified"}:
        waiting = int(counts["notified"])
        return f"{_count(waiting, 'event or student')} sent again." if waiting else "Nothing was waiting."
    who = ", ".join(_whom(counts))
    what = ", ".join([*_problems(counts), *_changes(counts)])
    found = f"{who}: {what}" if who and what else who or what
    return f"{found[:1].upper()}{found[1:]}." if found else "Done."


def _whom(counts: Mapping[str, Any]) -> Iterator[str]:
    if "students" in counts:
        total = f" of {counts['of']}" if "of" in counts else ""
        yield f"{counts['students']}{total} {'student' if counts['students'] == 1 and not total else 'students'}"
    answers = sum(int(counts.get(name, 0)) for name in ANSWERS)
    if answers:
        yield _count(answers, "answer")
    elif counts.get("applied"):
        yield _count(int(counts["applied"]), "event")


def _problems(counts: Mapping[str, Any]) -> Iterator[str]:
    for name, words in PROBLEMS.items():
        if counts.get(name):
            yield words.format(count=int(counts[name]), verb="waits" if counts[name] == 1 else "wait")


def _changes(counts: Mapping[str, Any]) -> Iterator[str]:
    assigned, withdrawn, unchanged = (int(counts.get(name, 0)) for name in CHANGES)
    if assigned:
        yield _count(assigned, "new assignment")
    if withdrawn:
        yield f"{withdrawn} withdrawn"
    if unchanged and not (assigned or withdrawn):
        yield f"{unchanged} kept"
    if counts.get("nothing"):
        yield f"{counts['nothing']} without work"
    if counts.get("ignored"):
        yield f"{counts['ignored']} ignored"


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun.replace(' or ', 's or ')}s"


def _counts(result: object) -> dict[str, Any] | None:
    """Return the counts in a result as Celery's event shows it; None if it is no such text."""
    if not isinstance(result, str):
        return None
    try:
        found = ast.literal_eval(result)
    except (ValueError, SyntaxError, MemoryError):
        return None
    return found if isinstance(found, dict) else None
