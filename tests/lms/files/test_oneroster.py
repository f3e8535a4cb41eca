"""Rosters of OneRoster 1.1 and 1.2: what is kept of them, and what is not."""

import datetime as dt
from dataclasses import fields

import pytest

from lms.files.bundle import Bundle
from lms.files.reading import parse

USERS = (
    "sourcedId,status,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,identifier,email,sms,phone,"
    "grades"
)
ENROLLMENTS = "sourcedId,status,classSourcedId,userSourcedId,role,beginDate,endDate"


def roster(**files: str) -> Bundle:
    return parse([(f"{name}.csv", body.encode()) for name, body in files.items()])


def user(ref: str, *, role: str = "student", ids: str = "", identifier: str = "", org: str = "", **more: str) -> str:
    status, enabled = more.get("status", ""), more.get("enabled", "true")
    who = f'{ref},{status},{enabled},"{org}",{role},name-{ref},"{ids}",Ada,Lee,{identifier}'
    return f"{who},{ref}@mail.example,555-1,555-2,{more.get('grades', '05')}"


def users(*rows: str) -> Bundle:
    return roster(users="\n".join([USERS, *rows]))


def test_a_user_id_is_split_at_its_last_colon() -> None:
    found = users(user("s1", ids="{https://moodle.riverside.example:413}", identifier="no-1"))
    assert not found.problems
    names = sorted(name for kind, name in found.aliases if kind == "person")
    assert names == ["https://moodle.riverside.example|413", "no-1", "s1"]


def test_several_user_ids_are_several_names() -> None:
    found = users(user("s1", ids="{https://lms.example:8080/x:413}, {LDAP:ada}"))
    names = {name for kind, name in found.aliases if kind == "person"}
    assert names == {"s1", "https://lms.example:8080/x|413", "LDAP|ada"}


def test_a_name_may_stand_as_the_sender_writes_it() -> None:
    """Canvas calls a student by a number in grades and by a UUID in outcome results, without an address before it."""
    found = users(user("s1", ids="{:21070000000000048},{:elXwFPr6uKGaiVxchQSsqV6YZy5HBtlq8O2vqMXM}"))
    assert not found.problems
    names = {name for kind, name in found.aliases if kind == "person"}
    assert names == {"s1", "21070000000000048", "elXwFPr6uKGaiVxchQSsqV6YZy5HBtlq8O2vqMXM"}


@pytest.mark.parametrize("ids", ["413", "{413}", "{moodle:413", "{a:1} and more"])
def test_user_ids_of_another_form_are_told_with_their_mend(ids: str) -> None:
    (problem,) = users(user("s1", ids=ids)).problems
    assert (problem.line, problem.column, problem.mend) == (
        2,
        "userIds",
        "Write for example {https://lms.example:413}.",
    )


def test_neither_mail_nor_phone_nor_user_name_is_kept_anywhere() -> None:
    """Every value of the bundle is looked through for them."""
    found = users(user("s1", ids="{lms:1}"), user("t1", role="teacher"))
    everything = repr([getattr(found, field.name) for field in fields(found)])
    assert "s1" in everything
    assert not [word for word in ("mail.example", "555-1", "555-2", "name-s1") if word in everything]


@pytest.mark.parametrize("role", ["parent", "guardian", "relative"])
def test_nothing_is_kept_of_relatives(role: str) -> None:
    found = users(user("s1"), user("mum", role=role))
    assert not found.problems
    assert set(found.people) == {"s1"}
    assert ("person", "mum") not in found.aliases


def test_a_name_of_two_people_is_refused() -> None:
    problems = users(user("s1", identifier="7"), user("7")).problems
    assert [(problem.line, problem.wrong) for problem in problems] == [(3, "'7' already means the person 's1'")]


def test_an_unknown_role_is_refused() -> None:
    assert users(user("s1", role="wizard")).problems[0].column == "role"


@pytest.mark.parametrize(
    ("codes", "grade"), [("05", 5.0), ("KG", 0.0), ("PK", 0.0), ("11", 11.0), ("UG", None), ("", None), ("99", None)]
)
def test_grades_are_ceds_codes(codes: str, grade: float | None) -> None:
    assert users(user("s1", grades=codes)).people["s1"].grade == grade


def test_who_is_disabled_or_to_be_deleted_is_not_active() -> None:
    found = users(user("s1", enabled="false"), user("s2", status="tobedeleted"), user("s3"))
    assert [row.active for row in found.people.values()] == [False, False, True]


