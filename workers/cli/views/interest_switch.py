"""Describe the result of a change of a student's interest switch."""

from __future__ import annotations

from typing import Any


def lines(summary: dict[str, Any]) -> list[str]:
    """Return the result as sentences."""
    if summary["on"]:
        rest = "" if summary["school_on"] else " The school's switch is off, so they are still not used."
        return [f"Interests are on: {summary['published']} topics are published.{rest}"]
    sentences = ["Interests are off: none is used or published, and nothing new is stored (code interests_off)."]
    sentences.append(f"Assigned again by gaps only: {summary['assigned']} assigned, {summary['withdrawn']} withdrawn.")
    if summary["forgotten"]:
        forgotten = summary["forgotten"]
        sentences.append(f"Deleted: {forgotten['facts']} facts, {forgotten['bodies']} raw events.")
    facts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in summary["facts"].items())
    if facts or summary["bodies"]:
        stored = f"{facts or 'no facts'}, {summary['bodies']} raw events"
        sentences.append(f"Stored and not used: {stored}; --forget deletes them.")
    sentences.append("Records of earlier decisions contain the interests of their time until they are deleted.")
    return sentences
