"""A class as a table for the terminal."""

from rich.table import Table

from models.reports import ClassLine


def class_table(lines: list[ClassLine], *, title: str) -> Table:
    """Return the class: who, deepest gap, interests, assignment, and the two reasons."""
    table = Table(title=title, show_lines=True, expand=True)
    for heading, ratio in (
        ("Student", 2),
        ("Deepest gap", 4),
        ("Likes", 2),
        ("Assignment", 4),
        ("Because of this gap", 6),
        ("Because of this interest", 5),
    ):
        table.add_column(heading, ratio=ratio, overflow="fold")
    for line in lines:
        gap = f"{line.gap_skill} {line.gap_title} ({line.mastery:.2f})" if line.mastery is not None else "none"
        more = f" (or {line.alternatives} more)" if line.alternatives else ""
        given = f"{line.material}{more}" if line.material else line.nothing_sentence
        table.add_row(
            line.name, gap, ", ".join(line.interests) or "not known yet", given, line.because_gap, line.because_interest
        )
    return table
