"""The languages of the pages: whole sentences by catalogues in `web/locales`, dates and numbers, and who reads which.

A sentence is written in English in the code or the template and looked up by it; the catalogues (`*.po`) are read once
a process, so there is nothing to compile. `en-XA` is no language: every sentence of ours is bent and made longer in it,
which shows on a page what is not translated or does not fit.
"""

from __future__ import annotations

import datetime as dt
import gettext
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

FOLDER = Path(__file__).parents[1] / "locales"
DEFAULT = "en"
PSEUDO = "en-XA"
NAMES = {"en": "English", "de": "Deutsch", "es": "Español"}
"""The languages that a visitor can choose, each by its own name."""
BENT = str.maketrans("aceghijklnorstuwyzACDEGHIJKLNORSTUWYZ", "áçéĝĥíĵķļñóŕšţúŵýžÁÇĎÉĜĤÍĴĶĻÑÓŔŠŢÚŴÝŽ")
HOLE = re.compile(r"(%\(\w+\)[sd]|%%)")
MAX_HEADER = 300


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a sentence that is translated where it is shown."""
    return message


class Pseudo(gettext.NullTranslations):
    """Every sentence in accented letters, a third longer, between brackets; what stands in it is left alone."""

    def gettext(self, message: str) -> str:
        """Return the sentence, bent."""
        parts = [part if HOLE.fullmatch(part) else part.translate(BENT) for part in HOLE.split(message)]
        return f"[{''.join(parts)}{' ~' * max(1, len(message) // 6)}]" if message else ""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the sentence for this count, bent."""
        return self.gettext(msgid1 if n == 1 else msgid2)


@dataclass(frozen=True)
class Language:
    """One language of the pages."""

    tag: str
    """As HTML and browsers write it, such as `de`."""
    catalogue: gettext.NullTranslations
    zone: dt.tzinfo = dt.UTC
    """In which times are shown."""

    @property
    def locale(self) -> Locale:
        """Return how the language writes dates and numbers."""
        return _locale(DEFAULT if self.tag == PSEUDO else self.tag)

    def text(self, message: str, **values: object) -> str:
        """Return a sentence in this language; each `%(name)s` in it becomes the value of that name."""
        found = self.catalogue.gettext(message)
        return found % values if values else found

    def plural(self, one: str, many: str, num: int, **values: object) -> str:
        """Return a sentence for this number of things, which is `%(num)s` in it."""
        return self.catalogue.ngettext(one, many, num) % {"num": self.number(num), **values}

    def day(self, moment: dt.datetime) -> str:
        """Return a day and a time of it."""
        return _day(self.locale, self.zone, moment)

    def moment(self, moment: dt.datetime) -> str:
        """Return a day and a time of it, and that it is UTC where the school has no time zone of its own."""
        return f"{self.day(moment)} UTC" if self.zone is dt.UTC else self.day(moment)

    def date(self, moment: dt.datetime) -> str:
        """Return a day."""
        return str(format_skeleton("yMMMd", moment, tzinfo=self.zone, locale=self.locale))

    def short_date(self, day: dt.date) -> str:
        """Return a day without its year."""
        return str(format_skeleton("MMMd", dt.datetime.combine(day, dt.time(), dt.UTC), locale=self.locale))

    def percent(self, share: float) -> str:
        """Return a share as whole percent."""
        return str(format_percent(share, locale=self.locale))

    def fine_percent(self, share: float) -> str:
        """Return a share as percent with one place, for shares of a few percent."""
        return str(format_percent(round(share, 3), locale=self.locale, decimal_quantization=False))

    def iso(self, moment: dt.datetime) -> str:
        """Return a moment for a table that a program reads, in the school's time with its offset."""
        return moment.astimezone(self.zone).isoformat(timespec="seconds")

    def number(self, value: float) -> str:
        """Return a number, with at most two places."""
        return _number(self.locale, value)


@lru_cache(maxsize=8)
def _locale(tag: str) -> Locale:
    return Locale.parse(tag)


@lru_cache(maxsize=4_096)
def _day(locale: Locale, zone: dt.tzinfo, moment: dt.datetime) -> str:
    """Remember days: the rows of a page often have the same, and to write one takes as long as a row of a table."""
    parts = (format_skeleton(each, moment, tzinfo=zone, locale=locale) for each in ("MMMd", "Hm"))
    return " ".join(str(part) for part in parts)


@lru_cache(maxsize=4_096)
def _number(locale: Locale, value: float) -> str:
    return str(format_decimal(value, format="#,##0.##", locale=locale))


@lru_cache(maxsize=8)
def language(tag: str) -> Language:
    """Return a language by its tag, or English."""
    if tag == PSEUDO:
        return Language(PSEUDO, Pseudo())
    if tag not in NAMES or tag == DEFAULT:
        return Language(DEFAULT, gettext.NullTranslations())
    with (FOLDER / f"{tag}.po").open("rb") as file:
        catalogue = read_po(file, locale=tag, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(tag, gettext.GNUTranslations(compiled))


def select_language(wanted: Iterable[str | None], header: str | None, *, fallback: str | None = None) -> Language:
    """Return the first language that we have: of the settings, of the browser's header, the school's, or English."""
    for tag in (*wanted, *_accepted(header or ""), fallback):
        found = _our_tag(tag or "")
        if found is not None:
            return language(found)
    return language(DEFAULT)


def _our_tag(tag: str) -> str | None:
    if tag.lower() == PSEUDO.lower():
        return PSEUDO
    first = tag.lower().replace("_", "-").partition("-")[0]
    return first if first in NAMES else None


def _accepted(header: str) -> Iterator[str]:
    """Yield the languages of an Accept-Language header, the most wanted first; what is malformed is left out."""
    parts = [part.strip().partition(";") for part in header[:MAX_HEADER].split(",")]
    weighed = [(_weight(rest), tag.strip()) for tag, _, rest in parts]
    yield from (tag for weight, tag in sorted(weighed, key=lambda each: -each[0]) if weight > 0)


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
