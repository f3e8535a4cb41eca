"""Every promise and every law has a test that `make test` or `make test-all` runs, and the page says which."""

from tests.promises import LAWS, PAGE, PROMISES, page, shown


def test_every_promise_and_every_law_is_shown_by_a_test() -> None:
    names = {each.name for each in shown()}
    assert names == PROMISES.keys() | LAWS.keys()


def test_the_page_lists_what_each_test_shows() -> None:
    """Fix it with `python -m tests.promises`."""
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
