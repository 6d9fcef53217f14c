#!/usr/bin/perl
# No question of a callback reads a large table from end to end, under the generic plans that frontline_fcgi runs with.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

my $db = Db->new->migrate;
open my $fh, '<:encoding(UTF-8)', Db::top() . '/schema/sample/bulk.sql' or die;
$db->sql("SET frontline.bulk = '20000'; SET frontline.bulk_workers = '2'; " . do { local $/; <$fh> });
my $search_idx = $db->list("SELECT pg_get_indexdef('frontline.customer_search_idx'::regclass)");
$db->sql(<<'SQL');
DROP INDEX frontline.customer_search_idx;
INSERT INTO frontline.team (name) VALUES ('All');
INSERT INTO frontline.worker (identity) VALUES ('member');
INSERT INTO frontline.team_worker SELECT 1, worker_id FROM frontline.worker WHERE identity IN ('member', 'bulk2@example.com');
ALTER TABLE frontline.customer DISABLE TRIGGER ALL;
UPDATE frontline.customer SET team_id = 1 WHERE customer_id % 4 = 0;
ALTER TABLE frontline.customer ENABLE TRIGGER ALL;
INSERT INTO frontline.link SELECT customer_id, 0, 'CRM', 'https://crm.example.net/' || customer_id, 'CRM' FROM frontline.customer;
INSERT INTO frontline.conversation (conversation_sid, customer_id, worker_id, initiated_by, customer_address, proxy_address, state)
  SELECT 'CH' || md5(channel_id::text), customer_id, 1, 'worker', value, '+15005550006', CASE WHEN customer_id % 9 = 0 THEN 'active' ELSE 'closed' END FROM frontline.channel WHERE type = 'sms';
INSERT INTO frontline.consent_event (channel_type, match_key, state, source) SELECT type, match_key, 'opted_in', 'import' FROM frontline.channel WHERE type = 'sms';
INSERT INTO frontline.proxy_address (address) VALUES ('+15005550006'), ('+15005550007'), ('whatsapp:+15005550006');
INSERT INTO frontline.audit_log (table_name, row_key, action, changed)
  SELECT 'customer', 1 + i % 20000, 'UPDATE', '{"first_name": ["a", "b"]}' FROM generate_series(1, 40000) i;
INSERT INTO frontline.audit_log (table_name, row_key, action, changed)
  SELECT 'customer', '99999998', 'UPDATE', '{"first_name": ["a", "b"]}' FROM generate_series(1, 5000) i;
INSERT INTO frontline.link SELECT 4711, i, 'CRM', 'https://crm.example.net/' || i, 'CRM' FROM generate_series(1, 20000) i;
INSERT INTO frontline.channel (customer_id, type, value) SELECT 4713, 'chat', 'guest ' || i FROM generate_series(1, 5000) i;
INSERT INTO frontline.template_category (display_name, position) SELECT 'Category ' || i, i FROM generate_series(1, 40) i;
INSERT INTO frontline.template (template_category_id, position, content, content_sid, content_variables)
  SELECT 1 + i % 40, i, 'text {{1}} ' || i, 'HX' || repeat('0', 32), '{"1": "x"}' FROM generate_series(1, 20000) i;
SQL
$db->sql($search_idx);
$db->sql('VACUUM ANALYZE');
my $number = $db->list("SELECT value FROM frontline.channel WHERE customer_id = 4711 AND type = 'sms'");
my $end = substr $number, -4;

