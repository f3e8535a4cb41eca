"""Packages of bytes that somebody has spoiled: refused by their error, never by another."""

import io
import tarfile
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.exports import package
from lms.exports.imported import ExportError, Imported
from workers.cli import packages

ITEM = b'<assessmentItem identifier="i"><itemBody>x</itemBody></assessmentItem>'
MANIFEST = b'<manifest><resources><resource type="imsqti_item_xmlv2p1" href="a.xml"/></resources></manifest>'
BACKUP = b"<moodle_backup/>" * 40


def zipped(compression: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("imsmanifest.xml", MANIFEST)
        archive.writestr("a.xml", ITEM)
        archive.writestr("moodle_backup.xml", BACKUP)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, body in (("a.xml", ITEM), ("moodle_backup.xml", BACKUP)):
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return file.getvalue()


WHOLE = [zipped(zipfile.ZIP_DEFLATED), zipped(zipfile.ZIP_BZIP2), zipped(zipfile.ZIP_LZMA), tarred()]


def read(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.mbz"
        path.write_bytes(body)
        with suppress(ExportError):
            packages.backup_description(path)
        with suppress(ExportError), packages.opened(path) as files:
            package.read("p.mbz", files, Imported())


@pytest.mark.parametrize("body", WHOLE)
def test_whole_packages_are_read(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "p.mbz").write_bytes(body)
    assert packages.backup_description(tmp_path / "p.mbz")[1] == BACKUP


@given(st.sampled_from(WHOLE), st.integers(0, 900), st.binary(min_size=1, max_size=20), st.booleans())
def test_no_spoiled_package_raises_anything_but_its_error(
    body: bytes,
    at: int,
    junk: bytes,
    cut: bool,  # noqa: FBT001 - Hypothesis draws it
) -> None:
    read(body[:at] + junk + (b"" if cut else body[at + len(junk) :]))
