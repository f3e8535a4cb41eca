"""The page docs/commands.md, made from the commands themselves; run as a module it prints the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from config.errors import EXIT_CODES
from workers.cli import help_style
from workers.cli.main import COMMANDS, load_command

HEAD = """# Commands

Every command of `souschef`, its options and its exit codes. `souschef COMMAND --help` says the same, and so does `-h`.
`souschef --version` prints the version; `souschef --install-completion` lets the shell complete commands and options.
This page is made from the commands (`make reference`).

Every command may end with these codes; what else one means by them is said there:

{shared}
"""


def page() -> str:
    """Return the page as Markdown."""
    shared = "\n".join(f"- {code}: {EXIT_CODES[code]}" for code in help_style.SHARED)
    parts = [HEAD.format(shared=shared)]
    for name in COMMANDS:
        for path, command in help_style.leaves(load_command(name), name):
            if not command.hidden:
                parts.append("\n".join(_command(" ".join(path), command)))
    return "\n".join(parts)


def _command(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - a click command, whose type Typer keeps to itself
    text = help_style.text_of(command)
    yield f"## souschef {name}\n"
    yield f"{text.description}\n"
    if text.examples:
        yield "```text"
        yield from text.examples
        yield "```\n"
    rows = [row for row in map(_parameter, command.params) if row]
    if rows:
        yield "| argument or option | what it is |\n|---|---|"
        yield from rows
        yield ""
    if text.exit_codes:
        codes = ", ".join(f"{code} {meaning}" for code, meaning in sorted(text.exit_codes.items()))
        yield f"Exit codes: {codes}.\n"


def _parameter(parameter: Any) -> str:  # noqa: ANN401 - see above
    """Return a row of the table; "" for what is hidden."""
    if getattr(parameter, "hidden", False):
        return ""
    is_option = parameter.param_type_name == "option"
    name = " / ".join(parameter.opts) if is_option else (parameter.metavar or parameter.name.upper())
    notes = [parameter.help or ""]
    if parameter.required:
        notes.append("Required.")
    elif is_option and not parameter.is_flag and isinstance(parameter.default, int | float | str):
        notes.append(f"Default: {parameter.default}.")
    cell = " ".join(note for note in notes if note).replace("|", "\\|")
    return f"| `{name}` | {cell} |"


if __name__ == "__main__":
    sys.stdout.write(page())
