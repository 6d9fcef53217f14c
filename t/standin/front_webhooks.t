#!/usr/bin/perl
# What the stand-in for Front sends, seen by a server that the test plays
# itself: every kind of webhook, every way to sign one, and what it makes of the
# answers.
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP qw(decode_json encode_json);
use SignFront qw(front_signature jwt rule_signature);
use Stage::Process qw(wait_until);
use StandIn::Client;
use Test::More;

use constant {
	SECRET => 'a5ec1ce700fa99a5ec1ce700fa990001',
	TOKEN  => 'a91c0ffee00ca9a4300c0ffee00ca9a43',
	KEY    => 'sms:+15125550188:+15125550123',
};

my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64)
    or die "listen: $@";
my $url = 'http://127.0.0.1:' . $server->sockport . '/front/x';
my $errors = File::Temp->new;
open my $stderr, '>&', \*STDERR or die $!;
open STDERR, '>', "$errors" or die $!;
my $front = StandIn::Client->start('front', '--webhook', $url, '--address',
    '+15125550188', '--custom-channel', 'cha_old', '--channel', 'cha_7k2q');
open STDERR, '>&', $stderr or die $!;

my %success = (type => 'success', external_id => 'fm:1',
    external_conversation_id => KEY);

# The next request that comes: {method, path, headers, body, json}.
sub receive {
	my $socket;

	$server->timeout(20);
	$socket = $server->accept or die "no webhook comes\n";
	my ($head, $body) = ('', '');
	local $/ = "\r\n";
	while (defined(my $line = <$socket>)) {
		last if $line eq "\r\n";
		$head .= $line;
	}
	my ($method, $path) = $head =~ m{^(\S+) (\S+) HTTP/1\.1};
	my %headers = map { my ($name, $value) = /^([^:]+):\s*(.*?)\s*$/ or ();
	    defined $name ? (lc $name => $value) : () } split /\r\n/, $head;
	my $left = $headers{'content-length'} // 0;
	while ($left > length $body) {
		read $socket, $body, $left - length $body, length $body
		    or last;
	}
	return { socket => $socket, method => $method, path => $path,
	    headers => \%headers, body => $body,
	    json => scalar eval { decode_json($body) } };
}

sub respond {
	my ($request, $status, $data) = @_;
	my $body = ref $data ? encode_json($data) : $data;

	print {$request->{socket}} "HTTP/1.1 $status X\r\nContent-Type: " .
	    "application/json\r\nContent-Length: " . length($body) .
	    "\r\nConnection: close\r\n\r\n$body";
	close $request->{socket};
}

