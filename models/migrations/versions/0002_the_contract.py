"""The contract: views fenced by school, an outbox for events, and a sentence on every column."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

READABLE = """
CREATE FUNCTION souschef.readable_schools() RETURNS bigint[]
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT CASE WHEN pg_has_role(session_user, current_user, 'USAGE')
               THEN ARRAY(SELECT id FROM souschef.school)
               ELSE ARRAY(SELECT school_id FROM souschef.lms_login WHERE role = session_user) END $$
"""
"""The owner (and a member of its role) reads every school, a login its own, anybody else none.

Not `current_user`, which is the function's owner here; an array, so that a view asks once and can use an index.
"""

FENCE = "ANY ((SELECT souschef.readable_schools())::bigint[])"

VIEWS = {
    "assignments": """
SELECT school.ref AS school, class.ref AS class_ref, person.ref AS student_ref, a.id AS assignment_id, a.slot,
       a.menu_position, material.ref AS material_id, material.title, material.url, skill.ref AS skill,
       (SELECT array_agg(s.ref ORDER BY m.position)
          FROM souschef.material_skill m JOIN souschef.skill s ON s.id = m.skill_id
         WHERE m.material_id = a.material_id) AS skills,
       material.context, a.state, a.because_gap, a.because_interest, a.predicted_success, a.evidence_until, a.version,
       a.assigned_at, a.ended_at
  FROM souschef.assignment a
  JOIN souschef.school ON school.id = a.school_id
  JOIN souschef.person ON person.id = a.student_id
  JOIN souschef.material ON material.id = a.material_id
  JOIN souschef.skill ON skill.id = a.skill_id
  LEFT JOIN souschef.class ON class.id = a.class_id
 WHERE a.school_id = {fence}
""",
    "assignment_changes": """
SELECT school.ref AS school, c.number, person.ref AS student_ref, c.assignment_id, c.kind, c.state, c.version,
       c.changed_at
  FROM souschef.change c
  JOIN souschef.school ON school.id = c.school_id
  JOIN souschef.person ON person.id = c.student_id
 WHERE c.school_id = {fence}
""",
    "skill_gaps": """
SELECT school.ref AS school, person.ref AS student_ref, skill.ref AS skill, g.mastery, g.low, g.high, g.target, g.gap,
       g.level, g.standing, g.responses, g.retention, g.evidence_until, g.version
  FROM souschef.skill_gap g
  JOIN souschef.school ON school.id = g.school_id
  JOIN souschef.person ON person.id = g.student_id
  JOIN souschef.skill ON skill.id = g.skill_id
 WHERE g.school_id = {fence}
""",
    "interests": """
SELECT school.ref AS school, person.ref AS student_ref, topic.ref AS topic, i.value AS interest, i.confidence, i.vetoed,
       i.asked_at, i.updated_at, i.version
  FROM souschef.interest i
  JOIN souschef.school ON school.id = i.school_id
  JOIN souschef.person ON person.id = i.student_id
  JOIN souschef.topic ON topic.id = i.topic_id
 WHERE i.school_id = {fence}
""",
    "catalogue_gaps": """
SELECT school.ref AS school, skill.ref AS skill, n.context, count(*) AS students, avg(n.price) AS price,
       rank() OVER (PARTITION BY n.school_id ORDER BY sum(n.price) DESC, skill.ref, n.context) AS rank
  FROM souschef.catalogue_need n
  JOIN souschef.school ON school.id = n.school_id
  JOIN souschef.skill ON skill.id = n.skill_id
 WHERE n.school_id = {fence}
 GROUP BY school.ref, n.school_id, skill.ref, n.context
""",
    "freshness": """
SELECT school.ref AS school,
       (SELECT max(received_at) FROM souschef.inbox WHERE school_id = school.id) AS last_event_at,
       (SELECT max(refreshed_at) FROM souschef.learner_state WHERE school_id = school.id) AS last_refresh_at,
       (SELECT count(*) FROM souschef.inbox WHERE school_id = school.id AND state = 'pending') AS backlog,
       (SELECT count(*) FROM souschef.learner_state WHERE school_id = school.id AND refresh_due) AS stale
  FROM souschef.school
 WHERE school.id = {fence}
""",
}

OUTBOX = f"""
CREATE VIEW lms.event_outbox WITH (security_barrier) AS
SELECT school.ref AS school, o.source, o.event, o.id, o.inserted_at, o.code, o.pointer
  FROM souschef.event_outbox o
  JOIN souschef.school ON school.id = o.school_id
 WHERE o.school_id = {FENCE}
"""

TAKE = """
CREATE FUNCTION souschef.take_event() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$
DECLARE
  mine bigint[] := souschef.readable_schools();
  chosen bigint;
