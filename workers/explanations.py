"""`make explanations`: the page of explanations of the example school, decided anew in a database of its own."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from config.settings import settings
from models import database, explanations
from workers import explained_page, term
from workers.supervisor import running

PAGE = Path(__file__).parent.parent / "docs" / "explanations.md"


def written() -> str:
    """Return the page of the school in the empty database that the settings name, after its whole term."""
    term.play()
    with database.transaction() as session:
        found = explanations.explanations(session)
    return explained_page.page(found, command="make explanations", what="the example school after its term")


def main() -> None:
    """Write the page, on servers that are gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=PAGE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="souschef-") as folder:
        chosen = settings().model_copy(update={"data_dir": Path(folder), "database_url": None, "broker_url": None})
        with running(chosen, processes=(), fresh_database="souschef_explanations"):
            options.to.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
