"""Read a request's body within bounds of size and time, whatever its headers claim."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request

from web.problems import Problem

JSON_TYPES = ("application/json", "application/vnd.api+json", "application/ld+json")
_ENCODINGS = {"": 0, "identity": 0, "gzip": 31, "x-gzip": 31, "deflate": 15}
"""Content-Encoding -> zlib's window bits, which name the container; 0 is none."""


@dataclass(slots=True)
class Limits:
    """What all requests of a process together, and each alone, may take."""

    body_bytes: int | None = None
    """Largest body, also unpacked; None: as set."""
    held_bytes: int = 128 * 1024 * 1024
    """All bodies in memory at once; a request beyond is told to come again."""
    requests: int = 256
    """Requests being read or stored at once."""
    idle_seconds: float = 5.0
    """Longest silence within a body."""
    total_seconds: float = 30.0
    """Longest time for a whole body."""
    wait_seconds: float = 4.0
    """Longest wait for a thread; nobody should wait for an answer much longer than a statement may take."""
    answer_seconds: float = 4.5
    """Longest time that a request is kept waiting for threads and the database together, whatever hangs behind it."""
    held: int = field(default=0, init=False)
    running: int = field(default=0, init=False)


@asynccontextmanager
async def admitted(limits: Limits) -> AsyncIterator[None]:
    """Count a request in, and out again.

    Raises:
        Problem: `overloaded`.
    """
    if limits.running >= limits.requests:
        raise Problem("overloaded")
    limits.running += 1
    try:
        yield
    finally:
        limits.running -= 1


@asynccontextmanager
async def body_of(request: Request, limits: Limits, *, most: int) -> AsyncIterator[bytes]:
    """Read the body, at most `most` bytes, and count it as held until the end of the block.

    Raises:
        Problem: `too_large`, `body_timeout`, `overloaded`.
    """
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and (len(told) > 12 or int(told) > most):  # noqa: PLR2004 - a terabyte
        raise Problem("too_large")
    chunks = bytearray()
    try:
        await _fill(chunks, request, limits, most=most)
        yield bytes(chunks)
    finally:
        limits.held -= len(chunks)


async def _fill(chunks: bytearray, request: Request, limits: Limits, *, most: int) -> None:
    try:
        async with asyncio.timeout(limits.total_seconds):
            stream = request.stream()
            while chunk := await _next(stream, limits.idle_seconds):
                chunks += chunk
                limits.held += len(chunk)
                if len(chunks) > most:
                    raise Problem("too_large")
                if limits.held > limits.held_bytes:
                    raise Problem("overloaded")
    except (TimeoutError, ClientDisconnect):
        raise Problem("body_timeout") from None


async def _next(stream: AsyncGenerator[bytes, None], seconds: float) -> bytes:
    """Return the next bytes; b"" is the end, for a stream never yields an empty piece before it."""
    async with asyncio.timeout(seconds):
        return await anext(stream, b"")


def check_type(request: Request, *, allowed: tuple[str, ...] = JSON_TYPES) -> int:
    """Return zlib's window bits for the Content-Encoding, 0 for none.

    Raises:
        Problem: `unsupported_media`.
    """
    media, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = [p.partition("=")[2].strip(' "').lower() for p in parameters.split(";") if "charset" in p.lower()]
    if media.strip().lower() not in allowed or any(name not in ("utf-8", "utf8", "us-ascii") for name in charset):
        raise Problem("unsupported_media")
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise Problem("unsupported_media")
    return _ENCODINGS[encoding]


def unpacked(body: bytes, window_bits: int, *, most: int) -> bytes:
    """Return the body without its compression, unpacking no more than is allowed.

    Raises:
        Problem: `too_large` for a bomb, `bad_encoding` for what is not compressed as claimed, or is cut off.
    """
    if not window_bits:
        return body
    unpacker = zlib.decompressobj(window_bits)
    try:
        plain = unpacker.decompress(body, most + 1)
    except zlib.error:
        raise Problem("bad_encoding") from None
    if len(plain) > most or unpacker.unconsumed_tail:
        raise Problem("too_large")
    if not unpacker.eof or unpacker.unused_data:
        raise Problem("bad_encoding")
    return plain
