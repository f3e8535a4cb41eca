"""Rosters of OneRoster 1.1 and 1.2: what is expected of them, and what is not."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from lms.files.bundle import Bundle
from lms.files.registry import parse

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


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        ("{:mailto:bo@m.example}", {"mailto:bo@m.example"}),
        ("{mailto:bo@m.example}", {"mailto:bo@m.example"}),
        ("{urn:uuid:5f0c},{:https://l.example/users/s2}", {"urn:uuid:5f0c", "https://l.example/users/s2"}),
        ("{https://l.example:8080/users/5}", {"https://l.example:8080/users/5"}),
        ("{https://l.example/users/s2}", {"https://l.example/users/s2"}),
        ("{https://l.example/moodle:7}", {"https://l.example/moodle|7"}),
        ("{:a:b:c}", {"a:b:c"}),
        ("{413}", {"413"}),
        ("{:}", set()),
    ],
)
def test_names_with_colons_are_whole(ids: str, names: set[str]) -> None:
    found = users(user("s1", ids=ids))
    assert not found.problems
    assert {name for kind, name in found.aliases if kind == "person"} == names | {"s1"}


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        ("413", {"413"}),
        ("local:413", {"local|413"}),
        ("{moodle:413", {"moodle|413"}),
        ("{a:1} and more", {"a|1", "and more"}),
    ],
)
def test_user_ids_without_braces_are_read_with_a_notice(ids: str, names: set[str]) -> None:
    found = users(user("s1", ids=ids))
    assert {name for kind, name in found.aliases if kind == "person"} == names | {"s1"}
    [notice] = found.notices
    assert (notice.line, notice.column, notice.hint) == (2, "userIds", "Write for example {https://lms.example:413}.")


def test_an_account_that_a_spreadsheet_has_rewritten_is_left_out_and_the_person_is_not() -> None:
    found = users(user("s1", ids="{:2.10700E+16}", identifier="1E+05"))
    assert set(found.people) == {"s1"}
    assert [name for _, name in found.aliases] == ["s1"]
    assert [notice.column for notice in found.notices] == ["identifier", "userIds"]


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


def test_a_name_of_two_people_names_neither_and_an_id_always_its_own() -> None:
    """7 is the number of two people; s1 is also the number of a third."""
    found = users(user("s1", identifier="7"), user("t1", role="teacher", identifier="7"), user("s3", identifier="s1"))
    assert not found.problems
    assert {name: row.ref for (_, name), row in found.aliases.items()} == {"s1": "s1", "t1": "t1", "s3": "s3"}
    assert [(notice.line, notice.wrong) for notice in found.notices] == [
        (3, "'7' is a name of 2 people (s1, t1), so it names none of them"),
        (4, "'s1' is the id of one of the people, and no second name of another"),
    ]


def test_an_account_is_that_of_the_row_that_is_still_active() -> None:
    """An export that keeps the old row of a person as deleted beside the new one."""
    found = users(user("s1", ids="{lms:1}", status="tobedeleted"), user("9001", ids="{lms:1}"))
    assert found.aliases["person", "lms|1"].ref == "9001"
    assert not found.notices


def test_a_person_with_a_row_a_school_is_one_person() -> None:
    found = users(user("s1", org="A", ids="{lms:1}"), user("s1", org="B", grades="06"))
    assert not found.problems
    assert (found.people["s1"].schools, found.people["s1"].grade) == (("A", "B"), 5.0)
    assert [(notice.line, notice.wrong) for notice in found.notices] == [(3, "'s1' has several rows")]


def test_two_people_of_one_id_are_not_one() -> None:
    found = users(user("s1"), user("s1").replace("Ada", "Bo"))
    assert [(problem.line, problem.severity) for problem in found.problems] == [(3, "row")]
    assert found.people["s1"].given_name == "Ada"


@pytest.mark.parametrize("word", ["inactive", "tobedeleted", "ToBeDeleted", "to be deleted", "Withdrawn", "dropped"])
def test_a_word_of_withdrawal_counts(word: str) -> None:
    assert [row.active for row in users(user("s1", status=word)).people.values()] == [False]
    [enrolment] = roster(enrollments=f"{ENROLLMENTS}\n1,{word},C,s1,student,,\n").enrolments
    assert enrolment.deleted


def test_a_word_that_is_not_known_counts_as_withdrawn_and_is_said() -> None:
    found = users(user("s1", status="gone fishing"), user("s2", status="active"), user("s3"))
    assert [row.active for row in found.people.values()] == [False, True, True]
    assert [notice.wrong for notice in found.notices] == [
        "'gone fishing' is no status of OneRoster, and is read as withdrawn"
    ]


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


def test_a_person_with_a_role_and_no_row_or_a_row_and_no_role_is_reported() -> None:
    found = roster(users="sourcedId,givenName\ns1,Ada\ns3,Eve\n", roles="userSourcedId,role\ns2,student\ns3,student\n")
    assert [(problem.file, problem.wrong) for problem in found.problems] == [("users.csv", "'s1' has no role")]
    assert [(notice.file, notice.wrong) for notice in found.notices] == [
        ("roles.csv", "it names 's2', who is not in users.csv")
    ]
    assert set(found.people) == {"s3"}


NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rows", "role", "active"),
    [
        (["primary,student,2023-08-01,2025-06-30", "primary,teacher,2025-08-01,"], "teacher", True),
        (["primary,student,,2026-10-01"], "student", False),
        (["primary,student,,2026-10-02"], "student", True),
        (["primary,teacher,2026-11-01,", "secondary,student,,"], "student", True),
    ],
)
def test_a_role_counts_while_it_is_valid(rows: list[str], role: str, active: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """An end date is the first day without the role."""
    lines = "\n".join(f"s2,{row},x" for row in rows)
    head = "userSourcedId,roleType,role,beginDate,endDate,orgSourcedId"
    files = {"users.csv": "sourcedId,givenName\ns2,Cy\n", "roles.csv": f"{head}\n{lines}\n"}
    person = parse([(name, body.encode()) for name, body in files.items()], now=NOW).people["s2"]
    assert (person.role, person.active) == (role, active)


def test_the_times_of_terms_stand_in_for_dates_that_an_enrolment_leaves_out() -> None:
    """Two terms: from the first day of the first to the end of the second."""
    found = roster(
        academicSessions="sourcedId,startDate,endDate\nfall,2026-08-31,2026-12-18\nspring,2027-01-10,2027-06-01\n",
        classes='sourcedId,title,classCode,termSourcedIds\nC,Class,CODE,"fall,spring"\n',
    )
    usual = found.classes["C"].usual
    assert [str(moment) for moment in (usual.began_at, usual.ended_at)] == [
        "2026-08-31 00:00:00",
        "2027-06-01 00:00:00",
    ]
    assert found.aliases["class", "CODE"].ref == "C"


def test_an_unknown_term_is_left_out_and_said() -> None:
    found = roster(
        academicSessions="sourcedId,startDate,endDate\nfall,2026-08-31,2026-12-18\n",
        classes="sourcedId,title,termSourcedIds\nC,Class,autumn\n",
    )
    assert "C" in found.classes
    assert [notice.wrong for notice in found.notices] == ["there is no session 'autumn'"]


def test_a_class_without_grades_has_those_of_its_course() -> None:
    found = roster(
        courses="sourcedId,title,grades\nmath,Mathematics,05\n",
        classes="sourcedId,title,grades,courseSourcedId\nC,Class,,math\nD,Other,06,math\n",
    )
    assert [row.grade for row in found.classes.values()] == [5.0, 6.0]


def test_an_enrolment_that_ends_before_it_begins_is_refused() -> None:
    found = roster(enrollments=f"{ENROLLMENTS}\n1,,C,s1,student,2026-09-01,2026-08-01\n")
    assert [(problem.line, problem.column) for problem in found.problems] == [(2, "endDate")]


def test_a_row_that_is_left_out_ends_nothing_that_is_stored() -> None:
    found = roster(enrollments=f"{ENROLLMENTS}\n1,,C,s1,student,31.08.2026,\n2,,C,s2,student,,\n")
    assert [(problem.line, problem.hint) for problem in found.problems] == [(2, "Write it like 2026-09-01.")]
    assert [row.person for row in found.enrolments] == ["s2"]
    assert found.unread_enrolments == {("C", "s1")}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["student,2026-09-01,", "student,2026-09-01,"], [("student", 9, None)]),
        (["student,2026-09-01,", "student,2027-01-01,"], [("student", 9, None), ("student", 1, None)]),
        (["teacher,2026-09-01,2026-12-18", "aide,2026-09-05,"], [("teacher", 9, None)]),
        (["aide,2026-09-05,", "teacher,2026-09-01,2026-12-18"], [("teacher", 9, None)]),
        (["aide,2026-09-01,2026-09-30", "teacher,2026-10-01,"], [("staff", 9, 9), ("teacher", 10, None)]),
        (["student,2026-09-01,", "aide,2026-09-01,"], [("student", 9, None)]),
    ],
)
def test_rows_of_one_person_in_one_class_at_once_are_one_enrolment(
    rows: list[str], expected: list[tuple[str, int, int | None]]
) -> None:
    """Kept: role, month of the beginning, month of the end. Another time in the class is another enrolment."""
    lines = "\n".join(f"{number},,C,t1,{row}" for number, row in enumerate(rows))
    found = roster(enrollments=f"{ENROLLMENTS}\n{lines}\n")
    assert not found.problems
    assert len(found.notices) == len(rows) - len(expected)
    assert [
        (row.role, row.began_at.month if row.began_at else None, row.ended_at.month if row.ended_at else None)
        for row in found.enrolments
    ] == expected


def test_the_manifest_tells_which_files_are_deltas() -> None:
    found = roster(manifest="propertyName,value\nfile.enrollments,delta\nfile.users,bulk\n")
    assert found.deltas == {"enrollments"}


def test_a_districts_files_are_narrowed_to_one_school() -> None:
    """s1 and C are of school A, s2 and D of B; t1 is of both, s3's school is not stated."""
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


