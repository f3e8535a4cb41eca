"""Fifty mistakes that people make: each is answered by what is wrong, how to fix it, and the exit code of its kind."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pytest

from config import settings as configuration
from models import engine
from tests.conftest import beside, fresh
from workers.cli import main
from workers.cli.commands.load import load
from workers.cli.commands.template import template as write_templates
from workers.local.embedded.servers import Servers

CLOSED = "postgresql://nobody:none@127.0.0.1:1/none"
"""Where no database answers."""


@dataclass(frozen=True)
class Mistake:
    """What somebody types, and what they must read; `{here}` stands for a folder of their own."""

    command: str
    code: int
    wrong: str
    remedy: str
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    loaded: bool = False
    """Whether it needs a database with two schools."""

    def __str__(self) -> str:
        return self.command[:60] or next(iter(self.environment.values()))


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, body in files.items():
            archive.writestr(name.replace("__", "/"), body)
    return file.getvalue()


SKILLS = "skill,title\nA-1,Adding\nA-2,Taking away\n"
XML = '<quiz><question type="essay"><name><text>Q</text></name></question></quiz>'

# The first twenty-five: anything but files.
ANYWHERE = [
    Mistake("staus", 2, "No such command: staus", "Did you mean status?"),
    Mistake("source ad x", 2, "No such command 'ad'", "Did you mean 'add'"),
    Mistake("status --jsn", 2, "No such option: --jsn", "--json)"),
    Mistake("load", 2, "Missing argument 'PATH'", "-h"),
    Mistake("load ''", 2, "The path is empty", "a single dot"),
    Mistake("load {here}/nowhere", 2, "There is no {here}/nowhere", "Name a file, a folder or a zip", loaded=True),
    Mistake("status", 4, "The database cannot be reached", "SOUSCHEF_DATABASE_URL"),
    Mistake(
        "status", 4, "password", "SOUSCHEF_DATABASE_URL", environment={"SOUSCHEF_DATABASE_URL": "{wrong_password}"}
    ),
    Mistake(
        "status",
        4,
        "no_such_database",
        "fix SOUSCHEF_DATABASE_URL",
        environment={"SOUSCHEF_DATABASE_URL": "{no_database}"},
    ),
    Mistake("status", 5, "migrations", "souschef migrate", environment={"SOUSCHEF_DATABASE_URL": "{empty}"}),
    Mistake("status", 2, "SOUSCHEF_DATABASE_URL", "postgresql://", environment={"SOUSCHEF_DATABASE_URL": "mysql://x"}),
    Mistake("status", 2, "SOUSCHEF_WEB_PRT", "SOUSCHEF_WEB_PORT", environment={"SOUSCHEF_WEB_PRT": "8484"}),
    Mistake("status", 2, "SOUSCHEF_WEB_PORT", "number", environment={"SOUSCHEF_WEB_PORT": "abc"}),
    Mistake("class", 2, "There are 2 schools", "elm, oak", loaded=True),
    Mistake("class NOPE --school elm", 2, "School elm has no class NOPE", "`souschef list classes`", loaded=True),
    Mistake("student NOPE --school elm", 2, "School elm has no student NOPE", "`souschef list students`", loaded=True),
    Mistake(
        "refresh-assignments --class NOPE --school elm",
        2,
        "School elm has no class NOPE",
        "`souschef list classes`",
        loaded=True,
    ),
    Mistake("class k1 --school pine", 2, "pine", "elm, oak", loaded=True),
    Mistake("explain 99999", 2, "There is no assignment 99999", "`souschef student REF` prints the ids", loaded=True),
    Mistake("source revoke nope --school elm", 2, "no source named nope", "`souschef source list`", loaded=True),
    Mistake("source add x --format moodel --school elm", 2, "moodel", "moodle", loaded=True),
    Mistake("policy set tolernce=0.1 --by me --reason r --school elm", 2, "tolernce", "tolerance", loaded=True),
    Mistake(
        "policy set tolerance=9 --by me --reason r --school elm",
        2,
        "tolerance cannot be 9",
        "It takes 0 to 0.15",
        loaded=True,
    ),
    Mistake(
        "load {here} --timezone Berlin",
        2,
        "There is no time zone 'Berlin'",
        "Europe/Berlin",
        {"skills.csv": SKILLS},
        loaded=True,
    ),
    Mistake("load {here}", 2, "There are 2 schools", "elm, oak", {"skills.csv": SKILLS}, loaded=True),
]
# Twenty-five and more of files and imports.
OF_FILES = [
    Mistake(
        "init {here} --school S --class K --subject M --timezone UTC",
        2,
        "has orgs.csv already",
        "--force",
        {"orgs.csv": "x"},
    ),
    Mistake(
        "init {here}/new --school S --class K --subject M --timezone EST5",
        2,
        "There is no time zone 'EST5'",
        "Did you mean",
    ),
    Mistake("init {here}/new --school S", 2, "there is no terminal to ask", "Add --class VALUE"),
    Mistake("check {here}", 2, "contains nothing to load", "souschef template DIR", {"notes.docx": "x"}),
    Mistake(
        "check {here}",
        2,
        "gread: the column is not known",
        "Did you mean grade?",
        {"skills.csv": "skill,title,gread\nA,B,3\n"},
    ),
    Mistake(
        "check {here}", 2, "title: the column is missing", "Add it to the header row", {"skills.csv": "skill\nA\n"}
    ),
    Mistake("check {here}", 2, "the column comes twice", "Remove one", {"skills.csv": "skill,title,title\nA,B,C\n"}),
    Mistake(
        "check {here}",
        2,
        "it has 3 cells, and the header has 2",
        "Put quotes around",
        {"skills.csv": "skill,title\nA,B,C\n"},
    ),
    Mistake(
        "check {here}",
        2,
        "'ten' is no number from 0 to 13",
        "Correct it",
        {"skills.csv": "skill,title,grade\nA,B,ten\n"},
    ),
    Mistake("check {here}", 2, "it is not CSV", 'write "" for one', {"skills.csv": 'skill,title\nA,"B\n'}),
    Mistake(
        "check {here}",
        2,
        "is not UTF-8",
        "--encoding windows-1252 would read 'A,é'",
        {"skills.csv": b"skill,title\nA,\xe9\n"},
    ),
    Mistake(
        "check {here}",
        2,
        "'A' already stands in line 2",
        "Remove one of the two",
        {"skills.csv": "skill,title\nA,B\nA,C\n"},
    ),
    Mistake(
        "check {here}",
        2,
        "'1.9.2026' is no date",
        "Write it like 2026-09-01",
        {"scope.csv": "class,skill,from\nk,A,1.9.2026\n"},
    ),
    Mistake(
        "check {here}",
        2,
        "is no web address",
        "Begin it with https://",
        {"materials.csv": "material,title,url,skills,difficulty\nm,t,www.x.example,A,0\n"},
    ),
    Mistake(
        "check {here}",
        2,
        "this closes a cycle: A-1 needs A-2 needs A-1",
        "--drop-cycles",
        {"skills.csv": SKILLS, "prerequisites.csv": "skill,needs\nA-1,A-2\nA-2,A-1\n"},
    ),
    Mistake(
        "check {here}",
        0,
        "there is no skill 'A-1,A-2'",
        "Separate several by a semicolon: A-1;A-2",
        {
            "skills.csv": SKILLS,
            "materials.csv": 'material,title,url,skills,difficulty\nm,t,https://x.example,"A-1,A-2",0\n',
        },
    ),
    Mistake(
        "check {here}",
        2,
        "is what a spreadsheet made of a name",
        "set the column to text",
        {"skills.csv": "skill,title\n2.10700E+16,B\n"},
    ),
    Mistake("check {here}", 2, "it is not JSON", "Correct it there", {"questionnaires/q.json": '{"survey": "q",}'}),
    Mistake(
        "check {here}/a.csv --encoding utf-7",
        2,
        "utf-7 is not a known encoding",
        "Known are windows-1250",
        {"a.csv": "x"},
    ),
    Mistake("check {here} --as users", 2, "--as says what one file is", "Name the file itself", {"a.csv": "x"}),
    Mistake(
        "check {here} --map Number",
        2,
        "'Number' is no pair of columns",
        "'Student ID=sourcedId'",
        {"skills.csv": SKILLS},
    ),
    Mistake(
        "check {here} --map Number=sourceId",
        2,
        "no file has a column 'sourceId'",
        "Did you mean sourcedId?",
        {"skills.csv": SKILLS},
    ),
    Mistake(
        "check {here} --map-file {here}/m.txt",
        2,
        "m.txt cannot be read",
        "Name another map file",
        {"skills.csv": SKILLS},
    ),
    Mistake(
        "check {here}",
        2,
        "it is an old workbook (.xls), or one with a password",
        "Save it as .xlsx",
        {"users.xlsx": b"\xd0\xcf\x11\xe0" + b"\0" * 99},
    ),
    Mistake(
        "check {here}",
        2,
        "no sheet has the name of a file; it has 'Sheet'",
        "--as users",
        {"List.xlsx": workbook(["Name"], ["Ada"])},
    ),
    Mistake(
        "import canvas-roster {here}/x.csv --to {here}",
        2,
        "x.csv cannot be read: No such file",
        "Name a file that is there",
    ),
    Mistake(
        "import canvas-roster {here} --to {here}", 2, "cannot be read: Is a directory", "Name a file that is there"
    ),
    Mistake("import canvas-roster {here}/x.csv", 2, "Missing option '--to'", "-h", {"x.csv": "x"}),
    Mistake(
        "import canvas-roster {here}/x.csv --to {here}",
        2,
        "no column names a person; it has 'Vorname'",
        "In Canvas: Grades > Export",
        {"x.csv": "Vorname,Ort\nAda,Rom\n"},
    ),
    Mistake(
        "import moodle-roster {here}/x.csv --to {here} --map Nr=idd",
        2,
        "'Nr=idd' does not say what a column is",
        "Did you mean id?",
        {"x.csv": "Nr\n1\n"},
    ),
    Mistake(
        "import moodle-roster {here}/x.csv --to {here} --home moodle.example",
        2,
        "moodle.example is no address",
        "Write it like https://",
        {"x.csv": "id\n1\n"},
    ),
    Mistake(
        "import moodle-roster {here}/x.csv --to {here}",
        2,
        "users.csv is not CSV",
        "souschef check",
        {"x.csv": "idnumber,firstname\n1,Ada\n", "users.csv": 'sourcedId\n"a\n'},
    ),
    Mistake(
        "import moodle-xml {here}/x.xml --to {here}",
        2,
        "there is no <quiz>",
        "Question bank > Export > XML",
        {"x.xml": "a,b\n"},
    ),
    Mistake("import moodle-xml {here}/x.xml --to {here}", 2, "it is not XML", "Export it again", {"x.xml": XML[:30]}),
    Mistake(
        "import moodle-xml {here}/x.xml --to {here}",
        2,
        "a document type or entities",
        "<!DOCTYPE",
        {"x.xml": f"<!DOCTYPE quiz>{XML}"},
    ),
    Mistake("import gift {here}/x.txt --to {here}", 2, "it has no question", "::Name::", {"x.txt": "\n"}),
    Mistake(
        "import gift {here}/x.txt --to {here}",
        2,
        "is not UTF-8",
        "--encoding windows-1252",
        {"x.txt": b"::Q:: \xe9 {=a}"},
    ),
    Mistake(
        "import links {here}/x.txt --to {here}", 2, "it has no link", "Write one address in each line", {"x.txt": "\n"}
    ),
    Mistake(
        "import moodle-course {here}/x.mbz --to {here}",
        2,
        "it has no moodle_backup.xml",
        "Course > Reuse > Backup",
        {"x.mbz": zipped(a=b"")},
    ),
    Mistake(
        "import package {here}/x.zip --to {here}",
        2,
        "it has no imsmanifest.xml",
        "Name the package as it was exported",
        {"x.zip": zipped(a=b"")},
    ),
    Mistake(
        "import package {here}/x.zip --to {here}",
        2,
        "a path outside of it",
        "Get it again from its maker",
        {"x.zip": zipped(**{"..__a": b""})},
    ),
    Mistake(
        "import package {here}/x.zip --to {here}", 2, "it is no zip, or is cut off", "Export it again", {"x.zip": b"PK"}
    ),
    Mistake(
        "import canvas-outcomes {here}/x.csv --to {here}",
        2,
        "vendor_guid: the column is missing",
        "Add it",
        {"x.csv": "title\nA\n"},
    ),
    Mistake(
        "import gift {here}/x.txt --to {here}/x.txt",
        2,
        "x.txt is a file, not a folder",
        "Name a folder",
        {"x.txt": "::Q:: a {=b}\n"},
    ),
    Mistake("import accept {here}", 2, "has no proposals", "souschef import --help"),
    Mistake("import canvas-rooster {here}", 2, "No such command 'canvas-rooster'", "canvas-roster"),
]


@pytest.fixture(scope="module")
def two_schools(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database with the schools elm and oak, each with a class k1."""
    with contextmanager(fresh)(servers, template) as url:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SOUSCHEF_DATABASE_URL", url)
            configuration.settings.cache_clear()
            for school in ("elm", "oak"):
                folder = tmp_path_factory.mktemp("files") / school
                write_templates(folder)
                for file in folder.glob("*.csv"):
                    file.write_text(file.read_text().replace("elm", school))
                load(str(folder))
            engine.close()
        configuration.settings.cache_clear()
        yield url


