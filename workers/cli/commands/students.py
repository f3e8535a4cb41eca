"""`souschef student`, `explain` and `verify-decision`: what a student gets, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.options import AsJson, Class, School

if TYPE_CHECKING:
    from models.reports.students import NamedStatus


def student(
    ref: Annotated[str, typer.Argument(help="The student: the ref, the name, or how one of them begins.")],
    *,
    school: School = None,
    growth: Annotated[str | None, typer.Option(help="Show the mastery of this skill week by week instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a student's skill gaps, interests and assignments, as the LMS reads them.

    Example: souschef student RES-2303 --growth 5.NF.A.1
    """
    from models import engine
    from models.access import schools
    from models.reports import students
    from models.reports.names import NameKind
    from workers.cli import audit_trail, refs

    report: dict[str, Any]
    statuses: dict[str, NamedStatus] = {}
    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        student_id = refs.match(session, owner, NameKind.STUDENT, ref).id
        audit_trail.log_access(session, "student", [student_id])
        if growth is None:
            report = students.published(session, student_id)
            statuses = students.statuses(session, student_id)
        else:
            from workers.cli.skill_growth import growth_report

            skill = refs.match(session, owner, NameKind.SKILL, growth).ref
            report = growth_report(session, owner.id, student_id, skill)
    if as_json:
        typer.echo(json.dumps(report))
    elif growth is None:
        from workers.cli.views.student import show_student

        show_student(report, statuses)
    else:
        _show_growth(report)


def _show_growth(report: dict[str, Any]) -> None:
    from rich.table import Table

    from learning.mastery.wording import mastery_phrase
    from workers.cli.views.tables import console

    weeks = Table("Until", "Mastery", "Answers on it", title=report["skill"])
    for point in report["growth"]:
        mastery = mastery_phrase(point["mastery"], point["low"], point["high"])
        weeks.add_row(point["until"], mastery, str(point["responses"]))
    console().print(weeks)


def explain(
    assignment: Annotated[int | None, typer.Argument(help="The assignment_id of the views.")] = None,
    *,
    page: Annotated[bool, typer.Option("--page", help="Print a page of up to 20, each with its evidence.")] = False,
    class_ref: Class = None,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Explain in two sentences why a student got an assignment; with --json print the whole decision record.

    --class and --school go with --page.

    Examples: souschef explain 17, souschef explain --page --class MATH-5A
    """
    from config.errors import WrongInputError
    from learning.mastery.wording import difficulty_sentence
    from models import engine
    from models.privacy import audit
    from models.reports import explanations
    from workers.cli import audit_trail

    if page:
        _page(class_ref, school=school, as_json=as_json)
        return
    if assignment is None:
        raise WrongInputError("Which assignment?", "Use souschef explain ID, or souschef explain --page.")
    with engine.transaction() as session:
        explanation = explanations.explained(session, assignment)
        students = audit.students_decided_for(session, assignment=assignment)
        audit_trail.log_access(session, "explain", students, assignment=assignment)
    if explanation is None:
        raise WrongInputError(f"There is no assignment {assignment}.", "`souschef student REF` prints the ids.")
    if as_json:
        typer.echo(json.dumps({**asdict(explanation), "record": json.loads(explanation.record)}))
        return
    typer.echo(f"{explanation.title} ({explanation.state}) for {explanation.student}")
    if explanation.task:
        typer.echo(f"\n  {explanation.task}\n")
    typer.echo(f"{explanation.because_gap}\n{explanation.because_interest}")
    difficulty = difficulty_sentence(is_known=explanation.difficulty_known, learned=explanation.learned_difficulty)
    if difficulty:
        typer.echo(difficulty)


def _page(class_ref: str | None, *, school: str | None, as_json: bool) -> None:
    from config.errors import OperatorError
    from models import engine
    from models.access import schools
    from models.reports import explanations
    from workers.cli import audit_trail, refs
    from workers.cli.views import explanations as views_explanations

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        of = refs.class_match(session, owner, class_ref)
        by_student = explanations.explanations(session, owner.id, class_id=of and of.id)
        audit_trail.log_access(session, "explain", by_student.keys(), page=True)
    found = [each for of_student in by_student.values() for each in of_student]
    if not found:
        raise OperatorError(f"Nobody in {class_ref or 'any class'} has open work.", "See souschef status.")
    if as_json:
        examples = [asdict(each) for each in views_explanations.varied_examples(found)]
        typer.echo(json.dumps({"explanations": examples}, default=str))
        return
    typer.echo(views_explanations.page(found, what=class_ref or "all classes"), nl=False)


def verify_decision(
    decision: Annotated[int, typer.Argument(help="The decision's id, as in `souschef explain --json`.")],
) -> None:
    """Decide again from the stored record and print the result, which must equal the stored decision byte for byte.

    Example: souschef verify-decision 17

    Exit codes: 0 the bytes are equal, 1 they differ, 2 there is no such decision.
    """
    from config.errors import OperatorError, WrongInputError
    from learning import selection
    from learning.selection.record import ENGINE, OldEngineError
    from models import engine
    from models.privacy import audit
    from models.reports import explanations
    from workers.cli import audit_trail

    with engine.transaction() as session:
        stored = explanations.record_of(session, decision)
        students = audit.students_decided_for(session, decision=decision)
        audit_trail.log_access(session, "replay-decision", students, decision=decision)
    if stored is None:
        raise WrongInputError(
            f"There is no decision {decision}.", "`souschef explain ASSIGNMENT --json` prints its id."
        )
    try:
        replayed = selection.replay(stored)
    except OldEngineError as error:
        raise OperatorError(
            f"Decision {decision} is of version {error.engine} of the decision, and this is version {ENGINE}.",
            "Replay it with the Souschef that made it; what it rests on and what came out is in the record.",
        ) from None
    typer.echo(replayed)
    if replayed != stored:
        raise OperatorError(
            f"Decision {decision} differs now: it had {len(stored)} bytes, and has {len(replayed)} now."
        )
