"""Laws of interests by Hypothesis, and beside each the mutant that it must catch."""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from learning.interests.evidence import (
    Evidence,
    Origin,
    RatingEvidence,
    StatementEvidence,
    VetoEvidence,
    evidence_from,
)
from learning.interests.readings import Reading, ipsatised
from learning.interests.vector import Interest, interest_vector

DAY = 86_400.0
NOW = 1_800_000_000.0
TOPICS = ("animals", "art", "music")
Vector = Callable[[Iterable[Evidence]], dict[str, Interest]]

LAW = settings(
    max_examples=150, derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate]
)
"""The same cases each time, and a mutant need not be caught by the smallest."""

shares = st.integers(0, 20).map(lambda n: n / 20)
moments = st.integers(0, 400).map(lambda days: NOW - days * DAY)
keys = st.integers(0, 10**9).map(str)
topics = st.sampled_from(TOPICS)
rated = st.builds(
    RatingEvidence,
    moments,
    keys,
    st.sampled_from(["r1", "r2"]),
    st.none() | shares,
    st.tuples(st.tuples(topics, st.sampled_from([-1.0, 0.5, 1.0]))),
    survey=st.sampled_from(["", "s1", "s2"]),
    question=st.sampled_from(["", "", "q1", "q2"]),
)
stated = st.builds(
    StatementEvidence,
    moments,
    keys,
    st.sampled_from([Origin.SURVEY, Origin.PICK, Origin.DONE]),
    st.tuples(st.tuples(topics, shares, shares)),
    st.just(()),
)
answered = st.builds(
    StatementEvidence,
    moments,
    keys,
    st.just(Origin.SURVEY),
    st.tuples(st.tuples(topics, shares, st.just(1.0))),
    st.just(()),
    st.sampled_from(["r1", "r2"]),
    st.sampled_from(["s1", "s2"]),
    st.sampled_from(["", "q1"]),
)
clicked = st.builds(
    StatementEvidence,
    st.integers(0, 200).map(lambda hours: NOW - hours * 3600.0),
    keys,
    st.just(Origin.FEEDBACK),
    st.tuples(st.tuples(topics, st.sampled_from([0.0, 1.0]), st.just(1.0))),
    st.just(()),
)
vetoed = st.builds(VetoEvidence, moments, keys, topics, st.booleans())
histories = st.lists(rated | stated | answered | clicked | vetoed, max_size=15)


def shipped(evidence: Iterable[Evidence]) -> dict[str, Interest]:
    return interest_vector(evidence, topics=TOPICS, as_of=NOW)


def order_is_nothing(implementation: Vector) -> None:
    """Any order, any piece twice: the same to the byte."""

    @LAW
    @given(histories, st.integers(0, 2**32))
    def law(evidence: list[Evidence], seed: int) -> None:
        shuffled = [*evidence, *evidence[: seed % 4]]
        random.Random(seed).shuffle(shuffled)
        assert repr(implementation(shuffled)) == repr(implementation(evidence))

    law()


def more_is_never_less(implementation: Vector) -> None:
    """A statement of more interest never lowers it, and never touches another topic."""

    @LAW
    @given(histories, stated, shares)
    def law(evidence: list[Evidence], statement: StatementEvidence, more: float) -> None:
        ((topic, x, weight),) = statement.says
        statement = replace(statement, key="of its own")
        raised = replace(statement, says=((topic, max(x, more), weight),))
        before, after = implementation([*evidence, statement]), implementation([*evidence, raised])
        assert after[topic].value >= before[topic].value - 1e-12
        assert all(after[other] == before[other] for other in TOPICS if other != topic)

    law()


def a_habit_of_rating_high_is_nothing(implementation: Callable[[Sequence[RatingEvidence]], Sequence[Reading]]) -> None:
    """To give every question one point more says the same as before, but what is disliked lies in the lower half."""

    @LAW
    @given(st.lists(st.integers(0, 3), min_size=2, max_size=8))
    def law(points: list[int]) -> None:
        def response(lift: int) -> list[RatingEvidence]:
            return [
                RatingEvidence(NOW, str(n), "r", (point + lift) / 4, ((TOPICS[n % 3], 1.0),))
                for n, point in enumerate(points)
            ]

        low, high = implementation(response(0)), implementation(response(1))
        assert [(r.topic, pytest.approx(max(r.x, 0.4))) for r in low] == [
            (r.topic, r.x if r.x > 0.5 else pytest.approx(max(r.x, 0.4), abs=0.11)) for r in high
        ]

    law()


