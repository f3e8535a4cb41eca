"""One form of help for every command: what it does, its options, examples to copy, exit codes.

A docstring has a paragraph `Example: souschef ...` (or `Examples:`, separated by commas) and, where its codes mean
something of its own, a paragraph `Exit codes: 0 ..., 1 ...`. `config.errors.EXIT_CODES` has the codes that are shared.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from config.errors import EXIT_CODES, Exit

ALWAYS = (0, Exit.FAILED, Exit.WRONG_INPUT)
WITH_DATABASE = (Exit.DATABASE_UNREACHABLE, Exit.MIGRATIONS_MISSING)
INTERRUPTED = 130
SHARED = (*ALWAYS, *WITH_DATABASE, INTERRUPTED)
Command = Any
"""A click command, whose type Typer keeps to itself."""
_PYTHON_TYPE = re.compile(r"(?:list\[)?(str|int|float|Path|path)(?: range)?\]?")
_PLAIN_TYPES = {"str": "text", "int": "number", "float": "number", "Path": "path", "path": "path"}
_FIRST_SENTENCE = re.compile(r".+?[.:](?=\s|$)")


@dataclass(frozen=True, slots=True)
class HelpText:
    """A command's docstring, taken apart."""

    description: str
    examples: tuple[str, ...]
    exit_codes: dict[int, str]


def apply(command: Command, *, database: bool) -> None:
    """Give a command, or each command of a group, the one form of help; `database`: whether it opens the database."""
    for _, leaf in leaves(command):
        text = parse(leaf.help or "")
        leaf.souschef_help = text
        leaf.help = text.description
        leaf.short_help = first_sentence(text.description)  # as the help of a group lists it; click would cut it
        for parameter in leaf.params:
            parameter.display_type = partial(_plain_type, parameter.display_type)
            if parameter.param_type_name == "argument":
                parameter.metavar = parameter.metavar or parameter.name.upper()
                parameter.get_usage_pieces = partial(_without_braces, parameter.get_usage_pieces)
        leaf.epilog = _epilog(text, database=database)


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, or what stands before its first colon, as a sentence."""
    found = _FIRST_SENTENCE.match(text)
    return f"{found[0][:-1]}." if found else text


def _plain_type(display_type: Callable[[Any], str], ctx: Any) -> str:  # noqa: ANN401 - a click context, see above
    """Return what an option takes as a plain word, where Typer would name a Python type, such as `<list[str]>`."""
    found = display_type(ctx)
    python = _PYTHON_TYPE.fullmatch(found[1:-1])
    return f"<{_PLAIN_TYPES[python[1]]}>" if python else found


def _without_braces(usage_pieces: Callable[[Any], list[str]], ctx: Any) -> list[str]:  # noqa: ANN401 - see above
    """Return the words of an argument for the usage line, where Typer would put those that must be there in braces."""
    return [re.sub(r"[{}]", "", piece) for piece in usage_pieces(ctx)]


def text_of(command: Command) -> HelpText:
    """Return the parts of the help of a command that `apply` has seen."""
    text: HelpText = command.souschef_help
    return text


def leaves(command: Command, *path: str) -> Iterator[tuple[tuple[str, ...], Command]]:
    """Yield each command below a group with its path, in the order of the help; or the command itself."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, each in below.items():
        yield from leaves(each, *path, name)


def options(command: Command) -> set[str]:
    """Return the names of a command's options, with their hyphens."""
    return {name for parameter in command.params for name in parameter.opts if name.startswith("-")}


def parse(text: str) -> HelpText:
    """Take a docstring apart."""
    description: list[str] = []
    examples: tuple[str, ...] = ()
    codes: dict[int, str] = {}
    for paragraph in _paragraphs(inspect.cleandoc(text)):
        heading, _, rest = paragraph.partition(": ")
        match heading:
            case "Example" | "Examples":
                examples = tuple(re.split(r", (?=souschef )", rest))
            case "Exit codes" | "Exit codes, by the worst finding":
                codes = {int(code): meaning for code, meaning in (each.split(" ", 1) for each in _code_list(rest))}
            case _:
                description.append(paragraph)
    return HelpText("\n\n".join(description), examples, codes)


def _paragraphs(text: str) -> Iterator[str]:
    """Yield paragraphs, each as one line; `Example:` and `Exit codes:` begin one also without an empty line before."""
    for block in re.split(r"\n\s*\n|\n(?=Examples?: |Exit codes[:,])", text):
        yield " ".join(block.split())


def _code_list(text: str) -> list[str]:
    return re.split(r"[,;] (?=\d+ )", text.rstrip("."))


def all_codes(text: HelpText, *, database: bool) -> dict[int, str]:
    """Return every exit code of a command: its own meanings, and the shared ones."""
    shared = (*ALWAYS, *(WITH_DATABASE if database else ()), INTERRUPTED)
    return dict(sorted(({code: EXIT_CODES[code] for code in shared} | text.exit_codes).items()))


def _epilog(text: HelpText, *, database: bool) -> str:
    """Return examples and exit codes, a line each; the character b tells click not to wrap them."""
    title = "Examples:" if len(text.examples) > 1 else "Example:"
    examples = [title, *(f"  {each}" for each in text.examples)]
    codes = [
        "Exit codes:",
        *(f"  {code:<3}  {meaning}" for code, meaning in all_codes(text, database=database).items()),
    ]
    return "\n\n".join("\n".join(["\b", *lines]) for lines in ((examples, codes) if text.examples else (codes,)))
