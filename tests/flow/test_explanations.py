"""Twenty explanations of the example school: the committed page is the one that comes out, and it keeps its laws."""

import re
from pathlib import Path

import pytest

from learning.selection.reading import reading_grade
from workers import explanations
from workers.explained_page import MOST

PAGE = Path(__file__).parents[2] / "docs" / "explanations.md"
HARDEST = 8.0
pytestmark = pytest.mark.timeout(240)


def sentences(page: str) -> list[str]:
    """The pairs of sentences on a page."""
    return [line.removeprefix("> ") for line in page.splitlines() if line.startswith("> ")]


def faults(page: str) -> set[str]:
    """Return which laws a page breaks."""
    broken = set()
    told = sentences(page)
    if len(told) != MOST or len(set(told)) != MOST:
        broken.add("twenty")
    if page.count("- Mastery of ") != MOST or page.count("- Answers") != MOST:
        broken.add("evidence")
    if "%" in page or "percent" in page:
        broken.add("percent")
    # 5.NF.A.1, H6, neutral_unsure, None, {braces}: names of the code, of the curriculum, of the database.
    if re.search(r"\b\w+_\w+\b|[{}]|\bNone\b|\b[A-Z]+\d+\b|\d\.[A-Z]+\.", page):
        broken.add("code names")
    if any(reading_grade(each) > HARDEST for each in told):
        broken.add("grade")
    if not all(len(re.findall(r"[.](?:\s|$)", each)) == len(("gap", "interest")) for each in told):
        broken.add("two sentences")
    return broken


def test_the_page_comes_out_of_the_example_school_as_it_stands(database: str) -> None:
    """Mend it with `make explanations`."""
    assert database
    assert explanations.written() == PAGE.read_text(encoding="utf-8")


def test_the_page_keeps_its_laws() -> None:
    assert faults(PAGE.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        ("twenty", "> ", ""),
        ("evidence", "- Answers", "- Replies"),
        ("percent", "It is about", "It is 80% about"),
        ("code names", "It is about", "By neutral_unsure it is about"),
        ("code names", "dividing large numbers", "4.NBT.B.6"),
        ("grade", "answers", "demonstrated responsibilities notwithstanding individualized misunderstandings"),
        ("two sentences", "right. It", "right, and it"),
    ],
)
def test_each_fault_on_the_page_is_caught(law: str, old: str, new: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert old in page
    assert law in faults(page.replace(old, new))
