"""The checks of `souschef doctor`: settings, secrets, servers, pending work, and gaps in the catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from config.celery import TASK_LIMIT_SECONDS
from config.errors import OperatorError
from config.settings import Settings, settings
from models import admin, engine, locks
from models.access import lms_roles, school_time, sources
from models.assignments import policies
from models.events import sequence_gaps
from models.imports import file_findings
from models.reports import diagnosis, status, twins
from workers import heartbeat
from workers.cli.doctor import lti, outbox
from workers.cli.doctor.broker import broker
from workers.cli.doctor.findings import Finding, error, humanize, note, ok, warning
from workers.cli.doctor.secrets import data_folder, files, is_loopback, secrets

OLDEST_POSTGRESQL = 150000
"""15.0: the tables use NULLS NOT DISTINCT, which older versions do not have."""
POSTGRES_16 = 160000
OLD_SECONDS = 120.0
LATE_NIGHT_SECONDS = 36 * 3600.0
SKEWED_SECONDS = 30.0
"""More than the delay of a slow connection, and a tenth of the tolerance for signature times."""
CATALOGUE_ISSUES = {
    "scope_without_material": ("skills in a class's scope without material", "Load materials for them."),
    "skill_without_material": ("skills without material, in no class's scope", ""),
    "material_without_skill": ("materials without a skill, which are never assigned", "Name their skills, and load."),
    "item_without_skill": ("items without a skill, whose answers do not count", "Load their alignments."),
    "class_without_scope": ("classes without scope, whose students are assigned nothing", "Load a scope for them."),
    "enrolment_ended": (
        "students whose enrolment has ended by its date, whose open work of that class is withdrawn after three days",
        "Load a roster with the right dates, if they are still in the class.",
    ),
    "student_without_class": ("students without a class, who are assigned nothing", "Load their enrolments."),
}
"""The description and the fix of each kind of gap; without a fix it is a note."""
Aged = tuple[str, str, dt.timedelta]
"""School, name, and the age of the secret."""
MAX_GAPS = 20
"""Missing numbers that are listed one by one."""
OLD_SECRET = dt.timedelta(days=366)
"""A school year with its holidays; by then somebody who knew the secret may have left."""


def run_checks() -> Iterator[Finding]:
    """Run all checks in the order in which findings should be fixed; without settings no other check can run."""
    try:
        current = settings()
    except OperatorError as refused:
        yield error("settings", refused.message, refused.hint)
        return
    yield ok("settings", "Every setting has a known name and a valid value.")
    yield from data_folder(current.data_dir)
    yield from files(current)
    yield from secrets(current)
    yield from check_lease(current)
    yield from check_exposure(current)
    yield from broker(current)
    try:
        yield from _check_database(current)
    except OperatorError as unreachable:
        yield error("database", unreachable.message, unreachable.hint)


def check_lease(current: Settings) -> Iterator[Finding]:
    """Check that a worker's lease lasts as long as a task may take."""
    if current.lease_seconds < TASK_LIMIT_SECONDS:
        yield warning(
            "lease",
            f"SOUSCHEF_LEASE_SECONDS is {current.lease_seconds:g}, and a task may take {TASK_LIMIT_SECONDS} s: slow "
            "work is started again by another worker, and quarantined after five attempts.",
            "Leave it unset, or set it higher.",
        )


def check_exposure(current: Settings) -> Iterator[Finding]:
    """Check whether Flower and the API listen on the network."""
    provider = current.flower_oauth_provider
    login = "asks for a password" if provider is None else f"lets in {current.flower_oauth_allowed} by {provider}"
    if is_loopback(current.flower_host):
        yield ok("flower", f"Flower listens on this machine only, and {login}.")
    else:
        yield warning(
            "flower",
            f"Flower listens on {current.flower_host}, without TLS, for everyone who can reach it.",
            "Set SOUSCHEF_FLOWER_HOST=127.0.0.1 and put a proxy with TLS in front, or keep it in a private network.",
        )
    if not is_loopback(current.web_host):
        yield note("api", f"The API listens on {current.web_host}, without TLS.", "Put a proxy with TLS in front.")


