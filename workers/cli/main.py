"""`souschef`: the commands in `workers/cli/commands/`, each loaded only when it runs, so that help appears at once."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from config.errors import EXIT_CODES, Exit, OperatorError
from config.version import version
from workers import interrupts
from workers.cli import help_style


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: a function or a Typer application in a module below `workers.cli.commands`."""

    module: str
    function: str
    help: str
    database: bool = True
    """Whether it opens the database, and may then end with the codes of that."""

    @property
    def path(self) -> str:
        """The module's full name."""
        return f"workers.cli.commands.{self.module}"


COMMANDS = {
    "demo": Entry("demo", "demo", "Turn a recorded Moodle class into assignments."),
    "up": Entry("up", "up", "Start everything on this machine and keep it running."),
    "stop": Entry("up", "stop", "Stop everything that `souschef up` has started.", database=False),
    "doctor": Entry("doctor", "doctor", "Check settings and servers; say how to fix them."),
    "env": Entry("admin", "env", "Print the database's address for psql and pg_dump."),
    "secrets": Entry("admin", "secrets", "Create the secret files that docker-compose.yml reads.", database=False),
    "migrate": Entry("admin", "migrate", "Apply the database migrations."),
    "load": Entry("load", "load", "Load rosters, skills, materials and questionnaires."),
    "init": Entry("init", "init", "Write a folder of files for a new school.", database=False),
    "template": Entry("template", "template", "Write a template of every file that can be loaded.", database=False),
    "check": Entry("check", "check", "Check files before a load, without a database.", database=False),
    "import": Entry("imports", "app", "Turn exports of other systems into files.", database=False),
    "school": Entry("school", "app", "Show and set a school's time zone."),
    "list": Entry("list_names", "app", "List schools, classes, students, skills and more."),
    "person": Entry("person", "app", "Join two students who are one person; undo it."),
    "source": Entry("source", "app", "Add, list, test, set, rotate and revoke event sources."),
    "lms-login": Entry("lms_login", "lms_login", "Give a school's LMS its login to the database."),
    "contract": Entry("lms_login", "contract", "Print the page of the database contract."),
    "lti": Entry("lti", "app", "Register LMSs by LTI 1.3; admit the people they send."),
    "link": Entry("link", "app", "Create, list and revoke links to a person's pages."),
    "language": Entry("language", "language", "Set the language of the pages of a class."),
    "letter": Entry("letter", "letter", "Print a letter to a student's parents."),
    "replay-recording": Entry("replay_recording", "replay_recording", "Send recorded requests to the API."),
    "status": Entry("doctor", "status", "Show the state of the pipeline."),
    "student": Entry("students", "student", "Show a student's gaps, interests and assignments."),
    "explain": Entry("students", "explain", "Explain why a student got an assignment."),
    "verify-decision": Entry("students", "verify_decision", "Decide again from a stored record and compare."),
    "class": Entry("classes", "class_", "Show a class: gaps, interests, assignments, reasons."),
    "groups": Entry("groups", "groups", "Group a class by skill and theme, or plan its day."),
    "fairness": Entry("fairness", "fairness", "Show whom the system serves less, by a group."),
    "override": Entry("override", "app", "Give, list and revoke teacher overrides."),
    "policy": Entry("policy", "app", "Show and set the policy of a school or a class."),
    "scope": Entry("scope", "app", "Open and close skills for a class; list them."),
    "export": Entry("export", "app", "Write tasks as questions for a Moodle quiz."),
    "catalogue-gaps": Entry("classes", "catalogue_gaps", "Show which missing materials would help most."),
    "refresh-assignments": Entry(
        "refresh_assignments", "refresh_assignments", "Decide again for students, and print how fast."
    ),
    "recompute-states": Entry("recompute_states", "recompute_states", "Compute learner states again from the facts."),
    "reprocess-events": Entry(
        "reprocess_events", "reprocess_events", "Parse stored events again after a parser was fixed."
    ),
    "parked": Entry("parked", "app", "List the names that events wait for."),
    "quarantine": Entry("quarantine", "app", "List, retry and discard events that failed."),
    "evaluate": Entry("models", "evaluate", "Measure how well the learner model predicts responses."),
    "fit": Entry("models", "fit", "Fit the learner model to the school's own log."),
    "simulate": Entry("models", "simulate", "Run the simulated classroom.", database=False),
    "privacy": Entry("privacy", "app", "Show the data map; export or erase a student's data."),
    "audit": Entry("audit", "app", "Verify the access log."),
}
"""Every command, in the order of the help."""
ALIASES = {
    "gaps": "catalogue-gaps",
    "order": "override",
    "rebuild": "recompute-states",
    "refresh": "refresh-assignments",
    "replay": "reprocess-events",
    "replay-decision": "verify-decision",
    "send": "replay-recording",
}
"""Names of 0.1, which scripts may still use and help does not list. They are removed with 1.0."""


