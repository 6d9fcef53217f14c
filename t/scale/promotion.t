#!/usr/bin/perl
# The primary dies under load and its standby is promoted: writes are accepted
# again within 5 s, and nothing that was accepted is lost, done twice or out of
# order.  A former primary that comes back is not written to.
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

# A third promotion; the former primary comes back as it was, on its old
# timeline, and will not take writes.  Neither those who were there before nor
# those who begin now use it.
$stage->require_standby(0);
$stage->stop_primary('QUIT');
$stage->promote;
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

# The primary itself takes no writes for a while, without closing connections.
sub set_read_only {
	$stage->sql("ALTER SYSTEM SET default_transaction_read_only = $_[0]");
	$stage->sql('SELECT pg_reload_conf()');
}

my @before = $stage->responder_pids;
my $event = $stage->webhook('onConversationAdded', {
	ConversationSid => $stage->new_sid('CH'), State => 'active' });

set_read_only('on');
wait_until(sub { $stage->fetch_all($event)->{status} == 503 },
    'writes are refused by a primary that is read-only');
set_read_only('off');
wait_until(sub { $stage->fetch_all($event)->{status} == 200 },
    'writes are accepted again', 5);
pass('a primary that was read-only for a while is used again');
is_deeply([$stage->responder_pids], \@before, 'by the same processes');
done_testing;
