WITH lacking AS (
  SELECT school_id, 'scope_without_material' AS what, ref FROM souschef.skill
   WHERE NOT EXISTS (SELECT FROM souschef.material_skill AS m WHERE m.skill_id = skill.id AND m.position = 0)
     AND EXISTS (SELECT FROM souschef.scope WHERE scope.skill_id = skill.id)
  UNION ALL
  SELECT school_id, 'skill_without_material', ref FROM souschef.skill
   WHERE NOT EXISTS (SELECT FROM souschef.material_skill AS m WHERE m.skill_id = skill.id AND m.position = 0)
     AND NOT EXISTS (SELECT FROM souschef.scope WHERE scope.skill_id = skill.id)
  UNION ALL
  SELECT school_id, 'material_without_skill', ref FROM souschef.material
   WHERE NOT EXISTS (SELECT FROM souschef.material_skill AS m WHERE m.material_id = material.id)
  UNION ALL
  SELECT school_id, 'item_without_skill', ref FROM souschef.item
   WHERE NOT EXISTS (SELECT FROM souschef.alignment WHERE alignment.item_id = item.id)
  UNION ALL
  SELECT school_id, 'class_without_scope', ref FROM souschef.class
   WHERE NOT EXISTS (SELECT FROM souschef.scope WHERE scope.class_id = class.id)
     AND EXISTS (SELECT FROM souschef.current_enrolment AS current WHERE current.class_id = class.id)
     -- While a school has loaded no scope at all, a class has the skills of its grade that have materials.
     AND (EXISTS (SELECT FROM souschef.scope WHERE scope.school_id = class.school_id) OR NOT EXISTS (
       SELECT FROM souschef.skill JOIN souschef.material_skill AS m ON m.skill_id = skill.id AND m.position = 0
        WHERE skill.school_id = class.school_id AND skill.grade = class.grade))
  UNION ALL
  SELECT person.school_id, 'enrolment_ended', person.ref FROM souschef.person
   WHERE person.active AND EXISTS (
     SELECT FROM souschef.enrolment JOIN souschef.assignment AS open
         ON open.student_id = person_id AND open.class_id = enrolment.class_id
        AND open.state IN ('proposed', 'assigned', 'started')
      WHERE person_id = person.id AND enrolment.role = 'student' AND left_at IS NULL
        AND enrolment.ended_at <= (SELECT souschef.clock()) AND NOT EXISTS (
          SELECT FROM souschef.current_enrolment AS current
           WHERE (current.student_id, current.class_id) = (person.id, enrolment.class_id)))
  UNION ALL
  SELECT school_id, 'student_without_class', ref FROM souschef.person
   WHERE role = 'student' AND active
     AND NOT EXISTS (SELECT FROM souschef.current_enrolment AS current WHERE current.student_id = person.id))
SELECT school.ref, what, count(*), (array_agg(lacking.ref ORDER BY lacking.ref))[1:3]
  FROM lacking JOIN souschef.school ON school.id = school_id
 GROUP BY school.ref, what ORDER BY school.ref, what
