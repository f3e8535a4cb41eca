"""The route for Souschef's own events as JSON; `?dry_run=true` says what would become of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import JSONResponse, Response

from models import engine
from models.access.sources import Sender
from tasks.pipeline import check_events
from web import ingest, openapi
from web.dependencies import CONCURRENCY_LIMIT, JsonBody, State, events_of, sender_of
from web.problems import ProblemError

router = APIRouter(tags=["Events"], dependencies=[CONCURRENCY_LIMIT])
MAX_CHECKED = 500
"""Events of one dry run, which reads more than storing them does."""
DryRun = Annotated[
    Literal["true", "false"],
    Query(description="`true`: say of each event what would become of it, and store nothing; at most 500 events."),
]


@router.post("/events/", include_in_schema=False)
@router.post("/events", openapi_extra=openapi.own_events_body(), responses=openapi.responses("counts_or_verdicts"))
async def post_events(
    sender: Annotated[Sender, Depends(sender_of("canonical"))],
    document: JsonBody,
    state: State,
    dry_run: DryRun = "false",
) -> Response:
    """Store one event of Souschef's own format, or a list of them."""
    events = events_of(document)
    if dry_run == "true":
        if len(events) > MAX_CHECKED:
            raise ProblemError("too_large")
        return JSONResponse(await state.run(lambda: _check(sender, events)))
    result = await state.run(lambda: ingest.ingest(sender, events, state.notifier))
    return JSONResponse(result.counts())


def _check(sender: Sender, events: Sequence[object]) -> dict[str, Any]:
    with engine.transaction() as session:
        verdicts = check_events.check(session, sender, events)
        session.rollback()
    counts = Counter(each.outcome.value for each in verdicts)
    return {"dry_run": True, **counts, "events": [check_events.verdict_to_json(each) for each in verdicts]}
