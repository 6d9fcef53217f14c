-- 0009_lock_order.sql: whoever locks several rows locks them in one order.
--
-- Two who need the same rows and take them in different orders can wait for each other, and PostgreSQL ends one of them with
-- 40P01.  So could a claim of an address pair and the repair of a conflict, which both lock two conversations; whatever event or
-- status locked a conversation or an address before a customer, and a merge or an erasure, which began with the customer; and a
-- relay that claims several lanes, and an erasure, which takes what is forgotten out of several jobs.
--
-- Locks are taken in this order everywhere: address pair, conversations, the decision of routing, SID, customers, their
-- addresses, threads, texts, caller, then those of the queue: dead letters, seen, lane, job.
-- Conversations among each other: all that are needed are made first, then locked, both in the order of their SIDs.
-- Customers, dead letters and jobs: in the order of their keys.
-- Whoever passes over what is locked (route_unrouted, claim, housekeeping) may take that in any order.  One does not keep it: an
-- import takes customers line by line, so two imports of the same customers, or one and a merge, may still end with 40P01, and are
-- run again.

DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate')); END $$;
SET LOCAL ROLE frontline_owner;

-- ------------------------------------------------------------------------------------------------------ conversations
-- Who claims a pair needs the open conversation that has it too.  Nobody else can get the pair while its lock is held, so those
-- found here are all.  One that is made is seen by nobody before it is committed: nobody can wait for it but in the making, and
-- has locked no other conversation then.
CREATE FUNCTION frontline.lock_conversations(p_sids text[], p_at timestamptz, p_address text, p_proxy_address text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF p_address <> '' AND p_proxy_address <> '' THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_address || ' ' || p_proxy_address, 0));
  END IF;
  INSERT INTO frontline.conversation (conversation_sid, initiated_by, created_at)
  SELECT s.sid, 'system', coalesce(p_at, clock_timestamp()) FROM unnest(p_sids) AS s (sid)
   WHERE NOT EXISTS (SELECT FROM frontline.conversation c WHERE c.conversation_sid = s.sid) ORDER BY s.sid
  ON CONFLICT DO NOTHING;
  PERFORM FROM frontline.conversation c
    WHERE c.conversation_sid = ANY (p_sids || ARRAY(SELECT o.conversation_sid FROM frontline.conversation o
                                                     WHERE o.customer_address = p_address AND o.proxy_address = p_proxy_address AND o.state <> 'closed'))
    ORDER BY c.conversation_sid FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION frontline.lock_conversations(text[], timestamptz, text, text) IS
  'Locks conversations until the end of the transaction, makes those that are not there, and locks an address pair and whoever has it';

CREATE OR REPLACE FUNCTION frontline.hold_conversation(p_sid text, p_service_sid text, p_at timestamptz, p_address text, p_proxy_address text)
RETURNS frontline.conversation LANGUAGE plpgsql AS $$
DECLARE
  v frontline.conversation;
BEGIN
  IF p_address <> '' AND p_proxy_address <> '' THEN
    PERFORM frontline.lock_conversations(ARRAY[p_sid], p_at, p_address, p_proxy_address);
  END IF;
  -- most events are of one that is there, and of no pair: one statement is enough
  LOOP
    SELECT * INTO v FROM frontline.conversation c WHERE c.conversation_sid = p_sid FOR NO KEY UPDATE;
    EXIT WHEN FOUND;
    PERFORM frontline.lock_conversations(ARRAY[p_sid], p_at, NULL, NULL);
  END LOOP;
  v.service_sid := coalesce(v.service_sid, nullif(p_service_sid, ''));
  v.created_at := least(v.created_at, p_at);
  RETURN v;
END $$;

