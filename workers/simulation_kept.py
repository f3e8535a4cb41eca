"""Outcomes of simulated classes, kept in a file as they come, so that a run of hours goes on where it stopped."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import orjson

from learning.simulation.own import Counts
from learning.simulation.plan import Task
from learning.simulation.run import Outcome, Size

LEARNING = Path(__file__).parents[1] / "learning"

Name = tuple[str, str, int, Size]
"""Policy, world, seed and size of one outcome."""


def code() -> str:
    """Return a digest of all code that an outcome comes from: another version's outcomes are not mixed with ours."""
    digest = hashlib.sha256()
    for path in sorted(LEARNING.rglob("*.py")):
        digest.update(path.relative_to(LEARNING).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def name_of(task: Task) -> Name:
    """Return what tells an outcome from others."""
    return task.policy, task.world.name, task.seed, task.size


class Kept:
    """A file of outcomes, a JSON line each."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._code = path, code()
        self.known: dict[Name, Outcome] = {}
        if path is not None and path.exists():
            written = path.read_bytes()
            for line in written.splitlines():
                self._read(line)
            if written and not written.endswith(b"\n"):
                path.write_bytes(written + b"\n")

    def _read(self, line: bytes) -> None:
        try:
            told = orjson.loads(line)
        except orjson.JSONDecodeError:
            return  # the last line of a run that was killed while it wrote
        if told["code"] != self._code:
            return
        outcome = told["outcome"]
        counts = outcome.pop("counts")
        size = Size(**told["size"])
        found = Outcome(**outcome, counts=None if counts is None else Counts(**counts))
        self.known[found.policy, found.world, found.seed, size] = found

    def add(self, task: Task, outcome: Outcome) -> None:
        """Write an outcome down at once."""
        self.known[name_of(task)] = outcome
        if self._path is not None:
            line = orjson.dumps({"code": self._code, "size": asdict(task.size), "outcome": asdict(outcome)})
            with self._path.open("ab") as file:
                file.write(line + b"\n")
