"""`souschef policy`: interest tolerance, approval, pacing and the other settings of a school or a class."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.interrupted import say_how_far
from workers.cli.options import AsJson, By, Class, DryRun, Reason, School

if TYPE_CHECKING:
    from tasks.pipeline.policies import Authorship, PolicyChange

app = typer.Typer(help="Show and set the policy of a school or a class.", no_args_is_help=True)


@app.command()
def show(*, class_ref: Class = None, school: School = None, as_json: AsJson = False) -> None:
    """Show every setting: its value, default and range, what it means, and who has set it.

    Without --class it is the policy of the whole school.

    Example: souschef policy show --class MATH-5A
    """
    from models import engine
    from models.access import schools
    from tasks.pipeline import policies, shadow_policies
    from workers.cli import refs
    from workers.cli.views.policy import described, show_policy

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        of = refs.class_match(session, owner, class_ref)
        settings = policies.in_force(session, owner.id, of and of.ref)
        tried = shadow_policies.tried_settings(session, owner.id, of and of.ref)
    if as_json:
        document = {"class": of and of.ref, "settings": described(settings), "shadow": tried}
        typer.echo(json.dumps(document))
        return
    show_policy(settings)
    if tried:
        shown = ", ".join(f"{name}={json.dumps(value)}" for name, value in tried.items())
        typer.echo(f"In the shadow: {shown}. See souschef policy shadow.")


@app.command("set")
def set_(  # noqa: PLR0913 - one argument for each option
    pairs: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="NAME= removes a setting.")],
    *,
    class_ref: Class = None,
    by: By,
    reason: Reason,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Only try it: decide with it too, publish nothing, count differences.")
    ] = False,
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="When it ends: 2026-12-01 or 14d; without it, never.")
    ] = None,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Set policy: most often tolerance (0 to 0.15; 0 ignores interests), approve, slots, minutes_open, pace_days.

    Without --class it is set for the whole school.

    Examples: souschef policy set tolerance=0 --class MATH-5A --by tmorgan --reason "exam" --until 14d --dry-run,
    souschef policy set approve=on minutes_open=60 --class MATH-5A --by tmorgan --reason "first weeks",
    souschef policy set tolerance=0 --shadow --class MATH-5A --by tmorgan --reason "what would it change?"
    """
    from models import engine
    from models.access import schools
    from tasks.pipeline import policies
    from workers.cli import refs

    settings = dict(policies.parse_setting(pair) for pair in pairs)
    if shadow:
        _set_shadow(settings, by=authorship(by, reason), class_ref=class_ref, until=until, school=school,
                    dry_run=dry_run, as_json=as_json)  # fmt: skip
        return
    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        of = refs.class_match(session, owner, class_ref)
        class_ref = of and of.ref
        change = policies.set_policy(
            session,
            owner.id,
            settings,
            by=authorship(by, reason),
            class_ref=class_ref,
            until=until,
            dry_run=dry_run,
        )
    report(change, dry_run=dry_run, as_json=as_json, settings=settings, **{"class": class_ref})


