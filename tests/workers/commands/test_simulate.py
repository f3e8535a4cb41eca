"""`souschef simulate` prints what it ran and judges the gates."""

import json

import pytest

from workers.command_line import main

SMALL = ["simulate", "--quick", "--seeds", "2", "--students", "4", "--days", "6", "--jobs", "1", "--world", "null"]


def test_it_prints_gates_and_policies_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*SMALL, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["plan"] == {"name": "quick", "seeds": 2, "students": 4, "days": 6}
    assert set(told["policies"]) == {"own", "own_skill_only"}
    gate = told["gates"]["loses_little_null"]
    assert set(gate) == {"pass", "figure", "interval", "says"}
    assert ended.value.code == (0 if gate["pass"] else 1)


def test_an_unknown_world_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--world", "atlantis"])
    assert ended.value.code == 2
    assert "atlantis" in capsys.readouterr().err
