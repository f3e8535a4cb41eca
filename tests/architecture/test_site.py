"""The site is built from the tested pages, strictly, and has every page; no page is linked from nowhere."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.programs import load_program

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NAV = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
docs = load_program("docs")


def in_the_navigation() -> list[str]:
    return [page for section in NAV for pages in section.values() for page in pages]


def reachable() -> set[Path]:
    """Return the pages that somebody reaches from the navigation and the README, link by link."""
    beside = {place: ROOT / name for name, place in docs.BESIDE.items()}
    waiting = [ROOT / "README.md", *(beside.get(page, DOCS / page) for page in in_the_navigation())]
    found: set[Path] = set()
    while waiting:
        page = waiting.pop()
        if page in found or page.suffix != ".md":
            continue
        found.add(page)
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            target = (page.parent / link).resolve() if ":" not in link else page
            target = target / "README.md" if target.is_dir() else target
            waiting += [target] if target.exists() else []
    return found


def test_no_page_is_linked_from_nowhere() -> None:
    """A decision page that is newer than the list of decisions is on the site's own list."""
    assert {page for page in DOCS.rglob("*.md") if page.parent.name != "decisions"} - reachable() == set()


def test_the_navigation_names_pages_that_exist_once() -> None:
    pages = in_the_navigation()
    assert len(set(pages)) == len(pages)
    assert {page for page in pages if not (DOCS / page).exists()} == set(docs.BESIDE.values()) & set(pages)


def test_the_list_of_decisions_says_what_the_pages_say() -> None:
    entries = re.findall(r"^- .+$", (DOCS / "decisions" / "README.md").read_text(), flags=re.MULTILINE)
    assert entries
    assert set(entries) <= set(docs.decisions_index().splitlines()), "make reference"


def test_a_decision_that_a_later_one_supersedes_says_so_and_the_later_one_too() -> None:
    """Both links lead to the page of the number that they show."""
    mark = re.compile(
        r"^\*(?:(Superseded(?: in part)? by)|Supersedes(?: part of)?) \[(\d{4})\]\((\S+\.md)\)", flags=re.MULTILINE
    )
    pages = {page.name: page.read_text() for page in (DOCS / "decisions").glob("[0-9]*.md")}
    found = [(name, *marked) for name, text in pages.items() for marked in mark.findall(text)]
    assert [each for each in found if each[3] not in pages or not each[3].startswith(each[2])] == []
    earlier = {(name, other) for name, is_earlier, _, other in found if is_earlier}
    assert earlier
    assert earlier == {(other, name) for name, is_earlier, _, other in found if not is_earlier}
    assert all(before < after for before, after in earlier)
    wordings = re.compile(r"^(?!\*Supersede).*\bsupersede", flags=re.IGNORECASE | re.MULTILINE)
    assert [name for name, text in pages.items() if wordings.search(text)] == [], "say it below the title"


def test_pages_that_are_run_write_nothing_into_the_project_s_folder() -> None:
    """Logs, credentials and answers go elsewhere; dumps to `backups/`, which git ignores."""
    for page in DOCS.glob("*.md"):
        for block in re.findall(r"^```sh\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL):
            for target in re.findall(r"(?<![-=|<>])\d?>>? *([^\s&;|)]+)", re.sub(r"'[^']*'", "", block)):
                allowed = ("~/", "/dev/null", "/tmp/", "backups/", '"backups/', ".env")  # noqa: S108 - words of pages
                assert target.startswith(allowed), f"{page.name}: {target}"


@pytest.mark.full
def test_the_site_is_built_and_a_broken_link_would_stop_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "BUILD", tmp_path / "build")
    monkeypatch.setattr(docs, "SITE", tmp_path / "site")
    docs.build()
    pages = {str(path.relative_to(tmp_path / "site")) for path in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "tutorial/index.html", "concepts/index.html", "deploy/index.html"} <= pages
    assert len(pages) > len(list(DOCS.rglob("*.md")))
    home = (tmp_path / "site" / "teachers" / "index.html").read_text()
    assert 'images/page-class.png"' in home
    assert (tmp_path / "site" / "images" / "page-class.png").exists()
    assert "fonts.googleapis" not in home, "nothing is fetched from anybody else"
    monkeypatch.setattr(docs, "page", lambda source, _: source.read_text() + "\n[gone](gone.md)\n")
    with pytest.raises(SystemExit, match="The site was not built"):
        docs.build()


def test_pages_that_are_run_name_a_port_once() -> None:
    """Who has another port changes one line, and not every command."""
    for page in DOCS.glob("*.md"):
        blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        lines = [
            line for block in blocks for line in block.splitlines() if re.search(r"127\.0\.0\.1:(8484|5555)", line)
        ]
        assert [line for line in lines if not re.match(r"(api|flower)=http://", line)] == [], page.name
        assert len(set(lines)) == len(lines), page.name
