"""The sentence embedding that free text is read with: weights out of a wheel, loaded once, never downloaded."""

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

from learning.free_text import Embed, TextReader

log = structlog.get_logger(__name__)


def reader(topics: Mapping[str, Sequence[str]]) -> TextReader | None:
    """Return a reader for a school's topics (ref -> title, phrases), or None where the `text` extra is not installed.

    Readers are kept: a school's topics change only when files are loaded.
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
    """What the wheel knows of words."""

    embed: Embed
    is_word: Callable[[str], bool]
    """Whether a word is so common that the tokenizer has it whole: then it is no slip of the pen."""


@cache
def load() -> Weights | None:
    """Return the embedding, or None, said once in the log, where it is not installed."""
    try:
        with _quiet():
            module = importlib.import_module("wordllama")
            folder = Path(str(module.__file__)).parent
            # Found in its own folder; a file that is missing there is an error, not a download.
            model = module.WordLlama.load(cache_dir=folder, disable_download=True)
    except (ImportError, FileNotFoundError) as missing:
        log.warning("free_text_not_read", reason=type(missing).__name__, mend="pip install 'souschef[text]'")
        return None

    def embed(texts: list[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = model.embed(texts, norm=False)
        return vectors

    def is_word(word: str) -> bool:
        return model.tokenizer.token_to_id(f"\u2581{word}") is not None

    return Weights(embed, is_word)


@contextmanager
def _quiet() -> Iterator[None]:
    """Undo what the import does to the process: it configures the root logger and may warn."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
