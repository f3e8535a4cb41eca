"""Facts: recorded once, replaced by regrades, read in one order that does not depend on arrival."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson
from sqlmodel import Session, func, select

from lms.facts import FactKind
from lms.json_fields import digest
from lms.values import immutable
from models.rows import columns_of, execute, load_sql
from models.tables import Fact
from models.tables.events import OF_INTERESTS

FactPosition = tuple[dt.datetime, str, str]
"""Position of a fact in its student's order: (occurred_at, sequence, key)."""

BEGINNING: FactPosition = (dt.datetime(1, 1, 1, tzinfo=dt.UTC), "", "")
END: FactPosition = (dt.datetime(9999, 12, 31, tzinfo=dt.UTC), "", "")
EVIDENCE_KINDS = (FactKind.ITEM_RESULT, FactKind.SKILL_RESULT)
TOTAL_WEIGHT = 0.3
"""Weight of an attempt's total, relative to a response to one item: an assumption until data says better."""


@immutable
class NewFact:
    """A fact whose names have been resolved to ids."""

    student_id: int
    source_id: int
    kind: FactKind
    key: str
    occurred_at: dt.datetime
    sequence: str
    inbox_id: int
    class_id: int | None = None
    item_id: int | None = None
    skill_id: int | None = None
    attempt: str | None = None
    outcome: float | None = None
    weight: float = 1.0
    revised_at: dt.datetime | None = None
    statement: str | None = None
    """The id of the xAPI statement that says it."""
    value: Mapping[str, Any] = field(default_factory=dict)

    @property
    def position(self) -> FactPosition:
        """Return the position of the fact in its student's order."""
        return (self.occurred_at, self.sequence, self.key)


@immutable
class WrittenFact:
    """A fact that changed something when it was recorded."""

    fact: NewFact
    since: FactPosition
    """Position from which on its student's facts are other than before."""


@immutable
class Evidence:
    """One fact about skills, as the learner model reads it."""

    student_id: int
    position: FactPosition
    item_id: int | None
    skills: tuple[int, ...]
    outcome: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class InterestFact:
    """One fact about interests."""

    student_id: int
    kind: FactKind
    position: FactPosition
    attempt: str | None
    value: Mapping[str, Any]


def record(session: Session, school_id: int, facts: Iterable[NewFact]) -> list[WrittenFact]:
    """Write facts; return those that changed anything, each with the position from which on.

    Of two versions of one fact the later `revised_at` is kept; where these are equal, the greater of their contents, so
    that the order of arrival does not matter. An equal or older version changes nothing and is not returned. Where the
    same event gives another version, because a corrected parser reads it again, the new version replaces the old one.
    """
    written: dict[tuple[int, str], WrittenFact] = {}
    for rows in _batches_without_duplicates(facts):
        for source_id, key, was in _write(session, school_id, list(rows.values())):
            fact = rows[source_id, key]
            since = fact.position if was is None else min(was, fact.position)
            before = written.get((source_id, key))
            written[source_id, key] = WrittenFact(fact, since if before is None else min(before.since, since))
    return list(written.values())


def _batches_without_duplicates(facts: Iterable[NewFact]) -> Iterable[dict[tuple[int, str], NewFact]]:
    """Split facts into batches in which each key occurs once, in key order: one statement cannot write a row twice."""
    versions: dict[tuple[int, str], list[NewFact]] = {}
    for fact in facts:
        versions.setdefault((fact.source_id, fact.key), []).append(fact)
    keys = sorted(versions)
    for number in range(max(map(len, versions.values()), default=0)):
        yield {key: versions[key][number] for key in keys if number < len(versions[key])}


def _write(session: Session, school_id: int, rows: Sequence[NewFact]) -> Iterable[tuple[int, str, FactPosition | None]]:
    """Write facts with different keys; return (source id, key, where it was before) of those that changed anything.

    None is a new fact. One that replaces a result of another attempt was at the `BEGINNING`, as whether an attempt's
    total counts depends on the attempt's results.
    """
    statement = load_sql("record_facts", new_version=_version("excluded"), old_version=_version("fact"))
    columns = ("student_id", "source_id", "kind", "key", "occurred_at", "sequence", "class_id", "item_id", "skill_id")
    more = ("attempt", "outcome", "weight", "revised_at", "inbox_id")
    parameters = columns_of(rows, columns + more)
    parameters["kind"] = [row.kind.value for row in rows]
    parameters["statement"] = [None if row.statement is None else digest_of_statement(row.statement) for row in rows]
    parameters["value"] = [orjson.dumps(dict(row.value)).decode() for row in rows]
    for row in execute(session, statement, {"school": school_id, **parameters}).all():
        was = (row.was_at, row.was_sequence, row.key) if row.same_attempt else BEGINNING
        yield row.source_id, row.key, None if row.is_new else was


