#!/usr/bin/perl
# frontline-relay, its database and other relays: outages, notifications,
# leases that end, work that is shared.
use strict;
use warnings;
use List::Util qw(min);
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    config => { 'limits.users_interval' => 0,
        'limits.twilio_per_second' => 1000 });
my $twilio = $stage->twilio;

# The sample's own conversation would get a worker meanwhile.
$stage->sql('DELETE FROM frontline.conversation');
$stage->sql("UPDATE frontline_queue.destination SET settle = '0',
    resend = '1 hour' WHERE name = 'conversations'");
$twilio->set(auto_conversations => 1);

sub message {
	my ($sid, $body) = @_;

	return [$sid, $stage->new_sid('D'), 'message.add',
	    { conversation_sid => $sid, body => $body // $stage->CANARY }];
}

sub say_something {
	my ($sid) = @_;

	return ($stage->enqueue_all(message($sid)))[0];
}

sub messages_in {
	my ($sid) = @_;

	return @{$stage->conversation_at_twilio($sid)->{messages}};
}

sub wait_said {
	my ($regex) = @_;

	wait_until(sub { $stage->relay_said($regex) }, "the relay says $regex",
	    @{$stage->{wrapper}} ? 60 : 20);
}

# ---- the database is away at the start
my $sid = $stage->new_sid('CH');
my $job = say_something($sid);
is($stage->stop_postgres, 0, 'the database stops');
my $relay = $stage->start_relay;
wait_said(qr/warning: database: away: /);
$stage->start_postgres;
like($stage->wait_outcome($job), qr/^sent\|.*\|1$/,
    'a relay that starts without a database waits for it');

# ---- it goes away while a request is under way, for longer than a restart takes
$stage->script({ method => 'POST', action => 'delay', ms => 3000 });
$sid = $stage->new_sid('CH');
$job = say_something($sid);
wait_until(sub { $stage->requests_of($sid) }, 'the request is under way');
is($stage->stop_postgres('QUIT'), 0, 'the database is killed');
wait_said(qr/job=$job .*outcome=sent/);
$stage->start_postgres;
like($stage->wait_outcome($job), qr/^sent\|.*\|1$/,
    'the outcome is written when it is back');
is($stage->talk_of($sid), 'POST 201', 'and nothing is sent again');
is(scalar $stage->relay_said(qr/database: connected/), 2,
    'going and coming are told');

# ---- connections are killed, the one that listens among them
my $killed = $stage->sql("SELECT count(pg_terminate_backend(pid))
    FROM pg_stat_activity WHERE usename = 'frontline_relay'");
cmp_ok($killed, '>', 0, 'every connection is killed');
$job = say_something($stage->new_sid('CH'));
like($stage->wait_outcome($job), qr/^sent\|.*\|1$/,
    'the relay comes back by itself');

# Polling alone would take each of them for most of a second, since the relay
# has looked a moment before it comes.  The quickest of many is no matter of luck.
wait_until(sub { $stage->sql("SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'frontline_relay' AND state = 'idle'") == 4 },
    'all connections are back');
my @took;
for (1 .. 30) {
	last if @took && min(@took) < 0.4;
	$job = say_something($stage->new_sid('CH'));
	$stage->wait_outcome($job);
	push @took, $stage->sql("SELECT extract(epoch FROM finished_at -
	    created_at) FROM frontline_queue.done WHERE job_id = $job");
}
cmp_ok(min(@took), '<', 0.4, 'and is notified of work again')
    or diag "@took";

# ---- stopped past its lease
$stage->script({ method => 'POST', action => 'hang', when => 'after' });
$sid = $stage->new_sid('CH');
$job = say_something($sid);
wait_until(sub { $stage->requests_of($sid) }, 'the request is under way');
kill 'STOP', $relay;
$stage->sql("UPDATE frontline_queue.lane SET ready_at = clock_timestamp()
    WHERE key = '$sid'");
my $second = $stage->start_relay;
like($stage->wait_outcome($job), qr/^reconciled\|IM[0-9a-f]{32}\|2$/,
    'another relay takes over, and finds what was sent');
is($stage->talk_of($sid), 'POST - GET 200', 'without sending it again');
is(scalar messages_in($sid), 1, 'so it is there once');
kill 'CONT', $relay;
# Which ends what the first is waiting for.
is_deeply([$stage->end_twilio], [], 'Twilio goes away, and comes back');
$stage->start_twilio;
wait_said(qr/job=$job its lease was over before its outcome was written/);
pass('the first is fenced off');
is($stage->sql("SELECT count(*) FROM frontline_queue.done
    WHERE job_id = $job"), 1, 'so the job ends once');
$twilio = $stage->twilio;
is($stage->end_relay($_), 0, 'it ends') for $relay, $second;

# ---- three relays share the work
$twilio->set(auto_conversations => 1);
# The first of each lane takes long: nobody has room for all lanes, so some are
# left for a relay that is late.
$stage->script({ method => 'POST', action => 'delay', ms => 3000, times => 40 },
    { method => 'POST', action => 'delay', ms => 50, times => 'forever' });
my @sids = map { $stage->new_sid('CH') } 1 .. 40;
my @relays = map { $stage->start_relay } 1 .. 3;
wait_until(sub { $stage->sql("SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'frontline_relay' AND state = 'idle'") == 12 },
    'three relays are connected');
$stage->enqueue_all(map { my $n = $_; map { message($_, "number $n") } @sids }
    1 .. 5);
$stage->wait_queue_empty;
is(scalar(my @all = $stage->ledger), 200, 'two hundred jobs, as many requests');
is($stage->sql("SELECT count(*) FROM frontline_queue.done WHERE
    outcome = 'sent' AND attempts = 1 AND key >= '$sids[0]'"), 200,
    'each at the first attempt');
my %heard;
for (@{$stage->twilio_state->{conversations}}) {
	$heard{join ' ', map { $_->{body} =~ /(\d)/ } @{$_->{messages}}}++;
}
is_deeply(\%heard, { '1 2 3 4 5' => 40 }, 'and in every lane in their order');
my %did = map { /\[(\d+)\]/ ? ($1 => 1) : () }
    $stage->relay_said(qr/outcome=sent/);
is(scalar(grep { $did{$_} } @relays), 3, 'each relay did some');

is(scalar(grep { @{$_->{invalid}} } $stage->ledger), 0,
    'Twilio had nothing to complain of');
done_testing;
