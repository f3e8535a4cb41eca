CREATE OR REPLACE VIEW lms.assignments WITH (security_barrier=true) AS
 SELECT school.ref AS school,
    class.ref AS class_ref,
    person.ref AS student_ref,
    a.id AS assignment_id,
    a.slot,
    a.menu_position,
    material.ref AS material_id,
    material.title,
    material.url,
    skill.ref AS skill,
    ( SELECT array_agg(s.ref ORDER BY m."position") AS array_agg
           FROM souschef.material_skill m
             JOIN souschef.skill s ON s.id = m.skill_id
          WHERE m.material_id = a.material_id) AS skills,
    material.context,
    a.state,
    a.because_gap,
    a.because_interest,
    a.predicted_success,
    a.evidence_until,
    a.version,
    a.assigned_at,
    a.ended_at,
        CASE
            WHEN a.state = 'withdrawn'::text THEN a.reason
            ELSE NULL::text
        END AS withdrawn_because
   FROM souschef.assignment a
     JOIN souschef.school ON school.id = a.school_id
     JOIN souschef.person ON person.id = a.student_id
     JOIN souschef.material ON material.id = a.material_id
     JOIN souschef.skill ON skill.id = a.skill_id
     LEFT JOIN souschef.class ON class.id = a.class_id
  WHERE a.school_id = ANY ((( SELECT souschef.readable_schools() AS readable_schools))::bigint[]);

COMMENT ON VIEW lms.assignments IS 'Every material offered to a student, with its reasons. Show `proposed`, `assigned` and `started`; the rest is history. Rows of one student and slot are a menu.';
COMMENT ON COLUMN lms.assignments.school IS 'The school''s ref. A login sees its own school only.';
COMMENT ON COLUMN lms.assignments.class_ref IS 'The class on whose list it is; null where the student is in none. It changes where the student moves to another class that works on the skill too: the feed says so.';
COMMENT ON COLUMN lms.assignments.student_ref IS 'The student as the roster names them.';
COMMENT ON COLUMN lms.assignments.assignment_id IS 'The number to send back in `assignment_picked`, `assignment_started` and `assignment_done`.';
COMMENT ON COLUMN lms.assignments.slot IS 'The place among the student''s assignments, from 0, numbered across the lists of all classes.';
COMMENT ON COLUMN lms.assignments.menu_position IS 'The place in the menu of the slot: 0 is the default, the others are the choice of contexts.';
COMMENT ON COLUMN lms.assignments.material_id IS 'The material as the catalogue names it.';
COMMENT ON COLUMN lms.assignments.title IS 'The material''s title, to be shown.';
COMMENT ON COLUMN lms.assignments.url IS 'Where the material opens.';
COMMENT ON COLUMN lms.assignments.skill IS 'The skill that it is for.';
COMMENT ON COLUMN lms.assignments.skills IS 'All skills that it practises, the first one foremost.';
COMMENT ON COLUMN lms.assignments.context IS 'The topic that the material is dressed in; null where it has none.';
COMMENT ON COLUMN lms.assignments.state IS '`proposed` (waits for a teacher), `assigned`, `started`, `done` or `withdrawn`.';
COMMENT ON COLUMN lms.assignments.because_gap IS 'A sentence: why this skill.';
COMMENT ON COLUMN lms.assignments.because_interest IS 'A sentence: why this context.';
COMMENT ON COLUMN lms.assignments.predicted_success IS 'How likely the student succeeds at the material, 0 to 1.';
COMMENT ON COLUMN lms.assignments.evidence_until IS 'The moment of the newest event that this rests on; null where nothing has been heard of the student.';
COMMENT ON COLUMN lms.assignments.version IS 'The student''s version at which this was published; it only rises, and all that changed together shares it.';
COMMENT ON COLUMN lms.assignments.assigned_at IS 'When it was published.';
COMMENT ON COLUMN lms.assignments.ended_at IS 'When it was done or withdrawn; null while it is open.';
COMMENT ON COLUMN lms.assignments.withdrawn_because IS 'Why it was withdrawn, as a code, such as `class_left`; null where it was not.';
