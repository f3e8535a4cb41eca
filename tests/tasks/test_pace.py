"""A student's pace is what was completed of late, and unknown where the school's LMS reports no attempts at all."""

from learning.selection import CompletionRate
from models import engine
from models.assignments import decision_inputs
from tests.tasks.conftest import Ask, School

GUS, WREN = "riverside-s413", "riverside-s414"
OPEN = "state IN ('proposed', 'assigned', 'started')"


def rates(ask: Ask, *students: str) -> dict[str, CompletionRate]:
    refs: dict[int, str] = dict(ask("SELECT id, ref FROM souschef.person WHERE ref = ANY(:refs)", refs=list(students)))
    with engine.transaction() as session:
        found = decision_inputs.completion_rates(session, list(refs), days=14.0)
    return {refs[student]: rate for (student, _), rate in found.items()}


def slots(ask: Ask, student: str) -> int:
    ((count,),) = ask(
        f"SELECT count(DISTINCT slot) FROM lms.assignments WHERE student_ref = :r AND {OPEN}",  # a constant
        r=student,
    )
    return int(count)


def weeks_pass(ask: Ask, weeks: int) -> None:
    ask(
        """UPDATE souschef.assignment SET assigned_at = assigned_at - make_interval(weeks => :weeks),
                  evidence_until = evidence_until - make_interval(weeks => :weeks) RETURNING id""",
        weeks=weeks,
    )


def test_nothing_is_known_of_the_pace_where_no_attempt_was_ever_reported(school: School, ask: Ask) -> None:
    """Three weeks without a completed task are no slow student then, so the list stays as long as it was."""
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0100"))
    assert slots(ask, GUS) == 4
    weeks_pass(ask, 3)
    assert rates(ask, GUS) == {}
    school.deliver(*school.answers(GUS, "3.OA.A.1 q01", "01", day=2))
    assert slots(ask, GUS) == 4


def test_one_reported_attempt_makes_the_pace_of_all_known(school: School, ask: Ask) -> None:
    """Who completed nothing has a pace of 0 from then on; the other one's is what was completed."""
    for student in (GUS, WREN):
        school.deliver(*school.answers(student, "4.NF.A.1 q01", "0100"))
    weeks_pass(ask, 3)
    (minutes,) = ask(
        """WITH done AS (
             UPDATE souschef.assignment SET state = 'done', attempted_at = (SELECT souschef.clock()),
                    ended_at = (SELECT souschef.clock())
              WHERE id = (SELECT min(assignment_id) FROM lms.assignments WHERE student_ref = :r AND menu_position = 0)
              RETURNING material_id)
           SELECT minutes FROM souschef.material JOIN done ON done.material_id = material.id""",
        r=WREN,
    )[0]
    assert rates(ask, GUS, WREN) == {GUS: CompletionRate(0, 0, 14.0), WREN: CompletionRate(1, minutes, 14.0)}
