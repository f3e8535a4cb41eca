SELECT person.id, person.ref AS student,
       $display_name AS name,
       gap.ref AS gap_skill, gap.title AS gap_title, gap.mastery, gap.low, gap.high,
       gap.skill_id AS gap_skill_id, gap.standing, gap.target AS gap_target, coalesce(gap.responses, 0) AS gap_responses,
       coalesce(state.facts, 0) AS responses,
       (SELECT coalesce(array_agg(title ORDER BY value * confidence DESC, title), '{}') FROM (
          SELECT topic.title, value, confidence
            FROM souschef.interest JOIN souschef.topic ON topic.id = topic_id
           WHERE student_id = person.id AND NOT vetoed AND value >= 0.6 AND confidence >= 0.3
           ORDER BY value * confidence DESC, topic.title LIMIT 3) AS liked) AS interests,
       given.id AS assignment, given.title AS material, given.skill, coalesce(given.contexts, '{}') AS contexts,
       coalesce(given.slots, 0) AS open_slots, given.state,
       coalesce(given.because_gap, '') AS because_gap, coalesce(given.because_interest, '') AS because_interest,
       coalesce(given.reason, '') AS reason,
       CASE WHEN given.id IS NULL
            THEN coalesce($nothing_in_class, state.nothing)
       END AS nothing
  FROM souschef.person
  LEFT JOIN souschef.learner_state AS state ON state.student_id = person.id
  LEFT JOIN LATERAL (
    SELECT skill.ref, skill.title, skill_gap.mastery, low, high, skill_gap.skill_id, standing, responses,
           coalesce(CAST(:target AS double precision), skill_gap.target) AS target FROM souschef.skill_gap
      JOIN souschef.skill ON skill.id = skill_id
     WHERE student_id = person.id AND mastery < coalesce(CAST(:target AS double precision), skill_gap.target)
       AND $skill_of_class
     ORDER BY coalesce(CAST(:target AS double precision), skill_gap.target) - mastery DESC, skill.ref LIMIT 1) AS gap
    ON true
  LEFT JOIN LATERAL (
    SELECT a.id, material.title, skill.ref AS skill, a.state, a.because_gap, a.because_interest, a.reason,
           (SELECT array_agg(m.context ORDER BY menu.menu_position) FROM souschef.assignment AS menu
              JOIN souschef.material AS m ON m.id = menu.material_id
             WHERE menu.student_id = a.student_id AND menu.slot = a.slot
               AND menu.state IN ('proposed', 'assigned', 'started')) AS contexts,
           count(*) OVER () AS slots
      FROM souschef.assignment AS a
      JOIN souschef.material ON material.id = a.material_id
      JOIN souschef.skill ON skill.id = a.skill_id
     WHERE a.student_id = person.id AND a.menu_position = 0
       AND a.state IN ('proposed', 'assigned', 'started')
       AND $task_of_class
     ORDER BY $order LIMIT 1) AS given ON true
 WHERE person.role = 'student' AND person.active AND person.school_id = :school
   AND $student_of_class
 ORDER BY person.family_name, person.given_name, person.ref