def test_faults_of_another_schools_rows_do_not_hinder() -> None:
    """Rows of B are wrong in each file; a code that both schools use is unique in A."""
    found = roster(
        orgs="sourcedId,name,type\nA,First,school\nB,Second,school\n",
        users="\n".join([USERS, user("s1", org="A"), user("s2", org="B", role="wizard"), user("s3", org="B")]),
        classes="sourcedId,title,schoolSourcedId,classCode\nC,Class,A,1\nD,,B,2\nE,Class,B,1\n",
        scope="class,skill\nC,k\nE,k\n",
        enrollments="schoolSourcedId,classSourcedId,userSourcedId,role,endDate\nA,C,s1,student,\nB,E,s3,student,soon\n",
    )
    assert [problem.file for problem in found.problems] == ["classes.csv", "users.csv", "enrollments.csv"]
    assert [notice.wrong for notice in found.notices] == ["'1' is a name of 2 classes (C, E), so it names none of them"]
    narrowed = found.of_school("A")
    assert (narrowed.problems, narrowed.notices) == ([], [])
    assert list(narrowed.scope) == [("C", "k")]
    assert narrowed.aliases["class", "1"].ref == "C"
    assert len(found.of_school("B").problems) == 3


def test_what_is_to_be_deleted_needs_no_role() -> None:
    """A delta tells of a place that is gone often without saying which it was."""
    gone = "sourcedId,status,classSourcedId,userSourcedId,role\ne1,tobedeleted,c1,s1,\n"
    found = roster(enrollments=gone)
    assert not found.problems
    assert [(each.class_ref, each.person, each.deleted) for each in found.enrolments] == [("c1", "s1", True)]
