"""The LMS's services: who is in a course, a first roster from it, and the number of tasks done this week."""

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from models import clock, engine
from models.access import lti, school_time
from tasks import outbound
from tasks.lti import members, scores, services
from tasks.lti_scores import lti_scores
from tests.parameters import first_of
from tests.web.lti.platform import INSTRUCTOR, LEARNER, MEMBERS_SCOPE, Browser, Platform
from tests.web.lti.test_commands import souschef
from tests.web.lti.test_launch import ask
from workers.cli.main import app

RUN = CliRunner()


def member(number: int, role: str = "Learner", **more: Any) -> dict[str, Any]:
    """One member as Moodle lists it."""
    return {"status": "Active", "roles": [role], "user_id": str(number), **more}


@pytest.fixture
def course(registered: Platform, browser: Browser, school: int) -> Platform:
    """Course 8 of the platform, which the class's teacher has opened; its number here is the only one."""
    registered.tool_keys = f"{browser.tool}/lti/keys/{school}"
    assert browser.launch(registered, sub="57", roles=[INSTRUCTOR]).status_code == 303
    return registered


def number() -> str:
    return str(ask("SELECT id FROM souschef.lti_course")[0][0])


def enrolled(ref: str) -> list[tuple[Any, ...]]:
    return ask(f"""SELECT person.ref, e.role FROM souschef.enrolment AS e JOIN souschef.person ON person.id = person_id
                     JOIN souschef.class ON class.id = class_id WHERE class.ref = '{ref}' AND ended_at IS NULL
                     ORDER BY 1""")  # fmt: skip


def test_who_in_a_course_is_unknown_here(course: Platform) -> None:
    """Two are known by the platform's name or the roster's, one left, one is an observer: 99 alone is unknown."""
    course.members = [member(58), member(57, "Instructor"), member(61, lis_person_sourcedid="b1-s2"), member(99),
                      member(98, status="Deleted"), member(97, "Mentor")]  # fmt: skip
    output = souschef("lti", "unknown", "--course", number())
    assert "lists 6 people; 1 are unknown" in output
    assert ask("SELECT kind, name FROM souschef.lti_unknown") == [("person", f"{course.url}|99")]
    assert course.tokens.popitem()[1] == MEMBERS_SCOPE


def test_members_are_read_page_by_page(course: Platform) -> None:
    course.members, course.page_size = [member(each) for each in range(100, 125)], 10
    assert "lists 25 people; 25 are unknown" in souschef("lti", "unknown", "--course", number())


def refused(*words: str) -> str:
    ran = RUN.invoke(app, list(words))
    assert ran.exit_code == 1, (ran.output, ran.exception)
    return str(ran.exception)


