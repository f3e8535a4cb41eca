"""The interest switch: it stops using and recording interests at once, shows what is stored, and can be reverted."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.tasks.conftest import Ask, School
from tests.tasks.stored_data import at
from workers.cli.demo import replay
from workers.cli.main import app

RUN = CliRunner()
OF = "student_id = (SELECT id FROM souschef.person WHERE ref = :ref)"


def privacy(*words: str) -> dict[str, Any]:
    result = RUN.invoke(app, ["privacy", *words, "--json"])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def likes(student: str, number: int) -> dict[str, Any]:
    feedback = {"type": "interest_feedback", "id": f"f {student} {number}", "student": student, "at": at(number)}
    return {**feedback, "topic": "sports", "direction": "more"}


@pytest.fixture
def fan(school: School, ask: Ask) -> str:
    """A student who has vetoed space and said five times to want more sports, and then answers."""
    ref = str(ask("SELECT min(ref) FROM souschef.person WHERE role = 'student'")[0][0])
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    veto = {"type": "interest_veto", "id": "v", "student": ref, "at": at(1), "topic": "space", "vetoed": True}
    school.deliver(veto, *(likes(ref, n) for n in range(1, 6)))
    school.deliver(*school.answers(ref, item, "1101", day=9))
    assert vector(ask, ref)
    return ref


def vector(ask: Ask, student: str) -> list[tuple[Any, ...]]:
    return ask("SELECT topic, interest, vetoed FROM lms.interests WHERE student_ref = :ref ORDER BY 1", ref=student)


def drawn(ask: Ask, student: str) -> list[str]:
    rows = ask("""SELECT because_interest FROM lms.assignments WHERE student_ref = :ref
                   AND state IN ('proposed', 'assigned', 'started') AND menu_position = 0 ORDER BY slot""",
               ref=student)  # fmt: skip
    return [row[0] for row in rows]


def test_off_is_at_once_keeps_nothing_new_and_on_brings_back_what_was(fan: str, school: School, ask: Ask) -> None:
    before, ((last,),) = vector(ask, fan), ask("SELECT max(number) FROM lms.assignment_changes")
    liked = drawn(ask, fan)
    assert any("sports, which is well liked" in sentence for sentence in liked)
    result = privacy("interests", fan, "off")
    assert vector(ask, fan) == []
    assert (result["published"], result["facts"]) == (0, {"interest_feedback": 5, "interest_veto": 1})
    assert result["withdrawn"] > 0
    assert len(now := drawn(ask, fan)) == len(liked)
    assert not any("liked" in sentence for sentence in now), now
    kinds = {row[0] for row in ask("SELECT kind FROM lms.assignment_changes WHERE number > :n", n=last)}
    assert "interests" in kinds
    school.deliver(likes(fan, 9))
    assert ask("SELECT state, code, payload FROM souschef.inbox ORDER BY id DESC LIMIT 1") == [
        ("dropped", "interests_off", "")
    ]
    assert ask(f"SELECT count(*) FROM souschef.fact WHERE {OF} AND kind = 'interest_feedback'", ref=fan) == [(5,)]
    loaded = RUN.invoke(app, ["load", str(replay.EXAMPLE), "--json"])
    assert json.loads(loaded.stdout)["changed"] is False
    assert vector(ask, fan) == []
    privacy("interests", fan, "on")
    assert vector(ask, fan) == before


def test_forget_deletes_what_was_kept(fan: str, ask: Ask) -> None:
    result = privacy("interests", fan, "off", "--forget")
    assert (result["forgotten"], result["facts"], result["bodies"]) == ({"facts": 6, "bodies": 6}, {}, 0)
    privacy("interests", fan, "on")
    assert vector(ask, fan) == []
    assert ask(f"SELECT count(*) > 0 FROM souschef.fact WHERE {OF}", ref=fan) == [(True,)]


def test_the_command_says_what_is_kept(fan: str) -> None:
    sentence = RUN.invoke(app, ["privacy", "interests", fan, "off"]).stdout
    assert "Stored and not used: 5 interest feedback, 1 interest veto, 6 raw events; --forget deletes them." in sentence
    assert "Interests are on" in RUN.invoke(app, ["privacy", "interests", fan, "on"]).stdout
    assert RUN.invoke(app, ["privacy", "interests", fan, "on", "--forget"]).exit_code == 2
