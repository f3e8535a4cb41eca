"""`souschef init`: a folder of files for a new school."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from workers.cli.options import AsJson

HIGHEST_GRADE = 13


def init(  # noqa: PLR0913 - each option of the command is an argument
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made if it is not there.")] = Path(
        "my-school"
    ),
    *,
    school: Annotated[str | None, typer.Option(help="The school's name.")] = None,
    classes: Annotated[list[str] | None, typer.Option("--class", help="A class's name; may be repeated.")] = None,
    subject: Annotated[str | None, typer.Option(help="What is taught.")] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="Such as Europe/Berlin.")] = None,
    grade: Annotated[
        int | None, typer.Option(min=0, max=HIGHEST_GRADE, help="The year of school, if it is one.")
    ] = None,
    examples: Annotated[
        bool, typer.Option("--examples", help="With made-up people, skills and materials, to see it work.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a folder of files for a new school: its classes, and a header for each list that is to be filled in.

    What is not given as an option is asked for, if this is a terminal. A file that is there already is never
    overwritten without --force, and Ctrl-C leaves nothing behind. The folder loads as it is; README.md in it says what
    to fill in, and what each column means.

    Examples: souschef init my-school --school "Elm School" --class "Science 7A" --subject Science
    --timezone Europe/Berlin,
    souschef init trial --school Trial --class 7A --subject Science --timezone UTC --examples

    Exit codes: 0 written; 2 an answer is missing or wrong, or a file is there already.
    """
    from config.time_zones import time_zone
    from lms.files import starter
    from workers.cli.views import files
    from workers.cli.write_files import write_all

    try:
        new = starter.NewSchool(
            name=_answer(school, "--school", "Name of the school"),
            classes=tuple(classes or _several(_answer(None, "--class", "Its classes, separated by commas"))),
            subject=_answer(subject, "--subject", "Subject"),
            timezone=time_zone(_answer(timezone, "--timezone", "Time zone, such as Europe/Berlin")).key,
            grade="" if grade is None else f"{grade:02}",
            examples=examples,
        )
    except typer.Abort:
        raise KeyboardInterrupt from None
    texts = {**starter.files(new), "README.md": files.first_steps(new, folder)}
    write_all(folder, texts, force=force)
    steps = files.next_commands(folder)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "files": sorted(texts), "next": steps}))
    else:
        typer.echo(f"{len(texts)} files are in {folder}. Fill them in as {folder}/README.md says, then:")
        typer.echo("\n".join(f"  {each}" for each in steps))


def _answer(value: str | None, option: str, question: str) -> str:
    """Return an option's value, or what a terminal answers."""
    if value is None and not sys.stdin.isatty():
        raise typer.BadParameter(
            f"It is missing, and there is no terminal to ask. Add {option} VALUE.", param_hint=option
        )
    found = typer.prompt(question) if value is None else value
    if not found.strip() or not found.isprintable():
        raise typer.BadParameter("It is empty or holds a control character.", param_hint=option)
    return str(found).strip()


def _several(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
