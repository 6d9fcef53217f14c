-- 0001_crm.sql: roles, schemas and the tables a DBA owns.
--
-- Run by "frontlinectl migrate", or by a DBA: psql -1 -v ON_ERROR_STOP=1 -f FILE.  A migration is one transaction and is
-- never edited after release; what comes later is a later file.  The database must be UTF8.  Whoever runs it is a superuser,
-- or owns the database and has CREATEROLE (the four extensions are "trusted").

DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('frontline-migrate'));
  IF current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION 'the database must be created with ENCODING UTF8, not %', current_setting('server_encoding');
  END IF;
END $$;

-- ------------------------------------------------------------------------------------------------------------- roles
-- Roles belong to the cluster, so a second database of the cluster finds them made.  None has a password: local peer
-- authentication or pg_hba.conf decides who may be whom.
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['frontline_owner NOLOGIN', 'frontline_fcgi LOGIN', 'frontline_relay LOGIN', 'frontline_dba LOGIN',
                           'frontline_import LOGIN', 'frontline_report LOGIN', 'frontline_monitor LOGIN'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = split_part(r, ' ', 1)) THEN
      BEGIN
        EXECUTE 'CREATE ROLE ' || r;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;                                          -- another database of the cluster was quicker
      END;
    END IF;
  END LOOP;
  -- what follows is done as frontline_owner, so that no object belongs to a person
  IF NOT pg_has_role(current_user, 'frontline_owner', 'MEMBER') THEN
    EXECUTE format('GRANT frontline_owner TO %I', current_user);
  END IF;
END $$;

CREATE SCHEMA frontline        AUTHORIZATION frontline_owner;
CREATE SCHEMA frontline_api    AUTHORIZATION frontline_owner;
CREATE SCHEMA frontline_import AUTHORIZATION frontline_owner;
CREATE SCHEMA frontline_report AUTHORIZATION frontline_owner;

-- Apart from our tables, so that \df frontline.* shows our functions.  An existing CRM may have some of them already, in a schema
-- of its own choice: they are used where they are.
CREATE SCHEMA frontline_extension AUTHORIZATION frontline_owner;
CREATE EXTENSION IF NOT EXISTS pg_trgm   WITH SCHEMA frontline_extension;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA frontline_extension;
CREATE EXTENSION IF NOT EXISTS unaccent  WITH SCHEMA frontline_extension;
CREATE EXTENSION IF NOT EXISTS pgcrypto  WITH SCHEMA frontline_extension;
DO $$
DECLARE at text;
BEGIN
  FOR at IN SELECT DISTINCT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
             WHERE e.extname IN ('pg_trgm', 'btree_gin', 'unaccent', 'pgcrypto') LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO frontline_owner, frontline_dba', at);
  END LOOP;
END $$;

SET LOCAL ROLE frontline_owner;

-- No function of this product is for everybody.  (The extensions' functions stay as PostgreSQL made them; only roles with
-- USAGE on their schema can reach those.)
ALTER DEFAULT PRIVILEGES FOR ROLE frontline_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

COMMENT ON SCHEMA frontline        IS 'Customers, workers, numbers, templates, routing, conversations: the tables a DBA keeps';
COMMENT ON SCHEMA frontline_api    IS 'The contract: one function per question that a callback asks. frontline_fcgi may execute these and nothing else';
COMMENT ON SCHEMA frontline_extension IS 'PostgreSQL''s extensions pg_trgm, btree_gin, unaccent, pgcrypto, where the database did not have them already';
COMMENT ON SCHEMA frontline_import IS 'Bulk import: COPY lines into frontline_import.line, then SELECT * FROM frontline_import.run()';
COMMENT ON SCHEMA frontline_report IS 'Views for reports and monitoring; telephone numbers are masked';

