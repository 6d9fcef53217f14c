-- 0004_queue.sql: frontline_queue, the way from a webhook to somebody else's API.
--
-- One lane for each (destination, sender), a sequence of jobs in each lane, and only the first job of a lane can be claimed:
-- so there is order within a lane, and lanes run side by side.  A claim is a lease with a token; whoever comes with an older
-- token is refused.  A job is marked before the first byte of its request leaves; a mark without an outcome means "uncertain".
--
-- Work enters by frontline_queue.enqueue, which no login may execute: the functions of frontline_api call it within the
-- webhook's own transaction, so that a job and what it is about are committed together, or neither.
--
-- What frontline-relay calls, each call a transaction of its own (destinations are named: conversations, twilio_messages,
-- front, users).  Every time is the database's: a relay need not have the right clock.
--
--   claim(destination, n)          -> up to n rows, one for each lane that is due: key, seq, token, job_id, kind, payload,
--                                     attempt (1 on the first claim), crashes (claims in a row that nobody reported on),
--                                     age_ms, lease_ms, wire_at and wire_uuid (set: uncertain), unsettled_ms (how long an
--                                     uncertain job must not be sent again), evidence (what the other side called it, if that
--                                     has been learnt), give_up (NULL, 'crashes' or 'age': give it up, unless evidence
--                                     says that it has arrived), marks (how many requests may have left).  Nothing while the
--                                     destination is paused.
--   mark_wire(destination, key, seq, token, uuid, need)
--                                  -> true: send now; false: the lease is lost or ends within need, do not send.
--   renew(destination, key, token) -> true: a whole lease from now on; false: the lane is somebody else's.
--   finish(destination, key, seq, token, outcome, external_id, error)
--                                  -> true: the job is done and the lane goes on; false: fenced off, nothing happened.
--                                     outcome: sent, unneeded (the other side had it already), reconciled, dead.
--   retry(destination, key, seq, token, delay, error, not_sent, refund)
--                                  -> true: due again after delay; false: fenced off.  not_sent: proven that this attempt was
--                                     never processed, takes back its mark.  refund: the attempt does not count (429, pause).
--   pause(destination, for, why)   nothing of this destination is claimed for so long; a shorter pause shortens nothing.
--   resume(destination)            ends it.
--   learn(wire_uuid, external_id, source)
--                                  what the other side said about a marked request, whoever heard it.
--   housekeeping(done_days, message_days, audit_days)
--                                  -> one row per task: task, rows, more.  Every hour, and again at once while a row says more.
--                                     Whoever comes while another relay is at it gets no rows.
--
-- LISTEN frontline_queue: the payload is the name of the destination in which a lane has got its first job, or which was
-- resumed.  It is a hint: a relay that never hears it must poll.
--
-- Idempotency: enqueue by (destination, dedupe), for 400 days; mark_wire, renew, finish, retry by the token; learn by wire_uuid.
-- Locks are taken in this order everywhere: seen, lane, job.

DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate')); END $$;
CREATE SCHEMA frontline_queue AUTHORIZATION frontline_owner;
SET LOCAL ROLE frontline_owner;
COMMENT ON SCHEMA frontline_queue IS 'Work for other people''s APIs, one lane per sender; frontline-relay takes it out';

-- ------------------------------------------------------------------------------------------------------------ tables
CREATE TABLE frontline_queue.destination (
  destination_id smallint PRIMARY KEY,
  name           text NOT NULL UNIQUE CHECK (name ~ '^[a-z][a-z_]{0,62}$'),
  lease          interval NOT NULL CHECK (lease >= '1 second'),
  settle         interval NOT NULL CHECK (settle >= '0'),
  max_crashes    integer NOT NULL CHECK (max_crashes > 0),
  max_age        interval NOT NULL CHECK (max_age > '0'),
  paused_until   timestamptz NOT NULL DEFAULT '-infinity',
  pause_reason   text CHECK (length(pause_reason) <= 500)
);
COMMENT ON TABLE  frontline_queue.destination                IS 'Who is called, and how patiently';
COMMENT ON COLUMN frontline_queue.destination.destination_id IS 'Key, given here';
COMMENT ON COLUMN frontline_queue.destination.name           IS 'What programs call it, and the payload of NOTIFY frontline_queue';
COMMENT ON COLUMN frontline_queue.destination.lease          IS 'How long a claim holds a lane: longer than a whole HTTP transfer may take';
COMMENT ON COLUMN frontline_queue.destination.settle         IS 'How long after its mark an uncertain request must not be sent again';
COMMENT ON COLUMN frontline_queue.destination.max_crashes    IS 'Claims in a row without any outcome after which a job is given up: it kills whoever takes it';
COMMENT ON COLUMN frontline_queue.destination.max_age        IS 'Age at which a job is given up: later it would do more harm than good';
COMMENT ON COLUMN frontline_queue.destination.paused_until   IS 'Nothing is claimed before this';
COMMENT ON COLUMN frontline_queue.destination.pause_reason   IS 'Why it is, or was, paused';

