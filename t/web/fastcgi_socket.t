#!/usr/bin/perl
# The responders' socket: whatever one client of it does, the others are
# answered at once, and by the same process.
use strict;
use warnings;
use FastCGI;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 1,
    pg_errors => [qr/canceling statement due to lock timeout/]);
my ($process) = $stage->responder_pids;
my %list = $stage->fastcgi_callback('GetCustomersList', { PageSize => 1 });
my $whole = FastCGI::request(%list, keep => 1);

# Beside whatever `rude` has done: is somebody else answered?
sub others_are_served {
	my ($what) = @_;
	my $answer = in_time(0.5, sub {
		return $stage->post('GetCustomersList', { PageSize => 1 });
	});

	is($answer->{status}, 200, "$what: another client is answered");
	ok($answer->{seconds} < 0.5, "$what: at once");
	is_deeply([$stage->responder_pids], [$process],
	    "$what: by the same process");
}

# As nginx does it.
{
	my $nginx = $stage->fastcgi;

	for my $id (1, 2, 65535) {
		ok($nginx->send(FastCGI::request(%list, keep => 1,
		    id => $id)), "request $id is sent");
		my $answer = $nginx->read_response;
		is($answer->{status}, 200, "request $id is answered");
		is($answer->{id}, $id, 'by its number');
		is($answer->{app_status}, 0, 'and with success');
	}
	$nginx->send(FastCGI::request(%list));
	is($nginx->read_response->{status}, 200,
	    'the last request of a connection is answered');
	ok($nginx->hung_up, 'and the connection ended');
}

