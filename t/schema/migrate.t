#!/usr/bin/perl
# The migration files: by psql and by a program, as superuser and as a plain owner, once and only once.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(sha256_hex);
use Files qw(slurp);
use Test::More;
use Db;

my $db = Db->new;
my @files = Db::migrations();
ok @files >= 3, 'there are migration files';

# -- what a database has had does not change: frontlinectl would refuse it; a line is added for each new file
my %digest = map { reverse split } split /\n/, slurp(Db::top() . '/t/data/migrations.sha256');
for my $file (@files) {
	my ($name) = $file =~ m{([^/]+)$};
	is sha256_hex(slurp($file)), $digest{$name}, "$name is as it was";
}

for my $file (@files) {
	my ($name) = $file =~ m{([^/]+)$};
	open my $fh, '<:encoding(UTF-8)', $file or die "$file: $!";
	my $text = do { local $/; <$fh> };
	unlike $text, qr/^\\/m, "$name has no psql commands";
	unlike $text, qr/^\s*(BEGIN|COMMIT|ROLLBACK|START TRANSACTION)\s*;/mi, "$name does not end its transaction";
	unlike $text, qr/^[^-\n]*\bCONCURRENTLY\b/mi, "$name can run in a transaction";
	my ($version) = $name =~ /^(\d+)_[a-z_]+\.sql$/ or fail "$name is named NNNN_words.sql";
	like $text, qr/INSERT INTO frontline\.schema_migration \(version, name\) VALUES \(@{[$version + 0]}, '\Q$name\E'\)/, "$name records itself";
}

$db->migrate;
is $db->list('SELECT version FROM frontline.schema_migration ORDER BY 1'), join(' ', 1 .. @files), 'psql -1 applies every file';
is $db->list('SELECT count(sha256) FROM frontline.schema_migration'), '0', 'and leaves the digest to frontlinectl';
is $db->list('SELECT frontline_api.schema_version()'), scalar @files, 'schema_version answers the last';

# -- once and only once
for my $file (@files) {
	my ($status, $out) = $db->psql($file);
	isnt $status, 0, "$file is refused the second time";
	like $out, qr/already exists|duplicate key/, 'because it was applied';
}
is $db->list('SELECT count(*) FROM frontline.country'), $db->list('SELECT count(DISTINCT country) FROM frontline.country'), 'nothing was added twice';

# -- as one string of a program, in a second database whose cluster has the roles already
sub apply_as_string {
	my ($name, $user) = @_;
	for my $file (@files) {
		open my $fh, '<', $file or die "$file: $!";
		my $text = do { local $/; <$fh> };
		$db->run("$db->{bin}/psql", '-XAtq', '-h', $db->{dir}, '-U', $user, '-d', $name, '-v', 'ON_ERROR_STOP=1', '-c', "BEGIN; $text; COMMIT");
	}
}
$db->create('second');
ok eval { apply_as_string('second', 'postgres'); 1 }, 'one query string in BEGIN..COMMIT does it, and the roles may exist' or diag $@;

# -- by somebody who is no superuser
$db->sql('CREATE ROLE plain LOGIN CREATEROLE', db => 'postgres');
$db->create('third', 'plain');
ok eval { apply_as_string('third', 'plain'); 1 }, 'the owner of the database needs CREATEROLE, not more' or diag $@;

for my $name (qw(frontline third)) {
	is $db->list(<<'SQL', db => $name), '', "in $name everything belongs to frontline_owner";
SELECT format('%s %s', classid::regclass, objid) FROM (
  SELECT 'pg_namespace'::regclass AS classid, oid AS objid, nspowner AS owner FROM pg_namespace WHERE nspname LIKE 'frontline%'
  UNION ALL SELECT 'pg_class'::regclass, c.oid, relowner FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname LIKE 'frontline%'
  UNION ALL SELECT 'pg_proc'::regclass, p.oid, proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname LIKE 'frontline%') o
 WHERE owner <> 'frontline_owner'::regrole
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'e')
SQL
	is $db->list("SELECT coalesce(string_agg(format('%s %s', p.proname, a.privilege_type), ', '), 'none') FROM pg_namespace n, pg_proc p, aclexplode(p.proacl) a
		WHERE n.oid = p.pronamespace AND n.nspname LIKE 'frontline%' AND a.grantee = 0 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
		db => $name), 'none', "in $name no function is for everybody";
	is $db->list("SELECT has_schema_privilege('frontline_fcgi', 'public', 'USAGE') OR has_database_privilege('frontline_fcgi', current_database(), 'TEMPORARY')", db => $name),
		'f', "in $name PUBLIC may neither use schema public nor make temporary tables";
	is $db->list("SELECT bool_or(proacl IS NULL) FROM pg_proc WHERE proowner = 'frontline_owner'::regrole", db => $name), 'f', "in $name every function names its users";
}

