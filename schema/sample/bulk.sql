-- bulk.sql: many customers, for measurements only.
--
--   psql -v ON_ERROR_STOP=1 -c "SET frontline.bulk = '100000'" -c "SET frontline.bulk_workers = '1'" -f bulk.sql
--   psql -c 'VACUUM ANALYZE'
--
-- frontline.bulk         customers to make (default 100000)
-- frontline.bulk_workers workers to spread them over (default 1): bulk1@example.com owns the 1st, 101st, .. for 100
-- Each customer has an SMS and a WhatsApp channel; one name in seven has accents or another script; one customer is called
-- Xanthippe Quackenbush.  The numbers look like numbers and belong to nobody.  Run it as the owner or a superuser; without the
-- VACUUM afterwards, index-only scans visit the table and every figure is wrong.
DO $$
DECLARE
  total   bigint := coalesce(nullif(current_setting('frontline.bulk', true), ''), '100000')::bigint;
  workers bigint := coalesce(nullif(current_setting('frontline.bulk_workers', true), ''), '1')::bigint;
  first   bigint;
BEGIN
  -- a VACUUM soon after an asynchronous commit cannot yet mark the pages as visible to all
  PERFORM set_config('synchronous_commit', 'on', true);
  INSERT INTO frontline.worker (identity, friendly_name)
  SELECT 'bulk' || i || '@example.com', 'Bulk ' || i FROM generate_series(1, workers) i
  ON CONFLICT (identity) DO NOTHING;
  SELECT coalesce(max(customer_id), 0) INTO first FROM frontline.customer;
  -- trigram by trigram, row by row, the search index takes ten times as long as built at once; the audit log would double the rest
  DROP INDEX IF EXISTS frontline.customer_search_idx;
  ALTER TABLE frontline.customer DISABLE TRIGGER USER;
  ALTER TABLE frontline.channel DISABLE TRIGGER USER;

  INSERT INTO frontline.customer (customer_id, source, external_id, display_name, first_name, last_name, company_name, avatar, language, owner_id, phone_digits)
  SELECT first + i, 'bulk', 'B-' || first + i,
         CASE WHEN i = total / 2 THEN 'Xanthippe Quackenbush' ELSE n.given || ' ' || n.family || ' ' || n.suffix END,
         n.given, n.family, CASE WHEN i % 3 = 0 THEN n.company END,
         CASE WHEN i % 2 = 0 THEN 'https://cdn.example.net/a/' || i || '.png' END, n.language, w.worker_id,
         ' ' || n.digits || ' '
    FROM generate_series(1, total) i
    JOIN frontline.worker w ON w.identity = 'bulk' || (i % workers) + 1 || '@example.com'
    CROSS JOIN LATERAL (SELECT (hashint8(i) & 2147483647) AS a, (hashint8(i + 7000000000) & 2147483647) AS b) h
    CROSS JOIN LATERAL (SELECT
      CASE WHEN i % 7 = 3 THEN
        (ARRAY['Łukasz','Zoë','Søren','Åsa','Jürgen','Núria','Đorđe','Ελένη','Нина','陽子','민준','فاطمة','דוד','Ngọc','François'])[1 + h.a % 15]
      ELSE
        (ARRAY['James','Mary','Robert','Patricia','John','Jennifer','Michael','Linda','David','Elizabeth','William','Barbara','Richard',
               'Susan','Joseph','Jessica','Thomas','Karen','Daniel','Sarah','Anna','Ines','Marek','Lena','Paul','Olga','Ivan','Carla',
               'Hugo','Nora','Emil','Ida','Oscar','Maja','Felix','Greta','Victor','Alma','Arthur','Julia'])[1 + h.a % 40]
      END AS given,
      CASE WHEN i % 7 = 3 THEN
        (ARRAY['Wróbel','Müller','Ødegård','Íñiguez','Şahin','Παπαδοπούλου','Кузнецова','田中','김','الحسن','כהן','Nguyễn','Čapek','Ångström','Béranger'])[1 + h.b % 15]
      ELSE
        (ARRAY['Smith','Johnson','Williams','Brown','Jones','Garcia','Miller','Davis','Rodriguez','Martinez','Hernandez','Lopez','Wilson',
               'Anderson','Taylor','Moore','Jackson','Martin','Lee','Perez','Thompson','White','Harris','Clark','Lewis','Robinson','Walker',
               'Young','Allen','King','Wright','Scott','Torres','Hill','Flores','Green','Adams','Nelson','Baker','Hall','Rivera','Campbell',
               'Mitchell','Carter','Roberts','Novak','Kowalski','Jansen','Olsen','Virtanen'])[1 + h.b % 50]
      END AS family,
      -- some 700 syllables keep names apart as real ones are
      initcap((ARRAY['ba','ke','lo','mi','nu','ra','se','ti','vo','du','fe','ga','hi','jo','py','ze'])[1 + (h.a / 64) % 16]
              || (ARRAY['lin','mar','nes','rok','sta','tov','ber','dal','fis','gor','han','kel','pov','wes'])[1 + (h.b / 64) % 14]
              || (ARRAY['a','e','i','o','en','er','ic','us','y','an'])[1 + (h.a / 2048) % 10]) AS suffix,
      (ARRAY['Acme','Borealis','Cobalt','Delta','Evergreen','Fjord','Granite','Harbor','Indigo','Juniper'])[1 + h.b % 10]
        || (ARRAY[' Ltd',' GmbH',' AS',' S.A.',' Inc'])[1 + h.a % 5] AS company,
      (ARRAY['en','nb','pl','de','pt-BR'])[1 + h.a % 5] AS language,
      (ARRAY['1555','44700','4759','49150','33639'])[1 + i % 5] || lpad(((first + i) * 61803399 % 100000000)::text, 8, '0') AS digits) n;

  INSERT INTO frontline.channel (customer_id, type, value, position)
  SELECT c.customer_id, t.type, t.prefix || '+' || btrim(c.phone_digits), t.position
    FROM frontline.customer c CROSS JOIN (VALUES ('sms', '', 0), ('whatsapp', 'whatsapp:', 1)) t (type, prefix, position)
   WHERE c.customer_id > first;

  PERFORM setval(pg_get_serial_sequence('frontline.customer', 'customer_id'), first + total);
  ALTER TABLE frontline.customer ENABLE TRIGGER USER;
  ALTER TABLE frontline.channel ENABLE TRIGGER USER;
  EXECUTE format('CREATE INDEX customer_search_idx ON frontline.customer USING gin
    ((owner_id + 0), (team_id + 0), search_text %1$I.gin_trgm_ops, phone_digits %1$I.gin_trgm_ops) WITH (fastupdate = off) WHERE deleted_at IS NULL',
    (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'));
END $$;
