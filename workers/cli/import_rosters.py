"""`souschef import`: rosters of Canvas, Google Classroom and Moodle, and lists of the school's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.file_options import Encoding
from workers.cli.import_options import Force, Home, Several, ToFolder
from workers.cli.options import AsJson, DryRun

if TYPE_CHECKING:
    from lms.exports.imported import Imported
    from lms.exports.people import Wanted

ClassTitle = Annotated[
    str | None, typer.Option("--class", help="The class's name, where the export has none; else the file's name.")
]
OfSchool = Annotated[str | None, typer.Option("--school", help="The school's id; else the one of the folder.")]
ByGroup = Annotated[bool, typer.Option("--groups", help="Make a class of each group.")]
PersonMap = Annotated[
    list[str] | None, typer.Option("--map", metavar="THEIRS=OURS", help="What a column is, such as 'Student No=id'.")
]


def roster(  # noqa: PLR0913 - each option of the command is an argument
    files: Several,
    *,
    to: ToFolder,
    class_title: ClassTitle = None,
    school: OfSchool = None,
    column: PersonMap = None,
    encoding: Encoding = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read a list of students of your own, as Excel or CSV: a row a person, with number, name and class.

    Writes users.csv, classes.csv and enrollments.csv. Columns are known by usual names (Student ID, First name,
    Surname, Class); --map says what another is. Without a column for the class each sheet is a class, or the file. Who
    has no role is a student.

    Examples: souschef import roster "Students 2026.xlsx" --to my-school,
    souschef import roster "Year 7.xlsx" --map "Adm. No=id" --map "Set=class" --to my-school

    Exit codes: 0 written, or nothing differs; 2 a file cannot be read.
    """
    from lms.exports import people

    options = _roster_options(to, class_title, school, None, by_group=False, column=column, encoding=encoding)
    _roster(files, to, lambda read: people.office(read, options), force=force, dry_run=dry_run, as_json=as_json)


def canvas_roster(  # noqa: PLR0913 - each option of the command is an argument
    files: Several,
    *,
    to: ToFolder,
    class_title: ClassTitle = None,
    school: OfSchool = None,
    column: PersonMap = None,
    encoding: Encoding = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read a gradebook export of Canvas, or its SIS files users, sections, courses and enrollments.

    Writes users.csv, classes.csv and enrollments.csv. A section is a class. No grade and no e-mail address is read.

    Example: souschef import canvas-roster 2026-09-01_Grades-Science.csv --to my-school

    Exit codes: 0 written, or nothing differs; 2 a file cannot be read.
    """
    from lms.exports import people

    options = _roster_options(to, class_title, school, None, by_group=False, column=column, encoding=encoding)
    _roster(files, to, lambda read: people.canvas(read, options), force=force, dry_run=dry_run, as_json=as_json)


def google_classroom(  # noqa: PLR0913 - each option of the command is an argument
    files: Several,
    *,
    to: ToFolder,
    class_title: ClassTitle = None,
    school: OfSchool = None,
    column: PersonMap = None,
    encoding: Encoding = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read grades as Google Classroom downloads them (CSV), or course participants as GAM prints them.

    Writes users.csv, classes.csv and enrollments.csv. The e-mail address is a person's id where there is no number.

    Example: souschef import google-classroom "Science 7A.csv" --class "Science 7A" --to my-school

    Exit codes: 0 written, or nothing differs; 2 a file cannot be read.
    """
    from lms.exports import people

    options = _roster_options(to, class_title, school, None, by_group=False, column=column, encoding=encoding)
    _roster(
        files, to, lambda read: people.google_classroom(read, options), force=force, dry_run=dry_run, as_json=as_json
    )


def moodle_roster(  # noqa: PLR0913 - each option of the command is an argument
    files: Several,
    *,
    to: ToFolder,
    class_title: ClassTitle = None,
    groups: ByGroup = False,
    school: OfSchool = None,
    home: Home = None,
    column: PersonMap = None,
    encoding: Encoding = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read participants or grades of a Moodle course, or a file for its "Upload users", as CSV or Excel.

    Writes users.csv, classes.csv and enrollments.csv. With --home and a column of Moodle's own numbers (id), people
    are found in its events at once.

    Example: souschef import moodle-roster courseid_12_participants.csv --class "Science 7A" --to my-school

    Exit codes: 0 written, or nothing differs; 2 a file cannot be read.
    """
    from lms.exports import people

    options = _roster_options(to, class_title, school, home, by_group=groups, column=column, encoding=encoding)
    _roster(files, to, lambda read: people.moodle(read, options), force=force, dry_run=dry_run, as_json=as_json)


def _roster_options(  # what the options of a roster say
    to: Path,
    class_title: str | None,
    school: str | None,
    home: str | None,
    *,
    by_group: bool,
    column: list[str] | None,
    encoding: str | None,
) -> Wanted:
    from workers.cli import import_exports
    from workers.cli.file_options import codec_of

    return import_exports.wanted(
        class_title=class_title,
        school=import_exports.school_of(to, school),
        home=home,
        by_group=by_group,
        columns=import_exports.person_columns(column),
        encoding=codec_of(encoding),
    )


def _roster(  # what is read, and where it goes
    files: list[Path],
    to: Path,
    people: Callable[[list[tuple[str, bytes]]], Imported],
    *,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from workers.cli import import_exports

    target = import_exports.Target(to, force, dry_run, as_json)
    import_exports.run(files, target, lambda progress: people(import_exports.read_files(files, progress)))
