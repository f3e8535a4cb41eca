SELECT person.id, person.ref AS student,
       $display_name AS name,
       material.title AS material, skill.title AS skill, a.because_gap, a.because_interest, a.reason,
       gap.mastery, gap.low, gap.high, coalesce(CAST(:target AS double precision), gap.target) AS target, coalesce(gap.responses, 0) AS answers,
       topic.title AS topic, interest.value AS interest, interest.confidence, a.predicted_success,
       a.slot, decision.record, material.difficulty_known, material.learned_difficulty,
       (SELECT coalesce(array_agg(ARRAY[extract(epoch FROM occurred_at), outcome] ORDER BY n), '{}') FROM (
          SELECT fact.occurred_at, fact.outcome,
                 row_number() OVER (ORDER BY fact.occurred_at DESC, sequence DESC, fact.key DESC) AS n
            FROM souschef.fact
            LEFT JOIN souschef.alignment ON fact.skill_id IS NULL AND alignment.item_id = fact.item_id
           WHERE fact.student_id = person.id AND fact.kind = 'item_result' AND fact.outcome IS NOT NULL AND fact.weight > 0
             AND coalesce(fact.skill_id, alignment.skill_id) = a.skill_id AND fact.occurred_at <= decision.as_of
           ORDER BY n LIMIT :most) AS last) AS recent
  FROM souschef.assignment AS a
  JOIN souschef.person ON person.id = a.student_id
  JOIN souschef.material ON material.id = a.material_id
  JOIN souschef.skill ON skill.id = a.skill_id
  JOIN souschef.decision ON decision.id = a.decision_id
  LEFT JOIN souschef.skill_gap AS gap ON gap.student_id = person.id AND gap.skill_id = skill.id
  LEFT JOIN souschef.topic ON topic.school_id = person.school_id AND topic.ref = material.context
  LEFT JOIN souschef.interest ON interest.student_id = person.id AND interest.topic_id = topic.id
 WHERE a.state IN ('proposed', 'assigned', 'started') AND a.menu_position = 0 AND person.school_id = :school
   AND (CAST(:class AS bigint) IS NULL OR coalesce(a.class_id, :class) = :class AND EXISTS (
     SELECT FROM souschef.current_enrolment AS current
      WHERE current.student_id = person.id AND current.class_id = :class))
 ORDER BY person.ref, a.slot
