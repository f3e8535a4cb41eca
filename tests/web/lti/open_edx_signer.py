"""Sign one launch with Open edX's own code; run by the Python of its own environment, and imported by nothing of ours.

Reads JSON from standard input (see `sign` of test_open_edx.py), and writes the launch's fields and the key set.
"""

import json
import sys
from importlib import import_module

# By name, because neither is installed where the project's types are checked; and Django wants its settings first.
CACHE = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
import_module("django.conf").settings.configure(PLATFORM_NAME="Open edX", CACHES=CACHE)
LtiConsumer1p3 = import_module("lti_consumer.lti_1p3.consumer").LtiConsumer1p3

asked = json.load(sys.stdin)
launch = f"{asked['tool']}/lti/launch"
consumer = LtiConsumer1p3(
    iss=asked["platform"],
    lti_oidc_url=f"{asked['tool']}/lti/login",
    lti_launch_url=launch,
    client_id="client-1",
    deployment_id="1",
    rsa_key=asked["key"],
    rsa_key_id="key-1",
    redirect_uris=[launch],
)
consumer.set_user_data(asked["user"], asked["role"], preferred_username=asked["username"])
consumer.set_resource_link_claim("block-v1:a+b+c")
consumer.set_context_claim("course-v1:a+b+c", context_title="Fractions", context_label="course-v1:a+b+c")
preflight = {"client_id": "client-1", "redirect_uri": launch, "state": asked["state"], "nonce": asked["nonce"]}
json.dump({"keys": consumer.get_public_keyset(), **consumer.generate_launch_request(preflight)}, sys.stdout)
