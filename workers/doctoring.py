"""The doctor's round: settings, secrets, servers, the work that waits, and what the catalogue lacks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from config.celery import TASK_LIMIT_SECONDS
from config.errors import Mendable
from config.settings import Settings, settings
from models import database, diagnosis, logins, migrate, numbers, reports, sources
from workers import liveness
from workers.broker_check import broker
from workers.findings import Finding, error, note, ok, warning
from workers.secret_check import data_folder, files, is_loopback, secrets

OLDEST_POSTGRESQL = 150000
"""15.0: the tables use NULLS NOT DISTINCT, which older ones do not know."""
OLD_SECONDS = 120.0
SKEWED_SECONDS = 30.0
"""More than a slow connection, and a tenth of what a signature's time may be off."""
LACKING = {
    "scope_without_material": ("skills in a class's scope without material", "Load materials for them."),
    "skill_without_material": ("skills without material, in no class's scope", ""),
    "material_without_skill": ("materials without a skill, which are never assigned", "Name their skills, and load."),
    "item_without_skill": ("items without a skill, answers to which say nothing", "Load their alignments."),
    "class_without_scope": ("classes without scope, whose students are assigned nothing", "Load a scope for them."),
    "student_without_class": ("students without a class, who are assigned nothing", "Load their enrolments."),
}
"""What each lack means, and its mend; without a mend it is a note."""
Aged = tuple[str, str, dt.timedelta]
"""School, name, and the age of the secret."""
SAID = 20
"""So many holes are named one by one."""
OLD_SECRET = dt.timedelta(days=366)
"""A school year and the holidays: by then it should be another one's turn to know it."""


def examine() -> Iterator[Finding]:
    """Yield what is found, in the order in which one mends it: without settings nothing else can be looked at."""
    try:
        chosen = settings()
    except Mendable as refused:
        yield error("settings", refused.sentence, refused.mend)
        return
    yield ok("settings", "Every setting has a known name and a value that makes sense.")
    yield from data_folder(chosen.data_dir)
    yield from files(chosen)
    yield from secrets(chosen)
    yield from patience(chosen)
    yield from exposure(chosen)
    yield from broker(chosen)
    try:
        yield from _in_database(chosen)
    except Mendable as unreachable:
        yield error("database", unreachable.sentence, unreachable.mend)


def patience(chosen: Settings) -> Iterator[Finding]:
    """Yield whether a worker may hold an event for as long as a task may take."""
    if chosen.lease_seconds < TASK_LIMIT_SECONDS:
        yield warning(
            "lease",
            f"SOUSCHEF_LEASE_SECONDS is {chosen.lease_seconds:g}, and a task may take {TASK_LIMIT_SECONDS} s: what is "
            "slow is begun again by another worker, and after five times set aside.",
            "Leave it unset, or set it higher.",
        )


def exposure(chosen: Settings) -> Iterator[Finding]:
    """Yield what of Flower and the doors listens to the network."""
    provider = chosen.flower_oauth_provider
    asks = "asks for a password" if provider is None else f"lets in {chosen.flower_oauth_allowed} by {provider}"
    if is_loopback(chosen.flower_host):
        yield ok("flower", f"Flower listens on this machine alone, and {asks}.")
    else:
        yield warning(
            "flower",
            f"Flower listens on {chosen.flower_host}, to whoever can reach it, without TLS.",
            "Set SOUSCHEF_FLOWER_HOST=127.0.0.1 and a proxy with TLS before it, or leave it inside a private network.",
        )
    if not is_loopback(chosen.web_host):
        yield note("doors", f"The doors listen on {chosen.web_host}, without TLS.", "Put a proxy with TLS in front.")


