#!/usr/bin/perl
# The primary dies under load and its standby is promoted: writes are accepted
# again within 5 s, and nothing that was accepted is lost, done twice or out of
# order.  A former primary that comes back is not written to, nor one that is
# read-only now.
#
# The long form is a part of `make chaos` (t/chaos/run.pl --failover).
use strict;
use warnings;
use Chaos::Failover;
use Stage;
use Test::More;

my $chaos = Chaos::Failover->new(jobs => 240, kills => 8, failovers => 2,
    faults => 0.05, tell => sub { note time - $^T, " ", @_ });
my %is = $chaos->run;

note explain \%is;
is($is{failovers}, 2, 'the standby was promoted twice');
cmp_ok($is{slowest_ms}, '<=', 5000, 'writes were back within 5 s');
cmp_ok($is{'by webhook'}, '>', 0, 'some of the work came by webhooks');
is($is{lost}, 0, 'no job was lost');
is($is{doubled}, 0, 'none was done twice');
is($is{reordered}, 0, 'each lane kept its order');
is($is{stuck} + $is{left}, 0, 'no lane is stuck');
is($is{dead}, 0, 'none was given up');
is_deeply($is{wrong}, [], 'nothing else was wrong');

my $stage = $chaos->stage;
my ($relay) = keys %{$stage->{relays}};

sub connections {
	my ($host) = @_;

	return $stage->sql(q{SELECT count(*) FROM pg_stat_activity
	    WHERE usename IN ('frontline_fcgi', 'frontline_relay')
	    AND backend_type = 'client backend'}, host => $host);
}

# A third promotion, of the standby of a primary that neither answers nor closes
# a connection.  The former primary comes back as it was, on its old timeline,
# and takes no writes.  Neither those who were there before nor those who begin
# now use it.
$stage->require_standby(0);
$stage->freeze_primary;
$stage->promote;
my $event = $stage->webhook('onConversationAdded', {
	ConversationSid => $stage->new_sid('CH'), State => 'active' });
is($stage->fetch_all($event)->{status}, 200,
    'a primary that is silent costs nobody an answer');
$stage->stop_frozen;
$stage->resume_standby(1);
$chaos->first_write;
$stage->start_responder;
$stage->end_responder($stage->{responders}[0], 'TERM', 10);
$stage->start_relay;
$stage->end_relay($relay);
$stage->wait_database;
$chaos->first_write for 1 .. 4;
wait_until(sub { connections($stage->primary_sockets) >= 8 },
    'all are connected to the primary');
is(connections($stage->standby_sockets), 0,
    'a former primary that comes back is not used');

# A change of roles by hand: the primary is made read-only, which closes no
# connection, and its standby promoted when that has all.
$stage->stop_standby;
$stage->start_standby;
my @before = $stage->responder_pids;
$stage->sql('ALTER SYSTEM SET default_transaction_read_only = on');
$stage->sql('SELECT pg_reload_conf()');
$stage->wait_replayed;
my $start = $stage->promote;
cmp_ok($chaos->first_write - $start, '<=', 5,
    'a write finds the new primary within 5 s');
is_deeply([$stage->responder_pids], \@before, 'the processes are the same');
is($stage->sql("SELECT count(*) FROM frontline_queue.job"), 0,
    'nothing is left in the queue');
done_testing;
