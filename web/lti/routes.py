"""The addresses that a platform and its users' browsers call: register, keys, login, launch."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from config.settings import settings
from models.access import lti, page_sessions
from models.access.lti import AlreadyRegisteredError, Login, Platform
from models.tables.pages import PageRole
from tasks.lti import keys
from tasks.outbound import fetch_json
from web.dependencies import state_of
from web.jws import KeySets
from web.lti import admission, claims, registration
from web.lti.admission import Admitted
from web.lti.claims import DEEP_LINKING_REQUEST, Launch, LaunchRefusedError
from web.lti.deep_linking import CLASS_QUERY, choice_page
from web.lti.registration import origin
from web.pages.access import Form, form, in_transaction, to_session
from web.pages.language import N_
from web.pages.render import PageRefusedError, browser_language, page
from web.pages.safety import is_from_our_page, is_ours, is_secure, own_origin, set_cookie
from web.problems import ProblemError

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/lti", include_in_schema=False)

STATE_COOKIE = "__Host-lti-"
STATE_SECONDS = lti.STATE_MINUTES * 60
MAX_PARAMETER = 4_000
FRAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
UNUSED = N_("Paste this address into your LMS; it is not for a browser.")
USED_UP = N_("This registration address was used, or is too old.")
PLATFORM_KEYS = {allowed: KeySets(partial(fetch_json, private_allowed=allowed)) for allowed in (False, True)}
"""The platforms' key sets: of those that may lie in a private network, and of the others."""


@router.get("/register/{invitation}")
async def register(
    request: Request, invitation: str, openid_configuration: str = "", registration_token: str = ""
) -> Response:
    """Register the platform whose admin has opened a registration address in it."""
    own = own_origin(request)
    if not is_secure(own):
        raise PageRefusedError("insecure")
    if not openid_configuration:
        raise PageRefusedError("registration", detail=UNUSED)
    invite = await in_transaction(request, lambda session: lti.try_invite(session, invitation))
    if invite is None:
        raise PageRefusedError("registration", detail=USED_UP)
    exchange = partial(
        registration.exchange,
        openid_configuration,
        registration_token,
        own=own,
        keys=f"{own}/lti/keys/{invite.school_id}",
        private_allowed=invite.private_allowed,
        scores_enabled=invite.scores_enabled,
    )
    try:
        endpoints, deployment = await state_of(request).run(exchange)
        number = await in_transaction(
            request, lambda session: lti.register(session, invite, endpoints, deployment=deployment)
        )
    except (registration.RegistrationRefusedError, AlreadyRegisteredError) as error:
        raise PageRefusedError("registration", detail=str(error)) from None
    except ProblemError:
        raise PageRefusedError("busy") from None
    if number is None:
        raise PageRefusedError("registration", detail=USED_UP)
    log.info("lti_registered", school=invite.school_id, registration=number)
    spoken = browser_language(request)
    return page("registered.html", {"issuer": endpoints.issuer}, spoken=spoken, frames=endpoints.frames)


@router.get("/keys/{school}")
async def key_set(request: Request, school: int) -> Response:
    """Return the public keys of a school that has a platform, or is about to have one."""
    secret_key = settings().secret_key_bytes()

    def read(session: Session) -> dict[str, Any] | None:
        return keys.key_set(session, school, secret_key=secret_key) if lti.has_registration(session, school) else None

    found = await in_transaction(request, read)
    if found is None:
        raise PageRefusedError("not_found")
    return JSONResponse(found, headers={"Cache-Control": f"public, max-age={keys.MAX_AGE_SECONDS}"})


@router.get("/login")
async def login(request: Request) -> Response:
    """Begin a login whose parameters stand in the address."""
    return await _begin(request, dict(request.query_params))


@router.post("/login")
async def login_by_form(request: Request, fields: Form) -> Response:
    """Begin a login whose parameters come as a form."""
    return await _begin(request, fields)


async def _begin(request: Request, fields: dict[str, str]) -> Response:
    """Send the browser to the platform by 302, which carries the platform's own cookies; a posted form would not.

    Where the platform offers a storage, a page puts a secret into it first: it stands in for a cookie that is lost.
    """
    asked = {name: value for name, value in fields.items() if len(value) <= MAX_PARAMETER}
    target, hint = asked.get("target_link_uri", ""), asked.get("login_hint", "")
    if not hint or not is_ours(target, request):
        raise PageRefusedError("launch")
    state, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    storage = storage_target(asked)
    stored = secrets.token_urlsafe(32)

    def begin(session: Session) -> Platform | None:
        platform = lti.platform(session, asked.get("iss", ""), asked.get("client_id") or None)
        if platform is not None:
            state_of(request).rate_limiter.check(-platform.id)
            mark = None if storage is None else lti.digest(stored)
            lti.begin_login(session, platform, state=state, nonce=nonce, target=target, storage_mark=mark)
        return platform

    platform = await in_transaction(request, begin)
    if platform is None:
        raise PageRefusedError("unknown_platform")
    parameters = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": f"{own_origin(request)}/lti/launch",
        "login_hint": hint,
        "state": state,
        "nonce": nonce,
    }
    if "lti_message_hint" in asked:
        parameters["lti_message_hint"] = asked["lti_message_hint"]
    separator = "&" if urlsplit(platform.auth_url).query else "?"
    following = f"{platform.auth_url}{separator}{urlencode(parameters)}"
    answer: Response = RedirectResponse(following, 302, headers={"Cache-Control": "no-store"})
    if storage is not None:
        place = {"target": storage, "origin": origin(platform.auth_url), "key": _storage_key(state)}
        values: dict[str, object] = {**place, "value": stored, "next": following}
        answer = page("store.html", values, spoken=browser_language(request), frames=platform.frames)
    answer.headers.append("Set-Cookie", set_cookie(_state_cookie(state), state, seconds=STATE_SECONDS))
    return answer


