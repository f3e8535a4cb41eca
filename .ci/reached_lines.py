"""Print which share of each folder's lines the tests reached in their own processes: `reached_lines.py FILE`.

FILE is what SlipCover wrote for `make test-all`. Lines that only started processes run are not counted as reached:
`make coverage` measures these too, at twice the time.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path


def main() -> None:
    """Print a line for each folder, and the total."""
    files = json.loads(Path(sys.argv[1]).read_text())["files"]
    reached: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for name, lines in files.items():
        for folder in (name.split("/")[0], "all"):
            reached[folder] += len(lines["executed_lines"])
            total[folder] += len(lines["executed_lines"]) + len(lines["missing_lines"])
    shares = ", ".join(f"{folder} {100 * reached[folder] / total[folder]:.0f} %" for folder in sorted(total))
    print(f"Lines that these tests reach in their own processes: {shares}")


if __name__ == "__main__":
    main()
