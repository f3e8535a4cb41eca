"""What the pipeline is measured with: a district of classes like the recorded one, and the requests of their Moodle.

Every class is the recorded class under other accounts: 28 students with ten weeks of quizzes. A request holds the
statements of many students mixed, as a school's Moodle sends them when its cron finds a backlog.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import orjson

from lms import formats
from lms.facts import SourceRules
from lms.files.bundle import Bundle
from workers.cli import import_files, replay_client
from workers.cli.demo.replay import EXAMPLE

CLASS = "MATH-5A"
STEP = 1_000
"""Between the accounts of one class and the next."""
ATTEMPT_STEP = 1_000_000
SEPARATOR = "|"
ATTEMPT = re.compile(rb"(?<=[?&]attempt=)\d+")
ATTEMPT_LABEL = re.compile(rb"(?<=Attempt )\d+(?=\")")
RULES = SourceRules(surveys=frozenset())


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the recording."""

    account: int
    body: bytes
    is_event: bool
    """False for the noise between the answers, which the API counts and drops."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One request's body, and how many of its statements are events."""

    body: bytes
    events: int
    keys: tuple[bytes, ...]
    """Of its events."""


def synthetic_district(classes: int, *, school: str = "riverside") -> Bundle:
    """Return the example school with so many classes, each with students, scope and accounts of its own."""
    bundle = import_files.read(EXAMPLE)
    _rename(bundle, school)
    people, enrolments = dict(bundle.people), list(bundle.enrolments)
    scope, aliases = dict(bundle.scope), dict(bundle.aliases)
    for number in range(1, classes):
        end = f"-{number}"
        bundle.classes[CLASS + end] = replace(bundle.classes[CLASS], ref=CLASS + end)
        bundle.people |= {ref + end: replace(person, ref=ref + end) for ref, person in people.items()}
        bundle.enrolments += [
            replace(row, class_ref=row.class_ref + end, person=row.person + end) for row in enrolments
        ]
        bundle.scope |= {(CLASS + end, skill): replace(row, class_ref=CLASS + end) for (_, skill), row in scope.items()}
        for (kind, name), row in aliases.items():
            if kind in ("person", "class"):
                page, separator, account = name.rpartition(SEPARATOR)
                new = f"{page}{SEPARATOR}{int(account) + STEP * number}" if separator else name + end
                bundle.names.claim(kind, new, replace(row, ref=row.ref + end))
    bundle.names.settle()
    return bundle


def _rename(bundle: Bundle, school: str) -> None:
    (only,) = bundle.schools.values()
    bundle.schools = {school: replace(only, ref=school)}
    bundle.classes = {ref: replace(row, school=school) for ref, row in bundle.classes.items()}
    bundle.people = {ref: replace(row, schools=(school,)) for ref, row in bundle.people.items()}


def traffic(*, classes: int, submissions: int, statements_a_request: int, skip: int = 0, seed: int = 0) -> list[Batch]:
    """Return the requests of a town in which every student hands in so many quizzes, the first `skip` left out.

    Students hand their first quiz in before anyone hands in a second one; within a round their order is drawn.
    """
    dice = random.Random(seed)
    templates = _submissions(submissions)
    mixed: list[tuple[Statement, int]] = []
    for each in templates[skip:]:
        handed_in = [(statements, number) for statements in each for number in range(classes)]
        dice.shuffle(handed_in)
        mixed += [(statement, number) for statements, number in handed_in for statement in statements]
    slices = range(0, len(mixed), statements_a_request)
    return [_request(mixed[start : start + statements_a_request]) for start in slices]


def _submissions(count: int) -> list[list[tuple[Statement, ...]]]:
    """Return the recorded students' first quizzes, round by round."""
    attempts: dict[tuple[int, bytes], list[Statement]] = {}
    for body, statement in dict(_recorded()).items():  # Moodle has sent some twice
        found = ATTEMPT.search(body)
        if found is not None:
            account = int(statement["actor"]["account"]["name"])
            kind = formats.envelope("moodle", statement, rules=RULES).kind
            attempts.setdefault((account, found[0]), []).append(Statement(account, body, kind is not None))
    rounds: list[list[tuple[Statement, ...]]] = [[] for _ in range(count)]
    handed_in: dict[int, int] = {}
    for (account, _), statements in attempts.items():
        place = handed_in.get(account, 0)
        handed_in[account] = place + 1
        if place < count:
            rounds[place].append(tuple(statements))
    return rounds


def _recorded() -> Iterator[tuple[bytes, dict[str, dict[str, dict[str, str]]]]]:
    for request in replay_client.read(EXAMPLE / "moodle_class.jsonl.gz"):
        for statement in orjson.loads(request.body):
            yield orjson.dumps(statement), statement


def _request(statements: Sequence[tuple[Statement, int]]) -> Batch:
    bodies = [_of_class(statement, number) for statement, number in statements]
    events = [body for body, (statement, _) in zip(bodies, statements, strict=True) if statement.is_event]
    keys = tuple(formats.envelope("moodle", orjson.loads(body), rules=RULES).key for body in events)
    return Batch(b"[" + b",".join(bodies) + b"]", len(events), keys)


def _of_class(statement: Statement, number: int) -> bytes:
    """Return a statement as Moodle would send it of the student in the same seat of another class."""
    if number == 0:
        return statement.body
    account = str(statement.account).encode()
    body = statement.body.replace(b'"name":"%s"}' % account, b'"name":"%d"}' % (statement.account + STEP * number))
    body = body.replace(b'"%s"' % CLASS.encode(), b'"%s-%d"' % (CLASS.encode(), number))
    for pattern in (ATTEMPT, ATTEMPT_LABEL):
        body = pattern.sub(lambda found: b"%d" % (int(found[0]) + ATTEMPT_STEP * number), body)
    return body
