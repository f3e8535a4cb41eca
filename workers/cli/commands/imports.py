"""`souschef import`: turn what other systems export into files that can be loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.file_options import Encoding
from workers.cli.import_options import Force, Home, One, ToFolder
from workers.cli.import_rosters import canvas_roster, google_classroom, moodle_roster, roster
from workers.cli.options import AsJson, DryRun

if TYPE_CHECKING:
    from lms.exports.imported import Imported

app = typer.Typer(
    help="Turn rosters, question banks and courses of other systems into files that can be loaded.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

ByTitle = Annotated[bool, typer.Option("--by-title", help="Events name a question by its title, not its identifier.")]

app.command("roster")(roster)
app.command("canvas-roster")(canvas_roster)
app.command("google-classroom")(google_classroom)
app.command("moodle-roster")(moodle_roster)


@app.command("moodle-xml")
def moodle_xml(
    file: One, *, to: ToFolder, force: Force = False, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Read a question bank that Moodle exported as XML, and propose which skills its questions ask for.

    Writes proposed_alignments.csv, a list to look over: for each question its name, category and tags, a skill of the
    folder, how sure that is from 0 to 1, and why. Nothing of it is in force before `souschef import accept`.

    Example: souschef import moodle-xml questions-Science-top.xml --to my-school

    Exit codes: 0 written, or nothing differs; 2 the file cannot be read.
    """
    from lms.exports import moodle_xml as reader
    from lms.exports import questions
    from workers.cli import import_exports, packages

    def read(progress: import_exports.Progress) -> Imported:
        found = _imported()
        body = packages.read_bounded(file)
        bank = reader.questions(file.name, body, found, progress=lambda done: progress(file.name, done))
        questions.propose(bank, import_exports.matcher(to, found), found)
        return found

    import_exports.run([file], import_exports.Target(to, force, dry_run, as_json), read)


