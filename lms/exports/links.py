"""A list of links: a table, bookmarks of a browser, or text with an address in each line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from lms.exports.imported import ExportError, Imported
from lms.exports.materials import Link
from lms.files.bundle import Bundle
from lms.files.column_map import ColumnMap
from lms.files.csv_dialect import decode
from lms.files.csv_reader import csv_rows
from lms.files.problem import SourceLocation
from lms.files.sheets import WorkbookError, is_workbook, sheets

MAX_BYTES = 20 * 1024 * 1024
_NAMES = {
    "title": "title|name|activity|activity name|resource|titel|bezeichnung|nombre|título|titre|aktivität",
    "url": "url|link|address|href|adresse|enlace|lien|web address",
    "cmid": "cmid|course module id|moduleid|module id|activity id",
    "kind": "type|kind|module|modulename|activity type|typ|tipo",
    "category": "section|category|topic|unit|folder|abschnitt|thema|sección|unidad|thème|week",
    "skills": "skills|skill|standard|standards|code",
    "minutes": "minutes|duration|time|minuten|minutos",
    "language": "language|lang|sprache|idioma|langue",
}
COLUMNS = {name: ours for ours, names in _NAMES.items() for name in names.split("|")}
_MARKDOWN = re.compile(r"\[([^\]]+)\]\((\S+?)\)")
_PLAIN = re.compile(r"https?://\S+")


def links(
    file: str, body: bytes, found: Imported, *, home: str | None = None, encoding: str | None = None
) -> list[Link]:
    """Return the links of a list.

    Args:
        file: its name, for problems.
        body: a CSV or a workbook with a column of addresses, bookmarks (HTML), or text.
        found: where what is left out is noted.
        home: the address of a Moodle, for a table with numbers of activities (cmid) instead of addresses.
        encoding: how a file that is not UTF-8 is saved.

    Raises:
        ExportError: it has no link.
    """
    if len(body) > MAX_BYTES:
        raise ExportError(file, f"it has {len(body) / 2**20:,.0f} MiB; {MAX_BYTES // 2**20} are read", "Split it.")
    read = list(_links(file, body, found, home=home, encoding=encoding))
    if not read and not found.problems:
        raise ExportError(file, "it has no link", "Write one address in each line, or a table with title and url.")
    return read


def _links(file: str, body: bytes, found: Imported, *, home: str | None, encoding: str | None) -> Iterator[Link]:
    bundle = Bundle(
        encoding=encoding, columns=ColumnMap({("", name): ours for name, ours in COLUMNS.items()}, lenient=True)
    )
    if is_workbook(file):
        try:
            bundle.sheets[file] = sheets(body)[0]
        except (WorkbookError, IndexError) as error:
            wrong, hint = getattr(error, "wrong", "it has no visible sheet"), getattr(error, "hint", "Show one.")
            raise ExportError(file, wrong, hint) from None
        yield from _table(file, body, bundle, found, home=home)
        return
    text = decode(file, body, bundle)
    found.take_problems(bundle)
    first = (text or "").lstrip().partition("\n")[0].casefold()
    if first.startswith(("<!doctype", "<html", "<dl", "<meta", "<!--")):
        yield from _bookmarks(file, text or "")
    elif "://" not in first and {"url", "cmid"} & {
        COLUMNS.get(cell.strip(' "')) for cell in re.split(r"[,;\t]", first)
    }:
        yield from _table(file, body, bundle, found, home=home)
    else:
        yield from _lines(file, text or "", found)


def _table(file: str, body: bytes, bundle: Bundle, found: Imported, *, home: str | None) -> Iterator[Link]:
    for row in csv_rows(file, body, bundle, needs=(), owner=lambda _: (), ragged=True):
        cells = {name: cell.strip() for name, cell in row.cells.items()}
        url, kind = cells.get("url", ""), cells.get("kind", "").casefold()
        if not url and cells.get("cmid") and home:
            url = f"{home.rstrip('/')}/mod/{kind or 'page'}/view.php?id={cells['cmid']}"
        if not url:
            hint = "Fill it in." if "cmid" not in cells else "Say where the Moodle is: --home https://moodle.example."
            found.leave_out("have no address", row.at, "the row has no address", hint)
            continue
        title, category = cells.get("title") or _title_of(url), cells.get("category", "")
        yield Link(
            title,
            url,
            row.at,
            (category,) if category else (),
            kind,
            skills=cells.get("skills", ""),
            minutes=cells.get("minutes", ""),
            language=cells.get("language", ""),
        )
    found.take_problems(bundle)


def _lines(file: str, text: str, found: Imported) -> Iterator[Link]:
    heading = ""
    for number, line in enumerate(text.splitlines(), start=1):
        at = SourceLocation(file, number)
        category = (heading,) if heading else ()
        marked = _MARKDOWN.findall(line)
        plain = _PLAIN.search(line)
        if marked:
            yield from (Link(title.strip(), url, at, category) for title, url in marked)
        elif plain:
            url = plain[0].rstrip(".,;)>\"'")
            title = re.sub(r"^[\s\-*\d.)]+|[\s:\-–—|,;<(]+$", "", line.replace(plain[0], " ").strip())
            yield Link(" ".join(title.split()) or _title_of(url), url, at, category)
        elif line.lstrip().startswith("#"):
            heading = line.strip("# ").strip()
        elif line.strip():
            found.leave_out(
                "have no address", at, f"{line.strip()[:60]!r} has no address", "Write it behind the title."
            )


class _Bookmarks(HTMLParser):
    """The links of a browser's bookmarks, each with the folder that it stands in."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file, self.found, self.folders = file, list[Link](), list[str]()
        self.url, self.text, self.heading = "", "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text = ""
        if tag == "a":
            self.url = dict(attrs).get("href") or ""
        elif tag == "dl":
            self.folders.append(self.heading)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.url:
            title = " ".join(self.text.split()) or _title_of(self.url)
            folder = tuple(each for each in self.folders[-1:] if each)
            self.found.append(Link(title, self.url, SourceLocation(self.file, self.getpos()[0]), folder))
            self.url = ""
        elif tag in {"h1", "h2", "h3"}:
            self.heading = " ".join(self.text.split())
        elif tag == "dl" and self.folders:
            self.folders.pop()


def _bookmarks(file: str, text: str) -> list[Link]:
    reader = _Bookmarks(file)
    reader.feed(text)
    reader.close()
    return reader.found


def _title_of(url: str) -> str:
    """Return a title made of an address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url[:80]
    last = unquote(parts.path.rstrip("/").rpartition("/")[2]).rpartition(".")[0] or parts.path.rpartition("/")[2]
    return re.sub(r"[-_+]+", " ", last).strip()[:80] or parts.netloc
