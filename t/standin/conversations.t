#!/usr/bin/perl
# The stand-in for Twilio: conversations, who is in them, what is said in them,
# and the users of the app.
use strict;
use warnings;
use StandIn::Client;
use Test::More;

my $twilio = StandIn::Client->start('twilio', '--key', 'SK' . '0' x 32,
    '--key-secret', 'geheim');

# Calls and returns the answer; the status must be as expected.
sub call {
	my ($status, $name, $method, $path, $fields, %opt) = @_;
	my $answer = $twilio->call($method, $path, $fields, %opt);

	is($answer->{status}, $status, $name) or diag($answer->{body});
	return $answer->{json};
}

sub refused {
	my ($status, $code, $name, @call) = @_;

	is(call($status, $name, @call)->{code}, $code, "... by $code");
}

sub last_entry { return ($twilio->ledger)[-1] }

my $all = '/v1/Conversations';

subtest 'who asks' => sub {
	refused(401, 20003, 'no credentials', GET => $all, undef,
	    login => undef);
	is(last_entry()->{auth}, 'none', 'the ledger says none');
	refused(401, 20003, 'another token', GET => $all, undef,
	    login => 'AC' . '0' x 32 . ':x');
	is(last_entry()->{auth}, 'wrong', 'the ledger says wrong');
	call(200, 'an API key', GET => $all, undef,
	    login => 'SK' . '0' x 32 . ':geheim');
	is(last_entry()->{auth}, 'right', 'the ledger says right');
	is(last_entry()->{headers}{authorization}, undef,
	    'and never what they were');
};

subtest 'conversations' => sub {
	$twilio->reset;
	my $made = call(201, 'one is made', POST => $all, {
		FriendlyName => "\x{141}ucja", UniqueName => 'order 7',
		Attributes => '{"customer_id":"1041"}' });
	is($made->{sid}, 'CH' . '0' x 31 . '1', 'its SID is the first');
	is($made->{friendly_name}, "\x{141}ucja", 'its name is as given');
	is($made->{state}, 'active', 'it is active');
	ok(last_entry()->{effect}, 'the ledger says that it had an effect');
	is(last_entry()->{operation}, 'create_conversation', 'and which');
	is_deeply(last_entry()->{form}, [['Attributes',
	    '{"customer_id":"1041"}'], ['FriendlyName', "\x{141}ucja"],
	    ['UniqueName', 'order 7']], 'and the form');
	my $one = "$all/$made->{sid}";

	is_deeply(call(200, 'it is fetched', GET => $one), $made, 'as it is');
	ok(!last_entry()->{effect}, 'which has no effect');
	is_deeply(call(200, 'it is found by name', GET => "$all/order%207"),
	    $made, 'as it is');
	is_deeply(call(200, 'or in its service', GET =>
	    "/v1/Services/$made->{chat_service_sid}/Conversations/$made->{sid}"),
	    $made, 'as it is');
	refused(404, 20404, 'another service has it not', GET =>
	    '/v1/Services/IS' . '9' x 32 . "/Conversations/$made->{sid}");
	refused(404, 20404, 'an unknown one', GET => "$all/CH" . 'f' x 32);
	refused(409, 50353, 'the same name again', POST => $all,
	    { UniqueName => 'order 7' });
	is(call(200, 'it is changed', POST => $one,
	    { FriendlyName => 'Ines O.' })->{friendly_name}, 'Ines O.',
	    'it has the new name');
	is(call(200, 'all are listed', GET => $all)->{conversations}[0]{sid},
	    $made->{sid}, 'it is there');
	call(200, 'it is closed', POST => $one, { State => 'closed' });
	refused(400, 50377, 'which is for ever', POST => $one,
	    { State => 'active' });
	refused(400, 50384, 'none begins closed', POST => $all,
	    { State => 'closed' });
	my $group = call(201, 'one that initializes', POST => $all,
	    { State => 'initializing' });
	refused(400, 50386, 'is not changed', POST => "$all/$group->{sid}",
	    { FriendlyName => 'x' });
	is($twilio->request('DELETE', $one)->{status}, 401, 'not by anyone');
	is($twilio->call('DELETE', $one)->{body}, '', 'one is deleted');
	refused(404, 20404, 'and gone', GET => $one);
};

