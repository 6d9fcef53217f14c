#!/usr/bin/perl
# The tables refuse what the rest of the product relies on never meeting.  One row here is one statement: the constraint
# that must refuse it, or '' when it must be taken.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
my $db = Db->new->migrate;
my %as = (user => 'frontline_dba');      # everything a DBA does here, a DBA may do

$db->sql(<<'SQL', %as);
INSERT INTO team (name) VALUES ('North'), ('South');
INSERT INTO worker (identity) VALUES ('ana'), ('ben');
INSERT INTO team_worker VALUES (1, 1);
INSERT INTO customer (display_name) VALUES ('One'), ('Two');
INSERT INTO channel (customer_id, type, value) VALUES (1, 'sms', '+5511987654321');
INSERT INTO channel (customer_id, type, value, shared) VALUES (1, 'sms', '+4790000001', true);
INSERT INTO link (customer_id, position, type, value, display_name) VALUES (1, 0, 'CRM', 'https://crm.example.net/1', 'CRM');
INSERT INTO proxy_address (address) VALUES ('+15005550006');
INSERT INTO template_category (display_name) VALUES ('Openers');
INSERT INTO conversation (conversation_sid, customer_address, proxy_address, initiated_by)
  VALUES ('CH00000000000000000000000000000001', '+4790000001', '+15005550006', 'customer');
SQL