CREATE TABLE frontline.schema_migration (
  version    integer PRIMARY KEY CHECK (version > 0),
  name       text NOT NULL,
  sha256     text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  applied_at timestamptz NOT NULL DEFAULT now(),
  applied_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE  frontline.schema_migration            IS 'Which migration files this database has had';
COMMENT ON COLUMN frontline.schema_migration.version    IS 'Number in front of the file''s name, e.g. 1 for 0001_crm.sql';
COMMENT ON COLUMN frontline.schema_migration.name       IS 'The file''s name, e.g. 0001_crm.sql';
COMMENT ON COLUMN frontline.schema_migration.sha256     IS 'Digest of the file as frontlinectl applied it; NULL when a DBA ran it by psql';
COMMENT ON COLUMN frontline.schema_migration.applied_at IS 'When';
COMMENT ON COLUMN frontline.schema_migration.applied_by IS 'Database user who ran it';

-- ----------------------------------------------------------------------------------------------------------- helpers
-- fold() is what "the same text" means in sorting and searching.  It must never change its answer, since rows store it: so no
-- part of it depends on the database's locale (ICU root rules for lower case, explicit white space, the unaccent rule file).
-- Accents go before case, because the lower case of a dotted capital I is two characters; a final sigma becomes a plain one,
-- since it stands in the middle of a longer name.  Two statements build functions around an extension's schema.
DO $$
DECLARE at text := (SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                     WHERE e.extname = 'unaccent');
BEGIN
  EXECUTE format($f$
    CREATE FUNCTION frontline.fold(p_text text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $body$
    BEGIN
      RETURN btrim(pg_catalog.regexp_replace(
        pg_catalog.translate(
          pg_catalog.lower(%1$I.unaccent(%2$L::pg_catalog.regdictionary, pg_catalog.normalize(p_text, 'NFC')) COLLATE "und-x-icu"),
          'ς', 'σ') COLLATE "C",
        '[\s\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]+', ' ', 'g'));
    END $body$ $f$, at, format('%I.unaccent', at));
END $$;
COMMENT ON FUNCTION frontline.fold(text) IS
  'Text as compared in searching and sorting: lower case, without accents, NFC, white space collapsed. fold(''Łódź  ÅS'') = ''lodz as''';

-- A btree entry holds at most 2,704 bytes.  The list's indexes hold sort_name, search_text and phone_digits, so these are
-- capped in characters of four bytes: 160 * 4 + 400 * 4 + 20 * 16 + 1, and 60 for header, keys and padding: 2,621.
CREATE FUNCTION frontline.sort_key(p_name text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN left(frontline.fold(p_name), 160); END $$;
COMMENT ON FUNCTION frontline.sort_key(text) IS 'Key under which a display name is sorted: folded, first 160 characters';

CREATE FUNCTION frontline.match_key(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE
    WHEN n ~ '^\+55[1-9][0-9]9[0-9]{8}$' THEN left(n, 5) || substr(n, 7)    -- Brazil: the ninth digit
    WHEN n ~ '^\+549[0-9]{10}$'          THEN '+54' || substr(n, 5)         -- Argentina: the mobile 9
    WHEN n ~ '^\+521[0-9]{10}$'          THEN '+52' || substr(n, 5)         -- Mexico: the mobile 1
    ELSE n END
  FROM (SELECT regexp_replace(value, '^[a-z]+:', '') AS n) s $$;
COMMENT ON FUNCTION frontline.match_key(text) IS
  'Address as Twilio writes it -> key under which spellings of one handset meet. match_key(''whatsapp:+5511987654321'') = ''+551187654321''';

CREATE FUNCTION frontline.common_prefix(a text, b text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  FOR i IN 1 .. least(length(a), length(b)) LOOP
    IF substr(a, i, 1) <> substr(b, i, 1) THEN RETURN i - 1; END IF;
  END LOOP;
  RETURN least(length(a), length(b));
END $$;
COMMENT ON FUNCTION frontline.common_prefix(text, text) IS
  'How many characters two texts share from the left: common_prefix(''+14155550142'', ''+14155550199'') = 10';

CREATE FUNCTION frontline.to_key(p_id text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_id ~ '^[1-9][0-9]{0,17}$' THEN p_id::bigint END $$;
COMMENT ON FUNCTION frontline.to_key(text) IS
  'Key of a customer from its text on the wire; NULL for whatever no key of ours looks like, so a foreign string finds nothing';

CREATE FUNCTION frontline.mask(p_address text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN p_address ~ '^([a-z]+:)?\+[0-9]{7,}$'
    THEN left(p_address, strpos(p_address, '+') + 2) || repeat('*', length(p_address) - strpos(p_address, '+') - 4) || right(p_address, 2)
    ELSE left(p_address, 1) || '***' END $$;
COMMENT ON FUNCTION frontline.mask(text) IS 'Address as reports and logs show it: mask(''+4790000012'') = ''+47******12''';

CREATE FUNCTION frontline.is_time_zone(p_name text) RETURNS boolean LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
  -- POSIX spellings such as Foo5 or Oslo/X-1 would be taken for zones too, so digits are for Etc/GMT+5 only.
  IF p_name !~ '^(UTC|Etc/GMT[-+][0-9]{1,2}|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+){1,2})$' THEN RETURN false; END IF;
  PERFORM timestamptz '2020-01-01 00:00+00' AT TIME ZONE p_name;
  RETURN true;
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN false;
END $$;
COMMENT ON FUNCTION frontline.is_time_zone(text) IS 'Whether PostgreSQL knows this zone by its long name: Europe/Oslo, UTC';

CREATE FUNCTION frontline.is_language_tag(p_tag text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT length(p_tag) <= 35
     AND p_tag ~ '^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*$' $$;
COMMENT ON FUNCTION frontline.is_language_tag(text) IS 'Whether the text has the shape of a BCP 47 tag: en, pt-BR, zh-Hant-TW; not en_US, not English';

CREATE FUNCTION frontline.is_https_url(p_url text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT length(p_url) <= 2048 AND p_url ~ '^https://[^\u0001-\u0020\u007f-\u00a0/?#][^\u0001-\u0020\u007f-\u00a0]*$' $$;
COMMENT ON FUNCTION frontline.is_https_url(text) IS 'Whether an app can load it: https, at most 2048 characters, no white space, no control characters';

CREATE FUNCTION frontline.is_plain(p_text text, p_bytes integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT octet_length(p_text) <= p_bytes AND p_text !~ '[\u0001-\u001f\u007f-\u009f]'
     AND p_text ~ '[^\s\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]' $$;
COMMENT ON FUNCTION frontline.is_plain(text, integer) IS 'One line with something on it: not blank, no control characters, at most so many bytes';

-- One pass: what a variable puts in is not looked at again.  GetTemplatesByCustomerId offers this text, and the constraint below
-- judges the same.
CREATE FUNCTION frontline.fill_variables(p_content text, p_variables jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF p_variables IS NULL THEN RETURN p_content; END IF;
  RETURN (SELECT string_agg(CASE WHEN t.n = 1 THEN t.part
                                 WHEN p_variables ? t.m[1] THEN (p_variables ->> t.m[1]) || t.m[2]
                                 ELSE '{{' || t.part END, '' ORDER BY t.n)
            FROM (SELECT s.part, s.n, regexp_match(s.part, '^ *([1-9][0-9]?) *\}\}(.*)$') AS m
                    FROM unnest(string_to_array(p_content, '{{')) WITH ORDINALITY s (part, n)) t);
END $$;
COMMENT ON FUNCTION frontline.fill_variables(text, jsonb) IS
  'Text with {{1}} to {{99}} replaced as content_variables says; only blanks may stand beside the number, and a number without a value stays';

-- Placeholders are named as their columns, or as older templates have them: {{Name}}, {{Author}}.  Case, underscores and
-- blanks do not count: {{FirstName}} is {{first_name}}.  After a bar stands what is said when there is no value.  The responder
-- (src/core/template.c) knows the same names and reads them by the same rules: from "{{" to the next "}}", A to Z as a to z, of
-- white space only U+0020.  It takes braces without a partner for text; here they are refused, since they are a slip of the pen.
CREATE FUNCTION frontline.placeholders_known(p_content text, p_variables jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  k text; v text; part text; n bigint; ends integer;
BEGIN
  IF p_variables IS NOT NULL THEN
    IF jsonb_typeof(p_variables) <> 'object' THEN RETURN false; END IF;
    FOR k, v IN SELECT e.key, CASE jsonb_typeof(e.value) WHEN 'string' THEN e.value #>> '{}' END FROM jsonb_each(p_variables) e LOOP
      IF k !~ '^[1-9][0-9]?$' OR v IS NULL OR NOT frontline.placeholders_known(v, NULL) THEN RETURN false; END IF;
    END LOOP;
  END IF;
  FOR part, n IN SELECT s.part, s.n
                   FROM unnest(string_to_array(frontline.fill_variables(p_content, p_variables), '{{')) WITH ORDINALITY s (part, n) LOOP
    ends := strpos(part, '}}');
    IF n = 1 THEN
      IF ends > 0 THEN RETURN false; END IF;
      CONTINUE;
    END IF;
    k := lower(translate(split_part(left(part, ends - 1), '|', 1), ' _', '') COLLATE "C");
    IF ends = 0 OR strpos(substr(part, ends + 2), '}}') > 0
       OR k NOT IN ('displayname', 'name', 'firstname', 'lastname', 'companyname', 'company', 'worker', 'author') THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END $$;
COMMENT ON FUNCTION frontline.placeholders_known(text, jsonb) IS
  'Whether every {{placeholder}} of a template can be filled: first_name, last_name, display_name (name), company_name (company), worker (author), or a number that content_variables maps';

-- --------------------------------------------------------------------------------------------------- countries, once
CREATE TABLE frontline.country (
  country      text PRIMARY KEY CHECK (country ~ '^[A-Z]{2}$'),
  calling_code text NOT NULL CHECK (calling_code ~ '^[1-9][0-9]{0,2}$'),
  trunk_prefix text CHECK (trunk_prefix ~ '^[0-9]{1,2}$'),
  exit_code    text NOT NULL DEFAULT '00' CHECK (exit_code ~ '^[0-9]{2,4}$')
);
COMMENT ON TABLE  frontline.country              IS 'Numbering plan: how a number written for its own country becomes E.164; read by the import';
COMMENT ON COLUMN frontline.country.country      IS 'ISO 3166 code, e.g. GB';
COMMENT ON COLUMN frontline.country.calling_code IS 'Calling code without plus, e.g. 44';
COMMENT ON COLUMN frontline.country.trunk_prefix IS 'Digits dialled in front of a national number and dropped in E.164, e.g. 0; NULL where there are none';
COMMENT ON COLUMN frontline.country.exit_code    IS 'Digits dialled instead of the plus, e.g. 00, 011 in North America';

INSERT INTO frontline.country (country, calling_code, trunk_prefix, exit_code)
SELECT c, code, nullif(trunk, ''), prefix
  FROM (VALUES
    ('1', '1', '011', 'US CA AG AI AS BB BM BS DM DO GD GU JM KN KY LC MP MS PR SX TC TT VC VG VI'),
    ('7', '8', '810', 'RU KZ'),
    ('20', '0', '00', 'EG'), ('27', '0', '00', 'ZA'), ('30', '', '00', 'GR'), ('31', '0', '00', 'NL'), ('32', '0', '00', 'BE'),
    ('33', '0', '00', 'FR'), ('34', '', '00', 'ES'), ('36', '06', '00', 'HU'), ('39', '', '00', 'IT VA'), ('40', '0', '00', 'RO'),
    ('41', '0', '00', 'CH'), ('43', '0', '00', 'AT'), ('44', '0', '00', 'GB GG IM JE'), ('45', '', '00', 'DK'), ('46', '0', '00', 'SE'),
    ('47', '', '00', 'NO SJ'), ('48', '', '00', 'PL'), ('49', '0', '00', 'DE'), ('51', '0', '00', 'PE'), ('52', '', '00', 'MX'),
    ('53', '0', '119', 'CU'), ('54', '0', '00', 'AR'), ('55', '0', '00', 'BR'), ('56', '', '00', 'CL'), ('57', '', '00', 'CO'),
    ('58', '0', '00', 'VE'), ('60', '0', '00', 'MY'), ('61', '0', '0011', 'AU CC CX'), ('62', '0', '001', 'ID'), ('63', '0', '00', 'PH'),
    ('64', '0', '00', 'NZ'), ('65', '', '000', 'SG'), ('66', '0', '001', 'TH'), ('81', '0', '010', 'JP'), ('82', '0', '00', 'KR'),
    ('84', '0', '00', 'VN'), ('86', '0', '00', 'CN'), ('90', '0', '00', 'TR'), ('91', '0', '00', 'IN'), ('92', '0', '00', 'PK'),
    ('93', '0', '00', 'AF'), ('94', '0', '00', 'LK'), ('95', '0', '00', 'MM'), ('98', '0', '00', 'IR'), ('211', '0', '00', 'SS'),
    ('212', '0', '00', 'MA EH'), ('213', '0', '00', 'DZ'), ('216', '', '00', 'TN'), ('218', '0', '00', 'LY'), ('220', '', '00', 'GM'),
    ('221', '', '00', 'SN'), ('222', '', '00', 'MR'), ('223', '', '00', 'ML'), ('224', '', '00', 'GN'), ('225', '', '00', 'CI'),
    ('226', '', '00', 'BF'), ('227', '', '00', 'NE'), ('228', '', '00', 'TG'), ('229', '', '00', 'BJ'), ('230', '', '00', 'MU'),
    ('231', '0', '00', 'LR'), ('232', '0', '00', 'SL'), ('233', '0', '00', 'GH'), ('234', '0', '009', 'NG'), ('235', '', '00', 'TD'),
    ('236', '', '00', 'CF'), ('237', '', '00', 'CM'), ('238', '', '00', 'CV'), ('239', '', '00', 'ST'), ('240', '', '00', 'GQ'),
    ('241', '0', '00', 'GA'), ('242', '', '00', 'CG'), ('243', '0', '00', 'CD'), ('244', '', '00', 'AO'), ('245', '', '00', 'GW'),
    ('246', '', '00', 'IO'), ('248', '', '00', 'SC'), ('249', '0', '00', 'SD'), ('250', '0', '00', 'RW'), ('251', '0', '00', 'ET'),
    ('252', '0', '00', 'SO'), ('253', '', '00', 'DJ'), ('254', '0', '000', 'KE'), ('255', '0', '000', 'TZ'), ('256', '0', '000', 'UG'),
    ('257', '', '00', 'BI'), ('258', '', '00', 'MZ'), ('260', '0', '00', 'ZM'), ('261', '0', '00', 'MG'), ('262', '0', '00', 'RE YT'),
    ('263', '0', '00', 'ZW'), ('264', '0', '00', 'NA'), ('265', '0', '00', 'MW'), ('266', '', '00', 'LS'), ('267', '', '00', 'BW'),
    ('268', '', '00', 'SZ'), ('269', '', '00', 'KM'), ('290', '', '00', 'SH'), ('291', '0', '00', 'ER'), ('297', '', '00', 'AW'),
    ('298', '', '00', 'FO'), ('299', '', '00', 'GL'), ('350', '', '00', 'GI'), ('351', '', '00', 'PT'), ('352', '', '00', 'LU'),
    ('353', '0', '00', 'IE'), ('354', '', '00', 'IS'), ('355', '0', '00', 'AL'), ('356', '', '00', 'MT'), ('357', '', '00', 'CY'),
    ('358', '0', '00', 'FI AX'), ('359', '0', '00', 'BG'), ('370', '8', '00', 'LT'), ('371', '', '00', 'LV'), ('372', '', '00', 'EE'),
    ('373', '0', '00', 'MD'), ('374', '0', '00', 'AM'), ('375', '8', '810', 'BY'), ('376', '', '00', 'AD'), ('377', '', '00', 'MC'),
    ('378', '', '00', 'SM'), ('380', '0', '00', 'UA'), ('381', '0', '00', 'RS'), ('382', '0', '00', 'ME'), ('383', '0', '00', 'XK'),
    ('385', '0', '00', 'HR'), ('386', '0', '00', 'SI'), ('387', '0', '00', 'BA'), ('389', '0', '00', 'MK'), ('420', '', '00', 'CZ'),
    ('421', '0', '00', 'SK'), ('423', '', '00', 'LI'), ('500', '', '00', 'FK'), ('501', '', '00', 'BZ'), ('502', '', '00', 'GT'),
    ('503', '', '00', 'SV'), ('504', '', '00', 'HN'), ('505', '', '00', 'NI'), ('506', '', '00', 'CR'), ('507', '', '00', 'PA'),
    ('508', '0', '00', 'PM'), ('509', '', '00', 'HT'), ('590', '0', '00', 'GP BL MF'), ('591', '0', '00', 'BO'), ('592', '', '001', 'GY'),
    ('593', '0', '00', 'EC'), ('594', '0', '00', 'GF'), ('595', '0', '00', 'PY'), ('596', '0', '00', 'MQ'), ('597', '', '00', 'SR'),
    ('598', '0', '00', 'UY'), ('599', '', '00', 'CW BQ'), ('670', '', '00', 'TL'), ('672', '', '00', 'NF'), ('673', '', '00', 'BN'),
    ('674', '', '00', 'NR'), ('675', '', '00', 'PG'), ('676', '', '00', 'TO'), ('677', '', '00', 'SB'), ('678', '', '00', 'VU'),
    ('679', '', '00', 'FJ'), ('680', '', '011', 'PW'), ('681', '', '00', 'WF'), ('682', '', '00', 'CK'), ('683', '', '00', 'NU'),
    ('685', '', '00', 'WS'), ('686', '', '00', 'KI'), ('687', '', '00', 'NC'), ('688', '', '00', 'TV'), ('689', '', '00', 'PF'),
    ('690', '', '00', 'TK'), ('691', '', '011', 'FM'), ('692', '', '011', 'MH'), ('850', '', '00', 'KP'), ('852', '', '001', 'HK'),
    ('853', '', '00', 'MO'), ('855', '0', '001', 'KH'), ('856', '0', '00', 'LA'), ('880', '0', '00', 'BD'), ('886', '0', '002', 'TW'),
    ('960', '', '00', 'MV'), ('961', '0', '00', 'LB'), ('962', '0', '00', 'JO'), ('963', '0', '00', 'SY'), ('964', '0', '00', 'IQ'),
    ('965', '', '00', 'KW'), ('966', '0', '00', 'SA'), ('967', '0', '00', 'YE'), ('968', '', '00', 'OM'), ('970', '0', '00', 'PS'),
    ('971', '0', '00', 'AE'), ('972', '0', '00', 'IL'), ('973', '', '00', 'BH'), ('974', '', '00', 'QA'), ('975', '', '00', 'BT'),
    ('976', '0', '001', 'MN'), ('977', '0', '00', 'NP'), ('992', '', '810', 'TJ'), ('993', '8', '810', 'TM'), ('994', '0', '00', 'AZ'),
    ('995', '0', '00', 'GE'), ('996', '0', '00', 'KG'), ('998', '', '00', 'UZ')
  ) v (code, trunk, prefix, countries), unnest(string_to_array(countries, ' ')) c;

-- ---------------------------------------------------------------------------------------------------- workers, teams
CREATE TABLE frontline.team (
  team_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name      text NOT NULL UNIQUE CHECK (frontline.is_plain(name, 256)),
  time_zone text NOT NULL DEFAULT 'UTC' CHECK (frontline.is_time_zone(time_zone))
);
COMMENT ON TABLE  frontline.team           IS 'Workers who share customers, numbers, templates or incoming conversations';
COMMENT ON COLUMN frontline.team.team_id   IS 'Key, given by the database';
COMMENT ON COLUMN frontline.team.name      IS 'What people call it, e.g. Sales Nordics';
COMMENT ON COLUMN frontline.team.time_zone IS 'Zone in which the team''s working hours are meant, e.g. Europe/Oslo';

CREATE TABLE frontline.worker (
  worker_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  identity      text NOT NULL UNIQUE CHECK (length(identity) BETWEEN 1 AND 256 AND identity !~ '[\u0001-\u001f\u007f-\u009f]'),
  sid           text UNIQUE CHECK (sid ~ '^US[0-9a-fA-F]{32}$'),
  friendly_name text CHECK (frontline.is_plain(friendly_name, 512)),
  avatar        text CHECK (frontline.is_https_url(avatar)),
  state         text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'deactivated')),
  is_available  boolean NOT NULL DEFAULT false,
  available_changed_at timestamptz NOT NULL DEFAULT now(),
  capacity      integer CHECK (capacity > 0),
  time_zone     text NOT NULL DEFAULT 'UTC' CHECK (frontline.is_time_zone(time_zone)),
  out_of_office tstzrange,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  frontline.worker                      IS 'A user of the Frontline app. Twilio cannot list its users, so this table is the roster';
COMMENT ON COLUMN frontline.worker.worker_id            IS 'Key, given by the database';
COMMENT ON COLUMN frontline.worker.identity             IS 'Twilio''s user identity, often an e-mail address; upper and lower case differ. Sent as Worker in every callback';
COMMENT ON COLUMN frontline.worker.sid                  IS 'Twilio''s user SID, US and 32 hex digits; NULL until known';
COMMENT ON COLUMN frontline.worker.friendly_name        IS 'Name shown to customers and used as {{worker}} in templates; NULL shows the identity';
COMMENT ON COLUMN frontline.worker.avatar               IS 'Picture, an https URL';
COMMENT ON COLUMN frontline.worker.state                IS 'active, or deactivated: every callback of a deactivated worker is refused';
COMMENT ON COLUMN frontline.worker.is_available         IS 'Whether the worker takes incoming conversations now, as Frontline knows it';
COMMENT ON COLUMN frontline.worker.available_changed_at IS 'When is_available last changed';
COMMENT ON COLUMN frontline.worker.capacity             IS 'Open conversations at once before routing passes the worker by; NULL is no limit';
COMMENT ON COLUMN frontline.worker.time_zone            IS 'Zone of the worker''s working hours, e.g. America/New_York';
COMMENT ON COLUMN frontline.worker.out_of_office        IS 'Absence, e.g. [2026-07-01,2026-07-15): routing passes the worker by';
COMMENT ON COLUMN frontline.worker.created_at           IS 'When the row was made';
COMMENT ON COLUMN frontline.worker.updated_at           IS 'When the row last changed; kept by trigger';

CREATE TABLE frontline.team_worker (
  team_id   bigint NOT NULL REFERENCES frontline.team ON DELETE CASCADE,
  worker_id bigint NOT NULL REFERENCES frontline.worker ON DELETE CASCADE,
  PRIMARY KEY (team_id, worker_id)
);
CREATE INDEX team_worker_worker_id_idx ON frontline.team_worker (worker_id);
COMMENT ON TABLE  frontline.team_worker           IS 'Who is in which team; a worker may be in several';
COMMENT ON COLUMN frontline.team_worker.team_id   IS 'The team';
COMMENT ON COLUMN frontline.team_worker.worker_id IS 'The member';

CREATE TABLE frontline.working_hours (
  working_hours_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  team_id   bigint REFERENCES frontline.team ON DELETE CASCADE,
  worker_id bigint REFERENCES frontline.worker ON DELETE CASCADE,
  weekday   smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  opens     time NOT NULL,
  closes    time NOT NULL,
  CONSTRAINT working_hours_one_subject CHECK (num_nonnulls(team_id, worker_id) = 1),
  CONSTRAINT working_hours_order CHECK (closes > opens),
  CONSTRAINT working_hours_once UNIQUE NULLS NOT DISTINCT (team_id, worker_id, weekday, opens)
);
COMMENT ON TABLE  frontline.working_hours                  IS 'When a team or a worker is open; several rows a day are breaks. Nothing at all means always open';
COMMENT ON COLUMN frontline.working_hours.working_hours_id IS 'Key, given by the database';
COMMENT ON COLUMN frontline.working_hours.team_id          IS 'Whose hours: a team, or';
COMMENT ON COLUMN frontline.working_hours.worker_id        IS 'a worker. Exactly one of the two';
COMMENT ON COLUMN frontline.working_hours.weekday          IS 'ISO day: 1 Monday to 7 Sunday';
COMMENT ON COLUMN frontline.working_hours.opens            IS 'Local time of the subject''s time_zone, e.g. 08:30';
COMMENT ON COLUMN frontline.working_hours.closes           IS 'Local time, later than opens; 24:00 is midnight. A night shift is two rows';

-- --------------------------------------------------------------------------------------------------------- customers
CREATE TABLE frontline.customer (
  customer_id     bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY
                  CONSTRAINT customer_id_range CHECK (customer_id BETWEEN 1 AND 999999999999999999),
  source          text NOT NULL DEFAULT 'local' CHECK (frontline.is_plain(source, 64)),
  external_id     text CHECK (frontline.is_plain(external_id, 512)),
  display_name    text NOT NULL CHECK (frontline.is_plain(display_name, 2048)),
  first_name      text CHECK (frontline.is_plain(first_name, 512)),
  last_name       text CHECK (frontline.is_plain(last_name, 512)),
  company_name    text CHECK (frontline.is_plain(company_name, 512)),
  avatar          text CHECK (frontline.is_https_url(avatar)),
  details_title   text CHECK (frontline.is_plain(details_title, 512)),
  details_content text CHECK (octet_length(details_content) <= 16384),
  language        text CHECK (frontline.is_language_tag(language)),
  time_zone       text CHECK (frontline.is_time_zone(time_zone)),
  owner_id        bigint REFERENCES frontline.worker,
  team_id         bigint REFERENCES frontline.team,
  merged_into_id  bigint REFERENCES frontline.customer ON DELETE SET NULL,
  deleted_at      timestamptz,
  erased_at       timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  phone_digits    text COLLATE "C" NOT NULL DEFAULT ' ' CHECK (octet_length(phone_digits) <= 321),
  sort_name       text COLLATE "C" NOT NULL GENERATED ALWAYS AS (frontline.sort_key(display_name)) STORED,
  search_text     text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(frontline.fold(
                    left(display_name, 200) || ' ' || left(coalesce(first_name, ''), 50) || ' ' || left(coalesce(last_name, ''), 50)
                    || ' ' || left(coalesce(company_name, ''), 60) || ' ' || left(coalesce(external_id, ''), 60)), 400)) STORED,
  CONSTRAINT customer_not_merged_into_itself CHECK (merged_into_id <> customer_id),
  CONSTRAINT customer_merged_is_deleted CHECK (merged_into_id IS NULL OR deleted_at IS NOT NULL),
  CONSTRAINT customer_erased_is_deleted CHECK (erased_at IS NULL OR deleted_at IS NOT NULL)
);
COMMENT ON TABLE  frontline.customer                 IS 'A person or company that workers talk to. DELETE forgets the row; setting deleted_at hides it; merge_customer and erase_customer do the rest';
COMMENT ON COLUMN frontline.customer.customer_id     IS 'Key, given by the database; on the wire it is text';
COMMENT ON COLUMN frontline.customer.source          IS 'System of record the row came from, e.g. local, odoo';
COMMENT ON COLUMN frontline.customer.external_id     IS 'Its key in that system; the import finds the row again by it';
COMMENT ON COLUMN frontline.customer.display_name    IS 'Name in My Customers, one line, at most 2048 bytes';
COMMENT ON COLUMN frontline.customer.first_name      IS 'Used by {{first_name}} in templates';
COMMENT ON COLUMN frontline.customer.last_name       IS 'Used by {{last_name}} in templates';
COMMENT ON COLUMN frontline.customer.company_name    IS 'Used by {{company_name}} in templates; also searched';
COMMENT ON COLUMN frontline.customer.avatar          IS 'Picture, an https URL of at most 2048 characters';
COMMENT ON COLUMN frontline.customer.details_title   IS 'Heading of the free text on the details screen, e.g. Account';
COMMENT ON COLUMN frontline.customer.details_content IS 'Free text on the details screen; may have several lines, at most 16 kB';
COMMENT ON COLUMN frontline.customer.language        IS 'BCP 47 tag, e.g. nb or pt-BR: chooses the templates offered; NULL offers all';
COMMENT ON COLUMN frontline.customer.time_zone       IS 'The customer''s zone, e.g. Asia/Tokyo';
COMMENT ON COLUMN frontline.customer.owner_id        IS 'Worker who has this customer in My Customers';
COMMENT ON COLUMN frontline.customer.team_id         IS 'Team whose members all have this customer in My Customers';
COMMENT ON COLUMN frontline.customer.merged_into_id  IS 'Set by merge_customer: the customer who answers to this id now';
COMMENT ON COLUMN frontline.customer.deleted_at      IS 'Set to hide the customer; NULL again to bring it back. Addresses stay taken meanwhile';
COMMENT ON COLUMN frontline.customer.erased_at       IS 'Set by erase_customer: nothing about the person is left here';
COMMENT ON COLUMN frontline.customer.created_at      IS 'When the row was made';
COMMENT ON COLUMN frontline.customer.updated_at      IS 'When the row, or one of its addresses, last changed; kept by trigger';
COMMENT ON COLUMN frontline.customer.phone_digits    IS 'Digits of the customer''s first 20 numbers, each between spaces, e.g. '' 4790000012 ''; kept by trigger, whatever is written here';
COMMENT ON COLUMN frontline.customer.sort_name       IS 'Key of the list''s order, from display_name; bytes compared, so that no library upgrade can upset the index';
COMMENT ON COLUMN frontline.customer.search_text     IS 'Folded names, company and external id, at most 400 characters: what a search looks through';

-- the import answers with these
COMMENT ON CONSTRAINT customer_source_check ON frontline.customer IS 'source must be one line of at most 64 bytes';
COMMENT ON CONSTRAINT customer_external_id_check ON frontline.customer IS 'external_id must be one line of at most 512 bytes';
COMMENT ON CONSTRAINT customer_display_name_check ON frontline.customer IS 'display_name must be one line of at most 2048 bytes';
COMMENT ON CONSTRAINT customer_first_name_check ON frontline.customer IS 'first_name must be one line of at most 512 bytes';
COMMENT ON CONSTRAINT customer_last_name_check ON frontline.customer IS 'last_name must be one line of at most 512 bytes';
COMMENT ON CONSTRAINT customer_company_name_check ON frontline.customer IS 'company_name must be one line of at most 512 bytes';
COMMENT ON CONSTRAINT customer_avatar_check ON frontline.customer IS 'avatar must be an https URL of at most 2048 characters';
COMMENT ON CONSTRAINT customer_details_title_check ON frontline.customer IS 'details_title must be one line of at most 512 bytes';
COMMENT ON CONSTRAINT customer_details_content_check ON frontline.customer IS 'details_content must have at most 16384 bytes';
COMMENT ON CONSTRAINT customer_language_check ON frontline.customer IS 'language must be a tag such as en or pt-BR';
COMMENT ON CONSTRAINT customer_time_zone_check ON frontline.customer IS 'time_zone must be a name such as Europe/Oslo';

CREATE UNIQUE INDEX customer_source_external_id_key ON frontline.customer (source, external_id) WHERE external_id IS NOT NULL;
-- These two answer both the list and, without a visit to the table, the search: see frontline.search_owner_id.
CREATE INDEX customer_owner_page_idx ON frontline.customer (owner_id, sort_name, customer_id) INCLUDE (search_text, phone_digits)
  WHERE deleted_at IS NULL AND owner_id IS NOT NULL;
CREATE INDEX customer_team_page_idx  ON frontline.customer (team_id, sort_name, customer_id) INCLUDE (search_text, phone_digits)
  WHERE deleted_at IS NULL AND team_id IS NOT NULL;
CREATE INDEX customer_merged_idx ON frontline.customer (merged_into_id) WHERE merged_into_id IS NOT NULL;
-- fastupdate is off because every search would first read the whole list of pending entries.  "+ 0" keeps the page indexes out
-- of a trigram search: before the first ANALYZE they look as cheap, and read everything the owner has.
DO $$
DECLARE at text := (SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                     WHERE e.extname = 'pg_trgm');
BEGIN
  EXECUTE format('CREATE INDEX customer_search_idx ON frontline.customer USING gin
    ((owner_id + 0), (team_id + 0), search_text %1$I.gin_trgm_ops, phone_digits %1$I.gin_trgm_ops) WITH (fastupdate = off) WHERE deleted_at IS NULL', at);
END $$;

CREATE TABLE frontline.channel (
  channel_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES frontline.customer ON DELETE CASCADE,
  type        text NOT NULL CHECK (type IN ('sms', 'whatsapp', 'chat')),
  value       text NOT NULL,
  shared      boolean NOT NULL DEFAULT false,
  position    integer NOT NULL DEFAULT 0,
  invalid_at  timestamptz,
  created_at  timestamptz NOT NULL DEFAULT now(),
  match_key   text NOT NULL GENERATED ALWAYS AS (frontline.match_key(value)) STORED,
  digits_rev  text COLLATE "C" NOT NULL GENERATED ALWAYS AS (reverse(regexp_replace(value, '[^0-9]', '', 'g'))) STORED,
  CONSTRAINT channel_value_form CHECK (CASE type
     WHEN 'sms'      THEN value ~ '^\+[1-9][0-9]{1,14}$'
     WHEN 'whatsapp' THEN value ~ '^whatsapp:\+[1-9][0-9]{1,14}$'
     ELSE length(value) BETWEEN 1 AND 256 AND value !~ '^US[0-9a-f]{32}$' AND value !~ '[\u0001-\u001f\u007f-\u009f]'
          AND value NOT IN ('system', 'private', 'unique') END),
  CONSTRAINT channel_customer_id_type_value_key UNIQUE (customer_id, type, value)
);
CREATE UNIQUE INDEX channel_one_customer_key ON frontline.channel (type, match_key) WHERE NOT shared;
CREATE INDEX channel_match_idx  ON frontline.channel (match_key);
CREATE INDEX channel_suffix_idx ON frontline.channel (digits_rev);
COMMENT ON CONSTRAINT channel_value_form ON frontline.channel IS 'an address must be +digits, whatsapp:+digits, or a chat identity';
COMMENT ON TABLE  frontline.channel             IS 'An address of a customer; an address belongs to one customer unless it is shared';
COMMENT ON COLUMN frontline.channel.channel_id  IS 'Key, given by the database';
COMMENT ON COLUMN frontline.channel.customer_id IS 'Whose address';
COMMENT ON COLUMN frontline.channel.type        IS 'sms, whatsapp or chat; an e-mail address is a link, not a channel';
COMMENT ON COLUMN frontline.channel.value       IS 'Exactly as Twilio wants it: +4790000012, whatsapp:+4790000012, or a chat identity';
COMMENT ON COLUMN frontline.channel.shared      IS 'True when several customers have this address: a household, a switchboard';
COMMENT ON COLUMN frontline.channel.position    IS 'Order on the details screen, smallest first';
COMMENT ON COLUMN frontline.channel.invalid_at  IS 'Set when Twilio says that the address cannot be reached (21211, 30005, 30006, 63003); it is then no longer offered';
COMMENT ON COLUMN frontline.channel.created_at  IS 'When the row was made';
COMMENT ON COLUMN frontline.channel.match_key   IS 'Key under which spellings of one handset meet; from value';
COMMENT ON COLUMN frontline.channel.digits_rev  IS 'Digits backwards, so that an index finds a number by its end; from value';

CREATE TABLE frontline.link (
  customer_id  bigint NOT NULL REFERENCES frontline.customer ON DELETE CASCADE,
  position     integer NOT NULL DEFAULT 0,
  type         text NOT NULL CHECK (frontline.is_plain(type, 256)),
  value        text NOT NULL CHECK (length(value) <= 2048 AND value ~ '^(https://|mailto:)[^\u0001-\u0020\u007f-\u00a0]+$'),
  display_name text NOT NULL CHECK (frontline.is_plain(display_name, 1024)),
  PRIMARY KEY (customer_id, position)
);
COMMENT ON TABLE  frontline.link              IS 'Links on a customer''s details screen';
COMMENT ON COLUMN frontline.link.customer_id  IS 'Whose link';
COMMENT ON COLUMN frontline.link.position     IS 'Order on the screen, smallest first';
COMMENT ON COLUMN frontline.link.type         IS 'Kind shown by the app, e.g. CRM, Email';
COMMENT ON COLUMN frontline.link.value        IS 'https://... or mailto:...; the app ignores anything else';
COMMENT ON COLUMN frontline.link.display_name IS 'Text of the link, e.g. Open in CRM';

-- ------------------------------------------------------------------------------- consent: of an address, append-only
CREATE TABLE frontline.consent_event (
  consent_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel_type text NOT NULL CHECK (channel_type IN ('sms', 'whatsapp', 'chat')),
  match_key    text NOT NULL,
  state        text NOT NULL CHECK (state IN ('opted_in', 'opted_out')),
  source       text NOT NULL CHECK (source IN ('keyword', 'twilio_error', 'web_form', 'import', 'worker', 'dba')),
  evidence     text,
  occurred_at  timestamptz NOT NULL DEFAULT now(),
  recorded_at  timestamptz NOT NULL DEFAULT now(),
  recorded_by  text NOT NULL DEFAULT session_user,
  CONSTRAINT consent_event_match_key_form CHECK (length(match_key) <= 256 AND (channel_type = 'chat' OR match_key ~ '^\+[1-9][0-9]{1,14}$'))
);
CREATE INDEX consent_latest_idx ON frontline.consent_event (match_key, channel_type, occurred_at DESC, consent_event_id DESC);
COMMENT ON TABLE  frontline.consent_event                  IS 'What an address allowed or forbade, and when; rows are added, never changed. The latest by occurred_at counts';
COMMENT ON COLUMN frontline.consent_event.consent_event_id IS 'Key, given by the database';
COMMENT ON COLUMN frontline.consent_event.channel_type     IS 'sms, whatsapp or chat: consent of one says nothing about the other';
COMMENT ON COLUMN frontline.consent_event.match_key        IS 'The address; any spelling may be inserted, e.g. whatsapp:+4790000012, a trigger stores its key';
COMMENT ON COLUMN frontline.consent_event.state            IS 'opted_in or opted_out';
COMMENT ON COLUMN frontline.consent_event.source           IS 'How we know: keyword (STOP, START), twilio_error (21610), web_form, import, worker, dba';
COMMENT ON COLUMN frontline.consent_event.evidence         IS 'What an auditor would ask for: message SID, form address, file and line';
COMMENT ON COLUMN frontline.consent_event.occurred_at      IS 'When the person decided';
COMMENT ON COLUMN frontline.consent_event.recorded_at      IS 'When we wrote it down';
COMMENT ON COLUMN frontline.consent_event.recorded_by      IS 'Database user who wrote it';

CREATE VIEW frontline.consent AS
  SELECT DISTINCT ON (match_key, channel_type) match_key, channel_type, state, source, occurred_at
    FROM frontline.consent_event
   ORDER BY match_key, channel_type, occurred_at DESC, consent_event_id DESC;
COMMENT ON VIEW   frontline.consent              IS 'Where each address stands now';
COMMENT ON COLUMN frontline.consent.match_key    IS 'The address';
COMMENT ON COLUMN frontline.consent.channel_type IS 'sms, whatsapp or chat';
COMMENT ON COLUMN frontline.consent.state        IS 'opted_in or opted_out';
COMMENT ON COLUMN frontline.consent.source       IS 'How we know';
COMMENT ON COLUMN frontline.consent.occurred_at  IS 'Since when';

-- After erasure an opt-out must still hold, but the address must not be readable: a keyed digest serves both.
CREATE TABLE frontline.suppression_key (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  key       bytea NOT NULL CHECK (octet_length(key) = 32)
);
COMMENT ON TABLE  frontline.suppression_key           IS 'The one key of the digests in suppressed_address; made at migration, read by the owner only';
COMMENT ON COLUMN frontline.suppression_key.singleton IS 'Always true: there is one row';
COMMENT ON COLUMN frontline.suppression_key.key       IS '32 random bytes. Without them the opt-outs of erased customers are lost: keep them in the backup';

CREATE TABLE frontline.suppressed_address (
  digest        bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  suppressed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  frontline.suppressed_address               IS 'Opted-out addresses of erased customers, as keyed digests';
COMMENT ON COLUMN frontline.suppressed_address.digest        IS 'HMAC-SHA-256 of channel type and match key';
COMMENT ON COLUMN frontline.suppressed_address.suppressed_at IS 'When the customer was erased; an opt-in that occurred later lifts it';

DO $$
DECLARE at text := (SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                     WHERE e.extname = 'pgcrypto');
BEGIN
  EXECUTE format('INSERT INTO frontline.suppression_key (key) VALUES (%I.gen_random_bytes(32))', at);
  EXECUTE format($f$
    CREATE FUNCTION frontline.address_digest(p_type text, p_match_key text) RETURNS bytea
    LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
    BEGIN
      RETURN (SELECT %I.hmac(convert_to(p_type || ':' || p_match_key, 'UTF8'), k.key, 'sha256') FROM frontline.suppression_key k);
    END $body$ $f$, at);
END $$;
COMMENT ON FUNCTION frontline.address_digest(text, text) IS 'Keyed digest of an address, for suppressed_address';

-- -------------------------------------------------------------------------------------- proxy addresses: our numbers
CREATE TABLE frontline.proxy_address (
  proxy_address_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  address    text NOT NULL UNIQUE CHECK (address ~ '^(whatsapp:)?\+[1-9][0-9]{1,14}$'),
  type       text NOT NULL GENERATED ALWAYS AS (CASE WHEN address LIKE 'whatsapp:%' THEN 'whatsapp' ELSE 'sms' END) STORED,
  worker_id  bigint REFERENCES frontline.worker,
  team_id    bigint REFERENCES frontline.team,
  active     boolean NOT NULL DEFAULT true,
  position   integer NOT NULL DEFAULT 0,
  CONSTRAINT proxy_address_one_holder CHECK (num_nonnulls(worker_id, team_id) <= 1)
);
COMMENT ON TABLE  frontline.proxy_address                  IS 'Our Twilio numbers and WhatsApp senders, from which workers write';
COMMENT ON COLUMN frontline.proxy_address.proxy_address_id IS 'Key, given by the database';
COMMENT ON COLUMN frontline.proxy_address.address          IS 'E.164, for WhatsApp with its prefix: +15005550006, whatsapp:+15005550006';
COMMENT ON COLUMN frontline.proxy_address.type             IS 'sms or whatsapp; from address';
COMMENT ON COLUMN frontline.proxy_address.worker_id        IS 'Set when only this worker writes from it';
COMMENT ON COLUMN frontline.proxy_address.team_id          IS 'Set when only this team writes from it; with neither, everybody may';
COMMENT ON COLUMN frontline.proxy_address.active           IS 'False takes it out of use';
COMMENT ON COLUMN frontline.proxy_address.position         IS 'Last of the reasons for preferring one number, smallest first';

-- ----------------------------------------------------------------------------------------------------- conversations
CREATE TABLE frontline.conversation (
  conversation_sid text PRIMARY KEY CHECK (conversation_sid ~ '^CH[0-9a-f]{32}$'),
  service_sid      text CHECK (service_sid ~ '^IS[0-9a-f]{32}$'),
  customer_id      bigint REFERENCES frontline.customer ON DELETE SET NULL,
  worker_id        bigint REFERENCES frontline.worker,
  customer_address text CHECK (length(customer_address) <= 256),
  proxy_address    text CHECK (length(proxy_address) <= 256),
  state            text NOT NULL DEFAULT 'active' CHECK (state IN ('initializing', 'active', 'inactive', 'closed')),
  initiated_by     text NOT NULL CHECK (initiated_by IN ('customer', 'worker', 'system')),
  created_at       timestamptz NOT NULL DEFAULT now(),
  routed_at        timestamptz,
  first_reply_at   timestamptz,
  last_inbound_at  timestamptz,
  last_message_at  timestamptz,
  closed_at        timestamptz
);
-- Twilio's own rule (48031, 50416): one open conversation to an address pair
CREATE UNIQUE INDEX conversation_open_pair_key ON frontline.conversation (customer_address, proxy_address) WHERE state <> 'closed';
CREATE INDEX conversation_pair_idx ON frontline.conversation (customer_address, proxy_address, last_message_at);
CREATE INDEX conversation_customer_idx ON frontline.conversation (customer_id, last_message_at DESC);
CREATE INDEX conversation_open_worker_idx ON frontline.conversation (worker_id) WHERE state <> 'closed';
CREATE INDEX conversation_unrouted_idx ON frontline.conversation (created_at) WHERE worker_id IS NULL AND state <> 'closed';
COMMENT ON TABLE  frontline.conversation                  IS 'What we know of each Twilio conversation; kept by the Conversations webhooks, repaired by a DBA';
COMMENT ON COLUMN frontline.conversation.conversation_sid IS 'Twilio''s SID, CH and 32 hex digits';
COMMENT ON COLUMN frontline.conversation.service_sid      IS 'Twilio''s Conversations service, IS and 32 hex digits';
COMMENT ON COLUMN frontline.conversation.customer_id      IS 'The customer, when known';
COMMENT ON COLUMN frontline.conversation.worker_id        IS 'The worker now in charge; NULL is not routed yet. While it is open, this worker may see the customer';
COMMENT ON COLUMN frontline.conversation.customer_address IS 'The customer''s address with prefix, e.g. whatsapp:+4790000012; NULL after erasure';
COMMENT ON COLUMN frontline.conversation.proxy_address    IS 'Our address with prefix';
COMMENT ON COLUMN frontline.conversation.state            IS 'Twilio''s state; all but closed count as open';
COMMENT ON COLUMN frontline.conversation.initiated_by     IS 'customer, worker, or system';
COMMENT ON COLUMN frontline.conversation.created_at       IS 'When it began';
COMMENT ON COLUMN frontline.conversation.routed_at        IS 'When it first got a worker';
COMMENT ON COLUMN frontline.conversation.first_reply_at   IS 'When a worker first wrote';
COMMENT ON COLUMN frontline.conversation.last_inbound_at  IS 'When the customer last wrote; 24 hours later the WhatsApp session closes';
COMMENT ON COLUMN frontline.conversation.last_message_at  IS 'When anybody last wrote';
COMMENT ON COLUMN frontline.conversation.closed_at        IS 'When it was closed; closed is final';

CREATE TABLE frontline.message (
  message_sid      text NOT NULL CHECK (message_sid ~ '^(IM|SM|MM)[0-9a-f]{32}$'),
  conversation_sid text NOT NULL CHECK (conversation_sid ~ '^CH[0-9a-f]{32}$'),
  message_index    integer,
  direction        text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
  author           text,
  body             text,
  media            jsonb,
  template_id      bigint,
  delivery_status  text,
  error_code       integer,
  created_at       timestamptz NOT NULL,
  PRIMARY KEY (message_sid, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE frontline.message_default PARTITION OF frontline.message DEFAULT;
CREATE INDEX message_conversation_idx ON frontline.message (conversation_sid, created_at);
COMMENT ON TABLE  frontline.message                  IS 'The conversation log, one partition a month: retention drops partitions';
COMMENT ON COLUMN frontline.message.message_sid      IS 'Twilio''s SID: IM, SM or MM and 32 hex digits';
COMMENT ON COLUMN frontline.message.conversation_sid IS 'The conversation; not a foreign key, since a message may be heard of first';
COMMENT ON COLUMN frontline.message.message_index    IS 'Twilio''s number of the message in its conversation, from 0';
COMMENT ON COLUMN frontline.message.direction        IS 'inbound from the customer, or outbound';
COMMENT ON COLUMN frontline.message.author           IS 'Address or worker identity as Twilio gave it; NULL after erasure';
COMMENT ON COLUMN frontline.message.body             IS 'Text; NULL after erasure';
COMMENT ON COLUMN frontline.message.media            IS 'Attachments as Twilio lists them; NULL after erasure';
COMMENT ON COLUMN frontline.message.template_id      IS 'Template it was written from, when known';
COMMENT ON COLUMN frontline.message.delivery_status  IS 'Twilio''s word: sent, delivered, read, failed, undelivered';
COMMENT ON COLUMN frontline.message.error_code       IS 'Twilio''s error code of a failure, e.g. 30006';
COMMENT ON COLUMN frontline.message.created_at       IS 'When it was written, by Twilio''s clock; chooses the partition';

-- --------------------------------------------------------------------------------------------------------- templates
CREATE TABLE frontline.template_category (
  template_category_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  display_name text NOT NULL CHECK (frontline.is_plain(display_name, 512)),
  position     integer NOT NULL DEFAULT 0,
  team_id      bigint REFERENCES frontline.team
);
CREATE UNIQUE INDEX template_category_name_key ON frontline.template_category (display_name, team_id) NULLS NOT DISTINCT;
COMMENT ON TABLE  frontline.template_category                      IS 'Headings under which the app shows templates';
COMMENT ON COLUMN frontline.template_category.template_category_id IS 'Key, given by the database';
COMMENT ON COLUMN frontline.template_category.display_name         IS 'The heading, e.g. Openers';
COMMENT ON COLUMN frontline.template_category.position             IS 'Order, smallest first';
COMMENT ON COLUMN frontline.template_category.team_id              IS 'Only for members of this team; NULL for everybody';

CREATE TABLE frontline.template (
  template_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  template_category_id bigint NOT NULL REFERENCES frontline.template_category ON DELETE CASCADE,
  content      text NOT NULL CHECK (length(content) BETWEEN 1 AND 1600),
  language     text CHECK (frontline.is_language_tag(language)),
  whatsapp_approved boolean NOT NULL DEFAULT false,
  content_sid  text CHECK (content_sid ~ '^HX[0-9a-fA-F]{32}$'),
  content_variables jsonb,
  position     integer NOT NULL DEFAULT 0,
  active       boolean NOT NULL DEFAULT true,
  CONSTRAINT template_variables_need_sid CHECK (content_variables IS NULL OR content_sid IS NOT NULL),
  CONSTRAINT template_placeholders_known CHECK (frontline.placeholders_known(content, content_variables))
);
CREATE INDEX template_category_idx ON frontline.template (template_category_id, position, template_id);
COMMENT ON TABLE  frontline.template                      IS 'Texts that the app offers for a customer, placeholders filled in';
COMMENT ON COLUMN frontline.template.template_id          IS 'Key, given by the database';
COMMENT ON COLUMN frontline.template.template_category_id IS 'Its heading';
COMMENT ON COLUMN frontline.template.content              IS 'Text, at most 1600 characters. Placeholders: {{first_name}} {{last_name}} {{display_name}} {{company_name}} {{worker}}, or {{first_name|there}} with a default';
COMMENT ON COLUMN frontline.template.language             IS 'BCP 47 tag, e.g. nb: offered to customers of that language and to those without one; NULL is offered to all';
COMMENT ON COLUMN frontline.template.whatsapp_approved    IS 'Approved by WhatsApp: offered outside the 24-hour session too. The text must be the approved one';
COMMENT ON COLUMN frontline.template.content_sid          IS 'Twilio''s Content SID, HX and 32 hex digits; since April 2025 WhatsApp templates are sent by it';
COMMENT ON COLUMN frontline.template.content_variables    IS 'What fills {{1}}, {{2}}, ... of an approved text, e.g. {"1": "{{first_name}}"}';
COMMENT ON COLUMN frontline.template.position             IS 'Order under its heading, smallest first';
COMMENT ON COLUMN frontline.template.active               IS 'False keeps it but does not offer it';

-- ----------------------------------------------------------------------------------------------------------- routing
CREATE TABLE frontline.routing_rule (
  position          integer PRIMARY KEY,
  proxy_address_id  bigint REFERENCES frontline.proxy_address,
  known_customer    boolean,
  open_hours        boolean,
  target            text NOT NULL CHECK (target IN ('owner', 'last_worker', 'worker', 'team', 'nobody')),
  worker_id         bigint REFERENCES frontline.worker,
  team_id           bigint REFERENCES frontline.team,
  strategy          text CHECK (strategy IN ('least_busy', 'round_robin', 'random')),
  require_available boolean NOT NULL DEFAULT true,
  auto_reply        text CHECK (length(auto_reply) BETWEEN 1 AND 1600),
  CONSTRAINT routing_rule_worker CHECK ((target = 'worker') = (worker_id IS NOT NULL)),
  CONSTRAINT routing_rule_team CHECK ((target = 'team') = (team_id IS NOT NULL)),
  CONSTRAINT routing_rule_strategy CHECK ((target = 'team') = (strategy IS NOT NULL))
);
COMMENT ON TABLE  frontline.routing_rule                   IS 'Who gets an incoming conversation: the first rule that matches and finds somebody';
COMMENT ON COLUMN frontline.routing_rule.position          IS 'Order of trying, smallest first';
COMMENT ON COLUMN frontline.routing_rule.proxy_address_id  IS 'Matches conversations on this number; NULL matches any';
COMMENT ON COLUMN frontline.routing_rule.known_customer    IS 'Matches known (true) or unknown (false) senders; NULL both';
COMMENT ON COLUMN frontline.routing_rule.open_hours        IS 'Matches inside (true) or outside (false) the target''s working hours; NULL both';
COMMENT ON COLUMN frontline.routing_rule.target            IS 'owner of the customer, last_worker who spoke with the customer, one worker, a team, or nobody';
COMMENT ON COLUMN frontline.routing_rule.worker_id         IS 'The worker when target is worker';
COMMENT ON COLUMN frontline.routing_rule.team_id           IS 'The team when target is team';
COMMENT ON COLUMN frontline.routing_rule.strategy          IS 'Which member of the team: least_busy, round_robin, random';
COMMENT ON COLUMN frontline.routing_rule.require_available IS 'False also takes workers who are away';
COMMENT ON COLUMN frontline.routing_rule.auto_reply        IS 'Text sent back when this rule decides; NULL for none';

-- ------------------------------------------------------------------------------------------------------------- audit
CREATE TABLE frontline.audit_log (
  audit_id   bigint GENERATED ALWAYS AS IDENTITY,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  db_user    text NOT NULL DEFAULT session_user,
  actor      text,
  table_name text NOT NULL,
  row_key    text NOT NULL,
  action     text NOT NULL CHECK (action IN ('INSERT', 'UPDATE', 'DELETE', 'ERASE', 'MERGE', 'READ')),
  changed    jsonb,
  PRIMARY KEY (audit_id, at)
) PARTITION BY RANGE (at);
CREATE TABLE frontline.audit_log_default PARTITION OF frontline.audit_log DEFAULT;
CREATE INDEX audit_log_row_idx ON frontline.audit_log (table_name, row_key, at);
COMMENT ON TABLE  frontline.audit_log            IS 'Who changed what, psql included; one partition a month. SET frontline.actor names the person behind a shared login';
COMMENT ON COLUMN frontline.audit_log.audit_id   IS 'Key, given by the database';
COMMENT ON COLUMN frontline.audit_log.at         IS 'When; chooses the partition';
COMMENT ON COLUMN frontline.audit_log.db_user    IS 'Database user';
COMMENT ON COLUMN frontline.audit_log.actor      IS 'Setting frontline.actor of the session, when it was set';
COMMENT ON COLUMN frontline.audit_log.table_name IS 'Table, without schema';
COMMENT ON COLUMN frontline.audit_log.row_key    IS 'Key of the row; for channel and link the customer''s';
COMMENT ON COLUMN frontline.audit_log.action     IS 'INSERT, UPDATE, DELETE, ERASE, MERGE, READ';
COMMENT ON COLUMN frontline.audit_log.changed    IS 'Column -> [old, new] for the columns that changed; NULL after erasure';

-- The list reads a customer's entries to go on behind an anchor that was moved or deleted meanwhile: anchor_sort_name().
CREATE FUNCTION frontline.audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  o jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  n jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  d jsonb;
BEGIN
  SELECT jsonb_object_agg(k, jsonb_build_array(o -> k, n -> k)) INTO d
    FROM jsonb_object_keys(coalesce(n, o)) k
   WHERE (o ->> k) IS DISTINCT FROM (n ->> k)
     AND k NOT IN ('sort_name', 'search_text', 'phone_digits', 'match_key', 'digits_rev', 'updated_at');
  IF d IS NOT NULL THEN
    INSERT INTO frontline.audit_log (actor, table_name, row_key, action, changed)
    VALUES (nullif(current_setting('frontline.actor', true), ''), TG_TABLE_NAME, coalesce(n, o) ->> TG_ARGV[0], TG_OP, d);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION frontline.audit() IS 'Trigger: writes the columns that changed into audit_log; its argument is the key column';

CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON frontline.customer      FOR EACH ROW EXECUTE FUNCTION frontline.audit('customer_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON frontline.channel       FOR EACH ROW EXECUTE FUNCTION frontline.audit('customer_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON frontline.link          FOR EACH ROW EXECUTE FUNCTION frontline.audit('customer_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON frontline.worker        FOR EACH ROW EXECUTE FUNCTION frontline.audit('worker_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON frontline.proxy_address FOR EACH ROW EXECUTE FUNCTION frontline.audit('proxy_address_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON frontline.template      FOR EACH ROW EXECUTE FUNCTION frontline.audit('template_id');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON frontline.routing_rule  FOR EACH ROW EXECUTE FUNCTION frontline.audit('position');

-- ---------------------------------------------------------------------------------------------------------- triggers
CREATE FUNCTION frontline.worker_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  IF NEW.is_available IS DISTINCT FROM OLD.is_available THEN NEW.available_changed_at := now(); END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION frontline.worker_touch() IS 'Trigger: keeps updated_at and available_changed_at';
CREATE TRIGGER touch BEFORE UPDATE ON frontline.worker FOR EACH ROW EXECUTE FUNCTION frontline.worker_touch();

-- Always computed anew, never taken from the writer.  The row is locked before the trigger runs, and a volatile function's
-- query sees what was committed before that: two sessions that add an address each do not lose one.
CREATE FUNCTION frontline.customer_touch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.phone_digits := ' ';
    RETURN NEW;
  END IF;
  NEW.updated_at := now();
  SELECT ' ' || coalesce(string_agg(p.digits, ' ' ORDER BY p.position, p.digits) || ' ', '') INTO NEW.phone_digits
    FROM (SELECT reverse(h.digits_rev) AS digits, min(h.position) AS position
            FROM frontline.channel h
           WHERE h.customer_id = OLD.customer_id AND h.type IN ('sms', 'whatsapp')
           GROUP BY 1 ORDER BY 2, 1 LIMIT 20) p;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION frontline.customer_touch() IS 'Trigger: keeps updated_at and phone_digits';
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON frontline.customer FOR EACH ROW EXECUTE FUNCTION frontline.customer_touch();

CREATE FUNCTION frontline.channel_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- keys in order, so that two such statements queue instead of deadlocking
  IF TG_OP = 'INSERT' THEN
    PERFORM FROM frontline.customer WHERE customer_id IN (SELECT customer_id FROM new_rows) ORDER BY customer_id FOR NO KEY UPDATE;
    UPDATE frontline.customer SET updated_at = now() WHERE customer_id IN (SELECT customer_id FROM new_rows);
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM FROM frontline.customer WHERE customer_id IN (SELECT customer_id FROM old_rows) ORDER BY customer_id FOR NO KEY UPDATE;
    UPDATE frontline.customer SET updated_at = now() WHERE customer_id IN (SELECT customer_id FROM old_rows);
  ELSE
    PERFORM FROM frontline.customer
      WHERE customer_id IN (SELECT customer_id FROM old_rows UNION SELECT customer_id FROM new_rows) ORDER BY customer_id FOR NO KEY UPDATE;
    UPDATE frontline.customer SET updated_at = now()
     WHERE customer_id IN (SELECT customer_id FROM old_rows UNION SELECT customer_id FROM new_rows);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION frontline.channel_changed() IS 'Trigger: lets the customers of changed addresses compute phone_digits anew';
CREATE TRIGGER channel_inserted AFTER INSERT ON frontline.channel REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION frontline.channel_changed();
CREATE TRIGGER channel_updated AFTER UPDATE ON frontline.channel REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION frontline.channel_changed();
CREATE TRIGGER channel_deleted AFTER DELETE ON frontline.channel REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION frontline.channel_changed();

CREATE FUNCTION frontline.consent_event_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.channel_type <> 'chat' THEN NEW.match_key := frontline.match_key(NEW.match_key); END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION frontline.consent_event_key() IS 'Trigger: stores an address under its match key, however it was spelt';
CREATE TRIGGER match_key BEFORE INSERT ON frontline.consent_event FOR EACH ROW EXECUTE FUNCTION frontline.consent_event_key();

-- An open conversation must keep its address pair, Twilio does too; once it closes the erased customer's half goes.
CREATE FUNCTION frontline.conversation_forget() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM frontline.customer c WHERE c.customer_id = NEW.customer_id AND c.erased_at IS NOT NULL) THEN
    NEW.customer_address := NULL;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION frontline.conversation_forget() IS 'Trigger: a closed conversation of an erased customer keeps no address';
CREATE TRIGGER forget BEFORE INSERT OR UPDATE ON frontline.conversation FOR EACH ROW WHEN (NEW.state = 'closed' AND NEW.customer_address IS NOT NULL)
  EXECUTE FUNCTION frontline.conversation_forget();

-- -------------------------------------------------------------------------------------------------------- partitions
-- A partition is made apart and then attached: CREATE TABLE .. PARTITION OF would lock out every writer of the parent.
-- Rows that went to the default partition meanwhile move into their month first, else they would forbid it.
CREATE FUNCTION frontline.create_partitions(p_months integer DEFAULT 3) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  parent text; key text; child text; made integer := 0;
  first date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
  low date; low_at text; high_at text; columns text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('frontline-partitions'));
  FOR parent, key IN VALUES ('message', 'created_at'), ('audit_log', 'at') LOOP
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
      FROM pg_attribute a WHERE a.attrelid = format('frontline.%I', parent)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
    FOR i IN 0 .. least(greatest(coalesce(p_months, 3), 0), 60) LOOP
      low     := first + make_interval(months => i);
      child   := parent || to_char(low, '_YYYY_MM');
      low_at  := to_char(low, 'YYYY-MM-DD') || ' 00:00:00+00';
      high_at := to_char(low + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00';
      CONTINUE WHEN to_regclass(format('frontline.%I', child)) IS NOT NULL;
      EXECUTE format('CREATE TABLE frontline.%I (LIKE frontline.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)', child, parent);
      EXECUTE format('LOCK TABLE frontline.%I IN ACCESS EXCLUSIVE MODE', parent || '_default');
      EXECUTE format('WITH moved AS (DELETE FROM frontline.%1$I WHERE %3$I >= %4$L AND %3$I < %5$L RETURNING %6$s) '
                     'INSERT INTO frontline.%2$I (%6$s) SELECT %6$s FROM moved', parent || '_default', child, key, low_at, high_at, columns);
      EXECUTE format('ALTER TABLE frontline.%I ATTACH PARTITION frontline.%I FOR VALUES FROM (%L) TO (%L)', parent, child, low_at, high_at);
      EXECUTE format('COMMENT ON TABLE frontline.%I IS %L', child, format('Rows of %s in %s, UTC', parent, to_char(low, 'YYYY-MM')));
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION frontline.create_partitions(integer) IS
  'Makes the monthly partitions of message and audit_log from this month to so many months ahead; returns how many it made. May be called at any time';
COMMENT ON TABLE frontline.message_default   IS 'Messages of months that have no partition of their own';
COMMENT ON TABLE frontline.audit_log_default IS 'Audit rows of months that have no partition of their own';
DO $$
DECLARE p record;
BEGIN                                                   -- a partition's columns carry its parent's comments
  FOR p IN SELECT c.oid, c.relname, replace(c.relname, '_default', '') AS parent FROM pg_class c
            WHERE c.relnamespace = 'frontline'::regnamespace AND c.relname IN ('message_default', 'audit_log_default') LOOP
    EXECUTE (SELECT string_agg(format('COMMENT ON COLUMN frontline.%I.%I IS %L', p.relname, a.attname,
                                      col_description(format('frontline.%I', p.parent)::regclass, a.attnum)), '; ')
               FROM pg_attribute a WHERE a.attrelid = p.oid AND a.attnum > 0);
  END LOOP;
  PERFORM frontline.create_partitions();
END $$;

INSERT INTO frontline.schema_migration (version, name) VALUES (1, '0001_crm.sql');
SET LOCAL ROLE NONE;
