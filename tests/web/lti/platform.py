"""A small LMS of our own, written after a recorded Moodle: it registers tools, and signs launches of any kind."""

import json
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
PLAIN = ("azp", "nbf", "email", "preferred_username")
MEMBERS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"

FORM = """<!doctype html><meta charset="utf-8"><title>form</title>
<form method="post" action="{address}" target="{target}">{fields}</form><script>document.forms[0].submit()</script>"""
COURSE = (
    """<!doctype html><html lang="en"><meta charset="utf-8"><title>course</title><h1>Course</h1>
<iframe name="tool" title="tool" width="800" height="700"></iframe>"""
    + FORM
)


def hidden(fields: dict[str, str]) -> str:
    return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items())


@cache
def first_key() -> RSAKey:
    """Return the key with which every platform of a run begins: to make one costs more than most launches."""
    return RSAKey.generate_key(2048)


@dataclass
class Platform:
    """The LMS at its address; what it answers can be bent by a test."""

    url: str = ""
    client_id: str = "client-1"
    deployment: str | None = "1"
    product: str = "moodle"
    keys: dict[str, RSAKey] = field(default_factory=lambda: {"key-1": first_key()})
    configuration: dict[str, Any] = field(default_factory=dict)
    """What replaces a part of the configuration."""
    registrations: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """(Authorization header, document) of every registration that came."""
    fetches: list[str] = field(default_factory=list)
    slow_seconds: float = 0.0
    padding: int = 0
    teachers: tuple[str, ...] = ("57",)
    tool_keys: str = ""
    """Where the tool's key set is; "" where the platform may not fetch it, as Moodle in a private network."""
    members: list[dict[str, Any]] = field(default_factory=list)
    """Who is in course 8, as the list of members says."""
    page_size: int = 1_000
    next_page: str = ""
    """Where a page of members leads instead of to the next one."""
    items: list[dict[str, Any]] = field(default_factory=list)
    """The columns of course 8's gradebook."""
    scores: list[dict[str, Any]] = field(default_factory=list)
    """Every score that came, with the item it was for."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Token -> the scopes that it is good for."""
    assertions: list[str] = field(default_factory=list)
    """The `jti` of every assertion that came: one that comes again is refused."""

    def answer(self, path: str) -> object | None:
        """Return what a GET answers as JSON."""
        self.fetches.append(path)
        time.sleep(self.slow_seconds)
        if path == "/config":
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/auth?mode=lti",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/certs",
                "registration_endpoint": f"{self.url}/registration",
                "https://purl.imsglobal.org/spec/lti-platform-configuration": {"product_family_code": self.product},
                "padding": "x" * self.padding,
            } | self.configuration
        if path == "/certs":
            return {"keys": [{**key.as_dict(private=False), "kid": kid} for kid, key in self.keys.items()]}
        return None

    def page(self, path: str, asked: dict[str, str]) -> str | None:
        """Return what a GET answers as a page: a course with the tool in a frame, and where a login comes back to."""
        fields: dict[str, str] = {}
        if path == "/course":
            fields = {"iss": self.url, "target_link_uri": f"{asked['tool']}/lti/launch", "login_hint": asked["user"],
                      "client_id": self.client_id}  # fmt: skip
            return COURSE.format(address=f"{asked['tool']}/lti/login", target="tool", fields=hidden(fields))
        if path == "/auth":
            tool = asked["redirect_uri"].removesuffix("/lti/launch")
            roles = [INSTRUCTOR] if asked["login_hint"] in self.teachers else [LEARNER]
            claims = self.claims(tool, asked["nonce"], sub=asked["login_hint"], roles=roles)
            fields = {"id_token": self.sign(claims), "state": asked["state"]}
            return FORM.format(address=asked["redirect_uri"], target="_self", fields=hidden(fields))
        return None

    def posted(self, path: str, form: dict[str, str]) -> str | None:  # noqa: ARG002 - for an LMS with more pages
        """Return what a form is answered with as a page; None where the path takes none."""
        return None

    def give_token(self, form: dict[str, str]) -> tuple[int, object]:
        """Return what the token endpoint answers: a token, where the tool's key has signed what asks for it."""
        if not self.tool_keys:
            return 404, "<html>no page</html>"
        keys = KeySet.import_key_set(httpx.get(self.tool_keys, timeout=10).json())
        try:
            claims = jwt.decode(form["client_assertion"], keys, algorithms=["RS256"]).claims
        except JoseError:
            return 400, {"error": "invalid_client"}
        now = time.time()
        good = (
            form["grant_type"] == "client_credentials"
            and form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            and claims["iss"] == claims["sub"] == self.client_id
            and claims["aud"] == f"{self.url}/token"
            and claims["iat"] - 60 <= now < claims["exp"] <= now + 600
            and claims["jti"] not in self.assertions
        )
        if not good:
            return 400, {"error": "invalid_client"}
        self.assertions.append(claims["jti"])
        token = secrets.token_urlsafe(16)
        self.tokens[token] = form["scope"]
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": form["scope"]}

    def service(self, path: str, asked: dict[str, str], bearer: str, body: Any) -> tuple[int, object, str] | None:
        """Return status, JSON and Link header of a service; None where the path is none."""
        scopes = self.tokens.get(bearer.removeprefix("Bearer "), "").split()
        if not path.startswith(("/members/8", "/items/8")):
            return None
        wanted = {"/members/8": MEMBERS_SCOPE, "/items/8": ITEM_SCOPE}.get(path, SCORE_SCOPE)
        if wanted not in scopes:
            return 403, {"error": "insufficient_scope"}, ""
        if path == "/members/8":
            return self._members(int(asked.get("from", "0")))
        return self._items(body) if path == "/items/8" else self._score(path, asked, body)

    def _items(self, body: Any) -> tuple[int, object, str]:
        if body is None:
            return 200, self.items, ""
        self.items.append({"id": f"{self.url}/items/8/{len(self.items) + 1}?type_id=1", **body})
        return 201, self.items[-1], ""

    def _score(self, path: str, asked: dict[str, str], body: Any) -> tuple[int, object, str]:
        item = f"{self.url}{path.removesuffix('/scores')}?type_id=1"
        if item not in [each["id"] for each in self.items] or asked.get("type_id") != "1":
            return 404, {"error": "no such item"}, ""
        self.scores.append({"item": item, **body})
        return 200, None, ""

    def _members(self, first: int) -> tuple[int, object, str]:
        last = first + self.page_size
        following = self.next_page or (f"{self.url}/members/8?from={last}" if last < len(self.members) else "")
        document = {"id": f"{self.url}/members/8", "context": {"id": "8"}, "members": self.members[first:last]}
        return 200, document, f'<{following}>; rel="next"' if following else ""

    def register(self, authorization: str, document: dict[str, Any]) -> dict[str, Any]:
        """Return what a registration answers."""
        self.registrations.append((authorization, document))
        tool = {} if self.deployment is None else {"deployment_id": self.deployment}
        return {**document, "client_id": self.client_id, TOOL: {**document[TOOL], **tool}}

    def claims(self, tool: str, expected: str, /, **changes: Any) -> dict[str, Any]:
        """Return a student's launch as Moodle words it; a change of None removes a claim, a short name is LTI's."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": self.client_id,
            "sub": "58",
            "nonce": expected,
            "iat": now,
            "exp": now + 60,
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}deployment_id": "1",
            f"{CLAIM}target_link_uri": f"{tool}/lti/launch",
            f"{CLAIM}roles": [LEARNER],
            f"{CLAIM}context": {"id": "8", "label": "M5-b1", "title": "Grade 5 Mathematics b1"},
            f"{CLAIM}resource_link": {"id": "1", "title": "My next work"},
            f"{CLAIM}lis": {},
            "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {
                "context_memberships_url": f"{self.url}/members/8", "service_versions": ["1.0", "2.0"]},
            "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
                "scope": [ITEM_SCOPE, SCORE_SCOPE], "lineitems": f"{self.url}/items/8"},
        }  # fmt: skip
        for name, value in changes.items():
            claim = name if name in claims or name in PLAIN or "/" in name else f"{CLAIM}{name}"
            claims[claim] = value
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: dict[str, Any], *, kid: str | None = "key-1", key: RSAKey | None = None) -> str:
        """Return the token of a launch."""
        header = {"alg": "RS256"} if kid is None else {"alg": "RS256", "kid": kid}
        return jwt.encode(header, claims, key or self.keys[kid or "key-1"], algorithms=["RS256"])


class Handler(BaseHTTPRequestHandler):
    """One request to a platform."""

    platform: Platform

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = dict(parse_qsl(parts.query))
        found = self.platform.service(parts.path, asked, self.headers.get("Authorization", ""), None)
        if found is not None:
            self.reply(found[1], found[0], link=found[2])
        elif (page := self.platform.page(parts.path, asked)) is not None:
            self.send_body(page.encode(), "text/html; charset=utf-8")
        else:
            document = self.platform.answer(parts.path)
            self.reply(document, 404 if document is None else 200)

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        bearer = self.headers.get("Authorization", "")
        if parts.path == "/token":
            status, answer = self.platform.give_token(dict(parse_qsl(text)))
            self.reply(answer, status)
        elif (page := self.platform.posted(parts.path, dict(parse_qsl(text)))) is not None:
            self.send_body(page.encode(), "text/html; charset=utf-8")
        elif found := self.platform.service(parts.path, dict(parse_qsl(parts.query)), bearer, json.loads(text)):
            self.reply(found[1], found[0])
        else:
            self.reply(self.platform.register(bearer, json.loads(text)))

    def reply(self, document: object | None, status: int = 200, *, link: str = "") -> None:
        body = b"" if document is None and status == 200 else json.dumps(document).encode()
        self.send_body(body, "application/json", status, link=link)

    def send_body(self, body: bytes, media: str, status: int = 200, *, link: str = "") -> None:
        try:
            self.send_response(status)
            if link:
                self.send_header("Link", link)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            pass  # the tool has hung up, as a test wants it

    def log_message(self, *_: object) -> None: ...


@contextmanager
def running(platform: Platform, host: str = "127.0.0.1") -> Iterator[Platform]:
    """Serve the platform at a port of its own; as `localhost` it is another site than the tool."""
    with serving(platform) as port:
        platform.url = f"http://{host}:{port}"
        yield platform


@contextmanager
def serving(platform: Platform, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve the platform, with TLS where there is a context for it; yield the port."""
    bound = type("Bound", (Handler,), {"platform": platform})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    if context is not None:  # the handshake is the connection's own thread's
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Browser:
    """A browser that blocks third-party cookies, in the platform's frame: only partitioned cookies stay."""

    tool: str
    cookies: dict[str, str] = field(default_factory=dict)
    framed: bool = True
    accept_language: str | None = None

    def get(self, path: str, **parameters: str) -> httpx.Response:
        return self.send("GET", path, params=parameters or None)

    def post(self, path: str, fields: dict[str, str], *, site: str = "cross-site") -> httpx.Response:
        return self.send("POST", path, data=fields, site=site)

    def send(self, method: str, path: str, *, site: str = "cross-site", **sent: Any) -> httpx.Response:
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "iframe" if self.framed else "document"}
        if self.accept_language is not None:
            headers["Accept-Language"] = self.accept_language
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = httpx.request(method, path if "://" in path else self.tool + path, headers=headers, timeout=30, **sent)
        for line in answer.headers.get_list("set-cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            assert {"Path=/", "HttpOnly", "Secure"} <= set(attributes), line
            assert name.startswith("__Host-")
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            elif {"SameSite=None", "Partitioned"} <= set(attributes):
                self.cookies[name] = value
        return answer

    def login(self, platform: Platform, **changes: str) -> dict[str, str]:
        """Begin a login; return the parameters with which the tool sends the browser to the platform."""
        fields = {
            "iss": platform.url,
            "target_link_uri": f"{self.tool}/lti/launch",
            "login_hint": "58",
            "lti_message_hint": '{"cmid":21}',
            "client_id": platform.client_id,
        } | changes
        answer = self.post("/lti/login", fields)
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    def launch(self, platform: Platform, **changes: Any) -> httpx.Response:
        """Do a whole launch, with claims that a test may change."""
        asked = self.login(platform)
        token = platform.sign(platform.claims(self.tool, asked["nonce"], **changes))
        return self.post("/lti/launch", {"id_token": token, "state": asked["state"]})


def query(address: str) -> dict[str, list[str]]:
    """Return the parameters of an address."""
    return parse_qs(urlsplit(address).query)


def made_up() -> str:
    return secrets.token_urlsafe(8)