def digest_of_statement(statement: str) -> bytes:
    """Return the 16 bytes under which facts and retractions know an xAPI statement; in small letters."""
    return digest("statement", statement.lower())


def _version(row: str) -> str:
    """Return the SQL row that versions of a fact are compared by: what its source sent, never names of the school."""
    return f"""(coalesce({row}.revised_at, '-infinity'), {row}.occurred_at, {row}.sequence, coalesce({row}.outcome, -1),
                {row}.weight, coalesce({row}.attempt, '') COLLATE "C", {row}.kind, {row}.value::text COLLATE "C")"""


def find_stale(session: Session, events: Collection[int], facts: Iterable[NewFact]) -> dict[int, int]:
    """Return {fact id: student id} of stored facts of these events that are not among `facts` any more."""
    if not events:
        return {}
    now = {(fact.inbox_id, fact.student_id, fact.key) for fact in facts}
    statement = """
        SELECT id, inbox_id, student_id, key FROM souschef.fact WHERE inbox_id = ANY(CAST(:events AS bigint[]))
    """
    rows = execute(session, statement, {"events": sorted(events)}).all()
    return {fact: student for fact, event, student, key in rows if (event, student, key) not in now}


def retract(session: Session, ids: Collection[int]) -> dict[int, FactPosition]:
    """Delete facts that no event contains any more; return from which position on each student's facts have changed.

    The total of an attempt counts again where its last result was deleted.
    """
    statement = """
        DELETE FROM souschef.fact WHERE id = ANY(CAST(:ids AS bigint[]))
        RETURNING student_id, source_id, attempt, kind, occurred_at, sequence, key
    """
    rows = execute(session, statement, {"ids": sorted(ids)}).all() if ids else []
    deleted = [(row.student_id, (row.occurred_at, row.sequence, row.key)) for row in rows]
    results = [(row.student_id, row.source_id, row.attempt) for row in rows if row.kind in EVIDENCE_KINDS]
    return earliest(deleted, _totals(session, results).items())


def earliest(*changes: Iterable[tuple[int, FactPosition]]) -> dict[int, FactPosition]:
    """Return the earliest position of each student among changes of their facts."""
    found: dict[int, FactPosition] = {}
    for student, position in chain(*changes):
        found[student] = min(position, found.get(student, END))
    return found


def load_evidence(session: Session, after: Mapping[int, FactPosition]) -> dict[int, list[Evidence]]:
    """Return each student's evidence on skills after a position, in order.

    An item counts for the skills that it is aligned to today, so that a corrected alignment corrects the past as well.
    An attempt's total counts, as weak evidence, for all skills of its assessment, but only where the attempt has no
    result of an item or a skill, and the attempt is known. It may have come before its assessment was loaded.
    """
    statement = f"""
        SELECT fact.student_id, fact.occurred_at, fact.sequence, fact.key,
               CASE WHEN fact.kind <> 'attempt_graded' THEN fact.item_id END, fact.outcome,
               CASE WHEN fact.kind = 'attempt_graded' THEN :total_weight * fact.weight ELSE fact.weight END,
               CASE WHEN fact.skill_id IS NOT NULL THEN ARRAY[fact.skill_id]
                    ELSE (SELECT array_agg(skill_id ORDER BY skill_id) FROM souschef.alignment
                           WHERE alignment.item_id = CASE WHEN fact.kind = 'attempt_graded' THEN {_assessment("fact")}
                                                          ELSE fact.item_id END) END
          FROM unnest(CAST(:students AS bigint[]), CAST(:times AS timestamptz[]), CAST(:sequences AS text[]),
                      CAST(:keys AS text[])) AS last(student_id, occurred_at, sequence, key)
          JOIN souschef.fact ON fact.student_id = last.student_id
         WHERE (fact.kind = ANY(CAST(:kinds AS text[]))
                OR fact.kind = 'attempt_graded' AND fact.attempt IS NOT NULL AND fact.value ->> 'scope' = 'attempt'
                   AND {_assessment("fact")} IS NOT NULL AND NOT EXISTS (
                     SELECT FROM souschef.fact AS part
                      WHERE part.student_id = fact.student_id AND part.source_id = fact.source_id
                        AND part.attempt = fact.attempt AND part.kind = ANY(CAST(:kinds AS text[]))))
           AND (fact.occurred_at, fact.sequence, fact.key)
               > (last.occurred_at, last.sequence COLLATE "C", last.key COLLATE "C")
         ORDER BY fact.student_id, fact.occurred_at, fact.sequence, fact.key
    """  # noqa: S608 - constants
    students = sorted(after)
    parameters = {
        "kinds": [kind.value for kind in EVIDENCE_KINDS],
        "total_weight": TOTAL_WEIGHT,
        "students": students,
        "times": [after[student][0] for student in students],
        "sequences": [after[student][1] for student in students],
        "keys": [after[student][2] for student in students],
    }
    found: dict[int, list[Evidence]] = {student: [] for student in students}
    rows = execute(session, statement, parameters).all()
    for student, at, sequence, key, item, outcome, weight, skills in rows:
        found[student].append(Evidence(student, (at, sequence, key), item, tuple(skills or ()), outcome, weight))
    return found


