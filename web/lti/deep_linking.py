"""Deep linking: a teacher adds "My next tasks" to a course, and we answer with a link that the platform stores."""

from __future__ import annotations

import secrets
import time
from typing import Any

from sqlmodel import Session
from starlette.responses import Response

from config.settings import settings
from models.access.lti import Platform
from tasks.lti import keys
from tasks.outbound import AddressRefusedError, check_scheme
from web.lti.claims import CLAIM, DEEP_LINKING, VERSION, Launch
from web.lti.registration import origin
from web.pages.language import N_, Language
from web.pages.render import PageRefusedError, page

ANSWER_SECONDS = 300
CLASS_QUERY = "?page=class"
LINKS = {N_("My next tasks"): "", N_("My class"): CLASS_QUERY}
"""What a teacher may add, and what its address ends with: both open for everyone, each with what they may see."""


def choice_page(
    session: Session, platform: Platform, launch: Launch, *, own: str, frames: tuple[str, ...], spoken: Language
) -> Response:
    """Return a page whose buttons give a signed link to the platform, under a title in the teacher's language."""
    back = str(launch.deep_linking.get("deep_link_return_url") or "")
    try:
        check_scheme(back, private_allowed=platform.private_allowed)
    except AddressRefusedError:
        raise PageRefusedError("launch", frames=frames) from None
    answers = {
        title: keys.sign(
            session,
            platform.school_id,
            response(platform, launch, title=title, url=f"{own}/lti/launch{query}", now=int(time.time())),
            secret_key=settings().secret_key_bytes(),
        )
        for title, query in ((spoken.text(message), query) for message, query in LINKS.items())
    }
    values: dict[str, object] = {"back": back, "answers": answers}
    return page("deep_linking.html", values, spoken=spoken, frames=frames, forms=[origin(back)])


def response(platform: Platform, launch: Launch, *, title: str, url: str, now: int) -> dict[str, Any]:
    """Return the claims of the answer: one link, which opens whatever the person who clicks may see."""
    item = {"type": "ltiResourceLink", "title": title, "url": url}
    claims: dict[str, Any] = {
        "iss": platform.client_id,
        "aud": platform.issuer,
        "iat": now,
        "exp": now + ANSWER_SECONDS,
        "nonce": secrets.token_urlsafe(16),
        f"{CLAIM}deployment_id": launch.deployment,
        f"{CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{CLAIM}version": VERSION,
        f"{DEEP_LINKING}content_items": [item],
    }
    if "data" in launch.deep_linking:
        claims[f"{DEEP_LINKING}data"] = launch.deep_linking["data"]
    return claims
