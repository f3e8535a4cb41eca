"""Run a command that ends with its parent and, for PostgreSQL, does not run as root.

`python spawn.py PARENT SIGNAL USER COMMAND...` runs as a file in a fresh interpreter, because a parent with threads may
do none of this between fork and exec. Only the standard library is imported. With SIGNAL 0 the process goes on when its
parent ends; USER "-" keeps the user. Another user gets none of root's capabilities: the command must be a program that
everybody may run, and works in the current folder even if the user may not enter the folders above it.
"""

import ctypes
import os
import pwd
import resource
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CANNOT_CHANGE_USER = 77
"""The exit code if this process may not change to the user."""


def main(arguments: list[str]) -> None:
    """Change the user, tie the process to its parent, then execute the command."""
    parent, signal, user, *command = arguments
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold events and passwords
    if user != "-":
        _change_user(user)
    if int(signal) and sys.platform == "linux":
        # Only after the change of user, which would reset it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit("The parent is gone.")
    os.execv(command[0], command)  # noqa: S606 - executing the command is the purpose


def _change_user(user: str) -> None:
    """Change to `user` for good, without groups or capabilities."""
    try:
        entry = pwd.getpwnam(user)
        os.setgroups([])
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    except (KeyError, OSError) as error:
        sys.stderr.write(f"This process cannot change to the user {user}: {error}\n")
        sys.exit(CANNOT_CHANGE_USER)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
