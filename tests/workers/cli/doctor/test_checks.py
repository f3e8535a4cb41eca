"""`souschef doctor`: faults are found and printed with their fix, and what is right is not reported as a fault."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from typer.testing import CliRunner

from config import settings as configuration
from config.errors import OperatorError
from config.settings import Settings
from lms import formats, strict_json
from models import engine
from models.access import lms_roles, sources
from models.access.sources import Sender
from models.assignments import decision_inputs
from models.events import inbox
from models.events.incoming import NewEvent
from models.reports import diagnosis
from tasks.events import assessment_completed
from workers import heartbeat
from workers.cli.demo import replay
from workers.cli.doctor import checks, secrets, source
from workers.cli.doctor.broker import login as broker_login
from workers.cli.doctor.broker import redis_info
from workers.cli.doctor.findings import ORDER, Finding, Severity, humanize, worst
from workers.cli.main import app

RUN = CliRunner()
STRONG = "kE8vQ2mX5tR9wZ1nB4cY7uJ3pL6sD0fG"


def diagnosed(*arguments: str) -> tuple[int, dict[str, str]]:
    """Return the exit code and the findings that are not ok: sentence -> severity."""
    ran = RUN.invoke(app, ["doctor", *arguments, "--json"])
    report = json.loads(ran.stdout)
    assert ran.exit_code == Severity(report["severity"]).exit_code
    return ran.exit_code, {
        each["sentence"]: each["severity"] for each in report["findings"] if each["severity"] != "ok"
    }


def ask(statement: str, **parameters: Any) -> None:
    with engine.transaction() as session:
        session.connection().execute(text(statement), parameters)


def severities(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(each.severity.value, each.about) for each in findings]


@given(st.lists(st.sampled_from(Severity)))
def test_the_worst_is_no_better_than_any(found: list[Severity]) -> None:
    """And is one of them, or ok where there are none; a worse finding never gives a lower exit code."""
    result = worst(Finding(each, "x", "y") for each in found)
    assert all(ORDER.index(result) >= ORDER.index(each) for each in found)
    assert result in {*found, Severity.OK}
    assert [each.exit_code for each in ORDER] == [0, 0, 1, 2]


@pytest.fixture
def school(database_settings: Settings) -> Settings:
    """The example school with two sources of the demo, whose clock is the machine's."""
    replay.load(replay.quiet_console())
    heartbeat.prepare(database_settings.data_dir)
    return database_settings


def test_an_installation_that_works_has_no_error(school: Settings) -> None:
    """The tests' servers are not durable, on purpose: that one warning is due, and nothing is broken."""
    code, found = diagnosed()
    assert "error" not in found.values()
    assert found["A crash of its machine may lose events that were answered with 200."] == "warning"
    assert code == 1
    assert "No event has ever come." in found
    ran = RUN.invoke(app, ["doctor"])
    assert "PostgreSQL" in ran.stdout
    assert "The database has all migrations." in ran.stdout


def test_a_clock_that_was_set_is_found(school: Settings) -> None:
    assert not [sentence for sentence in diagnosed()[1] if "set the clock" in sentence]
    ask("INSERT INTO souschef.clock_offset (single, ahead) VALUES (true, interval '-3 days')")
    [(sentence, severity)] = [each for each in diagnosed()[1].items() if "set the clock" in each[0]]
    assert (sentence.startswith("A test or demo has set the clock -3.0 days off"), severity) == (True, "warning")
    with engine.transaction() as session:
        assert abs(diagnosis.server(session).ahead_of_us_seconds) < 5  # what was set is no fault of the machine's


def test_a_secret_or_password_older_than_a_year_is_found_until_it_is_rotated(school: Settings) -> None:
    """Not that of a revoked source, nor one that was rotated since; but an LMS's password too."""

    def old() -> list[str]:
        return [sentence for sentence in diagnosed()[1] if "secret of source" in sentence]

    assert old() == []
    fresh = "No secret of a source or LMS is older than a year; the oldest has 0 days."
    assert fresh in RUN.invoke(app, ["doctor"]).stdout
    ask("UPDATE souschef.source SET created_at = souschef.clock() - interval '500 days'")
    assert old() == [f"The secret of source {name} of riverside is 500 days old." for name in ("forms", "moodle")]
    assert RUN.invoke(app, ["source", "rotate", "moodle", "--school", "riverside"]).exit_code == 0
    assert RUN.invoke(app, ["source", "revoke", "forms", "--school", "riverside"]).exit_code == 0
    assert old() == []
    ask("UPDATE souschef.source SET previous_until = previous_until - interval '400 days'")
    assert old() == ["The secret of source moodle of riverside is 400 days old."]
    ask("UPDATE souschef.source SET revoked_at = souschef.clock()")
    ask("""INSERT INTO souschef.lms_login
           SELECT id, 'lms_riverside', souschef.clock() - interval '450 days' FROM souschef.school""")
    (sentence,) = [sentence for sentence in diagnosed()[1] if "password of" in sentence]
    assert sentence == "The password of lms_riverside, the login of the LMS of riverside, is 450 days old."


