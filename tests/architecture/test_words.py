"""No file uses a retired word: `retired_words.toml` lists them, what to write instead, and the few places that may.

Words are found inside names too: `DoorBell` is two words, `told_apart` as well. Of Python, every name that a file gives
to something is checked: a function, class, argument, variable, attribute, or the file itself.
"""

import ast
import fnmatch
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
LIST = ROOT / "tests" / "architecture" / "retired_words.toml"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Finding(NamedTuple):
    """A retired word in a file; `instead` says what to write."""

    path: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}: write {self.instead}"


@dataclass(frozen=True)
class Exemption:
    """Files that may use some of the words, and why."""

    paths: tuple[str, ...]
    words: frozenset[str]

    def allows(self, finding: Finding) -> bool:
        """Whether it allows this finding; "*" stands for every word."""
        covered = any(fnmatch.fnmatch(finding.path, path) for path in self.paths)
        return covered and bool(self.words & {finding.word, "*"})


RULES: dict[str, Any] = tomllib.loads(LIST.read_text())
ANYWHERE: dict[str, str] = RULES["anywhere"]
MAYBE = re.compile("|".join(ANYWHERE), flags=re.IGNORECASE)
"""What most lines lack, so that they need not be taken apart."""
IDENTIFIERS: dict[str, str] = RULES["identifiers"]
MAYBE_NAME = re.compile(rf"\b_*(?:{'|'.join(IDENTIFIERS)})_*\b", flags=re.IGNORECASE)
"""What a file lacks that need not be parsed."""
PENDING: list[str] = RULES["pending"]
EXEMPTIONS = [Exemption(tuple(entry["paths"]), frozenset(entry["words"])) for entry in RULES["exempt"]]


def in_text(path: str, text: str) -> Iterator[Finding]:
    """Find the words that are retired everywhere, in a file's name (line 0) and in its text."""
    for number, line in enumerate([path, *text.splitlines()]):
        if not MAYBE.search(line):
            continue
        for word in (found.lower() for found in WORD.findall(line)):
            if word in ANYWHERE:
                yield Finding(path, number, word, ANYWHERE[word])


def bound_names(node: ast.AST) -> list[str]:
    """Return the names that a node of Python's syntax gives to something; a use of another's name is none."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.arg(arg=name):
            return [name]
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return [name]
        case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
            return [name]
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            return [name]
        case _:
            return []


def in_names(path: str, text: str) -> Iterator[Finding]:
    """Find the words that are retired as identifiers: as a whole name, whatever its underscores and capitals."""
    module = (0, Path(path).stem)
    nodes = ast.walk(ast.parse(text)) if MAYBE_NAME.search(text) else ()
    inside = ((getattr(node, "lineno", 1), name) for node in nodes for name in bound_names(node))
    for line, name in (module, *inside):
        word = name.strip("_").lower()
        if word in IDENTIFIERS and word not in ANYWHERE:
            yield Finding(path, line, word, IDENTIFIERS[word])


def texts() -> Iterator[tuple[str, str]]:
    """Yield path and text of every file that git tracks or would take; what is not text is passed over."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for path in ran.stdout.splitlines():
        file = ROOT / path
        if not file.is_file() or file.is_symlink() or b"\0" in (content := file.read_bytes()):
            continue
        yield path, content.decode(errors="replace")


def all_findings(path: str, text: str) -> list[Finding]:
    """Return what is found in a file, exempt or not."""
    return [*in_text(path, text), *(in_names(path, text) if path.endswith(".py") else ())]


@pytest.fixture(scope="module")
def found() -> list[Finding]:
    return [finding for path, text in texts() for finding in all_findings(path, text)]


@pytest.fixture(scope="module")
def refused(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if not any(exemption.allows(finding) for exemption in EXEMPTIONS)]


def pending(path: str) -> set[str]:
    """Return the entry of `pending` that a file falls under: itself, or its folder (without the folders below)."""
    return {path, str(Path(path).parent) + "/"} & set(PENDING)


def test_no_file_uses_a_retired_word(refused: list[Finding]) -> None:
    outside = [str(finding) for finding in refused if not pending(finding.path)]
    assert not outside, "\n".join(outside[:50])


def test_what_is_pending_is_not_clean_yet(refused: list[Finding]) -> None:
    """A folder that has been cleaned leaves the list, so that it stays clean."""
    dirty = {entry for finding in refused for entry in pending(finding.path)}
    assert set(PENDING) - dirty == set(), "clean now: remove from `pending` in retired_words.toml"
    assert sorted(set(PENDING)) == PENDING


def test_every_exemption_is_still_needed(found: list[Finding]) -> None:
    for exemption in EXEMPTIONS:
        for path in exemption.paths:
            alone = Exemption((path,), exemption.words)
            assert any(alone.allows(finding) for finding in found), f"nothing to allow in {path}"


def test_every_exemption_says_why() -> None:
    assert all(entry["reason"].strip() for entry in RULES["exempt"])


def test_a_retired_word_is_found_in_prose_and_inside_names_and_not_inside_other_words() -> None:
    """The mutants; beside them words that only contain a retired one."""
    text = "It is told.\nclass DoorBell: ...\nnot_told_yet = 1\namend, Mendes, bellow, kitchenette, TOLD\n"
    assert [(each.line, each.word) for each in in_text("a.txt", text)] == [
        (1, "told"),
        (2, "bell"),
        (3, "told"),
        (4, "told"),
    ]
    assert [each.word for each in in_text("tests/kitchen.py", "")] == ["kitchen"]


def test_a_participle_is_found_where_something_is_called_so_and_not_in_prose_or_another_librarys_name() -> None:
    code = '''"""What is known and kept."""
from hypothesis import given
import json as held
class Standing: ...
def named(known, *, kept=1):
    _said = known.chosen
    self.given = [listed for listed in kept]
    match kept:
        case {"chosen": chosen}: pass
'''
    found = [each.word for each in in_names("models/concerned.py", code)]
    expected = ["chosen", "concerned", "given", "held", "kept", "known", "listed", "named", "said", "standing"]
    assert sorted(found) == expected
