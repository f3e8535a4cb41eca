"""Which file is read how, by its name; and all files of a folder into one bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from lms.files import case, oneroster, surveys, tables
from lms.files.bundle import Bundle
from lms.files.problem import Place

Read = Callable[[str, bytes, Bundle], None]

READERS: dict[str, Read] = {
    "manifest.csv": oneroster.manifest,
    "orgs.csv": oneroster.orgs,
    "academicsessions.csv": oneroster.sessions,
    "courses.csv": oneroster.courses,
    "classes.csv": oneroster.classes,
    "roles.csv": oneroster.roles,
    "users.csv": oneroster.users,
    "enrollments.csv": oneroster.enrollments,
    "skills.json": case.package,
    "skills.csv": tables.skills,
    "prerequisites.csv": tables.prerequisites,
    "topics.csv": tables.topics,
    "materials.csv": tables.materials,
    "alignments.csv": tables.alignments,
    "scope.csv": tables.scope,
}
"""In the order in which they refer to each other; names are compared in small letters."""

KNOWN = (*READERS, "questionnaires/*.json", "questionnaires/*.toml")
_LAST = len(READERS)


def reader_of(name: str) -> Read | None:
    """Return how a file is read, by its path within what is loaded; None where it is none of ours.

    What a Mac or an editor leaves behind (`__MACOSX/`, hidden files) is none of ours.
    """
    path = PurePosixPath(name.lower())
    if any(part.startswith(".") or part == "__macosx" for part in path.parts):
        return None
    if path.parent.name == "questionnaires" and path.suffix in {".json", ".toml"}:
        return surveys.survey
    return READERS.get(path.name)


def reader_by_content(name: str, body: bytes) -> Read | None:
    """Return how a single file is read whose name says nothing: a CASE package or a questionnaire."""
    if name.lower().endswith(".toml"):
        return surveys.survey
    if name.lower().endswith(".json"):
        return case.package if b'"CFItems"' in body else surveys.survey
    return None


def parse(
    files: Iterable[tuple[str, bytes]],
    *,
    progress: Callable[[str], object] = str,
    alone: bool = False,
    encoding: str | None = None,
) -> Bundle:
    """Return what the files hold, with all that is wrong in them.

    Args:
        files: (path within what is loaded, content); of those that are none of ours nothing is read.
        progress: told each name before it is read.
        alone: it is a single file, which may have any name.
        encoding: how CSVs that are not UTF-8 are saved; None: they are a problem.
    """
    bundle = Bundle(encoding=encoding)
    chosen = [(name, body, _reader(name, body, alone=alone)) for name, body in files]
    for name, body, read in sorted(chosen, key=lambda each: (_order(each[0]), each[0])):
        if read is not None:
            progress(name)
            bundle.files.append(name)
            read(name, body, bundle)
    _check_roles(bundle)
    return bundle


def _reader(name: str, body: bytes, *, alone: bool) -> Read | None:
    return reader_of(name) or (reader_by_content(name, body) if alone else None)


def _order(name: str) -> int:
    last = PurePosixPath(name.lower()).name
    return list(READERS).index(last) if last in READERS else _LAST


def _check_roles(bundle: Bundle) -> None:
    """Note whom roles.csv names and users.csv does not, where both are there."""
    if not bundle.people:
        return
    for person in sorted(bundle.roles.keys() - bundle.people.keys() - bundle.relatives):
        if bundle.roles[person][0] in {"student", "teacher", "staff"}:
            wrong = f"it names {person!r}, who is not in users.csv"
            bundle.note(Place(_file(bundle, "roles.csv")), "userSourcedId", wrong, "Add them, or remove the row.")


def _file(bundle: Bundle, last: str) -> str:
    return next((name for name in bundle.files if PurePosixPath(name.lower()).name == last), last)
