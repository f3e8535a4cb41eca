"""Check one source by its own traffic."""

from __future__ import annotations

from collections.abc import Iterator

from lms import canonical_fields
from models.events.unread import Unread
from models.reports.diagnosis import Traffic
from workers.cli.doctor.checks import check_sequence_gaps
from workers.cli.doctor.findings import Finding, error, humanize, note, ok, warning

SILENT_SECONDS = 7 * 86_400.0
"""School holidays last longer, so silence is a warning and not an error."""
PARKED = {
    "unknown_student": (
        "a student who is not loaded",
        "Load the roster, with the name that the sender uses for them.",
    ),
    "unknown_item": ("an item that is not aligned", "Load the alignments of these items."),
    "unknown_skill": ("a skill that is not loaded", "Load the skill, with the name that the sender uses for it."),
    "unknown_topic": ("a topic that is not loaded", "Load the topic, under the code that the sender uses for it."),
    "unknown_survey": ("a survey whose questionnaire is not loaded", "Load its questionnaire."),
}
UNREAD = {
    "ignored": "Events of types that hold nothing for us",
    "not_collected": "Events of surveys that are not allowed, by the survey's id",
    "unknown_question": "Answers to questions that the loaded questionnaire lacks",
}
MAX_UNREAD = 8
"""Names that one finding lists; `souschef source show` lists all."""
NEVER = {
    "moodle": "calculated, cloze, ordering and drag-into-text questions, partial credit, marks given by hand, regrades",
    "openedx": "surveys, and points below the whole of a question",
    "canvas": "results of single questions, and answers to surveys",
    "caliper": "whether an answer was right, unless the sender grades the attempt on its item",
    "typeform": "anything but answers to forms",
}
"""Format -> kinds of evidence that its sender cannot give."""
TOTALS_ONLY = "See docs/lms/ on what this sender can send; totals alone change no skill gap."


def check_source(found: Traffic) -> Iterator[Finding]:
    """Check a source's traffic; the most important finding comes first."""
    yield from _alive(found)
    yield from check_sequence_gaps(found.holes)
    yield from _items(found)
    yield from _unresolved(found)
    yield from _surveys(found)
    yield from _quarantined(found)
    yield from _unread(found)


def _alive(found: Traffic) -> Iterator[Finding]:
    if found.revoked:
        fix = "`souschef source add` creates a new source."
        yield error("source", f"{found.name} is revoked: its requests are refused.", fix)
    if found.silent_seconds is None:
        refused = sum(count for outcome, count in found.received.items() if outcome not in {"accepted", "duplicate"})
        if refused:
            sentence = f"No event was of a kind that is stored: {refused} events were ignored."
            yield warning("traffic", sentence, f"Is the format right? It is {found.format}.")
        else:
            fix = "Check address, key and secret at the sender; a wrong secret is answered with 401 and not counted."
            yield warning("traffic", f"No event has ever come from {found.name}.", fix)
    elif found.silent_seconds > SILENT_SECONDS:
        sentence = f"The last new event of {found.name} is {humanize(found.silent_seconds)} old."
        yield warning("traffic", sentence, "Unless it is holidays, see the sender's own error log.")
    else:
        stored = sum(found.outcomes.values())
        yield ok("traffic", f"Events stored: {stored}; the last is {humanize(found.silent_seconds)} old.")


def _items(found: Traffic) -> Iterator[Finding]:
    if not found.assessments:
        return
    share = min(1.0, found.with_items / found.assessments)
    sentence = f"{share:.0%} of {found.assessments} applied assessment events contain results of single items"
    if found.with_items:
        yield ok("items", f"{sentence}.")
    elif found.facts.get("skill_result"):
        yield ok("items", f"{sentence}; {found.facts['skill_result']} results are on a skill.")
    else:
        yield warning("items", f"{sentence}: the source sends totals only.", TOTALS_ONLY)
    if found.unaligned:
        sentence = f"Answered items that are aligned to no skill: {found.unaligned}."
        yield warning("items", sentence, "Load their alignments; the answers count from then on.")


def _unresolved(found: Traffic) -> Iterator[Finding]:
    for code, count in found.codes("parked").items():
        subject, fix = PARKED.get(code, (f"something unknown ({code})", "Load what they name."))
        names = f"`souschef parked list --source {found.name}` lists them."
        yield warning(
            "parked", f"Events about {subject}: {count}.", f"{fix} A load makes these events due again. {names}"
        )


def _surveys(found: Traffic) -> Iterator[Finding]:
    refused = found.received.get("not_collected", 0)
    if refused:
        allowed = ", ".join(found.surveys) or "none"
        sentence = f"Survey events refused, because their survey is not allowed: {refused} (allowed: {allowed})."
        command = f"souschef source add {found.name} --format {found.format} --survey ID"
        fix = f"To allow one, if the school wants it: `{command}`. Refused events were not stored."
        yield note("surveys", sentence, fix)


def _quarantined(found: Traffic) -> Iterator[Finding]:
    for code, count in found.codes("quarantined").items():
        fix = f"`souschef quarantine list --source {found.name} --code {code}`"
        yield warning("quarantine", f"Events in quarantine as {code}: {count}.", fix)


def _unread(found: Traffic) -> Iterator[Finding]:
    for reason, sentence in UNREAD.items():
        rows = [each for each in found.unread if each.reason == reason]
        if rows:
            names = ", ".join(_with_count(found.format, each) for each in rows[:MAX_UNREAD])
            more = f" and {len(rows) - MAX_UNREAD} more" if len(rows) > MAX_UNREAD else ""
            yield note("unread", f"{sentence}: {names}{more}.", f"`souschef source show {found.name}` lists all.")


def _with_count(format_name: str, row: Unread) -> str:
    """Return a name and its count; of a misspelt type of our own also the type that may be meant."""
    misspelt = format_name == "canonical" and row.reason == "ignored"
    near = canonical_fields.nearest_type(row.name) if misspelt else None
    return f"{row.name or 'others'} ({row.count}{f'; did you mean {near}?' if near else ''})"
