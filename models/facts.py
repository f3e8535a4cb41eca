"""The facts: recorded once, replaced by regrades, read back in the one order that never depends on arrival."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import text
from sqlmodel import Session

from lms.facts import FactKind
from models.tables.events import OF_INTERESTS

Mark = tuple[dt.datetime, str, str]
"""Where a fact stands in its student's order: (occurred_at, sequence, key)."""

BEGINNING: Mark = (dt.datetime(1, 1, 1, tzinfo=dt.UTC), "", "")
END: Mark = (dt.datetime(9999, 12, 31, tzinfo=dt.UTC), "", "")
EVIDENCE_KINDS = (FactKind.ITEM_RESULT, FactKind.SKILL_RESULT)
TOTAL_WEIGHT = 0.3
"""How much evidence a total is, beside a response to one item: an assumption, until a log says better."""


@dataclass(frozen=True, slots=True)
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
    value: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> Mark:
        """Return where the fact stands in its student's order."""
        return (self.occurred_at, self.sequence, self.key)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that speaks of skills, as the fold reads it."""

    student_id: int
    mark: Mark
    item_id: int | None
    skills: tuple[int, ...]
    outcome: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class InterestFact:
    """One fact that speaks of interests."""

    student_id: int
    kind: FactKind
    mark: Mark
    attempt: str | None
    value: Mapping[str, Any]


def record(session: Session, school_id: int, facts: Iterable[NewFact]) -> list[tuple[NewFact, bool]]:
    """Write facts; return those that changed anything, and of each whether it is new or replaces an older version.

    Of two versions of one fact the later `revised_at` stands, and where that says nothing the greater of what they
    tell, so that it never matters which came first. One that is already there, or comes before what is there, changes
    nothing and is not returned; one that its own event now tells otherwise, because the event is read again by a mended
    parser, is replaced.
    """
    written: dict[tuple[int, str], tuple[NewFact, bool]] = {}
    for rows in _rounds(facts):
        for source_id, key, new in _write(session, school_id, list(rows.values())):
            _, was_new = written.get((source_id, key), (None, False))
            written[source_id, key] = (rows[source_id, key], new or was_new)
    return list(written.values())


def _rounds(facts: Iterable[NewFact]) -> Iterable[dict[tuple[int, str], NewFact]]:
    """Deal facts to rounds in each of which a key stands once, in the order of the keys: one statement takes no two."""
    versions: dict[tuple[int, str], list[NewFact]] = {}
    for fact in facts:
        versions.setdefault((fact.source_id, fact.key), []).append(fact)
    keys = sorted(versions)
    for number in range(max(map(len, versions.values()), default=0)):
        yield {key: versions[key][number] for key in keys if number < len(versions[key])}


def _write(session: Session, school_id: int, rows: Sequence[NewFact]) -> Iterable[tuple[int, str, bool]]:
    """Write facts of different keys; return (source id, key, whether it is new) of those that changed anything."""
    statement = text(f"""
        INSERT INTO souschef.fact AS fact (school_id, recorded_at, student_id, source_id, kind, key, occurred_at,
               sequence, class_id, item_id, skill_id, attempt, outcome, weight, revised_at, value, inbox_id)
        SELECT :school, (SELECT souschef.clock()), student_id, source_id, kind, key, occurred_at,
               sequence, class_id, item_id, skill_id, attempt, outcome, weight, revised_at, value, inbox_id
          FROM unnest(CAST(:student_id AS bigint[]), CAST(:source_id AS bigint[]), CAST(:kind AS text[]),
                      CAST(:key AS text[]), CAST(:occurred_at AS timestamptz[]), CAST(:sequence AS text[]),
                      CAST(:class_id AS bigint[]), CAST(:item_id AS bigint[]), CAST(:skill_id AS bigint[]),
                      CAST(:attempt AS text[]), CAST(:outcome AS double precision[]),
                      CAST(:weight AS double precision[]), CAST(:revised_at AS timestamptz[]), CAST(:value AS jsonb[]),
                      CAST(:inbox_id AS bigint[]))
            AS new(student_id, source_id, kind, key, occurred_at, sequence, class_id, item_id, skill_id, attempt,
                   outcome, weight, revised_at, value, inbox_id)
        ON CONFLICT (source_id, key) DO UPDATE
           SET kind = excluded.kind, class_id = excluded.class_id, item_id = excluded.item_id,
               skill_id = excluded.skill_id, attempt = excluded.attempt, outcome = excluded.outcome,
               weight = excluded.weight, value = excluded.value, occurred_at = excluded.occurred_at,
               sequence = excluded.sequence, revised_at = excluded.revised_at, inbox_id = excluded.inbox_id,
               recorded_at = excluded.recorded_at
         WHERE fact.student_id = excluded.student_id
           AND ({_version("excluded")} > {_version("fact")}
                OR fact.inbox_id = excluded.inbox_id AND
                   (fact.kind, fact.class_id, fact.item_id, fact.skill_id, fact.attempt, fact.outcome, fact.weight,
                    fact.value, fact.occurred_at, fact.sequence, fact.revised_at) IS DISTINCT FROM
                   (excluded.kind, excluded.class_id, excluded.item_id, excluded.skill_id, excluded.attempt,
                    excluded.outcome, excluded.weight, excluded.value, excluded.occurred_at, excluded.sequence,
                    excluded.revised_at))
        RETURNING source_id, key, xmax = 0
    """)  # noqa: S608 - our own
    columns = ("student_id", "source_id", "kind", "key", "occurred_at", "sequence", "class_id", "item_id", "skill_id")
    more = ("attempt", "outcome", "weight", "revised_at", "inbox_id")
    parameters: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in columns + more}
    parameters["kind"] = [row.kind.value for row in rows]
    parameters["value"] = [orjson.dumps(dict(row.value)).decode() for row in rows]
    written = session.connection().execute(statement, {"school": school_id, **parameters}).all()
    return [(source_id, key, new) for source_id, key, new in written]


def _version(row: str) -> str:
    """Return what one version of a fact is compared by: what its source tells, never what the school calls it."""
    return f"""(coalesce({row}.revised_at, '-infinity'), {row}.occurred_at, {row}.sequence, coalesce({row}.outcome, -1),
                {row}.weight, coalesce({row}.attempt, '') COLLATE "C", {row}.kind, {row}.value::text COLLATE "C")"""


def no_longer_told(session: Session, events: Collection[int], told: Iterable[NewFact]) -> dict[int, int]:
    """Return {fact id: student id} of what these events told when they were read before, and do not tell now."""
    if not events:
        return {}
    now = {(fact.inbox_id, fact.student_id, fact.key) for fact in told}
    statement = text("""
        SELECT id, inbox_id, student_id, key FROM souschef.fact WHERE inbox_id = ANY(CAST(:events AS bigint[]))
    """)
    rows = session.connection().execute(statement, {"events": sorted(events)}).all()
    return {fact: student for fact, event, student, key in rows if (event, student, key) not in now}


def retract(session: Session, ids: Collection[int]) -> None:
    """Delete facts that no event tells any more."""
    if ids:
        statement = text("DELETE FROM souschef.fact WHERE id = ANY(CAST(:ids AS bigint[]))")
        session.connection().execute(statement, {"ids": sorted(ids)})


def evidence(session: Session, after: Mapping[int, Mark]) -> dict[int, list[Evidence]]:
    """Return each student's evidence on skills that stands after a mark, in order.

    An item speaks of the skills that it is aligned to today, so that a mended alignment mends the past as well. A total
    is spread over the skills of its assessment, as weak evidence, only where its attempt has no result of an item or a
    skill; where it is not known which attempt it is of, nobody could tell. It may have come before its assessment.
    """
    statement = text(f"""
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
    """)  # noqa: S608 - our own
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
    rows = session.connection().execute(statement, parameters).all()
    for student, at, sequence, key, item, outcome, weight, skills in rows:
        found[student].append(Evidence(student, (at, sequence, key), item, tuple(skills or ()), outcome, weight))
    return found


def _assessment(total: str) -> str:
    """Return what item the assessment of a total is: as it was known when the total came, or as it is known now."""
    return f"""coalesce({total}.item_id, (
        SELECT alias.target_id
          FROM jsonb_array_elements_text({total}.value -> 'names') WITH ORDINALITY AS told(name, place)
          JOIN souschef.alias ON alias.school_id = {total}.school_id AND alias.kind = 'item' AND alias.name = told.name
         ORDER BY told.place LIMIT 1))"""  # noqa: S608 - our own


def is_evidence(fact: NewFact) -> bool:
    """Return whether a fact can move a belief on skills: a result, or the total of an assessment that is aligned."""
    return fact.kind in EVIDENCE_KINDS or (fact.kind is FactKind.ATTEMPT_GRADED and fact.item_id is not None)


def with_totals(session: Session, written: Iterable[NewFact]) -> set[int]:
    """Return the students who have a total of an attempt of which results came now: it speaks of skills no longer."""
    parts = {(fact.student_id, fact.source_id, fact.attempt) for fact in written if fact.kind in EVIDENCE_KINDS}
    known = sorted(part for part in parts if part[2] is not None)
    if not known:
        return set()
    statement = text(f"""
        SELECT DISTINCT total.student_id
          FROM unnest(CAST(:students AS bigint[]), CAST(:sources AS bigint[]), CAST(:attempts AS text[]))
               AS part(student_id, source_id, attempt)
          JOIN souschef.fact AS total ON total.student_id = part.student_id AND total.source_id = part.source_id
               AND total.attempt = part.attempt
         WHERE total.kind = 'attempt_graded' AND {_assessment("total")} IS NOT NULL
    """)  # noqa: S608 - our own
    students, sources, attempts = (list(column) for column in zip(*known, strict=True))
    parameters = {"students": students, "sources": sources, "attempts": attempts}
    return set(session.connection().execute(statement, parameters).scalars())


def interests(session: Session, students: Collection[int]) -> dict[int, list[InterestFact]]:
    """Return each student's facts that speak of interests, in order."""
    statement = text(f"""
        SELECT student_id, kind, occurred_at, sequence, key, attempt, value FROM souschef.fact
         WHERE student_id = ANY(CAST(:students AS bigint[])) AND {OF_INTERESTS}
         ORDER BY student_id, occurred_at, sequence, key
    """)  # noqa: S608 - our own
    found: dict[int, list[InterestFact]] = {student: [] for student in students}
    rows = session.connection().execute(statement, {"students": list(students)}).all()
    for student, kind, at, sequence, key, attempt, value in rows:
        found[student].append(InterestFact(student, FactKind(kind), (at, sequence, key), attempt, value))
    return found


def counts(session: Session) -> dict[str, int]:
    """Return the number of facts by kind."""
    return dict(session.connection().execute(text("SELECT kind, count(*) FROM souschef.fact GROUP BY kind")).all())


def skills_of_items(session: Session, items: Sequence[int]) -> set[int]:
    """Return which of the items are aligned to any skill."""
    statement = text("SELECT DISTINCT item_id FROM souschef.alignment WHERE item_id = ANY(CAST(:items AS bigint[]))")
    return set(session.connection().execute(statement, {"items": list(items)}).scalars())
