"""Totals that only rise, counted in the transaction of the work itself: they survive restarts, and hold no student."""

from collections.abc import Collection, Mapping

from sqlalchemy import text
from sqlmodel import Session

DECISION, VISIBLE, SWEEP = "decision", "visible", "sweep"
BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds from an event's arrival, or from when what it waited for was loaded, until its effect could be seen."""
SUM, BEYOND = "sum", "+Inf"
SHARDS = 64


def add(session: Session, name: str, counts: Mapping[str, float]) -> None:
    """Add to the totals of one name, by label."""
    if not counts:
        return
    statement = text(f"""
        INSERT INTO souschef.tally AS old (name, label, shard, value)
        SELECT :name, label, pg_backend_pid() % {SHARDS}, value
          FROM unnest(CAST(:labels AS text[]), CAST(:values AS double precision[])) AS new(label, value) ORDER BY label
        ON CONFLICT (name, label, shard) DO UPDATE SET value = old.value + excluded.value
    """)  # noqa: S608 - our own
    parameters = {"name": name, "labels": list(counts), "values": list(counts.values())}
    session.connection().execute(statement, parameters)


def observe(session: Session, events: Collection[int]) -> None:
    """Count how long these events took, whose effect this transaction makes visible."""
    statement = text("""
        SELECT width_bucket(took, CAST(:bounds AS double precision[])), count(*), sum(took)
          FROM (SELECT greatest(0, extract(epoch FROM (SELECT souschef.clock()) -
                         CASE WHEN attempts <= 1 THEN next_attempt_at ELSE received_at END))::double precision AS took
                  FROM souschef.inbox WHERE id = ANY(CAST(:events AS bigint[]))) AS each
         GROUP BY 1
    """)
    if not events:
        return
    rows = session.connection().execute(statement, {"bounds": list(BOUNDS), "events": list(events)}).all()
    counts: dict[str, float] = {label(place): float(count) for place, count, _ in rows}
    add(session, VISIBLE, {**counts, SUM: sum(took for _, _, took in rows)})


def label(place: int) -> str:
    """Return the label of a bucket: its upper bound in seconds."""
    return str(BOUNDS[place]) if place < len(BOUNDS) else BEYOND


def within(visible: Mapping[str, float], *, share: float) -> float | None:
    """Return the bound, in seconds, within which a share of all events could be seen; None: of none, or beyond all."""
    count = sum(value for label, value in visible.items() if label != SUM)
    reached = 0.0
    for bound in BOUNDS if count else ():
        reached += visible.get(str(bound), 0.0)
        if reached >= share * count:
            return bound
    return None


def swept(session: Session) -> None:
    """Remember when this process swept last."""
    statement = text(f"""
        INSERT INTO souschef.tally (name, label, shard, value)
        SELECT :name, '', pg_backend_pid() % {SHARDS}, extract(epoch FROM (SELECT souschef.clock()))
        ON CONFLICT (name, label, shard) DO UPDATE SET value = excluded.value
    """)  # noqa: S608 - our own
    session.connection().execute(statement, {"name": SWEEP})


def totals(session: Session, name: str) -> dict[str, float]:
    """Return the totals of one name, by label."""
    statement = text("SELECT label, sum(value) FROM souschef.tally WHERE name = :name GROUP BY label")
    return {label: float(value) for label, value in session.connection().execute(statement, {"name": name})}


def last_sweep(session: Session) -> float | None:
    """Return when anybody swept last, in seconds since 1970."""
    statement = text("SELECT max(value) FROM souschef.tally WHERE name = :name")
    found = session.connection().execute(statement, {"name": SWEEP}).scalar()
    return None if found is None else float(found)
