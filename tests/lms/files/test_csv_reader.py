"""CSVs as schools really send them, and mangled ones: each problem with its line, its column and a hint."""

import pytest

from lms.files import souschef_csv
from lms.files.bundle import Bundle
from lms.files.csv_dialect import encoding_of
from lms.files.findings import MAX_PROBLEMS
from lms.files.problem import Problem
from lms.files.registry import parse


def skills(body: str | bytes) -> Bundle:
    return parse([("skills.csv", body.encode() if isinstance(body, str) else body)])


def only(bundle: Bundle) -> Problem:
    assert len(bundle.problems) == 1, bundle.problems
    return bundle.problems[0]


def test_a_mark_at_the_beginning_and_windows_line_ends_are_taken() -> None:
    found = skills(b"\xef\xbb\xbfskill,title\r\nA,adding\r\nB,taking away\r\n")
    assert not found.problems
    assert [row.title for row in found.skills.values()] == ["adding", "taking away"]


def test_a_quoted_cell_over_three_lines_does_not_shift_the_lines_of_later_problems() -> None:
    """The header is line 1, A stands in 2 to 4, B in 5; its grade is wrong."""
    found = skills('skill,title,grade\nA,"adding\n""all""\nof it",3\nB,more,many\n')
    assert found.skills["A"].title == 'adding\n"all"\nof it'
    problem = only(found)
    assert (problem.file, problem.line, problem.column) == ("skills.csv", 5, "grade")
    assert "'many' is no number from 0 to 13" in problem.wrong


def test_bytes_that_are_no_utf8_are_reported_by_line_and_byte() -> None:
    """é as Latin-1 is the 4th byte of line 3: B , r 0xE9."""
    problem = only(skills(b"skill,title\nA,adding\nB,r\xe9sum\xe9\n"))
    assert (problem.line, problem.wrong) == (3, "byte 4 of the line is not UTF-8")
    assert problem.hint == (
        "Save the file as UTF-8, or say how it is saved: --encoding windows-1252 would read 'B,résumé'."
    )


def test_an_encoding_is_never_guessed_and_is_read_as_it_is_said() -> None:
    """0xE8 is č in Prague and è in Paris: a name would be written wrong, and nobody would know."""
    body = b"skill,title\nA,po\xe8et\n"
    for encoding, title in (("windows-1250", "počet"), ("windows-1252", "poèet"), ("mac-roman", "poËet")):
        found = parse([("skills.csv", body)], encoding=encoding)
        assert not found.problems
        assert found.skills["A"].title == title
        assert found.read_as == {"skills.csv": f"in {encoding}"}
    assert (
        parse([("skills.csv", "skill,title\nA,počet\n".encode())], encoding="windows-1250").skills["A"].title == "počet"
    )


def test_a_byte_that_the_encoding_lacks_is_reported() -> None:
    """0x81 is nothing in windows-1252."""
    problem = only(parse([("skills.csv", b"skill,title\nA,\xe9\x81\n")], encoding="windows-1252"))
    assert (problem.line, problem.wrong) == (2, "byte 4 of the line is not windows-1252")


@pytest.mark.parametrize(
    ("name", "meant"), [("cp1252", "windows-1252"), ("Latin1", "iso-8859-1"), ("macroman", "mac-roman")]
)
def test_an_encoding_is_known_by_its_usual_names(name: str, meant: str) -> None:
    assert encoding_of(name) == meant


@pytest.mark.parametrize("name", ["utf-7", "rot13", "zlib", "idna", "no such", "", "a\x00b", "é"])
def test_an_encoding_that_no_spreadsheet_writes_is_not_known(name: str) -> None:
    assert encoding_of(name) is None


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_unicode_text_as_a_spreadsheet_saves_it_is_read(order: str) -> None:
    """UTF-16 with a mark, and tabs."""
    found = skills("\ufeffskill\ttitle\tgrade\r\nA\tрахунок, усний\t2\r\n".encode(order))
    assert not found.problems
    assert (found.skills["A"].title, found.skills["A"].grade) == ("рахунок, усний", 2)
    assert found.read_as == {"skills.csv": "in UTF-16, with tabs between the columns"}


def test_utf16_without_a_mark_or_cut_off_is_a_problem_and_no_crash() -> None:
    """Of line 2 the last byte is gone: its 9 characters take 17 bytes, after the second half of the line end before."""
    assert "zero characters" in only(skills("skill,title\nA,adding\n".encode("utf-16-le"))).wrong
    assert only(skills("skill,title\nA,adding\n".encode("utf-16")[:-1])).wrong == "byte 18 of the line is not UTF-16"


