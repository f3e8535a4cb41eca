"""JSON from other servers' addresses, within bounds of time and size, and not from inside our own network."""

from __future__ import annotations

import ipaddress
import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from lms import strict_json

SECONDS = 3.0
"""For the whole exchange."""
MAX_BYTES = 256 * 1024
SERVER = re.compile(r"[A-Za-z0-9.:\[\]-]+")
"""A host and port; also safe to stand in a Content-Security-Policy."""


class AddressRefusedError(ValueError):
    """The address is not https, or leads into a private network."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long an exchange may last, and how large its answer may be."""

    seconds: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answered."""

    document: object
    """Its JSON; None where the body is empty."""
    next_url: str | None
    """The next page, as the Link header has it."""


def fetch_json(
    url: str,
    *,
    private_allowed: bool,
    headers: Mapping[str, str] | None = None,
    document: object | None = None,
) -> object:
    """Return the JSON that an address answers to a GET, or to a POST of `document`.

    Raises:
        AddressRefusedError: as in `exchange`.
        httpx.HTTPError: as in `exchange`.
        strict_json.BodyError: it is no JSON.
    """
    body = None if document is None else json.dumps(document).encode()
    sent = {"Content-Type": "application/json"} if body is not None else {}
    found = exchange(url, private_allowed=private_allowed, headers={**sent, **(headers or {})}, body=body)
    if found.document is None:
        raise strict_json.BodyError("bad_json")
    return found.document


def exchange(
    url: str,
    *,
    private_allowed: bool,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    bounds: Bounds | None = None,
) -> Answer:
    """Return what an address answers to a GET, or to a POST of `body`.

    Redirects are not followed. Unless private addresses are allowed, the host's addresses must all be public, and the
    connection goes to the very address that was checked, so that a name which changes its meaning gains nothing.

    Raises:
        AddressRefusedError: private, or not https (http to this machine alone, where private addresses are allowed).
        httpx.HTTPError: it cannot be had in time, or is too large.
        strict_json.BodyError: it is no JSON.
    """
    check_scheme(url, private_allowed=private_allowed)
    bounds = bounds or Bounds(SECONDS, MAX_BYTES)
    sent_headers = {"Accept": "application/json", **(headers or {})}
    deadline = _Deadline()
    extensions: dict[str, Any] = {"trace": deadline.follow}
    target = _parse_url(url)
    if not private_allowed:
        sent_headers["Host"] = target.netloc.decode()
        extensions["sni_hostname"] = target.host
        target = target.copy_with(host=public_address(target.host, target.port or 443))
    with (
        deadline.after(bounds.seconds),
        httpx.Client(timeout=bounds.seconds, follow_redirects=False, trust_env=private_allowed) as client,
        client.stream(
            "GET" if body is None else "POST", target, headers=sent_headers, content=body, extensions=extensions
        ) as answer,
    ):
        answer.raise_for_status()
        if answer.has_redirect_location:
            raise httpx.TooManyRedirects("The address redirects.", request=answer.request)
        text = _body(answer, bounds.max_bytes)
        return Answer(strict_json.read(text) if text.strip() else None, answer.links.get("next", {}).get("url"))


def _parse_url(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):  # a host that no name server could know
        raise AddressRefusedError(f"{url[:200]} is no address.") from None


def check_scheme(url: str, *, private_allowed: bool) -> None:
    """Do nothing where an address is https; or http to this machine itself, where private addresses are allowed.

    Raises:
        AddressRefusedError: it is neither, or names a user.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefusedError(f"{url[:200]} is no address.") from None
    if not host or parts.fragment or not SERVER.fullmatch(parts.netloc):
        raise AddressRefusedError(f"{url[:200]} is no address of a server.")
    if parts.scheme == "https" or (parts.scheme == "http" and private_allowed and is_loopback(host)):
        return
    raise AddressRefusedError(f"{url[:200]} does not begin with https://.")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, as a browser sees it."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def public_address(host: str, port: int) -> str:
    """Return one of a host's addresses, all of which are public.

    Raises:
        AddressRefusedError: one is not.
        httpx.ConnectError: the name is unknown.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpx.ConnectError(f"The host {host} is unknown.") from None
    addresses = [str(each[4][0]) for each in found]
    for address in addresses:
        number = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(number, "ipv4_mapped", None) or number
        if not mapped.is_global or mapped.is_multicast:
            raise AddressRefusedError(f"The host {host} has a private address.")
    return addresses[0]


def _body(answer: httpx.Response, max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > max_bytes:
            raise httpx.DecodingError("The answer is too large.", request=answer.request)
    return bytes(body)


class _Deadline:
    """The end of an exchange, whatever it waits for: the timeouts of httpx begin again with each byte that comes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_over = False
        self._connections: list[socket.socket] = []

    @contextmanager
    def after(self, seconds: float) -> Iterator[None]:
        """Cut the connections of the block after so many seconds.

        Raises:
            httpx.ReadTimeout: they were cut, also where the block took that for the end of the answer.
        """
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
            self._check()
        except httpx.HTTPError:
            self._check()
            raise
        finally:
            timer.cancel()
            for connection in self._connections:
                connection.close()

    def follow(self, step: str, info: Mapping[str, Any]) -> None:
        """Remember each connection that is opened; httpcore calls this before and after every step of an exchange.

        Raises:
            httpx.ReadTimeout: it is over.
        """
        with self._lock:
            self._check()
            if step == "connection.connect_tcp.complete":
                # A copy, because TLS takes the socket over.
                self._connections.append(info["return_value"].get_extra_info("socket").dup())

    def _cut(self) -> None:
        with self._lock:
            self._is_over = True
            for connection in self._connections:
                with suppress(OSError):  # the server was faster
                    connection.shutdown(socket.SHUT_RDWR)

    def _check(self) -> None:
        if self._is_over:
            raise httpx.ReadTimeout("The answer comes too slowly.")
