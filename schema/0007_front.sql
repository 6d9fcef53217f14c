-- 0007_front.sql: texts between Twilio and Front, both ways.
--
-- A text is one SMS, MMS or WhatsApp message that passes through the bridge.  A thread is one pair of our address and a
-- customer's; lanes are named after it, so no lane, done job or replay key holds a telephone number.  A channel name is the
-- NAME of [front.NAME].  Addresses are as Twilio writes them: +14155550142, whatsapp:+14155550142.  Everything may be called
-- again: the end is the same, and for every order of the events.  An empty text is one that is lacking; so is NULL.  Lists are
-- JSON arrays (jsonb).  Bytes are base64url without padding (text).  Times are timestamptz.
--
--   frontline.conversation_key(our text, customer text) -> text
--                                  sms:<ours>:<customer>, whatsapp:<ours>:<customer>: thread key on both sides, one for each pair.
--                                  The spellings of one Brazilian, Mexican or Argentinian handset give one key.
--
-- What frontline-fcgi calls, schema frontline_api.  One request is one call and one transaction.
--
--   take_text(channel text, message_sid text, from_address text, to_address text, body text, media jsonb, opt_out text,
--             profile_name text, lookup boolean, cache_days integer, received timestamptz)
--                                  -> outcome, text_id bigint, note.  Key: MessageSid.  outcome: new; same; unchannelled: stored
--                                     without a job, since channel is NULL; told again with a channel it is new.  media:
--                                     [{"url", "content_type"}] or NULL.  opt_out: OptOutType or NULL.  lookup: ask for the name
--                                     of a number that nobody knows, and whose last answer is older than cache_days.  received:
--                                     NULL is now.  Also executable by frontline-relay: the sweep goes through the same door.
--   take_reply(channel text, numbers jsonb, front_message_id text, kind text, recipients jsonb, body text, attachments jsonb,
--              author text, front_conversation_id text, conversation_keys jsonb, tag boolean, sent timestamptz)
--                                  -> a row for each recipient, in their order: recipient (as given), external_id,
--                                     conversation_key, outcome, reason.  outcome: new, same, refused; reason (of refused only):
--                                     opted_out, own_number, bad_address, empty, no_number (none of ours suits).  When all are
--                                     refused nothing is stored and external_id is NULL: answer an error.  When some are, those
--                                     are stored as failed, Front is told by front.failed, and all have ids: answer success.
--                                     numbers: the channel's addresses, ["+1500...", "whatsapp:+1500..."].  kind: message, or autoreply:
--                                     front_message_id is then the message replied to.  recipients: E.164, with whatsapp: where
--                                     only WhatsApp is meant.  attachments: any JSON array or NULL; it is handed to
--                                     text_to_send as it is.  Key: channel, kind, front_message_id, recipient and, of an
--                                     autoreply, its text; a repetition answers the ids of the first time.
--                                     external_id: fm:<message>:<recipient>; of an autoreply fa:<message>:<hash>:<recipient>; the
--                                     recipient in the spelling of frontline.match_key, so two spellings are one recipient.
--                                     From which of our numbers: that of the thread named by conversation_keys, else the one to
--                                     which the customer last wrote on this channel, else the first of numbers of the kind that
--                                     the recipient says, else the first for SMS, else the first.
--   note_imported(channel text, message_sid text, conversation_keys jsonb, front_message_id text, front_conversation_id text,
--                 body text, at timestamptz)
--                                  -> outcome (changed, same, ignored), note.  Finds the inbound text by MessageSid, else, of those that
--                                     were posted or may have been, by key,
--                                     text and nearest time; keeps Front's ids; what it proves about a marked request of
--                                     front.message is learnt.  front_message_id or front_conversation_id may be NULL.
--   note_text_status(wire_uuid uuid, message_sid text, status text, error_code integer, at timestamptz)
--                                  -> outcome (changed, same, ignored, unknown), note.  Key: message_sid and status, by rank, never
--                                     down.  unknown: the SID is nobody's yet; kept until note_text_sent names it, and
--                                     counted in note.  ignored: unknown status.  wire_uuid (NULL: none): the request that left
--                                     under it has arrived.  Also executable by frontline-relay.
--   get_media(token text)          -> content_type, bytes (hex digits: large values are fastest so); no row when it is unknown
--                                     or its time is over.
--   note_channel(channel text, channel_id text, event text, at timestamptz)
--                                  -> outcome (new, changed, same, ignored), note.  event: authorization, delete; latest counts.
--
-- What frontline-relay calls, schema frontline; a note_... comes before the job's finish.
--
--   text_for_front(text_id bigint)
--                                  -> one row: text_id, direction (inbound, outbound), channel, kind (sms, whatsapp), message_sid,
--                                     our_address, customer_address, handle (customer's E.164 without prefix), body, media,
--                                     received timestamptz, sender_name (CRM, else lookup, else ProfileName, else NULL),
--                                     conversation_key, external_id, front_message_id, front_conversation_id, posted boolean
--                                     (Front has it: do not post), message_uid, consent (opted_out, opted_in: what this text
--                                     says; NULL: nothing), opted_out boolean (what holds now), status, error_code integer,
--                                     reason (of a failure, in words or NULL).  No row: erased or purged, the job is unneeded.
--   note_posted(text_id bigint, message_uid text) -> boolean, whether it is news.  message_uid may be NULL (409).
--   text_to_send(text_id bigint)   -> one row: text_id, channel, kind, to_address, from_address, body, attachments, kept (jsonb
--                                     [{"index", "token", "content_type", "filename"}] of pictures in this database whose time
--                                     is not over soon: Twilio has to fetch them), opted_out boolean, session_open boolean (true but for WhatsApp 24 h after
--                                     the customer last wrote), message_sid (set: sent already, do not send), status (NULL:
--                                     not sent; failed: given up, do not send), front_message_id, external_id.  No row as above.
--   keep_media(text_id bigint, index integer, filename text, content_type text, bytes text, minutes integer)
--                                  -> token.  Key: text_id, index; told again: same token, new bytes, time from now on.  NULL
--                                     when there is no such text any more.
--   note_text_sent(text_id bigint, message_sid text, status text) -> boolean, whether it is news.  Also after reconciliation.
--                                     A status that came before is applied.
--   note_text_refused(text_id bigint, error_code integer, reason text) -> boolean, whether it is news.  The text is failed and
--                                     front.failed enqueued; 21610, 63014, 63033 are taken down as an opt-out.  error_code
--                                     may be NULL.
--   note_left_out(text_id bigint, reason text) -> boolean, whether it is news: front.comment is enqueued, once for each reason.
--   lookup_name(caller_id bigint, cache_days integer)
--                                  -> standing (ask, known, gone), address (E.164), name.  known and gone: finish as unneeded.
--   note_name(caller_id bigint, name text, caller_type text, channel text) -> boolean, whether a name is new.  name NULL: nobody
--                                     has one, kept too.  A name: front.contact is enqueued.
--   contact_for_front(caller_id bigint) -> address (E.164), name: the CRM's, else the one looked up.  No row: nothing to do.
--   texts_without_fate(age interval, limit integer)
--                                  -> text_id, message_sid of texts sent so long ago, at most 48 h, whose status is not final, and
--                                     which were not asked for since.  Then note_text_status.
--   latest_inbound(number text)    -> timestamptz of the last text to this address of ours, in 8 days, that was taken down more than
--                                     an hour ago, for a channel: neither what comes first after an outage hides it, nor what came
--                                     before the number had one; NULL: none.
--   tag_id(channel text, name text) -> text, Front's id of this tag, or NULL.
--   note_tag(channel text, name text, tag_id text) -> void.  NULL forgets it (404).
--
-- Jobs.  Destination: kind, payload; lane; dedupe.  THREAD is a number of ours.
--   front: front.message {text_id}; lane CHANNEL:THREAD; MessageSid, for 400 days
--          front.failed {text_id}; lane CHANNEL:THREAD:out; failed:TEXT_ID.  Apart from the inbound texts, which must not wait
--          while Front does not know the message yet
--          front.comment {text_id, reason}; lane CHANNEL:THREAD:out; comment:TEXT_ID:HASH
--          front.tag {text_id}; lane CHANNEL:tag:CNV; tag:CNV.  First reply in a Front conversation, when tag says so
--          front.contact {caller_id, channel}; lane CHANNEL:contact:CALLER_ID; contact:CALLER_ID:N
--   twilio_messages: text.send {text_id}; lane THREAD; text:TEXT_ID
--   lookups: lookup.name {caller_id, channel}; lane CALLER_ID; lookup:CALLER_ID:N
--
-- Locks are taken in this order everywhere: SID, customer, thread (several: by conversation key), text, caller, then those of
-- the queue.

DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate')); END $$;
SET LOCAL ROLE frontline_owner;

-- ------------------------------------------------------------------------------------------------------------ tables
INSERT INTO frontline_queue.destination (destination_id, name, lease, settle, max_crashes, max_age) VALUES
  (5, 'lookups', '60 s', '0 s', 5, '24 hours');

CREATE TABLE frontline.text_thread (
  thread_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  conversation_key      text UNIQUE CHECK (length(conversation_key) <= 200),
  kind                  text NOT NULL CHECK (kind ~ '^[a-z]+$'),
  our_address           text NOT NULL,
  customer_address      text,
  match_key             text,
  customer_id           bigint,
  channel               text,
  profile_name          text,
  front_conversation_id text,
  last_inbound_at       timestamptz,
  last_at               timestamptz NOT NULL,
  erased_at             timestamptz,
  CONSTRAINT text_thread_erased CHECK (CASE WHEN erased_at IS NULL THEN num_nulls(conversation_key, customer_address, match_key) = 0
                                            ELSE num_nonnulls(conversation_key, customer_address, match_key, customer_id, profile_name) = 0 END)
) WITH (fillfactor = 70);
CREATE INDEX text_thread_match_idx ON frontline.text_thread (match_key, last_inbound_at);
CREATE INDEX text_thread_customer_idx ON frontline.text_thread (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX text_thread_last_idx ON frontline.text_thread (last_at);
COMMENT ON TABLE  frontline.text_thread                       IS 'Texts between one address of ours and one of a customer''s: what Front shows as a conversation';
COMMENT ON COLUMN frontline.text_thread.thread_id             IS 'Key, given by the database; lanes are named after it';
COMMENT ON COLUMN frontline.text_thread.conversation_key      IS 'What Front knows it by, e.g. sms:+15005550006:+14155550142; NULL after erasure';
COMMENT ON COLUMN frontline.text_thread.kind                  IS 'sms, whatsapp, or another prefix of Twilio''s';
COMMENT ON COLUMN frontline.text_thread.our_address           IS 'Our address as Twilio writes it';
COMMENT ON COLUMN frontline.text_thread.customer_address      IS 'The customer''s, in the spelling last used by the customer; NULL after erasure';
COMMENT ON COLUMN frontline.text_thread.match_key             IS 'Key of the customer''s address, under which its spellings meet; NULL after erasure';
COMMENT ON COLUMN frontline.text_thread.customer_id           IS 'Who had the address when a text last passed. No foreign key: it would have texts wait for whoever edits the customer';
COMMENT ON COLUMN frontline.text_thread.channel               IS 'Channel of Front, by its name in the configuration, that last had a text of it; NULL when none has our address';
COMMENT ON COLUMN frontline.text_thread.profile_name          IS 'What the customer calls himself or herself on WhatsApp';
COMMENT ON COLUMN frontline.text_thread.front_conversation_id IS 'Front''s id, cnv_..., as last heard';
COMMENT ON COLUMN frontline.text_thread.last_inbound_at       IS 'When the customer last wrote; 24 hours later the WhatsApp session closes';
COMMENT ON COLUMN frontline.text_thread.last_at               IS 'When anybody last wrote';
COMMENT ON COLUMN frontline.text_thread.erased_at             IS 'When the customer was erased; whoever writes again begins a new thread';

CREATE TABLE frontline.text_message (
  text_id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  thread_id             bigint NOT NULL REFERENCES frontline.text_thread,
  channel               text,
  direction             text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
  message_sid           text CHECK (message_sid ~ '^(SM|MM)[0-9a-fA-F]{32}$'),
  external_id           text CHECK (length(external_id) <= 300),
  author                text,
  body                  text,
  media                 jsonb CHECK (jsonb_typeof(media) = 'array'),
  consent               text CHECK (consent IN ('opted_in', 'opted_out')),
  front_message_id      text,
  front_conversation_id text,
  message_uid           text,
  posted_at             timestamptz,
  refused               text CHECK (refused IN ('opted_out', 'own_number', 'bad_address', 'empty', 'no_number')),
  status                text,
  error_code            integer,
  reason                text CHECK (length(reason) <= 500),
  at                    timestamptz NOT NULL,
  recorded_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  fate_asked_at         timestamptz,
  erased_at             timestamptz
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX text_message_sid_key ON frontline.text_message (message_sid) WHERE message_sid IS NOT NULL;
CREATE UNIQUE INDEX text_message_external_key ON frontline.text_message (external_id, channel) WHERE external_id IS NOT NULL;
CREATE INDEX text_message_thread_idx ON frontline.text_message (thread_id, at);
CREATE INDEX text_message_front_idx ON frontline.text_message (front_message_id) WHERE front_message_id IS NOT NULL;
CREATE INDEX text_message_at_idx ON frontline.text_message (at);
CREATE INDEX text_message_fate_idx ON frontline.text_message (coalesce(fate_asked_at, recorded_at))
  WHERE direction = 'outbound' AND message_sid IS NOT NULL AND status IN ('accepted', 'scheduled', 'queued', 'sending', 'sent');
COMMENT ON TABLE  frontline.text_message                       IS 'SMS, MMS and WhatsApp messages between Twilio and Front, both ways';
COMMENT ON COLUMN frontline.text_message.text_id               IS 'Key, given by the database; the one that jobs name';
COMMENT ON COLUMN frontline.text_message.thread_id             IS 'Between whom';
COMMENT ON COLUMN frontline.text_message.channel               IS 'Channel of Front, by its name in the configuration; NULL when none has our address';
COMMENT ON COLUMN frontline.text_message.direction             IS 'inbound from the customer, or outbound';
COMMENT ON COLUMN frontline.text_message.message_sid           IS 'Twilio''s SID; NULL for an outbound text until Twilio has it';
COMMENT ON COLUMN frontline.text_message.external_id           IS 'What we told Front to call a reply; loses the address at erasure';
COMMENT ON COLUMN frontline.text_message.author                IS 'Who of us wrote it; NULL after erasure';
COMMENT ON COLUMN frontline.text_message.body                  IS 'Text; NULL after erasure';
COMMENT ON COLUMN frontline.text_message.media                 IS 'Pictures as the webhook listed them; NULL when there are none, and after erasure';
COMMENT ON COLUMN frontline.text_message.consent               IS 'What it says of consent: opted_out (STOP), opted_in (START), or nothing';
COMMENT ON COLUMN frontline.text_message.front_message_id      IS 'Front''s id, msg_...; of an automatic reply that of the message it answers';
COMMENT ON COLUMN frontline.text_message.front_conversation_id IS 'Front''s id of the conversation, cnv_..., when it has been told';
COMMENT ON COLUMN frontline.text_message.message_uid           IS 'What Front answered when it accepted an inbound text';
COMMENT ON COLUMN frontline.text_message.posted_at             IS 'When an inbound text was known to be in Front';
COMMENT ON COLUMN frontline.text_message.refused               IS 'Why a reply was never sent, although others of the same message were';
COMMENT ON COLUMN frontline.text_message.status                IS 'Twilio''s word for an outbound text; NULL: not sent yet; failed also when it was refused';
COMMENT ON COLUMN frontline.text_message.error_code            IS 'Twilio''s error code of a failure, e.g. 30006';
COMMENT ON COLUMN frontline.text_message.reason                IS 'The failure in words, if anybody said more than the code';
COMMENT ON COLUMN frontline.text_message.at                    IS 'When it was received, or when the agent pressed send';
COMMENT ON COLUMN frontline.text_message.recorded_at           IS 'When we wrote it down';
COMMENT ON COLUMN frontline.text_message.fate_asked_at         IS 'When Twilio was last asked what became of it';
COMMENT ON COLUMN frontline.text_message.erased_at             IS 'When the customer was erased; the row stays, so that a repetition brings nothing back';

CREATE TABLE frontline.text_media (
  text_id      bigint NOT NULL REFERENCES frontline.text_message ON DELETE CASCADE,
  index        integer NOT NULL CHECK (index >= 0),
  token        text NOT NULL UNIQUE CHECK (length(token) >= 32),
  filename     text,
  content_type text NOT NULL,
  bytes        bytea NOT NULL,
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (text_id, index)
);
ALTER TABLE frontline.text_media ALTER COLUMN bytes SET STORAGE EXTERNAL;      -- pictures do not get smaller
CREATE INDEX text_media_expires_idx ON frontline.text_media (expires_at);
COMMENT ON TABLE  frontline.text_media              IS 'Pictures on their way to Twilio, for about an hour';
COMMENT ON COLUMN frontline.text_media.text_id      IS 'The text they belong to';
COMMENT ON COLUMN frontline.text_media.index        IS 'Which of its attachments, from 0';
COMMENT ON COLUMN frontline.text_media.token        IS 'Last part of the address under which anybody may fetch it';
COMMENT ON COLUMN frontline.text_media.filename     IS 'As Front calls it';
COMMENT ON COLUMN frontline.text_media.content_type IS 'As it is served';
COMMENT ON COLUMN frontline.text_media.bytes        IS 'The picture';
COMMENT ON COLUMN frontline.text_media.expires_at   IS 'Until when it is served; housekeeping removes the row';

CREATE TABLE frontline.text_status (
  message_sid text PRIMARY KEY CHECK (length(message_sid) BETWEEN 1 AND 64),
  status      text NOT NULL,
  error_code  integer,
  at          timestamptz NOT NULL
);
CREATE INDEX text_status_at_idx ON frontline.text_status (at);
COMMENT ON TABLE  frontline.text_status             IS 'What Twilio said of messages that nobody here has sent yet: our request''s answer is still on its way, or they are somebody else''s. Kept for 30 days';
COMMENT ON COLUMN frontline.text_status.message_sid IS 'Twilio''s SID';
COMMENT ON COLUMN frontline.text_status.status      IS 'The highest state heard of';
COMMENT ON COLUMN frontline.text_status.error_code  IS 'Twilio''s error code of a failure';
COMMENT ON COLUMN frontline.text_status.at          IS 'When';

CREATE TABLE frontline.caller (
  caller_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  match_key   text NOT NULL UNIQUE,
  address     text NOT NULL CHECK (address ~ '^\+[1-9][0-9]{1,14}$'),
  name        text CHECK (length(name) <= 256),
  caller_type text CHECK (length(caller_type) <= 64),
  asks        integer NOT NULL DEFAULT 1,
  asked_at    timestamptz NOT NULL,
  answered_at timestamptz
);
CREATE INDEX caller_asked_idx ON frontline.caller (asked_at);
COMMENT ON TABLE  frontline.caller             IS 'Names that a look-up has found for numbers of nobody we know, and that it has found none';
COMMENT ON COLUMN frontline.caller.caller_id   IS 'Key, given by the database; the one that jobs name';
COMMENT ON COLUMN frontline.caller.match_key   IS 'The number, under which its spellings meet';
COMMENT ON COLUMN frontline.caller.address     IS 'The number as it last wrote, E.164';
COMMENT ON COLUMN frontline.caller.name        IS 'Its name, or NULL';
COMMENT ON COLUMN frontline.caller.caller_type IS 'BUSINESS, CONSUMER, or NULL';
COMMENT ON COLUMN frontline.caller.asks        IS 'How often it was to be looked up';
COMMENT ON COLUMN frontline.caller.asked_at    IS 'When it was last to be looked up';
COMMENT ON COLUMN frontline.caller.answered_at IS 'When it last was; NULL: never';

CREATE TABLE frontline.front_channel (
  channel    text PRIMARY KEY,
  channel_id text,
  authorized boolean NOT NULL,
  changed_at timestamptz NOT NULL
);
COMMENT ON TABLE  frontline.front_channel            IS 'What Front has said of our channels';
COMMENT ON COLUMN frontline.front_channel.channel    IS 'Its name in the configuration';
COMMENT ON COLUMN frontline.front_channel.channel_id IS 'Front''s id, cha_...';
COMMENT ON COLUMN frontline.front_channel.authorized IS 'Connected to an inbox (true), or deleted there (false)';
COMMENT ON COLUMN frontline.front_channel.changed_at IS 'Since when';

CREATE TABLE frontline.front_tag (
  channel text NOT NULL,
  name    text NOT NULL,
  tag_id  text NOT NULL,
  PRIMARY KEY (channel, name)
);
COMMENT ON TABLE  frontline.front_tag         IS 'Front''s ids of tags, so that they are asked for once';
COMMENT ON COLUMN frontline.front_tag.channel IS 'Channel by its name in the configuration: two may belong to two companies';
COMMENT ON COLUMN frontline.front_tag.name    IS 'What people call it';
COMMENT ON COLUMN frontline.front_tag.tag_id  IS 'Front''s id, tag_...';

-- ----------------------------------------------------------------------------------------------------------- helpers
CREATE FUNCTION frontline.address_kind(p_address text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(substring(p_address FROM '^([a-z]+):'), 'sms') $$;
COMMENT ON FUNCTION frontline.address_kind(text) IS 'What an address of Twilio''s is for: sms, whatsapp, or another prefix';

-- 200 characters is what Front takes; a sender may be any text.
CREATE FUNCTION frontline.conversation_key(p_our text, p_customer text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT left(frontline.address_kind(p_customer) || ':' || frontline.match_key(p_our) || ':' || frontline.match_key(p_customer), 200) $$;
COMMENT ON FUNCTION frontline.conversation_key(text, text) IS
  'Key of the thread between our address and a customer''s: conversation_key(''+15005550006'', ''+14155550142'') = ''sms:+15005550006:+14155550142''';

CREATE FUNCTION frontline.from_base64url(p_text text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT decode(translate(p_text, '-_', '+/') || repeat('=', (4 - length(p_text) % 4) % 4), 'base64') $$;
COMMENT ON FUNCTION frontline.from_base64url(text) IS 'The bytes of base64url without padding';

-- OptOutType decides alone where Twilio sends it; otherwise the words that Twilio itself obeys.
CREATE FUNCTION frontline.consent_said(p_opt_out text, p_body text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE coalesce(nullif(upper(btrim(p_opt_out)), ''), upper(btrim(p_body, E' \t\r\n')))
           WHEN 'START' THEN 'opted_in' WHEN 'STOP' THEN 'opted_out'
           ELSE CASE WHEN btrim(coalesce(p_opt_out, '')) <> '' THEN NULL
                     WHEN upper(btrim(p_body, E' \t\r\n')) IN ('YES', 'UNSTOP') THEN 'opted_in'
                     WHEN upper(btrim(p_body, E' \t\r\n')) IN ('UNSUBSCRIBE', 'END', 'QUIT', 'STOPALL', 'REVOKE', 'OPTOUT', 'CANCEL') THEN 'opted_out' END END $$;
COMMENT ON FUNCTION frontline.consent_said(text, text) IS 'What a text says of consent, by OptOutType or else by its words: opted_out, opted_in, or NULL';

CREATE FUNCTION frontline.record_consent(p_kind text, p_match_key text, p_state text, p_source text, p_sid text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF p_kind IN ('sms', 'whatsapp') AND p_match_key ~ '^\+[1-9][0-9]{1,14}$'
     AND NOT EXISTS (SELECT FROM frontline.consent_event e WHERE e.match_key = p_match_key AND e.channel_type = p_kind AND e.evidence = p_sid) THEN
    INSERT INTO frontline.consent_event (channel_type, match_key, state, source, evidence, occurred_at)
    VALUES (p_kind, p_match_key, p_state, p_source, p_sid, p_at);
  END IF;
END $$;
COMMENT ON FUNCTION frontline.record_consent(text, text, text, text, text, timestamptz) IS 'Takes down a consent, once for each p_sid; short codes and names have none';

CREATE FUNCTION frontline.crm_name(p_address text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  -- a customer known by a number only has it for a name, and Front would show it twice
  RETURN (SELECT f.display_name FROM frontline_api.customer_by_address(p_address) f WHERE f.display_name !~ '^\+?[-0-9 ().]{7,}$');
END $$;
COMMENT ON FUNCTION frontline.crm_name(text) IS 'The name of the customer who has this address, or NULL';

CREATE FUNCTION frontline.front_lane(p_channel text, p_thread_id bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT p_channel || ':' || p_thread_id $$;
COMMENT ON FUNCTION frontline.front_lane(text, bigint) IS 'The lane of a thread''s inbound texts in destination front';

CREATE FUNCTION frontline.comment_in_front(t frontline.text_message, p_reason text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF t.channel IS NULL THEN RETURN false; END IF;
  RETURN (SELECT e.fresh FROM frontline_queue.enqueue('front', frontline.front_lane(t.channel, t.thread_id) || ':out',
    'comment:' || t.text_id || ':' || md5(p_reason), 'front.comment', jsonb_build_object('text_id', t.text_id, 'reason', p_reason)) e);
END $$;
COMMENT ON FUNCTION frontline.comment_in_front(frontline.text_message, text) IS 'Has agents told something about a text, once; whether it is news';

CREATE FUNCTION frontline.mark_reach(p_kind text, p_match_key text, p_invalid timestamptz, p_reached timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[] := ARRAY(SELECT c.channel_id FROM frontline.channel c
                         WHERE c.match_key = p_match_key AND c.type = p_kind AND (c.invalid_at IS NULL AND p_invalid IS NOT NULL OR c.invalid_at < p_reached));
BEGIN
  IF ids = '{}' THEN RETURN; END IF;
  -- whoever erases a customer locks the customer first
  PERFORM FROM frontline.customer k WHERE k.customer_id IN (SELECT c.customer_id FROM frontline.channel c WHERE c.channel_id = ANY (ids))
    ORDER BY k.customer_id FOR NO KEY UPDATE;
  UPDATE frontline.channel c SET invalid_at = p_invalid WHERE c.channel_id = ANY (ids);
END $$;
COMMENT ON FUNCTION frontline.mark_reach(text, text, timestamptz, timestamptz) IS
  'An address turned out not to be reachable (p_invalid), or to be so after all (p_reached)';

-- Every change of an outbound text's fate goes through here.
CREATE FUNCTION frontline.settle_text(p_text_id bigint, p_message_sid text, p_status text, p_error_code integer, p_reason text, p_at timestamptz,
                                      OUT outcome text, OUT note text)
LANGUAGE plpgsql AS $$
DECLARE
  h    frontline.text_thread;
  t    frontline.text_message;
  rank integer := frontline.delivery_rank(p_status);
BEGIN
  SELECT * INTO t FROM frontline.text_message x WHERE x.text_id = p_text_id AND x.direction = 'outbound';
  IF NOT FOUND THEN
    outcome := 'ignored';
    note := 'not a text that we sent';
    RETURN;
  END IF;
  SELECT * INTO h FROM frontline.text_thread x WHERE x.thread_id = t.thread_id;
  -- customers are locked before threads, everywhere; hence first, and only if it looks like news
  IF rank > coalesce(frontline.delivery_rank(t.status), -1) THEN
    IF p_error_code IN (21211, 30005, 30006, 63003) THEN
      PERFORM frontline.mark_reach(h.kind, h.match_key, p_at, NULL);
      note := 'the address cannot be reached';
    ELSIF rank >= 5 THEN
      PERFORM frontline.mark_reach(h.kind, h.match_key, NULL, p_at);
    END IF;
  END IF;

  SELECT * INTO h FROM frontline.text_thread x WHERE x.thread_id = t.thread_id FOR NO KEY UPDATE;
  SELECT * INTO t FROM frontline.text_message x WHERE x.text_id = p_text_id FOR NO KEY UPDATE;
  outcome := 'same';
  IF t.message_sid IS NULL AND p_message_sid IS NOT NULL THEN
    UPDATE frontline.text_message x SET message_sid = p_message_sid WHERE x.text_id = p_text_id RETURNING * INTO t;
    outcome := 'changed';
  END IF;
  IF rank <= coalesce(frontline.delivery_rank(t.status), -1) THEN
    note := NULL;
    RETURN;
  END IF;
  UPDATE frontline.text_message x
     SET status = p_status, error_code = CASE WHEN rank = 4 THEN nullif(p_error_code, 0) END, reason = CASE WHEN rank = 4 THEN left(p_reason, 500) END
   WHERE x.text_id = p_text_id;
  outcome := 'changed';
  IF p_error_code IN (21610, 63014, 63033) THEN
    PERFORM frontline.record_consent(h.kind, h.match_key, 'opted_out', 'twilio_error', coalesce(t.message_sid, 'text ' || t.text_id), p_at);
    note := 'the customer has opted out';
  END IF;
  IF p_status IN ('failed', 'undelivered') AND t.channel IS NOT NULL THEN
    PERFORM frontline_queue.enqueue('front', frontline.front_lane(t.channel, t.thread_id) || ':out', 'failed:' || t.text_id, 'front.failed',
                                    jsonb_build_object('text_id', t.text_id));
  ELSIF rank >= 5 AND t.status IN ('failed', 'undelivered') THEN
    -- Front has no way back from failed
    PERFORM frontline.comment_in_front(t, 'The message was delivered after all.');
    note := 'delivered after it had been reported as failed';
  END IF;
END $$;
COMMENT ON FUNCTION frontline.settle_text(bigint, text, text, integer, text, timestamptz) IS
  'An outbound text has this SID, if it had none, and this status, unless a higher one is known: changed, same, ignored. Failures go to Front; what they tell of the address is kept';

-- ------------------------------------------------------------------------------------------------- what customers write
CREATE FUNCTION frontline_api.take_text(p_channel text, p_message_sid text, p_from_address text, p_to_address text, p_body text, p_media jsonb,
                                        p_opt_out text, p_profile_name text, p_lookup boolean, p_cache_days integer, p_received timestamptz)
RETURNS TABLE (outcome text, text_id bigint, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t     timestamptz := least(coalesce(p_received, clock_timestamp()), clock_timestamp());
  said  text := frontline.consent_said(p_opt_out, p_body);
  mine  text := nullif(p_channel, '');
  who   text := nullif(p_profile_name, '');
  m     text := frontline.match_key(p_from_address);
  x     frontline.text_message;
  h     frontline.text_thread;
  f     record;
  known boolean;
  c     frontline.caller;
BEGIN
  SELECT * INTO x FROM frontline.text_message y WHERE y.message_sid = p_message_sid;
  IF FOUND AND (x.channel IS NOT NULL OR mine IS NULL) THEN
    -- the sweep was first, and lists do not have OptOutType
    IF said IS NOT NULL AND btrim(p_opt_out) <> '' AND x.consent IS NULL AND x.direction = 'inbound' THEN
      UPDATE frontline.text_message y SET consent = said WHERE y.text_id = x.text_id AND y.consent IS NULL AND y.erased_at IS NULL;
      IF FOUND THEN
        SELECT * INTO h FROM frontline.text_thread y WHERE y.thread_id = x.thread_id;
        PERFORM frontline.record_consent(h.kind, h.match_key, said, 'keyword', p_message_sid, x.at);
      END IF;
    END IF;
    RETURN QUERY SELECT 'same', x.text_id, NULL::text;
    RETURN;
  END IF;
  f := frontline.find_customer(p_from_address);
  INSERT INTO frontline.text_thread AS e (conversation_key, kind, our_address, customer_address, match_key, customer_id, channel, profile_name, last_inbound_at, last_at)
  VALUES (frontline.conversation_key(p_to_address, p_from_address), frontline.address_kind(p_from_address), p_to_address, p_from_address, m,
          f.customer_id, mine, who, t, t)
  ON CONFLICT (conversation_key) DO UPDATE
    SET our_address = CASE WHEN t >= e.last_at THEN excluded.our_address ELSE e.our_address END,
        customer_address = CASE WHEN t >= coalesce(e.last_inbound_at, '-infinity') THEN excluded.customer_address ELSE e.customer_address END,
        customer_id = coalesce(excluded.customer_id, e.customer_id),
        channel = CASE WHEN t >= e.last_at OR e.channel IS NULL THEN coalesce(mine, e.channel) ELSE e.channel END,
        profile_name = CASE WHEN t >= coalesce(e.last_inbound_at, '-infinity') THEN coalesce(who, e.profile_name) ELSE coalesce(e.profile_name, who) END,
        last_inbound_at = greatest(e.last_inbound_at, t),
        last_at = greatest(e.last_at, t)
  RETURNING * INTO h;
  -- the thread is locked: a twin has been here, or waits
  SELECT * INTO x FROM frontline.text_message y WHERE y.message_sid = p_message_sid;
  known := FOUND;
  IF known THEN
    IF x.channel IS NOT NULL OR mine IS NULL OR x.erased_at IS NOT NULL THEN
      RETURN QUERY SELECT 'same', x.text_id, NULL::text;
      RETURN;
    END IF;
    UPDATE frontline.text_message y SET channel = mine WHERE y.text_id = x.text_id;
  ELSE
    IF EXISTS (SELECT FROM frontline_queue.seen s WHERE s.destination_id = 3 AND s.dedupe = p_message_sid) THEN
      RETURN QUERY SELECT 'same', NULL::bigint, 'this text was purged';
      RETURN;
    END IF;
    INSERT INTO frontline.text_message AS y (thread_id, channel, direction, message_sid, body, media, consent, at)
    VALUES (h.thread_id, mine, 'inbound', p_message_sid, p_body, nullif(p_media, '[]'), said, t)
    ON CONFLICT (message_sid) WHERE message_sid IS NOT NULL DO NOTHING
    RETURNING * INTO x;
    IF NOT FOUND THEN
      RETURN QUERY SELECT 'same', y.text_id, NULL::text FROM frontline.text_message y WHERE y.message_sid = p_message_sid;
      RETURN;
    END IF;
    IF said IS NOT NULL THEN
      PERFORM frontline.record_consent(h.kind, m, said, 'keyword', p_message_sid, t);
      note := CASE said WHEN 'opted_out' THEN 'the customer has opted out' ELSE 'the customer has opted in' END;
    END IF;
  END IF;
  IF f.matches > 1 THEN note := concat_ws('; ', note, format('%s customers have this address, customer %s was taken', f.matches, f.customer_id)); END IF;

  IF mine IS NULL THEN
    RETURN QUERY SELECT CASE WHEN known THEN 'same' ELSE 'unchannelled' END, x.text_id, concat_ws('; ', note, 'no channel of Front has this number of ours');
    RETURN;
  END IF;
  IF p_lookup AND coalesce(h.profile_name, frontline.crm_name(p_from_address)) IS NULL AND p_from_address ~ '^([a-z]+:)?\+[1-9][0-9]{1,14}$' THEN
    -- a look-up that never answered is asked for again after a day
    INSERT INTO frontline.caller AS y (match_key, address, asked_at)
    VALUES (m, regexp_replace(p_from_address, '^[a-z]+:', ''), clock_timestamp())
    ON CONFLICT (match_key) DO UPDATE SET asks = y.asks + 1, asked_at = excluded.asked_at, address = excluded.address
      WHERE y.asked_at < clock_timestamp() - CASE WHEN y.answered_at IS NULL THEN interval '1 day' ELSE make_interval(days => p_cache_days) END
    RETURNING * INTO c;
  END IF;
  PERFORM frontline_queue.enqueue('front', frontline.front_lane(mine, h.thread_id), p_message_sid, 'front.message', jsonb_build_object('text_id', x.text_id));
  IF c.caller_id IS NOT NULL THEN
    PERFORM frontline_queue.enqueue('lookups', c.caller_id::text, format('lookup:%s:%s', c.caller_id, c.asks), 'lookup.name',
                                    jsonb_build_object('caller_id', c.caller_id, 'channel', mine));
  END IF;
  RETURN QUERY SELECT 'new', x.text_id, note;
END $$;
COMMENT ON FUNCTION frontline_api.take_text(text, text, text, text, text, jsonb, text, text, boolean, integer, timestamptz) IS
  'An SMS, MMS or WhatsApp message of a customer''s: stored with its consent, and on its way to Front, once for each MessageSid';

-- ----------------------------------------------------------------------------------------------------- what agents write
CREATE FUNCTION frontline.refusal_words(p_reason text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE p_reason WHEN 'opted_out'   THEN 'the customer has opted out'
                       WHEN 'own_number'  THEN 'this is a number of ours'
                       WHEN 'bad_address' THEN 'this is not a number that can get texts'
                       WHEN 'empty'       THEN 'there is nothing to send'
                       WHEN 'no_number'   THEN 'no number of ours can write there' END $$;
COMMENT ON FUNCTION frontline.refusal_words(text) IS 'Why a reply is not sent, for people';

CREATE FUNCTION frontline.our_number(p_channel text, p_numbers text[], p_recipient text, p_keys text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  bare   text := regexp_replace(p_recipient, '^[a-z]+:', '');
  usable text[] := ARRAY(SELECT n FROM unnest(p_numbers) WITH ORDINALITY u (n, o)
                          WHERE p_recipient = bare OR frontline.address_kind(n) = frontline.address_kind(p_recipient) ORDER BY o);
BEGIN
  RETURN coalesce(
    -- the conversation that the agent is looking at
    (SELECT n FROM unnest(usable) n, unnest(p_keys) WITH ORDINALITY k (key, o)
      WHERE k.key = frontline.conversation_key(n, CASE frontline.address_kind(n) WHEN 'sms' THEN bare ELSE frontline.address_kind(n) || ':' || bare END)
      ORDER BY o LIMIT 1),
    -- the number the customer knows
    (SELECT n FROM frontline.text_thread h, unnest(usable) n
      WHERE h.match_key = frontline.match_key(bare) AND h.channel = p_channel AND h.last_inbound_at IS NOT NULL
        AND frontline.address_kind(n) = h.kind AND frontline.match_key(n) = frontline.match_key(h.our_address)
      ORDER BY h.last_inbound_at DESC, h.thread_id DESC LIMIT 1),
    (SELECT n FROM unnest(usable) WITH ORDINALITY u (n, o) ORDER BY frontline.address_kind(n) <> 'sms', o LIMIT 1));
END $$;
COMMENT ON FUNCTION frontline.our_number(text, text[], text, text[]) IS 'From which of these addresses of ours a reply goes; NULL when none can write there';

CREATE FUNCTION frontline_api.take_reply(p_channel text, p_numbers jsonb, p_front_message_id text, p_kind text, p_recipients jsonb, p_body text,
                                         p_attachments jsonb, p_author text, p_front_conversation_id text, p_conversation_keys jsonb, p_tag boolean,
                                         p_sent timestamptz)
RETURNS TABLE (recipient text, external_id text, conversation_key text, outcome text, reason text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t        timestamptz := coalesce(p_sent, clock_timestamp());
  numbers  text[] := ARRAY(SELECT v FROM jsonb_array_elements_text(p_numbers) WITH ORDINALITY e (v, o) ORDER BY o);
  keys     text[] := ARRAY(SELECT v FROM jsonb_array_elements_text(p_conversation_keys) WITH ORDINALITY e (v, o) ORDER BY o);
  files    jsonb := nullif(p_attachments, '[]');
  cnv      text := nullif(p_front_conversation_id, '');
  prefix   text := CASE p_kind WHEN 'autoreply' THEN 'fa:' || p_front_message_id || ':' || left(encode(sha256(convert_to(coalesce(p_body, ''), 'UTF8')), 'hex'), 16) || ':'
                               ELSE 'fm:' || p_front_message_id || ':' END;
  asked    text[] := '{}';           -- of each recipient: as given, and what is to be answered
  ours     text[] := '{}';
  theirs   text[] := '{}';
  names    text[] := '{}';
  refusals text[] := '{}';
  r        record;
  k        text;
  bare     text;
  our      text;
  why      text;
  first    bigint;
  x        frontline.text_message;
  h        frontline.text_thread;
BEGIN
  FOR r IN SELECT coalesce(btrim(v), '') AS address FROM jsonb_array_elements_text(p_recipients) WITH ORDINALITY e (v, o) ORDER BY o LOOP
    bare := regexp_replace(r.address, '^[a-z]+:', '');
    our := frontline.our_number(p_channel, numbers, r.address, keys);
    why := CASE WHEN r.address !~ '^(whatsapp:)?\+[1-9][0-9]{1,14}$' THEN 'bad_address'
                WHEN EXISTS (SELECT FROM unnest(numbers) n WHERE frontline.match_key(n) = frontline.match_key(bare))
                  OR EXISTS (SELECT FROM frontline.proxy_address a WHERE a.address IN (bare, 'whatsapp:' || bare)) THEN 'own_number'
                WHEN btrim(coalesce(p_body, ''), E' \t\r\n') = '' AND files IS NULL THEN 'empty'
                WHEN our IS NULL THEN 'no_number'
                WHEN frontline.is_opted_out(frontline.address_kind(our), frontline.match_key(bare)) THEN 'opted_out' END;
    asked    := asked || r.address;
    names    := names || left(prefix || regexp_replace(r.address, '[^:]*$', '') || frontline.match_key(r.address), 300);
    ours     := ours || coalesce(our, numbers[1], '');
    theirs   := theirs || left(CASE WHEN why = 'bad_address' OR frontline.address_kind(coalesce(our, 'sms')) = 'sms' THEN r.address
                                    ELSE frontline.address_kind(our) || ':' || bare END, 100);
    refusals := refusals || why;
  END LOOP;

  -- who was taken, or is refused together with others, is not refused anew
  IF array_position(refusals, NULL) IS NULL
     AND NOT EXISTS (SELECT FROM frontline.text_message y WHERE y.external_id = ANY (names) AND y.channel = p_channel) THEN
    RETURN QUERY SELECT asked[i], NULL::text, NULL::text, 'refused', refusals[i] FROM generate_subscripts(asked, 1) i;
    RETURN;
  END IF;

  -- all threads before anything else, and in order
  FOR r IN SELECT DISTINCT ON (1) frontline.conversation_key(ours[i], theirs[i]) AS key, i FROM generate_subscripts(asked, 1) i ORDER BY 1, 2 LOOP
    INSERT INTO frontline.text_thread AS e (conversation_key, kind, our_address, customer_address, match_key, customer_id, channel, front_conversation_id, last_at)
    VALUES (r.key, frontline.address_kind(theirs[r.i]), ours[r.i], theirs[r.i], frontline.match_key(theirs[r.i]),
            (frontline.find_customer(theirs[r.i])).customer_id, p_channel, cnv, t)
    ON CONFLICT (conversation_key) DO UPDATE
      SET our_address = excluded.our_address, customer_id = coalesce(excluded.customer_id, e.customer_id), channel = excluded.channel,
          front_conversation_id = coalesce(excluded.front_conversation_id, e.front_conversation_id), last_at = greatest(e.last_at, t);
  END LOOP;

  FOR i IN 1 .. coalesce(array_length(asked, 1), 0) LOOP
    recipient := asked[i];
    external_id := names[i];
    why := refusals[i];
    SELECT * INTO h FROM frontline.text_thread y WHERE y.conversation_key = frontline.conversation_key(ours[i], theirs[i]);
    INSERT INTO frontline.text_message AS y (thread_id, channel, direction, external_id, author, body, media, front_message_id, front_conversation_id, refused,
                                             status, error_code, reason, at)
    VALUES (h.thread_id, p_channel, 'outbound', names[i], nullif(p_author, ''), p_body, files, p_front_message_id, cnv, why,
            CASE WHEN why IS NOT NULL THEN 'failed' END, CASE why WHEN 'opted_out' THEN 21610 WHEN 'bad_address' THEN 21211 END, frontline.refusal_words(why), t)
    ON CONFLICT (external_id, channel) WHERE external_id IS NOT NULL DO NOTHING
    RETURNING * INTO x;
    IF NOT FOUND THEN
      SELECT * INTO x FROM frontline.text_message y WHERE y.external_id = names[i] AND y.channel = p_channel;
      outcome := CASE WHEN x.refused IS NULL THEN 'same' ELSE 'refused' END;
      reason := x.refused;
      conversation_key := (SELECT y.conversation_key FROM frontline.text_thread y WHERE y.thread_id = x.thread_id);
      RETURN NEXT;
      CONTINUE;
    END IF;
    conversation_key := h.conversation_key;
    outcome := CASE WHEN why IS NULL THEN 'new' ELSE 'refused' END;
    reason := why;
    IF why IS NULL THEN
      PERFORM frontline_queue.enqueue('twilio_messages', h.thread_id::text, 'text:' || x.text_id, 'text.send', jsonb_build_object('text_id', x.text_id));
      first := coalesce(first, x.text_id);
      cnv := coalesce(cnv, h.front_conversation_id);
    ELSE
      PERFORM frontline_queue.enqueue('front', frontline.front_lane(p_channel, h.thread_id) || ':out', 'failed:' || x.text_id, 'front.failed',
                                      jsonb_build_object('text_id', x.text_id));
    END IF;
    RETURN NEXT;
  END LOOP;
  IF p_tag AND first IS NOT NULL AND cnv IS NOT NULL THEN
    PERFORM frontline_queue.enqueue('front', p_channel || ':tag:' || cnv, 'tag:' || cnv, 'front.tag', jsonb_build_object('text_id', first));
  END IF;
END $$;
COMMENT ON FUNCTION frontline_api.take_reply(text, jsonb, text, text, jsonb, text, jsonb, text, text, jsonb, boolean, timestamptz) IS
  'A message of Front''s: one text on its way for each recipient, once however often somebody presses send; who must not be written to is refused';

-- ------------------------------------------------------------------------------------------------------- what Front says
-- The relay adds what it has to say in brackets behind the text, and texts that came as files.
CREATE FUNCTION frontline.may_be_shown_as(t frontline.text_message, p_said text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  b text := btrim(regexp_replace(coalesce(t.body, ''), '\s+', ' ', 'g'));
BEGIN
  RETURN b = p_said
      OR starts_with(p_said, ltrim(b || ' ('))
      OR starts_with(p_said, ltrim(b || ' ')) AND coalesce(t.media @? '$[*].content_type ? (@ starts with "text/plain")', false);
END $$;
COMMENT ON FUNCTION frontline.may_be_shown_as(frontline.text_message, text) IS 'Can this be how Front shows a text of a customer''s? White space is one blank each';

CREATE FUNCTION frontline_api.note_imported(p_channel text, p_message_sid text, p_conversation_keys jsonb, p_front_message_id text,
                                            p_front_conversation_id text, p_body text, p_at timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t       timestamptz := coalesce(p_at, clock_timestamp());
  msg     text := nullif(p_front_message_id, '');
  cnv     text := nullif(p_front_conversation_id, '');
  said    text := btrim(regexp_replace(p_body, '\s+', ' ', 'g'));
  x       frontline.text_message;
  mark    uuid;
BEGIN
  SELECT * INTO x FROM frontline.text_message y WHERE y.message_sid = nullif(p_message_sid, '') AND y.direction = 'inbound' AND y.channel = p_channel;
  IF NOT FOUND THEN
    SELECT * INTO x FROM frontline.text_message y WHERE y.front_message_id = msg AND y.direction = 'inbound' AND y.channel = p_channel;
  END IF;
  IF x.text_id IS NULL THEN
    -- only what has left can have arrived: another message of the thread must not stand for a text that waits
    SELECT y.* INTO x
      FROM jsonb_array_elements_text(p_conversation_keys) k
      JOIN frontline.text_thread h ON h.conversation_key = k
      JOIN frontline.text_message y ON y.thread_id = h.thread_id
     WHERE y.direction = 'inbound' AND y.channel = p_channel AND y.front_message_id IS NULL AND y.erased_at IS NULL
       AND y.at BETWEEN t - interval '2 days' AND t + interval '2 days'
       AND (said IS NULL OR frontline.may_be_shown_as(y, said))
       AND (y.posted_at IS NOT NULL OR EXISTS (SELECT FROM frontline_queue.job j
             WHERE j.destination_id = 3 AND j.key = frontline.front_lane(p_channel, y.thread_id) AND j.kind = 'front.message' AND j.wire_at IS NOT NULL
               AND j.payload ->> 'text_id' = y.text_id::text))
     ORDER BY (btrim(regexp_replace(coalesce(y.body, ''), '\s+', ' ', 'g')) = said) DESC NULLS LAST, abs(extract(epoch FROM y.at - t)), y.text_id LIMIT 1;
  END IF;
  IF x.text_id IS NULL THEN
    RETURN QUERY SELECT 'ignored', 'no text of ours';
    RETURN;
  END IF;

  UPDATE frontline.text_thread y SET front_conversation_id = cnv WHERE y.thread_id = x.thread_id AND y.front_conversation_id IS DISTINCT FROM cnv AND cnv IS NOT NULL;
  outcome := CASE WHEN FOUND THEN 'changed' ELSE 'same' END;
  UPDATE frontline.text_message y
     SET front_message_id = coalesce(y.front_message_id, msg), front_conversation_id = coalesce(cnv, y.front_conversation_id),
         posted_at = coalesce(y.posted_at, clock_timestamp())
   WHERE y.text_id = x.text_id
     AND (y.posted_at IS NULL OR y.front_message_id IS NULL AND msg IS NOT NULL OR cnv IS NOT NULL AND y.front_conversation_id IS DISTINCT FROM cnv);
  IF FOUND THEN outcome := 'changed'; END IF;
  SELECT j.wire_uuids[cardinality(j.wire_uuids)] INTO mark FROM frontline_queue.job j
   WHERE j.destination_id = 3 AND j.key = frontline.front_lane(p_channel, x.thread_id) AND j.kind = 'front.message' AND j.wire_at IS NOT NULL
     AND j.payload ->> 'text_id' = x.text_id::text;
  IF mark IS NOT NULL THEN PERFORM frontline_queue.learn(mark, coalesce(msg, x.message_sid), 'message_imported'); END IF;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.note_imported(text, text, jsonb, text, text, text, timestamptz) IS
  'message_imported: a text of a customer''s is in Front, and what it is called there';

CREATE FUNCTION frontline_api.note_text_status(p_wire_uuid uuid, p_message_sid text, p_status text, p_error_code integer, p_at timestamptz)
RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t    timestamptz := coalesce(p_at, clock_timestamp());
  word text := lower(p_status);
  rank integer := frontline.delivery_rank(word);
  id   bigint;
BEGIN
  -- note_text_sent holds this too, so a status is found by it or finds what it wrote
  PERFORM pg_advisory_xact_lock(hashtextextended('text ' || p_message_sid, 0));
  SELECT y.text_id INTO id FROM frontline.text_message y WHERE y.message_sid = p_message_sid;
  IF rank IS NULL THEN
    outcome := 'ignored';
    note := 'unknown status';
  ELSIF id IS NOT NULL THEN
    SELECT s.outcome, s.note INTO outcome, note FROM frontline.settle_text(id, p_message_sid, word, p_error_code, NULL, t) s;
  ELSE
    INSERT INTO frontline.text_status AS s (message_sid, status, error_code, at) VALUES (p_message_sid, word, p_error_code, t)
    ON CONFLICT (message_sid) DO UPDATE SET status = excluded.status, error_code = excluded.error_code
      WHERE frontline.delivery_rank(excluded.status) > frontline.delivery_rank(s.status);
    outcome := 'unknown';
    note := format('no text of ours has this SID yet; %s such', (SELECT count(*) FROM (SELECT FROM frontline.text_status LIMIT 1000) u));
  END IF;
  IF p_wire_uuid IS NOT NULL THEN PERFORM frontline_queue.learn(p_wire_uuid, p_message_sid, 'status_callback'); END IF;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.note_text_status(uuid, text, text, integer, timestamptz) IS
  'A status callback: the highest state stays, a failure goes to Front, and the request that left under p_wire_uuid has arrived';

CREATE FUNCTION frontline_api.get_media(p_token text) RETURNS TABLE (content_type text, bytes text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  -- hex: base64url of 5 MB takes half a second, and the caller has 700 ms
  RETURN QUERY SELECT x.content_type, encode(x.bytes, 'hex') FROM frontline.text_media x WHERE x.token = p_token AND x.expires_at > clock_timestamp();
END $$;
COMMENT ON FUNCTION frontline_api.get_media(text) IS 'A picture for Twilio to fetch, as hex; no row when its time is over';

CREATE FUNCTION frontline_api.note_channel(p_channel text, p_channel_id text, p_event text, p_at timestamptz) RETURNS TABLE (outcome text, note text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t   timestamptz := coalesce(p_at, clock_timestamp());
  old frontline.front_channel;
  new frontline.front_channel;
BEGIN
  IF p_event NOT IN ('authorization', 'delete') OR p_event IS NULL THEN
    RETURN QUERY SELECT 'ignored', 'unknown event';
    RETURN;
  END IF;
  INSERT INTO frontline.front_channel (channel, channel_id, authorized, changed_at) VALUES (p_channel, nullif(p_channel_id, ''), p_event = 'authorization', t)
  ON CONFLICT DO NOTHING;
  IF FOUND THEN
    outcome := 'new';
  ELSE
    SELECT * INTO old FROM frontline.front_channel x WHERE x.channel = p_channel FOR NO KEY UPDATE;
    new := old;
    IF t > old.changed_at THEN
      new.authorized := p_event = 'authorization';
      new.channel_id := coalesce(nullif(p_channel_id, ''), old.channel_id);
    END IF;
    IF new IS DISTINCT FROM old THEN
      UPDATE frontline.front_channel x SET authorized = new.authorized, channel_id = new.channel_id, changed_at = t WHERE x.channel = p_channel;
      outcome := 'changed';
    ELSE
      outcome := 'same';
    END IF;
  END IF;
  IF p_event = 'delete' AND outcome <> 'same' THEN note := 'Front has deleted this channel'; END IF;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION frontline_api.note_channel(text, text, text, timestamptz) IS 'authorization and delete: a channel was connected in Front, or taken away';

-- ------------------------------------------------------------------------------------------------ for the relay: to Front
CREATE FUNCTION frontline.text_for_front(p_text_id bigint)
RETURNS TABLE (text_id bigint, direction text, channel text, kind text, message_sid text, our_address text, customer_address text, handle text, body text,
               media jsonb, received timestamptz, sender_name text, conversation_key text, external_id text, front_message_id text,
               front_conversation_id text, posted boolean, message_uid text, consent text, opted_out boolean, status text, error_code integer, reason text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT x.text_id, x.direction, x.channel, h.kind, x.message_sid, h.our_address, h.customer_address, regexp_replace(h.customer_address, '^[a-z]+:', ''),
         x.body, x.media, x.at,
         coalesce(frontline.crm_name(h.customer_address), (SELECT c.name FROM frontline.caller c WHERE c.match_key = h.match_key), h.profile_name),
         h.conversation_key, x.external_id, x.front_message_id, coalesce(x.front_conversation_id, h.front_conversation_id), x.posted_at IS NOT NULL,
         x.message_uid, x.consent, frontline.is_opted_out(h.kind, h.match_key), x.status, x.error_code, x.reason
    FROM frontline.text_message x JOIN frontline.text_thread h USING (thread_id)
   WHERE x.text_id = p_text_id AND x.erased_at IS NULL;
END $$;
COMMENT ON FUNCTION frontline.text_for_front(bigint) IS 'What Front must be told of a text; no row when it was erased or purged';

CREATE FUNCTION frontline.note_posted(p_text_id bigint, p_message_uid text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE frontline.text_message x SET posted_at = coalesce(x.posted_at, clock_timestamp()), message_uid = coalesce(x.message_uid, nullif(p_message_uid, ''))
   WHERE x.text_id = p_text_id AND (x.posted_at IS NULL OR x.message_uid IS NULL AND p_message_uid <> '');
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION frontline.note_posted(bigint, text) IS 'Front has accepted a text; whether that is news';

CREATE FUNCTION frontline.note_left_out(p_text_id bigint, p_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  x frontline.text_message;
BEGIN
  SELECT * INTO x FROM frontline.text_message y WHERE y.text_id = p_text_id AND y.erased_at IS NULL;
  RETURN FOUND AND frontline.comment_in_front(x, left(p_reason, 500));
END $$;
COMMENT ON FUNCTION frontline.note_left_out(bigint, text) IS 'Something of a text could not go along, and agents are told by a comment; whether that is news';

CREATE FUNCTION frontline.tag_id(p_channel text, p_name text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT x.tag_id FROM frontline.front_tag x WHERE x.channel = p_channel AND x.name = p_name);
END $$;
COMMENT ON FUNCTION frontline.tag_id(text, text) IS 'Front''s id of a tag; NULL when it must be asked for';

CREATE FUNCTION frontline.note_tag(p_channel text, p_name text, p_tag_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF coalesce(p_tag_id, '') = '' THEN
    DELETE FROM frontline.front_tag x WHERE x.channel = p_channel AND x.name = p_name;
  ELSE
    INSERT INTO frontline.front_tag (channel, name, tag_id) VALUES (p_channel, p_name, p_tag_id)
    ON CONFLICT (channel, name) DO UPDATE SET tag_id = excluded.tag_id;
  END IF;
END $$;
COMMENT ON FUNCTION frontline.note_tag(text, text, text) IS 'Front''s id of a tag; NULL when there is none any more';

-- ----------------------------------------------------------------------------------------------- for the relay: to Twilio
CREATE FUNCTION frontline.text_to_send(p_text_id bigint)
RETURNS TABLE (text_id bigint, channel text, kind text, to_address text, from_address text, body text, attachments jsonb, kept jsonb, opted_out boolean,
               session_open boolean, message_sid text, status text, front_message_id text, external_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT x.text_id, x.channel, h.kind, h.customer_address, h.our_address, x.body, x.media,
         (SELECT coalesce(jsonb_agg(jsonb_build_object('index', k.index, 'token', k.token, 'content_type', k.content_type, 'filename', k.filename) ORDER BY k.index), '[]')
            FROM frontline.text_media k WHERE k.text_id = x.text_id AND k.expires_at > clock_timestamp() + interval '5 minutes'),
         frontline.is_opted_out(h.kind, h.match_key), h.kind <> 'whatsapp' OR coalesce(h.last_inbound_at > clock_timestamp() - interval '24 hours', false),
         x.message_sid, x.status, x.front_message_id, x.external_id
    FROM frontline.text_message x JOIN frontline.text_thread h USING (thread_id)
   WHERE x.text_id = p_text_id AND x.direction = 'outbound' AND x.erased_at IS NULL;
END $$;
COMMENT ON FUNCTION frontline.text_to_send(bigint) IS 'What Twilio must be asked to send, and whether it may be; no row when it was erased or purged';

CREATE FUNCTION frontline.keep_media(p_text_id bigint, p_index integer, p_filename text, p_content_type text, p_bytes text, p_minutes integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  secret text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
BEGIN
  PERFORM FROM frontline.text_message x WHERE x.text_id = p_text_id AND x.erased_at IS NULL FOR SHARE;       -- erasure waits, or is over
  IF NOT FOUND THEN RETURN NULL; END IF;
  INSERT INTO frontline.text_media AS x (text_id, index, token, filename, content_type, bytes, expires_at)
  VALUES (p_text_id, p_index, secret, p_filename, p_content_type, frontline.from_base64url(p_bytes), clock_timestamp() + make_interval(mins => p_minutes))
  ON CONFLICT (text_id, index) DO UPDATE
    SET filename = excluded.filename, content_type = excluded.content_type, bytes = excluded.bytes, expires_at = excluded.expires_at
  RETURNING x.token INTO secret;
  RETURN secret;
END $$;
COMMENT ON FUNCTION frontline.keep_media(bigint, integer, text, text, text, integer) IS
  'Keeps a picture for so many minutes; the token under which Twilio may fetch it, or NULL when the text is gone';

CREATE FUNCTION frontline.note_text_sent(p_text_id bigint, p_message_sid text, p_status text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  x     frontline.text_message;
  early frontline.text_status;
  word  text := CASE WHEN frontline.delivery_rank(lower(p_status)) IS NULL THEN 'queued' ELSE lower(p_status) END;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('text ' || p_message_sid, 0));
  SELECT * INTO x FROM frontline.text_message y WHERE y.text_id = p_text_id AND y.direction = 'outbound';
  IF NOT FOUND OR x.message_sid IS NOT NULL OR EXISTS (SELECT FROM frontline.text_message y WHERE y.message_sid = p_message_sid) THEN RETURN false; END IF;
  DELETE FROM frontline.text_status s WHERE s.message_sid = p_message_sid RETURNING * INTO early;
  IF frontline.delivery_rank(early.status) > frontline.delivery_rank(word) THEN word := early.status; END IF;
  RETURN (frontline.settle_text(p_text_id, p_message_sid, word, early.error_code, NULL, coalesce(early.at, clock_timestamp()))).outcome = 'changed';
END $$;
COMMENT ON FUNCTION frontline.note_text_sent(bigint, text, text) IS
  'Twilio has a text, under this SID; whether that is news. A status that was told before is applied. False also when the SID is another text''s';

CREATE FUNCTION frontline.note_text_refused(p_text_id bigint, p_error_code integer, p_reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (frontline.settle_text(p_text_id, NULL, 'failed', p_error_code, p_reason, clock_timestamp())).outcome = 'changed';
END $$;
COMMENT ON FUNCTION frontline.note_text_refused(bigint, integer, text) IS 'Twilio will not send this text, or we gave it up: it is failed, and Front is told; whether that is news';

CREATE FUNCTION frontline.texts_without_fate(p_age interval, p_limit integer) RETURNS TABLE (text_id bigint, message_sid text)
LANGUAGE plpgsql SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t timestamptz := clock_timestamp();
BEGIN
  RETURN QUERY
  WITH due AS MATERIALIZED (
    SELECT x.text_id FROM frontline.text_message x
     WHERE x.direction = 'outbound' AND x.message_sid IS NOT NULL AND x.status IN ('accepted', 'scheduled', 'queued', 'sending', 'sent')
       AND coalesce(x.fate_asked_at, x.recorded_at) <= t - p_age AND x.recorded_at > t - interval '48 hours'
     ORDER BY coalesce(x.fate_asked_at, x.recorded_at), x.text_id LIMIT least(greatest(p_limit, 0), 1000) FOR NO KEY UPDATE SKIP LOCKED)
  UPDATE frontline.text_message x SET fate_asked_at = t FROM due WHERE x.text_id = due.text_id RETURNING x.text_id, x.message_sid;
END $$;
COMMENT ON FUNCTION frontline.texts_without_fate(interval, integer) IS
  'Texts of the last two days that Twilio took and said nothing final about, not asked for since p_age; from now on they count as asked for, so several relays share them';

CREATE FUNCTION frontline.latest_inbound(p_number text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT x.at FROM frontline.text_message x JOIN frontline.text_thread h USING (thread_id)
           WHERE h.our_address = p_number AND x.direction = 'inbound' AND x.channel IS NOT NULL
             AND x.recorded_at < clock_timestamp() - interval '1 hour' AND x.at > clock_timestamp() - interval '8 days'
           ORDER BY x.at DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION frontline.latest_inbound(text) IS 'When this address of ours last got a text that we have had for an hour, in 8 days; NULL: never. What comes first after an outage must not hide how long that was';

-- --------------------------------------------------------------------------------------------------- for the relay: names
CREATE FUNCTION frontline.lookup_name(p_caller_id bigint, p_cache_days integer) RETURNS TABLE (standing text, address text, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  c frontline.caller;
  n text;
BEGIN
  SELECT * INTO c FROM frontline.caller x WHERE x.caller_id = p_caller_id;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'gone', NULL::text, NULL::text;
    RETURN;
  END IF;
  n := frontline.crm_name(c.address);
  RETURN QUERY SELECT CASE WHEN n IS NOT NULL OR c.answered_at >= c.asked_at OR c.answered_at > clock_timestamp() - make_interval(days => p_cache_days)
                           THEN 'known' ELSE 'ask' END, c.address, coalesce(n, c.name);
END $$;
COMMENT ON FUNCTION frontline.lookup_name(bigint, integer) IS 'Whether this number must still be looked up (ask), its name is known, that it has none too, or it was erased (gone)';

CREATE FUNCTION frontline.note_name(p_caller_id bigint, p_name text, p_caller_type text, p_channel text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old  frontline.caller;
  word text := left(frontline.tidy(p_name), 256);
BEGIN
  SELECT * INTO old FROM frontline.caller x WHERE x.caller_id = p_caller_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE frontline.caller x SET name = word, caller_type = left(nullif(p_caller_type, ''), 64), answered_at = clock_timestamp() WHERE x.caller_id = p_caller_id;
  IF word IS NULL OR word = old.name THEN RETURN false; END IF;
  IF p_channel <> '' THEN
    PERFORM frontline_queue.enqueue('front', format('%s:contact:%s', p_channel, p_caller_id), format('contact:%s:%s', p_caller_id, old.asks), 'front.contact',
                                    jsonb_build_object('caller_id', p_caller_id, 'channel', p_channel));
  END IF;
  RETURN true;
END $$;
COMMENT ON FUNCTION frontline.note_name(bigint, text, text, text) IS 'What a look-up found, NULL for nothing; a new name is on its way to Front. Whether it is new';

CREATE FUNCTION frontline.contact_for_front(p_caller_id bigint) RETURNS TABLE (address text, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT c.address, coalesce(frontline.crm_name(c.address), c.name) FROM frontline.caller c
    WHERE c.caller_id = p_caller_id AND coalesce(frontline.crm_name(c.address), c.name) IS NOT NULL;
END $$;
COMMENT ON FUNCTION frontline.contact_for_front(bigint) IS 'Number and name of a contact in Front; no row when there is no name, or it was erased';

-- ------------------------------------------------------------------------------------------------------------- erasure
CREATE FUNCTION frontline.erase_texts(p_customer_ids bigint[], p_addresses text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone  text[] := ARRAY(SELECT DISTINCT frontline.match_key(a) FROM unnest(p_addresses) a);
  texts text[];
  h     frontline.text_thread;
BEGIN
  FOR h IN SELECT * FROM frontline.text_thread x
            WHERE x.erased_at IS NULL AND (x.customer_id = ANY (p_customer_ids) OR x.match_key = ANY (gone) AND x.kind || ':' || x.match_key = ANY (p_addresses))
            ORDER BY x.conversation_key FOR NO KEY UPDATE LOOP
    WITH e AS (UPDATE frontline.text_message x
                  SET body = NULL, media = NULL, author = NULL, reason = NULL, erased_at = clock_timestamp(),
                      external_id = CASE WHEN x.external_id IS NOT NULL THEN 'erased:' || x.text_id END
                WHERE x.thread_id = h.thread_id AND x.erased_at IS NULL RETURNING x.text_id)
    SELECT coalesce(array_agg(e.text_id::text), '{}') INTO texts FROM e;
    DELETE FROM frontline.text_media x WHERE x.text_id = ANY (texts::bigint[]);
    -- an address that is somebody else's too goes on being that customer's
    IF h.kind || ':' || h.match_key = ANY (p_addresses) THEN
      UPDATE frontline.text_thread x SET conversation_key = NULL, customer_address = NULL, match_key = NULL, customer_id = NULL, profile_name = NULL,
                                         erased_at = clock_timestamp()
       WHERE x.thread_id = h.thread_id;
    ELSE
      UPDATE frontline.text_thread x SET customer_id = NULL, profile_name = NULL WHERE x.thread_id = h.thread_id;
    END IF;
    UPDATE frontline_queue.job j  SET payload = j.payload - 'reason' WHERE j.payload ->> 'text_id' = ANY (texts) AND j.payload ? 'reason';
    UPDATE frontline_queue.dead x SET payload = x.payload - 'reason' WHERE x.payload ->> 'text_id' = ANY (texts) AND x.payload ? 'reason';
  END LOOP;
  DELETE FROM frontline.caller c WHERE c.match_key = ANY (gone);
END $$;
COMMENT ON FUNCTION frontline.erase_texts(bigint[], text[]) IS
  'Forgets what was written to and by erased customers, their pictures and names; p_addresses, e.g. sms:+4790000012, are nobody''s any more';

CREATE OR REPLACE FUNCTION frontline.erase_customer(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids  bigint[];
  free text[] := '{}';
  a    record;
BEGIN
  PERFORM FROM frontline.customer WHERE customer_id = p_id OR merged_into_id = p_id ORDER BY customer_id FOR UPDATE;
  IF EXISTS (SELECT FROM frontline.customer WHERE customer_id = p_id AND merged_into_id IS NOT NULL) THEN
    RAISE EXCEPTION 'customer % was merged into %: erase that one', p_id, (SELECT merged_into_id FROM frontline.customer WHERE customer_id = p_id);
  END IF;
  -- a row that was deleted outright still has its traces in the audit log
  ids := array(SELECT customer_id FROM frontline.customer WHERE customer_id = p_id OR merged_into_id = p_id UNION SELECT p_id);

  FOR a IN
    SELECT h.type, h.match_key FROM frontline.channel h WHERE h.customer_id = ANY (ids)
    UNION
    SELECT CASE WHEN v.customer_address LIKE 'whatsapp:%' THEN 'whatsapp' WHEN v.customer_address LIKE '+%' THEN 'sms' ELSE 'chat' END,
           frontline.match_key(v.customer_address)
      FROM frontline.conversation v WHERE v.customer_id = ANY (ids) AND v.customer_address IS NOT NULL
    UNION
    SELECT h.kind, h.match_key FROM frontline.text_thread h WHERE h.customer_id = ANY (ids)
  LOOP
    -- a shared address goes on being somebody's, and so does its consent
    CONTINUE WHEN EXISTS (SELECT FROM frontline.channel h WHERE h.type = a.type AND h.match_key = a.match_key AND h.customer_id <> ALL (ids));
    free := free || (a.type || ':' || a.match_key);
    IF frontline.is_opted_out(a.type, a.match_key) THEN
      INSERT INTO frontline.suppressed_address (digest) VALUES (frontline.address_digest(a.type, a.match_key))
      ON CONFLICT (digest) DO UPDATE SET suppressed_at = excluded.suppressed_at;
    ELSE
      DELETE FROM frontline.suppressed_address WHERE digest = frontline.address_digest(a.type, a.match_key);
    END IF;
    DELETE FROM frontline.consent_event e WHERE e.channel_type = a.type AND e.match_key = a.match_key;
  END LOOP;

  UPDATE frontline.message m SET body = NULL, media = NULL, author = NULL
    FROM frontline.conversation v WHERE v.conversation_sid = m.conversation_sid AND v.customer_id = ANY (ids);
  UPDATE frontline.conversation SET customer_address = NULL WHERE customer_id = ANY (ids) AND state = 'closed';
  DELETE FROM frontline.channel WHERE customer_id = ANY (ids);
  DELETE FROM frontline.link WHERE customer_id = ANY (ids);
  UPDATE frontline.customer
     SET display_name = 'Erased', first_name = NULL, last_name = NULL, company_name = NULL, avatar = NULL, details_title = NULL,
         details_content = NULL, external_id = NULL, language = NULL, time_zone = NULL,
         deleted_at = coalesce(deleted_at, now()), erased_at = coalesce(erased_at, now())
   WHERE customer_id = ANY (ids);
  PERFORM frontline.erase_texts(ids, free);
  -- last, because the statements above wrote the old values there once more
  UPDATE frontline.audit_log SET changed = NULL
   WHERE table_name IN ('customer', 'channel', 'link') AND row_key = ANY (ids::text[]) AND changed IS NOT NULL;
  INSERT INTO frontline.audit_log (actor, table_name, row_key, action)
  SELECT nullif(current_setting('frontline.actor', true), ''), 'customer', i::text, 'ERASE' FROM unnest(ids) i;
END $$;
COMMENT ON FUNCTION frontline.erase_customer(bigint) IS
  'Forgets a person: names, addresses, links, the words of messages and texts, and audit values go, here and in every id merged into this one. The rows stay as tombstones; an opt-out stays as a keyed digest and still holds';

-- -------------------------------------------------------------------------------------------------------- housekeeping
CREATE FUNCTION frontline.housekeep_texts(p_message_days integer) RETURNS TABLE (task text, rows integer, more boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
  batch CONSTANT integer := 1000;
  t     timestamptz := clock_timestamp();
  old   timestamptz := t - make_interval(days => nullif(greatest(p_message_days, 0), 0));
  x     record;
BEGIN
  FOR x IN VALUES ('text_media', 'expires_at', t), ('text_status', 'at', t - interval '30 days'), ('text_message', 'at', old),
                  ('caller', 'asked_at', t - interval '400 days') LOOP
    CONTINUE WHEN x.column3 IS NULL;
    EXECUTE format('DELETE FROM frontline.%I WHERE ctid = ANY (ARRAY(SELECT ctid FROM frontline.%1$I WHERE %2$I < $1 ORDER BY %2$I LIMIT $2 FOR UPDATE SKIP LOCKED))',
                   x.column1, x.column2) USING x.column3, batch;
    GET DIAGNOSTICS rows = ROW_COUNT;
    task := x.column1; more := rows = batch; RETURN NEXT;
  END LOOP;
  IF old IS NOT NULL THEN
    DELETE FROM frontline.text_thread WHERE ctid = ANY (ARRAY(
      SELECT h.ctid FROM frontline.text_thread h
       WHERE h.last_at < old AND NOT EXISTS (SELECT FROM frontline.text_message m WHERE m.thread_id = h.thread_id)
       ORDER BY h.last_at LIMIT batch FOR UPDATE OF h SKIP LOCKED));
    GET DIAGNOSTICS rows = ROW_COUNT;
    task := 'text_thread'; more := rows = batch; RETURN NEXT;
  END IF;
END $$;
COMMENT ON FUNCTION frontline.housekeep_texts(integer) IS 'A part of frontline_queue.housekeeping: pictures, texts, threads and looked-up names that are too old';

ALTER FUNCTION frontline_queue.housekeeping(integer, integer, integer) RENAME TO housekeep_queue;
REVOKE EXECUTE ON FUNCTION frontline_queue.housekeep_queue(integer, integer, integer) FROM frontline_relay;
COMMENT ON FUNCTION frontline_queue.housekeep_queue(integer, integer, integer) IS 'A part of frontline_queue.housekeeping: queue, messages of conversations, audit, partitions';

CREATE FUNCTION frontline_queue.housekeeping(p_done_days integer, p_message_days integer, p_audit_days integer)
RETURNS TABLE (task text, rows integer, more boolean)
LANGUAGE plpgsql SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('frontline-housekeeping')) THEN RETURN; END IF;
  RETURN QUERY SELECT * FROM frontline.housekeep_texts(p_message_days);
  RETURN QUERY SELECT * FROM frontline_queue.housekeep_queue(p_done_days, p_message_days, p_audit_days);
END $$;
COMMENT ON FUNCTION frontline_queue.housekeeping(integer, integer, integer) IS
  'Removes what is too old, at most 1000 rows of a kind and one partition, and makes partitions ahead. Messages and audit go by whole months, so they stay at least so many days; texts go by days; NULL or 0 keeps them. more: call again';

-- -------------------------------------------------------------------------------------------------------------- report
CREATE VIEW frontline_report.text AS
  SELECT x.text_id, x.thread_id, x.channel, h.kind, x.direction, h.our_address, frontline.mask(h.customer_address) AS customer_address, h.customer_id,
         length(x.body) AS body_characters, coalesce(jsonb_array_length(x.media), 0) AS media_count, x.consent, x.status, x.error_code,
         x.posted_at, x.at
    FROM frontline.text_message x JOIN frontline.text_thread h USING (thread_id);
COMMENT ON VIEW   frontline_report.text                  IS 'Texts between Twilio and Front without what was said, customers'' addresses masked';
COMMENT ON COLUMN frontline_report.text.text_id          IS 'Key';
COMMENT ON COLUMN frontline_report.text.thread_id        IS 'The pair of addresses';
COMMENT ON COLUMN frontline_report.text.channel          IS 'Channel of Front, by its name in the configuration; NULL: none has our address';
COMMENT ON COLUMN frontline_report.text.kind             IS 'sms, whatsapp';
COMMENT ON COLUMN frontline_report.text.direction        IS 'inbound or outbound';
COMMENT ON COLUMN frontline_report.text.our_address      IS 'Our address';
COMMENT ON COLUMN frontline_report.text.customer_address IS 'The customer''s, masked';
COMMENT ON COLUMN frontline_report.text.customer_id      IS 'The customer, when known';
COMMENT ON COLUMN frontline_report.text.body_characters  IS 'Length of the text';
COMMENT ON COLUMN frontline_report.text.media_count      IS 'Number of pictures';
COMMENT ON COLUMN frontline_report.text.consent          IS 'What it says of consent';
COMMENT ON COLUMN frontline_report.text.status           IS 'Twilio''s word for an outbound text; NULL: not sent yet';
COMMENT ON COLUMN frontline_report.text.error_code       IS 'Twilio''s error code';
COMMENT ON COLUMN frontline_report.text.posted_at        IS 'When an inbound text was known to be in Front';
COMMENT ON COLUMN frontline_report.text.at               IS 'When';

-- -------------------------------------------------------------------------------------------------------------- grants
GRANT EXECUTE ON FUNCTION
      frontline_api.take_text(text, text, text, text, text, jsonb, text, text, boolean, integer, timestamptz),
      frontline_api.take_reply(text, jsonb, text, text, jsonb, text, jsonb, text, text, jsonb, boolean, timestamptz),
      frontline_api.note_imported(text, text, jsonb, text, text, text, timestamptz),
      frontline_api.note_text_status(uuid, text, text, integer, timestamptz), frontline_api.get_media(text),
      frontline_api.note_channel(text, text, text, timestamptz) TO frontline_fcgi;
GRANT USAGE ON SCHEMA frontline_api TO frontline_relay;
GRANT EXECUTE ON FUNCTION
      frontline_api.take_text(text, text, text, text, text, jsonb, text, text, boolean, integer, timestamptz),
      frontline_api.note_text_status(uuid, text, text, integer, timestamptz),
      frontline.text_for_front(bigint), frontline.note_posted(bigint, text), frontline.note_left_out(bigint, text),
      frontline.tag_id(text, text), frontline.note_tag(text, text, text), frontline.text_to_send(bigint),
      frontline.keep_media(bigint, integer, text, text, text, integer), frontline.note_text_sent(bigint, text, text),
      frontline.note_text_refused(bigint, integer, text), frontline.texts_without_fate(interval, integer),
      frontline.latest_inbound(text), frontline.lookup_name(bigint, integer), frontline.note_name(bigint, text, text, text),
      frontline.contact_for_front(bigint), frontline_queue.housekeeping(integer, integer, integer) TO frontline_relay;
GRANT SELECT ON frontline.text_thread, frontline.text_message, frontline.text_status, frontline.caller, frontline.front_channel,
      frontline.front_tag, frontline_report.text TO frontline_dba;
GRANT SELECT ON frontline_report.text TO frontline_report;

INSERT INTO frontline.schema_migration (version, name) VALUES (7, '0007_front.sql');
SET LOCAL ROLE NONE;
