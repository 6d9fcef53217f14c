#!/usr/bin/perl
# How the stand-in for Front misbehaves: limits, by script and by count, answers
# that are no answers, files that do not end or are not as long as they say.
use strict;
use warnings;
use Errno qw(ECONNRESET EPIPE);
use IO::Select;
use SignFront qw(jwt);
use Stage::Process qw(wait_until);
use StandIn::Client;
use Test::More;

use constant {
	SECRET => 'a5ec1ce700fa99a5ec1ce700fa990001',
	TOKEN  => 'a91c0ffee00ca9a4300c0ffee00ca9a43',
};

my $front = StandIn::Client->start('front');
my $path = '/channels/cha_7k2q/inbound_messages';
my $sids = 0;

sub post {
	my (%opt) = @_;

	return $front->ask('POST', $path, bearer => jwt({
	    iss => 'f1e2d3c4b5a69788', sub => 'cha_7k2q', jti => 'x',
	    exp => time + 25 }, SECRET), json => {
	    sender => { handle => '+15125550123' }, body => 'x', metadata => {
	    external_id => 'SM' . ++$sids, external_conversation_id => 'k' } },
	    %opt);
}

# How many texts are there.
sub taken {
	return scalar map { @{$_->{messages}} }
	    @{$front->state->{conversations}};
}

# All that comes over a socket: (bytes, 'end', 'reset' or 'more').
sub all_of {
	my ($socket, $most) = @_;
	my $select = IO::Select->new($socket);
	my $bytes = '';

	while ($select->can_read(20)) {
		my $got = sysread $socket, $bytes, 1 << 16, length $bytes;

		return ($bytes, $! == ECONNRESET ? 'reset' : "$!")
		    unless defined $got;
		return ($bytes, 'end') unless $got;
		return ($bytes, 'more') if length $bytes > $most;
	}
	return ($bytes, 'silence');
}

sub get {
	my ($target, $port) = @_;
	my $socket = $front->connection($port);

	syswrite $socket, "GET $target HTTP/1.1\r\nHost: x\r\n\r\n";
	return $socket;
}

subtest 'scripted limits' => sub {
	for (['burst', 40, 1, qr/retry in 341 milliseconds/, 2],
	    ['company', 0, 20, qr/^Rate limit exceeded$/, undef],
	    ['bare', undef, undef, qr/^Rate limit exceeded$/, undef]) {
		my ($kind, $left, $after, $text, $tier) = @$_;

		$front->reset;
		$front->control('POST', 'limits', { kind => $kind });
		my $answer = post();
		my %headers = %{$answer->{headers}};
		is($answer->{status}, 429, "$kind is refused");
		is($headers{'x-ratelimit-remaining'}, $left, 'with what is left');
		is($headers{'retry-after'}, $after, 'for so long');
		is($headers{'x-front-tier'}, $tier, 'by its tier');
		like($answer->{json}{_error}{message}, $text, 'as is told');
		is(post()->{status}, 202, 'once');
		is(taken(), 1, 'and nothing came of it');
	}
};

subtest 'limits that are reached' => sub {
	$front->reset;
	$front->set(burst_limit => 1);
	my ($burst, @answers);
	wait_until(sub { ($burst = post())->{status} == 429 },
	    'posts of one second are limited');
	cmp_ok($burst->{headers}{'x-ratelimit-remaining'}, '>', 0,
	    'where the company has room');
	like($burst->{json}{_error}{message}, qr/retry in \d+ milliseconds/,
	    'and the wait is told');
	cmp_ok($front->state->{limited}{burst}, '>', 0, 'and counted');
	$front->reset;
	# So long that no minute ends here.
	$front->set(company_limit => 4, limit_window => 1_000_000_000);
	@answers = map { $front->ask('GET', '/tags', bearer => TOKEN) } 1 .. 5;
	is(join(' ', map { $_->{headers}{'x-ratelimit-remaining'} } @answers),
	    '3 2 1 0 0', 'a company has so many requests');
	is($answers[4]{status}, 429, 'and no more');
	cmp_ok($answers[4]{headers}{'retry-after'}, '>', 0, 'for a while');
	is($answers[4]{headers}{'x-front-tier'}, undef, 'without a tier');
};

subtest 'answers that are none' => sub {
	my %all = (path => '/inbound_messages', action => 'error');

	for ([500, 'after', 1, format => 'own'],
	    [502, 'before', 0, format => 'html'],
	    [500, 'before', 0, format => 'empty'],
	    [400, 'before', 0, body => '{"_error":{"message":"x"}}'],
	    [503, 'before', 0, pad => 2 << 20]) {
		my ($status, $when, $count, @how) = @$_;

		$front->reset;
		$front->script({ %all, status => $status, when => $when, @how });
		my $answer = post();
		is($answer->{status}, $status, "@how[0, 1]: $status");
		is(taken(), $count, 'and the text as it should be');
		cmp_ok(length $answer->{body}, '>', 2 << 20, 'at length')
		    if $how[0] eq 'pad';
		is_deeply([keys %{$answer->{json}{_error}}], ['message'],
		    'with a message alone') if $how[0] eq 'body';
	}
	$front->reset;
	$front->script({ path => '/inbound_messages', action => 'reset',
	    when => 'after' });
	is(post(), undef, 'a connection that is reset');
	is(taken(), 1, 'after the text was taken');
	$front->script({ path => '/inbound_messages', action => 'hang',
	    field => 'sender[handle]', value => '^\+15125550123$' });
	is(post(timeout => 0.2), undef, 'no answer, by a field of the JSON');
	wait_until(sub { grep { ($_->{fault} // '') eq 'hang' }
	    $front->ledger }, 'it has met it');
};

subtest 'files' => sub {
	$front->reset;
	$front->control('POST', 'channels', { id => 'cha_7k2q',
	    webhook => 'http://127.0.0.1:1/' });
	$front->control('POST', 'reply', { channel => 'cha_7k2q',
	    to => ['+15125550123'], text => 'x', wait => 0,
	    attachments => [{ fill => 100_000, size => 5 }] });
	my ($file) = $front->state->{conversations}[0]{messages}[0]
	    {attachments}[0];
	my $target = "/$file->{id}";
	my @port = $front->{storage_port};

	is($file->{size}, 100_000, 'a file of so many bytes');
	$front->script({ path => '^/fil_', action => 'endless' });
	my $socket = get($target, @port);
	my ($bytes, $end) = all_of($socket, 8 << 20);
	is($end, 'more', 'one does not end');
	unlike($bytes, qr/Content-Length/, 'and does not say how long it is');
	close $socket;
	for (['shorter', 7], ['longer', 200_000]) {
		my ($name, $length) = @$_;

		$front->script({ path => '^/fil_', action => 'lie',
		    length => $length });
		($bytes, $end) = all_of(get($target, @port), 1 << 20);
		like($bytes, qr/^Content-Length: $length\r$/m,
		    "one says it is $name");
		is(length($bytes =~ s/.*?\r\n\r\n//sr), 100_000,
		    'and is what it is');
		is($end, 'end', 'and then ends');
	}
	is($front->ask('GET', $target, port => $port[0])->{status}, 200,
	    'and then it comes');
};

is($front->stop, 0, 'it ends well on SIGTERM');
done_testing;
