"""Write several files into a folder: all of them, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from config.errors import Exit, OperatorError
from workers import interrupts


class FileExistsAlreadyError(OperatorError):
    """A file that would be written is there already."""

    exit_code = Exit.WRONG_INPUT


class FolderNotWritableError(OperatorError):
    """A folder cannot be made or written."""

    exit_code = Exit.WRONG_INPUT


def write_all(folder: Path, texts: Mapping[str, str], *, force: bool = False) -> None:
    """Write texts as files of a folder, which is made if it is not there.

    They are written beside it first and moved then, so that neither Ctrl-C nor a full disk leaves half of them.

    Raises:
        FileExistsAlreadyError: a file is there already and is not to be replaced; nothing is written.
        FolderNotWritableError: the folder cannot be made or written.
    """
    there = sorted(name for name in texts if (folder / name).exists())
    if there and not force:
        raise FileExistsAlreadyError(
            f"{folder} has {', '.join(there)} already.", "Name another folder, remove them, or replace them by --force."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".souschef-", dir=folder.parent))
        try:
            for name, text in texts.items():
                (beside / name).parent.mkdir(parents=True, exist_ok=True)
                (beside / name).write_text(text, encoding="utf-8", newline="")
            _move(beside, folder, texts)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise FolderNotWritableError(
            f"{folder} cannot be written: {error.strerror}.", "Name another folder, or let this user write there."
        ) from None


def _move(beside: Path, folder: Path, texts: Mapping[str, str]) -> None:
    with interrupts.block_ctrl_c():
        folder.mkdir(exist_ok=True)
        for name in texts:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).replace(folder / name)
