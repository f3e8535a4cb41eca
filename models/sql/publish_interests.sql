WITH new AS (
  SELECT * FROM unnest(CAST(:student_id AS bigint[]), CAST(:topic_id AS bigint[]),
       CAST(:value AS double precision[]), CAST(:confidence AS double precision[]), CAST(:vetoed AS boolean[]),
       CAST(:asked_at AS timestamptz[]), CAST(:updated_at AS timestamptz[]), CAST(:version AS bigint[]))
    AS published(student_id, topic_id, value, confidence, vetoed, asked_at, updated_at, version)),
gone AS (
  DELETE FROM souschef.interest AS old WHERE student_id = ANY(CAST(:students AS bigint[]))
     AND NOT EXISTS (SELECT FROM new WHERE new.student_id = old.student_id AND new.topic_id = old.topic_id)
  RETURNING student_id),
put AS (
  INSERT INTO souschef.interest AS old (school_id, student_id, topic_id, value, confidence, vetoed, asked_at,
         updated_at, version)
  SELECT :school, new.* FROM new
  ON CONFLICT (student_id, topic_id) DO UPDATE SET value = excluded.value, confidence = excluded.confidence,
         vetoed = excluded.vetoed, asked_at = excluded.asked_at, updated_at = excluded.updated_at,
         version = excluded.version
   WHERE (old.value, old.confidence, old.vetoed, old.asked_at, old.updated_at)
         IS DISTINCT FROM (excluded.value, excluded.confidence, excluded.vetoed, excluded.asked_at,
          excluded.updated_at)
  RETURNING student_id)
SELECT student_id FROM gone UNION SELECT student_id FROM put
