"""One command line: every command has the same form of help, an example that parses, and exit codes of one table."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from config.errors import EXIT_CODES
from config.version import version
from tests.parameters import first_of
from workers.cli import help_style, main

ROOT = Path(__file__).parents[3]
LEAVES = {
    " ".join(path): command
    for name in main.COMMANDS
    for path, command in help_style.leaves(main.load_command(name), name)
}
MANY = 60


def answer(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run the command line in this process; return its code, output and errors."""
    with pytest.raises(SystemExit) as ended:
        main.main(list(words))
    out, errors = capsys.readouterr()
    return int(ended.value.code or 0), out, errors


def test_all_are_found() -> None:
    assert len(LEAVES) > MANY


@pytest.mark.parametrize("name", LEAVES)
def test_help_has_one_form(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = answer(*name.split(), "-h", capsys=capsys)
    assert (code, errors) == (0, "")
    assert out.startswith(f"Usage: souschef {name} ")
    assert "╭" not in out
    assert "-h, --help" in out
    assert re.search(r"^  Examples?:\n    \S", out, flags=re.MULTILINE), "give it an Example: in its docstring"
    codes = {int(code) for code in re.findall(r"^    (\d+) +\w", out.partition("Exit codes:")[2], flags=re.MULTILINE)}
    assert {0, 1, 2, 130} <= codes <= EXIT_CODES.keys()


@pytest.mark.parametrize("name", LEAVES)
def test_help_names_no_python_type(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = answer(*name.split(), "-h", capsys=capsys)
    assert not re.search(r"<(list\[|str|int|float)", out)
    assert not re.search(r"[{}]", out.partition("\n")[0])


@pytest.mark.parametrize("words", ["", "load", "import roster"])
def test_help_is_a_word_too(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = answer("help", *words.split(), capsys=capsys)
    assert asked == answer(*words.split(), "--help", capsys=capsys)
    assert asked[0] == 0


@pytest.mark.parametrize("name", [name for name in main.COMMANDS if hasattr(main.load_command(name), "commands")])
def test_the_help_of_a_group_cuts_no_sentence(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = answer(name, "-h", capsys=capsys)
    assert "..." not in out.partition("Commands:")[2]


@pytest.mark.parametrize("name", LEAVES)
def test_its_examples_are_commands(name: str) -> None:
    """Each names the command, and its arguments and options exist: a copy of it would run."""
    for example in help_style.text_of(LEAVES[name]).examples:
        if example.startswith("eval"):
            continue
        words = shlex.split(example.partition(" && ")[0].partition(" > ")[0])[1:]
        path = [main.ALIASES.get(words[0], words[0]), *words[1:]]
        command: Any = main.load_command(path.pop(0))
        while hasattr(command, "commands"):
            command = command.commands[path.pop(0)]
        assert command.name == LEAVES[name].name or LEAVES[name].hidden
        command.make_context(name, path)


@pytest.mark.parametrize("name", [name for name, command in LEAVES.items() if "--json" in help_style.options(command)])
def test_an_error_under_json_is_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = answer(*name.split(), "--json", "--no-such-option", capsys=capsys)
    assert (code, out) == (2, "")
    error = json.loads(errors)["error"]
    assert error["exit_code"] == 2
    assert "--no-such-option" in error["message"]


def test_an_expected_failure_under_json_is_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, errors = answer("check", str(tmp_path / "nowhere"), "--json", capsys=capsys)
    assert (code, out) == (2, "")
    assert json.loads(errors)["error"].keys() == {"message", "hint", "exit_code"}


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer("--version", capsys=capsys) == (0, f"souschef {version()}\n", "")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("staus", "status"), ("recompute-state", "recompute-states"), ("polcy", "policy"), ("source ad", "'add'")],
)
def test_a_misspelt_command_names_the_one_that_is_meant(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, errors = answer(*typed.split(), capsys=capsys)
    assert code == 2
    assert re.search(rf"Did you mean {meant}\b|Did you mean {meant}\?", errors)


@pytest.mark.parametrize(
    ("typed", "offered"), first_of([("source re", "revoke"), ("sta", "status"), ("status --j", "--json")])
)
def test_the_shell_completes_from_the_root(typed: str, offered: str) -> None:
    words = ["souschef", *typed.split()]
    environment = {"_SOUSCHEF_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words)}
    ran = subprocess.run(
        [ROOT / "bin" / "souschef"],
        env=os.environ | environment | {"COMP_CWORD": str(len(words) - 1)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert offered in ran.stdout.split(), ran.stderr


def test_the_operations_page_has_the_exit_codes() -> None:
    section = (ROOT / "docs" / "operations.md").read_text().partition("| ends with | means |")[2]
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", section.partition("\n\n")[0], flags=re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == {code: EXIT_CODES[code] for code in EXIT_CODES if code}
