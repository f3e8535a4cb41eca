"""Install the packages of a lock file into this Python's environment, and show on one line what is being installed.

`python .ci/install.py requirements/embedded.txt`. Only the standard library is there yet. What pip writes is shown
where it fails, and otherwise stays in `install.log` of the environment. The file `installing` there says that the
installation has not ended.
"""

import re
import subprocess
import sys
import sysconfig
import threading
import time
from importlib.util import find_spec
from pathlib import Path

OPTIONS = ("--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-input")
PACKAGE = re.compile(r"^([A-Za-z0-9][\w.-]*)==", re.MULTILINE)
WORKED_ON = re.compile(r"^\s*(?:Collecting|Using cached|Downloading) (?P<name>[A-Za-z0-9][\w.]*)")
INTERRUPTED, TAIL_LINES = 130, 30
LINE_SECONDS = 10.0
"""Where nobody sees a moving line, a line of its own comes so often."""


class Progress:
    """One line that moves on a terminal; elsewhere a line every few seconds."""

    def __init__(self, requirements: Path) -> None:
        self._total = len(PACKAGE.findall(requirements.read_text()))
        self._site = Path(sysconfig.get_path("purelib"))
        self._before = self._present()
        self._moving = sys.stdout.isatty()
        self._started = self._shown = time.monotonic()
        self._collected: set[str] = set()
        self._over = threading.Event()
        self._name = "what is needed"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def heard(self, line: str) -> None:
        """Take a line of pip's."""
        found = WORKED_ON.match(line)
        if found:
            self._name = found["name"].partition("-")[0]
            self._collected.add(self._name.lower())

    def end(self) -> None:
        """Say how long it took."""
        self._over.set()
        self._thread.join()
        self._write(f"Installed in {time.monotonic() - self._started:.0f} s.", last=True)

    def stop(self) -> None:
        """Leave the line."""
        self._over.set()
        self._thread.join()
        self._write("", last=True)

    def _run(self) -> None:
        while not self._over.wait(0.2):
            text = self._text()
            if self._moving or time.monotonic() - self._shown > LINE_SECONDS:
                self._shown = time.monotonic()
                self._write(text, last=False)

    def _text(self) -> str:
        seconds = f"{time.monotonic() - self._started:.0f} s"
        new = self._present() - self._before
        if new:
            newest = max(new, key=self._changed).partition("-")[0]
            return f"Installing {len(new)} of {self._total}: {newest} ({seconds})"
        return f"Fetching {len(self._collected)} of {self._total}: {self._name} ({seconds})"

    def _present(self) -> set[str]:
        return {path.name for path in self._site.glob("*.dist-info")}

    def _changed(self, name: str) -> float:
        try:
            return (self._site / name).stat().st_mtime
        except OSError:
            return 0.0

    def _write(self, text: str, *, last: bool) -> None:
        if self._moving:
            sys.stdout.write(f"\r\033[K{text[:78]}" + ("\n" if last and text else ""))
        elif text:
            sys.stdout.write(text + "\n")
        sys.stdout.flush()


def main(requirements: Path) -> int:
    """Run pip to its end; return its exit code."""
    log = Path(sys.prefix) / "install.log"
    marker = Path(sys.prefix) / "installing"
    marker.touch()
    if find_spec("pip") is None:  # making the environment was interrupted
        subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "pip", "install", *OPTIONS, "--progress-bar", "off", "-r", str(requirements)]
    progress = Progress(requirements)
    pip = subprocess.Popen(  # noqa: S603 - this Python's own pip
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    lines: list[str] = []
    try:
        for line in pip.stdout or ():
            lines.append(line)
            progress.heard(line)
        code = pip.wait()
    except KeyboardInterrupt:
        pip.kill()
        pip.wait()
        progress.stop()
        sys.stderr.write("souschef: Installing was stopped by Ctrl-C; the same command begins it again.\n")
        return INTERRUPTED
    finally:
        log.write_text("".join(lines))
    if code:
        progress.stop()
        sys.stderr.write("".join(lines[-TAIL_LINES:]))
        sys.stderr.write(f"souschef: pip could not install {requirements}: see above, or all of it in {log}.\n")
    else:
        marker.unlink()
        progress.end()
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
