#!/usr/bin/perl
# What a relay does for the database at its start, and now and then: a worker
# for every conversation, and the removal of what is old.
use strict;
use warnings;
use JSON::PP;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    config => { 'limits.users_interval' => 0,
        'retention.job_days' => 7 });
my $twilio = $stage->twilio;
my $number = 0;

# One with a customer's address, and no worker.
sub unrouted {
	my ($age, %more) = @_;
	my $sid = $stage->new_sid('CH');
	my $state = $more{state} // 'active';

	$twilio->control('POST', 'conversations', { sid => $sid });
	$stage->sql(sprintf "INSERT INTO frontline.conversation
	    (conversation_sid, customer_address, proxy_address, initiated_by,
	    state, created_at, closed_at) VALUES ('%s', '+1415555%04d',
	    '+15005550006', 'customer', '%s', now() - interval '%s', %s)",
	    $sid, ++$number, $state, $age,
	    $state eq 'closed' ? 'now()' : 'NULL');
	return $sid;
}

sub worker_of {
	my ($sid) = @_;

	return $stage->sql("SELECT w.identity FROM frontline.conversation
	    JOIN frontline.worker w USING (worker_id)
	    WHERE conversation_sid = '$sid'");
}

sub in_it {
	my ($sid) = @_;
	my $conversation = $stage->conversation_at_twilio($sid);

	return join ' ', map { $_->{identity} }
	    @{$conversation->{participants}};
}

# Until a relay has kept house and looked for conversations, which it does at
# its start and then not for a while.
sub tend {
	my $relay = $stage->start_relay;
	my $patience = @{$stage->{wrapper}} ? 60 : 20;

	wait_until(sub { $stage->sql("SELECT to_regclass('frontline_queue.' ||
	    to_char((now() AT TIME ZONE 'UTC')::date + 3,
	    '\"done_\"YYYY_MM_DD')) IS NOT NULL") eq 't' },
	    'it keeps house', $patience);
	wait_until(sub { $stage->sql("SELECT count(*) FROM
	    frontline.conversation WHERE routing_tried_at IS NULL AND worker_id
	    IS NULL AND state <> 'closed' AND created_at < now() - interval
	    '40 s'") == 0 }, 'it has looked', $patience);
	$stage->wait_queue_empty;
	is($stage->end_relay($relay), 0, 'a relay');
}

sub drop_partition {
	$stage->sql(q{DO $$ BEGIN EXECUTE 'DROP TABLE frontline_queue.' ||
	    to_char((now() AT TIME ZONE 'UTC')::date + 3, '"done_"YYYY_MM_DD');
	    END $$});
}

# The sample's rules depend on the hour, and its conversation on them.
$stage->sql('DELETE FROM frontline.routing_rule;
    DELETE FROM frontline.conversation');

# ---- nobody is to be found: Frontline itself routes
my $pool = unrouted('5 min');
drop_partition();
tend();
is(worker_of($pool), '', 'without rules and default worker it finds nobody');
is(scalar(() = $stage->ledger), 0, 'and Twilio hears nothing');
is($stage->sql("SELECT decision, reason <> '' FROM frontline.routing_decision
    WHERE conversation_sid = '$pool'"), 'unrouted|t',
    'the database says so, and why');
is($stage->sql('SELECT count(*) FROM frontline_queue.dead'), 0,
    'which is nothing that a person must look at');

# ---- a default worker
$stage->write_config('service.default_worker' => $stage->WORKER);
my $old = unrouted('5 min');
my $young = unrouted('5 s');
my $closed = unrouted('5 min', state => 'closed');
my $taken = unrouted('5 min');
$stage->sql("UPDATE frontline.conversation SET worker_id = (SELECT worker_id
    FROM frontline.worker WHERE identity = 'ben')
    WHERE conversation_sid = '$taken';
    UPDATE frontline.conversation SET routing_tried_at = now() - interval '1 h'
    WHERE conversation_sid = '$pool'");
drop_partition();
tend();
is(worker_of($_), $stage->WORKER, 'an old conversation gets a worker')
    for $old, $pool;
is(in_it($_), $stage->WORKER, 'who is in it at Twilio') for $old, $pool;
is($stage->sql("SELECT role, added_at IS NOT NULL FROM frontline.participant
    WHERE conversation_sid = '$old'"), 'worker|t', 'and in the database');
ok((grep { /sweep: conversation=$old decision=routed reason="/ }
    $stage->relay_said(qr/info: /)), 'the log tells');
is(worker_of($young) . in_it($young), '',
    'a young one is left to the callback that may be under way');
is(worker_of($closed) . in_it($closed), '', 'a closed one is left alone');
is(worker_of($taken) . in_it($taken), 'ben', 'and one that has a worker');

# ---- many of them: callbacks wait for the lock of routing meanwhile
my @many = map { unrouted('5 min') } 1 .. 25;
drop_partition();
tend();
is(scalar(grep { worker_of($_) eq $stage->WORKER } @many), 25,
    'many get a worker at once');
is($stage->sql(sprintf q{SELECT max(n) FROM (SELECT count(*) AS n
    FROM frontline.routing_decision WHERE conversation_sid IN ('%s')
    GROUP BY xmin::text) x}, join q{', '}, @many), 10,
    'ten in a transaction');

# ---- a rule with an automatic reply
$stage->sql("INSERT INTO frontline.routing_rule (position, target, team_id,
    strategy, require_available, auto_reply) SELECT 1, 'team', team_id,
    'round_robin', false, 'We answer soon.' FROM frontline.team
    WHERE name = 'Support'");
$old = unrouted('5 min');
drop_partition();
tend();
my $worker = worker_of($old);
isnt($worker, '', 'a rule finds a worker');
my $chosen = in_it($old);
utf8::decode($worker);
is($chosen, $worker, 'who is in it at Twilio');
my $there = $stage->conversation_at_twilio($old);
is(join('|', map { $_->{body} } @{$there->{messages}}), 'We answer soon.',
    'and the rule answers, once');

# ---- housekeeping
$stage->sql(q{
    INSERT INTO frontline_queue.seen (destination_id, dedupe, job_id, at)
    SELECT 1, 'old ' || n, n, now() - interval '401 days'
      FROM generate_series(1, 1500) n;
    INSERT INTO frontline_queue.seen (destination_id, dedupe, job_id, at)
    VALUES (1, 'young', 1, now() - interval '399 days');
    INSERT INTO frontline_queue.evidence (wire_uuid, external_id, source, at)
    VALUES (gen_random_uuid(), 'IM1', 'test', now() - interval '31 days');
    INSERT INTO frontline_queue.lane (destination_id, key, last_seq, head_seq,
        ready_at) VALUES (1, 'idle', 1, 2, now() - interval '31 days');
    SELECT frontline_queue.ensure_done((now() AT TIME ZONE 'UTC')::date - n)
      FROM generate_series(5, 12) n});
drop_partition();
my $relay = $stage->start_relay;
my %left = (
	'what was seen too long ago' => "SELECT count(*) FROM
	    frontline_queue.seen WHERE at < now() - interval '400 days'",
	'old evidence' => 'SELECT count(*) FROM frontline_queue.evidence',
	'an idle lane' => "SELECT count(*) FROM frontline_queue.lane
	    WHERE key = 'idle'",
	'what was done too long ago' => q{SELECT count(*) FROM pg_class WHERE
	    relnamespace = 'frontline_queue'::regnamespace AND relkind = 'r'
	    AND relname LIKE 'done\_%' AND relname < to_char((now() AT TIME ZONE
	    'UTC')::date - 7, '"done_"YYYY_MM_DD')},
	'the lack of a partition' => q{SELECT count(*) FROM (SELECT WHERE
	    to_regclass('frontline_queue.' || to_char((now() AT TIME ZONE
	    'UTC')::date + 3, '"done_"YYYY_MM_DD')) IS NULL) x},
);
for (sort keys %left) {
	my $sql = $left{$_};

	ok(eval { wait_until(sub { $stage->sql($sql) == 0 }, $_,
	    @{$stage->{wrapper}} ? 60 : 15) }, "$_ goes") or diag $@;
}
is($stage->sql("SELECT count(*) FROM frontline_queue.seen
    WHERE dedupe = 'young'"), 1, 'what is younger stays');
ok($stage->relay_said(qr/info: housekeeping: task=seen rows=1000/),
    'the log tells');
is($stage->end_relay($relay), 0, 'the relay ends');

is(scalar(grep { @{$_->{invalid}} } $stage->ledger), 0,
    'Twilio had nothing to complain of');
done_testing;