def _check_database(current: Settings) -> Iterator[Finding]:
    url = current.database_url_text()
    with engine.transaction() as session:
        found = diagnosis.server(session)
    yield from check_server(found)
    if engine.is_pooled(url):
        yield note("database", "A pooler in transaction mode stands before it: limits are set in each transaction.")
    if current.database_url is not None:
        yield from check_database_role(found)
    try:
        admin.check(url)
    except OperatorError as missing:
        yield error("migrations", missing.message, missing.hint)
        return
    yield ok("migrations", "The database has all migrations.")
    with engine.transaction() as session:
        figures, issues = status.status(session), diagnosis.catalogue_issues(session)
        ages, passwords = sources.credential_ages(session), lms_roles.password_ages(session)
        gaps, roles = sequence_gaps.sequence_gaps(session), lms_roles.audit_roles(session)
        unwatched = sequence_gaps.unwatched_sources(session)
        zoneless = school_time.schools_without_zone(session)
        narrow = policies.owners_of_narrow_bands(session)
        left_out, pairs = file_findings.reports(session), twins.likely_twins(session)
        night = locks.seconds_since_job(session, "nightly")
    yield from check_nightly(night)
    yield from check_lms_roles(roles, open_to_all=found.open_to_all)
    yield from check_credentials(ages, passwords)
    yield from check_backlog(figures)
    yield from outbox.check()
    yield from check_sequence_gaps(gaps)
    for school, name in unwatched:
        sentence = f"The numbers of source {name} of {school} are not consecutive: lost events cannot be detected."
        yield note("numbers", sentence, f"Let it count by one, then `souschef source renumber {name}`.")
    yield from check_files(left_out)
    yield from lti.check(current)
    yield from check_twins(pairs)
    yield from check_heartbeats(current.data_dir)
    yield from check_catalogue(issues, students=figures["students"])
    yield from check_time_zones(zoneless)
    yield from check_bands(narrow)


def check_server(found: diagnosis.Server) -> Iterator[Finding]:
    """Check the database server's version, encoding, durability and clock."""
    release = f"PostgreSQL {found.version // 10_000}.{found.version % 10_000}"
    if found.version < OLDEST_POSTGRESQL:
        yield error("database", f"{release} is too old.", "Souschef needs PostgreSQL 15 or newer.")
    else:
        yield ok("database", f"{release} answers.")
    if found.encoding != "UTF8":
        yield error("database", f"Its encoding is {found.encoding}.", "Create the database again with ENCODING 'UTF8'.")
    if not found.durable:
        yield warning(
            "database",
            "A crash of its machine may lose events that were answered with 200.",
            "Set fsync, full_page_writes and synchronous_commit to on.",
        )
    if abs(found.ahead_of_us_seconds) > SKEWED_SECONDS:
        yield warning(
            "clock",
            f"The database's clock and this machine's differ by {humanize(abs(found.ahead_of_us_seconds))}.",
            "Set both by NTP: the database's clock decides when an event is in the future and when a lease ends.",
        )
    if found.clock_ahead_seconds is not None:
        yield warning(
            "clock",
            f"A test or demo has set the clock {found.clock_ahead_seconds / 86_400:+.1f} days off the machine's.",
            "Use another database for the demo; if this is the school's: DELETE FROM souschef.clock_offset.",
        )


def check_database_role(found: diagnosis.Server) -> Iterator[Finding]:
    """Check that our login on the school's own server has no more rights than it needs."""
    if found.exempt:
        yield warning(
            "login",
            "Our database login is a superuser or has BYPASSRLS: row security between schools does not apply to it.",
            "Create a plain role (NOSUPERUSER NOBYPASSRLS CREATEROLE) that owns the database and everything in it, as "
            "docker-compose.yml does, and name it in SOUSCHEF_DATABASE_URL.",
        )
    elif found.creates_roles and found.version < POSTGRES_16:
        yield warning(
            "login",
            "Our database login has CREATEROLE, and before PostgreSQL 16 such a role can grant itself the right to run "
            "programs on the database's server.",
            "Use PostgreSQL 16 or newer; or take CREATEROLE away, and have a superuser create the logins of LMSs.",
        )
    else:
        yield ok("login", "Our database login is a plain role, to which the row security between schools applies.")


