"""What each statement of a drain costs the server: CPU of its processes, as Linux counts it (`/proc/PID/schedstat`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

BEGINNING = 90
"""Characters of a statement by which it is known."""


@contextmanager
def server_cpu() -> Iterator[Counter[str]]:
    """Count nanoseconds of the server's CPU by statement, for all that this process runs meanwhile.

    Planning and the checks of foreign keys are counted with the statement, and so are locks, but not a commit.
    """
    spent: Counter[str] = Counter()
    started: dict[int, int] = {}

    def begin(_connection: object, cursor: Any, *_: object) -> None:  # noqa: ANN401 - a driver's cursor
        started[id(cursor)] = _nanoseconds(cursor)

    def end(_connection: object, cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401 - see above
        spent[" ".join(statement.split())[:BEGINNING]] += _nanoseconds(cursor) - started.pop(id(cursor))

    event.listen(Engine, "before_cursor_execute", begin)
    event.listen(Engine, "after_cursor_execute", end)
    try:
        yield spent
    finally:
        event.remove(Engine, "before_cursor_execute", begin)
        event.remove(Engine, "after_cursor_execute", end)


def _nanoseconds(cursor: Any) -> int:  # noqa: ANN401 - see above
    backend = cursor.connection.info.backend_pid
    return int(Path(f"/proc/{backend}/schedstat").read_text(encoding="ascii").split()[0])
