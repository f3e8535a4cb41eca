"""Bring states up to date with the facts: on top where the new ones are newest, from the beginning where not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlmodel import Session

from learning.mastery import LearnerState, Response, fold
from models import facts
from models.facts import BEGINNING, Evidence, Mark
from models.learners import StateRow
from models.terms import Terms


def folded(
    session: Session, states: Mapping[int, StateRow], *, touched: Mapping[int, Mark | None], terms: Terms
) -> dict[int, StateRow]:
    """Return the states after all facts that are in the database.

    A state is a pure function of the facts, the snapshot and the parameters. It is folded anew where something was
    written at or before the last fact in it (a late or regraded one), or where the snapshot, the parameters or an
    alignment have changed since; else only what is newer is folded on top. Both ways give the same bytes.
    """
    starts = {
        student: BEGINNING if _is_stale(row, touched.get(student), terms) else row.last
        for student, row in states.items()
    }
    evidence = facts.evidence(session, starts)
    return {
        student: _after(row, evidence[student], anew=starts[student] == BEGINNING, terms=terms)
        for student, row in states.items()
    }


def _is_stale(row: StateRow, earliest: Mark | None, terms: Terms) -> bool:
    made_with = (row.snapshot_version, row.parameters_version)
    if row.refresh_due or made_with != (terms.snapshot.version, terms.parameters.version):
        return True
    # A refresh (nothing was written) comes after a change of catalogue, which may have changed an alignment.
    return earliest is None or earliest <= row.last


def _after(row: StateRow, evidence: Sequence[Evidence], *, anew: bool, terms: Terms) -> StateRow:
    before = LearnerState.new() if anew else LearnerState.from_bytes(row.state)
    after = fold(before, responses_of(evidence), snapshot=terms.snapshot, parameters=terms.parameters)
    return replace(
        row,
        state=after.to_bytes(),
        snapshot_version=terms.snapshot.version,
        parameters_version=terms.parameters.version,
        facts=(0 if anew else row.facts) + len(evidence),
        last=evidence[-1].mark if evidence else (BEGINNING if anew else row.last),
    )


def responses_of(evidence: Sequence[Evidence]) -> list[Response]:
    """Return evidence as the learner model reads it.

    An item that is aligned to nothing says nothing yet; when it is aligned, states are folded anew.
    """
    return [
        Response(
            at=each.mark[0].timestamp(),
            item=each.item_id,
            skills=each.skills,
            outcome=each.outcome,
            weight=each.weight,
        )
        for each in evidence
        if each.skills
    ]
