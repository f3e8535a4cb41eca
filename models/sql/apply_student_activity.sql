WITH asked AS (
  SELECT id, student_id, material_id, assigned_at FROM souschef.assignment
   WHERE id = ANY(CAST(:ids AS bigint[])) AND state <> 'withdrawn'),
attempt AS (
  SELECT asked.id, fact.occurred_at AS at, fact.outcome FROM asked
    JOIN souschef.fact ON fact.student_id = asked.student_id AND fact.kind = 'assignment_done'
         AND fact.value ->> 'assignment' = asked.id::text
  UNION ALL
  -- A sum of decimals is the same in any order; one of floats is not.
  SELECT asked.id, min(fact.occurred_at), avg(fact.outcome::numeric)::double precision FROM asked
    JOIN souschef.fact ON fact.student_id = asked.student_id AND fact.kind = 'item_result'
         AND fact.value ->> 'material' = asked.material_id::text AND fact.recorded_at > asked.assigned_at
   GROUP BY asked.id, fact.source_id, fact.attempt),
seen AS (
  SELECT id, min(at) AS at, (array_agg(outcome ORDER BY at, outcome))[1] AS outcome FROM attempt GROUP BY id)
UPDATE souschef.assignment AS a
   SET state = CASE WHEN a.state = 'done' THEN a.state ELSE 'started' END,
       version = $next_version, attempted_at = seen.at, outcome = seen.outcome
  FROM asked LEFT JOIN seen ON seen.id = asked.id
  JOIN souschef.learner_state ON learner_state.student_id = asked.student_id
 WHERE a.id = asked.id AND (a.state IN ('proposed', 'assigned')
       OR (a.attempted_at, a.outcome) IS DISTINCT FROM (seen.at, seen.outcome))
RETURNING a.student_id, a.id AS assignment_id, 'assignment' AS kind, a.state, a.version
