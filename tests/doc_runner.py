"""Pages whose commands are run as a reader would type them: every block fenced as `sh`, in one terminal."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workers.local.embedded.process import server_port

ROOT = Path(__file__).parents[1]
END = "--- end of block:"


@dataclass(frozen=True, slots=True)
class Block:
    """Commands of a page, and the heading that they stand under."""

    heading: str
    commands: str


@dataclass(frozen=True, slots=True)
class Ran:
    """What a block printed, and those of its commands that ended with something else than 0."""

    output: str
    failed: tuple[str, ...]


def blocks(page: str) -> list[Block]:
    """Return the blocks of `docs/<page>` that are to be run, in their order."""
    found, heading = [], ""
    pattern = re.compile(r"^#+ (?P<heading>[^\n]+)$|^```sh\n(?P<commands>.*?)^```$", flags=re.MULTILINE | re.DOTALL)
    for match in pattern.finditer((ROOT / "docs" / page).read_text()):
        if match["heading"]:
            heading = match["heading"]
        else:
            found.append(Block(heading, match["commands"]))
    return found


class Terminal:
    """A shell in the project's folder that stays open, so that what one block sets the next one has.

    Where a page says the usual ports, those of this terminal are meant.
    """

    def __init__(self, folder: Path, data: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.data = data
        self.work = Path(environment["HOME"]) / "souschef-tmp"
        """Where the pages put logs, credentials and answers: never into the project's folder."""
        self.ports = {"8484": environment["SOUSCHEF_WEB_PORT"], "5555": environment["SOUSCHEF_FLOWER_PORT"]}
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, commands: str) -> Ran:
        """Run commands as if they were typed; return when the last one has ended."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        typed = self.folder / "typed.sh"
        for usual, ours in self.ports.items():
            commands = commands.replace(f":{usual}", f":{ours}")
        typed.write_text(commands)
        self._shell.stdin.write(
            f"set -o errtrace; trap 'echo \"{END} failed $BASH_COMMAND\"' ERR; . {typed}; trap - ERR\n"
            f'echo; echo "{END} done"\n'
        )
        self._shell.stdin.flush()
        lines: list[str] = []
        failed: list[str] = []
        for line in self._shell.stdout:
            if line.startswith(f"{END} done"):
                return Ran("".join(lines), tuple(dict.fromkeys(failed)))
            if line.startswith(f"{END} failed"):
                command = line.removeprefix(f"{END} failed ").strip()
                failed += [] if command.startswith(". ") else [command]
            else:
                lines.append(line)
        raise AssertionError("".join(lines))

    def close(self) -> None:
        """Close the terminal; what it has started in the background goes on."""
        for pipe in (self._shell.stdin, self._shell.stdout):
            if pipe is not None:
                pipe.close()
        self._shell.wait(10)


@contextmanager
def terminal() -> Iterator[Terminal]:
    """Have a terminal in a copy of the project's folder, with a data folder, servers and ports of its own.

    What is still running at the end is stopped. The folder can be passed by all: PostgreSQL does not run as root.
    """
    folder = Path(tempfile.mkdtemp(prefix="souschef-page-"))
    folder.chmod(0o755)
    project = folder / "souschef"
    project.mkdir()
    (folder / "home").mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in {".git", ".env", "secrets", "backups"}:
            (project / entry.name).symlink_to(entry)
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("SOUSCHEF_", "PG", "COLUMNS"))
    }
    environment = inherited | {
        "HOME": str(folder / "home"),
        "SOUSCHEF_DATA_DIR": str(folder / "data"),
        "SOUSCHEF_WEB_PORT": str(server_port(0)),
        "SOUSCHEF_FLOWER_PORT": str(server_port(0)),
    }
    shell = Terminal(project, folder / "data", environment)
    try:
        yield shell
    finally:
        shell.close()
        subprocess.run(
            [project / "bin" / "souschef", "stop"], env=environment, timeout=90, check=False, capture_output=True
        )
        shutil.rmtree(folder)
