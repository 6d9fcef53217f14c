#!/usr/bin/perl
# What happens to a customer: merge, erasure, deletion, consent; and what is remembered: audit, partitions.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
my $db = Db->new->migrate;
my %dba = (user => 'frontline_dba');
my %fcgi = (user => 'frontline_fcgi');
sub dba { return $db->sql($_[0], %dba) }
sub see { return $db->list($_[0]) }
sub proxy { my ($id, $type, $value) = @_; return $db->list("SELECT coalesce(address, refusal) FROM frontline_api.get_proxy_address('ana', '$id', '$type', '$value', true)", %fcgi) }

dba(<<'SQL');
INSERT INTO worker (identity) VALUES ('ana');
INSERT INTO proxy_address (address) VALUES ('+15005550006'), ('whatsapp:+15005550006');
INSERT INTO customer (display_name, first_name, external_id, owner_id, details_content) VALUES
  ('Ines Okafor', 'Ines', 'X1', 1, 'secret'), ('I. Okafor', 'I.', 'X2', 1, NULL), ('Third', NULL, NULL, 1, NULL), ('Other', NULL, NULL, 1, NULL);
INSERT INTO channel (customer_id, type, value) VALUES (1, 'sms', '+5511987654321'), (2, 'whatsapp', 'whatsapp:+5511987654321'), (2, 'sms', '+4790000002'), (3, 'sms', '+4790000003');
INSERT INTO channel (customer_id, type, value, shared) VALUES (1, 'sms', '+4790000009', true), (2, 'sms', '+4790000009', true), (4, 'sms', '+4790000009', true);
INSERT INTO link VALUES (1, 0, 'A', 'https://a.example', 'a'), (1, 3, 'B', 'https://b.example', 'b'), (2, 0, 'C', 'https://c.example', 'c'), (2, 1, 'A', 'https://a.example', 'again'), (2, 3, 'D', 'https://d.example', 'd');
INSERT INTO conversation (conversation_sid, customer_id, worker_id, initiated_by, customer_address, proxy_address, state) VALUES
  ('CH' || md5('1'), 2, 1, 'customer', '+4790000002', '+15005550006', 'closed'), ('CH' || md5('2'), 2, 1, 'customer', '+4790000002', '+15005550006', 'active');
INSERT INTO consent_event (channel_type, match_key, state, source) VALUES ('sms', '+5511987654321', 'opted_out', 'keyword'), ('sms', '+4790000009', 'opted_out', 'keyword'),
  ('whatsapp', 'whatsapp:+5511987654321', 'opted_in', 'web_form');
