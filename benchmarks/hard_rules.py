"""A million random decisions against an independent reading of the hard rules: `python -m benchmarks.hard_rules`.

The laws and the random worlds are those of `tests/learning/selection`; 20,000 of them run with every change. It takes
about half an hour on two cores; with --keep FILE it goes on where it stopped, as long as the code is the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CHUNK = 2_000


class Chunk(NamedTuple):
    """What came of 2,000 worlds in a row."""

    first: int
    """The seed of the first."""
    assigned: int
    """How many materials the machine assigned."""
    broken: list[int]
    """The seeds of decisions that break a rule."""


def tried(first: int) -> Chunk:
    """Decide a chunk of worlds and ask the law of each."""
    from tests.learning.selection.laws import hard_rules, machine_chosen
    from tests.learning.selection.worlds import random_world

    found, assigned = [], 0
    for seed in range(first, first + CHUNK):
        world = random_world(seed)
        assigned += sum(len(chosen.menu) for chosen in machine_chosen(world.choose()))
        try:
            hard_rules(world)
        except AssertionError:
            found.append(seed)
    return Chunk(first, assigned, found)


def kept(path: Path | None, code: str) -> Iterator[Chunk]:
    """Yield the chunks that a file holds of this very code."""
    if path is not None and path.exists():
        for line in path.read_text().splitlines():
            told = json.loads(line)
            if told.pop("code") == code:
                yield Chunk(**told)


def main() -> None:
    """Print how many decisions were made, how many materials they assigned, and which seeds broke a rule."""
    from workers.simulation_kept import code as digest

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0, help="the first of the worlds' seeds")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="keep what was tried in this file, and go on from what it holds")
    options = parser.parse_args()
    begun, code = time.perf_counter(), digest()
    wanted = range(options.seed, options.seed + options.decisions, CHUNK)
    done = {chunk.first: chunk for chunk in kept(options.keep, code) if chunk.first in wanted}
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        left = [first for first in wanted if first not in done]
        bar = track(pool.map(tried, left), "Deciding", total=len(left), console=Console(stderr=True))
        for chunk in bar:
            done[chunk.first] = chunk
            if options.keep:
                with options.keep.open("a") as file:
                    file.write(json.dumps({"code": code, **chunk._asdict()}) + "\n")
    seconds = time.perf_counter() - begun
    bad = [seed for first in sorted(done) for seed in done[first].broken]
    assigned = sum(chunk.assigned for chunk in done.values())
    print(f"{len(done) * CHUNK:,} decisions from seed {options.seed}, {assigned:,} materials assigned,")
    print(f"{len(bad):,} broke a hard rule; {len(left) * CHUNK:,} of them were made now, in {seconds:.0f} s")
    if bad:
        print("seeds:", *bad[:20])
        sys.exit(1)


if __name__ == "__main__":
    main()
