"""Templates of task texts: slots for numbers with their nouns, and for names.

`{n}` is a number, `{n*★}` as many marks, `{n^}` an exponent, `{d*}` the list of d1, d2, ..., `{n|lap}` a number with a noun that agrees with it, `{n|child|children}` one with its own plural,
`{n?is|are}` a word that agrees with a number not shown here, `{an:n}` the article before a number (an 8-inch pan),
`{A}`, `{B}`, `{C}` are names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from examples.numbers import Number

_SLOT = re.compile(r"\{([^{}]+)\}")
_AN = re.compile(r"\$?(8|11(?!\d)|18(?!\d)|11,|18,)|[aeio]")
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class SlotError(ValueError):
    """A template asks for a quantity that its relation does not give."""

    def __init__(self, slot: str, template: str) -> None:
        super().__init__(f"no {slot!r} for {template!r}")
        self.slot = slot
        self.template = template


@dataclass(frozen=True, slots=True)
class Dress:
    """One shape in one context: a title, a template, and whether the relation is native to the context."""

    title: str
    template: str
    structural: bool


def read_dress(line: str) -> Dress:
    """Read `Title | text`; a leading `*` says that the context carries the mathematics.

    Raises:
        SlotError: there is no title.
    """
    title, bar, template = line.partition(" | ")
    if not bar:
        raise SlotError("title", line)
    return Dress(title.lstrip("*"), template.strip(), structural=title.startswith("*"))


def fill(template: str, quantities: Mapping[str, Number], names: Mapping[str, str]) -> str:
    """Return the text of a template.

    Raises:
        SlotError: a slot names nothing that is given.
    """

    def slot(found: re.Match[str]) -> str:
        body = found[1]
        if body in names:
            return names[body]
        if body == "d*":
            return ", ".join(quantities[name].shown for name in sorted(quantities) if name[1:].isdigit())
        if body.endswith("^"):
            return _number(body[:-1], template, quantities).shown.translate(_SUPERSCRIPT)
        if "*" in body:
            name, _, mark = body.partition("*")
            return " ".join([mark] * int(_number(name, template, quantities).value))
        if body.startswith("an:"):
            return "an" if _AN.match(_number(body[3:], template, quantities).shown) else "a"
        if "?" in body:
            name, _, forms = body.partition("?")
            one, _, many = forms.partition("|")
            return one if _number(name, template, quantities).singular else many
        name, _, noun = body.partition("|")
        number = _number(name, template, quantities)
        return f"{number.shown} {agree(number, noun)}" if noun else number.shown

    return _SLOT.sub(slot, template)


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


def _number(name: str, template: str, quantities: Mapping[str, Number]) -> Number:
    if name not in quantities:
        raise SlotError(name, template)
    return quantities[name]
