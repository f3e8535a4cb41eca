"""A Moodle of our own as its users see it, written after a recorded one: pages for an admin, a teacher, a student."""

from dataclasses import dataclass, field
from html import escape
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.flow.two_sites import LMS
from tests.web.lti.platform import CLAIM, FORM, INSTRUCTOR, LEARNER, Platform, hidden

DEEP = "https://purl.imsglobal.org/spec/lti-dl/claim/"
COURSE = "8"
FRAMED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Moodle</title><h1>{heading}</h1>
<p id="messages"></p><iframe name="tool" title="tool" width="900" height="900" src="{address}"></iframe>
<script>
const stored = new Map();
addEventListener("message", event => {{
  const {{ subject, message_id, key, value }} = event.data;
  if (subject === "lti.put_data") stored.set(event.origin + " " + key, value);
  const found = stored.get(event.origin + " " + key);
  if (subject === "lti.put_data" || subject === "lti.get_data")
    event.source.postMessage({{ subject: subject + ".response", message_id, key, value: found }}, event.origin);
  document.getElementById("messages").textContent += event.origin + " " + subject + ". ";
}});
</script>
"""
"""A page with the tool in a frame. It stores what the tool puts, and says which messages came."""


@dataclass
class Moodle(Platform):
    """The LMS with one course, whose class the school's roster knows by `class_ref`."""

    tool: str = ""
    class_ref: str = ""
    storage: bool = False
    """Whether the platform offers its storage, as Canvas does; Moodle does not."""
    new_window: bool = False
    """Whether a link opens in a window of its own, as a teacher may set it."""
    links: list[dict[str, Any]] = field(default_factory=list)
    """What teachers have added by deep linking."""

    def page(self, path: str, asked: dict[str, str]) -> str | None:
        """Return the admin's page, a teacher's choice of a link, a course's link, or where a login comes back to."""
        match path:
            case "/manage":
                address = f"{asked['register']}?openid_configuration={self.url}/config&registration_token=the-token"
                return FRAMED.format(heading="Manage tools", address=escape(address))
            case "/select":
                return self._login(f"{self.tool}/lti/launch", asked["user"], hint="select")
            case "/course":
                link = self.links[int(asked["link"])]["url"]
                return self._login(link, asked["user"], hint=link)
            case "/auth":
                return self._launch(asked)
        return None

    def _login(self, target: str, user: str, *, hint: str) -> str:
        fields = {"iss": self.url, "target_link_uri": target, "login_hint": user, "lti_message_hint": hint,
                  "client_id": self.client_id, "lti_deployment_id": "1"}  # fmt: skip
        fields |= {"lti_storage_target": "_parent"} if self.storage else {}
        target = "_self" if self.new_window else "tool"
        form = FORM.format(address=f"{self.tool}/lti/login", target=target, fields=hidden(fields))
        return FRAMED.format(heading="Course", address="about:blank") + form

    def _launch(self, asked: dict[str, str]) -> str:
        user, hint = asked["login_hint"], asked["lti_message_hint"]
        changes: dict[str, Any] = {
            "sub": user,
            "roles": [INSTRUCTOR] if user in self.teachers else [LEARNER],
            "lis": {"course_section_sourcedid": self.class_ref},
            "launch_presentation": {"locale": "en", "document_target": "iframe"},
        }
        if hint == "select":
            settings = {"accept_types": ["ltiResourceLink"], "accept_multiple": True,
                        "deep_link_return_url": f"{self.url}/contentitem_return?course={COURSE}"}  # fmt: skip
            changes |= {"message_type": "LtiDeepLinkingRequest", "resource_link": None,
                        f"{DEEP}deep_linking_settings": settings}  # fmt: skip
        else:
            changes["target_link_uri"] = hint
        claims = self.claims(self.tool, asked["nonce"], **changes)
        fields = {"id_token": self.sign(claims), "state": asked["state"]}
        return FORM.format(address=asked["redirect_uri"], target="_self", fields=hidden(fields))

    def posted(self, path: str, form: dict[str, str]) -> str | None:
        """Store the link that the tool has signed, by keys that are fetched from the tool's server."""
        if path != "/contentitem_return":
            return None
        keys = KeySet.import_key_set(httpx.get(self.tool_keys, timeout=10).json())
        claims = jwt.decode(form["JWT"], keys, algorithms=["RS256"]).claims
        assert (claims["iss"], claims["aud"]) == (self.client_id, self.url)
        assert claims[f"{CLAIM}message_type"] == "LtiDeepLinkingResponse"
        self.links += claims[f"{DEEP}content_items"]
        return "<!doctype html><title>Moodle</title><p>Successfully fetched tool configuration.</p>"

    def register(self, authorization: str, document: dict[str, Any]) -> dict[str, Any]:
        """Answer a registration, and remember where the tool's keys are."""
        self.tool_keys = document["jwks_uri"]
        return super().register(authorization, document)


def made(tool: str, class_ref: str, teacher: str) -> Moodle:
    """Return the LMS at its name; the numbers of its people are those of its xAPI events."""
    return Moodle(url=f"https://{LMS}", tool=tool, class_ref=class_ref, teachers=(teacher,))
