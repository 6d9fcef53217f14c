#!/usr/bin/perl
# The events of Conversations: each is written down before it is answered, a
# repetition changes nothing, and what a customer wrote is not lost.
use strict;
use warnings;
use utf8;
use POSIX ();
use Stage;
use Test::More;

my $stage = Stage->new(pg_errors => [
	qr/no commit today/,
	qr/canceling statement due to (?:lock|statement) timeout/,
]);

sub sid {
	my ($kind, $n) = @_;

	return $kind . sprintf '%032x', $n;
}

my $is = sid('IS', 1);
my @binding = ('MessagingBinding.Address' => '+467017406901',
    'MessagingBinding.ProxyAddress' => '+15005550006');

sub request {
	my ($event, $fields, %how) = @_;

	return $stage->webhook($event, [ConversationSid => sid('CH', 1),
		ChatServiceSid => $is, @$fields], %how);
}

sub event {
	return scalar $stage->fetch_all(request(@_));
}

sub last_line {
	return ($stage->log_lines)[-1];
}

# An event that is taken, with what the log says of it.
sub taken {
	my ($event, $fields, $outcome, $what, %how) = @_;
	my $answer = event($event, $fields, %how);

	is($answer->{status}, 200, "$what: 200") or diag($answer->{body});
	is($answer->{body}, '{}', "$what: {}");
	is(last_line()->{outcome}, $outcome, "$what: $outcome");
	is(last_line()->{action}, $event, "$what: by name");
}

sub twice {
	my ($event, $fields, $outcome, $what, %how) = @_;

	taken($event, $fields, $outcome, $what, %how);
	taken($event, $fields, 'same', "$what, once more", %how);
}

sub refused {
	my ($answer, $status, $code, $what) = @_;

	is($answer->{status}, $status, "$what: $status");
	is($answer->{json}{error}{code}, $code, "$what: $code");
}

sub see {
	my ($sql) = @_;
	my $text = $stage->sql($sql);

	utf8::decode($text);
	return $text;
}

