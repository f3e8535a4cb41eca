"""The tutorial, typed as it stands by somebody with an empty folder: a science school of two classes at work."""

import json
import re
import time

import pytest

from tests.doc_runner import ROOT, blocks, terminal

pytestmark = [pytest.mark.flow, pytest.mark.full, pytest.mark.timeout(600)]

SEEN = {
    "1. Start": [r'"status":"ok"'],
    "2. A folder for your school": [r"10 files are in"],
    "3. Who is in which class": [],
    "4. What there is to learn": [],
    "5. What can be assigned": [],
    "6. Which question asks for what": [],
    "7. What each class works on": [],
    "8. Check, then load": [r"Elm School|elm-school"],
    "9. The first assignments": [r"Ada Okafor", r"Emil Novak", r"ok +database"],
    "10. The first answers": [r'"accepted": ?5', r"none of the last\s+3\s+marked\s+answers"],
    "11. What people see": [r"http://127\.0\.0\.1:\d+/link/"],
    "12. Make it real": [r"Stopped\."],
}
"""What one sees under each heading."""


def test_every_step_is_looked_at() -> None:
    assert list(dict.fromkeys(block.heading for block in blocks("tutorial.md"))) == list(SEEN)


def test_from_an_empty_folder_to_two_classes_at_work() -> None:
    outputs, seconds = dict.fromkeys(SEEN, ""), dict.fromkeys(SEEN, 0.0)
    with terminal() as typed:
        for block in blocks("tutorial.md"):
            started = time.monotonic()
            ran = typed.run(block.commands)
            seconds[block.heading] += time.monotonic() - started
            assert not ran.failed, f"{block.heading}: {ran.failed}\n{ran.output}"
            outputs[block.heading] += ran.output
            if block.heading == "9. The first assignments":
                for student in ("a1", "a2", "a3", "b1", "b2", "b3"):
                    assert open_skills(typed.run(f"bin/souschef student {student} --json").output), student
            if block.heading == "10. The first answers":
                ada = typed.run("bin/souschef student a1 --json").output
                assert "FOOD-1" in open_skills(ada)
        left = {path.name for path in typed.folder.iterdir() if not path.is_symlink()} - {"typed.sh"}
    print(json.dumps({heading: round(took, 1) for heading, took in seconds.items()}, indent=1))  # noqa: T201 - for docs/results/first-hour.md
    for heading, patterns in SEEN.items():
        for pattern in patterns:
            assert re.search(pattern, outputs[heading]), f"{heading}: {pattern}\n{outputs[heading]}"
    assert left == set(), "the page writes nothing into the checkout"


WAYS = {
    "From Excel lists": (
        [r"Read: 2 classes, 6 students, 1 teacher, 8 enrolments\.", r"scope\.csv: 8 new", r"Ada Okafor", r"Emil Novak"],
        ("70411", "70412", "70413", "70421", "70422", "70423"),
    ),
    "From a Moodle question bank": (
        [
            r"6 questions, 6 with a proposed skill",
            r"11 proposals, 11 accepted",
            r"alignments\.csv: 6 new",
            r"Emil Novak",
        ],
        ("70411", "70412", "70413", "70421", "70422", "70423"),
    ),
}
"""What one sees under each heading of `import.md` that begins with an empty folder, and who has work at its end."""


@pytest.mark.parametrize("way", WAYS)
def test_from_an_empty_folder_by_lists_that_a_school_has(way: str) -> None:
    """The start is the tutorial's first step, as the page says."""
    patterns, students = WAYS[way]
    start = next(block for block in blocks("tutorial.md") if block.heading == "1. Start")
    steps = [start, *(block for block in blocks("import.md") if block.heading == way)]
    output, seconds = "", []
    with terminal() as typed:
        for block in steps:
            started = time.monotonic()
            ran = typed.run(block.commands)
            seconds.append(round(time.monotonic() - started, 1))
            assert not ran.failed, f"{ran.failed}\n{ran.output}"
            output += ran.output
        for student in students:
            assert open_skills(typed.run(f"bin/souschef student {student} --json").output), student
        left = {path.name for path in typed.folder.iterdir() if not path.is_symlink()} - {"typed.sh"}
    print(way, seconds, sum(seconds))  # noqa: T201 - for docs/results/first-hour.md
    for pattern in patterns:
        assert re.search(pattern, output), f"{pattern}\n{output}"
    assert left == set(), "the page writes nothing into the checkout"


def open_skills(student: str) -> list[str]:
    """Return the skills of a student's open assignments, in their order."""
    found = json.loads(student)
    return [str(each.get("skill_ref", each.get("skill"))) for each in found["assignments"]]


def test_the_three_minutes_of_the_readme() -> None:
    """Made-up people of a new school have a first assignment each."""
    text = (ROOT / "README.md").read_text()
    [block] = re.findall(
        r"^## Try it with your own data\n\n```console\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL
    )
    up, init, load, show = re.sub(r"^\$ ", "", block, flags=re.MULTILINE).splitlines()
    ready = "curl --silent --fail --retry 90 --retry-delay 1 --retry-connrefused http://127.0.0.1:8484/ready"
    decided = "until bin/souschef status --json | grep --quiet '\"stale_students\": 0'; do sleep 1; done"
    with terminal() as typed:
        assert not typed.run(f"{up.removesuffix('&')} > /dev/null 2>&1 &\n{ready}").failed
        for command in (init, load, decided):
            ran = typed.run(command)
            assert not ran.failed, ran
        ran = typed.run(f"{show} --json")
        assert not ran.failed, ran
        rows = json.loads(ran.output)
    rows = rows["students"] if isinstance(rows, dict) else rows
    assert len(rows) == 2
    assert all(row["assignment"] for row in rows), rows
