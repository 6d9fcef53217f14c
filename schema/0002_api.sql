-- 0002_api.sql: the contract that frontline-fcgi calls, and what a DBA calls: merge, erase, import.
--
-- Keys cross the contract as text and are cast to the table's own type inside: a view that exposes customer_id::text, filtered
-- on that text, hides the index (145 ms against 0.3 ms at a million customers).  Every function is plpgsql, because an SQL
-- function that is not inlined is planned at each call; every one names its schemas and pins search_path.

DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate')); END $$;
SET LOCAL ROLE frontline_owner;

CREATE FUNCTION frontline_api.schema_version() RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT max(m.version) FROM frontline.schema_migration m);
END $$;
COMMENT ON FUNCTION frontline_api.schema_version() IS 'Number of the last migration this database has had';

CREATE FUNCTION frontline_api.get_worker(p_worker text) RETURNS TABLE (identity text, friendly_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT w.identity, coalesce(w.friendly_name, w.identity)
    FROM frontline.worker w
   WHERE w.identity = p_worker AND w.state = 'active';
END $$;
COMMENT ON FUNCTION frontline_api.get_worker(text) IS 'One row for an active worker, none otherwise';

-- ------------------------------------------------------------------------------------------------- GetCustomersList
-- One source of customers (what a worker owns, or what a team has) searched in the list's order.  Both are made from one
-- text, because the two differ in nothing but the column.
--
-- A row matches when its names contain p_text or its digits contain p_digits; p_veil, set while masking is on and the query is
-- a number, takes back every row whose own number holds these digits elsewhere than p_veil allows.
--
-- How it looks, and what it costs with 100,000 customers of one worker (server time, generic plans; t/bench/sql.pl):
--   1. The next 500 entries of the list's covering index, in order, until the page is full: under 0.2 ms for a common fragment
--      or a single letter, 0.13 ms when all 500 are read and no page is found.
--   2. What is missing comes from the rest of that index if this look shows that matches are frequent (4 or more in 500: the
--      page then fills within some 4,000 entries), or if no trigram can be cut from the text.  The worst case is one or two
--      letters that nobody has: 0.25 us an entry, 25 ms for 100,000 customers, 0.3 ms for 1,000.
--   3. Otherwise from the trigram index, or for the end of a number from its own: 0.1 ms, 0.4 ms for digits, and 1 us a match.
-- A rare name takes 0.23 ms, a name nobody has 0.20, a number 0.5 to 0.7 (masked 1.1); with the same customers spread over 100
-- workers 0.2, 0.2, and 0.2 to 0.4.  The dearest search that finds something is a first name late in the alphabet: to put all
-- 2,100 Victors in order takes 2.4 ms.  Trigrams alone would read everything for one or two letters and sort all matches of a
-- common fragment; the ordered index alone would take 25 ms for every name that nobody has.
DO $$
DECLARE
  source text;
  body CONSTANT text := $f$
CREATE FUNCTION frontline.search_%1$s(p_%1$s bigint, p_after_sort text, p_after_id bigint, p_text text, p_digits text, p_veil text, p_limit integer)
RETURNS TABLE (customer_id bigint, sort_name text) LANGUAGE plpgsql STABLE ROWS 30 AS $body$
#variable_conflict use_column
DECLARE
  hits integer;
  s text := p_after_sort;
  k bigint := p_after_id;
  pattern text;
  tail text;
BEGIN
  RETURN QUERY
  SELECT c.customer_id, c.sort_name FROM
    (SELECT c.customer_id, c.sort_name, c.search_text, c.phone_digits FROM frontline.customer c
      WHERE c.%1$s = p_%1$s AND c.deleted_at IS NULL AND (c.sort_name, c.customer_id) > (p_after_sort, p_after_id)
      ORDER BY c.sort_name, c.customer_id LIMIT 500) c
   WHERE (strpos(c.search_text, p_text) > 0 OR strpos(c.phone_digits, p_digits) > 0)
     AND (p_veil IS NULL OR strpos(c.phone_digits, p_digits) = 0 OR c.phone_digits ~ p_veil)
   LIMIT p_limit;
  GET DIAGNOSTICS hits = ROW_COUNT;
  IF hits >= p_limit THEN RETURN; END IF;

  SELECT c.sort_name, c.customer_id INTO s, k FROM frontline.customer c
   WHERE c.%1$s = p_%1$s AND c.deleted_at IS NULL AND (c.sort_name, c.customer_id) > (p_after_sort, p_after_id)
   ORDER BY c.sort_name, c.customer_id OFFSET 499 LIMIT 1;
  IF NOT FOUND THEN RETURN; END IF;

  IF hits >= 4 OR (p_text !~ '[[:alnum:]]{3}' AND p_digits IS NULL) THEN
    RETURN QUERY
    SELECT c.customer_id, c.sort_name FROM frontline.customer c
     WHERE c.%1$s = p_%1$s AND c.deleted_at IS NULL AND (c.sort_name, c.customer_id) > (s, k)
       AND (strpos(c.search_text, p_text) > 0 OR strpos(c.phone_digits, p_digits) > 0)
       AND (p_veil IS NULL OR strpos(c.phone_digits, p_digits) = 0 OR c.phone_digits ~ p_veil)
     ORDER BY c.sort_name, c.customer_id LIMIT p_limit - hits;
    RETURN;
  END IF;

  -- One word of the query finds the candidates, the whole query judges them: every further trigram is one more list to read, and
  -- those of a word like "customer" hold everybody.  A word with digits is likely the rarest, then the longest.
  SELECT '%%' || w || '%%' INTO pattern FROM regexp_split_to_table(p_text, '[^[:alnum:]]+') w
   WHERE length(w) >= 3 ORDER BY w ~ '[0-9]' DESC, length(w) DESC LIMIT 1;
  pattern := coalesce(pattern, '%%' || replace(replace(replace(p_text, '\', '\\'), '%%', '\%%'), '_', '\_') || '%%');
  IF p_digits IS NULL THEN
    RETURN QUERY
    WITH hit AS MATERIALIZED (
      SELECT c.customer_id, c.sort_name FROM frontline.customer c
       WHERE (c.%1$s + 0) = p_%1$s AND c.deleted_at IS NULL AND c.search_text LIKE pattern AND strpos(c.search_text, p_text) > 0)
    SELECT h.customer_id, h.sort_name FROM hit h WHERE (h.sort_name, h.customer_id) > (s, k)
     ORDER BY h.sort_name, h.customer_id LIMIT p_limit - hits;
  ELSIF p_veil IS NULL THEN
    -- the end of a number has an index of its own
    tail := reverse(btrim(p_digits));
    RETURN QUERY
    WITH hit AS MATERIALIZED (
      SELECT c.customer_id, c.sort_name FROM frontline.customer c
       WHERE (c.%1$s + 0) = p_%1$s AND c.deleted_at IS NULL AND c.search_text LIKE pattern AND strpos(c.search_text, p_text) > 0
      UNION
      SELECT c.customer_id, c.sort_name FROM frontline.channel h CROSS JOIN LATERAL
       (SELECT c.customer_id, c.sort_name FROM frontline.customer c
         WHERE c.customer_id = h.customer_id AND c.%1$s = p_%1$s AND c.deleted_at IS NULL OFFSET 0) c
       WHERE h.digits_rev >= tail AND h.digits_rev < tail || ':' AND h.type <> 'chat')
    SELECT h.customer_id, h.sort_name FROM hit h WHERE (h.sort_name, h.customer_id) > (s, k)
     ORDER BY h.sort_name, h.customer_id LIMIT p_limit - hits;
  ELSE
    -- six digits narrow it down enough; every further trigram is one more list to read
    RETURN QUERY
    WITH hit AS MATERIALIZED (
      SELECT c.customer_id, c.sort_name FROM frontline.customer c
       WHERE (c.%1$s + 0) = p_%1$s AND c.deleted_at IS NULL
         AND ((c.search_text LIKE pattern AND strpos(c.search_text, p_text) > 0) OR (c.phone_digits LIKE '%%' || right(p_digits, 6) || '%%' AND strpos(c.phone_digits, p_digits) > 0))
         AND (strpos(c.phone_digits, p_digits) = 0 OR c.phone_digits ~ p_veil))
    SELECT h.customer_id, h.sort_name FROM hit h WHERE (h.sort_name, h.customer_id) > (s, k)
     ORDER BY h.sort_name, h.customer_id LIMIT p_limit - hits;
  END IF;
END $body$ $f$;
BEGIN
  FOREACH source IN ARRAY ARRAY['owner_id', 'team_id'] LOOP
    EXECUTE format(body, source);
  END LOOP;
END $$;
COMMENT ON FUNCTION frontline.search_owner_id(bigint, text, bigint, text, text, text, integer) IS
  'The next customers of one owner that match a search, in the list''s order';
COMMENT ON FUNCTION frontline.search_team_id(bigint, text, bigint, text, text, text, integer) IS
  'The next customers of one team that match a search, in the list''s order';

-- Of any customer at all it would tell a worker that the id exists, and between which of their own customers its name sorts.  So an
-- anchor counts only where the worker's list can have shown it.  A hundred entries are years of one customer's changes; the index
-- has them in order, but the planner expects a few and would read and sort them all.
CREATE FUNCTION frontline.anchor_sort_name(p_worker_id bigint, p_team_ids bigint[], p_customer_id bigint) RETURNS text
LANGUAGE plpgsql STABLE SET enable_sort = off AS $$
DECLARE
  present   record;
  last      jsonb;
  was_there boolean;
BEGIN
  SELECT c.sort_name, c.erased_at, c.owner_id = p_worker_id OR c.team_id = ANY (p_team_ids) AS is_there INTO present
    FROM frontline.customer c WHERE c.customer_id = p_customer_id;
  IF present.erased_at IS NOT NULL THEN RETURN NULL; END IF;
  IF present.is_there THEN RETURN present.sort_name; END IF;

  WITH entry AS MATERIALIZED (
    SELECT a.action, a.changed FROM frontline.audit_log a
     WHERE a.table_name = 'customer' AND a.row_key = p_customer_id::text
     ORDER BY a.at DESC LIMIT 100)
  SELECT (SELECT e.changed FROM entry e WHERE e.action = 'DELETE' LIMIT 1),
         EXISTS (SELECT FROM entry e
                  WHERE e.changed -> 'owner_id' @> to_jsonb(p_worker_id)
                     OR EXISTS (SELECT FROM unnest(p_team_ids) t (id) WHERE e.changed -> 'team_id' @> to_jsonb(t.id)))
    INTO last, was_there;
  IF NOT was_there THEN RETURN NULL; END IF;
  IF present.sort_name IS NOT NULL THEN RETURN present.sort_name; END IF;
  RETURN CASE WHEN last -> 'erased_at' ->> 0 IS NULL THEN frontline.sort_key(last -> 'display_name' ->> 0) END;
END $$;
COMMENT ON FUNCTION frontline.anchor_sort_name(bigint, bigint[], bigint) IS
  'Sort key of a customer that is, or by its last hundred audit entries was, the worker''s or one of these teams''; deleted ones included. NULL for any other and for an erased one';

CREATE FUNCTION frontline_api.get_customers_list(p_worker text, p_limit integer, p_after_sort text, p_after_id text, p_anchor text,
                                                 p_query text, p_masking boolean)
RETURNS TABLE (customer_id text, display_name text, avatar text, sort_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 30 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  w     bigint;
  teams bigint[];
  s     text := '';
  k     bigint := 0;
  n     integer := least(greatest(coalesce(p_limit, 1), 1), 201);
  q     text;
  d     text;
  veil  text;
BEGIN
  SELECT worker_id INTO w FROM frontline.worker WHERE identity = p_worker AND state = 'active';
  IF NOT FOUND THEN RETURN; END IF;
  SELECT array_agg(team_id) INTO teams FROM frontline.team_worker WHERE worker_id = w;

  -- where to go on: behind the token's key, or behind the anchor's, wherever that row has gone meanwhile
  IF p_after_id IS NOT NULL THEN
    s := p_after_sort;
    k := frontline.to_key(p_after_id);
  ELSIF p_anchor <> '' THEN
    k := frontline.to_key(p_anchor);
    s := frontline.anchor_sort_name(w, teams, k);
  END IF;
  IF s IS NULL OR k IS NULL THEN RETURN; END IF;

  q := frontline.fold(p_query);
  IF coalesce(q, '') = '' THEN
    IF teams IS NULL THEN
      RETURN QUERY
      SELECT c.customer_id::text, c.display_name, c.avatar, c.sort_name
        FROM frontline.customer c
       WHERE c.owner_id = w AND c.deleted_at IS NULL AND (c.sort_name, c.customer_id) > (s, k)
       ORDER BY c.sort_name, c.customer_id LIMIT n;
    ELSE
      -- the first n of the union are among the first n of each part
      RETURN QUERY
      SELECT c.customer_id::text, c.display_name, c.avatar, c.sort_name
        FROM (SELECT x.customer_id, x.sort_name FROM
               (SELECT o.customer_id, o.sort_name FROM frontline.customer o
                 WHERE o.owner_id = w AND o.deleted_at IS NULL AND (o.sort_name, o.customer_id) > (s, k)
                 ORDER BY o.sort_name, o.customer_id LIMIT n) x
              UNION
              SELECT y.customer_id, y.sort_name FROM unnest(teams) t(id) CROSS JOIN LATERAL
               (SELECT m.customer_id, m.sort_name FROM frontline.customer m
                 WHERE m.team_id = t.id AND m.deleted_at IS NULL AND (m.sort_name, m.customer_id) > (s, k)
                 ORDER BY m.sort_name, m.customer_id LIMIT n) y
              ORDER BY 2, 1 LIMIT n) page
        CROSS JOIN LATERAL (SELECT * FROM frontline.customer c WHERE c.customer_id = page.customer_id OFFSET 0) c
       ORDER BY c.sort_name, c.customer_id;
    END IF;
    RETURN;
  END IF;

  -- A number is digits and what people write between them.  Without leading zeros 07911.., 0044.. and +44.. end alike.
  IF q ~ '^[-+0-9 ().\/‐‑‒–—]+$' THEN
    d := regexp_replace(replace(q, '(0)', ''), '[^0-9]', '', 'g');
    IF length(d) < 4 THEN
      d := NULL;
    ELSE
      IF length(ltrim(d, '0')) >= 4 THEN d := ltrim(d, '0'); END IF;
      IF p_masking THEN
        -- The last four digits are hidden from the worker, so typing must not find them out: digits count in front of the last
        -- four, or as the whole number, with or without its calling code.
        veil := d || '[0-9]{4}| ' ||
          CASE WHEN length(d) >= 7 THEN '(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|2[1-689][0-9]|3[578][0-9]|42[0-9]'
                                        '|5[09][0-9]|6[7-9][0-9]|8[0578][0-9]|9[679][0-9])?' ELSE '' END || d || ' ';
      ELSE
        d := d || ' ';
      END IF;
    END IF;
  END IF;

  IF teams IS NULL THEN
    RETURN QUERY
    SELECT c.customer_id::text, c.display_name, c.avatar, c.sort_name
      FROM frontline.search_owner_id(w, s, k, q, d, veil, n) f
      CROSS JOIN LATERAL (SELECT * FROM frontline.customer c WHERE c.customer_id = f.customer_id OFFSET 0) c
     ORDER BY c.sort_name, c.customer_id;
  ELSE
    RETURN QUERY
    SELECT c.customer_id::text, c.display_name, c.avatar, c.sort_name
      FROM (SELECT o.customer_id, o.sort_name FROM frontline.search_owner_id(w, s, k, q, d, veil, n) o
            UNION
            SELECT m.customer_id, m.sort_name FROM unnest(teams) t(id) CROSS JOIN LATERAL frontline.search_team_id(t.id, s, k, q, d, veil, n) m
            ORDER BY 2, 1 LIMIT n) f
      CROSS JOIN LATERAL (SELECT * FROM frontline.customer c WHERE c.customer_id = f.customer_id OFFSET 0) c
     ORDER BY c.sort_name, c.customer_id;
  END IF;
END $$;
COMMENT ON FUNCTION frontline_api.get_customers_list(text, integer, text, text, text, text, boolean) IS
  'GetCustomersList: the next p_limit (1 to 201) customers of the worker and of the worker''s teams, by (sort_name, customer_id), behind the key (p_after_sort, p_after_id) or behind customer p_anchor, which match p_query when it is not blank. An anchor that is not, and was not, in this worker''s list finds nothing. p_masking: the last four digits of a number alone find nobody';

-- --------------------------------------------------------------------------------- GetCustomerDetailsByCustomerId
CREATE FUNCTION frontline.live_customer(p_customer_id text) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT c.customer_id FROM frontline.customer m
            JOIN frontline.customer c ON c.customer_id = coalesce(m.merged_into_id, m.customer_id)
           WHERE m.customer_id = frontline.to_key(p_customer_id) AND c.deleted_at IS NULL);
END $$;
COMMENT ON FUNCTION frontline.live_customer(text) IS
  'Key of the customer who answers to this id now: itself, or the one it was merged into; NULL when there is none, or it is deleted';

CREATE FUNCTION frontline.visible_customer(p_worker text, p_customer_id text, p_strict boolean) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  w bigint;
  k bigint := frontline.live_customer(p_customer_id);
BEGIN
  SELECT worker_id INTO w FROM frontline.worker WHERE identity = p_worker AND state = 'active';
  IF NOT FOUND OR k IS NULL THEN RETURN NULL; END IF;
  IF p_strict IS NOT FALSE
     AND NOT EXISTS (SELECT FROM frontline.customer c WHERE c.customer_id = k
                        AND (c.owner_id = w OR EXISTS (SELECT FROM frontline.team_worker t WHERE t.team_id = c.team_id AND t.worker_id = w)))
     AND NOT EXISTS (SELECT FROM frontline.conversation v WHERE v.customer_id = k AND v.worker_id = w AND v.state <> 'closed') THEN
    RETURN NULL;
  END IF;
  RETURN k;
END $$;
COMMENT ON FUNCTION frontline.visible_customer(text, text, boolean) IS
  'Key of the customer if this worker may see it, else NULL. Strict: owner, member of its team, or in charge of an open conversation with it; otherwise any active worker';

CREATE FUNCTION frontline_api.get_customer(p_worker text, p_customer_id text, p_strict boolean)
RETURNS TABLE (customer_id text, display_name text, avatar text, details_title text, details_content text,
               first_name text, last_name text, company_name text, language text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  k bigint := frontline.visible_customer(p_worker, p_customer_id, p_strict);
BEGIN
  RETURN QUERY
  SELECT c.customer_id::text, c.display_name, c.avatar, c.details_title, c.details_content,
         c.first_name, c.last_name, c.company_name, c.language
    FROM frontline.customer c WHERE c.customer_id = k;
END $$;
COMMENT ON FUNCTION frontline_api.get_customer(text, text, boolean) IS
  'GetCustomerDetailsByCustomerId: one row, or none when the customer is unknown, deleted, or not this worker''s. A merged id gives the customer it was merged into';

CREATE FUNCTION frontline.is_opted_out(p_type text, p_match_key text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  latest frontline.consent_event;
  since  timestamptz;
BEGIN
  SELECT * INTO latest FROM frontline.consent_event e
   WHERE e.match_key = p_match_key AND e.channel_type = p_type
   ORDER BY e.occurred_at DESC, e.consent_event_id DESC LIMIT 1;
  IF latest.state = 'opted_out' THEN RETURN true; END IF;
  SELECT a.suppressed_at INTO since FROM frontline.suppressed_address a
   WHERE a.digest = frontline.address_digest(p_type, p_match_key);
  RETURN since IS NOT NULL AND (latest.state IS NULL OR latest.occurred_at <= since);
END $$;
COMMENT ON FUNCTION frontline.is_opted_out(text, text) IS
  'Whether we may not write to this address: its latest consent says so, or an erased customer''s opt-out does and no later opt-in lifts it';

CREATE FUNCTION frontline_api.get_channels(p_customer_id text) RETURNS TABLE (type text, value text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  k bigint := frontline.live_customer(p_customer_id);
BEGIN
  RETURN QUERY
  -- consent is asked for one address after the other, in their order: not for more than are needed
  SELECT h.type, h.value
    FROM (SELECT c.type, c.value, c.match_key, c.position, c.channel_id FROM frontline.channel c
           WHERE c.customer_id = k AND c.invalid_at IS NULL
           ORDER BY c.position, c.type, c.channel_id LIMIT 500) h
   WHERE NOT frontline.is_opted_out(h.type, h.match_key)
   ORDER BY h.position, h.type, h.channel_id LIMIT 50;
END $$;
COMMENT ON FUNCTION frontline_api.get_channels(text) IS
  'Addresses a customer can be written to, valid and not opted out: the first 50, looked for among the first 500';

-- The key's index has the links in order; the planner expects two and would read and sort all of them.
CREATE FUNCTION frontline_api.get_links(p_customer_id text) RETURNS TABLE (type text, value text, display_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 2 SET search_path = pg_catalog, pg_temp SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
  k bigint := frontline.live_customer(p_customer_id);
BEGIN
  RETURN QUERY
  SELECT l.type, l.value, l.display_name FROM frontline.link l WHERE l.customer_id = k ORDER BY l.position LIMIT 50;
END $$;
COMMENT ON FUNCTION frontline_api.get_links(text) IS 'Links of a customer''s details screen: the first 50';

-- -------------------------------------------------------------------------------------------------- GetProxyAddress
CREATE FUNCTION frontline_api.get_proxy_address(p_worker text, p_customer_id text, p_type text, p_value text, p_strict boolean)
RETURNS TABLE (address text, refusal text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  k      bigint := frontline.visible_customer(p_worker, p_customer_id, p_strict);
  w      bigint;
  h      frontline.channel;
  bare   text := replace(p_value, 'whatsapp:', '');
  choice record;
BEGIN
  IF k IS NULL THEN RETURN QUERY SELECT NULL::text, 'unknown_customer'; RETURN; END IF;
  SELECT * INTO h FROM frontline.channel c
   WHERE c.customer_id = k AND c.type = p_type AND c.value = p_value AND c.invalid_at IS NULL;
  IF NOT FOUND THEN RETURN QUERY SELECT NULL::text, 'unknown_address'; RETURN; END IF;
  IF frontline.is_opted_out(h.type, h.match_key) THEN RETURN QUERY SELECT NULL::text, 'opted_out'; RETURN; END IF;

  SELECT worker_id INTO w FROM frontline.worker WHERE identity = p_worker;
  -- Candidates in order of preference; one that Twilio would refuse (48027, 48031) stands last and tells why.
  SELECT c.address, CASE WHEN c.own THEN 'own_address' WHEN c.busy THEN 'open_conversation' END AS refusal
    INTO choice
    FROM (SELECT p.address, p.worker_id, p.team_id, p.position, p.proxy_address_id,
                 p.address = p_value AS own,
                 EXISTS (SELECT FROM frontline.conversation v
                          WHERE v.customer_address = p_value AND v.proxy_address = p.address AND v.state <> 'closed') AS busy,
                 (SELECT max(coalesce(v.last_message_at, v.created_at)) FROM frontline.conversation v
                   WHERE v.customer_address = p_value AND v.proxy_address = p.address) AS known_since,
                 replace(p.address, 'whatsapp:', '') AS number
            FROM frontline.proxy_address p
           WHERE p.active AND p.type = p_type
             AND (p.worker_id IS NULL OR p.worker_id = w)
             AND (p.team_id IS NULL OR EXISTS (SELECT FROM frontline.team_worker t WHERE t.team_id = p.team_id AND t.worker_id = w))
          OFFSET 0) c
   ORDER BY c.own, c.busy, (c.worker_id IS NOT NULL) DESC, c.known_since DESC NULLS LAST, (c.team_id IS NOT NULL) DESC,
            frontline.common_prefix(c.number, bare) DESC, c.position, c.proxy_address_id
   LIMIT 1;
  IF NOT FOUND THEN RETURN QUERY SELECT NULL::text, 'no_number';
  ELSIF choice.refusal IS NULL THEN RETURN QUERY SELECT choice.address, NULL::text;
  ELSE RETURN QUERY SELECT NULL::text, choice.refusal;
  END IF;
END $$;
COMMENT ON FUNCTION frontline_api.get_proxy_address(text, text, text, text, boolean) IS
  'GetProxyAddress: the number this worker writes from, or why there is none: unknown_customer, unknown_address, opted_out, no_number, open_conversation, own_address. Exactly one row';

-- ----------------------------------------------------------------------------------------- GetTemplatesByCustomerId
CREATE FUNCTION frontline_api.get_templates(p_worker text, p_customer_id text)
RETURNS TABLE (category text, content text, whatsapp_approved boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  w      bigint;
  spoken text;
BEGIN
  SELECT worker_id INTO w FROM frontline.worker WHERE identity = p_worker AND state = 'active';
  IF NOT FOUND THEN RETURN; END IF;
  SELECT lower(c.language) INTO spoken FROM frontline.customer c WHERE c.customer_id = frontline.live_customer(p_customer_id);
  RETURN QUERY
  SELECT o.display_name, frontline.fill_variables(o.content, o.content_variables), o.whatsapp_approved
    FROM (SELECT g.display_name, g.position AS category_position, g.template_category_id, t.position, t.template_id,
                 t.content, t.content_variables, t.whatsapp_approved
            FROM frontline.template_category g JOIN frontline.template t USING (template_category_id)
           WHERE t.active
             AND (g.team_id IS NULL OR EXISTS (SELECT FROM frontline.team_worker m WHERE m.team_id = g.team_id AND m.worker_id = w))
             AND (t.language IS NULL OR spoken IS NULL OR split_part(lower(t.language), '-', 1) = split_part(spoken, '-', 1))
           ORDER BY g.position, g.display_name, g.template_category_id, t.position, t.template_id LIMIT 200) o
   ORDER BY o.category_position, o.display_name, o.template_category_id, o.position, o.template_id;
END $$;
COMMENT ON FUNCTION frontline_api.get_templates(text, text) IS
  'GetTemplatesByCustomerId: the first 200 templates in their order, {{1}} replaced by what content_variables says; named placeholders are left to the caller. Does not ask whether the worker may see the customer: get_customer does';

-- ----------------------------------------------------------------------------------------------------------- inbound
CREATE FUNCTION frontline_api.customer_by_address(p_address text)
RETURNS TABLE (customer_id text, display_name text, avatar text, owner text, matches integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  m text := frontline.match_key(p_address);
BEGIN
  RETURN QUERY
  SELECT c.customer_id::text, c.display_name, c.avatar, w.identity,
         (SELECT count(DISTINCT o.customer_id)::integer FROM frontline.channel o JOIN frontline.customer oc USING (customer_id)
           WHERE o.match_key = m AND oc.deleted_at IS NULL)
    FROM frontline.channel h
    JOIN frontline.customer c USING (customer_id)
    LEFT JOIN frontline.worker w ON w.worker_id = c.owner_id AND w.state = 'active'
   WHERE h.match_key = m AND c.deleted_at IS NULL
   ORDER BY (h.value = p_address) DESC, h.shared, c.updated_at DESC, c.customer_id
   LIMIT 1;
END $$;
COMMENT ON FUNCTION frontline_api.customer_by_address(text) IS
  'Whose address this is: the exact spelling first, then unshared, then the latest changed; matches counts the customers who have it, and more than one is worth a log line';

-- ------------------------------------------------------------------------------------------------------ merge, erase
CREATE FUNCTION frontline.merge_customer(p_from bigint, p_into bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  last integer;
BEGIN
  PERFORM FROM frontline.customer WHERE customer_id IN (p_from, p_into) ORDER BY customer_id FOR UPDATE;
  IF (SELECT count(*) FROM frontline.customer WHERE customer_id IN (p_from, p_into) AND deleted_at IS NULL) IS DISTINCT FROM 2 THEN
    RAISE EXCEPTION 'merge_customer(%, %): two customers that are not deleted are needed', p_from, p_into;
  END IF;
  DELETE FROM frontline.channel a USING frontline.channel b
   WHERE a.customer_id = p_from AND b.customer_id = p_into AND a.type = b.type AND a.match_key = b.match_key;
  UPDATE frontline.channel SET customer_id = p_into WHERE customer_id = p_from;
  UPDATE frontline.conversation SET customer_id = p_into WHERE customer_id = p_from;
  DELETE FROM frontline.link a USING frontline.link b WHERE a.customer_id = p_from AND b.customer_id = p_into AND a.value = b.value;
  SELECT coalesce(max(position), 0) INTO last FROM frontline.link WHERE customer_id = p_into;
  UPDATE frontline.link l SET customer_id = p_into, position = last + o.n
    FROM (SELECT position, row_number() OVER (ORDER BY position) AS n FROM frontline.link WHERE customer_id = p_from) o
   WHERE l.customer_id = p_from AND l.position = o.position;
  -- chains stay one step long: whoever was merged into p_from now answers as p_into
  UPDATE frontline.customer SET merged_into_id = p_into WHERE merged_into_id = p_from;
  UPDATE frontline.customer SET merged_into_id = p_into, deleted_at = now() WHERE customer_id = p_from;
  INSERT INTO frontline.audit_log (actor, table_name, row_key, action, changed)
  VALUES (nullif(current_setting('frontline.actor', true), ''), 'customer', p_from::text, 'MERGE', jsonb_build_object('merged_into_id', p_into));
END $$;
COMMENT ON FUNCTION frontline.merge_customer(bigint, bigint) IS
  'The first customer becomes part of the second: addresses, links and conversations move, and the old id answers as the new one for ever. Consent is of addresses, so it is kept';

CREATE FUNCTION frontline.erase_customer(p_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ids bigint[];
  a   record;
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
  LOOP
    -- a shared address goes on being somebody's, and so does its consent
    CONTINUE WHEN EXISTS (SELECT FROM frontline.channel h WHERE h.type = a.type AND h.match_key = a.match_key AND h.customer_id <> ALL (ids));
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
  -- last, because the statements above wrote the old values there once more
  UPDATE frontline.audit_log SET changed = NULL
   WHERE table_name IN ('customer', 'channel', 'link') AND row_key = ANY (ids::text[]) AND changed IS NOT NULL;
  INSERT INTO frontline.audit_log (actor, table_name, row_key, action)
  SELECT nullif(current_setting('frontline.actor', true), ''), 'customer', i::text, 'ERASE' FROM unnest(ids) i;
END $$;
COMMENT ON FUNCTION frontline.erase_customer(bigint) IS
  'Forgets a person: names, addresses, links, message texts and audit values go, here and in every id merged into this one. The rows stay as tombstones; an opt-out stays as a keyed digest and still holds';

-- ------------------------------------------------------------------------------------------------------------ import
CREATE FUNCTION frontline.parse_phone(p_value text, p_country text, OUT e164 text, OUT why text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v text := btrim(regexp_replace(regexp_replace(p_value, '[\s\u00a0\u2000-\u200f\u202a-\u202f]+', ' ', 'g'), '^ ?(tel|whatsapp):', ''));
  d text;
  c frontline.country;
BEGIN
  IF v ~ '^\+?[0-9]+([.,][0-9]+)?[eE][+]?[0-9]+$' THEN
    why := 'a spreadsheet has rounded this number: format the column as text'; RETURN;
  END IF;
  IF v !~ '^\+?[-0-9 ().\/‐‑‒–—]*$' THEN why := 'not a telephone number'; RETURN; END IF;
  d := regexp_replace(CASE WHEN v ~ '^(\+|00)' THEN replace(v, '(0)', '') ELSE v END, '[^0-9]', '', 'g');
  SELECT * INTO c FROM frontline.country k WHERE k.country = upper(p_country);
  IF v LIKE '+%' THEN
    NULL;
  ELSIF c.exit_code IS NOT NULL AND starts_with(d, c.exit_code) THEN
    d := substr(d, length(c.exit_code) + 1);
  ELSIF d LIKE '00%' THEN
    d := substr(d, 3);
  ELSIF c.country IS NULL THEN
    why := 'a national number, and no known country to take it for'; RETURN;
  ELSE
    IF c.trunk_prefix IS NOT NULL AND starts_with(d, c.trunk_prefix) THEN
      d := substr(d, length(c.trunk_prefix) + 1);
    END IF;
    IF c.calling_code = '1' AND length(d) <> 10 THEN why := 'not ten digits'; RETURN; END IF;
    d := c.calling_code || d;
  END IF;
  IF length(d) < 7 THEN why := 'too short';
  ELSIF length(d) > 15 THEN why := 'too long';
  ELSIF d LIKE '0%' THEN why := 'a country code cannot begin with 0';
  ELSE e164 := '+' || d;
  END IF;
END $$;
COMMENT ON FUNCTION frontline.parse_phone(text, text) IS
  'Number as people write it -> E.164, or why not: parse_phone(''07911 123456'', ''GB'') = +447911123456. A national number needs the country';

CREATE FUNCTION frontline.tidy(p_text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT nullif(btrim(regexp_replace(p_text, '[\u0001-\u0020\u007f-\u00a0]+', ' ', 'g')), '') $$;
COMMENT ON FUNCTION frontline.tidy(text) IS 'One line without white space around it; NULL when nothing is left';

CREATE UNLOGGED TABLE frontline_import.line (
  line_id         bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  batch           text NOT NULL DEFAULT (session_user || ':' || pg_backend_pid()),
  line            integer,
  source          text,
  external_id     text,
  display_name    text,
  first_name      text,
  last_name       text,
  company_name    text,
  avatar          text,
  details_title   text,
  details_content text,
  language        text,
  time_zone       text,
  owner           text,
  team            text,
  sms             text,
  whatsapp        text,
  shared          boolean
);
CREATE INDEX line_batch_idx ON frontline_import.line (batch, line_id);
COMMENT ON TABLE  frontline_import.line                 IS 'Lines of a file on their way in: COPY them here, then SELECT * FROM frontline_import.run(''GB''). An empty column leaves the customer''s value as it is, "" clears it';
COMMENT ON COLUMN frontline_import.line.line_id         IS 'Order of arrival';
COMMENT ON COLUMN frontline_import.line.batch           IS 'Keeps imports of several sessions apart; the default is the session';
COMMENT ON COLUMN frontline_import.line.line            IS 'Line number to answer with; NULL counts from 1';
COMMENT ON COLUMN frontline_import.line.source          IS 'customer.source; NULL is local';
COMMENT ON COLUMN frontline_import.line.external_id     IS 'customer.external_id: finds the customer again. Without it the first number does';
COMMENT ON COLUMN frontline_import.line.display_name    IS 'Name in the list; without it first and last name, then the company, then the number';
COMMENT ON COLUMN frontline_import.line.first_name      IS 'customer.first_name';
COMMENT ON COLUMN frontline_import.line.last_name       IS 'customer.last_name';
COMMENT ON COLUMN frontline_import.line.company_name    IS 'customer.company_name';
COMMENT ON COLUMN frontline_import.line.avatar          IS 'customer.avatar';
COMMENT ON COLUMN frontline_import.line.details_title   IS 'customer.details_title';
COMMENT ON COLUMN frontline_import.line.details_content IS 'customer.details_content';
COMMENT ON COLUMN frontline_import.line.language        IS 'customer.language';
COMMENT ON COLUMN frontline_import.line.time_zone       IS 'customer.time_zone';
COMMENT ON COLUMN frontline_import.line.owner           IS 'Identity of the worker who gets the customer';
COMMENT ON COLUMN frontline_import.line.team            IS 'Name of the team that gets the customer';
COMMENT ON COLUMN frontline_import.line.sms             IS 'Numbers as people write them, several separated by ; or |. Numbers are added, never taken away';
COMMENT ON COLUMN frontline_import.line.whatsapp        IS 'The same for WhatsApp, without prefix';
COMMENT ON COLUMN frontline_import.line.shared          IS 'True when these numbers may be several customers'' at once';

CREATE FUNCTION frontline_import.run(p_country text DEFAULT NULL, p_batch text DEFAULT NULL)
RETURNS TABLE (line integer, outcome text, detail text, customer_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  the_batch text := coalesce(p_batch, session_user || ':' || pg_backend_pid());
  r         record;
  a         record;
  number    record;
  addresses text[];
  old       frontline.customer;
  new       frontline.customer;
  message   text;
  violated  text;
BEGIN
  IF p_country IS NOT NULL AND NOT EXISTS (SELECT FROM frontline.country c WHERE c.country = upper(p_country)) THEN
    RAISE EXCEPTION 'no country %', p_country;
  END IF;
  FOR r IN
    WITH numbered AS MATERIALIZED (
      SELECT coalesce(l.line, row_number() OVER (ORDER BY l.line_id))::integer AS n, l.*,
             coalesce(frontline.tidy(l.source), 'local') AS src, frontline.tidy(l.external_id) AS ext, p.first
        FROM frontline_import.line l
        LEFT JOIN LATERAL (SELECT frontline.match_key((frontline.parse_phone(x.v, p_country)).e164) AS first
                             FROM regexp_split_to_table(concat_ws(';', frontline.tidy(l.sms), frontline.tidy(l.whatsapp)), '[;|]')
                                  WITH ORDINALITY x (v, o)
                            WHERE btrim(x.v) <> '' ORDER BY x.o LIMIT 1) p ON true
       WHERE l.batch = the_batch)
    SELECT m.*, CASE WHEN m.ext IS NOT NULL THEN first_value(m.n) OVER same_key
                     WHEN m.first IS NOT NULL AND m.shared IS NOT TRUE THEN first_value(m.n) OVER same_number
                     ELSE m.n END AS last_n
      FROM numbered m
    WINDOW same_key    AS (PARTITION BY m.src, m.ext ORDER BY m.line_id DESC),
           same_number AS (PARTITION BY m.ext IS NULL, m.shared IS TRUE, m.src, m.first ORDER BY m.line_id DESC)
     ORDER BY m.line_id
  LOOP
    line := r.n;
    detail := NULL;
    customer_id := NULL;
    IF r.last_n <> r.n THEN                               -- the last of several lines for one customer counts
      outcome := 'duplicate';
      detail := 'duplicate of line ' || r.last_n;
      RETURN NEXT;
      CONTINUE;
    END IF;
    BEGIN
      addresses := '{}';
      FOR a IN SELECT t.type, btrim(x.v) AS v
                 FROM (VALUES (1, 'sms', r.sms), (2, 'whatsapp', r.whatsapp)) t (o, type, list),
                      regexp_split_to_table(t.list, '[;|]') WITH ORDINALITY x (v, o)
                WHERE btrim(x.v) <> '' ORDER BY t.o, x.o LOOP
        number := frontline.parse_phone(a.v, p_country);
        IF number.e164 IS NULL THEN RAISE EXCEPTION '%: %', a.v, number.why; END IF;
        addresses := addresses || (CASE a.type WHEN 'whatsapp' THEN 'whatsapp:' ELSE '' END || number.e164);
      END LOOP;

      old := NULL;
      IF r.ext IS NOT NULL THEN
        SELECT * INTO old FROM frontline.customer c WHERE c.source = r.src AND c.external_id = r.ext FOR UPDATE;
      ELSIF r.first IS NOT NULL THEN
        SELECT * INTO old FROM frontline.customer c
         WHERE c.source = r.src AND c.deleted_at IS NULL
           AND c.customer_id IN (SELECT h.customer_id FROM frontline.channel h WHERE h.match_key = r.first AND h.shared = coalesce(r.shared, false))
           AND (r.shared IS NOT TRUE OR c.display_name = frontline.tidy(r.display_name))
         ORDER BY c.customer_id LIMIT 1 FOR UPDATE;
      END IF;
      IF old.deleted_at IS NOT NULL THEN
        RAISE EXCEPTION 'customer % is %', old.customer_id,
          CASE WHEN old.merged_into_id IS NOT NULL THEN 'merged into ' || old.merged_into_id ELSE 'deleted' END;
      END IF;

      new := old;
      new.source          := r.src;
      new.external_id     := coalesce(r.ext, old.external_id);
      new.first_name      := CASE WHEN r.first_name IS NULL THEN old.first_name ELSE frontline.tidy(r.first_name) END;
      new.last_name       := CASE WHEN r.last_name IS NULL THEN old.last_name ELSE frontline.tidy(r.last_name) END;
      new.company_name    := CASE WHEN r.company_name IS NULL THEN old.company_name ELSE frontline.tidy(r.company_name) END;
      new.avatar          := CASE WHEN r.avatar IS NULL THEN old.avatar ELSE nullif(btrim(r.avatar), '') END;
      new.details_title   := CASE WHEN r.details_title IS NULL THEN old.details_title ELSE frontline.tidy(r.details_title) END;
      new.details_content := CASE WHEN r.details_content IS NULL THEN old.details_content ELSE nullif(r.details_content, '') END;
      new.language        := CASE WHEN r.language IS NULL THEN old.language ELSE frontline.tidy(r.language) END;
      new.time_zone       := CASE WHEN r.time_zone IS NULL THEN old.time_zone ELSE frontline.tidy(r.time_zone) END;
      new.display_name    := coalesce(frontline.tidy(r.display_name), old.display_name,
                               frontline.tidy(concat_ws(' ', new.first_name, new.last_name)), new.company_name,
                               regexp_replace(addresses[1], '^whatsapp:', ''));
      IF new.display_name IS NULL THEN RAISE EXCEPTION 'neither a name nor a number'; END IF;
      IF r.owner IS NOT NULL THEN
        new.owner_id := (SELECT w.worker_id FROM frontline.worker w WHERE w.identity = btrim(r.owner));
        IF new.owner_id IS NULL AND btrim(r.owner) <> '' THEN RAISE EXCEPTION 'no worker %', r.owner; END IF;
      END IF;
      IF r.team IS NOT NULL THEN
        new.team_id := (SELECT t.team_id FROM frontline.team t WHERE t.name = btrim(r.team));
        IF new.team_id IS NULL AND btrim(r.team) <> '' THEN RAISE EXCEPTION 'no team %', r.team; END IF;
      END IF;

      outcome := 'unchanged';                             -- and then nothing is written: the audit log stays quiet
      IF old.customer_id IS NULL THEN
        INSERT INTO frontline.customer AS c (source, external_id, display_name, first_name, last_name, company_name, avatar,
                                             details_title, details_content, language, time_zone, owner_id, team_id)
        VALUES (new.source, new.external_id, new.display_name, new.first_name, new.last_name, new.company_name, new.avatar,
                new.details_title, new.details_content, new.language, new.time_zone, new.owner_id, new.team_id)
        RETURNING c.customer_id INTO new.customer_id;
        outcome := 'inserted';
      ELSIF new IS DISTINCT FROM old THEN
        UPDATE frontline.customer c
           SET external_id = new.external_id, display_name = new.display_name, first_name = new.first_name, last_name = new.last_name,
               company_name = new.company_name, avatar = new.avatar, details_title = new.details_title,
               details_content = new.details_content, language = new.language, time_zone = new.time_zone,
               owner_id = new.owner_id, team_id = new.team_id
         WHERE c.customer_id = new.customer_id;
        outcome := 'updated';
      END IF;

      SELECT x.v AS value, h.customer_id INTO a
        FROM unnest(addresses) x (v)
        JOIN frontline.channel h ON h.match_key = frontline.match_key(x.v) AND (h.type = 'whatsapp') = (x.v LIKE 'whatsapp:%')
         AND h.customer_id <> new.customer_id AND NOT h.shared AND r.shared IS NOT TRUE
       LIMIT 1;
      IF FOUND THEN RAISE EXCEPTION '% belongs to customer %', a.value, a.customer_id; END IF;
      INSERT INTO frontline.channel (customer_id, type, value, shared, position)
      SELECT new.customer_id, x.type, x.v, coalesce(r.shared, false), x.o
        FROM (SELECT DISTINCT ON (frontline.match_key(u.v), u.v LIKE 'whatsapp:%')
                     u.v, u.o, CASE WHEN u.v LIKE 'whatsapp:%' THEN 'whatsapp' ELSE 'sms' END AS type
                FROM unnest(addresses) WITH ORDINALITY u (v, o) ORDER BY frontline.match_key(u.v), u.v LIKE 'whatsapp:%', u.o) x
       WHERE NOT EXISTS (SELECT FROM frontline.channel h
                          WHERE h.customer_id = new.customer_id AND h.type = x.type AND h.match_key = frontline.match_key(x.v))
       ORDER BY x.o;
      IF FOUND AND outcome = 'unchanged' THEN outcome := 'updated'; END IF;
      customer_id := new.customer_id;
    EXCEPTION WHEN raise_exception OR integrity_constraint_violation OR data_exception THEN
      GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, violated = CONSTRAINT_NAME;
      outcome := 'invalid';
      detail := coalesce((SELECT obj_description(k.oid, 'pg_constraint') FROM pg_constraint k
                           WHERE k.conname = violated AND k.connamespace = 'frontline'::regnamespace LIMIT 1), message);
    END;
    RETURN NEXT;
  END LOOP;
  DELETE FROM frontline_import.line l WHERE l.batch = the_batch;
END $$;
COMMENT ON FUNCTION frontline_import.run(text, text) IS
  'Takes the session''s lines into customer and channel and answers for each: inserted, updated, unchanged, duplicate (of which line), or invalid and why. National numbers are those of p_country, e.g. GB';

INSERT INTO frontline.schema_migration (version, name) VALUES (2, '0002_api.sql');
SET LOCAL ROLE NONE;
