"""`souschef import`: exports become files of a folder; what a person wrote stays, and nothing guessed is in force."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from tests.parameters import first_of
from workers.cli import packages
from workers.cli.import_exports import InvalidExportError
from workers.cli.main import app

RUN = CliRunner()
GRADES = """Student,ID,SIS User ID,SIS Login ID,Section,Quiz (1)
    Points Possible,,,,,10
"Lee, Ada",42,S1,alee,Science 7A,9
"Ray, Bo",43,S2,bray,Science 7A,8
"""
BANK = """<quiz><question type="category"><category><text>$course$/top/Misc</text></category></question>
<question type="truefalse"><name><text>Q1</text></name><questiontext><text>x</text></questiontext>
<tags><tag><text>CELL-1</text></tag></tags></question>
<question type="truefalse"><name><text>Q2</text></name><questiontext><text>y</text></questiontext></question></quiz>"""
BACKUP = """<moodle_backup><information><original_wwwroot>https://m.example</original_wwwroot><contents><activities>
<activity><moduleid>31</moduleid><modulename>quiz</modulename><title>CELL-1 practice</title></activity>
</activities></contents></information></moodle_backup>"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A school's folder with two skills; and no database anywhere."""
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    (tmp_path / "exports").mkdir()
    school = tmp_path / "school"
    school.mkdir()
    (school / "orgs.csv").write_text("sourcedId,name,type\nelm,Elm,school\n")
    (school / "skills.csv").write_text("skill,title,names\nCELL-1,Parts of a cell,guid-1\nFW-1,Reading a food web,\n")
    return school


def run(command: str, folder: Path, name: str, body: str | bytes, *options: str) -> Any:
    """Import a file and return the report."""
    file = folder.parent / "exports" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body if isinstance(body, bytes) else body.encode())
    done = RUN.invoke(app, ["import", command, str(file), "--to", str(folder), "--json", *options])
    if done.exit_code:
        raise done.exception if isinstance(done.exception, InvalidExportError) else AssertionError(done.output)
    return json.loads(done.stdout)


def table(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / name).read_text())))


def test_a_roster_is_written_once_and_the_same_file_changes_nothing(folder: Path) -> None:
    first = run("canvas-roster", folder, "grades.csv", GRADES)
    assert first["read"] == {"classes": 1, "students": 2, "enrolments": 2}
    before = {each.name: each.stat().st_mtime_ns for each in folder.iterdir()}
    second = run("canvas-roster", folder, "grades.csv", GRADES)
    assert {name: each["same"] for name, each in second["written"].items()} == {
        "users.csv": 2,
        "classes.csv": 1,
        "enrollments.csv": 2,
    }
    assert {each.name: each.stat().st_mtime_ns for each in folder.iterdir()} == before
    assert table(folder, "users.csv")[0]["orgSourcedIds"] == "elm"
    assert RUN.invoke(app, ["check", str(folder)]).exit_code == 0


def test_what_a_person_wrote_stays_unless_it_is_to_be_replaced(folder: Path) -> None:
    """S1 has got a grade and another name by hand, and a column of the school's own; S2 has left."""
    run("canvas-roster", folder, "grades.csv", GRADES)
    (folder / "users.csv").write_text("sourcedId,role,givenName,familyName,grades,house\nS1,student,Adah,Lee,07,red\n")
    left = "\n".join(GRADES.splitlines()[:3]) + "\n"
    report = run("canvas-roster", folder, "grades.csv", left)
    assert report["written"]["users.csv"]["different"] == ["S1"]
    assert report["written"]["enrollments.csv"]["gone"] == ["science-7a S2"]
    [ada] = table(folder, "users.csv")
    assert (ada["givenName"], ada["grades"], ada["house"], ada["orgSourcedIds"]) == ("Adah", "07", "red", "elm")
    forced = run("canvas-roster", folder, "grades.csv", left, "--force")
    assert (forced["written"]["users.csv"]["replaced"], forced["written"]["enrollments.csv"]["removed"]) == (1, 1)
    [ada] = table(folder, "users.csv")
    assert (ada["givenName"], ada["house"]) == ("Ada", "red")


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    report = run("canvas-roster", folder, "grades.csv", GRADES, "--dry-run")
    assert report["written"]["users.csv"]["new"] == 2
    assert not (folder / "users.csv").exists()


