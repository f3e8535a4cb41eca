"""Update learner states from facts: from the last state if all new facts are newer, else from an earlier one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sqlmodel import Session

from learning.mastery.checkpoints import checkpoint_places
from learning.mastery.model import LearnerState, Response, fold
from models.events import facts
from models.events.facts import BEGINNING, Evidence, FactPosition
from models.students import checkpoints
from models.students.checkpoints import Checkpoint
from models.students.model_versions import ModelVersions
from models.students.states import StateRow


@dataclass(frozen=True, slots=True)
class _Start:
    """What a student's state is folded on from."""

    state: bytes
    facts: int
    last: FactPosition
    checkpoints: tuple[int, ...] | None
    """After how many facts the checkpoints stand that hold; None where they stay as they are, whatever they are."""


FROM_BEGINNING = _Start(b"", 0, BEGINNING, ())


def update_states(
    session: Session,
    school_id: int,
    states: Mapping[int, StateRow],
    *,
    touched: Mapping[int, FactPosition | None],
    versions: ModelVersions,
) -> dict[int, StateRow]:
    """Return the states after all facts that are in the database, and store the checkpoints that were passed.

    The caller has locked the states, and stores them.
    """
    updated = _updated(session, states, _starts(session, states, touched, versions), versions)
    moved = {student: each for student, each in updated.items() if each.unchanged is not None}
    checkpoints.save(
        session,
        school_id,
        unchanged={student: each.unchanged or () for student, each in moved.items()},
        new={student: each.new for student, each in moved.items()},
        versions=versions.state_versions,
    )
    return {student: each.row for student, each in updated.items()}


def recomputed_states(
    session: Session, states: Mapping[int, StateRow], *, versions: ModelVersions
) -> dict[int, StateRow]:
    """Return the states after all facts that are in the database, computed from the first one on; write nothing."""
    updated = _updated(session, states, dict.fromkeys(states, FROM_BEGINNING), versions)
    return {student: each.row for student, each in updated.items()}


def _starts(
    session: Session,
    states: Mapping[int, StateRow],
    touched: Mapping[int, FactPosition | None],
    versions: ModelVersions,
) -> dict[int, _Start]:
    """Return what each state is folded on from.

    A state is a pure function of the facts, the snapshot and the parameters. Newer facts are added to it. Where a fact
    was written or deleted at or before the last one in it, it is computed again from the last checkpoint before that
    fact; where the snapshot, the parameters or an alignment changed, or nobody knows what did, from the first fact.
    All ways give the same bytes.
    """
    starts = {
        student: FROM_BEGINNING
        if _is_stale(row, touched.get(student), versions)
        else _Start(row.state, row.facts, row.last, None)
        for student, row in states.items()
    }
    changed = {
        student: position
        for student, row in states.items()
        if starts[student] is not FROM_BEGINNING
        and (position := touched.get(student)) is not None
        and position <= row.last
    }
    starts |= dict.fromkeys(changed, FROM_BEGINNING)
    for student, found in checkpoints.load_before(session, changed, versions=versions.state_versions).items():
        newest = found.newest
        starts[student] = _Start(newest.state, newest.facts, newest.last, found.facts)
    return starts


def _is_stale(row: StateRow, earliest: FactPosition | None, versions: ModelVersions) -> bool:
    if row.refresh_due or (row.snapshot_version, row.parameters_version) != versions.state_versions:
        return True
    # A refresh (nothing was written) may follow a change of the catalogue, and so of an alignment.
    return earliest is None


@dataclass(frozen=True, slots=True)
class _Updated:
    """A student's new state, and what becomes of their checkpoints."""

    row: StateRow
    unchanged: Sequence[int] | None
    """After how many facts those stand that stay; None where all stay."""
    new: Sequence[Checkpoint] = ()


def _updated(
    session: Session, states: Mapping[int, StateRow], starts: Mapping[int, _Start], versions: ModelVersions
) -> dict[int, _Updated]:
    evidence = facts.load_evidence(session, {student: start.last for student, start in starts.items()})
    return {student: _update(row, starts[student], evidence[student], versions) for student, row in states.items()}


def _update(row: StateRow, start: _Start, evidence: Sequence[Evidence], versions: ModelVersions) -> _Updated:
    total = start.facts + len(evidence)
    places = [] if start.checkpoints is None else checkpoint_places(start.checkpoints, total)
    passed = [place - start.facts for place in places if place > start.facts]
    states = _fold_in_parts(LearnerState.from_bytes(start.state), evidence, passed, versions)
    snapshot_version, parameters_version = versions.state_versions
    after = replace(
        row,
        state=states[-1].to_bytes(),
        snapshot_version=snapshot_version,
        parameters_version=parameters_version,
        facts=total,
        last=evidence[-1].position if evidence else start.last,
    )
    if start.checkpoints is None:
        return _Updated(after, None)
    new = [
        Checkpoint(start.facts + place, evidence[place - 1].position, state.to_bytes())
        for place, state in zip(passed, states, strict=False)
    ]
    return _Updated(after, [place for place in places if place <= start.facts], new)


def _fold_in_parts(
    state: LearnerState, evidence: Sequence[Evidence], places: Sequence[int], versions: ModelVersions
) -> list[LearnerState]:
    """Return the states after the first `places` facts, which rise, and after all; it is one fold, to the byte."""
    states = []
    for begin, end in pairwise((0, *places, len(evidence))):
        responses = responses_of(evidence[begin:end])
        state = fold(state, responses, snapshot=versions.snapshot, parameters=versions.parameters)
        states.append(state)
    return states


def responses_of(evidence: Sequence[Evidence]) -> list[Response]:
    """Return evidence in the form that the learner model reads.

    Answers to an item without skills are left out; when it is aligned, states are computed again.
    """
    return [
        Response(
            at=each.position[0].timestamp(),
            item=each.item_id,
            skills=each.skills,
            outcome=each.outcome,
            weight=each.weight,
        )
        for each in evidence
        if each.skills
    ]
