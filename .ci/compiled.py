"""Compile the decision and the learner model to machine code: the same files, the same bytes, less time.

`python .ci/compiled.py OUT` writes a copy of `learning/` to the folder OUT, with what mypyc makes of the decision and
the filter beside the sources; OUT before the project on the path, and what runs is compiled. It needs a C compiler.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
AS_PYTHON = {"__init__.py", "catalogue.py", "student.py", "policy.py"}
"""What checks the things that others hand in: compiled code would refuse a wrong type before our own words do."""
FILTER = (
    "calibration", "constants", "filter", "forgetting", "model", "next_response", "shared_parameters", "training_pass",
)  # fmt: skip
"""Of `learning/mastery`: what each response runs through. What parses bytes and checks values stays Python."""
C_FLAGS = "-ffp-contract=off"
"""No fused multiplication and addition, which rounds once where Python rounds twice: states agree to the byte."""
OPTIONS = ("--strict", "--ignore-missing-imports", "--follow-imports=silent")


def build(out: Path) -> None:
    """Write the compiled copy, in the place of an older one once it is whole.

    Raises:
        subprocess.CalledProcessError: it cannot be compiled, for which there may be no compiler.
    """
    new = out.with_name(f"{out.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(ROOT / "learning", new / "learning", ignore=lambda _, names: {"__pycache__"} & set(names))
    sources = sorted(path for path in (new / "learning" / "selection").glob("*.py") if path.name not in AS_PYTHON)
    sources += [new / "learning" / "mastery" / f"{name}.py" for name in FILTER]
    names = [str(path.relative_to(new)) for path in sources]
    environment = {**os.environ, "CFLAGS": f"{os.environ.get('CFLAGS', '')} {C_FLAGS}".strip()}
    command = [sys.executable, "-m", "mypyc", *OPTIONS, *names]
    subprocess.run(command, cwd=new, check=True, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603 - our own files
    for left in ("build", ".mypy_cache"):
        shutil.rmtree(new / left, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]).absolute())
    except subprocess.CalledProcessError:
        sys.exit("souschef: It could not be compiled; all works without. It needs a C compiler, such as gcc.")
