"""A file of simulated outcomes, so that a run of hours can be resumed."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import orjson

from learning.simulation.plan import Task
from learning.simulation.run import Outcome, Size
from learning.simulation.souschef_policy import Counts

LEARNING = Path(__file__).parents[2] / "learning"

CacheKey = tuple[str, str, int, Size]
"""Policy, scenario, seed and size of one outcome."""


def code_digest() -> str:
    """Return a digest of all code that computes an outcome, so that outcomes of other versions are not used."""
    digest = hashlib.sha256()
    for path in sorted(LEARNING.rglob("*.py")):
        digest.update(path.relative_to(LEARNING).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_key(task: Task) -> CacheKey:
    """Return the key of a task's outcome."""
    return task.policy, task.scenario.name, task.seed, task.size


class OutcomeCache:
    """A file of outcomes, one JSON line each."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._code = path, code_digest()
        self.outcomes: dict[CacheKey, Outcome] = {}
        if path is not None and path.exists():
            content = path.read_bytes()
            for line in content.splitlines():
                self._read(line)
            if content and not content.endswith(b"\n"):
                path.write_bytes(content + b"\n")

    def _read(self, line: bytes) -> None:
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError:
            return  # the last line of a run that was killed while it wrote
        if document["code"] != self._code:
            return
        fields = document["outcome"]
        counts = fields.pop("counts")
        size = Size(**document["size"])
        outcome = Outcome(**fields, counts=None if counts is None else Counts(**counts))
        self.outcomes[outcome.policy, outcome.scenario, outcome.seed, size] = outcome

    def add(self, task: Task, outcome: Outcome) -> None:
        """Store an outcome, and write it to the file at once."""
        self.outcomes[cache_key(task)] = outcome
        if self._path is not None:
            line = orjson.dumps({"code": self._code, "size": asdict(task.size), "outcome": asdict(outcome)})
            with self._path.open("ab") as file:
                file.write(line + b"\n")
