"""Arrays on their way to the server: lists of numbers, texts and bytes, packed without a call an element.

psycopg calls a dumper for each element, which takes twice as long; other lists are left to it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any, NamedTuple

from psycopg.adapt import PyFormat
from psycopg.errors import DataError
from psycopg.types.array import ListBinaryDumper

_HEADER = struct.Struct("!IIIII")
"""Dimensions, whether any element is null, the element's type; length, number of the first element."""
_NULL = struct.pack("!i", -1)
_length = struct.Struct("!i").pack
_integer = struct.Struct("!iq").pack
_number = struct.Struct("!id").pack


class _Elements(NamedTuple):
    """How elements of one Python type are sent."""

    oid: int
    """PostgreSQL's number of their type."""
    array_oid: int
    pack: Callable[[list[Any]], Iterable[bytes]]


def _integers(values: list[int | None]) -> Iterable[bytes]:
    if None in values:
        return [_NULL if value is None else _integer(8, value) for value in values]
    return map(_integer, repeat(8), values)


def _numbers(values: list[float | None]) -> Iterable[bytes]:
    if None in values:
        return [_NULL if value is None else _number(8, value) for value in values]
    return map(_number, repeat(8), values)


def _texts(values: list[str | None]) -> Iterable[bytes]:
    return [_NULL if value is None else _length(len(text := value.encode())) + text for value in values]


def _bytes(values: list[bytes | None]) -> Iterable[bytes]:
    return [_NULL if value is None else _length(len(value)) + value for value in values]


_ELEMENTS: dict[type, _Elements] = {
    int: _Elements(20, 1016, _integers),
    float: _Elements(701, 1022, _numbers),
    str: _Elements(25, 1009, _texts),
    bytes: _Elements(17, 1001, _bytes),
}


class ArrayDumper(ListBinaryDumper):
    """Sends a list in binary; in text form, Python would escape every quote of every payload.

    Integers are sent as `bigint`, which statements cast to what they need. All elements of a list have one type, or
    are None.
    """

    elements: _Elements | None = None
    """None: psycopg dumps each element."""

    def get_key(self, obj: list[Any], format: PyFormat) -> Any:  # noqa: A002, ANN401 - as psycopg has it
        """Return what tells lists apart that need different dumpers."""
        kind = _kind(obj)
        return (self.cls, kind) if kind in _ELEMENTS else super().get_key(obj, format)

    def upgrade(self, obj: list[Any], format: PyFormat) -> Any:  # noqa: A002, ANN401 - as psycopg has it
        """Return the dumper for a list."""
        elements = _ELEMENTS.get(_kind(obj))
        if elements is None:
            return super().upgrade(obj, format)
        dumper = type(self)(self.cls, self._tx)
        dumper.oid, dumper.elements = elements.array_oid, elements
        return dumper

    def dump(self, obj: list[Any]) -> Any:  # noqa: ANN401 - as psycopg has it
        """Return a list as PostgreSQL reads it in binary.

        Raises:
            DataError: an element is of another type than the first, or an integer takes more than 64 bits.
        """
        if self.elements is None:
            return super().dump(obj)
        header = _HEADER.pack(1, None in obj, self.elements.oid, len(obj), 1)
        try:
            return b"".join((header, *self.elements.pack(obj)))
        except (struct.error, AttributeError, TypeError):
            raise DataError("elements of several types, or an integer of more than 64 bits") from None


def _kind(values: list[Any]) -> type:
    """Return the type of the first element that is not None."""
    return type(next((value for value in values if value is not None), None))
