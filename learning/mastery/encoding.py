"""Whole numbers as few bytes: seven bits a byte, the lowest first, zigzag so that small negative ones stay small.

Source: Protocol Buffers, "Encoding", Base 128 Varints and ZigZag.
"""

from __future__ import annotations

MORE = 0x80
"""The eighth bit says that more follows."""


def write_varint(number: int) -> bytes:
    """Return `number`, of any size and sign, as one byte for each seven bits."""
    value = number << 1 if number >= 0 else ((-number) << 1) - 1
    out = bytearray()
    while value >= MORE:
        out.append(value & 0x7F | MORE)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(body: bytes, place: int) -> tuple[int, int]:
    """Return the number that starts at `place`, and the place behind it.

    Raises:
        IndexError: `body` ends within the number.
    """
    value = shift = 0
    while True:
        byte = body[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < MORE:
            return (value >> 1 if not value & 1 else -((value + 1) >> 1)), place
        shift += 7
