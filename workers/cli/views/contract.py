"""The page of the database contract: prose, and a table for each view of the database."""

from pathlib import Path

from sqlmodel import Session

from models.reports import contract

PROSE = Path(__file__).with_name("contract_prose.md")

PROSE_SLOT = "<!-- views -->\n"

VERSION = "<!-- version -->"


def document(session: Session) -> str:
    """Return `docs/contract.md`: the prose with the version and the tables of all views."""
    tables = "\n".join(_section(view) for view in contract.views(session))
    return PROSE.read_text(encoding="utf-8").replace(VERSION, contract.version(session)).replace(PROSE_SLOT, tables)


def _section(view: contract.View) -> str:
    rows = "".join(f"| `{each.name}` | {each.type} | {each.sentence} |\n" for each in view.columns)
    return f"### lms.{view.name}\n\n{view.sentence}\n\n| column | type | what it holds |\n|---|---|---|\n{rows}"
