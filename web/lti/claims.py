"""What a launch's token says, believed only after every check; no I/O and no clock of its own."""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lms import strict_json
from lms.json_fields import text_at
from web.jws import InvalidSignatureError, SignedMessage, parse_jws, verify

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/"
MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GRADES = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
BRIGHTSPACE = "http://www.brightspace.com"
RESOURCE_LINK_REQUEST = "LtiResourceLinkRequest"
DEEP_LINKING_REQUEST = "LtiDeepLinkingRequest"
VERSION = "1.3.0"
LEEWAY_SECONDS = 60
"""How far the two clocks may differ."""
MAX_AGE_SECONDS = 3_600
"""How old a token may be: Moodle's lives for a minute, Canvas's for an hour."""
MAX_TEXT = 255
MAX_ADDRESS = 2_000

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
LEARNER = f"{MEMBERSHIP}Learner"
INSTRUCTOR = f"{MEMBERSHIP}Instructor"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
"""The student view of an LMS: nobody's work."""

Key = Mapping[str, Any]


class LaunchRefusedError(ValueError):
    """The token is not believed; the code says which check it failed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch whose token was verified."""

    issuer: str
    subject: str
    deployment: str
    message_type: str
    roles: frozenset[str]
    context: Mapping[str, str]
    """`id`, `label` and `title` of the course, as far as they were sent."""
    lis: Mapping[str, str]
    """`person_sourcedid` and `course_section_sourcedid`, as far as they were sent."""
    custom: Mapping[str, str]
    deep_linking: Mapping[str, Any]
    """The settings of a deep linking request."""
    target: str
    """Where the token says that it leads; "" where it says nothing."""
    members_url: str = ""
    """Where the platform lists who is in the course."""
    items_url: str = ""
    """Where the platform lists the columns of the course's gradebook."""
    locale: str = ""
    """In which language the platform shows itself to the person, such as `de` or `en-US`; "" where it does not say."""
    username: str | None = None
    email: str | None = None
    organisation_id: str | None = None
    """Brightspace: the person's number in the school's own records."""


def parse(token: str) -> SignedMessage:
    """Return a launch's token, of which nothing is believed yet.

    Raises:
        LaunchRefusedError: it is no compact JWS.
    """
    try:
        return parse_jws(token.encode())
    except InvalidSignatureError:
        raise LaunchRefusedError("signature") from None


def verified(token: SignedMessage, *, issuer: str, client_id: str, nonce: str, now: float, key: Key | None) -> Launch:
    """Return the launch of a token that the platform has signed for us, for this login, and just now.

    Args:
        token: as `parse` returns it.
        issuer: the platform's.
        client_id: ours there.
        nonce: of the login.
        now: seconds since 1970.
        key: the platform's key that the token names; None where it has none of that id.

    Raises:
        LaunchRefusedError: a check failed.
    """
    claims = _signed(token, key)
    _require(claims.get("iss") == issuer, "issuer")
    _require(_is_for(claims, client_id), "audience")
    _check_time(claims, now)
    sent = claims.get("nonce")
    _require(isinstance(sent, str) and hmac.compare_digest(sent.encode(), nonce.encode()), "nonce")
    _require(claims.get(f"{CLAIM}version") == VERSION, "version")
    message = claims.get(f"{CLAIM}message_type")
    _require(message in (RESOURCE_LINK_REQUEST, DEEP_LINKING_REQUEST), "message_type")
    roles = claims.get(f"{CLAIM}roles")
    _require(isinstance(roles, list), "roles")
    return Launch(
        issuer=issuer,
        subject=_name(claims.get("sub"), "subject"),
        deployment=_name(claims.get(f"{CLAIM}deployment_id"), "deployment"),
        message_type=str(message),
        roles=frozenset(each for each in roles or () if isinstance(each, str)),
        context=_texts(claims.get(f"{CLAIM}context")),
        lis=_texts(claims.get(f"{CLAIM}lis")),
        custom=_texts(claims.get(f"{CLAIM}custom")),
        deep_linking=_mapping(claims.get(f"{DEEP_LINKING}deep_linking_settings")),
        target=text_at(claims, f"{CLAIM}target_link_uri") or "",
        members_url=_address(claims, MEMBERS, "context_memberships_url"),
        items_url=_address(claims, GRADES, "lineitems"),
        locale=_texts(claims.get(f"{CLAIM}launch_presentation")).get("locale", ""),
        username=_texts(claims).get("preferred_username"),
        email=_texts(claims).get("email"),
        organisation_id=_texts(claims.get(BRIGHTSPACE)).get("org_defined_id"),
    )


def _signed(token: SignedMessage, key: Key | None) -> Mapping[str, Any]:
    _require(key is not None, "key")
    _require(verify(token, key or {}), "signature")
    try:
        return _mapping(strict_json.read(token.payload))
    except strict_json.BodyError:
        raise LaunchRefusedError("claims") from None


def _is_for(claims: Mapping[str, Any], client_id: str) -> bool:
    """Whether we are among the audiences; with several, or where it is said, we are also the authorised party."""
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    return client_id in several and (party == client_id if party is not None else len(several) == 1)


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    expires, issued = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    _require(expires > now - LEEWAY_SECONDS, "expired")
    _require(issued <= now + LEEWAY_SECONDS, "early")
    _require(now - issued <= MAX_AGE_SECONDS + LEEWAY_SECONDS, "old")
    if claims.get("nbf") is not None:
        _require(_seconds(claims["nbf"]) <= now + LEEWAY_SECONDS, "early")


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise LaunchRefusedError("time")
    return float(value)


def _name(value: object, code: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
        raise LaunchRefusedError(code)
    return value


def _texts(value: object) -> dict[str, str]:
    """Return the short texts of an object; a variable that the platform left unresolved begins with $ and is none."""
    return {
        name: each
        for name, each in _mapping(value).items()
        if isinstance(each, str) and 0 < len(each) <= MAX_TEXT and not each.startswith("$") and each.isprintable()
    }


def _address(claims: Mapping[str, Any], *path: str) -> str:
    """Return a service's address; it is checked where it is called."""
    found = text_at(claims, *path) or ""
    return found if len(found) <= MAX_ADDRESS and found.isprintable() else ""


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _require(holds: bool, code: str) -> None:  # noqa: FBT001 - a condition is the argument
    if not holds:
        raise LaunchRefusedError(code)
