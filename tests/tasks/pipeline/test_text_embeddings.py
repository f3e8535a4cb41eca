"""The embedding: loaded once, offline, leaving the process as it was; absent, free text says nothing."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tasks.pipeline import text_embeddings

ROOT = Path(__file__).parents[3]
TOPICS = {"music": ("Music", "singing"), "art": ("Art", "drawing")}
OFFLINE = """
import logging, pathlib, socket, sys
def refuse(*_): raise AssertionError("the network was asked")
socket.socket.connect = socket.getaddrinfo = refuse
before = (list(logging.getLogger().handlers), logging.getLogger().level)
from tasks.pipeline import text_embeddings
assert "wordllama" not in sys.modules, "importing opens nothing"
reader = text_embeddings.reader({"music": ("Music", "singing")})
if reader is None:
    print("absent")
    sys.exit()
assert reader.read("i love singing") == {"music": 0.95}
assert (list(logging.getLogger().handlers), logging.getLogger().level) == before, "the root logger was touched"
print(sorted(str(path) for path in pathlib.Path.home().rglob("*")))
"""


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    text_embeddings.load.cache_clear()
    text_embeddings._reader.cache_clear()
    yield
    text_embeddings.load.cache_clear()
    text_embeddings._reader.cache_clear()


def test_it_loads_without_a_network_writes_nothing_and_leaves_the_logging_alone(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", OFFLINE]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if done.stdout.strip() == "absent":
        pytest.skip("wordllama is not installed: pip install --requirement requirements/dev.txt")
    assert done.stdout.strip() == "[]"


def test_weights_and_readers_are_made_once(caplog: pytest.LogCaptureFixture) -> None:
    if text_embeddings.load() is None:
        pytest.skip("wordllama is not installed: pip install --requirement requirements/dev.txt")
    assert text_embeddings.load() is text_embeddings.load()
    assert text_embeddings.reader(TOPICS) is text_embeddings.reader({ref: TOPICS[ref] for ref in reversed(TOPICS)})
    assert text_embeddings.reader(TOPICS) is not text_embeddings.reader({"music": ("Music",)})
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_word_is_distinguished_from_a_spelling_mistake() -> None:
    weights = text_embeddings.load()
    if weights is None:
        pytest.skip("wordllama is not installed: pip install --requirement requirements/dev.txt")
    assert weights.is_word("house")
    assert not weights.is_word("drawring")
    assert weights.embed(["music", "space"]).shape == (2, 256)


def test_absent_there_is_no_reader_and_the_log_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wordllama", None)
    with capture_logs() as logs:
        assert text_embeddings.reader(TOPICS) is None
        assert text_embeddings.reader({"art": ("Art",)}) is None
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("embeddings_unavailable", "warning")]


def test_weights_that_are_missing_are_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    wordllama = pytest.importorskip("wordllama", reason="wordllama is not installed")

    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(wordllama.WordLlama, "resolve_file", missing)
    with capture_logs() as logs:
        assert text_embeddings.reader(TOPICS) is None
    assert logs[0]["reason"] == "FileNotFoundError"


def test_a_school_without_topics_has_no_reader() -> None:
    assert text_embeddings.reader({}) is None