SQL
$db->sql("INSERT INTO frontline.message (message_sid, conversation_sid, direction, author, body, media, created_at)
	SELECT 'IM' || md5(i::text), 'CH' || md5('1'), 'inbound', '+4790000002', 'my secret', '[{}]', timestamptz '2020-01-01' + i * interval '400 days' FROM generate_series(1, 8) i");
is see("SELECT match_key FROM frontline.consent_event WHERE channel_type = 'whatsapp'"), '+551187654321', 'consent is kept under the match key';
is proxy(1, 'sms', '+5511987654321'), 'opted_out', 'an opted-out address';

# -- merge
dba('SELECT merge_customer(3, 2)');
dba('SELECT merge_customer(2, 1)');
is see("SELECT type || value FROM frontline.channel WHERE customer_id = 1 ORDER BY 1"), 'sms+4790000002 sms+4790000003 sms+4790000009 sms+5511987654321 whatsappwhatsapp:+5511987654321',
	'merge moves addresses and drops those that both have';
is see("SELECT phone_digits FROM frontline.customer WHERE customer_id = 1"), ' 4790000002 4790000003 4790000009 5511987654321 ', 'and they are searchable';
is see("SELECT value FROM frontline.link WHERE customer_id = 1 ORDER BY position"), 'https://a.example https://b.example https://c.example https://d.example', 'links follow, none twice';
is see("SELECT count(*) FROM frontline.conversation WHERE customer_id = 1"), '2', 'conversations move';
is see("SELECT merged_into_id FROM frontline.customer WHERE deleted_at IS NOT NULL ORDER BY customer_id"), '1 1', 'a chain stays one step long';
for my $id (1, 2, 3) {
	is $db->list("SELECT customer_id FROM frontline_api.get_customer('ana', '$id', true)", %fcgi), '1', "id $id answers as 1";
	is $db->list("SELECT count(*) FROM frontline_api.get_channels('$id')", %fcgi), '3', 'with its channels';
	is $db->list("SELECT count(*) FROM frontline_api.get_links('$id')", %fcgi), '4', 'and links';
	is proxy($id, 'sms', '+4790000003'), '+15005550006', 'and addresses';
}
is proxy(2, 'sms', '+5511987654321'), 'opted_out', 'an opt-out survives a merge';
is $db->list("SELECT customer_id FROM frontline_api.get_customers_list('ana', 10, NULL, NULL, NULL, NULL, false)", %fcgi), '1 4', 'merged customers are not listed';
for my $bad ('1, 1', '1, 2', '2, 1', '1, 99', 'NULL, 1') {
	like $db->error("SELECT merge_customer($bad)", %dba), qr/two customers that are not deleted are needed/, "no merge($bad)";
}
is see("SELECT row_key || changed::text FROM frontline.audit_log WHERE action = 'MERGE' ORDER BY audit_id"), '3{"merged_into_id": 2} 2{"merged_into_id": 1}', 'merges are audited';

# -- erase
like $db->error('SELECT erase_customer(2)', %dba), qr/customer 2 was merged into 1: erase that one/, 'a merged id is not erased alone';
dba('SELECT erase_customer(1)');
my $everything = join ' ', map { see("SELECT string_agg(t::text, ' ') FROM frontline.$_ t") }
	qw(customer channel link conversation message consent_event audit_log suppressed_address);
unlike $everything, qr/\Q$_\E/, "nothing is left of $_" for 'Ines', 'Okafor', 'secret', '5511987654321', '551187654321', '4790000003', 'X1', 'a.example', 'again';
is see("SELECT customer_address FROM frontline.conversation WHERE state = 'closed'"), 'NULL', 'closed conversations keep no address';
is see("SELECT customer_address FROM frontline.conversation WHERE state = 'active'"), '+4790000002', 'an open one does, as Twilio does';
dba("UPDATE conversation SET state = 'closed' WHERE state = 'active'");
is see("SELECT count(customer_address) FROM frontline.conversation"), '0', 'until it closes';
is see("SELECT count(*) FROM frontline.message WHERE num_nonnulls(body, media, author) > 0"), '0', 'messages of every month lose what was said';
is see("SELECT display_name || (erased_at IS NOT NULL)::text FROM frontline.customer WHERE customer_id <= 3 ORDER BY customer_id"), 'Erasedtrue Erasedtrue Erasedtrue', 'tombstones stay, of merged rows too';
is see("SELECT count(*) FROM frontline.audit_log WHERE action = 'ERASE'"), '3', 'erasures are audited';
is $db->list("SELECT count(*) FROM frontline_api.get_customer('ana', '1', true)", %fcgi), '0', 'an erased customer is nobody';
is see("SELECT state FROM frontline.consent WHERE match_key = '+4790000009'"), 'opted_out', 'an address that somebody else shares keeps its consent';
is $db->error('SELECT erase_customer(1)', %dba), '', 'erasing twice does no harm';

# an opt-out holds for whoever gets the number next, until there is an opt-in
dba("INSERT INTO customer (customer_id, display_name, owner_id) VALUES (50, 'Again', 1);
	INSERT INTO channel (customer_id, type, value) VALUES (50, 'sms', '+551187654321'), (50, 'whatsapp', 'whatsapp:+5511987654321'), (50, 'sms', '+4790000003')");
is proxy(50, 'sms', '+551187654321'), 'opted_out', 'the erased customer\'s opt-out still blocks the address';
is $db->list("SELECT value FROM frontline_api.get_channels('50')", %fcgi), '+4790000003 whatsapp:+5511987654321', 'and hides it';
is proxy(50, 'whatsapp', 'whatsapp:+5511987654321'), 'whatsapp:+15005550006', 'not on the other channel';
is proxy(50, 'sms', '+4790000003'), '+15005550006', 'nor an address that had no opt-out';
dba("INSERT INTO consent_event (channel_type, match_key, state, source, occurred_at) VALUES ('sms', '+5511987654321', 'opted_in', 'import', '2001-01-01')");
is proxy(50, 'sms', '+551187654321'), 'opted_out', 'an opt-in from before does not lift it';
dba("INSERT INTO consent_event (channel_type, match_key, state, source) VALUES ('sms', '+5511987654321', 'opted_in', 'keyword')");
is proxy(50, 'sms', '+551187654321'), '+15005550006', 'a later one does';
dba('SELECT erase_customer(50)');
is see('SELECT count(*) FROM frontline.suppressed_address'), '0', 'and then nothing is kept of it after the next erasure';
is see('SELECT octet_length(key) FROM frontline.suppression_key'), '32', 'there is one key';
ok $db->error("UPDATE consent_event SET state = 'opted_in'", %dba), 'consent history is not edited';
ok $db->error("DELETE FROM consent_event", %dba), 'nor deleted';

# -- deletion outright
dba("INSERT INTO customer (customer_id, display_name, owner_id) VALUES (60, 'Short-lived', 1), (61, 'Into it', 1);
	INSERT INTO channel (customer_id, type, value) VALUES (60, 'sms', '+4790000060');
	INSERT INTO link VALUES (60, 0, 'A', 'https://a.example', 'a');
	INSERT INTO conversation (conversation_sid, customer_id, initiated_by) VALUES ('CH' || md5('60'), 60, 'worker')");
dba('SELECT merge_customer(61, 60)');
dba('DELETE FROM customer WHERE customer_id = 60');
is see("SELECT count(*) FROM frontline.channel WHERE customer_id = 60"), '0', 'a customer can be deleted outright';
like see("SELECT changed FROM frontline.audit_log WHERE table_name = 'customer' AND row_key = '60' AND action = 'DELETE'"), qr/"display_name": \["Short-lived", null\]/, 'the audit log knows its name';
dba('SELECT erase_customer(60)');
is see("SELECT count(changed) FROM frontline.audit_log WHERE row_key = '60'"), '0', 'until it is erased after all';

# -- audit
dba("INSERT INTO customer (customer_id, display_name, owner_id) VALUES (70, 'Audited', 1)");
my $entries = see('SELECT count(*) FROM frontline.audit_log');
dba("UPDATE customer SET display_name = 'Audited' WHERE customer_id = 70");
is see('SELECT count(*) FROM frontline.audit_log'), $entries, 'a change that changes nothing is no entry';
dba("SET frontline.actor = 'jo'; UPDATE customer SET display_name = 'Renamed', first_name = 'R' WHERE customer_id = 70; RESET frontline.actor");
is $db->sql("SELECT db_user, actor, table_name, row_key, action, changed FROM frontline.audit_log ORDER BY audit_id DESC LIMIT 1"),
	join("\x1f", 'frontline_dba', 'jo', 'customer', 70, 'UPDATE', '{"first_name": [null, "R"], "display_name": ["Audited", "Renamed"]}'), 'who, what, from, to';
dba("UPDATE worker SET friendly_name = 'Ana' WHERE worker_id = 1");
is see("SELECT table_name FROM frontline.audit_log ORDER BY audit_id DESC LIMIT 1"), 'worker', 'workers too';
like $db->error("$_ frontline.audit_log" . (/UPDATE/ ? ' SET actor = NULL' : ''), %dba), qr/permission denied/, "a DBA does not " . lc for 'UPDATE', 'DELETE FROM';
cmp_ok see("SELECT extract(epoch FROM now() - updated_at) FROM frontline.customer WHERE customer_id = 70"), '<', 60, 'updated_at is kept';

# -- partitions
my $month = sub { my ($plus) = @_; return see("SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '$plus month', 'YYYY_MM')") };
is see("SELECT count(*) FROM pg_inherits WHERE inhparent = '$_'::regclass"), 5, "$_ has partitions for this month and three more, and a default one" for qw(frontline.message frontline.audit_log);
is dba('SELECT create_partitions()'), '0', 'making them again makes none';
my $columns = "'IM' || md5(x), 'CH' || md5('1'), 'inbound', (date_trunc('month', now() AT TIME ZONE 'UTC') + interval";
$db->sql("INSERT INTO frontline.message (message_sid, conversation_sid, direction, created_at)
	SELECT $columns '4 month') AT TIME ZONE 'UTC' FROM unnest(ARRAY['a', 'b']) x UNION ALL
	SELECT $columns '5 month' - interval '1 second') AT TIME ZONE 'UTC' FROM unnest(ARRAY['c']) x UNION ALL
	SELECT $columns '5 month') AT TIME ZONE 'UTC' FROM unnest(ARRAY['d']) x UNION ALL
	SELECT $columns '4 month' - interval '1 second') AT TIME ZONE 'UTC' FROM unnest(ARRAY['e']) x");
