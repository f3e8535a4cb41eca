"""Every rule of LTI has tests, by their names, and the page that counts them has every rule."""

import re

from tests.web.lti.rules import HERE, PAGE, RULES


def test_every_test_that_a_rule_names_exists() -> None:
    texts = {file: (HERE / f"{file}.py").read_text() for files in RULES.values() for file in files}
    missing = [
        f"{file}: {name}"
        for files in RULES.values()
        for file, names in files.items()
        for name in names
        if f"def test_{name}(" not in texts[file]
    ]
    assert missing == []


def test_the_page_has_every_rule_with_its_cases() -> None:
    rows = dict(re.findall(r"^\| (.+?) \| (\d+) \| .+ \|$", PAGE.read_text(), flags=re.MULTILINE))
    assert list(rows) == list(RULES)
    assert all(int(number) >= 1 for number in rows.values())
