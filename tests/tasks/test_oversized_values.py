"""What is too large for the database is the event's fault, however the driver counts it: it must not come for ever."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from lms.json_fields import MAX_REF_BYTES
from models import engine
from tests.tasks.conftest import Ask, School

GUS = "riverside-s413"
pytestmark = pytest.mark.timeout(120)


def override_with_id(id_: str) -> dict[str, Any]:
    """Return an order under a name of the test's choice."""
    override = {"type": "order", "order": "hold", "author": "tmorgan", "reason": "as agreed", "student": GUS}
    return {**override, "id": id_, "at": "2026-11-09T10:00:00Z"}


def test_a_name_too_long_for_an_index_is_quarantined_and_holds_nobody_up(school: School, ask: Ask) -> None:
    """999 ideographs are below 1,000 characters and 2,997 bytes; all different, or PostgreSQL would pack them."""
    ideographs = "".join(chr(0x4E00 + n) for n in range(999))
    outcome = school.deliver(override_with_id(ideographs), override_with_id("an order like any other"))
    assert (outcome["quarantined"], outcome["applied"]) == (1, 1)
    assert ask("SELECT code, pointer FROM souschef.quarantine") == [("schema", "/id")]


def test_the_longest_name_that_is_taken_fits_into_every_index(school: School, ask: Ask) -> None:
    emoji = "".join(chr(0x1F300 + n) for n in range(MAX_REF_BYTES // 4))
    assert school.deliver(override_with_id(emoji))["applied"] == 1
    assert (
        school.deliver({**school.answers(GUS, "4.NF.A.1 q01", "1")[0], "id": emoji, "attempt": emoji})["applied"] == 1
    )
    assert ask("SELECT key FROM souschef.teacher_order") == [(emoji,)]


def refuse(change: Callable[[str], None], *, sqlstate: str) -> None:
    """Have the database refuse every fact in this way."""
    change(f"""CREATE FUNCTION souschef.refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{sqlstate}'; END $$""")
    change("CREATE TRIGGER refuse BEFORE INSERT ON souschef.fact FOR EACH ROW EXECUTE FUNCTION souschef.refuse()")


@pytest.fixture
def change() -> Callable[[str], None]:
    """A way to change the school's database."""

    def execute(statement: str) -> None:
        with engine.transaction() as session:
            session.connection().execute(text(statement))

    return execute


@pytest.mark.full
def test_what_the_database_finds_too_large_counts_as_an_attempt(
    school: School, ask: Ask, change: Callable[[str], None]
) -> None:
    """The second attempt comes at once; before the third it waits."""
    refuse(change, sqlstate="54000")
    assert school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "1"))["failed"] == 2
    assert ask("SELECT state, attempts FROM souschef.inbox") == [("pending", 2)]


def test_a_full_disk_does_not(school: School, ask: Ask, change: Callable[[str], None]) -> None:
    """The control: a failure of the server is reported, and the event loses no attempt."""
    refuse(change, sqlstate="53100")
    with pytest.raises(OperationalError):
        school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "1"))
    assert ask("SELECT state, attempts FROM souschef.inbox") == [("pending", 0)]
