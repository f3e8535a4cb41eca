"""Store earlier states of a student, from which a state is computed again after a late fact; at most three each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from models.events.facts import FactPosition
from models.rows import execute


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A student's state after the first `facts` facts, of which `last` is the last."""

    facts: int
    last: FactPosition
    state: bytes


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """What holds of a student's checkpoints: those before a changed fact."""

    newest: Checkpoint
    facts: tuple[int, ...]
    """After how many facts each of them stands, the newest last."""


def load_before(
    session: Session, changed: Mapping[int, FactPosition], *, versions: tuple[int, int]
) -> dict[int, Checkpoints]:
    """Return each student's checkpoints before a changed fact; a student without any is left out.

    `versions` are those of the states (`ModelVersions.state_versions`): a checkpoint of others is of no use. The
    students' states must be locked, for else a checkpoint may be newer than the state.
    """
    statement = """
        SELECT student_id, facts, last_at, last_sequence, last_key,
               CASE WHEN facts = max(facts) OVER (PARTITION BY student_id) THEN state END AS state
          FROM unnest(CAST(:students AS bigint[]), CAST(:times AS timestamptz[]), CAST(:sequences AS text[]),
                      CAST(:keys AS text[])) AS changed(student_id, occurred_at, sequence, key)
          JOIN souschef.state_checkpoint USING (student_id)
         WHERE snapshot_version = :snapshot AND parameters_version = :parameters
           AND (last_at, last_sequence, last_key)
               < (changed.occurred_at, changed.sequence COLLATE "C", changed.key COLLATE "C")
         ORDER BY student_id, facts
    """
    students = sorted(changed)
    parameters = {
        "students": students,
        "times": [changed[student][0] for student in students],
        "sequences": [changed[student][1] for student in students],
        "keys": [changed[student][2] for student in students],
        "snapshot": versions[0],
        "parameters": versions[1],
    }
    found: dict[int, list[int]] = {}
    newest: dict[int, Checkpoint] = {}
    for row in execute(session, statement, parameters) if students else ():
        found.setdefault(row.student_id, []).append(row.facts)
        if row.state is not None:
            last = (row.last_at, row.last_sequence, row.last_key)
            newest[row.student_id] = Checkpoint(row.facts, last, row.state)
    return {student: Checkpoints(newest[student], tuple(facts)) for student, facts in found.items()}


def save(
    session: Session,
    school_id: int,
    *,
    unchanged: Mapping[int, Collection[int]],
    new: Mapping[int, Sequence[Checkpoint]],
    versions: tuple[int, int],
) -> None:
    """Write the new checkpoints of students whose states are locked, and delete all but them and those `unchanged`.

    `unchanged` names every student that is meant, and after how many facts the checkpoints stand that stay as they are.
    """
    stays = [(student, facts) for student in unchanged for facts in unchanged[student]]
    made = [(student, each) for student in sorted(new) for each in new[student]]
    stays += [(student, each.facts) for student, each in made]
    _delete_others(session, sorted(unchanged), stays)
    if not made:
        return
    statement = """
        INSERT INTO souschef.state_checkpoint AS old (school_id, student_id, facts, state, snapshot_version,
               parameters_version, last_at, last_sequence, last_key)
        SELECT :school, student_id, facts, state, :snapshot, :parameters, last_at, last_sequence, last_key
          FROM unnest(CAST(:students AS bigint[]), CAST(:facts AS integer[]), CAST(:states AS bytea[]),
                      CAST(:times AS timestamptz[]), CAST(:sequences AS text[]), CAST(:keys AS text[]))
            AS new(student_id, facts, state, last_at, last_sequence, last_key)
        ON CONFLICT (student_id, facts) DO UPDATE
           SET state = excluded.state, snapshot_version = excluded.snapshot_version,
               parameters_version = excluded.parameters_version, last_at = excluded.last_at,
               last_sequence = excluded.last_sequence, last_key = excluded.last_key
         WHERE (old.state, old.snapshot_version, old.parameters_version, old.last_at, old.last_sequence, old.last_key)
               IS DISTINCT FROM
               (excluded.state, excluded.snapshot_version, excluded.parameters_version, excluded.last_at,
                excluded.last_sequence, excluded.last_key)
    """
    parameters = {
        "school": school_id,
        "snapshot": versions[0],
        "parameters": versions[1],
        "students": [student for student, _ in made],
        "facts": [each.facts for _, each in made],
        "states": [each.state for _, each in made],
        "times": [each.last[0] for _, each in made],
        "sequences": [each.last[1] for _, each in made],
        "keys": [each.last[2] for _, each in made],
    }
    execute(session, statement, parameters)


def delete(session: Session, students: Collection[int]) -> None:
    """Delete all checkpoints of these students, of whom facts have been deleted."""
    _delete_others(session, sorted(students), [])


def _delete_others(session: Session, students: Sequence[int], stays: Sequence[tuple[int, int]]) -> None:
    statement = """
        DELETE FROM souschef.state_checkpoint AS old WHERE student_id = ANY(CAST(:students AS bigint[]))
           AND NOT EXISTS (
             SELECT FROM unnest(CAST(:whose AS bigint[]), CAST(:facts AS integer[])) AS stays(whose, facts)
              WHERE stays.whose = old.student_id AND stays.facts = old.facts)
    """
    parameters = {
        "students": students,
        "whose": [student for student, _ in stays],
        "facts": [facts for _, facts in stays],
    }
    if students:
        execute(session, statement, parameters)