BEGIN
  IF NEW.school IS NOT NULL THEN
    SELECT id INTO chosen FROM souschef.school WHERE ref = NEW.school AND id = ANY (mine);
  ELSIF cardinality(mine) = 1 THEN
    chosen := mine[1];
  END IF;
  IF chosen IS NULL THEN
    RAISE EXCEPTION 'This login may not write events of that school.' USING ERRCODE = 'insufficient_privilege',
      HINT = 'Leave the column school out, or write the ref of the school of this login.';
  END IF;
  INSERT INTO souschef.event_outbox (school_id, source, event) VALUES (chosen, NEW.source, NEW.event)
    RETURNING id, inserted_at INTO NEW.id, NEW.inserted_at;
  SELECT ref INTO NEW.school FROM souschef.school WHERE id = chosen;
  NEW.code := NULL;
  NEW.pointer := NULL;
  RETURN NEW;
END
$$
"""

ASK = """
CREATE TRIGGER take_event INSTEAD OF INSERT ON lms.event_outbox
   FOR EACH ROW EXECUTE FUNCTION souschef.take_event()
"""

CONTRACT = "Contract 1.1"

SCHOOL = "The school's ref. A login sees its own school only."
STUDENT = "The student as the roster names them."
VERSION = "The student's version at which this was published; it only rises, and all that changed together shares it."
EVIDENCE = "The moment of the newest event that this rests on; null where nothing has been heard of the student."

SENTENCES = {
    "assignments": {
        "": "Every material offered to a student, with its reasons. Show `proposed`, `assigned` and `started`; the "
        "rest is history. Rows of one student and slot are a menu.",
        "school": SCHOOL,
        "class_ref": "The class for which it was chosen; null where the student is in none.",
        "student_ref": STUDENT,
        "assignment_id": "The number to send back in `assignment_picked`, `assignment_started` and `assignment_done`.",
        "slot": "The place among the student's assignments, from 0.",
        "menu_position": "The place in the menu of the slot: 0 is the default, the others are the choice of contexts.",
        "material_id": "The material as the catalogue names it.",
        "title": "The material's title, to be shown.",
        "url": "Where the material opens.",
        "skill": "The skill that it is for.",
        "skills": "All skills that it practises, the first one foremost.",
        "context": "The topic that the material is dressed in; null where it has none.",
        "state": "`proposed` (waits for a teacher), `assigned`, `started`, `done` or `withdrawn`.",
        "because_gap": "A sentence: why this skill.",
        "because_interest": "A sentence: why this context.",
        "predicted_success": "How likely the student succeeds at the material, 0 to 1.",
        "evidence_until": EVIDENCE,
        "version": VERSION,
        "assigned_at": "When it was published.",
        "ended_at": "When it was done or withdrawn; null while it is open.",
    },
    "assignment_changes": {
        "": "The feed: one row for everything published that has changed. Ask for what comes after the last number "
        "that you have worked off.",
        "school": SCHOOL,
        "number": "1, 2, 3, ... within the school, in the order of commits and without holes: the cursor.",
        "student_ref": STUDENT,
        "assignment_id": "The assignment that changed; null where `kind` is not `assignment`.",
        "kind": "What to read again: `assignment`, `gaps` or `interests`.",
        "state": "The assignment's new state; `changed` for gaps and interests.",
        "version": VERSION,
        "changed_at": "When it changed; order by `number`, not by this.",
    },
    "skill_gaps": {
        "": "Where each student stands on each skill that is in scope or was practised.",
        "school": SCHOOL,
        "student_ref": STUDENT,
        "skill": "The skill as the catalogue names it.",
        "mastery": "How likely the student answers a typical item of the skill right, 0 to 1.",
        "low": "The lower end of the 80 % interval around `mastery`.",
        "high": "The upper end of the 80 % interval around `mastery`.",
        "target": "The mastery that the policy of the class asks for, 0 to 1.",
        "gap": "How far `mastery` lies below `target`; 0 where it does not.",
        "level": "`mastery` in a word, for people: `attempted`, `familiar`, `proficient` or `mastered`.",
        "standing": "`gap` (below the target beyond doubt), `met` (not below it) or `unsure`.",
        "responses": "How many answers on the skill this rests on.",
        "retention": "The share of what was learned that is left after the time since the last practice, 0 to 1.",
        "evidence_until": EVIDENCE,
        "version": VERSION,
    },
    "interests": {
        "": "What is believed of each student's interest in each topic. Empty where the interest switch is off.",
        "school": SCHOOL,
        "student_ref": STUDENT,
        "topic": "The topic as the catalogue names it.",
        "interest": "How much the topic draws the student, 0 to 1; 0.5 is indifferent.",
        "confidence": "How much evidence stands behind it, 0 (none) to 1.",
        "vetoed": "True where the student does not want to see the topic: it is never used then.",
        "asked_at": "When a survey last asked; null where none has.",
        "updated_at": "When the newest evidence came; null where a veto is all there is.",
        "version": VERSION,
    },
    "catalogue_gaps": {
        "": "Materials worth adding: contexts that students want for a skill and the catalogue lacks.",
        "school": SCHOOL,
        "skill": "The skill that is to be practised.",
        "context": "The topic wanted; empty where no material of the skill fits at all.",
        "students": "How many students would be served.",
        "price": "Interest that each of them forgoes on average, 0 to 1.",
        "rank": "1 is the material that would help most.",
    },
    "freshness": {
        "": "How current everything here is: one row.",
        "school": SCHOOL,
        "last_event_at": "When the last event came in; null where none has.",
        "last_refresh_at": "When a student was last decided for; null where none was.",
        "backlog": "Events that have come in and are not applied yet.",
        "stale": "Students who are due for a refresh.",
    },
    "event_outbox": {
        "": "Insert-only: events for an LMS that can write SQL. A row that has been taken is gone; one that was "
        "refused stays for 30 days and says why.",
        "school": "Leave it out: it is the school of the login.",
        "source": "The name of a source of the school whose format is `canonical`.",
        "event": "One event of our own as a JSON object (text or jsonb), at most 1 MiB.",
        "id": "Given by the database; leave it out.",
        "inserted_at": "Given by the database; leave it out.",
        "code": "Null while it waits. Otherwise why it was refused: `unknown_source` (taken after all once there is "
        "such a source), `source_revoked`, `not_canonical` (the source's format), or what is wrong with the event.",
        "pointer": "Where in the event the fault lies (JSON Pointer); null while it waits.",
    },
}


def upgrade() -> None:
    op.create_table(
        "lms_login",
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), server_default=sa.text("souschef.clock()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["souschef.school.id"], name=op.f("fk_lms_login_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_lms_login")),
        sa.UniqueConstraint("role", name=op.f("uq_lms_login_role")),
        schema="souschef",
    )
    op.create_table(
        "event_outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("pointer", sa.Text(), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), server_default=sa.text("souschef.clock()"), nullable=False),
        sa.CheckConstraint("octet_length(event) <= 1048576", name=op.f("ck_event_outbox_event_below_one_mib")),
        sa.CheckConstraint("octet_length(source) <= 500", name=op.f("ck_event_outbox_source_is_a_name")),
        sa.ForeignKeyConstraint(
            ["school_id"], ["souschef.school.id"], name=op.f("fk_event_outbox_school_id_school"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_outbox")),
        schema="souschef",
    )
    waiting, refused = sa.text("code IS NULL"), sa.text("code IS NOT NULL")
    op.create_index("ix_event_outbox_waiting", "event_outbox", ["id"], schema="souschef", postgresql_where=waiting)
    op.create_index(
        "ix_event_outbox_refused", "event_outbox", ["inserted_at"], schema="souschef", postgresql_where=refused
    )
    op.execute(READABLE)
    for name, query in VIEWS.items():
        # A barrier, so that no function in a reader's own WHERE is shown a row of another school.
        op.execute(f"CREATE OR REPLACE VIEW lms.{name} WITH (security_barrier) AS {query.format(fence=FENCE)}")
    for statement in (OUTBOX, TAKE, ASK, f"COMMENT ON SCHEMA lms IS '{CONTRACT}'"):
        op.execute(statement)
    for view, sentences in SENTENCES.items():
        for column, sentence in sentences.items():
            target = f"COLUMN lms.{view}.{column}" if column else f"VIEW lms.{view}"
            quoted = sentence.replace("'", "''").replace("%", "%%")
            op.get_bind().exec_driver_sql(f"COMMENT ON {target} IS '{quoted}'")


def downgrade() -> None:
    op.execute("COMMENT ON SCHEMA lms IS NULL")
    op.execute("DROP VIEW lms.event_outbox")
    for name, query in VIEWS.items():
        everything = query.format(fence="ANY (ARRAY(SELECT id FROM souschef.school))")
        op.execute(f"CREATE OR REPLACE VIEW lms.{name} AS {everything}")
        op.execute(f"ALTER VIEW lms.{name} RESET (security_barrier)")
    op.execute("DROP FUNCTION souschef.take_event()")
    op.execute("DROP FUNCTION souschef.readable_schools()")
    op.drop_table("event_outbox", schema="souschef")
    op.drop_table("lms_login", schema="souschef")
