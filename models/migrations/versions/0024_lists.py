"""A list a class: who was taken out of a class is known, and enrolments that begin or end are found by their time.

It wants a stop: a worker of the version before takes one class of each student, and would withdraw the other lists.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None
contracts = True

ASSIGNMENTS = """
CREATE OR REPLACE VIEW lms.assignments WITH (security_barrier) AS
SELECT school.ref AS school, class.ref AS class_ref, person.ref AS student_ref, a.id AS assignment_id, a.slot,
       a.menu_position, material.ref AS material_id, material.title, material.url, skill.ref AS skill,
       (SELECT array_agg(s.ref ORDER BY m.position) FROM souschef.material_skill AS m
          JOIN souschef.skill AS s ON s.id = m.skill_id WHERE m.material_id = a.material_id) AS skills,
       material.context, a.state, a.because_gap, a.because_interest, a.predicted_success, a.evidence_until, a.version,
       a.assigned_at, a.ended_at{more}
  FROM souschef.assignment AS a
  JOIN souschef.school ON school.id = a.school_id
  JOIN souschef.person ON person.id = a.student_id
  JOIN souschef.material ON material.id = a.material_id
  JOIN souschef.skill ON skill.id = a.skill_id
  LEFT JOIN souschef.class ON class.id = a.class_id
 WHERE a.school_id = ANY ((SELECT souschef.readable_schools())::bigint[])
"""
BECAUSE = ", CASE WHEN a.state = 'withdrawn' THEN a.reason END AS withdrawn_because"
COMMENTS = {
    "class_ref": "The class on whose list it is; null where the student is in none. It changes where the student moves "
    "to another class that works on the skill too: the feed says so.",
    "slot": "The place among the student''s assignments, from 0, numbered across the lists of all classes.",
    "withdrawn_because": "Why it was withdrawn, as a code, such as `class_left`; null where it was not.",
}
GAPS = {
    "target": "The mastery that the policy of the class asks for, 0 to 1; of several classes with the skill in scope "
    "the highest.",
}


def upgrade() -> None:
    op.add_column(
        "enrolment", sa.Column("left_at", postgresql.TIMESTAMP(timezone=True), nullable=True), schema="souschef"
    )
    op.create_index("ix_enrolment_began_at", "enrolment", ["began_at"], schema="souschef")
    op.create_index("ix_enrolment_ended_at", "enrolment", ["ended_at"], schema="souschef")
    op.execute(ASSIGNMENTS.format(more=BECAUSE))
    for view, comments in (("assignments", COMMENTS), ("skill_gaps", GAPS)):
        for column, sentence in comments.items():
            op.execute(f"COMMENT ON COLUMN lms.{view}.{column} IS '{sentence}'")
    op.execute("COMMENT ON SCHEMA lms IS 'Contract 1.3'")


def downgrade() -> None:
    op.execute("COMMENT ON SCHEMA lms IS 'Contract 1.2'")
    op.execute("DROP VIEW lms.assignments")
    op.execute(ASSIGNMENTS.format(more=""))
    op.drop_index("ix_enrolment_ended_at", "enrolment", schema="souschef")
    op.drop_index("ix_enrolment_began_at", "enrolment", schema="souschef")
    op.drop_column("enrolment", "left_at", schema="souschef")
