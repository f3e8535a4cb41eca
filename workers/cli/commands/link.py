"""`souschef link`: signed links that open a student's, a teacher's or a head's pages without an LMS."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from workers.cli.options import AsJson, Class, School

app = typer.Typer(help="Create, list and revoke links that open a person's pages.", no_args_is_help=True)

Hours = Annotated[int, typer.Option(help="How many hours the link works.")]


@app.command()
def student(
    ref: Annotated[str, typer.Argument(help="The student's ref, as the roster has it.")],
    *,
    hours: Hours = 8,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that opens a student's page.

    Example: souschef link student RES-2303 --hours 2
    """
    _make(ref, "student", hours=hours, school=school, as_json=as_json)


@app.command()
def teacher(
    ref: Annotated[str, typer.Argument(help="The teacher's ref, as the roster has it.")],
    *,
    class_ref: Class = None,
    hours: Hours = 8,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that opens a teacher's page of a class; a teacher of several classes needs --class.

    Example: souschef link teacher riverside-t412 --class MATH-5A
    """
    _make(ref, "teacher", hours=hours, school=school, as_json=as_json, class_ref=class_ref)


@app.command()
def head(
    ref: Annotated[str, typer.Argument(help="The ref of a teacher or another member of staff.")],
    *,
    hours: Hours = 8,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Print a link that opens the page of the whole school, in numbers of classes; no student is named on it.

    Example: souschef link head riverside-t412 --hours 2
    """
    _make(ref, "head", hours=hours, school=school, as_json=as_json)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the links: whose, created by whom, until when, and whether revoked.

    Example: souschef link list
    """
    from models import engine
    from models.access import page_links

    with engine.transaction() as session:
        rows = page_links.list_links(session)
    if as_json:
        typer.echo(json.dumps({"links": rows}, default=str))
        return
    for row in rows:
        state = "  revoked" if row["revoked_at"] else ""
        until = f"until {row['expires_at']:%Y-%m-%d %H:%M}"
        typer.echo(f"{row['id']}  {row['school']}  {row['role']} {row['person']}  by {row['author']}  {until}{state}")
    if not rows:
        typer.echo("There is no link: souschef link student REF")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="The link's number, as `souschef link list` prints it.")],
) -> None:
    """Revoke a link and every page session that it has opened, at once.

    Example: souschef link revoke 4
    """
    from models import engine
    from models.access import page_links
    from models.students import people
    from workers.cli import audit_trail

    with engine.transaction() as session:
        link = page_links.revoke(session, number)
        students = people.schools_of(session, [link.person_id])
        audit_trail.log_access(session, "link revoke", students)
    typer.echo(f"Link {number} is revoked.")


def _make(ref: str, role: str, *, hours: int, school: str | None, as_json: bool, class_ref: str | None = None) -> None:
    from config.settings import settings
    from models import engine
    from models.access import page_links, schools
    from models.reports.names import NameKind
    from models.students import people
    from models.tables.pages import PageRole
    from web.pages.safety import configured_origin
    from workers.cli import audit_trail, refs

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        ref = refs.match(session, owner, NameKind.STUDENT if role == "student" else NameKind.STAFF, ref).ref
        link, token = page_links.make(
            session,
            owner.id,
            ref,
            role=PageRole(role),
            hours=hours,
            author=audit_trail.operator(),
            secret_key=settings().secret_key_bytes(),
            **refs.resolve_all(session, owner, class_ref=class_ref),
        )
        audit_trail.log_access(session, "link", people.schools_of(session, [link.person_id]))
        number, until = link.id, link.expires_at
    address = f"{configured_origin()}/link/{token}"
    if as_json:
        typer.echo(json.dumps({"id": number, "url": address, "expires_at": until.isoformat()}))
        return
    typer.echo(f"Link {number} opens the page of {role} {ref} until {until:%Y-%m-%d %H:%M} (UTC):\n  {address}")
