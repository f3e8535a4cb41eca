"""Bodies that the API may well take and a worker then has to parse: real events, spoiled where it hurts.

Each event gets an id of its own, so that it is new; a few keep the id that they had, and say something else under it.
"""

from __future__ import annotations

import copy
import gzip
import json
import random
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from learning.selection import Policy
from tests.web.mutations import changed, places_of
from tests.web.senders import HOME, SENDERS, SURVEY

Json: TypeAlias = Any
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "riverside"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
WORK = ("/answered", "/completed", "/passed", "/failed", "/scored", "/evaluated")
NUMBERS: Final = (
    *(0, -0.0, -1, 1, 2, 0.5, 5, 100.5, 101, -100, 1e308, -1e308, 1.7976931348623157e308, 5e-324, 1e-320, 1e15, 1e16),
    *(2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), 10**18, 10**30, True, False),
)
TIMES: Final = (
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "0000-00-00T00:00:00Z", "1970-01-01T00:00:00Z"),
    *("1989-12-31T23:59:59Z", "1990-01-01T00:00:00Z", "1990-01-01T00:00:00+14:00", "2199-12-31T23:59:59-23:59"),
    *("2026-12-31T23:59:60Z", "2026-10-05T24:00:00Z", "2026-02-29T08:00:00Z", "2024-02-29T08:00:00Z"),
    *("2026-10-05T08:00:00+23:59", "2026-10-05T08:00:00-23:59", "2026-10-05T08:00:00+24:00", "2026-10-05t08:00z"),
    *("2026-10-05T08:00:00-00:00", "2026-10-05T08:00:00.1234567+0530", "2026-10-05T08:00:00,5Z", "2026-10-05T08Z"),
    *("2026-W41-1T08:00:00Z", "2026-10-05 08:00:00Z", "2026-10-05T08:00:00", "٢٠٢٦-10-05T08:00:00Z", "1790000000"),
    *("2026-10-25T02:30:00+02:00", "2026-11-30T23:59:59+14:00", "2026-12-01T12:04:59Z", "2026-12-01T12:05:01Z"),
)
TEXTS: Final = (
    *("", " ", "\t\n", "\x1b[31m", "\x7f", "\u200b", "\u202e", "\ufeff", "\ufffe", "\U0010ffff", "e\u0301", "é", "ﬁ"),
    *("İ", "ß" * 999, "null", "NaN", "-Infinity", "1e999", "0x10", "1_000", "١٢", "²", "true", "|", "a|b|c", "%7C"),
    *("%s%n", "{0}", "\\u0000", "\\", '"', "'; DROP TABLE inbox--", "&#0;", "&#xD800;", "&amp;" * 900, "[,]", "a[,]b"),
    *(
        "?attempt=" + "9" * 18,
        "?attempt=" + "9" * 19,
        "?id=0",
        "?id=" + "0" * 18,
        "/attempts/",
        "urn:uuid:",
        "x" * 1_000,
    ),
    *(
        "x" * 1_001,
        "x" * 12_000,
        "no " * 3_000,
        "not " * 400 + "soccer",
        "I like " * 1_500,
        "(" * 3_000,
        "https://" * 99,
    ),
)
"""Texts at which readers of texts, numbers and addresses have stumbled somewhere."""


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """Good events of one sender, and how a request carries them."""

    name: str
    format: str
    path: str
    events: tuple[Json, ...]
    wrap: Callable[[list[Json]], list[object]] = list
    several: bool = True
    """A request may hold several of them."""
    surveys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body, and who sends it."""

    template: EventTemplate
    content: bytes


def templates() -> list[EventTemplate]:
    """Return a template for each sender of the tests, each recording, and what only Souschef's own format carries."""
    found = [
        EventTemplate(name, one.format, one.path, tuple(one.events()), one.wrap, name != "typeform", one.surveys)
        for name, one in SENDERS.items()
    ]
    found.append(
        EventTemplate(
            "own choices and orders", "canonical", "/events", tuple(choices()), _in_one_list, surveys=(SURVEY,)
        )
    )
    recorded = _work(EXAMPLE / "moodle_class.jsonl.gz")
    found.append(EventTemplate("the class", "moodle", "/xapi/statements", recorded, _in_one_list,
                       surveys=("FB-LIKE",)))  # fmt: skip
    forms = tuple(json.loads(json.loads(line)["body"]) for line in (EXAMPLE / "surveys.jsonl").read_text().splitlines())
    found.append(EventTemplate("the class's forms", "typeform", "/surveys", forms, several=False, surveys=(SURVEY,)))
    for path in sorted((ROOT / "tests" / "samples").glob("*.jsonl.gz")):
        name = path.name.partition(".")[0]
        if name.startswith("caliper"):
            wrap = SENDERS["caliper 1.2"].wrap
            found.append(EventTemplate(name, "caliper", "/caliper", _sensed(path), wrap, surveys=(SURVEY,)))
        else:
            format_ = "moodle" if name.startswith("moodle") else "xapi"
            found.append(
                EventTemplate(name, format_, "/xapi/statements", _work(path), _in_one_list, surveys=("FB-LIKE",))
            )
    return found


