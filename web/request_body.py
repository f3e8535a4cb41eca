"""Read a request's body within limits of size and time, whatever its headers claim."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from web.problems import ProblemError

JSON_TYPES = ("application/json", "application/vnd.api+json", "application/ld+json")
MAX_LENGTH_DIGITS = 12
"""A longer Content-Length is above every limit: a terabyte and more."""
SMALL_BYTES = 256 * 1024
"""So much may come out of a compressed body of each request at once."""
_WINDOW_BITS = {"": 0, "identity": 0, "gzip": 31, "x-gzip": 31, "deflate": 15}
"""Content-Encoding -> zlib's window bits, which also say the container; 0: not compressed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one process for all requests together, and for each."""

    body_bytes: int | None = None
    """Largest body, also after decompression; None: as configured."""
    buffered_bytes: int = 64 * 1024 * 1024
    """All bodies in memory together, as they were sent; a request beyond gets 503, unless it is the only one."""
    requests: int = 256
    """Requests being read or stored at the same time."""
    idle_seconds: float = 5.0
    """Longest silence within a body."""
    total_seconds: float = 30.0
    """Longest time for a whole body."""
    wait_seconds: float = 4.0
    """Longest wait for a free thread, about as long as a database statement may take."""
    answer_seconds: float = 4.5
    """Longest time for all threads and database work of a request together."""


@dataclass(slots=True)
class InFlight:
    """The requests and body bytes that a process is handling now."""

    requests: int = 0
    body_bytes: int = 0

    @contextmanager
    def request(self, limits: Limits) -> Iterator[None]:
        """Count a request until the end of the block.

        Raises:
            ProblemError: `overloaded`.
        """
        if self.requests >= limits.requests:
            raise ProblemError("overloaded")
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1


@asynccontextmanager
async def read_body(request: Request, limits: Limits, in_flight: InFlight, *, max_bytes: int) -> AsyncIterator[bytes]:
    """Read the body and count it as buffered until the end of the block.

    Raises:
        ProblemError: `too_large`, `body_timeout`, `overloaded`.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > MAX_LENGTH_DIGITS or int(length) > max_bytes):
        raise ProblemError("too_large")
    chunks = bytearray()
    try:
        await _fill(chunks, request, limits, in_flight, max_bytes=max_bytes)
        body = bytes(chunks)
    except BaseException:
        in_flight.body_bytes -= len(chunks)
        raise
    del chunks
    try:
        yield body
    finally:
        in_flight.body_bytes -= len(body)


async def _fill(chunks: bytearray, request: Request, limits: Limits, in_flight: InFlight, *, max_bytes: int) -> None:
    try:
        async with asyncio.timeout(limits.total_seconds):
            stream = request.stream()
            while chunk := await _next_chunk(stream, limits.idle_seconds):
                chunks += chunk
                in_flight.body_bytes += len(chunk)
                if len(chunks) > max_bytes:
                    raise ProblemError("too_large")
                if in_flight.body_bytes > max(limits.buffered_bytes, len(chunks)):
                    raise ProblemError("overloaded")
    except (TimeoutError, ClientDisconnect):
        raise ProblemError("body_timeout") from None


async def _next_chunk(stream: AsyncGenerator[bytes, None], seconds: float) -> bytes:
    """Return the next chunk; b"" is the end, because a stream yields no empty chunk before it."""
    async with asyncio.timeout(seconds):
        return await anext(stream, b"")


def zlib_window_bits(request: Request, *, allowed: tuple[str, ...] = JSON_TYPES) -> int:
    """Check the Content-Type; return zlib's window bits for the Content-Encoding, 0 for none.

    Raises:
        ProblemError: `unsupported_media`.
    """
    media, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = [p.partition("=")[2].strip(' "').lower() for p in parameters.split(";") if "charset" in p.lower()]
    if media.strip().lower() not in allowed or any(name not in ("utf-8", "utf8", "us-ascii") for name in charset):
        raise ProblemError("unsupported_media")
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in _WINDOW_BITS:
        raise ProblemError("unsupported_media")
    return _WINDOW_BITS[encoding]


def decompress(body: bytes, window_bits: int, *, max_bytes: int) -> bytes:
    """Return the body without its compression.

    Raises:
        ProblemError: `too_large`, for a decompression bomb too; `bad_encoding`: not compressed as claimed, or cut off.
    """
    if not window_bits:
        return body
    decompressor = zlib.decompressobj(window_bits)
    try:
        plain = decompressor.decompress(body, max_bytes + 1)
    except zlib.error:
        raise ProblemError("bad_encoding") from None
    if len(plain) > max_bytes or decompressor.unconsumed_tail:
        raise ProblemError("too_large")
    if not decompressor.eof or decompressor.unused_data:
        raise ProblemError("bad_encoding")
    return plain


def decompress_small(body: bytes, window_bits: int, *, max_bytes: int) -> bytes | None:
    """Return the body without its compression, or None where it becomes large: memory is reserved first then.

    Raises:
        ProblemError: as `decompress`.
    """
    try:
        return decompress(body, window_bits, max_bytes=min(SMALL_BYTES, max_bytes))
    except ProblemError as error:
        if error.code == "too_large" and max_bytes > SMALL_BYTES:
            return None
        raise
