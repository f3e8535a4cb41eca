"""`souschef doctor`: what is wrong is found, told with its mend, and what is not wrong is not told as wrong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from typer.testing import CliRunner

from config import settings as configuration
from config.errors import Mendable
from config.settings import Settings
from lms import formats, strict_json
from models import database, diagnosis, inbox, logins, sources
from models.inbox import Incoming
from models.sources import Sender
from tasks.events import assessment_completed
from workers import demonstration, doctoring, liveness, secret_check, source_check
from workers.broker_check import login as broker_login
from workers.broker_check import redis_info
from workers.command_line import app
from workers.findings import ORDER, Finding, Severity, worst

RUN = CliRunner()
STRONG = "kE8vQ2mX5tR9wZ1nB4cY7uJ3pL6sD0fG"


def diagnosed(*arguments: str) -> tuple[int, dict[str, str]]:
    """Return the exit code and the findings that are not ok: sentence -> severity."""
    ran = RUN.invoke(app, ["doctor", *arguments, "--json"])
    told = json.loads(ran.stdout)
    assert ran.exit_code == Severity(told["severity"]).exit_code
    return ran.exit_code, {each["sentence"]: each["severity"] for each in told["findings"] if each["severity"] != "ok"}


def ask(statement: str, **parameters: Any) -> None:
    with database.transaction() as session:
        session.connection().execute(text(statement), parameters)


def severities(findings: Any) -> list[tuple[str, str]]:
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
    demonstration.load(demonstration.quiet())
    liveness.prepare(database_settings.data_dir)
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
    assert "The database has the newest shape." in ran.stdout


def test_a_clock_that_was_set_is_found(school: Settings) -> None:
    assert not [sentence for sentence in diagnosed()[1] if "clock is set" in sentence]
    ask("INSERT INTO souschef.clock_offset (single, ahead) VALUES (true, interval '-3 days')")
    [(sentence, severity)] = [each for each in diagnosed()[1].items() if "clock is set" in each[0]]
    assert (sentence.startswith("The clock is set -3.0 days off"), severity) == (True, "warning")
    with database.transaction() as session:
        assert abs(diagnosis.server(session).ahead_of_us_seconds) < 5  # what was set is no fault of the machine's


def test_a_secret_or_password_older_than_a_year_is_found_until_it_is_rotated(school: Settings) -> None:
    """And not that of a source which is revoked, nor one that was made anew since; an LMS's password too."""

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
    (said,) = [sentence for sentence in diagnosed()[1] if "password of" in sentence]
    assert said == "The password of lms_riverside, by which the LMS of riverside reads, is 450 days old."


def test_a_login_of_an_lms_that_is_gone_or_may_too_little_or_too_much_is_found(school: Settings) -> None:
    """Each fault by hand, as a restore or an eager administrator would make it; the command's own login has none."""

    def said() -> list[str]:
        return [
            sentence for sentence, severity in diagnosed()[1].items() if "lms_river" in sentence and severity == "error"
        ]

    with database.transaction() as session:
        logins.give(session, "riverside", url=school.database_url_text())
        ((role,),) = session.connection().execute(text("SELECT role FROM souschef.lms_login")).all()
    try:
        assert said() == []
        assert "Every LMS's login (1) reads" in RUN.invoke(app, ["doctor"]).stdout
        ask(f"REVOKE SELECT ON lms.skill_gaps FROM {role}")
        assert said() == [f"{role} may not read all of the contract of riverside."]
        for more, less in (
            (f"ALTER ROLE {role} BYPASSRLS", f"ALTER ROLE {role} NOBYPASSRLS"),
            (f"GRANT USAGE ON SCHEMA souschef TO {role}", f"REVOKE ALL ON SCHEMA souschef FROM {role}"),
        ):
            ask(more)
            assert said() == [f"{role} may see more than the contract of riverside."]
            ask(less)
        with database.transaction() as session:
            logins.give(session, "riverside", url=school.database_url_text())
        assert said() == []
    finally:
        ask(f"DROP OWNED BY {role}")
        ask(f"DROP ROLE {role}")
    assert said() == [f"{role}, by which the LMS of riverside reads, is not there."]


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


def chosen(**values: Any) -> Settings:
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
def test_a_weak_secret_is_found_and_never_told(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], severity: str | None
) -> None:
    for name in ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "FLOWER_PASSWORD"):
        monkeypatch.delenv(f"SOUSCHEF_{name}", raising=False)
    found = list(secret_check.secrets(chosen(**values)))
    assert severities(found) == [(severity or "ok", "secrets")]
    assert not [each for each in found for value in values.values() if value in each.sentence + each.mend]


def test_a_secret_that_others_can_read_is_an_error(school: Settings) -> None:
    kept = school.data_dir / "secret.key"
    kept.write_text(STRONG)
    kept.chmod(0o600)
    school.data_dir.chmod(0o700)
    assert list(secret_check.data_folder(school.data_dir)) == []
    kept.chmod(0o640)
    assert severities(secret_check.data_folder(school.data_dir)) == [("error", "secrets")]
    kept.chmod(0o600)
    school.data_dir.chmod(0o750)
    assert severities(secret_check.data_folder(school.data_dir)) == [("warning", "data folder")]


