"""Login and launch: what a platform signs opens one page, once; whatever a hostile one tries is refused."""

import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import text

from models import engine
from models.access import lti, lti_unknown
from tests.parameters import first_of
from tests.web.lti.platform import CLAIM, INSTRUCTOR, Browser, Platform, query
from tests.web.test_jws import encoded
from web.jws import ASK_AGAIN_SECONDS, KeySets, SignedMessage
from web.lti import claims, routes
from web.pages import safety


def ask(statement: str) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement))]


def sessions() -> list[tuple[Any, ...]]:
    return ask("""SELECT person.ref, s.role FROM souschef.page_session AS s
                    JOIN souschef.person ON person.id = s.person_id ORDER BY s.id""")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_login_goes_to_the_platform_by_302(registered: Platform, browser: Browser, method: str) -> None:
    fields = {"iss": registered.url, "login_hint": "58", "target_link_uri": f"{browser.tool}/lti/launch",
              "lti_message_hint": '{"cmid":21}', "client_id": "client-1"}  # fmt: skip
    answer = browser.get("/lti/login", **fields) if method == "GET" else browser.post("/lti/login", fields)
    assert answer.status_code == 302
    asked = query(answer.headers["location"])
    assert answer.headers["location"].startswith(f"{registered.url}/auth?mode=lti&")
    assert asked["redirect_uri"] == [f"{browser.tool}/lti/launch"]
    assert (asked["lti_message_hint"], asked["response_mode"], asked["prompt"]) == (
        ['{"cmid":21}'], ["form_post"], ["none"],
    )  # fmt: skip
    assert list(browser.cookies.values()) == asked["state"]


def test_a_login_without_a_client_id_is_of_the_only_registration(registered: Platform, browser: Browser) -> None:
    assert browser.login(registered, client_id="")["client_id"] == "client-1"
    ends = lti.Endpoints(
        registered.url, "client-2", "https://a.example", "https://b.example", "https://c.example", "", ()
    )
    with engine.transaction() as session:
        lti.add(session, ask("SELECT id FROM souschef.school")[0][0], ends, None)
    fields = {"iss": registered.url, "login_hint": "58", "target_link_uri": f"{browser.tool}/lti/launch"}
    assert browser.post("/lti/login", fields).status_code == 403
    assert browser.login(registered, client_id="client-2")["client_id"] == "client-2"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://another.example"},
        {"client_id": "another"},
        {"target_link_uri": "https://evil.example/lti/launch"},
        {"target_link_uri": "{tool}.evil.example/"},
        {"target_link_uri": ""},
        {"login_hint": ""},
    ],
)
def test_a_login_of_strangers_or_to_elsewhere_is_refused(
    registered: Platform, browser: Browser, change: dict[str, str]
) -> None:
    fields = {"iss": registered.url, "login_hint": "58", "target_link_uri": f"{browser.tool}/lti/launch"}
    words = {name: value.format(tool=browser.tool) for name, value in change.items()}
    assert browser.post("/lti/login", fields | words).status_code in (400, 403)
    assert ask("SELECT count(*) FROM souschef.lti_state") == [(0,)]


def test_a_launch_opens_the_students_page(registered: Platform, browser: Browser) -> None:
    answer = browser.launch(registered)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/lti/s/")
    assert sessions() == [("b1-s1", "student")]
    assert [name.startswith(safety.COOKIE) for name in browser.cookies] == [True]
    opened = browser.get(answer.headers["location"])
    assert opened.status_code == 200
    assert opened.headers["cache-control"] == "no-store"
    assert "unsafe" not in opened.headers["content-security-policy"]
    assert f"frame-ancestors {registered.url}" in opened.headers["content-security-policy"]


def test_a_teachers_launch_opens_the_class(registered: Platform, browser: Browser) -> None:
    answer = browser.launch(registered, sub="57", roles=[INSTRUCTOR])
    assert answer.status_code == 303
    assert sessions() == [("b1-t1", "teacher")]


def test_a_launch_works_once(registered: Platform, browser: Browser) -> None:
    asked = browser.login(registered)
    cookies = dict(browser.cookies)
    sent = {"id_token": registered.sign(registered.claims(browser.tool, asked["nonce"])), "state": asked["state"]}
    assert browser.post("/lti/launch", sent).status_code == 303
    browser.cookies |= cookies
    assert browser.post("/lti/launch", sent).status_code == 400
    assert len(sessions()) == 1


