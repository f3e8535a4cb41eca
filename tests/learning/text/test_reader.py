"""Free text: what children write, read with the real embedding; and what reading promises of any text."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks import interests as benchmark
from learning.text.clauses import Join, clauses
from learning.text.reader import TextReader, TopicText
from learning.text.sentiment import Stance, attitude
from learning.text.spelling import is_keyboard_mash, nearest_spelling, normalize, stem
from learning.text.vocabulary import GROUPS
from tasks.pipeline import text_embeddings

LIKED, DISLIKED = 0.6, 0.4
SCHOOL = {
    "theater": ("Theater and film", "acting in a play"),
    "vehicles": ("Cars and trains", "racing cars", "trucks"),
    "nature": ("Nature", "hiking", "camping", "gardening"),
    "football": ("Football", "goals", "penalty kicks"),
    "computers": ("Computers", "coding", "programming robots"),
}
"""Topics of another school, for which nothing was tuned."""


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return reader_for(benchmark.topics())


def reader_for(topics: dict[str, tuple[str, ...]]) -> TextReader:
    found = text_embeddings.reader(topics)
    if found is None:
        pytest.skip("wordllama is not installed: pip install --requirement requirements/dev.txt")
    return found


def liked(found: dict[str, float]) -> set[str]:
    return {topic for topic, value in found.items() if value >= LIKED}


def disliked(found: dict[str, float]) -> set[str]:
    return {topic for topic, value in found.items() if value <= DISLIKED}


@pytest.mark.parametrize(
    "text",
    [
        "I hate football",
        "i HATE football!!!",
        "football? hate it",
        "I don't like football.",
        "i dont like football",
        "not really into football",
        "football is boring",
        "football sucks",
        "I’m not a fan of football",
        "my least favorite is football",
        "I can't stand football",
        "anything but football",
        "footbal i h8",
        "my brother loves football but i dont",
        "I don't think I like football",
        "singing is fun. football isnt",
        "no football please",
        "I hate basketball, tennis and football",
    ],
)
def test_hating_football_is_never_an_interest_in_it(reader: TextReader, text: str) -> None:
    assert "sports" in disliked(reader.read(text))
    assert "football" in disliked(reader_for(SCHOOL).read(text))


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("I love soccer and drawing", {"sports", "art"}),
        ("fútbol y música", {"sports", "music"}),
        ("i lik playn soker", {"sports"}),
        ("K-pop!!", {"music"}),
        ("minecraft", {"games"}),
        ("TikTok dances", {"music"}),
        ('cooking, esp. "ramen" and tacos', {"food"}),
        ("horsesss", {"animals"}),
        ("i cant stop playing chess", {"games"}),
        ("Who doesn't like pizza", {"food"}),
        ("not only soccer but also painting", {"sports", "art"}),
        ("I hate football but I love cats", {"animals"}),
        ("not football, space", {"space"}),
        ("everything is boring except my dog", {"animals"}),
        ("arts and crafts", {"art"}),
        ("hide and seek", {"games"}),
        ("idk maybe drawing", {"art"}),
        ("- dogs\n- legos\n- rockets", {"animals", "building", "space"}),
        ("basket ball", {"sports"}),
    ],
)
def test_what_a_child_likes_is_read(reader: TextReader, text: str, topics: set[str]) -> None:
    assert liked(reader.read(text)) == topics


@pytest.mark.parametrize(
    "text",
    ["", " ", "I dunno", "idk", "nothing", "nothing really", "no", "yes", "lol", "?", "67", "asdfghjkl", "aaaaaaa"],
)
def test_what_names_nothing_is_nothing(reader: TextReader, text: str) -> None:
    assert reader.read(text) == {}


@pytest.mark.parametrize(
    "text",
    ["⚽⚽⚽", "😀", "👎", "everything", "I like everything", "i don't like anything", "my phone", "i like science"],
)
def test_nothing_is_read_into_nothing(reader: TextReader, text: str) -> None:
    assert reader.read(text) == {}


@pytest.mark.parametrize(
    "text", ["I used to like football", "i quit piano", "my sister likes horses", "my dad makes me play soccer"]
)
def test_what_is_past_or_anothers_says_nothing(reader: TextReader, text: str) -> None:
    assert reader.read(text) == {}


def test_love_is_more_than_like_more_than_maybe_more_than_fine_more_than_hate(reader: TextReader) -> None:
    texts = ["I love music", "I like music", "maybe music", "music is ok", "I don't like music", "I hate music"]
    values = [reader.read(text)["music"] for text in texts]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("drama club", {"theater"}),
        ("monster trucks are awesome", {"vehicles"}),
        ("i like trees n flowers", {"nature"}),
        ("i love futbol", {"football"}),
        ("i code in scratch", {"computers"}),
        ("basketball", set()),
        ("my dog", set()),
    ],
)
def test_any_schools_topics_are_read_by_their_own_words(text: str, topics: set[str]) -> None:
    assert liked(reader_for(SCHOOL).read(text)) == topics


@pytest.mark.parametrize(
    ("text", "likes", "dislikes"),
    [
        ("games? nah. books? yes", set(), {"games"}),
        ("music? yes. books? nope", {"music"}, set()),
        ("books? yes. games? nah", set(), {"games"}),
        ("sports? no! cooking? yes!", {"food"}, {"sports"}),
    ],
)
def test_a_yes_or_no_answers_the_question_before_it_and_no_other(
    reader: TextReader, text: str, likes: set[str], dislikes: set[str]
) -> None:
    """Books are none of this school's topics: what is said of them is not said of games."""
    found = reader.read(text)
    assert (liked(found), disliked(found)) == (likes, dislikes)