@pytest.mark.parametrize("mistake", [*ANYWHERE, *OF_FILES], ids=str)
def test_a_mistake_is_answered_by_what_is_wrong_and_how_to_fix_it(
    mistake: Mistake,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"here": str(tmp_path)}
    for name, body in mistake.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(body if isinstance(body, bytes) else body.encode())
    needs = mistake.loaded or any("{" in value for value in mistake.environment.values())
    url = request.getfixturevalue("two_schools") if needs else CLOSED
    if needs:
        places |= _addresses(url, request.getfixturevalue("servers"))
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", url)
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path / "data"))
    for name, value in mistake.environment.items():
        monkeypatch.setenv(name, value.format(**places))
    configuration.settings.cache_clear()
    engine.close()
    try:
        code, shown = _typed(mistake.command.format(**places), capsys)
    finally:
        engine.close()
        configuration.settings.cache_clear()
    assert "Traceback" not in shown
    assert code == mistake.code, shown
    for part in (mistake.wrong, mistake.remedy):
        assert part.format(**places) in shown, shown


def _typed(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    import shlex

    with pytest.raises(SystemExit) as ended:
        main.main(shlex.split(command))
    out, errors = capsys.readouterr()
    return int(ended.value.code or 0), " ".join(f"{out} {errors}".split())


def _addresses(url: str, servers: Servers) -> dict[str, str]:
    """Return addresses of databases that cannot be used, each for another reason."""
    from sqlalchemy.engine import make_url

    return {
        "wrong_password": make_url(url).set(password="wrong").render_as_string(hide_password=False),
        "no_database": beside(url, "no_such_database"),
        "empty": beside(url, "postgres"),
    }


def test_there_are_fifty() -> None:
    assert len(ANYWHERE) >= 25
    assert len(OF_FILES) >= 25
