"""The page on security: every test that it names exists, and every threat names one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")


def missing(page: str) -> list[str]:
    """Return the tests of a page that are not there."""
    found = []
    for file, name in TEST.findall(page):
        path = ROOT / file
        if not path.is_file() or (name and f"def {name}(" not in path.read_text()):
            found.append(f"{file}::{name}")
    return found


def test_every_test_that_the_page_names_exists() -> None:
    assert len(TEST.findall(PAGE)) > 40
    assert missing(PAGE) == []


def test_a_test_that_was_renamed_would_be_missed() -> None:
    """The mutants: a name that no file has, and a file that is none."""
    assert missing("`tests/web/test_formats.py::test_gone` and `tests/web/gone.py`") == [
        "tests/web/test_formats.py::test_gone",
        "tests/web/gone.py::",
    ]


def test_every_threat_names_the_test_that_shows_what_stops_it() -> None:
    threats = PAGE[PAGE.index("## Threats") : PAGE.index("## What this does not")]
    rows = [line for line in threats.splitlines() if line.startswith("| ") and not line.startswith("| threat |")]
    assert len(rows) > 25
    assert [row for row in rows if not TEST.search(row)] == []
