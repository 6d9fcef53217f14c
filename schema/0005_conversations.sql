-- 0005_conversations.sql: what the Conversations webhooks and the routing callback write, and what the relay repairs.
--
-- What frontline-fcgi calls, schema frontline_api.  One webhook is one call and one transaction, so an answer of 200 is given
-- after everything it says is committed, jobs included.  Events come twice, and in any order: whatever a function is told
-- about is made if it is not there, every call may be repeated, and the end is the same for every order.  Parameters that a
-- webhook lacks are NULL; an empty text is one that is lacking.
--
--   name_conversation(address)     -> customer_id, display_name, first_name, last_name, avatar, matches; no row when nobody has the
--                                     address.  For onConversationAdd, which has no SID yet: reads only.  matches above 1: log it.
--   The events.  Each            -> outcome (new, changed, same, ignored), note (what the log should tell, or NULL)
--   conversation_added(conversation_sid, service_sid, address, proxy_address, state, created, updated)     key: conversation
--   conversation_updated(conversation_sid, service_sid, state, updated)                                    latest counts
--   conversation_state_updated(conversation_sid, service_sid, state_to, at)                                latest counts, closed is final
--   conversation_removed(conversation_sid, service_sid, at)                                                counts as closed
--   participant_added(conversation_sid, service_sid, participant_sid, identity, address, proxy_address,
--                     customer_id, created)           key: participant.  customer_id: the one in Attributes, NULL if there is none
--   participant_removed(conversation_sid, service_sid, participant_sid, identity, removed)                 key: participant
--   message_added(conversation_sid, service_sid, message_sid, index, author, body, media, created)         key: message
--   message_updated(conversation_sid, service_sid, message_sid, index, author, body, media, created, updated)
--                                                     key: message; latest counts
--   message_removed(conversation_sid, service_sid, message_sid, created, removed)                          key: message; final
--   delivery_updated(conversation_sid, service_sid, message_sid, status, error_code, at)
--                                                     key: message and status, by rank, never down
--   Other events need no call.
--
--   route_conversation(conversation_sid, service_sid, address, proxy_address, state, default_worker)
--                                  -> decision, worker (identity or NULL), reason.  Key: conversation; a repetition answers what
--                                     was decided and does nothing.  decision: routed; kept: it had a worker already; nobody: a
--                                     rule says so; unrouted: nobody was found; closed.
--
-- What frontline-relay calls, schema frontline:
--
--   route_unrouted(age, default_worker, limit)
--                                  -> conversation_sid, decision, worker, reason of open conversations that have been without a
--                                     worker for so long, and were not tried since.  Not where Frontline itself routes (pool).
--   note_conflict(conversation_sid, other_sid)
--                                  -> decision, worker, reason of the other.  For 50416: the address pair is in other_sid, so
--                                     that becomes the pair's conversation and gets the worker.  May be repeated.
--   note_worker_added(conversation_sid, participant_sid, identity, added)
--                                  -> outcome, note.  participant.add is done: what is written over REST makes no webhook.  Key:
--                                     participant.  Without a participant SID (50433) there is nothing to note.
--   note_worker_refused(conversation_sid, identity)
--                                  -> whether anything changed.  Twilio will never take this worker into this conversation: it is
--                                     without a worker again, route_unrouted finds another one.
--   note_conversation_gone(conversation_sid)
--                                  -> outcome, note.  Twilio says it is closed, or does not know it: closed here too.
--   list_workers_to_poll(limit, interval)
--                                  -> identity of workers not asked about for so long; they count as asked about from now on, so
--                                     several relays share the roster.
--   note_worker(identity, sid, friendly_name, avatar, state, is_available)
--                                  -> changed, same, or unknown.  What Frontline's Users API answered; NULL changes nothing.
--   note_worker_absent(identity)   -> the same for a 404: not a user of Frontline, hence away.
--
-- Jobs that are put into destination conversations, lane = conversation SID:
--   participant.attributes  {conversation_sid, participant_sid, service_sid, customer_id, avatar, display_name}
--                           dedupe participant_sid.  Merge into what is there, overwrite nothing.
--   participant.add         {conversation_sid, service_sid, identity}   dedupe conversation_sid; when a conversation has lost its
--                           worker and gets one again, conversation_sid:decision_id
--   message.add             {conversation_sid, service_sid, body}   dedupe auto_reply:conversation_sid.  A rule's auto_reply,
--                           author system; not to an address that has opted out.
--
-- Locks are taken in this order everywhere: address pair, conversations, the decision of routing, then those of the queue.

DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate')); END $$;
SET LOCAL ROLE frontline_owner;

-- ------------------------------------------------------------------------------------------------------------ tables
ALTER TABLE frontline.conversation ADD COLUMN state_changed_at timestamptz;
ALTER TABLE frontline.conversation ADD COLUMN routing_tried_at timestamptz;
COMMENT ON COLUMN frontline.conversation.state_changed_at IS 'Since when state is known, by Twilio''s clock: an older event changes nothing';
COMMENT ON COLUMN frontline.conversation.routing_tried_at IS 'When routing last looked for a worker';

ALTER TABLE frontline.message ADD COLUMN edited_at timestamptz;
ALTER TABLE frontline.message ADD COLUMN removed_at timestamptz;
COMMENT ON COLUMN frontline.message.edited_at  IS 'When the text was last changed';
COMMENT ON COLUMN frontline.message.removed_at IS 'When it was removed at Twilio; text and media are gone then';
DO $$
DECLARE p regclass;
BEGIN                                                   -- a partition's columns carry its parent's comments
  FOR p IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'frontline.message'::regclass LOOP
    EXECUTE (SELECT string_agg(format('COMMENT ON COLUMN %s.%I IS %L', p, a.attname, col_description(a.attrelid, a.attnum)), '; ')
               FROM pg_attribute a WHERE a.attrelid = 'frontline.message'::regclass AND a.attname IN ('edited_at', 'removed_at'));
  END LOOP;
END $$;

ALTER TABLE frontline.team_worker ADD COLUMN last_turn bigint;
COMMENT ON COLUMN frontline.team_worker.last_turn IS 'The routing decision by which the team last gave this member a conversation; the smallest is next. Kept by routing';

COMMENT ON COLUMN frontline.worker.state IS
  'active, or deactivated: every callback of a deactivated worker is refused. Frontline''s word while the relay asks for it: deactivate a worker there (frontlinectl user set)';
COMMENT ON COLUMN frontline.routing_rule.open_hours IS
  'Matches inside (true) or outside (false) the working hours of the target; for target nobody those of the number''s holder. NULL matches both';
COMMENT ON COLUMN frontline.routing_rule.require_available IS
  'Only workers who are available and, unless open_hours is false, within their own working hours. False also takes workers who are away. Absence and capacity count always';

