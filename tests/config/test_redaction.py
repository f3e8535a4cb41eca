"""What logs tell: ids that nobody can have written, and exceptions without their words."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import tracing
from config.errors import OperatorError
from config.redaction import format_without_message

ROOT = Path(__file__).parents[2]


def broken(words: str) -> Exception:
    """An exception with a cause, as a database's refusal comes."""
    try:
        try:
            int(words)
        except ValueError as cause:
            raise LookupError(words) from cause
    except LookupError as error:
        return error
    pytest.fail(f"{words!r} is a number")


SCRIPT = """
import logging, structlog
from config import tracing
from config import logging as our_logging

our_logging.configure()
for log in (structlog.get_logger("ours"), logging.getLogger("a.library")):
    try:
        raise LookupError("Ada Lovelace") from ValueError("Ada Lovelace")
    except LookupError:
        log.exception("it_broke")
with tracing.request_context("0123456789abcdef"), tracing.task_context("sweep", "t-1", ["fedcba9876543210"]):
    logging.getLogger("a.library").warning("within")
    assert (tracing.request_id(), tracing.task_id()) == ("0123456789abcdef", "t-1")
structlog.get_logger().warning("after")
assert (tracing.request_id(), tracing.task_id()) == (None, None)
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """What a process of ours writes to its log."""
    environment = {**os.environ, "SOUSCHEF_LOG_FORMAT": "json"}
    command = [sys.executable, "-c", SCRIPT]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_an_exception_is_logged_by_type_and_location_only() -> None:
    formatted = format_without_message(broken("Ada Lovelace"))
    assert "Ada" not in formatted
    assert formatted.splitlines()[0] == "builtins.LookupError"
    assert "builtins.ValueError" in formatted
    assert "tests/config/test_redaction.py:" in formatted


def test_an_operator_error_is_logged_with_its_message() -> None:
    assert "The disk is full. Make room." in format_without_message(OperatorError("The disk is full.", "Make room."))


def test_lines_of_ours_and_of_libraries_hold_no_words_of_an_exception(lines: list[dict[str, Any]]) -> None:
    assert [line["event"] for line in lines[:2]] == ["it_broke", "it_broke"]
    assert all("builtins.LookupError" in line["exception"] for line in lines[:2])
    assert "Ada" not in str(lines)


def test_ids_stand_in_every_line_of_the_request_and_in_none_after_it(lines: list[dict[str, Any]]) -> None:
    within, after = lines[2:]
    ids = {"request_id": "0123456789abcdef", "task": "sweep", "task_id": "t-1", "notified_by": ["fedcba9876543210"]}
    assert {name: within[name] for name in ids} == ids
    assert after.keys().isdisjoint(ids)


@pytest.mark.parametrize(
    "text", ["0123456789ABCDEF", "7560ac66-5869-56b2-ad07-8ee95cb6142f", "4bf92f3577b34da6a3ce929d0e0e4736"]
)
def test_a_valid_request_id_is_kept(text: str) -> None:
    assert tracing.normalize_request_id(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    ["", "Ada Lovelace", "ada@school.test", "ada-lovelace-0001", "0123", "f" * 33, "0123456789abcdef\n{}", "٣" * 16],
)
def test_an_id_that_a_person_may_have_written_is_replaced(text: str) -> None:
    made = tracing.normalize_request_id(text)
    assert len(made) == 32
    assert made != tracing.normalize_request_id(text)
