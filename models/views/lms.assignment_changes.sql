CREATE OR REPLACE VIEW lms.assignment_changes WITH (security_barrier=true) AS
 SELECT school.ref AS school,
    c.number,
    COALESCE(person.ref, ''::text) AS student_ref,
    c.assignment_id,
    c.kind,
    c.state,
    c.version,
    c.changed_at
   FROM souschef.change c
     JOIN souschef.school ON school.id = c.school_id
     LEFT JOIN souschef.person ON person.id = c.student_id
  WHERE c.school_id = ANY ((( SELECT souschef.readable_schools() AS readable_schools))::bigint[]);

COMMENT ON VIEW lms.assignment_changes IS 'The feed: one row for everything published that has changed. Ask for what comes after the last number that you have worked off.';
COMMENT ON COLUMN lms.assignment_changes.school IS 'The school''s ref. A login sees its own school only.';
COMMENT ON COLUMN lms.assignment_changes.number IS '1, 2, 3, ... within the school, in the order of commits: the cursor. Without holes among the lines of the last 90 days (or what the school has set); of older lines only the last about each thing stays.';
COMMENT ON COLUMN lms.assignment_changes.student_ref IS 'The student as the roster names them; empty where the student was erased.';
COMMENT ON COLUMN lms.assignment_changes.assignment_id IS 'The assignment that changed; null where `kind` is not `assignment`.';
COMMENT ON COLUMN lms.assignment_changes.kind IS 'What to read again: `assignment`, `gaps` or `interests`.';
COMMENT ON COLUMN lms.assignment_changes.state IS 'The assignment''s new state; `changed` for gaps and interests. `withdrawn` with an empty `student_ref`: drop your copy of the assignment.';
COMMENT ON COLUMN lms.assignment_changes.version IS 'The student''s version at which this was published; it only rises, and all that changed together shares it.';
COMMENT ON COLUMN lms.assignment_changes.changed_at IS 'When it changed; order by `number`, not by this.';