def test_a_folder_that_is_not_there_is_made(folder: Path) -> None:
    run("moodle-roster", folder.parent / "new" / "school", "p.csv", "First name,Last name,ID number\nAda,Lee,S1\n")
    assert table(folder.parent / "new" / "school", "classes.csv")[0]["title"] == "p"


def test_an_export_of_the_sis_is_read_as_the_zip_that_it_comes_in(folder: Path) -> None:
    users = b"user_id,login_id,first_name,last_name,status\nS1,alee,Ada,Lee,active\n"
    places = b"course_id,user_id,role,section_id,status\nSCI,S1,student,SEC7A,active\n"
    body = zipped(**{"users.csv": users, "enrollments.csv": places, "readme.txt": b"x"})
    assert run("canvas-roster", folder, "sis.zip", body)["read"] == {"classes": 1, "students": 1, "enrolments": 1}
    with pytest.raises(InvalidExportError, match="it has no CSV"):
        run("canvas-roster", folder, "sis.zip", zipped(a=b""))


def test_a_workbook_of_participants_is_read(folder: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["First name", "Last name", "ID number"], ["Ada", "Lee", 4711]):
        book.worksheets[0].append(row)
    file = io.BytesIO()
    book.save(file)
    run("moodle-roster", folder, "p.xlsx", file.getvalue(), "--class", "Science 7A")
    assert table(folder, "users.csv")[0]["sourcedId"] == "4711"


def test_proposals_are_a_list_to_look_over_and_come_into_force_by_accept_alone(folder: Path) -> None:
    report = run("moodle-xml", folder, "bank.xml", BANK)
    assert report["read"] == {"questions": 2, "with a proposed skill": 1}
    checked = json.loads(RUN.invoke(app, ["check", str(folder), "--json"]).stdout)
    assert checked["missing"][0] == "2 skills have no item, so that answers say nothing of them: CELL-1, FW-1."
    rows = table(folder, "proposed_alignments.csv")
    assert [(row["item"], row["skill"], row["sure"], row["because"]) for row in rows] == [
        ("Q1", "CELL-1", "0.90", "the tag 'CELL-1'"),
        ("Q2", "", "0.00", "nothing matches a skill"),
    ]
    none = RUN.invoke(app, ["import", "accept", str(folder)])
    assert "Left out, as they are not decided on: 2." in none.stdout
    assert not (folder / "alignments.csv").exists()
    (folder / "proposed_alignments.csv").write_text(
        "accept;item;skill;sure\nno;Q1;CELL-1;0,9\nYes;Q2;FW-1;0\nx;Q3;;1\n"
    )
    done = RUN.invoke(app, ["import", "accept", str(folder), "--at-least", ".5"])
    assert done.exit_code == 0, done.output
    assert [(row["item"], row["skill"]) for row in table(folder, "alignments.csv")] == [("Q2", "FW-1")]
    assert "row 3 has no skill. Write its code beside the yes." in done.stdout


def test_a_list_that_was_saved_as_a_workbook_is_read(folder: Path) -> None:
    run("moodle-xml", folder, "bank.xml", BANK)
    book = openpyxl.Workbook()
    for row in (["accept", "item", "skill"], ["yes", "Q2", "FW-1"], [None, "Q1", "CELL-1"]):
        book.worksheets[0].append(row)
    book.save(folder / "proposed_alignments.xlsx")
    done = RUN.invoke(app, ["import", "accept", str(folder)])
    assert done.exit_code == 0, done.output
    assert [row["item"] for row in table(folder, "alignments.csv")] == ["Q2"]
    assert "proposed_alignments.xlsx was read in the place of proposed_alignments.csv" in done.stdout
    assert "proposed" not in RUN.invoke(app, ["check", str(folder)]).stdout
    (folder / "proposed_alignments.xlsx").write_bytes(b"PK")
    broken = RUN.invoke(app, ["import", "accept", str(folder)])
    assert "proposed_alignments.xlsx cannot be read" in str(broken.exception)


