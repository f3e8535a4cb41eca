"""Failures that an operator can mend: one sentence that says what is wrong, one that says how to mend it.

Exit codes of `souschef` and of the Celery commands:

0 done · 1 an expected failure, or something was refused · 2 a wrong argument, setting or file · 3 a port is taken ·
4 the database does not answer, or refuses · 5 migrations are missing · 6 the broker does not answer · 7 the data folder
cannot be read or written · 8 a process did not start or stays broken · 130 stopped by Ctrl-C.
"""

from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """What a command's exit code says."""

    FAILED = 1
    WRONG_INPUT = 2
    PORT_TAKEN = 3
    DATABASE_UNREACHABLE = 4
    MIGRATIONS_MISSING = 5
    BROKER_UNREACHABLE = 6
    DATA_FOLDER_READ_ONLY = 7
    NOT_STARTED = 8


CODES_BY_NAME = {
    "DatabaseRefuses": Exit.DATABASE_UNREACHABLE,
    "DatabaseUnreachable": Exit.DATABASE_UNREACHABLE,
    "MigrationsMissing": Exit.MIGRATIONS_MISSING,
}
"""For failures that are declared in the folders above, which nothing here may import: all codes stand in this file."""


class Mendable(Exception):  # noqa: N818 - it names what the reader can do, and its children name what is wrong
    """A failure whose cause lies in the surroundings, told with its mend."""

    exit_code: int = Exit.FAILED

    def __init_subclass__(cls) -> None:
        """Give a failure its documented exit code."""
        super().__init_subclass__()
        cls.exit_code = CODES_BY_NAME.get(cls.__name__, cls.exit_code)

    def __init__(self, sentence: str, mend: str = "") -> None:
        super().__init__(f"{sentence} {mend}".strip())
        self.sentence = sentence
        self.mend = mend


class PortTaken(Mendable):
    """Another program listens where ours should."""

    exit_code = Exit.PORT_TAKEN

    def __init__(self, port: int, *, what: str, setting: str) -> None:
        super().__init__(
            f"Port {port}, where {what} should listen, is taken by another program.",
            f"Stop that program, or set {setting} to a free port.",
        )


class BrokerUnreachable(Mendable):
    """The broker does not answer."""

    exit_code = Exit.BROKER_UNREACHABLE

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"The broker at {where} cannot be reached: {str(why).rstrip('.')}.",
            "Start it, or mend SOUSCHEF_BROKER_URL; `souschef up` starts an embedded one where it is unset.",
        )


class DataFolderReadOnly(Mendable):
    """The data folder cannot be written."""

    exit_code = Exit.DATA_FOLDER_READ_ONLY

    def __init__(self, folder: Path, why: str | None) -> None:
        super().__init__(
            f"The data folder {folder} cannot be written: {why or 'no reason given'}.",
            "Give this user the right to write there, or set SOUSCHEF_DATA_DIR to another folder.",
        )


class DataFolderForeign(Mendable):
    """The data folder is another user's, and so are the servers in it."""

    exit_code = Exit.DATA_FOLDER_READ_ONLY

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The data folder {folder} is another user's, who alone may look into it.",
            "Type this as the user whom Souschef runs as (sudo -u USER ...), or name another in SOUSCHEF_DATA_DIR.",
        )


class NotStarted(Mendable):
    """A process of ours did not come up."""

    exit_code = Exit.NOT_STARTED
