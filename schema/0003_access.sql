-- 0003_access.sql: views for reports and monitoring; who may do what; time limits of each login.

DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate')); END $$;
SET LOCAL ROLE frontline_owner;

-- ---------------------------------------------------------------------------------------------- views, numbers masked
CREATE VIEW frontline_report.customer AS
  SELECT c.customer_id, c.source,
         -- a customer known by a number only has it for a name
         CASE WHEN c.display_name ~ '^\+?[-0-9 ().]{7,}$' THEN frontline.mask('+' || regexp_replace(c.display_name, '[^0-9]', '', 'g'))
              ELSE c.display_name END AS display_name,
         c.company_name, c.language, c.time_zone, w.identity AS owner, t.name AS team,
         c.merged_into_id, c.deleted_at, c.erased_at, c.created_at, c.updated_at
    FROM frontline.customer c
    LEFT JOIN frontline.worker w ON w.worker_id = c.owner_id
    LEFT JOIN frontline.team t ON t.team_id = c.team_id;
COMMENT ON VIEW   frontline_report.customer                IS 'Customers, for reports';
COMMENT ON COLUMN frontline_report.customer.customer_id    IS 'Key';
COMMENT ON COLUMN frontline_report.customer.source         IS 'System of record';
COMMENT ON COLUMN frontline_report.customer.display_name   IS 'Name; masked when it is a number';
COMMENT ON COLUMN frontline_report.customer.company_name   IS 'Company';
COMMENT ON COLUMN frontline_report.customer.language       IS 'BCP 47 tag';
COMMENT ON COLUMN frontline_report.customer.time_zone      IS 'Zone';
COMMENT ON COLUMN frontline_report.customer.owner          IS 'Identity of the worker who owns the customer';
COMMENT ON COLUMN frontline_report.customer.team           IS 'Name of the team that has the customer';
COMMENT ON COLUMN frontline_report.customer.merged_into_id IS 'Customer it was merged into';
COMMENT ON COLUMN frontline_report.customer.deleted_at     IS 'Hidden since';
COMMENT ON COLUMN frontline_report.customer.erased_at      IS 'Erased at';
COMMENT ON COLUMN frontline_report.customer.created_at     IS 'Made at';
COMMENT ON COLUMN frontline_report.customer.updated_at     IS 'Last changed at';

CREATE VIEW frontline_report.channel AS
  SELECT h.channel_id, h.customer_id, h.type, frontline.mask(h.value) AS value, h.shared, h.invalid_at, h.created_at
    FROM frontline.channel h;
COMMENT ON VIEW   frontline_report.channel             IS 'Addresses of customers, masked';
COMMENT ON COLUMN frontline_report.channel.channel_id  IS 'Key';
COMMENT ON COLUMN frontline_report.channel.customer_id IS 'Whose address';
COMMENT ON COLUMN frontline_report.channel.type        IS 'sms, whatsapp, chat';
COMMENT ON COLUMN frontline_report.channel.value       IS 'The address, masked: +47******12';
COMMENT ON COLUMN frontline_report.channel.shared      IS 'Whether several customers may have it';
COMMENT ON COLUMN frontline_report.channel.invalid_at  IS 'Unreachable since';
COMMENT ON COLUMN frontline_report.channel.created_at  IS 'Made at';

CREATE VIEW frontline_report.consent AS
  SELECT e.consent_event_id, e.channel_type, frontline.mask(e.match_key) AS address, e.state, e.source, e.occurred_at, e.recorded_at
    FROM frontline.consent_event e;
COMMENT ON VIEW   frontline_report.consent                  IS 'Consent history, addresses masked';
COMMENT ON COLUMN frontline_report.consent.consent_event_id IS 'Key';
COMMENT ON COLUMN frontline_report.consent.channel_type     IS 'sms, whatsapp, chat';
COMMENT ON COLUMN frontline_report.consent.address          IS 'The address, masked';
COMMENT ON COLUMN frontline_report.consent.state            IS 'opted_in or opted_out';
COMMENT ON COLUMN frontline_report.consent.source           IS 'How we know';
COMMENT ON COLUMN frontline_report.consent.occurred_at      IS 'When the person decided';
COMMENT ON COLUMN frontline_report.consent.recorded_at      IS 'When we wrote it down';

