"""A source that sends too often gets 429 and when to try again; other sources do not wait for it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.web.conftest import AddSource, basic, serving
from web.dependencies import ApiState
from web.notifier import WorkerNotifier
from web.problems import ProblemError
from web.rate_limit import RateLimiter


def admitted(rates: RateLimiter, source: int, times: int) -> int:
    found = 0
    for _ in range(times):
        try:
            rates.check(source)
            found += 1
        except ProblemError:
            continue
    return found


def test_a_bucket_holds_its_burst_and_fills_at_its_rate() -> None:
    """5 at once; after 1.5 s at 2 a second 3 more; never more than 5 after a rest."""
    now = [0.0]
    rates = RateLimiter(per_second=2, burst=5, clock=lambda: now[0])
    assert admitted(rates, 1, 20) == 5
    now[0] = 1.5
    assert admitted(rates, 1, 20) == 3
    now[0] = 1000.0
    assert admitted(rates, 1, 20) == 5
    assert admitted(rates, 2, 20) == 5


def test_a_request_after_the_given_time_is_allowed() -> None:
    """At one request in 8 s the next comes after 8 s: 7 are too few."""
    now = [0.0]
    rates = RateLimiter(per_second=1 / 8, burst=1, clock=lambda: now[0])
    rates.check(1)
    with pytest.raises(ProblemError) as refused:
        rates.check(1)
    assert (refused.value.code, refused.value.status, refused.value.retry_after) == ("rate_limited", 429, 8)
    now[0] = 7.0
    assert admitted(rates, 1, 1) == 0
    now[0] = 8.0
    assert admitted(rates, 1, 1) == 1


@pytest.fixture
def narrow(add_source: AddSource) -> Iterator[str]:
    """An API that allows three requests of a source and then one in a thousand seconds."""
    state = ApiState(
        rate_limiter=RateLimiter(per_second=0.001, burst=3),
        notifier=WorkerNotifier(lambda _task, _ids, _requests: None),
    )
    with serving(state) as (url, _):
        yield url


def test_the_fourth_of_three_gets_429_and_another_source_200(narrow: str, add_source: AddSource) -> None:
    one, other = add_source("one", "canonical"), add_source("other", "canonical")
    with httpx.Client(base_url=narrow, timeout=20) as client:
        answers = [client.post("/events", json=[], headers={"Authorization": basic(one)}) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].json()["code"] == "rate_limited"
        assert int(answers[-1].headers["retry-after"]) > 900
        assert client.post("/events", json=[], headers={"Authorization": basic(other)}).status_code == 200
        wrong = {"Authorization": basic(one)[:-4] + "AAAA"}
        assert client.post("/events", json=[], headers=wrong).status_code == 401
        assert client.get("/health").status_code == 200


def test_what_moodle_sends_after_an_outage_passes() -> None:
    """A week of a large school at once: 10,000 requests as fast as the API can take them."""
    assert admitted(RateLimiter(), 1, 10_000) == 10_000