class Commands(TyperGroup):
    """A group that knows the names of its commands and loads only the one that is run."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002, ANN401 - click's signature; Typer keeps its types to itself
        """Return the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002, ANN401 - see above
        """Import a command's module and return the command with its options; None if there is no such command."""
        name = ALIASES.get(cmd_name, cmd_name)
        return load_command(name) if name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - see above
        """Find the command that was typed; of a misspelt one say which it may have been."""
        if args[0] not in {*COMMANDS, *ALIASES} and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(args[0], COMMANDS)
            meant = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"No such command: {args[0]}.{meant}")
        found: tuple[str | None, Any, list[str]] = super().resolve_command(ctx, args)
        return found

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002, ANN401 - see above
        """Write the list of commands from the table above, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def load_command(name: str) -> Any:  # noqa: ANN401 - a click command, whose type Typer keeps to itself
    """Import a command's module and return the command."""
    entry = COMMANDS[name]
    function = getattr(importlib.import_module(entry.path), entry.function)
    root = typer.Typer(add_completion=False, rich_markup_mode=None)
    if isinstance(function, typer.Typer):
        root.add_typer(function, name=name)
    else:
        root.command(name)(function)
    root.callback()(_root)  # so that it stays a group with one command, which is taken out of it
    command = typer.main.get_command(root).commands[name]  # type: ignore[attr-defined] # a group has commands
    help_style.apply(command, database=entry.database)
    return command


def _root() -> None:
    """Do nothing: see `load_command`."""


app = typer.Typer(
    cls=Commands,
    name="souschef",
    help="Skill gaps, interests and assignments with their reasons, for a school's LMS.",
    epilog="\b\nExit codes:\n" + "\n".join(f"  {code:<3}  {meaning}" for code, meaning in EXIT_CODES.items()),
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - the value of an option
    if wanted:
        typer.echo(f"souschef {version()}")
        raise typer.Exit


@app.callback()
def _souschef(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Skill gaps, interests and assignments with their reasons, for a school's LMS."""


def main(arguments: list[str] | None = None) -> Any:  # noqa: ANN401 - never returns
    """Run the command line; print an expected error with its hint and exit with its code.

    With `--json` the error is a JSON object on standard error, too: message, hint, exit_code.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    try:
        code = app(words, prog_name="souschef", standalone_mode=False)
    except OperatorError as error:
        _fail(error.message, error.hint, error.exit_code, as_json="--json" in words)
    except typer.Abort:
        _fail("Aborted.", "", Exit.FAILED, as_json="--json" in words)
    except typer.TyperException as error:
        if "--json" not in words and hasattr(error, "show"):
            error.show()
            sys.exit(error.exit_code)
        _fail(error.format_message(), "`--help` lists the options.", error.exit_code, as_json="--json" in words)
    except KeyboardInterrupt:
        sys.exit(interrupts.INTERRUPTED)
    except Exception as error:
        lost = _connection_lost(error)
        if lost is None:
            raise
        _fail(lost.message, lost.hint, lost.exit_code, as_json="--json" in words)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, hint: str, exit_code: int, *, as_json: bool) -> NoReturn:
    """Write an error to standard error and exit."""
    if as_json:
        error = {"message": message, "hint": hint, "exit_code": int(exit_code)}
        sys.stderr.write(json.dumps({"error": error}) + "\n")
    else:
        sys.stderr.write(f"souschef: {message} {hint}".rstrip() + "\n")
    sys.exit(exit_code)


def _connection_lost(error: Exception) -> OperatorError | None:
    """Return the error to print if the database went away during a command; None for any other failure."""
    from sqlalchemy.exc import OperationalError

    from models.engine import unreachable

    return unreachable(error) if isinstance(error, OperationalError) else None


if __name__ == "__main__":
    main()
