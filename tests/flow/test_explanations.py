"""Twenty explanations of the example school: the committed page is the one that comes out, and it keeps its laws."""

import re
from pathlib import Path

import pytest

from learning.text.readability import reading_grade
from workers.cli.views import explanations
from workers.cli.views.explanations import MAX_EXPLANATIONS

PAGE = Path(__file__).parents[2] / "docs" / "explanations.md"
HARDEST = 8.0
pytestmark = pytest.mark.timeout(240)


def sentences(page: str) -> list[str]:
    """The pairs of sentences on a page."""
    return [line.removeprefix("> ") for line in page.splitlines() if line.startswith("> ")]


def faults(page: str) -> set[str]:
    """Return which laws a page breaks."""
    broken = set()
    texts = sentences(page)
    if len(texts) != MAX_EXPLANATIONS or len(set(texts)) != MAX_EXPLANATIONS:
        broken.add("twenty")
    if page.count("- Mastery of ") != MAX_EXPLANATIONS or page.count("- Answers") != MAX_EXPLANATIONS:
        broken.add("evidence")
    if "%" in page or "percent" in page:
        broken.add("percent")
    # 5.NF.A.1, H6, neutral_unsure, None, {braces}: names of the code, of the curriculum, of the database.
    if re.search(r"\b\w+_\w+\b|[{}]|\bNone\b|\b[A-Z]+\d+\b|\d\.[A-Z]+\.", page):
        broken.add("code names")
    if any(reading_grade(each) > HARDEST for each in texts):
        broken.add("grade")
    if not all(
        len(re.findall(r"[.](?:\s|$)", each)) in (len(("gap", "interest")), len(("gap", "rests", "interest")))
        for each in texts
    ):
        broken.add("sentences")
    return broken


@pytest.mark.full
def test_the_page_comes_out_of_the_example_school_as_it_stands(database_url: str) -> None:
    """Fix it with `make explanations`."""
    assert database_url
    assert explanations.example_page() == PAGE.read_text(encoding="utf-8")


def test_the_page_keeps_its_laws() -> None:
    assert faults(PAGE.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        ("twenty", "> ", ""),
        ("evidence", "- Answers", "- Replies"),
        ("percent", "It is about", "It is 80% about"),
        ("code names", "It is about", "By neutral_unsure it is about"),
        ("code names", "adding fractions with unlike denominators", "4.NBT.B.6"),
        ("grade", "answers", "demonstrated responsibilities notwithstanding individualized misunderstandings"),
        ("sentences", "right. It", "right, and it"),
    ],
)
def test_each_fault_on_the_page_is_caught(law: str, old: str, new: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert old in page
    assert law in faults(page.replace(old, new))
