"""Dynamic registration: read what a platform says of itself, tell it who we are, and keep what it answers.

Source: LTI Dynamic Registration 1.0; Moodle's own fields as seen on the wire, Canvas's as its documentation has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from lms import strict_json
from lms.json_fields import get_path, text_at
from models.access.lti import Endpoints
from tasks.lti.services import MEMBERS_SCOPE, SCORE_SCOPES
from tasks.outbound import AddressRefusedError, check_scheme, fetch_json
from web.lti.claims import DEEP_LINKING_REQUEST, RESOURCE_LINK_REQUEST

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
CANVAS_DOMAIN = ".instructure.com"
CANVAS_CUSTOM = {
    "canvas_user_uuid": "$vnd.instructure.User.uuid",
    "canvas_user_global_id": "$Canvas.user.globalId",
    "canvas_user_sis_id": "$Canvas.user.sisSourceId",
}
MAX_ADDRESS = 2_000


class RegistrationRefusedError(ValueError):
    """The platform cannot be registered; the sentence says why, for its admin to read."""


def exchange(
    configuration_url: str,
    registration_token: str,
    *,
    own: str,
    keys: str,
    private_allowed: bool,
    scores_enabled: bool = False,
) -> tuple[Endpoints, str | None]:
    """Register ourselves at a platform; return what it says of itself, and the deployment that it names, if any.

    Args:
        configuration_url: the platform's `openid_configuration`.
        registration_token: what the platform lets us register with; "" where it wants none.
        own: our own origin.
        keys: the address of our key set.
        private_allowed: whether the platform may lie in a private network.
        scores_enabled: whether the number of tasks done will be sent to the platform.

    Raises:
        RegistrationRefusedError: an address is not allowed, does not answer, or says what it must not.
    """
    metadata = _fetch(configuration_url, private_allowed=private_allowed)
    addresses = {name: _address(metadata, name, private_allowed) for name in _ENDPOINTS}
    issuer = _address(metadata, "issuer", private_allowed)
    product = (text_at(metadata, PLATFORM, "product_family_code") or "").lower()
    _check_issuer(issuer, configuration_url, product)
    headers = {"Authorization": f"Bearer {registration_token}"} if registration_token else {}
    answer = _fetch(
        addresses["registration_endpoint"],
        private_allowed=private_allowed,
        headers=headers,
        document=description(own=own, keys=keys, product=product, scores_enabled=scores_enabled),
    )
    endpoints = Endpoints(
        issuer=issuer,
        client_id=_text(answer, "client_id"),
        auth_url=addresses["authorization_endpoint"],
        token_url=addresses["token_endpoint"],
        jwks_url=addresses["jwks_uri"],
        product=product,
        frames=_frames(issuer, configuration_url),
    )
    deployment = get_path(answer, TOOL, "deployment_id")
    return endpoints, None if deployment is None else str(deployment)


_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")


def description(*, own: str, keys: str, product: str, scores_enabled: bool = False) -> dict[str, Any]:
    """Return what we tell a platform of ourselves.

    No claim about a person is asked for but an id, and of the services the list of a course's members; the gradebook
    only where the school wants the number of tasks in it.
    """
    launch = f"{own}/lti/launch"
    resource: dict[str, Any] = {"type": RESOURCE_LINK_REQUEST}
    tool: dict[str, Any] = {
        "domain": urlsplit(own).netloc,
        "description": "Each student's next task, and who needs help.",
        "target_link_uri": launch,
        "custom_parameters": {},
        "claims": ["iss", "sub"],
        "messages": [resource, {"type": DEEP_LINKING_REQUEST, "target_link_uri": launch, "label": "My next tasks"}],
    }
    if product == "canvas":
        resource |= {"target_link_uri": launch, "label": "My next tasks", "placements": ["course_navigation"]}
        tool["custom_parameters"] = CANVAS_CUSTOM
        tool["https://canvas.instructure.com/lti/privacy_level"] = "anonymous"
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{own}/lti/login",
        "redirect_uris": [launch],
        "client_name": "Souschef",
        "jwks_uri": keys,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join([MEMBERS_SCOPE, *(SCORE_SCOPES if scores_enabled else ())]),
        TOOL: tool,
    }


def origin(address: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _check_issuer(issuer: str, configuration_url: str, product: str) -> None:
    """Refuse a configuration that speaks for another host; all customers of Canvas's cloud share one issuer."""
    theirs, here = urlsplit(issuer).hostname or "", urlsplit(configuration_url).hostname or ""
    in_cloud = product == "canvas" and f".{theirs}".endswith(CANVAS_DOMAIN) and f".{here}".endswith(CANVAS_DOMAIN)
    if theirs != here and not in_cloud:
        raise RegistrationRefusedError("The configuration is not at the host of its issuer.")


def _frames(issuer: str, configuration_url: str) -> tuple[str, ...]:
    if f".{urlsplit(issuer).hostname}".endswith(CANVAS_DOMAIN):
        return (f"https://*{CANVAS_DOMAIN}",)
    return tuple(sorted({origin(issuer), origin(configuration_url)}))


def _address(metadata: object, name: str, private_allowed: bool) -> str:  # noqa: FBT001 - as the invitation says
    address = _text(metadata, name)
    try:
        check_scheme(address, private_allowed=private_allowed)
    except AddressRefusedError as error:
        raise RegistrationRefusedError(f"The platform's {name}: {error}") from None
    return address


def _text(metadata: object, name: str) -> str:
    found = text_at(metadata, name)
    if not found or len(found) > MAX_ADDRESS or not found.isprintable():
        raise RegistrationRefusedError(f"The platform does not say its {name}.")
    return found


def _fetch(
    address: str,
    *,
    private_allowed: bool,
    headers: Mapping[str, str] | None = None,
    document: object | None = None,
) -> object:
    try:
        return fetch_json(address, private_allowed=private_allowed, headers=headers, document=document)
    except AddressRefusedError as error:
        raise RegistrationRefusedError(str(error)) from None
    except httpx.HTTPStatusError as error:
        raise RegistrationRefusedError(f"{origin(address)} answered {error.response.status_code}.") from None
    except httpx.HTTPError:
        raise RegistrationRefusedError(f"{origin(address)} does not answer as it should.") from None
    except strict_json.BodyError:
        raise RegistrationRefusedError(f"{origin(address)} did not answer JSON.") from None
