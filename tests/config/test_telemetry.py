"""One trace leads from a request through the queue to the worker's commit, and names no person."""

import gzip
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from config import telemetry
from workers.local.supervisor import running

ROOT = Path(__file__).parents[2]
SENT = "4bf92f3577b34da6a3ce929d0e0e4736"
"""The trace id that the sender begins with."""


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What this process records, in memory."""
    exporter = InMemorySpanExporter()
    telemetry.use(SimpleSpanProcessor(exporter), "test")
    yield exporter
    telemetry.stop()


def fail_in_two_spans(parent: str) -> None:
    with telemetry.span("outer", kind="SERVER", parent=parent) as outer, telemetry.span("inner", events=3):
        outer["name"] = "POST /events"
        raise ValueError("Ada Okafor answered 7")


def test_spans_nest_and_carry_counts_and_no_message(spans: InMemorySpanExporter) -> None:
    parent = f"00-{SENT}-00f067aa0ba902b7-01"
    with pytest.raises(ValueError, match="Ada"):
        fail_in_two_spans(parent)
    inner, first = spans.get_finished_spans()
    assert (inner.name, first.name) == ("inner", "POST /events")
    assert {f"{span.context.trace_id:032x}" for span in (inner, first)} == {SENT}
    assert inner.parent is not None
    assert inner.parent.span_id == first.context.span_id
    assert dict(inner.attributes or {}) == {"events": 3}
    assert inner.status.description == "ValueError"
    assert "Ada" not in inner.to_json() + first.to_json()
    assert not inner.events


def test_nothing_is_recorded_and_nothing_imported_where_it_is_not_asked_for() -> None:
    code = """
import sys
from config import telemetry
telemetry.start("test")
with telemetry.span("a") as span:
    span["b"] = 1
    assert telemetry.traceparent() is None
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60, env={"PATH": "/bin"})


def test_an_endpoint_without_the_extra_is_one_line_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the slim image."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(telemetry, "find_spec", lambda _: None)
    with capture_logs() as lines:
        telemetry.start("test")
    assert [line["event"] for line in lines] == ["traces_not_exported"]
    assert telemetry.traceparent() is None


class Collector:
    """An OTLP/HTTP collector: what was exported to it, by service."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Any]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
                for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                    names = {each.key: each.value.string_value for each in group.resource.attributes}
                    collector.spans += [
                        (names["service.name"], span) for scope in group.scope_spans for span in scope.spans
                    ]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of_trace(self, trace: str) -> list[tuple[str, Any]]:
        return [(service, span) for service, span in self.spans if span.trace_id.hex() == trace]


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.server.shutdown()
    found.server.server_close()


def souschef(*words: str) -> str:
    command = [sys.executable, "-m", "workers", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.flow
@pytest.mark.full
def test_one_trace_leads_from_the_request_to_the_commit(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real processes, exporting to a collector: the worker's spans are below the sender's trace."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server.server_port}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    monkeypatch.setenv("SOUSCHEF_DATA_DIR", str(tmp_path / "data"))
    with running(processes=("worker", "api"), free_ports=True) as system:
        souschef("load", "examples/riverside")
        credential = json.loads(souschef("source", "add", "quiz", "--format", "canonical", "--json"))
        event = {"type": "item_result", "id": "e1", "student": "riverside-s413", "at": "2026-11-02T09:00:00Z",
                 "subject": "4.NF.A.1 q01", "outcome": 1}  # fmt: skip
        answer = httpx.post(
            f"{system.api_url}/events",
            json=[event],
            auth=(credential["key"], credential["secret"]),
            headers={"traceparent": f"00-{SENT}-00f067aa0ba902b7-01"},
            timeout=20,
        )
        assert answer.status_code == 200
        wanted = {
            "POST /events",
            "record_events",
            "notify assessment_completed",
            "assessment_completed",
            "apply_events",
        }
        deadline = time.monotonic() + 60
        while not wanted <= {span.name for _, span in collector.of_trace(SENT)}:
            assert time.monotonic() < deadline, {span.name for _, span in collector.of_trace(SENT)}
            time.sleep(0.1)
    found = {span.name: (service, span) for service, span in collector.of_trace(SENT)}
    above = {"record_events": "POST /events", "notify assessment_completed": "POST /events",
             "assessment_completed": "notify assessment_completed", "apply_events": "assessment_completed"}  # fmt: skip
    for name, parent in above.items():
        assert found[name][1].parent_span_id == found[parent][1].span_id, name
    assert {name: service for name, (service, _) in found.items()} == {
        name: "souschef-worker" if name in {"assessment_completed", "apply_events"} else "souschef-api"
        for name in wanted
    }
    everything = str([span for _, span in collector.spans])
    for name in ("riverside-s413", "4.NF.A.1 q01", credential["secret"]):
        assert name not in everything
