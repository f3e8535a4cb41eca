"""A million random decisions against an independent reading of the hard rules: `python benchmarks/hard_rules.py`.

The laws and the random worlds are those of `tests/learning/selection`; 20,000 of them run with every change.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CHUNK = 2_000


def broken(first: int) -> tuple[int, list[int]]:
    """Return how many machine-made assignments a chunk of worlds held, and the seeds that break a rule."""
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
    return assigned, found


def main() -> None:
    """Print how many decisions were made, how many materials they assigned, and which seeds broke a rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    begun, assigned, bad = time.perf_counter(), 0, []
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for count, found in pool.map(broken, range(0, options.decisions, CHUNK)):
            assigned += count
            bad += found
    seconds = time.perf_counter() - begun
    print(f"{options.decisions:,} decisions, {assigned:,} materials assigned, {len(bad)} broke a rule, {seconds:.0f} s")
    if bad:
        print("seeds:", *bad[:20])
        sys.exit(1)


if __name__ == "__main__":
    main()
