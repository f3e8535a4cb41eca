"""Bring the catalogues of the pages up to date: every sentence of the code and the templates, in every language.

`python .ci/messages.py` adds what is new, without a translation, drops what is gone, and ends with 1 where a
translation is missing. The catalogues stand in `web/locales`, and are read from there at run time.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
LOCALES = ROOT / "web" / "locales"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}}
KEYWORDS = {"_": None, "N_": None, "text": None, "plural": (1, 2), "ngettext": (1, 2), "gettext": None}


def extracted() -> Catalog:
    """Return every sentence of ours."""
    found = Catalog(project="Souschef", charset="utf-8")
    for _, _, message, _, _ in extract_from_dir(str(ROOT / "web"), METHODS, OPTIONS, KEYWORDS):
        found.add(message)
    return found


def catalogue(tag: str) -> Catalog:
    """Return a language's catalogue."""
    with (LOCALES / f"{tag}.po").open("rb") as file:
        return read_po(file, locale=tag, abort_invalid=True)


def main() -> int:
    """Update every catalogue; return how many sentences lack a translation."""
    missing = 0
    for path in sorted(LOCALES.glob("*.po")):
        before = catalogue(path.stem)
        before.update(extracted(), no_fuzzy_matching=True)
        before.obsolete.clear()
        lacking = [message for message in before if message.id and not _is_translated(message.string)]
        print(f"{path.stem}: {len(before)} sentences, {len(lacking)} without a translation")
        missing += len(lacking)
        with path.open("wb") as file:
            write_po(file, before, sort_output=True, omit_header=False, no_location=True, width=120)
    return missing


def _is_translated(translation: object) -> bool:
    return all(translation) if isinstance(translation, tuple | list) else bool(translation)


if __name__ == "__main__":
    sys.exit(min(1, main()))