def only_the_latest_survey_counts(implementation: Vector) -> None:
    """Whatever was answered before, a response that tells something stands for its whole questionnaire."""

    @LAW
    @given(st.lists(rated, max_size=6), st.lists(st.integers(0, 4), min_size=3, max_size=6))
    def law(before: list[RatingEvidence], points: list[int]) -> None:
        if len({sum(points[n::3]) / len(points[n::3]) for n in range(3)}) == 1:
            return
        new = [
            RatingEvidence(NOW + 1, f"new{n}", "new", point / 4, ((TOPICS[n % 3], 1.0),), survey="s1")
            for n, point in enumerate(points)
        ]
        old = [replace(each, survey="s1", question="") for each in before]
        found, alone = implementation([*old, *new]), implementation(new)
        assert all(found[t].value == alone[t].value and found[t].confidence == alone[t].confidence for t in TOPICS)

    law()


def test_only_the_latest_survey_counts() -> None:
    only_the_latest_survey_counts(shipped)


def test_answers_that_are_averaged_over_surveys_are_caught() -> None:
    def averaged(evidence: Iterable[Evidence]) -> dict[str, Interest]:
        return shipped(replace(e, survey="") if isinstance(e, RatingEvidence) else e for e in evidence)

    with pytest.raises(AssertionError):
        only_the_latest_survey_counts(averaged)


def someone_who_tells_things_apart_likes_something(implementation: Vector) -> None:
    """Ratings that differ between topics leave at least one surely liked, and never more than the ties of two."""

    @LAW
    @given(st.lists(st.integers(0, 4), min_size=3, max_size=3))
    def law(points: list[int]) -> None:
        answers = [RatingEvidence(NOW, str(n), "r", p / 4, ((TOPICS[n], 1.0),)) for n, p in enumerate(points)]
        found = implementation(answers)
        liked = [t for t in TOPICS if found[t].value >= 0.6 and found[t].confidence >= 0.3]
        assert bool(liked) == (len(set(points)) > 1)
        disliked = [points[TOPICS.index(t)] for t in TOPICS if found[t].value <= 0.4]
        assert all(point < 2 for point in disliked)  # the lower half of 0 to 4

    law()


def test_someone_who_tells_things_apart_likes_something() -> None:
    someone_who_tells_things_apart_likes_something(shipped)


def test_reading_halfway_to_the_mean_is_caught() -> None:
    """The mutant is what shipped before: x = .5 + (r - mean) / 2, which needs 1.6 points above the child's mean."""

    def before(evidence: Iterable[Evidence]) -> dict[str, Interest]:
        points = {e.loadings[0][0]: e.point or 0.0 for e in evidence if isinstance(e, RatingEvidence)}
        mean = sum(points.values()) / len(points)
        values = {topic: (0.5 + 0.5 + (point - mean) / 2) / 2 for topic, point in points.items()}
        return {topic: Interest(topic, value, 0.5, None, None, False) for topic, value in values.items()}

    with pytest.raises(AssertionError):
        someone_who_tells_things_apart_likes_something(before)


def test_the_order_of_evidence_is_nothing() -> None:
    order_is_nothing(shipped)


def test_a_running_average_is_caught_by_the_law_of_order() -> None:
    """The mutant: the latest arrival weighs most."""

    def running(evidence: Iterable[Evidence]) -> dict[str, Interest]:
        values = dict.fromkeys(TOPICS, 0.5)
        for each in evidence:
            for topic, x, _ in each.says if isinstance(each, StatementEvidence) else ():
                values[topic] = 0.7 * values[topic] + 0.3 * x
        return {topic: Interest(topic, value, 0.0, None, None, False) for topic, value in values.items()}

    with pytest.raises(AssertionError):
        order_is_nothing(running)


def test_a_plain_sum_in_order_of_arrival_is_caught_by_the_law_of_order() -> None:
    """The mutant: the right formula, but floats added as they come, and what comes twice twice."""

    def unsorted(evidence: Iterable[Evidence]) -> dict[str, Interest]:
        totals = dict.fromkeys(TOPICS, 0.0)
        for each in evidence:
            for topic, x, weight in each.says if isinstance(each, StatementEvidence) else ():
                totals[topic] += weight * x * 2.0 ** (-(NOW - each.at) / DAY / 90.0)
        return {topic: Interest(topic, total, 0.0, None, None, False) for topic, total in totals.items()}

    with pytest.raises(AssertionError):
        order_is_nothing(unsorted)


def test_more_interest_never_lowers_it() -> None:
    more_is_never_less(shipped)


def test_a_sign_turned_round_is_caught_by_the_law_of_more() -> None:
    def turned(evidence: Iterable[Evidence]) -> dict[str, Interest]:
        return {topic: replace(each, value=1.0 - each.value) for topic, each in shipped(evidence).items()}

    with pytest.raises(AssertionError):
        more_is_never_less(turned)


