"""The OpenAPI description drives every door: no answer that it does not describe, and no 5xx."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from web.app import create_app

Served: TypeAlias = Any
"""What tests/web/conftest.py serves."""

schema = schemathesis.openapi.from_dict(create_app().openapi())


@pytest.fixture
def credentials(served: Served, add_source: Callable[..., Any]) -> dict[str, str]:
    """A bearer token for each door."""
    given = {name: add_source(name, name) for name in ("caliper", "canvas", "typeform", "canonical")}
    return {
        door: f"Bearer {credential.key}.{credential.secret}"
        for door, credential in {
            "/xapi/statements": served.credential,
            "/caliper": given["caliper"],
            "/canvas": given["canvas"],
            "/surveys": given["typeform"],
            "/events": given["canonical"],
            "/orders": given["canonical"],
            "/policy": given["canonical"],
            "/scope": given["canonical"],
        }.items()
    }


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_gives_an_answer_that_is_not_described(
    served: Served, credentials: dict[str, str], case: schemathesis.Case
) -> None:
    headers = dict(case.headers or {})
    headers["Authorization"] = credentials.get(case.path, "Basic")
    answer = case.call(base_url=served.url, headers=headers)
    assert answer.status_code < 500
    case.validate_response(answer, checks=CHECKS)


CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.specs.openapi.checks.status_code_conformance,
    schemathesis.specs.openapi.checks.content_type_conformance,
    schemathesis.specs.openapi.checks.response_schema_conformance,
]
