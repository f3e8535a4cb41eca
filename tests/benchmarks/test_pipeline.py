"""The benchmark of the pipeline measures what it says: the same events, and the same outputs from both pipelines."""

import pytest
from rich.console import Console

from benchmarks import pipeline

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(240)]


def test_both_pipelines_come_to_the_same_gaps_and_report_every_figure() -> None:
    """Two classes of 28, one quiz each, of which the plain pipeline gets one class: 28 students are compared."""
    figures = pipeline.run(
        pipeline.Size(classes=2, submissions=1, plain_classes=1, quiet_seconds=2), Console(quiet=True)
    )
    assert figures["students_with_the_same_gaps"] == {"agree": 28, "compared": 28}
    assert figures["events"] == {"souschef": 504, "plain": 252}
    rates = figures["events_per_second"]
    assert isinstance(rates, dict)
    assert rates.keys() == {"souschef", "plain", "storage", "storage_with_steps"}
    assert all(
        isinstance(figures[name], float) for name in ("a_over_b", "a_over_c", "a_over_d", "p50_ms", "p95_ms", "p99_ms")
    )
