"""Check what LMSs do with Souschef by LTI: our address, their keys, their services, and who waits to be admitted."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import urlsplit

import httpx

from config.settings import Settings
from lms import strict_json
from models import engine
from models.access import lti, lti_courses, lti_unknown
from models.access.lti import Platform
from models.access.lti_courses import CourseStatus
from tasks.lti import services
from tasks.lti.services import ServiceError
from tasks.outbound import AddressRefusedError, fetch_json, is_loopback
from workers.cli.doctor.findings import Finding, error, note, ok, warning

WAITING = {"person": "People whom", "class": "Courses that", "deployment": "Deployments that"}
USUAL_PORTS = (80, 443, None)
"""Moodle fetches from no other port unless its administrator allows it."""


def check(current: Settings) -> Iterator[Finding]:
    """Check every registered LMS; nothing is found where none is registered or invited."""
    with engine.transaction() as session:
        platforms, invitations = lti.live(session), lti.open_invitations(session)
        statuses, waiting = lti_courses.statuses(session), lti_unknown.counts(session)
    if platforms or invitations:
        yield from check_address(current.web_url or "", moodle=any(each.product == "moodle" for each in platforms))
    for school, count in invitations.items():
        sentence = f"Invitations of {school} that no LMS has used yet: {count}."
        yield note("lti", sentence, "Paste the address into the LMS; each works for a day.")
    for platform in platforms:
        yield from check_platform(platform, statuses.get(platform.id))
    for (school, kind), count in waiting.items():
        yield note("lti", f"{WAITING[kind]} {school} does not know: {count}.", "`souschef lti unknown` lists them.")


def check_address(own: str, *, moodle: bool) -> Iterator[Finding]:
    """Check that browsers and LMSs can reach us: https, and for an LMS's own requests a public address."""
    parts = urlsplit(own)
    host = parts.hostname or ""
    if parts.scheme != "https":
        if not host or is_loopback(host):
            sentence = "SOUSCHEF_WEB_URL is not set: an LMS can open pages from this machine alone."
        else:
            sentence = f"SOUSCHEF_WEB_URL is {own}: browsers keep our cookies by https only, and no page opens."
        yield error("lti", sentence, "Set SOUSCHEF_WEB_URL to the https address of this server.")
        return
    if moodle and (parts.port not in USUAL_PORTS or _is_private(host)):
        yield note(
            "lti",
            f"{own} has a private address or an unusual port, which Moodle does not fetch from by default: pages open, "
            "but deep linking, rosters and scores do not work.",
            "In Moodle, Security > HTTP security: remove it from the blocked hosts, and allow the port.",
        )


def check_platform(platform: Platform, status: CourseStatus | None) -> Iterator[Finding]:
    """Check one LMS: whether anybody came, its keys, and its services with a token of ours."""
    about = f"{platform.issuer} (registration {platform.id})"
    found = [*_check_keys(platform, about)]
    if status is None:
        yield note(
            "lti",
            f"Nobody has opened Souschef from {about} yet.",
            "Enable it in the LMS (in Moodle: Activate, and show it in the activity chooser), and open it in a course.",
        )
    elif not status.has_members:
        sentence = f"{about} does not let us list a course's members: rosters have to come as files."
        yield note("lti", sentence, services.remedy(platform, "scope"))
    else:
        found += _check_services(platform, about)
    if status is not None and status.failure:
        sentence = f"{about} {services.SENTENCES[status.failure]}: scores of {status.failed} courses were not sent."
        yield warning("lti", sentence, services.remedy(platform, status.failure))
    yield from found
    if not found:
        yield ok("lti", f"{about} shows its keys.")


def _check_keys(platform: Platform, about: str) -> Iterator[Finding]:
    fetch = partial(fetch_json, private_allowed=platform.private_allowed)
    try:
        document = fetch(platform.jwks_url)
    except AddressRefusedError as refused:
        yield error("lti", f"The keys of {about} are not fetched: {refused}", "Register it again, with --private.")
    except (httpx.HTTPError, strict_json.BodyError, OSError):
        yield error(
            "lti",
            f"The keys of {about} cannot be fetched, so no launch of it is believed.",
            f"Look whether this server reaches {platform.jwks_url}.",
        )
    else:
        if not isinstance(document, dict) or not document.get("keys"):
            yield error("lti", f"The key set of {about} has no key.", f"Look at {platform.jwks_url}.")


def _check_services(platform: Platform, about: str) -> Sequence[Finding]:
    try:
        services.authorize(platform, services.MEMBERS_SCOPE)
    except ServiceError as failed:
        sentence = f"Launches from {about} work, but its services do not: {failed.message}"
        return [warning("lti", sentence, services.remedy(platform, failed.code))]
    return []


def _is_private(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(not ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_global for each in found)
