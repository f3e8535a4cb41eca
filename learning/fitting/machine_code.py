"""Machine code by Numba, where it is installed (the extra `fast`)."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

try:
    from numba import njit
except ImportError:  # the extra is not installed
    njit = None

COMPILED = njit is not None
"""Whether functions marked with `machine_code` run as machine code."""


def machine_code(function: F) -> F:
    """Let Numba compile a function at its first call, where Numba is installed."""
    compiled: F = function if njit is None else njit(function)
    return compiled
