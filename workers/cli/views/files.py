"""The page of the files that can be loaded, and a folder of templates, from the columns that the readers know."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from lms.files.columns import OURS, ROSTERS, FileFormat
from lms.files.starter import NewSchool

HEAD = """# Files that can be loaded

This page is written by `souschef template DIR`, which puts it beside a template of each file.

`souschef load FOLDER` reads these files by their names, in a folder or a zip; `souschef check FOLDER` looks at them
without a database. A CSV is in UTF-8 with a header row, with commas, semicolons or tabs between its columns. Dates are
written as 2026-08-31. `orgs.csv`, `users.csv`, `classes.csv`, `enrollments.csv`, `skills.csv`, `materials.csv` and
`scope.csv` are enough for a first assignment; the others make it better. `academicSessions.csv`, `courses.csv`,
`roles.csv` and `manifest.csv` of OneRoster are read too, and questionnaires (`questionnaires/*.json` or `*.toml`).
A workbook (`.xlsx`) is read sheet by sheet, each as the file that it is named after; `--map` says what its columns are.
"""
TODO = (
    "`users.csv` and `enrollments.csv`: who is in which class; `souschef import --help` lists what can be read.",
    "`skills.csv`: what is to be learnt; one row a skill is enough.",
    "`materials.csv`: what can be assigned; an easy one for each skill first.",
    "`alignments.csv`: which question of your LMS asks for which skill.",
    "`scope.csv`: which class works on which skill.",
)
OWN = "A column that is not in the table is refused, and so is a file with a cell that cannot be read."
EXPORTED = "Other columns are left unread; a row that cannot be read is left out and listed."


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *_part("Rosters (OneRoster 1.1 and 1.2)", EXPORTED, ROSTERS), *_part("Our own", OWN, OURS)])


def first_steps(school: NewSchool, folder: Path) -> str:
    """Return the README of a new school's folder: what to fill in, what to type, and the page of the files."""
    todo = "\n".join(f"{number}. {each}" for number, each in enumerate(TODO, start=1))
    commands = "\n".join(next_commands(folder))
    head = (
        f"# {school.name}\n\nFill in, with any spreadsheet or editor:\n\n{todo}\n\nThen type:\n\n```\n{commands}\n```\n"
    )
    note = "\nAll people, skills and materials in these files are made up: replace them.\n" if school.examples else ""
    return f"{head}{note}\n{page()}"


def next_commands(folder: Path) -> list[str]:
    """Return the commands that follow when a folder is filled in."""
    name = shlex.quote(str(folder))
    return [f"souschef check {name}", f"souschef load {name} --dry-run", f"souschef load {name}"]


def _part(title: str, sentence: str, formats: Sequence[FileFormat]) -> Iterator[str]:
    yield f"## {title}\n\n{sentence}\n"
    for each in formats:
        yield from _table(each)


def _table(each: FileFormat) -> Iterator[str]:
    yield f"### {each.name}\n\n{each.about}\n\n| column | must be there | meaning | example |\n|---|---|---|---|"
    for column in each.columns:
        example = f"`{column.example}`" if column.example else ""
        yield f"| `{column.name}` | {'yes' if column.needed else ''} | {column.meaning} | {example} |"
    yield ""


def templates() -> dict[str, str]:
    """Return each file's text: its header and an example row; together they load."""
    return {each.name: _template(each) for each in (*ROSTERS, *OURS)}


def _template(each: FileFormat) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(column.name for column in each.columns)
    writer.writerow(column.example for column in each.columns)
    if each.name == "skills.csv":
        writer.writerow(("4.NF.2", "Comparing fractions", "4", "Fractions", "1", "which fraction is more", ""))
    return file.getvalue()