INSERT INTO frontline_queue.destination (destination_id, name, lease, settle, max_crashes, max_age) VALUES
  (1, 'conversations',   '60 s',  '0 s',  5, '24 hours'),    -- repeating does no harm: last write wins, 50433 is success
  (2, 'twilio_messages', '120 s', '60 s', 5, '4 hours'),
  (3, 'front',           '120 s', '60 s', 5, '48 hours'),
  (4, 'users',           '60 s',  '0 s',  5, '1 hour');

CREATE SEQUENCE frontline_queue.job_id_seq;
CREATE SEQUENCE frontline_queue.token_seq;

-- Both change with every job, so room is left in their pages and they are vacuumed by count, not by share.
CREATE TABLE frontline_queue.lane (
  destination_id smallint NOT NULL REFERENCES frontline_queue.destination,
  key            text NOT NULL CHECK (length(key) BETWEEN 1 AND 300),
  last_seq       bigint NOT NULL,
  head_seq       bigint NOT NULL DEFAULT 1,
  ready_at       timestamptz NOT NULL,
  token          bigint,
  PRIMARY KEY (destination_id, key),
  CONSTRAINT lane_head CHECK (head_seq BETWEEN 1 AND last_seq + 1)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX lane_due_idx ON frontline_queue.lane (destination_id, ready_at) WHERE head_seq <= last_seq;
COMMENT ON TABLE  frontline_queue.lane                IS 'Jobs that must keep their order; the unit of lease';
COMMENT ON COLUMN frontline_queue.lane.destination_id IS 'To whom';
COMMENT ON COLUMN frontline_queue.lane.key            IS 'Whose order: a conversation, a sender';
COMMENT ON COLUMN frontline_queue.lane.last_seq       IS 'Number of the last job that entered';
COMMENT ON COLUMN frontline_queue.lane.head_seq       IS 'Number of the job that is next; one more than last_seq when there is none';
COMMENT ON COLUMN frontline_queue.lane.ready_at       IS 'When it may be claimed: due time, end of back-off and end of lease in one, so a dead relay''s lane comes back by itself';
COMMENT ON COLUMN frontline_queue.lane.token          IS 'Token of the lease; NULL when nobody has one';

CREATE TABLE frontline_queue.job (
  destination_id smallint NOT NULL,
  key            text NOT NULL,
  seq            bigint NOT NULL,
  job_id         bigint NOT NULL,
  kind           text NOT NULL CHECK (kind ~ '^[a-z_]+(\.[a-z_]+)*$' AND length(kind) <= 64),
  payload        jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
  attempt        integer NOT NULL DEFAULT 0,
  outcomes       integer NOT NULL DEFAULT 0,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  wire_at        timestamptz,
  wire_before    timestamptz,
  wire_uuids     uuid[] NOT NULL DEFAULT '{}',
  last_error     text CHECK (length(last_error) <= 500),
  PRIMARY KEY (destination_id, key, seq)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE  frontline_queue.job                IS 'Work that is not done yet, and nothing else';
COMMENT ON COLUMN frontline_queue.job.destination_id IS 'Its lane,';
COMMENT ON COLUMN frontline_queue.job.key            IS 'its lane';
COMMENT ON COLUMN frontline_queue.job.seq            IS 'and its number there';
COMMENT ON COLUMN frontline_queue.job.job_id         IS 'Number over all lanes; the one that logs tell';
COMMENT ON COLUMN frontline_queue.job.kind           IS 'What is to be done, e.g. participant.add';
COMMENT ON COLUMN frontline_queue.job.payload        IS 'With what';
COMMENT ON COLUMN frontline_queue.job.attempt        IS 'How often it was claimed';
COMMENT ON COLUMN frontline_queue.job.outcomes       IS 'attempt as it was at the last retry; those claimed since have crashed';
COMMENT ON COLUMN frontline_queue.job.created_at     IS 'When it entered';
COMMENT ON COLUMN frontline_queue.job.wire_at        IS 'When a request was last about to leave, committed before its first byte; NULL: surely none did';
COMMENT ON COLUMN frontline_queue.job.wire_before    IS 'wire_at as it was before the current attempt: what stays uncertain when this attempt was not sent';
COMMENT ON COLUMN frontline_queue.job.wire_uuids     IS 'Names under which requests left, the latest last; evidence counts for any of them';
COMMENT ON COLUMN frontline_queue.job.last_error     IS 'Why the last attempt failed';

CREATE TABLE frontline_queue.seen (
  destination_id smallint NOT NULL,
  dedupe         text NOT NULL CHECK (length(dedupe) BETWEEN 1 AND 300),
  job_id         bigint NOT NULL,
  at             timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (destination_id, dedupe)
);
CREATE INDEX seen_at_idx ON frontline_queue.seen (at);
COMMENT ON TABLE  frontline_queue.seen                IS 'What has entered already. Kept for 400 days, since signatures of webhooks carry no date: this is what a replay meets';
COMMENT ON COLUMN frontline_queue.seen.destination_id IS 'To whom';
COMMENT ON COLUMN frontline_queue.seen.dedupe         IS 'Name of the work, the same for every repetition of a webhook';
COMMENT ON COLUMN frontline_queue.seen.job_id         IS 'Its job';
COMMENT ON COLUMN frontline_queue.seen.at             IS 'When it came first';

CREATE TABLE frontline_queue.sid (
  sid    text PRIMARY KEY CHECK (length(sid) BETWEEN 1 AND 300),
  job_id bigint NOT NULL,
  at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sid_at_idx ON frontline_queue.sid (at);
COMMENT ON TABLE  frontline_queue.sid        IS 'The other side''s ids that are bound to a job: reconciliation must not bind one twice';
COMMENT ON COLUMN frontline_queue.sid.sid    IS 'What the other side calls it';
COMMENT ON COLUMN frontline_queue.sid.job_id IS 'The job that made it';
COMMENT ON COLUMN frontline_queue.sid.at     IS 'Since when';

CREATE TABLE frontline_queue.evidence (
  wire_uuid   uuid PRIMARY KEY,
  external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 300),
  source      text NOT NULL CHECK (length(source) <= 64),
  at          timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX evidence_at_idx ON frontline_queue.evidence (at);
COMMENT ON TABLE  frontline_queue.evidence             IS 'Proof that a request arrived, although its answer was lost';
COMMENT ON COLUMN frontline_queue.evidence.wire_uuid   IS 'Name under which the request left';
COMMENT ON COLUMN frontline_queue.evidence.external_id IS 'What the other side made of it';
COMMENT ON COLUMN frontline_queue.evidence.source      IS 'Who said so: a status callback, a list';
COMMENT ON COLUMN frontline_queue.evidence.at          IS 'When we heard';

CREATE TABLE frontline_queue.done (
  destination_id smallint NOT NULL,
  key            text NOT NULL,
  seq            bigint NOT NULL,
  job_id         bigint NOT NULL,
  kind           text NOT NULL,
  attempts       integer NOT NULL,
  outcome        text NOT NULL CHECK (outcome IN ('sent', 'unneeded', 'reconciled', 'dead')),
  external_id    text,
  error          text,
  created_at     timestamptz NOT NULL,
  finished_at    timestamptz NOT NULL
) PARTITION BY RANGE (finished_at);
COMMENT ON TABLE  frontline_queue.done                IS 'What became of each job, one partition a day and no default one: a default would have to be locked for each new day';
COMMENT ON COLUMN frontline_queue.done.destination_id IS 'To whom';
COMMENT ON COLUMN frontline_queue.done.key            IS 'Its lane';
COMMENT ON COLUMN frontline_queue.done.seq            IS 'Its number there; a lane that was idle for a month begins again with 1';
COMMENT ON COLUMN frontline_queue.done.job_id         IS 'Number over all lanes';
COMMENT ON COLUMN frontline_queue.done.kind           IS 'What was to be done';
COMMENT ON COLUMN frontline_queue.done.attempts       IS 'How often it was claimed';
COMMENT ON COLUMN frontline_queue.done.outcome        IS 'sent; unneeded: the other side had it already; reconciled: sent, as it turned out later; dead: given up';
COMMENT ON COLUMN frontline_queue.done.external_id    IS 'What the other side calls it';
COMMENT ON COLUMN frontline_queue.done.error          IS 'Why it was given up';
COMMENT ON COLUMN frontline_queue.done.created_at     IS 'When it entered';
COMMENT ON COLUMN frontline_queue.done.finished_at    IS 'When it was over; chooses the partition';

CREATE TABLE frontline_queue.dead (
  dead_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  destination_id  smallint NOT NULL REFERENCES frontline_queue.destination,
  key             text NOT NULL,
  job_id          bigint NOT NULL,
  kind            text NOT NULL,
  payload         jsonb NOT NULL,
  attempts        integer NOT NULL,
  error           text,
  created_at      timestamptz NOT NULL,
  buried_at       timestamptz NOT NULL,
  redriven_at     timestamptz,
  redriven_job_id bigint,
  CONSTRAINT dead_redriven CHECK ((redriven_at IS NULL) = (redriven_job_id IS NULL))
);
CREATE INDEX dead_waiting_idx ON frontline_queue.dead (destination_id, buried_at) WHERE redriven_at IS NULL;
COMMENT ON TABLE  frontline_queue.dead                 IS 'Dead letters. They stay until somebody sends them again (frontline_queue.redrive) or deletes them';
COMMENT ON COLUMN frontline_queue.dead.dead_id         IS 'Key, given by the database';
COMMENT ON COLUMN frontline_queue.dead.destination_id  IS 'To whom';
COMMENT ON COLUMN frontline_queue.dead.key             IS 'Its lane';
COMMENT ON COLUMN frontline_queue.dead.job_id          IS 'The job that was given up';
COMMENT ON COLUMN frontline_queue.dead.kind            IS 'What was to be done';
COMMENT ON COLUMN frontline_queue.dead.payload         IS 'With what';
COMMENT ON COLUMN frontline_queue.dead.attempts        IS 'How often it was tried';
COMMENT ON COLUMN frontline_queue.dead.error           IS 'Why it was given up';
COMMENT ON COLUMN frontline_queue.dead.created_at      IS 'When it entered';
COMMENT ON COLUMN frontline_queue.dead.buried_at       IS 'When it was given up';
COMMENT ON COLUMN frontline_queue.dead.redriven_at     IS 'When it was sent on its way again; housekeeping removes the row 30 days later';
COMMENT ON COLUMN frontline_queue.dead.redriven_job_id IS 'As which job';

-- --------------------------------------------------------------------------------------------------- partitions of done
-- A job must never fail to finish because nobody kept house: then its effect would be there and its lane stuck.  So finish()
-- makes its own day if it has to.  LIKE and ATTACH lock out neither readers nor writers of the parent.
CREATE FUNCTION frontline_queue.ensure_done(p_day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  child text := to_char(p_day, '"done_"YYYY_MM_DD');
BEGIN
  IF to_regclass('frontline_queue.' || child) IS NOT NULL THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('frontline-queue-done'));
  -- by a query, since to_regclass would still answer from before the wait
  IF EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'frontline_queue'::regnamespace AND c.relname = child) THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE frontline_queue.%I (LIKE frontline_queue.done INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)', child);
  EXECUTE format('COMMENT ON TABLE frontline_queue.%I IS %L', child, format('Jobs that were over on %s, UTC', to_char(p_day, 'YYYY-MM-DD')));
  EXECUTE format('ALTER TABLE frontline_queue.done ATTACH PARTITION frontline_queue.%I FOR VALUES FROM (%L) TO (%L)', child,
                 to_char(p_day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(p_day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
  RETURN true;
END $$;
COMMENT ON FUNCTION frontline_queue.ensure_done(date) IS 'Makes the partition of done for one day, UTC, unless it is there; whether it made it';

-- ----------------------------------------------------------------------------------------------------------------- in
CREATE FUNCTION frontline_queue.enqueue(p_destination text, p_key text, p_dedupe text, p_kind text, p_payload jsonb,
                                        p_delay interval DEFAULT '0')
RETURNS TABLE (job_id bigint, fresh boolean)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  d     smallint;
  id    bigint := nextval('frontline_queue.job_id_seq');
  n     bigint;
  first boolean;
  t     timestamptz := clock_timestamp();
BEGIN
  SELECT x.destination_id INTO d FROM frontline_queue.destination x WHERE x.name = p_destination;
  IF NOT FOUND THEN RAISE EXCEPTION 'no destination %', p_destination; END IF;
  -- a twin that comes at the same time waits here for the first one's end
  INSERT INTO frontline_queue.seen (destination_id, dedupe, job_id) VALUES (d, p_dedupe, id) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN QUERY SELECT s.job_id, false FROM frontline_queue.seen s WHERE s.destination_id = d AND s.dedupe = p_dedupe;
    RETURN;
  END IF;
  -- the lane's row is locked until the end of the transaction, so numbers become visible in their order
  INSERT INTO frontline_queue.lane AS l (destination_id, key, last_seq, ready_at) VALUES (d, p_key, 1, t + p_delay)
  ON CONFLICT (destination_id, key) DO UPDATE
    SET last_seq = l.last_seq + 1, ready_at = CASE WHEN l.head_seq > l.last_seq THEN t + p_delay ELSE l.ready_at END
  RETURNING l.last_seq, l.head_seq = l.last_seq INTO n, first;
  INSERT INTO frontline_queue.job (destination_id, key, seq, job_id, kind, payload) VALUES (d, p_key, n, id, p_kind, p_payload);
  -- only then: NOTIFY takes a lock of the whole database at commit
  IF first THEN PERFORM pg_notify('frontline_queue', p_destination); END IF;
  RETURN QUERY SELECT id, true;
END $$;
COMMENT ON FUNCTION frontline_queue.enqueue(text, text, text, text, jsonb, interval) IS
  'Puts a job at the end of lane p_key, once for each p_dedupe: job_id and whether it is new. p_delay counts when the lane was empty; behind other jobs it means nothing';

-- ---------------------------------------------------------------------------------------------------------------- out
CREATE FUNCTION frontline_queue.claim(p_destination text, p_n integer)
RETURNS TABLE (key text, seq bigint, token bigint, job_id bigint, kind text, payload jsonb, attempt integer, crashes integer,
               age_ms bigint, lease_ms bigint, wire_at timestamptz, wire_uuid uuid, unsettled_ms bigint, evidence text, give_up text, marks integer)
LANGUAGE plpgsql SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  d    frontline_queue.destination;
  r    record;
  t    timestamptz := clock_timestamp();    -- a variable, since a volatile function is no index condition
  most integer := least(greatest(coalesce(p_n, 1), 0), 1000);
BEGIN
  SELECT * INTO d FROM frontline_queue.destination x WHERE x.name = p_destination;
  IF NOT FOUND THEN RAISE EXCEPTION 'no destination %', p_destination; END IF;
  IF d.paused_until > t THEN RETURN; END IF;
  FOR r IN
    -- materialized, because a planner that runs the LIMIT more than once would take more lanes than it returns
    WITH due AS MATERIALIZED (
      SELECT l.key FROM frontline_queue.lane l
       WHERE l.destination_id = d.destination_id AND l.head_seq <= l.last_seq AND l.ready_at <= t
       ORDER BY l.ready_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE frontline_queue.lane l SET ready_at = t + d.lease, token = nextval('frontline_queue.token_seq')
      FROM due WHERE l.destination_id = d.destination_id AND l.key = due.key
    RETURNING l.key, l.head_seq, l.token
  LOOP
    -- A statement of its own, hence with a snapshot of its own: the head is visible even if it was committed a moment ago.
    RETURN QUERY
    WITH j AS (UPDATE frontline_queue.job x SET attempt = x.attempt + 1
                WHERE x.destination_id = d.destination_id AND x.key = r.key AND x.seq = r.head_seq RETURNING x.*)
    SELECT j.key, j.seq, r.token, j.job_id, j.kind, j.payload, j.attempt, j.attempt - 1 - j.outcomes,
           (extract(epoch FROM t - j.created_at) * 1000)::bigint, (extract(epoch FROM d.lease) * 1000)::bigint,
           j.wire_at, CASE WHEN j.wire_at IS NOT NULL THEN j.wire_uuids[cardinality(j.wire_uuids)] END,
           greatest(ceil(extract(epoch FROM j.wire_at + d.settle - t) * 1000), 0)::bigint,
           (SELECT e.external_id FROM frontline_queue.evidence e WHERE e.wire_uuid = ANY (j.wire_uuids) ORDER BY e.at LIMIT 1),
           CASE WHEN j.attempt - 1 - j.outcomes >= d.max_crashes THEN 'crashes' WHEN t - j.created_at > d.max_age THEN 'age' END,
           coalesce(cardinality(j.wire_uuids), 0)
      FROM j;
    IF NOT FOUND THEN
      -- a job was deleted by hand: the others of its lane must not wait for it for ever
      RAISE WARNING 'lane % of %: job % is missing', r.key, p_destination, r.head_seq;
      UPDATE frontline_queue.lane l
         SET token = NULL, ready_at = t,
             head_seq = coalesce((SELECT min(x.seq) FROM frontline_queue.job x WHERE x.destination_id = d.destination_id AND x.key = r.key), l.last_seq + 1)
       WHERE l.destination_id = d.destination_id AND l.key = r.key;
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION frontline_queue.claim(text, integer) IS
  'Leases up to p_n (at most 1000) due lanes, the one that waited longest first, and returns the first job of each. give_up says why a job must be given up, unless there is evidence';

CREATE FUNCTION frontline_queue.mark_wire(p_destination text, p_key text, p_seq bigint, p_token bigint, p_uuid uuid, p_need interval)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d smallint := (SELECT x.destination_id FROM frontline_queue.destination x WHERE x.name = p_destination);
BEGIN
  PERFORM FROM frontline_queue.lane l
    WHERE l.destination_id = d AND l.key = p_key AND l.head_seq = p_seq AND l.token = p_token AND l.ready_at > clock_timestamp() + p_need
    FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE frontline_queue.job j SET wire_before = j.wire_at, wire_at = clock_timestamp(), wire_uuids = j.wire_uuids || p_uuid
   WHERE j.destination_id = d AND j.key = p_key AND j.seq = p_seq;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION frontline_queue.mark_wire(text, text, bigint, bigint, uuid, interval) IS
  'Before the first byte leaves: true when the lease is still held and lasts p_need longer; the request is then marked under p_uuid. False: do not send';

CREATE FUNCTION frontline_queue.renew(p_destination text, p_key text, p_token bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE frontline_queue.lane l SET ready_at = clock_timestamp() + d.lease FROM frontline_queue.destination d
   WHERE d.name = p_destination AND l.destination_id = d.destination_id AND l.key = p_key AND l.token = p_token;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION frontline_queue.renew(text, text, bigint) IS 'A whole lease from now on, if the lane is still held by this token';

CREATE FUNCTION frontline_queue.finish(p_destination text, p_key text, p_seq bigint, p_token bigint, p_outcome text, p_external_id text,
                                       p_error text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d smallint := (SELECT x.destination_id FROM frontline_queue.destination x WHERE x.name = p_destination);
  j frontline_queue.job;
  t timestamptz := clock_timestamp();
BEGIN
  -- to the back of the queue: one long lane must not starve the others
  UPDATE frontline_queue.lane l SET head_seq = l.head_seq + 1, token = NULL, ready_at = t
   WHERE l.destination_id = d AND l.key = p_key AND l.head_seq = p_seq AND l.token = p_token;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM frontline_queue.ensure_done((t AT TIME ZONE 'UTC')::date);
  DELETE FROM frontline_queue.job x WHERE x.destination_id = d AND x.key = p_key AND x.seq = p_seq RETURNING * INTO j;
  INSERT INTO frontline_queue.done (destination_id, key, seq, job_id, kind, attempts, outcome, external_id, error, created_at, finished_at)
  VALUES (d, p_key, p_seq, j.job_id, j.kind, j.attempt, p_outcome, p_external_id, left(coalesce(p_error, j.last_error), 500), j.created_at, t);
  IF p_external_id <> '' THEN
    INSERT INTO frontline_queue.sid (sid, job_id) VALUES (p_external_id, j.job_id) ON CONFLICT DO NOTHING;
  END IF;
  IF p_outcome = 'dead' THEN
    INSERT INTO frontline_queue.dead (destination_id, key, job_id, kind, payload, attempts, error, created_at, buried_at)
    VALUES (d, p_key, j.job_id, j.kind, j.payload, j.attempt, left(coalesce(p_error, j.last_error), 500), j.created_at, t);
  END IF;
  RETURN true;
END $$;
COMMENT ON FUNCTION frontline_queue.finish(text, text, bigint, bigint, text, text, text) IS
  'The job is over: sent, unneeded, reconciled or dead. False: another holder has the lane now, and nothing happened';

CREATE FUNCTION frontline_queue.retry(p_destination text, p_key text, p_seq bigint, p_token bigint, p_delay interval, p_error text,
                                      p_not_sent boolean, p_refund boolean)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d smallint := (SELECT x.destination_id FROM frontline_queue.destination x WHERE x.name = p_destination);
BEGIN
  UPDATE frontline_queue.lane l SET token = NULL, ready_at = clock_timestamp() + greatest(p_delay, '0')
   WHERE l.destination_id = d AND l.key = p_key AND l.head_seq = p_seq AND l.token = p_token;
  IF NOT FOUND THEN RETURN false; END IF;
  -- "not sent" speaks of this attempt only: an earlier one stays as uncertain as it was
  UPDATE frontline_queue.job j
     SET last_error = left(p_error, 500),
         wire_at = CASE WHEN p_not_sent THEN j.wire_before ELSE j.wire_at END,
         attempt = j.attempt - CASE WHEN p_refund THEN 1 ELSE 0 END,
         outcomes = j.attempt - CASE WHEN p_refund THEN 1 ELSE 0 END      -- nobody has crashed since
   WHERE j.destination_id = d AND j.key = p_key AND j.seq = p_seq;
  RETURN true;
END $$;
COMMENT ON FUNCTION frontline_queue.retry(text, text, bigint, bigint, interval, text, boolean, boolean) IS
  'The job is due again after p_delay. p_not_sent: this attempt surely was not processed. p_refund: it does not count. False: another holder has the lane now';

CREATE FUNCTION frontline_queue.pause(p_destination text, p_for interval, p_why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE frontline_queue.destination d SET paused_until = clock_timestamp() + p_for, pause_reason = left(p_why, 500)
   WHERE d.name = p_destination AND d.paused_until < clock_timestamp() + p_for;
END $$;
COMMENT ON FUNCTION frontline_queue.pause(text, interval, text) IS 'Nothing of this destination is claimed for so long; a longer pause that holds already stays';

CREATE FUNCTION frontline_queue.resume(p_destination text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE frontline_queue.destination d SET paused_until = '-infinity', pause_reason = NULL WHERE d.name = p_destination;
  PERFORM pg_notify('frontline_queue', p_destination);
END $$;
COMMENT ON FUNCTION frontline_queue.resume(text) IS 'Ends a pause, whatever its reason';

CREATE FUNCTION frontline_queue.learn(p_wire_uuid uuid, p_external_id text, p_source text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO frontline_queue.evidence (wire_uuid, external_id, source) VALUES (p_wire_uuid, p_external_id, p_source) ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION frontline_queue.learn(uuid, text, text) IS 'The other side has the request that left as p_wire_uuid; the first word counts';

CREATE FUNCTION frontline_queue.redrive(p_dead_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  x frontline_queue.dead;
  n bigint;
BEGIN
  SELECT * INTO x FROM frontline_queue.dead q WHERE q.dead_id = p_dead_id FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'no dead letter %', p_dead_id; END IF;
  IF x.redriven_job_id IS NOT NULL THEN RETURN x.redriven_job_id; END IF;
  SELECT e.job_id INTO n FROM frontline_queue.destination d
    CROSS JOIN LATERAL frontline_queue.enqueue(d.name, x.key, 'redrive:' || p_dead_id, x.kind, x.payload) e
   WHERE d.destination_id = x.destination_id;
  UPDATE frontline_queue.dead q SET redriven_at = clock_timestamp(), redriven_job_id = n WHERE q.dead_id = p_dead_id;
  RETURN n;
END $$;
COMMENT ON FUNCTION frontline_queue.redrive(bigint) IS
  'Puts a dead letter at the end of its lane once more, as a new job, and returns that job''s number; asked again it returns the same number and does nothing';

-- -------------------------------------------------------------------------------------------------------- housekeeping
-- A partition goes by DROP, which needs its parent for itself for a moment.  It is asked for last, for one partition in a
-- transaction, and not for longer than a tenth of a second: else every webhook would queue behind the one that waits.
CREATE FUNCTION frontline_queue.drop_oldest(p_parent regclass, p_form text, p_before date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
  child text;
BEGIN
  SELECT h.inhrelid::regclass::text INTO child
    FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
   WHERE h.inhparent = p_parent AND c.relname ~ '_[0-9]{4}(_[0-9]{2}){1,2}$'
     AND to_date(substring(c.relname FROM '[0-9]{4}(?:_[0-9]{2}){1,2}$'), p_form) < p_before
   ORDER BY c.relname LIMIT 1;
  IF NOT FOUND THEN RETURN 0; END IF;
  EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', p_parent, child);
  EXECUTE format('DROP TABLE %s', child);
  RETURN 1;
EXCEPTION WHEN lock_not_available THEN
  RETURN 0;
END $$;
COMMENT ON FUNCTION frontline_queue.drop_oldest(regclass, text, date) IS
  'Drops the oldest partition that begins before p_before; p_form is YYYY_MM or YYYY_MM_DD, as its name ends. 0: there is none, or somebody is using the table';

CREATE FUNCTION frontline_queue.housekeeping(p_done_days integer, p_message_days integer, p_audit_days integer)
RETURNS TABLE (task text, rows integer, more boolean)
LANGUAGE plpgsql SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
  batch CONSTANT integer := 1000;
  t     timestamptz := clock_timestamp();
  today date := (t AT TIME ZONE 'UTC')::date;
  x     record;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('frontline-housekeeping')) THEN RETURN; END IF;

  FOR x IN VALUES ('seen', interval '400 days'), ('sid', interval '400 days'), ('evidence', interval '30 days') LOOP
    EXECUTE format('DELETE FROM frontline_queue.%I WHERE ctid = ANY (ARRAY(SELECT ctid FROM frontline_queue.%1$I WHERE at < $1 ORDER BY at LIMIT $2))', x.column1)
      USING t - x.column2, batch;
    GET DIAGNOSTICS rows = ROW_COUNT;
    task := x.column1; more := rows = batch; RETURN NEXT;
  END LOOP;

  DELETE FROM frontline_queue.dead WHERE redriven_at < t - interval '30 days';
  GET DIAGNOSTICS rows = ROW_COUNT;
  task := 'dead'; more := false; RETURN NEXT;

  -- whoever writes into such a lane meanwhile waits, and makes it anew
  DELETE FROM frontline_queue.lane WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM frontline_queue.lane WHERE head_seq > last_seq AND ready_at < t - interval '30 days' LIMIT batch FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS rows = ROW_COUNT;
  task := 'lane'; more := rows = batch; RETURN NEXT;

  -- months that never had a partition of their own
  FOR x IN VALUES ('message', 'created_at', p_message_days), ('audit_log', 'at', p_audit_days) LOOP
    IF x.column3 > 0 THEN
      EXECUTE format('DELETE FROM frontline.%I WHERE ctid = ANY (ARRAY(SELECT ctid FROM frontline.%1$I WHERE %I < $1 LIMIT $2))', x.column1 || '_default', x.column2)
        USING t - make_interval(days => x.column3), batch;
      GET DIAGNOSTICS rows = ROW_COUNT;
      task := x.column1 || '_default'; more := rows = batch; RETURN NEXT;
    END IF;
  END LOOP;

  rows := 0;
  BEGIN
    FOR i IN 0 .. 3 LOOP
      rows := rows + frontline_queue.ensure_done(today + i)::integer;
    END LOOP;
    rows := rows + frontline.create_partitions(3);
  EXCEPTION WHEN lock_not_available THEN
    rows := 0;                                           -- there is time: it looks three days and three months ahead
  END;
  task := 'partitions_made'; more := false; RETURN NEXT;

  -- a month goes when the last of it is too old
  rows := frontline_queue.drop_oldest('frontline_queue.done', 'YYYY_MM_DD', today - greatest(coalesce(p_done_days, 7), 1));
  IF rows = 0 AND p_message_days > 0 THEN
    rows := frontline_queue.drop_oldest('frontline.message', 'YYYY_MM', date_trunc('month', today - p_message_days)::date);
  END IF;
  IF rows = 0 AND p_audit_days > 0 THEN
    rows := frontline_queue.drop_oldest('frontline.audit_log', 'YYYY_MM', date_trunc('month', today - p_audit_days)::date);
  END IF;
  task := 'partitions_dropped'; more := rows > 0; RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_queue.housekeeping(integer, integer, integer) IS
  'Removes what is too old, at most 1000 rows of a kind and one partition, and makes partitions ahead. Messages and audit go by whole months, so they stay at least so many days; NULL or 0 keeps them. more: call again';

-- -------------------------------------------------------------------------------------------------------------- health
CREATE VIEW frontline_queue.health AS
  SELECT d.name AS destination,
         (SELECT count(*) FROM frontline_queue.lane l WHERE l.destination_id = d.destination_id AND l.head_seq <= l.last_seq) AS lanes_pending,
         (SELECT count(*) FROM frontline_queue.job j WHERE j.destination_id = d.destination_id) AS jobs_pending,
         (SELECT count(*) FROM frontline_queue.lane l
           WHERE l.destination_id = d.destination_id AND l.head_seq <= l.last_seq AND l.token IS NOT NULL AND l.ready_at > clock_timestamp()) AS leased,
         coalesce((SELECT extract(epoch FROM clock_timestamp() - min(j.created_at)) FROM frontline_queue.job j
                    WHERE j.destination_id = d.destination_id), 0)::double precision AS oldest_seconds,
         (SELECT count(*) FROM frontline_queue.job j WHERE j.destination_id = d.destination_id AND j.wire_at IS NOT NULL) AS uncertain,
         coalesce((SELECT extract(epoch FROM clock_timestamp() - min(j.wire_at)) FROM frontline_queue.job j
                    WHERE j.destination_id = d.destination_id), 0)::double precision AS uncertain_seconds,
         (SELECT count(*) FROM frontline_queue.dead x WHERE x.destination_id = d.destination_id AND x.redriven_at IS NULL) AS dead,
         greatest(extract(epoch FROM d.paused_until) - extract(epoch FROM clock_timestamp()), 0)::double precision AS paused_seconds,
         d.pause_reason,
         to_regclass('frontline_queue.' || to_char((now() AT TIME ZONE 'UTC')::date + 1, '"done_"YYYY_MM_DD')) IS NULL AS partition_missing
    FROM frontline_queue.destination d;
COMMENT ON VIEW   frontline_queue.health                   IS 'How each destination does; no personal data. Reads every pending job: for once in 15 seconds';
COMMENT ON COLUMN frontline_queue.health.destination       IS 'Who is called';
COMMENT ON COLUMN frontline_queue.health.lanes_pending     IS 'Lanes with work';
COMMENT ON COLUMN frontline_queue.health.jobs_pending      IS 'Jobs not done';
COMMENT ON COLUMN frontline_queue.health.leased            IS 'Lanes that a relay has in hand now';
COMMENT ON COLUMN frontline_queue.health.oldest_seconds    IS 'Age of the oldest job: alarm at 2 minutes';
COMMENT ON COLUMN frontline_queue.health.uncertain         IS 'Jobs whose request is under way, or may have arrived';
COMMENT ON COLUMN frontline_queue.health.uncertain_seconds IS 'For how long the oldest of them: alarm at 5 minutes';
COMMENT ON COLUMN frontline_queue.health.dead              IS 'Dead letters that nobody has dealt with: alarm at 1';
COMMENT ON COLUMN frontline_queue.health.paused_seconds    IS 'How long nothing will be claimed yet: alarm at 5 minutes';
COMMENT ON COLUMN frontline_queue.health.pause_reason      IS 'Why';
COMMENT ON COLUMN frontline_queue.health.partition_missing IS 'Tomorrow has no partition of done: alarm, no relay keeps house. Jobs still finish';

SELECT frontline_queue.ensure_done((now() AT TIME ZONE 'UTC')::date + i) FROM generate_series(0, 3) i;

-- -------------------------------------------------------------------------------------------------------------- grants
GRANT USAGE ON SCHEMA frontline_queue TO frontline_relay, frontline_dba, frontline_monitor;
GRANT EXECUTE ON FUNCTION frontline_queue.claim(text, integer), frontline_queue.mark_wire(text, text, bigint, bigint, uuid, interval),
      frontline_queue.renew(text, text, bigint), frontline_queue.finish(text, text, bigint, bigint, text, text, text),
      frontline_queue.retry(text, text, bigint, bigint, interval, text, boolean, boolean), frontline_queue.learn(uuid, text, text),
      frontline_queue.housekeeping(integer, integer, integer) TO frontline_relay;
GRANT EXECUTE ON FUNCTION frontline_queue.pause(text, interval, text), frontline_queue.resume(text) TO frontline_relay, frontline_dba;
GRANT EXECUTE ON FUNCTION frontline_queue.redrive(bigint) TO frontline_dba;
GRANT SELECT, DELETE ON frontline_queue.dead TO frontline_dba;
GRANT SELECT ON frontline_queue.done, frontline_queue.destination TO frontline_dba;
GRANT SELECT ON frontline_queue.health TO frontline_dba, frontline_monitor;

INSERT INTO frontline.schema_migration (version, name) VALUES (4, '0004_queue.sql');
SET LOCAL ROLE NONE;