is see("SELECT tableoid::regclass FROM frontline.message WHERE message_sid = 'IM' || md5('a')"), 'frontline.message_default', 'a month without a partition goes to the default one';
my $all = see('SELECT count(*) FROM frontline.message');
is $db->list("SELECT frontline.create_partitions(4)", user => 'frontline_relay'), '2', 'a further month';
is see("SELECT tableoid::regclass FROM frontline.message WHERE message_sid IN ('IM' || md5('a'), 'IM' || md5('b'), 'IM' || md5('c')) ORDER BY 1"),
	join(' ', ('frontline.message_' . $month->(4)) x 3), 'takes its rows out of the default partition';
is see("SELECT tableoid::regclass FROM frontline.message WHERE message_sid = 'IM' || md5('d')"), 'frontline.message_default', 'and no others';
is see('SELECT count(*) FROM frontline.message'), $all, 'none is lost';
is see("SELECT tableoid::regclass FROM frontline.audit_log WHERE table_name = 'worker' LIMIT 1"), 'frontline.audit_log_' . $month->(0), 'audit rows go to their month';
is see("SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indrelid WHERE h.inhparent = 'frontline.message'::regclass AND NOT indisvalid"), '0', 'every partition has its indexes';
is dba("SET timezone = 'Pacific/Auckland'; SELECT create_partitions(5); RESET timezone"), '2', 'months are those of UTC';
is see("SELECT count(*) FROM frontline.message WHERE message_sid = 'IM' || md5('d') AND tableoid = 'frontline.message_@{[$month->(5)]}'::regclass"), '1', 'whoever makes them';

done_testing;
