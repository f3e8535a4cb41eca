"""`souschef fit`: the learner model's parameters from the school's own log."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from learning.fitting import FitPoint, FitResult
    from learning.parameters import Parameters
    from learning.response_log import ResponseLog


def fit(
    data: Annotated[
        Path | None,
        typer.Option(help="CSV or CSV.gz: student, seq, item, skills (;), correct, timestamp_s, split."),
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="Write the better parameters to this JSON file.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Keep the fit's progress here, and go on from it.")] = None,
    back: Annotated[bool, typer.Option("--back", help="Go back to the parameters before the last fit.")] = False,
    school: Annotated[str | None, typer.Option(help="The school's ref, where there are several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of sentences.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the students' order.")] = 0,
) -> None:
    """Fit the parameters, and keep them only if they expect held-out students better than the old ones.

    On the school's own log they are then put in force, and every student is marked for a refresh. With a file they go
    to `--out` alone.

    Exit codes: 0 fitted or kept, 1 too few students, 2 a file or a school cannot be read, 4 the database does not
    answer.
    """
    import orjson

    from workers.response_files import read_log, stop

    if data is not None:
        if back or school:
            stop("--back and --school are about a school's own log: leave --data out.")
        result = fitted(read_log(data, seed=seed), seed=seed, resume=resume)
    else:
        from workers.school_log import put_in_force, read_school, take_out_of_force

        if back:
            left = take_out_of_force(school)
            typer.echo("The shipped parameters are in force already." if left is None else f"Version {left} is left.")
            return
        log, old = read_school(school, seed=seed)
        result = fitted(log, old=old, seed=seed, resume=resume)
        if result.kept_new:
            put_in_force(school, result.parameters)
    if out is not None:
        write_json(out, result.parameters.document())
    typer.echo(orjson.dumps(_document(result)).decode() if as_json else _sentence(result))


def fitted(
    log: "ResponseLog", *, old: "Parameters | None" = None, seed: int = 0, resume: Path | None = None
) -> "FitResult":
    """Return what a fit on the log's train students came to, with a progress bar on stderr."""
    from learning.evaluation import EvaluationError
    from learning.fitting import MOST_ITERATIONS, TooFewStudents
    from learning.fitting import fit as run
    from learning.free_parameters import FREE
    from learning.parameters import SHIPPED
    from workers.response_files import progress, stop

    def keep(point: "FitPoint") -> None:
        if resume is not None:
            write_json(resume, point.document())

    start = _read_point(resume) if resume is not None and resume.exists() else None
    try:
        with progress("Fitting", MOST_ITERATIONS * (len(FREE) + 2)) as advance:
            return run(log, old=old or SHIPPED, resume=start, seed=seed, on_pass=lambda: advance(1), on_point=keep)
    except TooFewStudents as error:
        typer.echo(f"{error}. The parameters stay as they are; come back with more students.", err=True)
        raise typer.Exit(1) from error
    except EvaluationError as error:
        stop(f"{error}. Mark some students' split as test, or leave the split column out.")


def read_parameters(path: Path) -> "Parameters":
    """Return the parameters in a JSON file that `fit` wrote."""
    from learning.parameters import Parameters, ParametersError
    from workers.response_files import stop

    try:
        return Parameters.from_document(_read_json(path))
    except ParametersError as error:
        stop(f"{path}: {error}. Fit again, or mend the value.")


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    import orjson

    from workers.response_files import stop

    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        part.replace(path)
    except OSError as error:
        stop(f"{path}: {error.strerror or error}. Name a file in a folder that may be written.")


def _read_json(path: Path) -> dict[str, Any]:
    import orjson

    from workers.response_files import stop

    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        stop(f"{path}: {error.strerror or error}. Name a file that is there and may be read.")
    except orjson.JSONDecodeError as error:
        stop(f"{path}, line {error.lineno}: not JSON ({error.msg}). Fit again.")
    if not isinstance(document, dict):
        stop(f"{path}: not a JSON object. Fit again.")
    return document


def _read_point(path: Path) -> "FitPoint":
    from learning.fitting import FitPoint
    from workers.response_files import stop

    try:
        return FitPoint.from_document(_read_json(path))
    except (KeyError, TypeError, ValueError) as error:
        stop(f"{path}: not a fit's progress ({error}). Delete it to begin anew.")


def _document(result: "FitResult") -> dict[str, Any]:
    return {
        "kept": "new" if result.kept_new else "old",
        "old_log_loss": result.old_log_loss,
        "new_log_loss": result.new_log_loss,
        "responses": result.responses,
        "iterations": result.iterations,
        "parameters": result.parameters.document(),
    }


def _sentence(result: "FitResult") -> str:
    verdict = "the new parameters are kept" if result.kept_new else "the old parameters stay"
    return (
        f"Held-out log loss {result.old_log_loss:.5f} with the old parameters, {result.new_log_loss:.5f} with the new: "
        f"{verdict}. {result.responses:,} responses, {result.iterations} iterations."
    )
