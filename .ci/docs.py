"""Build the site of docs/ with Zensical, strictly: `make docs` writes it to the folder `site`.

The pages are the same that the repository shows and that tests run. A link that leads out of docs/, to a file of the
repository, is given that file's page where the site has one, and its plain name where it has none.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BUILD = ROOT / ".docs"
"""The pages as Zensical reads them."""
SITE = ROOT / "site"
BESIDE = {
    name: f"about/{name.lower()}"
    for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "deploy/README.md")
} | {"deploy/README.md": "deploy.md", "README.md": "about/readme.md"}
"""Pages outside of docs/ that the site has too, and where."""
LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^)\s]+)\)")


def page(source: Path, place: Path) -> str:
    """Return a page's text with its links as they are on the site; `place` is its path below the site's root."""

    def changed(match: re.Match[str]) -> str:
        target, _, anchor = match["target"].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        found = (source.parent / target).resolve()
        if found.is_dir() and (found / "README.md").exists():
            found = found / "README.md"
        if found.is_relative_to(DOCS) and found.is_file():
            there = found.relative_to(DOCS)
        elif (name := str(found.relative_to(ROOT))) in BESIDE:
            there = Path(BESIDE[name])
        else:
            return match["text"].strip("![]")  # a folder or a file of the repository alone
        up = "../" * (len(place.parts) - 1)
        return f"{match['text']}({up}{there}{'#' + anchor if anchor else ''})"

    return LINK.sub(changed, source.read_text())


GROUPS = {
    "000": "Events",
    "001": "Processes",
    "002": "What is believed",
    "003": "Interests",
    "004": "What is decided",
    "005": "Running it, releases",
    "006": "The database, and speed",
    "007": "Loading, teachers, limits",
    "008": "Schools and senders",
    "009": "Pages",
}
"""What the first three digits of a decision's number say; a new group is listed by its digits."""


SUPERSEDED = re.compile(r"^\*(?P<how>Superseded(?: in part)?) by \[(?P<by>\d{4})\]", flags=re.MULTILINE)
"""Below the title of a decision, of which a later one says `*Supersedes [NNNN]` or `*Supersedes part of [NNNN]`."""


def decisions_index() -> str:
    """Return the index of the decision pages, by group, with the first line of each."""
    lines = [
        "# Decisions",
        "",
        "Why it is so: a page for each choice that a newcomer would question. Numbers group them by subject.",
        "A page that a later one supersedes says so, and the later one says which.",
        "`make reference` writes this list.",
    ]
    group = ""
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        if path.name[:3] != group:
            group = path.name[:3]
            lines += ["", f"## {GROUPS.get(group, group)}", ""]
        text = path.read_text()
        title = text.partition("\n")[0].removeprefix("# ").removeprefix(path.name[:4]).strip()
        later = SUPERSEDED.search(text)
        note = f" ({later['how'].lower()} by {later['by']})" if later else ""
        lines.append(f"- [{path.name[:4]}]({path.name}) {title}{note}")
    return "\n".join(lines) + "\n"


def stage() -> None:
    """Write all pages into the folder that Zensical reads."""
    shutil.rmtree(BUILD, ignore_errors=True)
    places = {source: source.relative_to(DOCS) for source in DOCS.rglob("*") if source.is_file()}
    places |= {ROOT / name: Path(place) for name, place in BESIDE.items()}
    for source, place in places.items():
        target = BUILD / "docs" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(page(source, place))
        else:
            shutil.copy(source, target)
    (BUILD / "docs" / "decisions" / "README.md").write_text(decisions_index())
    shutil.copy(ROOT / "zensical.toml", BUILD / "zensical.toml")


def build() -> None:
    """Build the site; a link that leads nowhere ends it with 1."""
    stage()
    program = Path(sys.executable).parent / "zensical"
    ran = subprocess.run(  # noqa: S603 - the program of our own environment
        [program, "build", "--strict", "--clean"], cwd=BUILD, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout + ran.stderr)
        sys.exit("souschef: The site was not built.\n" + plain.partition("Traceback")[0])
    shutil.rmtree(SITE, ignore_errors=True)
    (BUILD / "site").rename(SITE)
    shutil.rmtree(BUILD)


if __name__ == "__main__":
    (DOCS / "decisions" / "README.md").write_text(decisions_index())
    if sys.argv[1:] == ["--index"]:
        sys.exit()
    build()
    print(f"{SITE}/index.html: {len(list(SITE.rglob('*.html')))} pages")