CREATE TABLE frontline.participant (
  participant_sid  text PRIMARY KEY CHECK (participant_sid ~ '^MB[0-9a-f]{32}$'),
  conversation_sid text NOT NULL REFERENCES frontline.conversation ON DELETE CASCADE,
  role             text NOT NULL CHECK (role IN ('customer', 'worker', 'other')),
  worker_id        bigint REFERENCES frontline.worker,
  added_at         timestamptz,
  removed_at       timestamptz,
  CONSTRAINT participant_worker CHECK ((role = 'worker') = (worker_id IS NOT NULL)),
  CONSTRAINT participant_known CHECK (num_nonnulls(added_at, removed_at) > 0)
);
CREATE INDEX participant_conversation_idx ON frontline.participant (conversation_sid, added_at);
COMMENT ON TABLE  frontline.participant                  IS 'Who is, or was, in a conversation; who may have left before we heard of the coming';
COMMENT ON COLUMN frontline.participant.participant_sid  IS 'Twilio''s SID, MB and 32 hex digits';
COMMENT ON COLUMN frontline.participant.conversation_sid IS 'The conversation';
COMMENT ON COLUMN frontline.participant.role             IS 'customer: has an address; worker: an identity of ours; other';
COMMENT ON COLUMN frontline.participant.worker_id        IS 'The worker';
COMMENT ON COLUMN frontline.participant.added_at         IS 'When it came, by Twilio''s clock; NULL when that event has not arrived';
COMMENT ON COLUMN frontline.participant.removed_at       IS 'When it left';

CREATE TABLE frontline.routing_decision (
  decision_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  conversation_sid text NOT NULL REFERENCES frontline.conversation ON DELETE CASCADE,
  decided_at       timestamptz NOT NULL,
  decision         text NOT NULL CHECK (decision IN ('routed', 'kept', 'nobody', 'unrouted', 'closed')),
  worker_id        bigint REFERENCES frontline.worker,
  rule_position    integer,
  reason           text NOT NULL CHECK (length(reason) <= 500),
  refused_at       timestamptz,
  CONSTRAINT routing_decision_worker CHECK ((decision IN ('routed', 'kept')) = (worker_id IS NOT NULL))
);
CREATE INDEX routing_decision_conversation_idx ON frontline.routing_decision (conversation_sid, decision_id);
COMMENT ON TABLE  frontline.routing_decision                  IS 'Who got which conversation, and why; a row more when a later decision is another one';
COMMENT ON COLUMN frontline.routing_decision.decision_id      IS 'Key, given by the database';
COMMENT ON COLUMN frontline.routing_decision.conversation_sid IS 'The conversation';
COMMENT ON COLUMN frontline.routing_decision.decided_at       IS 'When';
COMMENT ON COLUMN frontline.routing_decision.decision         IS 'routed; kept: it had a worker; nobody: a rule says so; unrouted: nobody was found; closed: too late';
COMMENT ON COLUMN frontline.routing_decision.worker_id        IS 'Who got it';
COMMENT ON COLUMN frontline.routing_decision.rule_position    IS 'The rule that decided, as it was numbered then; NULL for the default worker';
COMMENT ON COLUMN frontline.routing_decision.refused_at       IS 'When Twilio refused this worker for good: the conversation is not given to this one again';
COMMENT ON COLUMN frontline.routing_decision.reason           IS 'In words, with the rules that matched but found nobody';

CREATE TABLE frontline.worker_poll (
  worker_id bigint PRIMARY KEY REFERENCES frontline.worker ON DELETE CASCADE,
  polled_at timestamptz NOT NULL
);
CREATE INDEX worker_poll_at_idx ON frontline.worker_poll (polled_at);
COMMENT ON TABLE  frontline.worker_poll           IS 'When the relay last asked Frontline about each worker; apart from worker, whose changes are audited';
COMMENT ON COLUMN frontline.worker_poll.worker_id IS 'The worker';
COMMENT ON COLUMN frontline.worker_poll.polled_at IS 'When';

-- ----------------------------------------------------------------------------------------------------------- helpers
CREATE FUNCTION frontline.find_customer(p_address text, OUT customer_id bigint, OUT matches integer)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT c.customer_id, f.matches INTO customer_id, matches
    FROM frontline_api.customer_by_address(p_address) f
    JOIN frontline.customer c ON c.customer_id = frontline.to_key(f.customer_id);
END $$;
COMMENT ON FUNCTION frontline.find_customer(text) IS 'Key of the customer who has this address, and how many have it; NULL when nobody does';

-- Every event of a conversation goes through here, so they queue up for its row and see what the one before has done.  Two
-- conversations may claim one address pair; those who claim a pair queue up for the pair before they lock any conversation.
CREATE FUNCTION frontline.hold_conversation(p_sid text, p_service_sid text, p_at timestamptz, p_address text, p_proxy_address text)
RETURNS frontline.conversation LANGUAGE plpgsql AS $$
DECLARE
  v frontline.conversation;
BEGIN
  IF p_address <> '' AND p_proxy_address <> '' THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_address || ' ' || p_proxy_address, 0));
  END IF;
  LOOP
    SELECT * INTO v FROM frontline.conversation c WHERE c.conversation_sid = p_sid FOR NO KEY UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO frontline.conversation (conversation_sid, initiated_by, created_at) VALUES (p_sid, 'system', coalesce(p_at, clock_timestamp()))
    ON CONFLICT DO NOTHING;
  END LOOP;
  v.service_sid := coalesce(v.service_sid, nullif(p_service_sid, ''));
  v.created_at := least(v.created_at, p_at);
  RETURN v;
END $$;
COMMENT ON FUNCTION frontline.hold_conversation(text, text, timestamptz, text, text) IS
  'Locks a conversation until the end of the transaction, makes it if it is not there, and returns it with what p_at and p_service_sid add; save_conversation writes it';

CREATE FUNCTION frontline.save_conversation(v frontline.conversation) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE frontline.conversation c
     SET service_sid = v.service_sid, customer_id = v.customer_id, worker_id = v.worker_id, customer_address = v.customer_address,
         proxy_address = v.proxy_address, state = v.state, initiated_by = v.initiated_by, created_at = v.created_at, routed_at = v.routed_at,
         first_reply_at = v.first_reply_at, last_inbound_at = v.last_inbound_at, last_message_at = v.last_message_at, closed_at = v.closed_at,
         state_changed_at = v.state_changed_at, routing_tried_at = v.routing_tried_at
   WHERE c.conversation_sid = v.conversation_sid AND c IS DISTINCT FROM v;
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION frontline.save_conversation(frontline.conversation) IS 'Writes a conversation that hold_conversation gave; whether anything was new';

CREATE FUNCTION frontline.with_state(v frontline.conversation, p_state text, p_at timestamptz) RETURNS frontline.conversation
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF p_state = 'closed' THEN
    v.state := 'closed';
    v.closed_at := least(v.closed_at, p_at);
  ELSIF v.state <> 'closed' AND p_state IN ('initializing', 'active', 'inactive') AND (v.state_changed_at IS NULL OR p_at > v.state_changed_at) THEN
    v.state := p_state;
    v.state_changed_at := p_at;
  END IF;
  RETURN v;
END $$;
COMMENT ON FUNCTION frontline.with_state(frontline.conversation, text, timestamptz) IS 'The conversation in the state it had at p_at, unless a later one is known; closed is final';

