SELECT person.id AS student_id, $display_name AS name,
       found.why, found.at, found.about
  FROM souschef.current_enrolment AS current
  JOIN souschef.person ON person.id = current.student_id
  CROSS JOIN LATERAL (
    (SELECT 'help' AS why, fact.occurred_at AS at, material.title AS about FROM souschef.fact
       LEFT JOIN souschef.material ON material.id = (fact.value ->> 'material')::bigint
      WHERE fact.student_id = person.id AND fact.kind = 'help_requested'
        AND fact.occurred_at > (SELECT souschef.clock()) - make_interval(days => :days)
        AND NOT EXISTS (SELECT FROM souschef.fact AS later
              WHERE later.student_id = person.id AND later.kind = 'item_result' AND later.outcome = 1
                AND later.occurred_at > fact.occurred_at)
      ORDER BY fact.occurred_at DESC LIMIT 1)
    UNION ALL
    SELECT 'stuck', max(last.occurred_at), NULL FROM (
      SELECT outcome, occurred_at FROM souschef.fact
       WHERE student_id = person.id AND kind = 'item_result' AND outcome IS NOT NULL AND weight > 0
       ORDER BY occurred_at DESC, sequence DESC, key DESC LIMIT :wrong) AS last
     HAVING count(*) = :wrong AND max(last.outcome) = 0
        AND max(last.occurred_at) > (SELECT souschef.clock()) - make_interval(days => :days)) AS found
 WHERE current.class_id = :class
 ORDER BY found.at, person.id
