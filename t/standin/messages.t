#!/usr/bin/perl
# The stand-in for Twilio: messages, their pictures and callbacks, lookups.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Sign;
use StandIn::Client;
use StandIn::Form;
use Test::More;

my $twilio = StandIn::Client->start('twilio');
my $account = '/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef';
my $all = "$account/Messages.json";
my %text = (To => '+4790112233', From => '+15005550006', Body => 'Ready at 5!');

sub call {
	my ($status, $name, $method, $path, $fields, %opt) = @_;
	my $answer = $twilio->call($method, $path, $fields, %opt);

	is($answer->{status}, $status, $name) or diag($answer->{body});
	return $answer->{json};
}

sub listed {
	my ($name, %filter) = @_;

	return map { $_->{body} }
	    @{call(200, $name, GET => $all, \%filter)->{messages}};
}

subtest 'sending' => sub {
	my $sent = call(201, 'a text', POST => $all, \%text);

	is($sent->{sid}, 'SM' . '0' x 31 . '1', 'its SID is the first');
	is($sent->{status}, 'queued', 'it is queued');
	is($sent->{direction}, 'outbound-api', 'it goes out');
	is($sent->{num_segments}, '1', 'in one segment');
	is($sent->{date_sent}, undef, 'and is not sent yet');
	like($sent->{date_created},
	    qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/,
	    'dates are of RFC 2822');
	is_deeply(call(200, 'it is fetched', GET => $sent->{uri}), $sent, 'as it is');
	my $other = call(201, 'by a service, with a picture', POST => $all, [
	    To => '+4790112233', MessagingServiceSid => 'MG' . '0' x 32,
	    MediaUrl => 'https://a.example/1', MediaUrl =>
	    'https://a.example/2' ]);
	like($other->{sid}, qr/^MM/, 'its SID is of another kind');
	is($other->{status}, 'accepted', 'it is accepted');
	is($other->{from}, undef, 'from nobody yet');
	is($other->{num_media}, '2', 'with two pictures');
	is($other->{num_segments}, '0', 'in no segments yet');
	for ([21604, To => ''], [21211, To => '4790112233'],
	    [21211, To => 'whatsapp: +4790112233'], [21603, From => ''],
	    [21612, From => 'whatsapp:+15005550006'], [21602, Body => ''],
	    [21617, Body => 'x' x 1601], [20001, ValidityPeriod => 40000],
	    [21609, StatusCallback => 'https://a_b.example/x'],
	    [20001, StatusCallback => '/x'], [20001, SmartEncoded => 'yes'],
	    [20001, MediaURL => 'https://a.example/1']) {
		my ($code, $name, $value) = @$_;

		is(call(400, "$name is wrong", POST => $all,
		    { %text, $name => $value })->{code}, $code, "... by $code");
		ok(@{($twilio->ledger)[-1]{invalid}}, 'the ledger says so');
	}
	$twilio->set(opted_out => ['+4790112233'], senders => ['+15005550007']);
	is(call(400, 'a foreign sender', POST => $all, \%text)->{code}, 21606,
	    '... by 21606');
	is(call(400, 'who does not want it', POST => $all, { %text,
	    From => '+15005550007' })->{code}, 21610, '... by 21610');
	is_deeply(($twilio->ledger)[-1]{invalid}, [],
	    'which no client can know');
	call(404, 'another account', POST => '/2010-04-01/Accounts/AC' .
	    '1' x 32 . '/Messages.json', \%text);
	call(404, 'an unknown message', GET => "$account/Messages/SM" .
	    'f' x 32 . '.json');
};

