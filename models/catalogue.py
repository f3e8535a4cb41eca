"""A school's catalogue, rules and questionnaires, loaded once for each version and kept in the process."""

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import text
from sqlmodel import Session

from learning.questionnaire import Questionnaire
from learning.selection import Catalogue, Depth, Material, Prerequisite, Skill, Strength, Topic


@dataclass(frozen=True, slots=True)
class Shelf:
    """All that a school has loaded for teaching."""

    catalogue: Catalogue
    topic_ids: dict[str, int]
    topic_phrases: dict[str, tuple[str, ...]]
    """What free text is compared with, by topic ref."""
    questionnaires: dict[str, Questionnaire]
    """By survey ref and by each of its other names."""


_kept: dict[tuple[str, int], tuple[int, Shelf]] = {}
"""The newest shelf by (database, school): a catalogue is large, and changes when files are loaded."""


def load(session: Session, school_id: int) -> Shelf:
    """Return the school's shelf as of its catalogue version."""
    statement = text("SELECT catalogue_version FROM souschef.school WHERE id = :school")
    version = int(session.connection().execute(statement, {"school": school_id}).scalar_one())
    key = (session.connection().engine.url.render_as_string(hide_password=True), school_id)
    if key not in _kept or _kept[key][0] != version:
        _kept[key] = (version, _read(session, school_id, version))
    return _kept[key][1]


def material_id(session: Session, school_id: int, ref: str) -> int | None:
    """Return the id of a material by the school's name for it, or None."""
    statement = text("SELECT id FROM souschef.material WHERE school_id = :school AND ref = :ref")
    found = session.connection().execute(statement, {"school": school_id, "ref": ref}).scalar_one_or_none()
    return None if found is None else int(found)


def forget() -> None:
    """Forget what is kept, as a test must that makes databases anew."""
    _kept.clear()


def _read(session: Session, school_id: int, version: int) -> Shelf:
    topics = _rows(session, school_id, "SELECT id, ref, title, phrases FROM souschef.topic WHERE school_id = :school")
    documents = _rows(session, school_id, "SELECT document FROM souschef.questionnaire WHERE school_id = :school")
    catalogue = Catalogue.of(
        version=version,
        skills=_skills(session, school_id),
        materials=_materials(session, school_id),
        topics=[Topic(ref=ref, title=title) for _, ref, title, _ in topics],
    )
    questionnaires = [Questionnaire.from_document(document) for (document,) in documents]
    return Shelf(
        catalogue=catalogue,
        topic_ids={ref: topic for topic, ref, _, _ in topics},
        topic_phrases={ref: (title, *phrases) for _, ref, title, phrases in topics},
        questionnaires={name: each for each in questionnaires for name in (each.survey, *each.aliases)},
    )


def _skills(session: Session, school_id: int) -> list[Skill]:
    rows = _rows(
        session,
        school_id,
        """
        SELECT skill.id, skill.ref, skill.title, skill.grade, skill.weight,
               coalesce(array_agg(needs_id ORDER BY needs_id) FILTER (WHERE needs_id IS NOT NULL), '{}'),
               coalesce(array_agg(strength ORDER BY needs_id) FILTER (WHERE needs_id IS NOT NULL), '{}')
          FROM souschef.skill LEFT JOIN souschef.prerequisite ON prerequisite.skill_id = skill.id
         WHERE skill.school_id = :school GROUP BY skill.id ORDER BY skill.id
        """,
    )
    return [
        Skill(
            id=skill,
            ref=ref,
            title=title,
            grade=grade,
            weight=weight,
            prerequisites=tuple(Prerequisite(n, Strength(s)) for n, s in zip(needs, strengths, strict=True)),
        )
        for skill, ref, title, grade, weight, needs, strengths in rows
    ]


def _materials(session: Session, school_id: int) -> list[Material]:
    rows = _rows(
        session,
        school_id,
        """
        SELECT material.id, title, difficulty, context, depth, reading_level, minutes, language, licence,
               extract(epoch FROM active_from)::double precision, extract(epoch FROM active_until)::double precision,
               array_agg(skill_id ORDER BY position)
          FROM souschef.material JOIN souschef.material_skill ON material_id = material.id
         WHERE material.school_id = :school GROUP BY material.id ORDER BY material.id
        """,
    )
    return [
        Material(
            id=row[0],
            title=row[1],
            skills=tuple(row[11]),
            difficulty=row[2],
            context=row[3],
            depth=Depth(row[4]),
            reading_level=row[5],
            minutes=row[6],
            language=row[7],
            licence=row[8],
            active_from=row[9],
            active_until=row[10],
        )
        for row in rows
    ]


def _rows(session: Session, school_id: int, statement: str) -> list[tuple]:  # type: ignore[type-arg] # of many shapes
    return [tuple(row) for row in session.connection().execute(_text(statement), {"school": school_id})]


_text = lru_cache(maxsize=16)(text)