def test_semicolons_between_columns_are_read_with_decimals_after_a_comma() -> None:
    """As a spreadsheet saves it where the comma is the decimal sign; a cell of several parts has quotes then."""
    found = parse(
        [
            ("skills.csv", b"skill;title;weight\r\nA;adding, and more;0,5\r\nB;more;1.5\r\n"),
            ("topics.csv", b'topic;title;phrases\nfood;Food;"rice;beans"\n'),
        ]
    )
    assert not found.problems
    assert [(row.title, row.weight) for row in found.skills.values()] == [("adding, and more", 0.5), ("more", 1.5)]
    assert found.topics["food"].phrases == ("rice", "beans")
    assert found.read_as == dict.fromkeys(("skills.csv", "topics.csv"), "with semicolons between the columns")


@pytest.mark.parametrize("hint", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_the_line_by_which_excel_tells_itself_the_separator_is_passed_over(hint: str) -> None:
    """Lines are counted as an editor shows them."""
    found = skills(f"{hint}skill;title;weight\nA;adding;0,5\nB;more;much\n")
    assert found.skills["A"].weight == 0.5
    assert only(found).line == 4
    [problem] = skills(f"{hint}skill;name\nA;adding\n").problems[:1]
    assert (problem.line, problem.wrong) == (2, "the column is missing")


def test_a_decimal_comma_among_commas_is_refused() -> None:
    assert only(skills('skill,title,weight\nA,adding,"0,5"\n')).hint == "Write the decimals after a point, as in 0.5."


def test_two_commas_are_no_number_even_among_semicolons() -> None:
    assert "is no number" in only(skills("skill;title;weight\nA;adding;1,000,5\n")).wrong


def test_a_semicolon_in_a_cell_without_quotes_is_reported() -> None:
    problem = only(skills("skill;title\nA;adding; more\n"))
    assert (problem.line, problem.hint) == (2, "Put quotes around cells that hold semicolons.")


def test_a_column_that_is_missing_among_semicolons_is_reported_by_its_name() -> None:
    problem = only(skills("skill;grade\nA;3\n"))
    assert (problem.column, problem.wrong) == ("title", "the column is missing")


def test_a_hundred_thousand_columns_are_refused_at_once() -> None:
    """To compare each with each would take minutes."""
    header = ",".join(f"c{number}" for number in range(100_000))
    assert only(skills(f"skill,title,{header}\n")).wrong == "it has 100,002 columns"


def test_a_skill_that_stands_in_two_files_is_reported_with_both() -> None:
    """Else whichever file comes last by name would win, and nobody would know."""
    found = parse([(f"{folder}/skills.csv", b"skill,title\nA,adding\n") for folder in "ab"])
    assert str(only(found)) == (
        "b/skills.csv, line 2, skill: 'A' already stands in a/skills.csv, line 2. Remove one of the two."
    )


def test_a_link_that_stands_in_two_files_is_reported_with_both() -> None:
    rows = {"prerequisites": b"skill,needs\nA,B\n", "alignments": b"item,skill\nQ,A\n", "scope": b"class,skill\nC,A\n"}
    found = parse([(f"{folder}/{name}.csv", body) for name, body in rows.items() for folder in "ab"])
    for problem, name in zip(found.problems, rows, strict=True):
        assert problem.file == f"b/{name}.csv"
        assert f"already in a/{name}.csv, line 2" in problem.wrong


def test_utf32_is_a_problem_and_no_crash() -> None:
    assert "zero characters" in only(skills("skill,title\nA,adding\n".encode("utf-32"))).wrong


def test_a_misspelt_column_is_refused_with_the_nearest_right_one() -> None:
    problem = only(skills("skill,title,gread\nA,adding,3\n"))
    assert (problem.line, problem.column, problem.hint) == (1, "gread", "Did you mean grade?")


def test_a_column_twice_is_refused() -> None:
    assert only(skills("skill,title,title\nA,adding,adding\n")).wrong == "the column comes twice"


@pytest.mark.parametrize("row", ["A", "A,adding,3,strand,1,more"])
def test_a_row_with_too_few_or_too_many_cells_is_reported(row: str) -> None:
    problem = only(skills(f"skill,title,grade,strand,weight\n{row}\nB,more,3,,\n"))
    assert problem.line == 2
    assert "the header has 5" in problem.wrong


def test_empty_rows_below_the_last_are_left_out() -> None:
    found = skills("skill,title\nA,adding\n,\n\n  ,\n")
    assert (len(found.skills), found.problems) == (1, [])


def test_an_unclosed_quote_is_reported_where_its_row_begins() -> None:
    problem = only(skills('skill,title\nA,adding\nB,"never\nends\n'))
    assert (problem.line, problem.hint) == (3, 'Check the quotes: write "" for one inside a cell.')


def test_an_empty_file_lacks_its_columns() -> None:
    assert {problem.column for problem in skills(b"").problems} == {"skill", "title"}


def test_a_zero_character_is_refused_because_no_database_keeps_it() -> None:
    assert "zero character" in only(skills("skill,title\nA,add\x00ing\n")).wrong


@pytest.mark.parametrize("number", ["nan", "inf", "-1", "1e999", "1_0", "0x3", "14", "3,5", "٣"])
def test_what_is_no_number_in_range_is_refused(number: str) -> None:
    assert only(skills(f'skill,title,grade\nA,adding,"{number}"\n')).column == "grade"


def test_a_decimal_comma_is_reported_as_such() -> None:
    assert only(skills('skill,title,grade\nA,adding,"3,5"\n')).hint == "Write the decimals after a point, as in 0.5."


@pytest.mark.parametrize("date", ["31.12.2026", "2026-02-30", "9999-12-31", "0001-01-01", "soon"])
def test_what_is_no_date_is_refused(date: str) -> None:
    bundle = parse([("scope.csv", f"class,skill,until\nC,A,{date}\n".encode())])
    assert only(bundle).column == "until"


def test_a_closing_date_counts_as_its_last_day_and_a_moment_as_itself() -> None:
    """2026-12-18 closes when the 19th begins; a day has no zone until the school's is known, a moment keeps its own."""
    body = "class,skill,from,until\nC,A,2026-09-01,2026-12-18\nC,B,2026-09-01,2026-12-18T12:00:00+02:00\n"
    first, second = parse([("scope.csv", body.encode())]).scope.values()
    assert first.opens_at is not None
    assert first.closes_at is not None
    assert second.closes_at is not None
    assert (first.opens_at.isoformat(), first.closes_at.isoformat()) == (
        "2026-09-01T00:00:00",
        "2026-12-19T00:00:00",
    )
    assert second.closes_at.utctimetuple().tm_hour == 10


def test_the_same_ref_twice_names_the_line_of_the_first() -> None:
    problem = only(skills("skill,title\nA,adding\nB,more\nA,again\n"))
    assert (problem.line, problem.wrong) == (4, "'A' already stands in line 2")


@pytest.mark.parametrize("row", ["A,adding", "A,adding,", "A,adding,,,"])
def test_empty_names_at_the_end_of_the_header_need_no_cells(row: str) -> None:
    found = skills(f"skill,title,,\n{row}\n")
    assert (list(found.skills), found.problems) == (["A"], [])


def test_equal_rows_are_one_and_are_said_once() -> None:
    """Lines 3, 4 and 6 equal lines 2 and 5; a second row of A with another title is none of them."""
    found = skills("skill,title\nA,adding\nA,adding\nA,adding\nB,more\nB,more\nA,again\n")
    assert only(found).line == 7
    [notice] = found.notices
    assert (notice.line, notice.wrong, notice.rows) == (3, "it equals line 2", 3)


@pytest.mark.parametrize("name", ["2.10700E+16", "2,107e+16", "1E+05", "#REF!", "#NAME?", "#N/A"])
def test_a_name_that_a_spreadsheet_has_rewritten_is_refused_by_name(name: str) -> None:
    """Its last digits are lost: it would be the name of somebody else, or of several people."""
    problem = only(skills(f'skill,title\n"{name}",adding\n'))
    assert (problem.column, problem.wrong) == ("skill", f"{name!r} is what a spreadsheet made of a name")


@pytest.mark.parametrize("name", ["1E5", "5E-a", "2.NBT.1", "E+16", "21070000000000048", "#12"])
def test_a_name_that_only_looks_a_little_like_that_is_taken(name: str) -> None:
    assert list(skills(f"skill,title\n{name},adding\n").skills) == [name]


def test_names_are_composed_however_a_file_writes_them() -> None:
    """MacOS writes é as two characters."""
    assert list(skills("skill,title\nCafe\u0301,adding\n").skills) == ["Caf\u00e9"]


def test_a_million_problems_are_counted_and_a_thousand_reported() -> None:
    """1,500 rows without a title: 1,000 reported, 500 counted."""
    found = skills("skill,title\n" + "".join(f"A{number},\n" for number in range(1500)))
    assert (len(found.problems), found.untold) == (MAX_PROBLEMS, 500)


def test_what_looks_like_code_is_data() -> None:
    title = "'; DROP TABLE skill; -- {{7*7}} ${jndi:ldap://x} __proto__ 🙂 \u202ertl"
    found = skills(f'skill,title\nA,"{title}"\n')
    assert found.skills["A"].title == title


def test_a_name_too_long_for_an_index_is_refused() -> None:
    """500 characters are taken, 501 are not; also where they stand among somebody's other names."""
    assert not skills(f"skill,title\n{'🙂' * 500},adding\n").problems
    assert only(skills(f"skill,title\n{'x' * 501},adding\n")).column == "skill"
    bundle = parse([("users.csv", f"sourcedId,role,userIds\ns1,student,{{{'h' * 500}:1}}\n".encode())])
    assert not bundle.problems
    assert [notice.wrong for notice in bundle.notices] == ["a name of 's1' is longer than 500 characters"]


def test_a_csv_with_a_cell_beyond_any_size_is_a_problem() -> None:
    body = "skill,title\nA," + "x" * 200_000 + "\n"
    bundle = Bundle()
    souschef_csv.skills("skills.csv", body.encode(), bundle)
    assert len(bundle.problems) == 1
