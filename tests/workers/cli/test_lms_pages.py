"""The pages for those who connect an LMS say what the code does."""

import re
from pathlib import Path

import pytest

from lms import formats

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "docs" / "lms").glob("*.md"))
INDEX = (ROOT / "docs" / "lms" / "README.md").read_text()
SENDERS = [page for page in PAGES if page.name != "README.md"]
PARTS = ["What to configure", "What arrives", "What cannot work, and why", "How a student gets to see the assignment"]


def anchors(text: str) -> set[str]:
    """Return the anchors that a page's headings make."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", SENDERS, ids=lambda page: page.stem)
def test_a_page_has_its_four_parts_and_stands_in_the_index(page: Path) -> None:
    assert re.findall(r"^## (.+)$", page.read_text(), flags=re.MULTILINE) == PARTS
    assert f"({page.name})" in INDEX


def test_the_index_names_the_doors_of_the_formats() -> None:
    rows = re.findall(r"^\| \[.+?\]\((\w[\w-]+\.md)\) \| `(\w+)` \| `(/[\w/]+)` \|", INDEX, flags=re.MULTILINE)
    assert [name for name, _, _ in rows] != []
    assert {name for name, _, _ in rows} == {page.name for page in SENDERS}
    for _, name, door in rows:
        assert formats.format_named(name).door == door


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_format_and_link_on_a_page_is_there(page: Path) -> None:
    text = page.read_text()
    names = set(re.findall(r"--format ([a-z]+)\b", text))
    assert names <= set(formats.FORMATS)
    for target in re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", text):
        assert not target or (page.parent / target).is_file(), target
    for target, anchor in re.findall(r"\]\(([^)#]*)#([^)]*)\)", text):
        assert anchor in anchors((page.parent / (target or page.name)).read_text()), anchor
    for path in re.findall(r"`(examples/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
