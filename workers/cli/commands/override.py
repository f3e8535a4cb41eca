"""`souschef override`: a teacher's overrides for a student or a class."""

from __future__ import annotations

import inspect
import json
from enum import Enum, auto
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.options import AsJson, By, Class, DryRun, Reason, School, Student, Wait

if TYPE_CHECKING:
    from tasks.pipeline.overrides import OverrideDraft, OverrideEffect

app = typer.Typer(help="Give, list and revoke a teacher's overrides.", no_args_is_help=True)

Material = Annotated[str | None, typer.Option(help="This material, by ref or title.")]
Skill = Annotated[str | None, typer.Option(help="The material that fits best on this skill, by ref or title.")]
Until = Annotated[
    str | None,
    typer.Option(help="When it ends: 2026-12-01, 2026-12-01T14:00Z or 14d; without it, 28d.", metavar="WHEN"),
]


WAIT_SECONDS = 10.0


class Progress(Enum):
    """How far an override is when the command ends."""

    DRY_RUN = auto()
    STORED = auto()
    APPLIED = auto()


HELP = {
    "pin": """Assign this material until it is attempted, or keep a task on this skill open until the override ends.

    Example: souschef override pin --student s01 --material F-12 --by tmorgan --reason "as agreed" --dry-run
    """,
    "must-do": """Assign this material, or a task on this skill, before everything else until it is attempted.

    Example: souschef override must-do --class MATH-5A --material F-12 --by tmorgan --reason quiz --until 7d
    """,
    "forbid": """Never assign this material, or any material of this skill; this overrules every other override.

    Example: souschef override forbid --class MATH-5A --material F-12 --by tmorgan --reason "a wrong answer key"
    """,
    "hold": """Keep the current assignments: those of this material, of this skill, or with neither all of them.

    Example: souschef override hold --student s01 --by tmorgan --reason "a week of tests" --until 7d
    """,
    "approve": """Assign what is proposed: everything, or only the menus with this material or skill.

    Example: souschef override approve --class MATH-5A --by tmorgan --reason "looked at on Monday" --dry-run
    """,
}
"""The help of each kind of override."""


def _command(name: str) -> None:
    def give(  # noqa: PLR0913 - one argument for each option
        *,
        student: Student = None,
        class_ref: Class = None,
        material: Material = None,
        skill: Skill = None,
        by: By,
        reason: Reason,
        until: Until = None,
        school: School = None,
        dry_run: DryRun = False,
        wait: Wait = WAIT_SECONDS,
        as_json: AsJson = False,
    ) -> None:
        fields = {"student": student, "class_ref": class_ref, "material": material, "skill": skill}
        fields |= {"author": by, "reason": reason, "until": until}
        verb = name.replace("-", "_")
        if dry_run:
            _preview(verb, fields, school=school, as_json=as_json)
        else:
            _submit(verb, fields, school=school, wait=wait, as_json=as_json)

    app.command(name, help=inspect.cleandoc(HELP[name]))(give)


for _name in HELP:
    _command(_name)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The override's key, as `souschef override list` prints it.")],
    *,
    by: By,
    school: School = None,
    dry_run: DryRun = False,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Revoke an override; what it has assigned stays until another material is better.

    Example: souschef override revoke o-3f9a12cc --by tmorgan --dry-run
    """
    fields = {"key": key, "author": by, "reason": ""}
    if dry_run:
        _preview("revoke", fields, school=school, as_json=as_json)
    else:
        _submit("revoke", fields, school=school, wait=wait, as_json=as_json)


@app.command("list")
def list_(
    *,
    student: Student = None,
    class_ref: Class = None,
    past: Annotated[bool, typer.Option("--all", help="Also those that ended or were revoked.")] = False,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """List the overrides in force: who, what, why, until when; and those that cannot be met, with the reason.

    Example: souschef override list --class MATH-5A
    """
    from models import engine
    from models.access import schools
    from models.assignments import overrides
    from tasks.pipeline import overrides as pipeline_overrides
    from tasks.pipeline.preview import override_to_json
    from workers.cli import audit_trail, refs
    from workers.cli.views.overrides import show_override

    with engine.transaction() as session:
        key = schools.resolve(session, school)
        of = refs.resolve_all(session, key, student=student, class_ref=class_ref)
        rows, unmet = pipeline_overrides.list_overrides(session, key.id, past=past, **of)
        audit_trail.log_access(
            session, "order list", overrides.students_of_overrides(session, {row.number for row in rows})
        )
    if as_json:
        typer.echo(json.dumps({"orders": [override_to_json(row, unmet) for row in rows]}))
        return
    show_override(rows, unmet)


def _preview(verb: str, fields: dict[str, Any], *, school: str | None, as_json: bool) -> None:
    from models import engine
    from models.access import schools
    from tasks.pipeline import overrides as pipeline_overrides
    from workers.cli import audit_trail, refs

    with engine.transaction() as session:
        key = schools.resolve(session, school)
        owner, draft = key.id, refs.of_draft(session, key, _draft(verb, fields))
        override = pipeline_overrides.build_override(session, owner, draft)
        effect = pipeline_overrides.preview(session, owner, override, through=f"login {audit_trail.operator()}")
    _show(verb, effect, Progress.DRY_RUN, as_json=as_json)


def _submit(verb: str, fields: dict[str, Any], *, school: str | None, wait: float, as_json: bool) -> None:
    from workers.cli import submit_override

    submitted = submit_override.submit(_draft(verb, fields), school=school)
    applied = submit_override.wait_until_applied(submitted.events, seconds=wait)
    _show(verb, submitted.effect, Progress.APPLIED if applied else Progress.STORED, as_json=as_json)


def _draft(verb: str, fields: dict[str, Any]) -> OverrideDraft:
    from lms.facts import OrderVerb
    from tasks.pipeline.overrides import OverrideDraft

    return OverrideDraft(OrderVerb(verb), **fields)


def _show(verb: str, effect: OverrideEffect, progress: Progress, *, as_json: bool) -> None:
    from tasks.pipeline.preview import preview_to_json
    from workers.cli.views.overrides import show_preview

    ends = None if effect.expires_at is None else effect.expires_at.isoformat()
    if as_json:
        summary = {"order": verb, "key": effect.key, "dry_run": progress is Progress.DRY_RUN}
        summary |= {"applied": progress is Progress.APPLIED, "expires_at": ends}
        typer.echo(json.dumps({**summary, "students": preview_to_json(effect.students)}))
        return
    show_preview(effect.students, happened=progress is Progress.APPLIED)
    typer.echo(_sentence(verb, effect.key, ends, progress))


def _sentence(verb: str, key: str, ends: str | None, progress: Progress) -> str:
    match progress:
        case Progress.DRY_RUN:
            return "Nothing was changed."
        case Progress.STORED:
            return f"Stored, in force when a worker runs. Its key: {key}"
        case Progress.APPLIED if verb == "approve":
            return "Approved."
        case Progress.APPLIED if ends is None:
            return f"Override {key} is revoked."
        case Progress.APPLIED:
            until = (ends or "")[:16].replace("T", " ")
            return f"In force until {until}Z. To revoke it: souschef override revoke {key} --by YOU"