def test_a_second_import_keeps_what_was_decided_and_proposes_the_rest_again(folder: Path) -> None:
    run("moodle-xml", folder, "bank.xml", BANK)
    path = folder / "proposed_alignments.csv"
    path.write_text(path.read_text().replace(",Q1,CELL-1", "no,Q1,CELL-1"))
    (folder / "skills.csv").write_text("skill,title\nCELL-1,Parts of a cell\nCELLS,Cells\n")
    run("moodle-xml", folder, "bank.xml", BANK.replace("Misc", "Cells"))
    rows = [(row["accept"], row["item"], row["skill"], row["sure"]) for row in table(folder, path.name)]
    assert rows == [("no", "Q1", "CELL-1", "0.90"), ("", "Q2", "CELLS", "0.85")]


def test_materials_are_proposed_and_accepted(folder: Path) -> None:
    run("moodle-course", folder, "backup.mbz", BACKUP)
    run("links", folder, "links.txt", "A film: https://a.example/film\n")
    done = RUN.invoke(app, ["import", "accept", str(folder), "--at-least", ".95"])
    assert done.exit_code == 0
    [row] = table(folder, "materials.csv")
    assert (row["title"], row["skills"], row["url"]) == (
        "CELL-1 practice",
        "CELL-1",
        "https://m.example/mod/quiz/view.php?id=31",
    )
    assert RUN.invoke(app, ["check", str(folder)]).exit_code == 0


def tarred(**files: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return file.getvalue()


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name.replace("__", "/"), body)
    return file.getvalue()


@pytest.mark.parametrize("pack", [tarred, zipped])
def test_a_backup_is_read_as_moodle_packs_it(folder: Path, pack: Any) -> None:
    body = pack(**{"users.xml": b"<a/>", "moodle_backup.xml": BACKUP.encode()})
    assert run("moodle-course", folder, "backup.mbz", body)["read"]["links"] == 1