CREATE OR REPLACE FUNCTION frontline.note_conflict(p_conversation_sid text, p_other_sid text)
RETURNS TABLE (decision text, worker text, reason text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t     timestamptz := clock_timestamp();
  v     frontline.conversation;
  other frontline.conversation;
  third frontline.conversation;
  d     frontline.routing_decision;
  pair  text;
BEGIN
  SELECT * INTO v FROM frontline.conversation c WHERE c.conversation_sid = p_conversation_sid;
  IF NOT FOUND OR p_conversation_sid = p_other_sid THEN RETURN; END IF;
  pair := v.customer_address || ' ' || v.proxy_address;
  PERFORM frontline.lock_conversations(ARRAY[p_conversation_sid, p_other_sid], t, v.customer_address, v.proxy_address);
  other := frontline.hold_conversation(p_other_sid, v.service_sid, t, NULL, NULL);
  v := frontline.hold_conversation(p_conversation_sid, NULL, t, NULL, NULL);

  -- Twilio says that the other one is open, whatever we have heard; unless this one has got another pair meanwhile, whose lock
  -- we do not have: then it was not meant
  IF v.customer_address || ' ' || v.proxy_address = pair THEN
    IF other.state = 'closed' THEN
      other.state := 'active';
      other.state_changed_at := t;
      other.closed_at := NULL;
    END IF;
    FOR third IN SELECT * FROM frontline.conversation c
                  WHERE c.customer_address = v.customer_address AND c.proxy_address = v.proxy_address AND c.state <> 'closed'
                    AND c.conversation_sid NOT IN (p_conversation_sid, p_other_sid) LOOP
      PERFORM frontline.save_conversation(frontline.with_state(third, 'closed', t));
    END LOOP;
    other.customer_address := v.customer_address;
    other.proxy_address := v.proxy_address;
    other.customer_id := coalesce(other.customer_id, v.customer_id);
    IF other.initiated_by = 'system' THEN other.initiated_by := v.initiated_by; END IF;
    IF other.worker_id IS NULL AND v.worker_id IS NOT NULL THEN
      other.worker_id := v.worker_id;
      other.routed_at := coalesce(other.routed_at, t);
      INSERT INTO frontline.routing_decision (conversation_sid, decided_at, decision, worker_id, reason)
      VALUES (p_other_sid, t, 'routed', v.worker_id, 'it has the address pair that ' || p_conversation_sid || ' was routed for') RETURNING * INTO d;
    END IF;
    v.customer_address := NULL;
    v.proxy_address := NULL;
    v.worker_id := NULL;                                  -- it counts for nobody's capacity
    PERFORM frontline.save_conversation(v);
    PERFORM frontline.save_conversation(other);
    IF d.decision_id IS NOT NULL THEN PERFORM frontline.enqueue_worker(other, d); END IF;
  END IF;
  RETURN QUERY
  SELECT x.decision, w.identity, x.reason
    FROM frontline.route(other, NULL, t, other.worker_id IS NOT NULL) x
    LEFT JOIN frontline.worker w ON w.worker_id = x.worker_id;
END $$;

-- ----------------------------------------------------------------------------------------------------------- delivery
-- mark_reach locks the customers before it marks their address; an UPDATE alone would come to them by its trigger.
CREATE OR REPLACE FUNCTION frontline_api.delivery_updated(p_conversation_sid text, p_service_sid text, p_message_sid text, p_status text, p_error_code integer,
                                                          p_at timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t    timestamptz := coalesce(p_at, clock_timestamp());
  v    frontline.conversation;
  m    frontline.message;
  kind text;
  mkey text;
  rank integer := frontline.delivery_rank(lower(p_status));
BEGIN
  IF rank IS NULL THEN
    RETURN QUERY SELECT 'ignored', 'unknown status';
    RETURN;
  END IF;
  v := frontline.hold_conversation(p_conversation_sid, p_service_sid, t, NULL, NULL);
  PERFORM frontline.save_conversation(v);
  SELECT * INTO m FROM frontline.message x WHERE x.message_sid = p_message_sid;
  outcome := CASE WHEN m.message_sid IS NULL THEN 'new' ELSE 'changed' END;
  IF m.message_sid IS NULL THEN
    INSERT INTO frontline.message (message_sid, conversation_sid, direction, delivery_status, error_code, created_at)
    VALUES (p_message_sid, p_conversation_sid, 'outbound', lower(p_status), nullif(p_error_code, 0), t);
  ELSIF rank > coalesce(frontline.delivery_rank(m.delivery_status), -1) THEN
    UPDATE frontline.message x SET delivery_status = lower(p_status), error_code = nullif(p_error_code, 0)
     WHERE x.message_sid = m.message_sid AND x.created_at = m.created_at;
  ELSE
    outcome := 'same';
    RETURN NEXT;
    RETURN;
  END IF;

  -- what a state of delivery tells about the address
  kind := CASE WHEN v.customer_address LIKE 'whatsapp:%' THEN 'whatsapp' WHEN v.customer_address LIKE '+%' THEN 'sms' END;
  mkey := frontline.match_key(v.customer_address);
  IF p_error_code IN (21211, 30005, 30006, 63003) THEN
    PERFORM frontline.mark_reach(kind, mkey, t, NULL);
    note := 'the address cannot be reached';
  ELSIF p_error_code IN (21610, 63014, 63033) THEN
    IF kind IS NOT NULL AND NOT EXISTS (SELECT FROM frontline.consent_event e WHERE e.match_key = mkey AND e.channel_type = kind AND e.evidence = p_message_sid) THEN
      INSERT INTO frontline.consent_event (channel_type, match_key, state, source, evidence, occurred_at)
      VALUES (kind, mkey, 'opted_out', 'twilio_error', p_message_sid, t);
    END IF;
    note := 'the customer has opted out';
  ELSIF p_error_code = 63016 THEN
    note := 'outside the WhatsApp session: only an approved template is sent';
  ELSIF rank >= 5 THEN
    PERFORM frontline.mark_reach(kind, mkey, NULL, t);
  END IF;
  RETURN NEXT;
END $$;

-- ------------------------------------------------------------------------------------------------------ merge, erase
-- An event that gives a conversation a customer holds the conversation while it waits for the customer, and a merge gives a
-- customer one more whom it stands for.  Whoever gets the customers and then finds a conversation or a customer more lets go of
-- all, and begins again.
CREATE FUNCTION frontline.lock_customers(p_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  ids  bigint[];
  held text[];
BEGIN
  LOOP
    ids := ARRAY(SELECT c.customer_id FROM frontline.customer c WHERE c.customer_id = ANY (p_ids) OR c.merged_into_id = ANY (p_ids));
    -- an import, or a person, may have one of them for long: nobody's events wait for that
    BEGIN
      PERFORM FROM frontline.customer c WHERE c.customer_id = ANY (ids) ORDER BY c.customer_id FOR UPDATE;
      RAISE SQLSTATE 'FL001';
    EXCEPTION WHEN SQLSTATE 'FL001' THEN
      NULL;
    END;
    BEGIN
      held := ARRAY(SELECT v.conversation_sid FROM frontline.conversation v WHERE v.customer_id = ANY (ids)
                     ORDER BY v.conversation_sid FOR NO KEY UPDATE);
      PERFORM FROM frontline.customer c WHERE c.customer_id = ANY (ids) ORDER BY c.customer_id FOR UPDATE;
      IF NOT EXISTS (SELECT FROM frontline.conversation v WHERE v.customer_id = ANY (ids) AND v.conversation_sid <> ALL (held))
         AND NOT EXISTS (SELECT FROM frontline.customer c WHERE c.merged_into_id = ANY (p_ids) AND c.customer_id <> ALL (ids)) THEN
        RETURN;
      END IF;
      RAISE SQLSTATE 'FL001';
    EXCEPTION WHEN SQLSTATE 'FL001' THEN
      NULL;
    END;
  END LOOP;
END $$;
COMMENT ON FUNCTION frontline.lock_customers(bigint[]) IS
  'Locks customers, whoever was merged into them, and all their conversations until the end of the transaction; no conversation gets one of them meanwhile';

ALTER FUNCTION frontline.merge_customer(bigint, bigint) RENAME TO merge_rows;
REVOKE EXECUTE ON FUNCTION frontline.merge_rows(bigint, bigint) FROM frontline_dba;
COMMENT ON FUNCTION frontline.merge_rows(bigint, bigint) IS 'A part of frontline.merge_customer: everything but the locks';

CREATE FUNCTION frontline.merge_customer(p_from bigint, p_into bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM frontline.lock_customers(ARRAY[p_from, p_into]);
  PERFORM frontline.merge_rows(p_from, p_into);
END $$;
COMMENT ON FUNCTION frontline.merge_customer(bigint, bigint) IS
  'The first customer becomes part of the second: addresses, links and conversations move, and the old id answers as the new one for ever. Consent is of addresses, so it is kept';

-- Without the queue, whose turn is last: see erase_payloads.
CREATE OR REPLACE FUNCTION frontline.erase_texts(p_customer_ids bigint[], p_addresses text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone  text[] := ARRAY(SELECT DISTINCT frontline.match_key(a) FROM unnest(p_addresses) a);
  texts bigint[];
  h     frontline.text_thread;
BEGIN
  FOR h IN SELECT * FROM frontline.text_thread x
            WHERE x.erased_at IS NULL AND (x.customer_id = ANY (p_customer_ids) OR x.match_key = ANY (gone) AND x.kind || ':' || x.match_key = ANY (p_addresses))
            ORDER BY x.conversation_key FOR NO KEY UPDATE LOOP
    WITH e AS (UPDATE frontline.text_message x
                  SET body = NULL, media = NULL, author = NULL, reason = NULL, erased_at = clock_timestamp(),
                      external_id = CASE WHEN x.external_id IS NOT NULL THEN 'erased:' || x.text_id END
                WHERE x.thread_id = h.thread_id AND x.erased_at IS NULL RETURNING x.text_id)
    SELECT array_agg(e.text_id) INTO texts FROM e;
    DELETE FROM frontline.text_media x WHERE x.text_id = ANY (texts);
    -- an address that is somebody else's too goes on being that customer's
    IF h.kind || ':' || h.match_key = ANY (p_addresses) THEN
      UPDATE frontline.text_thread x SET conversation_key = NULL, customer_address = NULL, match_key = NULL, customer_id = NULL, profile_name = NULL,
                                         erased_at = clock_timestamp()
       WHERE x.thread_id = h.thread_id;
    ELSE
      UPDATE frontline.text_thread x SET customer_id = NULL, profile_name = NULL WHERE x.thread_id = h.thread_id;
    END IF;
  END LOOP;
  DELETE FROM frontline.caller c WHERE c.match_key = ANY (gone);
END $$;

CREATE FUNCTION frontline.tells_of_erased(p_payload jsonb) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN p_payload ?| ARRAY['display_name', 'avatar']
         AND EXISTS (SELECT FROM frontline.customer c WHERE c.customer_id = frontline.to_key(p_payload ->> 'customer_id') AND c.erased_at IS NOT NULL)
      OR p_payload ? 'reason'
         AND EXISTS (SELECT FROM frontline.text_message x WHERE x.text_id = frontline.to_key(p_payload ->> 'text_id') AND x.erased_at IS NOT NULL);
END $$;
COMMENT ON FUNCTION frontline.tells_of_erased(jsonb) IS 'Whether the payload of a job holds anything of an erased customer or text';

-- A job that is given up while it is waited for is a dead letter then: whoever finds one lets go of all, and begins again.
CREATE FUNCTION frontline.erase_payloads() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    BEGIN
      UPDATE frontline_queue.dead x SET payload = x.payload - 'display_name' - 'avatar' - 'reason'
       WHERE x.dead_id IN (SELECT q.dead_id FROM frontline_queue.dead q WHERE frontline.tells_of_erased(q.payload) ORDER BY q.dead_id FOR NO KEY UPDATE);
      UPDATE frontline_queue.job j SET payload = j.payload - 'display_name' - 'avatar' - 'reason'
       WHERE (j.destination_id, j.key, j.seq) IN (SELECT q.destination_id, q.key, q.seq FROM frontline_queue.job q WHERE frontline.tells_of_erased(q.payload)
                                                   ORDER BY q.destination_id, q.key, q.seq FOR NO KEY UPDATE);
      IF NOT EXISTS (SELECT FROM frontline_queue.dead q WHERE frontline.tells_of_erased(q.payload)) THEN RETURN; END IF;
      RAISE SQLSTATE 'FL001';
    EXCEPTION WHEN SQLSTATE 'FL001' THEN
      NULL;
    END;
  END LOOP;
END $$;
COMMENT ON FUNCTION frontline.erase_payloads() IS 'Takes names and pictures of erased customers, and what was said about their texts, out of the queue';

DROP TRIGGER erased ON frontline.customer;
DROP FUNCTION frontline.customer_erased();

ALTER FUNCTION frontline.erase_customer(bigint) RENAME TO erase_rows;
REVOKE EXECUTE ON FUNCTION frontline.erase_rows(bigint) FROM frontline_dba;
COMMENT ON FUNCTION frontline.erase_rows(bigint) IS 'A part of frontline.erase_customer: everything but the locks and the queue';

CREATE FUNCTION frontline.erase_customer(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM frontline.lock_customers(ARRAY[p_id]);
  PERFORM frontline.erase_rows(p_id);
  PERFORM frontline.erase_payloads();
END $$;
COMMENT ON FUNCTION frontline.erase_customer(bigint) IS
  'Forgets a person: names, addresses, links, the words of messages and texts, and audit values go, here and in every id merged into this one. The rows stay as tombstones; an opt-out stays as a keyed digest and still holds';

GRANT EXECUTE ON FUNCTION frontline.merge_customer(bigint, bigint), frontline.erase_customer(bigint) TO frontline_dba;

-- ------------------------------------------------------------------------------------------------------------- queue
-- Lanes are chosen by the time they have waited, and their jobs locked by their keys.
CREATE OR REPLACE FUNCTION frontline_queue.claim(p_destination text, p_n integer)
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
       ORDER BY l.ready_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED),
    taken AS (
      UPDATE frontline_queue.lane l SET ready_at = t + d.lease, token = nextval('frontline_queue.token_seq')
        FROM due WHERE l.destination_id = d.destination_id AND l.key = due.key
      RETURNING l.key, l.head_seq, l.token)
    SELECT * FROM taken ORDER BY taken.key
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

-- ------------------------------------------------------------------------------------------------------------ import
-- An import holds the customers of a whole file until its end.  Their keys do not change, so conversations may get them meanwhile.
DO $$ BEGIN
  EXECUTE replace(pg_get_functiondef('frontline_import.run(text, text)'::regprocedure), 'FOR UPDATE', 'FOR NO KEY UPDATE');
END $$;

INSERT INTO frontline.schema_migration (version, name) VALUES (9, '0009_lock_order.sql');
SET LOCAL ROLE NONE;
