"""What short questionnaires say: hardly a child likes nothing, and nobody dislikes what was rated high."""

from benchmarks import survey_ratings


def test_typical_questionnaires_with_one_question_a_topic_like_something() -> None:
    """Before, more than four in five of the same children liked nothing, and one high rating in eight was a dislike."""
    drawn = survey_ratings.children(survey_ratings.TYPICAL, items=1)[:500]
    before = survey_ratings.measure(drawn, survey_ratings.before, dislike=0.5)
    now = survey_ratings.measure(drawn, survey_ratings.now, dislike=0.4 + 1e-9)
    assert before.likes_nothing > 0.75
    assert now.likes_nothing == 0.0
    assert before.disliked_though_rated_high > 0.1
    assert now.disliked_though_rated_high == 0.0
    assert 2.0 <= now.liked <= 4.0  # two and their ties
