CREATE OR REPLACE VIEW lms.freshness WITH (security_barrier=true) AS
 SELECT ref AS school,
    ( SELECT max(inbox.received_at) AS max
           FROM souschef.inbox
          WHERE inbox.school_id = school.id) AS last_event_at,
    ( SELECT max(learner_state.refreshed_at) AS max
           FROM souschef.learner_state
          WHERE learner_state.school_id = school.id) AS last_refresh_at,
    ( SELECT count(*) AS count
           FROM souschef.inbox
          WHERE inbox.school_id = school.id AND inbox.state = 'pending'::text) AS backlog,
    ( SELECT count(*) AS count
           FROM souschef.learner_state
          WHERE learner_state.school_id = school.id AND learner_state.refresh_due) AS stale
   FROM souschef.school
  WHERE id = ANY ((( SELECT souschef.readable_schools() AS readable_schools))::bigint[]);

COMMENT ON VIEW lms.freshness IS 'How current everything here is: one row.';
COMMENT ON COLUMN lms.freshness.school IS 'The school''s ref. A login sees its own school only.';
COMMENT ON COLUMN lms.freshness.last_event_at IS 'When the last event came in; null where none has.';
COMMENT ON COLUMN lms.freshness.last_refresh_at IS 'When a student was last decided for; null where none was.';
COMMENT ON COLUMN lms.freshness.backlog IS 'Events that have come in and are not applied yet.';
COMMENT ON COLUMN lms.freshness.stale IS 'Students who are due for a refresh.';
