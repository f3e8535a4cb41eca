"""Read the files to import from a file, a folder or a zip; each file is recognised by its name."""

from __future__ import annotations

import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from config.errors import Exit, OperatorError
from lms.files.bundle import Bundle
from lms.files.column_map import ColumnMap
from lms.files.registry import READABLE_FILES, is_readable, parse

MAX_BYTES = 512 * 1024 * 1024
"""Limit for all files together, uncompressed."""
MAX_ENTRIES = 10_000
MAX_DEPTH = 3
"""Depth of folders below which files are not read."""
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError)
"""Exceptions that a corrupt zip raises."""


class NothingToLoadError(OperatorError):
    """The path does not exist, cannot be read, or contains no known file."""

    exit_code = Exit.WRONG_INPUT


def read(
    path: Path,
    *,
    progress: Callable[[str], object] = str,
    encoding: str | None = None,
    stands_for: str | None = None,
    columns: ColumnMap | None = None,
    now: datetime | None = None,
) -> Bundle:
    """Return the content of the files at `path`, with all their problems.

    Args:
        path: a file, a folder or a zip.
        progress: called with each name before it is read.
        encoding: how CSVs that are not UTF-8 are saved.
        stands_for: what a single file is read as, such as users.csv.
        columns: what the columns of the files are called here.
        now: the school's time, by which periods of validity are judged.

    Raises:
        NothingToLoadError: there is nothing to load.
    """
    try:
        is_single_file = path.is_file() and path.suffix.lower() != ".zip"
        files = _files(path, is_single_file=is_single_file)
        if stands_for and not is_single_file:
            raise NothingToLoadError(f"--as says what one file is, and {path} is none.", "Name the file itself.")
        bundle = parse(
            files,
            progress=progress,
            alone=is_single_file,
            stands_for=stands_for,
            encoding=encoding,
            columns=columns,
            now=now,
        )
    except OSError as error:
        raise NothingToLoadError(
            f"{path} cannot be read: {error.strerror}.", "Let this user read it, or name another path."
        ) from None
    if not bundle.files:
        raise NothingToLoadError(
            f"{path} contains nothing to load.",
            f"These files can be loaded: {', '.join(READABLE_FILES)}. `souschef template DIR` writes one of each, "
            "--as users reads a single file as users.csv, and `souschef import --help` lists exports of other systems.",
        )
    return bundle


def _files(path: Path, *, is_single_file: bool) -> Iterator[tuple[str, bytes]]:
    if is_single_file:
        yield f"{path.absolute().parent.name}/{path.name}", _read_bounded(path, MAX_BYTES)
    elif path.is_dir():
        yield from _read_folder(path)
    elif path.is_file():
        yield from _read_zip(path)
    else:
        raise NothingToLoadError(f"There is no {path}.", "Name a file, a folder or a zip.")


def _read_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    left = MAX_BYTES
    for folder, folders, names in os.walk(path):
        inside = Path(folder).relative_to(path)
        folders[:] = sorted(folders) if len(inside.parts) < MAX_DEPTH else []
        for name in sorted(names):
            relative_name = (inside / name).as_posix()
            if is_readable(relative_name):
                content = _read_bounded(path / inside / name, left)
                left -= len(content)
                yield relative_name, content


def _read_bounded(path: Path, left: int) -> bytes:
    if not path.is_file():
        what = "a pipe or a device, not a file" if path.exists() else "a broken link"
        raise NothingToLoadError(f"{path} is {what}.", "Replace it by a file, or remove it.")
    with path.open("rb") as file:
        content = file.read(left + 1)
    if len(content) > left:
        raise _too_large(path)
    return content


def _read_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    hint = "Create it again, or name the folder."
    try:
        with path.open("rb") as file:
            yield from _open_zip(path, file)
    except _BROKEN:
        raise NothingToLoadError(f"{path} is not a zip file, or is corrupt.", hint) from None
    except (RuntimeError, NotImplementedError):
        raise NothingToLoadError(f"{path} has a password, or an unknown compression.", hint) from None


def _open_zip(path: Path, file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield from _entries(path, archive)
    except OSError as error:
        # An offset before the start of the file, or a wrong compression method: not a question of permissions.
        raise zipfile.BadZipFile from error


def _entries(path: Path, archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise NothingToLoadError(
            f"{path} contains {len(entries):,} files.", f"Leave out other files; {MAX_ENTRIES:,} are allowed."
        )
    left = MAX_BYTES
    for entry in sorted(entries, key=lambda entry: entry.filename):
        # Older Windows programs write backslashes.
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            raise NothingToLoadError(f"{path} contains {entry.filename}, a path outside of it.", "Create it again.")
        # A name may be empty, of which Python's `is_dir` reads the last letter.
        if not entry.filename or entry.is_dir() or len(name.parts) > MAX_DEPTH + 1 or not is_readable(name.as_posix()):
            continue
        if entry.file_size > left:
            raise _too_large(path)
        with archive.open(entry) as file:
            # Read with a bound: the size that a zip claims may be wrong.
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise _too_large(path)
        yield name.as_posix(), content


def _too_large(path: Path) -> NothingToLoadError:
    return NothingToLoadError(f"{path} contains more than {MAX_BYTES // 2**20} MiB.", "Load it in parts.")