$db->sql("LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET auto_explain.log_level = notice;
	SET auto_explain.log_timing = off; SET auto_explain.log_analyze = on; SET plan_cache_mode = force_generic_plan; SET jit = off");

# Plans of everything that one call runs, the functions inside it included.
sub plans { my ($call) = @_; return $db->sql("SELECT * FROM frontline_api.$call") }

my $list = sub { my ($worker, $query, $masking, $after) = @_;
	return sprintf "get_customers_list('%s', 31, %s, NULL, %s, %s)", $worker, $after // 'NULL, NULL', defined $query ? "'$query'" : 'NULL', $masking ? 'true' : 'false' };
my @calls = ("get_worker('bulk1\@example.com')", "get_customer('bulk1\@example.com', '4711', true)", "get_customer('member', '4712', true)", "get_channels('4711')", "get_links('4711')",
	"get_proxy_address('bulk2\@example.com', '4711', 'sms', '$number', true)", "customer_by_address('$number')", "customer_by_address('whatsapp:$number')",
	"get_customers_list('bulk1\@example.com', 31, NULL, NULL, '4711', NULL, false)", "get_customers_list('bulk1\@example.com', 31, NULL, NULL, '99999999', NULL, false)",
	"get_customers_list('bulk1\@example.com', 31, NULL, NULL, '4710', NULL, false)", "get_templates('bulk1\@example.com', '4711')");
for my $worker ('bulk1@example.com', 'bulk2@example.com', 'member') {
	push @calls, $list->($worker), $list->($worker, undef, 0, "'mary', '77'"), map { my $q = $_; map { $list->($worker, $q, $_) } 0, 1 }
		('a', 'qq', 'ann', 'quackenbush', 'zzyzx', 'victor', $end, $number, substr($number, 1, 5), '06 12 34 56 78');
}
for my $call (@calls) {
	my $plans = plans($call);
	like $plans, qr/Query Text/, "plans of $call" or next;
	# of an empty partition a sequential scan costs nothing
	unlike $plans, qr/Seq Scan on (?:customer|channel|conversation|consent_event|message\w*|audit_log\w*|link)\b[^(]*\(cost=0\.00\.\.(?!0\.00 )/, 'no sequential scan';
}

# what is cut off is not computed first
my $audited = 0;
$audited += $_ for plans("get_customers_list('bulk1\@example.com', 31, NULL, NULL, '99999998', NULL, false)") =~ /Scan[^\n]* on audit_log_\w+ [^\n]*actual rows=(\d+)/g;
is $audited, 100, 'of an anchor that left, a hundred of 5000 audit entries are read';
my ($links) = plans("get_links('4711')") =~ /Scan[^\n]* on link [^\n]*actual rows=(\d+)/;
is $links, 50, 'of 20000 links 50 are read';
my $asked = () = plans("get_channels('4713')") =~ /Query Text: SELECT \* +FROM frontline\.consent_event/g;
is $asked, 50, 'consent is asked for 50 addresses of 5000';
my $filled = () = plans("get_templates('bulk1\@example.com', '4711')") =~ /Query Text: \(SELECT string_agg\(/g;
is $filled, 200, '200 templates of 20000 are filled';

# the list reads as many entries as the page has, first or last
my ($deep) = $db->rows("SELECT sort_name, customer_id FROM frontline.customer WHERE owner_id = 1 ORDER BY 1, 2 OFFSET 9000 LIMIT 1", session => 'plain');
for my $after (undef, "'$deep->[0]', '$deep->[1]'") {
	my ($rows) = plans($list->('bulk1@example.com', undef, 0, $after)) =~ /Index Scan using customer_owner_page_idx[^\n]*actual rows=(\d+)/;
	is $rows, 31, 'a page reads its own rows' . ($after ? ', far down too' : '');
}
# a name that nobody has is not looked for in the whole list
my $plans = plans($list->('bulk1@example.com', 'zzyzx'));
my ($read) = $plans =~ /Subquery Scan on c .*?Rows Removed by Filter: (\d+)/s;
is $read, 500, 'a first look is 500 entries';
like $plans, qr/Bitmap Index Scan on customer_search_idx/, 'then the trigrams answer';
# one letter that nobody has is the worst case, and ends
for my $source ([ owner => 'bulk1@example.com' ], [ team => 'member' ]) {
	my ($of, $worker) = @$source;
	like plans($list->($worker, '^')), qr/Index Only Scan using customer_${of}_page_idx[^\n]*\n[^\n]*Index Cond[^\n]*\n[^\n]*Filter: [^\n]*strpos[^\n]*\n[^\n]*Removed[^\n]*\n[^\n]*Heap Fetches: 0/,
		"one or two letters read the $of index in order, and nothing else";
}
unlike plans($list->('bulk1@example.com', 'a')), qr/OFFSET 499/, 'a page that is full asks no further';

done_testing;
