"""The API's reference as one page of plain HTML, made from the OpenAPI description.

FastAPI's own page loads scripts from a public network, which a school's network may not reach, and which its readers
should not have to contact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

router = APIRouter()
FIRST_PROBLEM = "400"
"""The first status that is a problem; a status is a text of three digits."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}: the API</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
pre {{ background: #f2f2ee; padding: .5rem; overflow-x: auto; }}
h2 {{ margin: 2rem 0 .25rem; font-size: 1.1rem; }} code {{ background: #f2f2ee; padding: .1rem .3rem; }}
.verb {{ display: inline-block; min-width: 3.5rem; font-weight: 700; color: #2c6e2c; }}
table {{ border-collapse: collapse; }} td {{ padding: .1rem 1rem .1rem 0; vertical-align: top; }}
</style></head><body><h1>{title}</h1><p>{summary}</p>
<p>The same for programs: <a href="openapi.json">openapi.json</a>. A credential comes from
<code>souschef source add</code>.</p>
{operations}</body></html>
"""


@router.get("/docs", include_in_schema=False)
def get_reference(request: Request) -> HTMLResponse:
    """Return the reference."""
    schema = request.app.openapi()
    operations = (
        _render(path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "responses" in operation
    )
    info = schema["info"]
    title, summary = escape(info["title"]), escape(info.get("summary", ""))
    text = "\n".join([*operations, _problems(schema)])
    return HTMLResponse(_PAGE.format(title=title, summary=summary, operations=text))


def _render(path: str, method: str, operation: dict[str, Any]) -> str:
    answers = operation["responses"]
    rows = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td></tr>"
        for status, answer in sorted(answers.items())
        if status < FIRST_PROBLEM
    )
    problems = ", ".join(sorted(status for status in answers if status >= FIRST_PROBLEM))
    refused = f"<p>Problems: {escape(problems)} (<a href='#problems'>what they mean</a>).</p>" if problems else ""
    schemes = ", ".join(sorted({name for scheme in operation.get("security", ()) for name in scheme}))
    credential = f"<p>Credential: {escape(schemes)}.</p>" if schemes else ""
    description = escape(operation.get("description") or operation.get("summary") or "")
    heading = f'<span class="verb">{escape(method.upper())}</span> <code>{escape(path)}</code>'
    fields = "".join(_queries(operation)) + "".join(_bodies(path, operation))
    return f"<h2>{heading}</h2><p>{description}</p>{credential}{fields}<table>{rows}</table>{refused}"


def _queries(operation: dict[str, Any]) -> Iterator[str]:
    for each in operation.get("parameters", ()):
        yield f"<p><code>?{escape(each['name'])}</code> {escape(each.get('description', ''))}</p>"


def _bodies(path: str, operation: dict[str, Any]) -> Iterator[str]:
    """Yield a table of fields for each kind of body whose fields are described, and how to send the first example."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        found = [each for each in _objects(media["schema"]) if each.get("properties")]
        for each in found:
            rows = "".join(_field(name, field, each) for name, field in each["properties"].items())
            name = escape(each.get("title", "Fields"))
            yield f"<details><summary>{name}</summary><table>{rows}</table></details>"
        examples = [example for each in found for example in each.get("examples", ())]
        if examples:
            body = escape(json.dumps(examples[0]))
            yield f"<pre>curl --user KEY:SECRET --json '{body}' https://HOST{escape(path)}</pre>"


def _objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema, or those of which it is one."""
    below = schema.get("oneOf") or schema.get("anyOf")
    if not below:
        yield schema
    for each in below or ():
        yield from _objects(each)


def _field(name: str, field: dict[str, Any], of: dict[str, Any]) -> str:
    needed = "needed" if name in of.get("required", ()) else ""
    inner = next((each for each in field.get("anyOf", ()) if each.get("type") != "null"), field)
    text = escape(field.get("description") or inner.get("description", ""))
    words = escape(", ".join(map(str, inner.get("enum", ()))))
    return f"<tr><td><code>{escape(name)}</code></td><td>{needed}</td><td>{text} {words}</td></tr>"


def _problems(schema: dict[str, Any]) -> str:
    """Return the codes of all problems, each status once."""
    codes = {
        status: answer["description"]
        for methods in schema["paths"].values()
        for operation in methods.values()
        if isinstance(operation, dict)
        for status, answer in operation.get("responses", {}).items()
        if status >= FIRST_PROBLEM
    }
    rows = "".join(f"<tr><td>{escape(key)}</td><td>{escape(codes[key])}</td></tr>" for key in sorted(codes))
    head = "<h2 id='problems'>Problems</h2><p>A problem is a JSON object with its <code>code</code>.</p>"
    return f"{head}<table>{rows}</table>"