def teachers() -> list[EventTemplate]:
    """Return a template for each path of a teacher's tool: what each is sent, one order a request."""
    authorship = {"author": "tmorgan", "reason": "as agreed"}
    until = "2027-01-01T00:00:00Z"
    whom = ({"student": "own-1"}, {"class": "MATH-5A"}, {"student": "own-2", "until": until})
    kinds = ("pin", "forbid", "must-do", "hold", "approve")
    orders = [{**authorship, **each, "order": kind, "skill": "own-skill-1"} for kind in kinds for each in whom]
    rules = [{name: value} for name, value in Policy(licences=("CC BY",)).document().items()]
    where: tuple[Json, ...] = ({}, {"class": "MATH-5A"}, {"until": until})
    set_ = [{**authorship, "settings": rule, **each} for rule in rules for each in where]
    scope = {**authorship, "class": "MATH-5A", "skill": "own-skill-1", "opens": "2026-11-01T00:00:00Z"}
    scope |= {"due": "2026-12-20T00:00:00Z", "closes": until}
    opened = [{**scope, "action": action} for action in ("open", "close")]
    paths = [("/orders", orders), ("/orders?dry_run=true", orders), ("/policy", set_), ("/scope", opened)]
    return [EventTemplate("canonical", "canonical", path, tuple(sent), several=False) for path, sent in paths]


def _in_one_list(events: list[Json]) -> list[object]:
    return [events]


def choices() -> Iterator[Json]:
    """What students choose and teachers override, of students and assignments that the example school has."""
    for number in range(4):
        fields = {"student": f"own-{number}", "at": f"2026-11-{10 + number}T09:00:00Z"}
        for kind in ("assignment_picked", "assignment_started", "assignment_done"):
            yield {**fields, "type": kind, "id": kind, "assignment": str(1 + 7 * number), "position": number}
        yield {**fields, "type": "consent", "id": "consent", "survey": SURVEY, "given": bool(number % 2)}
        yield {**fields, "type": "attempt_graded", "id": "total", "subject": "own-item-1", "points": number, "of": 4,
               "attempt": str(number), "scope": "attempt"}  # fmt: skip
        for order in ("pin", "forbid", "must_do", "hold", "approve", "revoke"):
            yield {**fields, "type": "order", "id": f"{order} {number}", "order": order, "author": "tmorgan",
                   "reason": "as agreed", "skill": f"own-skill-{number}", "expires_at": "2027-01-01T00:00:00Z",
                   **({"revokes": "pin 0"} if order == "revoke" else {}),
                   **({"class": "MATH-5A"} if number == 3 else {})}  # fmt: skip