def test_a_file_with_a_secret_that_others_can_read_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    env, key = tmp_path / ".env", tmp_path / "key"
    for path, words in ((env, "SOUSCHEF_WEB_PORT=8484\nSOUSCHEF_DATABASE_URL=\n"), (key, STRONG)):
        path.write_text(words)
        path.chmod(0o644)
    assert list(secret_check.files(chosen())) == []
    env.write_text(f"SOUSCHEF_DATABASE_URL=postgresql://cook:{STRONG}@db/kitchen\n")
    found = list(secret_check.files(chosen(secret_key_file=key)))
    assert severities(found) == [("warning", "secrets")] * 2
    assert [each.mend for each in found] == [f"chmod 600 {env}", f"chmod 600 {key}"]
    assert STRONG not in str(found)
    env.chmod(0o600)
    key.chmod(0o400)
    assert list(secret_check.files(chosen(secret_key_file=key))) == []


def test_a_file_of_the_secret_key_is_judged_as_the_key_is(tmp_path: Path) -> None:
    kept = tmp_path / "key"
    assert severities(secret_check.secrets(chosen(secret_key_file=kept))) == [("error", "secrets")]
    for key, severity in ((STRONG, "ok"), (STRONG[:20], "warning"), ("changemechangeme", "error")):
        kept.write_text(f"{key}\n")
        assert severities(secret_check.secrets(chosen(secret_key_file=kept))) == [(severity, "secrets")]


def test_a_data_folder_that_a_worker_makes_is_its_owners_alone(tmp_path: Path) -> None:
    """And whoever has made it before, more open, is told."""
    liveness.prepare(tmp_path / "own")
    assert list(secret_check.data_folder(tmp_path / "own")) == []
    (tmp_path / "made").mkdir()
    (tmp_path / "made").chmod(0o755)
    liveness.prepare(tmp_path / "made")
    assert severities(secret_check.data_folder(tmp_path / "made")) == [("warning", "data folder")]


@pytest.mark.parametrize(("seconds", "found"), [(30, []), (600, []), (29, [("warning", "lease")])])
def test_a_lease_that_a_task_may_outlive_is_found(seconds: float, found: list[tuple[str, str]]) -> None:
    assert severities(doctoring.patience(chosen(lease_seconds=seconds))) == found


@pytest.mark.parametrize(
    ("host", "severity"),
    [("127.0.0.1", "ok"), ("localhost", "ok"), ("::1", "ok"), ("0.0.0.0", "warning"), ("chef.school", "warning")],  # noqa: S104 - compared, not bound
)
def test_flower_on_the_network_is_found(host: str, severity: str) -> None:
    assert severities(doctoring.exposure(chosen(flower_host=host))) == [(severity, "flower")]


def test_a_server_is_judged_by_what_it_says() -> None:
    """15.0 is old enough, 14.12 is not."""
    good = diagnosis.Server(version=150000, durable=True, encoding="UTF8", clock_ahead_seconds=None)
    assert [each.sentence for each in doctoring.server(good)] == ["PostgreSQL 15.0 answers."]
    assert severities(doctoring.server(replace(good, version=140012))) == [("error", "database")]
    assert worst(doctoring.server(replace(good, encoding="SQL_ASCII"))) is Severity.ERROR
    assert worst(doctoring.server(replace(good, durable=False))) is Severity.WARNING
    assert severities(doctoring.server(replace(good, ahead_of_us_seconds=29.0))) == [("ok", "database")]
    assert severities(doctoring.server(replace(good, ahead_of_us_seconds=-31.0)))[1:] == [("warning", "clock")]


def test_a_login_that_no_fence_binds_is_found(school: Settings) -> None:
    """The tests' superuser is one where a URL names its server; a role without rights is none."""
    said = "Our login at the database is a superuser or has BYPASSRLS: no fence between schools binds it."
    assert diagnosed()[1][said] == "warning"
    with database.transaction() as session:
        found = diagnosis.server(session)
        session.connection().exec_driver_sql(
            "CREATE ROLE plain_cook NOSUPERUSER; GRANT USAGE ON SCHEMA souschef TO plain_cook;"
            "GRANT SELECT ON souschef.clock_offset TO plain_cook; SET SESSION AUTHORIZATION plain_cook"
        )
        bound = diagnosis.server(session)
        session.rollback()
    assert (found.exempt, bound.exempt) == (True, False)
    assert severities(doctoring.login(bound)) == [("ok", "login")]


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
    assert severities(doctoring.work(quiet)) == [("ok", "backlog")]
    assert worst(doctoring.work({**quiet, "oldest_seconds": 121})) is Severity.WARNING
    assert worst(doctoring.work({**quiet, "quarantined": 1})) is Severity.WARNING
    assert worst(doctoring.work({**quiet, "parked": 1})) is Severity.NOTE