def test_version_1_2_keeps_roles_in_a_file_of_their_own_and_the_primary_one_decides() -> None:
    found = roster(
        users="sourcedId,status,enabledUser,givenName,familyName,userIds\ns1,,true,Ada,Lee,\nt1,,true,Bo,Orr,\n",
        roles="sourcedId,userSourcedId,roleType,role,orgSourcedId\n"
        "1,s1,primary,student,A\n2,t1,secondary,student,A\n3,t1,primary,teacher,B\n",
    )
    assert not found.problems
    assert {row.ref: (row.role, row.schools) for row in found.people.values()} == {
        "s1": ("student", ("A",)),
        "t1": ("teacher", ("A", "B")),
    }


def test_whoever_has_a_role_and_no_row_or_a_row_and_no_role_is_told() -> None:
    found = roster(users="sourcedId,givenName\ns1,Ada\ns3,Eve\n", roles="userSourcedId,role\ns2,student\ns3,student\n")
    assert [(problem.file, problem.wrong) for problem in found.problems] == [
        ("users.csv", "'s1' has no role"),
        ("roles.csv", "it names 's2', who is not in users.csv"),
    ]


def test_the_times_of_terms_stand_in_for_dates_that_an_enrolment_leaves_out() -> None:
    """Two terms: from the first day of the first to the end of the second."""
    found = roster(
        academicSessions="sourcedId,startDate,endDate\nfall,2026-08-31,2026-12-18\nspring,2027-01-10,2027-06-01\n",
        classes='sourcedId,title,classCode,termSourcedIds\nC,Class,CODE,"fall,spring"\n',
    )
    usual = found.classes["C"].usual
    assert (usual.began_at, usual.ended_at) == (
        dt.datetime(2026, 8, 31, tzinfo=dt.UTC),
        dt.datetime(2027, 6, 1, tzinfo=dt.UTC),
    )
    assert found.aliases["class", "CODE"].ref == "C"


def test_an_unknown_term_is_told() -> None:
    found = roster(
        academicSessions="sourcedId,startDate,endDate\nfall,2026-08-31,2026-12-18\n",
        classes="sourcedId,title,termSourcedIds\nC,Class,autumn\n",
    )
    assert [problem.wrong for problem in found.problems] == ["there is no session 'autumn'"]


def test_a_class_without_grades_has_those_of_its_course() -> None:
    found = roster(
        courses="sourcedId,title,grades\nmath,Mathematics,05\n",
        classes="sourcedId,title,grades,courseSourcedId\nC,Class,,math\nD,Other,06,math\n",
    )
    assert [row.grade for row in found.classes.values()] == [5.0, 6.0]


def test_an_enrolment_that_ends_before_it_begins_is_refused() -> None:
    found = roster(enrollments=f"{ENROLLMENTS}\n1,,C,s1,student,2026-09-01,2026-08-01\n")
    assert [(problem.line, problem.column) for problem in found.problems] == [(2, "endDate")]


def test_the_same_enrolment_twice_is_refused_and_another_time_in_the_same_class_is_not() -> None:
    again = "1,,C,s1,student,2026-09-01,\n2,,C,s1,student,2026-09-01,\n3,,C,s1,student,2027-01-01,\n"
    found = roster(enrollments=f"{ENROLLMENTS}\n{again}")
    assert [problem.line for problem in found.problems] == [3]
    assert len(found.enrolments) == 2


def test_the_manifest_tells_which_files_are_deltas() -> None:
    found = roster(manifest="propertyName,value\nfile.enrollments,delta\nfile.users,bulk\n")
    assert found.deltas == {"enrollments"}


def test_a_districts_files_are_narrowed_to_one_school() -> None:
    """s1 and C are of school A, s2 and D of B; t1 is of both, s3's school is not told."""
    found = roster(
        orgs="sourcedId,name,type\nA,First,school\nB,Second,school\nX,District,district\n",
        users="\n".join([USERS, user("s1", org="A"), user("s2", org="B"), user("t1", org="A,B"), user("s3")]),
        classes="sourcedId,title,schoolSourcedId\nC,Class,A\nD,Class,B\n",
        enrollments=f"{ENROLLMENTS}\n1,,C,s1,student,,\n2,,D,s2,student,,\n3,,C,t1,teacher,,\n",
    )
    assert list(found.schools) == ["A", "B"]
    narrowed = found.of_school("A")
    assert set(narrowed.people) == {"s1", "t1", "s3"}
    assert set(narrowed.classes) == {"C"}
    assert [row.person for row in narrowed.enrolments] == ["s1", "t1"]
    assert {name for kind, name in narrowed.aliases if kind == "person"} == {"s1", "t1", "s3"}


def test_what_is_to_be_deleted_needs_no_role() -> None:
    """A delta tells of a place that is gone often without saying which it was."""
    gone = "sourcedId,status,classSourcedId,userSourcedId,role\ne1,tobedeleted,c1,s1,\n"
    found = roster(enrollments=gone)
    assert not found.problems
    assert [(each.class_ref, each.person, each.deleted) for each in found.enrolments] == [("c1", "s1", True)]
