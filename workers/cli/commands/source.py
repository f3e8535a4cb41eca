"""`souschef source`: the systems that may send events to the API."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from workers.cli.options import AsJson, School

if TYPE_CHECKING:
    from models.access.sources import Credential

app = typer.Typer(help="Add, list, test, set, rotate and revoke event sources.", no_args_is_help=True)
MAX_NAME_LENGTH = 100
STATEMENTS = "/statements"
"""The path that an xAPI client appends to its endpoint."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name of your choice, such as moodle.")],
    *,
    format: Annotated[str, typer.Option(help="The format of its events: moodle, xapi, typeform, ...")],  # noqa: A002 - the option's name
    school: School = None,
    survey: Annotated[list[str] | None, typer.Option(help="The id of a survey that may be read (repeatable).")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a source and print its credential once; for an existing source, allow more surveys.

    Example: souschef source add moodle --format moodle --survey FB-LIKE
    """
    from config.settings import settings
    from lms import formats
    from models import engine
    from models.access import sources

    if not (name.isprintable() and name.strip() and len(name) <= MAX_NAME_LENGTH):
        _refuse(f"A name has 1 to {MAX_NAME_LENGTH} visible characters.")
    if not all(each.strip() for each in survey or ()):
        _refuse("A survey id is empty: use the id that the sender uses.")
    try:
        path = formats.format_named(format).door
    except formats.UnknownFormatError as error:
        _refuse(str(error))
    key = settings().secret_key_bytes()
    with engine.transaction() as session:
        try:
            existed = sources.exists(session, name, school=school)
            credential = sources.add(session, name, format=format, school=school, surveys=survey or (), secret_key=key)
        except (sources.SourceNotFoundError, sources.SourceExistsError) as error:
            _refuse(str(error))
    _show(credential, url=_public_url(path), as_json=as_json, existed=existed)


@app.command()
def rotate(name: str, *, school: School = None, as_json: AsJson = False) -> None:
    """Give a source a new secret; the old one works for seven more days.

    Example: souschef source rotate moodle
    """
    from config.settings import settings
    from lms import formats
    from models import engine
    from models.access import sources

    with engine.transaction() as session:
        try:
            credential = sources.rotate(session, name, school=school, secret_key=settings().secret_key_bytes())
        except sources.SourceNotFoundError as error:
            _refuse(str(error))
    _show(credential, url=_public_url(formats.format_named(credential.format).door), as_json=as_json)


@app.command()
def revoke(name: str, *, school: School = None) -> None:
    """Refuse a source from now on; what it has sent stays.

    Example: souschef source revoke moodle
    """
    from models import engine
    from models.access import sources

    with engine.transaction() as session:
        try:
            sources.revoke(session, name, school=school)
        except sources.SourceNotFoundError as error:
            _refuse(str(error))
    typer.echo(f"{name} is revoked.")


@app.command()
def renumber(name: str, *, school: School = None) -> None:
    """Restart a source's numbering; earlier missing numbers are not reported any more.

    This is for a sender that was installed again and counts from 1 again.

    Example: souschef source renumber sis
    """
    from models import engine
    from models.access import sources
    from models.events import sequence_gaps

    with engine.transaction() as session:
        try:
            numbered = sequence_gaps.reset_sequence(session, name, school=school)
        except sources.SourceNotFoundError as error:
            _refuse(str(error))
    typer.echo(f"The numbering of {name} starts again." if numbered else f"{name} has never sent a numbered event.")


@app.command("set")
def set_(
    name: str,
    pairs: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="KEY= removes a setting.")],
    *,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Set what a Canvas source needs to check signatures: jwks_url, and root_accounts separated by commas.

    Example: souschef source set canvas jwks_url=https://keys.example/jwks root_accounts=UUID,UUID
    """
    from models import engine
    from models.access import sources

    with engine.transaction() as session:
        try:
            source_settings = sources.change_settings(session, name, pairs, school=school)
        except (sources.SourceNotFoundError, sources.InvalidSourceSettingError) as error:
            _refuse(str(error))
    if as_json:
        typer.echo(json.dumps({"source": name, "settings": source_settings}))
        return
    for key, value in sorted(source_settings.items()):
        typer.echo(f"{key} = {', '.join(value) if isinstance(value, list) else value}")
    if not source_settings:
        typer.echo(f"{name} has no settings.")


@app.command()
def serve(
    name: str,
    *,
    also: Annotated[
        list[str] | None, typer.Option(help="A school beside its own (repeatable); none: only its own.")
    ] = None,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Let a source serve several schools, as one LMS of a district does; each student's roster decides.

    An event is applied in the school that has its student. A student in two schools is recognised by the class that the
    event names; else it is parked as student_in_several_schools, until a load.

    Example: souschef source serve moodle --school north --also south --also west

    Exit codes: 0 set; 2 no such source or school; 4 no database.
    """
    from models import engine
    from models.access import source_schools, sources

    with engine.transaction() as session:
        try:
            refs = source_schools.serve(session, name, also or (), school=school)
        except sources.SourceNotFoundError as error:
            _refuse(str(error))
    typer.echo(json.dumps({"source": name, "schools": refs}) if as_json else f"{name} serves {', '.join(refs)}.")


@app.command()
def show(name: str, *, school: School = None, as_json: AsJson = False) -> None:
    """Show what a source has sent: how each event ended, and by name what is not read.

    Example: souschef source show moodle
    Exit codes: 0 shown; 2 no such source.
    """
    from models import engine
    from models.reports import diagnosis
    from workers.cli.doctor.source import NEVER

    with engine.transaction() as session:
        found = diagnosis.traffic(session, name, school=school)
    if found is None:
        _refuse(f"There is no source named {name}.")
    endings = [{"state": state, "code": code, "events": n} for (state, code), n in sorted(found.outcomes.items())]
    never = NEVER.get(found.format)
    if as_json:
        fields = {"source": name, "school": found.school, "format": found.format, "received": dict(found.received)}
        unread = [asdict(each) for each in found.unread]
        typer.echo(json.dumps({**fields, "stored": endings, "unread": unread, "never": never}))
        return
    typer.echo(f"{name} of {found.school} ({found.format})")
    for outcome, number in sorted(found.received.items()):
        typer.echo(f"  came and was {outcome}: {number}")
    for each in endings:
        code = f" ({each['code']})" if each["code"] else ""
        typer.echo(f"  stored and {each['state']}{code}: {each['events']}")
    for row in found.unread:
        typer.echo(f"  not read ({row.reason}): {row.name or 'others'}: {row.count}")
    if never:
        typer.echo(f"  cannot be had from it: {never}")


@app.command("test")
def try_(
    name: str,
    *,
    api: Annotated[
        str | None, typer.Option(help="Base address of the API; by default the one that senders use.")
    ] = None,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Send one harmless event through the API with the source's credential, and say what came of it.

    The event is of a type that nobody reads: it is counted as ignored, and nothing of it is stored.

    Example: souschef source test moodle

    Exit codes: 0 it was taken, 1 it was refused or nobody answered, 2 no such source.
    """
    from config.errors import WrongInputError
    from config.settings import settings
    from models import engine
    from models.access import sources
    from workers.cli import source_test

    with engine.transaction() as session:
        try:
            credential = sources.credential(session, name, school=school, secret_key=settings().secret_key_bytes())
        except sources.SourceNotFoundError as error:
            raise WrongInputError(str(error), "`souschef source list` lists them.") from None
    tested = source_test.run(credential, api_url=(api or _public_url("")).rstrip("/"))
    if as_json:
        typer.echo(json.dumps({**asdict(tested), "passed": tested.passed, "sentence": tested.sentence}))
    else:
        typer.echo(f"{tested.status} after {tested.milliseconds} ms from {tested.address}: {json.dumps(tested.answer)}")
        typer.echo(tested.sentence)
    raise typer.Exit(0 if tested.passed else 1)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the sources: school, name, format, surveys, settings, when created, and whether revoked.

    Example: souschef source list --json
    """
    from models import engine
    from models.access import sources

    with engine.transaction() as session:
        rows = [
            {
                "school": school,
                "source": source.name,
                "format": source.format,
                "surveys": list(source.surveys),
                "settings": source.settings,
                "created_at": None if source.created_at is None else source.created_at.isoformat(),
                "revoked": source.revoked_at is not None,
            }
            for school, source in sources.list_sources(session)
        ]
    if as_json:
        typer.echo(json.dumps({"sources": rows}))
        return
    for row in rows:
        surveys = f", surveys {' '.join(row['surveys'])}" if row["surveys"] else ""  # type: ignore[arg-type] # a list
        typer.echo(f"{row['school']}  {row['source']}  {row['format']}{surveys}{'  revoked' if row['revoked'] else ''}")
    if not rows:
        typer.echo("There is no source yet. Add one: souschef source add NAME --format FORMAT")


def _show(credential: Credential, *, url: str, as_json: bool, existed: bool = False) -> None:
    """Print a credential; for a source that `existed` before, without the secret."""
    from config.settings import settings

    fields = {**asdict(credential), "url": url}
    if credential.format == "typeform":
        fields["webhook_secret"] = credential.webhook_secret
    if existed:
        fields |= dict.fromkeys(fields.keys() & {"secret", "webhook_secret"})
    if as_json:
        typer.echo(json.dumps(fields))
        return
    source = f"Source {fields['source']} of school {fields['school']} ({fields['format']})"
    typer.echo(f"{source} already exists:" if existed else f"{source}. Keep its secret like a password:")
    typer.echo(f"  URL     {url}")
    if url.endswith(STATEMENTS):
        typer.echo(f"          as an endpoint, which Moodle asks for: {url.removesuffix(STATEMENTS)}")
    secret = f"was shown at its creation; for a new one: souschef source rotate {fields['source']}" if existed else None
    typer.echo(f"  key     {fields['key']}\n  secret  {secret or fields['secret']}")
    if fields.get("webhook_secret"):
        typer.echo(f"          for a library of Standard Webhooks: {fields['webhook_secret']}")
    if not settings().web_url:
        typer.echo("The address is the one of this machine: set SOUSCHEF_WEB_URL to the address that senders use.")


def _public_url(path: str) -> str:
    from config.settings import settings
    from workers.preflight import client_host

    local_url = f"http://{client_host(settings().web_host)}:{settings().web_port}"
    return f"{settings().web_url or local_url}{path}"


def _refuse(sentence: str) -> NoReturn:
    from config.errors import WrongInputError

    raise WrongInputError(sentence)
