CREATE OR REPLACE VIEW lms.skill_gaps WITH (security_barrier=true) AS
 SELECT school.ref AS school,
    person.ref AS student_ref,
    skill.ref AS skill,
    g.mastery,
    g.low,
    g.high,
    g.target,
    g.gap,
    g.level,
    g.standing,
    g.responses,
    g.retention,
    g.evidence_until,
    g.version
   FROM souschef.skill_gap g
     JOIN souschef.school ON school.id = g.school_id
     JOIN souschef.person ON person.id = g.student_id
     JOIN souschef.skill ON skill.id = g.skill_id
  WHERE g.school_id = ANY ((( SELECT souschef.readable_schools() AS readable_schools))::bigint[]);

COMMENT ON VIEW lms.skill_gaps IS 'Where each student stands on each skill that is in scope or was practised.';
COMMENT ON COLUMN lms.skill_gaps.school IS 'The school''s ref. A login sees its own school only.';
COMMENT ON COLUMN lms.skill_gaps.student_ref IS 'The student as the roster names them.';
COMMENT ON COLUMN lms.skill_gaps.skill IS 'The skill as the catalogue names it.';
COMMENT ON COLUMN lms.skill_gaps.mastery IS 'How likely the student answers a typical item of the skill right, 0 to 1.';
COMMENT ON COLUMN lms.skill_gaps.low IS 'The lower end of the 80 % interval around `mastery`.';
COMMENT ON COLUMN lms.skill_gaps.high IS 'The upper end of the 80 % interval around `mastery`.';
COMMENT ON COLUMN lms.skill_gaps.target IS 'The mastery that the policy of the class asks for, 0 to 1; of several classes with the skill in scope the highest.';
COMMENT ON COLUMN lms.skill_gaps.gap IS 'How far `mastery` lies below `target`; 0 where it does not.';
COMMENT ON COLUMN lms.skill_gaps.level IS '`mastery` in a word, for people: `attempted`, `familiar`, `proficient` or `mastered`.';
COMMENT ON COLUMN lms.skill_gaps.standing IS '`gap` (likely below the target), `met` (surely not below it) or `unsure`.';
COMMENT ON COLUMN lms.skill_gaps.responses IS 'How many answers on the skill this rests on.';
COMMENT ON COLUMN lms.skill_gaps.retention IS 'The share of what was learned that is left after the time since the last practice, 0 to 1.';
COMMENT ON COLUMN lms.skill_gaps.evidence_until IS 'The moment of the newest event that this rests on; null where nothing has been heard of the student.';
COMMENT ON COLUMN lms.skill_gaps.version IS 'The student''s version at which this was published; it only rises, and all that changed together shares it.';
