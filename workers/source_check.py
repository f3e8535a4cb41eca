"""The doctor's look at one source, judged by its own traffic."""

from __future__ import annotations

from collections.abc import Iterator

from models.diagnosis import Traffic
from workers.doctoring import lost_on_their_way, spoken
from workers.findings import Finding, error, note, ok, warning

SILENT_SECONDS = 7 * 86_400.0
"""A school's holidays last longer: silence is worth a look, not an error."""
PARKED = {
    "unknown_student": (
        "a student who is not loaded",
        "Load the roster, with the name by which the sender calls them.",
    ),
    "unknown_item": ("an item that is not aligned", "Load the alignments of these items."),
    "unknown_skill": ("a skill that is not loaded", "Load the skill, with the name by which the sender calls it."),
    "unknown_survey": ("a survey whose questionnaire is not loaded", "Load its questionnaire."),
}
TOTALS_ONLY = "See docs/lms/ on what this sender can say; totals alone move no skill gap."


def examine(found: Traffic) -> Iterator[Finding]:
    """Yield what a source's traffic tells, the most telling first."""
    yield from _alive(found)
    yield from lost_on_their_way(found.holes)
    yield from _items(found)
    yield from _unresolved(found)
    yield from _surveys(found)
    yield from _quarantined(found)


def _alive(found: Traffic) -> Iterator[Finding]:
    if found.revoked:
        yield error("source", f"{found.name} is revoked: its door is closed.", "`souschef source add` opens a new one.")
    if found.silent_seconds is None:
        refused = sum(count for outcome, count in found.at_door.items() if outcome not in {"accepted", "duplicate"})
        if refused:
            said = f"Nothing that came was of a kind that is stored: {refused} events were ignored."
            yield warning("traffic", said, f"Is the format right? It is {found.format}.")
        else:
            mend = (
                "Check its address, key and secret at the sender; a wrong secret is answered with 401, and not counted."
            )
            yield warning("traffic", f"Nothing has ever come from {found.name}.", mend)
    elif found.silent_seconds > SILENT_SECONDS:
        said = f"The last new event of {found.name} is {spoken(found.silent_seconds)} old."
        yield warning("traffic", said, "Look at the sender's own log of failures, unless it is holidays.")
    else:
        stored = sum(found.fates.values())
        yield ok("traffic", f"Events stored: {stored}; the last is {spoken(found.silent_seconds)} old.")


def _items(found: Traffic) -> Iterator[Finding]:
    if not found.assessments:
        return
    share = min(1.0, found.with_items / found.assessments)
    said = f"{share:.0%} of {found.assessments} applied assessment events hold a result on a single item"
    if found.with_items:
        yield ok("items", f"{said}.")
    elif found.facts.get("skill_result"):
        yield ok("items", f"{said}; {found.facts['skill_result']} results are on a skill.")
    else:
        yield warning("items", f"{said}: it sends totals only.", TOTALS_ONLY)
    if found.unaligned:
        said = f"Items that were answered and are aligned to no skill: {found.unaligned}."
        yield warning("items", said, "Load their alignments; what was answered counts from then on.")


def _unresolved(found: Traffic) -> Iterator[Finding]:
    for code, count in found.codes("parked").items():
        named, mend = PARKED.get(code, (f"something unknown ({code})", "Load what it names."))
        yield warning("parked", f"Events that name {named}: {count}.", f"{mend} They wait, and a load wakes them.")


def _surveys(found: Traffic) -> Iterator[Finding]:
    refused = found.at_door.get("not_collected", 0)
    if refused:
        allowed = ", ".join(found.surveys) or "none"
        said = f"Survey events refused, as their survey may not be read: {refused} (allowed: {allowed})."
        name = f"souschef source add {found.name} --format {found.format} --survey ID"
        yield note("surveys", said, f"Where the school wants it read: `{name}`. What was refused was not stored.")


def _quarantined(found: Traffic) -> Iterator[Finding]:
    for code, count in found.codes("quarantined").items():
        mend = f"`souschef quarantine list --source {found.name} --code {code}`"
        yield warning("quarantine", f"Events in quarantine as {code}: {count}.", mend)
