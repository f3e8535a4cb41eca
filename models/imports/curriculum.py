"""Load skills, topics, items, materials and questionnaires."""

from typing import Any

from sqlmodel import select

from learning.surveys.questionnaire import Finding, Questionnaire, QuestionnaireError, lint
from lms.files.problem import SourceLocation
from lms.files.rows import MaterialRow, SurveyRow
from models.imports.session import ImportSession
from models.tables import Item, Material, MaterialSkill, Skill, Topic
from models.tables import Questionnaire as QuestionnaireTable

CONSENT = "consent"
"""Where a questionnaire's document records who consented to questions in protected categories, and when."""


def load_curriculum(load: ImportSession) -> None:
    """Write skills, topics and items."""
    bundle = load.bundle
    of_skill = ("ref", "title", "grade", "strand", "weight", "student_title")
    skills = [(row.ref, {name: getattr(row, name) for name in of_skill}) for row in bundle.skills.values()]
    load.write("skill", Skill, skills)
    topics = [
        (row.ref, {"ref": row.ref, "title": row.title, "phrases": list(row.phrases)}) for row in bundle.topics.values()
    ]
    load.write("topic", Topic, topics)
    items = dict.fromkeys(item for item, _ in bundle.alignments)
    load.write("item", Item, [(item, {"ref": item}) for item in items])


def load_materials(load: ImportSession) -> None:
    """Write materials and which skills they practise. A material that the files leave out stays as it is.

    So does one that names something unknown: a material without one of its skills would be another one.
    """
    rows = [row for row in load.bundle.materials.values() if _names_are_known(load, row)]
    # What the nightly task has learned stays, whatever is loaded.
    columns = [name for name in Material.model_fields if name not in {"id", "school_id", "learned_difficulty"}]
    load.write("material", Material, [(row.ref, {name: getattr(row, name) for name in columns}) for row in rows])
    links: list[tuple[str, dict[str, Any]]] = []
    ids = load.ids("material")
    for row in rows:
        for position, skill in enumerate(row.skills):
            values = {"material_id": ids[row.ref], "position": position, "skill_id": load.find_id("skill", skill)}
            links.append((f"{row.ref} - {skill}", values))
    removed = _remove_extra_skills(load, {ids[row.ref]: len(row.skills) for row in rows})
    load.write("material skill", MaterialSkill, links, key=("material_id", "position"), ended=removed)


def _names_are_known(load: ImportSession, row: MaterialRow) -> bool:
    """Return whether the topic, the twin and the skills of a material are there; else the row is one to leave out."""
    if row.context is not None and row.context not in load.ids("topic"):
        wrong = f"there is no topic {row.context!r}"
        load.leave_out(row.at, "context", wrong, "Add it to topics.csv, or leave the cell empty: neutral.")
        return False
    if row.twin is not None and row.twin not in load.bundle.materials and row.twin not in load.ids("material"):
        load.leave_out(row.at, "twin", f"there is no material {row.twin!r}", "Add it, or correct the name.")
        return False
    unknown = [skill for skill in row.skills if load.find("skill", skill, row.at, "skills") is None]
    return not unknown


def _remove_extra_skills(load: ImportSession, counts: dict[int, int]) -> list[str]:
    """Delete the links beyond the number of skills that each material now has; return their names."""
    statement = """
        DELETE FROM souschef.material_skill AS old USING souschef.material, souschef.skill,
               unnest(CAST(:materials AS bigint[]), CAST(:counts AS integer[])) AS new(material_id, count)
         WHERE old.material_id = new.material_id AND old.position >= new.count AND old.school_id = :school
           AND material.id = old.material_id AND skill.id = old.skill_id
        RETURNING material.ref || ' - ' || skill.ref
    """
    rows = load.execute(statement, materials=list(counts), counts=list(counts.values()))
    return sorted(rows.scalars())


def load_surveys(load: ImportSession, *, consent: str | None) -> None:
    """Write questionnaires; those with questions in protected categories only with consent on record."""
    stored = _stored_documents(load)
    rows = []
    for row in load.bundle.surveys.values():
        document = _allowed(load, row, stored.get(row.ref, {}), consent=consent)
        if document is not None:
            rows.append((row.ref, {"ref": row.ref, "document": document}))
    load.write("questionnaire", QuestionnaireTable, rows)


def _allowed(
    load: ImportSession, row: SurveyRow, stored: dict[str, Any], *, consent: str | None
) -> dict[str, Any] | None:
    """Return the document to store, with the consent if it needs one; None, with problems added, where it is invalid.

    Consent that is on record for exactly the same questions stays valid.
    """
    written = dict(row.document)
    before = len(load.bundle.findings.fatal)
    try:
        parsed = Questionnaire.from_document(written)
    except QuestionnaireError as error:
        for finding in error.findings:
            _add_problem(load, row.at, finding)
        return None
    _unknown_topics(load, parsed, row.at)
    findings = lint(parsed)
    if findings:
        on_record = stored.get(CONSENT) if {**stored, CONSENT: None} == {**written, CONSENT: None} else None
        written[CONSENT] = consent or written.get(CONSENT) or on_record
        if written[CONSENT]:
            load.report.consents.append(row.ref)
        else:
            for finding in findings:
                _add_problem(load, row.at, finding)
    return written if len(load.bundle.findings.fatal) == before else None


def _stored_documents(load: ImportSession) -> dict[str, dict[str, Any]]:
    stored = select(QuestionnaireTable.ref, QuestionnaireTable.document)
    rows = load.session.exec(stored.where(QuestionnaireTable.school_id == load.school_id)).all()
    return {ref: dict(document) for ref, document in rows}


def _unknown_topics(load: ImportSession, parsed: Questionnaire, at: SourceLocation) -> None:
    for number, question in enumerate(parsed.questions):
        for topic in sorted(question.spoken_of - load.ids("topic").keys()):
            pointer = f"/questions/{number}"
            load.bundle.note(at, pointer, f"there is no topic {topic!r}", "Add it to topics.csv, or correct the name.")


def _add_problem(load: ImportSession, at: SourceLocation, finding: Finding) -> None:
    load.bundle.note(at, finding.pointer, finding.detail, finding.hint)
