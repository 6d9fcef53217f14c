#!/usr/bin/perl
# What relays count reaches /metrics of the responder processes of their host,
# also when a relay is killed.
use strict;
use warnings;
use Bridge;
use Exposition;
use Stage;
use Test::More;

my $stage = bridge(whole => 1, sample => 1,
    config => { 'service.default_worker' => Stage->WORKER });
my %to = (destination => 'conversations');
# What is not known is not looked up for a while.
$stage->sql(q{UPDATE frontline_queue.destination SET settle = '1 hour',
    resend = '1 hour' WHERE name = 'conversations'});
my %program = (program => 'frontline-relay');

sub source {
	my ($file) = @_;

	open my $in, '<', "$ENV{abs_top_srcdir}/src/$file" or die "$file: $!";
	local $/;
	return scalar <$in>;
}

sub counted {
	my ($name, %label) = @_;

	return $stage->metrics->sum("frontline_$name", %label);
}

sub add_worker {
	my ($sid) = @_;

	return $stage->enqueue($sid, $stage->new_sid('D'), 'participant.add',
	    { conversation_sid => $sid, service_sid => undef,
	      identity => $stage->WORKER });
}

# ---- what the relay's tables name has a count of its own
{
	my $text = source('relay/kinds.c') . source('relay/destination.c');
	my $table = source('core/metrics.c');
	my @named = $text =~ /^\t\{ "([\w.]+)", /mg;

	cmp_ok(scalar @named, '>=', 14, 'kinds and destinations are found');
	is(join(' ', grep { $table !~ /"\Q$_\E"/ } @named), '',
	    'each is in the table of metrics');
}

# ---- before a relay runs
my $at_twilio = $stage->twilio->control('POST', 'messages', { from => THEIRS,
    to => OURS, body => 'nobody has told of it' })->{sid};
my $seen = $stage->metrics;
is($seen->value('frontline_relay_connections'), 0, 'no relay runs');
is($seen->value('frontline_process_starts_total', %program), 0,
    'none has started');
is($seen->value('frontline_conversations_without_worker'), 1,
    'a conversation has no worker');
cmp_ok($seen->value('frontline_conversations_without_worker_seconds'), '>', 30,
    'for a while');

# ---- a relay starts
my $relay = $stage->start_relay;
wait_until(sub { counted('process_starts_total', %program) == 1 },
    'a relay has started');
wait_until(sub { counted('relay_connections') == 4 }, 'it is connected');
wait_until(sub { counted('database_connections_total', %program) == 4 },
    'and its connections are counted');
wait_until(sub { counted('conversations_without_worker') == 0 },
    'the sweep finds a worker');
wait_until(sub { counted('sweep_finds_total',
    what => 'conversation') == 1 }, 'which is counted');
wait_until(sub { counted('sweep_finds_total', what => 'text') == 1 },
    'so is a text that no webhook has brought');
$stage->wait_queue_empty;
pass('the sweep counts what it finds');

# ---- what becomes of jobs
my @sids = $stage->new_conversations(5);
my $before = counted('job_attempts_total', %to, kind => 'participant.add',
    outcome => 'sent');
$stage->wait_outcome(add_worker($_)) for @sids[0, 1];
is(counted('job_attempts_total', %to, kind => 'participant.add',
    outcome => 'sent') - $before, 2, 'two were sent');
is(counted('job_retries_total', %to), 0, 'none twice');
my $job = $stage->enqueue('lane', 'dedupe', 'no.such_kind', {});
$stage->wait_outcome($job);
is(counted('job_attempts_total', %to, kind => 'other', outcome => 'dead'), 1,
    'one was given up');
is(counted('queue_dead_letters', %to), 1, 'and waits for a person');

$stage->script({ path => '/Participants$', action => 'error', status => 429,
    code => 20429, retry_after => 1 });
$stage->wait_outcome(add_worker($sids[2]));
is(counted('peer_limited_total', %to), 1, 'one answer was 429');
is(counted('job_attempts_total', %to, outcome => 'limited'), 1,
    'one attempt ended with it');
is(counted('job_retries_total', %to), 1, 'the job came again');
my $paused = counted('destination_paused_seconds_total', %to);
cmp_ok($paused, '>=', 1, 'the pause is as long as it was');
cmp_ok($paused, '<', 60, 'in seconds');

# ---- a lost answer, and failures in a row
$stage->script({ method => 'POST', path => '/Messages$', action => 'close',
    when => 'after' });
my $lost = $stage->enqueue($sids[0], 'lost', 'message.add',
    { conversation_sid => $sids[0], service_sid => undef, body => 'once' });
$stage->wait_put_back($lost, qr/./);
is(counted('job_uncertain_total', %to), 1, 'nobody knows of one');
is(counted('queue_uncertain_jobs', %to), 1, 'as the database says');
is(counted('destination_breaks_total', %to), 0, 'Twilio is not left alone');
$stage->sql(q{UPDATE frontline_queue.destination SET settle = '0',
    resend = '0' WHERE name = 'conversations'});
$stage->hurry_all;
is(counted('job_attempts_total', %to, kind => 'message.add',
    outcome => 'reconciled'), 1, 'it had arrived');
$stage->script({ path => '/Participants$', action => 'error', status => 503,
    times => 5 });
add_worker($sids[3]);
wait_until(sub { $stage->hurry;
    counted('destination_breaks_total', %to) > 0 }, 'after five failures it is');
pass('an open breaker is counted');
$stage->hurry_all;

# ---- a relay is killed with a job in hand
is(counted('queue_leased_lanes', %to), 0, 'nothing is in hand');
$stage->script({ path => '/Participants$', action => 'hang' });
$job = add_worker($sids[4]);
wait_until(sub { $stage->requests_of($sids[4]) }, 'a transfer is under way',
    20);
is(counted('queue_leased_lanes', %to), 1, 'one is in hand');
$before = $stage->metrics;
$stage->end_relay($relay, 'KILL');
$stage->sql(q{UPDATE frontline_queue.lane SET ready_at = clock_timestamp()
    WHERE token IS NOT NULL});
is(counted('queue_leased_lanes', %to), 0, 'what it had is in hand no more');
is(join(' ', $stage->metrics->fallen_since($before)), '',
    'what it counted stays');
$relay = $stage->start_relay;
my $second = $stage->start_relay;
$stage->wait_outcome($job);
wait_until(sub { counted('process_starts_total', %program) == 3 },
    'three relays have started');
is(counted('process_stops_total', %program), 0, 'none has stopped');
is($stage->end_relay($relay), 0, 'one stops');
is(counted('process_stops_total', %program), 1, 'and is counted');
kill 'HUP', $second;
wait_until(sub { counted('config_reloads_total', %program,
    result => 'ok') == 1 }, 'a reload is counted');
$seen = $stage->metrics;
is(join("\n", $seen->errors), '', 'all of it is well formed');

done_testing;
