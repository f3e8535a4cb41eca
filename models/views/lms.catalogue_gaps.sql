CREATE OR REPLACE VIEW lms.catalogue_gaps WITH (security_barrier=true) AS
 SELECT school.ref AS school,
    skill.ref AS skill,
    n.context,
    count(*) AS students,
    avg(n.price) AS price,
    rank() OVER (PARTITION BY n.school_id ORDER BY (sum(n.price)) DESC, skill.ref, n.context) AS rank
   FROM souschef.catalogue_need n
     JOIN souschef.school ON school.id = n.school_id
     JOIN souschef.skill ON skill.id = n.skill_id
  WHERE n.school_id = ANY ((( SELECT souschef.readable_schools() AS readable_schools))::bigint[])
  GROUP BY school.ref, n.school_id, skill.ref, n.context;

COMMENT ON VIEW lms.catalogue_gaps IS 'Materials worth adding: contexts that students want for a skill and the catalogue lacks.';
COMMENT ON COLUMN lms.catalogue_gaps.school IS 'The school''s ref. A login sees its own school only.';
COMMENT ON COLUMN lms.catalogue_gaps.skill IS 'The skill that is to be practised.';
COMMENT ON COLUMN lms.catalogue_gaps.context IS 'The topic wanted; empty where no material of the skill fits at all.';
COMMENT ON COLUMN lms.catalogue_gaps.students IS 'How many students would be served.';
COMMENT ON COLUMN lms.catalogue_gaps.price IS 'Interest that each of them forgoes on average, 0 to 1.';
COMMENT ON COLUMN lms.catalogue_gaps.rank IS '1 is the material that would help most.';
