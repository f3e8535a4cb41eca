"""The word embedding for free text: weights from an installed wheel, loaded once, never downloaded."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from learning.text.reader import Embed, TextReader

log = structlog.get_logger(__name__)


def reader(topics: Mapping[str, Sequence[str]]) -> TextReader | None:
    """Return a reader for a school's topics (ref -> title, phrases), or None where the `text` extra is not installed.

    Readers are cached: a school's topics change only when files are loaded.
    """
    return _reader(tuple(sorted((ref, tuple(texts)) for ref, texts in topics.items())))


@lru_cache(maxsize=16)
def _reader(topics: tuple[tuple[str, tuple[str, ...]], ...]) -> TextReader | None:
    weights = load()
    if weights is None or not topics:
        return None
    return TextReader.of(weights.embed, dict(topics), is_word=weights.is_word)


@dataclass(frozen=True, slots=True)
class Weights:
    """The word embedding."""

    embed: Embed
    is_word: Callable[[str], bool]
    """True for a word so common that it is one token; it is no spelling mistake."""


@cache
def load() -> Weights | None:
    """Return the embedding, or None if it is not installed, which is logged once."""
    try:
        with _quiet():
            module = importlib.import_module("wordllama")
            folder = Path(str(module.__file__)).parent
            # From its own folder: a missing file is an error, not a download.
            model = module.WordLlama.load(cache_dir=folder, disable_download=True)
    except (ImportError, FileNotFoundError) as error:
        hint = "pip install -r requirements/production.txt"
        log.warning("embeddings_unavailable", reason=type(error).__name__, hint=hint)
        return None

    def embed(texts: list[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = model.embed(texts, norm=False)
        return vectors

    def is_word(word: str) -> bool:
        return model.tokenizer.token_to_id(f"\u2581{word}") is not None

    return Weights(embed, is_word)


@contextmanager
def _quiet() -> Iterator[None]:
    """Undo what the import changes in the process: it configures the root logger and may warn."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
