"""P23: the map knows every column, and the export holds all that is stored on a student and nothing of another."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from models import engine
from models.privacy import data_map, erasure
from models.tables import OrmBase
from tests.tasks.conftest import Ask
from tests.tasks.stored_data import ANSWER, rows, words_of
from workers.cli.main import app
from workers.cli.views.data_map import updated_page

ROOT = Path(__file__).parents[2]
RUN = CliRunner()
transaction = engine.transaction


@pytest.mark.shows("P23")
def test_every_column_of_every_table_is_accounted_for(database_url: str) -> None:
    with transaction() as session:
        assert data_map.unaccounted(session) == []
    columns = sum(len({*table.of_nobody, *table.of_student, *table.of_staff}) for table in data_map.TABLES.values())
    sys.stdout.write(f"P23: {columns} columns of {len(data_map.TABLES)} tables, each accounted for\n")
    assert columns > 200


def test_a_new_column_without_a_line_is_found(database_url: str) -> None:
    """The mutants: a column and a table without an entry in the map."""
    with transaction() as session:
        session.connection().exec_driver_sql("ALTER TABLE souschef.person ADD COLUMN shoe_size int")
        session.connection().exec_driver_sql("CREATE TABLE souschef.diary (school_id bigint)")
        assert data_map.unaccounted(session) == ["diary.school_id", "person.shoe_size"]
        session.rollback()


def test_the_map_is_sound_and_finds_rows_wherever_a_person_is_pointed_at() -> None:
    for table in data_map.TABLES.values():
        assert not table.of_nobody & {*table.of_student, *table.of_staff}, table.name
        assert table.why.endswith("."), table.name
        assert table.retention, table.name
    pointing = {table for table, _ in erasure.tables_referencing_person()}
    assert {name for name, table in data_map.TABLES.items() if table.where} >= pointing | {"person"}
    assert data_map.TABLES.keys() == {table.name for table in OrmBase.metadata.tables.values()}


def test_the_page_holds_the_map() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text()
    assert updated_page(page) == page, "run `souschef privacy map --out docs/privacy.md`"


@pytest.mark.shows("P23")
def test_the_export_holds_all_of_the_student_and_nothing_of_another(student: str, ask: Ask, tmp_path: Path) -> None:
    """What it must hold is found without the map: rows with the student's number, or any word of theirs."""
    out = tmp_path / "export.json"
    result = RUN.invoke(app, ["privacy", "export", student, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert out.stat().st_mode & 0o077 == 0
    found = json.loads(out.read_text())
    ((number,),) = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student)
    with transaction() as session:
        names = erasure.find_student(session, student).names
    ((token,),) = ask("SELECT token FROM souschef.pseudonym WHERE student_id = :id", id=number)
    due = expected(number, {*names, ANSWER, token})
    exported = {table: sorted(map(canonical, stored["rows"])) for table, stored in found["tables"].items()}
    assert exported == due
    text = out.read_text()
    assert ANSWER in text
    for (other,) in ask("SELECT name FROM souschef.alias WHERE kind = 'person' AND target_id <> :id", id=number):
        assert f'"{other}"' not in text
        assert f'\\"{other}\\"' not in text
    sys.stdout.write(f"{sum(map(len, exported.values()))} rows of {len(exported)} tables\n")
    assert len(exported) >= 12
    assert words_of(student) >= names


def expected(number: int, words: set[str]) -> dict[str, list[str]]:
    """Return the rows that bear on a student, by table."""
    found: dict[str, list[str]] = {}
    quoted = [json.dumps(word) for word in words] + [json.dumps(json.dumps(word))[1:-1] for word in words]
    for table, stored in rows().items():
        for line in stored:
            row = json.loads(line)
            theirs = number in {row.get("student_id"), row.get("person_id")} or (
                table == "person" and row["id"] == number
            )
            if theirs or any(word in line for word in quoted):
                found.setdefault(table, []).append(canonical(row))
    held_back = {json.loads(row)["id"] for row in found["inbox"]}
    for line in rows()["quarantine"]:
        if json.loads(line)["inbox_id"] in held_back:
            found.setdefault("quarantine", []).append(canonical(json.loads(line)))
    return {table: sorted(stored) for table, stored in found.items()}


def canonical(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


def test_the_export_explains_itself(student: str) -> None:
    found = json.loads(RUN.invoke(app, ["privacy", "export", student]).stdout)
    fact = next(row for row in found["tables"]["fact"]["rows"] if row["item_id"])
    assert found["names"]["item_id"][str(fact["item_id"])]
    assert found["tables"]["fact"]["columns"].keys() <= fact.keys()
    assert found["tables"]["fact"]["why"].endswith(".")


def test_the_map_is_printed_for_people_and_machines() -> None:
    assert "### person" in RUN.invoke(app, ["privacy", "map"]).stdout
    assert "ref" in json.loads(RUN.invoke(app, ["privacy", "map", "--json"]).stdout)["person"]["of_student"]
