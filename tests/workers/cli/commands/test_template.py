"""`souschef template` and the page of the files: made from the columns that the readers read."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lms.files.columns import OURS, ROSTERS, FileFormat
from lms.files.registry import READERS, parse
from workers.cli import import_files
from workers.cli.main import app
from workers.cli.views import files

ROOT = Path(__file__).parents[4]
RUN = CliRunner()


def test_the_page_is_what_the_columns_say() -> None:
    assert (ROOT / "docs" / "files.md").read_text() == files.page(), "run `souschef template DIR`, copy its README.md"


def test_the_templates_load_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "school"
    done = RUN.invoke(app, ["template", str(folder)])
    assert done.exit_code == 0, done.output
    bundle = import_files.read(folder)
    assert (bundle.problems, bundle.notices) == ([], [])
    assert (len(bundle.people), len(bundle.enrolments), len(bundle.materials), len(bundle.scope)) == (1, 1, 1, 1)
    assert set(bundle.skills) >= {skill for row in bundle.materials.values() for skill in row.skills}


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("mine")
    assert RUN.invoke(app, ["template", str(tmp_path)]).exit_code != 0
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("form", [*ROSTERS, *OURS], ids=lambda form: form.name)
def test_each_file_is_read_by_its_name_and_lacks_the_columns_that_must_be_there(form: FileFormat) -> None:
    assert form.name.lower() in READERS
    found = parse([(form.name, b"\n")])
    assert {problem.column for problem in found.problems} == set(form.needs)


@pytest.mark.parametrize("form", OURS, ids=lambda form: form.name)
def test_a_column_that_is_not_on_the_page_is_refused(form: FileFormat) -> None:
    header = [column.name for column in form.columns] + ["surprise"]
    found = parse([(form.name, (",".join(header) + "\n").encode())])
    assert [problem.column for problem in found.problems] == ["surprise"]


def test_the_example_school_uses_no_column_that_is_not_on_the_page() -> None:
    """Of our own files; of a roster others may stand in the export."""
    for form in OURS:
        path = ROOT / "examples" / "riverside" / form.name
        if path.exists():
            with path.open(newline="") as file:
                assert set(next(csv.reader(file))) <= {column.name for column in form.columns}