async def ended_login(request: Request, fields: Annotated[dict[str, str], Depends(form)]) -> Login:
    """Return the login that a launch ends. It is deleted and committed before anything else is looked at.

    Raises:
        PageRefusedError: `launch`: there is none of this state, or not any more.
    """
    state = fields.get("state", "")
    found = await in_transaction(request, lambda session: lti.end_login(session, state))
    if found is None:
        log.info("launch_refused", code="state")
        raise PageRefusedError("launch")
    return found


async def verified_launch(request: Request, fields: Form, login: Annotated[Login, Depends(ended_login)]) -> Launch:
    """Return what the platform has signed.

    Raises:
        PageRefusedError: `launch`: a check of the token failed.
    """
    platform, state = login.platform, state_of(request)
    try:
        token = claims.parse(fields.get("id_token", ""))
        key = await state.waited_for(PLATFORM_KEYS[platform.private_allowed].key(platform.jwks_url, token.key_id))
        check = partial(
            claims.verified,
            token,
            issuer=platform.issuer,
            client_id=platform.client_id,
            nonce=login.nonce,
            now=time.time(),
            key=key,
        )
        found = await state.run(check)
    except LaunchRefusedError as error:
        log.info("launch_refused", code=error.code, registration=platform.id)
        raise PageRefusedError("launch") from None
    except ProblemError:
        raise PageRefusedError("busy") from None
    if not is_ours(found.target, request):
        log.info("launch_refused", code="target", registration=platform.id)
        raise PageRefusedError("launch")
    return found


@router.post("/launch")
async def launch(
    request: Request,
    fields: Form,
    login: Annotated[Login, Depends(ended_login)],
    found: Annotated[Launch, Depends(verified_launch)],
) -> Response:
    """Open the page of the person whom a platform has sent, in a session of its own."""
    state = fields.get("state", "")
    cookie = request.cookies.get(_state_cookie(state), "")
    has_cookie = hmac.compare_digest(cookie.encode(), state.encode())
    # A frame that lost its cookie may open a window; any other browser without it was perhaps sent by a stranger.
    storage = None if has_cookie or login.storage_mark is None else storage_target(fields) or "_parent"
    if not has_cookie and storage is None and request.headers.get("sec-fetch-dest") != "iframe":
        raise PageRefusedError("no_cookie")
    spoken = browser_language(request, found.locale)

    def admit(session: Session) -> tuple[Admitted | str, Response | None]:
        admitted = admission.admit(session, login.platform, found)
        if isinstance(admitted, str):
            return admitted, None
        if found.message_type == DEEP_LINKING_REQUEST:
            return admitted, choice_page(
                session, login.platform, found, own=own_origin(request), frames=admitted.frames, spoken=spoken
            )
        mark = None if storage is None else login.storage_mark
        opened = admission.open_page(session, login.platform, admitted, waiting=not has_cookie, storage_mark=mark)
        if has_cookie:
            return admitted, _to_page(to_session(request, session, opened, admitted.person_id), admitted, found)
        place = {"target": storage, "origin": origin(login.platform.auth_url), "key": _storage_key(state)}
        values: dict[str, object] = {
            "launch": opened.launch,
            "secret": opened.secret if storage is None else "",
            "storage": None if storage is None else place,
        }
        return admitted, page("open_window.html", values, spoken=spoken, frames=admitted.frames)

    admitted, answer = await in_transaction(request, admit)
    if isinstance(admitted, str) or answer is None:
        raise PageRefusedError(str(admitted), frames=login.platform.frames)
    answer.headers.append("Set-Cookie", set_cookie(_state_cookie(state), "", seconds=0))
    return answer


@router.post("/open")
async def open_window(request: Request, fields: Form) -> Response:
    """Open in a window of its own what a frame could not keep a cookie for."""
    if not is_from_our_page(request):
        raise PageRefusedError("form")

    def take(session: Session) -> Response | None:
        waiting = page_sessions.visitor(session, fields.get("launch", ""), fields.get("secret", ""))
        opened = None if waiting is None else page_sessions.claim(session, waiting.launch, fields["secret"])
        if waiting is None or opened is None:
            return None
        return to_session(request, session, opened, waiting.person_id)

    answer = await in_transaction(request, take)
    if answer is None:
        raise PageRefusedError("ended")
    return answer


def _to_page(answer: Response, admitted: Admitted, found: Launch) -> Response:
    """Send a teacher whose link is of the class to the class; everybody else to the first page."""
    if found.target.endswith(CLASS_QUERY) and admitted.role is PageRole.TEACHER and admitted.class_id is not None:
        answer.headers["Location"] += "class"
    return answer


def storage_target(fields: Mapping[str, str]) -> str | None:
    """Return the name of the frame that stores data for us, `_parent` for the platform's own; None without one."""
    found = fields.get("lti_storage_target", "")
    return found if FRAME.fullmatch(found) else None


def _storage_key(state: str) -> str:
    return f"souschef_{lti.digest(state).hex()[:16]}"


def _state_cookie(state: str) -> str:
    return STATE_COOKIE + lti.digest(state).hex()[:16]
