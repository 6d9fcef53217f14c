-- bridge_keep frontline_relay
SELECT frontline.keep_media($1::bigint, $2::integer, $3, $4,       $5, $6::integer)
-- keep_media text

-- bridge_left_out frontline_relay
SELECT frontline.note_left_out($1::bigint, $2)
-- note_left_out boolean

-- bridge_posted frontline_relay
SELECT frontline.note_posted($1::bigint, $2)
-- note_posted boolean

-- bridge_refused frontline_relay
SELECT frontline.note_text_refused($1::bigint, $2::integer,       $3)
-- note_text_refused boolean

-- bridge_sending frontline_relay
SELECT t.channel, t.kind, t.to_address, t.from_address, t.body,       t.attachments, t.kept, t.opted_out, t.session_open,       t.message_sid, t.status  FROM frontline.text_to_send($1::bigint) AS t
-- channel text, kind text, to_address text, from_address text, body text, attachments jsonb, kept jsonb, opted_out boolean, session_open boolean, message_sid text, status text

-- bridge_sent frontline_relay
SELECT frontline.note_text_sent($1::bigint, $2, $3)
-- note_text_sent boolean

-- bridge_text frontline_relay
SELECT t.channel, t.kind, t.message_sid, t.handle, t.body,       t.media, extract(epoch FROM t.received)::bigint,       t.sender_name, t.conversation_key, t.external_id,       t.front_conversation_id, t.posted, t.consent,       t.error_code, t.reason  FROM frontline.text_for_front($1::bigint) AS t
-- channel text, kind text, message_sid text, handle text, body text, media jsonb, extract bigint, sender_name text, conversation_key text, external_id text, front_conversation_id text, posted boolean, consent text, error_code integer, reason text

-- caller_ask frontline_relay
SELECT l.address  FROM frontline.lookup_name($1::bigint, $2::integer) AS l WHERE l.standing = 'ask'
-- address text

-- caller_note frontline_relay
SELECT frontline.note_name($1::bigint, $2, $3, $4)
-- note_name boolean

-- contact frontline_relay
SELECT c.address, c.name  FROM frontline.contact_for_front($1::bigint) AS c
-- address text, name text

-- conversation_added frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.conversation_added($1, $2, $3, $4, $5,       $6::timestamptz, $7::timestamptz) AS e
-- outcome text, note text

-- conversation_name frontline_fcgi
SELECT n.customer_id, n.display_name, n.first_name,       n.last_name, n.avatar, n.matches  FROM frontline_api.name_conversation($1) AS n
-- customer_id text, display_name text, first_name text, last_name text, avatar text, matches integer

-- conversation_removed frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.conversation_removed($1, $2,       $3::timestamptz) AS e
-- outcome text, note text

-- conversation_state_updated frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.conversation_state_updated($1, $2, $3,       $4::timestamptz) AS e
-- outcome text, note text

-- conversation_updated frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.conversation_updated($1, $2, $3,       $4::timestamptz) AS e
-- outcome text, note text

-- customer_details frontline_fcgi
WITH c AS MATERIALIZED (  SELECT customer_id, display_name, avatar, details_title,         details_content    FROM frontline_api.get_customer($1, $2, $3::boolean))SELECT 0, 0::bigint, w.identity, NULL, NULL, NULL, NULL  FROM frontline_api.get_worker($1) AS w UNION ALL SELECT 1, 0, c.customer_id, c.display_name, c.avatar,       c.details_title, c.details_content  FROM c UNION ALL SELECT 2, h.n, h.type, h.value, NULL, NULL, NULL  FROM c CROSS JOIN LATERAL       frontline_api.get_channels(c.customer_id)       WITH ORDINALITY AS h(type, value, n) UNION ALL SELECT 3, l.n, l.type, l.value, l.display_name, NULL, NULL  FROM c CROSS JOIN LATERAL       frontline_api.get_links(c.customer_id)       WITH ORDINALITY AS l(type, value, display_name, n) ORDER BY 1, 2
-- ?column? integer, int8 bigint, identity text, ?column? text, ?column? text, ?column? text, ?column? text

-- customer_list frontline_fcgi
SELECT w.identity IS NOT NULL, l.customer_id, l.display_name,       l.avatar, l.sort_name  FROM (VALUES (1)) AS one  LEFT JOIN frontline_api.get_worker($1) AS w ON true  LEFT JOIN LATERAL frontline_api.get_customers_list(       $1, $2::int, $3, $4, $5, $6, $7::boolean)       WITH ORDINALITY AS l(customer_id, display_name, avatar,       sort_name, n) ON w.identity IS NOT NULL ORDER BY l.n
-- ?column? boolean, customer_id text, display_name text, avatar text, sort_name text

