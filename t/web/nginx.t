#!/usr/bin/perl
# The shipped nginx site: who is let in, what is refused before a responder
# process sees it, and what the log keeps to itself.
use strict;
use warnings;
use IO::Socket::INET;
use Stage;
use Test::More;

my $stage = Stage->new;

sub get {
	my ($url, %more) = @_;

	return scalar $stage->fetch_all({ url => $url, %more });
}

# What every refusal looks like, whoever makes it.
sub is_refusal {
	my ($answer, $status, $what) = @_;

	is($answer->{status}, $status, "$what: $status");
	is($answer->{headers}{'content-type'}, 'application/json',
	    "$what: the type is JSON");
	ok($answer->{json} && $answer->{json}{error}{code} =~ /^\w+$/ &&
	    length $answer->{json}{error}{message},
	    "$what: the body has code and message") or
	    diag($answer->{body});
}

# Names and protocols.
{
	(my $by_address = $stage->{url}) =~ s/localhost/127.0.0.1/;
	like(get($by_address)->{error}, qr/unrecognized name/,
	    'no handshake for a client that names no host');
	my ($port) = $stage->{url} =~ /(\d+)$/;
	like(get("https://other.example:$port/", options =>
	    ["resolve = \"other.example:$port:127.0.0.1\""])->{error},
	    qr/unrecognized name/, 'no handshake for another name');
	like(get($stage->{url}, options => ['tls-max = 1.1',
	    'ciphers = "DEFAULT:@SECLEVEL=0"'])->{error}, qr/\b35\b/,
	    'no handshake below TLS 1.2');
	is(get($stage->{url}, options => ['tls-max = 1.2'])->{status}, 404,
	    'TLS 1.2 is spoken');
	is(get($stage->{url}, options => ['tlsv1.3'])->{status}, 404,
	    'TLS 1.3 is spoken');
	is(get($stage->{url}, options => ['http1.1'])->{status}, 404,
	    'HTTP/1.1 is spoken');
}

# Headers.
{
	my $answer = $stage->post('GetCustomersList');

	is($answer->{status}, 200, 'a signed request is answered');
	is($answer->{headers}{'x-content-type-options'}, 'nosniff',
	    'nosniff, once');
	is($answer->{headers}{'cache-control'}, 'no-store', 'no-store, once');
	like($answer->{headers}{'strict-transport-security'}, qr/^max-age=\d+/,
	    'HSTS');
	is($answer->{headers}{server}, 'nginx', 'no version is told');
	is($answer->{headers}{'content-length'}, length $answer->{body},
	    'Content-Length, so that nothing is chunked');
}

# Refused by nginx itself.
is_refusal(get("$stage->{url}/nothing"), 404, 'an unknown path');
is_refusal(get("$stage->{url}/healthz"), 404, 'health from outside');
is_refusal(get("$stage->{url}/callbacks/crm", method => 'TRACE'), 405,
    'a method of no use');
is_refusal($stage->post('GetCustomersList', { Query => 'q' x 65536 }), 413,
    'a body of more than 64 kB');
is_refusal(get("$stage->{plain_url}/callbacks/crm"), 404,
    'a callback without TLS');
is_refusal($_->[0], 400, $_->[1]) for (
	[$stage->raw_http("POST /callbacks/crm HTTP/1.1\r\nHost: localhost\r\n" .
	    "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc"),
	    'a length and chunks at once'],
	[$stage->raw_http("POST /callbacks/crm HTTP/1.1\r\nHost: localhost\r\n" .
	    "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
	    'two lengths'],
	[$stage->raw_http("POST /callbacks/crm HTTP/1.1\r\nHost: localhost\r\n" .
	    "X-Zero: a\0b\r\n\r\n"), 'a NUL in a header'],
	[$stage->raw_http("POST /callbacks/crm HTTP/1.1\r\nHost: localhost\r\n" .
	    'X-Long: ' . 'y' x 40000 . "\r\n\r\n"), 'a header of 40 kB'],
);

# Requests whose first line or transfer coding is damaged, so that nginx refuses
# them before there is a path or a body.
{
	my $before = length $stage->slurp('log/nginx.error.log');

	for (['POST /callbacks/../../x HTTP/1.1', 400],
	    ['POST /callbacks/%00 HTTP/1.1', 400],
	    ['POST /callbacks/%zz HTTP/1.1', 400],
	    ['OPTIONS * HTTP/1.1', 400],
	    ['CONNECT a:1 HTTP/1.1', 400],
	    ['CONNECT / HTTP/1.1', 405],
	    ['PRI * HTTP/2.0', 400],
	    ['POST /callbacks/crm HTTP/2.0', 505],
	    ['POST /callbacks/crm?' . 'y' x 40000 . ' HTTP/1.1', 414]) {
		my ($line, $status) = @$_;

		is_refusal($stage->raw_http("$line\r\nHost: localhost\r\n\r\n"),
		    $status, substr $line, 0, 40);
	}
	is_refusal($stage->raw_http("POST /callbacks/crm HTTP/1.1\r\n" .
	    "Host: localhost\r\nTransfer-Encoding: gzip\r\n\r\n"), 501,
	    'a transfer coding of no use');
	(my $no_tls = $stage->{url}) =~ s/^https/http/;
	is_refusal(get($no_tls), 400, 'no TLS where TLS is spoken');
	is_refusal(get("$stage->{url}/frontline-error"), 404,
	    'the page of the errors itself');
	is(substr($stage->slurp('log/nginx.error.log'), $before), '',
	    'none of which is worth a warning');
}

# A slow client, one that sends a large body, or one that stops half-way costs
# no responder process anything: the request does not get there.
{
	my $open = sub {
		return scalar(() = map { glob "/proc/$_/fd/*" }
		    $stage->responder_pids);
	};
	my $before = $open->();
	my $seen = $stage->log_lines;
	my @half = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $stage->{raw_port}) } 1 .. 50;

	print {$_} "POST /callbacks/crm HTTP/1.1\r\nHost: localhost\r\n" .
	    "Content-Length: 300\r\n\r\nLocation=" for @half;
	is($stage->post('GetCustomersList', { Query => 'q' x 65536 })->{status},
	    413, 'beside 50 half-sent requests');
	ok($open->() < $before + 25, 'none of which gets through');
	close $_ for @half;
	is($stage->log_lines, $seen, 'nor does a body that is too large');
}