-- Twilio allows one open conversation to a pair.  If another one has it here, an event was lost or is late: the younger of the
-- two is the one that has it at Twilio.
CREATE FUNCTION frontline.with_pair(v frontline.conversation, p_address text, p_proxy_address text, p_at timestamptz) RETURNS frontline.conversation
LANGUAGE plpgsql AS $$
DECLARE
  rival frontline.conversation;
BEGIN
  IF v.customer_address IS NOT NULL OR coalesce(p_address, '') = '' OR coalesce(p_proxy_address, '') = '' THEN RETURN v; END IF;
  SELECT * INTO rival FROM frontline.conversation c
   WHERE v.state <> 'closed' AND c.customer_address = p_address AND c.proxy_address = p_proxy_address AND c.state <> 'closed' AND c.conversation_sid <> v.conversation_sid
     FOR NO KEY UPDATE;
  IF FOUND THEN
    IF rival.created_at > v.created_at THEN RETURN v; END IF;
    PERFORM frontline.save_conversation(frontline.with_state(rival, 'closed', p_at));
  END IF;
  v.customer_address := p_address;
  v.proxy_address := p_proxy_address;
  RETURN v;
END $$;
COMMENT ON FUNCTION frontline.with_pair(frontline.conversation, text, text, timestamptz) IS
  'The conversation with this address pair, if it has none yet; an older open conversation that has the pair counts as closed, a younger one keeps it';

