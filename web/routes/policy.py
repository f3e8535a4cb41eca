"""The routes for the policy of a class or of the school: set and show settings."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import JSONResponse, Response

from models import engine
from models.access.sources import Sender
from tasks.pipeline import policies
from tasks.pipeline.policies import Authorship, PolicyChange
from web import ingest, openapi
from web.dependencies import CONCURRENCY_LIMIT, State
from web.problems import ProblemError
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


class PolicyRequest(TeacherRequest):
    """Settings of a class, or without one of the school."""

    author: Ref
    reason: Reason
    settings: Annotated[dict[str, Any], Field(min_length=1, description="Name -> value; null removes a setting.")]
    class_ref: Annotated[Ref | None, Field(alias="class")] = None
    until: Ref | None = None


@router.post("/policy", openapi_extra=openapi.model_body(PolicyRequest), responses=openapi.responses("ordered"))
async def post_policy(
    sender: TeacherSender,
    body: Annotated[PolicyRequest, Depends(body_as(PolicyRequest))],
    state: State,
    *,
    dry_run: DryRun = "false",
) -> Response:
    """Set settings of a class, or of the school, such as `tolerance`, `approve` and `pace_days`."""
    if dry_run == "true" and body.class_ref is None:
        raise ProblemError("refused", reason="A dry run is for one class here; `souschef policy set` tries a school's.")
    change = await state.run(lambda: _set(sender, body, dry_run=dry_run == "true"))
    return change_response(change, state.notifier, dry_run=dry_run == "true")


@router.get("/policy", openapi_extra=openapi.SECURITY, responses=openapi.responses("policy"))
async def get_policy(
    sender: TeacherSender, state: State, class_ref: Annotated[str | None, Query(alias="class")] = None
) -> Response:
    """Show every setting of a class, or of the school: its value, level, end, author and reason."""
    ref = check_ref(class_ref, "class")
    return JSONResponse({"settings": await state.run(lambda: _in_force(sender, ref))})


def _set(sender: Sender, body: PolicyRequest, *, dry_run: bool) -> PolicyChange:
    with engine.transaction(role=ingest.ROLE) as session:
        return policies.set_policy(
            session,
            sender.school_id,
            body.settings,
            by=Authorship(body.author, body.reason, f"source {sender.source_id}"),
            class_ref=body.class_ref,
            until=body.until,
            dry_run=dry_run,
        )


def _in_force(sender: Sender, class_ref: str | None) -> dict[str, dict[str, Any]]:
    with engine.transaction(role=ingest.ROLE) as session:
        return policies.in_force(session, sender.school_id, class_ref)
