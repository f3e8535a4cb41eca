"""Recorded requests as the tests of the formats read them."""

import gzip
import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Json: TypeAlias = Any
"""Any JSON value, or a piece of a test that handles one."""

ROOT = Path(__file__).resolve().parents[2]
PLACES = (ROOT / "tests" / "samples", ROOT / "examples" / "riverside")


def sample_path(name: str) -> Path:
    return next(place / name for place in PLACES if (place / name).exists())


def requests_in(name: str) -> list[dict[str, Any]]:
    with gzip.open(sample_path(name), "rt") as lines:
        return [json.loads(line) for line in lines]


def statements_in(name: str) -> list[dict[str, Any]]:
    """Every statement delivered, resends included, read with the standard library alone."""
    bodies = [json.loads(request["body"]) for request in requests_in(name)]
    return [statement for body in bodies for statement in (body if isinstance(body, list) else [body])]


@pytest.fixture(scope="session")
def moodle_class() -> list[dict[str, Any]]:
    return statements_in("moodle_class.jsonl.gz")


@pytest.fixture(scope="session")
def moodle_truth() -> dict[str, Any]:
    with gzip.open(sample_path("moodle_class.truth.json.gz"), "rt") as file:
        truth: dict[str, Any] = json.load(file)
    return truth


@pytest.fixture(scope="session")
def sample() -> Json:
    return statements_in