subtest 'listing' => sub {
	$twilio->reset;
	my @sid = map { call(201, "text $_", POST => $all, { %text,
	    Body => "t$_", To => $_ % 2 ? '+4790112233' : '+4790112244' })
	    ->{sid} } 1 .. 7;
	is_deeply([listed('all')], [map { "t$_" } reverse 1 .. 7],
	    'the newest comes first');
	is_deeply([listed('by To', To => '+4790112244')], [qw(t6 t4 t2)],
	    'theirs');
	is_deeply([listed('by From', From => '+15005550007')], [], 'none');
	is_deeply([listed('by date', 'DateSent>' => '2020-01-01')], [],
	    'none is sent');
	$twilio->control('POST', 'status', { sid => $_, status => 'sent' })
	    for @sid[0, 1];
	is_deeply([listed('by date', 'DateSent>' => '2020-01-01')],
	    [qw(t2 t1)], 'those sent');
	is_deeply([listed('by date', 'DateSent<' => '2020-01-01T00:00:00Z')],
	    [], 'none so long ago');
	my @day = gmtime;
	my $today = sprintf '%d-%02d-%02d', $day[5] + 1900, $day[4] + 1,
	    $day[3];
	cmp_ok(scalar(listed('by date', 'DateSent>' => $today)), '<=', 2,
	    'those of today, unless it just ended');

	my ($target, @seen) = ("$all?PageSize=3&To=%2B4790112233");
	while (defined $target && @seen < 20) {
		my $page = call(200, 'a page', GET => $target);

		push @seen, map { $_->{body} } @{$page->{messages}};
		$target = $page->{next_page_uri};
		like($target, qr{^/2010}, 'the link is relative')
		    if defined $target;
	}
	is_deeply(\@seen, [qw(t7 t5 t3 t1)], 'all pages have each once');
	is(call(400, 'a page that is too large', GET => $all,
	    { PageSize => 1001 })->{code}, 20007, '... by 20007');
	$twilio->set(list_lag => 1000);
	my $late = call(201, 'a text', POST => $all, \%text)->{sid};
	is(scalar(listed('a list')), 7, 'does not have it yet');
	call(200, 'but it is there', GET => "$account/Messages/$late.json");
	is(@{$twilio->state->{messages}}, 8, 'and in the state');
};

subtest 'callbacks' => sub {
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	    Listen => 1) or die "listen: $!";
	my $url = 'http://127.0.0.1:' . $listener->sockport . '/status/8f1c';

	$twilio->reset;
	my $sid = call(201, 'a text', POST => $all, { %text,
	    StatusCallback => "$url#rc=2" })->{sid};
	my $control = $twilio->connection;
	my $body = qq({"sid":"$sid","status":"failed","error_code":30003,) .
	    '"callback":{"token":"geheim"}}';
	print {$control} "POST /_control/status HTTP/1.1\r\nContent-Length: ",
	    length $body, "\r\n\r\n", $body;
	$control->flush;
	IO::Select->new($listener)->can_read(20) or die 'no callback';
	my $caller = $listener->accept;
	my $got = '';
	while ($got !~ /\r\n\r\n.*SmsStatus=\w+.*To=/s) {
		IO::Select->new($caller)->can_read(20) or last;
		sysread $caller, $got, 65536, length $got or last;
	}
	call(200, 'the stand-in serves on meanwhile', GET => $all);
	print {$caller} "HTTP/1.1 204 x\r\nConnection: close\r\n\r\n";
	close $caller;
	my $answer = StandIn::Client::read_answer($control);
	is($answer->{json}{callback}{status}, 204, 'it tells of the answer');
	is($answer->{json}{error_code}, 30003, 'and of the message');
	my ($head, $form) = split /\r\n\r\n/, $got, 2;
	my %form = map { @$_ } @{StandIn::Form::pairs($form)};
	my ($signature) = $head =~ /^X-Twilio-Signature: (\S+)/m;
	like($head, qr{^POST /status/8f1c HTTP}, 'the path is as asked for');
	is($form{MessageSid}, $sid, 'the form names the message');
	is($form{MessageStatus}, 'failed', 'and its state');
	is($form{ErrorCode}, 30003, 'and why');
	is($signature, Sign::signature('geheim', $url, \%form),
	    'and is signed, without the fragment');
	ok(!eval { $twilio->control('POST', 'status', { sid => $sid,
	    status => 'lost' }); 1 }, 'an unknown state is refused');
};