# Has one sent, answers it, and returns it and what became of it.
sub exchange {
	my ($command, $data, $status, $answer) = @_;
	my $made = $front->control('POST', $command,
	    { %$data, wait => 0 })->{webhook};
	my $request = receive();

	respond($request, $status // 200, $answer // \%success);
	return ($request, settled($made->{index}));
}

sub settled {
	my ($index) = @_;
	my $webhook;

	wait_until(sub { $webhook = $front->state->{webhooks}[$index];
	    $webhook && exists $webhook->{right} }, 'the answer is there', 20);
	return $webhook;
}

# How a request is signed: over its body or over the word for none.
sub signed_as {
	my ($request) = @_;
	my ($timestamp, $signature) = @{$request->{headers}}{
	    qw(x-front-request-timestamp x-front-signature)};

	return 'nothing' unless defined $signature;
	return 'sha1' if $signature eq rule_signature(SECRET, $request->{body});
	return 'body' if $signature eq
	    front_signature(SECRET, $timestamp // '', $request->{body});
	return 'undefined' if $signature eq
	    front_signature(SECRET, $timestamp // '', undef);
	return 'wrong';
}

# A text of a customer; returns what the stand-in has of it.
sub bring {
	my ($id) = @_;
	my $sent = $front->ask('POST', '/channels/cha_7k2q/inbound_messages',
	    bearer => jwt({ iss => 'f1e2d3c4b5a69788', sub => 'cha_7k2q',
	    jti => 'x', exp => time + 25 }, SECRET), json => {
	    sender => { handle => '+15125550123' }, body => 'Is it in?',
	    metadata => { external_id => $id,
	    external_conversation_id => KEY } });

	is($sent->{status}, 202, "text $id is taken");
	return $sent->{json}{message_uid};
}

subtest 'a reply' => sub {
	bring('SM1');
	my ($request, $webhook) = exchange('reply', { conversation => KEY,
	    text => "Tuesday <3 \x{1F44D}\nInes", attachments => [
	    { filename => 'part.png', body => 'AAEC' }] });
	my $payload = $request->{json}{payload};

	is("$request->{method} $request->{path}", 'POST /front/x', 'is sent');
	is(signed_as($request), 'body', 'and signed');
	like($request->{headers}{'x-front-request-timestamp'}, qr/^\d{13}$/,
	    'with milliseconds');
	is($request->{json}{type}, 'message', 'as a message');
	like($payload->{id}, qr/^msg_[0-9a-z]+$/, 'with an id');
	is($payload->{text}, "Tuesday <3 \x{1F44D}\nInes", 'a text');
	is($payload->{body}, "<div>Tuesday &lt;3 \x{1F44D}<br>Ines</div>",
	    'and as HTML');
	is_deeply([map { "$_->{role} $_->{handle}" }
	    @{$payload->{recipients}}], ['from +15125550188',
	    'to +15125550123'], 'with both numbers');
	is_deeply($request->{json}{metadata}{external_conversation_ids},
	    [KEY], 'and the keys');
	ok($webhook->{right}, 'the answer is right');
	ok(!$webhook->{late}, 'and in time');
	my ($in, $out) = @{$front->state->{conversations}[0]{messages}};
	is($out->{delivery}, 'sent', 'the agent sees it sent');
	is($out->{external_id}, 'fm:1', 'it is called as answered');
	(undef, $webhook) = exchange('reply', { again => $out->{id} });
	ok($webhook->{right} && !@{$webhook->{wrong}},
	    'a second press is answered with the same ids');
	(undef, $webhook) = exchange('reply', { again => $out->{id} }, 200,
	    { %success, external_id => 'fm:2' });
	like("@{$webhook->{wrong}}", qr/otherwise than before/,
	    'other ids are seen');

	# The file of the reply, from the host of the interface to the storage.
	my ($file) = @{$payload->{attachments}};
	is($file->{size}, 3, 'a file is named with its size');
	my ($path) = $file->{url} =~ m{^http://127\.0\.0\.1:\d+(/.*)};
	my $hop = $front->ask('GET', $path, bearer => TOKEN);
	is($hop->{status}, 302, 'its address leads on');
	my ($port, $next) = $hop->{headers}{location} =~
	    m{^http://127\.0\.0\.1:(\d+)(/.*)};
	is($port, $front->{storage_port}, 'to the storage');
	is($front->ask('GET', $next, port => $port, bearer => 'x')->{status},
	    400, 'which refuses a token');
	like("@{($front->ledger)[-1]{invalid}}", qr/credentials for Front/,
	    'and the ledger says so');
	is($front->ask('GET', $next, port => $port)->{body}, "\0\1\2",
	    'without one the bytes come');
	is($front->ask('GET', $path)->{status}, 401, 'the first wants one');
	is($front->ask('GET', $path, bearer => TOKEN,
	    port => $front->{download_port})->{status}, 302,
	    'there is a port for it, too');
	$front->set(file_redirect => 0);
	is($front->ask('GET', $path, bearer => TOKEN)->{body}, "\0\1\2",
	    'some come at once');

	my $status = '/channels/cha_7k2q/conversations/' .
	    'sms%3A%2B15125550188%3A%2B15125550123/messages/fm%3A1/status';
	my %put = (json => { status => 'failed', reason => '30003 x' });
	my $bearer = sub { (bearer => jwt({ iss => 'f1e2d3c4b5a69788',
	    sub => 'cha_7k2q', jti => 'x', exp => time + 25 }, SECRET)) };
	$front->set(status_404 => 2);
	is($front->ask('PUT', $status, %put, $bearer->())->{status}, $_,
	    "its status is answered $_") for 404, 404, 204;
	is($front->ask('PUT', $status =~ s/%2B/+/gr, %put, $bearer->())
	    ->{status}, 404, 'a bare + is not found');
	is($front->ask('PUT', $status, json => { status => 'sent' },
	    $bearer->())->{status}, 400, 'no other status is known');
	is($front->state->{statuses}[0]{reason}, '30003 x', 'it is kept');
	is($front->state->{conversations}[0]{messages}[1]{failed}, '30003 x',
	    'and seen by the agent');
};

subtest 'other shapes of it' => sub {
	my ($request) = exchange('reply', { conversation => KEY, text => 'x',
	    autoreply => 1 });
	my $payload = $request->{json}{payload};

	is($request->{json}{type}, 'message_autoreply', 'an automatic one');
	ok(!exists $payload->{id} && !exists $payload->{_links}{self},
	    'has no id');
	like($payload->{_links}{related}{message_replied_to},
	    qr{/messages/msg_}, 'but says what it answers');
	my @to = qw(15125550123 +15125550124 +15125550125);
	($request) = exchange('reply', { channel => 'cha_7k2q', to => \@to,
	    text => 'x', author => {} });
	is_deeply([map { $_->{role} eq 'to' ? $_->{handle} : () }
	    @{$request->{json}{payload}{recipients}}], \@to,
	    'three recipients, one without +');
	is_deeply($request->{json}{payload}{author}, {}, 'an author without name');
	is_deeply($request->{json}{metadata}, {}, 'and no key yet');
	my ($second) = @{$front->state->{conversations}}[1];
	$front->control('POST', 'merge',
	    { from => $second->{id}, into => KEY });
	$front->control('POST', 'merge', { from => $front->control('POST',
	    'conversations', { channel => 'cha_7k2q', handle => '+1',
	    keys => ['old'] })->{id}, into => KEY });
	($request) = exchange('reply', { conversation => KEY, html =>
	    '<p>a&amp;b</p>', payload => { text => undef }, pad => 1 << 20 });
	is_deeply($request->{json}{metadata}{external_conversation_ids},
	    [KEY, 'old'], 'one of a merged conversation has all keys');
	is($request->{json}{payload}{text}, undef, 'one without text');
	is(length $request->{body}, 1 << 20, 'and as long as it is to be');
	is(signed_as($request), 'body', 'signed over all of it');
	my $old = $front->control('POST', 'conversations', { channel =>
	    'cha_old', handle => '+15125550123', keys => ['t'] })->{id};
	for (['nothing', {}], ['sha1', { scheme => 'sha1' }],
	    ['body', { scheme => 'sha256' }]) {
		my ($as, $how) = @$_;

		($request, my $webhook) = exchange('reply', { conversation =>
		    $old, text => 'x', %$how }, 200, {});
		ok($request->{json}{recipients} && !$request->{json}{payload},
		    'a custom channel gets the bare message');
		is(signed_as($request), $as, "signed by $as");
		ok($webhook->{right}, 'and 200 is enough of an answer');
	}
};

subtest 'signatures' => sub {
	my %mine = (type => 'authorization', channel => 'cha_7k2q');
	my ($request) = exchange('webhook', { %mine, timestamp => 'seconds' });

	like($request->{headers}{'x-front-request-timestamp'}, qr/^\d{10}$/,
	    'seconds');
	is(signed_as($request), 'body', 'are signed as they are');
	($request) = exchange('webhook', { %mine, age_ms => 301_000 });
	cmp_ok(abs($request->{headers}{'x-front-request-timestamp'} / 1000
	    + 301 - time), '<', 60, 'an old moment');
	for ([{ secret => 'x' }, 'wrong'], [{ signature => 'none' }, 'nothing'],
	    [{ signature => 'abc=' }, 'wrong'], [{ signature => 'hex' }, 'wrong'],
	    [{ timestamp => 'none' }, 'wrong'],
	    [{ sign_as => 'undefined' }, 'undefined'],
	    [{ timestamp => '12:00' }, 'body']) {
		my ($how, $as) = @$_;

		($request) = exchange('webhook', { %mine, %$how });
		is(signed_as($request), $as, join ' ', %$how, "is $as");
	}
	$front->set(bearer => 'admin');
	($request) = exchange('webhook', { type => 'delete',
	    channel => 'cha_7k2q' });
	is("$request->{method} $request->{body}", 'DELETE ', 'a bare DELETE');
	is(signed_as($request), 'undefined', 'is signed without a body');
	is($request->{headers}{authorization}, 'Bearer admin',
	    'and carries what the administrator typed');
	($request) = exchange('webhook', { type => 'delete', body => 1,
	    channel => 'cha_7k2q' });
	is($request->{json}{type}, 'delete', 'one with a body');
	is(signed_as($request), 'body', 'is signed over it');
	($request) = exchange('webhook', { type => 'sync',
	    channel => 'cha_7k2q' });
	ok($request->{headers}{'x-front-challenge'}, 'sync has a challenge');
	($request) = exchange('webhook', { raw => "{\"a\":\"\\u00e9\"}\n",
	    channel => 'cha_7k2q', url => "$url/2" });
	is($request->{body}, "{\"a\":\"\\u00e9\"}\n", 'bytes as they are');
	is($request->{path}, '/front/x/2', 'and where they are sent');
};

subtest 'what is made of an answer' => sub {
	for (['a refusal', 400, { type => 'bad_request', message => 'STOP' },
	    'STOP'], ['a failure', 503, '', 'channel servers are unresponsive'],
	    ['no ids', 200, { type => 'success' },
	    'channel servers are unresponsive'],
	    ['a long id', 200, { %success, external_id => 'x' x 201 },
	    'channel servers are unresponsive'],
	    ['no JSON', 200, 'ok', 'channel servers are unresponsive']) {
		my ($name, $status, $answer, $shown) = @$_;
		my (undef, $webhook) = exchange('reply', { conversation => KEY,
		    text => $name }, $status, $answer);

		ok(!$webhook->{right}, "$name is no success");
		my $last = $front->state->{conversations}[0]{messages}[-1];
		is($last->{delivery}, 'failed', 'the message failed');
		is($last->{shown}, $shown, 'and the agent reads why');
	}
	my $elsewhere = "$url/elsewhere";
	my (undef, $webhook) = exchange('webhook', { type => 'authorization',
	    channel => 'cha_7k2q' }, 200, { type => 'success',
	    webhook_url => $elsewhere });
	ok($webhook->{right}, 'a channel that is connected');
	is($front->state->{channels}[0]{webhook}, $elsewhere,
	    'is told where its messages go');
	$front->set(webhook_limit => 1);
	$front->control('POST', 'reply', { conversation => KEY, text => 'x',
	    wait => 0 });
	my $silent = receive();
	is($silent->{path}, '/front/x/elsewhere', 'one goes there');
	$webhook = settled($#{$front->state->{webhooks}});
	ok($webhook->{late}, 'an answer that does not come is late');
	open my $said, '<', "$errors" or die $!;
	like(join('', <$said>), qr/^webhook message: no answer in 1 s$/m,
	    'and said aloud');
};

subtest 'what was brought' => sub {
	$front->reset;
	bring('SM1');
	$front->set(auto_import => 1, import_ms => 20);
	bring('SM2');
	my $request = receive();

	respond($request, 200, {});
	is($request->{json}{type}, 'message_imported', 'is confirmed');
	is(signed_as($request), 'body', 'with a signature');
	is($request->{json}{payload}{metadata}{external_id}, 'SM2',
	    'by our id');
	like($request->{json}{payload}{_links}{related}{conversation},
	    qr{/conversations/cnv_}, 'and says where it is');
	is(scalar grep({ $_->{type} eq 'message_imported' }
	    @{$front->state->{webhooks}}), 1, 'once, and not where it is off');
	$front->set(import_external_id => 0);
	($request) = exchange('webhook', { type => 'message_imported',
	    message => $front->state->{conversations}[0]{messages}[0]{id} });
	is($request->{json}{payload}{metadata}{external_id}, undef,
	    'or without our id');
	is_deeply($request->{json}{metadata}{external_conversation_ids},
	    [KEY], 'but with the key');
};

is($front->stop, 0, 'it ends well on SIGTERM');
done_testing;
