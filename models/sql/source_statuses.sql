WITH recent AS MATERIALIZED (
  SELECT source_id, received_at FROM souschef.inbox ORDER BY id DESC LIMIT :newest
), newest AS (
  SELECT source_id, max(received_at) AS last_event_at,
         count(*) FILTER (WHERE received_at > (SELECT souschef.clock()) - make_interval(mins => :minutes)) AS n
    FROM recent GROUP BY source_id
), came AS (
  SELECT source_id, max(day) AS last_day,
         coalesce(sum(count) FILTER (WHERE day = ((SELECT souschef.clock()) AT TIME ZONE 'UTC')::date), 0) AS n
    FROM souschef.door_count GROUP BY source_id
), open AS (
  SELECT source_id, count(*) FILTER (WHERE state = 'pending') AS waiting,
         min(received_at) FILTER (WHERE state = 'pending') AS oldest,
         count(*) FILTER (WHERE state = 'parked') AS parked,
         count(*) FILTER (WHERE state = 'quarantined') AS failed
    FROM souschef.inbox WHERE state IN ('pending', 'parked', 'quarantined') GROUP BY source_id)
SELECT school.ref AS school, source.name AS source, source.format, coalesce(came.n, 0)::bigint AS today,
       coalesce(newest.n, 0)::double precision / :minutes AS per_minute,
       coalesce(newest.n, 0) > 0 AND (SELECT sum(n) >= :newest FROM newest) AS at_least,
       newest.last_event_at, came.last_day,
       coalesce(open.waiting, 0) AS waiting,
       coalesce(extract(epoch FROM (SELECT souschef.clock()) - open.oldest), 0)::double precision
         AS waits_seconds,
       coalesce(open.parked, 0) AS parked, coalesce(open.failed, 0) AS failed,
       source.revoked_at IS NOT NULL AS revoked
  FROM souschef.source JOIN souschef.school ON school.id = source.school_id
  LEFT JOIN newest ON newest.source_id = source.id
  LEFT JOIN came ON came.source_id = source.id
  LEFT JOIN open ON open.source_id = source.id
 WHERE source.revoked_at IS NULL OR open.source_id IS NOT NULL
 ORDER BY school.ref, source.name