def test_a_login_of_an_lms_that_is_gone_or_may_too_little_or_too_much_is_found(school: Settings) -> None:
    """Each fault by hand, as a restore or an eager administrator would make it; the command's own login has none."""

    def errors() -> list[str]:
        return [
            sentence for sentence, severity in diagnosed()[1].items() if "lms_river" in sentence and severity == "error"
        ]

    with engine.transaction() as session:
        lms_roles.create_or_rotate(session, "riverside", url=school.database_url_text())
        ((role,),) = session.connection().execute(text("SELECT role FROM souschef.lms_login")).all()
    try:
        assert errors() == []
        assert "Every LMS's login (1) can read" in RUN.invoke(app, ["doctor"]).stdout
        ask(f"REVOKE SELECT ON lms.skill_gaps FROM {role}")
        assert errors() == [f"{role} cannot read all of the contract of riverside."]
        for more, less in (
            (f"ALTER ROLE {role} BYPASSRLS", f"ALTER ROLE {role} NOBYPASSRLS"),
            (f"GRANT USAGE ON SCHEMA souschef TO {role}", f"REVOKE ALL ON SCHEMA souschef FROM {role}"),
        ):
            ask(more)
            assert errors() == [f"{role} can read more than the contract of riverside."]
            ask(less)
        with engine.transaction() as session:
            lms_roles.create_or_rotate(session, "riverside", url=school.database_url_text())
        assert errors() == []
    finally:
        ask(f"DROP OWNED BY {role}")
        ask(f"DROP ROLE {role}")
    assert errors() == [f"{role}, the login of the LMS of riverside, does not exist."]


def test_a_database_of_an_older_shape_is_an_error(school: Settings) -> None:
    ask("DELETE FROM souschef.migration")
    code, found = diagnosed()
    assert (code, found["The database lacks migrations."]) == (2, "error")


def test_servers_that_do_not_answer_are_errors(monkeypatch: pytest.MonkeyPatch, database_settings: Settings) -> None:
    assert database_settings
    monkeypatch.setenv("SOUSCHEF_DATABASE_URL", "postgresql://cook:pepper@127.0.0.1:1/x")
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", "redis://:pepper@127.0.0.1:1/0")
    configuration.settings.cache_clear()
    code, found = diagnosed()
    errors = [sentence for sentence, severity in found.items() if severity == "error"]
    assert code == 2
    assert sorted(sentence.split(" ")[1] for sentence in errors) == ["broker", "database"]
    assert not [sentence for sentence in errors if "pepper" in sentence]


def test_a_wrong_setting_is_an_error_and_ends_the_round(
    monkeypatch: pytest.MonkeyPatch, database_settings: Settings
) -> None:
    assert database_settings
    monkeypatch.setenv("SOUSCHEF_WEB_PROT", "1")
    configuration.settings.cache_clear()
    assert diagnosed() == (2, {"SOUSCHEF_WEB_PROT is not a setting.": "error"})


def settings_(**values: Any) -> Settings:
    return Settings(**values)


