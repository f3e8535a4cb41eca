"""The files of the example schools, as a school would load them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from examples import recording
from examples.generate import SEED
from examples.riverside_class import TAUGHT, write_class
from lms.files import registry
from lms.files.bundle import Bundle

ROOT = Path(__file__).parents[2]
RIVERSIDE = ROOT / "examples" / "riverside"
TRUTH = ROOT / "tests" / "samples" / "moodle_class.truth.json.gz"
"""What really happened in the recorded class: for checking, never an input."""
RECORDING = "edefd8964ab0b9dccc0adc148441af91547947d7c0adcb8ebdff719d8976e328"
"""SHA-256 of the recording, which is not to be made again or changed: figures and decisions are quoted from it."""


def load(folder: Path) -> Bundle:
    files = [(str(p.relative_to(folder)), p.read_bytes()) for p in folder.rglob("*") if p.suffix in (".csv", ".json")]
    return registry.parse(files)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("district")
    # By its command line, as the README has it.
    command = [sys.executable, "-m", "examples.generate", "--out", str(folder)]
    finished = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    assert "materials" in finished.stdout
    return folder


def test_what_is_committed_is_what_the_generator_makes(tmp_path: Path) -> None:
    write_class(tmp_path, seed=SEED)
    made = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    for name, body in made.items():
        assert (RIVERSIDE / name).read_bytes() == body, (
            f"{name}: run python -m examples.generate --out examples --what class"
        )
    assert len(made) == 17


def test_the_class_loads_without_a_word_of_complaint() -> None:
    bundle = load(RIVERSIDE)
    assert bundle.problems == []
    # Terry Morgan and 28 students; 16 skills with the 20 arrows between them; 64 recorded questions.
    assert (len(bundle.people), len(bundle.skills), len(bundle.prerequisites)) == (29, 16, 20)
    assert (len(bundle.alignments), len(bundle.scope), len(bundle.topics)) == (64, 16, 8)


def test_both_schools_load_without_a_word_of_complaint(district: Path) -> None:
    bundles = [load(district / name) for name in ("riverside", "hillcrest")]
    assert [bundle.problems for bundle in bundles] == [[], []]
    assert [len(bundle.classes) for bundle in bundles] == [3, 6]
    # 180 students and 8 teachers; one of them has both sections of grade 6.
    assert sum(len(bundle.people) for bundle in bundles) == 188
    assert all(len(bundle.skills) >= 200 and len(bundle.materials) >= 5_000 for bundle in bundles)


def test_hillcrest_has_sections_an_intervention_class_and_a_band(district: Path) -> None:
    """32 students of grade 6 in two halves, 8 of them twice; 21 of the 63 of grades 6 and 8 in the band."""
    members: dict[str, set[str]] = {}
    for row in rows(district / "hillcrest" / "enrollments.csv"):
        if row["role"] == "student":
            members.setdefault(row["classSourcedId"], set()).add(row["userSourcedId"])
    first, second, support, band = (members[code] for code in ("MATH-6A", "MATH-6B", "HELP-6", "BAND"))
    assert (len(first), len(second), first & second) == (16, 16, set())
    assert support < first | second
    assert (len(support & first), len(support & second)) == (4, 4)
    assert len(band) == 21
    assert band & members["MATH-8B"]
    assert band & support
    counts = Counter(sum(student in group for group in members.values()) for student in set().union(*members.values()))
    assert set(counts) == {1, 2, 3}
    scope: dict[str, set[str]] = {}
    for row in rows(district / "hillcrest" / "scope.csv"):
        scope.setdefault(row["class"], set()).add(row["skill"])
    assert scope["MATH-6A"] == scope["MATH-6B"]
    assert {skill[0] for skill in scope["HELP-6"]} == {"4", "5"}
    assert "BAND" not in scope


@pytest.mark.full
def test_the_same_seed_makes_the_same_bytes(district: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.generate", "--out", str(tmp_path)]
    # Another order of sets and dictionaries must not matter.
    subprocess.run(command, cwd=ROOT, check=True, timeout=120, capture_output=True, env={"PYTHONHASHSEED": "7"})
    for path in sorted(p for p in district.rglob("*") if p.is_file()):
        other = tmp_path / path.relative_to(district)
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest(), path.name


def test_the_roster_is_the_one_of_the_recording() -> None:
    people = {row["userIds"]: f"{row['givenName']} {row['familyName']}" for row in rows(RIVERSIDE / "users.csv")}
    acting: dict[str, str] = {}
    with gzip.open(RIVERSIDE / "moodle_class.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            for statement in json.loads(json.loads(line)["body"] or "[]"):
                account = statement["actor"]["account"]
                acting[f"{{{account['homePage']}:{account['name']}}}"] = statement["actor"]["name"]
    # All but the site's own administrator.
    del acting["{https://moodle.riverside.example:2}"]
    assert people == acting


def test_every_recorded_question_is_aligned_by_the_code_at_its_head() -> None:
    names = [row["item"] for row in rows(RIVERSIDE / "alignments.csv")]
    assert names == recording.question_names()
    assert len(names) == 64
    assert {row["item"].split(" ")[0] for row in rows(RIVERSIDE / "alignments.csv")} == set(TAUGHT)


def test_the_recording_is_unchanged() -> None:
    assert hashlib.sha256((RIVERSIDE / "moodle_class.jsonl.gz").read_bytes()).hexdigest() == RECORDING


def test_the_arrows_and_weeks_are_those_of_the_recorded_class() -> None:
    truth: dict[str, Any] = json.loads(gzip.decompress(TRUTH.read_bytes()))
    ours = {(row["needs"], row["skill"]) for row in rows(RIVERSIDE / "prerequisites.csv")}
    assert ours == {tuple(edge) for edge in truth["prerequisite_edges"]}
    assert truth["taught_week"] == TAUGHT


def test_case_and_csv_tell_of_the_same_skills_and_order() -> None:
    package = json.loads((RIVERSIDE / "skills.json").read_text(encoding="utf-8"))
    titles = {item["humanCodingScheme"]: item["fullStatement"] for item in package["CFItems"]}
    order = {
        (link["originNodeURI"]["title"], link["destinationNodeURI"]["title"])
        for link in package["CFAssociations"]
        if link["associationType"] == "precedes"
    }
    assert titles == {row["skill"]: row["title"] for row in rows(RIVERSIDE / "skills.csv")}
    assert order == {(row["needs"], row["skill"]) for row in rows(RIVERSIDE / "prerequisites.csv")}


def test_a_scope_never_opens_a_skill_before_what_it_needs(district: Path) -> None:
    for school in ("riverside", "hillcrest"):
        prerequisites = {(row["skill"], row["needs"]) for row in rows(district / school / "prerequisites.csv")}
        opened = {(row["class"], row["skill"]): row["from"] for row in rows(district / school / "scope.csv")}
        for group in {group for group, _ in opened} - {"MATH-5A"}:
            for skill, before in prerequisites:
                if (group, skill) in opened and (group, before) in opened:
                    assert opened[group, before] <= opened[group, skill], (group, skill, before)


def test_lines_end_as_rfc_4180_has_it() -> None:
    for path in RIVERSIDE.glob("*.csv"):
        body = path.read_bytes()
        assert body.endswith(b"\r\n"), path.name
        assert body.count(b"\n") == body.count(b"\r\n"), path.name
