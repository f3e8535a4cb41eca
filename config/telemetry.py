"""OpenTelemetry traces: one from an API request, through the queue, to the worker's commit.

Off unless the extra `otel` is installed and `OTEL_EXPORTER_OTLP_ENDPOINT` (or `..._TRACES_ENDPOINT`) is set; then
nothing of OpenTelemetry is imported, and a span costs one comparison. Spans carry routes, task names, ids of requests
and counts: never a path, a query, a payload or a name of a person.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final, Literal

import structlog

from config.version import version

log = structlog.get_logger(__name__)

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
HEADER: Final = "traceparent"
"""W3C Trace Context: the header of a request, and of a message to the broker."""
Kind = Literal["SERVER", "PRODUCER", "CONSUMER", "INTERNAL"]

_tracer: Any = None
_provider: Any = None


def start(service: str) -> None:
    """Begin to export this process's spans, where that is set and installed; call it after a fork, not before."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return
    if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter") is None:
        log.warning("traces_not_exported", why="the extra otel is not installed")
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    use(BatchSpanProcessor(OTLPSpanExporter()), service)


def use(processor: Any, service: str) -> None:  # noqa: ANN401 - OpenTelemetry may not be installed
    """Give this process's spans to a processor."""
    global _tracer, _provider  # noqa: PLW0603 - one a process, like the logging configuration
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    _provider = TracerProvider(resource=Resource.create({"service.name": service, "service.version": version()}))
    _provider.add_span_processor(processor)
    _tracer = _provider.get_tracer("souschef")


def stop() -> None:
    """Export what is left, and record nothing any more."""
    global _tracer, _provider  # noqa: PLW0603 - see above
    if _provider is not None:
        _provider.shutdown()
    _tracer = _provider = None


@contextmanager
def span(
    name: str, *, kind: Kind = "INTERNAL", parent: str | None = None, **attributes: str | int
) -> Iterator[dict[str, str | int]]:
    """Record the block as a span below `parent` (a traceparent), or below the current span.

    Yields a dictionary: what is put into it becomes attributes of the span at its end; `name` renames it. Of an
    exception the span has the type alone.
    """
    later: dict[str, str | int] = {}
    if _tracer is None:
        yield later
        return
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({HEADER: parent}) if parent else None
    with _tracer.start_as_current_span(
        name, context=context, kind=trace.SpanKind[kind], record_exception=False, set_status_on_exception=False
    ) as current:
        _set(current, attributes)
        try:
            yield later
        except BaseException as error:
            current.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            current.update_name(str(later.pop("name", name)))
            _set(current, later)


def _set(current: Any, attributes: Mapping[str, str | int]) -> None:  # noqa: ANN401 - see above
    for key, value in attributes.items():
        current.set_attribute(key.replace("__", "."), value)


def traceparent() -> str | None:
    """Return the current span for another process to go on from; None where nothing is recorded."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(HEADER)