def test_a_launch_that_was_refused_cannot_be_tried_again(registered: Platform, browser: Browser) -> None:
    asked = browser.login(registered)
    claims = registered.claims(browser.tool, asked["nonce"])
    bad = registered.sign({**claims, "iss": "https://another.example"})
    assert browser.post("/lti/launch", {"id_token": bad, "state": asked["state"]}).status_code == 400
    good = {"id_token": registered.sign(claims), "state": asked["state"]}
    assert browser.post("/lti/launch", good).status_code == 400


def test_a_state_lives_ten_minutes(registered: Platform, browser: Browser) -> None:
    asked = browser.login(registered)
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.lti_state SET expires_at = (SELECT souschef.clock())"))
    token = registered.sign(registered.claims(browser.tool, asked["nonce"]))
    assert browser.post("/lti/launch", {"id_token": token, "state": asked["state"]}).status_code == 400


def now(seconds: int = 0) -> int:
    return int(time.time()) + seconds


HOSTILE: dict[str, Callable[[], dict[str, Any]]] = {
    "another issuer": lambda: {"iss": "https://another.example"},
    "another audience": lambda: {"aud": "12345"},
    "no audience": lambda: {"aud": None},
    "several audiences and no party": lambda: {"aud": ["client-1", "another"]},
    "another party": lambda: {"aud": ["client-1", "another"], "azp": "another"},
    "another party for one audience": lambda: {"azp": "another"},
    "expired": lambda: {"exp": now(-120)},
    "no end": lambda: {"exp": None},
    "a text as end": lambda: {"exp": str(now(60))},
    "true as end": lambda: {"exp": True},
    "from the future": lambda: {"iat": now(600)},
    "not yet": lambda: {"nbf": now(600)},
    "too old": lambda: {"iat": now(-7_300), "exp": now(60)},
    "another nonce": lambda: {"nonce": "another"},
    "no nonce": lambda: {"nonce": None},
    "an older version": lambda: {"version": "1.1.0"},
    "no version": lambda: {"version": None},
    "another message": lambda: {"message_type": "LtiSubmissionReviewRequest"},
    "no deployment": lambda: {"deployment_id": None},
    "nobody": lambda: {"sub": None},
    "an empty name": lambda: {"sub": ""},
    "a name with a zero byte": lambda: {"sub": "5\x008"},
    "a target elsewhere": lambda: {"target_link_uri": "https://evil.example/"},
    "no target": lambda: {"target_link_uri": None},
    "roles that are no list": lambda: {"roles": INSTRUCTOR},
}


@pytest.mark.parametrize("name", first_of(HOSTILE, quick=8))
def test_a_token_that_says_something_else_is_refused(registered: Platform, browser: Browser, name: str) -> None:
    assert browser.launch(registered, **HOSTILE[name]()).status_code == 400
    assert sessions() == []


