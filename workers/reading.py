"""Read a file, a folder or a zip of files to load; every file is told apart by its name."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from config.errors import Mendable
from lms.files import oneroster, tables
from lms.files.bundle import Bundle

MOST_BYTES = 512 * 1024 * 1024
"""Of all files together, unpacked: a zip that holds more is not read."""

Read = Callable[[str, bytes, Bundle], None]

READERS: dict[str, Read] = {
    "orgs.csv": oneroster.orgs,
    "users.csv": oneroster.users,
    "classes.csv": oneroster.classes,
    "enrollments.csv": oneroster.enrollments,
    "skills.csv": tables.skills,
    "prerequisites.csv": tables.prerequisites,
    "topics.csv": tables.topics,
    "alignments.csv": tables.alignments,
    "materials.csv": tables.materials,
    "scope.csv": tables.scope,
}
IGNORED = frozenset({"manifest.csv", "academicsessions.csv", "courses.csv", "demographics.csv"})
"""Files of a roster that hold nothing for us; demographics are never read."""


class NothingToLoad(Mendable):
    """The path is not there, or holds no file that is known."""

    exit_code = 2


def read(path: Path) -> Bundle:
    """Return what the files at `path` hold, with their faults.

    Raises:
        NothingToLoad: there is nothing that could be loaded.
    """
    bundle = Bundle()
    found = False
    for name, body in _files(path):
        reader = _reader_of(name)
        if reader is not None:
            found = True
            reader(name, body, bundle)
    if not found:
        known = ", ".join([*READERS, "questionnaires/*.json"])
        raise NothingToLoad(f"{path} holds nothing to load.", f"What is known by name: {known}.")
    return bundle


def _reader_of(name: str) -> Read | None:
    parts = PurePosixPath(name)
    if parts.suffix == ".json" and parts.parent.name == "questionnaires":
        return tables.questionnaire
    return READERS.get(parts.name.lower())


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and _reader_of(file.relative_to(path).as_posix()) is not None:
                yield file.relative_to(path).as_posix(), file.read_bytes()
    elif path.suffix == ".zip" and path.is_file():
        yield from _zipped(path)
    elif path.is_file():
        yield f"{path.parent.name}/{path.name}", path.read_bytes()
    else:
        raise NothingToLoad(f"There is no {path}.", "Name a file, a folder or a zip.")


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            left = MOST_BYTES
            for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
                if entry.is_dir() or _reader_of(entry.filename) is None:
                    continue
                with archive.open(entry) as file:
                    # Read with a bound: what a zip says of an entry's size need not be true.
                    body = file.read(left + 1)
                left -= len(body)
                if left < 0:
                    raise NothingToLoad(f"{path} holds more than {MOST_BYTES // 2**20} MiB.", "Load it in parts.")
                yield entry.filename, body
    except zipfile.BadZipFile:
        raise NothingToLoad(f"{path} is no zip file.", "Make it anew, or name the folder.") from None
