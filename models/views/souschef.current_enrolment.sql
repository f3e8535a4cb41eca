CREATE OR REPLACE VIEW souschef.current_enrolment WITH (security_invoker=true) AS
 SELECT enrolment.school_id,
    enrolment.class_id,
    enrolment.person_id AS student_id,
    enrolment.began_at
   FROM souschef.enrolment
     JOIN souschef.person ON person.id = enrolment.person_id
  WHERE enrolment.role = 'student'::text AND person.role = 'student'::text AND person.active AND enrolment.began_at <= (( SELECT souschef.clock() AS clock)) AND (enrolment.ended_at IS NULL OR enrolment.ended_at > (( SELECT souschef.clock() AS clock)));
