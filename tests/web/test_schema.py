"""Requests made from the OpenAPI description get no answer that it does not describe, and no 5xx."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.conftest import AddSource, RunningApi
from web.app import create_app

schema = schemathesis.openapi.from_dict(create_app().openapi())


@pytest.fixture
def credentials(api: RunningApi, add_source: AddSource) -> dict[str, str]:
    """A bearer token for each path."""
    by_format = {name: add_source(name, name) for name in ("caliper", "canvas", "typeform", "canonical")}
    return {
        path: f"Bearer {credential.key}.{credential.secret}"
        for path, credential in {
            "/xapi/statements": api.credential,
            "/caliper": by_format["caliper"],
            "/canvas": by_format["canvas"],
            "/surveys": by_format["typeform"],
            "/events": by_format["canonical"],
            "/orders": by_format["canonical"],
            "/policy": by_format["canonical"],
            "/scope": by_format["canonical"],
        }.items()
    }


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.shows("P19")
@pytest.mark.full
def test_no_request_gives_an_answer_that_is_not_described(
    api: RunningApi, credentials: dict[str, str], case: schemathesis.Case[Any]
) -> None:
    headers = dict(case.headers or {})
    headers["Authorization"] = credentials.get(case.path, "Basic")
    answer = case.call(base_url=api.url, headers=headers)
    assert answer.status_code < 500
    case.validate_response(answer, checks=CHECKS)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
