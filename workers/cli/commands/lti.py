"""`souschef lti`: the LMSs that may open Souschef's pages, and the people they sent whom the school does not know."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from config.errors import OperatorError
from workers.cli.options import AsJson, DryRun, School

app = typer.Typer(help="Register LMSs by LTI 1.3; admit the people they send.", no_args_is_help=True)


@app.command()
def invite(
    *,
    school: School = None,
    private: Annotated[bool, typer.Option(help="Allow an LMS in a private network.")] = False,
    scores: Annotated[bool, typer.Option(help="Also tell the LMS how many tasks each student did this week.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print an address that registers one LMS within a day: paste it there as the tool's registration URL.

    Example: souschef lti invite

    Exit codes: 0 printed; 1 SOUSCHEF_WEB_URL is not https; 2 there are several schools.
    """
    from models import engine
    from models.access import lti, schools

    own = _own_address()
    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        secret = lti.invite(session, owner.id, private_allowed=private, scores_enabled=scores)
    address = f"{own}/lti/register/{secret}"
    if as_json:
        typer.echo(json.dumps({"school": owner.ref, "url": address, "hours": lti.INVITE_HOURS}))
        return
    typer.echo(
        f"Registration address of school {owner.ref}, good for one LMS within {lti.INVITE_HOURS} hours:\n  {address}"
    )
    typer.echo(
        "Moodle: Manage tools > Tool URL > Add LTI Advantage > Activate. Canvas: Developer Keys > LTI Registration."
    )


@app.command()
def add(
    pairs: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="As the LMS shows it; see the example.")],
    *,
    school: School = None,
    private: Annotated[bool, typer.Option(help="Allow an LMS in a private network.")] = False,
) -> None:
    """Register an LMS by hand if it cannot register itself; print what to enter there.

    Keys: issuer, client_id, auth_url, token_url, jwks_url; and if they are known deployment, product.

    Example: souschef lti add issuer=https://lms.example client_id=7 auth_url=... token_url=... jwks_url=...
    """
    from models import engine
    from models.access import lti, schools
    from web.lti.registration import origin

    own, values = _own_address(), _parse_pairs(pairs, private=private)
    deployment, product = values.pop("deployment", None), values.pop("product", "")
    endpoints = lti.Endpoints(**values, product=product, frames=(origin(values["issuer"]),))
    with engine.transaction() as session:
        school_id = schools.resolve(session, school).id
        try:
            number = lti.add(session, school_id, endpoints, deployment, private_allowed=private)
        except lti.AlreadyRegisteredError as error:
            raise OperatorError(str(error)) from None
    typer.echo(f"{endpoints.issuer} is registered as {number}. Enter there:")
    typer.echo(f"  tool URL, redirect URI  {own}/lti/launch\n  login URL               {own}/lti/login")
    typer.echo(f"  public keyset URL       {own}/lti/keys/{school_id}")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the LMSs that are registered, with their deployments, and the courses that Souschef was opened from.

    Example: souschef lti list
    """
    from models import engine
    from models.access import lti, lti_courses
    from workers.cli.views import lti as views_lti

    with engine.transaction() as session:
        rows, courses = lti.list_platforms(session), lti_courses.list_courses(session)
    if as_json:
        typer.echo(json.dumps({"registrations": rows, "courses": courses}, default=str))
        return
    typer.echo("\n".join(views_lti.platforms(rows, courses)))


@app.command("set")
def set_(
    number: Annotated[int, typer.Argument(help="The number that `souschef lti list` prints.")],
    *,
    scores: Annotated[
        bool | None, typer.Option("--scores/--no-scores", help="Tell the LMS how many tasks each student did.")
    ] = None,
    emails: Annotated[
        bool | None, typer.Option("--emails/--no-emails", help="Know people by their e-mail address, too.")
    ] = None,
) -> None:
    """Switch on or off what an LMS does beside opening pages; both are off unless a school wants them.

    Each night --scores sends the number of tasks done this week into one column of each course's gradebook: the LMS has
    to allow its Assignment and Grade Services. With --emails a launch's address is looked up among the roster's names.

    Example: souschef lti set 1 --scores

    Exit codes: 0 set; 2 there is no such registration.
    """
    from models import engine
    from models.access import lti

    with engine.transaction() as session:
        lti.set_switches(session, number, scores=scores, emails=emails)
    typer.echo(f"Registration {number} is set.")


@app.command()
def roster(
    course: Annotated[int, typer.Argument(help="The course's number, as `souschef lti list` prints it.")],
    *,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Load a course's people from the LMS: a first roster without any file.

    This is the one place that asks the LMS for names; where it does not share them (Moodle: *Share launcher's name*),
    people are loaded without. Who is known already stays who they are. A class that another roster has described keeps
    what that roster says of it, and nobody leaves it.

    Example: souschef lti roster 1 --dry-run

    Exit codes: 0 loaded, or nothing differs; 1 the LMS's service fails; 2 no such course, or names that clash.
    """
    from models import engine
    from models.access import lti_courses, lti_unknown
    from models.imports import load as imports
    from tasks.lti import members
    from workers.cli.views import lti as views_lti

    started = time.monotonic()
    with engine.transaction() as session:
        found = lti_courses.find(session, course)
    people = members.read(found)
    wanted = members.as_roster(found, people)
    if not wanted.bundle.enrolments:
        raise OperatorError(f"The LMS lists nobody in course {course}.", "Enrol people there, or load a roster.")
    with engine.transaction() as session:
        report = imports.load(session, found.school_ref, wanted.bundle)
        lti_courses.set_class_named(session, found)
        lti_unknown.forget_known(session, found.platform.school_id)
        if dry_run:
            session.rollback()
    if report.any and not dry_run:
        report.unparked += imports.wake_late_events(report)
    shown = views_lti.Roster(report, wanted.left_out, has_names=any(p.given_name or p.family_name for p in people))
    seconds = time.monotonic() - started
    if as_json:
        typer.echo(json.dumps(shown.summary(dry_run=dry_run, seconds=seconds)))
    else:
        typer.echo("\n".join(shown.lines(dry_run=dry_run, seconds=seconds)))


