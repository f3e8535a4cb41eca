"""`souschef load` as people run it: folders, files and zips, good and bad."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from workers.cli import import_files, packages
from workers.cli.import_files import NothingToLoadError
from workers.cli.main import app, main

EXAMPLE = Path(__file__).parents[4] / "examples" / "riverside"
RUN = CliRunner()
Json: TypeAlias = Any
"""What a command prints as JSON."""


def ran(*arguments: object) -> Json:
    result = RUN.invoke(app, ["load", "--json", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a load that is refused."""
    with pytest.raises(SystemExit) as ended:
        main(["load", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    def make(files: dict[str, bytes]) -> Path:
        path = tmp_path / "school.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in files.items():
                archive.writestr(name, body)
        return path

    return make


def test_a_dry_run_a_load_and_the_same_load_again(database_url: str) -> None:
    """29 people each time: to be new, new, and as before."""
    assert database_url
    dry, first, second = ran(EXAMPLE, "--dry-run"), ran(EXAMPLE), ran(EXAMPLE)
    people = [each["loaded"]["person"] for each in (dry, first, second)]
    assert [(each["new"], each["same"]) for each in people] == [(29, 0), (29, 0), (0, 29)]
    assert [each["changed"] for each in (dry, first, second)] == [True, True, False]
    assert [each["dry_run"] for each in (dry, first, second)] == [True, False, False]
    assert "riverside-s413" in people[0]["names"]["new"]
    assert first["rows_a_second"] > 0


def test_people_read_counts_names_and_a_rate(database_url: str) -> None:
    assert database_url
    result = RUN.invoke(app, ["load", str(EXAMPLE), "--dry-run"])
    assert "School riverside, dry run: nothing is written" in result.stdout
    assert "new: riverside-s413, riverside-s414" in result.stdout
    assert "and 24 more" in result.stdout
    assert "rows in" in result.stdout
    assert RUN.invoke(app, ["load", str(EXAMPLE)]).exit_code == 0
    assert "Nothing differs from what is loaded." in RUN.invoke(app, ["load", str(EXAMPLE)]).stdout


def test_a_zip_is_the_same_as_its_folder(database_url: str, zipped: Callable[[dict[str, bytes]], Path]) -> None:
    """Packed as a Mac does it: in a folder of its own, with its litter."""
    assert database_url
    inside = [path for path in EXAMPLE.rglob("*") if path.is_file()]
    files = {f"riverside/{path.relative_to(EXAMPLE).as_posix()}": path.read_bytes() for path in inside}
    litter = {f"__MACOSX/riverside/._{path.name}": b"\x00\x05" for path in EXAMPLE.iterdir()}
    assert ran(zipped(files | litter))["loaded"]["material"]["new"] > 0
    assert ran(EXAMPLE)["changed"] is False


def test_a_single_file_goes_to_the_school_that_is_named_or_the_only_one(database_url: str, tmp_path: Path) -> None:
    assert database_url
    package = tmp_path / "export from the state.json"
    package.write_bytes((EXAMPLE / "skills.json").read_bytes())
    assert RUN.invoke(app, ["load", str(package)]).exit_code != 0
    ran(EXAMPLE / "orgs.csv")
    assert ran(package)["loaded"]["skill"]["new"] == 16
    assert ran(EXAMPLE / "topics.csv", "--school", "riverside")["school"] == "riverside"


def test_problems_are_listed_and_end_with_exit_code_2(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert database_url
    (tmp_path / "orgs.csv").write_text("sourcedId,name,type\nS,School,school\n")
    (tmp_path / "skills.csv").write_text("skill,title,grade\nA,,99\n")
    code, out, err = refused(capsys, tmp_path)
    assert (code, out) == (2, "")
    assert "souschef: 2 problems, nothing was loaded:" in err
    assert "skills.csv, line 2, grade: '99' is no number from 0 to 13. Correct it." in err
    code, out, _ = refused(capsys, tmp_path, "--json")
    problems = json.loads(out)["problems"]
    assert code == 2
    assert [(each["file"], each["line"], each["column"]) for each in problems] == [
        ("skills.csv", 2, "title"),
        ("skills.csv", 2, "grade"),
    ]


ROSTER = {
    "orgs": "sourcedId,name,type\nS,School,school\n",
    "users": "sourcedId,role\ns1,student\ns2,wizard\n",
    "classes": "sourcedId,title\nK,Class\n",
    "enrollments": "classSourcedId,userSourcedId,role\nK,s1,student\nK,s2,student\nK,s1,aide\n",
}


@pytest.fixture
def roster(database_url: str, tmp_path: Path) -> Path:
    """A folder of four files: one person without a known role, whose enrolment goes with them, and one row twice."""
    assert database_url
    for name, body in ROSTER.items():
        (tmp_path / f"{name}.csv").write_text(body)
    return tmp_path


def test_what_is_left_out_is_listed_with_its_line_and_a_remedy(roster: Path) -> None:
    shown = RUN.invoke(app, ["load", str(roster)])
    assert shown.exit_code == 0, shown.output
    joined = "'s1' is in 'K' already by line 2. The two are read as one, with the stronger role."
    unknown = "there is no person 's2'. Add it to the files, or correct the name."
    for line in (
        "  1 of 2 rows of users.csv were left out:",
        "    users.csv, line 3, role: 'wizard' is no role of OneRoster. Write student, teacher, aide or administrator.",
        "  1 of 3 rows of enrollments.csv were left out:",
        f"    enrollments.csv, line 3, userSourcedId: {unknown}",
        "  Loaded, but:",
        f"    enrollments.csv, line 4: {joined}",
    ):
        assert line in shown.stdout.splitlines()
    again = ran(roster)
    assert again["changed"] is False
    assert again["left_out_of"] == {
        "enrollments.csv": {"left_out": 1, "rows": 3},
        "users.csv": {"left_out": 1, "rows": 2},
    }
    assert [(each["file"], each["line"]) for each in again["left_out"]] == [("enrollments.csv", 3), ("users.csv", 3)]


def test_a_scheduled_load_prints_one_line(roster: Path) -> None:
    first = RUN.invoke(app, ["load", str(roster), "--quiet"])
    assert first.exit_code == 0
    [line] = first.stdout.splitlines()
    assert line.startswith("School S: 6 rows, 6 new, 2 left out, 1 notice, ")
    [line] = RUN.invoke(app, ["load", str(roster), "-q"]).stdout.splitlines()
    assert "2 left out, 1 notice, nothing differs, " in line


def test_a_strict_load_refuses_any_row_to_leave_out(roster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = refused(capsys, roster, "--strict")
    assert code == 2
    assert "users.csv: 1 of its 2 rows cannot be loaded, which is more than 0." in err
    code, _, err = refused(capsys, roster, "--max-bad-rows", "0")
    assert code == 2
    assert RUN.invoke(app, ["load", str(roster), "--max-bad-rows", "1"]).exit_code == 0


def test_files_of_a_spreadsheet_are_read_as_they_are_saved_and_the_report_says_so(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Semicolons are recognised in the header; the encoding of 0xE9 has to be given."""
    assert database_url
    (tmp_path / "orgs.csv").write_text("sourcedId,name,type\nS,School,school\n")
    (tmp_path / "skills.csv").write_bytes(b"skill;title;weight\r\nA;\xe9galit\xe9;0,5\r\n")
    code, _, err = refused(capsys, tmp_path)
    assert code == 2
    assert "skills.csv, line 2: byte 3 of the line is not UTF-8. Save the file as UTF-8, or say" in err
    assert "--encoding windows-1252 would read 'A;égalité;0,5'." in err
    how = "in windows-1252, with semicolons between the columns"
    assert ran(tmp_path, "--encoding", "cp1252", "--dry-run")["read_as"] == {"skills.csv": how}
    shown = RUN.invoke(app, ["load", str(tmp_path), "--encoding", "windows-1252"])
    assert f"skills.csv was read {how}." in shown.stdout
    plain = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        assert connection.execute("SELECT title, weight FROM souschef.skill").fetchall() == [("égalité", 0.5)]


def test_an_encoding_that_is_not_known_is_refused_with_those_that_are(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["load", str(tmp_path), "--encoding", "utf-7"])
    assert result.exit_code == 2
    assert "windows-1252" in result.output


def test_an_empty_path_is_refused_and_is_not_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a script passes on a variable that nobody has set."""
    (tmp_path / "skills.csv").write_text("skill,title\nA,adding\n")
    monkeypatch.chdir(tmp_path)
    result = RUN.invoke(app, ["load", ""])
    assert result.exit_code == 2
    assert "The path is empty" in result.output


def test_circles_are_dropped_and_listed_when_asked(database_url: str, tmp_path: Path) -> None:
    assert database_url
    (tmp_path / "orgs.csv").write_text("sourcedId,name,type\nS,School,school\n")
    (tmp_path / "skills.csv").write_text("skill,title\nA,adding\nB,more\n")
    (tmp_path / "prerequisites.csv").write_text("skill,needs\nA,B\nB,A\n")
    assert ran(tmp_path, "--drop-cycles")["dropped_cycles"] == [["A", "B", "A"]]


def test_a_missing_or_empty_path_is_refused(
    tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert database_url
    (tmp_path / "notes.txt").write_text("hello")
    for path, message in (
        (tmp_path / "gone", "There is no"),
        (tmp_path, "contains nothing to load"),
        (tmp_path / "notes.txt", "contains nothing to load"),
    ):
        code, _, err = refused(capsys, path)
        assert code == 2
        assert message in err


@pytest.mark.parametrize("name", ["../users.csv", "/etc/users.csv", "a/../../users.csv"])
def test_a_zip_that_reaches_outside_of_itself_is_refused(zipped: Callable[[dict[str, bytes]], Path], name: str) -> None:
    with pytest.raises(NothingToLoadError, match="a path outside of it"):
        import_files.read(zipped({name: b"sourcedId,role\n"}))


@pytest.mark.parametrize("name", ["..\\users.csv", "a\\..\\..\\users.csv"])
def test_a_zip_that_reaches_outside_with_backslashes_is_refused(
    zipped: Callable[[dict[str, bytes]], Path], name: str
) -> None:
    with pytest.raises(NothingToLoadError, match="a path outside of it"):
        import_files.read(zipped({name: b"sourcedId,role\n"}))


def test_a_zip_with_an_empty_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "school.zip"
    nameless = zipfile.ZipInfo("x")
    nameless.filename = ""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(nameless, b"nothing")
        archive.writestr("skills.csv", b"skill,title\nA,adding\n")
    assert import_files.read(path).files == ["skills.csv"]
    with packages.opened(path) as files:
        assert list(files.names) == ["skills.csv"]


def test_a_zip_whose_folders_end_in_backslashes_is_read(zipped: Callable[[dict[str, bytes]], Path]) -> None:
    """Older Windows programs write such zips."""
    assert import_files.read(zipped({"school\\skills.csv": b"skill,title\nA,adding\n"})).files == ["school/skills.csv"]


@pytest.mark.parametrize("method", [12, 14])
def test_a_zip_with_a_wrong_compression_method_is_refused(
    zipped: Callable[[dict[str, bytes]], Path], method: int
) -> None:
    """Its header says bzip2 (12) or LZMA (14), which is wrong."""
    path = zipped({"skills.csv": b"skill,title\nA,adding\n" * 9})
    deflated, declared = b"\x14\x00\x00\x00\x08\x00", b"\x14\x00\x00\x00" + bytes([method, 0])
    path.write_bytes(path.read_bytes().replace(deflated, declared))
    with pytest.raises(NothingToLoadError, match="corrupt"):
        import_files.read(path)


def test_a_zip_with_a_wrong_offset_or_an_undecodable_name_is_refused(
    zipped: Callable[[dict[str, bytes]], Path],
) -> None:
    """Its directory offset is 2**31; its name is declared as UTF-8 and is 0xFF."""
    whole = zipped({"skills.csv": b"skill,title\n"}).read_bytes()
    renamed = whole.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x08")
    for broken in (
        whole[:-6] + (2**31).to_bytes(4, "little") + whole[-2:],
        renamed.replace(b"skills.csv", b"\xff" * 10),
    ):
        assert broken != whole
        path = zipped({})
        path.write_bytes(broken)
        with pytest.raises(NothingToLoadError, match="not a zip file, or is corrupt"):
            import_files.read(path)


def test_a_pipe_or_a_broken_link_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "skills.csv")
    with pytest.raises(NothingToLoadError, match="a pipe or a device"):
        import_files.read(tmp_path)
    (tmp_path / "skills.csv").unlink()
    (tmp_path / "skills.csv").symlink_to(tmp_path / "gone")
    with pytest.raises(NothingToLoadError, match="a broken link"):
        import_files.read(tmp_path)


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToLoadError, match="cannot be read: File name too long"):
        import_files.read(tmp_path / ("a" * 5_000))


def test_control_characters_in_a_name_are_escaped(database_url: str, tmp_path: Path) -> None:
    assert database_url
    (tmp_path / "orgs.csv").write_text("sourcedId,name,type\nS,School,school\n")
    (tmp_path / "skills.csv").write_text("skill,title\n\x1b[2JA,adding\n")
    shown = RUN.invoke(app, ["load", str(tmp_path), "--dry-run"], color=True).stdout
    assert "new: '\\x1b[2JA'" in shown
    assert "\x1b" not in shown


def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    zipped: Callable[[dict[str, bytes]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """40 MiB of zeros are 40 KiB packed; the bound is 1 MiB here, and 512 in production."""
    monkeypatch.setattr(import_files, "MAX_BYTES", 2**20)
    path = zipped({"users.csv": b"\x00" * 40 * 2**20})
    assert path.stat().st_size < 100_000
    with pytest.raises(NothingToLoadError, match="more than 1 MiB"):
        import_files.read(path)


def test_several_files_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_files, "MAX_BYTES", 1_000)
    (tmp_path / "skills.csv").write_bytes(b"x" * 600)
    (tmp_path / "topics.csv").write_bytes(b"x" * 600)
    with pytest.raises(NothingToLoadError, match="contains more than"):
        import_files.read(tmp_path)


def test_a_zip_that_lies_about_a_size_is_refused(zipped: Callable[[dict[str, bytes]], Path]) -> None:
    """The uncompressed size is set to 5 bytes in both headers; the checksum then fails."""
    path = zipped({"skills.csv": b"skill,title\nA,adding\n" * 100})
    real = (2100).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(real, (5).to_bytes(4, "little")))
    with pytest.raises(NothingToLoadError, match="corrupt"):
        import_files.read(path)


def test_a_zip_of_too_many_files_is_refused(
    zipped: Callable[[dict[str, bytes]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_files, "MAX_ENTRIES", 3)
    with pytest.raises(NothingToLoadError, match="contains 4 files"):
        import_files.read(zipped({f"{n}.txt": b"" for n in range(4)}))


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 no more", b"not a zip"])
def test_a_file_that_is_not_a_zip_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "school.zip"
    path.write_bytes(body)
    with pytest.raises(NothingToLoadError, match="not a zip file"):
        import_files.read(path)


def test_a_zip_with_a_password_is_refused(zipped: Callable[[dict[str, bytes]], Path]) -> None:
    """Bit 0 of the flags says that an entry is encrypted; it is in the local and in the central header."""
    path = zipped({"skills.csv": b"skill,title\n"})
    body = bytearray(path.read_bytes())
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(body))
    with pytest.raises(NothingToLoadError, match="has a password"):
        import_files.read(path)


def test_the_progress_names_each_file_in_the_order_of_reading() -> None:
    seen: list[str] = []
    import_files.read(EXAMPLE, progress=seen.append)
    assert seen.index("classes.csv") < seen.index("enrollments.csv")
    assert seen.index("skills.json") < seen.index("skills.csv") < seen.index("materials.csv")


def test_an_event_that_is_parked_while_a_load_commits_is_woken(database_url: str, tmp_path: Path) -> None:
    """A worker looked for the student before the load was done, and parks the event after."""
    plain = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    ran(EXAMPLE)
    (tmp_path / "users.csv").write_text(
        "sourcedId,enabledUser,orgSourcedIds,role,givenName,familyName\nlate,true,riverside,student,Ann,Late\n"
    )
    with psycopg.connect(plain, application_name="souschef worker") as worker:
        looked = worker.execute("SELECT count(*) FROM souschef.person WHERE ref = 'late'").fetchone()
        assert looked == (0,)
        problems: list[Json] = []
        load = threading.Thread(target=lambda: problems.append(ran(tmp_path / "users.csv", "--school", "riverside")))
        load.start()
        with psycopg.connect(plain, autocommit=True) as other:
            until = time.monotonic() + 60
            while other.execute("SELECT count(*) FROM souschef.person WHERE ref = 'late'").fetchone() == (0,):
                assert time.monotonic() < until
                time.sleep(0.02)
        assert load.is_alive()
        worker.execute("""
            WITH made AS (INSERT INTO souschef.source (school_id, name, format)
              SELECT id, 'moodle', 'moodle' FROM souschef.school RETURNING id, school_id)
            INSERT INTO souschef.inbox (school_id, source_id, key, kind, shard, payload, state, code, attempts)
            SELECT school_id, id, '\\x01', 'assessment', 1, '{}', 'parked', 'unknown_student', 1 FROM made
        """)
        worker.commit()
        load.join(60)
    assert [each["unparked"] for each in problems] == [1]
    with psycopg.connect(plain) as other:
        assert other.execute("SELECT state, code FROM souschef.inbox").fetchall() == [("pending", None)]


@pytest.mark.full
def test_ctrl_c_loads_nothing_and_says_so(database_url: str) -> None:
    """The load is stopped while it writes people: another session holds their table."""
    plain = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-m", "workers.cli.main", "load", str(EXAMPLE)]
    with psycopg.connect(plain) as holder, psycopg.connect(plain, autocommit=True) as other:
        holder.execute("LOCK TABLE souschef.person IN ACCESS EXCLUSIVE MODE")
        load = subprocess.Popen(command, cwd=EXAMPLE.parents[1], env=os.environ, stderr=subprocess.PIPE, text=True)
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        until = time.monotonic() + 60
        while other.execute(waits).fetchone() == (0,):
            assert time.monotonic() < until
            time.sleep(0.02)
        load.send_signal(signal.SIGINT)
        _, message = load.communicate(timeout=30)
        holder.rollback()
        assert (load.returncode, message.strip()) == (130, "Stopped: nothing was loaded.")
        assert other.execute("SELECT count(*) FROM souschef.school").fetchone() == (0,)