ACCEPTED: dict[str, Callable[[], dict[str, Any]]] = {
    "a clock that runs a minute ahead": lambda: {"iat": now(50), "exp": now(110)},
    "a clock that runs a minute behind": lambda: {"iat": now(-110), "exp": now(-40)},
    "canvas's hour": lambda: {"iat": now(-3_500), "exp": now(100)},
    "an audience in a list": lambda: {"aud": ["client-1"]},
    "several audiences and our party": lambda: {"aud": ["client-1", "another"], "azp": "client-1"},
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_token_that_is_only_worded_otherwise_is_accepted(registered: Platform, browser: Browser, name: str) -> None:
    """Two clocks differ, and platforms differ: none of this may lock a class out."""
    assert browser.launch(registered, **ACCEPTED[name]()).status_code == 303


def unsigned(claims: dict[str, Any]) -> str:
    none = jwt.encode({"alg": "none", "kid": "key-1"}, claims, OctKey.generate_key(256), algorithms=["none"])
    return ".".join([*none.split(".")[:2], ""])


def signed_by_public_key(platform: Platform, claims: dict[str, Any]) -> str:
    """The classic confusion of keys, signed by hand: the library refuses to help."""
    head = encoded(json.dumps({"alg": "HS256", "kid": "key-1"}).encode())
    signed = f"{head}.{encoded(json.dumps(claims).encode())}"
    mark = hmac.digest(platform.keys["key-1"].as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{encoded(mark)}"


def changed(platform: Platform, claims: dict[str, Any]) -> str:
    head, _, signature = platform.sign(claims).split(".")
    return f"{head}.{platform.sign({**claims, 'sub': '59'}).split('.')[1]}.{signature}"


FORGED: dict[str, Callable[[Platform, dict[str, Any]], str]] = {
    "another key": lambda platform, claims: platform.sign(claims, key=RSAKey.generate_key(2048)),
    "no algorithm": lambda _, claims: unsigned(claims),
    "the public key as a secret": signed_by_public_key,
    "changed": changed,
    "no key id": lambda platform, claims: platform.sign(claims, kid=None, key=platform.keys["key-1"]),
    "an unknown key id": lambda platform, claims: platform.sign(claims, kid="made-up", key=platform.keys["key-1"]),
    "nothing": lambda *_: "",
    "no token": lambda *_: "a.b.c",
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("how", first_of(FORGED, quick=3))
def test_a_token_that_the_platform_did_not_sign_is_refused(registered: Platform, browser: Browser, how: str) -> None:
    asked = browser.login(registered)
    token = FORGED[how](registered, registered.claims(browser.tool, asked["nonce"]))
    assert browser.post("/lti/launch", {"id_token": token, "state": asked["state"]}).status_code == 400
    assert sessions() == []


def test_a_platform_that_rotates_its_keys_is_asked_once_more(
    registered: Platform, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most once a minute, whatever key ids somebody makes up."""
    seconds = [0.0]
    sets = KeySets(routes.PLATFORM_KEYS[True].fetch, lambda: seconds[0])
    monkeypatch.setitem(routes.PLATFORM_KEYS, True, sets)
    assert browser.launch(registered).status_code == 303
    registered.keys = {"key-2": RSAKey.generate_key(2048)}
    seconds[0] += ASK_AGAIN_SECONDS + 1
    for _ in range(3):
        asked = browser.login(registered)
        token = registered.sign(registered.claims(browser.tool, asked["nonce"]), kid="key-2")
        assert browser.post("/lti/launch", {"id_token": token, "state": asked["state"]}).status_code == 303
    for made_up in ("a", "b", "c"):
        asked = browser.login(registered)
        claims = registered.claims(browser.tool, asked["nonce"])
        token = registered.sign(claims, kid=made_up, key=registered.keys["key-2"])
        assert browser.post("/lti/launch", {"id_token": token, "state": asked["state"]}).status_code == 400
    assert registered.fetches.count("/certs") == 2


def test_a_token_of_one_login_is_not_good_for_another(registered: Platform, browser: Browser) -> None:
    first, second = browser.login(registered), browser.login(registered)
    token = registered.sign(registered.claims(browser.tool, first["nonce"]))
    assert browser.post("/lti/launch", {"id_token": token, "state": second["state"]}).status_code == 400


def test_another_browsers_state_opens_nothing(registered: Platform, browser: Browser, tool: str) -> None:
    """Else somebody could log a student into his own page, and read what the student does there."""
    asked = browser.login(registered)
    token = registered.sign(registered.claims(tool, asked["nonce"]))
    victim = Browser(tool, framed=False)
    assert victim.post("/lti/launch", {"id_token": token, "state": asked["state"]}).status_code == 400
    assert (victim.cookies, sessions()) == ({}, [])


@pytest.mark.parametrize(
    ("roles", "status"),
    first_of(
        [
            ([], 403),
            (["Learner"], 403),
            (["Instructor"], 403),
            (["http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor"], 403),
            (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"], 403),
            (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student"], 403),
            (["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner#NonCreditLearner"], 403),
            ([7, None], 403),
        ],
        quick=3,
    ),
)
def test_only_exact_roles_of_the_course_open_a_page(
    registered: Platform, browser: Browser, roles: list[Any], status: int
) -> None:
    assert browser.launch(registered, roles=roles).status_code == status
    assert sessions() == []


@pytest.mark.parametrize(
    ("sub", "roles"),
    [
        ("57", ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]),
        ("58", ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
                "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"]),
    ],
    ids=["switched role", "student view"],
)  # fmt: skip
def test_a_teacher_who_looks_as_a_student_sees_and_records_nothing(
    registered: Platform, browser: Browser, sub: str, roles: list[str]
) -> None:
    answer = browser.launch(registered, sub=sub, roles=roles)
    assert (answer.status_code, "nothing is shown or saved" in answer.text) == (200, True)
    assert (sessions(), ask("SELECT count(*) FROM souschef.inbox")) == ([], [(0,)])


def test_a_student_whom_an_lms_calls_a_teacher_sees_no_class(registered: Platform, browser: Browser) -> None:
    assert browser.launch(registered, sub="58", roles=[INSTRUCTOR]).status_code == 403
    assert sessions() == []


def test_an_unknown_deployment_waits_for_the_school(registered: Platform, browser: Browser) -> None:
    assert browser.launch(registered, deployment_id="2").status_code == 403
    assert admitted() == [("deployment", "2", 1)]
    assert browser.launch(registered, deployment_id="2").status_code == 303


def admitted(*refs: str) -> list[tuple[str, str, int]]:
    """Admit everything that is unknown; return what it was."""
    with engine.transaction() as session:
        rows = lti_unknown.list_unknown(session)
        for row in rows:
            lti_unknown.match(session, row["id"], refs[0] if refs else None)
        return [(row["kind"], row["name"], row["count"]) for row in rows]


def test_an_unknown_person_is_matched_once_for_good(registered: Platform, browser: Browser) -> None:
    for _ in range(2):
        answer = browser.launch(registered, sub="99", lis={"person_sourcedid": "$Person.sourcedId"})
        assert (answer.status_code, "We do not know you yet" in answer.text) == (403, True)
    assert admitted("b1-s2") == [("person", f"{registered.url}|99", 2)]
    assert browser.launch(registered, sub="99").status_code == 303
    assert sessions() == [("b1-s2", "student")]


def test_a_sourcedid_of_the_roster_introduces_a_new_name(registered: Platform, browser: Browser) -> None:
    """After that the platform's own name is enough."""
    assert browser.launch(registered, sub="77", lis={"person_sourcedid": "b1-s2"}).status_code == 303
    assert browser.launch(registered, sub="77").status_code == 303
    assert sessions() == [("b1-s2", "student")] * 2


def test_a_name_never_moves_to_another_student(registered: Platform, browser: Browser) -> None:
    """Student 58 is b1-s1; a launch that says otherwise opens neither page."""
    assert browser.launch(registered, lis={"person_sourcedid": "b1-s2"}).status_code == 403
    assert browser.launch(registered).status_code == 303
    assert sessions() == [("b1-s1", "student")]


def test_custom_fields_name_nobody_outside_of_canvas(registered: Platform, browser: Browser) -> None:
    """In Moodle a course's teacher writes them."""
    custom = {"canvas_user_sis_id": "b1-s2", "sourcedid": "b1-s2"}
    assert browser.launch(registered, sub="99", custom=custom).status_code == 403
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.lti_registration SET product = 'canvas'"))
    assert browser.launch(registered, sub="99", custom=custom).status_code == 303


def test_the_course_title_opens_no_class_of_another_teacher(registered: Platform, browser: Browser) -> None:
    """A teacher names his own course; the label counts for a class that the roster says is his."""
    teacher = {"sub": "57", "roles": [INSTRUCTOR]}
    elsewhere = {"id": "9", "label": "MATH-5A-b1", "title": "Mine"}
    assert browser.launch(registered, **teacher, context=elsewhere).status_code == 303
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.enrolment SET ended_at = (SELECT souschef.clock())"))
    assert browser.launch(registered, **teacher, context=elsewhere).status_code == 403
    assert admitted("MATH-5A-b1") == [("class", f"{registered.url}|9", 1)]
    assert browser.launch(registered, **teacher, context=elsewhere).status_code == 303


def test_nothing_is_written_down_of_somebody_who_was_erased(registered: Platform, browser: Browser) -> None:
    from models.privacy import erasure

    with engine.transaction() as session:
        subject = erasure.find_student(session, "b1-s1")
        counts = erasure.erase(session, subject, author="office", reason="request 7")
    assert counts["person"] == 1
    assert browser.launch(registered).status_code == 403
    assert ask("SELECT count(*) FROM souschef.lti_unknown") == [(0,)]


def test_a_revoked_platform_opens_nothing_and_what_it_opened_ends(registered: Platform, browser: Browser) -> None:
    opened = browser.launch(registered).headers["location"]
    asked = browser.login(registered)
    with engine.transaction() as session:
        lti.revoke(session, lti.list_platforms(session)[0]["id"])
    assert browser.get(opened).status_code == 403
    token = registered.sign(registered.claims(browser.tool, asked["nonce"]))
    assert browser.post("/lti/launch", {"id_token": token, "state": asked["state"]}).status_code == 400


def test_deep_linking_gives_a_signed_link_to_the_platform(registered: Platform, browser: Browser) -> None:
    settings = {"deep_link_return_url": f"{registered.url}/return?course=8", "data": "opaque",
                "accept_types": ["ltiResourceLink"]}  # fmt: skip
    changes = {"message_type": "LtiDeepLinkingRequest",
               "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": settings}  # fmt: skip
    assert browser.launch(registered, **changes).status_code == 403
    answer = browser.launch(registered, sub="57", roles=[INSTRUCTOR], **changes)
    assert answer.status_code == 200
    assert f"form-action 'self' {registered.url}" in answer.headers["content-security-policy"]
    token = answer.text.split('name="JWT" value="')[1].split('"')[0]
    key_set = browser.get(f"/lti/keys/{ask('SELECT id FROM souschef.school')[0][0]}").json()
    key = RSAKey.import_key(key_set["keys"][0])
    claims = jwt.decode(token, key, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"]) == ("client-1", registered.url)
    assert claims[f"{CLAIM}deployment_id"] == "1"
    assert claims["https://purl.imsglobal.org/spec/lti-dl/claim/data"] == "opaque"
    [item] = claims["https://purl.imsglobal.org/spec/lti-dl/claim/content_items"]
    assert (item["url"], item["title"]) == (f"{browser.tool}/lti/launch", "My next tasks")
    second = jwt.decode(answer.text.split('name="JWT" value="')[2].split('"')[0], key, algorithms=["RS256"]).claims
    [item] = second["https://purl.imsglobal.org/spec/lti-dl/claim/content_items"]
    assert (item["url"], item["title"]) == (f"{browser.tool}/lti/launch?page=class", "My class")
    assert sessions() == []


def test_a_link_of_the_class_opens_the_class_for_its_teacher_alone(registered: Platform, browser: Browser) -> None:
    link = f"{browser.tool}/lti/launch?page=class"
    answer = browser.launch(registered, sub="57", roles=[INSTRUCTOR], target_link_uri=link)
    assert answer.headers["location"].endswith("/class")
    assert browser.get(answer.headers["location"]).status_code == 200
    answer = browser.launch(registered, target_link_uri=link)
    assert answer.headers["location"].endswith("/")


def test_the_mutant_that_keeps_the_state_lets_a_replay_through(
    registered: Platform, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `test_a_launch_works_once` would see, were the row of the state read instead of deleted."""
    whole = lti.end_login

    def mutant(session: Any, state: str) -> Any:
        login = whole(session, state)
        if login is not None:
            lti.begin_login(session, login.platform, state=state, nonce=login.nonce, target=login.target)
        return login

    monkeypatch.setattr(lti, "end_login", mutant)
    asked = browser.login(registered)
    cookies = dict(browser.cookies)
    sent = {"id_token": registered.sign(registered.claims(browser.tool, asked["nonce"])), "state": asked["state"]}
    assert browser.post("/lti/launch", sent).status_code == 303
    browser.cookies |= cookies
    assert browser.post("/lti/launch", sent).status_code == 303


def test_the_mutant_that_does_not_compare_the_nonce_takes_another_logins_token(
    registered: Platform, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `test_a_token_of_one_login_is_not_good_for_another` would see."""
    whole = claims.verified
    first, second = browser.login(registered), browser.login(registered)

    def mutant(token: SignedMessage, **checks: Any) -> Any:
        return whole(token, **{**checks, "nonce": first["nonce"]})

    monkeypatch.setattr(claims, "verified", mutant)
    token = registered.sign(registered.claims(browser.tool, first["nonce"]))
    assert browser.post("/lti/launch", {"id_token": token, "state": second["state"]}).status_code == 303