subtest 'pictures' => sub {
	$twilio->reset;
	my $got = $twilio->control('POST', 'messages', { from => '+4790112233',
	    to => '+15005550006', body => 'look', media => [
	    { content_type => 'image/png', body => encode_base64("\x89PNG\0") },
	    { body => encode_base64('jpeg') }] });
	is($got->{direction}, 'inbound', 'a message comes in');
	is($got->{num_media}, '2', 'with two pictures');
	my ($path) = $got->{media_urls}[0] =~ m{^http://[^/]+(/.*)};
	my $first = $twilio->call('GET', $path);
	is($first->{status}, 307, 'a picture is elsewhere');
	is($twilio->call('GET', $path, undef, login => undef)->{status}, 401,
	    'and nobody\'s business');
	my ($target) = $first->{headers}{location} =~
	    m{^http://127\.0\.0\.1:$twilio->{download_port}(/.*)};
	my $second = $twilio->request('GET', $target,
	    port => $twilio->{download_port});
	is($second->{status}, 200, 'there it is');
	is($second->{body}, "\x89PNG\0", 'to the byte');
	is($second->{headers}{'content-type'}, 'image/png', 'and of its type');
	my $leaked = $twilio->call('GET', $target, undef,
	    port => $twilio->{download_port});
	is($leaked->{status}, 400, 'not for the credentials of the first host');
	like("@{($twilio->ledger)[-1]{invalid}}", qr/credentials/,
	    'the ledger says so');
	is($twilio->request('GET', $path, port => $twilio->{download_port})
	    ->{status}, 404, 'the second host has nothing else');
	my $list = call(200, 'the list', GET =>
	    "$account/Messages/$got->{sid}/Media.json")->{media_list};
	is_deeply([sort map { $_->{content_type} } @$list],
	    ['image/jpeg', 'image/png'], 'has both');
	is($twilio->call('DELETE', $list->[0]{uri})->{status}, 204,
	    'one is deleted');
	call(404, 'and gone', GET => $list->[0]{uri});
	call(200, 'the other is not', GET => $list->[1]{uri});
};

subtest 'lookups' => sub {
	my %name = (Fields => 'caller_name');

	$twilio->reset;
	$twilio->set(caller_names => { '+14155550142' =>
	    { caller_name => 'OKAFOR INES', caller_type => 'CONSUMER' } });
	my $found = call(200, 'a number', GET =>
	    '/v2/PhoneNumbers/%2B14155550142', \%name);
	is($found->{caller_name}{caller_name}, 'OKAFOR INES', 'has a name');
	is($found->{national_format}, '(415) 555-0142', 'as written there');
	ok($found->{valid}, 'it is valid');
	is(call(200, 'unasked', GET => '/v2/PhoneNumbers/%2B14155550142')
	    ->{caller_name}, undef, 'no name is told');
	is(call(200, 'nationally', GET => '/v2/PhoneNumbers/4155550142')
	    ->{phone_number}, '+14155550142', 'it is the same number');
	is(call(200, 'abroad', GET => '/v2/PhoneNumbers/%2B4790112233', \%name)
	    ->{caller_name}, undef, 'no name is known');
	my $long = call(200, 'too long', GET => '/v2/PhoneNumbers/%2B' .
	    '4' x 20);
	ok(!$long->{valid}, 'is not valid');
	is_deeply($long->{validation_errors}, ['TOO_LONG'], 'and why');
	call(400, 'an unknown package', GET =>
	    '/v2/PhoneNumbers/%2B14155550142', { Fields => 'shoe_size' });
};

is($twilio->stop, 0, 'it ends well');
done_testing;
