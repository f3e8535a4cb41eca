"""Writes the example schools as the files that `souschef load` reads: `python -m examples.generate --out DIR`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from examples.district import write_district
from examples.riverside_class import write_class

SEED = 20260907
"""The seed of the files that are committed."""


def main() -> None:
    """Write the chosen files and say what was written."""
    parser = argparse.ArgumentParser(prog="python -m examples.generate", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the files; made where it is missing")
    parser.add_argument("--seed", type=int, default=SEED, help="the same seed makes the same bytes")
    parser.add_argument(
        "--what",
        choices=("class", "district"),
        default="district",
        help="the recorded class with its 16 skills, or both schools with all skills (the default)",
    )
    arguments = parser.parse_args()
    begun = time.perf_counter()
    if arguments.what == "class":
        tasks = write_class(arguments.out / "riverside", seed=arguments.seed)
    else:
        tasks = write_district(arguments.out, seed=arguments.seed)
    print(f"{arguments.out}: {len(tasks)} materials, {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