sub conversation {
	my ($n) = @_;

	return see("SELECT service_sid = '$is', customer_id, customer_address,
	    proxy_address, state, initiated_by, created_at AT TIME ZONE 'UTC'
	    FROM frontline.conversation
	    WHERE conversation_sid = '" . sid('CH', $n // 1) . "'");
}

sub message {
	my ($n, @columns) = @_;

	return see('SELECT ' . join(', ', @columns) . " FROM frontline.message
	    WHERE message_sid = '" . sid('IM', $n) . "'");
}

$stage->sql(<<'END');
INSERT INTO frontline.customer (customer_id, display_name, avatar) VALUES (900001, 'Ines Okafor', 'https://cdn.example/a.png'),
  (900002, 'Same Address', NULL);
INSERT INTO frontline.channel (customer_id, type, value, shared) VALUES (900001, 'sms', '+467017406901', true),
  (900002, 'sms', '+467017406901', true), (900002, 'sms', '+467017406902', false);
END

# A conversation, from its beginning to its end.
twice('onConversationAdded', [@binding, State => 'active', Attributes => '{}',
	DateCreated => '2026-03-02T10:00:00.123Z',
	DateUpdated => '2026-03-02T10:00:00.123Z'], 'new',
    'a conversation begins');
is(conversation(), 't|900001|+467017406901|+15005550006|active|customer|' .
    '2026-03-02 10:00:00.123', 'it is in the database');
is(last_line()->{conversation}, sid('CH', 1), 'and its SID in the log');

twice('onParticipantAdded', [@binding, ParticipantSid => sid('MB', 1),
	'MessagingBinding.Type' => 'SMS', RoleSid => sid('RL', 1),
	Attributes => '{"customer_id":"900002"}',
	DateCreated => '2026-03-02T10:00:01Z'], 'new', 'the customer comes');
is(see(q(SELECT role, added_at AT TIME ZONE 'UTC' FROM frontline.participant)),
    'customer|2026-03-02 10:00:01', 'the customer is in the database');
is(see(q(SELECT kind, payload ->> 'customer_id', payload ->> 'service_sid'
    FROM frontline_queue.job)),
    "participant.attributes|900002|$is", 'and a job is on its way, once');
{
	my ($line) = grep { ($_->{action} // '') eq 'onParticipantAdded' &&
	    $_->{outcome} eq 'new' } $stage->log_lines;

	is($line->{note},
	    '2 customers have this address, customer 900002 was taken',
	    "the log has the database's note");
}
twice('onParticipantAdded', [ParticipantSid => sid('MB', 2),
	Identity => Stage::WORKER, 'MessagingBinding.Type' => 'CHAT',
	DateCreated => '2026-03-02T10:00:05Z'], 'new', 'a worker comes');
is(see(q(SELECT w.identity FROM frontline.conversation
    JOIN frontline.worker w USING (worker_id)
    WHERE conversation_sid = 'CH00000000000000000000000000000001')), Stage::WORKER,
    'and is in charge');
taken('onParticipantAdded', [ParticipantSid => sid('MB', 3), @binding,
	Identity => 'stranger@example.com'], 'ignored',
    'who has an identity is no customer');
is(see('SELECT count(*) FROM frontline_queue.job'), '1', 'and gets no job');

twice('onMessageAdded', [MessageSid => sid('IM', 1), Index => 0,
	Author => '+467017406901', Body => 'Grüße 😀', DateCreated =>
	'2026-03-02T10:00:02Z', ParticipantSid => sid('MB', 1),
	Media => '[{"Sid":"ME1","ContentType":"image/png"}]'], 'new',
    'a message');
is(message(1, 'message_index', 'direction', 'author', 'body',
    q(media -> 0 ->> 'Sid')), '0|inbound|+467017406901|Grüße 😀|ME1',
    'the message is in the database');
twice('onMessageUpdated', [MessageSid => sid('IM', 1), Index => 0,
	Author => '+467017406901', Body => 'Grüezi', DateCreated =>
	'2026-03-02T10:00:02Z', DateUpdated => '2026-03-02T10:01:00Z'],
    'changed', 'it is changed');
is(message(1, 'body', q(edited_at AT TIME ZONE 'UTC')),
    'Grüezi|2026-03-02 10:01:00', 'the change is in the database');

taken('onMessageAdded', [MessageSid => sid('IM', 2), Index => 1,
	Author => Stage::WORKER, Body => 'Hello', DateCreated =>
	'2026-03-02T10:02:00Z'], 'new', 'a reply');
twice('onDeliveryUpdated', [MessageSid => sid('IM', 2), Status => 'sent',
	DateCreated => '2026-03-02T10:02:01Z'], 'changed', 'it is sent');
twice('onDeliveryUpdated', [MessageSid => sid('IM', 2),
	DeliveryStatus => 'Delivered'], 'changed', 'in the other spelling');
taken('onDeliveryUpdated', [MessageSid => sid('IM', 2), Status => 'sent'],
    'same', 'an earlier state comes too late');
is(message(2, 'direction', 'delivery_status'), 'outbound|delivered',
    'the highest state is in the database');
twice('onDeliveryUpdated', [MessageSid => sid('IM', 3), Status => 'failed',
	ErrorCode => 30006], 'new', 'one that failed');
is(message(3, 'delivery_status', 'error_code'), 'failed|30006', 'and why');
taken('onDeliveryUpdated', [MessageSid => sid('IM', 3), Status => 'melted'],
    'ignored', 'an unknown status');
is(last_line()->{note}, 'unknown status', 'which the log tells');

twice('onMessageRemoved', [MessageSid => sid('IM', 1), Index => 0,
	Author => '+467017406901', DateCreated => '2026-03-02T10:00:02Z',
	DateRemoved => '2026-03-02T10:05:00Z'], 'changed',
    'a message is removed');
is(message(1, 'body IS NULL', q(removed_at AT TIME ZONE 'UTC')),
    't|2026-03-02 10:05:00', 'and its text is gone');

twice('onParticipantRemoved', [ParticipantSid => sid('MB', 2),
	Identity => Stage::WORKER, DateRemoved => '2026-03-02T10:06:00Z'],
    'changed', 'the worker leaves');
is(see(q(SELECT worker_id IS NULL FROM frontline.conversation
    WHERE conversation_sid = 'CH00000000000000000000000000000001')), 't',
    'nobody is in charge');
twice('onConversationUpdated', [State => 'inactive',
	DateUpdated => '2026-03-02T11:00:00Z'], 'changed', 'it is changed');
twice('onConversationStateUpdated', [StateFrom => 'inactive',
	StateTo => 'active', Reason => 'EVENT',
	StateUpdated => '2026-03-02T12:00:00Z'], 'changed', 'a state');
like(conversation(), qr/\|active\|/, 'the state is in the database');
twice('onConversationRemoved', [State => 'active',
	DateRemoved => '2026-03-02T13:00:00Z'], 'changed', 'it is removed');
is(see(q(SELECT state, closed_at AT TIME ZONE 'UTC'
    FROM frontline.conversation
    WHERE conversation_sid = 'CH00000000000000000000000000000001')),
    'closed|2026-03-02 13:00:00',
    'which is closed');

# The other path, the other name of the service, no service.
for (['ConversationServiceSid', 2], ['ChatServiceSid', 3]) {
	my ($name, $n) = @$_;
	my $answer = $stage->fetch_all($stage->webhook('onConversationAdded',
	    [ConversationSid => sid('CH', $n), $name => $is, @binding],
	    path => '/callbacks/twilio-conversations'));

	is($answer->{status}, 200, "$name, by the other path");
	like(conversation($n), qr/^t\|/, 'the service is in the database');
}

# A pair of which only Type says that it is WhatsApp's.
for (['WhatsApp', 'whatsapp:+467017406902|whatsapp:+15005550006'],
    ['sms', '+467017406902|+15005550006']) {
	my ($type, $pair) = @$_;
	my $n = $type eq 'sms' ? 11 : 10;

	is($stage->fetch_all($stage->webhook('onParticipantAdded', [
		ConversationSid => sid('CH', $n),
		ParticipantSid => sid('MB', $n),
		'MessagingBinding.Type' => $type,
		'MessagingBinding.Address' => '+467017406902',
		'MessagingBinding.ProxyAddress' => '+15005550006']))->{status},
	    200, "Type=$type");
	is(see("SELECT customer_address, proxy_address
	    FROM frontline.conversation WHERE conversation_sid = '" .
	    sid('CH', $n) . "'"), $pair, 'the pair is in the database');
}

# Addresses of every kind are text; of several the first counts.
{
	my $n = 20;

	for (['messenger:1234', 'messenger:1234'], ['rcs:agent', 'rcs:agent'],
	    ['40404', '40404'], ['TWILIO', 'TWILIO'], ['Inès', 'Inès'],
	    ['["+467017406931","+467017406932"]', '+467017406931'],
	    ['+467017406933, +467017406934', '+467017406933']) {
		my $answer = $stage->fetch_all($stage->webhook(
		    'onConversationAdded', [ConversationSid => sid('CH', ++$n),
			'MessagingBinding.Address' => $_->[0],
			'MessagingBinding.ProxyAddress' => '+15005550006']));

		is($answer->{status}, 200, "the address $_->[0]");
		is(see("SELECT customer_address FROM frontline.conversation
		    WHERE conversation_sid = '" . sid('CH', $n) . "'"),
		    $_->[1], 'as text');
	}
	like(last_line()->{note}, qr/Address has 2 addresses, the first/,
	    'of a list the log tells');
	is($stage->fetch_all($stage->webhook('onConversationAdded', [
		ConversationSid => sid('CH', ++$n), map { (
		    'MessagingBinding.Address' => "+46701740694$_",
		    'MessagingBinding.ProxyAddress' => '+15005550006') }
		1 .. 3]))->{status}, 200, 'a repeated address');
	like(last_line()->{note}, qr/Address has 3 addresses/, 'is a list');
}

# What a person wrote is mended, not refused.
{
	my $n = 100;

	for (["a\0b", "a\x{fffd}b", 'a NUL'],
	    ["a\xffb", "a\x{fffd}b", 'a byte that is no UTF-8'],
	    ["\xed\xa0\x80!", "\x{fffd}\x{fffd}\x{fffd}!", 'a surrogate'],
	    ["\xc3", "\x{fffd}", 'half a character'],
	    ['x' x 32768, 'x' x 32768, '32 kB'],
	    [' ', ' ', 'a blank']) {
		my ($body, $text, $what) = @$_;

		taken('onMessageAdded', [MessageSid => sid('IM', ++$n),
			Author => '+467017406901', Body => $body], 'new',
		    "a Body with $what");
		is(message($n, "translate(body, ' ', '_')"), $text =~ tr/ /_/r,
		    'is in the database');
	}
}

# What else is damaged does not cost the event.
{
	my $n = 200;

	for ([DateCreated => 'yesterday', 'DateCreated is no date'],
	    [DateCreated => '2026-02-30T00:00:00Z', 'DateCreated is no date'],
	    [DateCreated => "2026-03-02T10:00:02Z\0",
		'DateCreated is no date'],
	    [Index => '-1', 'Index is no number'],
	    [Index => '99999999999', 'Index is no number'],
	    [Media => '{}', 'Media is no JSON array'],
	    [Media => '[', 'Media is no JSON array'],
	    [Media => "[\"\xff\"]", 'Media is no JSON array'],
	    [Media => '["\\u0000"]', 'Media is no JSON array'],
	    [Media => '[' x 10000 . ']' x 10000, 'Media is no JSON array']) {
		my ($name, $value, $note) = @$_;

		taken('onMessageAdded', [MessageSid => sid('IM', ++$n),
			Author => '+467017406901', Body => 'kept',
			$name => $value], 'new', "a damaged $name");
		is(message($n, 'body'), 'kept', 'its text is in the database');
		is(last_line()->{note}, "$note and was left out",
		    'and the log tells');
	}
	for my $attributes ('', '{', '[1]', "\0", "\xff", '"x"',
	    '{"customer_id":[]}', '{"customer_id":"' . '9' x 400 . '"}',
	    '{"customer_id":1e3}', '{"customer_id":""}') {
		taken('onParticipantAdded', [@binding, ParticipantSid =>
			sid('MB', ++$n), Attributes => $attributes], 'new',
		    'Attributes that say nothing');
	}
	taken('onDeliveryUpdated', [MessageSid => sid('IM', ++$n),
		Status => 'failed', ErrorCode => 'none'], 'new',
	    'a damaged ErrorCode');
	is(message($n, 'delivery_status', 'error_code'), 'failed|',
	    'the state is in the database');
}
is($stage->fetch_all($stage->webhook('onParticipantAdded', [
	ConversationSid => sid('CH', 300), ParticipantSid => sid('MB', 300),
	'MessagingBinding.Address' => '+467017406901',
	'MessagingBinding.ProxyAddress' => '+15005550007',
	Attributes => '{"customer_id":900002}']))->{status}, 200,
    'customer_id may be a number');
is(see("SELECT customer_id FROM frontline.conversation
    WHERE conversation_sid = '" . sid('CH', 300) . "'"), '900002',
    'and counts');

# What cannot be understood.
my @message = (MessageSid => sid('IM', 900), Author => 'x', Body => 'x');
refused(event($_->[0], $_->[1]), 400, $_->[2], $_->[3]) for (
	['onMessageAdded', [@message, Author => 'y'], 'repeated_field',
	    'Author twice'],
	['onMessageAdded', [@message, Body => 'y'], 'repeated_field',
	    'Body twice'],
	['onMessageAdded', [Body => 'x'], 'missing_field', 'no MessageSid'],
	['onMessageAdded', [MessageSid => sid('SM', 1)], 'bad_field',
	    "another kind's SID"],
	['onMessageAdded', [@message[0, 1], Author => "a\0"], 'bad_field',
	    'an Author with a NUL'],
	['onMessageAdded', [@message[0, 1], Author => "a\xff"], 'bad_field',
	    'an Author that is no UTF-8'],
	['onMessageAdded', [@message[0, 1], Author => 'x' x 257], 'bad_field',
	    'an Author of 257 characters'],
	['onParticipantAdded', [], 'missing_field', 'no ParticipantSid'],
	['onParticipantRemoved', [ParticipantSid => 'MB1'], 'bad_field',
	    'a short SID'],
	['onConversationStateUpdated', [State => 'closed'], 'missing_field',
	    'no StateTo'],
	['onDeliveryUpdated', [@message[0, 1]], 'missing_field', 'no Status'],
	['onConversationAdded', ['MessagingBinding.Address' => "+44\0"],
	    'bad_field', 'an address with a NUL'],
	['onConversationUpdated', [ConversationServiceSid => 'IS1'],
	    'bad_field', 'a service that is none'],
);
for my $bad ('CH1', sid('MB', 1), uc sid('CH', 0xabc), sid('CH', 1) . "\0",
    sid('CH', 1) . '0', '') {
	my $answer = $stage->fetch_all($stage->webhook('onConversationAdded',
	    [ConversationSid => $bad]));

	refused($answer, 400, $bad eq '' ? 'missing_field' : 'bad_field',
	    'a ConversationSid that is none');
}
is(message(900, 'count(*)'), '0', 'none of which got into the database');

# Who asks.
refused(event('onMessageAdded', \@message, signature => 'A' x 27 . '='), 403,
    'bad_signature', 'a wrong signature');
{
	my @foreign = (EventType => 'onMessageAdded',
	    ConversationSid => sid('CH', 1), @message);

	refused($stage->fetch_all($stage->signed('/callbacks/conversations',
	    [AccountSid => $_, @foreign])), 403, 'foreign_account',
	    'another account') for 'AC' . '9' x 32, Stage::ACCOUNT . "\0",
	    substr Stage::ACCOUNT, 0, 33;
	refused($stage->fetch_all($stage->signed('/callbacks/conversations',
	    [AccountSid => Stage::ACCOUNT, AccountSid => 'AC' . '9' x 32,
		@foreign])), 403, 'foreign_account', 'two accounts');
	is(message(900, 'count(*)'), '0', 'and nothing is written');
}

# Events that need nothing, known or not: no database either.
$stage->stop_postgres;
for my $event (qw(onConversationUpdate onConversationRemove onParticipantAdd
    onParticipantUpdate onParticipantUpdated onParticipantRemove onMessageAdd
    onMessageUpdate onMessageRemove onUserAdded onUserUpdate onUserUpdated)) {
	my $answer = $stage->fetch_all($stage->webhook($event,
	    [Body => "\xff\0"]));

	is($answer->{status} . $answer->{body}, '200{}',
	    "$event changes nothing");
	is(last_line()->{action}, $event, 'and is in the log');
}
for ([['EventType', 'onTeaTime'], q(the EventType 'onTeaTime' is not one of ours)],
    [['EventType', ''], q(the EventType '' is not one of ours)],
    [['EventType', 'onmessageadded'], q(the EventType 'onmessageadded' is not one of ours)],
    [['EventType', "onMessageAdded\0"], q(the EventType 'onMessageAdded' is not one of ours)],
    [['EventType', qq(a"b\n) . 'x' x 200], q(the EventType 'a'b\x0a) . 'x' x 60 . q(' is not one of ours)],
    [['EventType', 'onMessageAdded', 'EventType', 'onMessageAdded'], 'EventType is given more than once'],
    [['Body', 'x'], 'EventType is missing']) {
	my ($fields, $reason) = @$_;
	my $answer = $stage->fetch_all($stage->signed(
	    '/callbacks/conversations', $fields));

	is($answer->{status} . $answer->{body}, '200{}', $reason);
	is(last_line()->{reason}, $reason, 'and the log tells');
	is(last_line()->{action}, '-', 'under no name');
}

# The database is away, locked, or does not keep what it was told.
{
	my $answer = in_time(2, sub { event('onMessageAdded', \@message) }, sub {
		$stage->start_postgres;
		$stage->wait_database;
		$stage->stop_postgres;
	});

	refused($answer, 503, 'unavailable', 'no database');
	ok($answer->{seconds} < 2, 'within 2 s') or diag($answer->{seconds});
	$stage->start_postgres;
	$stage->wait_database;
}
$stage->sql(<<'END');
CREATE FUNCTION public.no_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no commit today'; END $$;
CREATE CONSTRAINT TRIGGER no_commit AFTER INSERT ON frontline.message DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION public.no_commit();
END
refused(event('onMessageAdded', \@message), 503, 'unavailable',
    'a commit that fails');
$stage->sql('DROP TRIGGER no_commit ON frontline.message');
{
	my $session = $stage->session;

	$stage->lock_table($session, 'frontline.conversation');
	my $answer = in_time(2, sub { event('onMessageAdded', \@message) });
	refused($answer, 503, 'unavailable', 'a locked table');
	ok($answer->{seconds} < 2, 'within 2 s') or diag($answer->{seconds});
	$stage->end_session($session);
}
is(message(900, 'count(*)'), '0', 'nothing of which is in the database');
is(event('onMessageAdded', \@message)->{status}, 200, 'it is repeated');
is(message(900, 'count(*)'), '1', 'and the repetition is');

# The same events at the same time, in both processes.
{
	my @pids = map {
		my $pid = fork // die "fork: $!";

		if (!$pid) {
			$stage->fetch_all(map { (
			    request('onConversationUpdated', []),
			    $stage->webhook('onMessageAdded', [ConversationSid =>
				sid('CH', 500 + $_), MessageSid =>
				sid('IM', 500 + $_), Author => '+467017406901',
				Body => 'once'])) } 1 .. 20);
			POSIX::_exit(0);
		}
		$pid;
	} 1 .. 4;
	waitpid $_, 0 for @pids;
	is(see(q(SELECT count(*), count(DISTINCT message_sid)
	    FROM frontline.message WHERE body = 'once')), '20|20',
	    'four times the same 20 messages are 20');
	my @news = grep { ($_->{action} // '') eq 'onMessageAdded' &&
	    ($_->{conversation} // '') ge sid('CH', 501) &&
	    $_->{outcome} eq 'new' } $stage->log_lines;
	is(@news, 20, 'each of them new once');
}

is(join("\n", grep { /\+4670174069|Grü|kept|cdn/ } split /\n/,
    $stage->slurp('log/fcgi.log')), '',
    'the log has neither numbers nor texts');
done_testing;