CREATE VIEW frontline_report.conversation AS
  SELECT v.conversation_sid, v.customer_id, w.identity AS worker, frontline.mask(v.customer_address) AS customer_address, v.proxy_address,
         v.state, v.initiated_by, v.created_at, v.routed_at, v.first_reply_at, v.last_inbound_at, v.last_message_at, v.closed_at
    FROM frontline.conversation v
    LEFT JOIN frontline.worker w ON w.worker_id = v.worker_id;
COMMENT ON VIEW   frontline_report.conversation                  IS 'Conversations, customers'' addresses masked';
COMMENT ON COLUMN frontline_report.conversation.conversation_sid IS 'Twilio''s SID';
COMMENT ON COLUMN frontline_report.conversation.customer_id      IS 'The customer';
COMMENT ON COLUMN frontline_report.conversation.worker           IS 'Identity of the worker in charge';
COMMENT ON COLUMN frontline_report.conversation.customer_address IS 'The customer''s address, masked';
COMMENT ON COLUMN frontline_report.conversation.proxy_address    IS 'Our address';
COMMENT ON COLUMN frontline_report.conversation.state            IS 'initializing, active, inactive, closed';
COMMENT ON COLUMN frontline_report.conversation.initiated_by     IS 'customer, worker, system';
COMMENT ON COLUMN frontline_report.conversation.created_at       IS 'When it began';
COMMENT ON COLUMN frontline_report.conversation.routed_at        IS 'When it first got a worker';
COMMENT ON COLUMN frontline_report.conversation.first_reply_at   IS 'When a worker first wrote';
COMMENT ON COLUMN frontline_report.conversation.last_inbound_at  IS 'When the customer last wrote';
COMMENT ON COLUMN frontline_report.conversation.last_message_at  IS 'When anybody last wrote';
COMMENT ON COLUMN frontline_report.conversation.closed_at        IS 'When it was closed';

CREATE VIEW frontline_report.message AS
  SELECT m.message_sid, m.conversation_sid, m.direction, length(m.body) AS body_characters,
         CASE jsonb_typeof(m.media) WHEN 'array' THEN jsonb_array_length(m.media) ELSE 0 END AS media_count,
         m.template_id, m.delivery_status, m.error_code, m.created_at
    FROM frontline.message m;
COMMENT ON VIEW   frontline_report.message                  IS 'Messages without what was said';
COMMENT ON COLUMN frontline_report.message.message_sid      IS 'Twilio''s SID';
COMMENT ON COLUMN frontline_report.message.conversation_sid IS 'The conversation';
COMMENT ON COLUMN frontline_report.message.direction        IS 'inbound or outbound';
COMMENT ON COLUMN frontline_report.message.body_characters  IS 'Length of the text';
COMMENT ON COLUMN frontline_report.message.media_count      IS 'Number of attachments';
COMMENT ON COLUMN frontline_report.message.template_id      IS 'Template it was written from';
COMMENT ON COLUMN frontline_report.message.delivery_status  IS 'Twilio''s word';
COMMENT ON COLUMN frontline_report.message.error_code       IS 'Twilio''s error code';
COMMENT ON COLUMN frontline_report.message.created_at       IS 'When';

-- Cheap enough for every 15 seconds: the large tables are estimated, the rest is read from small indexes.
CREATE VIEW frontline_report.counts AS
  SELECT 'workers_active' AS name, count(*)::double precision AS value FROM frontline.worker WHERE state = 'active'
  UNION ALL SELECT 'workers_available', count(*) FROM frontline.worker WHERE state = 'active' AND is_available
  UNION ALL SELECT 'proxy_addresses_active', count(*) FROM frontline.proxy_address WHERE active
  UNION ALL SELECT 'conversations_unrouted', count(*) FROM frontline.conversation WHERE worker_id IS NULL AND state <> 'closed'
  UNION ALL SELECT 'conversations_unrouted_oldest_seconds', coalesce(extract(epoch FROM now() - min(created_at)), 0)
              FROM frontline.conversation WHERE worker_id IS NULL AND state <> 'closed'
  UNION ALL SELECT 'customers_estimated', greatest(reltuples, 0) FROM pg_catalog.pg_class WHERE oid = 'frontline.customer'::regclass
  UNION ALL SELECT 'message_default_rows', count(*) FROM (SELECT FROM frontline.message_default LIMIT 1000) x
  UNION ALL SELECT 'audit_default_rows', count(*) FROM (SELECT FROM frontline.audit_log_default LIMIT 1000) x
  UNION ALL SELECT 'schema_version', max(version) FROM frontline.schema_migration;
