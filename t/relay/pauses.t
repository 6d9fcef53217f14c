#!/usr/bin/perl
# When Twilio refuses, fails, or is not Twilio: who waits, for how long, and who
# asks first afterwards.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    config => { 'limits.users_interval' => 0,
        'limits.twilio_per_second' => 1000 });
my $worker = $stage->WORKER;
# What is not known is looked up, and sent again, without a wait.
my $terms = q{UPDATE frontline_queue.destination SET settle = '0', resend = '0',
    paused_until = '-infinity', pause_reason = NULL
    WHERE name = 'conversations'};
$stage->sql($terms);
# The sample's own conversation would get a worker meanwhile.
$stage->sql('DELETE FROM frontline.conversation');

# A message says something that no log may repeat.
sub job_of {
	my ($kind, $sid) = @_;

	return [$sid, $stage->new_sid('D'), $kind, { conversation_sid => $sid,
	    service_sid => undef, $kind eq 'message.add'
	    ? (body => $stage->CANARY . ' +46701740601')
	    : (identity => $worker) }];
}

# ---- too many requests: all wait, no attempt counts, one comes back first
my @many = $stage->new_conversations(8);
my $from = () = $stage->ledger;
$stage->script({ path => '/Participants$', action => 'error', status => 429,
    code => 20429, retry_after => 1, times => 8 },
    { path => '/Participants$', action => 'delay', ms => 300 });
my @jobs = $stage->enqueue_all(map { job_of('participant.add', $_) } @many);
my $relay = $stage->start_relay;
wait_until(sub { $stage->sql("SELECT pause_reason FROM
    frontline_queue.destination WHERE name = 'conversations'
    AND paused_until > now() - interval '1 minute'")
    eq 'status 429, code 20429: scripted 429' },
    'the destination is paused for every relay');
$stage->wait_queue_empty;
is($stage->sql('SELECT DISTINCT outcome, attempts FROM frontline_queue.done
    WHERE job_id IN (' . join(', ', @jobs) . ')'), 'sent|1',
    'eight jobs are refused with 429: none of the attempts counts');
my @asked = $stage->ledger($from);
is(scalar @asked, 16, 'each is sent once more');
is(join(' ', map { $_->{status} } @asked), join(' ', (429) x 8, (201) x 8),
    'and nobody before that');
cmp_ok($asked[8]{time} - $asked[0]{time}, '>=', 0.99,
    'the pause is as long as Retry-After says');
cmp_ok($asked[9]{time} - $asked[8]{time}, '>=', 0.3,
    'one request comes back, and the others wait for its answer');
ok($stage->relay_said(qr/warning: conversations: paused for \d+ ms: status 429/),
    'a warning tells');

# ---- five failures in a row: the breaker
$from = () = $stage->ledger;
@many = $stage->new_conversations(8);
$stage->script({ path => '/Participants$', action => 'error', status => 503,
    times => 8 },
    { path => '/Participants$', action => 'error', status => 503 },
    { path => '/Participants$', action => 'delay', ms => 300 });
@jobs = $stage->enqueue_all(map { job_of('participant.add', $_) } @many);
$stage->wait_queue_empty;
@asked = $stage->ledger($from);
is(join(' ', map { $_->{status} } @asked),
    join(' ', (503) x 9, (201) x 8), 'the breaker: one probe fails, one works');
cmp_ok($asked[8]{time} - $asked[4]{time}, '>=', 0.49,
    'after the fifth failure Twilio is left alone');
cmp_ok($asked[9]{time} - $asked[8]{time}, '>=', 0.49, 'after the probe, too');
cmp_ok($asked[10]{time} - $asked[9]{time}, '>=', 0.3,
    'until a probe works');
is(scalar $stage->relay_said(
    qr/warning: conversations: fails \(unknown\), left alone for \d+ ms/) > 1,
    1, 'warnings tell');
ok($stage->relay_said(qr/info: conversations: answers again/),
    'and so does the end of it');
is($stage->sql("SELECT pause_reason FROM frontline_queue.destination
    WHERE name = 'conversations'"), 'status 429, code 20429: scripted 429',
    'which is no pause for other relays');

# ---- a redirect: whoever answers is not Twilio
for my $kind ('participant.add', 'message.add') {
	my $trap = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1')
	    or die "no free port: $@";
	my $sid = $stage->new_conversation;

	$stage->script({ method => 'POST', path => $sid, action => 'redirect',
	    url => 'http://127.0.0.1:' . $trap->sockport . '/v1' });
	my ($job) = $stage->enqueue_all(job_of($kind, $sid));
	$stage->wait_put_back($job, qr/^status 307$/);
	wait_until(sub { $stage->sql("SELECT pause_reason FROM
	    frontline_queue.destination WHERE name = 'conversations' AND
	    paused_until > now() + interval '20 seconds'") eq 'status 307' },
	    'the destination is paused');
	is($stage->sql("SELECT attempt FROM frontline_queue.job
	    WHERE job_id = $job"), 0, "$kind: a redirect burns no attempt");
	is(IO::Select->new($trap)->can_read(0), undef,
	    'and nothing reaches the other host');
	is(scalar $stage->relay_said(
	    qr/error: conversations: paused for \d+ ms: status 307/),
	    $kind eq 'message.add' ? 2 : 1, 'an error line tells');
	is($stage->end_relay($relay), 0, 'the relay stops');
	$stage->sql($terms);
	$relay = $stage->start_relay;
	$stage->hurry_all;
	like($stage->outcome_of($job), qr/^sent\|.*\|1$/,
	    'when it is over, the job is delivered');
	is($stage->talk_of($sid), 'POST 307 POST 201', 'by one more request');
}

is(scalar(grep { @{$_->{invalid}} } $stage->ledger), 0,
    'Twilio had nothing to complain of');
done_testing;
