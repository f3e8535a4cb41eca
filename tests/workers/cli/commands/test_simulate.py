"""`souschef simulate` prints what it ran and judges the gates."""

import json
from pathlib import Path

import pytest

from workers.cli.main import main

SMALL = ["simulate", "--quick", "--seeds", "2", "--students", "4", "--days", "6", "--jobs", "1", "--world", "null"]


def test_it_prints_gates_and_policies_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*SMALL, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["plan"] == {"name": "quick", "seeds": 2, "students": 4, "days": 6}
    assert set(document["policies"]) == {"own", "own_skill_only"}
    gate = document["gates"]["loses_little_null"]
    assert set(gate) == {"pass", "figure", "interval", "says"}
    assert ended.value.code == (0 if gate["pass"] else 1)


def test_an_unknown_world_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--world", "atlantis"])
    assert ended.value.code == 2
    assert "atlantis" in capsys.readouterr().err


@pytest.mark.full
def test_a_run_goes_on_where_it_stopped(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What is kept is not run again, a torn last line is, and another version's outcomes are not believed."""
    outcomes = tmp_path / "outcomes.jsonl"

    def document() -> str:
        with pytest.raises(SystemExit):
            main([*SMALL, "--json", "--keep", str(outcomes)])
        return capsys.readouterr().out

    whole = document()
    lines = outcomes.read_text().splitlines()
    assert len(lines) == 4
    assert document() == whole
    assert outcomes.read_text().splitlines() == lines
    foreign = json.loads(lines[0])
    foreign["code"], foreign["outcome"]["net"] = "another", 99.0
    outcomes.write_text("\n".join([json.dumps(foreign), *lines[1:3], lines[3][:40]]))
    assert document() == whole
    assert len(outcomes.read_text().splitlines()) == 6