subtest 'participants' => sub {
	$twilio->reset;
	my ($first, $second) = map { call(201, "conversation $_", POST => $all)
	    ->{sid} } 1, 2;
	my $in = "$all/$first/Participants";
	my %pair = ('MessagingBinding.Address' => '+4790112233',
	    'MessagingBinding.ProxyAddress' => '+15005550006');
	my $customer = call(201, 'a customer comes in', POST => $in, \%pair);

	is_deeply($customer->{messaging_binding}, { type => 'sms',
	    address => '+4790112233', proxy_address => '+15005550006' },
	    'with both addresses');
	for ($first, $second) {
		my $answer = $twilio->call('POST', "$all/$_/Participants",
		    \%pair);

		is($answer->{status}, 409, 'but not a second time');
		is($answer->{json}{code}, 50416, '... by 50416');
		like($answer->{json}{message}, qr/already exists as a /,
		    'which says where');
		like($answer->{json}{message}, qr/Conversation \Q$first\E$/,
		    'by its SID');
	}
	my $worker = call(201, 'a worker comes in', POST => $in,
	    { Identity => 'ana@example.com' });
	is($worker->{messaging_binding}, undef, 'without addresses');
	refused(409, 50433, 'but not twice', POST => $in,
	    { Identity => 'ana@example.com' });
	is_deeply(call(200, 'fetched by SID', GET => "$in/$worker->{sid}"),
	    $worker, 'as it is');
	is_deeply(call(200, 'fetched by identity', GET =>
	    "$in/ana%40example.com"), $worker, 'as it is');
	refused(404, 50430, 'an unknown participant', GET => "$in/nobody");
	refused(404, 50350, 'an unknown conversation', POST =>
	    "$all/CH" . 'e' x 32 . '/Participants', { Identity => 'x' });
	is(call(200, 'attributes are replaced', POST => "$in/$customer->{sid}",
	    { Attributes => '{"customer_id":"7"}' })->{attributes},
	    '{"customer_id":"7"}', 'whole');
	refused(400, 50441, 'a worker has no proxy address',
	    POST => "$in/$worker->{sid}",
	    { 'MessagingBinding.ProxyAddress' => '+15005550007' });
	is(call(200, 'a customer gets another one',
	    POST => "$in/$customer->{sid}",
	    { 'MessagingBinding.ProxyAddress' => '+15005550007' })
	    ->{messaging_binding}{proxy_address}, '+15005550007', 'this one');
	call(201, 'which leaves the old pair to others',
	    POST => "$all/$second/Participants", \%pair);
	for (['Address', '+4790112233', 2], ['Identity', 'ana@example.com', 1]) {
		my ($name, $value, $count) = @$_;
		my $found = call(200, "conversations by $name",
		    GET => '/v1/ParticipantConversations', { $name => $value })
		    ->{conversations};

		is(@$found, $count, "are $count");
		is($found->[0]{conversation_sid}, $first, 'the first of them');
		is($found->[0]{conversation_state}, 'active', 'and its state');
	}
	call(200, 'a conversation is closed', POST => "$all/$second",
	    { State => 'closed' });
	refused(400, 50377, 'nobody comes into it',
	    POST => "$all/$second/Participants", { Identity => 'x' });
	my $third = call(201, 'a third', POST => $all)->{sid};
	call(201, 'may have the pair of a closed one',
	    POST => "$all/$third/Participants", \%pair);
	is($twilio->call('DELETE', "$in/ana%40example.com")->{status}, 204,
	    'a worker leaves');
	is(@{call(200, 'those left', GET => $in)->{participants}}, 1,
	    'are fewer');
	refused(400, $_->[0], 'a pair that cannot be', POST => $in, $_->[1]) for
	    [50211, { %pair, Identity => 'x' }],
	    [50411, { Attributes => '{}' }],
	    [50407, { %pair, 'MessagingBinding.Address' => 'x' }],
	    [50408, { %pair, 'MessagingBinding.ProxyAddress' => 'x' }],
	    [50409, { map { $_ => '+15005550006' } keys %pair }],
	    [50414, { %pair, 'MessagingBinding.Address' =>
	    'whatsapp:+4790112233' }];
};

