-- 0008_metrics.sql: what monitoring is told of the database.
--
--   frontline_api.metrics()        -> rows of (name, label, value): names as in /metrics, without "frontline_"; label is a
--                                     destination or a table, NULL where there is only one value.  Programs ignore names that
--                                     they do not know.
--
-- Whoever looks, looks every few seconds, from every host.  So each table is read once, and no further than 200,000 rows: that
-- many jobs are an alarm in any case.

DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate')); END $$;
SET LOCAL ROLE frontline_owner;

CREATE FUNCTION frontline_api.metrics() RETURNS TABLE (name text, label text, value double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  most CONSTANT integer := 200000;
  t    timestamptz := clock_timestamp();
BEGIN
  RETURN QUERY
  WITH job AS (
    SELECT j.destination_id, count(*) AS jobs, min(j.created_at) AS oldest, count(j.wire_at) AS uncertain, min(j.wire_at) AS uncertain_since
      FROM (SELECT q.destination_id, q.created_at, q.wire_at FROM frontline_queue.job q LIMIT most) j GROUP BY j.destination_id
  ), lane AS (
    SELECT l.destination_id, count(*) FILTER (WHERE l.leased) AS leased, count(*) FILTER (WHERE NOT l.leased) AS waiting
      FROM (SELECT q.destination_id, q.token IS NOT NULL AND q.ready_at > t AS leased
              FROM frontline_queue.lane q WHERE q.head_seq <= q.last_seq LIMIT most) l GROUP BY l.destination_id
  ), dead AS (
    SELECT x.destination_id, count(*) AS letters
      FROM (SELECT q.destination_id FROM frontline_queue.dead q WHERE q.redriven_at IS NULL LIMIT most) x GROUP BY x.destination_id
  )
  SELECT v.name, d.name, v.value::double precision
    FROM frontline_queue.destination d
    LEFT JOIN job j USING (destination_id) LEFT JOIN lane l USING (destination_id) LEFT JOIN dead x USING (destination_id)
    CROSS JOIN LATERAL (VALUES
      ('queue_jobs',              coalesce(j.jobs, 0)),
      ('queue_oldest_seconds',    coalesce(greatest(extract(epoch FROM t - j.oldest), 0), 0)),
      ('queue_waiting_lanes',     coalesce(l.waiting, 0)),
      ('queue_leased_lanes',      coalesce(l.leased, 0)),
      ('queue_uncertain_jobs',    coalesce(j.uncertain, 0)),
      ('queue_uncertain_seconds', coalesce(greatest(extract(epoch FROM t - j.uncertain_since), 0), 0)),
      ('queue_dead_letters',      coalesce(x.letters, 0)),
      -- a pause for ever is one for a century
      ('queue_paused_seconds',    least(greatest(extract(epoch FROM d.paused_until) - extract(epoch FROM t), 0), 3e9))) v (name, value)
   ORDER BY v.name, d.name;

  RETURN QUERY
  SELECT 'queue_partition_missing', NULL::text,
         (to_regclass('frontline_queue.' || to_char((t AT TIME ZONE 'UTC')::date + 1, '"done_"YYYY_MM_DD')) IS NULL)::integer::double precision;

  RETURN QUERY
  SELECT 'queue_dead_rows', c.relname::text, pg_stat_get_dead_tuples(c.oid)::double precision
    FROM pg_class c WHERE c.oid IN ('frontline_queue.job'::regclass, 'frontline_queue.lane'::regclass);

  RETURN QUERY
  SELECT 'relay_connections', NULL::text, count(*)::double precision
    FROM pg_stat_activity a WHERE a.usename = 'frontline_relay' AND a.datname = current_database();

  -- a routing callback that is still under way is no loss, and where a rule says nobody, nobody is right
  RETURN QUERY
  WITH c AS MATERIALIZED (
    SELECT v.created_at
      FROM (SELECT q.conversation_sid, q.created_at FROM frontline.conversation q
             WHERE q.worker_id IS NULL AND q.state <> 'closed' AND q.customer_address IS NOT NULL AND q.created_at < t - interval '30 seconds'
             LIMIT 10000) v
     WHERE (SELECT r.decision FROM frontline.routing_decision r WHERE r.conversation_sid = v.conversation_sid
             ORDER BY r.decision_id DESC LIMIT 1) IS DISTINCT FROM 'nobody')
  SELECT x.name, NULL::text, x.value::double precision
    FROM (SELECT count(*) AS n, extract(epoch FROM t - min(c.created_at)) AS age FROM c) s
    CROSS JOIN LATERAL (VALUES ('conversations_without_worker', s.n::numeric),
                               ('conversations_without_worker_seconds', coalesce(s.age, 0))) x (name, value);

  RETURN QUERY
  SELECT 'texts_without_fate', NULL::text, count(*)::double precision
    FROM (SELECT FROM frontline.text_message x
           WHERE x.direction = 'outbound' AND x.message_sid IS NOT NULL AND x.status IN ('accepted', 'scheduled', 'queued', 'sending', 'sent')
             AND x.recorded_at > t - interval '48 hours' AND x.recorded_at <= t - interval '1 hour' LIMIT most) s;

  RETURN QUERY
  SELECT 'schema_version', NULL::text, frontline_api.schema_version()::double precision;
END $$;
COMMENT ON FUNCTION frontline_api.metrics() IS
  'What monitoring is told of the queue and of what is left over; no personal data. Reads every pending job, up to 200000: for once in 15 seconds';

GRANT EXECUTE ON FUNCTION frontline_api.metrics() TO frontline_fcgi;

INSERT INTO frontline.schema_migration (version, name) VALUES (8, '0008_metrics.sql');
SET LOCAL ROLE NONE;
