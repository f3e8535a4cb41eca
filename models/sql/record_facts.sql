WITH new AS (
  SELECT *
    FROM unnest(CAST(:student_id AS bigint[]), CAST(:source_id AS bigint[]), CAST(:kind AS text[]),
                CAST(:key AS text[]), CAST(:occurred_at AS timestamptz[]), CAST(:sequence AS text[]),
                CAST(:class_id AS bigint[]), CAST(:item_id AS bigint[]), CAST(:skill_id AS bigint[]),
                CAST(:attempt AS text[]), CAST(:outcome AS double precision[]),
                CAST(:weight AS double precision[]), CAST(:revised_at AS timestamptz[]), CAST(:value AS jsonb[]),
                CAST(:inbox_id AS bigint[]), CAST(:statement AS bytea[]))
      AS new(student_id, source_id, kind, key, occurred_at, sequence, class_id, item_id, skill_id, attempt,
             outcome, weight, revised_at, value, inbox_id, statement)),
was AS (
  SELECT fact.source_id, fact.key, fact.occurred_at, fact.sequence,
         (fact.kind, fact.attempt) IS NOT DISTINCT FROM (new.kind, new.attempt) AS same_attempt
    FROM new JOIN souschef.fact ON fact.source_id = new.source_id AND fact.key = new.key COLLATE "C"),
written AS (
  INSERT INTO souschef.fact AS fact (school_id, recorded_at, student_id, source_id, kind, key, occurred_at,
         sequence, class_id, item_id, skill_id, attempt, outcome, weight, revised_at, value, inbox_id, statement)
  SELECT :school, (SELECT souschef.clock()), student_id, source_id, kind, key, occurred_at,
         sequence, class_id, item_id, skill_id, attempt, outcome, weight, revised_at, value, inbox_id, statement
    FROM new
  ON CONFLICT (source_id, key) DO UPDATE
     SET kind = excluded.kind, class_id = excluded.class_id, item_id = excluded.item_id,
         skill_id = excluded.skill_id, attempt = excluded.attempt, outcome = excluded.outcome,
         weight = excluded.weight, value = excluded.value, occurred_at = excluded.occurred_at,
         sequence = excluded.sequence, revised_at = excluded.revised_at, inbox_id = excluded.inbox_id,
         statement = excluded.statement,
         recorded_at = excluded.recorded_at
   WHERE fact.student_id = excluded.student_id
     AND ($new_version > $old_version
          OR fact.inbox_id = excluded.inbox_id AND
             (fact.kind, fact.class_id, fact.item_id, fact.skill_id, fact.attempt, fact.outcome, fact.weight,
              fact.value, fact.occurred_at, fact.sequence, fact.revised_at) IS DISTINCT FROM
             (excluded.kind, excluded.class_id, excluded.item_id, excluded.skill_id, excluded.attempt,
              excluded.outcome, excluded.weight, excluded.value, excluded.occurred_at, excluded.sequence,
              excluded.revised_at))
  RETURNING source_id, key, xmax = 0 AS is_new)
SELECT written.source_id, written.key, is_new, was.occurred_at AS was_at, was.sequence AS was_sequence,
       coalesce(same_attempt, false) AS same_attempt
  FROM written LEFT JOIN was USING (source_id, key)
