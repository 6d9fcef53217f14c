#!/usr/bin/perl
# The other questions of the contract: worker, details, proxy address, templates, whose address.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
my $db = Db->new->migrate;
my %dba = (user => 'frontline_dba');
my %fcgi = (user => 'frontline_fcgi');

sub lit { my ($v) = @_; return 'NULL' unless defined $v; $v =~ s/'/''/g; return "'$v'" }

# Calls a function of the contract; answers its rows, columns joined by "|", rows by " ; ".
sub call {
	my ($function, @args) = @_;
	return join ' ; ', map { join '|', map { $_ // '-' } @$_ }
		$db->rows("SELECT * FROM frontline_api.$function(" . join(', ', map { lit($_) } @args) . ')', %fcgi);
}

$db->sql(<<'SQL', %dba);
INSERT INTO worker (identity, friendly_name) VALUES ('ana', 'Ana L.'), ('ben', NULL), ('cleo', NULL);
INSERT INTO worker (identity, state) VALUES ('gone', 'deactivated');
INSERT INTO team (name) VALUES ('North'), ('South');
INSERT INTO team_worker VALUES (1, 1), (2, 2);
INSERT INTO customer (display_name, first_name, last_name, company_name, avatar, details_title, details_content, language, owner_id, team_id) VALUES
  ('Ines Okafor', 'Ines', 'Okafor', 'Acme', 'https://x.example/1', 'Account', E'two\nlines', 'en', 1, NULL),
  ('Ben''s', NULL, NULL, NULL, NULL, NULL, NULL, 'pt-BR', 2, NULL),
  ('North''s', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1),
  ('Gone''s', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4, NULL);
SQL

# -- get_worker
is call(get_worker => 'ana'), 'ana|Ana L.', 'an active worker';
is call(get_worker => 'ben'), 'ben|ben', 'without a name the identity stands for it';
is call(get_worker => $_), '', 'no such worker: ' . ($_ // 'NULL') for 'gone', 'Ana', 'nobody', '', undef;

# -- get_customer
my $details = "SELECT * FROM frontline_api.get_customer('ana', '1', true)";
is_deeply [ (split /\x1f/, $db->sql($details, %fcgi))[0 .. 3, 5 .. 7] ], [ '1', 'Ines Okafor', 'https://x.example/1', 'Account', 'Ines', 'Okafor', 'Acme' ], 'details of an own customer'
	or diag $db->sql($details, %fcgi);
is call(get_customer => 'ana', 3, 't'), "3|North's|-|-|-|-|-|-|-", 'of a customer of the team';
is call(get_customer => 'ana', 2, 't'), '', 'strict: not of a colleague';
is call(get_customer => 'ana', 2, undef), '', 'strict when nothing is said';
like call(get_customer => 'ana', 2, 'f'), qr/^2\|Ben's/, 'not strict: any customer';
is call(get_customer => $_, 1, 'f'), '', "not strict: still only for an active worker ($_)" for 'gone', 'nobody';
is call(get_customer => 'cleo', 3, 't'), '', 'a worker outside the team';
is call(get_customer => 'ana', $_, 't'), '', 'no customer: ' . ($_ // 'NULL') for 99, 'x', '01', '-1', '', '9' x 30, '1 OR 1=1', undef;

$db->sql("INSERT INTO conversation (conversation_sid, customer_id, worker_id, initiated_by, customer_address, proxy_address)
	VALUES ('CH' || md5('1'), 2, 1, 'worker', '+4790000002', '+15005550001')", %dba);
for my $state (qw(initializing active inactive)) {
	$db->sql("UPDATE conversation SET state = '$state'", %dba);
	like call(get_customer => 'ana', 2, 't'), qr/^2\|/, "an open conversation ($state) shows its customer";
	is call(get_customer => 'cleo', 2, 't'), '', 'to nobody else';
}
$db->sql("UPDATE conversation SET state = 'closed'", %dba);
is call(get_customer => 'ana', 2, 't'), '', 'a closed one does not';

# -- channels and links
$db->sql(<<'SQL', %dba);
INSERT INTO channel (customer_id, type, value, position, invalid_at) VALUES (1, 'whatsapp', 'whatsapp:+14155550142', 1, NULL), (1, 'sms', '+14155550142', 0, NULL),
  (1, 'sms', '+14155550143', 2, now()), (1, 'sms', '+14155550144', 3, NULL), (1, 'chat', 'guest', 4, NULL), (2, 'sms', '+4790000002', 0, NULL);
INSERT INTO consent_event (channel_type, match_key, state, source, occurred_at) VALUES
  ('sms', '+14155550144', 'opted_in', 'dba', '2025-01-01'), ('sms', '+14155550144', 'opted_out', 'keyword', '2025-02-01'),
  ('sms', '+14155550142', 'opted_out', 'keyword', '2025-01-01'), ('sms', '+14155550142', 'opted_in', 'keyword', '2025-02-01');
INSERT INTO link VALUES (1, 1, 'B', 'mailto:b@example.org', 'second'), (1, 0, 'A', 'https://a.example', 'first');
SQL
is call(get_channels => 1), 'sms|+14155550142 ; whatsapp|whatsapp:+14155550142 ; chat|guest', 'channels in order, without invalid and opted-out ones';
is call(get_links => 1), 'A|https://a.example|first ; B|mailto:b@example.org|second', 'links in order';
is call($_ => '77'), '', "$_ of nobody" for qw(get_channels get_links);
is call($_ => 'x'), '', "$_ of an impossible key" for qw(get_channels get_links);

# -- no customer has too many: 50 of either, the first ones
$db->sql(<<'SQL', %dba);
INSERT INTO customer (customer_id, display_name, owner_id) VALUES (900, 'Many', 1);
INSERT INTO link SELECT 900, 20000 - i, 'CRM', 'https://crm.example/' || 20000 - i, 'x' FROM generate_series(1, 20000) i;
INSERT INTO channel (customer_id, type, value, position) SELECT 900, 'sms', '+999' || 1000 + i, 800 - i FROM generate_series(1, 800) i;
INSERT INTO consent_event (channel_type, match_key, state, source) SELECT 'sms', '+999' || 1000 + i, 'opted_out', 'keyword' FROM generate_series(791, 800) i;
SQL
sub values_of { my ($function) = @_; return join ' ', map { $_->[1] } $db->rows("SELECT * FROM frontline_api.$function('900')", %fcgi) }
is values_of('get_links'), join(' ', map { "https://crm.example/$_" } 0 .. 49), 'of 20000 links the first 50, in order';
is values_of('get_channels'), join(' ', map { '+999' . (1790 - $_) } 0 .. 49), 'of 800 channels the first 50 that can be written to, in order';
$db->sql("INSERT INTO consent_event (channel_type, match_key, state, source) SELECT 'sms', '+999' || 1000 + i, 'opted_out', 'keyword' FROM generate_series(311, 790) i", %dba);
is values_of('get_channels'), join(' ', map { '+999' . (1310 - $_) } 0 .. 9), 'and none is looked for behind the 500th';
$db->sql('DELETE FROM customer WHERE customer_id = 900', %dba);

# -- get_proxy_address: refusals
sub proxy { my ($w, $c, $t, $v, $s) = @_; return call(get_proxy_address => $w // 'ana', $c // 1, $t // 'sms', $v // '+14155550142', $s // 't') }
is proxy(), '-|no_number', 'no numbers at all';
$db->sql("INSERT INTO proxy_address (address, position) VALUES ('+4790000100', 2), ('+15005550006', 1), ('whatsapp:+15005550006', 0)", %dba);
is proxy(), '+15005550006|-', 'a number';
is proxy(undef, undef, 'whatsapp', 'whatsapp:+14155550142'), 'whatsapp:+15005550006|-', 'a WhatsApp sender for WhatsApp';
is proxy('gone'), '-|unknown_customer', 'for nobody';
is proxy(undef, 2, undef, '+4790000002'), '-|unknown_customer', 'strict: a colleague\'s customer';
is proxy(undef, 2, undef, '+4790000002', 'f'), '+4790000100|-', 'not strict: any customer';
is proxy(undef, $_), '-|unknown_customer', "an unknown customer ($_)" for '99', 'x', '9' x 40;
is proxy(undef, undef, @$_), '-|unknown_address', "not the customer's address: @$_" for [ 'sms', '+4790000002' ], [ 'whatsapp', '+14155550142' ], [ 'sms', 'whatsapp:+14155550142' ],
	[ 'sms', '+14155550143' ], [ 'email', 'x' ], [ '', '' ];
is proxy(undef, undef, 'sms', '+14155550144'), '-|opted_out', 'an address that said STOP';
is proxy(undef, undef, 'chat', 'guest'), '-|no_number', 'no number writes to a chat identity';

# -- get_proxy_address: order
$db->sql("UPDATE proxy_address SET position = -1 WHERE address = '+4790000100'", %dba);
is proxy(), '+15005550006|-', 'the longer common prefix comes before position';
$db->sql("INSERT INTO proxy_address (address, position) VALUES ('+14155550199', 9), ('+14155550198', 8)", %dba);
is proxy(), '+14155550198|-', 'local presence: the nearest, then by position';
$db->sql("INSERT INTO proxy_address (address, team_id) VALUES ('+4790000200', 1), ('+4790000201', 2)", %dba);
is proxy(), '+4790000200|-', 'a number of the worker\'s team, never of another team';
$db->sql("INSERT INTO conversation (conversation_sid, initiated_by, customer_address, proxy_address, state, last_message_at) VALUES
	('CH' || md5('a'), 'worker', '+14155550142', '+15005550006', 'closed', '2025-01-01'), ('CH' || md5('b'), 'worker', '+14155550142', '+4790000100', 'closed', '2025-01-02')", %dba);
is proxy(), '+4790000100|-', 'the number that the customer knows best from the latest conversation';
$db->sql("INSERT INTO proxy_address (address, worker_id) VALUES ('+4790000300', 1), ('+4790000301', 2)", %dba);
is proxy(), '+4790000300|-', 'the worker\'s own number, never another worker\'s';
for my $next ('+4790000100', '+15005550006', '+4790000200', '+14155550198', '+14155550199') {
	my ($was) = split /\|/, proxy();
	$db->sql("INSERT INTO conversation (conversation_sid, initiated_by, customer_address, proxy_address, state) VALUES ('CH' || md5('$next'), 'system', '+14155550142', '$was', 'inactive')", %dba);
	is proxy(), "$next|-", "$was is in an open conversation: $next";
}
$db->sql("INSERT INTO conversation (conversation_sid, initiated_by, customer_address, proxy_address) VALUES ('CH' || md5('x'), 'system', '+14155550142', '+14155550199')", %dba);
is proxy(), '-|open_conversation', 'all are in open conversations';
$db->sql("UPDATE proxy_address SET active = false WHERE type = 'sms'; INSERT INTO proxy_address (address) VALUES ('+14155550142')", %dba);
is proxy(), '-|own_address', 'only the customer\'s own address is left';
$db->sql("UPDATE proxy_address SET active = false", %dba);
is proxy(), '-|no_number', 'numbers out of use';

# -- get_templates
$db->sql(<<'SQL', %dba);
INSERT INTO template_category (display_name, position, team_id) VALUES ('Second', 2, NULL), ('First', 1, NULL), ('North', 3, 1), ('South', 4, 2), ('Empty', 0, NULL);
INSERT INTO template (template_category_id, position, language, content, active) VALUES
  (1, 2, NULL, 'all {{Name}}', true), (1, 1, 'en', 'en', true), (1, 3, 'en-GB', 'en-GB', true), (1, 4, 'pt', 'pt', true), (1, 5, 'PT-pt', 'pt-PT', true),
  (1, 6, NULL, 'old', false), (3, 1, NULL, 'north', true), (4, 1, NULL, 'south', true);
INSERT INTO template (template_category_id, content, whatsapp_approved, content_sid, content_variables) VALUES
  (2, '{{1}}, {{ 2 }}: {{1}} {{10}} \1 {{first_name}}', true, 'HX' || repeat('a', 32), '{"1": "{{first_name|there}}", "2": "100% \\1 & {{worker}}", "10": "ten"}');
SQL
my $mapped = 'First|{{first_name|there}}, 100% \1 & {{worker}}: {{first_name|there}} ten \1 {{first_name}}|t';
is call(get_templates => 'ana', 1), "$mapped ; Second|en|f ; Second|all {{Name}}|f ; Second|en-GB|f ; North|north|f", 'order, language, team, active, variables';
is call(get_templates => 'ben', 2), "$mapped ; Second|all {{Name}}|f ; Second|pt|f ; Second|pt-PT|f ; South|south|f", 'a language matches by its first part';
is call(get_templates => 'cleo', 3), "$mapped ; Second|en|f ; Second|all {{Name}}|f ; Second|en-GB|f ; Second|pt|f ; Second|pt-PT|f", 'a customer without language is offered all';
is call(get_templates => 'cleo', undef), call(get_templates => 'cleo', 3), 'so is no customer';
is call(get_templates => $_, 1), '', "nothing for $_" for 'gone', 'nobody';

# -- no more than 200, from the start
$db->sql(<<'SQL', %dba);
INSERT INTO template_category (display_name, position) VALUES ('Many', -1), ('Few', -2);
INSERT INTO template (template_category_id, position, content) SELECT template_category_id, 1000 - i, 'many ' || 1000 - i
  FROM template_category, generate_series(1, 1000) i WHERE display_name = 'Many';
INSERT INTO template (template_category_id, content) SELECT template_category_id, 'few' FROM template_category WHERE display_name = 'Few';
SQL
is call(get_templates => 'ana', 1), join(' ; ', 'Few|few|f', map { "Many|many $_|f" } 0 .. 198), 'of 1000 templates the first 200, in order';
$db->sql("DELETE FROM template_category WHERE position < 0", %dba);

# -- customer_by_address
$db->sql(<<'SQL', %dba);
INSERT INTO customer (display_name, owner_id) VALUES ('Rio', 1), ('Buenos Aires', 4), ('Mexico', NULL), ('House A', 1), ('House B', 1);
INSERT INTO channel (customer_id, type, value) VALUES (5, 'sms', '+5511987654321'), (6, 'whatsapp', 'whatsapp:+5491123456789'), (7, 'sms', '+525512345678');
INSERT INTO channel (customer_id, type, value, shared) VALUES (8, 'sms', '+4690000001', true), (9, 'sms', '+4690000001', true);
UPDATE customer SET updated_at = now() WHERE customer_id = 8;
SQL
is call(customer_by_address => '+14155550142'), '1|Ines Okafor|https://x.example/1|ana|1', 'the customer and its owner';
is call(customer_by_address => 'whatsapp:+5511987654321'), '5|Rio|-|ana|1', 'whichever channel it came by';
is call(customer_by_address => '+551187654321'), '5|Rio|-|ana|1', 'Brazil with and without the ninth digit';
is call(customer_by_address => '+541123456789'), '6|Buenos Aires|-|-|1', 'Argentina with and without 9; a deactivated owner is none';
is call(customer_by_address => 'whatsapp:+5215512345678'), '7|Mexico|-|-|1', 'Mexico with and without 1';
is call(customer_by_address => '+4690000001'), '8|House A|-|ana|2', 'a shared address: the latest changed, and how many there are';
is call(customer_by_address => $_), '', 'nobody: ' . ($_ // 'NULL') for '+4799999999', '', 'ACME', '12345', undef;
$db->sql("INSERT INTO channel (customer_id, type, value, shared) VALUES (9, 'sms', '+551187654321', true)", %dba);
is call(customer_by_address => '+551187654321'), '9|House B|-|ana|2', 'the exact spelling comes first';
is call(customer_by_address => 'whatsapp:+5511987654321'), '5|Rio|-|ana|2', 'then the address that is not shared';
$db->sql("UPDATE customer SET deleted_at = now() WHERE customer_id = 8", %dba);
is call(customer_by_address => '+4690000001'), '9|House B|-|ana|1', 'a deleted customer has no address';

done_testing;