def _assessment(total: str) -> str:
    """Return SQL for the item that is the assessment of a total: as resolved when it came, or as it resolves now."""
    return f"""coalesce({total}.item_id, (
        SELECT alias.target_id
          FROM jsonb_array_elements_text({total}.value -> 'names') WITH ORDINALITY AS sent(name, place)
          JOIN souschef.alias ON alias.school_id = {total}.school_id AND alias.kind = 'item' AND alias.name = sent.name
         ORDER BY sent.place LIMIT 1))"""  # noqa: S608 - constants


def is_evidence(fact: NewFact) -> bool:
    """Return whether a fact can change mastery: a result, or the total of an assessment that is aligned."""
    return fact.kind in EVIDENCE_KINDS or (fact.kind is FactKind.ATTEMPT_GRADED and fact.item_id is not None)


def totals_of_results(session: Session, written: Iterable[NewFact]) -> dict[int, FactPosition]:
    """Return where students have a total of an attempt that has results now: the total counts no longer."""
    return _totals(
        session, [(fact.student_id, fact.source_id, fact.attempt) for fact in written if fact.kind in EVIDENCE_KINDS]
    )


def _totals(session: Session, results: Iterable[tuple[int, int, str | None]]) -> dict[int, FactPosition]:
    """Return by student the earliest total among the attempts of results: (student, source, attempt)."""
    attempts = sorted({each for each in results if each[2] is not None})
    if not attempts:
        return {}
    statement = f"""
        SELECT total.student_id, total.occurred_at, total.sequence, total.key
          FROM unnest(CAST(:students AS bigint[]), CAST(:sources AS bigint[]), CAST(:attempts AS text[]))
               AS part(student_id, source_id, attempt)
          JOIN souschef.fact AS total ON total.student_id = part.student_id AND total.source_id = part.source_id
               AND total.attempt = part.attempt
         WHERE total.kind = 'attempt_graded' AND {_assessment("total")} IS NOT NULL
    """  # noqa: S608 - constants
    students, sources, names = (list(column) for column in zip(*attempts, strict=True))
    parameters = {"students": students, "sources": sources, "attempts": names}
    rows = execute(session, statement, parameters)
    return earliest((student, (at, sequence, key)) for student, at, sequence, key in rows)


def load_interest_facts(session: Session, students: Collection[int]) -> dict[int, list[InterestFact]]:
    """Return each student's facts about interests, in order."""
    statement = f"""
        SELECT student_id, kind, occurred_at, sequence, key, attempt, value FROM souschef.fact
         WHERE student_id = ANY(CAST(:students AS bigint[])) AND {OF_INTERESTS}
         ORDER BY student_id, occurred_at, sequence, key
    """  # noqa: S608 - constants
    found: dict[int, list[InterestFact]] = {student: [] for student in students}
    rows = execute(session, statement, {"students": list(students)}).all()
    for student, kind, at, sequence, key, attempt, value in rows:
        found[student].append(InterestFact(student, FactKind(kind), (at, sequence, key), attempt, value))
    return found


def counts(session: Session) -> dict[str, int]:
    """Return the number of facts by kind."""
    return dict(session.exec(select(Fact.kind, func.count()).group_by(Fact.kind)).all())
