#!/usr/bin/perl
# frontlinectl user: what it sends to Twilio, and what a person reads of the
# answer.  Twilio is played by a process of this test.
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, sample => 0);
my $dir = $stage->{dir};
my $sid = 'US' . '0a' x 16;
my $key = 'SK' . '1b' x 16;
my $secret = 'k' x 20 . ':with:colons';
my %ana = (
	sid           => $sid,
	identity      => 'ana@example.com',
	friendly_name => "Ana \x{c5}s",
	avatar        => undef,
	state         => 'active',
	is_available  => JSON::PP::true,
	url           => "https://frontline-api.twilio.com/v1/Users/$sid",
);
my $ana = encode_json(\%ana);

sub problem {
	my ($status, $code, $message) = @_;

	return encode_json({ status => $status, code => $code,
	    message => $message, more_info => 'https://x' });
}

# What is asked for, as the last part of the path => status, body, headers.
my %answer = (
	'ana%40example.com'  => [200, $ana],
	'a%2Fb%20%2B%C3%A5'  => [200, encode_json({ identity => "a/b +\x{e5}" })],
	$sid                 => [200, $ana],
	'nulls'              => [200, encode_json({ sid => $sid, identity => undef,
	    friendly_name => undef, is_available => undef })],
	'evil'               => [200, encode_json({ sid => $sid, friendly_name =>
	    "red\e[31m\nline\x{9b}" })],
	'nobody'             => [404, problem(404, 20404, 'The requested ' .
	    'resource /Users/nobody was not found')],
	'bad'                => [400, problem(400, 20001, "no\e[0m good")],
	'who'                => [401, problem(401, 20003, 'Authenticate')],
	'many'               => [429, problem(429, 20429, 'Too Many Requests'),
	    'Retry-After: 7'],
	'dated'              => [429, '', 'Retry-After: Fri, 20 Nov 2026 08:00:00 GMT'],
	'patience'           => [429, ''],
	'ill'                => [500, problem(500, 20500, 'Internal')],
	'away'               => [503, '<h1>sorry</h1>'],
	'portal'             => [200, '<html>Log in, please</html>'],
	'empty'              => [200, '{}'],
	'list'               => [200, '[]'],
	'moved'              => [302, '', 'Location: /v1/Users/ana%40example.com'],
	'lost'               => [0],
);

