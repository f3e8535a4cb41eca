"""The routes for teacher overrides: set, revoke and list; `?dry_run=true` shows what would change.

An override becomes an event in the inbox, as at `/events`: it is committed before the answer, and a worker applies it.

These routes, with `policy` and `scope`, are the only ones that decide in the API process, twice for each student
concerned: a teacher waits for the answer, and no worker is needed for it (docs/decisions/0072-previews-in-the-api.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import JSONResponse, Response

from config import tracing
from lms.facts import EventKind, OrderVerb
from models import engine
from models.access.sources import Sender
from models.assignments import overrides as override_rows
from models.privacy import audit
from tasks.pipeline import overrides
from tasks.pipeline.overrides import OverrideDraft
from tasks.pipeline.preview import StudentPreview, override_to_json, preview_to_json
from web import ingest, openapi
from web.dependencies import CONCURRENCY_LIMIT, State
from web.notifier import WorkerNotifier
from web.problems import ProblemError
from web.teacher_requests import (
    DryRun,
    Reason,
    Ref,
    TeacherRequest,
    TeacherSender,
    body_as,
    check_ref,
)

router = APIRouter(tags=["Teachers"], dependencies=[CONCURRENCY_LIMIT])


class OverrideRequest(TeacherRequest):
    """A teacher override: for one student or one class, about one material or one skill."""

    order: Annotated[OrderVerb, Field(strict=False)]
    author: Ref
    student: Ref | None = None
    class_ref: Annotated[Ref | None, Field(alias="class")] = None
    material: Ref | None = None
    skill: Ref | None = None
    until: Ref | None = None
    id: Annotated[Ref | None, Field(description="The key of the new override; without it one is made.")] = None
    revokes: Annotated[Ref | None, Field(description="The key of the override to revoke.")] = None
    reason: Reason | None = None

    def draft(self) -> OverrideDraft:
        """Return the override.

        Raises:
            ProblemError: `refused`: a revocation without the key.
        """
        if self.order is OrderVerb.REVOKE and self.revokes is None:
            raise ProblemError("refused", reason="`revokes` is missing.")
        return OverrideDraft(
            self.order,
            author=self.author,
            reason=self.reason or "",
            key=self.revokes if self.order is OrderVerb.REVOKE else self.id,
            student=self.student,
            class_ref=self.class_ref,
            material=self.material,
            skill=self.skill,
            until=self.until,
        )


@router.post("/orders", openapi_extra=openapi.model_body(OverrideRequest), responses=openapi.responses("ordered"))
async def post_override(
    sender: TeacherSender,
    body: Annotated[OverrideRequest, Depends(body_as(OverrideRequest))],
    state: State,
    *,
    dry_run: DryRun = "false",
) -> Response:
    """Set, approve or revoke an override; `key` in the answer revokes it. It is in force within seconds."""
    if dry_run == "true":
        previews = await state.run(partial(_preview, sender, body.draft()))
        return JSONResponse({"dry_run": True, "students": preview_to_json(previews)})
    key = await state.run(partial(_submit, sender, body.draft(), state.notifier))
    return JSONResponse({"dry_run": False, "key": key})


@router.get("/orders", openapi_extra=openapi.SECURITY, responses=openapi.responses("orders"))
async def get_overrides(
    sender: TeacherSender,
    state: State,
    class_ref: Annotated[str | None, Query(alias="class")] = None,
    student: str | None = None,
    past: Annotated[str | None, Query(alias="all")] = None,
) -> Response:
    """List the overrides in force, with `all=true` also past ones, and for whom one cannot be met, and why."""
    filters = {
        "class_ref": check_ref(class_ref, "class"),
        "student": check_ref(student, "student"),
        "past": check_ref(past, "all") == "true",
    }
    return JSONResponse({"orders": await state.run(lambda: _list(sender, **filters))})


def _preview(sender: Sender, draft: OverrideDraft) -> Sequence[StudentPreview]:
    with engine.transaction(role=ingest.ROLE) as session:
        override = overrides.build_override(session, sender.school_id, draft)
        through = f"source {sender.source_id}"
        return overrides.preview(session, sender.school_id, override, through=through).students


def _submit(sender: Sender, draft: OverrideDraft, notifier: WorkerNotifier) -> str:
    with engine.transaction(role=ingest.ROLE) as session:
        submitted = overrides.submit(session, sender, overrides.build_override(session, sender.school_id, draft))
    notifier.notify({EventKind.ORDER: submitted.events}, tracing.request_id())
    return submitted.effect.key


def _list(sender: Sender, **filters: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - those of `list_overrides`
    with engine.transaction(role=ingest.ROLE) as session:
        rows, unmet = overrides.list_overrides(session, sender.school_id, **filters)
        students = override_rows.students_of_overrides(session, {row.number for row in rows})
        audit.record(session, author=f"source {sender.source_id}", action="orders", students=students)
        return [override_to_json(row, unmet) for row in rows]