UP = {"..__..__etc__passwd": b"x"}
MANIFEST = b'<manifest><resources><resource type="imsqti_item_xmlv2p1" href="a.xml"/></resources></manifest>'
HOSTILE: dict[str, tuple[str, str, Callable[[], bytes], str]] = {
    "a tar with a path upwards": (
        "moodle-course",
        "b.mbz",
        lambda: tarred(**UP, **{"moodle_backup.xml": BACKUP.encode()}),
        "a path outside of it",
    ),
    "a zip with a path upwards": ("moodle-course", "b.mbz", lambda: zipped(**UP), "a path outside of it"),
    "a package with a path upwards": ("package", "p.imscc", lambda: zipped(**UP), "a path outside of it"),
    "a package with a drive": ("package", "p.zip", lambda: zipped(**{"C:": b"x"}), "a path outside of it"),
    "a zip bomb": (
        "package",
        "p.zip",
        lambda: zipped(**{"imsmanifest.xml": b" " * (30 * 2**20)}),
        "it unpacks to more than 200 times its size",
    ),
    "a large file": (
        "package",
        "p.zip",
        lambda: zipped(**{"imsmanifest.xml": b" " * (101 * 2**20)}),
        "it has 101 MiB; 100 are read",
    ),
    "half a zip": (
        "package",
        "p.zip",
        lambda: zipped(**{"imsmanifest.xml": MANIFEST})[:-30],
        "it is no zip, or is cut off",
    ),
    "half a tar": (
        "moodle-course",
        "b.mbz",
        lambda: tarred(**{"moodle_backup.xml": BACKUP.encode()})[:60],
        "it is no backup, or is cut off",
    ),
    "a tar without a backup": (
        "moodle-course",
        "b.mbz",
        lambda: tarred(**{"a.xml": b""}),
        "it has no moodle_backup.xml",
    ),
    "an entity": (
        "moodle-xml",
        "b.xml",
        lambda: b"<!DOCTYPE q [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><quiz>&e;</quiz>",
        "entities",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_by_name_and_nothing_is_written(folder: Path, case: str) -> None:
    command, name, body, wrong = HOSTILE[case]
    before = sorted(folder.parent.rglob("*.csv"))
    with pytest.raises(InvalidExportError) as error:
        run(command, folder, name, body())
    assert name in error.value.message
    assert wrong in error.value.message
    assert error.value.hint
    assert sorted(folder.parent.rglob("*.csv")) == before


@pytest.mark.parametrize(
    "command", first_of(["canvas-roster", "moodle-xml", "gift", "links", "canvas-outcomes", "moodle-course"])
)
def test_a_file_of_200_mib_is_refused_by_name(folder: Path, command: str) -> None:
    """It is sparse: nothing but its size is read."""
    file = folder.parent / "large.xml"
    with file.open("wb") as large:
        large.truncate(200 * 2**20)
    done = RUN.invoke(app, ["import", command, str(file), "--to", str(folder)])
    assert str(done.exception) == "large.xml: it has 200 MiB; 100 are read. Export fewer at a time."


def test_more_files_or_bytes_than_a_package_may_have_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = zipped(**{"imsmanifest.xml": MANIFEST, "a": b"xx", "b": b""})
    monkeypatch.setattr(packages, "MAX_ENTRIES", 2)
    with pytest.raises(InvalidExportError, match="it has 3 files"):
        run("package", folder, "p.zip", body)
    monkeypatch.setattr(packages, "MAX_ENTRIES", 9)
    monkeypatch.setattr(packages, "MAX_TOTAL_BYTES", 3)
    with pytest.raises(InvalidExportError, match="it unpacks to"):
        run("package", folder, "p.zip", body)


def test_a_guid_of_a_package_finds_its_skill(folder: Path) -> None:
    item = b'<assessmentItem identifier="it-1" title="x"/>'
    manifest = MANIFEST.replace(b"/></resources>", b"><metadata><GUID>GUID-1</GUID></metadata></resource></resources>")
    run("package", folder, "p.zip", zipped(**{"imsmanifest.xml": manifest, "a.xml": item}))
    [row] = table(folder, "proposed_alignments.csv")
    assert (row["item"], row["skill"], row["sure"]) == ("it-1", "CELL-1", "0.99")


def test_without_skills_the_list_is_written_and_says_what_is_missing(folder: Path) -> None:
    (folder / "skills.csv").unlink()
    report = run("gift", folder, "q.txt", "::Q1:: 2 + 2 {=4}\n")
    assert "has no skills, so none are proposed" in report["notes"][0]
    run("canvas-outcomes", folder, "o.csv", "vendor_guid,object_type,title\ng1,outcome,Q1\n")
    again = run("gift", folder, "q.txt", "::Q1:: 2 + 2 {=4}\n")
    assert again["read"]["with a proposed skill"] == 1


def test_a_scope_is_added_and_a_person_may_go_on_with_it(folder: Path) -> None:
    (folder / "classes.csv").write_text("sourcedId,title,schoolSourcedId\nk1,Science 7A,elm\n")
    (folder / "materials.csv").write_text("material,title,url,skills\nm,x,https://m.example/1,CELL-1\n")
    done = RUN.invoke(app, ["import", "scope", str(folder)])
    assert (done.exit_code, table(folder, "scope.csv")[0]["skill"]) == (0, "CELL-1")
    again = RUN.invoke(app, ["import", "scope", str(folder), "--class", "science 7a"])
    assert isinstance(again.exception, InvalidExportError)
    assert "Did you mean Science 7A?" in str(again.exception.hint)
    more = RUN.invoke(app, ["import", "scope", str(folder), "--class", "Science 7A", "--skill", "FW-1"])
    assert (more.exit_code, [row["skill"] for row in table(folder, "scope.csv")]) == (0, ["CELL-1", "FW-1"])


def test_proposals_that_a_spreadsheet_saved_in_its_own_encoding_are_accepted(folder: Path) -> None:
    (folder / "proposed_alignments.csv").write_bytes(
        "accept;item;skill;sure\nja;Zelle prüfen;CELL-1;1\n".encode("cp1252")
    )
    assert RUN.invoke(app, ["import", "accept", str(folder)]).exit_code != 0
    done = RUN.invoke(app, ["import", "accept", str(folder), "--encoding", "windows-1252"])
    assert (done.exit_code, table(folder, "alignments.csv")[0]["item"]) == (0, "Zelle prüfen")
