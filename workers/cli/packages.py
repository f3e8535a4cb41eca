"""Packages that other systems export (zip, or tar with gzip): read within bounds, and never unpacked to the disk."""

from __future__ import annotations

import contextlib
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from lms.exports.imported import ExportError

MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_TOTAL_BYTES = 4 * 1024 * 1024 * 1024
"""Of all files of a package, unpacked: courses with their videos are large, and most of it is not read."""
MAX_ENTRIES = 50_000
MAX_RATIO = 200
"""A file that unpacks to so many times its size, and to more than `RATIO_FROM_BYTES`, is a bomb."""
RATIO_FROM_BYTES = 10 * 1024 * 1024
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError),
    *(RuntimeError, NotImplementedError, OverflowError),
)
"""What the readers raise of broken packages."""


class Package:
    """An open zip whose names are safe and whose files are read within bounds."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise ExportError(path.name, f"it has {len(entries):,} files", f"{MAX_ENTRIES:,} are allowed: split it.")
        total = sum(entry.file_size for entry in entries)
        if total > MAX_TOTAL_BYTES:
            raise ExportError(
                path.name, f"it unpacks to {total / 2**30:,.1f} GiB", "Export it without videos and files."
            )
        self.path, self.archive = path, archive
        # A name may be empty, of which Python's `is_dir` reads the last letter.
        files = (entry for entry in entries if entry.filename and not entry.is_dir())
        self.entries = {safe(path, entry.filename): entry for entry in files}

    @property
    def names(self) -> Sequence[str]:
        """The paths of its files."""
        return list(self.entries)

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            ExportError: it is too large, a bomb, or broken.
        """
        entry = self.entries[name]
        where = f"{self.path.name}/{name}"
        if entry.file_size > MAX_FILE_BYTES:
            raise ExportError(
                where,
                f"it has {entry.file_size / 2**20:,.0f} MiB; {MAX_FILE_BYTES // 2**20} are read",
                "Export fewer at a time.",
            )
        if entry.file_size > max(RATIO_FROM_BYTES, MAX_RATIO * entry.compress_size):
            raise ExportError(
                where, "it unpacks to more than 200 times its size", "Get the package again from its maker."
            )
        try:
            with self.archive.open(entry) as file:
                return file.read(MAX_FILE_BYTES + 1)  # bounded: the size that a zip claims may be wrong
        except (*_BROKEN, OSError):
            raise ExportError(where, "it is broken, or has a password", "Export the package again.") from None


def safe(path: Path, name: str) -> str:
    """Return a name of a package with slashes; one that leads out of it is refused.

    Raises:
        ExportError: it is absolute, or goes up.
    """
    plain = PurePosixPath(name.replace("\\", "/"))
    if plain.is_absolute() or ".." in plain.parts or any(":" in part for part in plain.parts[:1]):
        raise ExportError(path.name, f"it contains {name[:80]!r}, a path outside of it", "Get it again from its maker.")
    return plain.as_posix()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Package]:
    """Open a zip.

    Raises:
        ExportError: it is none, it has unsafe names, or it is too large.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (*_BROKEN, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        raise ExportError(path.name, "it is no zip, or is cut off", "Export it again, and name it as it is.") from None
    with archive:
        yield Package(path, archive)


def read_bounded(path: Path, most: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a file.

    Raises:
        ExportError: it is too large.
    """
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        size = path.stat().st_size / 2**20
        raise ExportError(path.name, f"it has {size:,.0f} MiB; {most // 2**20} are read", "Export fewer at a time.")
    return content


def backup_description(path: Path) -> tuple[str, bytes]:
    """Return name and content of `moodle_backup.xml`: of the file itself, or of a backup (.mbz, a zip or a tar).

    Raises:
        ExportError: it is none of these.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(b"PK"):
        with opened(path) as package:
            name = next((each for each in package.names if each == "moodle_backup.xml"), None)
            if name is not None:
                return f"{path.name}/{name}", package.read(name)
    elif head.startswith(b"\x1f\x8b"):
        content = _of_tar(path)
        if content is not None:
            return f"{path.name}/moodle_backup.xml", content
    else:
        return path.name, read_bounded(path)
    hint = "In Moodle: Course > Reuse > Backup. Name the .mbz file, or the moodle_backup.xml in it."
    raise ExportError(path.name, "it has no moodle_backup.xml", hint)


def _of_tar(path: Path) -> bytes | None:
    try:
        with tarfile.open(path, "r|gz") as archive:
            return _description(path, archive)
    except ExportError:
        raise
    except (*_BROKEN, OSError):
        raise ExportError(path.name, "it is no backup, or is cut off", "Back the course up again.") from None


def _description(path: Path, archive: tarfile.TarFile) -> bytes | None:
    left = MAX_TOTAL_BYTES
    for member in archive:
        left -= max(member.size, 0)
        if left < 0:
            raise ExportError(path.name, "it unpacks to more than 4 GiB", "Back it up without files.")
        if safe(path, member.name) == "moodle_backup.xml" and member.isfile():
            if member.size > MAX_FILE_BYTES:
                raise ExportError(path.name, "its moodle_backup.xml is larger than 100 MiB", "Back it up again.")
            file = archive.extractfile(member)
            return None if file is None else file.read()
    return None
