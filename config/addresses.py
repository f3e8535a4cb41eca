"""What is wrong with a server's address is said where it is read, and not by whichever library meets it first."""

from __future__ import annotations

from urllib.parse import urlsplit


def checked(url: str) -> str:
    """Return an address that can be taken apart; RabbitMQ's may be several, with `;` between.

    Raises:
        ValueError: it cannot; the words quote nothing of it, for it may hold a password.
    """
    for each in url.split(";"):
        _check(each)
    return url


def _check(url: str) -> None:
    server, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    if server.count("@") > 1 or "@" in path or "@" in url.partition("#")[2]:
        raise ValueError("@, /, ? and # in a user's name or password must be written as %40, %2F, %3F and %23")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is read at its use
    except ValueError:
        raise ValueError("its host or port cannot be read; what is due is //user:password@host:port/name") from None
    if parts.scheme in {"redis", "rediss"} and not (number := parts.path.strip("/")).isdecimal() and number:
        raise ValueError("its database is a number, such as /0")