# One request as {method, path, headers, body}, or undef.
sub read_request {
	my ($client) = @_;
	my ($bytes, %headers) = ('');

	until ($bytes =~ /\r\n\r\n/) {
		sysread($client, $bytes, 65536, length $bytes) or return undef;
	}
	my ($head, $body) = split /\r\n\r\n/, $bytes, 2;
	my ($first, @lines) = split /\r\n/, $head;
	for (@lines) {
		$headers{lc $1} = $2 if /^([^:]+): *(.*)/;
	}
	while (length $body < ($headers{'content-length'} // 0)) {
		sysread($client, $body, 65536, length $body) or last;
	}
	my ($method, $path) = split / /, $first;
	return { method => $method, path => $path, headers => \%headers,
	    body => $body };
}

# Answers one request and closes; writes the request down before.
sub serve {
	my ($client) = @_;
	my $request = read_request($client) or return;
	my ($name) = $request->{path} =~ m{^/v1/Users/([^/]+)$};
	my ($status, $body, @headers) = @{$answer{$name // ''} //
	    [404, '<html>not here</html>']};

	open my $log, '>>', "$dir/scratch/twilio" or die;
	print {$log} encode_json($request), "\n";
	close $log;
	return unless $status;
	print {$client} join("\r\n", "HTTP/1.1 $status Said",
	    'Content-Length: ' . length $body, 'Connection: close', @headers,
	    '', $body);
}

my $listener = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1')
    or die "listen: $@";
my $url = 'http://127.0.0.1:' . $listener->sockport;
my $parent = $$;
my $peer = fork // die "fork: $!";
if (!$peer) {
	local $SIG{PIPE} = 'IGNORE';
	$listener->timeout(1);
	while (getppid == $parent) {
		my $client = $listener->accept or next;
		serve($client);
		close $client;
	}
	POSIX::_exit(0);
}
close $listener;
END {
	my $status = $?;

	if ($peer) {
		kill 'KILL', $peer;
		waitpid $peer, 0;
	}
	$? = $status;
}

my $conf = $stage->write_config(
    'database.admin_conninfo'   => $stage->conninfo('frontline_dba'),
    'twilio.frontline_base_url' => $url);

sub user {
	return $stage->ctl('-c', $conf, 'user', @_);
}

# What was sent since this was last asked.
sub sent {
	return map { decode_json($_) } split /\n/, Curl::take("$dir/scratch/twilio");
}

sub basic {
	return 'Basic ' . encode_base64(join(':', @_), '');
}

$stage->sql("INSERT INTO frontline.worker (identity, friendly_name, is_available)
    VALUES ('ana\@example.com', 'Ana', false)");

# Looking.
{
	my ($said, $status) = user('show', 'ana@example.com');
	my ($request, @more) = sent();

	is($status, 0, 'show ends well');
	is($said, <<"END", 'a field a line, then what we know');
sid                 $sid
identity            ana\@example.com
friendly name       Ana \xc3\x85s
avatar              (nothing)
state               active
available           yes
url                 https://frontline-api.twilio.com/v1/Users/$sid
our friendly name   Ana
our state           active
our available       no
our relay asked     never yet
END
	is("$request->{method} $request->{path}", 'GET /v1/Users/ana%40example.com',
	    'one GET, the identity percent-encoded');
	is($request->{headers}{authorization},
	    basic(Stage::ACCOUNT, Stage::TOKEN),
	    'without an API key: account and auth token');
	is(scalar(@more), 0, 'and no other request');
	($said, $status) = user('show', "a/b +\xc3\xa5");
	($request) = sent();
	is($request->{path}, '/v1/Users/a%2Fb%20%2B%C3%A5',
	    'nothing in an identity leads elsewhere');
	like($said, qr/^frontlinectl: note: not in our database: .*$/m,
	    'whom we do not know');
	is($status, 0, 'is no failure');
	($said) = user('show', $sid);
	($request) = sent();
	is($request->{path}, "/v1/Users/$sid", 'by SID');
	like($said, qr/^our state +active$/m, 'we know them by identity');
	($said, $status) = user('show', 'nulls');
	is($status, 0, 'every field may be null');
	like($said, qr/^$_ +\(nothing\)$/m, $_)
	    for 'identity', 'friendly name', 'state', 'available', 'url';
	($said) = user('show', 'evil');
	like($said, qr/^friendly name +red\\x1b\[31m\\x0aline\\xc2\\x9b$/m,
	    'a terminal is not given control characters');
	($said, $status) = user('show', 'ana@example.com', '--json');
	is("$status $said", "0 $ana\n", '--json: as it came, and that only');
	$stage->sql("INSERT INTO frontline.worker_poll (worker_id, polled_at)
	    SELECT worker_id, '2026-11-20 08:00:00+00' FROM frontline.worker");
	($said) = user('show', 'ana@example.com');
	like($said, qr/^our relay asked +2026-11-20 08:00:00\+00$/m,
	    'when the relay last asked');
}

# Several.
{
	sent();
	my ($said, $status) = user('show', $sid, 'nobody', 'nulls', '--json');

	is($status, 1, 'one of three is not known: 1');
	is(scalar(() = sent()), 3, 'all are asked for');
	like($said, qr/^frontlinectl: nobody: Twilio has no such thing \(404, code 20404: .*\)$/m,
	    'the one is named');
	($said, $status) = user('show', 'many', $sid);
	is($status, 69, 'what concerns all');
	is(scalar(() = sent()), 1, 'ends it');
}

# Changing.
for (
	['FriendlyName=Ana%20%26%20%C3%85s', '--friendly-name', "Ana & \xc3\x85s"],
	['Avatar=https%3A%2F%2Fx.example%2Fa%3Fb%3D1', '--avatar',
	    'https://x.example/a?b=1'],
	['State=active', '--state', 'active'],
	['State=deactivated', '--state', 'deactivated'],
	['IsAvailable=true', '--available', 'yes'],
	['IsAvailable=false', '--available', 'no'],
	['FriendlyName=A&Avatar=https%3A%2F%2Fx%2F&State=active&IsAvailable=true',
	    '--available', 'yes', '--state', 'active', '--avatar', 'https://x/',
	    '--friendly-name', 'A'],
) {
	my ($form, @options) = @$_;
	my ($said, $status) = user('set', 'ana@example.com', @options);
	my ($request, @more) = sent();

	is($status, 0, 'set ' . join(' ', @options) =~ s/[^ -~]/?/gr);
	is("$request->{method} $request->{path} $request->{body}",
	    "POST /v1/Users/ana%40example.com $form", '... sends that and no more');
	is($request->{headers}{'content-type'},
	    'application/x-www-form-urlencoded', '... as a form');
	like($said, qr/^sid +$sid\n.*^available +yes\nurl .*\n\z/ms,
	    '... and prints the answer');
	is(scalar(@more), 0, '... once');
}
{
	my ($said, $status) = user('set', $sid, '--state', 'active', '--json');

	is("$status $said", "0 $ana\n", 'set --json');
	is($stage->sql('SELECT is_available FROM frontline.worker'), 'f',
	    'our own table is left to the relay');
}

# With an API key.
$stage->put('secret/key', "$secret\n", 0400);
$conf = $stage->write_config('twilio.api_key_sid' => $key,
    'twilio.api_key_secret_file' => "$dir/secret/key");
{
	sent();
	user('show', 'nulls');
	user('set', 'nulls', '--state', 'active');
	is(join(' ', map { "$_->{method} $_->{headers}{authorization}" } sent()),
	    join(' ', map { "$_ " . basic($key, $secret) } 'GET', 'POST'),
	    'with the API key');
	my ($said, $status) = user('show', 'who');
	is($status, 69, 'credentials that are refused: 69');
	is($said, 'frontlinectl: who: Twilio refuses our credentials (401, ' .
	    'code 20003: Authenticate): see [twilio] api_key_sid and ' .
	    "api_key_secret_file\n", 'and which they were');
}
$conf = $stage->write_config('twilio.api_key_sid' => undef,
    'twilio.api_key_secret_file' => undef);

# What Twilio refuses, and what is not Twilio.
for (
	['nobody', 1, qr/no such thing \(404, code 20404: The requested resource/],
	['bad', 1, qr/refuses it \(400, code 20001: no\\x1b\[0m good\)/],
	['who', 69, qr/see \[twilio\] account_sid and auth_token_file$/m],
	['many', 69, qr/too many requests \(429, code 20429: .*\): try again in 7 s$/m],
	['dated', 69, qr/try again after Fri, 20 Nov 2026 08:00:00 GMT$/m],
	['patience', 69, qr/try again in a minute$/m],
	['ill', 69, qr/Twilio is unwell \(500, code 20500: Internal\)/],
	['away', 69, qr/Twilio is unwell \(503\)/],
	['portal', 69, qr/not in Twilio's words.*no JSON/],
	['list', 69, qr/not in Twilio's words.*no JSON object/],
	['empty', 69, qr/not in Twilio's words.*names no user/],
	['moved', 69, qr/redirect \(302\)/],
	['lost', 69, qr/no answer of Twilio/],
) {
	my ($who, $want, $like) = @$_;

	sent();
	for (['show', $who], ['set', $who, '--state', 'active']) {
		my ($said, $status) = user(@$_);
		my @requests = sent();

		is($status, $want, "@$_: $want");
		like($said, qr/^frontlinectl: $who: .*\n\z/, '... one line');
		like($said, $like, '... says it');
		is(scalar(@requests), 1, '... after one request');
		my $doubt = $_->[0] eq 'set' &&
		    $who =~ /^(?:ill|away|portal|list|empty|lost)$/;
		is($said =~ /may have been done all the same/ ? 1 : 0,
		    $doubt ? 1 : 0, '... with doubt where there is any');
	}
}

# What is not sent at all.
for (
	[[], qr/what\? show or set/],
	[['dance'], qr/neither show nor set/],
	[['show'], qr/which\?/],
	[['show', 'x', '--state', 'active'], qr/show changes nothing/],
	[['set', 'x'], qr/nothing to set/],
	[['set', 'x', '--json'], qr/nothing to set/],
	[['set', '--state', 'active'], qr/which\?/],
	[['set', 'x', 'y', '--state', 'active'], qr/no use for 'y'/],
	[['show', 'x', '--nothing'], qr/try: /],
	[['show', ''], qr/identity: '' is empty/],
	[['show', '..'], qr/cannot stand in a URL/],
	[['show', '.'], qr/cannot stand in a URL/],
	[['show', "a\nb"], qr/control character/],
	[['show', "a\xc2\x85b"], qr/control character/],
	[['show', "a\xffb"], qr/is not UTF-8/],
	[['show', "\xc3\xa5" x 257], qr/longer than 256 characters/],
	[['set', 'x', '--state', 'asleep'], qr/neither active nor deactivated/],
	[['set', 'x', '--available', 'maybe'], qr/neither yes nor no/],
	[['set', 'x', '--available', 'true'], qr/neither yes nor no/],
	[['set', 'x', '--avatar', 'http://x/'], qr/no https:/],
	[['set', 'x', '--avatar', 'https://'], qr/no https:/],
	[['set', 'x', '--avatar', 'https:///x'], qr/no https:/],
	[['set', 'x', '--avatar', ''], qr/is empty/],
	[['set', 'x', '--avatar', 'https://x/a b'], qr/holds a blank/],
	[['set', 'x', '--avatar', "https://x/\x7f"], qr/control character/],
	[['set', 'x', '--avatar', 'https://x/' . 'a' x 2039], qr/2048 bytes/],
	[['set', 'x', '--friendly-name', ''], qr/is empty/],
	[['set', 'x', '--friendly-name', "a\tb"], qr/control character/],
	[['set', 'x', '--friendly-name', 'a' x 513], qr/512 bytes/],
) {
	my ($arguments, $like) = @$_;
	my ($said, $status) = user(@$arguments);

	is($status, 64, 'user ' . substr("@$arguments", 0, 60) =~
	    s/[^ -~]/?/gr . ': 64');
	like($said, $like, '... and why');
	like($said, qr/^try: frontlinectl user --help$/m, '... and where help is');
}
is(scalar(() = sent()), 0, 'nothing of that was sent');
{
	my ($said, $status) = user('show', "\xc3\xa5" x 256);

	is($status, 1, '256 characters may be an identity');
	($said, $status) = user('set', 'nulls', '--avatar',
	    'https://x/' . 'a' x 2038);
	is($status, 0, '2048 bytes may be an avatar');
	is(scalar(() = sent()), 2, 'these are sent');
}

# Without our database.
$conf = $stage->write_config('database.admin_conninfo' => "host=$dir/none");
{
	my ($said, $status) = user('show', $sid);

	is($status, 0, 'without our database: still 0');
	like($said, qr/^sid +$sid$/m, 'and the answer');
	is(scalar(() = $said =~ /^frontlinectl: note: our database does not say: .*$/mg),
	    1, 'and one line about it');
	unlike($said, qr/^our /m, 'and nothing made up');
}

# Not reached; a certificate.
{
	my $free = Stage::Nginx::free_port();
	my ($said, $status);

	$conf = $stage->write_config(
	    'twilio.frontline_base_url' => "http://127.0.0.1:$free");
	($said, $status) = user('set', 'x', '--state', 'active');
	is($status, 69, 'nobody listens: 69');
	like($said, qr/^frontlinectl: x: nothing was sent to Twilio: .*\n\z/,
	    'and nothing was sent');
	$conf = $stage->write_config(
	    'twilio.frontline_base_url' => $stage->{url},
	    'service.ca_file'           => undef);
	($said, $status) = user('show', 'x');
	is($status, 69, 'a certificate that nobody vouches for: 69');
	like($said, qr/^frontlinectl: x: nothing was sent to Twilio: .*certificate.*\n\z/i,
	    'and that is said');
	$conf = $stage->write_config(
	    'service.ca_file' => "$dir/tls/cert.pem");
	($said, $status) = user('show', 'x');
	is($status, 1, 'with a certificate that ca_file vouches for: asked');
	like($said, qr/404\), but these are not its words: is the base URL right\?$/m,
	    'another service there is told from Twilio');
	($said, $status) = $stage->ctl('-c', "$dir/none", 'user', 'show', 'x');
	is($status, 78, 'no settings: 78');
	($said, $status) = $stage->ctl('-c', "$dir/none", 'user', '--help');
	is($status, 0, 'help needs none');
}
done_testing;
