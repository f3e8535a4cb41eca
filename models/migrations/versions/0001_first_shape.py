"""First shape."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

CLOCK = """
CREATE FUNCTION souschef.clock() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT statement_timestamp() + coalesce((SELECT ahead FROM souschef.clock_offset), interval '0') $$
"""

CONTRACT = (
    "CREATE SCHEMA lms",
    """
CREATE VIEW lms.assignments AS
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
""",
    """
CREATE VIEW lms.assignment_changes AS
SELECT school.ref AS school, c.number, person.ref AS student_ref, c.assignment_id, c.kind, c.state, c.version,
       c.changed_at
  FROM souschef.change c
  JOIN souschef.school ON school.id = c.school_id
  JOIN souschef.person ON person.id = c.student_id
""",
    """
CREATE VIEW lms.skill_gaps AS
SELECT school.ref AS school, person.ref AS student_ref, skill.ref AS skill, g.mastery, g.low, g.high, g.target, g.gap,
       g.level, g.standing, g.responses, g.retention, g.evidence_until, g.version
  FROM souschef.skill_gap g
  JOIN souschef.school ON school.id = g.school_id
  JOIN souschef.person ON person.id = g.student_id
  JOIN souschef.skill ON skill.id = g.skill_id
""",
    """
CREATE VIEW lms.interests AS
SELECT school.ref AS school, person.ref AS student_ref, topic.ref AS topic, i.value AS interest, i.confidence, i.vetoed,
       i.asked_at, i.updated_at, i.version
  FROM souschef.interest i
  JOIN souschef.school ON school.id = i.school_id
  JOIN souschef.person ON person.id = i.student_id
  JOIN souschef.topic ON topic.id = i.topic_id
""",
    """
CREATE VIEW lms.catalogue_gaps AS
SELECT school.ref AS school, skill.ref AS skill, n.context, count(*) AS students, avg(n.price) AS price,
       rank() OVER (PARTITION BY n.school_id ORDER BY sum(n.price) DESC, skill.ref, n.context) AS rank
  FROM souschef.catalogue_need n
  JOIN souschef.school ON school.id = n.school_id
  JOIN souschef.skill ON skill.id = n.skill_id
 GROUP BY school.ref, n.school_id, skill.ref, n.context
""",
    """
CREATE VIEW lms.freshness AS
SELECT school.ref AS school,
       (SELECT max(received_at) FROM souschef.inbox WHERE school_id = school.id) AS last_event_at,
       (SELECT max(refreshed_at) FROM souschef.learner_state WHERE school_id = school.id) AS last_refresh_at,
       (SELECT count(*) FROM souschef.inbox WHERE school_id = school.id AND state = 'pending') AS backlog,
       (SELECT count(*) FROM souschef.learner_state WHERE school_id = school.id AND refresh_due) AS stale
  FROM souschef.school
