"""Orders and what they would change as JSON, the same by command and over HTTP."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from models.orders import Given
from tasks.rehearsal import Unmet, Would


def would_as_told(lines: Sequence[Would]) -> list[dict[str, Any]]:
    """Return what would change, a student an entry."""
    return [{**asdict(line), "changes": line.changes} for line in lines]


def given_as_told(given: Given, unmet: Sequence[Unmet]) -> dict[str, Any]:
    """Return an order, with those for whom it cannot be met."""
    told = plain(asdict(given))
    told["class"] = told.pop("class_ref")
    mine = [each for each in unmet if each.order == given.number]
    return {**told, "unmet": [{"student": e.student, "code": e.code, "because": e.because} for e in mine]}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its times as ISO 8601."""
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}
