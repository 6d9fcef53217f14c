#!/usr/bin/perl
# Who may do what.  The whole matrix stands in privileges.golden; a change there is a change of the product.
# UPDATE_GOLDEN=1 writes the file anew.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

my $db = Db->new->migrate;
$db->psql(Db::top() . '/schema/sample/customers.sql', user => 'frontline_dba');

# -- the matrix
my $matrix = join '', map { "$_->[0]\n" } $db->rows(<<'SQL');
WITH r AS (SELECT oid, rolname FROM pg_roles WHERE rolname LIKE 'frontline%' AND rolname <> 'frontline_owner'
           UNION ALL SELECT 0, 'public')
SELECT format('%-18s role     %s', rolname, concat_ws(' ', CASE WHEN rolcanlogin THEN 'login' ELSE 'nologin' END, CASE WHEN rolsuper THEN 'SUPERUSER' END,
         CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
         CASE WHEN rolreplication THEN 'REPLICATION' END, (SELECT 'member of ' || string_agg(roleid::regrole::text, ' ') FROM pg_auth_members m WHERE m.member = p.oid)))
  FROM pg_roles p WHERE rolname LIKE 'frontline%'
UNION ALL
SELECT format('%-18s database %s', r.rolname, string_agg(p, ',' ORDER BY p))
  FROM r, unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) p WHERE has_database_privilege(r.rolname, current_database(), p) GROUP BY r.rolname
UNION ALL
SELECT format('%-18s schema   %-50s %s', r.rolname, nspname, string_agg(p, ',' ORDER BY p))
  FROM r, pg_namespace n, unnest(ARRAY['USAGE', 'CREATE']) p
 WHERE nspname !~ '^pg_|^information_schema' AND has_schema_privilege(r.rolname, n.oid, p) GROUP BY r.rolname, nspname
UNION ALL
SELECT format('%-18s %-8s %-50s %s', r.rolname, CASE relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END, c.oid::regclass, string_agg(p, ',' ORDER BY p))
  FROM r, pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
 WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'frontline%') AND relkind IN ('r', 'p', 'v', 'm', 'f')
   AND (has_table_privilege(r.rolname, c.oid, p) OR (p IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege(r.rolname, c.oid, p)))
 GROUP BY r.rolname, relkind, c.oid
UNION ALL
SELECT format('%-18s sequence %-50s %s', r.rolname, c.oid::regclass, string_agg(p, ',' ORDER BY p))
  FROM r, pg_class c, unnest(ARRAY['SELECT', 'USAGE', 'UPDATE']) p
 WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'frontline%') AND relkind = 'S' AND has_sequence_privilege(r.rolname, c.oid, p)
 GROUP BY r.rolname, c.oid
UNION ALL
SELECT format('%-18s function %-50s EXECUTE', r.rolname, p.oid::regprocedure)
  FROM r, pg_proc p
 WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'frontline%') AND has_function_privilege(r.rolname, p.oid, 'EXECUTE')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1
SQL
my $file = Db::top() . '/t/schema/privileges.golden';
if ($ENV{UPDATE_GOLDEN}) {
	open my $fh, '>', $file or die "$file: $!";
	print $fh $matrix;
}
open my $fh, '<', $file or die "$file: $!";
my $golden = do { local $/; <$fh> };
my %have = map { $_ => 1 } split /\n/, $matrix;
my %want = map { $_ => 1 } split /\n/, $golden;
is join("\n", grep { !$want{$_} } sort keys %have), '', 'nobody may do more than privileges.golden says';
is join("\n", grep { !$have{$_} } sort keys %want), '', 'nor less';

# -- frontline_fcgi executes the contract, and that is all
my %fcgi = (user => 'frontline_fcgi');
like $db->error("SELECT * FROM frontline.$_", %fcgi), qr/permission denied for schema frontline/, "frontline_fcgi does not read $_" for qw(customer suppression_key audit_log);
like $db->error($_, %fcgi), qr/permission denied|must be superuser/, "frontline_fcgi: no $_" for 'CREATE TABLE frontline_api.x (i int)', 'CREATE TEMP TABLE x (i int)', 'CREATE SCHEMA x',
	'SELECT frontline.erase_customer(1)', 'SELECT frontline.fold($$a$$)', 'SELECT * FROM frontline_report.customer', "COPY (SELECT 1) TO PROGRAM 'true'",
	'CREATE FUNCTION frontline_api.x() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$';
