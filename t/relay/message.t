#!/usr/bin/perl
# message.add, which must not be repeated: whether a request that nobody
# answered has arrived, and when it is sent again.
use strict;
use warnings;
use utf8;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    config => { 'limits.users_interval' => 0,
        'limits.twilio_per_second' => 1000 });
my $twilio = $stage->twilio;
my $canary = $stage->CANARY . ' +46701740601';

my @terms;

sub set_terms {
	my ($settle, $resend) = @_;

	@terms = @_;
	$stage->sql("UPDATE frontline_queue.destination SET settle = '$settle',
	    resend = '$resend' WHERE name = 'conversations'");
}

sub say_in {
	my ($sid, %more) = @_;

	return $stage->enqueue($sid, $stage->new_sid('D'), 'message.add',
	    { conversation_sid => $sid, service_sid => undef,
	        body => $canary, %more });
}

sub said_in {
	my ($sid) = @_;

	return @{$stage->conversation_at_twilio($sid)->{messages}};
}

# The next request that says something there is lost, before or after it was
# heard.  Returns the job, which is put back, and stays there until it is hurried.
sub lose {
	my ($sid, $when, %more) = @_;
	my @after = @terms;

	set_terms('1 hour', '2 hours');
	$stage->script({ method => 'POST', path => $sid, action => 'close',
	    when => $when });
	my $job = say_in($sid, %more);
	$stage->wait_put_back($job, qr/Empty reply|rewind|reset/);
	$stage->hurry;
	$stage->wait_put_back($job, qr/^a request may still be on its way$/);
	# That may be of an attempt that came before it was hurried.
	wait_until(sub { due_in($job, 30, 60) eq 't' }, 'it waits');
	set_terms(@after);
	return $job;
}

# Is the lane of a job due in between so many and so many minutes?
sub due_in {
	my ($job, $low, $high) = @_;

	return $stage->sql("SELECT l.token IS NULL AND l.ready_at BETWEEN
	    now() + interval '$low min' AND now() + interval '$high min'
	    FROM frontline_queue.job j
	    JOIN frontline_queue.lane l USING (destination_id, key)
	    WHERE j.job_id = $job");
}

# The sample's own conversation would get a worker meanwhile.
$stage->sql('DELETE FROM frontline.conversation');
set_terms('1 hour', '2 hours');
$stage->start_relay;

# ---- it says what it has to
my $sid = $stage->new_conversation;
my $job = say_in($sid);
my ($outcome, $message) = split /\|/, $stage->wait_outcome($job);
is($outcome, 'sent', 'a message is sent');
my ($said) = said_in($sid);
is($said->{sid}, $message, 'under the SID that is written down');
is($said->{body}, $canary, 'with its text');
is($said->{author}, 'system', 'by nobody in particular');
is_deeply(decode_json($said->{attributes}), { frontline_job => "$job" },
    'and bears the number of the job');

my $service = $stage->new_sid('IS');
$sid = $stage->new_conversation(service => $service);
$job = say_in($sid, service_sid => $service);
like($stage->wait_outcome($job), qr/^sent\|IM/, 'in a named service');

my $long = substr "Grüße, 日本語, 😀 & = % + \"\\\n" x 100, 0, 1600;
$sid = $stage->new_conversation;
my $added = $twilio->call('POST', "/v1/Conversations/$sid/Participants",
    { 'MessagingBinding.Address' => '+14155550101',
        'MessagingBinding.ProxyAddress' => '+15005550006' });
is($added->{status}, 201, 'where somebody reads it as a text message');
$job = say_in($sid, body => $long);
like($stage->wait_outcome($job), qr/^sent\|/, '1600 characters are sent');
is((said_in($sid))[0]{body}, $long, 'and every one arrives');

# ---- a request is lost: wait, look, wait, look again, send
$sid = $stage->new_conversation;
$job = lose($sid, 'before');
is(due_in($job, 55, 60), 't', 'one that may be on its way is waited for');
is($stage->talk_of($sid), 'POST -', 'and not even looked for');
set_terms('0', '2 hours');
$stage->hurry;
$stage->wait_put_back($job, qr/^not in the list yet$/);
is($stage->talk_of($sid), 'POST - GET 200', 'then it is looked for');
is(due_in($job, 115, 120), 't', 'and not sent again, for lists lag behind');
is($stage->sql("SELECT attempt FROM frontline_queue.job WHERE job_id = $job"),
    1, 'none of it counts as an attempt');
set_terms('0', '0');
$stage->hurry;
like($stage->wait_outcome($job), qr/^sent\|IM[0-9a-f]{32}\|2$/,
    'in the end it is sent again');
is($stage->talk_of($sid), 'POST - GET 200 GET 200 POST 201',
    'after one more look');
is(scalar said_in($sid), 1, 'and is there once');

# ---- it had arrived
$sid = $stage->new_conversation;
$job = lose($sid, 'after');
$stage->hurry;
my $found = (said_in($sid))[0]{sid};
is($stage->wait_outcome($job), "reconciled|$found|2",
    'one that had arrived is found by its mark');
is($stage->talk_of($sid), 'POST - GET 200', 'and not sent again');
my ($look) = grep { $_->{method} eq 'GET' } $stage->requests_of($sid);
is_deeply({ map { @$_ } @{$look->{query}} },
    { Order => 'desc', PageSize => 100 }, 'among the latest first');

# ---- the list shows it late
set_terms('0', '2 hours');
$twilio->set(list_lag => 3600);
$sid = $stage->new_conversation;
$job = lose($sid, 'after');
$stage->hurry;
$stage->wait_put_back($job, qr/^not in the list yet$/);
$twilio->set(list_lag => 0);
($found) = map { $_->{sid} } said_in($sid);
$stage->script({ method => 'GET', path => $sid, action => 'garbage',
    body => '{"messages": [{"sid": "' . $found . '", "attributes": ' .
    JSON::PP->new->allow_nonref->encode("{\"frontline_job\": \"$job\"}") .
    '}], "meta": {}}' });
$stage->hurry;
is($stage->wait_outcome($job), "reconciled|$found|2",
    'one that the list shows late is found at the second look');
is(scalar said_in($sid), 1, 'and is there once');

# ---- what is not ours, or no list at all
set_terms('0', '0');
$sid = $stage->new_conversation;
for ('{"frontline_job": "1"}', '{"frontline_job": 1}', '[]', 'null') {
	$twilio->call('POST', "/v1/Conversations/$sid/Messages",
	    { Body => $canary, Attributes => $_ });
}
$job = lose($sid, 'before');
$stage->script({ method => 'GET', path => $sid, action => 'garbage' },
    { method => 'GET', path => $sid, action => 'garbage',
        body => '{"messages": {}}' },
    { method => 'GET', path => $sid, action => 'error', status => 503 });
$stage->hurry_all;
like($stage->outcome_of($job), qr/^sent\|.*\|5$/,
    'the same words are not our own');
is($stage->talk_of($sid) =~ s/^(?:POST 201 ){4}//r,
    'POST - GET 200 GET 200 GET 503 GET 200 POST 201',
    'and while no list comes, nothing is sent');
ok((grep { /job=$job / } $stage->relay_said($_)), "the log tells: $_")
    for qr/no JSON object/, qr/no list 'messages'/, qr/status 503/;
is(scalar said_in($sid), 5, 'ours are there once');

# ---- it is given up, and nobody knows whether it has arrived
set_terms('0', '0');
$sid = $stage->new_conversation;
$job = lose($sid, 'after');
$stage->sql("UPDATE frontline_queue.job SET created_at = now() - interval
    '25 hours' WHERE job_id = $job");
$stage->hurry;
is($stage->wait_outcome($job), 'dead||2', 'one that is too old');
is($stage->sql("SELECT error FROM frontline_queue.dead WHERE job_id = $job"),
    'too old; an earlier request may have arrived',
    'warns whoever would send it again');

# ---- somebody else has heard of it
$sid = $stage->new_conversation;
$job = lose($sid, 'before');
my $told = $stage->new_sid('IM');
$stage->sql("SELECT frontline_queue.learn(wire_uuids[1], '$told', 'test')
    FROM frontline_queue.job WHERE job_id = $job");
$stage->hurry;
is($stage->wait_outcome($job), "reconciled|$told|2", 'evidence is enough');
is($stage->talk_of($sid), 'POST -', 'and nobody is asked');

# ---- pages
sub fill {
	my ($sid, $count) = @_;

	for (1 .. $count) {
		$twilio->call('POST', "/v1/Conversations/$sid/Messages",
		    { Body => "message $_" })->{status} == 201
		    or die 'no message';
	}
}

$sid = $stage->new_conversation;
$job = lose($sid, 'after');
fill($sid, 201);
$stage->hurry;
like($stage->wait_outcome($job), qr/^reconciled\|IM/,
    'it is found behind 201 others');
is($stage->talk_of($sid) =~ s/(?:POST 201 ?)+//r,
    'POST - GET 200 GET 200 GET 200', 'on the third page');

# ---- a link to another host
my $trap = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1')
    or die "no free port: $@";
my $port = $trap->sockport;
my $own = $twilio->url;
for my $link ("http://127.0.0.1:$port/v1/next", "//127.0.0.1:$port/v1/next",
    "$own\@127.0.0.1:$port/v1/next", "http://\@127.0.0.1:$port/v1/next") {
	$sid = $stage->new_conversation;
	$job = lose($sid, 'before');
	$stage->script({ method => 'GET', path => $sid, action => 'garbage',
	    body => encode_json({ messages => [],
	        meta => { next_page_url => $link } }) });
	$stage->hurry;
	like($stage->wait_outcome($job), qr/^sent\|/, "the link $link");
	is($stage->talk_of($sid), 'POST - GET 200 POST 201',
	    'is not followed');
}
is(IO::Select->new($trap)->can_read(0), undef,
    'so no credentials leave for another host');

# A peer whose pages never end.
$sid = $stage->new_conversation;
$job = lose($sid, 'before');
$stage->script({ method => 'GET', path => $sid, action => 'garbage',
    times => 'forever', body => encode_json({ messages => [], meta =>
        { next_page_url => "$own/v1/Conversations/$sid/Messages" } }) });
$stage->hurry;
like($stage->wait_outcome($job), qr/^sent\|/, 'pages without end');
is($stage->talk_of($sid), join(' ', 'POST -', ('GET 200') x 20, 'POST 201'),
    'are not all read');

# ---- the conversation ends meanwhile
$sid = $stage->new_conversation(state => 'closed');
$job = say_in($sid);
is($stage->wait_outcome($job), 'unneeded||1', 'a closed conversation');
$job = say_in($stage->new_sid('CH'));
is($stage->wait_outcome($job), 'unneeded||1', 'one that is not there');
$sid = $stage->new_conversation;
$job = lose($sid, 'before');
$twilio->control('POST', 'conversations', { sid => $sid, state => 'closed' });
$stage->hurry;
is($stage->wait_outcome($job), 'unneeded||2', 'one that is closed meanwhile');

# ---- payloads that cannot be
for (['the payload has no body', conversation_sid => $stage->new_sid('CH')],
    ['the payload names no conversation', body => $canary],
    ['the payload has no body', conversation_sid => $stage->new_sid('CH'),
        body => 7]) {
	my ($why, %payload) = @$_;

	$job = $stage->enqueue($stage->new_sid('CH'), $stage->new_sid('D'),
	    'message.add', \%payload);
	is($stage->wait_outcome($job), 'dead||1', $why);
	is($stage->sql("SELECT error FROM frontline_queue.dead
	    WHERE job_id = $job"), $why, 'says the dead letter');
}

is(scalar(grep { @{$_->{invalid}} } $stage->ledger), 0,
    'Twilio had nothing to complain of');
done_testing;
