"""Figures for Prometheus: what waits, how long, what was decided and why. They name no student, school or source."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import accumulate

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from config import celery
from config.errors import Mendable
from models import database, tallies
from models.figures import Figures, figures
from web import intake
from web.door import of
from web.problems import Problem

router = APIRouter(tags=["Health"])
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""What a proxy adds to a request, and Prometheus never does."""


@router.get("/metrics", response_class=PlainTextResponse, responses={404: {"description": "not_found"}})
async def metrics(request: Request) -> Response:
    """Tell Prometheus how the pipeline stands; to callers from outside of the school's own network it is not there.

    It answers 200 also where database or broker do not: that is what two of the figures say.
    """
    if not _from_inside(request):
        raise Problem("not_found")
    body = await of(request).run(_exposed)
    return Response(body, media_type=CONTENT_TYPE_LATEST)


def _from_inside(request: Request) -> bool:
    """Tell whether a caller of the own network asks by itself: behind a proxy everybody looks like one."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        caller = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    return caller.is_loopback or caller.is_private


def _exposed() -> bytes:
    try:
        with database.transaction(role=intake.ROLE) as session:
            found: Figures | None = figures(session)
    except (SQLAlchemyError, Mendable):
        found = None
    registry = CollectorRegistry()
    registry.register(_Told(found, broker=celery.broker_answers()))
    return generate_latest(registry)


class _Told(Collector):
    """One look at the figures, as Prometheus's families."""

    def __init__(self, found: Figures | None, *, broker: bool) -> None:
        self._found, self._broker = found, broker

    def collect(self) -> Iterator[Metric]:
        """Yield the families; without a database only what stands without it."""
        yield _gauge("database_up", "Whether the database answers.", self._found is not None)
        yield _gauge("broker_up", "Whether the broker answers.", self._broker)
        if self._found is not None:
            yield from _families(self._found)


def _families(found: Figures) -> Iterator[Metric]:
    yield _by("backlog_events", "Events that wait to be worked, by kind.", "kind", found.backlog)
    yield _gauge("backlog_oldest_seconds", "How long the oldest of them has waited.", found.oldest_seconds)
    yield _by("parked_events", "Events that wait for something to be loaded, by code.", "code", found.parked)
    yield _by("quarantined_events", "Events that make no sense, by code.", "code", found.quarantined)
    yield _gauge("stale_students", "Students who wait for a refresh.", found.stale_students)
    yield _gauge("number_holes", "Holes in the numbers of senders that number their events.", found.holes)
    if found.sweep_seconds is not None:
        yield _gauge("last_sweep_seconds", "How long ago a worker swept last.", found.sweep_seconds)
    doors = CounterMetricFamily("souschef_door_events", "What came to the doors, by outcome.", labels=["outcome"])
    for outcome, count in sorted(found.at_doors.items()):
        doors.add_metric([outcome], count)
    yield doors
    decisions = CounterMetricFamily("souschef_decisions", "Assignments decided, by reason.", labels=["reason"])
    for reason, total in sorted(found.decisions.items()):
        decisions.add_metric([reason], total)
    yield decisions
    yield _histogram(found.visible)


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"souschef_{name}", help_, value=float(value))


def _by(name: str, help_: str, label: str, counts: dict[str, int]) -> Metric:
    """A gauge by a label, and its sum under the label "all", so that a rule finds it also where there is nothing."""
    family = GaugeMetricFamily(f"souschef_{name}", help_, labels=[label])
    family.add_metric(["all"], sum(counts.values()))
    for each, count in sorted(counts.items()):
        family.add_metric([each], count)
    return family


def _histogram(counts: dict[str, float]) -> Metric:
    bounds = [*map(str, tallies.BOUNDS), tallies.BEYOND]
    rising = accumulate(counts.get(bound, 0.0) for bound in bounds)
    return HistogramMetricFamily(
        "souschef_event_visible_seconds",
        "From an event's arrival until its effect could be seen.",
        buckets=list(zip(bounds, rising, strict=True)),
        sum_value=counts.get(tallies.SUM, 0.0),
    )