-- front_channel frontline_fcgi
SELECT c.outcome, c.note  FROM frontline_api.note_channel($1, $2, $3, NULL) AS c
-- outcome text, note text

-- front_import frontline_fcgi
SELECT i.outcome, i.note  FROM frontline_api.note_imported($1, $2, $3::jsonb, $4, $5,       $6, to_timestamp($7::double precision)) AS i
-- outcome text, note text

-- front_reply frontline_fcgi
SELECT r.external_id, r.conversation_key, r.outcome, r.reason  FROM frontline_api.take_reply($1, $2::jsonb, $3, $4,       $5::jsonb, $6, $7::jsonb, $8, $9, $10::jsonb,       $11::boolean, to_timestamp($12::double precision))       AS r
-- external_id text, conversation_key text, outcome text, reason text

-- message_added frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.message_added($1, $2, $3, $4::integer,       $5, $6, $7, $8::timestamptz) AS e
-- outcome text, note text

-- message_delivery frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.delivery_updated($1, $2, $3, $4,       $5::integer, $6::timestamptz) AS e
-- outcome text, note text

-- message_removed frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.message_removed($1, $2, $3,       $4::timestamptz, $5::timestamptz) AS e
-- outcome text, note text

-- message_updated frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.message_updated($1, $2, $3, $4::integer,       $5, $6, $7, $8::timestamptz, $9::timestamptz) AS e
-- outcome text, note text

-- metrics frontline_fcgi
SELECT m.name, m.label, m.value FROM frontline_api.metrics() m
-- name text, label text, value double precision

-- participant_added frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.participant_added($1, $2, $3, $4, $5, $6,       $7, $8::timestamptz) AS e
-- outcome text, note text

-- participant_removed frontline_fcgi
SELECT e.outcome, e.note  FROM frontline_api.participant_removed($1, $2, $3, $4,       $5::timestamptz) AS e
-- outcome text, note text

-- proxy_address frontline_fcgi
SELECT w.identity IS NOT NULL, p.address, p.refusal  FROM (VALUES (1)) AS one  LEFT JOIN frontline_api.get_worker($1) AS w ON true  LEFT JOIN LATERAL frontline_api.get_proxy_address(       $1, $2, $3, $4, $5::boolean) AS p ON true
-- ?column? boolean, address text, refusal text

-- queue_claim frontline_relay
SELECT c.key, c.seq, c.token, c.job_id, c.kind, c.payload,       c.attempt, c.lease_ms, c.wire_at IS NOT NULL,       c.unsettled_ms,       greatest(t.resend_ms - extract(epoch FROM         clock_timestamp() - c.wire_at) * 1000, 0)::bigint,       c.evidence, c.give_up, c.age_ms,       extract(epoch FROM c.wire_at)::bigint,       extract(epoch FROM clock_timestamp())::bigint,       c.marks  FROM frontline_queue.claim($1, $2::integer) AS c CROSS JOIN frontline_queue.destination_terms($1) AS t
-- key text, seq bigint, token bigint, job_id bigint, kind text, payload jsonb, attempt integer, lease_ms bigint, ?column? boolean, unsettled_ms bigint, greatest bigint, evidence text, give_up text, age_ms bigint, extract bigint, extract bigint, marks integer

-- queue_finish frontline_relay
SELECT frontline_queue.finish($1, $2, $3::bigint, $4::bigint,       $5, $6, $7)
-- finish boolean

-- queue_housekeeping frontline_relay
SELECT h.task, h.rows, h.more  FROM frontline_queue.housekeeping($1::integer, $2::integer,       $3::integer) AS h
-- task text, rows integer, more boolean

-- queue_mark frontline_relay
SELECT frontline_queue.mark_wire($1, $2, $3::bigint,       $4::bigint, $5::uuid,       $6::bigint * interval '1 millisecond')
-- mark_wire boolean

-- queue_pause frontline_relay
SELECT frontline_queue.pause($1,       $2::bigint * interval '1 millisecond', $3)
-- pause void

-- queue_renew frontline_relay
SELECT frontline_queue.renew($1, $2, $3::bigint)
-- renew boolean

-- queue_retry frontline_relay
SELECT frontline_queue.retry($1, $2, $3::bigint, $4::bigint,       $5::bigint * interval '1 millisecond', $6,       $7::boolean, $8::boolean)
-- retry boolean