COMMENT ON VIEW   frontline_report.counts       IS 'Numbers for monitoring, no personal data';
COMMENT ON COLUMN frontline_report.counts.name  IS 'What is counted; ..._default_rows above 0 says that create_partitions has not run for long';
COMMENT ON COLUMN frontline_report.counts.value IS 'How many, or how many seconds';

-- ------------------------------------------------------------------------------------------------------------- grants
-- frontline_fcgi: executes the contract, reads and writes no table
GRANT USAGE ON SCHEMA frontline_api TO frontline_fcgi;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA frontline_api TO frontline_fcgi;

-- frontline_dba: keeps the CRM; history and log are not edited
GRANT USAGE ON SCHEMA frontline, frontline_import, frontline_report TO frontline_dba;
GRANT SELECT, INSERT, UPDATE, DELETE ON frontline.customer, frontline.channel, frontline.link, frontline.worker, frontline.team,
      frontline.team_worker, frontline.working_hours, frontline.proxy_address, frontline.template_category, frontline.template,
      frontline.routing_rule TO frontline_dba;
GRANT SELECT, INSERT, UPDATE ON frontline.conversation TO frontline_dba;
GRANT SELECT, INSERT ON frontline.consent_event TO frontline_dba;
GRANT SELECT ON frontline.consent, frontline.message, frontline.audit_log, frontline.country, frontline.schema_migration TO frontline_dba;
GRANT SELECT ON ALL TABLES IN SCHEMA frontline_report TO frontline_dba;
-- generated columns and constraints call these as the writer of the row
GRANT EXECUTE ON FUNCTION frontline.fold(text), frontline.sort_key(text), frontline.match_key(text), frontline.is_time_zone(text),
      frontline.is_language_tag(text), frontline.is_https_url(text), frontline.is_plain(text, integer),
      frontline.fill_variables(text, jsonb), frontline.placeholders_known(text, jsonb), frontline.common_prefix(text, text),
      frontline.mask(text), frontline.tidy(text), frontline.parse_phone(text, text), frontline.is_opted_out(text, text)
      TO frontline_dba;
GRANT EXECUTE ON FUNCTION frontline.merge_customer(bigint, bigint), frontline.erase_customer(bigint), frontline.create_partitions(integer)
      TO frontline_dba;

-- frontline_import: fills the staging table and runs the import
GRANT USAGE ON SCHEMA frontline_import TO frontline_import;
GRANT SELECT, INSERT, DELETE ON frontline_import.line TO frontline_import, frontline_dba;
GRANT EXECUTE ON FUNCTION frontline_import.run(text, text) TO frontline_import, frontline_dba;

-- frontline_report reads the views; frontline_monitor one of them
GRANT USAGE ON SCHEMA frontline_report TO frontline_report, frontline_monitor;
GRANT SELECT ON frontline_report.customer, frontline_report.channel, frontline_report.consent, frontline_report.conversation,
      frontline_report.message, frontline_report.counts TO frontline_report;
GRANT SELECT ON frontline_report.counts TO frontline_monitor;
GRANT EXECUTE ON FUNCTION frontline.mask(text) TO frontline_report;   -- a view calls functions as its reader

-- frontline_relay: until it delivers, it keeps the house
GRANT USAGE ON SCHEMA frontline TO frontline_relay;
GRANT EXECUTE ON FUNCTION frontline.create_partitions(integer) TO frontline_relay;

SET LOCAL ROLE NONE;

