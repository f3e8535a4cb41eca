"""Two sizes of each test: the one that its promise is stated for (`make chaos`), and a short one (`make test-all`).

The short form has fewer events, fewer faults and a shorter lease, one broker, and counts what was lost and doubled as
the long one does. Where it leaves something out, the test says so beside the size.
"""

import os
from typing import TypeVar

T = TypeVar("T")
LONG = os.environ.get("CHAOS") == "long"


def sized(long: T, short: T) -> T:
    """Return the one that this run asks for."""
    return long if LONG else short


LEASE_SECONDS = sized(30.0, 5.0)
SWEEP_SECONDS = sized(10.0, 2.0)
"""In the long form those of production."""