""",
)


def upgrade() -> None:
    op.create_table('clock_offset',
    sa.Column('single', sa.Boolean(), server_default='true', nullable=False),
    sa.Column('ahead', sa.Interval(), nullable=False),
    sa.CheckConstraint('single', name=op.f('ck_clock_offset_only_one_row')),
    sa.PrimaryKeyConstraint('single', name=op.f('pk_clock_offset')),
    schema='souschef'
    )
    op.execute(CLOCK)
    op.create_table('school',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), server_default='en', nullable=False),
    sa.Column('interests_enabled', sa.Boolean(), server_default='true', nullable=False),
    sa.Column('catalogue_version', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_school')),
    sa.UniqueConstraint('ref', name=op.f('uq_school_ref')),
    schema='souschef'
    )
    op.create_table('alias',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('target_id', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("kind IN ('person', 'class', 'item', 'skill', 'material_item')", name=op.f('ck_alias_kind_known')),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_alias_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('school_id', 'kind', 'name', name=op.f('pk_alias')),
    schema='souschef'
    )
    op.create_table('class',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('grade', sa.Float(), nullable=True),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_class_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_class')),
    sa.UniqueConstraint('school_id', 'ref', name=op.f('uq_class_school_id_ref')),
    schema='souschef'
    )
    op.create_table('feed',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('last_number', sa.BigInteger(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_feed_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('school_id', name=op.f('pk_feed')),
    schema='souschef'
    )
    op.create_table('item',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_item_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_item')),
    sa.UniqueConstraint('school_id', 'ref', name=op.f('uq_item_school_id_ref')),
    schema='souschef'
    )
    op.create_table('material',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('difficulty', sa.Float(), nullable=False),
    sa.Column('context', sa.Text(), nullable=True),
    sa.Column('depth', sa.Text(), server_default='neutral', nullable=False),
    sa.Column('reading_level', sa.Float(), nullable=True),
    sa.Column('minutes', sa.Integer(), server_default='10', nullable=False),
    sa.Column('language', sa.Text(), server_default='en', nullable=False),
    sa.Column('licence', sa.Text(), nullable=True),
    sa.Column('active_from', sa.DateTime(timezone=True), nullable=True),
    sa.Column('active_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('twin', sa.Text(), nullable=True),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.CheckConstraint("depth IN ('structural', 'cosmetic', 'neutral')", name=op.f('ck_material_depth_known')),
    sa.CheckConstraint('difficulty BETWEEN -6 AND 6', name=op.f('ck_material_difficulty_in_logits')),
    sa.CheckConstraint('minutes BETWEEN 1 AND 600', name=op.f('ck_material_minutes_sane')),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_material_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_material')),
    sa.UniqueConstraint('school_id', 'ref', name=op.f('uq_material_school_id_ref')),
    schema='souschef'
    )
    op.create_table('parameters',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('document', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('active', sa.Boolean(), server_default='true', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_parameters_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('school_id', 'version', name=op.f('pk_parameters')),
    schema='souschef'
    )
    op.create_table('person',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('given_name', sa.Text(), nullable=True),
    sa.Column('family_name', sa.Text(), nullable=True),
    sa.Column('grade', sa.Float(), nullable=True),
    sa.Column('reading_level', sa.Float(), nullable=True),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('interests_enabled', sa.Boolean(), server_default='true', nullable=False),
    sa.Column('active', sa.Boolean(), server_default='true', nullable=False),
    sa.CheckConstraint("role IN ('student', 'teacher', 'staff')", name=op.f('ck_person_role_known')),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_person_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('school_id', 'ref', name=op.f('uq_person_school_id_ref')),
    schema='souschef'
    )
    op.create_table('questionnaire',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('document', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_questionnaire_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_questionnaire')),
    sa.UniqueConstraint('school_id', 'ref', name=op.f('uq_questionnaire_school_id_ref')),
    schema='souschef'
    )
    op.create_table('skill',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('grade', sa.Float(), nullable=True),
    sa.Column('strand', sa.Text(), nullable=True),
    sa.Column('weight', sa.Float(), server_default='1', nullable=False),
    sa.CheckConstraint('weight > 0', name=op.f('ck_skill_weight_positive')),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_skill_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_skill')),
    sa.UniqueConstraint('school_id', 'ref', name=op.f('uq_skill_school_id_ref')),
    schema='souschef'
    )
    op.create_table('snapshot',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('responses', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_snapshot_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('school_id', 'version', name=op.f('pk_snapshot')),
    schema='souschef'
    )
    op.create_table('source',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('format', sa.Text(), nullable=False),
    sa.Column('surveys', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column('settings', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('generation', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('previous_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_source_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_source')),
    sa.UniqueConstraint('school_id', 'name', name=op.f('uq_source_school_id_name')),
    schema='souschef'
    )
    op.create_table('topic',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('phrases', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_topic_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_topic')),
    sa.UniqueConstraint('school_id', 'ref', name=op.f('uq_topic_school_id_ref')),
    schema='souschef'
    )
    op.create_table('alignment',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('item_id', sa.BigInteger(), nullable=False),
    sa.Column('skill_id', sa.BigInteger(), nullable=False),
    sa.Column('weight', sa.Float(), server_default='1', nullable=False),
    sa.Column('difficulty', sa.Float(), nullable=True),
    sa.ForeignKeyConstraint(['item_id'], ['souschef.item.id'], name=op.f('fk_alignment_item_id_item'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_alignment_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['skill_id'], ['souschef.skill.id'], name=op.f('fk_alignment_skill_id_skill'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('item_id', 'skill_id', name=op.f('pk_alignment')),
    schema='souschef'
    )
    op.create_table('catalogue_need',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('student_id', sa.BigInteger(), nullable=False),
    sa.Column('skill_id', sa.BigInteger(), nullable=False),
    sa.Column('context', sa.Text(), nullable=False),
    sa.Column('price', sa.Float(), nullable=False),
    sa.CheckConstraint('price BETWEEN 0 AND 1', name=op.f('ck_catalogue_need_price_is_probability')),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_catalogue_need_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['skill_id'], ['souschef.skill.id'], name=op.f('fk_catalogue_need_skill_id_skill'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['student_id'], ['souschef.person.id'], name=op.f('fk_catalogue_need_student_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('student_id', 'skill_id', 'context', name=op.f('pk_catalogue_need')),
    schema='souschef'
    )
    op.create_table('decision',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('student_id', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('record', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('as_of', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_decision_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['student_id'], ['souschef.person.id'], name=op.f('fk_decision_student_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision')),
    schema='souschef'
    )
    op.create_index('ix_decision_student_id', 'decision', ['student_id'], unique=False, schema='souschef')
    op.create_table('door_count',
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_door_count_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['source_id'], ['souschef.source.id'], name=op.f('fk_door_count_source_id_source'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('source_id', 'day', 'outcome', name=op.f('pk_door_count')),
    schema='souschef'
    )
    op.create_table('enrolment',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('class_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("role IN ('student', 'teacher', 'staff')", name=op.f('ck_enrolment_role_known')),
    sa.ForeignKeyConstraint(['class_id'], ['souschef.class.id'], name=op.f('fk_enrolment_class_id_class'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['souschef.person.id'], name=op.f('fk_enrolment_person_id_person'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_enrolment_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('class_id', 'person_id', 'began_at', name=op.f('pk_enrolment')),
    schema='souschef'
    )
    op.create_index('ix_enrolment_person_id', 'enrolment', ['person_id'], unique=False, schema='souschef')
    op.create_table('inbox',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('shard', sa.SmallInteger(), nullable=False),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), server_default='pending', nullable=False),
    sa.Column('code', sa.Text(), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('assessment', 'survey', 'choice', 'order')", name=op.f('ck_inbox_kind_known')),
    sa.CheckConstraint("state IN ('pending', 'done', 'parked', 'quarantined', 'dropped')", name=op.f('ck_inbox_state_known')),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_inbox_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['source_id'], ['souschef.source.id'], name=op.f('fk_inbox_source_id_source'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbox')),
    sa.UniqueConstraint('source_id', 'key', name=op.f('uq_inbox_source_id_key')),
    schema='souschef'
    )
    op.create_index('ix_inbox_due', 'inbox', ['school_id', 'kind', 'id'], unique=False, schema='souschef', postgresql_where=sa.text("state = 'pending'"))
    op.create_index('ix_inbox_parked', 'inbox', ['school_id', 'code'], unique=False, schema='souschef', postgresql_where=sa.text("state = 'parked'"))
    op.create_table('interest',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('student_id', sa.BigInteger(), nullable=False),
    sa.Column('topic_id', sa.BigInteger(), nullable=False),
    sa.Column('value', sa.Float(), nullable=False),
    sa.Column('confidence', sa.Float(), nullable=False),
    sa.Column('vetoed', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('confidence BETWEEN 0 AND 1', name=op.f('ck_interest_confidence_is_probability')),
    sa.CheckConstraint('value BETWEEN 0 AND 1', name=op.f('ck_interest_value_is_probability')),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_interest_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['student_id'], ['souschef.person.id'], name=op.f('fk_interest_student_id_person'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['topic_id'], ['souschef.topic.id'], name=op.f('fk_interest_topic_id_topic'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('student_id', 'topic_id', name=op.f('pk_interest')),
    schema='souschef'
    )
    op.create_table('learner_state',
    sa.Column('student_id', sa.BigInteger(), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.LargeBinary(), nullable=False),
    sa.Column('snapshot_version', sa.BigInteger(), nullable=False),
    sa.Column('parameters_version', sa.BigInteger(), nullable=False),
    sa.Column('facts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_sequence', sa.Text(), server_default='', nullable=False),
    sa.Column('last_key', sa.Text(), server_default='', nullable=False),
    sa.Column('version', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('refresh_due', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('carry', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('nothing', sa.Text(), nullable=True),
    sa.Column('nothing_sentence', sa.Text(), server_default='', nullable=False),
    sa.Column('refreshed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_learner_state_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['student_id'], ['souschef.person.id'], name=op.f('fk_learner_state_student_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('student_id', name=op.f('pk_learner_state')),
    schema='souschef'
    )
    op.create_index('ix_learner_state_due', 'learner_state', ['school_id'], unique=False, schema='souschef', postgresql_where=sa.text('refresh_due'))
    op.create_table('material_skill',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('material_id', sa.BigInteger(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('skill_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['material_id'], ['souschef.material.id'], name=op.f('fk_material_skill_material_id_material'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_material_skill_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['skill_id'], ['souschef.skill.id'], name=op.f('fk_material_skill_skill_id_skill'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('material_id', 'position', name=op.f('pk_material_skill')),
    schema='souschef'
    )
    op.create_index('ix_material_skill_skill_id', 'material_skill', ['skill_id'], unique=False, schema='souschef')
    op.create_table('policy',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('class_id', sa.BigInteger(), nullable=True),
    sa.Column('document', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('version', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('author', sa.Text(), server_default='', nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.ForeignKeyConstraint(['class_id'], ['souschef.class.id'], name=op.f('fk_policy_class_id_class'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_policy_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy')),
    sa.UniqueConstraint('school_id', 'class_id', name=op.f('uq_policy_school_id_class_id'), postgresql_nulls_not_distinct=True),
    schema='souschef'
    )
    op.create_table('prerequisite',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('skill_id', sa.BigInteger(), nullable=False),
    sa.Column('needs_id', sa.BigInteger(), nullable=False),
    sa.Column('strength', sa.Text(), server_default='strong', nullable=False),
    sa.CheckConstraint("strength IN ('strong', 'weak')", name=op.f('ck_prerequisite_strength_known')),
    sa.CheckConstraint('skill_id <> needs_id', name=op.f('ck_prerequisite_not_itself')),
    sa.ForeignKeyConstraint(['needs_id'], ['souschef.skill.id'], name=op.f('fk_prerequisite_needs_id_skill'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_prerequisite_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['skill_id'], ['souschef.skill.id'], name=op.f('fk_prerequisite_skill_id_skill'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('skill_id', 'needs_id', name=op.f('pk_prerequisite')),
    schema='souschef'
    )
    op.create_table('scope',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('class_id', sa.BigInteger(), nullable=False),
    sa.Column('skill_id', sa.BigInteger(), nullable=False),
    sa.Column('opens_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['class_id'], ['souschef.class.id'], name=op.f('fk_scope_class_id_class'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_scope_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['skill_id'], ['souschef.skill.id'], name=op.f('fk_scope_skill_id_skill'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('class_id', 'skill_id', name=op.f('pk_scope')),
    schema='souschef'
    )
    op.create_table('skill_gap',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('student_id', sa.BigInteger(), nullable=False),
    sa.Column('skill_id', sa.BigInteger(), nullable=False),
    sa.Column('mastery', sa.Float(), nullable=False),
    sa.Column('low', sa.Float(), nullable=False),
    sa.Column('high', sa.Float(), nullable=False),
    sa.Column('target', sa.Float(), nullable=False),
    sa.Column('gap', sa.Float(), nullable=False),
    sa.Column('retention', sa.Float(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('standing', sa.Text(), nullable=False),
    sa.Column('responses', sa.Integer(), nullable=False),
    sa.Column('evidence_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('gap BETWEEN 0 AND 1', name=op.f('ck_skill_gap_gap_is_probability')),
    sa.CheckConstraint('high BETWEEN 0 AND 1', name=op.f('ck_skill_gap_high_is_probability')),
    sa.CheckConstraint('low BETWEEN 0 AND 1', name=op.f('ck_skill_gap_low_is_probability')),
    sa.CheckConstraint('mastery BETWEEN 0 AND 1', name=op.f('ck_skill_gap_mastery_is_probability')),
    sa.CheckConstraint('retention BETWEEN 0 AND 1', name=op.f('ck_skill_gap_retention_is_probability')),
    sa.CheckConstraint('target BETWEEN 0 AND 1', name=op.f('ck_skill_gap_target_is_probability')),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_skill_gap_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['skill_id'], ['souschef.skill.id'], name=op.f('fk_skill_gap_skill_id_skill'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['student_id'], ['souschef.person.id'], name=op.f('fk_skill_gap_student_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('student_id', 'skill_id', name=op.f('pk_skill_gap')),
    schema='souschef'
    )
    op.create_table('teacher_order',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('class_id', sa.BigInteger(), nullable=True),
    sa.Column('student_id', sa.BigInteger(), nullable=True),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('material_id', sa.BigInteger(), nullable=True),
    sa.Column('skill_id', sa.BigInteger(), nullable=True),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('pin', 'forbid', 'must_do', 'hold')", name=op.f('ck_teacher_order_kind_known')),
    sa.CheckConstraint('class_id IS NOT NULL OR student_id IS NOT NULL', name=op.f('ck_teacher_order_has_addressee')),
    sa.ForeignKeyConstraint(['class_id'], ['souschef.class.id'], name=op.f('fk_teacher_order_class_id_class'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['material_id'], ['souschef.material.id'], name=op.f('fk_teacher_order_material_id_material'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_teacher_order_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['skill_id'], ['souschef.skill.id'], name=op.f('fk_teacher_order_skill_id_skill'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['student_id'], ['souschef.person.id'], name=op.f('fk_teacher_order_student_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_teacher_order')),
    sa.UniqueConstraint('school_id', 'key', name=op.f('uq_teacher_order_school_id_key')),
    schema='souschef'
    )
    op.create_index('ix_teacher_order_class_id', 'teacher_order', ['class_id'], unique=False, schema='souschef')
    op.create_index('ix_teacher_order_student_id', 'teacher_order', ['student_id'], unique=False, schema='souschef')
    op.create_table('assignment',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('student_id', sa.BigInteger(), nullable=False),
    sa.Column('class_id', sa.BigInteger(), nullable=True),
    sa.Column('slot', sa.Integer(), nullable=False),
    sa.Column('menu_position', sa.Integer(), nullable=False),
    sa.Column('material_id', sa.BigInteger(), nullable=False),
    sa.Column('skill_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('because_gap', sa.Text(), nullable=False),
    sa.Column('because_interest', sa.Text(), nullable=False),
    sa.Column('predicted_success', sa.Float(), nullable=False),
    sa.Column('attempted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.Float(), nullable=True),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('evidence_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('decision_id', sa.BigInteger(), nullable=False),
    sa.Column('assigned_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('outcome BETWEEN 0 AND 1', name=op.f('ck_assignment_outcome_is_probability')),
    sa.CheckConstraint("state IN ('proposed', 'assigned', 'started', 'done', 'withdrawn')", name=op.f('ck_assignment_state_known')),
    sa.CheckConstraint('predicted_success BETWEEN 0 AND 1', name=op.f('ck_assignment_predicted_success_is_probability')),
    sa.ForeignKeyConstraint(['class_id'], ['souschef.class.id'], name=op.f('fk_assignment_class_id_class'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['decision_id'], ['souschef.decision.id'], name=op.f('fk_assignment_decision_id_decision'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['material_id'], ['souschef.material.id'], name=op.f('fk_assignment_material_id_material'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_assignment_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['skill_id'], ['souschef.skill.id'], name=op.f('fk_assignment_skill_id_skill'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['student_id'], ['souschef.person.id'], name=op.f('fk_assignment_student_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignment')),
    schema='souschef'
    )
    op.create_index('ix_assignment_student_id', 'assignment', ['student_id'], unique=False, schema='souschef')
    op.create_index('uq_assignment_open_place', 'assignment', ['student_id', 'slot', 'menu_position'], unique=True, schema='souschef', postgresql_where=sa.text("state IN ('proposed', 'assigned', 'started')"))
    op.create_table('fact',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('student_id', sa.BigInteger(), nullable=False),
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(collation='C'), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sequence', sa.Text(collation='C'), server_default='', nullable=False),
    sa.Column('class_id', sa.BigInteger(), nullable=True),
    sa.Column('item_id', sa.BigInteger(), nullable=True),
    sa.Column('skill_id', sa.BigInteger(), nullable=True),
    sa.Column('attempt', sa.Text(), nullable=True),
    sa.Column('outcome', sa.Float(), nullable=True),
    sa.Column('weight', sa.Float(), server_default='1', nullable=False),
    sa.Column('revised_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('value', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('inbox_id', sa.BigInteger(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.CheckConstraint("kind IN ('item_result', 'attempt_graded', 'skill_result', 'survey_answer', 'consent', 'assignment_picked', 'assignment_started', 'assignment_done', 'interest_feedback', 'interest_veto')", name=op.f('ck_fact_kind_known')),
    sa.CheckConstraint('outcome BETWEEN 0 AND 1', name=op.f('ck_fact_outcome_is_probability')),
    sa.CheckConstraint('weight BETWEEN 0 AND 10', name=op.f('ck_fact_weight_sane')),
    sa.ForeignKeyConstraint(['class_id'], ['souschef.class.id'], name=op.f('fk_fact_class_id_class'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['inbox_id'], ['souschef.inbox.id'], name=op.f('fk_fact_inbox_id_inbox'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['item_id'], ['souschef.item.id'], name=op.f('fk_fact_item_id_item'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_fact_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['skill_id'], ['souschef.skill.id'], name=op.f('fk_fact_skill_id_skill'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['source_id'], ['souschef.source.id'], name=op.f('fk_fact_source_id_source'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['student_id'], ['souschef.person.id'], name=op.f('fk_fact_student_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fact')),
    sa.UniqueConstraint('source_id', 'key', name=op.f('uq_fact_source_id_key')),
    schema='souschef'
    )
    op.create_index('ix_fact_student', 'fact', ['student_id', 'occurred_at'], unique=False, schema='souschef')
    op.create_table('quarantine',
    sa.Column('inbox_id', sa.BigInteger(), nullable=False),
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('pointer', sa.Text(), server_default='', nullable=False),
    sa.Column('quarantined_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.ForeignKeyConstraint(['inbox_id'], ['souschef.inbox.id'], name=op.f('fk_quarantine_inbox_id_inbox'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_quarantine_school_id_school'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('inbox_id', name=op.f('pk_quarantine')),
    schema='souschef'
    )
    op.create_table('change',
    sa.Column('school_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('student_id', sa.BigInteger(), nullable=False),
    sa.Column('assignment_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('souschef.clock()'), nullable=False),
    sa.ForeignKeyConstraint(['assignment_id'], ['souschef.assignment.id'], name=op.f('fk_change_assignment_id_assignment'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['school_id'], ['souschef.school.id'], name=op.f('fk_change_school_id_school'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['student_id'], ['souschef.person.id'], name=op.f('fk_change_student_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('school_id', 'number', name=op.f('pk_change')),
    schema='souschef'
    )


    for statement in CONTRACT:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP SCHEMA lms CASCADE")
    op.drop_table('change', schema='souschef')
    op.drop_table('quarantine', schema='souschef')
    op.drop_index('ix_fact_student', table_name='fact', schema='souschef')
    op.drop_table('fact', schema='souschef')
    op.drop_index('uq_assignment_open_place', table_name='assignment', schema='souschef', postgresql_where=sa.text("state IN ('proposed', 'assigned', 'started')"))
    op.drop_index('ix_assignment_student_id', table_name='assignment', schema='souschef')
    op.drop_table('assignment', schema='souschef')
    op.drop_index('ix_teacher_order_student_id', table_name='teacher_order', schema='souschef')
    op.drop_index('ix_teacher_order_class_id', table_name='teacher_order', schema='souschef')
    op.drop_table('teacher_order', schema='souschef')
    op.drop_table('skill_gap', schema='souschef')
    op.drop_table('scope', schema='souschef')
    op.drop_table('prerequisite', schema='souschef')
    op.drop_table('policy', schema='souschef')
    op.drop_index('ix_material_skill_skill_id', table_name='material_skill', schema='souschef')
    op.drop_table('material_skill', schema='souschef')
    op.drop_index('ix_learner_state_due', table_name='learner_state', schema='souschef', postgresql_where=sa.text('refresh_due'))
    op.drop_table('learner_state', schema='souschef')
    op.drop_table('interest', schema='souschef')
    op.drop_index('ix_inbox_parked', table_name='inbox', schema='souschef', postgresql_where=sa.text("state = 'parked'"))
    op.drop_index('ix_inbox_due', table_name='inbox', schema='souschef', postgresql_where=sa.text("state = 'pending'"))
    op.drop_table('inbox', schema='souschef')
    op.drop_index('ix_enrolment_person_id', table_name='enrolment', schema='souschef')
    op.drop_table('enrolment', schema='souschef')
    op.drop_table('door_count', schema='souschef')
    op.drop_index('ix_decision_student_id', table_name='decision', schema='souschef')
    op.drop_table('decision', schema='souschef')
    op.drop_table('catalogue_need', schema='souschef')
    op.drop_table('alignment', schema='souschef')
    op.drop_table('topic', schema='souschef')
    op.drop_table('source', schema='souschef')
    op.drop_table('snapshot', schema='souschef')
    op.drop_table('skill', schema='souschef')
    op.drop_table('questionnaire', schema='souschef')
    op.drop_table('person', schema='souschef')
    op.drop_table('parameters', schema='souschef')
    op.drop_table('material', schema='souschef')
    op.drop_table('item', schema='souschef')
    op.drop_table('feed', schema='souschef')
    op.drop_table('class', schema='souschef')
    op.drop_table('alias', schema='souschef')
    op.drop_table('school', schema='souschef')
    op.drop_table('clock_offset', schema='souschef')
    op.execute("DROP FUNCTION souschef.clock()")
