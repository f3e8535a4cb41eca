"""`souschef source`: who may send events to the doors."""

from __future__ import annotations

import json
from typing import Annotated, NoReturn

import typer

app = typer.Typer(help="Add, list, set, rotate and revoke the senders of events.", no_args_is_help=True)
LONGEST_NAME = 100

School = Annotated[str | None, typer.Option(help="The school's ref; may be left out where there is one school.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
STATEMENTS = "/statements"
"""What a client of xAPI puts behind its endpoint itself."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="A name of your choice, such as moodle.")],
    *,
    format: Annotated[str, typer.Option(help="What it speaks: moodle, xapi, typeform, ...")],  # noqa: A002 - the option's name
    school: School = None,
    survey: Annotated[list[str] | None, typer.Option(help="A survey id that may be read (repeatable).")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a source and print its credential, once; one that is there already may send more surveys from now on.

    Example: souschef source add moodle --format moodle --survey FB-LIKE
    """
    from config.settings import settings
    from lms import formats
    from models import database, sources

    if not (name.isprintable() and name.strip() and len(name) <= LONGEST_NAME):
        _refuse(f"A name has 1 to {LONGEST_NAME} characters that can be seen.")
    if not all(each.strip() for each in survey or ()):
        _refuse("A survey id is empty: name it as its sender does.")
    try:
        door = formats.named(format).door
    except formats.UnknownFormatError as error:
        _refuse(str(error))
    key = settings().secret_key_bytes()
    with database.transaction() as session:
        try:
            known = sources.is_there(session, name, school=school)
            given = sources.add(session, name, format=format, school=school, surveys=survey or (), secret_key=key)
        except (sources.SourceUnknown, sources.SourceTaken) as error:
            _refuse(str(error))
    _show(given, door=_address(door), as_json=as_json, known=known)


@app.command()
def rotate(name: str, *, school: School = None, as_json: AsJson = False) -> None:
    """Give a source a new secret; the old one stays good for seven days."""
    from config.settings import settings
    from lms import formats
    from models import database, sources

    with database.transaction() as session:
        try:
            given = sources.rotate(session, name, school=school, secret_key=settings().secret_key_bytes())
        except sources.SourceUnknown as error:
            _refuse(str(error))
    _show(given, door=_address(formats.named(given.format).door), as_json=as_json)


@app.command()
def revoke(name: str, *, school: School = None) -> None:
    """Close the door for a source, at once; what it has sent stays."""
    from models import database, sources

    with database.transaction() as session:
        try:
            sources.revoke(session, name, school=school)
        except sources.SourceUnknown as error:
            _refuse(str(error))
    typer.echo(f"{name} is revoked.")


@app.command()
def renumber(name: str, *, school: School = None) -> None:
    """Let a source's numbers begin anew: what is missing of those until now is no longer named.

    Example: souschef source renumber sis, after the sender was installed anew and counts from 1 again
    """
    from models import database, numbers, sources

    with database.transaction() as session:
        try:
            had = numbers.begin_anew(session, name, school=school)
        except sources.SourceUnknown as error:
            _refuse(str(error))
    typer.echo(f"The numbers of {name} begin anew." if had else f"{name} has never sent a numbered event.")


@app.command("set")
def set_(
    name: str,
    told: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="KEY= removes a setting.")],
    *,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Set what a source of Canvas needs to check signatures: jwks_url, and root_accounts with commas between.

    Example: souschef source set canvas jwks_url=https://keys.example/jwks root_accounts=UUID,UUID
    """
    from models import database, source_settings, sources

    with database.transaction() as session:
        try:
            now = source_settings.change(session, name, told, school=school)
        except (sources.SourceUnknown, source_settings.SettingRefused) as error:
            _refuse(str(error))
    if as_json:
        typer.echo(json.dumps({"source": name, "settings": now}))
        return
    for key, value in sorted(now.items()):
        typer.echo(f"{key} = {', '.join(value) if isinstance(value, list) else value}")
    if not now:
        typer.echo(f"{name} has no settings.")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the sources: school, name, format, surveys, settings, since when, revoked or not."""
    from models import database, sources

    with database.transaction() as session:
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
            for school, source in sources.listed(session)
        ]
    if as_json:
        typer.echo(json.dumps({"sources": rows}))
        return
    for row in rows:
        surveys = f", surveys {' '.join(row['surveys'])}" if row["surveys"] else ""  # type: ignore[arg-type] # a list
        typer.echo(f"{row['school']}  {row['source']}  {row['format']}{surveys}{'  revoked' if row['revoked'] else ''}")
    if not rows:
        typer.echo("There is no source yet: souschef source add NAME --format FORMAT")


def _show(given: object, *, door: str, as_json: bool, known: bool = False) -> None:
    """Print a credential; of a source that was `known` before, all but the secret."""
    from dataclasses import asdict

    from config.settings import settings

    fields = {**asdict(given), "url": door}  # type: ignore[call-overload] # a Credential, imported late
    if known:
        fields["secret"] = None
    if as_json:
        typer.echo(json.dumps(fields))
        return
    told = f"Source {fields['source']} of school {fields['school']} ({fields['format']})"
    typer.echo(f"{told} is there already:" if known else f"{told}. Keep its secret like a password:")
    typer.echo(f"  URL     {fields['url']}")
    if door.endswith(STATEMENTS):
        typer.echo(f"          where an endpoint is asked for, as by Moodle: {door.removesuffix(STATEMENTS)}")
    secret = f"was shown when it was made; a new one: souschef source rotate {fields['source']}" if known else None
    typer.echo(f"  key     {fields['key']}\n  secret  {secret or fields['secret']}")
    if not settings().web_url:
        typer.echo("The address is this machine's own: set SOUSCHEF_WEB_URL to the one that senders reach it by.")


def _address(door: str) -> str:
    from config.settings import settings
    from workers.surroundings import reachable

    here = f"http://{reachable(settings().web_host)}:{settings().web_port}"
    return f"{settings().web_url or here}{door}"


def _refuse(sentence: str) -> NoReturn:
    from config.errors import Mendable

    raise Mendable(sentence)
