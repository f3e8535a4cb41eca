SELECT a.student_id, a.slot, a.reason, decision.record,
       extract(epoch FROM coalesce(a.ended_at, (SELECT souschef.clock())) - a.assigned_at)::float8 / 86400 AS days,
       next.answers, next.points
  FROM souschef.assignment AS a
  JOIN souschef.decision ON decision.id = a.decision_id
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS answers, coalesce(sum(outcome), 0)::float8 AS points FROM (
      SELECT fact.outcome
        FROM souschef.fact
        LEFT JOIN souschef.alignment ON fact.skill_id IS NULL AND alignment.item_id = fact.item_id
       WHERE fact.student_id = a.student_id AND fact.kind IN ('item_result', 'skill_result')
         AND fact.outcome IS NOT NULL AND fact.weight > 0 AND fact.occurred_at > a.assigned_at
         AND coalesce(fact.skill_id, alignment.skill_id) = a.skill_id
       ORDER BY fact.occurred_at, fact.sequence, fact.key LIMIT :most) AS first) AS next
 WHERE a.student_id = ANY(CAST(:students AS bigint[])) AND a.menu_position = 0
   AND (CAST(:class AS bigint) IS NULL OR coalesce(a.class_id, :class) = :class)
   AND a.assigned_at > (SELECT souschef.clock()) - make_interval(days => :days)
 ORDER BY a.student_id, a.id
