"""What keeps the pages safe in a browser: headers of every answer, cookies by hand, and forms that only we can send."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import Request

from config.settings import settings
from tasks.outbound import is_loopback

COOKIE = "__Host-sc-"
LAUNCH = re.compile(r"[A-Za-z0-9_-]{1,40}")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action {forms}; frame-ancestors {frames}"
)
_PLAIN = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
}


def headers(frames: Iterable[str] = (), *, forms: Iterable[str] = ()) -> dict[str, str]:
    """Return the headers of a page that these origins may frame, and whose forms go to us and to `forms`."""
    framed = " ".join(frames) or "'none'"
    return {**_PLAIN, "Content-Security-Policy": _POLICY.format(forms=" ".join(["'self'", *forms]), frames=framed)}


def own_origin(request: Request) -> str:
    """Return our own address as browsers see it: as set, or on this machine alone as the request has it."""
    asked = urlsplit(str(request.base_url))
    if not settings().web_url and is_loopback(asked.hostname or ""):
        return f"http://{asked.netloc}"
    return configured_origin()


def configured_origin() -> str:
    """Return our own address as set; without one, this machine's own."""
    return settings().web_url or f"http://127.0.0.1:{settings().web_port}"


def is_secure(origin: str) -> bool:
    """Whether browsers keep our cookies at this address: https, or this machine itself."""
    parts = urlsplit(origin)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def is_ours(address: str, request: Request) -> bool:
    """Whether an address lies below our own."""
    return address == own_origin(request) or address.startswith(f"{own_origin(request)}/")


def set_cookie(name: str, value: str, *, seconds: int) -> str:
    """Return a Set-Cookie header that works inside another site's frame; `seconds` 0 removes the cookie.

    Written by hand: Starlette writes `Partitioned` on Python 3.14 only.
    """
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=None; Partitioned"


def cookies(request: Request) -> dict[str, str]:
    """Return our cookies by what follows `__Host-sc-`."""
    found = {name.removeprefix(COOKIE): value for name, value in request.cookies.items() if name.startswith(COOKIE)}
    return {launch: value for launch, value in found.items() if value and LAUNCH.fullmatch(launch)}


def is_from_our_page(request: Request) -> bool:
    """Whether the browser says that one of our own pages sends this request."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == own_origin(request)


def form_token(secret: str) -> str:
    """Return what a session's forms carry: nobody without its cookie can compute it."""
    return hmac.new(secret.encode(), b"souschef form", hashlib.sha256).hexdigest()


def is_form_token(value: str, secret: str) -> bool:
    """Whether a form carries the session's token."""
    return hmac.compare_digest(value.encode(), form_token(secret).encode())
