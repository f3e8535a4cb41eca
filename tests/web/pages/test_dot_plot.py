"""The dot plot of a student's skills: each dot is seen, and stands at its mastery."""

from hypothesis import given
from hypothesis import strategies as st

from learning.mastery.wording import SkillStatus
from models.reports.teacher_pages import Dot, Strip
from web.pages.dot_plot import MARGIN, STEP, WIDTH, dot_plot

DOTS = st.builds(Dot, mastery=st.floats(0, 1), status=st.sampled_from(SkillStatus))


@given(st.lists(DOTS, min_size=1, max_size=40), st.floats(0, 1))
def test_no_dot_covers_another_and_all_lie_within_the_plot(skills: list[Dot], target: float) -> None:
    plot = dot_plot(Strip(target, tuple(skills)))
    assert len(plot.dots) == len(skills)
    places = [(round(dot.x / STEP, 6), round(dot.y / STEP, 6)) for dot in plot.dots]
    assert len(set(places)) == len(places)
    assert all(MARGIN <= dot.x <= WIDTH - MARGIN and 0 < dot.y < plot.height for dot in plot.dots)
    assert MARGIN <= plot.goal_x <= WIDTH - MARGIN


def test_dots_of_nearly_the_same_mastery_are_stacked_from_the_bottom() -> None:
    skills = (Dot(0.81, SkillStatus.SECURE), Dot(0.22, SkillStatus.GAP), Dot(0.84, SkillStatus.NOT_KNOWN))
    plot = dot_plot(Strip(0.8, skills))
    low, first, second = plot.dots
    assert [dot.look for dot in plot.dots] == ["gap", "met", "unsure"]
    assert low.x < first.x == second.x
    assert low.y == first.y > second.y
    assert plot.goal_x < first.x