-- repair_conflict frontline_relay
SELECT n.decision, n.worker, n.reason  FROM frontline.note_conflict($1, $2) AS n
-- decision text, worker text, reason text

-- repair_gone frontline_relay
SELECT n.outcome, n.note  FROM frontline.note_conversation_gone($1) AS n
-- outcome text, note text

-- repair_pair frontline_relay
SELECT p.address, p.proxy_address  FROM frontline.conversation_pair($1) AS p
-- address text, proxy_address text

-- repair_unrouted frontline_relay
SELECT r.conversation_sid, r.decision, r.worker, r.reason  FROM frontline.route_unrouted(       $1::bigint * interval '1 millisecond', $2,       $3::integer) AS r
-- conversation_sid text, decision text, worker text, reason text

-- repair_worker_added frontline_relay
SELECT n.outcome, n.note  FROM frontline.note_worker_added($1, $2, $3,       $4::timestamptz) AS n
-- outcome text, note text

-- repair_worker_refused frontline_relay
SELECT frontline.note_worker_refused($1, $2)
-- note_worker_refused boolean

-- roster_absent frontline_relay
SELECT frontline.note_worker_absent($1)
-- note_worker_absent text

-- roster_list frontline_relay
SELECT w.identity  FROM frontline.list_workers_to_poll($1::integer,       $2::bigint * interval '1 millisecond') AS w
-- identity text

-- roster_note frontline_relay
SELECT frontline.note_worker($1, $2, $3, $4, $5, $6::boolean)
-- note_worker text

-- routing frontline_fcgi
SELECT r.decision, r.worker, r.reason  FROM frontline_api.route_conversation($1, $2, $3, $4, $5,       $6) AS r
-- decision text, worker text, reason text

-- schema_version frontline_fcgi
SELECT frontline_api.schema_version()
-- schema_version integer

-- shown_media frontline_fcgi
SELECT m.content_type, decode(m.bytes, 'hex') AS bytes  FROM frontline_api.get_media($1) AS m
-- content_type text, bytes bytea

-- sweep_fates frontline_relay
SELECT t.message_sid  FROM frontline.texts_without_fate(       $1::bigint * interval '1 millisecond', $2::integer)       AS t
-- message_sid text

-- sweep_since frontline_relay
SELECT to_char(least(now() - interval '1 day',               greatest(frontline.latest_inbound($1),                 now() - interval '7 days'))               AT TIME ZONE 'UTC', 'YYYY-MM-DD')
-- to_char text

-- sweep_status frontline_relay
SELECT n.outcome  FROM frontline_api.note_text_status(NULL, $1, $2,       $3::integer, NULL) AS n
-- outcome text

-- sweep_text frontline_relay
SELECT t.outcome  FROM frontline_api.take_text($1, $2, $3, $4, $5, $6::jsonb,       NULL, NULL, $7::boolean, $8::integer,       to_timestamp(nullif($9::bigint, 0))) AS t
-- outcome text

-- tag_id frontline_relay
SELECT frontline.tag_id($1, $2)
-- tag_id text

-- tag_note frontline_relay
SELECT frontline.note_tag($1, $2, $3)
-- note_tag void

-- template_list frontline_fcgi
WITH c AS MATERIALIZED (  SELECT customer_id, display_name, first_name, last_name,         company_name    FROM frontline_api.get_customer($1, $2, $3::boolean))SELECT 0, 0::bigint, w.friendly_name, NULL, NULL, NULL  FROM frontline_api.get_worker($1) AS w UNION ALL SELECT 1, 0, c.display_name, c.first_name, c.last_name,       c.company_name  FROM c UNION ALL SELECT 2, t.n, t.category, t.content,       CASE WHEN t.whatsapp_approved THEN 't' END, NULL  FROM c CROSS JOIN LATERAL       frontline_api.get_templates($1, c.customer_id)       WITH ORDINALITY       AS t(category, content, whatsapp_approved, n) ORDER BY 1, 2
-- ?column? integer, int8 bigint, friendly_name text, ?column? text, ?column? text, ?column? text

-- text_status frontline_fcgi
SELECT s.outcome, s.note  FROM frontline_api.note_text_status($1::uuid, $2, $3,       $4::integer, NULL) AS s
-- outcome text, note text

-- text_take frontline_fcgi
SELECT t.outcome, t.note  FROM frontline_api.take_text($1, $2, $3, $4, $5, $6::jsonb,       $7, $8, $9::boolean, $10::integer, NULL) AS t
-- outcome text, note text