CREATE FUNCTION frontline.parse_json(p_text text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN p_text::jsonb;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;
COMMENT ON FUNCTION frontline.parse_json(text) IS 'Text as JSON; NULL when it is none';

-- ------------------------------------------------------------------------------------------------------------- naming
CREATE FUNCTION frontline_api.name_conversation(p_address text)
RETURNS TABLE (customer_id text, display_name text, first_name text, last_name text, avatar text, matches integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT f.customer_id, f.display_name, c.first_name, c.last_name, f.avatar, f.matches
    FROM frontline_api.customer_by_address(p_address) f
    LEFT JOIN frontline.customer c ON c.customer_id = frontline.to_key(f.customer_id);
END $$;
COMMENT ON FUNCTION frontline_api.name_conversation(text) IS
  'onConversationAdd: the customer who has this address, in any of the spellings that mean one handset; no row when nobody has it. Reads only';

-- ------------------------------------------------------------------------------------------------ events: conversation
CREATE FUNCTION frontline_api.conversation_added(p_conversation_sid text, p_service_sid text, p_address text, p_proxy_address text, p_state text,
                                                 p_created timestamptz, p_updated timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t timestamptz := coalesce(p_created, clock_timestamp());
  v frontline.conversation := frontline.hold_conversation(p_conversation_sid, p_service_sid, t, p_address, p_proxy_address);
BEGIN
  v := frontline.with_state(v, p_state, coalesce(p_updated, t));
  v := frontline.with_pair(v, p_address, p_proxy_address, t);
  v.customer_id := coalesce(v.customer_id, (frontline.find_customer(nullif(p_address, ''))).customer_id);
  IF v.initiated_by = 'system' THEN
    -- a conversation that begins with a message has the sender's address; one that a worker begins has nobody yet
    v.initiated_by := CASE WHEN p_address <> '' THEN 'customer' ELSE 'worker' END;
    outcome := 'new';
  END IF;
  IF frontline.save_conversation(v) THEN outcome := coalesce(outcome, 'changed'); ELSE outcome := 'same'; END IF;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.conversation_added(text, text, text, text, text, timestamptz, timestamptz) IS 'onConversationAdded';

CREATE FUNCTION frontline_api.conversation_updated(p_conversation_sid text, p_service_sid text, p_state text, p_updated timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t timestamptz := coalesce(p_updated, clock_timestamp());
BEGIN
  outcome := CASE WHEN frontline.save_conversation(frontline.with_state(
    frontline.hold_conversation(p_conversation_sid, p_service_sid, t, NULL, NULL), p_state, t)) THEN 'changed' ELSE 'same' END;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.conversation_updated(text, text, text, timestamptz) IS 'onConversationUpdated';

CREATE FUNCTION frontline_api.conversation_state_updated(p_conversation_sid text, p_service_sid text, p_state_to text, p_at timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT u.outcome, u.note FROM frontline_api.conversation_updated(p_conversation_sid, p_service_sid, p_state_to, p_at) u;
END $$;
COMMENT ON FUNCTION frontline_api.conversation_state_updated(text, text, text, timestamptz) IS 'onConversationStateUpdated';

CREATE FUNCTION frontline_api.conversation_removed(p_conversation_sid text, p_service_sid text, p_at timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT u.outcome, u.note FROM frontline_api.conversation_updated(p_conversation_sid, p_service_sid, 'closed', p_at) u;
END $$;
COMMENT ON FUNCTION frontline_api.conversation_removed(text, text, timestamptz) IS 'onConversationRemoved: closed, as far as we are concerned; the log keeps what was said';

-- ------------------------------------------------------------------------------------------------- events: participants
CREATE FUNCTION frontline.worker_in_charge(p_conversation_sid text) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT p.worker_id FROM frontline.participant p
           WHERE p.conversation_sid = p_conversation_sid AND p.role = 'worker' AND p.removed_at IS NULL
           ORDER BY p.added_at DESC, p.participant_sid DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION frontline.worker_in_charge(text) IS 'Of the workers in a conversation the one who came last';

CREATE FUNCTION frontline_api.participant_added(p_conversation_sid text, p_service_sid text, p_participant_sid text, p_identity text, p_address text,
                                                p_proxy_address text, p_customer_id text, p_created timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t timestamptz := coalesce(p_created, clock_timestamp());
  v frontline.conversation := frontline.hold_conversation(p_conversation_sid, p_service_sid, t, p_address, p_proxy_address);
  w bigint := (SELECT x.worker_id FROM frontline.worker x WHERE x.identity = nullif(p_identity, ''));
  p frontline.participant;
  f record;
  k bigint;
  c frontline.customer;
BEGIN
  SELECT * INTO p FROM frontline.participant x WHERE x.participant_sid = p_participant_sid;
  IF p.added_at IS NOT NULL THEN
    RETURN QUERY SELECT 'same', NULL::text;
    RETURN;
  END IF;
  INSERT INTO frontline.participant (participant_sid, conversation_sid, role, worker_id, added_at)
  VALUES (p_participant_sid, p_conversation_sid,
          CASE WHEN w IS NOT NULL THEN 'worker' WHEN p_address <> '' AND coalesce(p_identity, '') = '' THEN 'customer' ELSE 'other' END, w, t)
  ON CONFLICT (participant_sid) DO UPDATE SET role = excluded.role, worker_id = excluded.worker_id, added_at = excluded.added_at
  RETURNING * INTO p;
  outcome := 'new';

  IF p.role = 'worker' THEN
    v.worker_id := coalesce(frontline.worker_in_charge(p_conversation_sid), v.worker_id);
    v.routed_at := least(v.routed_at, t);
  ELSIF p.role = 'customer' THEN
    f := frontline.find_customer(p_address);
    -- what the app has chosen among several customers counts, if that customer really has the address
    k := frontline.live_customer(p_customer_id);
    IF NOT EXISTS (SELECT FROM frontline.channel h WHERE h.customer_id = k AND h.match_key = frontline.match_key(p_address)) THEN k := f.customer_id; END IF;
    IF f.matches > 1 THEN note := format('%s customers have this address, customer %s was taken', f.matches, k); END IF;
    v.customer_id := coalesce(v.customer_id, k);
    IF p.removed_at IS NULL THEN
      v := frontline.with_pair(v, p_address, p_proxy_address, t);
      IF k IS NOT NULL THEN
        SELECT * INTO c FROM frontline.customer x WHERE x.customer_id = k;
        PERFORM frontline.save_conversation(v);
        PERFORM frontline_queue.enqueue('conversations', p_conversation_sid, p_participant_sid, 'participant.attributes',
          jsonb_build_object('conversation_sid', p_conversation_sid, 'participant_sid', p_participant_sid, 'service_sid', v.service_sid,
                             'customer_id', k::text, 'avatar', c.avatar, 'display_name', c.display_name));
      END IF;
    END IF;
  ELSE
    outcome := 'ignored';
    note := 'neither an address nor the identity of a worker';
  END IF;
  PERFORM frontline.save_conversation(v);
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.participant_added(text, text, text, text, text, text, text, timestamptz) IS
  'onParticipantAdded: a customer is tied to the conversation, and its participant gets customer_id, avatar and display_name by a job; a worker is put in charge';

CREATE FUNCTION frontline_api.participant_removed(p_conversation_sid text, p_service_sid text, p_participant_sid text, p_identity text,
                                                  p_removed timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t timestamptz := coalesce(p_removed, clock_timestamp());
  v frontline.conversation := frontline.hold_conversation(p_conversation_sid, p_service_sid, t, NULL, NULL);
  w bigint := (SELECT x.worker_id FROM frontline.worker x WHERE x.identity = nullif(p_identity, ''));
  p frontline.participant;
BEGIN
  SELECT * INTO p FROM frontline.participant x WHERE x.participant_sid = p_participant_sid;
  IF p.removed_at IS NOT NULL THEN
    RETURN QUERY SELECT 'same', NULL::text;
    RETURN;
  END IF;
  INSERT INTO frontline.participant (participant_sid, conversation_sid, role, worker_id, removed_at)
  VALUES (p_participant_sid, p_conversation_sid, CASE WHEN w IS NOT NULL THEN 'worker' ELSE 'other' END, w, t)
  ON CONFLICT (participant_sid) DO UPDATE SET removed_at = excluded.removed_at
  RETURNING * INTO p;
  IF p.role = 'worker' THEN
    v.worker_id := coalesce(frontline.worker_in_charge(p_conversation_sid), nullif(v.worker_id, p.worker_id));
  ELSIF p.role = 'customer' AND NOT EXISTS (SELECT FROM frontline.participant x WHERE x.conversation_sid = p_conversation_sid
                                               AND x.role = 'customer' AND x.removed_at IS NULL) THEN
    v.customer_address := NULL;                          -- the pair is free for another conversation
    v.proxy_address := NULL;
  END IF;
  PERFORM frontline.save_conversation(v);
  outcome := 'changed';
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.participant_removed(text, text, text, text, timestamptz) IS
  'onParticipantRemoved: a worker who leaves is no longer in charge, and the conversation is routed again if nobody is; a customer who leaves frees the address pair';

-- ----------------------------------------------------------------------------------------------------- events: messages
CREATE FUNCTION frontline.is_inbound(v frontline.conversation, p_author text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF coalesce(p_author, '') IN ('', 'system') OR EXISTS (SELECT FROM frontline.worker w WHERE w.identity = p_author) THEN RETURN false; END IF;
  IF p_author ~ '^([a-z]+:)?\+[1-9][0-9]{1,14}$' THEN
    RETURN NOT EXISTS (SELECT FROM frontline.proxy_address a WHERE a.address = p_author);
  END IF;
  RETURN p_author IS NOT DISTINCT FROM v.customer_address OR EXISTS (SELECT FROM frontline.channel h WHERE h.type = 'chat' AND h.match_key = p_author);
END $$;
COMMENT ON FUNCTION frontline.is_inbound(frontline.conversation, text) IS 'Whether a message of this author comes from the customer';

-- Three events tell of a message, and any may be the first.  The conversation is locked, so there is one row.
CREATE FUNCTION frontline.note_message(p_conversation_sid text, p_service_sid text, p_message_sid text, p_index integer, p_author text, p_body text,
                                       p_media text, p_created timestamptz, p_edited timestamptz, p_removed timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  t   timestamptz := coalesce(p_created, p_edited, p_removed, clock_timestamp());
  v   frontline.conversation := frontline.hold_conversation(p_conversation_sid, p_service_sid, t, NULL, NULL);
  old frontline.message;
  new frontline.message;
BEGIN
  SELECT * INTO old FROM frontline.message m WHERE m.message_sid = p_message_sid;
  IF old.message_index IS NOT NULL AND old.author IS NULL THEN RETURN 'same'; END IF;      -- erased: a repetition brings nothing back
  new := old;
  new.message_sid := p_message_sid;
  new.conversation_sid := p_conversation_sid;
  new.message_index := coalesce(p_index, old.message_index);
  new.author := coalesce(old.author, nullif(p_author, ''));
  new.direction := CASE WHEN new.author IS NULL THEN coalesce(old.direction, 'outbound')
                        WHEN frontline.is_inbound(v, new.author) THEN 'inbound' ELSE 'outbound' END;
  new.created_at := coalesce(p_created, old.created_at, t);
  new.removed_at := least(old.removed_at, p_removed);
  new.edited_at := greatest(old.edited_at, p_edited);
  IF new.removed_at IS NOT NULL THEN
    new.body := NULL;
    new.media := NULL;
  ELSIF p_edited > coalesce(old.edited_at, '-infinity') OR old.edited_at IS NULL AND old.author IS NULL THEN
    -- the first text, or a later one than we have
    new.body := p_body;
    new.media := frontline.parse_json(nullif(p_media, ''));
  END IF;

  IF new.author IS NOT NULL AND p_created IS NOT NULL THEN
    v.last_message_at := greatest(v.last_message_at, p_created);
    IF new.direction = 'inbound' THEN
      v.last_inbound_at := greatest(v.last_inbound_at, p_created);
    ELSIF EXISTS (SELECT FROM frontline.worker w WHERE w.identity = new.author) THEN
      v.first_reply_at := least(v.first_reply_at, p_created);
    END IF;
  END IF;
  PERFORM frontline.save_conversation(v);

  IF old.message_sid IS NULL THEN
    INSERT INTO frontline.message (message_sid, conversation_sid, message_index, direction, author, body, media, created_at, edited_at, removed_at)
    VALUES (new.message_sid, new.conversation_sid, new.message_index, new.direction, new.author, new.body, new.media, new.created_at, new.edited_at, new.removed_at);
    RETURN 'new';
  ELSIF new IS DISTINCT FROM old THEN
    UPDATE frontline.message m
       SET message_index = new.message_index, direction = new.direction, author = new.author, body = new.body, media = new.media,
           created_at = new.created_at, edited_at = new.edited_at, removed_at = new.removed_at
     WHERE m.message_sid = old.message_sid AND m.created_at = old.created_at;
    RETURN 'changed';
  END IF;
  RETURN 'same';
END $$;
COMMENT ON FUNCTION frontline.note_message(text, text, text, integer, text, text, text, timestamptz, timestamptz, timestamptz) IS
  'Writes what an event says about a message and its conversation: new, changed, same';

CREATE FUNCTION frontline_api.message_added(p_conversation_sid text, p_service_sid text, p_message_sid text, p_index integer, p_author text, p_body text,
                                            p_media text, p_created timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  outcome := frontline.note_message(p_conversation_sid, p_service_sid, p_message_sid, p_index, p_author, p_body, p_media,
                                    coalesce(p_created, clock_timestamp()), NULL, NULL);
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.message_added(text, text, text, integer, text, text, text, timestamptz) IS
  'onMessageAdded: the log gets a row; the conversation learns when the customer last wrote and when a worker first did';

CREATE FUNCTION frontline_api.message_updated(p_conversation_sid text, p_service_sid text, p_message_sid text, p_index integer, p_author text, p_body text,
                                              p_media text, p_created timestamptz, p_updated timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  outcome := frontline.note_message(p_conversation_sid, p_service_sid, p_message_sid, p_index, p_author, p_body, p_media, p_created,
                                    coalesce(p_updated, clock_timestamp()), NULL);
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.message_updated(text, text, text, integer, text, text, text, timestamptz, timestamptz) IS
  'onMessageUpdated: the latest text counts';

CREATE FUNCTION frontline_api.message_removed(p_conversation_sid text, p_service_sid text, p_message_sid text, p_created timestamptz, p_removed timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  outcome := frontline.note_message(p_conversation_sid, p_service_sid, p_message_sid, NULL, NULL, NULL, NULL, p_created, NULL,
                                    coalesce(p_removed, clock_timestamp()));
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.message_removed(text, text, text, timestamptz, timestamptz) IS
  'onMessageRemoved: text and media go, the row stays, so that a late onMessageAdded does not bring them back';

CREATE FUNCTION frontline.delivery_rank(p_status text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_status IN ('accepted', 'scheduled') THEN 0 WHEN p_status = 'queued' THEN 1 WHEN p_status = 'sending' THEN 2 WHEN p_status = 'sent' THEN 3
              WHEN p_status IN ('undelivered', 'failed', 'canceled') THEN 4 WHEN p_status = 'delivered' THEN 5 WHEN p_status = 'read' THEN 6 END $$;
COMMENT ON FUNCTION frontline.delivery_rank(text) IS
  'Order in which states of delivery follow each other; NULL for an unknown word. That it arrived after all counts more than that it did not';

CREATE FUNCTION frontline_api.delivery_updated(p_conversation_sid text, p_service_sid text, p_message_sid text, p_status text, p_error_code integer,
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
    UPDATE frontline.channel h SET invalid_at = t WHERE h.type = kind AND h.match_key = mkey AND h.invalid_at IS NULL;
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
    UPDATE frontline.channel h SET invalid_at = NULL WHERE h.type = kind AND h.match_key = mkey AND h.invalid_at < t;
  END IF;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.delivery_updated(text, text, text, text, integer, timestamptz) IS
  'onDeliveryUpdated: the highest state stays. An address that cannot be reached is marked so until something arrives there; an opt-out is taken down';

-- ------------------------------------------------------------------------------------------------------------- routing
CREATE FUNCTION frontline.is_open(p_team_id bigint, p_worker_id bigint, p_time_zone text, p_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  here timestamp := p_at AT TIME ZONE p_time_zone;
BEGIN
  RETURN EXISTS (SELECT FROM frontline.working_hours h
                  WHERE (h.team_id = p_team_id OR h.worker_id = p_worker_id) AND h.weekday = extract(isodow FROM here)
                    AND here::time >= h.opens AND here::time < h.closes)
      OR NOT EXISTS (SELECT FROM frontline.working_hours h WHERE h.team_id = p_team_id OR h.worker_id = p_worker_id);
END $$;
COMMENT ON FUNCTION frontline.is_open(bigint, bigint, text, timestamptz) IS 'Whether a team, or a worker, is within its working hours; without any it always is';

CREATE FUNCTION frontline.open_conversations(p_worker_id bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT count(*) FROM frontline.conversation v WHERE v.worker_id = p_worker_id AND v.state <> 'closed');
END $$;
COMMENT ON FUNCTION frontline.open_conversations(bigint) IS 'How many open conversations a worker is in charge of';

CREATE FUNCTION frontline.is_refused(p_conversation_sid text, p_worker_id bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM frontline.routing_decision d
                  WHERE d.conversation_sid = p_conversation_sid AND d.worker_id = p_worker_id AND d.refused_at IS NOT NULL);
END $$;
COMMENT ON FUNCTION frontline.is_refused(text, bigint) IS 'Whether Twilio has refused to take this worker into this conversation';

CREATE FUNCTION frontline.obstacle(w frontline.worker, p_open bigint, p_conversation_sid text, p_rule frontline.routing_rule, p_at timestamptz)
RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE
    WHEN w.state <> 'active' THEN 'deactivated'
    WHEN w.out_of_office @> p_at THEN 'out of office'
    WHEN p_rule.require_available AND NOT w.is_available THEN 'away'
    WHEN p_rule.require_available AND p_rule.open_hours IS NOT FALSE AND NOT frontline.is_open(NULL, w.worker_id, w.time_zone, p_at) THEN 'outside working hours'
    WHEN p_open >= w.capacity THEN 'full'
    -- whoever has left is not brought back
    WHEN EXISTS (SELECT FROM frontline.participant p WHERE p.conversation_sid = p_conversation_sid AND p.worker_id = w.worker_id AND p.removed_at IS NOT NULL)
      THEN 'gone from this conversation'
    WHEN frontline.is_refused(p_conversation_sid, w.worker_id) THEN 'refused by Twilio'
  END;
END $$;
COMMENT ON FUNCTION frontline.obstacle(frontline.worker, bigint, text, frontline.routing_rule, timestamptz) IS
  'Why this worker cannot take the conversation by this rule; NULL when nothing stands against it';

CREATE FUNCTION frontline.choose_worker(v frontline.conversation, p_default_worker text, p_at timestamptz,
                                        OUT decision text, OUT worker_id bigint, OUT rule frontline.routing_rule, OUT reason text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  r      frontline.routing_rule;
  w      frontline.worker;
  g      frontline.team;
  a      frontline.proxy_address;
  who    bigint;
  why    text;
  passed text[];
BEGIN
  SELECT * INTO a FROM frontline.proxy_address x WHERE x.address = v.proxy_address;
  FOR r IN SELECT * FROM frontline.routing_rule x
            WHERE (x.proxy_address_id IS NULL OR x.proxy_address_id = a.proxy_address_id)
              AND (x.known_customer IS NULL OR x.known_customer = (v.customer_id IS NOT NULL))
            ORDER BY x.position LOOP
    why := NULL;
    IF r.target = 'nobody' THEN
      -- who would be closed here: the number's holder; without one every team that has hours
      CONTINUE WHEN r.open_hours <> CASE
        WHEN a.team_id IS NOT NULL THEN (SELECT frontline.is_open(t.team_id, NULL, t.time_zone, p_at) FROM frontline.team t WHERE t.team_id = a.team_id)
        WHEN a.worker_id IS NOT NULL THEN (SELECT frontline.is_open(NULL, x.worker_id, x.time_zone, p_at) FROM frontline.worker x WHERE x.worker_id = a.worker_id)
        ELSE coalesce((SELECT bool_or(frontline.is_open(t.team_id, NULL, t.time_zone, p_at)) FROM frontline.team t
                        WHERE EXISTS (SELECT FROM frontline.working_hours h WHERE h.team_id = t.team_id)), true) END;
      decision := 'nobody';
      why := 'nobody is to get it';

    ELSIF r.target = 'team' THEN
      SELECT * INTO g FROM frontline.team t WHERE t.team_id = r.team_id;
      IF r.open_hours <> frontline.is_open(g.team_id, NULL, g.time_zone, p_at) THEN
        passed := passed || format('rule %s: team %s is %s', r.position, g.name, CASE WHEN r.open_hours THEN 'closed' ELSE 'open' END);
        CONTINUE;
      END IF;
      SELECT x.worker_id INTO who
        FROM frontline.team_worker m
        JOIN frontline.worker x USING (worker_id)
        CROSS JOIN LATERAL (SELECT frontline.open_conversations(x.worker_id) AS n OFFSET 0) busy
       WHERE m.team_id = r.team_id AND frontline.obstacle(x, busy.n, v.conversation_sid, r, p_at) IS NULL
       ORDER BY CASE r.strategy WHEN 'least_busy' THEN busy.n END, CASE r.strategy WHEN 'random' THEN random() END, m.last_turn NULLS FIRST, x.worker_id
       LIMIT 1;
      IF NOT FOUND THEN
        passed := passed || format('rule %s: nobody of team %s is free', r.position, g.name);
        CONTINUE;
      END IF;
      decision := 'routed';
      worker_id := who;
      why := format('team %s, %s', g.name, replace(r.strategy, '_', ' '));

    ELSE
      who := CASE r.target
        WHEN 'owner'  THEN (SELECT c.owner_id FROM frontline.customer c WHERE c.customer_id = v.customer_id)
        WHEN 'worker' THEN r.worker_id
        ELSE (SELECT x.worker_id FROM
               ((SELECT o.worker_id, coalesce(o.last_message_at, o.created_at) AS at FROM frontline.conversation o
                  WHERE o.customer_id = v.customer_id AND o.worker_id IS NOT NULL AND o.conversation_sid <> v.conversation_sid
                  ORDER BY 2 DESC LIMIT 1)
                UNION ALL
                (SELECT o.worker_id, coalesce(o.last_message_at, o.created_at) FROM frontline.conversation o
                  WHERE o.customer_address = v.customer_address AND o.worker_id IS NOT NULL AND o.conversation_sid <> v.conversation_sid
                  ORDER BY 2 DESC LIMIT 1)) x ORDER BY x.at DESC LIMIT 1) END;
      SELECT * INTO w FROM frontline.worker x WHERE x.worker_id = who;
      IF NOT FOUND THEN
        passed := passed || format('rule %s: no %s', r.position, replace(r.target, '_', ' '));
        CONTINUE;
      END IF;
      why := CASE WHEN r.open_hours <> frontline.is_open(NULL, w.worker_id, w.time_zone, p_at)
                  THEN CASE WHEN r.open_hours THEN 'outside working hours' ELSE 'within working hours' END
                  ELSE frontline.obstacle(w, frontline.open_conversations(w.worker_id), v.conversation_sid, r, p_at) END;
      IF why IS NOT NULL THEN
        passed := passed || format('rule %s: %s is %s', r.position, w.identity, why);
        CONTINUE;
      END IF;
      decision := 'routed';
      worker_id := who;
      why := replace(r.target, '_', ' ');
    END IF;
    rule := r;
    reason := format('rule %s: %s', r.position, why);
    EXIT;
  END LOOP;

  IF decision IS NULL THEN
    -- the last resort takes it in any case: a conversation without a worker is lost, and blocks the address pair
    SELECT x.worker_id INTO worker_id FROM frontline.worker x WHERE x.identity = nullif(p_default_worker, '') AND x.state = 'active'
       AND NOT frontline.is_refused(v.conversation_sid, x.worker_id);
    decision := CASE WHEN FOUND THEN 'routed' ELSE 'unrouted' END;
    reason := CASE WHEN FOUND THEN 'default worker' WHEN p_default_worker <> '' THEN 'nobody was found, and the default worker is not an active worker, or refused'
                   ELSE 'nobody was found, and there is no default worker' END;
  END IF;
  reason := left(concat_ws('; ', reason, 'before: ' || array_to_string(passed, ', ')), 500);
END $$;
COMMENT ON FUNCTION frontline.choose_worker(frontline.conversation, text, timestamptz) IS
  'The rule chain: the first rule that matches and yields a worker, or says nobody; then the default worker. Reads only; the caller holds the lock of routing';

CREATE FUNCTION frontline.route(v frontline.conversation, p_default_worker text, p_at timestamptz, p_again boolean)
RETURNS frontline.routing_decision LANGUAGE plpgsql AS $$
DECLARE
  last   frontline.routing_decision;
  d      frontline.routing_decision;
  choice record;
  rule   frontline.routing_rule;
  kind   text := CASE WHEN v.customer_address LIKE 'whatsapp:%' THEN 'whatsapp' ELSE 'sms' END;
BEGIN
  SELECT * INTO last FROM frontline.routing_decision x WHERE x.conversation_sid = v.conversation_sid ORDER BY x.decision_id DESC LIMIT 1;
  IF last.decision_id IS NOT NULL AND (NOT p_again OR last.worker_id = v.worker_id) THEN
    PERFORM frontline.save_conversation(v);
    RETURN last;
  END IF;

  d.worker_id := v.worker_id;
  IF v.state = 'closed' THEN
    d.decision := 'closed';
    d.worker_id := NULL;
    d.reason := 'the conversation is closed';
  ELSIF v.worker_id IS NOT NULL THEN
    d.decision := 'kept';
    d.reason := 'the conversation has a worker';
  ELSE
    -- One decision at a time until it is committed: whoever counts a worker's conversations next counts this one too.  A lock
    -- of the workers' rows would let rules that look at them in another order wait for each other.
    PERFORM pg_advisory_xact_lock(hashtext('frontline-routing'));
    SELECT * INTO choice FROM frontline.choose_worker(v, p_default_worker, p_at);
    rule := choice.rule;
    d.decision := choice.decision;
    d.worker_id := choice.worker_id;
    d.rule_position := rule.position;
    d.reason := choice.reason;
    v.routing_tried_at := p_at;
  END IF;
  IF d.decision = 'routed' THEN
    v.worker_id := d.worker_id;
    v.routed_at := coalesce(v.routed_at, p_at);
  END IF;
  PERFORM frontline.save_conversation(v);
  IF d.decision <> 'routed' AND (last.decision, last.worker_id, last.reason) IS NOT DISTINCT FROM (d.decision, d.worker_id, d.reason) THEN
    RETURN last;
  END IF;
  INSERT INTO frontline.routing_decision (conversation_sid, decided_at, decision, worker_id, rule_position, reason)
  VALUES (v.conversation_sid, p_at, d.decision, d.worker_id, d.rule_position, d.reason) RETURNING * INTO d;

  IF d.decision = 'routed' THEN
    UPDATE frontline.team_worker m SET last_turn = d.decision_id WHERE m.team_id = rule.team_id AND m.worker_id = d.worker_id;
    PERFORM frontline.enqueue_worker(v, d);
  END IF;
  IF rule.auto_reply IS NOT NULL AND NOT frontline.is_opted_out(kind, frontline.match_key(v.customer_address)) THEN
    PERFORM frontline_queue.enqueue('conversations', v.conversation_sid, 'auto_reply:' || v.conversation_sid, 'message.add',
      jsonb_build_object('conversation_sid', v.conversation_sid, 'service_sid', v.service_sid, 'body', rule.auto_reply));
  END IF;
  RETURN d;
END $$;
COMMENT ON FUNCTION frontline.route(frontline.conversation, text, timestamptz, boolean) IS
  'Gives a locked conversation a worker, writes the decision and enqueues what follows from it. p_again: decide anew although there is a decision, if there is no worker';

CREATE FUNCTION frontline.enqueue_worker(v frontline.conversation, d frontline.routing_decision) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  again boolean := EXISTS (SELECT FROM frontline.routing_decision x WHERE x.conversation_sid = v.conversation_sid AND x.decision = 'routed' AND x.decision_id < d.decision_id);
BEGIN
  -- A conversation that Twilio is still setting up refuses changes; there is no use in asking at once.
  PERFORM frontline_queue.enqueue('conversations', v.conversation_sid,
    CASE WHEN again THEN v.conversation_sid || ':' || d.decision_id ELSE v.conversation_sid END, 'participant.add',
    jsonb_build_object('conversation_sid', v.conversation_sid, 'service_sid', v.service_sid,
                       'identity', (SELECT w.identity FROM frontline.worker w WHERE w.worker_id = d.worker_id)),
    CASE WHEN v.state = 'initializing' THEN interval '5 seconds' ELSE interval '0' END);
END $$;
COMMENT ON FUNCTION frontline.enqueue_worker(frontline.conversation, frontline.routing_decision) IS 'The job that adds a decision''s worker to the conversation at Twilio';

CREATE FUNCTION frontline_api.route_conversation(p_conversation_sid text, p_service_sid text, p_address text, p_proxy_address text, p_state text,
                                                 p_default_worker text)
RETURNS TABLE (decision text, worker text, reason text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t timestamptz := clock_timestamp();
  v frontline.conversation := frontline.hold_conversation(p_conversation_sid, p_service_sid, t, p_address, p_proxy_address);
BEGIN
  v := frontline.with_pair(v, p_address, p_proxy_address, t);
  v.customer_id := coalesce(v.customer_id, (frontline.find_customer(nullif(p_address, ''))).customer_id);
  v.initiated_by := 'customer';                           -- only those are routed
  -- the callback does not say since when; an event that does has the better word
  IF v.state_changed_at IS NULL AND v.state <> 'closed' AND p_state IN ('initializing', 'active', 'inactive') THEN v.state := p_state; END IF;
  RETURN QUERY
  SELECT d.decision, w.identity, d.reason
    FROM frontline.route(v, p_default_worker, t, false) d
    LEFT JOIN frontline.worker w ON w.worker_id = d.worker_id;
END $$;
COMMENT ON FUNCTION frontline_api.route_conversation(text, text, text, text, text, text) IS
  'The routing callback: who gets this conversation, by the rules, at last by the default worker, who is asked neither for availability nor for capacity. Decided once, written down, and the job is on its way when this returns';

-- -------------------------------------------------------------------------------------------------------------- repair
CREATE FUNCTION frontline.route_unrouted(p_age interval, p_default_worker text, p_limit integer)
RETURNS TABLE (conversation_sid text, decision text, worker text, reason text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t    timestamptz := clock_timestamp();
  this text;
BEGIN
  -- All are locked before the first is decided, so nobody is waited for while the lock of routing is held.  Who was tried
  -- longest ago is first: those whom nobody takes must not keep the others waiting.
  FOREACH this IN ARRAY ARRAY(
    SELECT v.conversation_sid FROM frontline.conversation v
     WHERE v.worker_id IS NULL AND v.state <> 'closed' AND v.customer_address IS NOT NULL AND coalesce(v.routing_tried_at, v.created_at) < t - p_age
     ORDER BY v.routing_tried_at NULLS FIRST, v.created_at LIMIT least(greatest(p_limit, 1), 1000) FOR NO KEY UPDATE SKIP LOCKED)
  LOOP
    RETURN QUERY
    SELECT this, d.decision, w.identity, d.reason
      FROM frontline.conversation v
      CROSS JOIN LATERAL frontline.route(v, p_default_worker, t, true) d
      LEFT JOIN frontline.worker w ON w.worker_id = d.worker_id
     WHERE v.conversation_sid = this;
  END LOOP;
END $$;
COMMENT ON FUNCTION frontline.route_unrouted(interval, text, integer) IS
  'Routes open conversations that have been without a worker for p_age, and for p_age since they were last tried; what was decided for each';

CREATE FUNCTION frontline.note_conflict(p_conversation_sid text, p_other_sid text)
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
  -- the pair's lock first, and it is this lock that keeps two of us from meeting at the two rows
  pair := v.customer_address || ' ' || v.proxy_address;
  other := frontline.hold_conversation(p_other_sid, v.service_sid, t, v.customer_address, v.proxy_address);
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
                    AND c.conversation_sid NOT IN (p_conversation_sid, p_other_sid) FOR NO KEY UPDATE LOOP
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
COMMENT ON FUNCTION frontline.note_conflict(text, text) IS
  'The address pair of the first conversation is in the second, Twilio says: the second gets the pair and, if it has none, the worker; the first loses both. What holds for the second now';

CREATE FUNCTION frontline.note_worker_added(p_conversation_sid text, p_participant_sid text, p_identity text, p_added timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT a.outcome, a.note FROM frontline_api.participant_added(p_conversation_sid, NULL, p_participant_sid, p_identity, NULL, NULL, NULL, p_added) a;
END $$;
COMMENT ON FUNCTION frontline.note_worker_added(text, text, text, timestamptz) IS 'A worker was added over REST, of which no webhook tells';

CREATE FUNCTION frontline.note_worker_refused(p_conversation_sid text, p_identity text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v frontline.conversation := frontline.hold_conversation(p_conversation_sid, NULL, clock_timestamp(), NULL, NULL);
  w bigint := (SELECT x.worker_id FROM frontline.worker x WHERE x.identity = p_identity);
BEGIN
  UPDATE frontline.routing_decision d SET refused_at = clock_timestamp()
   WHERE d.conversation_sid = p_conversation_sid AND d.worker_id = w AND d.decision = 'routed' AND d.refused_at IS NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  v.worker_id := coalesce(frontline.worker_in_charge(p_conversation_sid), nullif(v.worker_id, w));
  PERFORM frontline.save_conversation(v);
  RETURN true;
END $$;
COMMENT ON FUNCTION frontline.note_worker_refused(text, text) IS
  'Twilio will never take this worker into this conversation, which is then without a worker again; whether that is news';

CREATE FUNCTION frontline.note_conversation_gone(p_conversation_sid text) RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT r.outcome, r.note FROM frontline_api.conversation_removed(p_conversation_sid, NULL, clock_timestamp()) r;
END $$;
COMMENT ON FUNCTION frontline.note_conversation_gone(text) IS 'Twilio says that the conversation is closed, or that there is none';

-- -------------------------------------------------------------------------------------------------------------- roster
CREATE FUNCTION frontline.list_workers_to_poll(p_limit integer, p_interval interval) RETURNS TABLE (identity text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t timestamptz := clock_timestamp();
BEGIN
  INSERT INTO frontline.worker_poll (worker_id, polled_at) SELECT w.worker_id, '-infinity' FROM frontline.worker w
    WHERE NOT EXISTS (SELECT FROM frontline.worker_poll p WHERE p.worker_id = w.worker_id) ON CONFLICT DO NOTHING;
  RETURN QUERY
  WITH due AS MATERIALIZED (
    SELECT p.worker_id FROM frontline.worker_poll p WHERE p.polled_at <= t - p_interval
     ORDER BY p.polled_at, p.worker_id LIMIT least(greatest(p_limit, 0), 1000) FOR NO KEY UPDATE SKIP LOCKED)
  UPDATE frontline.worker_poll p SET polled_at = t FROM due, frontline.worker w
   WHERE p.worker_id = due.worker_id AND w.worker_id = p.worker_id RETURNING w.identity;
END $$;
COMMENT ON FUNCTION frontline.list_workers_to_poll(integer, interval) IS
  'Workers whom nobody has asked Frontline about for p_interval, longest first; from now on they count as asked about. Deactivated ones too, since they may come back';

CREATE FUNCTION frontline.note_worker(p_identity text, p_sid text, p_friendly_name text, p_avatar text, p_state text, p_is_available boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old frontline.worker;
  new frontline.worker;
  name text := frontline.tidy(p_friendly_name);
BEGIN
  SELECT * INTO old FROM frontline.worker w WHERE w.identity = p_identity FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'unknown'; END IF;
  -- What our table would refuse is left out: one odd avatar must not keep us from knowing who is available.
  new := old;
  IF p_sid ~ '^US[0-9a-fA-F]{32}$' AND NOT EXISTS (SELECT FROM frontline.worker w WHERE w.sid = p_sid) THEN new.sid := p_sid; END IF;
  IF frontline.is_plain(name, 512) THEN new.friendly_name := name; END IF;
  IF frontline.is_https_url(p_avatar) THEN new.avatar := p_avatar; END IF;
  IF p_state IN ('active', 'deactivated') THEN new.state := p_state; END IF;
  new.is_available := coalesce(p_is_available, old.is_available);
  IF new IS NOT DISTINCT FROM old THEN RETURN 'same'; END IF;
  UPDATE frontline.worker w
     SET sid = new.sid, friendly_name = new.friendly_name, avatar = new.avatar, state = new.state, is_available = new.is_available
   WHERE w.worker_id = old.worker_id;
  RETURN 'changed';
END $$;
COMMENT ON FUNCTION frontline.note_worker(text, text, text, text, text, boolean) IS
  'What Frontline says of one of its users: changed, same, or unknown to us. NULL, and what the table would refuse, changes nothing';

CREATE FUNCTION frontline.note_worker_absent(p_identity text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN frontline.note_worker(p_identity, NULL, NULL, NULL, NULL, false);
END $$;
COMMENT ON FUNCTION frontline.note_worker_absent(text) IS 'Frontline does not know this user, who is therefore away';

-- ------------------------------------------------------------------------------------------------------------- erasure
-- Jobs on their way and dead letters name the customer too.
CREATE FUNCTION frontline.customer_erased() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE frontline_queue.job j  SET payload = j.payload - 'display_name' - 'avatar' WHERE j.payload ->> 'customer_id' = NEW.customer_id::text;
  UPDATE frontline_queue.dead x SET payload = x.payload - 'display_name' - 'avatar' WHERE x.payload ->> 'customer_id' = NEW.customer_id::text;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION frontline.customer_erased() IS 'Trigger: takes an erased customer''s name and picture out of the queue';
CREATE TRIGGER erased AFTER UPDATE OF erased_at ON frontline.customer FOR EACH ROW WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL)
  EXECUTE FUNCTION frontline.customer_erased();

-- -------------------------------------------------------------------------------------------------------------- grants
GRANT EXECUTE ON FUNCTION frontline_api.name_conversation(text),
      frontline_api.conversation_added(text, text, text, text, text, timestamptz, timestamptz),
      frontline_api.conversation_updated(text, text, text, timestamptz), frontline_api.conversation_state_updated(text, text, text, timestamptz),
      frontline_api.conversation_removed(text, text, timestamptz),
      frontline_api.participant_added(text, text, text, text, text, text, text, timestamptz),
      frontline_api.participant_removed(text, text, text, text, timestamptz),
      frontline_api.message_added(text, text, text, integer, text, text, text, timestamptz),
      frontline_api.message_updated(text, text, text, integer, text, text, text, timestamptz, timestamptz),
      frontline_api.message_removed(text, text, text, timestamptz, timestamptz),
      frontline_api.delivery_updated(text, text, text, text, integer, timestamptz),
      frontline_api.route_conversation(text, text, text, text, text, text) TO frontline_fcgi;
GRANT EXECUTE ON FUNCTION frontline.route_unrouted(interval, text, integer), frontline.note_conflict(text, text),
      frontline.note_worker_added(text, text, text, timestamptz), frontline.note_worker_refused(text, text),
      frontline.note_conversation_gone(text),
      frontline.list_workers_to_poll(integer, interval), frontline.note_worker(text, text, text, text, text, boolean),
      frontline.note_worker_absent(text) TO frontline_relay;
GRANT SELECT ON frontline.participant, frontline.routing_decision, frontline.worker_poll TO frontline_dba;

INSERT INTO frontline.schema_migration (version, name) VALUES (5, '0005_conversations.sql');
SET LOCAL ROLE NONE;
