"""The index lists every page, no link leads nowhere, and the glossary defines every standard word."""

import re
from pathlib import Path

import pytest

from workers.cli.main import ALIASES
from workers.cli.views import commands_page, events_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
STANDARD = """skill, prerequisite, item, alignment, Q-matrix; attempt, response, opportunity; mastery, mastery
target, skill gap; topic, interest vector, confidence, veto, half-life; material, context,
candidate, selection, assignment, menu, reason, price of interest, teacher override; event, payload,
source, source id, fact; inbox, claim, notify, lease, sweep, retry, quarantine, reprocess,
watermark; API, worker, scheduler"""
"""One word a thing: what code, columns, logs and pages call it."""


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the hosting platform makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path, text: str) -> list[str]:
    """Return the links of a page that lead to no file, or to no heading of it."""
    found = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            found.append(link)
    return found


def test_the_page_of_commands_is_made_from_them() -> None:
    assert (DOCS / "commands.md").read_text() == commands_page.page(), "make reference writes it again"


def test_the_page_of_events_is_made_from_the_table_of_their_fields() -> None:
    assert (DOCS / "events.md").read_text() == events_page.page(), "make reference writes it again"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    assert broken(page, page.read_text()) == []


def test_a_link_that_leads_nowhere_would_be_found() -> None:
    text = "[a](gone.md) [b](install.md#gone) [c](install.md#requirements) [d](https://example.org)"
    assert broken(DOCS / "README.md", text) == ["gone.md", "install.md#gone"]


def linked_from(page: Path) -> set[Path]:
    """Return the files and folders of this repository that a page links to."""
    return {(page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(page.read_text())}


def test_the_index_lists_every_page() -> None:
    """A folder is listed as one, or by an index of its own."""
    linked = linked_from(DOCS / "README.md") | linked_from(DOCS / "results" / "README.md")
    linked |= linked_from(DOCS / "lms" / "README.md")
    assert [page for page in DOCS.rglob("*.md") if page not in linked and page.parent not in linked] == [
        DOCS / "README.md"
    ]


def test_the_glossary_defines_every_standard_word_once() -> None:
    defined = re.findall(r"^\| \*\*(.+?)\*\* \| .+\. \| .+ \|$", (DOCS / "glossary.md").read_text(), flags=re.MULTILINE)
    assert len(set(defined)) == len(defined)
    assert {" ".join(word.split()) for word in re.split(r"[,;]", STANDARD)} - set(defined) == set()


PLANNED: set[str] = set()
"""Files that CONTRIBUTING names and that are not there yet."""


def paths_in(page: Path) -> set[str]:
    """Return the paths that a page writes as code: with a slash, from the root of the repository."""
    return set(re.findall(r"`([\w.-]+/[\w./*-]*)`", page.read_text()))


def test_the_architecture_names_files_that_are_there() -> None:
    paths = paths_in(DOCS / "architecture.md")
    assert len(paths) > 90
    assert {path for path in paths if not list(ROOT.glob(path))} == set()


def test_the_page_of_names_has_every_old_command() -> None:
    page = (DOCS / "names.md").read_text()
    rows = re.findall(r"^\| `souschef ([a-z-]+)` \| `souschef ([a-z-]+)` \|", page, flags=re.MULTILINE)
    assert dict(rows) == ALIASES


def test_contributing_names_files_that_are_there() -> None:
    """Those to be written have a placeholder for a name."""
    paths = paths_in(ROOT / "CONTRIBUTING.md")
    real = {path for path in paths if not re.search(r"your|NNNN", path)}
    assert len(real) > 20
    assert {path for path in real if not list(ROOT.glob(path))} == PLANNED