# systemd does this to the socket that all share, whenever it starts another one.
{
	$stage->{listener}->blocking(1);
	my $nginx = $stage->fastcgi;

	$nginx->send($whole);
	is(($nginx->read_response // {})->{status}, 200,
	    'a socket that blocks holds no request up');
	others_are_served('a socket that blocks');
	$stage->{listener}->blocking(0);
}

# In pieces, each of which arrives alone.
{
	my $slow = $stage->fastcgi;

	$slow->send($_) for unpack '(a16)*', $whole;
	is($slow->read_response->{status}, 200,
	    'a request that came in small pieces is answered');
}
{
	my $small = $stage->fastcgi;

	$small->send(FastCGI::request(%list, keep => 1, chunk => 7));
	is($small->read_response->{status}, 200,
	    'a request in small records is answered');
}

# Halves: nothing, a part of a record, records without an end.
{
	my @rude = map {
		my $client = $stage->fastcgi;

		$client->send(substr $whole, 0, $_);
		$client;
	} 0, 1, 7, 8, 15, 16, 40, 200, length($whole) - 9, length($whole) - 1;

	others_are_served('beside half-sent requests');
	my $idle = shift @rude;
	is(scalar(grep { !$_->hung_up } @rude), 0,
	    'half a request is waited for, but not for ever');
	ok($idle->send($whole), 'a silent connection stays');
	is($idle->read_response->{status}, 200, 'and is answered when it asks');
}
{
	# Within 2 s it would be dropped if it did not end, too.
	ok(scalar(grep {
		my $half = $stage->fastcgi;

		$half->send(substr $whole, 0, 100);
		$half->end_sending;
		$half->hung_up(1);
	} 1 .. 3), 'half a request that ends is dropped at once');
	my $done = $stage->fastcgi;
	$done->send($whole);
	$done->end_sending;
	is($done->read_response->{status}, 200,
	    'a whole request that ends is answered');
}

# Heaps: all of them are answered, or the connection is closed; none is lost
# in silence.
for my $count (2, 3, 50) {
	my $hasty = $stage->fastcgi;
	my @answers;

	$hasty->send($whole x $count);
	while (my $answer = $hasty->read_response) {
		push @answers, $answer;
		last if @answers == $count;
	}
	ok(@answers == $count || $hasty->hung_up,
	    "$count requests at once are answered or refused");
	is(scalar(grep { $_->{status} != 200 } @answers), 0,
	    "$count requests at once: none is misread");
	others_are_served("beside $count requests at once");
}

# Aborted.
{
	my $gone = $stage->fastcgi;

	$gone->send(substr($whole, 0, -8) .
	    FastCGI::record(FastCGI::FCGI_ABORT_REQUEST, 1, ''));
	my $answer = $gone->read_response;
	ok(!$answer || $answer->{status} != 200,
	    'an aborted request is not carried out');
	others_are_served('after an aborted request');
	for (1 .. 50) {
		my $client = $stage->fastcgi;

		$client->send($whole);
		$client->hang_up;
	}
	others_are_served('after clients that did not wait');
}

# The body is as long as was said, or the request is refused.
for (['0', 'nothing'], ['1', 'one byte'], ['100000', 'more than came'],
    ['-1', 'less than nothing'], ['x', 'a word'], ['99999999999999999999',
    'a very long number']) {
	my $liar = $stage->fastcgi;

	$liar->send(FastCGI::request(body => $list{body}, keep => 1,
	    params => { %{$list{params}}, CONTENT_LENGTH => $_->[0] }));
	my $answer = $liar->read_response;
	is($answer->{status}, 400, "a body announced as $_->[1] is refused");
}
{
	my $liar = $stage->fastcgi;
	my %params = %{$list{params}};

	$liar->send(FastCGI::begin(1, keep => 1) .
	    FastCGI::stream(FastCGI::FCGI_PARAMS, 1, join '', map {
		FastCGI::name_value($_, $params{$_}) } keys %params) .
	    FastCGI::stream(FastCGI::FCGI_STDIN, 1, $list{body}));
	is($liar->read_response->{status}, 400,
	    'a body that was not announced is refused');
}
{
	my $large = $stage->fastcgi;

	$large->send(FastCGI::request(params => $list{params},
	    body => 'x' x 70000, keep => 1));
	my $answer = $large->read_response;
	is($answer && $answer->{status}, 413, 'a body of 70 kB is refused');
	others_are_served('after a large body');
}

# Bytes that are no FastCGI.
srand 1;
my %rubbish = (
	'HTTP'                  => "POST / HTTP/1.1\r\nHost: x\r\n\r\n",
	'another version'       => FastCGI::record(1, 1, "\0\1\0\0\0\0\0\0",
	    version => 2),
	'an unknown record'     => FastCGI::record(77, 1, 'x' x 8),
	'a management record'   => FastCGI::record(
	    FastCGI::FCGI_GET_VALUES, 0, ''),
	'another role'          => FastCGI::begin(1, role => 2) . substr($whole, 16),
	'no beginning'          => substr($whole, 16),
	'two beginnings'        => FastCGI::begin(1, keep => 1) . $whole,
	'a short beginning'     => FastCGI::record(1, 1, "\0\1"),
	'the number zero'       => FastCGI::request(%list, id => 0),
	'another number inside' => FastCGI::begin(1, keep => 1) .
	    substr(FastCGI::request(%list, id => 2), 16),
	'a name without end'    => FastCGI::begin(1, keep => 1) .
	    FastCGI::stream(FastCGI::FCGI_PARAMS, 1,
		pack('NN', 0xffffffff, 0xffffffff) . 'x') .
	    FastCGI::record(FastCGI::FCGI_STDIN, 1, ''),
	'a value without end'   => FastCGI::begin(1, keep => 1) .
	    FastCGI::stream(FastCGI::FCGI_PARAMS, 1, "\x01\x7fa") .
	    FastCGI::record(FastCGI::FCGI_STDIN, 1, ''),
	'very many parameters'  => FastCGI::begin(1, keep => 1) .
	    FastCGI::stream(FastCGI::FCGI_PARAMS, 1,
		"\x01\x01ab" x 30000) .
	    FastCGI::record(FastCGI::FCGI_STDIN, 1, ''),
	'very many records'     => FastCGI::begin(1, keep => 1) .
	    FastCGI::record(FastCGI::FCGI_PARAMS, 1, "\0\0") x 20000,
	'noise'                 => join('', map { chr int rand 256 } 1 .. 5000),
);
for my $what (sort keys %rubbish) {
	my $client = $stage->fastcgi;

	$client->send($rubbish{$what});
	$client->end_sending;
	my $answer = $client->read_response;
	ok(!$answer || $answer->{status} != 200, "$what is not served");
	ok($client->hung_up, "$what: the connection is closed");
}
others_are_served('after all that');
for (1 .. 300) {
	my $client = $stage->fastcgi;
	my $bytes = $whole;

	# One bit of a right request turned.
	vec($bytes, int rand 8 * length $bytes, 1) ^= 1;
	$client->send($bytes);
	$client->hang_up;
}
others_are_served('after 300 damaged requests');

# Somebody else on the machine.
if ($> == 0) {
	for (1 .. 20) {
		my $stranger = $stage->fastcgi(uid => 0);

		$stranger->send($whole);
		ok(!$stranger->read_response(2), 'a stranger is not answered')
		    if $_ == 1;
	}
	others_are_served('beside strangers');
	# nginx has a connection already, and those may still wait for theirs.
	wait_until(sub {
		$stage->slurp('log/fcgi.log') =~ /the peer is user 0\b/;
	}, 'the log says who it was');
	pass('the log says who it was');
} else {
	$stage->write_config('responder.nginx_user' => $> + 1);
	kill 'HUP', $process;
	wait_until(sub {
		my $stranger = $stage->fastcgi;

		$stranger->send($whole);
		return !$stranger->read_response(2);
	}, 'a stranger is not answered');
	pass('a stranger is not answered');
	$stage->write_config('responder.nginx_user' => $stage->{user});
	kill 'HUP', $process;
	wait_until(sub {
		$stage->post('GetCustomersList')->{status} == 200;
	}, 'nginx is served again');
}

# Nothing of all this is kept.
wait_until(sub {
	my @open = glob "/proc/$process/fd/*";
	return @open < 40;
}, 'the descriptors are closed');
pass('no descriptor is left open');

# A client that goes away while the database is at work leaves its line.
{
	my $session = $stage->session;
	my %list = $stage->fastcgi_callback('GetCustomersList', {});

	$stage->lock_table($session, 'frontline.worker');
	# lock_timeout may be faster than we are: then once more.
	wait_until(sub {
		my $client = $stage->fastcgi;

		$client->send(FastCGI::request(%list));
		return eval {
			wait_until(sub { $stage->sql(q(SELECT count(*)
			    FROM pg_locks WHERE NOT granted)) },
			    'the statement waits', 1);
			undef $client;
			wait_until(sub { grep { $_->{status} == 499 &&
			    $_->{code} eq 'peer_gone' } $stage->log_lines },
			    'its line', 1);
		};
	}, 'the line of a request that nobody waits for');
	pass('a request that nobody waits for any more is in the log');
	$stage->end_session($session);
	others_are_served('after a client that went away');
}

# More connections than a process keeps: the rest wait, and get their turn.
{
	my $small = Stage->new(responders => 1, nginx => 0, sample => 0);
	wait_until(sub { $small->slurp('log/fcgi.log') =~ /connected$/m },
	    'the process is ready', 120);
	my @many = map { $small->fastcgi } 1 .. 530;

	wait_until(sub { $small->slurp('log/fcgi.log') =~
	    /512 connections are open, new ones wait/ }, 'the limit is reached');
	my %list = $small->fastcgi_callback('GetCustomersList', {});
	my $last = $many[-1];
	$last->send(FastCGI::request(%list));
	splice @many, 0, 100;
	is($last->read_response->{status}, 403,
	    'a connection beyond the limit is served when others have gone');
}
done_testing;