@pytest.mark.parametrize("text", ["i want a hamster soo bad", "i need a dog so badly", "i want a puppy really bad"])
def test_a_strong_wish_is_no_dislike(reader: TextReader, text: str) -> None:
    assert liked(reader.read(text)) == {"animals"}
    assert "sports" in disliked(reader.read("soccer is so bad"))


@pytest.mark.parametrize("text", ["watching the blackhawks", "cosplay", "cosplay with my friends"])
def test_the_pieces_of_a_name_or_compound_say_nothing(reader: TextReader, text: str) -> None:
    assert reader.read(text) == {}


def test_a_dropped_g_is_heard_and_what_is_taken_apart_is_not_what_is_liked(reader: TextReader) -> None:
    assert liked(reader.read("swimmin and bakin")) == {"sports", "food"}
    assert liked(reader.read("takin apart my dads old radio")) == {"building"}
    assert liked(reader.read("listening to the radio")) == {"music"}


def test_words_on_no_list_are_read_by_their_sense(reader: TextReader) -> None:
    """None of these is a word of the lists; what the embedding does not know well says nothing."""
    texts = {text for group in GROUPS for text in group.texts}
    for text, topic in (("bagpipes", "music"), ("racquetball", "sports"), ("beekeeping", "animals")):
        assert text not in texts
        assert liked(reader.read(text)) == {topic}


def test_the_half_held_back_is_read_as_promised(reader: TextReader) -> None:
    found = benchmark.measure([row for row in benchmark.phrases() if row.held_back], reader)
    assert found["likes"]["precision"] >= benchmark.PRECISION
    assert found["likes"]["recall"] >= benchmark.RECALL
    assert found["disliked_read_as_liked"] == 0
    assert found["phrases"] >= 150


def test_a_reader_that_knows_no_negation_is_caught_by_the_measure(reader: TextReader) -> None:
    """The mutant: whatever is named is liked."""

    class Naive(TextReader):
        def read(self, text: str) -> dict[str, float]:
            return dict.fromkeys(super().read(text), 0.95)

    weights = text_embeddings.load()
    assert weights is not None
    naive = Naive.of(weights.embed, benchmark.topics(), is_word=weights.is_word)
    found = benchmark.measure([row for row in benchmark.phrases() if not row.held_back], naive)
    assert found["disliked_read_as_liked"] > 10
    assert found["likes"]["precision"] < benchmark.PRECISION


