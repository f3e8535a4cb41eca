"""Whatever the files hold, reading them ends with rows and problems, and never with an exception."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.files.bundle import Bundle
from lms.files.registry import READERS, parse

EXAMPLE = Path(__file__).parents[3] / "examples" / "riverside"
NAMES = [*READERS, "questionnaires/q.json", "questionnaires/q.toml"]
MANGLED = [
    b"\x00",
    b"\xff",
    b'"',
    b",",
    b"\n",
    b"\r",
    b"{",
    b"}",
    b"[",
    b"nan",
    b"1e999",
    b"\xef\xbb\xbf",
    b"'",
    b";",
    b":",
]


def small() -> dict[str, bytes]:
    """The example school, of each long file its first 40 lines."""
    files = {path.name: path.read_bytes() for path in EXAMPLE.glob("*.csv")}
    short = {name: b"".join(body.splitlines(keepends=True)[:40]) for name, body in files.items()}
    return {**short, "skills.json": (EXAMPLE / "skills.json").read_bytes()}


@settings(max_examples=300)
@given(st.sampled_from(NAMES), st.binary(max_size=300))
def test_bytes_of_any_kind_end_in_problems(name: str, body: bytes) -> None:
    assert isinstance(parse([(name, body)]), Bundle)


@settings(max_examples=300)
@given(st.sampled_from(NAMES), st.text(alphabet='abc,;"\n\r{}[]:019.-', max_size=200))
def test_text_that_is_nearly_a_table_ends_in_problems(name: str, body: str) -> None:
    assert isinstance(parse([(name, body.encode())]), Bundle)


@pytest.mark.parametrize("seed", range(5))
def test_the_example_school_mangled_in_a_hundred_ways_is_read_or_refused(seed: int) -> None:
    """Each time one file gets one to three wrong pieces anywhere; most are noticed, none is an exception."""
    dice = random.Random(seed)
    whole = small()
    assert parse(whole.items()).problems == []
    noticed = 0
    for _ in range(100):
        files = dict(whole)
        name = dice.choice(sorted(files))
        body = files[name]
        for _ in range(dice.randint(1, 3)):
            place = dice.randrange(len(body))
            body = body[:place] + dice.choice(MANGLED) + body[place + dice.randint(0, 3) :]
        files[name] = body
        noticed += bool(parse(files.items()).problems)
    assert noticed >= 20


def test_files_are_read_in_the_order_in_which_they_refer_to_each_other() -> None:
    assert parse(sorted(small().items(), reverse=True)).files == parse(sorted(small().items())).files
