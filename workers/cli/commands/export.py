"""`souschef export`: what a school may use in its own LMS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from workers.cli.options import AsJson, School

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def export() -> None:
    """Write tasks as files that a school imports into its own LMS."""


@app.command("moodle-xml")
def moodle_xml(
    class_ref: Annotated[str, typer.Argument(metavar="CLASS", help="The class's ref.")],
    *,
    folder: Annotated[Path | None, typer.Option(help="Where to write; else quiz-CLASS here.")] = None,
    skill: Annotated[list[str] | None, typer.Option(help="Only tasks of this skill; may be given again.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files of an earlier export.")] = False,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Write the tasks of a class's open skills as questions for Moodle (quiz.xml), and their alignments.csv.

    A task whose answer is a number becomes a numerical question; any other becomes multiple choice, its wrong
    answers being right ones of other tasks of the skill. What cannot be a question is counted. After
    `souschef load FOLDER`, answers to these questions count as evidence.

    Examples: souschef export moodle-xml MATH-5A, souschef export moodle-xml MATH-5A --skill 5.NF.A.1 --folder fractions

    Exit codes: 0 written; 2 no such class, nothing to write, or a file is there already; 4 no database.
    """
    from models import engine
    from models.access import schools
    from models.students import people
    from tasks.pipeline import quiz_export
    from workers.cli.write_files import write_all

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        class_id = people.find_class(session, owner, class_ref)
        made = quiz_export.export(session, owner.id, class_id, class_ref, skills=skill or ())
    target = folder or Path(f"quiz-{''.join(each if each.isalnum() or each in '-_.' else '_' for each in class_ref)}")
    write_all(target, {"quiz.xml": made.questions, "alignments.csv": made.alignments}, force=force)
    counts = {"numerical": made.numerical, "multiple_choice": made.multiple_choice, "left_out": len(made.left_out)}
    if as_json:
        typer.echo(json.dumps({"folder": str(target), **counts, "tasks_left_out": list(made.left_out)}))
        return
    typer.echo(
        f"{made.numerical} numerical and {made.multiple_choice} multiple-choice questions are in {target}/quiz.xml."
    )
    if made.left_out:
        few = ", ".join(made.left_out[:3]) + (", ..." if len(made.left_out) > len(made.left_out[:3]) else "")
        typer.echo(
            f"{len(made.left_out)} tasks were left out, as no number is asked for and no wrong answers are known: {few}"
        )
    typer.echo(
        f"Next: in Moodle, Question bank > Import > Moodle XML format, {target}/quiz.xml; souschef load {target}"
    )
