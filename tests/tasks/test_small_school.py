"""A new school of three skills whose catalogue says 0 of every difficulty, from its files to its lists."""

from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import Settings, settings
from examples import oneroster
from models import engine
from models.access import sources
from models.imports import load
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import School, ask
from workers.cli import import_files

ADA, BEN = "ada", "ben"
SKILLS = ("adding", "taking away", "telling time")
OPEN = """
    SELECT skill, because_gap FROM lms.assignments
     WHERE student_ref = :student AND state IN ('proposed', 'assigned', 'started')
"""
pytestmark = pytest.mark.timeout(120)


def write_school(folder: Path) -> Path:
    """Write the files of the school: three sheets a skill, three questions a skill, one class of two students."""
    folder.mkdir()
    people = [oneroster.Person(ref, ref.title(), "Lee", ref, grade=2) for ref in (ADA, BEN)]
    teacher = oneroster.Person("kim", "Kim", "Lee", "kim")
    group = oneroster.SchoolClass("2A", "Grade 2", 2, teacher, people)
    oneroster.write_roster(folder, oneroster.School("small", "Small School", "https://lms.small.example", [group]))
    files = {
        "skills.csv": ["skill,title", *(f"{skill},{skill}" for skill in SKILLS)],
        "scope.csv": ["class,skill", *(f"2A,{skill}" for skill in SKILLS)],
        "alignments.csv": ["item,skill", *(f"{skill} q{n},{skill}" for skill in SKILLS for n in range(3))],
        "materials.csv": [
            "material,title,url,skills,difficulty",
            *(f"{s} {n},Sheet {n},https://small.example/{i}/{n},{s},0" for i, s in enumerate(SKILLS) for n in range(3)),
        ],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def small_school(database_settings: Settings, tmp_path: Path) -> School:
    """The school, loaded into a database of its own."""
    key = settings().secret_key_bytes()
    with engine.transaction() as session:
        load.load(session, None, import_files.read(write_school(tmp_path / "files")))
        sources.add(session, "own", format="canonical", secret_key=key)
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
        )
    with engine.transaction() as session:
        credential = sources.credential(session, "own", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
    assert sender is not None
    return School(sender)


def refresh() -> None:
    refresh_assignments([row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student'")])


def test_none_of_ten_is_not_left_for_ten_of_ten(small_school: School) -> None:
    """Adding all right, taking away all wrong, and every sheet is as hard as the other: taking away has work."""
    answers = [
        answer
        for n in range(10)
        for skill, outcome in (("adding", "1"), ("taking away", "0"))
        for answer in small_school.answers(ADA, f"{skill} q{n % 3}", outcome, day=1 + n)
    ]
    small_school.deliver(*answers)
    refresh()
    sentences = dict(ask(OPEN, student=ADA))
    assert sentences["taking away"].startswith("No task fits taking away yet, so this is the nearest")


def test_six_wrong_of_six_is_no_empty_list(small_school: School) -> None:
    for n in range(6):
        small_school.deliver(*small_school.answers(BEN, f"{SKILLS[n % 3]} q{n // 3}", "0", day=1 + n))
    refresh()
    found = ask(OPEN, student=BEN)
    assert found
    assert ask(
        "SELECT nothing FROM souschef.learner_state JOIN souschef.person ON id = student_id WHERE ref = 'ben'"
    ) == [(None,)]
