#!/usr/bin/perl
# onConversationAdd: a conversation is named after its customer, and whatever
# goes wrong on our side, it begins all the same.
use strict;
use warnings;
use utf8;
use JSON::PP ();
use Stage;
use Test::More;

my $stage = Stage->new(pg_errors => [
	qr/canceling statement due to (?:lock|statement) timeout/,
	qr/division by zero/,
]);
my $sid = 'IS' . 'a' x 32;

sub add {
	my ($fields, %how) = @_;

	return scalar $stage->fetch_all($stage->webhook('onConversationAdd', [
		ChatServiceSid => $sid, State => 'active',
		(ref $fields ? @$fields
		    : ('MessagingBinding.Address' => $fields,
			'MessagingBinding.ProxyAddress' => '+15005550006')),
	], %how));
}

sub last_line {
	return ($stage->log_lines)[-1];
}

sub is_name {
	my ($answer, $want, $what) = @_;

	is($answer->{status}, 200, "$what: 200");
	is($answer->{headers}{'content-type'}, 'application/json',
	    "$what: as JSON");
	is_deeply($answer->{json}, $want, $what) or diag($answer->{body});
}

# What lets the conversation begin unchanged, and says in the log why.
sub fails_open(&$$;$) {
	my ($ask, $code, $what, $again) = @_;
	my $answer = in_time(2, $ask, $again);

	is_name($answer, {}, $what);
	is($answer->{body}, '{}', "$what: nothing but {}");
	ok($answer->{seconds} < 2, "$what: within 2 s") or
	    diag($answer->{seconds});
	return unless defined $code;
	is(last_line()->{outcome}, 'failed_open', "$what: the log tells");
	is(last_line()->{code}, $code, "$what: $code");
	ok(length(last_line()->{reason} // ''), "$what: with the reason");
}

$stage->sql(<<'END');
INSERT INTO frontline.customer (customer_id, display_name, first_name, last_name, avatar) VALUES
  (900001, 'Dr. Inès "O" Okafor', 'Inès', 'Okafor', 'https://cdn.example/a"b.png'),
  (900002, 'Plain', NULL, NULL, NULL), (900003, 'One', NULL, NULL, NULL), (900004, 'Two', NULL, NULL, NULL),
  (900005, repeat('x', 300), NULL, NULL, NULL), (900006, repeat('é', 256), NULL, NULL, NULL), (900007, repeat('😀', 128) , NULL, NULL, NULL);
INSERT INTO frontline.channel (customer_id, type, value, shared) VALUES
  (900001, 'sms', '+447700900901', false), (900002, 'whatsapp', 'whatsapp:+447700900902', false),
  (900003, 'sms', '+447700900903', true), (900004, 'sms', '+447700900903', true), (900005, 'sms', '+447700900905', false),
  (900006, 'sms', '+447700900906', false), (900007, 'sms', '+447700900907', false), (900002, 'chat', 'plain@example.com', false);
END

# Names.
is_name(add('+447700900901'), { friendly_name => 'Dr. Inès "O" Okafor',
	attributes => '{"avatar":"https://cdn.example/a\"b.png"}' },
    'a customer gives name and picture');
is_deeply([@{last_line()}{qw(route action status outcome)}],
    ['conversations', 'onConversationAdd', 200, 'named'], 'and the log a line');
is_name(add('whatsapp:+447700900901'), { friendly_name => 'Dr. Inès "O" Okafor',
	attributes => '{"avatar":"https://cdn.example/a\"b.png"}' },
    'on WhatsApp, too');
is_name(add('whatsapp:+447700900902'), { friendly_name => 'Plain' },
    'without a picture there are no attributes');
is_name(add('plain@example.com'), { friendly_name => 'Plain' },
    'a chat identity is an address');
is_name(add($_), { friendly_name => $_ }, 'who is unknown has an address')
    for '+447700900999', 'whatsapp:+447700900999', 'messenger:12345',
    '40404', 'Ünïcøde';
is(last_line()->{outcome}, 'unknown_customer', 'which is in the log');
is_name(add('+447700900903'), { friendly_name => 'One' },
    'of several customers one gives the name');
is(last_line()->{note},
    '2 customers have this address, customer 900003 was taken',
    'and the log says so');
is_name(add('+447700900905'), { friendly_name => 'x' x 256 },
    'a long name is cut');
is_name(add('+447700900906'), { friendly_name => 'é' x 256 },
    'a name of 256 characters is not');
is_name(add('+447700900907'), { friendly_name => '😀' x 128 },
    'nor is one that is as long in UTF-16');
is_name(add([]), {}, 'without an address nobody wrote to us');
is_name(add(''), {}, 'an empty one is none');
is(last_line()->{outcome}, 'unnamed', 'which is in the log');
is_name(add('+447700900902', path => '/callbacks/twilio-conversations'),
    { friendly_name => 'Plain' }, 'the other path is the same');

# Lists of a group MMS.
for (['a JSON list', 'MessagingBinding.Address' =>
	'["+447700900902","+447700900901"]'],
    ['commas', 'MessagingBinding.Address' => '+447700900902, +447700900901'],
    ['a repeated field', 'MessagingBinding.Address' => '+447700900902',
	'MessagingBinding.Address' => '+447700900901']) {
	my ($what, @fields) = @$_;

	is_name(add(\@fields), { friendly_name => 'Plain' },
	    "$what: the first counts");
	like(last_line()->{note}, qr/has 2 addresses, the first was taken/,
	    "$what: the log tells");
}

# Attributes that are there stay there.
{
	my $with = sub {
		my $answer = add(['MessagingBinding.Address' =>
		    '+447700900901', Attributes => $_[0]]);

		return $answer->{json}{attributes} &&
		    JSON::PP->new->decode($answer->{json}{attributes});
	};
	my %avatar = (avatar => 'https://cdn.example/a"b.png');

	is_deeply($with->('{"lang":"ñ"}'), { lang => 'ñ', %avatar },
	    'attributes are added to');
	is($with->('{"avatar":"https://x/"}'), undef,
	    'an avatar that is there stays');
	is_deeply($with->($_), \%avatar, "attributes that are none: $_")
	    for '{}', '[1]', '"x"', '{', "\xff", '{"a":"\u0000"}';
	is($with->('{"x":"' . 'y' x 17000 . '"}'), undef,
	    'what would be too large is left alone');
	like(last_line()->{note}, qr/too large/, 'and told');
}

# Who asks.
is(add('+447700900901', signature => $_->[0])->{status}, 403, $_->[1]) for (
	[undef, 'no signature: 403'], ['A' x 27 . '=', 'a wrong one: 403']);
is($stage->fetch_all($stage->signed('/callbacks/conversations', [
	EventType => 'onConversationAdd', AccountSid => 'AC' . '9' x 32,
	'MessagingBinding.Address' => '+447700900901']))->{status}, 403,
    "somebody else's account: 403");
is_name($stage->fetch_all($stage->signed('/callbacks/conversations', [
	EventType => 'onConversationAdd',
	'MessagingBinding.Address' => '+447700900902'])),
    { friendly_name => 'Plain' }, 'no account: signed is enough');

# What nobody can read.
fails_open { add(['MessagingBinding.Address' => $_->[0]]) } 'bad_field', $_->[1]
    for ["+44\0", 'an address with a NUL'], ['x' x 257, 'a long address'];
fails_open { add(['MessagingBinding.Address' => '+447700900901',
    Attributes => 'a', Attributes => 'b']) } 'repeated_field',
    'a field that is there twice';

# Styles.
for (['first_initial', 'no', 'Inès O.', '+447700900999'],
    ['pseudonym', 'no', 'Customer 900001', '+44770090****'],
    ['full', 'yes', 'Dr. Inès "O" Okafor', '+44770090****']) {
	my ($style, $masking, $known, $unknown) = @$_;

	$stage->write_config('service.friendly_name' => $style,
	    'service.masking' => $masking);
	kill 'HUP', $stage->responder_pids;
	wait_until(sub {
		my @names = map { add($_)->{json}{friendly_name} // '' }
		    ('+447700900901', '+447700900999') x 4;
		return !grep { $names[$_] ne ($_ % 2 ? $unknown : $known) }
		    0 .. $#names;
	}, "$style, masking $masking");
	pass("friendly_name = $style, masking = $masking: $known, $unknown");
	is_name(add('messenger:12345'), { friendly_name =>
		$style eq 'first_initial' ? 'messenger:12345'
		: 'Unknown customer' }, "$style: an address without a number");
}

# The database is slow: its own timeout.
{
	my $session = $stage->session;

	$stage->lock_table($session, 'frontline.channel');
	fails_open { add('+447700900901') } 'unavailable', 'a locked table';
	$stage->end_session($session);
}

# A fault.
$stage->sql(<<'END');
ALTER FUNCTION frontline_api.name_conversation(text) RENAME TO kept;
CREATE FUNCTION frontline_api.name_conversation(text) RETURNS TABLE (customer_id text, display_name text, first_name text,
  last_name text, avatar text, matches integer) LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 / 0; RETURN; END $$;
END
fails_open { add('+447700900901') } 'fault', 'a function that fails';
$stage->sql(<<'END');
DROP FUNCTION frontline_api.name_conversation(text);
ALTER FUNCTION frontline_api.kept(text) RENAME TO name_conversation;
END
is_name(add('+447700900902'), { friendly_name => 'Plain' }, 'it is mended')
    for 1 .. 4;

# The server hangs, and is gone.
{
	my @stopped = ($stage->{postgres},
	    Stage::Process::children($stage->{postgres}));

	kill 'STOP', @stopped;
	fails_open { add('+447700900901') } 'unavailable', 'a hung server';
	kill 'CONT', @stopped;
	$stage->wait_database;
	$stage->stop_postgres;
	fails_open { add('+447700900901') } 'unavailable', 'no server', sub {
		$stage->start_postgres;
		$stage->wait_database;
		$stage->stop_postgres;
	};
	fails_open { add([]) } undef, 'no server, and nobody to name';
	is(add('+447700900901', signature => 'A' x 27 . '=')->{status}, 403,
	    'a wrong signature is 403 even now');
	$stage->start_postgres;
	$stage->wait_database;
}

# nginx without a process that answers: what it makes of the body.
sub escaped {
	my ($how) = @_;

	return join '=', map { s/(.)/sprintf $how, ord $1/ger }
	    qw(EventType onConversationAdd);
}
my @named = (
	['alone', 'EventType=onConversationAdd'],
	['first', 'EventType=onConversationAdd&State=active'],
	['last', 'AccountSid=AC1&State=active&EventType=onConversationAdd'],
	['among others', 'A=1&EventType=onConversationAdd&B=2'],
	['escaped', 'A=1&%45vent%54ype=on%43onversation%41d%64'],
	['escaped in small letters', '%65=1&Eve%6etType=%6fnConversationAdd'],
	['escaped in capitals', 'Eve%6EtType=%6FnConversationAdd'],
	['all of it in small letters', escaped('%%%02x')],
	['all of it in capitals', escaped('%%%02X')],
	['with an empty segment', '&&EventType=onConversationAdd&'],
	['in 64 kB', 'A=' . 'x' x 65000 . '&EventType=onConversationAdd'],
);
my @others = (
	['the event that follows', 'EventType=onConversationAdded'],
	['escaped', 'EventType=onConversationAdd%65d'],
	['another', 'EventType=onMessageAdd'],
	['none', 'A=1'],
	['nothing', ''],
	['small letters', 'EventType=onconversationadd'],
	['a blank behind', 'EventType=onConversationAdd+'],
	['an escaped blank behind', 'EventType=onConversationAdd%20'],
	['an escaped ampersand behind', 'EventType=onConversationAdd%26'],
	['a line end behind', "EventType=onConversationAdd\n"],
	['a longer name', 'XEventType=onConversationAdd'],
	['a longer name, escaped', '%26EventType=onConversationAdd'],
	['another name', 'Body=EventType=onConversationAdd'],
	['a text that says it', 'Body=EventType%3DonConversationAdd'],
);
sub bare {
	my ($body, $path) = @_;

	return $stage->signed($path // '/callbacks/conversations', [],
	    body => $body, signature => 'A' x 27 . '=');
}

{
	my @pids = $stage->responder_pids;
	my @answers;

	kill 'STOP', @pids;
	@answers = $stage->fetch_all(bare($named[0][1]), bare($others[0][1]));
	kill 'CONT', @pids;
	is_name($answers[0], {}, 'processes that hang');
	is($answers[1]{status}, 503, 'processes that hang: others, 503');
	# nginx waits 1.9 s, Twilio 5.
	ok($_->{seconds} < 5, 'in time') for @answers;
}
{
	$stage->end_responder($_, 'TERM') for $stage->responder_pids;
	close delete $stage->{listener};
	my @answers = $stage->fetch_all(map { bare($_->[1]) } @named, @others);

	for my $case (@named) {
		my $answer = shift @answers;

		is_name($answer, {}, "no process, EventType $case->[0]");
		is($answer->{body}, '{}', "$case->[0]: nothing else");
	}
	for my $case (@others) {
		my $answer = shift @answers;

		is($answer->{status}, 503, "no process, $case->[0]: 503");
		is($answer->{json}{error}{code}, 'unavailable',
		    "$case->[0]: in our words");
	}
	is_name($stage->fetch_all(bare('EventType=onConversationAdd',
	    '/callbacks/twilio-conversations')), {}, 'the other path');
	is($stage->fetch_all(bare('EventType=onConversationAdd', $_))->{status},
	    503, "$_ is no such path") for '/callbacks/crm',
	    '/callbacks/routing', '/callbacks/conversationsx';
	like($stage->slurp('log/frontline.access.log'),
	    qr/route=conversations status=200 .* upstream=502 /,
	    'and the access log shows it') if wait_until(sub {
		$stage->slurp('log/frontline.access.log') =~ /upstream=502/
	    }, 'nginx writes its log');
}

done_testing;