is $db->list("SELECT string_agg(p.oid::regprocedure::text, ' ') FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
	WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND has_schema_privilege('frontline_fcgi', n.oid, 'USAGE')
	  AND has_function_privilege('frontline_fcgi', p.oid, 'EXECUTE') AND nspname <> 'frontline_api'"), 'NULL', 'no function outside the contract is within its reach';
is $db->list("SELECT count(*) FROM frontline_api.get_customers_list('ana\@example.com', 200, NULL, NULL, NULL, NULL, false)", %fcgi), 50, 'the contract is';

# -- functions that act as their owner
is $db->list(<<'SQL'), '', 'every SECURITY DEFINER function pins search_path to pg_catalog, pg_temp';
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
 WHERE nspname LIKE 'frontline%' AND prosecdef AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)
SQL
is $db->list("SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname IN ('frontline_api', 'frontline_import') AND NOT prosecdef"), '',
	'every function of the contract acts as its owner';
# what a caller puts in front has no effect
my $trap = "CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE plpgsql AS \$\$ BEGIN RAISE EXCEPTION 'trapped'; END \$\$; CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE plpgsql AS \$\$ BEGIN RAISE EXCEPTION 'trapped'; END \$\$;
	CREATE TEMP TABLE customer (customer_id bigint, display_name text); SET search_path = pg_temp, frontline, pg_catalog;";
my $target = $db->list("SELECT min(customer_id) FROM frontline.customer");
is $db->error("$trap SELECT frontline.merge_customer($target + 1, $target)", user => 'frontline_dba'), '', 'a definer function does not see the caller\'s functions';
is $db->list("SELECT merged_into_id FROM frontline.customer WHERE customer_id = $target + 1"), $target, 'but the real tables';

# -- a DBA
my %dba = (user => 'frontline_dba', session => 2);
is $db->error("DELETE FROM customer WHERE display_name = 'Carlos Rivera'", %dba), '', 'a DBA may delete a customer';
is $db->error("UPDATE conversation SET state = 'closed'; INSERT INTO conversation (conversation_sid, initiated_by) VALUES ('CH' || md5('new'), 'system')", %dba), '', 'and repair conversations';
like $db->error("SELECT * FROM suppression_key", %dba), qr/permission denied/, 'but not read the key of the digests';
like $db->error("CREATE TABLE frontline.x (i int)", %dba), qr/permission denied/, 'nor change the schema';

# -- reports
my %report = (user => 'frontline_report');
is $db->list("SELECT string_agg(DISTINCT value, ' ') FROM channel WHERE value ~ '[0-9]{5}'", %report), 'NULL', 'reports see no whole number';
is $db->list("SELECT value FROM channel JOIN customer USING (customer_id) WHERE display_name = 'Oliver Brown' AND type = 'sms'", %report), '+61*******56', 'but enough of it';
$db->sql("INSERT INTO frontline.customer (display_name) VALUES ('+47 900 00 012')");
is $db->list("SELECT count(*) FROM customer WHERE display_name LIKE '%900%'", %report), 0, 'a name that is a number is masked too';
is $db->list("SELECT count(*) FROM pg_attribute WHERE attrelid = 'frontline_report.message'::regclass AND attname IN ('body', 'media', 'author')"), 0, 'nor what was said';
$db->list("SELECT count(*) FROM $_", %report) for qw(customer channel consent conversation message counts);
is $db->list("SELECT value FROM counts WHERE name = 'workers_active'", user => 'frontline_monitor'), 4, 'monitoring reads its counts';
like $db->error("SELECT * FROM customer", user => 'frontline_monitor'), qr/permission denied/, 'and nothing else';

# -- what psql shows a DBA
is $db->list(<<'SQL'), '', 'every table, view, column and function has a comment';
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE nspname LIKE 'frontline%' AND relkind IN ('r', 'p', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT c.oid::regclass || '.' || attname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE nspname LIKE 'frontline%' AND relkind IN ('r', 'p', 'v') AND attnum > 0 AND NOT attisdropped AND col_description(c.oid, attnum) IS NULL
UNION ALL
SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
 WHERE nspname LIKE 'frontline%' AND obj_description(p.oid, 'pg_proc') IS NULL
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT nspname FROM pg_namespace n WHERE nspname LIKE 'frontline%' AND obj_description(oid, 'pg_namespace') IS NULL
SQL

done_testing;