subtest 'what is said' => sub {
	$twilio->reset;
	my $in = "$all/" . call(201, 'a conversation', POST => $all)->{sid} .
	    '/Messages';

	for (0 .. 6) {
		my $said = call(201, "message $_", POST => $in,
		    { Body => "text $_", Attributes => qq({"id":"$_"}) });

		is($said->{index}, $_, "has index $_");
		is($said->{author}, 'system', 'and an author');
	}
	for my $order (qw(asc desc)) {
		my (@seen, $pages);
		my $list = call(200, "the list $order", GET => $in,
		    { Order => $order, PageSize => 3 });

		for (;;) {
			push @seen, map { $_->{index} } @{$list->{messages}};
			$pages++;
			my $next = $list->{meta}{next_page_url} // last;
			my ($target) = $next =~ m{^http://127\.0\.0\.1:
			    $twilio->{port}(/.*)}x or last;
			$list = call(200, 'the next page', GET => $target);
		}
		is($pages, 3, 'has three pages');
		is("@seen", join(' ', $order eq 'asc' ? 0 .. 6
		    : reverse 0 .. 6), 'with each once');
	}
	refused(400, 20001, 'pages of at most 100', GET => $in,
	    { PageSize => 101 });
	$twilio->set(list_lag => 1000);
	my $late = call(201, 'with list lag', POST => $in, { Body => 'late' });
	is(@{call(200, 'a list', GET => $in)->{messages}}, 7,
	    'does not have it yet');
	is(call(200, 'but it is there', GET => "$in/$late->{sid}")->{body},
	    'late', 'when asked for by SID');
	my @seen;
	for my $round (0, 1) {
		my $auto = "$all/CH" . 'a' x 32 . '/Messages';

		$twilio->reset;
		$twilio->set(seed => 42, list_lag => [-1000, 1000],
		    auto_conversations => 1);
		$twilio->call('POST', $auto, { Body => $_ }) for 1 .. 20;
		is(@{$twilio->state->{conversations}[0]{messages}}, 20,
		    'the state has what lists lack');
		$seen[$round] = [map { $_->{body} } @{call(200, 'some',
		    GET => $auto)->{messages}}];
		cmp_ok(@{$seen[$round]}, '<', 20, 'are late');
		cmp_ok(@{$seen[$round]}, '>', 0, 'by chance');
	}
	is_deeply($seen[1], $seen[0], 'which is the same for the same seed');
	refused(400, 20001, 'no content', POST => "$all/CH" . 'a' x 32 .
	    '/Messages', { Author => 'x' });
};

subtest 'users' => sub {
	$twilio->reset;
	refused(404, 20404, 'an unknown user', GET =>
	    '/v1/Users/ana%40example.com');
	my $sid = $twilio->control('POST', 'users',
	    { identity => 'ana@example.com', avatar => 'https://a.example/1' })
	    ->{sid};
	is(call(200, "by $_", GET => "/v1/Users/$_")->{identity},
	    'ana@example.com', 'a user') for 'ana%40example.com', $sid;
	my $user = call(200, 'is changed', POST => "/v1/Users/$sid",
	    { FriendlyName => 'Ana', IsAvailable => 'false',
	    State => 'deactivated' });
	is($user->{friendly_name}, 'Ana', 'the name');
	is($user->{state}, 'deactivated', 'the state');
	ok(!$user->{is_available}, 'and the presence');
	is($user->{avatar}, 'https://a.example/1', 'but not the picture');
};

subtest 'strictness' => sub {
	$twilio->reset;
	my %type = ('Content-Type' => 'application/json');

	for (['an unknown field', qr/unknown parameter Nam/,
	    POST => $all, { Nam => 'x' }],
	    ['an unknown state', qr/State is none of/,
	    POST => $all, { State => 'open' }],
	    ['a SID of another kind', qr/MessagingServiceSid is no SID of MG/,
	    POST => $all, { MessagingServiceSid => 'XX' . '0' x 32 }],
	    ['a field twice', qr/UniqueName stands twice/,
	    POST => $all, [UniqueName => 'a', UniqueName => 'b']],
	    ['attributes that are no JSON', qr/no JSON/,
	    POST => $all, { Attributes => '{' }],
	    ['a name that is too long', qr/256/,
	    POST => $all, { FriendlyName => 'x' x 257 }],
	    ['a body that is no form', qr/no form/,
	    POST => $all, { UniqueName => 'j' }, headers => \%type],
	    ['a body with GET', qr/body with GET/,
	    GET => $all, undef, body => 'State=active'],
	    ['an unknown parameter', qr/unknown parameter Sort/,
	    GET => $all, { Sort => 'x' }],
	    ['an odd date', qr/DateCreated is no date/,
	    POST => $all, { DateCreated => 'today' }]) {
		my ($name, $why, $method, $path, $fields, %opt) = @$_;
		my $answer = $opt{body} ? $twilio->request($method, $path,
		    body => $opt{body}, headers => { Authorization => 'Basic ' .
		    MIME::Base64::encode_base64(StandIn::Client::LOGIN, '') })
		    : $twilio->call($method, $path, $fields, %opt);
		my $entry = last_entry();

		is($answer->{status}, 400, "$name is refused");
		like("@{$entry->{invalid}}", $why, 'the ledger says why');
		ok(!$entry->{effect}, 'nothing came of it');
	}
	refused(405, 20004, 'another method', PUT => $all);
	refused(404, 20404, 'another path', GET => '/v1/Conversation');
	refused(404, 20404, 'a message by another SID', GET => "$all/CH" .
	    '1' x 32 . '/Messages/XX' . '1' x 32);
	$twilio->set(strict => 0);
	call(201, 'unless it is not strict', POST => $all, { Nam => 'x' });
	like("@{last_entry()->{invalid}}", qr/Nam/, 'which is noted still');
	is_deeply($twilio->state->{conversations}[0]{friendly_name}, undef,
	    'and ignored');
};

is($twilio->stop, 0, 'it ends well on SIGTERM');
done_testing;
