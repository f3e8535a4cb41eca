"""The data map as Markdown, for a page that has it between two markers."""

from collections.abc import Iterator

from config.errors import OperatorError
from models.privacy import data_map

BEGIN = "<!-- map -->\n"
END = "<!-- end of map -->"


def updated_page(page: str) -> str:
    """Return a page with the map between its two markers.

    Raises:
        OperatorError: the page lacks the markers.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise OperatorError(
            f"The page lacks the markers {BEGIN.strip()} and {END.strip()}.", "Write them where the map belongs."
        )
    return before + begin + "\n" + document() + END + after


def document() -> str:
    """Return the map as Markdown tables."""
    return (
        "\n".join(line for table in sorted(data_map.TABLES.values(), key=_sort_key) for line in _section(table)) + "\n"
    )


def _sort_key(table: data_map.TableMap) -> tuple[bool, bool, str]:
    return (not table.of_student, not table.of_staff, table.name)


def _section(table: data_map.TableMap) -> Iterator[str]:
    yield f"### {table.name}\n"
    yield f"{table.why} Kept {table.retention}.\n"
    if table.of_student or table.of_staff:
        yield "| column | of | what it holds |\n|---|---|---|"
        yield from (f"| `{name}` | a student | {holds} |" for name, holds in table.of_student.items())
        yield from (f"| `{name}` | staff | {holds} |" for name, holds in table.of_staff.items())
        yield ""
    if table.of_nobody:
        yield f"Nothing of a person: {', '.join(f'`{name}`' for name in sorted(table.of_nobody))}.\n"