-- Our logins are let into this database by name.  Everybody else's general rights are taken away only where this is clearly our
-- database: in one that already serves another program they may be what that program lives on, and a DBA must decide.
DO $$
DECLARE
  db text := current_database();
  foreign_objects bigint;
BEGIN
  SELECT count(*) INTO foreign_objects FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname !~ '^(pg_|frontline)' AND n.nspname <> 'information_schema'
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
  IF pg_has_role(current_user, (SELECT datdba FROM pg_database WHERE datname = db), 'USAGE') THEN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO frontline_fcgi, frontline_relay, frontline_dba, frontline_import, frontline_report, frontline_monitor', db);
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO frontline_dba, frontline_import', db);
    IF foreign_objects = 0 THEN
      EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', db);
    END IF;
  END IF;
  IF foreign_objects = 0 AND EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public' AND pg_has_role(current_user, nspowner, 'USAGE')) THEN
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
  END IF;
  IF foreign_objects > 0 THEN
    RAISE NOTICE 'this database holds % relations that are not ours: PUBLIC keeps its rights on the database and on schema public', foreign_objects;
  END IF;
END $$;

-- ------------------------------------------------------------------------------------------------- settings of logins
-- Of this database only; none needs a superuser.  frontline_fcgi answers within Twilio's patience or not at all.  Its functions
-- are written for generic plans, and planning each call anew costs more than it saves; compiling them costs more than running.
DO $$
DECLARE
  s record;
BEGIN
  FOR s IN VALUES
    ('frontline_fcgi',    'search_path', 'pg_catalog'),
    ('frontline_fcgi',    'statement_timeout', '700ms'),
    ('frontline_fcgi',    'lock_timeout', '500ms'),
    ('frontline_fcgi',    'idle_in_transaction_session_timeout', '5s'),
    ('frontline_fcgi',    'plan_cache_mode', 'force_generic_plan'),
    ('frontline_fcgi',    'jit', 'off'),
    -- Plans are made when a table is small and kept while it grows: an index is right for either.
    ('frontline_fcgi',    'enable_seqscan', 'off'),
    ('frontline_relay',   'search_path', 'pg_catalog'),
    ('frontline_relay',   'statement_timeout', '30s'),
    ('frontline_relay',   'lock_timeout', '5s'),
    ('frontline_relay',   'idle_in_transaction_session_timeout', '30s'),
    ('frontline_dba',     'search_path', 'frontline, pg_catalog'),
    ('frontline_dba',     'lock_timeout', '10s'),
    ('frontline_dba',     'idle_in_transaction_session_timeout', '10min'),
    ('frontline_import',  'search_path', 'frontline_import, pg_catalog'),
    ('frontline_import',  'statement_timeout', '1h'),
    ('frontline_import',  'lock_timeout', '10s'),
    ('frontline_import',  'idle_in_transaction_session_timeout', '10min'),
    ('frontline_report',  'search_path', 'frontline_report, pg_catalog'),
    ('frontline_report',  'statement_timeout', '5min'),
    ('frontline_report',  'idle_in_transaction_session_timeout', '1min'),
    ('frontline_report',  'default_transaction_read_only', 'on'),
    ('frontline_monitor', 'search_path', 'frontline_report, pg_catalog'),
    ('frontline_monitor', 'statement_timeout', '5s'),
    ('frontline_monitor', 'lock_timeout', '1s'),
    ('frontline_monitor', 'idle_in_transaction_session_timeout', '10s'),
    ('frontline_monitor', 'default_transaction_read_only', 'on')
  LOOP
    EXECUTE format(CASE s.column2 WHEN 'search_path' THEN 'ALTER ROLE %I IN DATABASE %I SET %I = ' || s.column3
                                  ELSE 'ALTER ROLE %I IN DATABASE %I SET %I = ' || quote_literal(s.column3) END,
                   s.column1, current_database(), s.column2);
  END LOOP;
END $$;

SET LOCAL ROLE frontline_owner;
INSERT INTO frontline.schema_migration (version, name) VALUES (3, '0003_access.sql');
SET LOCAL ROLE NONE;
