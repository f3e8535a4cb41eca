"""A school's catalogue and questionnaires, read once for each version and cached in the process."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from sqlmodel import Session, col, select

from learning.mastery.snapshot import ItemTerms
from learning.selection import Catalogue, Depth, Material, Prerequisite, Skill, Strength, Topic
from learning.surveys.questionnaire import Questionnaire
from models import tables
from models.access import schools
from models.rows import execute

DIFFICULTY = """CASE WHEN material.difficulty_known THEN material.difficulty
                    ELSE coalesce(material.learned_difficulty, material.difficulty) END"""
"""The difficulty that decisions read: the school's own, else what answers have shown, else 0."""
MAX_LOGITS = 6.0
HUNDREDTHS = 2
"""Decimals of a learned difficulty: finer changes would only write rows again."""


@dataclass(frozen=True, slots=True)
class SchoolCatalogue:
    """All that a school has loaded for teaching."""

    catalogue: Catalogue
    topic_ids: dict[str, int]
    topic_phrases: dict[str, tuple[str, ...]]
    """What free text is compared with, by topic ref."""
    questionnaires: dict[str, Questionnaire]
    """By survey ref and by each of its other names."""


_cache: dict[tuple[str, int], tuple[int, SchoolCatalogue]] = {}
"""(version, catalogue) by (database, school): a catalogue is large, and changes only when files are loaded."""


def load(session: Session, school_id: int) -> SchoolCatalogue:
    """Return the school's catalogue in its current version."""
    version = session.exec(select(tables.School.catalogue_version).where(tables.School.id == school_id)).one()
    key = (session.connection().engine.url.render_as_string(hide_password=True), school_id)
    if key not in _cache or _cache[key][0] != version:
        _cache[key] = (version, _read(session, school_id, version))
    return _cache[key][1]


def material_id(session: Session, school_id: int, ref: str) -> int | None:
    """Return the id of a material by the school's name for it, or None."""
    wanted = tables.Material.school_id == school_id, tables.Material.ref == ref
    return session.exec(select(col(tables.Material.id)).where(*wanted)).one_or_none()


def learn_difficulties(session: Session, school_id: int, items: Mapping[int, ItemTerms]) -> int:
    """Write the difficulty of materials for which the school gives none, from items' terms; return how many changed.

    It is the mean of the deviations of those of its items that have an alignment, and so answers of their own.
    """
    deviations: dict[int, list[float]] = {}
    for material, item in _items_without_difficulty(session, school_id):
        if item in items:
            deviations.setdefault(material, []).append(items[item][0])
    learned = {
        material: round(min(max(fmean(found), -MAX_LOGITS), MAX_LOGITS), HUNDREDTHS)
        for material, found in deviations.items()
    }
    statement = """
        UPDATE souschef.material SET learned_difficulty = new.difficulty
          FROM unnest(CAST(:materials AS bigint[]), CAST(:difficulties AS double precision[])) AS new(id, difficulty)
         WHERE material.id = new.id AND material.school_id = :school
           AND learned_difficulty IS DISTINCT FROM new.difficulty
    """
    parameters = {"school": school_id, "materials": list(learned), "difficulties": list(learned.values())}
    changed = execute(session, statement, parameters).rowcount
    if changed:
        schools.raise_catalogue_version(session, school_id)
    return changed


def _items_without_difficulty(session: Session, school_id: int) -> list[tuple[int, int]]:
    """Return (material, item) of materials without a difficulty and of their items, by any name of the item."""
    statement = """
        SELECT DISTINCT material.id, item.id FROM souschef.material
          JOIN souschef.alias AS own ON own.school_id = material.school_id AND own.kind = 'material_item'
           AND own.target_id = material.id
          LEFT JOIN souschef.alias AS other ON other.school_id = material.school_id AND other.kind = 'item'
           AND other.name = own.name
          JOIN souschef.item ON item.school_id = material.school_id
           AND (item.ref = own.name OR item.id = other.target_id)
         WHERE material.school_id = :school AND NOT material.difficulty_known
         ORDER BY 1, 2
    """
    return [(row[0], row[1]) for row in execute(session, statement, {"school": school_id})]


def _read(session: Session, school_id: int, version: int) -> SchoolCatalogue:
    topics = session.exec(select(tables.Topic).where(tables.Topic.school_id == school_id)).all()
    catalogue = Catalogue.build(
        version=version,
        skills=_skills(session, school_id),
        materials=_materials(session, school_id),
        topics=[Topic(ref=topic.ref, title=topic.title) for topic in topics],
    )
    return SchoolCatalogue(
        catalogue=catalogue,
        topic_ids={topic.ref: topic.id for topic in topics if topic.id is not None},
        topic_phrases={topic.ref: (topic.title, *topic.phrases) for topic in topics},
        questionnaires=_questionnaires(session, school_id),
    )


def _questionnaires(session: Session, school_id: int) -> dict[str, Questionnaire]:
    wanted = select(tables.Questionnaire.document).where(tables.Questionnaire.school_id == school_id)
    found = [Questionnaire.from_document(document) for document in session.exec(wanted)]
    return {name: each for each in found for name in (each.survey, *each.aliases)}


def _skills(session: Session, school_id: int) -> list[Skill]:
    statement = """
        SELECT skill.id, skill.ref, skill.title, skill.grade, skill.weight,
               coalesce(array_agg(needs_id ORDER BY needs_id) FILTER (WHERE needs_id IS NOT NULL), '{}') AS needs,
               coalesce(array_agg(strength ORDER BY needs_id) FILTER (WHERE needs_id IS NOT NULL), '{}') AS strengths
          FROM souschef.skill LEFT JOIN souschef.prerequisite ON prerequisite.skill_id = skill.id
         WHERE skill.school_id = :school GROUP BY skill.id ORDER BY skill.id
    """
    return [
        Skill(
            id=row.id,
            ref=row.ref,
            title=row.title,
            grade=row.grade,
            weight=row.weight,
            prerequisites=tuple(
                Prerequisite(skill, Strength(strength))
                for skill, strength in zip(row.needs, row.strengths, strict=True)
            ),
        )
        for row in execute(session, statement, {"school": school_id})
    ]


def _materials(session: Session, school_id: int) -> list[Material]:
    statement = f"""
        SELECT material.id, title, {DIFFICULTY} AS difficulty, context, depth, reading_level, minutes, language,
               licence,
               extract(epoch FROM active_from)::double precision AS active_from,
               extract(epoch FROM active_until)::double precision AS active_until,
               array_agg(skill_id ORDER BY position) AS skills
          FROM souschef.material JOIN souschef.material_skill ON material_id = material.id
         WHERE material.school_id = :school GROUP BY material.id ORDER BY material.id
    """  # noqa: S608 - the expression is a constant
    return [
        Material(
            id=row.id,
            title=row.title,
            skills=tuple(row.skills),
            difficulty=row.difficulty,
            context=row.context,
            depth=Depth(row.depth),
            reading_level=row.reading_level,
            minutes=row.minutes,
            language=row.language,
            licence=row.licence,
            active_from=row.active_from,
            active_until=row.active_until,
        )
        for row in execute(session, statement, {"school": school_id})
    ]
