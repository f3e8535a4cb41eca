"""The page docs/events.md, made from `lms.canonical_fields`; run as a module it prints the page."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from lms.canonical_fields import ANYWHERE, COMMON, STUDENT, TYPES, EventType, Field, example_of

HEAD = """# Events of our own

An LMS that speaks none of the formats of [Connecting an LMS](lms/README.md), or that wants to say what no other format
carries, sends these events as JSON to `POST /events`: one, or a list of them. Make a source for it:

```text
souschef source add lms --format canonical
curl --user KEY:SECRET --json @event.json https://souschef.school.example/events
```

The answer counts what was accepted, duplicate, ignored and quarantined. **Try first**:
`POST /events?dry_run=true` stores nothing and says of each event what would become of it, which names are not loaded,
and which fields nobody reads.
`souschef source test lms` tries the credential; `souschef parked list` lists the names that stored events wait for.

`/openapi.json` has the JSON Schema of each type. This page is made from the same table (`make reference`), and a test
checks that the parser reads these fields and no others. Fields that are not listed are not read and never stored.

## Every event has
"""
TAIL = """## Every event may have
"""
OUTCOMES = """## What becomes of an event

| `outcome` in a dry run | what it means | what to do |
|---|---|---|
| `applied` | Understood; `facts` says what. | Nothing. |
| `duplicate` | An event of this type and id has come already. | Nothing; a resend does no harm. |
| `ignored` | Nobody reads its type, survey or question: see `code` and `detail`. | Fix it, or allow the survey. |
| `parked` | It names what is not loaded: see `unknown`. | Load it; the event is then applied. |
| `quarantined` | It cannot be understood: `pointer` says where. | Fix the sender, and send it under a new id. |
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [HEAD, *_table((*COMMON, STUDENT)), "", TAIL, *_table(ANYWHERE), ""]
    for each in TYPES:
        parts += [*_type(each), ""]
    return "\n".join([*parts, OUTCOMES])


def _type(each: EventType) -> Iterator[str]:
    yield f"## {each.name}\n\n{each.about}\n"
    yield from _table(each.fields)
    for group in each.one_of:
        yield f"\nOne of {' and '.join(f'`{name}`' for name in group)} has to be there."
    yield f"\n```json\n{json.dumps(example_of(each))}\n```"


def _table(fields: tuple[Field, ...]) -> Iterator[str]:
    yield "| field | needed | type | meaning |\n|---|---|---|---|"
    for field in fields:
        yield f"| `{field.name}` | {'yes' if field.needed else ''} | {_kind(dict(field.schema))} | {field.meaning} |"


def _kind(schema: dict[str, Any]) -> str:
    """Return a schema in words."""
    if "oneOf" in schema:
        return "text, or a list of texts"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if schema.get("format") == "date-time":
        return "time"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(words.get(kind, "list") for kind in kinds)


if __name__ == "__main__":
    sys.stdout.write(page())
