"""Find what a person at the command line means: by ref, by a sender's name, by name or title, or by their beginning."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

from sqlmodel import Session

from models.rows import fetch
from models.tables.people import AliasKind

MAX_FOUND = 11
"""One more than an error lists."""


class NameKind(StrEnum):
    """What has a ref and a name."""

    STUDENT = "student"
    STAFF = "teacher"
    CLASS = "class"
    SKILL = "skill"
    MATERIAL = "material"


@final
@dataclass(frozen=True, slots=True)
class Match:
    """One thing that a word may mean."""

    id: int
    ref: str
    name: str


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    title: str
    """SQL of its name for people."""
    alias: AliasKind | None = None
    condition: str = "true"


_PERSON = "concat_ws(' ', named.given_name, named.family_name)"
_TABLES = {
    NameKind.STUDENT: _Table("person", _PERSON, AliasKind.PERSON, "named.role = 'student'"),
    NameKind.STAFF: _Table("person", _PERSON, AliasKind.PERSON, "named.role <> 'student'"),
    NameKind.CLASS: _Table("class", "named.title", AliasKind.CLASS),
    NameKind.SKILL: _Table("skill", "named.title", AliasKind.SKILL),
    NameKind.MATERIAL: _Table("material", "named.title"),
}


def find(session: Session, school_id: int, kind: NameKind, typed: str) -> list[Match]:
    """Return what `typed` may mean in one school, at most `MAX_FOUND`: the best kind of match only.

    From best to worst: the ref, a sender's name for it, the whole name, the beginning of a ref, of a name, of a word in
    it. Capital letters count in refs and senders' names only.
    """
    table = _TABLES[kind]
    statement = f"""
        WITH ranked AS (
          SELECT id, ref, name, CASE
                   WHEN ref = :typed THEN 0
                   WHEN id IN (SELECT target_id FROM souschef.alias WHERE school_id = :school
                                AND kind = :kind AND alias.name = :typed) THEN 1
                   WHEN lower(name) = lower(:typed) THEN 2
                   WHEN starts_with(lower(ref), lower(:typed)) THEN 3
                   WHEN starts_with(lower(name), lower(:typed)) THEN 4
                   WHEN strpos(' ' || lower(name), ' ' || lower(:typed)) > 0 THEN 5
                 END AS rank
            FROM (SELECT named.id, named.ref, coalesce(nullif({table.title}, ''), named.ref) AS name
                    FROM souschef.{table.name} AS named
                   WHERE named.school_id = :school AND {table.condition}) AS each)
        SELECT id, ref, name FROM ranked WHERE rank = (SELECT min(rank) FROM ranked) ORDER BY ref LIMIT :limit
    """  # noqa: S608 - table, title and condition are constants of this module
    kind_of_alias = None if table.alias is None else str(table.alias)
    parameters = {"school": school_id, "typed": typed.strip(), "kind": kind_of_alias, "limit": MAX_FOUND}
    return fetch(session, Match, statement, parameters) if typed.strip() else []
