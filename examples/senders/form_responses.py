"""Send the responses of a Google or Microsoft form to Souschef, from the table that the form exports (CSV or Excel).

    SOUSCHEF_SOURCE=KEY:SECRET python examples/senders/form_responses.py responses.xlsx \
        --questionnaire interests.json --api https://souschef.school.example

Columns are found by the titles of the questions (`ref`, `aliases` or `prompt` in the questionnaire). Run it as often as
you like: a response is known by who gave it and when, and counts once.
"""

import argparse
import base64
import csv
import hashlib
import io
import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import openpyxl

STUDENT = ("email address", "email", "e-mail-adresse", "e-mail", "username")
AT = ("timestamp", "completion time", "zeitstempel", "fertigstellungszeit")
GOOGLE_TIME = re.compile(r"(\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}:\d{2} [AP]M)(?: GMT([+-]\d{1,2})(?::(\d{2}))?)?")
"""As Google writes it into a CSV: 2026/09/01 9:05:30 AM GMT+2."""


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the responses, each by the titles of its columns."""
    if path.suffix.lower() == ".xlsx":
        lines: Any = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0].values
    else:
        lines = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    header = [str(title or "").strip() for title in next(iter(lines), ())]
    for line in lines:
        yield dict(zip(header, line, strict=False))


def moment(cell: object, form: str | None) -> str:
    """Return a time in ISO 8601; without a zone it is read in the source's. ValueError: it cannot be read."""
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    text = str(cell or "").strip()
    if form is not None:
        return datetime.strptime(text, form).isoformat()  # noqa: DTZ007 - the API reads it in the source's zone
    google = GOOGLE_TIME.fullmatch(text)
    if google is None:
        return datetime.fromisoformat(text).isoformat()
    read = datetime.strptime(google[1], "%Y/%m/%d %I:%M:%S %p")  # noqa: DTZ007 - see above
    if google[2] is None:
        return read.isoformat()
    hours, minutes = int(google[2]), int(google[3] or 0)
    return read.replace(tzinfo=timezone(timedelta(hours=hours, minutes=minutes * (1, -1)[hours < 0]))).isoformat()


def answer(question: Mapping[str, Any], cell: object) -> dict[str, Any] | None:
    """Return one answer in Typeform's shape; None where there is none."""
    text = str(cell if cell is not None else "").strip()
    field = {"ref": question["ref"]}
    if not text:
        return None
    match question["kind"]:
        case "choices":
            # Microsoft joins what was ticked by semicolons, Google by commas, which options may hold, too.
            left, labels = text, []
            for option in sorted(question.get("options", {}), key=len, reverse=True):
                if option in left:
                    left = left.replace(option, "", 1)
                    labels.append(option)
            labels += [part.strip() for part in re.split(r"[;,]", left) if part.strip()]
            return {"type": "choices", "choices": {"labels": labels}, "field": field}
        case "text":
            return {"type": "text", "text": text, "field": field}
        case _:
            return {"type": "choice", "choice": {"label": text.removesuffix(";")}, "field": field}


def column(titles: Mapping[str, str], wanted: str | None, usual: tuple[str, ...]) -> str:
    """Return the column that is wanted, or the first of the usual ones; end where there is none."""
    found = [titles[name.casefold()] for name in ((wanted,) if wanted else usual) if name.casefold() in titles]
    if not found:
        sys.exit(f"No column is called {wanted or ' or '.join(usual)}; there are {', '.join(titles.values())}.")
    return found[0]


def send(response: Mapping[str, Any], api: str) -> str:
    """Post one response; return what became of it."""
    credential = base64.b64encode(os.environ["SOUSCHEF_SOURCE"].encode()).decode()
    headers = {"Authorization": f"Basic {credential}", "Content-Type": "application/json"}
    body = json.dumps({"form_response": response}).encode()
    request = urllib.request.Request(f"{api.rstrip('/')}/surveys", data=body, headers=headers)  # noqa: S310 - as typed
    try:
        with urllib.request.urlopen(request, timeout=60) as answered:  # noqa: S310 - see above
            return next((what for what, count in json.load(answered).items() if count == 1), "sent")
    except urllib.error.HTTPError as error:
        return f"refused with {error.code}"


def main() -> None:
    """Send every response of a file, and count what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--questionnaire", type=Path, required=True, help="The JSON file that is loaded.")
    parser.add_argument("--api", default="http://127.0.0.1:8484")
    parser.add_argument("--student", help="The column that names the student; else an e-mail address.")
    parser.add_argument("--at", help="The column with the time of the answer.")
    parser.add_argument("--date-format", help="How times are written, such as '%%d.%%m.%%Y %%H:%%M:%%S'.")
    options = parser.parse_args()
    questionnaire = json.loads(options.questionnaire.read_text())
    questions = {
        name.casefold(): question
        for question in questionnaire["questions"]
        for name in (question.get("prompt"), question["ref"], *question.get("aliases", ()))
        if name
    }
    outcomes = Counter[str]()
    for number, row in enumerate(rows(options.file), start=2):
        titles = {title.casefold(): title for title in row}
        student = str(row[column(titles, options.student, STUDENT)] or "").strip()
        if student.casefold() in {"", "anonymous"}:
            outcomes["without a student"] += 1
            continue
        try:
            at = moment(row[column(titles, options.at, AT)], options.date_format)
        except ValueError:
            sys.exit(f"Line {number}: the time cannot be read. Say how it is written: --date-format.")
        answers = [answer(questions[title], row[titles[title]]) for title in titles if title in questions]
        response = {
            "form_id": questionnaire["survey"],
            "token": hashlib.sha256(f"{student}|{at}".encode()).hexdigest(),
            "submitted_at": at,
            "hidden": {"user_id": student},
            "answers": [each for each in answers if each is not None],
        }
        outcomes[send(response, options.api)] += 1
    print(", ".join(f"{count} {what}" for what, count in outcomes.items()) or "The file has no response.")
    sys.exit(any(what.startswith("refused") for what in outcomes))


if __name__ == "__main__":
    main()
