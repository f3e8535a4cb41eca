"""Parameters of which `make test` runs the first ones, and `make test-all` the others."""

from collections.abc import Iterable
from typing import Any

import pytest


def first_of(values: Iterable[Any], *, quick: int = 1) -> list[Any]:
    """Return the values as parameters; a tuple is the values of several names."""
    rows = [value if isinstance(value, tuple) else (value,) for value in values]
    return [pytest.param(*row, marks=() if place < quick else pytest.mark.full) for place, row in enumerate(rows)]
