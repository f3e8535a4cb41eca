"""Which file is read how, by its name; and all files of a folder into one bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import PurePosixPath

from lms.files import case, json_toml, oneroster, souschef_csv
from lms.files.bundle import Bundle
from lms.files.column_map import ColumnMap
from lms.files.problem import SourceLocation
from lms.files.sheets import WorkbookError, is_workbook, sheets

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
    "skills.csv": souschef_csv.skills,
    "prerequisites.csv": souschef_csv.prerequisites,
    "topics.csv": souschef_csv.topics,
    "materials.csv": souschef_csv.materials,
    "alignments.csv": souschef_csv.alignments,
    "scope.csv": souschef_csv.scope,
}
"""In the order in which they refer to each other; names are compared in small letters."""

READABLE_FILES = (*READERS, "questionnaires/*.json", "questionnaires/*.toml", "*.xlsx")
_LAST = len(READERS)


def reader_of(name: str) -> Read | None:
    """Return how a file is read, by its path within what is loaded; None where it is none of ours.

    What a Mac or an editor leaves behind (`__MACOSX/`, hidden files) is none of ours.
    """
    path = PurePosixPath(name.lower())
    if any(part.startswith(".") or part == "__macosx" for part in path.parts):
        return None
    if path.parent.name == "questionnaires" and path.suffix in {".json", ".toml"}:
        return json_toml.survey
    if path.parent.suffix == ".xlsx" and not path.suffix:
        return READERS.get(f"{path.name}.csv")
    return READERS.get(path.name)


def is_readable(name: str) -> bool:
    """Return whether a file may be one of ours by its name: a workbook's sheets are seen when it is read."""
    path = PurePosixPath(name.lower())
    hidden = any(part.startswith((".", "~$", "proposed_")) or part == "__macosx" for part in path.parts)
    return reader_of(name) is not None or (is_workbook(name) and not hidden)


def reader_by_content(name: str, body: bytes) -> Read | None:
    """Return how a single file is read whose name says nothing: a CASE package or a questionnaire."""
    if name.lower().endswith(".toml"):
        return json_toml.survey
    if name.lower().endswith(".json"):
        return case.package if b'"CFItems"' in body else json_toml.survey
    return None


def parse(
    files: Iterable[tuple[str, bytes]],
    *,
    progress: Callable[[str], object] = str,
    alone: bool = False,
    stands_for: str | None = None,
    encoding: str | None = None,
    columns: ColumnMap | None = None,
    now: datetime | None = None,
) -> Bundle:
    """Return what the files hold, with all that is wrong in them.

    Args:
        files: (path within what is loaded, content); of those that are none of ours nothing is read.
        progress: called with each name before it is read.
        alone: it is a single file, which may have any name.
        stands_for: what a single file is read as, such as users.csv.
        encoding: how CSVs that are not UTF-8 are saved; None: they are a problem.
        columns: what the columns of the files are called here.
        now: the school's time, by which periods of validity are judged; None: all are valid.
    """
    bundle = Bundle(encoding=encoding, columns=columns or ColumnMap(), now=now)
    others: list[tuple[str, str, str]] = []
    files = (each for file, body in files for each in _unpacked(file, body, bundle, stands_for, others))
    readers = [(name, body, _reader(name, body, alone=alone)) for name, body in files]
    for name, body, read in sorted(readers, key=lambda each: (_order(each[0]), each[0])):
        if read is not None:
            progress(name)
            bundle.files.append(name)
            read(name, body, bundle)
    _note_other_workbooks(bundle, others)
    bundle.names.settle()
    _check_roles(bundle)
    for column in bundle.columns.unused() if bundle.files else ():
        wrong = f"no file has the column {column!r} that is mapped"
        bundle.notice(SourceLocation("--map"), "", wrong, "Correct its name, or leave the entry out.")
    return bundle


def _unpacked(
    file: str, body: bytes, into: Bundle, stands_for: str | None, others: list[tuple[str, str, str]]
) -> Iterator[tuple[str, bytes]]:
    """Yield a file or, of a workbook, the files that its sheets stand for.

    A workbook that has the name of a file, such as users.xlsx, is that file: its first sheet is read. Of any other, a
    sheet is read as the file that it is named after; one without such a sheet is added to the others, with the reason.
    """
    if not is_workbook(file):
        yield (f"{file}/{stands_for}" if stands_for else file), body
        return
    stem = f"{PurePosixPath(file).stem}.csv"
    one = stands_for or (stem if reader_of(stem) else None)
    try:
        found = sheets(body)
    except WorkbookError as error:
        if one is None:
            others.append((file, error.wrong, error.hint))
            return
        into.files.append(file)
        into.note(SourceLocation(file), "", error.wrong, error.hint)
        return
    pairs = [(one, found[0])] if one and found else [(f"{each.name.strip()}.csv", each) for each in found]
    read = [sheet.name for name, sheet in pairs if reader_of(name) is not None]
    unread = [repr(each.name) for each in found if each.name not in read]
    if read and unread:
        into.tell_reading(file, f"without the sheet{'s' * (len(unread) > 1)} {', '.join(unread)}")
    for name, sheet in pairs:
        if reader_of(name) is not None:
            into.sheets[f"{file}/{name.removesuffix('.csv')}"] = sheet
            yield f"{file}/{name.removesuffix('.csv')}", b""
    if not any(reader_of(name) for name, _ in pairs):
        names = ", ".join(repr(each.name) for each in found[:5]) or "none"
        hint = "Name a sheet after a file, such as users, or say what the first one is: --as users."
        others.append((file, f"no sheet has the name of a file; it has {names}", hint))


def _note_other_workbooks(bundle: Bundle, others: Iterable[tuple[str, str, str]]) -> None:
    """Note workbooks that are no files of ours: beside others that are read they may lie there for another purpose."""
    some = bool(bundle.files)
    for file, wrong, hint in others:
        if some:
            bundle.notice(SourceLocation(file), "", f"it is left unread: {wrong}", hint)
        else:
            bundle.files.append(file)
            bundle.note(SourceLocation(file), "", wrong, hint)


def _reader(name: str, body: bytes, *, alone: bool) -> Read | None:
    return reader_of(name) or (reader_by_content(name, body) if alone else None)


def _order(name: str) -> int:
    last = _last(name)
    return list(READERS).index(last) if last in READERS else _LAST


def _last(name: str) -> str:
    """Return the file's own name in small letters; a sheet's is that of the file that it stands for."""
    path = PurePosixPath(name.lower())
    return path.name if path.suffix else f"{path.name}.csv"


def _check_roles(bundle: Bundle) -> None:
    """Note whom roles.csv names and users.csv does not, where both are there."""
    if not bundle.people:
        return
    for person in sorted(bundle.roles.keys() - bundle.people.keys() - bundle.relatives):
        if bundle.roles[person][0] in {"student", "teacher", "staff"}:
            wrong = f"it names {person!r}, who is not in users.csv"
            at = SourceLocation(_file(bundle, "roles.csv"), schools=bundle.roles[person][1])
            bundle.notice(at, "userSourcedId", wrong, "Add them to users.csv, or leave the row out.", about="no user")


def _file(bundle: Bundle, last: str) -> str:
    return next((name for name in bundle.files if _last(name) == last), last)