@pytest.mark.parametrize(
    ("values", "severity"),
    [
        ({"secret_key": STRONG}, None),
        ({"secret_key": "changemechangeme"}, "error"),
        ({"secret_key": STRONG[:20]}, "warning"),
        ({"flower_password": STRONG}, None),
        ({"flower_password": "Flower123"}, "error"),
        ({"flower_user": "anna-bo", "flower_password": "anna-bo"}, "error"),
        ({"flower_password": "kE8vQ2m"}, "warning"),
        ({"database_url": "postgresql://postgres:postgres@db.example/x"}, "warning"),
        ({"database_url": "postgresql://postgres:postgres@localhost/x"}, "note"),
        ({"database_url": f"postgresql://postgres:{STRONG}@db.example/x"}, None),
        ({"broker_url": "redis://broker.example/0"}, "warning"),
        ({"broker_url": "amqp://guest:guest@broker.example//"}, "warning"),
    ],
)
def test_a_weak_secret_is_found_and_never_printed(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], severity: str | None
) -> None:
    for name in ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "FLOWER_PASSWORD"):
        monkeypatch.delenv(f"SOUSCHEF_{name}", raising=False)
    found = list(secrets.secrets(settings_(**values)))
    assert severities(found) == [(severity or "ok", "secrets")]
    assert not [each for each in found for value in values.values() if value in each.sentence + each.fix]


def test_a_secret_that_others_can_read_is_an_error(school: Settings) -> None:
    key = school.data_dir / "secret.key"
    key.write_text(STRONG)
    key.chmod(0o600)
    school.data_dir.chmod(0o700)
    assert list(secrets.data_folder(school.data_dir)) == []
    key.chmod(0o640)
    assert severities(secrets.data_folder(school.data_dir)) == [("error", "secrets")]
    key.chmod(0o600)
    school.data_dir.chmod(0o750)
    assert severities(secrets.data_folder(school.data_dir)) == [("warning", "data folder")]


def test_a_file_with_a_secret_that_others_can_read_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    env, key = tmp_path / ".env", tmp_path / "key"
    for path, words in ((env, "SOUSCHEF_WEB_PORT=8484\nSOUSCHEF_DATABASE_URL=\n"), (key, STRONG)):
        path.write_text(words)
        path.chmod(0o644)
    assert list(secrets.files(settings_())) == []
    env.write_text(f"SOUSCHEF_DATABASE_URL=postgresql://cook:{STRONG}@db/school\n")
    found = list(secrets.files(settings_(secret_key_file=key)))
    assert severities(found) == [("warning", "secrets")] * 2
    assert [each.fix for each in found] == [f"chmod 600 {env}", f"chmod 600 {key}"]
    assert STRONG not in str(found)
    env.chmod(0o600)
    key.chmod(0o400)
    assert list(secrets.files(settings_(secret_key_file=key))) == []


