"""The decorator that registers tasks."""

from collections.abc import Callable
from typing import Any

import pytest

from config.celery import app
from tasks.job import TaskError, job


def test_a_task_must_be_routed() -> None:
    with pytest.raises(ValueError, match="assesment_completed"):
        job("assesment_completed")


def test_an_old_worker_takes_a_new_versions_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keywords that it does not know are dropped; those that it knows arrive, keyword-only ones too."""
    registered: dict[str, Any] = {}

    def task(name: str, **_: object) -> Callable[[Any], Any]:
        return lambda function: registered.setdefault(name, function)

    monkeypatch.setattr(app, "task", task)

    @job("sweep")
    def sweep(ids: list[int], *, again: bool = False) -> tuple[list[int], bool]:
        return ids, again

    assert registered["sweep"]([1, 2], again=True, since_version_9="x") == ([1, 2], True)
    assert registered["sweep"](ids=[3]) == ([3], False)
    assert sweep([4]) == ([4], False)  # the function itself came back
    with pytest.raises(TaskError, match="TypeError"):
        registered["sweep"](since_version_9="x")  # what it needs must still be there