def test_a_softmax_over_topics_is_caught_by_the_law_of_more() -> None:
    """The mutant: interests that share one cake, so that to like art more is to like music less."""

    def cake(evidence: Iterable[Evidence]) -> dict[str, Interest]:
        found = shipped(evidence)
        total = sum(math.exp(each.value) for each in found.values())
        return {topic: replace(each, value=math.exp(each.value) / total) for topic, each in found.items()}

    with pytest.raises(AssertionError):
        more_is_never_less(cake)


def test_a_habit_of_rating_high_says_nothing() -> None:
    a_habit_of_rating_high_is_nothing(ipsatised)


def test_raw_ratings_are_caught_by_the_law_of_habit() -> None:
    def raw(response: Sequence[RatingEvidence]) -> Sequence[Reading]:
        points = iter([each.point for each in response if each.point is not None])
        return [replace(reading, x=next(points)) for reading in ipsatised(response)]

    with pytest.raises(AssertionError):
        a_habit_of_rating_high_is_nothing(raw)


@LAW
@given(histories)
def test_values_and_confidences_stay_within_bounds(evidence: list[Evidence]) -> None:
    for each in shipped(evidence).values():
        assert 0.0 <= each.value <= 1.0
        assert 0.0 <= each.confidence < 1.0
        if each.confidence == 0.0:
            assert each.value == 0.5


@LAW
@given(histories, st.integers(0, 1000))
def test_time_alone_never_makes_surer_and_draws_to_indifference(evidence: list[Evidence], days: int) -> None:
    later = interest_vector(evidence, topics=TOPICS, as_of=NOW + days * DAY)
    for topic, each in shipped(evidence).items():
        assert later[topic].confidence <= each.confidence + 1e-12
        assert abs(later[topic].value - 0.5) <= abs(each.value - 0.5) + 1e-12
        assert (later[topic].value - 0.5) * (each.value - 0.5) >= 0.0


@LAW
@given(histories, stated)
def test_more_evidence_never_makes_less_sure(evidence: list[Evidence], more: StatementEvidence) -> None:
    before, after = shipped(evidence), shipped([*evidence, replace(more, key="of its own")])
    for topic in TOPICS:
        assert after[topic].confidence >= before[topic].confidence - 1e-12


@LAW
@given(histories)
def test_switched_off_there_is_no_vector(evidence: list[Evidence]) -> None:
    assert interest_vector(evidence, topics=TOPICS, as_of=NOW, switch=False) == {}


@LAW
@given(histories)
def test_a_veto_changes_neither_value_nor_confidence(evidence: list[Evidence]) -> None:
    before = shipped(evidence)
    after = shipped([*evidence, VetoEvidence(NOW + 1, "z", "music", True)])
    assert after["music"].vetoed
    assert (after["music"].value, after["music"].confidence) == (before["music"].value, before["music"].confidence)


@LAW
@given(st.integers(0, 3), st.lists(st.integers(0, 4), min_size=2, max_size=6))
def test_raising_a_rating_never_lowers_its_topic(which: int, points: list[int]) -> None:
    """But where it makes all ratings the same, which tells nothing any more."""
    which %= len(points)
    raised = [min(4, point + (n == which)) for n, point in enumerate(points)]
    if len(set(raised)) == 1 or len(set(points)) == 1:
        return

    def value(of: list[int]) -> float:
        answers = [RatingEvidence(NOW, str(n), "r", p / 4, ((TOPICS[n % 3], 1.0),)) for n, p in enumerate(of)]
        return shipped(answers)[TOPICS[which % 3]].value

    assert value(raised) >= value(points) - 1e-12


@pytest.mark.parametrize(
    "menu", [["x", "art", "music"], ["x", None, "music", "art"], ["art", "music", "art", "animals"]]
)
def test_one_who_leaves_the_default_and_picks_by_place_alone_shows_no_interest(menu: list[str | None]) -> None:
    """Over all picks beside the default, each as likely as its place makes it, what speaks for and against is the same.

    Place k is picked with q_k: for the topic there q (1 - q), against it (1 - q) q. The mutant, a pick that weighs the
    same wherever it stood, is for the first place by far: sum of q_k x is q_k, not one half.
    """
    total = sum(1 / (k + 1) for k in range(1, len(menu)))
    chances = [1 / (k + 1) / total for k in range(1, len(menu))]
    lean = dict.fromkeys(TOPICS, 0.0)
    for k, (chance, context) in enumerate(zip(chances, menu[1:], strict=True), start=1):
        value = {"context": context, "position": k, "shown": menu}
        found = evidence_from("assignment_picked", at=NOW, key="k", attempt=None, value=value)
        assert isinstance(found, StatementEvidence)
        for topic, x, weight in found.says:
            lean[topic] += chance * weight * (x - 0.5)
    assert list(lean.values()) == pytest.approx([0.0, 0.0, 0.0])
    mutant = [chance * 0.3 * 0.5 - (1 - chance) * 0.3 * 0.5 for chance in chances]
    assert max(map(abs, mutant)) > 0.01
