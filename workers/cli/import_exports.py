"""Read an export, put what it becomes into a folder, and say what was read and left out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from config.errors import Exit, OperatorError
from lms.exports import package, qti
from lms.exports.columns import OURS
from lms.exports.imported import ExportError, Imported
from lms.exports.materials import Link
from lms.exports.people import Wanted
from lms.exports.proposals import Matcher
from lms.exports.questions import Question
from lms.files.bundle import Bundle
from workers.cli import import_files, merge_files, packages
from workers.cli.views import imports as views

Progress = Callable[[str, int], object]
"""Called with what is read and how many are done."""


class InvalidExportError(OperatorError):
    """An export cannot be read, or is not to be trusted."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class Target:
    """Where what is imported goes, and how it is said."""

    folder: Path
    replace: bool = False
    dry_run: bool = False
    as_json: bool = False


def run(files: Sequence[Path], target: Target, read: Callable[[Progress], Imported]) -> None:
    """Read, merge and report; nothing is written if the export cannot be read.

    Raises:
        InvalidExportError: the export cannot be read.
    """
    try:
        with views.progress() as progress:
            found = read(progress)
    except ExportError as error:
        raise InvalidExportError(f"{error.file}: {error.wrong}.", error.hint) from None
    except OSError as error:
        name = error.filename or ", ".join(map(str, files))
        raise InvalidExportError(f"{name} cannot be read: {error.strerror}.", "Name a file that is there.") from None
    merged = merge_files.merge(target.folder, found.rows, replace=target.replace, dry_run=target.dry_run)
    if target.as_json:
        typer.echo(json.dumps(views.summary(found, merged, dry_run=target.dry_run)))
    else:
        for line in views.lines(found, merged, target.folder, dry_run=target.dry_run):
            typer.echo(line if line.isprintable() else repr(line))


def read_files(files: Sequence[Path], progress: Progress) -> list[tuple[str, bytes]]:
    """Return the names and contents of files, within bounds; of a zip, those of the CSVs in it."""
    read = []
    for number, path in enumerate(files, start=1):
        progress(path.name, number)
        if path.suffix.lower() == ".zip":
            read += _tables_of(path)
        else:
            read.append((path.name, packages.read_bounded(path)))
    return read


def _tables_of(path: Path) -> list[tuple[str, bytes]]:
    with packages.opened(path) as package:
        tables = [name for name in package.names if name.lower().endswith(".csv") and "__MACOSX" not in name]
        if not tables:
            raise ExportError(path.name, "it has no CSV", "Name the files as they were exported.")
        return [(name, package.read(name)) for name in tables]


def matcher(folder: Path, found: Imported) -> Matcher:
    """Return the skills of a folder, to compare with; without any, say so."""
    bundle = _bundle(folder)
    names = {name: alias.ref for (kind, name), alias in bundle.aliases.items() if kind == "skill"}
    if not bundle.skills:
        found.notes.append(
            f"{folder} has no skills, so none are proposed. Write skills.csv, or import outcomes or competencies, and "
            "run the same command again."
        )
    return Matcher({ref: row.title for ref, row in bundle.skills.items()}, names)


def school_of(folder: Path, wanted: str | None) -> str:
    """Return the school's id: the one that is given, or the only one in the folder."""
    schools = list(_bundle(folder).schools)
    return wanted or (schools[0] if len(schools) == 1 else "")


def _bundle(folder: Path) -> Bundle:
    try:
        return import_files.read(folder)
    except import_files.NothingToLoadError:
        return Bundle()


def person_columns(entries: Sequence[str] | None) -> dict[str, str]:
    """Return what columns of a roster mean, ours by theirs; what cannot be read is a wrong argument."""
    found = {}
    for entry in entries or ():
        theirs, equals, ours = (part.strip() for part in entry.rpartition("="))
        if not equals or not theirs or ours not in OURS:
            near = difflib.get_close_matches(ours, OURS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"A column can be {', '.join(sorted(OURS))}."
            raise typer.BadParameter(f"{entry!r} does not say what a column is, such as 'Student No=id'. {hint}")
        found[theirs.casefold()] = ours
    return found


def wanted(  # what the options of a roster say
    *,
    class_title: str | None,
    school: str,
    home: str | None,
    by_group: bool,
    columns: dict[str, str],
    encoding: str | None,
) -> Wanted:
    """Return how a roster is to be read; an address without a scheme is a wrong argument."""
    if home is not None and not home.startswith(("https://", "http://")):
        raise typer.BadParameter(f"{home} is no address. Write it like https://moodle.example.", param_hint="--home")
    return Wanted(class_title, school, home, by_group, columns, encoding)


def read_package(
    path: Path, found: Imported, progress: Progress, *, by_title: bool
) -> tuple[list[Question], list[Link]]:
    """Return the questions and links of a package, or the questions of a single QTI file."""
    if path.suffix.lower() == ".xml":
        around = qti.Around(by_title=by_title)
        return qti.questions(path.name, packages.read_bounded(path), around, found), []
    with packages.opened(path) as files:
        return package.read(path.name, files, found, by_title=by_title, progress=lambda done: progress(path.name, done))