def test_a_file_of_the_secret_key_is_judged_as_the_key_is(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert severities(secrets.secrets(settings_(secret_key_file=path))) == [("error", "secrets")]
    for key, severity in ((STRONG, "ok"), (STRONG[:20], "warning"), ("changemechangeme", "error")):
        path.write_text(f"{key}\n")
        assert severities(secrets.secrets(settings_(secret_key_file=path))) == [(severity, "secrets")]


def test_a_data_folder_that_a_worker_makes_is_its_owners_alone(tmp_path: Path) -> None:
    """A data directory that others can open is reported."""
    heartbeat.prepare(tmp_path / "own")
    assert list(secrets.data_folder(tmp_path / "own")) == []
    (tmp_path / "made").mkdir()
    (tmp_path / "made").chmod(0o755)
    heartbeat.prepare(tmp_path / "made")
    assert severities(secrets.data_folder(tmp_path / "made")) == [("warning", "data folder")]


@pytest.mark.parametrize(("seconds", "found"), [(30, []), (600, []), (29, [("warning", "lease")])])
def test_a_lease_that_a_task_may_outlive_is_found(seconds: float, found: list[tuple[str, str]]) -> None:
    assert severities(checks.check_lease(settings_(lease_seconds=seconds))) == found


@pytest.mark.parametrize(
    ("host", "severity"),
    [("127.0.0.1", "ok"), ("localhost", "ok"), ("::1", "ok"), ("0.0.0.0", "warning"), ("chef.school", "warning")],  # noqa: S104 - compared, not bound
)
def test_flower_on_the_network_is_found(host: str, severity: str) -> None:
    assert severities(checks.check_exposure(settings_(flower_host=host))) == [(severity, "flower")]


def test_a_server_is_judged_by_what_it_says() -> None:
    """15.0 is old enough, 14.12 is not."""
    good = diagnosis.Server(version=150000, durable=True, encoding="UTF8", clock_ahead_seconds=None)
    assert [each.sentence for each in checks.check_server(good)] == ["PostgreSQL 15.0 answers."]
    assert severities(checks.check_server(replace(good, version=140012))) == [("error", "database")]
    assert worst(checks.check_server(replace(good, encoding="SQL_ASCII"))) is Severity.ERROR
    assert worst(checks.check_server(replace(good, durable=False))) is Severity.WARNING
    assert severities(checks.check_server(replace(good, ahead_of_us_seconds=29.0))) == [("ok", "database")]
    assert severities(checks.check_server(replace(good, ahead_of_us_seconds=-31.0)))[1:] == [("warning", "clock")]


@pytest.mark.parametrize(("hours", "expected"), [(None, []), (35, []), (37, [("warning", "nightly")])])
def test_a_night_that_did_not_end_is_found(hours: float | None, expected: list[tuple[str, str]]) -> None:
    assert severities(checks.check_nightly(None if hours is None else hours * 3600)) == expected


def test_a_login_that_no_fence_binds_is_found(school: Settings) -> None:
    """The tests' superuser is one where a URL names its server; a role without rights is none."""
    sentence = "Our database login is a superuser or has BYPASSRLS: row security between schools does not apply to it."
    assert diagnosed()[1][sentence] == "warning"
    with engine.transaction() as session:
        found = diagnosis.server(session)
        session.connection().exec_driver_sql(
            "CREATE ROLE plain_role NOSUPERUSER; GRANT USAGE ON SCHEMA souschef TO plain_role;"
            "GRANT SELECT ON souschef.clock_offset TO plain_role; SET SESSION AUTHORIZATION plain_role"
        )
        bound = diagnosis.server(session)
        session.rollback()
    assert (found.exempt, bound.exempt) == (True, False)
    assert severities(checks.check_database_role(bound)) == [("ok", "login")]
    for version, expected in ((150_012, "warning"), (160_001, "ok")):  # 15 lets such a role run programs
        creating = replace(bound, version=version, creates_roles=True)
        assert severities(checks.check_database_role(creating)) == [(expected, "login")]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://:word@broker.example/0", [("note", "broker")]),
        ("rediss://default:word@broker.example/0", [("note", "broker")]),
        ("redis://souschef:word@broker.example/0", []),
        ("amqp://guest:word@broker.example//", [("note", "broker")]),
        ("amqp://souschef:word@broker.example//", []),
    ],
)
def test_the_user_that_every_broker_has_is_found(url: str, found: list[tuple[str, str]]) -> None:
    assert severities(broker_login(url)) == found


def test_a_broker_is_judged_by_what_it_says() -> None:
    good = {"redis_version": "7.2.4", "aof_enabled": 1, "maxmemory_policy": "noeviction"}
    assert [each.sentence for each in redis_info(good)] == ["Redis 7.2.4 answers."]
    assert worst(redis_info({**good, "aof_enabled": 0})) is Severity.NOTE
    assert worst(redis_info({**good, "maxmemory_policy": "allkeys-lru"})) is Severity.WARNING
    small = {**good, "maxmemory": 100 * 1024**2, "used_memory": 95 * 1024**2}
    assert worst(redis_info(small)) is Severity.OK
    assert worst(redis_info({**small, "used_memory": 96 * 1024**2})) is Severity.ERROR
    assert worst(redis_info({**small, "maxmemory": 0})) is Severity.OK  # as much as the machine has
    assert "Valkey 8.1.0" in next(iter(redis_info({**good, "valkey_version": "8.1.0"}))).sentence


def test_a_backlog_and_a_quarantine_are_warnings() -> None:
    quiet: dict[str, object] = {
        "backlog": 3,
        "oldest_seconds": 120,
        "quarantined": 0,
        "parked": 0,
        "last_event_at": "x",
    }
    assert severities(checks.check_backlog(quiet)) == [("ok", "backlog")]
    assert worst(checks.check_backlog({**quiet, "oldest_seconds": 121})) is Severity.WARNING
    assert worst(checks.check_backlog({**quiet, "quarantined": 1})) is Severity.WARNING
    assert worst(checks.check_backlog({**quiet, "parked": 1})) is Severity.NOTE


