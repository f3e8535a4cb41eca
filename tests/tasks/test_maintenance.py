"""The sweep enqueues what was not enqueued, and `nightly` puts a newly trained model in force once."""

import base64
import json
import zlib

import psycopg
import pytest
import redis
from sqlalchemy import text

from config import settings as configuration
from config import tracing
from config.errors import OperatorError
from learning.mastery.parameters import SHIPPED
from learning.mastery.snapshot import Snapshot
from learning.mastery.state import FORMAT
from lms.facts import EventKind
from models import admin, catalogue, engine, locks
from models.events import inbox
from models.events.incoming import NewEvent
from models.privacy import erasure
from tasks.nightly import nightly
from tasks.refresh import refresh_assignments
from tasks.sweep import sweep_once
from tests.parameters import first_of
from tests.tasks.conftest import Ask, School
from workers.local.embedded.servers import Servers

pytestmark = pytest.mark.timeout(120)


def everybody(ask: Ask) -> list[int]:
    return [row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY id")]


def test_nightly_publishes_what_was_learned_and_the_next_one_nothing_new(school: School, ask: Ask) -> None:
    """After `nightly` every state is computed again with the snapshot, and depends on facts and snapshot only."""
    refs = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")]
    for n, student in enumerate(refs[:6]):
        school.deliver(*school.answers(student, "4.NF.A.1 q01", "0011"[n % 3 :]))
    first = nightly()
    # Who has no decision yet is marked for the first one.
    assert (first["schools"], first["snapshots"], first["marked"]) == (1, 1, len(refs))
    refresh_assignments(everybody(ask))
    assert ask("SELECT DISTINCT snapshot_version FROM souschef.learner_state") == [(1,)]
    states = ask("SELECT student_id, state FROM souschef.learner_state ORDER BY 1")
    second = nightly()
    assert "snapshots" not in second
    refresh_assignments(everybody(ask))
    assert ask("SELECT student_id, state FROM souschef.learner_state ORDER BY 1") == states


def test_the_night_learns_the_difficulty_of_materials_for_which_the_school_gives_none(school: School, ask: Ask) -> None:
    """An item that all get wrong is harder than others of its skill; a difficulty that is known stays."""
    (sure, unknown), item = materials_of(ask, "4.NF.A.1", 2), "4.NF.A.1 q01"
    ask(
        """INSERT INTO souschef.alias (school_id, kind, name, target_id)
           SELECT school_id, 'material_item', item.ref, CAST(:m AS bigint) FROM souschef.item
            WHERE id = (SELECT target_id FROM souschef.alias WHERE kind = 'item' AND name = :item) RETURNING 1""",
        m=unknown,
        item=item,
    )
    ask("UPDATE souschef.material SET difficulty = 0, difficulty_known = false WHERE id = :m RETURNING 1", m=unknown)
    (before,) = ask("SELECT catalogue_version FROM souschef.school")[0]
    for (student,) in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref LIMIT 6"):
        school.deliver(*school.answers(student, item, "00"), *school.answers(student, "4.NF.A.1 q02", "11", day=2))
    assert nightly()["difficulties"] == 1
    learned: dict[int, float] = dict(
        ask("SELECT id, learned_difficulty FROM souschef.material WHERE learned_difficulty IS NOT NULL")
    )
    assert list(learned) == [unknown]
    assert learned[unknown] > 0.1
    assert ask("SELECT catalogue_version FROM souschef.school") == [(before + 1,)]
    with engine.transaction() as session:
        (school_id,) = ask("SELECT id FROM souschef.school")[0]
        entries = catalogue.load(session, school_id).catalogue.entries
        assert entries[unknown].difficulty == round(learned[unknown] * 10_000)
    assert ask("SELECT difficulty_known FROM souschef.material WHERE id = :m", m=sure) == [(True,)]
    assert "difficulties" not in nightly()


def materials_of(ask: Ask, skill: str, count: int) -> list[int]:
    """Return some materials that are for a skill."""
    rows = ask(
        """SELECT material_id FROM souschef.material_skill JOIN souschef.skill ON skill.id = skill_id
            WHERE skill.ref = :skill AND position = 0 ORDER BY material_id LIMIT :count""",
        skill=skill,
        count=count,
    )
    return [row[0] for row in rows]


def test_the_night_fits_the_factor_on_intervals_to_the_school_s_own_log(school: School, ask: Ask) -> None:
    """Ten answers of each of six students are twelve windows of five: the factor is there, and near the shipped one."""
    refs = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")]
    for student in refs[:6]:
        school.deliver(*school.answers(student, "4.NF.A.1 q01", "0011010111"))
    nightly()
    (body,) = ask("SELECT body FROM souschef.snapshot")[0]
    factor = Snapshot.from_bytes(bytes(body)).variance_factor
    assert factor is not None
    assert 0.7 * SHIPPED.gap_variance_factor < factor < 1.4 * SHIPPED.gap_variance_factor


def test_a_state_of_an_older_format_is_folded_again_when_its_student_answers(school: School, ask: Ask) -> None:
    """The version before wrote format 1 and the plain version of the parameters; nothing of it is read."""
    (ref,) = ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")[0]
    school.deliver(*school.answers(ref, "4.NF.A.1 q01", "0011"))
    ask(r"UPDATE souschef.learner_state SET state = '\x01ffff', parameters_version = 0 WHERE facts > 0 RETURNING 1")
    school.deliver(*school.answers(ref, "4.NF.A.1 q01", "1", day=2))
    (after,) = ask("SELECT state, facts FROM souschef.learner_state WHERE facts > 0")
    ask("UPDATE souschef.learner_state SET refresh_due = true RETURNING 1")
    refresh_assignments(everybody(ask))
    assert ask("SELECT state, facts FROM souschef.learner_state WHERE facts > 0") == [after]
    assert bytes(after[0])[0] == FORMAT


def test_two_nightly_tasks_at_once_run_once(school: School, ask: Ask) -> None:
    with engine.transaction() as holder:
        assert locks.try_lock_job(holder, "nightly")
        assert nightly() == {"skipped": "another is running"}


def test_no_login_can_hold_up_a_load_a_night_or_an_erasure(
    school: School, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anyone who may connect can take advisory locks: of all, only migrations have one, and those say so."""
    url = configuration.settings().database_url_text()
    (student,) = ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")[0]
    with psycopg.connect(url.replace("+psycopg", "")) as stranger:
        stranger.execute("SELECT pg_advisory_lock(7206155301)")
        stranger.execute("SELECT pg_advisory_lock(7206155, id::integer) FROM souschef.school")
        stranger.execute("SELECT pg_advisory_lock(%s)", [zlib.crc32(b"souschef nightly")])
        assert nightly()["schools"] == 1
        with engine.transaction() as session:
            assert 0 <= (locks.seconds_since_job(session, "nightly") or -1) < 3_600
            erasure.remove(session, erasure.find_student(session, student))
        monkeypatch.setattr(admin, "MAX_TRIES", 2)
        with pytest.raises(OperatorError, match="another process holds the lock of migrations"):
            admin.upgrade(url)


def test_two_loads_of_one_school_at_once_are_refused_and_its_events_still_come(school: School, ask: Ask) -> None:
    with engine.transaction() as holder:
        locks.lock_school(holder, school.sender.school_id, "riverside")
        with engine.transaction() as other, pytest.raises(locks.LoadInProgressError):
            locks.lock_school(other, school.sender.school_id, "riverside")
        (student,) = ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")[0]
        assert school.deliver(*school.answers(student, "4.NF.A.1 q01", "01"))["applied"] == 2


def test_the_sweep_enqueues_an_event_that_was_not_enqueued(school: School, ask: Ask) -> None:
    """The API may die between commit and enqueue: after 5 s the sweep enqueues."""
    with engine.transaction() as session:
        inbox.record(session, school.sender, [NewEvent(EventKind.CHOICE, bytes(16), "s", "{}")])
    assert sweep_once() == 0
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '6 seconds' RETURNING single")
    assert sweep_once() == 1


@pytest.mark.parametrize(
    ("step", "broken"),
    first_of(
        [
            ("mark_ended", "ALTER TABLE souschef.teacher_order RENAME COLUMN expires_at TO lost"),
            ("exhausted", "ALTER TABLE souschef.inbox RENAME COLUMN finished_at TO lost"),
            ("tallies", "ALTER TABLE souschef.tally RENAME COLUMN label TO lost"),
            ("numbers", "ALTER TABLE souschef.source_number RENAME COLUMN swept_at TO lost"),
        ],
        quick=1,
    ),
)
def test_a_failing_step_of_the_sweep_delays_no_event(
    school: School, ask: Ask, step: str, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A really broken table: the other steps are committed, the event is enqueued, and the log names the step."""
    with engine.transaction() as session:
        inbox.record(session, school.sender, [NewEvent(EventKind.CHOICE, bytes(16), "s", "{}")])
        session.connection().execute(text(broken))
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '6 seconds' RETURNING single")
    assert sweep_once() == 1
    assert f"step={step}" in capsys.readouterr().out


def test_the_sweeps_message_names_the_requests_whose_own_message_was_lost(
    school: School, ask: Ask, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that Flower finds them; a message has room for 24, and every event of the 30 requests is enqueued."""
    for number in range(30):
        with tracing.request_context(f"{number:032x}"), engine.transaction() as session:
            inbox.record(session, school.sender, [NewEvent(EventKind.CHOICE, number.to_bytes(16), "s", "{}")])
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '6 seconds' RETURNING single")
    monkeypatch.setenv("SOUSCHEF_BROKER_URL", servers.broker_url)
    configuration.settings.cache_clear()
    with redis.Redis.from_url(servers.broker_url) as client:
        client.delete("souschef:souschef")  # what other tests sent
        assert sweep_once() == 30
        [message] = [json.loads(raw) for raw in client.lrange("souschef:souschef", 0, -1)]
        client.delete("souschef:souschef")
    (ids,), kwargs, _ = json.loads(base64.b64decode(message["body"]))
    assert (message["headers"]["task"], len(ids)) == ("choice_made", 30)
    requests = kwargs["requests"]
    assert len(requests) == len(set(requests)) == 24
    assert set(requests) <= {f"{number:032x}" for number in range(30)}


def test_old_payloads_are_pruned_and_a_resend_is_still_a_duplicate(school: School, ask: Ask) -> None:
    (answer,) = school.answers("riverside-s413", "4.NF.A.1 q01", "1")
    school.deliver(answer)
    assert nightly().get("pruned", 0) == 0
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '15 days' RETURNING single")
    assert nightly()["pruned"] == 1
    assert ask("SELECT payload FROM souschef.inbox") == [("",)]
    assert school.deliver(answer) == {}
