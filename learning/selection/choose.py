"""The decision from beginning to end, one straight line."""

from __future__ import annotations

from learning.selection.catalogue import Catalogue
from learning.selection.decision import Decision
from learning.selection.place import Place
from learning.selection.policy import Orders, Policy, ScopeWindow


def choose(
    place: Place,
    *,
    catalogue: Catalogue,
    policy: Policy,
    scope: ScopeWindow | None,
    orders: Orders,
    as_of: float,
) -> Decision:
    """Return what one student is assigned at `as_of` (seconds since 1970), and why.

    A pure function: equal arguments give equal decisions, on any machine. Without a scope everything is in it, and the
    outcome is proposed, never assigned.
    """
    raise NotImplementedError


def replay(record: str) -> str:
    """Decide again from a record's inputs alone; the result equals the record, byte for byte.

    Raises:
        RecordError: it is not a record.
    """
    raise NotImplementedError