# Limits: only who bears no signature is held up, and the machine itself never.
{
	my @elsewhere = ('interface = "127.0.0.2"');
	my $unsigned = $stage->callback('GetCustomersList', { PageSize => 1 },
	    options => \@elsewhere, signature => undef);
	my @late;

	is($stage->fetch_all($unsigned)->{status}, 403,
	    'an unsigned request is looked at');
	# 20 of them, and 5 more in each second: a slow machine is no flood.
	wait_until(sub {
		@late = grep { $_->{status} == 429 }
		    $stage->fetch_all(($unsigned) x 60);
		return @late > 20;
	}, 'a flood');
	ok(@late > 20, 'a flood of them is not');
	is_refusal($late[0], 429, 'one too many');
	my $load = $stage->load_with({ clients => 2 }, 'GetCustomersList',
	    { PageSize => 1 }, options => \@elsewhere);
	wait_until(sub { $load->count > 2500 }, 'signed requests are answered',
	    120);
	is(@{($load->stop)[1]}, 0,
	    'signed requests from one address are not held up');
}

# The loopback listener.
is(get("$stage->{health_url}/healthz")->{status}, 200, 'healthz');
is(get("$stage->{health_url}/readyz")->{status}, 200, 'readyz');
is_refusal(get("$stage->{health_url}/callbacks/crm"), 404,
    'a callback at the loopback listener');

# No responder process at all.
{
	$stage->end_responder($_, 'TERM') for $stage->responder_pids;
	close delete $stage->{listener};
	for (qw(GetCustomersList GetProxyAddress GetTemplatesByCustomerId)) {
		is_refusal($stage->post($_), 503, "nobody is there for $_");
	}
	is_refusal(get("$stage->{health_url}/readyz"), 503,
	    'nobody is there for readyz');
}

# The log: a line per request, and nothing of what was in it.
{
	$stage->post('GetCustomersList', {},
	    path => '/callbacks/crm?token=sesame');
	get("$stage->{url}/front/sesame-token", options =>
	    ['user-agent = "sesame-agent"', 'referer = "https://sesame/"']);
	wait_until(sub {
		$stage->slurp('log/frontline.access.log') =~
		    /route=front status=503[^\n]*\n\z/;
	}, 'nginx writes its log');
	my $log = $stage->slurp('log/frontline.access.log');

	my ($id) = $log =~ / req=([0-9a-f]{32}) method=POST route=crm status=200 /;
	ok($id, 'a line says what was asked and answered');
	is(scalar(grep { $_->{req} eq $id } $stage->log_lines), 1,
	    "and its number is in the responder's log");
	unlike($log, qr/sesame|127\.0\.0\.|callbacks/,
	    'and neither path, query, agent nor address');
	my $errors = $stage->slurp('log/nginx.error.log');
	like($errors, qr/client: 127\.0\.0\.1.*callbacks/,
	    'nginx had errors to tell of');
	like($errors, qr/fcgi\.sock failed .*readyz/,
	    'and of what keeps it from the responder processes');
	ok(-e "$stage->{dir}/log/frontline.error.log",
	    'the site has an error log');
	is($stage->slurp('log/frontline.error.log'), '',
	    'which keeps no request that failed');
}

# The ports of a stage are its own from the moment that they are drawn.
{
	is($stage->end_nginx, undef, 'nginx goes');
	$stage->write_nginx(1);
	my @ports = ($stage->{raw_port}, map { /(\d+)$/ }
	    @$stage{qw(url health_url plain_url)});
	my %distinct = map { $_ => 1 } @ports;

	is(keys %distinct, 4, 'four ports');
	is(scalar(grep { IO::Socket::INET->new(Listen => 1,
	    LocalAddr => '127.0.0.1', LocalPort => $_) } @ports), 0,
	    'which nobody else can take');
	$stage->start_nginx;
	is(get("$stage->{url}/nothing")->{status}, 404, 'and nginx has');
}

done_testing;