def test_a_process_that_has_stopped_is_found(school: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never seen is a note, for it may run elsewhere; seen and silent for over a minute is a warning."""
    folder = school.data_dir
    assert severities(doctoring.signs_of_life(folder)) == [("note", "worker"), ("note", "beat")]
    liveness.touch("worker", folder)
    liveness.touch("beat", folder)
    assert severities(doctoring.signs_of_life(folder)) == [("ok", "worker"), ("ok", "beat")]
    monkeypatch.setattr(liveness, "DEAD_SECONDS", -1.0)
    assert severities(doctoring.signs_of_life(folder)) == [("warning", "worker"), ("warning", "beat")]


def lacking() -> dict[str, int]:
    with database.transaction() as session:
        return {lack.what: lack.count for lack in diagnosis.gaps(session)}


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
    with database.transaction() as session:
        named = {lack.what: lack.examples[0] for lack in diagnosis.gaps(session)}
    assert [named[what] for what in new] == ["!lone", "!item", "!sheet", "!new"]


def test_a_class_without_scope_is_found_while_it_has_students(school: Settings) -> None:
    """The example's class is over one day; in the middle of its term it has students and loses its scope."""
    ask("""INSERT INTO souschef.clock_offset (single, ahead)
           VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
    assert "class_without_scope" not in lacking()
    ask("DELETE FROM souschef.scope")
    assert lacking()["class_without_scope"] == 1


@pytest.fixture
def sender(school: Settings) -> Sender:
    """A source of our own format in the example school, in the middle of its term."""
    ask("""INSERT INTO souschef.clock_offset (single, ahead)
           VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
    with database.transaction() as session:
        key = school.secret_key_bytes()
        given_ = sources.add(session, "own", format="canonical", secret_key=key)
        found = sources.authenticate(session, key=given_.key, secret=given_.secret, secret_key=key)
    assert found is not None
    return found


def deliver(sender: Sender, *events: dict[str, Any]) -> None:
    """Take events as the door does, and let the real task work them."""
    with database.transaction() as session:
        incoming = []
        for event in events:
            told = formats.envelope("canonical", event, rules=sender.rules)
            if told.kind is None:
                inbox.count_at_door(session, sender, {told.reason: 1})
            else:
                incoming.append(Incoming(told.kind, told.key, told.student, strict_json.write(event)))
        inbox.count_at_door(session, sender, {"accepted": inbox.record(session, sender, incoming).count})
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
    assert diagnosed("--source", "own") == (1, {"Nothing has ever come from own.": "warning"})
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
            "Events that name a student who is not loaded: 1.": "warning",
            "Events that name an item that is not aligned: 2.": "warning",
            "Survey events refused, as their survey may not be read: 1 (allowed: none).": "note",
            "Events in quarantine as bad_time: 1.": "warning",
        },
    )
    assert "100% of 2 applied assessment events" in RUN.invoke(app, ["doctor", "--source", "own"]).stdout


def test_answers_to_items_without_a_skill_are_found(sender: Sender) -> None:
    deliver(sender, answer(1), answer(2))
    ask("DELETE FROM souschef.alignment")
    assert diagnosed("--source", "own")[1] == {"Items that were answered and are aligned to no skill: 1.": "warning"}


def test_a_silent_a_revoked_and_an_unknown_source(sender: Sender) -> None:
    deliver(sender, answer(1))
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '8 days'")
    assert diagnosed("--source", "own")[1] == {"The last new event of own is 8 days old.": "warning"}
    with database.transaction() as session:
        sources.revoke(session, "own")
    code, found = diagnosed("--source", "own")
    assert (code, found["own is revoked: its door is closed."]) == (2, "error")
    assert isinstance(RUN.invoke(app, ["doctor", "--source", "nobody"]).exception, Mendable)


TRAFFIC = diagnosis.Traffic(
    name="canvas",
    school="riverside",
    format="canvas",
    surveys=(),
    revoked=False,
    silent_seconds=60.0,
    at_door={"accepted": 4},
    fates={("done", ""): 4},
    facts={"attempt_graded": 4},
    assessments=4,
    with_items=0,
    unaligned=0,
)


def test_a_source_of_totals_only_is_told_so_unless_it_speaks_of_skills() -> None:
    assert severities(source_check.examine(TRAFFIC)) == [("ok", "traffic"), ("warning", "items")]
    with_skills = replace(TRAFFIC, facts={"attempt_graded": 3, "skill_result": 1})
    assert worst(source_check.examine(with_skills)) is Severity.OK


def test_a_source_whose_every_event_was_ignored_may_have_the_wrong_format() -> None:
    nothing = replace(TRAFFIC, silent_seconds=None, at_door={"ignored": 7}, fates={}, facts={}, assessments=0)
    [found] = source_check.examine(nothing)
    assert (found.severity, "7 events were ignored" in found.sentence) == (Severity.WARNING, True)


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes")])
def test_a_time_is_told_as_one_says_it(seconds: float, words: str) -> None:
    assert doctoring.spoken(seconds) == words
