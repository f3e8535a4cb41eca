"""Read a request's body within limits of size and time, whatever its headers claim."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from web.in_flight import Limits, Place
from web.problems import ProblemError

JSON_TYPES = ("application/json", "application/vnd.api+json", "application/ld+json")
MAX_LENGTH_DIGITS = 12
"""A longer Content-Length is above every limit: a terabyte and more."""
SMALL_BYTES = 256 * 1024
"""So much may come out of a compressed body of each request at once."""
_WINDOW_BITS = {"": 0, "identity": 0, "gzip": 31, "x-gzip": 31, "deflate": 15}
"""Content-Encoding -> zlib's window bits, which also say the container; 0: not compressed."""


@asynccontextmanager
async def read_body(request: Request, limits: Limits, place: Place, *, max_bytes: int) -> AsyncIterator[bytes]:
    """Read the body and count it as buffered until the end of the block.

    Raises:
        ProblemError: `too_large`, `body_timeout`, `overloaded`, `too_many_at_once`.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > MAX_LENGTH_DIGITS or int(length) > max_bytes):
        raise ProblemError("too_large")
    with place.buffering():
        yield await _whole(request, limits, place, max_bytes=max_bytes)


async def _whole(request: Request, limits: Limits, place: Place, *, max_bytes: int) -> bytes:
    chunks = bytearray()
    try:
        async with asyncio.timeout(limits.total_seconds):
            stream = request.stream()
            while chunk := await _next_chunk(stream, limits.idle_seconds):
                chunks += chunk
                if len(chunks) > max_bytes:
                    raise ProblemError("too_large")
                place.count_bytes(len(chunk))
    except (TimeoutError, ClientDisconnect):
        raise ProblemError("body_timeout") from None
    return bytes(chunks)


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
