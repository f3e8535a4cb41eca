"""`souschef language`: in which language the pages of a class are written."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from workers.cli.options import AsJson, Class, School

ANY = "any"


def language(
    tag: Annotated[str, typer.Argument(help="en, de or es; `any` leaves it to each browser.")],
    *,
    class_ref: Class = None,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Set the language of the pages of a class, or of every class of the school.

    What a visitor chooses on a page comes first, then a student's own language, the class's, the browser's, the
    school's. The language of materials stays as it is.

    Example: souschef language de --class MATH-5A
    """
    from models import engine
    from models.access import schools
    from models.students import languages
    from web.pages.language import NAMES
    from workers.cli import refs

    if tag not in (*NAMES, ANY):
        raise languages.LanguageRefusedError(f"There are no pages in {tag}.", f"Say {', '.join(NAMES)} or {ANY}.")
    with engine.transaction() as session:
        wanted = None if tag == ANY else tag
        owner = schools.resolve(session, school)
        of = refs.resolve_all(session, owner, class_ref=class_ref)
        count = languages.set_language(session, owner, wanted, **of)
    if as_json:
        typer.echo(json.dumps({"language": wanted, "classes": count}))
        return
    meaning = "each browser's language" if wanted is None else NAMES[tag]
    typer.echo(f"The pages of {count} class{'' if count == 1 else 'es'} are in {meaning} now.")
