"""Every state of every page: which template it is made of, and on which way through the pages it is reached.

A template that is not here fails `test_every_page_is_among_the_states`; a way that does not come by all of its states
fails `test_every_state_is_accessible`. So no page is without its check by axe.
"""

from typing import NamedTuple

NO_PAGES = frozenset({"base.html", "session.html", "teacher.html", "macros.html"})
"""What pages are made from."""


class State(NamedTuple):
    """One state of a page."""

    name: str
    template: str
    way: str


STATES = (
    State("student", "student.html", "student"),
    State("help", "help.html", "student"),
    State("task", "task.html", "student"),
    State("wrong", "task.html", "student"),
    State("right", "task.html", "student"),
    State("before the decision", "student.html", "student"),
    State("waiting", "student.html", "student"),
    State("next", "student.html", "student"),
    State("wish", "student.html", "student"),
    State("decline", "decline.html", "student"),
    State("ended", "message.html", "student"),
    State("second try wrong", "task.html", "other tasks"),
    State("at an address", "task.html", "other tasks"),
    State("several classes", "student.html", "other tasks"),
    State("no task", "student.html", "other tasks"),
    State("today", "today.html", "teacher"),
    State("class", "class.html", "teacher"),
    State("groups", "groups.html", "teacher"),
    State("plan", "plan.html", "plan"),
    State("plan in force", "plan.html", "plan"),
    State("evidence", "evidence.html", "teacher"),
    State("as a student", "student.html", "teacher"),
    State("gaps", "gaps.html", "teacher"),
    State("changed", "changed.html", "teacher"),
    State("nothing changed", "changed.html", "teacher"),
    State("stale table", "stale.html", "teacher"),
    State("head", "head.html", "teacher"),
    State("no overrides", "overrides.html", "overrides"),
    State("new: what", "new_override.html", "overrides"),
    State("new: which skill", "new_override.html", "overrides"),
    State("new: which task", "new_override.html", "overrides"),
    State("what would change", "try.html", "overrides"),
    State("stored", "override.html", "overrides"),
    State("in force", "override.html", "overrides"),
    State("overrides", "overrides.html", "overrides"),
    State("take back", "try.html", "overrides"),
    State("rules", "rules.html", "rules"),
    State("a rule would change", "try.html", "rules"),
    State("a rule is stored", "rules.html", "rules"),
    State("a refused override", "new_override.html", "rules"),
    State("registered", "registered.html", "platform"),
    State("add to the course", "deep_linking.html", "platform"),
    State("which class", "choose_class.html", "platform"),
    State("keep in the LMS", "store.html", "platform"),
    State("open from the LMS", "open_window.html", "platform"),
    State("open in a window", "open_window.html", "platform"),
)
