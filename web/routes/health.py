"""Whether the API runs and can store events, and metrics for Prometheus.

They name no student, school or source: the latter two have their numbers.

Monitors use HEAD as often as GET.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import accumulate
from typing import TypeAlias

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from config.errors import OperatorError
from models import clock, engine
from models.events import counters
from models.events.counters import PipelineMetrics, pipeline_metrics
from models.events.outbox import OutboxFigures
from models.events.source_metrics import SourceMetrics, source_metrics
from tasks import broker
from web import ingest
from web.dependencies import State
from web.problems import ProblemError

Figures: TypeAlias = tuple[PipelineMetrics, SourceMetrics]
router = APIRouter(tags=["Health"])
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""Headers that a proxy adds to a request, and Prometheus never sends."""


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def health() -> JSONResponse:
    """Say that the process runs; it checks nothing else, so that nobody restarts it for another's failure."""
    return JSONResponse({"status": "ok"})


@router.head("/ready", include_in_schema=False)
@router.get("/ready", responses={503: {"description": "unavailable"}})
async def ready(state: State) -> Response:
    """Say whether an event could be stored now."""
    await state.run(_query_database)
    return JSONResponse({"status": "ok", "database": "ok"})


@router.get("/metrics", response_class=PlainTextResponse, responses={404: {"description": "not_found"}})
async def metrics(request: Request, state: State) -> Response:
    """Return metrics for Prometheus; callers outside of the school's own network get 404.

    It answers 200 even if the database or the broker is down: two of the metrics say so.
    """
    if not _is_local_caller(request):
        raise ProblemError("not_found")
    return Response(await state.run(_exposition), media_type=CONTENT_TYPE_LATEST)


def _query_database() -> None:
    with engine.transaction(role=ingest.ROLE) as session:
        clock.now(session)


def _is_local_caller(request: Request) -> bool:
    """Return whether the caller is in the local network; behind a proxy every caller would seem to be."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        caller = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    return caller.is_loopback or caller.is_private


def _exposition() -> bytes:
    try:
        with engine.transaction(role=ingest.ROLE) as session:
            figures: Figures | None = (pipeline_metrics(session), source_metrics(session))
    except (SQLAlchemyError, OperatorError):
        figures = None
    registry = CollectorRegistry()
    registry.register(_PipelineCollector(figures, broker_up=broker.ping_broker()))
    return generate_latest(registry)


class _PipelineCollector(Collector):
    """The metrics of one moment, as Prometheus's families."""

    def __init__(self, metrics: Figures | None, *, broker_up: bool) -> None:
        self._metrics, self._broker_up = metrics, broker_up

    def collect(self) -> Iterator[Metric]:
        """Yield the families; without a database only those that need none."""
        yield _gauge("database_up", "Whether the database answers.", self._metrics is not None)
        yield _gauge("broker_up", "Whether the broker answers.", self._broker_up)
        if self._metrics is not None:
            whole, by_source = self._metrics
            yield from _families(whole)
            yield from _source_families(by_source)


def every_family() -> list[Metric]:
    """Return the families that `/metrics` may hold, without values: what dashboards and rules can be made from."""
    nothing = PipelineMetrics({}, 0.0, {}, {}, 0, 0, 0.0, {}, {}, OutboxFigures({}, 0.0), {})
    figures = (nothing, SourceMetrics({}, {}, {}))
    return list(_PipelineCollector(figures, broker_up=True).collect())


def _families(metrics: PipelineMetrics) -> Iterator[Metric]:
    yield _gauge_by("backlog_events", "Events that wait for a worker, by kind.", "kind", metrics.backlog)
    yield _gauge("backlog_oldest_seconds", "Waiting time of the oldest of them.", metrics.oldest_seconds)
    waiting = metrics.in_outbox
    yield _gauge_by("outbox_events", "Events in the outbox, waiting or by why refused.", "code", waiting.counts)
    yield _gauge("outbox_oldest_seconds", "Waiting time of the oldest that is not refused.", waiting.oldest_seconds)
    yield _gauge_by("parked_events", "Events that wait for a load, by code.", "code", metrics.parked)
    yield _gauge_by("quarantined_events", "Events that could not be processed, by code.", "code", metrics.quarantined)
    yield _gauge("stale_students", "Students who wait for a refresh.", metrics.stale_students)
    yield _gauge("number_holes", "Gaps in the event numbers of senders.", metrics.sequence_gaps)
    if metrics.sweep_seconds is not None:
        yield _gauge("last_sweep_seconds", "Time since the last sweep of a worker.", metrics.sweep_seconds)
    received = CounterMetricFamily(
        "souschef_door_events", "Events received by the API, by outcome.", labels=["outcome"]
    )
    for outcome, count in sorted(metrics.received.items()):
        received.add_metric([outcome], count)
    yield received
    decisions = CounterMetricFamily("souschef_decisions", "Assignments decided, by reason.", labels=["reason"])
    for reason, total in sorted(metrics.decisions.items()):
        decisions.add_metric([reason], total)
    yield decisions
    yield _histogram(metrics.visible)


def _source_families(metrics: SourceMetrics) -> Iterator[Metric]:
    labels = ["source", "school"]
    received = CounterMetricFamily(
        "souschef_source_events", "Events received from a source, by outcome.", labels=[*labels, "outcome"]
    )
    waiting = GaugeMetricFamily(
        "souschef_source_waiting_events", "Events of a source that are not applied.", labels=[*labels, "state"]
    )
    stale = GaugeMetricFamily(
        "souschef_school_stale_students", "Students of a school who wait for a refresh.", labels=["school"]
    )
    for family, counts in ((received, metrics.received), (waiting, metrics.waiting)):
        for values, count in counts.items():
            family.add_metric(values, count)
    for school, count in metrics.stale_students.items():
        stale.add_metric([school], count)
    yield from (received, waiting, stale)


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"souschef_{name}", help_, value=float(value))


def _gauge_by(name: str, help_: str, label: str, counts: dict[str, int]) -> Metric:
    """Return a gauge by label, with the sum under "all", so that a rule finds it even if there are no others."""
    family = GaugeMetricFamily(f"souschef_{name}", help_, labels=[label])
    family.add_metric(["all"], sum(counts.values()))
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family


def _histogram(counts: dict[str, float]) -> Metric:
    bounds = [*map(str, counters.BOUNDS), counters.BEYOND]
    cumulative = accumulate(counts.get(bound, 0.0) for bound in bounds)
    return HistogramMetricFamily(
        "souschef_event_visible_seconds",
        "Time from an event's arrival until its effect is visible.",
        buckets=list(zip(bounds, cumulative, strict=True)),
        sum_value=counts.get(counters.SUM, 0.0),
    )
