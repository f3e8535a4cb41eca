"""A reader in Python: works off the feed after a number that it keeps in a file; run it as often as you like.

    LMS_DATABASE_URL=postgresql://... python examples/readers/reader.py cursor.txt

It prints one JSON object a line: the open assignments of each student of whom something has changed, and the ids of
assignments to drop, whose student was erased.
"""

import json
import os
import sys
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

CHANGES = """
    SELECT number, student_ref, kind, state, assignment_id
      FROM lms.assignment_changes WHERE number > %s ORDER BY number LIMIT 500
"""
OPEN = """
    SELECT slot, menu_position, assignment_id, title, url, because_gap, because_interest, version
      FROM lms.assignments
     WHERE student_ref = %s AND state IN ('proposed', 'assigned', 'started')
     ORDER BY slot, menu_position
"""


def main(cursor: Path) -> None:
    """Work off everything that is new, and keep the number of the last change."""
    last = int(cursor.read_text()) if cursor.exists() else 0
    with psycopg.connect(os.environ["LMS_DATABASE_URL"], autocommit=True, row_factory=dict_row) as database:
        while changes := database.execute(CHANGES, [last]).fetchall():
            erased = [row for row in changes if not row["student_ref"]]
            if drop := [row["assignment_id"] for row in erased if row["state"] == "withdrawn"]:
                print(json.dumps({"drop": drop}))
            students = {row["student_ref"] for row in changes if row["kind"] == "assignment"}
            for student in sorted(students - {""}):
                assignments = database.execute(OPEN, [student]).fetchall()
                print(json.dumps({"student": student, "assignments": assignments}))
            last = changes[-1]["number"]
            # Only now: a reader that dies before this line reads the same changes again, which does no harm.
            cursor.write_text(str(last))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