@app.command()
def revoke(number: Annotated[int, typer.Argument(help="The number that `souschef lti list` prints.")]) -> None:
    """Revoke a registration and every page session that it has opened, at once.

    Example: souschef lti revoke 1
    """
    from models import engine
    from models.access import lti

    with engine.transaction() as session:
        issuer = lti.revoke(session, number)
    typer.echo(f"{issuer} is revoked.")


@app.command()
def rotate(*, school: School = None) -> None:
    """Create a new signing key for a school; the earlier one stays published for a day.

    Example: souschef lti rotate
    """
    from config.settings import settings
    from models import engine
    from models.access import schools
    from tasks.lti import keys

    with engine.transaction() as session:
        kid = keys.rotate(session, schools.resolve(session, school).id, secret_key=settings().secret_key_bytes())
    typer.echo(f"Key {kid} signs from now on.")


@app.command()
def unknown(
    *,
    course: Annotated[
        int | None, typer.Option(help="Ask the LMS who is in this course, and note whom the school does not know.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the people, classes and deployments that LMSs sent and the school does not know, and how to admit them.

    Example: souschef lti unknown --course 1

    Exit codes: 0 listed; 1 the LMS's service fails; 2 no such course.
    """
    from models import engine
    from models.access import lti_courses, lti_unknown
    from tasks.lti import members

    if course is not None:
        with engine.transaction() as session:
            found = lti_courses.find(session, course)
        people = members.read(found)
        missing = members.unknown(found, people)
        typer.echo(f"Course {course} lists {len(people)} people; {len(missing)} are unknown here.", err=as_json)
    with engine.transaction() as session:
        rows = lti_unknown.list_unknown(session)
    if as_json:
        typer.echo(json.dumps({"unknown": rows}, default=str))
        return
    for row in rows:
        name = f"{row['name']} ({row['label']})" if row["label"] else row["name"]
        ref = "" if row["kind"] == "deployment" else " REF"
        typer.echo(f"{row['id']}  {row['school']}  {row['kind']}  {name}  {row['count']} times")
        typer.echo(f"   souschef lti match {row['id']}{ref}")
    if not rows:
        typer.echo("Everyone whom an LMS sent is known.")


@app.command()
def match(
    number: Annotated[int, typer.Argument(help="The number that `souschef lti unknown` prints.")],
    ref: Annotated[str | None, typer.Argument(help="The person's or class's ref in the roster.")] = None,
) -> None:
    """Admit a deployment; or match a person or class of an LMS to the roster.

    Example: souschef lti match 3 RES-2303
    """
    from models import engine
    from models.access import lti_unknown
    from models.students import people
    from workers.cli import audit_trail

    with engine.transaction() as session:
        kind, target = lti_unknown.match(session, number, ref)
        if kind == "person" and target is not None:
            audit_trail.log_access(session, "lti match", people.schools_of(session, [target]))
    typer.echo(f"Line {number} is admitted.")


def _parse_pairs(pairs: list[str], *, private: bool) -> dict[str, str]:
    from tasks.outbound import AddressRefusedError, check_scheme

    addresses = ("issuer", "auth_url", "token_url", "jwks_url")
    values = dict(pair.partition("=")[::2] for pair in pairs)
    wrong = set(values) - {*addresses, "client_id", "deployment", "product"}
    missing = {name for name in (*addresses, "client_id") if not values.get(name)}
    if wrong or missing:
        raise OperatorError(f"These keys are wrong or missing: {', '.join(sorted(wrong | missing))}.", "See --help.")
    try:
        for name in addresses:
            check_scheme(values[name], private_allowed=private)
    except AddressRefusedError as error:
        raise OperatorError(str(error)) from None
    return values


def _own_address() -> str:
    """Return our own address.

    Raises:
        OperatorError: browsers would not store our cookies for it.
    """
    from web.pages.safety import configured_origin, is_secure

    own = configured_origin()
    if not is_secure(own):
        raise OperatorError(f"{own} is not https, and an LMS opens pages only by https.", "Set SOUSCHEF_WEB_URL.")
    return own