def _in_database(chosen: Settings) -> Iterator[Finding]:
    url = chosen.database_url_text()
    with database.transaction() as session:
        found = diagnosis.server(session)
    yield from server(found)
    if chosen.database_url is not None:
        yield from login(found)
    try:
        migrate.check(url)
    except Mendable as missing:
        yield error("migrations", missing.sentence, missing.mend)
        return
    yield ok("migrations", "The database has the newest shape.")
    with database.transaction() as session:
        waits, lacks = reports.status(session), diagnosis.gaps(session)
        ages, passwords = sources.ages(session), logins.ages(session)
        lost, lms = numbers.holes(session), logins.judged(session)
        unwatched = numbers.not_consecutive(session)
    yield from lms_logins(lms)
    yield from credentials(ages, passwords)
    yield from work(waits)
    yield from lost_on_their_way(lost)
    for school, name in unwatched:
        said = f"The numbers of source {name} of {school} are not consecutive: what is lost of it cannot be seen."
        yield note("numbers", said, f"Have it count by one, then `souschef source renumber {name}`.")
    yield from signs_of_life(chosen.data_dir)
    yield from catalogue(lacks, students=waits["students"])


def server(found: diagnosis.Server) -> Iterator[Finding]:
    """Yield what of the database server is not as it must be."""
    release = f"PostgreSQL {found.version // 10_000}.{found.version % 10_000}"
    if found.version < OLDEST_POSTGRESQL:
        yield error("database", f"{release} is too old.", "Souschef needs PostgreSQL 15 or newer.")
    else:
        yield ok("database", f"{release} answers.")
    if found.encoding != "UTF8":
        yield error("database", f"Its encoding is {found.encoding}.", "Make the database anew with ENCODING 'UTF8'.")
    if not found.durable:
        yield warning(
            "database",
            "A crash of its machine may lose events that were answered with 200.",
            "Set fsync, full_page_writes and synchronous_commit to on.",
        )
    if abs(found.ahead_of_us_seconds) > SKEWED_SECONDS:
        yield warning(
            "clock",
            f"The database's clock and this machine's differ by {spoken(abs(found.ahead_of_us_seconds))}.",
            "Have both set by NTP: the database's decides when an event lies in the future, and when a lease is over.",
        )
    if found.clock_ahead_seconds is not None:
        yield warning(
            "clock",
            f"The clock is set {found.clock_ahead_seconds / 86_400:+.1f} days off the machine's: by a test or demo.",
            "Use a database of its own for the demo; where this is the school's: DELETE FROM souschef.clock_offset.",
        )


def login(found: diagnosis.Server) -> Iterator[Finding]:
    """Yield whether our login at a server of the school's own may more than it needs; an embedded one has no other."""
    if found.exempt:
        yield warning(
            "login",
            "Our login at the database is a superuser or has BYPASSRLS: no fence between schools binds it.",
            "Make a plain role (NOSUPERUSER NOBYPASSRLS CREATEROLE) that owns the database and all in it, as "
            "docker-compose.yml does, and name it in SOUSCHEF_DATABASE_URL.",
        )
    else:
        yield ok("login", "Our login at the database is a plain one, which the fences between schools bind.")


def lms_logins(found: Sequence[logins.Judged]) -> Iterator[Finding]:
    """Yield which logins of LMSs are not there, may too little, or may more than read their own school's contract."""
    wrong = [each for each in found if each.too_much or not each.enough]
    for each in wrong:
        again = f"`souschef contract login {each.school}` makes it and its password anew."
        if not each.there:
            yield error("lms login", f"{each.role}, by which the LMS of {each.school} reads, is not there.", again)
        elif each.too_much:
            mend = (
                f'ALTER ROLE "{each.role}" NOSUPERUSER NOBYPASSRLS NOCREATEROLE; '
                f'REVOKE ALL ON SCHEMA souschef FROM "{each.role}"; and whatever role was granted to it.'
            )
            yield error("lms login", f"{each.role} may see more than the contract of {each.school}.", mend)
        else:
            yield error("lms login", f"{each.role} may not read all of the contract of {each.school}.", again)
    if found and not wrong:
        yield ok("lms login", f"Every LMS's login ({len(found)}) reads its own school's contract and no more.")


