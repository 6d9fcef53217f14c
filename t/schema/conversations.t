#!/usr/bin/perl
# The Conversations webhooks: every event twice, and in every order, leaves the same rows and each job once.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

my $db = Db->new->migrate;
my %fcgi = (user => 'frontline_fcgi');
my %relay = (user => 'frontline_relay');
sub see { return $db->list($_[0]) }
sub sid { my ($kind, $n) = @_; return $kind . unpack 'H32', sprintf '%-16s', $n }
sub quote { my ($v) = @_; return 'NULL' unless defined $v; $v =~ s/'/''/g; return "'$v'" }
# one webhook: outcome, then the note if there is one
sub event { my ($function, @arguments) = @_;
	return $db->list("SELECT concat_ws(': ', outcome, note) FROM frontline_api.$function(" . join(', ', map { quote($_) } @arguments) . ')', %fcgi) }
# the answer is one line each, so words are what list() joins
sub conversation { my ($n, @columns) = @_; return see('SELECT concat_ws($$|$$, ' . join(', ', map { "coalesce($_\:\:text, '-')" } @columns) . ") FROM frontline.conversation WHERE conversation_sid = '" . sid('CH', $n) . "'") }
sub jobs { my ($n) = @_; return see("SELECT kind || payload::text FROM frontline_queue.job WHERE key = '" . sid('CH', $n) . "' ORDER BY seq") }
my $IS = sid('IS', 'service');
my $day = '2026-03-02';
sub at { return "$day $_[0]+00" }

$db->sql(<<'SQL');
INSERT INTO frontline.worker (identity) VALUES ('ana'), ('ben');
INSERT INTO frontline.proxy_address (address) VALUES ('+15005550006'), ('whatsapp:+15005550006');
INSERT INTO frontline.customer (display_name, first_name, last_name, avatar, owner_id) VALUES
  ('Ines Okafor', 'Ines', 'Okafor', 'https://cdn.example.net/i.png', 1), ('João', NULL, NULL, NULL, NULL), ('Sofía', NULL, NULL, NULL, NULL), ('Diego', NULL, NULL, NULL, NULL),
  ('Household', NULL, NULL, NULL, NULL), ('Gone', NULL, NULL, NULL, NULL);
INSERT INTO frontline.channel (customer_id, type, value, shared) VALUES (1, 'sms', '+4790000012', false), (2, 'whatsapp', 'whatsapp:+5511987654321', false),
  (3, 'sms', '+5491123456789', false), (4, 'whatsapp', 'whatsapp:+5215512345678', false), (1, 'sms', '+4790000099', true), (5, 'sms', '+4790000099', true), (6, 'sms', '+4790000066', false);
UPDATE frontline.customer SET deleted_at = now() WHERE customer_id = 6;
SQL

# -- naming
sub name { return join '/', map { $_ // '' } map { @$_ } $db->rows('SELECT * FROM frontline_api.name_conversation(' . quote($_[0]) . ')', %fcgi) }
is name('+4790000012'), '1/Ines Okafor/Ines/Okafor/https://cdn.example.net/i.png/1', 'a caller has a name';
is name('whatsapp:+4790000012'), name('+4790000012'), 'on WhatsApp too';
is name('whatsapp:+551187654321'), '2/João////1', 'Brazil: without the ninth digit';
is name('+5511987654321'), '2/João////1', 'and with it';
is name('whatsapp:+541123456789'), '3/Sofía////1', 'Argentina: without the 9';
is name('+5491123456789'), '3/Sofía////1', 'and with it';
is name('+525512345678'), '4/Diego////1', 'Mexico: without the 1';
is name('whatsapp:+5215512345678'), '4/Diego////1', 'and with it';
like name('+4790000099'), qr/2$/, 'several who have it are told';
is name($_), '', 'nobody has ' . (defined $_ ? "'$_'" : 'NULL') for '+4790000000', '', undef, '+4790000066';

# -- a whole conversation
my @life = (
	[ 'conversation_added', sid('CH', 1), $IS, '+4790000012', '+15005550006', 'active', at('10:00'), at('10:00') ],
	[ 'participant_added', sid('CH', 1), $IS, sid('MB', 'customer'), undef, '+4790000012', '+15005550006', undef, at('10:00:01') ],
	[ 'participant_added', sid('CH', 1), $IS, sid('MB', 'ana'), 'ana', undef, undef, undef, at('10:00:05') ],
	[ 'message_added', sid('CH', 1), $IS, sid('IM', 'm0'), 0, '+4790000012', 'Hello', undef, at('10:00:02') ],
	[ 'message_added', sid('CH', 1), $IS, sid('IM', 'm1'), 1, 'ana', 'Hi', '[{"Sid": "ME1"}]', at('10:01') ],
	[ 'message_added', sid('CH', 1), $IS, sid('IM', 'm2'), 2, '+4790000012', 'Secret', undef, at('10:02') ],
	[ 'message_updated', sid('CH', 1), $IS, sid('IM', 'm1'), 1, 'ana', 'Hi there', undef, at('10:01'), at('10:01:30') ],
	[ 'message_updated', sid('CH', 1), $IS, sid('IM', 'm1'), 1, 'ana', 'Hi!', undef, at('10:01'), at('10:01:20') ],
	[ 'message_removed', sid('CH', 1), $IS, sid('IM', 'm2'), at('10:02'), at('10:03') ],
	[ 'delivery_updated', sid('CH', 1), $IS, sid('IM', 'm1'), 'sent', undef, at('10:01:01') ],
	[ 'delivery_updated', sid('CH', 1), $IS, sid('IM', 'm1'), 'read', undef, at('10:01:05') ],
	[ 'delivery_updated', sid('CH', 1), $IS, sid('IM', 'm1'), 'delivered', undef, at('10:01:03') ],
	[ 'conversation_state_updated', sid('CH', 1), $IS, 'inactive', at('12:00') ],
	[ 'conversation_updated', sid('CH', 1), $IS, 'active', at('11:00') ],
	[ 'participant_added', sid('CH', 1), $IS, sid('MB', 'ben'), 'ben', undef, undef, undef, at('11:00:05') ],
	[ 'participant_removed', sid('CH', 1), $IS, sid('MB', 'ben'), 'ben', at('11:30') ],
	[ 'conversation_state_updated', sid('CH', 1), $IS, 'closed', at('13:00') ],
);
sub state { return join "\n", conversation(1, qw(service_sid customer_id worker_id customer_address proxy_address state created_at routed_at first_reply_at last_inbound_at last_message_at closed_at)),
	see("SELECT (m.message_index, direction, author, body, media, delivery_status, created_at, edited_at, removed_at)::text FROM frontline.message m ORDER BY message_sid"),
	see('SELECT (participant_sid, role, worker_id, added_at, removed_at)::text FROM frontline.participant ORDER BY 1'), jobs(1) }
is event(@{ $life[0] }), 'new', 'conversation added';
is event(@{ $life[1] }), 'new', 'customer added';
is jobs(1), 'participant.attributes' . see("SELECT jsonb_build_object('conversation_sid', '" . sid('CH', 1) . "', 'participant_sid', '" . sid('MB', 'customer') . "', 'service_sid', '$IS',
	'customer_id', '1', 'avatar', 'https://cdn.example.net/i.png', 'display_name', 'Ines Okafor')"), 'the customer is tied to it by a job';
is conversation(1, qw(customer_id worker_id state initiated_by)), '1|-|active|customer', 'it is the customer\'s and has no worker yet';
is event(@$_), 'new', $_->[0] for @life[2 .. 5];
is event(@{ $life[6] }), 'changed', 'a message is edited';
is event(@{ $life[7] }), 'same', 'an earlier edit comes too late';
is event(@$_), 'changed', $_->[0] for @life[8 .. 10];
is event(@{ $life[11] }), 'same', 'delivery never goes down';
is event(@{ $life[12] }), 'changed', 'the state changes';
is event(@{ $life[13] }), 'same', 'but not to an older one';
event(@$_) for @life[14 .. 16];
my $end = state();
like $end, qr/^\Q$IS\E\|1\|1\|\+4790000012\|\+15005550006\|closed\|2026-03-02 10:00:00\+00\|2026-03-02 10:00:05\+00\|2026-03-02 10:01:00\+00\|2026-03-02 10:02:00\+00\|2026-03-02 10:02:00\+00\|2026-03-02 13:00:00\+00$/m,
	'customer, worker, first reply, last inbound, end';
like $end, qr/0,inbound,\+4790000012,Hello,,,/, 'what the customer said';
like $end, qr/1,outbound,ana,"Hi there",,read,/, 'what the worker said, as last edited, and that it was read';
like $end, qr/2,inbound,\+4790000012,,,,/, 'what was removed is gone';

# -- every event again
is event(@$_), 'same', "$_->[0] again" for @life;
is state(), $end, 'changes nothing';

# -- in any order: backwards, and by a fixed shuffle
my $seed = 1;
my @orders = ([ reverse 0 .. $#life ], map { my @o = 0 .. $#life; for my $i (reverse 1 .. $#o) { $seed = ($seed * 1103515245 + 12345) % 2**31; my $j = ($seed >> 8) % ($i + 1); @o[$i, $j] = @o[$j, $i] } \@o } 1 .. 25);
my $wrong = 0;
for my $order (@orders) {
	$db->sql('DELETE FROM frontline.message; DELETE FROM frontline.conversation; TRUNCATE frontline_queue.job, frontline_queue.lane, frontline_queue.seen');
	for my $i (@$order) { event(@{ $life[$i] }); event(@{ $life[$i] }) }
	is state(), $end, "order @$order" or $wrong++;
	last if $wrong > 2;
}

# -- who is tied to what
is event('participant_added', sid('CH', 2), $IS, sid('MB', 'u'), undef, '+4790000000', '+15005550006', undef, at('10:00')), 'new', 'an unknown sender';
is jobs(2), '', 'gets no job';
is conversation(2, qw(customer_id customer_address state)), '-|+4790000000|active', 'but a conversation';
like event('participant_added', sid('CH', 3), $IS, sid('MB', 's'), undef, '+4790000099', '+15005550006', undef, at('10:00')), qr/^new: 2 customers have this address, customer \d was taken$/, 'several are told';
like event('participant_added', sid('CH', 4), $IS, sid('MB', 't'), undef, '+4790000099', 'whatsapp:+15005550006', '5', at('10:00')), qr/customer 5 was taken$/, 'what the app has chosen counts';
event('participant_added', sid('CH', 5), $IS, sid('MB', 'v'), undef, '+4790000012', 'whatsapp:+15005550006', '5', at('10:00'));
is conversation(5, 'customer_id'), '1', 'unless it does not have the address';
is event('participant_added', sid('CH', 5), $IS, sid('MB', 'x'), 'nobody we know', undef, undef, undef, at('10:00')), 'ignored: neither an address nor the identity of a worker', 'an unknown identity is ignored';
is conversation(5, 'worker_id'), '-', 'and gets no rights';
event('participant_added', sid('CH', 6), $IS, sid('MB', 'br'), undef, 'whatsapp:+551187654321', 'whatsapp:+15005550006', undef, at('10:00'));
is conversation(6, 'customer_id', 'customer_address'), '2|whatsapp:+551187654321', 'spellings meet, and the one that Twilio uses is kept';

# -- workers come and go
event('participant_added', sid('CH', 7), $IS, sid('MB', '7a'), 'ana', undef, undef, undef, at('10:00'));
event('participant_added', sid('CH', 7), $IS, sid('MB', '7b'), 'ben', undef, undef, undef, at('11:00'));
is conversation(7, 'worker_id'), 2, 'who came last is in charge';
event('participant_removed', sid('CH', 7), $IS, sid('MB', '7b'), 'ben', at('12:00'));
is conversation(7, 'worker_id'), 1, 'until leaving';
event('participant_removed', sid('CH', 7), $IS, sid('MB', '7a'), 'ana', at('12:01'));
is conversation(7, 'worker_id'), '-', 'then nobody is';

# -- one open conversation to a pair
my @pair = ('+4790000077', '+15005550006');
event('participant_added', sid('CH', 10), $IS, sid('MB', 'p1'), undef, @pair, undef, at('10:00'));
event('participant_added', sid('CH', 11), $IS, sid('MB', 'p2'), undef, @pair, undef, at('11:00'));
is conversation(10, 'state') . conversation(11, 'customer_address'), 'closed+4790000077', 'the younger conversation has the pair, the older counts as closed';
event('conversation_added', sid('CH', 12), $IS, @pair, 'active', at('09:00'), at('09:00'));
is conversation(11, 'state') . conversation(12, 'customer_address'), 'active-', 'a late event of an older one takes nothing away';
event('participant_removed', sid('CH', 11), $IS, sid('MB', 'p2'), undef, at('12:00'));
is conversation(11, 'state', 'customer_address'), 'active|-', 'a customer who leaves frees the pair';
event('participant_added', sid('CH', 13), $IS, sid('MB', 'p3'), undef, @pair, undef, at('12:01'));
is conversation(11, 'state') . conversation(13, 'customer_address'), 'active+4790000077', 'for the next';
# two that claim it at once, crosswise
my %a = (%fcgi, session => 'a');
my %b = (%fcgi, session => 'b');
sub conflict { return "SELECT * FROM frontline.note_conflict('" . sid('CH', $_[0]) . "', '" . sid('CH', $_[1]) . "')" }
my $claim = sub { my ($n, $when) = @_; return "SELECT * FROM frontline_api.participant_added('" . sid('CH', $n) . "', NULL, '" . sid('MB', "c$n") . "', NULL, '+4790000088', '+15005550006', NULL, '$when')" };
$db->sql('BEGIN; SET LOCAL lock_timeout = 0; ' . $claim->(15, at('10:00')), %a);
my $other = $db->start('SET lock_timeout = 0; SET statement_timeout = 0; ' . $claim->(16, at('11:00')), %b);
$db->wait_for_lock;
$db->sql('COMMIT', %a);
unlike $db->finish($other), qr/ERROR/, 'two at once wait for each other and do not fail';
is conversation(15, 'state') . conversation(16, 'state'), 'closedactive', 'with the same end';
event('conversation_removed', sid('CH', 16), $IS, at('14:00'));
is conversation(16, 'state', 'closed_at'), 'closed|2026-03-02 14:00:00+00', 'a removed conversation is closed';
# what the calls complain of: each waits, for what is locked here or for one before it, until all do
sub together { my ($block, @calls) = @_;
	$db->sql("BEGIN; $block", session => 'dba');
	my @waiting;
	for my $call (@calls) {
		push @waiting, $db->start("SET lock_timeout = 0; SET statement_timeout = 0; $call", session => 'circle' . @waiting);
		$db->wait_for_lock(scalar @waiting);
	}
	$db->sql('COMMIT', session => 'dba');
	return join ' ', map { $db->finish($_) =~ /ERROR:[^\n]*/g } @waiting }
sub row { my ($table, $n) = @_; return "SELECT FROM frontline.$table WHERE ${table}_" . ($table eq 'customer' ? "id = $n" : "sid = '" . sid($table eq 'message' ? 'IM' : 'CH', $n) . "'") . ' FOR UPDATE' }
# whoever needs several conversations locks them in one order: each of the two needs both
for my $case ([ 'conflicts told crosswise', 60, 61, '+4790000089', sub { conflict(@_) } ],
	[ 'a conflict and a claim of the pair', 62, 63, undef, sub { $claim->($_[1], at('11:00')) } ],
	[ 'the other way round', 65, 64, undef, sub { $claim->($_[1], at('11:00')) } ]) {
	my ($name, $has, $wants, $address, $second) = @$case;
	event('participant_added', sid('CH', $has), $IS, sid('MB', "c$has"), undef, '+4790000088', '+15005550006', undef, at('10:00'));
	event('conversation_added', sid('CH', $wants), $IS, $address, '+15005550006', 'active', at('10:30'), at('10:30'));
	is together(row(conversation => $has), conflict($wants, $has), $second->($has, $wants)), '', "$name wait, and not in a circle";
	event('conversation_removed', sid('CH', $_), $IS, at('14:00')) for $has, $wants;
}

# -- delivery
$db->sql("INSERT INTO frontline.message (message_sid, conversation_sid, direction, created_at) VALUES ('" . sid('IM', 'd') . "', '" . sid('CH', 1) . "', 'outbound', now())");
sub deliver { my ($status, $code, $n, $m) = @_; return event('delivery_updated', sid('CH', $n // 20), $IS, sid('IM', $m // 'd'), $status, $code, at('15:00')) }
my @ladder;
for my $status (qw(queued sent failed sent undelivered delivered failed read delivered bogus)) { push @ladder, deliver($status) }
is "@ladder", 'changed changed changed same same changed same changed same ignored: unknown status', 'delivery climbs: a failure stays unless it arrived after all';
event('participant_added', sid('CH', 20), $IS, sid('MB', 'dd'), undef, '+4790000012', '+15005550006', undef, at('10:00'));
is deliver('undelivered', 30005, 20, 'e'), 'new: the address cannot be reached', 'an unknown handset';
is see("SELECT value FROM frontline.channel WHERE invalid_at IS NOT NULL"), '+4790000012', 'is not offered any more';
event('delivery_updated', sid('CH', 20), $IS, sid('IM', 'f'), 'delivered', undef, at('16:00'));
is see("SELECT value FROM frontline.channel WHERE invalid_at IS NOT NULL"), '', 'until something arrives';
is deliver('failed', 21610, 20, 'g'), 'new: the customer has opted out', 'an opt-out';
deliver('failed', 21610, 20, 'g');
is see('SELECT channel_type || match_key || state FROM frontline.consent_event'), 'sms+4790000012opted_out', 'is taken down once';
like deliver('failed', 63016, 20, 'h'), qr/approved template/, 'outside the session';
is see("SELECT error_code FROM frontline.message WHERE message_sid = '" . sid('IM', 'h') . "'"), 63016, 'the code stays with the message';

# -- what is odd
is event('message_added', sid('CH', 21), $IS, sid('IM', 'odd'), 0, 'system', "d'oh", '{not json', at('10:00')), 'new', 'media that is no JSON';
is see("SELECT direction || body || coalesce(media::text, '-') FROM frontline.message WHERE message_sid = '" . sid('IM', 'odd') . "'"), "outboundd'oh-", 'is left out';
is conversation(21, qw(first_reply_at last_inbound_at last_message_at)), '-|-|2026-03-02 10:00:00+00', 'the system\'s words are nobody\'s reply';
like $db->error("SELECT * FROM frontline_api.conversation_updated('bad', NULL, 'active', now())", %fcgi), qr/violates check constraint/, 'a SID that is none is refused';
is event('conversation_updated', sid('CH', 22), '', 'unheard of', undef), 'same', 'an unknown state changes nothing';
is conversation(22, qw(service_sid state)), '-|active', 'of a conversation made on the fly';

# -- whoever merges or erases customers waits for events, and they for it, but nobody in a circle
$db->sql("INSERT INTO frontline.customer (customer_id, display_name) SELECT n, 'C' || n FROM generate_series(20, 27) n;
	INSERT INTO frontline.channel (customer_id, type, value) SELECT n, 'sms', '+47900002' || n FROM generate_series(20, 27) n WHERE n <> 22");
sub join_in { my ($n, $customer, $when, $mb) = @_; return ('participant_added', sid('CH', $n), $IS, sid('MB', $mb // "j$n"), undef, "+47900002$customer", '+15005550006', undef, at($when)) }
sub call { my ($function, @arguments) = @_; return "SELECT * FROM frontline_api.$function(" . join(', ', map { quote($_) } @arguments) . ')' }
sub merge { return "SELECT frontline.merge_customer($_[0], $_[1])" }
event(join_in(70, 20, '10:00'));
is together(row(conversation => 70), call(join_in(71, 20, '11:00')), merge(20, 27)), '', 'a merge, and a conversation that takes over the pair';
is conversation(70, qw(state customer_id)) . conversation(71, qw(state customer_id)), 'closed|27active|27', 'and both are the other customer\'s';
event(join_in(72, 21, '10:00'));
event('message_added', sid('CH', 72), $IS, sid('IM', 72), 0, '+4790000221', 'Hello', undef, at('10:01'));
event('conversation_removed', sid('CH', 72), $IS, at('10:02'));
is together(row(message => 72), 'SELECT frontline.erase_customer(21)', call('message_updated', sid('CH', 72), $IS, sid('IM', 72), 0, '+4790000221', 'Secret', undef, at('10:01'), at('10:03'))),
	'', 'an erasure, and a change of a message';
is see("SELECT count(*) FROM frontline.message WHERE body IN ('Hello', 'Secret') AND conversation_sid = '" . sid('CH', 72) . "'"), 0, 'which brings nothing back';
event(join_in(73, 22, '10:00'));
$db->sql("INSERT INTO frontline.channel (customer_id, type, value) VALUES (22, 'sms', '+4790000222')");
is together(row(customer => 22), merge(22, 27), call('delivery_updated', sid('CH', 73), $IS, sid('IM', 73), 'undelivered', 30005, at('15:00'))), '', 'a merge, and an address that cannot be reached';
is see("SELECT customer_id FROM frontline.channel WHERE value = '+4790000222' AND invalid_at IS NOT NULL"), 27, 'and it is marked at the new owner\'s';
$db->sql(merge(23, 24));
like together(row(customer => 24), merge(24, 27), 'SELECT frontline.erase_customer(24)'), qr/^ERROR:  (?:customer 24 was merged into 27: erase that one|merge_customer\(24, 27\): two customers that are not deleted are needed)$/,
	'of a merge and an erasure of one who was merged before one comes too late';
{
	# of three who share an address the first becomes part of the last while that one's erasure waits for a conversation; a status is about to mark the address of all
	event('participant_added', sid('CH', 76), $IS, sid('MB', 'j76'), undef, '+4790000300', '+15005550006', undef, at('10:00'));
	$db->sql("INSERT INTO frontline.customer (customer_id, display_name) SELECT n, 'C' || n FROM generate_series(30, 32) n;
		INSERT INTO frontline.channel (customer_id, type, value, shared) SELECT n, 'sms', '+4790000300', true FROM generate_series(30, 32) n");
	event('participant_added', sid('CH', 78), $IS, sid('MB', 'j78'), undef, '+4790000300', '+15005550007', 32, at('10:00'));
	$db->sql('BEGIN; UPDATE frontline.customer SET merged_into_id = 32, deleted_at = now() WHERE customer_id = 30', session => 'dba');
	$db->sql('BEGIN; ' . row(customer => 31), session => 'dba2');
	$db->sql('BEGIN; ' . row(conversation => 78), session => 'dba3');
	my @waiting = $db->start('SET lock_timeout = 0; SELECT frontline.erase_customer(32)', session => 'circle0');
	$db->wait_for_lock;
	push @waiting, $db->start('SET lock_timeout = 0; SET statement_timeout = 0; ' . call('delivery_updated', sid('CH', 76), $IS, sid('IM', 76), 'undelivered', 30005, at('15:00')), session => 'circle1');
	$db->wait_for_lock(2);
	for my $session ('dba', 'dba3', 'dba2') {
		$db->sql('COMMIT', session => $session);
		$db->wait_for_lock(2) if $session ne 'dba2';
	}
	is join(' ', map { $db->finish($_) =~ /ERROR:[^\n]*/g } @waiting), '', 'an erasure of one whom another one has become part of meanwhile waits, and not in a circle';
	is see('SELECT count(*) FROM frontline.customer WHERE customer_id IN (30, 32) AND erased_at IS NOT NULL'), 2, 'and both are erased';
}
{
	# a conversation gets the customer while the merge waits for one it had; another one, which needs both, has come as far as its participant
	event('participant_added', sid('CH', 77), $IS, sid('MB', 'j77'), undef, '+4790000225', '+15005550007', undef, at('10:00'));
	$db->sql('BEGIN; ' . row(conversation => 77), session => 'dba');
	my @waiting = $db->start('SET lock_timeout = 0; ' . merge(25, 27), session => 'circle0');
	$db->wait_for_lock;
	event(join_in(74, 25, '10:00'));
	$db->sql("BEGIN; INSERT INTO frontline.participant (participant_sid, conversation_sid, role, removed_at) VALUES ('" . sid('MB', 'late') . "', '" . sid('CH', 1) . "', 'other', now())", session => 'dba2');
	push @waiting, $db->start('SET lock_timeout = 0; SET statement_timeout = 0; ' . call(join_in(75, 25, '11:00', 'late')), session => 'circle1');
	$db->wait_for_lock(2);
	$db->sql('COMMIT', session => 'dba');
	$db->wait_for_lock(2);
	$db->sql('ROLLBACK', session => 'dba2');
	is join(' ', map { $db->finish($_) =~ /ERROR:[^\n]*/g } @waiting), '', 'a conversation that gets the customer meanwhile is waited for, too';
	is conversation(74, 'customer_id'), 27, 'and merged';
}
{
	# an import, say, has the customer for long
	$db->sql('BEGIN; ' . row(customer => 27), session => 'dba');
	my $erasure = $db->start('BEGIN; SET LOCAL lock_timeout = 0; SELECT frontline.erase_customer(27); ROLLBACK', session => 'circle0');
	$db->wait_for_lock;
	is $db->error(call('message_added', sid('CH', 74), $IS, sid('IM', 74), 0, '+4790000225', 'Hello', undef, at('11:30')), %fcgi), '', 'an erasure that waits for a customer holds no conversation';
	$db->sql('COMMIT', session => 'dba');
	unlike $db->finish($erasure), qr/ERROR/, 'and comes to its end';
}
for my $case ([ 80, 81 ], [ 81, 80 ]) {
	# jobs are locked in the order of their lanes, whichever was made or is due first
	my ($due, $later) = @$case;
	$db->sql('TRUNCATE frontline_queue.job, frontline_queue.lane, frontline_queue.seen');
	event(join_in($_, 26, '10:00', "c$_$due")) for 81, 80;
	$db->sql("UPDATE frontline_queue.lane SET ready_at = now() - interval '1 hour' WHERE key = '" . sid('CH', $due) . "'");
	is together("SELECT FROM frontline_queue.job WHERE key = '" . sid('CH', $due == 80 ? 81 : 80) . "' FOR UPDATE", 'BEGIN; SELECT frontline.erase_customer(26); ROLLBACK',
		"SELECT count(*) FROM frontline_queue.claim('conversations', 10)"), '', "an erasure, and a claim of lanes of which $due waited longest";
}
{
	# a job is given up while an erasure waits for it
	$db->sql('TRUNCATE frontline_queue.job, frontline_queue.lane, frontline_queue.seen');
	event(join_in(82, 26, '12:00', 'c82'));
	my ($job) = $db->rows("SELECT key, seq, token FROM frontline_queue.claim('conversations', 10)", %relay);
	$db->sql("BEGIN; SELECT frontline_queue.finish('conversations', '$job->[0]', $job->[1], $job->[2], 'dead', NULL, 'refused')", %relay, session => 'r');
	my $erasure = $db->start('SET lock_timeout = 0; SELECT frontline.erase_customer(26)', session => 'circle0');
	$db->wait_for_lock;
	$db->sql('COMMIT', %relay, session => 'r');
	unlike $db->finish($erasure), qr/ERROR/, 'an erasure that waited for a job which is a dead letter now';
	is see("SELECT payload ->> 'customer_id' || (payload ? 'display_name') FROM frontline_queue.dead WHERE key = '$job->[0]'"), '26false', 'takes the name out of that';
}

# -- erasure reaches the queue; repetitions do not bring back what was erased
event('participant_added', sid('CH', 30), $IS, sid('MB', 'er'), undef, '+4790000012', 'whatsapp:+15005550006', undef, at('17:00'));
my @said = ('message_added', sid('CH', 30), $IS, sid('IM', 'er'), 0, '+4790000012', 'My secret', undef, at('17:01'));
event(@said);
$db->sql("INSERT INTO frontline_queue.dead (destination_id, key, job_id, kind, payload, attempts, created_at, buried_at) SELECT destination_id, key, job_id, kind, payload, 1, now(), now() FROM frontline_queue.job WHERE payload ->> 'customer_id' = '1'");
$db->sql('SELECT frontline.erase_customer(1)', user => 'frontline_dba');
is see("SELECT count(*) FROM (SELECT payload FROM frontline_queue.job UNION ALL SELECT payload FROM frontline_queue.dead) x WHERE payload::text ~ 'Ines|png'"), 0, 'an erased name is not in the queue';
event(@said);
is see("SELECT count(*) FROM frontline.message WHERE body = 'My secret' OR author = '+4790000012' AND conversation_sid = '" . sid('CH', 30) . "'"), 0, 'and a repeated event does not bring back what was said';

# -- the roster
sub roster { my ($n, $interval) = @_; return $db->list("SELECT identity FROM frontline.list_workers_to_poll($n, '$interval') ORDER BY 1", %relay) }
sub told { return $db->list('SELECT frontline.note_worker(' . join(', ', map { quote($_) } @_) . ')', %relay) }
is roster(10, '1 hour'), 'ana ben', 'all are asked about';
is roster(10, '1 hour'), '', 'once in the interval';
is roster(1, '0'), 'ana', 'whoever waited longest first';
my $US = sid('US', 'ana');
is told('ana', $US, "Ana \t Berg", 'https://cdn.example.net/a.png', 'active', 'true'), 'changed', 'what Frontline says';
is see("SELECT concat_ws('|', sid, friendly_name, avatar, state, is_available) FROM frontline.worker WHERE identity = 'ana'"), "$US|Ana Berg|https://cdn.example.net/a.png|active|t", 'is written down';
my $audited = see('SELECT count(*) FROM frontline.audit_log');
is told('ana', $US, 'Ana Berg', undef, undef, 'true'), 'same', 'the same again';
is see('SELECT count(*) FROM frontline.audit_log'), $audited, 'is not audited';
is told('ana', 'bad', "\x{7}", 'http://x', 'odd', 'false'), 'changed', 'what the table would refuse';
is see("SELECT concat_ws('|', sid, friendly_name, avatar, state, is_available) FROM frontline.worker WHERE identity = 'ana'"), "$US|Ana Berg|https://cdn.example.net/a.png|active|f", 'does not hide who is away';
is told('ben', $US, undef, undef, undef, 'true'), 'changed', 'a SID that somebody else has is not taken';
is see("SELECT concat_ws('|', sid, is_available) FROM frontline.worker WHERE identity = 'ben'"), 't', 'the rest is';
is $db->list("SELECT frontline.note_worker_absent('ben')", %relay), 'changed', 'who is no user of Frontline';
is see("SELECT is_available FROM frontline.worker WHERE identity = 'ben'"), 'f', 'is away';
is told('zoe', undef, undef, undef, undef, 'true'), 'unknown', 'nobody is added to the roster';
$db->sql("BEGIN; SELECT * FROM frontline.list_workers_to_poll(1, '0')", %relay, session => 'a');
is roster(10, '0'), 'ana', 'relays share it, and do not wait for each other';
$db->sql('ROLLBACK', %relay, session => 'a');

# -- everything at once: nobody waits in a circle, whatever order the events come in
$db->sql(<<'SQL');
TRUNCATE frontline_queue.job, frontline_queue.lane, frontline_queue.seen;
DELETE FROM frontline.message; DELETE FROM frontline.conversation;
UPDATE frontline.worker SET is_available = true, capacity = 3;
INSERT INTO frontline.team (name) VALUES ('All');
INSERT INTO frontline.team_worker (team_id, worker_id) SELECT 1, worker_id FROM frontline.worker;
INSERT INTO frontline.routing_rule (position, target, team_id, strategy) VALUES (10, 'team', 1, 'least_busy');
SQL
sub dice { my ($sides) = @_; $seed = ($seed * 1103515245 + 12345) % 2**31; return ($seed >> 8) % $sides }
my @storm;
for my $session (1 .. 4) {
	my @calls;
	for (1 .. 400) {
		my ($c, $d) = map { "'" . sid('CH', $_) . "'" } dice(12), dice(12);
		my $pair = "'+479000020" . dice(3) . "', '+15005550006'";
		my $t = "now() - interval '" . dice(1000) . " seconds'";
		my $mb = "'MB' || md5('" . dice(1_000_000) . "')";
		push @calls, (
			"frontline_api.route_conversation($c, NULL, $pair, 'active', 'ana')", "frontline_api.conversation_added($c, NULL, $pair, 'active', $t, $t)",
			"frontline_api.participant_added($c, NULL, $mb, NULL, $pair, NULL, $t)", "frontline_api.participant_added($c, NULL, $mb, 'ben', NULL, NULL, NULL, $t)",
			"frontline_api.participant_removed($c, NULL, $mb, 'ben', $t)", "frontline_api.message_added($c, NULL, 'IM' || md5('" . dice(50) . "'), 0, '+4790000200', 'x', NULL, $t)",
			"frontline_api.delivery_updated($c, NULL, 'IM' || md5('" . dice(50) . "'), 'delivered', NULL, $t)", "frontline.route_unrouted('0', 'ana', 5)", "frontline.note_conflict($c, $d)",
			"frontline_queue.claim('conversations', 3) j, frontline_queue.finish('conversations', j.key, j.seq, j.token, 'sent', NULL, NULL)")[dice(10)];
	}
	push @storm, $db->start(join(";\n", map { "SELECT count(*) FROM $_" } @calls), session => "storm$session");
}
my $said = join '', map { $db->finish($_) } @storm;
is join(' ', $said =~ /ERROR:[^\n]*/g), '', 'a storm of all that is written, on few conversations, fails nowhere';
is scalar(() = $said =~ /^\d+$/mg), 1600, 'every call has its answer';
is see('SELECT count(*) FROM frontline_queue.lane l WHERE head_seq <= last_seq AND NOT EXISTS (SELECT FROM frontline_queue.job j WHERE j.key = l.key AND j.seq = l.head_seq)'), 0, 'and every lane its head';

done_testing;
