"""The second example school: sections, an intervention class and a band, and what each student has of each class."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import Settings
from examples.district import BAND, INTERVENTION, OTHER_SECTION, SECTION, write_district
from examples.generate import SEED
from models import engine
from models.imports import load
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import ask
from workers.cli import import_files

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]
GRADES = ("4", "5", "6")


@pytest.fixture
def hillcrest(database_settings: Settings, tmp_path: Path) -> None:
    """The school with the materials of three grades, at a day of its term, decided for once."""
    write_district(tmp_path, seed=SEED)
    folder = tmp_path / "hillcrest"
    materials = folder / "materials.csv"
    with materials.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    practised = [row for row in rows if row[3].startswith(GRADES)]
    with materials.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *practised])
    with engine.transaction() as session:
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
        )
        load.load(session, None, import_files.read(folder))
    refresh_assignments([row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY id")])


def classes_of() -> dict[str, set[str]]:
    rows = ask(
        """SELECT person.ref, class.ref FROM souschef.current_enrolment AS current
             JOIN souschef.person ON person.id = student_id JOIN souschef.class ON class.id = current.class_id
            WHERE person.grade = 6"""
    )
    found: dict[str, set[str]] = {}
    for student, class_ref in rows:
        found.setdefault(student, set()).add(class_ref)
    return found


def open_work() -> Iterator[tuple[str, str | None, int, str, str]]:
    yield from ask(
        """SELECT student_ref, class_ref, slot, skill, material_id FROM lms.assignments
            WHERE menu_position = 0 AND state IN ('proposed', 'assigned', 'started')"""
    )


def test_each_student_has_a_list_of_each_class_that_has_a_scope(hillcrest: None) -> None:
    """The section gives four; who is in the intervention class has eight in all; the band gives nothing."""
    classes = classes_of()
    scope: dict[str, set[str]] = {}
    for class_ref, skill in ask("SELECT class.ref, skill.ref FROM souschef.scope JOIN souschef.class ON class.id = "
                                "class_id JOIN souschef.skill ON skill.id = skill_id"):  # fmt: skip
        scope.setdefault(class_ref, set()).add(skill)
    lists: dict[str, dict[str | None, list[str]]] = {student: {} for student in classes}
    slots: dict[str, list[int]] = {}
    materials: dict[str, list[str]] = {}
    for student, class_ref, slot, skill, material in open_work():
        if student not in classes:
            continue
        lists[student].setdefault(class_ref, []).append(skill)
        slots.setdefault(student, []).append(slot)
        materials.setdefault(student, []).append(material)
    for student, theirs in classes.items():
        assert set(lists[student]) == theirs - {BAND}, student
        for class_ref, skills in lists[student].items():
            assert set(skills) <= scope[str(class_ref)], (student, class_ref)
        assert len(set(slots[student])) == len(slots[student]), student
        assert len(set(materials[student])) == len(materials[student]), student
    sizes = {
        "section": {sum(map(len, lists[s].values())) for s, of in classes.items() if INTERVENTION not in of},
        "both": {sum(map(len, lists[s].values())) for s, of in classes.items() if INTERVENTION in of},
        "band": {sum(map(len, lists[s].values())) for s, of in classes.items() if of & {BAND} and len(of) == 2},
    }
    assert sizes == {"section": {4}, "both": {8}, "band": {4}}
    assert all(skill[0] in "45" for of in lists.values() for skill in of.get(INTERVENTION, []))


def test_moving_between_the_sections_takes_the_list_along(hillcrest: None) -> None:
    """Both have the same skills: all work stays open, on a class that the student is in now and that has the skill."""
    student = next(ref for ref, of in sorted(classes_of().items()) if {SECTION, INTERVENTION} <= of)
    before = {row[2:]: row[1] for row in open_work() if row[0] == student}
    with engine.transaction() as session:
        session.connection().execute(
            text("""UPDATE souschef.enrolment SET class_id = (SELECT id FROM souschef.class WHERE ref = :to)
                     WHERE person_id = (SELECT id FROM souschef.person WHERE ref = :who)
                       AND class_id = (SELECT id FROM souschef.class WHERE ref = :of)"""),
            {"who": student, "of": SECTION, "to": OTHER_SECTION},
        )
    refresh_assignments([ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student)[0][0]])
    after = {row[2:]: row[1] for row in open_work() if row[0] == student}
    assert after.keys() == before.keys()
    assert set(after.values()) == {OTHER_SECTION, INTERVENTION}
    assert all(after[key] == INTERVENTION for key, of in before.items() if of == INTERVENTION)
    moved = [skill for (_, skill, _), of in after.items() if of == INTERVENTION]
    assert all(skill[0] in "45" for skill in moved)
