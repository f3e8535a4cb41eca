"""The version of this Souschef, as pyproject.toml states it."""

import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def version() -> str:
    """Return the version, such as 0.2.0."""
    project: dict[str, str] = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    return project["version"]
