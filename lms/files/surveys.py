"""Questionnaires: one JSON or TOML file a survey."""

from __future__ import annotations

from lms.files.bundle import Bundle
from lms.files.documents import json_object, toml_object
from lms.files.problem import Place
from lms.files.rows import SurveyRow


def survey(file: str, body: bytes, into: Bundle) -> None:
    """Read one survey; its questions are checked against the topics of the school when it is loaded."""
    document = (toml_object if file.lower().endswith(".toml") else json_object)(file, body, into)
    if document is None:
        return
    ref = document.get("survey")
    if not isinstance(ref, str) or not ref.strip():
        into.note(Place(file), "/survey", "it is missing", "Name the survey as its sender does.")
    elif ref in into.surveys:
        other = into.surveys[ref].at.file
        into.note(Place(file), "/survey", f"{ref!r} already stands in {other}", "Remove one of the two files.")
    else:
        into.surveys[ref] = SurveyRow(ref, document, Place(file))