def test_a_list_without_end_is_not_read_to_the_end(course: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_PAGES", 3)
    course.members, course.page_size, course.next_page = [member(1)], 1, f"{course.url}/members/8"
    assert "more than we read" in refused("lti", "unknown", "--course", number())
    monkeypatch.setattr(members, "MAX_MEMBERS", 5)
    course.members, course.page_size, course.next_page = [member(each) for each in range(6)], 10, ""
    assert "more than we read" in refused("lti", "unknown", "--course", number())


def test_our_token_goes_to_no_other_server(course: Platform) -> None:
    course.members, course.page_size, course.next_page = [member(1)], 1, "https://evil.example/members"
    assert "an address that we do not call" in refused("lti", "unknown", "--course", number())


@pytest.mark.parametrize("where", ["https://127.0.0.1/members", "http://lms.example/members", "file:///etc/passwd"])
def test_a_service_in_a_private_network_is_not_called_unless_allowed(course: Platform, where: str) -> None:
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.lti_registration SET private_allowed = false"))
        session.connection().execute(text("UPDATE souschef.lti_registration SET token_url = :url"), {"url": where})
    assert "--private" in refused("lti", "unknown", "--course", number())
    assert course.tokens == {}


def test_a_slow_or_huge_service_is_not_waited_for(course: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    course.members = [member(each) for each in range(100)]
    monkeypatch.setattr(services, "BOUNDS", outbound.Bounds(seconds=10, max_bytes=1_000))
    assert "does not answer as it should" in refused("lti", "unknown", "--course", number())


def test_a_platform_that_may_not_fetch_our_keys_gives_no_reason_and_we_do(course: Platform) -> None:
    """Moodle's own message is an HTML page of status 404, which helps nobody."""
    course.tool_keys = ""
    output = refused("lti", "unknown", "--course", number())
    assert "refuses us a token (status 404)" in output
    assert "HTTP security" in output


def test_a_key_that_the_platform_does_not_know_gets_no_token(course: Platform, browser: Browser) -> None:
    """The platform looks at another school's key set: the signature is right, and of nobody whom it knows."""
    from config.settings import settings
    from models.tables import School
    from tasks.lti import keys

    with engine.transaction() as session:
        other = School(ref="other", name="Other")
        session.add(other)
        session.flush()
        stranger = int(other.id or 0)
        lti.invite(session, stranger)
        keys.rotate(session, stranger, secret_key=settings().secret_key_bytes())
    course.tool_keys = f"{browser.tool}/lti/keys/{stranger}"
    assert "refuses us a token" in refused("lti", "unknown", "--course", number())


def test_a_course_without_the_service_says_what_to_allow(registered: Platform, browser: Browser) -> None:
    nothing = {"https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": None}
    assert browser.launch(registered, sub="57", roles=[INSTRUCTOR], **nothing).status_code == 303
    assert "Names and Role Provisioning" in refused("lti", "unknown", "--course", number())


MEMBERS = [
    member(71, lis_person_sourcedid="SIS-1", given_name="Ada", family_name="L", name="Ada L", email="ada@example"),
    member(72, given_name="Ben", family_name="M"),
    member(70, "Instructor", given_name="Cora", family_name="N"),
    member(73, "Mentor", given_name="Nobody"),
]


@pytest.fixture
def fresh(course: Platform) -> Platform:
    """A course of which the school knows nothing: no class, no person."""
    with engine.transaction() as session:
        for statement in ("DELETE FROM souschef.enrolment", "DELETE FROM souschef.page_session",
                          "UPDATE souschef.lti_course SET class_id = NULL", "DELETE FROM souschef.alias",
                          "DELETE FROM souschef.person", "DELETE FROM souschef.class"):  # fmt: skip
            session.connection().execute(text(statement))
    course.members = [dict(each) for each in MEMBERS]
    return course


def test_a_first_roster_comes_without_any_file(fresh: Platform, browser: Browser) -> None:
    """The refs are the roster's own where the LMS knows them, so that a file that comes later means the same people."""
    assert browser.launch(fresh, sub="71").status_code == 403
    dry = json.loads(souschef("lti", "roster", number(), "--dry-run", "--json"))
    assert (dry["dry_run"], dry["loaded"]["person"]["new"], dry["has_names"]) == (True, 3, True)
    assert ask("SELECT count(*) FROM souschef.person") == [(0,)]
    output = souschef("lti", "roster", number(), "--dry-run")
    assert f"new: SIS-1, {fresh.url}|70, {fresh.url}|72" in output
    souschef("lti", "roster", number())
    rows = ask("SELECT ref, role, given_name FROM souschef.person ORDER BY given_name")
    assert rows == [("SIS-1", "student", "Ada"), (f"{fresh.url}|72", "student", "Ben"),
                    (f"{fresh.url}|70", "teacher", "Cora")]  # fmt: skip
    assert enrolled(f"{fresh.url}|8") == [("SIS-1", "student"), (f"{fresh.url}|70", "teacher"),
                                         (f"{fresh.url}|72", "student")]  # fmt: skip
    assert ask("SELECT count(*) FROM souschef.lti_unknown") == [(0,)]
    # Everyone in it is let in at the next click, and nothing but names and roles was stored of them.
    assert browser.launch(fresh, sub="71").status_code == 303
    assert Browser(browser.tool).launch(fresh, sub="70", roles=[INSTRUCTOR]).status_code == 303
    assert ask("SELECT count(*) FROM souschef.alias WHERE name LIKE '%@%'") == [(0,)]


def test_a_roster_that_is_loaded_again_changes_what_has_changed_in_the_lms(fresh: Platform) -> None:
    souschef("lti", "roster", number())
    assert "Nothing differs" in souschef("lti", "roster", number())
    fresh.members = [member(72, given_name="Ben", family_name="Moss"), *fresh.members[2:3]]
    assert "1 ended" in " ".join(souschef("lti", "roster", number()).split())
    assert [ref for ref, _ in enrolled(f"{fresh.url}|8")] == [f"{fresh.url}|70", f"{fresh.url}|72"]
    assert ask(f"SELECT family_name FROM souschef.person WHERE ref = '{fresh.url}|72'") == [("Moss",)]


def test_a_class_of_another_roster_keeps_its_people_and_they_their_names(course: Platform) -> None:
    """b1-s2 is in the school's roster and not in the LMS's course: nobody leaves a class by what the LMS lists."""
    course.members = [member(58, given_name="Other"), member(57, "Instructor"), member(60, given_name="New")]
    souschef("lti", "roster", number())
    assert [ref for ref, _ in enrolled("MATH-5A-b1")] == ["b1-s1", "b1-s2", "b1-t1", f"{course.url}|60"]
    assert ask("SELECT given_name FROM souschef.person WHERE ref = 'b1-s1'") == [(None,)]


def test_members_whose_names_clash_are_left_out_and_listed(course: Platform) -> None:
    """58 is b1-s1 by the platform's name and b1-s2 by the other; 57 is a teacher here and a student there."""
    course.members = [member(58, lis_person_sourcedid="b1-s2"), member(57), member(60), member(60)]
    output = souschef("lti", "roster", number())
    assert f"left out: {course.url}|58: its names mean b1-s1 and b1-s2" in output
    assert f"left out: {course.url}|57: a student in the LMS, and a teacher in the roster" in output
    assert f"left out: {course.url}|60: the LMS lists {course.url}|60 twice" in output


def test_nobody_who_was_erased_comes_back_with_a_roster(fresh: Platform) -> None:
    from models.privacy import erasure

    souschef("lti", "roster", number())
    with engine.transaction() as session:
        erasure.erase(session, erasure.find_student(session, "SIS-1"), author="office", reason="request 7")
    assert "erased here, and left out" in souschef("lti", "roster", number())
    assert ask("SELECT count(*) FROM souschef.person WHERE ref = 'SIS-1'") == [(0,)]


def test_an_empty_list_empties_no_class(fresh: Platform) -> None:
    souschef("lti", "roster", number())
    fresh.members = []
    assert "lists nobody" in refused("lti", "roster", number())
    assert len(enrolled(f"{fresh.url}|8")) == 3


@pytest.fixture
def gradebook(course: Platform) -> Platform:
    """The course, with scores switched on."""
    souschef("lti", "set", str(ask("SELECT id FROM souschef.lti_registration")[0][0]), "--scores")
    return course


def do_tasks(ref: str, count: int) -> None:
    """Let a student have done tasks just now."""
    statement = """
        WITH person AS (SELECT id, school_id FROM souschef.person WHERE ref = :ref),
        decision AS (
          INSERT INTO souschef.decision (school_id, student_id, version, record, digest, as_of)
          SELECT school_id, id, 1, '{}', '', souschef.clock() FROM person RETURNING id, student_id, school_id)
        INSERT INTO souschef.assignment (school_id, student_id, class_id, slot, menu_position, material_id, skill_id,
               state, because_gap, because_interest, predicted_success, version, decision_id, ended_at)
        SELECT school_id, student_id, (SELECT id FROM souschef.class), number, 0, 1, 1, 'done', '', '', 0.5, 1,
               decision.id, souschef.clock() FROM decision, generate_series(1, :count) AS number
    """
    with engine.transaction() as session:
        session.connection().execute(text(statement), {"ref": ref, "count": count})


def test_the_number_of_tasks_is_sent_once_where_the_school_wants_it(gradebook: Platform) -> None:
    do_tasks("b1-s1", 3)
    assert lti_scores() == {"courses": 1, "scores": 1}
    assert [each["label"] for each in gradebook.items] == [scores.LABEL]
    [sent] = gradebook.scores
    assert (sent["userId"], sent["scoreGiven"], sent["scoreMaximum"], sent["gradingProgress"]) == (
        "58", 3, scores.MAXIMUM, "FullyGraded",
    )  # fmt: skip
    # Twice in, once in effect; and only what is new goes out.
    assert lti_scores() == {"courses": 1}
    do_tasks("b1-s2", 1)
    assert lti_scores()["scores"] == 1
    assert [each["userId"] for each in gradebook.scores] == ["58", "59"]
    assert len(gradebook.items) == 1


def test_a_new_week_begins_with_nothing_done(gradebook: Platform) -> None:
    do_tasks("b1-s1", 3)
    lti_scores()
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.assignment SET ended_at = ended_at - interval '7 days'"))
        session.connection().execute(text("UPDATE souschef.lti_score SET week = week - 7"))
    assert lti_scores()["scores"] == 1
    assert gradebook.scores[-1]["scoreGiven"] == 0
    assert lti_scores() == {"courses": 1}


@pytest.mark.parametrize(
    ("zone", "sunday", "monday"),
    first_of(
        [
            # UTC+14: the school's Monday begins on Sunday at 10:00 UTC.
            ("Pacific/Kiritimati", "2027-02-07T09:00Z", "2027-02-07T11:00Z"),
            # UTC-11: it begins on Monday at 11:00 UTC.
            ("Pacific/Pago_Pago", "2027-02-08T10:00Z", "2027-02-08T12:00Z"),
            # UTC-4 until 2026-11-01, then UTC-5: 24 hours after Sunday's midnight it is Sunday still.
            ("America/New_York", "2026-11-02T04:30Z", "2026-11-02T05:30Z"),
        ]
    ),
)
def test_the_week_begins_with_monday_at_the_school(
    gradebook: Platform, school: int, zone: str, sunday: str, monday: str
) -> None:
    with engine.transaction() as session:
        school_time.set_zone(session, school, zone)
        clock.set_to(session, dt.datetime.fromisoformat(sunday))
    do_tasks("b1-s1", 3)
    assert lti_scores()["scores"] == 1
    assert lti_scores() == {"courses": 1}
    with engine.transaction() as session:
        clock.set_to(session, dt.datetime.fromisoformat(monday))
    do_tasks("b1-s1", 1)
    assert lti_scores()["scores"] == 1
    assert [each["scoreGiven"] for each in gradebook.scores] == [3, 1]
    assert lti_scores() == {"courses": 1}


def test_nothing_is_sent_unless_the_school_has_switched_it_on(course: Platform) -> None:
    do_tasks("b1-s1", 3)
    assert lti_scores() == {}
    assert (course.items, course.scores, course.tokens) == ([], [], {})


def test_more_than_the_maximum_counts_as_the_maximum(gradebook: Platform) -> None:
    do_tasks("b1-s1", scores.MAXIMUM + 5)
    lti_scores()
    assert gradebook.scores[0]["scoreGiven"] == scores.MAXIMUM


def test_a_column_that_a_teacher_deleted_is_made_again(gradebook: Platform) -> None:
    do_tasks("b1-s1", 1)
    lti_scores()
    gradebook.items.clear()
    do_tasks("b1-s1", 1)
    assert lti_scores() == {"failed": 1}
    assert lti_scores() == {"courses": 1, "scores": 1}


def test_a_failure_is_noted_until_it_works_again(gradebook: Platform) -> None:
    keys, gradebook.tool_keys = gradebook.tool_keys, ""
    do_tasks("b1-s1", 1)
    assert lti_scores() == {"failed": 1}
    assert "refuses us a token" in souschef("lti", "list")
    gradebook.tool_keys = keys
    assert lti_scores() == {"courses": 1, "scores": 1}
    assert "refuses" not in souschef("lti", "list")


def test_an_erased_student_leaves_no_score_and_old_ones_are_forgotten(gradebook: Platform, school: int) -> None:
    from models.privacy import erasure, export
    from tasks.pipeline import prune

    do_tasks("b1-s1", 1)
    do_tasks("b1-s2", 1)
    lti_scores()
    with engine.transaction() as session:
        subject = erasure.find_student(session, "b1-s1")
        assert "lti_score" in export.export(session, subject)["tables"]
        assert erasure.erase(session, subject, author="office", reason="request 7")["lti_score"] == 1
    with engine.transaction() as session:
        move = {"ago": dt.timedelta(days=500)}
        session.connection().execute(text("UPDATE souschef.lti_score SET sent_at = sent_at - :ago"), move)
        session.connection().execute(text("UPDATE souschef.lti_course SET seen_at = seen_at - :ago"), move)
    counts = prune.prune(school)
    assert (counts["scores_forgotten"], counts["courses_forgotten"]) == (1, 1)


def test_an_invitation_may_ask_for_the_gradebook(school: int, browser: Browser, platform: Platform) -> None:
    address = json.loads(souschef("lti", "invite", "--private", "--scores", "--json"))["url"]
    browser.get(f"/lti/{address.partition('/lti/')[2]}", openid_configuration=f"{platform.url}/config")
    [(_, document)] = platform.registrations
    assert document["scope"].split() == [MEMBERS_SCOPE, *services.SCORE_SCOPES]
    assert ask("SELECT scores_enabled FROM souschef.lti_registration") == [(True,)]


def test_short_and_long_names_of_roles_mean_the_same(course: Platform) -> None:
    course.members = [member(90, LEARNER), member(91, INSTRUCTOR), member(92, "Instructor#TeachingAssistant")]
    assert "2 are unknown" in souschef("lti", "unknown", "--course", number())
