"""The key of a source: public, and made of its number."""

PREFIX = "souschef-"
MAX_LENGTH = len(PREFIX) + 18
"""A longer key belongs to no source: its number would not fit into 64 bits."""


def key_of(source: int | None) -> str:
    """Return the key of a source."""
    return f"{PREFIX}{source}"


def source_of(key: str) -> int | None:
    """Return the id of the source that would have this key, or None where none could."""
    number = key[len(PREFIX) :]
    return int(number) if key.startswith(PREFIX) and number.isdecimal() and len(key) <= MAX_LENGTH else None
