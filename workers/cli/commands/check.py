"""`souschef check`: look at files before they are loaded, without a database."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.file_options import Encoding, Map, MapFile, StandsFor
from workers.cli.options import AsJson

if TYPE_CHECKING:
    from lms.files.bundle import Bundle

MAX_LISTED = 200
"""Problems that are listed; `--json` has all that were noted."""


def check(
    path: Annotated[Path, typer.Argument(help="A file, a folder or a zip.")],
    *,
    encoding: Encoding = None,
    stands_for: StandsFor = None,
    column: Map = None,
    map_file: MapFile = None,
    as_json: AsJson = False,
) -> None:
    """Say every problem of the files at once, and what makes no sense together; no database is needed.

    A name that no file explains is only noted: it may be loaded already.

    Examples: souschef check my-school,
    souschef check "Our skills.xlsx" --as skills --map "Code=skill"

    Exit codes: 0 the files would load; 2 they would be refused, or there is nothing to load.
    """
    from config.errors import Exit
    from models.imports import file_checks
    from workers.cli import import_files
    from workers.cli.file_options import codec_of, columns_of
    from workers.cli.views import load as views_load

    codec, columns = codec_of(encoding), columns_of(column, map_file)
    with views_load.progress() as bar:
        bundle = import_files.read(
            path,
            progress=bar.reading,
            encoding=codec,
            stands_for=stands_for and f"{stands_for}.csv",
            columns=columns,
        )
    file_checks.note_all(bundle)
    found = _findings(bundle)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for sentence in _lines(bundle, found):
            typer.echo(sentence if sentence.isprintable() else repr(sentence))
    raise typer.Exit(Exit.WRONG_INPUT if found["refused"] else 0)


def _findings(bundle: Bundle) -> dict[str, Any]:
    from lms.files import sense

    excess = bundle.findings.excess(None)
    return {
        "problems": [asdict(each) for each in (*excess, *bundle.problems)],
        "notices": [asdict(each) for each in bundle.notices],
        "missing": list(sense.what_is_missing(bundle)),
        "read_as": bundle.read_as,
        "rows": bundle.rows,
        "refused": bool(bundle.findings.fatal or excess),
    }


def _lines(bundle: Bundle, found: dict[str, Any]) -> list[str]:
    problems = [*bundle.findings.excess(None), *bundle.problems]
    sentences = [*map(str, problems), *map(str, bundle.notices), *found["missing"]]
    shown = [*(f"{file} was read {how}." for file, how in bundle.read_as.items()), *sentences[:MAX_LISTED]]
    if len(sentences) > MAX_LISTED:
        shown.append(f"and {len(sentences) - MAX_LISTED:,} more; --json lists all.")
    left_out = len(bundle.findings.left_out)
    without = f", without {left_out:,} of them" if left_out else ""
    outcome = "would be refused" if found["refused"] else f"would load{without}"
    return [*shown, f"{_count(len(bundle.files), 'file')} with {_count(bundle.rows, 'row')} {outcome}."]


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
