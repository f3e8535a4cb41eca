"""The pages' style sheet, their two small scripts and their icon."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import FileResponse

from web.pages.render import FOLDER, PageRefusedError

router = APIRouter(prefix="/static", include_in_schema=False)
FILES = {
    "pages.css": "text/css; charset=utf-8",
    "storage.js": "text/javascript; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "registered.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@router.get("/{name}")
async def static(name: str) -> FileResponse:
    """Return one of the files."""
    if name not in FILES:
        raise PageRefusedError("not_found")
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(FOLDER.parent / "static" / name, media_type=FILES[name], headers=headers)