def work(waits: dict[str, object]) -> Iterator[Finding]:
    """Yield what waits, from `reports.status`."""
    backlog, oldest = waits["backlog"], float(str(waits["oldest_seconds"]))
    if oldest > OLD_SECONDS:
        mend = "Look at the worker's log; `souschef status` shows whether it shrinks."
        yield warning("backlog", f"Events that wait: {backlog}, the oldest for {spoken(oldest)}.", mend)
    else:
        yield ok("backlog", f"Events that wait: {backlog}, none for longer than {spoken(OLD_SECONDS)}.")
    if waits["quarantined"]:
        yield warning("quarantine", f"Events that make no sense: {waits['quarantined']}.", "`souschef quarantine list`")
    if waits["parked"]:
        said = f"Events that name somebody or something not loaded yet: {waits['parked']}."
        yield note("parked", said, "`souschef doctor --source NAME` says what; a load wakes them.")
    if waits["last_event_at"] is None:
        yield note("events", "No event has ever come.", "`souschef source add` makes a source.")


def credentials(ages: Sequence[Aged], passwords: Sequence[Aged]) -> Iterator[Finding]:
    """Yield which secrets of sources and LMSs are so old that somebody who has left may still know them."""
    old = [each for each in (*ages, *passwords) if each[2] > OLD_SECRET]
    for school, name, age in (each for each in ages if each in old):
        yield warning(
            "credentials",
            f"The secret of source {name} of {school} is {spoken(age.total_seconds())} old.",
            f"`souschef source rotate {name} --school {school}`; the old one stays good for a week.",
        )
    for school, role, age in (each for each in passwords if each in old):
        yield warning(
            "credentials",
            f"The password of {role}, by which the LMS of {school} reads, is {spoken(age.total_seconds())} old.",
            f"`souschef contract login {school}` makes a new one, which the LMS needs at once.",
        )
    if (ages or passwords) and not old:
        oldest = max(age.days for _, _, age in (*ages, *passwords))
        yield ok(
            "credentials", f"No secret of a source or LMS is older than a year; the oldest has {max(oldest, 0)} days."
        )


def lost_on_their_way(holes: Iterable[numbers.Hole]) -> Iterator[Finding]:
    """Yield which numbers of a source have not come, though later ones have."""
    for (school, name), some in groupby(holes, key=lambda hole: (hole.school, hole.source)):
        told = [hole.said for hole in some]
        more = f" and {len(told) - SAID} more" if len(told) > SAID else ""
        yield warning(
            "numbers",
            f"Events of source {name} of {school} were lost on their way: numbers {', '.join(told[:SAID])}{more}.",
            f"Have the sender send them again; if its numbers began anew, `souschef source renumber {name}`.",
        )


def signs_of_life(folder: Path) -> Iterator[Finding]:
    """Yield whether a worker and beat have shown life in this data folder."""
    for name, task, means in (
        ("worker", "nothing is applied", "A worker has swept"),
        ("beat", "no night comes", "Beat has shown life"),
    ):
        age = liveness.age_seconds(name, folder)
        if age is None:
            said = f"No {name} has ever shown life in {folder}."
            yield note(name, said, "Start it with `souschef up`; one on another machine shows it there.")
        elif age > liveness.DEAD_SECONDS:
            said = f"The last sign of life of a {name} is {spoken(age)} old: where none runs, {task}."
            yield warning(name, said, "Start it again with `souschef up`, and look at its log.")
        else:
            yield ok(name, f"{means} within a minute.")


def catalogue(lacks: list[diagnosis.Gap], *, students: object) -> Iterator[Finding]:
    """Yield what the schools' files lack."""
    if not students:
        yield note("catalogue", "There is no student yet.", "`souschef load PATH`")
    for lack in lacks:
        said, mend = LACKING[lack.what]
        more = ", ..." if lack.count > len(lack.examples) else ""
        tell = warning if mend else note
        yield tell("catalogue", f"{lack.school}: {said}: {lack.count} ({', '.join(lack.examples)}{more}).", mend)
    if students and not lacks:
        yield ok("catalogue", "Every skill has material, every class a scope, every student a class.")


def spoken(seconds: float) -> str:
    """Return a time as one says it."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
