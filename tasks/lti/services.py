"""An LMS's services: a token by our own key (client credentials, private_key_jwt), and calls with it, within bounds.

Source: IMS Security Framework 1.1, 4.1; RFC 7523.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from config.errors import OperatorError
from config.settings import settings
from lms import strict_json
from lms.json_fields import text_at
from models import engine
from models.access.lti import Platform
from tasks.lti import keys
from tasks.outbound import AddressRefusedError, Answer, Bounds, exchange

ASSERTION_SECONDS = 120
BOUNDS = Bounds(seconds=10.0, max_bytes=2 * 1024 * 1024)
MEMBERS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
SCORE_SCOPES = (ITEM_SCOPE, SCORE_SCOPE)

_KEYS = (
    "It checks our signature with our key set: let it fetch {keys}.",
    "Moodle fetches only public addresses at ports 80 and 443, unless Security > HTTP security says otherwise.",
)
SENTENCES = {
    "token": "refuses us a token",
    "scope": "does not let us use this service",
    "unreachable": "does not answer as it should",
    "address": "names an address that we do not call",
    "content": "answers something else than the service's format",
    "too_many": "lists more than we read",
}
"""What is wrong with a platform's service, by code; the codes are stored."""


class ServiceError(OperatorError):
    """A service of a platform does not do what we asked; `code` says why."""

    def __init__(self, platform: Platform, code: str, detail: str = "") -> None:
        super().__init__(
            f"{platform.issuer} {SENTENCES[code]}{f' ({detail})' if detail else ''}.", remedy(platform, code)
        )
        self.code = code


@dataclass(frozen=True, slots=True)
class Access:
    """A platform, and a token that it has given us for some of its services."""

    platform: Platform
    token: str


def remedy(platform: Platform, code: str) -> str:
    """Return what an administrator can do about a failure."""
    own = settings().web_url or "this server"
    if code == "token":
        sentences = _KEYS if platform.product == "moodle" else _KEYS[:1]
        return " ".join(sentences).format(keys=f"{own}/lti/keys/{platform.school_id}")
    return {
        "scope": "Allow Souschef the service Names and Role Provisioning (or Assignment and Grade) in the LMS.",
        "unreachable": "Look whether this server can reach the LMS, and try again later.",
        "address": "Invite it with --private if it lies in a private network.",
        "content": "Look at the LMS's log; `souschef lti list` shows the course.",
        "too_many": "Load a roster from files instead.",
    }[code]


def authorize(platform: Platform, *scopes: str) -> Access:
    """Return access to services of a platform.

    Raises:
        ServiceError: `token`, `unreachable`, `address`, `content`.
    """
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": _assertion(platform),
        "scope": " ".join(scopes),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = _exchange(platform, platform.token_url, headers, urlencode(form).encode(), refused="token")
    token = text_at(answer.document, "access_token")
    if not token or not token.isascii() or not token.isprintable():
        raise ServiceError(platform, "content")
    return Access(platform, token)


def get(access: Access, address: str, *, media: str) -> Answer:
    """Return what a service answers; the next page only where it is of the same server, which alone gets our token.

    Raises:
        ServiceError: the service fails, or leads elsewhere.
    """
    headers = {"Authorization": f"Bearer {access.token}", "Accept": media}
    answer = _exchange(access.platform, address, headers, None, refused="scope")
    if answer.next_url is None:
        return answer
    following = urljoin(address, answer.next_url)
    if _server(following) != _server(address):
        raise ServiceError(access.platform, "address")
    return Answer(answer.document, following)


def post(access: Access, address: str, document: object, *, media: str) -> Answer:
    """Send a document to a service, and return what it answers.

    Raises:
        ServiceError: the service fails.
    """
    headers = {"Authorization": f"Bearer {access.token}", "Content-Type": media, "Accept": f"{media}, application/json"}
    return _exchange(access.platform, address, headers, json.dumps(document).encode(), refused="scope")


def _assertion(platform: Platform) -> str:
    now = int(time.time())
    claims = {
        "iss": platform.client_id,
        "sub": platform.client_id,
        "aud": platform.token_url,
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
        "jti": secrets.token_urlsafe(16),
    }
    with engine.transaction() as session:
        return keys.sign(session, platform.school_id, claims, secret_key=settings().secret_key_bytes())


def _exchange(platform: Platform, address: str, headers: dict[str, str], body: bytes | None, *, refused: str) -> Answer:
    try:
        return exchange(address, private_allowed=platform.private_allowed, headers=headers, body=body, bounds=BOUNDS)
    except AddressRefusedError as error:
        raise ServiceError(platform, "address", str(error).rstrip(".")) from None
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        code = refused if status in {400, 401, 403, 404} else "unreachable"
        raise ServiceError(platform, code, f"status {status}") from None
    except (httpx.HTTPError, OSError):
        raise ServiceError(platform, "unreachable") from None
    except strict_json.BodyError:
        raise ServiceError(platform, refused if refused == "token" else "content", "no JSON") from None


def _server(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc
