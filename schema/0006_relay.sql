-- 0006_relay.sql: what frontline-relay needs besides 0004 and 0005.
--
--   frontline_queue.destination_terms(destination)
--                                  -> lease_ms, settle_ms, resend_ms.  An uncertain request whose repetition would do harm is
--                                     looked for at the other side from settle_ms after its mark on, and sent again when it is
--                                     still not seen resend_ms after its mark: lists lag behind.
--   frontline.conversation_pair(conversation_sid)
--                                  -> address, proxy_address; no row when there is none.  For the search that a 50416 without a
--                                     SID in its text calls for.

DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate')); END $$;
SET LOCAL ROLE frontline_owner;

ALTER TABLE frontline_queue.destination ADD COLUMN resend interval NOT NULL DEFAULT '5 minutes';
ALTER TABLE frontline_queue.destination ADD CONSTRAINT destination_resend CHECK (resend >= settle);
COMMENT ON COLUMN frontline_queue.destination.resend IS
  'How long after its mark an uncertain request that the other side does not show is sent again';

-- Participants are added and changed again without harm, at once; a message is not.
UPDATE frontline_queue.destination SET settle = '60 s' WHERE name = 'conversations';

CREATE FUNCTION frontline_queue.destination_terms(p_destination text) RETURNS TABLE (lease_ms bigint, settle_ms bigint, resend_ms bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT (extract(epoch FROM d.lease) * 1000)::bigint, (extract(epoch FROM d.settle) * 1000)::bigint, (extract(epoch FROM d.resend) * 1000)::bigint
    FROM frontline_queue.destination d WHERE d.name = p_destination;
END $$;
COMMENT ON FUNCTION frontline_queue.destination_terms(text) IS 'How patiently this destination is served, in milliseconds';

CREATE FUNCTION frontline.conversation_pair(p_conversation_sid text) RETURNS TABLE (address text, proxy_address text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT v.customer_address, v.proxy_address FROM frontline.conversation v
    WHERE v.conversation_sid = p_conversation_sid AND v.customer_address IS NOT NULL AND v.proxy_address IS NOT NULL;
END $$;
COMMENT ON FUNCTION frontline.conversation_pair(text) IS 'The customer''s address in a conversation, and ours';

GRANT EXECUTE ON FUNCTION frontline_queue.destination_terms(text), frontline.conversation_pair(text) TO frontline_relay;

INSERT INTO frontline.schema_migration (version, name) VALUES (6, '0006_relay.sql');
SET LOCAL ROLE NONE;

-- A relay gives a connection up that was silent for longer than this.
DO $$ BEGIN EXECUTE format('ALTER ROLE frontline_relay IN DATABASE %I SET statement_timeout = ''10s''', current_database()); END $$;
