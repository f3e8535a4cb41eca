"""Load what is taught and with what: skills, topics, items, materials and questionnaires."""

from typing import Any

from learning.questionnaire import Finding, Questionnaire, QuestionnaireError, lint
from lms.files.problem import Place
from lms.files.rows import MaterialRow, SurveyRow
from models.tables import Item, Material, MaterialSkill, Skill, Topic
from models.tables import Questionnaire as QuestionnaireTable
from models.underway import Underway

CONSENT = "consent"
"""Where a questionnaire's document records who consented to questions in protected categories, and when."""


def load_curriculum(load: Underway) -> None:
    """Write skills, topics and items."""
    bundle = load.bundle
    of_skill = ("ref", "title", "grade", "strand", "weight")
    skills = [(row.ref, {name: getattr(row, name) for name in of_skill}) for row in bundle.skills.values()]
    load.write("skill", Skill, skills)
    topics = [
        (row.ref, {"ref": row.ref, "title": row.title, "phrases": list(row.phrases)}) for row in bundle.topics.values()
    ]
    load.write("topic", Topic, topics)
    items = dict.fromkeys(item for item, _ in bundle.alignments)
    load.write("item", Item, [(item, {"ref": item}) for item in items])


def load_materials(load: Underway) -> None:
    """Write materials and which skills they practise. A material that the files leave out stays as it is."""
    rows = list(load.bundle.materials.values())
    for row in rows:
        _check(load, row)
    columns = [name for name in Material.model_fields if name not in {"id", "school_id"}]
    load.write("material", Material, [(row.ref, {name: getattr(row, name) for name in columns}) for row in rows])
    links: list[tuple[str, dict[str, Any]]] = []
    ids = load.ids("material")
    for row in rows:
        for position, skill in enumerate(row.skills):
            found = load.find("skill", skill, row.at, "skills")
            values = {"material_id": ids[row.ref], "position": position, "skill_id": found}
            links.append((f"{row.ref} - {skill}", values))
    if load.bundle.problems:
        return  # A skill may be unknown, and its link cannot be written; nothing of all this will stand.
    gone = _shortened(load, {ids[row.ref]: len(row.skills) for row in rows})
    load.write("material skill", MaterialSkill, links, key=("material_id", "position"), ended=gone)


def _check(load: Underway, row: MaterialRow) -> None:
    if row.context is not None and row.context not in load.ids("topic"):
        wrong = f"there is no topic {row.context!r}"
        load.bundle.note(row.at, "context", wrong, "Add it to topics.csv, or leave the cell empty: neutral.")
    if row.twin is not None and row.twin not in load.bundle.materials and row.twin not in load.ids("material"):
        load.bundle.note(row.at, "twin", f"there is no material {row.twin!r}", "Add it, or correct the name.")


def _shortened(load: Underway, counts: dict[int, int]) -> list[str]:
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


def load_surveys(load: Underway, *, consent: str | None) -> None:
    """Write questionnaires; those with questions in protected categories only with consent on record."""
    kept = _documents(load)
    rows = []
    for row in load.bundle.surveys.values():
        document = _allowed(load, row, kept.get(row.ref, {}), consent=consent)
        if document is not None:
            rows.append((row.ref, {"ref": row.ref, "document": document}))
    load.write("questionnaire", QuestionnaireTable, rows)


def _allowed(load: Underway, row: SurveyRow, kept: dict[str, Any], *, consent: str | None) -> dict[str, Any] | None:
    """Return the document to keep, with the consent where it needs one; None where there are problems, noted.

    Consent that is on record for the very same questions stays good.
    """
    written = dict(row.document)
    before = len(load.bundle.problems)
    try:
        parsed = Questionnaire.from_document(written)
    except QuestionnaireError as error:
        for finding in error.findings:
            _told(load, row.at, finding)
        return None
    _unknown_topics(load, parsed, row.at)
    findings = lint(parsed)
    if findings:
        on_record = kept.get(CONSENT) if {**kept, CONSENT: None} == {**written, CONSENT: None} else None
        written[CONSENT] = consent or written.get(CONSENT) or on_record
        if written[CONSENT]:
            load.report.consents.append(row.ref)
        else:
            for finding in findings:
                _told(load, row.at, finding)
    return written if len(load.bundle.problems) == before else None


def _documents(load: Underway) -> dict[str, dict[str, Any]]:
    statement = "SELECT ref, document FROM souschef.questionnaire WHERE school_id = :school"
    return {ref: document for ref, document in load.execute(statement)}  # noqa: C416 - dict() of rows is typed as rows


def _unknown_topics(load: Underway, parsed: Questionnaire, at: Place) -> None:
    for number, question in enumerate(parsed.questions):
        for topic in sorted(question.spoken_of - load.ids("topic").keys()):
            pointer = f"/questions/{number}"
            load.bundle.note(at, pointer, f"there is no topic {topic!r}", "Add it to topics.csv, or correct the name.")


def _told(load: Underway, at: Place, finding: Finding) -> None:
    load.bundle.note(at, finding.pointer, finding.detail, finding.mend)
