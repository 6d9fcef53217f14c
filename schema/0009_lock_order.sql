-- 0009_lock_order.sql: whoever locks several conversations locks them in one order.
--
-- A claim of an address pair locked its conversation and then the one that has the pair; the repair of a conflict locked the other
-- conversation and then its own.  Two of these could wait for each other, and PostgreSQL ended one of them with 40P01.
--
-- Locks are taken in this order everywhere: address pair, conversations, the decision of routing, then those of the queue.
-- Conversations among each other: all that are needed are made first, then locked, both in the order of their SIDs.

DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate')); END $$;
SET LOCAL ROLE frontline_owner;

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
  LOOP
    PERFORM frontline.lock_conversations(ARRAY[p_sid], p_at, p_address, p_proxy_address);
    SELECT * INTO v FROM frontline.conversation c WHERE c.conversation_sid = p_sid;
    EXIT WHEN FOUND;
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

INSERT INTO frontline.schema_migration (version, name) VALUES (9, '0009_lock_order.sql');
SET LOCAL ROLE NONE;