def check_lms_roles(found: Sequence[lms_roles.LmsRoleAudit], *, open_to_all: bool = False) -> Iterator[Finding]:
    """Check that each LMS's login exists and can read exactly its own school's contract."""
    wrong = [each for each in found if each.too_much or not each.enough]
    for each in wrong:
        recreate = f"`souschef lms-login {each.school}` creates it again, with a new password."
        if not each.there:
            yield error("lms login", f"{each.role}, the login of the LMS of {each.school}, does not exist.", recreate)
        elif each.too_much:
            fix = (
                f'ALTER ROLE "{each.role}" NOSUPERUSER NOBYPASSRLS NOCREATEROLE; '
                f'REVOKE ALL ON SCHEMA souschef FROM "{each.role}"; and revoke the roles that were granted to it.'
            )
            yield error("lms login", f"{each.role} can read more than the contract of {each.school}.", fix)
        else:
            yield error("lms login", f"{each.role} cannot read all of the contract of {each.school}.", recreate)
    if found and open_to_all:
        yield warning(
            "lms login",
            "An LMS's login can fill the server's table of locks, or its disk, and so stop all schools.",
            "Have a superuser run what docs/security.md#rights-of-everybody says.",
        )
    if found and not wrong:
        yield ok("lms login", f"Every LMS's login ({len(found)}) can read its own school's contract and nothing else.")


def check_backlog(figures: dict[str, object]) -> Iterator[Finding]:
    """Check the pending events in the figures of `souschef status`."""
    backlog, oldest = figures["backlog"], float(str(figures["oldest_seconds"]))
    if oldest > OLD_SECONDS:
        fix = "See the worker's log; `souschef status` shows whether the backlog shrinks."
        yield warning("backlog", f"Pending events: {backlog}, the oldest for {humanize(oldest)}.", fix)
    else:
        yield ok("backlog", f"Pending events: {backlog}, none for longer than {humanize(OLD_SECONDS)}.")
    if figures["quarantined"]:
        sentence = f"Events that could not be processed: {figures['quarantined']}."
        yield warning("quarantine", sentence, "`souschef quarantine list`")
    if figures["parked"]:
        sentence = f"Events about someone or something that is not loaded yet: {figures['parked']}."
        yield note("parked", sentence, "`souschef doctor --source NAME` shows what; a load makes them due again.")
    if figures["last_event_at"] is None:
        yield note("events", "No event has ever come.", "`souschef source add` creates a source.")


def check_credentials(ages: Sequence[Aged], passwords: Sequence[Aged]) -> Iterator[Finding]:
    """Check the age of the secrets of sources and LMSs: somebody who has left may still know an old one."""
    old = [each for each in (*ages, *passwords) if each[2] > OLD_SECRET]
    for school, name, age in (each for each in ages if each in old):
        yield warning(
            "credentials",
            f"The secret of source {name} of {school} is {humanize(age.total_seconds())} old.",
            f"`souschef source rotate {name} --school {school}`; the old one works for one more week.",
        )
    for school, role, age in (each for each in passwords if each in old):
        yield warning(
            "credentials",
            f"The password of {role}, the login of the LMS of {school}, is {humanize(age.total_seconds())} old.",
            f"`souschef lms-login {school}` creates a new one, which the LMS needs at once.",
        )
    if (ages or passwords) and not old:
        oldest = max(age.days for _, _, age in (*ages, *passwords))
        yield ok(
            "credentials",
            f"No secret of a source or LMS is older than a year; the oldest has {max(oldest, 0)} days.",
        )


def check_sequence_gaps(gaps: Iterable[sequence_gaps.SequenceGap]) -> Iterator[Finding]:
    """Check for numbers of a source that have not come, though later ones have."""
    for (school, name), source_gaps in groupby(gaps, key=lambda gap: (gap.school, gap.source)):
        numbers = [gap.numbers for gap in source_gaps]
        more = f" and {len(numbers) - MAX_GAPS} more" if len(numbers) > MAX_GAPS else ""
        missing = f"{', '.join(numbers[:MAX_GAPS])}{more}"
        yield warning(
            "numbers",
            f"Events of source {name} of {school} were lost on their way: numbers {missing}.",
            f"Let the sender send them again; if its numbering has restarted, `souschef source renumber {name}`.",
        )


