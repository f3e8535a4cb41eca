WITH asked AS MATERIALIZED (
  SELECT a.student_id, a.class_id, a.slot FROM souschef.assignment AS a
   WHERE a.id = ANY(CAST(:ids AS bigint[])) AND $may_decline)
UPDATE souschef.assignment AS menu
   SET state = 'withdrawn', reason = 'declined', ended_at = (SELECT souschef.clock()),
       version = learner_state.version + 1
  FROM asked JOIN souschef.learner_state ON learner_state.student_id = asked.student_id
 WHERE (menu.student_id, menu.slot) = (asked.student_id, asked.slot)
   AND menu.class_id IS NOT DISTINCT FROM asked.class_id
   AND menu.state IN ('proposed', 'assigned', 'started')
RETURNING menu.student_id, menu.id AS assignment_id, 'assignment' AS kind, menu.state, menu.version,
          menu.class_id, menu.material_id