def _work(path: Path) -> tuple[Json, ...]:
    """Return a recording's answers, grades and surveys, at most 400 of them, from all over it."""
    with gzip.open(path, "rt") as lines:
        statements = [each for line in lines for each in _as_list(json.loads(json.loads(line)["body"]))]
    work_statements = [each for each in statements if str(each.get("verb", {}).get("id")).endswith(WORK)]
    return tuple(work_statements[:: max(1, len(work_statements) // 400)])


def _sensed(path: Path) -> tuple[Json, ...]:
    with gzip.open(path, "rt") as lines:
        return tuple(event for line in lines for event in json.loads(json.loads(line)["body"])["data"])


def _as_list(body: Json) -> list[Json]:
    return body if isinstance(body, list) else [body]


def bodies(dice: random.Random, among: Sequence[EventTemplate], *, count: int) -> Iterator[Body]:
    """Make bodies, most of which are JSON that the API takes."""
    for _ in range(count):
        template = dice.choice(among)
        several = dice.choice((1, 1, 2, 3, 6)) if template.several else 1
        events = [_event(dice, template) for _ in range(several)]
        yield Body(template, _written(dice, template.wrap(events)[0]))


def events_of(dice: random.Random, among: Sequence[EventTemplate], *, count: int) -> list[str]:
    """Make single events, as an LMS writes them by SQL."""
    return [_written(dice, _event(dice, dice.choice(among))).decode(errors="replace") for _ in range(count)]


def _event(dice: random.Random, template: EventTemplate) -> Json:
    return _spoiled(dice, _renewed(dice, template, copy.deepcopy(dice.choice(template.events))))


def _renewed(dice: random.Random, template: EventTemplate, event: Json) -> Json:
    """Give an event a name of its own, where its format knows it by one, and mostly another time."""
    if dice.random() < 0.03:
        return event
    name = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    match template.format:
        case "typeform":
            event["form_response"]["token"] = name
        case "caliper":
            event["id"] = f"urn:uuid:{name}"
        case "canvas":
            event["metadata"] |= {"job_id": name, "request_id": name}
        case "moodle":
            event["timestamp"] = (
                f"2026-10-{dice.randint(1, 30):02d}T{dice.randint(8, 20):02d}:{dice.randint(0, 59):02d}:07Z"
            )
        case _:
            event["id"] = name
    return event


def _spoiled(dice: random.Random, event: Json) -> Json:
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3))):
        places = list(places_of(event))
        if not places or dice.random() < 0.25:
            event = changed(dice, event)
            continue
        holder, name = dice.choice(places)
        holder[name] = _edge(dice, holder[name])
    return event


def _edge(dice: random.Random, value: Json) -> Json:
    """Return something of the same type that stands at an edge; or for an object or a list a deeper one."""
    match value:
        case bool() | int() | float():
            return dice.choice((*NUMBERS, value))
        case str() if TIME.match(value):
            return dice.choice(TIMES)
        case str():
            wide = "".join(chr(dice.randrange(0x1F300, 0x1F9FF)) for _ in range(dice.choice((10, 500, 1_000))))
            ideographs = "".join(chr(dice.randrange(0x4E00, 0x9FFF)) for _ in range(dice.choice((1, 999, 20_000))))
            return dice.choice((dice.choice(TEXTS), dice.choice(TEXTS), wide, ideographs, f"{HOME}/{value}", value * 3))
        case _:
            return dice.choice((_nested(dice, value), [value] * dice.choice((0, 2, 300)), {"": value}, None, [], {}))


def _nested(dice: random.Random, value: Json) -> Json:
    for _ in range(dice.choice((1, 30, 200, 260))):
        value = dice.choice(([value], {"a": value}))
    return value


def _written(dice: random.Random, document: object) -> bytes:
    """Write a document, now and then as no strict reader takes it: a name twice, a number that is none."""
    fields = json.dumps(document, ensure_ascii=dice.random() < 0.5)
    if dice.random() < 0.02:
        wrong = dice.choice(('{"id": 1, "id": 2, ', '{"a": NaN, ', '{"a": -Infinity, ', '{"a": 1e999, ', '{"": 0x1, '))
        fields = fields.replace("{", wrong, 1)
    return fields.encode(errors="surrogatepass")
