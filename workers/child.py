"""Become a process that ends with its parent and, for PostgreSQL, is not root.

`python child.py PARENT SIGNAL USER COMMAND...`, run as a file in a fresh interpreter, because nothing of this may be
done between fork and exec of a threaded parent. Only the standard library is imported. SIGNAL 0 leaves the process
alone when its parent dies; USER "-" keeps the user.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    """Change what is asked for, then become the command."""
    parent, signal, user, *command = arguments
    if user != "-":
        _drop(user, needs=[Path(command[0]), Path.cwd()])
    if int(signal) and sys.platform == "linux":
        # After the change of user, which would clear it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("The parent is gone.")
    os.execv(command[0], command)  # noqa: S606 - becoming the command is the purpose


def _drop(user: str, *, needs: list[Path]) -> None:
    """Become `user`; where it could not even reach its own files below root's folders, keep the right to pass."""
    entry = pwd.getpwnam(user)
    reachable = all(_passable(path) for path in needs)
    libc = ctypes.CDLL(None, use_errno=True)
    if not reachable and sys.platform == "linux":
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    if not reachable and sys.platform == "linux":
        _keep_passage(libc)


def _passable(path: Path) -> bool:
    """Tell whether everybody may pass the folders above `path`, as it is written and where its links lead."""
    return all(folder.stat().st_mode & 0o001 for folder in (*path.parents, *path.resolve().parents))


def _keep_passage(libc: ctypes.CDLL) -> None:
    """Keep reading and passing any folder across exec; inside a container, which lacks that right, the wider one."""
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        mask = 1 << capability
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)  # effective, permitted, inheritable
        if libc.capset(header, data) != 0:
            continue
        if libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
