"""A roster without names, as a school that sends pseudonyms has: people are shown by their refs."""

from sqlalchemy import text

from models import engine
from models.reports import classes, override_pages, teacher_pages
from models.students import people
from tests.tasks.conftest import Ask, School


def test_a_student_without_a_name_is_shown_by_the_ref(school: School, ask: Ask) -> None:
    """Mutant: `coalesce(concat_ws(...), ref)`: concat_ws of nulls is empty and not null, so that nothing was shown."""
    school_id = school.sender.school_id
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.person SET given_name = NULL, family_name = NULL"))
    [(class_id,)] = ask(
        "SELECT class_id FROM souschef.current_enrolment GROUP BY class_id ORDER BY count(*) DESC LIMIT 1"
    )
    refs: dict[int, str] = {row[0]: row[1] for row in ask("SELECT id, ref FROM souschef.person WHERE role = 'student'")}
    with engine.transaction() as session:
        assert people.student_names(session, refs) == {student: (ref, ref) for student, ref in refs.items()}
        assert {line.name for line in classes.class_lines(session, school_id).values()} == set(refs.values())
        students = override_pages.class_students(session, class_id)
        assert students
        assert [each.name for each in students] == [each.ref for each in students]
        header = teacher_pages.student_header(session, class_id, students[0].id)
        assert header is not None
        assert header.name == students[0].ref