def _set_shadow(
    settings: dict[str, object],
    *,
    by: Authorship,
    class_ref: str | None,
    until: str | None,
    school: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    from models import engine
    from models.access import schools
    from tasks.pipeline import shadow_policies
    from tasks.pipeline.overrides import RefusedError
    from workers.cli import refs

    if until is not None:
        raise RefusedError("A shadow has no end.", "Remove a setting of it by NAME= --shadow.")
    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        of = refs.class_match(session, owner, class_ref)
        class_ref = of and of.ref
        tried = shadow_policies.set_shadow(session, owner.id, settings, by=by, class_ref=class_ref, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps({"class": class_ref, "shadow": tried, "dry_run": dry_run}))
        return
    shown = ", ".join(f"{name}={json.dumps(value)}" for name, value in tried.items()) or "nothing"
    typer.echo(f"In the shadow {'would be' if dry_run else 'is'}: {shown}. Nothing is published of it.")


@app.command("shadow")
def shadow_(*, class_ref: Class = None, school: School = None, as_json: AsJson = False) -> None:
    """Show by day what the policy in the shadow would have done differently, and what deciding twice cost.

    In force and shadow decide from the same inputs, of the work that is really open: differences of one decision, not
    of a term. The price is a share of skill value; ladder: slots for which a rule was relaxed; churn: unattempted slots
    withdrawn by a decision.

    Example: souschef policy shadow --class MATH-5A
    """
    from dataclasses import asdict

    from models import engine
    from models.access import schools
    from tasks.pipeline import shadow_policies
    from workers.cli import refs
    from workers.cli.views.shadow import show_shadow

    with engine.transaction() as session:
        key = schools.resolve(session, school)
        of = refs.class_match(session, key, class_ref)
        owner, class_ref = key.id, of and of.ref
        tried = shadow_policies.tried_settings(session, owner, class_ref)
        days = shadow_policies.shadow_days(session, owner, class_ref)
    if as_json:
        shown = [{**asdict(each), "day": each.day.isoformat()} for each in days]
        typer.echo(json.dumps({"class": class_ref, "shadow": tried, "days": shown}))
        return
    show_shadow(tried, days)


@app.command("declare-trial")
def declare_trial(  # noqa: PLR0913 - one argument for each option
    name: Annotated[str, typer.Argument(help="The trial's name: with the school's key it decides the classes.")],
    pairs: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="What half of the classes get.")],
    *,
    outcome: Annotated[str, typer.Option(help="By what it will be judged: the school's own test.")],
    effect: Annotated[float, typer.Option(help="The difference worth seeing, in standard deviations.")] = 0.2,
    icc: Annotated[float, typer.Option(help="How alike students of one class are, 0 to 1.")] = 0.1,
    pretest: Annotated[bool, typer.Option("--pretest", help="The outcome is compared beside a pretest.")] = False,
    by: By,
    reason: Reason,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Declare a comparison of two policies by class, and say what so many classes can show; nothing starts.

    A keyed hash of the name chooses the classes. The declaration is a line of the access log, which cannot be changed
    afterwards unseen.

    Example: souschef policy declare-trial plain-2027 tolerance=0 --outcome "unit test, May" --by tmorgan --reason pilot
    """
    from dataclasses import asdict

    from models import engine
    from models.access import schools
    from tasks.pipeline import class_trials, policies

    settings = dict(policies.parse_setting(pair) for pair in pairs)
    wish = class_trials.TrialWish(name, settings, outcome, effect=effect, correlation=icc, has_pretest=pretest)
    with engine.transaction() as session:
        owner = schools.resolve(session, school).id
        found = class_trials.declare(session, owner, wish, by=authorship(by, reason), dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps({**asdict(found), "decides": found.decides, "dry_run": dry_run}))
        return
    typer.echo(f"With {', '.join(pairs)}: {', '.join(found.with_settings)}. Without: {', '.join(found.without)}.")
    typer.echo(
        f"So many classes of {found.students_a_class:.0f} students see a difference of {found.smallest_effect:.2f} "
        f"standard deviations or more, in four of five trials; {found.effect:g} needs {found.classes_needed} an arm."
    )
    if not found.decides:
        typer.echo("Too few classes: this estimates a difference, it does not decide.")
    typer.echo("Nothing was declared." if dry_run else f"Declared. To begin: souschef policy start-trial {name}")


@app.command("start-trial")
def start_trial(
    name: Annotated[str, typer.Argument(help="A declared trial.")],
    *,
    until: Annotated[str, typer.Option(metavar="WHEN", help="When it ends: 2027-05-31 or 120d.")],
    by: By,
    reason: Reason,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Set the settings of a declared trial for the classes that were declared, until a day.

    Example: souschef policy start-trial plain-2027 --until 120d --by tmorgan --reason "as declared" --dry-run
    """
    from models import engine
    from models.access import schools
    from tasks.pipeline import class_trials

    who = authorship(by, reason)
    with engine.transaction() as session:
        owner = schools.resolve(session, school).id
        changes = class_trials.start(session, owner, name, by=who, until=until, dry_run=dry_run)
    students = [student for change in changes.values() for student in change.students]
    if not dry_run:
        _refresh(students, quiet=as_json)
    if as_json:
        by_class = {ref: len(change.students) for ref, change in changes.items()}
        typer.echo(json.dumps({"trial": name, "classes": by_class, "dry_run": dry_run}))
        return
    done = "Nothing was changed; it would concern" if dry_run else "Started for"
    typer.echo(f"{done} {len(changes)} classes with {len(students)} students.")


def authorship(by: str, reason: str) -> Authorship:
    """Return who changes something and why, with the login that runs the command."""
    from tasks.pipeline.policies import Authorship
    from workers.cli import audit_trail

    return Authorship(by, reason, f"login {audit_trail.operator()}")


def report(change: PolicyChange, *, dry_run: bool, as_json: bool, **fields: Any) -> None:  # noqa: ANN401 - JSON
    """Show what a dry run would change; or decide again for all affected students, and print how many they are."""
    from tasks.pipeline.preview import preview_to_json
    from workers.cli.views.overrides import show_preview

    if dry_run:
        if as_json:
            typer.echo(json.dumps({**fields, "dry_run": True, "students": preview_to_json(change.previews)}))
        else:
            show_preview(change.previews, happened=False)
            typer.echo("Nothing was changed.")
        return
    _refresh(list(change.students), quiet=as_json)
    if as_json:
        typer.echo(json.dumps({**fields, "dry_run": False, "students": len(change.students)}))
    else:
        typer.echo(f"Done; decided again for {len(change.students)} students.")


def _refresh(students: list[int], *, quiet: bool) -> None:
    """Decide again, a hundred students per transaction; workers do the rest if the command is interrupted."""
    from rich.console import Console
    from rich.progress import track

    from tasks.refresh import STUDENTS_PER_TRANSACTION as SIZE
    from tasks.refresh import refresh_assignments

    batches = [students[start : start + SIZE] for start in range(0, len(students), SIZE)]
    with say_how_far(lambda: "it is set; workers decide again for the students that are left."):
        for batch in track(batches, "Deciding", console=Console(stderr=True), disable=quiet, transient=True):
            refresh_assignments(batch)
