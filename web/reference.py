"""The doors' reference as one page of plain HTML, made from the OpenAPI description.

FastAPI's own page loads its scripts from a public network, which a school's server may not reach and a reader of its
page should not be told to.
"""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

router = APIRouter()

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}: the doors</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
h2 {{ margin: 2rem 0 .25rem; font-size: 1.1rem; }} code {{ background: #f2f2ee; padding: .1rem .3rem; }}
.verb {{ display: inline-block; min-width: 3.5rem; font-weight: 700; color: #2c6e2c; }}
table {{ border-collapse: collapse; }} td {{ padding: .1rem 1rem .1rem 0; vertical-align: top; }}
</style></head><body><h1>{title}</h1><p>{summary}</p>
<p>Machines read the same as <a href="openapi.json">openapi.json</a>. A credential is made by
<code>souschef source add</code>.</p>
{doors}</body></html>
"""


@router.get("/docs", include_in_schema=False)
def reference(request: Request) -> HTMLResponse:
    """Return the page."""
    schema = request.app.openapi()
    doors = (
        _door(path, verb, told)
        for path, verbs in schema["paths"].items()
        for verb, told in verbs.items()
        if isinstance(told, dict) and "responses" in told
    )
    info = schema["info"]
    title, summary = escape(info["title"]), escape(info.get("summary", ""))
    return HTMLResponse(_PAGE.format(title=title, summary=summary, doors="\n".join(doors)))


def _door(path: str, verb: str, told: dict[str, Any]) -> str:
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td></tr>"
        for status, answer in sorted(told["responses"].items())
    )
    by = ", ".join(sorted({name for way in told.get("security", ()) for name in way}))
    credential = f"<p>Credential: {escape(by)}.</p>" if by else ""
    words = escape(told.get("description") or told.get("summary") or "")
    heading = f'<span class="verb">{escape(verb.upper())}</span> <code>{escape(path)}</code>'
    return f"<h2>{heading}</h2><p>{words}</p>{credential}<table>{answers}</table>"
