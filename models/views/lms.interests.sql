CREATE OR REPLACE VIEW lms.interests WITH (security_barrier=true) AS
 SELECT school.ref AS school,
    person.ref AS student_ref,
    topic.ref AS topic,
    i.value AS interest,
    i.confidence,
    i.vetoed,
    i.asked_at,
    i.updated_at,
    i.version
   FROM souschef.interest i
     JOIN souschef.school ON school.id = i.school_id
     JOIN souschef.person ON person.id = i.student_id
     JOIN souschef.topic ON topic.id = i.topic_id
  WHERE i.school_id = ANY ((( SELECT souschef.readable_schools() AS readable_schools))::bigint[]);

COMMENT ON VIEW lms.interests IS 'What is believed of each student''s interest in each topic. Empty where the interest switch is off.';
COMMENT ON COLUMN lms.interests.school IS 'The school''s ref. A login sees its own school only.';
COMMENT ON COLUMN lms.interests.student_ref IS 'The student as the roster names them.';
COMMENT ON COLUMN lms.interests.topic IS 'The topic as the catalogue names it.';
COMMENT ON COLUMN lms.interests.interest IS 'How much the topic draws the student, 0 to 1; 0.5 is indifferent.';
COMMENT ON COLUMN lms.interests.confidence IS 'How much evidence stands behind it, 0 (none) to 1.';
COMMENT ON COLUMN lms.interests.vetoed IS 'True where the student does not want to see the topic: it is never used then.';
COMMENT ON COLUMN lms.interests.asked_at IS 'When a survey last asked; null where none has.';
COMMENT ON COLUMN lms.interests.updated_at IS 'When the newest evidence came; null where a veto is all there is.';
COMMENT ON COLUMN lms.interests.version IS 'The student''s version at which this was published; it only rises, and all that changed together shares it.';
