"""The routes for the scope of a class: which skills are open to it, and when."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import JSONResponse, Response

from models import engine
from models.access.sources import Sender
from tasks.pipeline import policies
from tasks.pipeline.policies import Authorship, PolicyChange, ScopeTimes
from tasks.pipeline.preview import to_json
from web import ingest, openapi
from web.dependencies import CONCURRENCY_LIMIT, State
from web.teacher_requests import (
    DryRun,
    Reason,
    Ref,
    TeacherRequest,
    TeacherSender,
    body_as,
    change_response,
    check_ref,
)

router = APIRouter(tags=["Teachers"], dependencies=[CONCURRENCY_LIMIT])


class ScopeRequest(TeacherRequest):
    """Open a skill to a class, or close it; without times at once."""

    author: Ref
    reason: Reason
    class_ref: Annotated[Ref, Field(alias="class")]
    skill: Ref
    action: Literal["open", "close"] | None = None
    opens: Ref | None = None
    due: Ref | None = None
    closes: Ref | None = None


@router.post("/scope", openapi_extra=openapi.model_body(ScopeRequest), responses=openapi.responses("ordered"))
async def post_scope(
    sender: TeacherSender,
    body: Annotated[ScopeRequest, Depends(body_as(ScopeRequest))],
    state: State,
    *,
    dry_run: DryRun = "false",
) -> Response:
    """Open a skill to a class, or close it: now, or at the times in the request."""
    change = await state.run(lambda: _set(sender, body, dry_run=dry_run == "true"))
    return change_response(change, state.notifier, dry_run=dry_run == "true")


@router.get("/scope", openapi_extra=openapi.SECURITY, responses=openapi.responses("scope"))
async def get_scope(
    sender: TeacherSender, state: State, class_ref: Annotated[str | None, Query(alias="class")] = None
) -> Response:
    """List which skills are open to each class, or to one: start, end, due date, author and reason."""
    ref = check_ref(class_ref, "class")
    return JSONResponse({"scope": await state.run(lambda: _list(sender, ref))})


def _set(sender: Sender, body: ScopeRequest, *, dry_run: bool) -> PolicyChange:
    by = Authorship(body.author, body.reason, f"source {sender.source_id}")
    with engine.transaction(role=ingest.ROLE) as session:
        where = session, sender.school_id, body.class_ref, body.skill
        if body.action == "close":
            return policies.close_skill(*where, by=by, closes=body.closes, dry_run=dry_run)
        times = ScopeTimes(body.opens, body.due, body.closes)
        return policies.open_skill(*where, by=by, times=times, dry_run=dry_run)


def _list(sender: Sender, class_ref: str | None) -> list[dict[str, Any]]:
    with engine.transaction(role=ingest.ROLE) as session:
        return [to_json(asdict(row)) for row in policies.scope(session, sender.school_id, class_ref)]