def test_the_version_names_the_topics_words() -> None:
    one, other = reader_for({"a": ("Art",)}), reader_for({"a": ("Art", "drawing")})
    assert one.version != other.version
    assert one.version == reader_for({"a": ("Art",)}).version


def blind(texts: list[str]) -> NDArray[np.float32]:
    """An embedding that knows no word: its zeros have no direction."""
    return np.zeros((len(texts), 1), np.float32)


def test_without_topics_nothing_is_read() -> None:
    assert TextReader(blind, []).read("I love football") == {}


TOPICS = [TopicText("sports", "Sports"), TopicText("art", "Art", ("drawing",))]
BLIND = TextReader(blind, TOPICS)
SMALL = ("i", "hate", "love", "dont", "not", "but", "and", ",", ".", "soccer", "art", "except", "everything", "used to")
words = st.sampled_from(SMALL)


@settings(deadline=None)
@given(st.text(max_size=60) | st.lists(words, max_size=25).map(" ".join))
def test_any_text_is_read_within_bounds_and_twice_alike(text: str) -> None:
    found = BLIND.read(text)
    assert found == BLIND.read(text)
    assert all(0.0 <= value <= 1.0 and topic in {"sports", "art"} for topic, value in found.items())


@pytest.mark.parametrize(
    "text", ["dont " * 600, "i dont x " * 300, "," * 9000, "and " * 3000, "a" * 9000, "zqx " * 700]
)
def test_no_text_takes_long(text: str) -> None:
    """At most two thousand characters are read, in some 0.05 s; the bound is for a machine that does much else."""
    started = time.perf_counter()
    BLIND.read(text)
    assert time.perf_counter() - started < 2.0


@pytest.mark.parametrize(
    ("clause", "stance"),
    [
        ("i love art", Stance.LOVES),
        ("art", Stance.LIKES),
        ("kinda like art", Stance.LEANS),
        ("art is ok", Stance.INDIFFERENT),
        ("i dont mind art", Stance.INDIFFERENT),
        ("not art", Stance.DISLIKES),
        ("i hate art", Stance.HATES),
        ("i used to hate art", Stance.SILENT),
        ("my sister hates art", Stance.SILENT),
        ("not good at art", Stance.SILENT),
        ("art is not boring", Stance.LIKES),
    ],
)
def test_a_clause_has_a_stance(clause: str, stance: Stance) -> None:
    assert attitude(clause).stance is stance


def test_a_text_falls_into_clauses_with_how_they_hang_together() -> None:
    found = list(clauses("i like art, music and cats but not dogs. everything except math"))
    assert [(clause.join, clause.text) for clause in found] == [
        (Join.NEW, "i like art"),
        (Join.COMMA, "music"),
        (Join.LIST, "cats"),
        (Join.TURN, "not dogs"),
        (Join.NEW, "everything"),
        (Join.EXCEPT, "math"),
    ]


def test_words_are_made_even_and_cut_to_stems() -> None:
    assert normalize("I CAN'T  stooop, it’s Fútbol") == "i cant  stoop, its futbol"
    assert stem("drumming") == stem("drums") == stem("drummer") == "drum"
    assert stem("puppies") == stem("puppy")
    assert stem("baking") == stem("bake") == stem("baker")
    assert stem("fishing") != stem("fish")
    assert stem("care") != stem("cars")


def test_a_slip_is_found_and_a_word_of_its_own_is_left_alone() -> None:
    words = ["soccer", "guitar", "bacon", "dinosaurs", "minecraft"]
    assert [nearest_spelling(slip, words) for slip in ("soker", "gutar", "dinasors", "minceraft")] == [
        "soccer",
        "guitar",
        "dinosaurs",
        "minecraft",
    ]
    assert nearest_spelling("baton", words) is None
    assert nearest_spelling("mine", words) is None


def test_a_hand_on_the_keyboard_is_no_word() -> None:
    assert all(map(is_keyboard_mash, ["asdfghjkl", "jkdfhgkjdf", "12345", "aaaa", "qwerty"]))
    assert not any(map(is_keyboard_mash, ["basketball", "rhythm", "property", "strengths", "музыка"]))
