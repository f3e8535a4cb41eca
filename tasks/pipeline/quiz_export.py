"""Make the tasks of a class into questions of a Moodle quiz, and the alignments by which their answers count."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from config.errors import Exit, OperatorError
from learning.answer_check import Form, form_of, value_of
from learning.distractors import distractors
from lms import moodle_xml
from lms.moodle_xml import Question
from models.reports import quiz_tasks
from models.reports.quiz_tasks import QuizTask

ALIGNMENT_COLUMNS = ("source", "item", "skill", "weight", "difficulty")
SOURCE = "souschef export moodle-xml"


class NothingToExportError(OperatorError):
    """No task of the class can be a question."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class QuizExport:
    """The files, and how many tasks became what."""

    questions: str
    alignments: str
    numerical: int
    multiple_choice: int
    left_out: tuple[str, ...]
    """Refs of tasks whose answer is no number, and for which too few wrong answers are known."""


def export(session: Session, school_id: int, class_id: int, class_ref: str, *, skills: Collection[str]) -> QuizExport:
    """Return the tasks of a class's open skills as files; of these skills alone where any are named.

    Raises:
        NothingToExportError: there is no such task, or a skill is not open to the class.
    """
    open_now = quiz_tasks.open_skills(session, school_id, class_id)
    unknown = sorted(set(skills) - set(open_now))
    if unknown:
        raise NothingToExportError(
            f"{class_ref} does not work on {', '.join(unknown)} now.", f"souschef scope list --class {class_ref}"
        )
    tasks = quiz_tasks.quiz_tasks(session, school_id, skills or open_now)
    questions, left_out = make_questions(tasks)
    if not questions:
        raise NothingToExportError(
            f"No task of {class_ref} has a text and an answer that a quiz can ask for.",
            "Add the columns text and answer to materials.csv, or open a skill that has such tasks.",
        )
    choices = sum(bool(question.wrong) for question in questions)
    return QuizExport(
        questions=moodle_xml.write(questions, top=f"Souschef {class_ref}"),
        alignments=alignments([task for task in tasks if task.material not in left_out]),
        numerical=len(questions) - choices,
        multiple_choice=choices,
        left_out=tuple(left_out),
    )


def make_questions(tasks: Sequence[QuizTask]) -> tuple[list[Question], list[str]]:
    """Return a question for each task, and the refs of those that cannot be one."""
    answers: dict[str, list[str]] = {}
    for task in tasks:
        answers.setdefault(task.skill, []).append(task.answer)
    questions, left_out = [], []
    for task in tasks:
        question = _question(task, answers[task.skill])
        if question is None:
            left_out.append(task.material)
        else:
            questions.append(question)
    return questions, left_out


def _question(task: QuizTask, others: Iterable[str]) -> Question | None:
    answer, wrong = task.answer, tuple[str, ...]()
    value = value_of(task.answer) if form_of(task.answer) is Form.NUMBER else None
    if value is None:
        wrong = distractors(task.answer, others, text=task.text)
    else:
        answer = str(value) if value.denominator == 1 else f"{float(value):.12g}"
    if value is None and not wrong:
        return None
    category = f"{task.skill} {task.skill_title}"
    return Question(task.item, category, task.text, answer, wrong, tags=task.skills)


def alignments(tasks: Iterable[QuizTask]) -> str:
    """Return `alignments.csv`: what each question asks for, and how hard its task is."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(ALIGNMENT_COLUMNS)
    for task in tasks:
        writer.writerows([SOURCE, task.item, skill, "1", f"{task.difficulty:g}"] for skill in task.skills)
    return out.getvalue()
