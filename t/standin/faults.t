#!/usr/bin/perl
# Every scripted fault, seen from a socket: what arrives, what has become of
# the request, what the ledger says.
use strict;
use warnings;
use Errno qw(ECONNRESET EPIPE);
use IO::Select;
use JSON::PP qw(decode_json);
use MIME::Base64 qw(encode_base64);
use StandIn::Client;
use Test::More;
use Time::HiRes qw(time);

my $ledger = File::Temp->new;
my $twilio = StandIn::Client->start('twilio', '--auto-conversations',
    '--ledger', "$ledger");
my $path = '/v1/Conversations/CH' . 'a' x 32 . '/Messages';
my $login = encode_base64(StandIn::Client::LOGIN, '');
my $sent = 0;

$SIG{PIPE} = 'IGNORE';

# Sends one message over `socket`, or over a new one, and returns the socket.
sub post {
	my ($body, $socket) = @_;
	my $form = "Body=$body";

	$socket //= $twilio->connection;
	syswrite $socket, join "\r\n", "POST $path HTTP/1.1", 'Host: x',
	    "Authorization: Basic $login",
	    'Content-Type: application/x-www-form-urlencoded',
	    'Content-Length: ' . length $form, '', $form;
	return $socket;
}

# All that comes: (bytes, 'open', 'end' or 'reset').  It is taken as open when
# nothing comes for so many seconds: not many when there is a whole answer,
# unless more than that is told.
sub all_of {
	my ($socket, $patience) = @_;
	my $select = IO::Select->new($socket);
	my $bytes = '';

	while ($select->can_read($patience //
	    (StandIn::Client::parse_answer($bytes) ? 0.05 : 20))) {
		my $got = sysread $socket, $bytes, 1 << 20, length $bytes;

		return ($bytes, $! == ECONNRESET ? 'reset' : "$!")
		    unless defined $got;
		return ($bytes, 'end') if !$got;
	}
	return ($bytes, 'open');
}

# Until the stand-in has met so many requests.
sub wait_met {
	my ($count) = @_;
	my $deadline = time + 20;

	while ((my @met = $twilio->ledger) < $count) {
		die "only @{[scalar @met]} of $count requests\n"
		    if time > $deadline;
	}
}

# Plays one rule against one message.  Returns what came, how it ended, the
# entry, and whether the message was taken.
sub play {
	my ($rule) = @_;
	my $is_silent = $rule->{action} eq 'hang';

	$twilio->reset;
	$twilio->script({ method => 'POST', path => '/Messages$', %$rule });
	my $socket = post('m' . ++$sent);
	wait_met(1) if $is_silent;
	my ($bytes, $end) = all_of($socket, $is_silent ? 0.05 : undef);
	my ($entry, @more) = $twilio->ledger;

	is(@more, 0, "$rule->{action}: one entry");
	is($entry->{fault}, $rule->{action}, 'which names the fault');
	my $taken = taken("m$sent");
	is(!!$entry->{effect}, $taken, 'and the effect as it is');
	return ($bytes, $end, $entry, $taken);
}