# -- time limits of the logins, as they are when they connect
my %want = (
	frontline_fcgi => { statement_timeout => '700ms', lock_timeout => '500ms', idle_in_transaction_session_timeout => '5s',
		search_path => 'pg_catalog', plan_cache_mode => 'force_generic_plan', jit => 'off' },
	frontline_dba => { statement_timeout => 0, search_path => 'frontline, pg_catalog', lock_timeout => '10s' },
	frontline_monitor => { default_transaction_read_only => 'on', statement_timeout => '5s' },
	frontline_report => { default_transaction_read_only => 'on' },
);
for my $role (sort keys %want) {
	for my $key (sort keys %{ $want{$role} }) {
		is $db->list("SHOW $key", user => $role, db => 'third'), $want{$role}{$key}, "$role: $key";
	}
}
is $db->list('SHOW statement_timeout', user => 'frontline_fcgi', db => 'postgres'), '0', 'other databases of the cluster keep their settings';

# -- a database that serves somebody else already
$db->create('shared');
$db->sql('CREATE TABLE public.res_partner (id int); CREATE EXTENSION pg_trgm; CREATE SCHEMA tools; CREATE EXTENSION unaccent SCHEMA tools', db => 'shared');
ok eval { apply_as_string('shared', 'postgres'); 1 }, 'extensions may be elsewhere already' or diag $@;
is $db->list("SELECT frontline.fold('ŁÓDŹ')", db => 'shared', user => 'frontline_dba'), 'lodz', 'and are used there';
is $db->list("SELECT has_schema_privilege('frontline_fcgi', 'public', 'USAGE')", db => 'shared'), 't', 'its public schema is left to it';
$db->sql("INSERT INTO frontline.customer (display_name) VALUES ('Zoë')", db => 'shared', user => 'frontline_dba');

# -- wrong encoding; another locale
$db->sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'", db => 'postgres');
my ($status, $out) = $db->psql($files[0], db => 'latin');
like $out, qr/the database must be created with ENCODING UTF8, not LATIN1/, 'a database that is not UTF8 is refused, and why';
$db->sql("CREATE DATABASE c_locale TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", db => 'postgres');
$db->migrate(db => 'c_locale');
my $folds = "SELECT frontline.fold(x) FROM unnest(ARRAY['Łódź', 'İSTANBUL', 'Straße', 'ΟΔΥΣΣΕΥΣ', 'ΟΔΥΣ', E'Zoe\\u0308', E' a\\u00a0\\t b\\u3000', 'ЁЛКА', '田中', 'Ａｎａ', 'が']) x";
is $db->list($folds), 'lodz istanbul strasse οδυσσευσ οδυσ zoe a b елка 田中 ana が', 'fold: case, accents, composed and not, white space';
is $db->list($folds, db => 'c_locale'), $db->list($folds), 'and it does not depend on the locale of the database';

# -- sample data and backup
my $sample = Db::top() . '/schema/sample/customers.sql';
my $state = q{SELECT md5(string_agg(t, '' ORDER BY t)) FROM (SELECT c::text AS t FROM frontline.customer c UNION ALL SELECT h::text FROM frontline.channel h
	UNION ALL SELECT l::text FROM frontline.link l UNION ALL SELECT v::text FROM frontline.conversation v UNION ALL SELECT p::text FROM frontline.template p
	UNION ALL SELECT e::text FROM frontline.consent_event e UNION ALL SELECT a::text FROM frontline.audit_log a UNION ALL SELECT r::text FROM frontline.routing_rule r) x};
($status, $out) = $db->psql($sample, user => 'frontline_dba');
is $status, 0, 'a DBA loads the sample data' or diag $out;
cmp_ok $db->list("SELECT count(*) FROM frontline.customer JOIN frontline.worker ON owner_id = worker_id WHERE identity = 'ana\@example.com'"), '>=', 40, 'the main worker has more than a page of customers';
my $once = $db->list($state);
($status, $out) = $db->psql($sample, user => 'frontline_dba');
is $db->list($state), $once, 'loading it twice changes nothing';
$db->create('restored');
$db->run('sh', '-c', "'$db->{bin}/pg_dump' -h '$db->{dir}' -U postgres frontline > '$db->{dir}/dump.sql'");
$db->run("$db->{bin}/psql", '-Xq', '-h', $db->{dir}, '-U', 'postgres', '-d', 'restored', '-v', 'ON_ERROR_STOP=1', '-f', "$db->{dir}/dump.sql");
is $db->list($state, db => 'restored'), $once, 'a dump of the database restores to the same';

done_testing;
