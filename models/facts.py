"""The facts: recorded once, replaced by regrades, read back in the one order that never depends on arrival."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import text
from sqlmodel import Session

from lms.facts import FactKind

Mark = tuple[dt.datetime, str, str]
"""Where a fact stands in its student's order: (occurred_at, sequence, key)."""

BEGINNING: Mark = (dt.datetime(1, 1, 1, tzinfo=dt.UTC), "", "")
END: Mark = (dt.datetime(9999, 12, 31, tzinfo=dt.UTC), "", "")
EVIDENCE_KINDS = (FactKind.ITEM_RESULT, FactKind.SKILL_RESULT)
INTEREST_KINDS = (
    FactKind.SURVEY_ANSWER,
    FactKind.ASSIGNMENT_PICKED,
    FactKind.ASSIGNMENT_DONE,
    FactKind.INTEREST_FEEDBACK,
    FactKind.INTEREST_VETO,
)


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

    A fact that is already there, or is older than what is there, changes nothing and is not returned.
    """
    latest: dict[tuple[int, str], NewFact] = {}
    for fact in facts:
        known = latest.get((fact.source_id, fact.key))
        if known is None or (fact.revised_at or BEGINNING[0]) > (known.revised_at or BEGINNING[0]):
            latest[fact.source_id, fact.key] = fact
    rows = [latest[key] for key in sorted(latest)]
    if not rows:
        return []
    statement = text("""
        INSERT INTO souschef.fact AS fact (school_id, student_id, source_id, kind, key, occurred_at, sequence, class_id,
               item_id, skill_id, attempt, outcome, weight, revised_at, value, inbox_id)
        SELECT :school, student_id, source_id, kind, key, occurred_at, sequence, class_id, item_id, skill_id, attempt,
               outcome, weight, revised_at, value, inbox_id
          FROM unnest(CAST(:student_id AS bigint[]), CAST(:source_id AS bigint[]), CAST(:kind AS text[]),
                      CAST(:key AS text[]), CAST(:occurred_at AS timestamptz[]), CAST(:sequence AS text[]),
                      CAST(:class_id AS bigint[]), CAST(:item_id AS bigint[]), CAST(:skill_id AS bigint[]),
                      CAST(:attempt AS text[]), CAST(:outcome AS double precision[]),
                      CAST(:weight AS double precision[]), CAST(:revised_at AS timestamptz[]), CAST(:value AS jsonb[]),
                      CAST(:inbox_id AS bigint[]))
            AS new(student_id, source_id, kind, key, occurred_at, sequence, class_id, item_id, skill_id, attempt,
                   outcome, weight, revised_at, value, inbox_id)
        ON CONFLICT (source_id, key) DO UPDATE
           SET outcome = excluded.outcome, weight = excluded.weight, value = excluded.value,
               occurred_at = excluded.occurred_at, sequence = excluded.sequence, revised_at = excluded.revised_at,
               inbox_id = excluded.inbox_id, recorded_at = souschef.clock()
         WHERE fact.student_id = excluded.student_id
           AND excluded.revised_at > coalesce(fact.revised_at, '-infinity')
        RETURNING source_id, key, xmax = 0
    """)
    columns = ("student_id", "source_id", "kind", "key", "occurred_at", "sequence", "class_id", "item_id", "skill_id")
    more = ("attempt", "outcome", "weight", "revised_at", "inbox_id")
    parameters: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in columns + more}
    parameters["kind"] = [row.kind.value for row in rows]
    parameters["value"] = [orjson.dumps(dict(row.value)).decode() for row in rows]
    written = session.connection().execute(statement, {"school": school_id, **parameters})
    return [(latest[source_id, key], new) for source_id, key, new in written]


def evidence(session: Session, after: Mapping[int, Mark]) -> dict[int, list[Evidence]]:
    """Return each student's evidence on skills that stands after a mark, in order.

    An item speaks of the skills that it is aligned to today, so that a mended alignment mends the past as well.
    """
    statement = text("""
        SELECT fact.student_id, fact.occurred_at, fact.sequence, fact.key, fact.item_id, fact.outcome, fact.weight,
               CASE WHEN fact.skill_id IS NOT NULL THEN ARRAY[fact.skill_id]
                    ELSE (SELECT array_agg(skill_id ORDER BY skill_id) FROM souschef.alignment
                           WHERE alignment.item_id = fact.item_id) END
          FROM unnest(CAST(:students AS bigint[]), CAST(:times AS timestamptz[]), CAST(:sequences AS text[]),
                      CAST(:keys AS text[])) AS last(student_id, occurred_at, sequence, key)
          JOIN souschef.fact ON fact.student_id = last.student_id
         WHERE fact.kind = ANY(CAST(:kinds AS text[]))
           AND (fact.occurred_at, fact.sequence, fact.key)
               > (last.occurred_at, last.sequence COLLATE "C", last.key COLLATE "C")
         ORDER BY fact.student_id, fact.occurred_at, fact.sequence, fact.key
    """)
    students = sorted(after)
    parameters = {
        "kinds": [kind.value for kind in EVIDENCE_KINDS],
        "students": students,
        "times": [after[student][0] for student in students],
        "sequences": [after[student][1] for student in students],
        "keys": [after[student][2] for student in students],
    }
    found: dict[int, list[Evidence]] = {student: [] for student in students}
    for student, at, sequence, key, item, outcome, weight, skills in session.connection().execute(
        statement, parameters
    ):
        found[student].append(Evidence(student, (at, sequence, key), item, tuple(skills or ()), outcome, weight))
    return found


def interests(session: Session, students: Collection[int]) -> dict[int, list[InterestFact]]:
    """Return each student's facts that speak of interests, in order."""
    statement = text("""
        SELECT student_id, kind, occurred_at, sequence, key, attempt, value FROM souschef.fact
         WHERE student_id = ANY(CAST(:students AS bigint[])) AND kind = ANY(CAST(:kinds AS text[]))
         ORDER BY student_id, occurred_at, sequence, key
    """)
    found: dict[int, list[InterestFact]] = {student: [] for student in students}
    kinds = [kind.value for kind in INTEREST_KINDS]
    rows = session.connection().execute(statement, {"students": list(students), "kinds": kinds})
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