sub taken {
	my ($body) = @_;

	return !!grep { ($_->{body} // '') eq $body }
	    map { @{$_->{messages}} } @{$twilio->state->{conversations}};
}

sub last_line {
	open my $in, '<', "$ledger" or die "$ledger: $!";
	my @lines = <$in>;

	return decode_json($lines[-1]);
}

subtest 'errors' => sub {
	for my $when (qw(before after)) {
		my ($bytes, $end, $entry, $taken) = play({ action => 'error',
		    status => 503, code => 20503, message => 'busy',
		    when => $when, retry_after => 7 });
		my $answer = StandIn::Client::parse_answer($bytes);

		is($answer->{status}, 503, "$when the effect: the status");
		is_deeply($answer->{json}, { code => 20503, status => 503,
		    message => 'busy', more_info =>
		    'https://www.twilio.com/docs/errors/20503' },
		    'with its code in JSON');
		is($answer->{headers}{'retry-after'}, 7, 'and Retry-After');
		is($end, 'open', 'the connection is kept');
		is($taken, $when eq 'after', 'the message is taken or not');
		is($entry->{status}, 503, 'the ledger has the status');
		is($entry->{code}, 20503, 'and the code');
		is_deeply(last_line(), $entry, 'and the file the same line');
	}
	my ($bytes, undef, undef, $taken) = play({ action => 'error',
	    status => 429 });
	like($bytes, qr/^HTTP\/1.1 429 /, 'a 429');
	unlike($bytes, qr/Retry-After/, 'without Retry-After');
	ok(!$taken, 'takes nothing');
	for (['problem', 'application/problem+json', qr/"title":"scripted 500"/],
	    ['html', 'text/html', qr/<html>/], ['empty', 'text/plain', qr/^$/]) {
		my ($format, $type, $body) = @$_;
		my $answer = StandIn::Client::parse_answer((play({
		    action => 'error', format => $format }))[0]);

		is($answer->{headers}{'content-type'}, $type, $format);
		like($answer->{body}, $body, 'and its body');
	}
};

subtest 'no answer' => sub {
	for (['hang', 'before', 'open'], ['hang', 'after', 'open'],
	    ['reset', 'read', 'reset'], ['reset', 'before', 'reset'],
	    ['reset', 'after', 'reset'], ['close', 'before', 'end'],
	    ['close', 'after', 'end']) {
		my ($action, $when, $expected) = @$_;
		my ($bytes, $end, $entry, $taken) = play({ action => $action,
		    when => $when });

		is($bytes, '', "$action $when: no byte comes");
		is($end, $expected, "the connection: $expected");
		is($entry->{status}, undef, 'no status');
		is($taken, $when eq 'after', 'taken or not');
		is_deeply(last_line(), $entry, 'a line in the file');
	}
	is(($twilio->ledger)[0]{path}, $path, 'the entry names the path');
};

subtest 'bad answers' => sub {
	my ($bytes, $end, $entry, $taken) = play({ action => 'cut' });
	my ($length) = $bytes =~ /^Content-Length: (\d+)/m;
	my (undef, $body) = split /\r\n\r\n/, $bytes, 2;

	like($bytes, qr/^HTTP\/1.1 201 /, 'cut: the status comes');
	is(length $body, int($length / 2), 'and half of the body');
	is($end, 'end', 'then the end');
	ok($taken, 'the message is taken');
	($bytes) = play({ action => 'cut', at => 3 });
	is(length +(split /\r\n\r\n/, $bytes, 2)[1], 3, 'or as much as told');

	($bytes, $end, $entry, $taken) = play({ action => 'oversized' });
	cmp_ok(length $bytes, '>', 10 << 20, 'oversized: 10 MB');
	is(length +(split /\r\n\r\n/, $bytes, 2)[1], 10 << 20, 'to the byte');
	ok($taken, 'the message is taken');

	($bytes, $end, $entry, $taken) = play({ action => 'garbage' });
	my $answer = StandIn::Client::parse_answer($bytes);
	is($answer->{status}, 201, 'garbage: the status is right');
	is($answer->{body}, '{"sid": "CH', 'the JSON is not');
	ok($taken, 'the message is taken');

	($bytes, $end, $entry, $taken) = play({ action => 'redirect',
	    status => 302, url => 'http://127.0.0.1:1/x' });
	like($bytes, qr{^HTTP/1.1 302 }, 'redirect');
	like($bytes, qr{^Location: http://127.0.0.1:1/x\r$}m, 'to a URL');
	ok(!$taken, 'and nothing else');
};

subtest 'slow answers' => sub {
	for my $when (qw(before after)) {
		$twilio->reset;
		$twilio->script({ method => 'POST', action => 'delay',
		    ms => 3600e3, when => $when });
		my $socket = post("slow$when");

		wait_met(1);
		is(taken("slow$when"), $when eq 'after',
		    "delay $when the effect: taken or not");
	}
	$twilio->reset;
	$twilio->script({ method => 'POST', action => 'delay', ms => 50 });
	my $start = time;
	is(StandIn::Client::read_answer(post('late'))->{status}, 201,
	    'delay: the answer is right');
	cmp_ok(time - $start, '>=', 0.05, 'but late');
	$twilio->reset;
	$twilio->script({ method => 'POST', action => 'drip', ms => 1 });
	$start = time;
	my $socket = post('drip');
	my $bytes = '';
	while (!StandIn::Client::parse_answer($bytes)) {
		IO::Select->new($socket)->can_read(20) or last;
		sysread $socket, $bytes, 1 << 16, length $bytes or last;
	}
	my $took = time - $start;
	is(StandIn::Client::parse_answer($bytes)->{status}, 201,
	    'drip: the answer is right');
	cmp_ok($took, '>=', 0.0009 * length $bytes, 'byte by byte');
	is(StandIn::Client::read_answer(post('next', $socket))->{status}, 201,
	    'the connection goes on');
};

subtest 'a kept connection dies' => sub {
	$twilio->reset;
	my $socket = post('first');
	is(StandIn::Client::read_answer($socket)->{status}, 201, 'it is kept');
	$twilio->script({ path => '/Messages$', action => 'dead' });
	is(StandIn::Client::read_answer(post('new'))->{status}, 201, 'a new one does not meet the rule');
	my ($bytes, $end) = all_of(post('second', $socket));
	is($bytes, '', 'the next request on the kept one gets nothing');
	like($end, qr/^(?:reset|end)$/, 'but the end');
	ok(!taken('second'), 'and is not taken');
	my @ledger = $twilio->ledger;
	is_deeply([map { $_->{fault} } @ledger], [undef, undef, 'dead'],
	    'the ledger tells');
	is($ledger[2]{connection}, $ledger[0]{connection},
	    'that it was the same connection');
	is($ledger[2]{nth}, 2, 'and the second request on it');
};

subtest 'rules' => sub {
	my @seen;
	my $status = sub {
		my ($body) = @_;
		return StandIn::Client::read_answer(post($body))->{status};
	};

	$twilio->reset;
	$twilio->script({ action => 'error', path => '/Messages$', skip => 1,
	    times => 2 });
	is_deeply([map { $status->('x') } 1 .. 5], [201, 500, 500, 201, 201],
	    'skip and times');
	$twilio->reset;
	$twilio->script({ action => 'error', field => 'Body', value => '^b',
	    times => 'forever', status => 503 });
	is_deeply([map { $status->($_) } qw(a b ab b)], [201, 503, 201, 503],
	    'the value of a field');
	is($twilio->call('GET', $path)->{status}, 200, 'which a GET has not');
	$twilio->clear_rules;
	is($status->('b'), 201, 'cleared');
	for my $round (0, 1) {
		$twilio->reset;
		$twilio->set(seed => 7);
		$twilio->script({ action => 'error', probability => 0.5 });
		$seen[$round] = [map { $status->('x') } 1 .. 20];
	}
	is_deeply($seen[0], $seen[1], 'chance is the same for the same seed');
	my %count;
	$count{$_}++ for @{$seen[0]};
	is(keys %count, 2, 'and is chance');
	is(($twilio->rules)[0]{played}, $count{500}, 'the rule counts');
	for ([{ action => 'explode' }, qr/no action/],
	    [{ action => 'hang', times => 1, bytes => 3 }, qr/'bytes' is no/],
	    [{ action => 'hang', when => 'read' }, qr/does not happen 'read'/],
	    [{ action => 'dead', field => 'Body' }, qr/body is not read/],
	    [{ path => 'x' }, qr/needs an action/]) {
		my ($rule, $why) = @$_;

		ok(!eval { $twilio->script($rule); 1 }, 'a wrong rule');
		like($@, $why, 'is refused');
	}
};

subtest 'HTTP' => sub {
	$twilio->reset;
	my $socket = $twilio->connection;
	my $head = "GET $path HTTP/1.1\r\nAuthorization: Basic $login\r\n";
	syswrite $socket, "$head\r\n$head\r\n${head}Connection: close\r\n\r\n";
	my ($bytes, $end) = all_of($socket, 20);
	is(() = $bytes =~ /HTTP\/1.1 200 /g, 3, 'three requests in a row');
	is($end, 'end', 'and the end that was asked for');

	$socket = $twilio->connection;
	syswrite $socket, $_ for split //, "$head\r\n";
	is(StandIn::Client::read_answer($socket)->{status}, 200,
	    'a request that comes in bytes');
	my @idle = map { $twilio->connection } 1 .. 100;
	is($twilio->call('GET', $path)->{status}, 200,
	    'idle connections are in nobody\'s way');

	for (["GET\r\n\r\n", 400], ["GET / HTTP/1.1\r\nbad header\r\n\r\n", 400],
	    ["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411],
	    ["POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 413],
	    ['x' x 70000, 400]) {
		my ($request, $status) = @$_;

		$socket = $twilio->connection;
		syswrite $socket, $request;
		($bytes, $end) = all_of($socket, 20);
		like($bytes, qr/^HTTP\/1.1 $status /, "what is no request: $status");
		isnt($end, 'open', 'ends the connection');
		ok(@{($twilio->ledger)[-1]{invalid}}, 'and is noted');
	}
	$socket = $twilio->connection;
	syswrite $socket, "POST $path HTTP/1.1\r\nContent-Length: 6\r\n" .
	    "Authorization: Basic $login\r\nExpect: 100-continue\r\n" .
	    "Content-Type: application/x-www-form-urlencoded\r\n\r\n";
	($bytes) = all_of($socket);
	is($bytes, "HTTP/1.1 100 Continue\r\n\r\n", 'a body is asked for');
	syswrite $socket, 'Body=x';
	is(StandIn::Client::read_answer($socket)->{status}, 201,
	    'and then taken');
	is_deeply([map { $_->{index} } $twilio->ledger(2, 3)], [2, 3, 4],
	    'the ledger is read in parts');
	is_deeply([$twilio->ledger(1e6)], [], 'which may be empty');
	$twilio->request('GET', $path, headers => { 'X-Large' => 'x' x 60000 })
	    for 1 .. 20;
	is(length join('', map { $_->{headers}{'x-large'} }
	    $twilio->ledger(($twilio->ledger) - 20)), 20 * 60000,
	    'or more than a megabyte');
	ok(!eval { $twilio->control('GET', 'nothing'); 1 },
	    'an unknown command is refused');
	ok(!eval { $twilio->set(nothing => 1); 1 }, 'and an unknown setting');
};

is($twilio->stop, 0, 'it ends well');
done_testing;