@app.command("gift")
def gift(
    file: One,
    *,
    to: ToFolder,
    encoding: Encoding = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read questions in Moodle's text format GIFT, and propose which skills they ask for.

    As `souschef import moodle-xml`, which has more to go by: id numbers and tags.

    Example: souschef import gift questions.txt --to my-school

    Exit codes: 0 written, or nothing differs; 2 the file cannot be read.
    """
    from lms.exports import gift as reader
    from lms.exports import questions
    from workers.cli import import_exports, packages
    from workers.cli.file_options import codec_of

    codec = codec_of(encoding)

    def read(_: import_exports.Progress) -> Imported:
        found = _imported()
        bank = reader.questions(file.name, packages.read_bounded(file), found, encoding=codec)
        questions.propose(bank, import_exports.matcher(to, found), found)
        return found

    import_exports.run([file], import_exports.Target(to, force, dry_run, as_json), read)


@app.command("links")
def links(
    file: One,
    *,
    to: ToFolder,
    home: Home = None,
    encoding: Encoding = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read a list of links, and propose them as materials: a table, bookmarks of a browser, or text.

    A table (CSV or Excel) has columns such as title, url, section, skill, minutes; one with numbers of Moodle's
    activities (cmid, type) needs --home. Writes proposed_materials.csv, a list to look over.

    Example: souschef import links "Our links.xlsx" --to my-school

    Exit codes: 0 written, or nothing differs; 2 the file cannot be read.
    """
    from lms.exports import links as reader
    from lms.exports import materials
    from workers.cli import import_exports, packages
    from workers.cli.file_options import codec_of

    codec = codec_of(encoding)

    def read(_: import_exports.Progress) -> Imported:
        found = _imported()
        body = packages.read_bounded(file)
        materials.propose(
            reader.links(file.name, body, found, home=home, encoding=codec), import_exports.matcher(to, found), found
        )
        return found

    import_exports.run([file], import_exports.Target(to, force, dry_run, as_json), read)


@app.command("moodle-course")
def moodle_course(
    file: One,
    *,
    to: ToFolder,
    home: Home = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read the activities of a Moodle course from its backup (.mbz), and propose them as materials.

    Writes proposed_materials.csv, a list to look over. Of a backup only moodle_backup.xml is read: no person.

    Example: souschef import moodle-course backup-moodle2-course-12.mbz --to my-school

    Exit codes: 0 written, or nothing differs; 2 the file cannot be read.
    """
    from lms.exports import materials, moodle_course
    from workers.cli import import_exports, packages

    def read(progress: import_exports.Progress) -> Imported:
        found = _imported()
        progress(file.name, 0)
        name, body = packages.backup_description(file)
        course = moodle_course.links(name, body, found, home=home)
        materials.propose(course, import_exports.matcher(to, found), found)
        return found

    import_exports.run([file], import_exports.Target(to, force, dry_run, as_json), read)


@app.command("package")
def package(
    file: One,
    *,
    to: ToFolder,
    by_title: ByTitle = False,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read a QTI package (1.2, 2.x, 3.0) or a Common Cartridge: questions, links, and the standards that it names.

    Writes proposed_alignments.csv and proposed_materials.csv, lists to look over. A GUID of a standard is recognised
    where a skill has it as a name (skills.json, or names in skills.csv). A single QTI file (.xml) is read too.

    Example: souschef import package unit-3.imscc --to my-school

    Exit codes: 0 written, or nothing differs; 2 the file cannot be read.
    """
    from lms.exports import materials, questions
    from workers.cli import import_exports

    def read(progress: import_exports.Progress) -> Imported:
        found = _imported()
        asked, linked = import_exports.read_package(file, found, progress, by_title=by_title)
        skills = import_exports.matcher(to, found)
        questions.propose(asked, skills, found)
        materials.propose(linked, skills, found)
        return found

    import_exports.run([file], import_exports.Target(to, force, dry_run, as_json), read)


@app.command("canvas-outcomes")
def canvas_outcomes(
    file: One,
    *,
    to: ToFolder,
    encoding: Encoding = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read outcomes that Canvas exported (CSV) as skills; their GUIDs are further names, as Canvas's events send them.

    Example: souschef import canvas-outcomes outcomes.csv --to my-school

    Exit codes: 0 written, or nothing differs; 2 the file cannot be read.
    """
    from lms.exports import outcomes

    _skills(file, to, outcomes.canvas, encoding, force=force, dry_run=dry_run, as_json=as_json)


@app.command("moodle-competencies")
def moodle_competencies(
    file: One,
    *,
    to: ToFolder,
    encoding: Encoding = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Read a competency framework that Moodle exported (CSV) as skills; what others stand below is a strand.

    Example: souschef import moodle-competencies framework.csv --to my-school

    Exit codes: 0 written, or nothing differs; 2 the file cannot be read.
    """
    from lms.exports import outcomes

    _skills(file, to, outcomes.moodle, encoding, force=force, dry_run=dry_run, as_json=as_json)


@app.command("accept")
def accept(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the proposals.")],
    *,
    at_least: Annotated[
        float | None, typer.Option(min=0, max=1, help="Take also what nobody has decided on, if it is so sure.")
    ] = None,
    encoding: Encoding = None,
    force: Force = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take accepted proposals into alignments.csv and materials.csv.

    A row is accepted by yes under accept, or by --at-least. A row with no is never taken.

    Examples: souschef import accept my-school, souschef import accept my-school --at-least .95

    Exit codes: 0 written, or nothing differs; 2 there are no proposals, or they cannot be read.
    """
    from workers.cli import accept_proposals, import_exports
    from workers.cli.file_options import codec_of

    codec = codec_of(encoding)

    def read(_: import_exports.Progress) -> Imported:
        found = accept_proposals.accepted(folder, at_least=at_least, encoding=codec)
        if not found.read:
            hint = "Import questions or links first: `souschef import --help`."
            raise import_exports.InvalidExportError(f"{folder} has no proposals.", hint)
        return found

    import_exports.run([folder], import_exports.Target(folder, force, dry_run, as_json), read)


@app.command("scope")
def scope(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with classes, skills and materials.")],
    *,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", help="A class's id or title; may be repeated. Else every class without a scope."),
    ] = None,
    strands: Annotated[
        list[str] | None, typer.Option("--strand", help="All skills of a strand; may be repeated.")
    ] = None,
    skills: Annotated[list[str] | None, typer.Option("--skill", help="A skill's code; may be repeated.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write into scope.csv which skills a class works on, from the folder's own skills: no export has it.

    Without --strand and --skill a class gets all skills of its grade that have a material. Look the file over: remove
    what comes later in the year, or give it a first day under from.

    Examples: souschef import scope my-school,
    souschef import scope my-school --class "Science 7A" --strand Cells --skill FOOD-1

    Exit codes: 0 written, or nothing differs; 2 the folder has no such class or skill, or cannot be read.
    """
    from lms.exports.scope import add_scope
    from workers.cli import import_exports, import_files

    def read(_: import_exports.Progress) -> Imported:
        found = _imported()
        bundle = import_files.read(folder)
        add_scope(bundle, found, classes=classes or (), strands=strands or (), skills=skills or ())
        return found

    import_exports.run([folder], import_exports.Target(folder, False, dry_run, as_json), read)


def _imported() -> Imported:
    from lms.exports.imported import Imported

    return Imported()


def _skills(  # what is read, and where it goes
    file: Path,
    to: Path,
    outcomes: Callable[..., Imported],
    encoding: str | None,
    *,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    from workers.cli import import_exports, packages
    from workers.cli.file_options import codec_of

    codec = codec_of(encoding)
    target = import_exports.Target(to, force, dry_run, as_json)
    import_exports.run([file], target, lambda _: outcomes(file.name, packages.read_bounded(file), encoding=codec))
