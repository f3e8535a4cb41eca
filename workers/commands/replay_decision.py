"""`souschef replay-decision`: decide again from a stored record, and compare byte for byte."""

from __future__ import annotations

from typing import Annotated

import typer


def replay_decision(
    decision: Annotated[int, typer.Argument(help="The decision's id, as `souschef explain --json` names it.")],
) -> None:
    """Decide again from the stored record alone and print the decision; it equals the stored one, byte for byte.

    Example: souschef replay-decision 17

    Exit codes: 0 the same bytes, 1 others or no such decision.
    """
    from config.errors import Mendable
    from learning import selection
    from models import audit_reading, database, reports
    from workers import accountable

    with database.transaction() as session:
        stored = reports.record_of(session, decision)
        concerned = audit_reading.by_decision(session, decision=decision)
        accountable.note(session, "replay-decision", concerned, decision=decision)
    if stored is None:
        raise Mendable(f"There is no decision {decision}.", "`souschef explain ASSIGNMENT --json` names one.")
    again = selection.replay(stored)
    typer.echo(again)
    if again != stored:
        raise Mendable(f"Decision {decision} comes out differently now: {len(stored)} bytes then, {len(again)} now.")
