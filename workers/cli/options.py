"""Options that several commands share, each with one name and one help text."""

from __future__ import annotations

from typing import Annotated

import typer

School = Annotated[
    str | None, typer.Option(help="The school; needed only if there are several and SOUSCHEF_SCHOOL is not set.")
]
Class = Annotated[str | None, typer.Option("--class", help="The class: its ref, its name, or how one of them begins.")]
Student = Annotated[str | None, typer.Option(help="The student: the ref, the name, or how one of them begins.")]
Everybody = Annotated[bool, typer.Option("--all", help="All students of all schools.")]
Source = Annotated[str | None, typer.Option(help="Only events of this source.")]
By = Annotated[str, typer.Option("--by", help="Your name; stored with the change.")]
Reason = Annotated[str, typer.Option(help="Why, without a student's name; stored with the change.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]
Wait = Annotated[
    float, typer.Option(help="Seconds to wait until a worker has done it; 0: do not wait.", min=0, max=600)
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, with a header.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Seed = Annotated[int, typer.Option(help="Seed of the students' order.")]
