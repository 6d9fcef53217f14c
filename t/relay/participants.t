#!/usr/bin/perl
# participant.add and participant.attributes: from the queue to Twilio and back
# into the database.
use strict;
use warnings;
use JSON::PP;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    config => { 'limits.users_interval' => 0,
        'limits.twilio_per_second' => 1000 });
my $twilio = $stage->twilio;
my ($ana, $ben) = ($stage->WORKER, 'ben@example.com');
my $next = 0;

sub sid { return sprintf '%s%032x', $_[0], ++$next }

# A conversation at Twilio and with us.
sub conversation {
	my (%more) = @_;
	my $sid = sid('CH');

	$twilio->control('POST', 'conversations', { sid => $sid, %more });
	$stage->sql("INSERT INTO frontline.conversation
	    (conversation_sid, initiated_by) VALUES ('$sid', 'customer')");
	return $sid;
}

sub add {
	my ($sid, $identity, $service) = @_;

	return $stage->enqueue($sid, sid('D'), 'participant.add',
	    { conversation_sid => $sid, service_sid => $service,
	        identity => $identity });
}

sub participants {
	my ($sid) = @_;
	my ($conversation) = grep { $_->{sid} eq $sid }
	    @{$stage->twilio_state->{conversations}};

	return @{$conversation->{participants}};
}

# The requests of one conversation, as method and status.
sub requests {
	my ($sid) = @_;

	return join ' ', map { "$_->{method} " . ($_->{status} // '-') }
	    grep { index($_->{path}, $sid) >= 0 && !$_->{control} }
	    $stage->ledger;
}

$stage->start_relay;

# ---- a worker comes in
my $sid = conversation();
my $job = add($sid, $ana);
like($stage->wait_outcome($job), qr/^sent\|MB[0-9a-f]{32}\|1$/,
    'a worker is added at the first attempt');
is_deeply([map { $_->{identity} } participants($sid)], [$ana],
    'and is in the conversation');
is($stage->sql("SELECT w.identity, p.role, p.added_at IS NOT NULL
    FROM frontline.participant p JOIN frontline.worker w USING (worker_id)
    WHERE p.conversation_sid = '$sid'"), "$ana|worker|t",
    'and in the database, which no webhook would tell');
my ($request) = grep { index($_->{path}, $sid) >= 0 } $stage->ledger;
is($request->{auth}, 'right', 'with our credentials');

$job = add($sid, $ana);
like($stage->wait_outcome($job), qr/^unneeded\|MB/,
    'who is there already is success');
is(scalar participants($sid), 1, 'and is not there twice');

my $service = sid('IS');
$sid = conversation(service => $service);
$job = add($sid, $ana, $service);
like($stage->wait_outcome($job), qr/^sent\|/, 'in a named service');
is(requests($sid), 'POST 201', 'by one request');

# ---- a conversation that is not ready, closed, or not there
$sid = conversation(state => 'initializing');
$job = add($sid, $ana);
wait_until(sub { requests($sid) =~ /POST 4\d\d/ },
    'the conversation is not ready');
$twilio->control('POST', 'conversations', { sid => $sid });
like($stage->wait_outcome($job), qr/^sent\|MB[0-9a-f]+\|[2-9]$/,
    'an initializing conversation is tried again later');

$sid = conversation(state => 'closed');
$job = add($sid, $ana);
like($stage->wait_outcome($job), qr/^unneeded\|\|1/,
    'a closed one needs no worker');
is($stage->sql("SELECT state FROM frontline.conversation
    WHERE conversation_sid = '$sid'"), 'closed', 'and is closed here, too');

$sid = sid('CH');
$stage->sql("INSERT INTO frontline.conversation
    (conversation_sid, initiated_by) VALUES ('$sid', 'customer')");
$job = add($sid, $ana);
like($stage->wait_outcome($job), qr/^unneeded\|\|1/, 'one that is not there');
is($stage->sql("SELECT state FROM frontline.conversation
    WHERE conversation_sid = '$sid'"), 'closed', 'is closed here, too');

# Not Twilio's words: a wrong base URL must not close what is open.
$sid = conversation();
$stage->script({ method => 'POST', path => $sid, action => 'error',
    status => 404, format => 'html' });
$job = add($sid, $ana);
is($stage->wait_outcome($job), 'dead||1', 'a 404 that is not of Twilio');
isnt($stage->sql("SELECT state FROM frontline.conversation
    WHERE conversation_sid = '$sid'"), 'closed', 'closes nothing');

# ---- a worker whom Twilio never takes
$sid = conversation();
$stage->sql("UPDATE frontline.conversation SET customer_address =
    '+14155550199', proxy_address = '+15005550006', worker_id = (SELECT
    worker_id FROM frontline.worker WHERE identity = '$ana')
    WHERE conversation_sid = '$sid';
    INSERT INTO frontline.routing_decision (conversation_sid, decided_at,
    decision, worker_id, reason) SELECT '$sid', now(), 'routed', worker_id,
    'test' FROM frontline.worker WHERE identity = '$ana'");
$stage->script({ method => 'POST', path => $sid, action => 'error',
    status => 400, code => 50422, message => 'too many for +14155550199' });
$job = add($sid, $ana);
is($stage->wait_outcome($job), 'dead||1', 'a worker who is refused for good');
is($stage->sql("SELECT worker_id IS NULL FROM frontline.conversation
    WHERE conversation_sid = '$sid'"), 't', 'has the conversation no longer');
is($stage->sql("SELECT error FROM frontline_queue.dead WHERE job_id = $job"),
    'status 400, code 50422: too many for +*********99',
    'the dead letter says why, and no number');

# ---- 50416
my $here = conversation();
my $there = conversation();
$stage->sql("UPDATE frontline.conversation SET customer_address =
    '+14155550177', proxy_address = '+15005550006', worker_id = (SELECT
    worker_id FROM frontline.worker WHERE identity = '$ana')
    WHERE conversation_sid = '$here'");
$stage->script({ method => 'POST', path => $here, action => 'error',
    status => 409, code => 50416, message => 'A binding for this participant '
    . "and proxy address already exists in Conversation $there" });
$job = add($here, $ana);
is($stage->wait_outcome($job), "unneeded|$there|1",
    'the pair is in another conversation');
$stage->wait_queue_empty;
is_deeply([map { $_->{identity} } participants($there)], [$ana],
    'which gets the worker');
is($stage->sql("SELECT conversation_sid FROM frontline.conversation
    WHERE customer_address = '+14155550177' AND state <> 'closed'"), $there,
    'and the pair');

my $third = conversation();
$stage->sql("UPDATE frontline.conversation SET customer_address =
    '+14155550178', proxy_address = '+15005550006', worker_id = (SELECT
    worker_id FROM frontline.worker WHERE identity = '$ana')
    WHERE conversation_sid = '$third'");
$there = conversation();
my $added = $twilio->call('POST', "/v1/Conversations/$there/Participants",
    { 'MessagingBinding.Address' => '+14155550178',
        'MessagingBinding.ProxyAddress' => '+15005550006' });
is($added->{status}, 201, 'a pair without a conversation of ours');
$stage->script({ method => 'POST', path => $third, action => 'error',
    status => 409, code => 50416, message => 'it exists' });
$job = add($third, $ana);
is($stage->wait_outcome($job), "unneeded|$there|1",
    'a conflict that names nothing is searched for');

# ---- a customer is tied
sub customer {
	my ($sid, %more) = @_;
	my $made = $twilio->call('POST', "/v1/Conversations/$sid/Participants",
	    { 'MessagingBinding.Address' => sprintf('+1415556%04d', ++$next),
	        'MessagingBinding.ProxyAddress' => '+15005550006', %more });

	die "no participant: $made->{body}" if $made->{status} != 201;
	return $made->{json}{sid};
}

sub tie_customer {
	my ($sid, $participant, %more) = @_;

	return $stage->enqueue($sid, sid('D'), 'participant.attributes',
	    { conversation_sid => $sid, participant_sid => $participant,
	        service_sid => undef, customer_id => '1041',
	        display_name => "In\x{ea}s Okafor", avatar => undef, %more });
}

sub attributes {
	my ($sid, $participant) = @_;
	my ($found) = grep { $_->{sid} eq $participant } participants($sid);

	return $found->{attributes};
}

$sid = conversation();
my $who = customer($sid);
$job = tie_customer($sid, $who);
is($stage->wait_outcome($job), "sent|$who|1", 'a customer is tied');
is_deeply(JSON::PP->new->decode(attributes($sid, $who)) , { customer_id => '1041',
    display_name => "In\x{ea}s Okafor" }, 'id and name, no picture')
    or diag attributes($sid, $who);
$job = tie_customer($sid, $who, customer_id => '7', avatar => 'https://x.example/a');
is($stage->wait_outcome($job), "sent|$who|1", 'what is missing is added');
is_deeply(JSON::PP->new->decode(attributes($sid, $who)), { customer_id => '1041',
    display_name => "In\x{ea}s Okafor", avatar => 'https://x.example/a' },
    'and nothing is overwritten');
my $before = () = $stage->ledger;
$job = tie_customer($sid, $who);
like($stage->wait_outcome($job), qr/^unneeded\|/, 'nothing to add');
is(join(' ', map { $_->{method} } $stage->ledger($before)), 'GET',
    'is not written');

$who = customer($sid, Attributes => '["not", "an", "object"]');
$job = tie_customer($sid, $who);
like($stage->wait_outcome($job), qr/^unneeded\|/, 'no JSON object');
is(attributes($sid, $who), '["not", "an", "object"]', 'is left alone');

$who = customer($sid);
$stage->script({ method => 'POST', path => $who, action => 'error',
    status => 409, code => 50419 });
$job = tie_customer($sid, $who);
is($stage->wait_outcome($job), "sent|$who|2",
    'whoever was slower reads again and writes again');
is(join(' ', map { $_->{method} } grep { $_->{path} =~ /$who/ }
    $stage->ledger), 'GET POST GET POST', 'in this order');

$job = tie_customer($sid, sid('MB'));
like($stage->wait_outcome($job), qr/^unneeded\|\|1/,
    'a participant who has left');

# ---- jobs that cannot be
$job = $stage->enqueue($sid, sid('D'), 'no.such', {});
is($stage->wait_outcome($job), 'dead||1', 'a kind that nobody knows');
$job = $stage->enqueue($sid, sid('D'), 'participant.add', {});
is($stage->wait_outcome($job), 'dead||1', 'a payload that says nothing');
$job = $stage->enqueue($sid, sid('D'), 'participant.add',
    { conversation_sid => $sid });
is($stage->wait_outcome($job), 'dead||1', 'or names no worker');

is(scalar(grep { @{$_->{invalid}} } $stage->ledger), 0,
    'Twilio had nothing to complain of');
done_testing;
