"""Recordings that `souschef replay-recording` refuses before anything is sent; each error names its line."""

import gzip
import json
from pathlib import Path

import pytest

from workers.cli import replay_client
from workers.cli.replay_client import UnreadableRecordingError

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
    with pytest.raises(UnreadableRecordingError, match="line 2 is not a recorded request"):
        replay_client.read(recording(tmp_path, GOOD, {**GOOD, "path": path}))


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
def test_invalid_http_is_an_unreadable_recording_and_not_an_unreachable_api(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(UnreadableRecordingError, match="line 1 is not a recorded request"):
        replay_client.read(recording(tmp_path, GOOD | wrong))


@pytest.mark.parametrize("requests", [3, 15, -4])
def test_a_truncated_gzip_recording_is_refused(tmp_path: Path, requests: int) -> None:
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode())[:requests])
    with pytest.raises(UnreadableRecordingError, match="cannot be read"):
        replay_client.read(path)


def test_a_corrupt_gzip_recording_is_refused(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(json.dumps(GOOD).encode()))
    whole[12:20] = b"\xff" * 8
    path = tmp_path / "broken.jsonl.gz"
    path.write_bytes(whole)
    with pytest.raises(UnreadableRecordingError, match="cannot be read"):
        replay_client.read(path)


def test_what_real_senders_sent_is_read(tmp_path: Path) -> None:
    assert [request.path for request in replay_client.read(recording(tmp_path, GOOD))] == ["/xapi/statements?"]
