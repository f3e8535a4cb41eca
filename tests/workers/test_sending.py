"""Recordings that `souschef send` must not send: each is told by its line before anything leaves this machine."""

import gzip
import json
from pathlib import Path

import pytest

from workers import sending
from workers.sending import RecordingUnreadable

GOOD = {"method": "POST", "path": "/xapi/statements?", "headers": [["Content-Type", "application/json"]], "body": "[]"}


def recording(folder: Path, *requests: object) -> Path:
    path = folder / "made.jsonl"
    path.write_text("".join(json.dumps(request) + "\n" for request in requests))
    return path


@pytest.mark.parametrize(
    "path", ["http://elsewhere.example/", "//elsewhere.example/", "/\\elsewhere.example/", "@elsewhere.example/", "", 5]
)
def test_a_path_that_leads_to_another_host_is_refused_with_the_credential_still_here(
    tmp_path: Path, path: object
) -> None:
    """An absolute address in a stranger's recording would have got the source's key and secret."""
    with pytest.raises(RecordingUnreadable, match="line 2 is not a recorded request"):
        sending.read(recording(tmp_path, GOOD, {**GOOD, "path": path}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "PO ST"},
        {"method": None},
        {"path": "/a b"},
        {"headers": [["X", "a\r\nHost: b"]]},
        {"headers": [["X Y", "a"]]},
        {"headers": [["X", "a\u00e9"]]},
        {"headers": [["X"]]},
        {"body": 5},
    ],
)
def test_what_http_cannot_carry_is_told_as_that_and_not_as_a_door_that_is_shut(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(RecordingUnreadable, match="line 1 is not a recorded request"):
        sending.read(recording(tmp_path, GOOD | wrong))


@pytest.mark.parametrize("kept", [3, 15, -4])
def test_a_packed_recording_that_is_cut_off_is_told(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode())[:kept])
    with pytest.raises(RecordingUnreadable, match="cannot be read"):
        sending.read(path)


def test_a_packed_recording_with_a_broken_middle_is_told(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(json.dumps(GOOD).encode()))
    whole[12:20] = b"\xff" * 8
    path = tmp_path / "broken.jsonl.gz"
    path.write_bytes(whole)
    with pytest.raises(RecordingUnreadable, match="cannot be read"):
        sending.read(path)


def test_what_real_senders_sent_is_read(tmp_path: Path) -> None:
    assert [request.path for request in sending.read(recording(tmp_path, GOOD))] == ["/xapi/statements?"]
