"""What the routes for a teacher's tool share: strict request models and their sender."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from starlette.responses import JSONResponse, Response

from config import tracing
from lms.facts import PayloadError
from lms.json_fields import MAX_TEXT, postgres_text, valid_ref
from models.access.sources import Sender
from tasks.pipeline.policies import PolicyChange
from tasks.pipeline.preview import preview_to_json
from web.dependencies import JsonBody, sender_of
from web.notifier import WorkerNotifier
from web.problems import ProblemError

TeacherSender = Annotated[Sender, Depends(sender_of("canonical"))]
DryRun = Annotated[Literal["true", "false"], Query(description="`true`: show what would change, and change nothing.")]
M = TypeVar("M", bound=BaseModel)


def _valid_ref(text: str) -> str:
    try:
        return valid_ref(text, "")
    except PayloadError:
        raise ValueError("is a short text.") from None


def _valid_reason(text: str) -> str:
    try:
        return postgres_text(text, "")[:MAX_TEXT]
    except PayloadError:
        raise ValueError("is a short text.") from None


Ref = Annotated[str, AfterValidator(_valid_ref)]
Reason = Annotated[str, AfterValidator(_valid_reason)]


class TeacherRequest(BaseModel):
    """A request of a teacher's tool; unknown fields are ignored, as a newer tool may send them."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", populate_by_name=True)


def body_as(model: type[M]) -> Callable[[Any], Coroutine[Any, Any, M]]:
    """Return a dependency that reads the body as this model.

    Raises:
        ProblemError: `not_an_object`, or `refused` with the first invalid field.
    """

    async def parsed_body(document: JsonBody) -> M:
        if not isinstance(document, dict):
            raise ProblemError("not_an_object")
        try:
            return model.model_validate(document)
        except ValidationError as error:
            raise ProblemError("refused", reason=_explain(error.errors()[0])) from None

    return parsed_body


def change_response(change: PolicyChange, notifier: WorkerNotifier, *, dry_run: bool) -> Response:
    """Answer a dry run with what would change; else have the workers decide again, and say that it is set."""
    if dry_run:
        return JSONResponse({"dry_run": True, "students": preview_to_json(change.previews)})
    notifier.notify_students(change.students, tracing.request_id())
    return JSONResponse({"dry_run": False})


def check_ref(text: str | None, name: str) -> str | None:
    """Return a ref from the query.

    Raises:
        ProblemError: `refused`.
    """
    try:
        return None if text is None else _valid_ref(text)
    except ValueError as error:
        raise ProblemError("refused", reason=f"`{name}` {error}") from None


def _explain(error: ErrorDetails) -> str:
    """Return what is wrong with a field, without its value."""
    field = f"`{error['loc'][0]}`"
    match error["type"]:
        case "missing":
            return f"{field} is missing."
        case "enum" | "literal_error":
            return f"{field} is one of {error['ctx']['expected'].replace(chr(39), '').replace(' or ', ', ')}."
        case "dict_type" | "too_short":
            return f"{field} is an object of names and values."
        case _:
            return f"{field} is a short text."
