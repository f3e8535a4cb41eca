"""Read a file, a folder or a zip of files to load; every file is told apart by its name."""

from __future__ import annotations

import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from config.errors import Exit, Mendable
from lms.files.bundle import Bundle
from lms.files.reading import KNOWN, parse, reader_of

MOST_BYTES = 512 * 1024 * 1024
"""Of all files together, unpacked: more is not read."""
MOST_ENTRIES = 10_000
DEEPEST = 3
"""How many folders down a file may lie."""
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError)
"""What reading a zip raises where its bytes are not what they should be."""


class NothingToLoad(Mendable):
    """The path is not there, cannot be read, or holds no file that is known."""

    exit_code = Exit.WRONG_INPUT


def read(path: Path, *, progress: Callable[[str], object] = str, encoding: str | None = None) -> Bundle:
    """Return what the files at `path` hold, with all that is wrong in them.

    Raises:
        NothingToLoad: there is nothing that could be loaded.
    """
    try:
        alone = path.is_file() and path.suffix.lower() != ".zip"
        bundle = parse(_files(path, alone=alone), progress=progress, alone=alone, encoding=encoding)
    except OSError as error:
        raise NothingToLoad(
            f"{path} cannot be read: {error.strerror}.", "Give this user the right to read it, or name another path."
        ) from None
    if not bundle.files:
        raise NothingToLoad(f"{path} holds nothing to load.", f"What is known by name: {', '.join(KNOWN)}.")
    return bundle


def _files(path: Path, *, alone: bool) -> Iterator[tuple[str, bytes]]:
    if alone:
        yield f"{path.absolute().parent.name}/{path.name}", _bounded(path, MOST_BYTES)
    elif path.is_dir():
        yield from _folder(path)
    elif path.is_file():
        yield from _zipped(path)
    else:
        raise NothingToLoad(f"There is no {path}.", "Name a file, a folder or a zip.")


def _folder(path: Path) -> Iterator[tuple[str, bytes]]:
    left = MOST_BYTES
    for folder, folders, names in os.walk(path):
        inside = Path(folder).relative_to(path)
        folders[:] = sorted(folders) if len(inside.parts) < DEEPEST else []
        for name in sorted(names):
            known_as = (inside / name).as_posix()
            if reader_of(known_as) is not None:
                body = _bounded(path / inside / name, left)
                left -= len(body)
                yield known_as, body


def _bounded(path: Path, left: int) -> bytes:
    if not path.is_file():
        what = "a pipe or a device, and no file" if path.exists() else "a link that leads nowhere"
        raise NothingToLoad(f"{path} is {what}.", "Put a file there, or remove it.")
    with path.open("rb") as file:
        body = file.read(left + 1)
    if len(body) > left:
        raise _too_much(path)
    return body


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    mend = "Make it anew, or name the folder."
    try:
        with path.open("rb") as file:
            yield from _opened(path, file)
    except _BROKEN:
        raise NothingToLoad(f"{path} is no zip file, or a broken one.", mend) from None
    except (RuntimeError, NotImplementedError):
        raise NothingToLoad(f"{path} has a password, or is packed in a way that is not known.", mend) from None


def _opened(path: Path, file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield from _entries(path, archive)
    except OSError as error:
        # A place that lies before the file, or bytes that are not packed as they claim to be: no matter of rights.
        raise zipfile.BadZipFile from error


def _entries(path: Path, archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise NothingToLoad(
            f"{path} holds {len(entries):,} files.", f"Leave out what is not to be loaded; {MOST_ENTRIES:,} may be."
        )
    left = MOST_BYTES
    for entry in sorted(entries, key=lambda entry: entry.filename):
        # As older programs for Windows write them.
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            raise NothingToLoad(f"{path} holds {entry.filename}, which lies outside of it.", "Make it anew.")
        if entry.is_dir() or len(name.parts) > DEEPEST + 1 or reader_of(name.as_posix()) is None:
            continue
        if entry.file_size > left:
            raise _too_much(path)
        with archive.open(entry) as file:
            # Read with a bound: what a zip says of an entry's size need not be true.
            body = file.read(left + 1)
        left -= len(body)
        if left < 0:
            raise _too_much(path)
        yield name.as_posix(), body


def _too_much(path: Path) -> NothingToLoad:
    return NothingToLoad(f"{path} holds more than {MOST_BYTES // 2**20} MiB.", "Load it in parts.")