def check_heartbeats(data_dir: Path) -> Iterator[Finding]:
    """Check that a worker and beat have had a heartbeat in this data directory."""
    for name, effect in (("worker", "no event is applied"), ("beat", "the nightly task does not run")):
        age = heartbeat.age_seconds(name, data_dir)
        if age is None:
            sentence = f"No {name} has ever run with {data_dir}."
            yield note(name, sentence, "Start it with `souschef up`; on another machine, run the doctor there.")
        elif age > heartbeat.DEAD_SECONDS:
            sentence = f"The last heartbeat of a {name} is {humanize(age)} old: without a {name}, {effect}."
            yield warning(name, sentence, "Start it again with `souschef up`, and see its log.")
        else:
            yield ok(name, f"The {name} had a heartbeat within a minute.")


def check_nightly(seconds: float | None) -> Iterator[Finding]:
    """Check that the nightly task has ended within a day and a half; before the first night there is nothing to say."""
    if seconds is not None and seconds > LATE_NIGHT_SECONDS:
        yield warning(
            "nightly",
            f"The nightly task last ended {humanize(seconds)} ago: nothing is trained, and old data is not deleted.",
            "See that beat and a worker run; then look for `nightly` in Flower and in the worker's log.",
        )


def check_files(reports: Iterable[file_findings.FileReport]) -> Iterator[Finding]:
    """Check what the last load of each file left out."""
    for each in reports:
        if each.severity == "row":
            sentence = f"{each.school}: {each.rows:,} rows of {each.file} were left out ({each.first})."
            yield warning("files", sentence, f"{each.hint} `souschef load PATH --dry-run` lists all of them.")
        else:
            yield note("files", f"{each.school}: {each.file} was loaded, but {each.first}.", each.hint)


def check_twins(pairs: Iterable[twins.Twins]) -> Iterator[Finding]:
    """Check for students who are likely one person under two ids."""
    for each in pairs:
        sentence = f"{each.school}: {each.old}, who is in no class any more, and {each.new} are likely one person."
        fix = (
            f"`souschef person merge {each.old} {each.new} --by NAME --reason TEXT --school {each.school}` joins them."
        )
        yield note("twins", sentence, fix)


def check_catalogue(issues: list[diagnosis.CatalogueIssue], *, students: object) -> Iterator[Finding]:
    """Check the schools' catalogues, scopes and enrolments for gaps."""
    if not students:
        yield note("catalogue", "There is no student yet.", "`souschef load PATH`")
    for issue in issues:
        description, fix = CATALOGUE_ISSUES[issue.what]
        examples = ", ".join(issue.examples) + (", ..." if issue.count > len(issue.examples) else "")
        finding = warning if fix else note
        yield finding("catalogue", f"{issue.school}: {description}: {issue.count} ({examples}).", fix)
    if students and not issues:
        yield ok("catalogue", "Every skill has material, every class a scope, every student a class.")


def check_time_zones(schools: Sequence[str]) -> Iterator[Finding]:
    """Check that every school has a time zone: without one its days begin and end at midnight in UTC."""
    for school in schools[:MAX_GAPS]:
        sentence = f"Nobody has said in which time zone {school} is: its dates are days in UTC."
        yield note("time zone", sentence, f"`souschef school set --timezone ZONE --school {school}`")


def check_bands(narrow: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    """Check that the relaxed band of each policy contains the others; where it does not, it counts as wider."""
    for school, class_ref in narrow[:MAX_GAPS]:
        whose = f"Class {class_ref} of {school}" if class_ref else school
        sentence = f"{whose} has a wide_band that does not contain band and thin_band: it counts as wide as they are."
        yield note("policy", sentence, "Set a wide_band that contains both: souschef policy set wide_band=[LOW,HIGH]")
