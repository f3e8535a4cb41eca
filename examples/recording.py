"""What the recorded Moodle class itself says: who takes part, and which questions were asked."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RECORDING = HERE / "riverside" / "moodle_class.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the recorded Moodle."""

    number: int
    given_name: str
    family_name: str


def statements(path: Path = RECORDING) -> Iterator[dict[str, Any]]:
    """Yield all recorded statements, resends included."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            body = json.loads(line)["body"]
            yield from json.loads(body) if body else []


def accounts(path: Path = RECORDING) -> list[Account]:
    """Return all accounts that act in the recording, by number."""
    found: dict[int, str] = {}
    for statement in statements(path):
        found[int(statement["actor"]["account"]["name"])] = statement["actor"]["name"]
    return [Account(number, *name.split(" ", 1)) for number, name in sorted(found.items())]


def question_names(path: Path = RECORDING) -> list[str]:
    """Return the names of all questions that were answered, sorted; each begins with the code of its skill."""
    found = set()
    for statement in statements(path):
        if statement["verb"]["id"].endswith("/answered"):
            definition = statement["object"].get("definition", {})
            name = next(iter(definition.get("name", {}).values()), "")
            if " q" in name:
                found.add(name)
    return sorted(found)
