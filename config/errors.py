"""Errors that an operator can fix: a message about what is wrong, and a hint on how to fix it.

`EXIT_CODES` has the exit codes of `souschef` and of the Celery commands.
"""

from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """Exit codes of the commands."""

    FAILED = 1
    WRONG_INPUT = 2
    PORT_TAKEN = 3
    DATABASE_UNREACHABLE = 4
    MIGRATIONS_MISSING = 5
    BROKER_UNREACHABLE = 6
    DATA_FOLDER_READ_ONLY = 7
    NOT_STARTED = 8


EXIT_CODES: dict[int, str] = {
    0: "done",
    Exit.FAILED: "refused, or there is something to look at",
    Exit.WRONG_INPUT: "a wrong argument, name, setting or file",
    Exit.PORT_TAKEN: "a port is taken, or this user may not open it",
    Exit.DATABASE_UNREACHABLE: "the database does not answer, or refuses its user",
    Exit.MIGRATIONS_MISSING: "migrations are missing",
    Exit.BROKER_UNREACHABLE: "the broker does not answer, or refuses its user",
    Exit.DATA_FOLDER_READ_ONLY: "the data folder cannot be read or written",
    Exit.NOT_STARTED: "a process did not start; the end of its log is printed",
    130: "stopped by Ctrl-C",
}
"""What each exit code means, for the help of every command and docs/operations.md."""


class OperatorError(Exception):
    """An error whose cause the operator can fix; `hint` says how."""

    exit_code: int = Exit.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class WrongInputError(OperatorError):
    """An argument, a name, a setting or a file that a command was given is wrong."""

    exit_code = Exit.WRONG_INPUT


class InvalidSettingsError(WrongInputError):
    """A setting has an unknown name or an invalid value."""


class PortTakenError(OperatorError):
    """Another program listens on our port."""

    exit_code = Exit.PORT_TAKEN

    def __init__(self, port: int, *, what: str, setting: str) -> None:
        super().__init__(
            f"Port {port}, where {what} should listen, is taken by another program.",
            f"Stop that program, or set {setting} to a free port.",
        )


class BrokerUnreachableError(OperatorError):
    """The broker does not answer."""

    exit_code = Exit.BROKER_UNREACHABLE

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"The broker at {where} cannot be reached: {str(why).rstrip('.')}.",
            "Start it, or fix SOUSCHEF_BROKER_URL; `souschef up` starts an embedded one where it is unset.",
        )


class DataDirReadOnlyError(OperatorError):
    """The data folder cannot be written."""

    exit_code = Exit.DATA_FOLDER_READ_ONLY

    def __init__(self, folder: Path, why: str | None) -> None:
        super().__init__(
            f"The data folder {folder} cannot be written: {why or 'no reason given'}.",
            "Give this user the right to write there, or set SOUSCHEF_DATA_DIR to another folder.",
        )


class DataDirNotOwnedError(OperatorError):
    """The data folder and the servers in it belong to another user."""

    exit_code = Exit.DATA_FOLDER_READ_ONLY

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The data folder {folder} belongs to another user, and only that user may read it.",
            "Run this as the user that runs Souschef (sudo -u USER ...), or set SOUSCHEF_DATA_DIR to another folder.",
        )


class ProcessNotStartedError(OperatorError):
    """A process of Souschef did not start."""

    exit_code = Exit.NOT_STARTED
