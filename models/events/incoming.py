"""A received event, and the shard of its student."""

from lms.facts import EventKind
from lms.values import immutable

SHARDS = 64


@immutable
class NewEvent:
    """One event as the API received it."""

    kind: EventKind
    key: bytes
    student: str
    payload: str

    @property
    def shard(self) -> int:
        """Return the shard of its student."""
        return shard_of(self.student)


def shard_of(student: str) -> int:
    """Return the shard of a student by the source's name for them: the same in every process."""
    number = 0
    for byte in student.encode():
        number = (number * 31 + byte) % 1_000_003
    return number % SHARDS
