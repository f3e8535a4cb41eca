WITH new AS (
  SELECT * FROM unnest(CAST(:student_id AS bigint[]), CAST(:skill_id AS bigint[]),
       CAST(:mastery AS double precision[]), CAST(:low AS double precision[]),
       CAST(:high AS double precision[]),
       CAST(:target AS double precision[]), CAST(:gap AS double precision[]),
       CAST(:retention AS double precision[]), CAST(:level AS text[]), CAST(:standing AS text[]),
       CAST(:responses AS integer[]), CAST(:evidence_until AS timestamptz[]), CAST(:version AS bigint[]))
    AS published(student_id, skill_id, mastery, low, high, target, gap, retention, level, standing, responses,
           evidence_until, version)),
gone AS (
  DELETE FROM souschef.skill_gap AS old WHERE student_id = ANY(CAST(:students AS bigint[]))
     AND NOT EXISTS (SELECT FROM new WHERE new.student_id = old.student_id AND new.skill_id = old.skill_id)
  RETURNING student_id),
put AS (
  INSERT INTO souschef.skill_gap AS old (school_id, student_id, skill_id, mastery, low, high, target, gap,
         retention, level, standing, responses, evidence_until, version)
  SELECT :school, new.* FROM new
  ON CONFLICT (student_id, skill_id) DO UPDATE SET mastery = excluded.mastery, low = excluded.low,
         high = excluded.high, target = excluded.target, gap = excluded.gap, retention = excluded.retention,
         level = excluded.level, standing = excluded.standing, responses = excluded.responses,
         evidence_until = excluded.evidence_until, version = excluded.version
   WHERE (old.mastery, old.low, old.high, old.target, old.gap, old.retention, old.level, old.standing,
          old.responses, old.evidence_until)
         IS DISTINCT FROM (excluded.mastery, excluded.low, excluded.high, excluded.target, excluded.gap,
          excluded.retention, excluded.level, excluded.standing, excluded.responses, excluded.evidence_until)
  RETURNING student_id)
SELECT student_id FROM gone UNION SELECT student_id FROM put