def test_a_process_that_has_stopped_is_found(school: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never seen is a note, for it may run elsewhere; seen and silent for over a minute is a warning."""
    folder = school.data_dir
    assert severities(checks.check_heartbeats(folder)) == [("note", "worker"), ("note", "beat")]
    heartbeat.touch("worker", folder)
    heartbeat.touch("beat", folder)
    assert severities(checks.check_heartbeats(folder)) == [("ok", "worker"), ("ok", "beat")]
    monkeypatch.setattr(heartbeat, "DEAD_SECONDS", -1.0)
    assert severities(checks.check_heartbeats(folder)) == [("warning", "worker"), ("warning", "beat")]


def lacking() -> dict[str, int]:
    with engine.transaction() as session:
        return {lack.what: lack.count for lack in diagnosis.catalogue_issues(session)}


def test_what_the_catalogue_lacks_is_counted(school: Settings) -> None:
    """One of each is made; each is one more than before, and named."""
    before = lacking()
    ask("""
        INSERT INTO souschef.skill (school_id, ref, title) SELECT id, '!lone', 'lone' FROM souschef.school;
        INSERT INTO souschef.item (school_id, ref) SELECT id, '!item' FROM souschef.school;
        INSERT INTO souschef.material (school_id, ref, title, url, difficulty)
          SELECT id, '!sheet', 'A sheet', 'https://example.org', 0 FROM souschef.school;
        INSERT INTO souschef.person (school_id, ref, role) SELECT id, '!new', 'student' FROM souschef.school;
    """)
    after = lacking()
    new = ("skill_without_material", "item_without_skill", "material_without_skill", "student_without_class")
    assert {what: after[what] - before.get(what, 0) for what in new} == dict.fromkeys(new, 1)
    with engine.transaction() as session:
        names = {lack.what: lack.examples[0] for lack in diagnosis.catalogue_issues(session)}
    assert [names[what] for what in new] == ["!lone", "!item", "!sheet", "!new"]


def test_a_class_without_scope_is_found_while_it_has_students(school: Settings) -> None:
    """The example's class is over one day; in the middle of its term it has students and loses its scope."""
    ask("""INSERT INTO souschef.clock_offset (single, ahead)
           VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
    assert "class_without_scope" not in lacking()
    ask("DELETE FROM souschef.scope")
    assert "class_without_scope" not in lacking(), "without any scope it works on the skills of its grade"
    ask("UPDATE souschef.class SET grade = NULL")
    assert lacking()["class_without_scope"] == 1
    ask("UPDATE souschef.class SET grade = 5")
    ask("INSERT INTO souschef.class (school_id, ref, title) SELECT id, 'other', 'Other' FROM souschef.school")
    ask("""INSERT INTO souschef.scope (school_id, class_id, skill_id)
           SELECT class.school_id, class.id, skill.id FROM souschef.class, souschef.skill
            WHERE class.ref = 'other' AND skill.ref = '4.NF.A.1'""")
    assert lacking()["class_without_scope"] == 1, "once another class has a scope, it has none"


@pytest.fixture
def sender(school: Settings) -> Sender:
    """A source of our own format in the example school, in the middle of its term."""
    ask("""INSERT INTO souschef.clock_offset (single, ahead)
           VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
    with engine.transaction() as session:
        key = school.secret_key_bytes()
        own = sources.add(session, "own", format="canonical", secret_key=key)
        found = sources.authenticate(session, key=own.key, secret=own.secret, secret_key=key)
    assert found is not None
    return found


def deliver(sender: Sender, *events: dict[str, Any]) -> None:
    """Take events as the API does, and let the real task work them."""
    with engine.transaction() as session:
        incoming = []
        for event in events:
            envelope = formats.envelope("canonical", event, rules=sender.rules)
            if envelope.kind is None:
                inbox.count_received(session, sender, {envelope.reason: 1})
            else:
                incoming.append(NewEvent(envelope.kind, envelope.key, envelope.student, strict_json.write(event)))
        inbox.count_received(session, sender, {"accepted": inbox.record(session, sender, incoming).count})
    assessment_completed([])


def answer(number: int, **other: Any) -> dict[str, Any]:
    return {
        "type": "item_result",
        "id": str(number),
        "student": "riverside-s413",
        "at": "2026-10-01T09:00:00Z",
        "subject": "4.NF.A.1 q01",
        "outcome": 1.0,
        **other,
    }


def test_a_source_is_judged_by_what_it_has_sent(sender: Sender) -> None:
    """Two answers are applied; one names a stranger, two an unknown item, one has no time; a survey is refused."""
    assert diagnosed("--source", "own") == (1, {"No event has ever come from own.": "warning"})
    deliver(sender, answer(1), answer(2))
    assert diagnosed("--source", "own") == (0, {})
    deliver(
        sender,
        answer(3, student="stranger"),
        answer(4, subject="q?"),
        answer(5, subject="q??"),
        answer(6, at="monday"),
        answer(7, type="survey_answer", survey="secret-survey"),
    )
    code, found = diagnosed("--source", "own")
    assert (code, found) == (
        1,
        {
            "Events about a student who is not loaded: 1.": "warning",
            "Events about an item that is not aligned: 2.": "warning",
            "Survey events refused, because their survey is not allowed: 1 (allowed: none).": "note",
            "Events in quarantine as bad_time: 1.": "warning",
        },
    )
    assert "100% of 2 applied assessment events" in RUN.invoke(app, ["doctor", "--source", "own"]).stdout


def test_answers_to_items_without_a_skill_are_found(sender: Sender) -> None:
    deliver(sender, answer(1), answer(2))
    ask("DELETE FROM souschef.alignment")
    assert diagnosed("--source", "own")[1] == {"Answered items that are aligned to no skill: 1.": "warning"}


def test_a_silent_a_revoked_and_an_unknown_source(sender: Sender) -> None:
    deliver(sender, answer(1))
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '8 days'")
    assert diagnosed("--source", "own")[1] == {"The last new event of own is 8 days old.": "warning"}
    with engine.transaction() as session:
        sources.revoke(session, "own")
    code, found = diagnosed("--source", "own")
    assert (code, found["own is revoked: its requests are refused."]) == (2, "error")
    assert isinstance(RUN.invoke(app, ["doctor", "--source", "nobody"]).exception, OperatorError)


TRAFFIC = diagnosis.Traffic(
    name="canvas",
    school="riverside",
    format="canvas",
    surveys=(),
    revoked=False,
    silent_seconds=60.0,
    received={"accepted": 4},
    outcomes={("done", ""): 4},
    facts={"attempt_graded": 4},
    assessments=4,
    with_items=0,
    unaligned=0,
)


def test_a_source_that_sends_totals_only_gets_a_warning_unless_they_are_on_skills() -> None:
    assert severities(source.check_source(TRAFFIC)) == [("ok", "traffic"), ("warning", "items")]
    with_skills = replace(TRAFFIC, facts={"attempt_graded": 3, "skill_result": 1})
    assert worst(source.check_source(with_skills)) is Severity.OK


def test_a_source_whose_every_event_was_ignored_may_have_the_wrong_format() -> None:
    nothing = replace(TRAFFIC, silent_seconds=None, received={"ignored": 7}, outcomes={}, facts={}, assessments=0)
    [found] = source.check_source(nothing)
    assert (found.severity, "7 events were ignored" in found.sentence) == (Severity.WARNING, True)


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes")])
def test_a_duration_is_printed_in_words(seconds: float, words: str) -> None:
    assert humanize(seconds) == words


def test_a_stored_wide_band_that_is_too_narrow_counts_as_wide_as_the_others_and_is_named(school: Settings) -> None:
    """An earlier version stored it: the decision widens it as it loads, and the doctor says whose it is."""
    ask(
        """INSERT INTO souschef.policy (school_id, class_id, document, version)
           SELECT school.id, class.id, CAST(:document AS jsonb), 1
             FROM souschef.school JOIN souschef.class ON class.school_id = school.id AND class.ref = 'MATH-5A'""",
        document=json.dumps({"wide_band": [0.65, 0.85]}),
    )
    with engine.transaction() as session:
        school_id = session.connection().execute(text("SELECT id FROM souschef.school")).scalar_one()
        class_id = (
            session.connection().execute(text("SELECT id FROM souschef.class WHERE ref = 'MATH-5A'")).scalar_one()
        )
        found = decision_inputs.class_policies(session, school_id, [class_id])[class_id].policy
    # The success band is .60 to .90, and the band of low evidence .70 to .90.
    assert (found.relaxed_band, found.success_band) == ((0.6, 0.9), (0.6, 0.9))
    sentences = diagnosed()[1]
    (about_bands,) = [each for each in sentences if "that does not contain" in each]
    assert about_bands.startswith("Class MATH-5A of ")
    assert sentences[about_bands] == Severity.NOTE.value
    ask("UPDATE souschef.policy SET document = CAST(:document AS jsonb)", document='{"wide_band": [0.5, 0.95]}')
    assert not [each for each in diagnosed()[1] if "that does not contain" in each]
