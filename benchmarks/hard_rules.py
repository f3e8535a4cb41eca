"""Check a million random decisions against other code for the hard rules: `python -m benchmarks.hard_rules`.

With --laws also others of the laws in `tests/learning/selection/laws.py`, such as L13 (each record replays to the same
bytes) and L2 (a refresh without news writes nothing), and with --all every one of them. The random worlds are those of
the tests; 20,000 of them run with every change. A million takes about half an hour on two cores; with --keep FILE it
goes on where it stopped, as long as the code is the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CHUNK = 2_000
HARD_RULES = ("L3",)


class Chunk(NamedTuple):
    """The result of 2,000 worlds in a row."""

    first: int
    """The seed of the first."""
    assigned: int
    """Number of automatically assigned materials."""
    broken: list[tuple[int, str]]
    """The seeds of decisions that break a law, each with the law."""


def check_chunk(first: int, laws: tuple[str, ...] = HARD_RULES) -> Chunk:
    """Decide a chunk of worlds and check the laws in each."""
    from tests.learning.selection.laws import LAWS, automatic_slots
    from tests.learning.selection.worlds import random_world

    broken, assigned = [], 0
    for seed in range(first, first + CHUNK):
        world = random_world(seed)
        assigned += sum(len(slot.menu) for slot in automatic_slots(world.choose()))
        for law in laws:
            try:
                LAWS[law](world)
            except AssertionError:
                broken.append((seed, law))
    return Chunk(first, assigned, broken)


def saved_chunks(path: Path | None, code: str) -> Iterator[Chunk]:
    """Yield the chunks in a file that come from this code."""
    if path is not None and path.exists():
        for line in path.read_text().splitlines():
            line_values = json.loads(line)
            if line_values.pop("code") == code:
                yield Chunk(**line_values)


def main() -> None:
    """Print how many decisions were made, how many materials they assigned, and which seeds broke a rule."""
    from tests.learning.selection.laws import LAWS
    from workers.cli.simulation_cache import code_digest as digest

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0, help="the first of the worlds' seeds")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--laws", nargs="+", choices=LAWS, default=HARD_RULES, metavar="LAW", help="check these laws")
    parser.add_argument("--all", action="store_true", help="check every law")
    parser.add_argument("--keep", type=Path, help="save results in this file, and continue from it")
    options = parser.parse_args()
    laws = tuple(LAWS if options.all else options.laws)
    begun, code = time.perf_counter(), f"{digest()} {' '.join(laws)}"
    wanted = range(options.seed, options.seed + options.decisions, CHUNK)
    done = {chunk.first: chunk for chunk in saved_chunks(options.keep, code) if chunk.first in wanted}
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        left = [first for first in wanted if first not in done]
        bar = track(
            pool.map(partial(check_chunk, laws=laws), left), "Deciding", total=len(left), console=Console(stderr=True)
        )
        for chunk in bar:
            done[chunk.first] = chunk
            if options.keep:
                with options.keep.open("a") as file:
                    file.write(json.dumps({"code": code, **chunk._asdict()}) + "\n")
    seconds = time.perf_counter() - begun
    bad = [broken for first in sorted(done) for broken in done[first].broken]
    assigned = sum(chunk.assigned for chunk in done.values())
    print(f"{len(done) * CHUNK:,} decisions from seed {options.seed}, {assigned:,} materials assigned,")
    print(f"{len(bad):,} times a law was broken ({', '.join(laws)});")
    print(f"{len(left) * CHUNK:,} of the decisions were made now, in {seconds:.0f} s")
    for law in laws:
        if seeds := [str(seed) for seed, broken in bad if broken == law]:
            print(f"{law}: {len(seeds)}, worlds", ", ".join(seeds))
    if bad:
        sys.exit(1)


if __name__ == "__main__":
    main()