my $long = 'x' x 2049;
my @rows = (
	# workers and teams
	[ worker_identity_key => "INSERT INTO worker (identity) VALUES ('ana')" ],
	[ '' => "INSERT INTO worker (identity) VALUES ('Ana')" ],
	[ worker_identity_check => "INSERT INTO worker (identity) VALUES ('')" ],
	[ worker_identity_check => "INSERT INTO worker (identity) VALUES (repeat('x', 257))" ],
	[ worker_identity_check => "INSERT INTO worker (identity) VALUES (E'a\\nb')" ],
	[ worker_sid_check => "INSERT INTO worker (identity, sid) VALUES ('w', 'US12')" ],
	[ '' => "INSERT INTO worker (identity, sid) VALUES ('w', 'US0123456789abcdef0123456789ABCDEF')" ],
	[ worker_avatar_check => "INSERT INTO worker (identity, avatar) VALUES ('w', 'http://x.example/a')" ],
	[ worker_state_check => "INSERT INTO worker (identity, state) VALUES ('w', 'gone')" ],
	[ worker_capacity_check => "INSERT INTO worker (identity, capacity) VALUES ('w', 0)" ],
	[ worker_time_zone_check => "INSERT INTO worker (identity, time_zone) VALUES ('w', 'Europe/Nowhere')" ],
	[ worker_time_zone_check => "INSERT INTO worker (identity, time_zone) VALUES ('w', 'Foo/Bar5')" ],
	[ worker_time_zone_check => "INSERT INTO worker (identity, time_zone) VALUES ('w', '')" ],
	[ '' => "INSERT INTO worker (identity, time_zone) VALUES ('w', 'America/Argentina/Buenos_Aires')" ],
	[ '' => "INSERT INTO worker (identity, time_zone) VALUES ('w', 'Etc/GMT+5')" ],
	[ team_name_check => "INSERT INTO team (name) VALUES (' ')" ],
	[ team_name_key => "INSERT INTO team (name) VALUES ('North')" ],
	[ team_time_zone_check => "INSERT INTO team (name, time_zone) VALUES ('East', 'CET5')" ],
	[ team_worker_pkey => "INSERT INTO team_worker VALUES (1, 1)" ],
	[ working_hours_one_subject => "INSERT INTO working_hours (weekday, opens, closes) VALUES (1, '08:00', '16:00')" ],
	[ working_hours_one_subject => "INSERT INTO working_hours (team_id, worker_id, weekday, opens, closes) VALUES (1, 1, 1, '08:00', '16:00')" ],
	[ working_hours_weekday_check => "INSERT INTO working_hours (team_id, weekday, opens, closes) VALUES (1, 0, '08:00', '16:00')" ],
	[ working_hours_order => "INSERT INTO working_hours (team_id, weekday, opens, closes) VALUES (1, 1, '16:00', '08:00')" ],
	[ '' => "INSERT INTO working_hours (team_id, weekday, opens, closes) VALUES (1, 7, '08:00', '24:00')" ],
	[ working_hours_once => "INSERT INTO working_hours (team_id, weekday, opens, closes) VALUES (1, 1, '08:00', '16:00'), (1, 1, '08:00', '17:00')" ],

	# customers
	[ customer_display_name_check => "INSERT INTO customer (display_name) VALUES ('')" ],
	[ customer_display_name_check => "INSERT INTO customer (display_name) VALUES (E' \\u00a0\\u3000')" ],
	[ customer_display_name_check => "INSERT INTO customer (display_name) VALUES (E'a\\nb')" ],
	[ customer_display_name_check => "INSERT INTO customer (display_name) VALUES (repeat('x', 2049))" ],
	[ '' => "INSERT INTO customer (display_name) VALUES (repeat('x', 2048))" ],
	[ customer_avatar_check => "INSERT INTO customer (display_name, avatar) VALUES ('a', 'http://x.example/a.png')" ],
	[ customer_avatar_check => "INSERT INTO customer (display_name, avatar) VALUES ('a', 'https://')" ],
	[ customer_avatar_check => "INSERT INTO customer (display_name, avatar) VALUES ('a', 'javascript:alert(1)')" ],
	[ customer_avatar_check => "INSERT INTO customer (display_name, avatar) VALUES ('a', E'https://x.example/\\u0007')" ],
	[ customer_avatar_check => "INSERT INTO customer (display_name, avatar) VALUES ('a', E'https://x.example/\\u0085')" ],
	[ customer_avatar_check => "INSERT INTO customer (display_name, avatar) VALUES ('a', 'https://x.example/a b')" ],
	[ customer_avatar_check => "INSERT INTO customer (display_name, avatar) VALUES ('a', 'https://x.example/' || repeat('a', 2031))" ],
	[ '' => "INSERT INTO customer (display_name, avatar) VALUES ('a', 'https://x.example/' || repeat('a', 2030))" ],
	[ customer_language_check => "INSERT INTO customer (display_name, language) VALUES ('a', 'en_US')" ],
	[ customer_language_check => "INSERT INTO customer (display_name, language) VALUES ('a', 'English')" ],
	[ customer_language_check => "INSERT INTO customer (display_name, language) VALUES ('a', 'e')" ],
	[ '' => "INSERT INTO customer (display_name, language) VALUES ('a', 'zh-Hant-TW')" ],
	[ '' => "INSERT INTO customer (display_name, language) VALUES ('a', 'es-419')" ],
	[ customer_time_zone_check => "INSERT INTO customer (display_name, time_zone) VALUES ('a', 'Oslo')" ],
	[ customer_details_content_check => "INSERT INTO customer (display_name, details_content) VALUES ('a', repeat('x', 16385))" ],
	[ '' => "INSERT INTO customer (display_name, details_content) VALUES ('a', E'two\\nlines')" ],
	[ customer_id_range => "INSERT INTO customer (customer_id, display_name) VALUES (0, 'a')" ],
	[ customer_id_range => "INSERT INTO customer (customer_id, display_name) VALUES (1000000000000000000, 'a')" ],
	[ customer_owner_id_fkey => "INSERT INTO customer (display_name, owner_id) VALUES ('a', 99)" ],
	[ customer_not_merged_into_itself => "UPDATE customer SET merged_into_id = 1, deleted_at = now() WHERE customer_id = 1" ],
	[ customer_merged_is_deleted => "UPDATE customer SET merged_into_id = 2 WHERE customer_id = 1" ],
	[ customer_erased_is_deleted => "UPDATE customer SET erased_at = now() WHERE customer_id = 1" ],
	[ customer_source_external_id_key => "INSERT INTO customer (display_name, source, external_id) VALUES ('a', 's', '1'), ('b', 's', '1')" ],
	[ '' => "INSERT INTO customer (display_name, source, external_id) VALUES ('a', 's', '1'), ('b', 't', '1')" ],
	[ customer_external_id_check => "INSERT INTO customer (display_name, external_id) VALUES ('a', '')" ],

	# addresses
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'sms', '4790000002')" ],
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'sms', '+0790000002')" ],
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'sms', '+47 90000002')" ],
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'sms', '+1234567890123456')" ],
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'sms', E'+4790000002\\n')" ],
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'sms', 'whatsapp:+4790000002')" ],
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'whatsapp', '+4790000002')" ],
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'whatsapp', 'whatsapp: +4790000002')" ],
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'chat', 'system')" ],
	[ channel_value_form => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'chat', 'US00000000000000000000000000000001')" ],
	[ channel_type_check => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'email', 'a\@example.com')" ],
	[ '' => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'whatsapp', 'whatsapp:+4790000002'), (2, 'chat', 'guest-7')" ],
	[ channel_one_customer_key => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'sms', '+5511987654321')" ],
	[ channel_one_customer_key => "INSERT INTO channel (customer_id, type, value) VALUES (2, 'sms', '+551187654321')" ],
	[ '' => "INSERT INTO channel (customer_id, type, value, shared) VALUES (2, 'sms', '+4790000001', true)" ],
	[ channel_customer_id_type_value_key => "INSERT INTO channel (customer_id, type, value, shared) VALUES (1, 'sms', '+4790000001', true)" ],

	# links
	[ link_value_check => "INSERT INTO link VALUES (1, 1, 'Web', 'http://example.com', 'x')" ],
	[ link_value_check => "INSERT INTO link VALUES (1, 1, 'Web', 'javascript:alert(1)', 'x')" ],
	[ link_value_check => "INSERT INTO link VALUES (1, 1, 'Web', ' https://example.com', 'x')" ],
	[ link_value_check => "INSERT INTO link VALUES (1, 1, 'Web', 'https://example.com/' || repeat('a', 2030), 'x')" ],
	[ '' => "INSERT INTO link VALUES (1, 1, 'Mail', 'mailto:a\@example.com', 'x')" ],
	[ link_display_name_check => "INSERT INTO link VALUES (1, 1, 'Web', 'https://example.com', '')" ],
	[ link_pkey => "INSERT INTO link VALUES (1, 0, 'Web', 'https://example.com', 'x')" ],

	# consent
	[ consent_event_state_check => "INSERT INTO consent_event (channel_type, match_key, state, source) VALUES ('sms', '+4790000001', 'maybe', 'dba')" ],
	[ consent_event_source_check => "INSERT INTO consent_event (channel_type, match_key, state, source) VALUES ('sms', '+4790000001', 'opted_in', 'guess')" ],
	[ consent_event_match_key_form => "INSERT INTO consent_event (channel_type, match_key, state, source) VALUES ('sms', '90000001', 'opted_in', 'dba')" ],
	[ consent_event_match_key_form => "INSERT INTO consent_event (channel_type, match_key, state, source) VALUES ('chat', repeat('x', 257), 'opted_in', 'dba')" ],
	[ '' => "INSERT INTO consent_event (channel_type, match_key, state, source) VALUES ('whatsapp', 'whatsapp:+4790000001', 'opted_in', 'dba')" ],

	# our numbers
	[ proxy_address_address_key => "INSERT INTO proxy_address (address) VALUES ('+15005550006')" ],
	[ proxy_address_address_check => "INSERT INTO proxy_address (address) VALUES ('15005550007')" ],
	[ proxy_address_address_check => "INSERT INTO proxy_address (address) VALUES ('messenger:12')" ],
	[ proxy_address_one_holder => "INSERT INTO proxy_address (address, worker_id, team_id) VALUES ('+15005550007', 1, 1)" ],
	[ '' => "INSERT INTO proxy_address (address, team_id) VALUES ('whatsapp:+15005550006', 1)" ],

	# conversations
	[ conversation_conversation_sid_check => "INSERT INTO conversation (conversation_sid, initiated_by) VALUES ('CH1', 'worker')" ],
	[ conversation_initiated_by_check => "INSERT INTO conversation (conversation_sid, initiated_by) VALUES ('CH' || repeat('a', 32), 'me')" ],
	[ conversation_state_check => "INSERT INTO conversation (conversation_sid, initiated_by, state) VALUES ('CH' || repeat('a', 32), 'worker', 'open')" ],
	[ conversation_open_pair_key => "INSERT INTO conversation (conversation_sid, customer_address, proxy_address, initiated_by, state)
		VALUES ('CH' || repeat('a', 32), '+4790000001', '+15005550006', 'worker', 'inactive')" ],
	[ '' => "INSERT INTO conversation (conversation_sid, customer_address, proxy_address, initiated_by, state)
		VALUES ('CH' || repeat('a', 32), '+4790000001', '+15005550006', 'worker', 'closed')" ],

	# templates
	[ template_category_name_key => "INSERT INTO template_category (display_name) VALUES ('Openers')" ],
	[ '' => "INSERT INTO template_category (display_name, team_id) VALUES ('Openers', 1)" ],
	[ template_content_check => "INSERT INTO template (template_category_id, content) VALUES (1, '')" ],
	[ template_content_check => "INSERT INTO template (template_category_id, content) VALUES (1, repeat('x', 1601))" ],
	[ template_language_check => "INSERT INTO template (template_category_id, content, language) VALUES (1, 'x', 'pt_BR')" ],
	[ template_content_sid_check => "INSERT INTO template (template_category_id, content, content_sid) VALUES (1, 'x', 'HX1')" ],
	[ template_variables_need_sid => "INSERT INTO template (template_category_id, content, content_variables) VALUES (1, 'x', '{}')" ],
	(map { [ template_placeholders_known => "INSERT INTO template (template_category_id, content) VALUES (1, '$_')" ] }
		'Hi {{Nmae}}', 'Hi {{first_name', 'Hi first_name}}', 'Hi {{}}', 'Hi {{1}}', 'Hi {{first_name|{{last_name}}}}', 'Hi {{ }}'),
	(map { [ '' => "INSERT INTO template (template_category_id, content) VALUES (1, '$_')" ] }
		'Hi {{Name}} {{Author}}', '{{first_name}}{{last_name}}{{display_name}}{{company_name}}{{worker}}', '{{ FirstName | there }} {{LASTNAME}}',
		'{{first_name|}}', 'braces { } are text', '{{Display Name}}'),
	(map { [ template_placeholders_known => "INSERT INTO template (template_category_id, content, content_sid, content_variables)
		VALUES (1, 'Hi {{1}}', 'HX' || repeat('a', 32), '$_')" ] }
		'{}', '[]', '{"2": "{{first_name}}"}', '{"1": "{{nobody}}"}', '{"1": "{{2}}"}', '{"1": 7}', '{"x": "y", "1": "z"}', '{"1": null}'),
	[ '' => "INSERT INTO template (template_category_id, content, content_sid, content_variables)
		VALUES (1, 'Hi {{1}}', 'HX' || repeat('a', 32), '{\"1\": \"{{first_name|there}}\"}')" ],

	# routing
	[ routing_rule_pkey => "INSERT INTO routing_rule (position, target) VALUES (1, 'owner'), (1, 'nobody')" ],
	[ routing_rule_target_check => "INSERT INTO routing_rule (position, target) VALUES (1, 'anyone')" ],
	[ routing_rule_worker => "INSERT INTO routing_rule (position, target) VALUES (1, 'worker')" ],
	[ routing_rule_worker => "INSERT INTO routing_rule (position, target, worker_id) VALUES (1, 'owner', 1)" ],
	[ routing_rule_team => "INSERT INTO routing_rule (position, target, strategy) VALUES (1, 'team', 'random')" ],
	[ routing_rule_strategy => "INSERT INTO routing_rule (position, target, team_id) VALUES (1, 'team', 1)" ],
	[ '' => "INSERT INTO routing_rule (position, target, team_id, strategy) VALUES (1, 'team', 1, 'least_busy')" ],
);

for my $row (@rows) {
	my ($constraint, $sql) = @$row;
	$db->sql('BEGIN', %as);
	my $error = $db->error($sql, %as);
	$db->sql('ROLLBACK', %as);
	(my $shown = $sql) =~ s/\s+/ /g;
	$constraint eq '' ? is $error, '', "taken: $shown" : like $error, qr/"\Q$constraint\E"/, "$constraint refuses $shown";
}

# -- no row can exceed what an index holds, whatever is written
my $n = 0;
for my $text ('a', 'é', '田', '😀', 'ﷺ', '㎏', 'ẞ', 'İ', '½') {
	my $fill = sub { my ($bytes) = @_; my $k = int($bytes / length(Encode::encode('UTF-8', $text))); return $text x $k };
	my $sql = sprintf "INSERT INTO customer (display_name, first_name, last_name, company_name, external_id, avatar, owner_id, team_id, details_title)
		VALUES ('%s', '%s', '%s', '%s', '%s', 'https://x.example/%s', 1, 1, '%s')",
		$fill->(2000), $fill->(500), $fill->(500), $fill->(500), $fill->(500), 'a' x 1970, $fill->(500);
	is $db->error($sql, %as), '', "2000 bytes of $text everywhere";
	my $numbers = join ', ', map { sprintf '((SELECT max(customer_id) FROM customer), \'sms\', \'+99%013d\')', ++$n } 1 .. 30;
	is $db->error("INSERT INTO channel (customer_id, type, value) VALUES $numbers", %as), '', 'with 30 numbers of 15 digits';
}
# what does not compress is the worst of all
is $db->error(<<'SQL', %as), '', 'random letters of four bytes each';
INSERT INTO customer (display_name, first_name, last_name, company_name, external_id, owner_id, team_id)
SELECT n, substr(n, 201, 50), substr(n, 251, 50), substr(n, 301, 60), substr(n, 361, 60), 1, 1
  FROM (SELECT string_agg(chr(65536 + (random() * 1048000)::int), '') AS n FROM generate_series(1, 500)) x;
SQL
is $db->error(sprintf("INSERT INTO channel (customer_id, type, value) VALUES %s",
	join ', ', map { sprintf '((SELECT max(customer_id) FROM customer), \'sms\', \'+98%s\')', join '', map { int rand 10 } 1 .. 13 } 1 .. 30), %as), '', 'with 30 numbers';
cmp_ok $db->list("SELECT max(octet_length(sort_name) + octet_length(search_text) + octet_length(phone_digits)) FROM customer", %as), '>', 2500, 'so the limit was really tried';

done_testing;
