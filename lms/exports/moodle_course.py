"""The activities of a Moodle course, from its backup (`moodle_backup.xml`), as links.

Source: Moodle's backup format. An activity's number in the backup is its number in the course.
"""

from __future__ import annotations

from lms.exports.imported import ExportError, Imported
from lms.exports.materials import Link
from lms.exports.safe_xml import root, text_at
from lms.files.problem import SourceLocation

TASKS = frozenset(
    {"assign", "book", "bigbluebuttonbn", "h5pactivity", "hvp", "imscp", "lesson", "lti", "page", "quiz", "resource"}
    | {"scorm", "url", "workshop", "geogebra", "stack"}
)
"""Modules that a student can be sent to; of others, such as forums, nothing is assigned."""


def links(file: str, body: bytes, found: Imported, *, home: str | None = None) -> list[Link]:
    """Return the activities of a course.

    Args:
        file: the name of moodle_backup.xml.
        body: its content.
        found: where what is left out is counted.
        home: the address of the Moodle where the course stands now; None: where it was backed up.

    Raises:
        ExportError: it is no backup of a course.
    """
    backup = root(file, body, "moodle_backup")
    site = (home or text_at(backup, ".//original_wwwroot")).rstrip("/")
    activities = backup.findall(".//contents/activities/activity")
    if not activities:
        raise ExportError(file, "it has no activities", "Back up a whole course, with its activities.")
    sections = {
        text_at(each, "sectionid"): text_at(each, "title") for each in backup.findall(".//contents/sections/section")
    }
    read = []
    for activity in activities:
        module, title, number = (text_at(activity, each) for each in ("modulename", "title", "moduleid"))
        section = sections.get(text_at(activity, "sectionid"), "")
        if module not in TASKS:
            found.left_out[f"are of type {module or '?'}, to which nobody is sent"] += 1
        elif not number.isdecimal() or not title:
            at = SourceLocation(file)
            found.leave_out(
                "have no number or title", at, f"{title[:60]!r} has no number or title", "Back it up again."
            )
        else:
            url = f"{site}/mod/{module}/view.php?id={number}"
            read.append(Link(title, url, SourceLocation(file), (section,) if section else (), module))
    return read
