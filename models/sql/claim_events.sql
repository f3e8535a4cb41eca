WITH near AS MATERIALIZED (
  SELECT id, shard, attempts FROM souschef.inbox
   WHERE state = 'pending' AND kind = :kind AND school_id = :school AND attempts < :most
     AND next_attempt_at <= (SELECT souschef.clock())
     AND (leased_until IS NULL OR leased_until <= (SELECT souschef.clock()))
   ORDER BY id LIMIT :near
), first AS (
  SELECT attempts, (CAST(:sizes AS integer[]))[1 + least(attempts, :last_size)] AS size
    FROM near ORDER BY id LIMIT 1
), alike AS MATERIALIZED (
  SELECT near.id, near.shard FROM near, first WHERE near.attempts = first.attempts
), oldest AS MATERIALIZED (
  SELECT shard FROM alike GROUP BY shard ORDER BY min(id)
), free AS MATERIALIZED (
  SELECT shard FROM oldest WHERE pg_try_advisory_xact_lock(:lock + shard)
   LIMIT (SELECT CASE WHEN (SELECT count(*) FROM alike) > size THEN CAST(:some AS integer) END FROM first)
), due AS (
  SELECT id FROM alike WHERE shard IN (SELECT shard FROM free) OR NOT EXISTS (SELECT FROM free)
   ORDER BY id LIMIT (SELECT size FROM first)
), held AS MATERIALIZED (
  SELECT id, attempts, state FROM souschef.inbox WHERE id = ANY(ARRAY(SELECT id FROM due)) ORDER BY id
     FOR UPDATE SKIP LOCKED
)
UPDATE souschef.inbox SET attempts = inbox.attempts + 1, task_id = CAST(:task AS text),
       leased_until = (SELECT souschef.clock()) + make_interval(secs => :lease)
  FROM held, souschef.source
 WHERE inbox.id = held.id AND held.state = 'pending' AND held.attempts = (SELECT attempts FROM first)
   AND source.id = inbox.source_id
RETURNING inbox.id, inbox.source_id, source.format, source.surveys, source.settings ->> 'timezone' AS zone, inbox.received_at,
          inbox.shard, inbox.payload, inbox.attempts,
          inbox.code IS NOT DISTINCT FROM :again AS again, inbox.request_id
