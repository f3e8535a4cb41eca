"""Our own CSVs: what each means, and what is out of range."""

import pytest

from lms.files import sense
from lms.files.bundle import Bundle
from lms.files.registry import parse

HEAD = "material,title,url,skills,difficulty"


def materials(*rows: str, head: str = HEAD) -> Bundle:
    return parse([("materials.csv", "\n".join([head, *rows]).encode())])


def test_a_material_with_only_what_is_needed_gets_plain_values() -> None:
    row = materials("M,Sharing,https://m.example/1,A;B,0.5").materials["M"]
    assert row.skills == ("A", "B")
    assert (row.difficulty, row.context, row.depth, row.minutes, row.language) == (0.5, None, "neutral", 10, "en")


def test_a_context_without_a_depth_is_cosmetic() -> None:
    row = materials("M,Sharing,https://m.example/1,A,0,sports", head=f"{HEAD},context").materials["M"]
    assert row.depth == "cosmetic"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///path",
        "//m.example",
        "/\\m.example",
        "http://a b",
    ],
)
def test_an_address_that_is_no_page_is_refused(url: str) -> None:
    """Two slashes, or a slash and a backslash, would lead away from the LMS's own site."""
    problems = materials(f'M,Sharing,"{url}",A,0').problems
    assert [problem.column for problem in problems] == ["url"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("minutes", "0"),
        ("minutes", "601"),
        ("minutes", "2.5"),
        ("depth", "deep"),
        ("language", "English please"),
        ("reading_level", "99"),
        ("active_until", "2026-08-31"),
        ("items", "i;i"),
    ],
)
def test_what_is_out_of_range_is_reported_by_its_column(column: str, value: str) -> None:
    head = f"{HEAD},active_from,{column}"
    problems = materials(f"M,Sharing,https://m.example/1,A,0,2026-09-01,{value}", head=head).problems
    assert [problem.column for problem in problems] == [column]


def test_a_difficulty_that_is_left_out_is_not_known_and_counts_as_0() -> None:
    (blank,) = materials("M,Sharing,https://m.example/1,A,").materials.values()
    (zero,) = materials("M,Sharing,https://m.example/1,A,0").materials.values()
    without = parse([("materials.csv", b"material,title,url,skills\nM,Sharing,https://m.example/1,A\n")])
    (missing,) = without.materials.values()
    found = [(each.difficulty, each.difficulty_known) for each in (blank, zero, missing)]
    assert found == [(0.0, False), (0.0, True), (0.0, False)]
    sentence = "1 material has no difficulty (middling until answers show it): M."
    assert sentence in list(sense.what_is_missing(without))


@pytest.mark.parametrize("difficulty", ["6.1", "-7", "easy"])
def test_a_difficulty_is_in_logits_from_minus_six_to_six(difficulty: str) -> None:
    assert materials(f"M,Sharing,https://m.example/1,A,{difficulty}").problems[0].column == "difficulty"


def test_a_material_without_a_skill_is_refused() -> None:
    assert materials("M,Sharing,https://m.example/1,,0").problems[0].column == "skills"


def test_an_item_of_two_materials_is_a_name_of_neither() -> None:
    found = materials("M,a,https://m.example/1,A,0,q1", "N,b,https://m.example/2,A,0,q1", head=f"{HEAD},items")
    assert [(notice.line, notice.wrong) for notice in found.notices] == [
        (3, "'q1' is a name of 2 materials (M, N), so it names none of them")
    ]
    assert (found.problems, dict(found.aliases)) == ([], {})


def test_a_blank_difficulty_of_an_item_is_unknown_and_not_zero() -> None:
    found = parse([("alignments.csv", b"source,item,skill,weight,difficulty\nmoodle,q1,A,,\nmoodle,q2,A,0.5,0\n")])
    assert [(row.weight, row.difficulty) for row in found.alignments.values()] == [(1.0, None), (0.5, 0.0)]
    assert found.aliases["item", "q1"].ref == "q1"


@pytest.mark.parametrize(
    ("file", "body"),
    [
        ("alignments.csv", "item,skill,weight\nq,A,\nq,A,1\n"),
        ("prerequisites.csv", "skill,needs,strength\nA,B,\nA,B,weak\n"),
        ("scope.csv", "class,skill,from\nC,A,\nC,A,2026-09-01\n"),
        ("topics.csv", "topic,title\nt,a\nt,b\n"),
    ],
)
def test_two_rows_of_one_link_are_refused(file: str, body: str) -> None:
    assert [problem.line for problem in parse([(file, body.encode())]).problems] == [3]


def test_the_csv_of_skills_goes_before_the_case_package() -> None:
    package = b'{"CFItems": [{"identifier": "u1", "humanCodingScheme": "A", "fullStatement": "Add numbers."}]}'
    found = parse([("skills.csv", b"skill,title,weight\nA,adding,2\n"), ("skills.json", package)])
    assert not found.problems
    assert (found.skills["A"].title, found.skills["A"].weight) == ("adding", 2.0)
    assert found.aliases["skill", "u1"].ref == "A"


@pytest.mark.parametrize(
    "name", ["__MACOSX/._skills.csv", "__MACOSX/skills.csv", ".skills.csv", "notes.csv", "old/.git/skills.csv"]
)
def test_what_is_none_of_ours_is_not_read(name: str) -> None:
    assert parse([(name, b"\x00\x01 no csv at all")]).files == []


def test_a_questionnaire_may_be_toml() -> None:
    found = parse([("questionnaires/likes.toml", b'survey = "S"\ntitle = "Likes"\n')])
    assert found.surveys["S"].document == {"survey": "S", "title": "Likes"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"survey = ", "it is not TOML (Invalid value (at end of document))"),
        (b'survey = "\xe9"', "it is not UTF-8"),
        (b'survey = "a\\u0000"', "it holds a zero character or half of a character"),
        (b"survey = 99999999999999999999999", "it holds a value that JSON has not"),
    ],
)
def test_a_questionnaire_in_toml_that_cannot_be_kept_is_a_problem(body: bytes, wrong: str) -> None:
    assert [problem.wrong for problem in parse([("questionnaires/q.toml", body)]).problems] == [wrong]


@pytest.mark.parametrize(
    ("body", "pointer", "wrong"),
    [
        (b'{"title": "x"}', "/survey", "it is missing"),
        (b"[1]", "", "it holds no JSON object"),
        (b'{"survey": "a", "survey": "b"}', "", "a name stands twice in one object"),
        (b'{"survey": NaN}', "", "it holds NaN or Infinity"),
        (b'\xef\xbb\xbf{"survey": "a"', "", "it is not JSON (Expecting ',' delimiter, character 15)"),
        (b"\xff\xfe{", "", "it is not JSON in UTF-8"),
        (b'{"survey": "\xe9"}', "", "it is not UTF-8"),
        (b"[" * 100_000, "", "it is nested too deep"),
    ],
)
def test_a_questionnaire_that_cannot_be_read_is_a_problem(body: bytes, pointer: str, wrong: str) -> None:
    problems = parse([("questionnaires/q.json", body)]).problems
    assert [(problem.column, problem.wrong) for problem in problems] == [(pointer, wrong)]


def test_two_files_of_one_survey_are_a_problem() -> None:
    body = b'{"survey": "S"}'
    problems = parse([("questionnaires/a.json", body), ("questionnaires/b.json", body)]).problems
    assert [problem.wrong for problem in problems] == ["'S' already stands in questionnaires/a.json"]
