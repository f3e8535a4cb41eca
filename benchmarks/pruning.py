"""What pruning costs in a large inbox: clear the payloads of so many old events, as the nightly task does.

The rows are made by SQL in an inbox that keeps as many younger ones; the payloads are those of Moodle's statements in
size. Printed are seconds, rows a second, and the sizes before, after, and after a vacuum.

    python -m benchmarks.pruning --rows 200000
    python -m benchmarks.pruning --rows 10000000   # 30 GB of disk, hours
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks.environment import plain_url, running_environment
from models import engine
from models.privacy import retention
from models.privacy.retention import DataKind
from workers.local.supervisor import settings_override

PAYLOAD_BYTES = 1_400
FILL = """
    INSERT INTO souschef.inbox (school_id, source_id, received_at, next_attempt_at, key, kind, shard, payload, state,
                                finished_at)
    SELECT source.school_id, source.id, at, at, sha256(convert_to(at::text || n, 'UTF8')), 'assessment', n %% 64,
           payload.text, 'done', at
      FROM (SELECT id, school_id FROM souschef.source LIMIT 1) AS source, generate_series(1, %s) AS n,
           LATERAL (SELECT souschef.clock() - CASE WHEN n %% 2 = 0 THEN interval '20 days' ELSE interval '1 day' END
                           - n * interval '1 millisecond' AS at) AS moment,
           LATERAL (SELECT string_agg(md5((n * 50 + part)::text), '') AS text
                      FROM generate_series(1, %s) AS part) AS payload
"""
SIZES = """
    SELECT pg_relation_size('souschef.inbox'), pg_indexes_size('souschef.inbox'),
           pg_total_relation_size('souschef.inbox')
"""


def main() -> None:
    """Fill an inbox, prune it, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="events; half of them are due (default: %(default)s)")
    rows: int = parser.parse_args().rows
    with (
        tempfile.TemporaryDirectory(prefix="souschef-bench-", ignore_cleanup_errors=True) as folder,
        running_environment(Path(folder), classes=1) as environment,
    ):
        settings = environment.copy("run_pruning")
        with settings_override(settings):
            print(json.dumps(measure(settings.database_url_text(), rows)))


def measure(url: str, rows: int) -> dict[str, float | list[int]]:
    """Fill, prune and vacuum; return seconds, rates and sizes in bytes (table, indexes, all)."""
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        began = time.monotonic()
        connection.execute(FILL.encode(), [rows, PAYLOAD_BYTES // 32])
        connection.execute("ANALYZE souschef.inbox")
        filled, before = time.monotonic() - began, _sizes(connection)
        began = time.monotonic()
        pruned, longest = _prune()
        seconds, after = time.monotonic() - began, _sizes(connection)
        began = time.monotonic()
        connection.execute("VACUUM souschef.inbox")
        return {
            "rows": rows,
            "fill_seconds": round(filled, 1),
            "pruned": pruned,
            "prune_seconds": round(seconds, 1),
            "pruned_per_second": round(pruned / seconds),
            "longest_step_seconds": round(longest, 2),
            "vacuum_seconds": round(time.monotonic() - began, 1),
            "before": before,
            "after": after,
            "vacuumed": _sizes(connection),
        }


def _prune() -> tuple[int, float]:
    """Prune all that is due, in the steps of the nightly task; return how many, and the longest step's seconds."""
    pruned, longest = 0, 0.0
    with engine.transaction() as session:
        school_id = session.connection().exec_driver_sql("SELECT school_id FROM souschef.source LIMIT 1").scalar_one()
        period = retention.retention_periods(session, school_id)[DataKind.RAW]
    step = retention.PruneStep(0)
    while True:
        began = time.monotonic()
        with engine.transaction() as session:
            step = retention.prune_step(session, school_id, period, after=step.last)
        longest = max(longest, time.monotonic() - began)
        pruned += step.rows
        if step.rows < retention.BATCH_SIZE:
            return pruned, longest


def _sizes(connection: psycopg.Connection[tuple[object, ...]]) -> list[int]:
    row = connection.execute(SIZES).fetchone()
    return [int(str(size)) for size in row or ()]


if __name__ == "__main__":
    main()
