"""Templates of task texts: slots for numbers with their nouns, and for names.

`{n}` is a number, `{n|lap}` a number with a noun that agrees with it, `{n|child|children}` one with its own plural,
`{n?is|are}` a word that agrees with a number not shown here, `{an:n}` the article before a number (an 8-inch pan),
`{n*★}` as many marks, `{n^}` an exponent, `{d*}` the list of d1, d2, ...; `{A}`, `{B}`, `{C}` are names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from examples.numbers import Number

_SLOT = re.compile(r"\{([^{}]+)\}")
_AN = re.compile(r"\$?(8|11(?!\d)|18(?!\d)|11,|18,)|[aeio]")
_PARTS = re.compile(r"(\w+)(?:([|?*^:])(.*))?")
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class SlotError(ValueError):
    """A template asks for a quantity that its relation does not give."""

    def __init__(self, slot: str, template: str) -> None:
        super().__init__(f"no {slot!r} for {template!r}")
        self.slot = slot
        self.template = template


@dataclass(frozen=True, slots=True)
class ContextVariant:
    """One task template in one context: title, text with slots, and whether the relation is native to the context."""

    title: str
    text: str
    structural: bool


def read_variant(line: str) -> ContextVariant:
    """Read `Title | text`; a leading `*` says that the context carries the mathematics.

    Raises:
        SlotError: there is no title.
    """
    title, bar, template = line.partition(" | ")
    if not bar:
        raise SlotError("title", line)
    return ContextVariant(title.lstrip("*"), template.strip(), structural=title.startswith("*"))


def fill(template: str, quantities: Mapping[str, Number], names: Mapping[str, str]) -> str:
    """Return the text of a template.

    Raises:
        SlotError: a slot names nothing that is given.
    """
    try:
        return _SLOT.sub(lambda found: names.get(found[1]) or _slot(found[1], quantities), template)
    except KeyError as error:
        raise SlotError(str(error), template) from error


def _slot(body: str, quantities: Mapping[str, Number]) -> str:
    if body == "d*":
        return ", ".join(quantities[name].shown for name in sorted(quantities) if name[1:].isdigit())
    found = _PARTS.fullmatch(body)
    if not found:
        raise KeyError(body)
    name, kind, rest = (part or "" for part in found.groups())
    number = quantities[rest if kind == ":" else name]
    match kind:
        case "^":
            return number.shown.translate(_SUPERSCRIPT)
        case "*":
            return " ".join([rest] * int(number.value))
        case ":":
            return "an" if _AN.match(number.shown) else "a"
        case "?":
            return agree(number, rest)
        case _:
            return f"{number.shown} {agree(number, rest)}" if rest else number.shown


def agree(number: Number, noun: str) -> str:
    """Return `singular|plural` or a regular noun in the form that its number asks for."""
    one, bar, many = noun.partition("|")
    if number.singular:
        return one
    return many if bar else plural(one)


def plural(noun: str) -> str:
    """Return the regular plural of a noun, or of the last word of several."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(s|x|z|ch|sh)$", noun) else "s")


def slots(template: str) -> set[str]:
    """Return the names of the numbers and people that a template asks for."""
    return {re.split(r"[|?*^]", body.removeprefix("an:"))[0] for body in _SLOT.findall(template)}
