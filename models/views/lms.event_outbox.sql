CREATE OR REPLACE VIEW lms.event_outbox WITH (security_barrier=true) AS
 SELECT school.ref AS school,
    o.source,
    o.event,
    o.id,
    o.inserted_at,
    o.code,
    o.pointer
   FROM souschef.event_outbox o
     JOIN souschef.school ON school.id = o.school_id
  WHERE o.school_id = ANY ((( SELECT souschef.readable_schools() AS readable_schools))::bigint[]);

COMMENT ON VIEW lms.event_outbox IS 'Insert-only: events for an LMS that can write SQL. A row that has been taken is gone; one that was refused stays for 30 days and says why.';
COMMENT ON COLUMN lms.event_outbox.school IS 'Leave it out: it is the school of the login.';
COMMENT ON COLUMN lms.event_outbox.source IS 'The name of a source of the school whose format is `canonical`.';
COMMENT ON COLUMN lms.event_outbox.event IS 'One event of our own as a JSON object (text or jsonb), at most 1 MiB.';
COMMENT ON COLUMN lms.event_outbox.id IS 'Given by the database; leave it out.';
COMMENT ON COLUMN lms.event_outbox.inserted_at IS 'Given by the database; leave it out.';
COMMENT ON COLUMN lms.event_outbox.code IS 'Null while it waits. Otherwise why it was refused: `unknown_source` (taken after all once there is such a source), `source_revoked`, `not_canonical` (the source''s format), or what is wrong with the event.';
COMMENT ON COLUMN lms.event_outbox.pointer IS 'Where in the event the fault lies (JSON Pointer); null while it waits.';
