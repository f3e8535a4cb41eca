WITH span AS MATERIALIZED (
  -- Before the first sweep everybody is as loaded: least() passes over null.
  SELECT now, least(now, to_timestamp((SELECT max(value) FROM souschef.tally WHERE name = :sweep)))
                - make_interval(secs => :overlap) AS since
    FROM (SELECT souschef.clock() OFFSET 0) AS clock(now))
SELECT school_id, student_id, max(at) FROM (
  SELECT school_id, person_id AS student_id, began_at AS at FROM souschef.enrolment
   WHERE role = 'student' AND began_at > (SELECT since FROM span) AND began_at <= (SELECT now FROM span)
  UNION ALL
  SELECT school_id, person_id, ended_at FROM souschef.enrolment
   WHERE role = 'student' AND ended_at > (SELECT since FROM span) AND ended_at <= (SELECT now FROM span)
  UNION ALL
  SELECT school_id, person_id, at FROM (
    SELECT enrolment.school_id, person_id, $grace_ends_at AS at FROM souschef.enrolment
      JOIN souschef.school ON school.id = enrolment.school_id
     WHERE role = 'student' AND left_at IS NULL
       -- Days are an hour longer or shorter where clocks are changed.
       AND ended_at > (SELECT since FROM span) - CAST(:grace AS interval) - interval '2 hours'
       AND ended_at <= (SELECT now FROM span) - CAST(:grace AS interval) + interval '2 hours') AS graced
   WHERE at > (SELECT since FROM span) AND at <= (SELECT now FROM span)) AS moment
 GROUP BY school_id, student_id ORDER BY student_id
