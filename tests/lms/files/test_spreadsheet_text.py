"""What a CSV of ours marks as text is read back as it was."""

from hypothesis import example, given
from hypothesis import strategies as st

from lms.files.registry import parse
from lms.files.spreadsheet_text import marked_to_load, unmarked


@given(st.text(alphabet="='-+@,; aé\t", max_size=8))
@example("=1+1")
@example("'=1+1")
@example("'; -1")
def test_a_mark_is_taken_away_again(text: str) -> None:
    assert unmarked(marked_to_load(text)) == text


def test_a_name_that_begins_like_a_formula_is_loaded_as_the_sender_spells_it() -> None:
    """The name of a Moodle question, as `souschef parked list --csv alignments` writes it; difficulty as typed."""
    files = {
        "skills.csv": "skill,title\nNEG,negative numbers\n",
        "alignments.csv": f"item,skill,difficulty\n{marked_to_load('-3 + 5')},NEG,'-1\n's Gravenhage,NEG,\n",
    }
    found = parse((name, body.encode()) for name, body in files.items())
    assert not found.problems
    assert {item for item, _ in found.alignments} == {"-3 + 5", "'s Gravenhage"}
