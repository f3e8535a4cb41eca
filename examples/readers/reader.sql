-- One turn of a reader, for psql:
--   psql "$LMS_DATABASE_URL" --set=last=0 --file=examples/readers/reader.sql
-- It prints the changes after `last`, then the open assignments of the students whom they concern.

BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

SELECT number, student_ref, kind, assignment_id, state, version
  FROM lms.assignment_changes
 WHERE number > :last
 ORDER BY number
 LIMIT 500;

SELECT student_ref, slot, menu_position, assignment_id, title, url, because_gap, because_interest
  FROM lms.assignments
 WHERE state IN ('proposed', 'assigned', 'started')
   AND student_ref IN (SELECT student_ref
                         FROM (SELECT student_ref, kind
                                 FROM lms.assignment_changes
                                WHERE number > :last
                                ORDER BY number
                                LIMIT 500) AS changes
                        WHERE kind = 'assignment')
 ORDER BY student_ref, slot, menu_position;

COMMIT;
