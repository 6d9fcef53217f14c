#!/usr/bin/perl
# Responder processes come and go under load, and nobody notices.
use strict;
use warnings;
use Stage;
use Test::More;
use Time::HiRes qw(time);

Stage::require_tools(qw(spawn-fcgi multiwatch));
my $stage = Stage->new;

sub under_load {
	my ($what, $do) = @_;
	# HTTP/1.1 has a rule for a kept connection that ends as it is used.
	my $load = $stage->load_with({ clients => 4 }, 'GetCustomersList',
	    { PageSize => 5 }, options => ['http1.1']);

	wait_until(sub { $load->count > 200 }, 'the load runs');
	for (1 .. 5) {
		my $before = $load->count;

		$do->();
		wait_until(sub { $load->count > $before + 200 },
		    'the load goes on');
	}
	my ($count, $bad) = $load->stop;
	# nginx repeats no request whose connection was new when its process was
	# killed.  That is rare, but less so where programs run slowly (valgrind):
	# then each kill may meet one of each client.
	my $most = $what ne 'kill -9' ? 0 : @{$stage->{wrapper}} ? 5 * 4 : 2;
	cmp_ok(scalar @$bad, '<=', $most,
	    "$what: of $count requests at most $most failed") or
	    diag(@$bad[0 .. ($#$bad < 5 ? $#$bad : 5)]);
}

sub replace_one {
	my ($signal, $status) = @_;
	my ($oldest) = @{$stage->{responders}};

	is($stage->end_responder($oldest, $signal), $status,
	    "SIG$signal ends a process");
	$stage->start_responder;
	$stage->wait_ready;
}

under_load('SIGTERM', sub { replace_one('TERM', 0) });
under_load('SIGUSR1', sub { replace_one('USR1', 0) });
under_load('kill -9', sub { replace_one('KILL', 128 + 9) });
under_load('nginx reload', sub { $stage->reload_nginx });
under_load('SIGHUP', sub {
	kill 'HUP', $stage->responder_pids;
});

# A request that is under way is finished before its process ends.  Where
# lock_timeout was faster than we are, once more.
wait_until(sub {
	my $session = $stage->session;
	my $locked = q(SELECT count(*) FROM pg_locks WHERE NOT granted);
	my @old = $stage->responder_pids;

	$stage->lock_table($session, 'frontline.customer');
	my $client = $stage->fastcgi;
	$client->send(FastCGI::request(
	    $stage->fastcgi_callback('GetCustomersList', { PageSize => 1 }),
	    keep => 1));
	my $waits = eval {
		wait_until(sub { $stage->sql($locked) }, 'it waits', 1);
	};
	kill 'TERM', @old;
	wait_until(sub {
		my $log = $stage->slurp('log/fcgi.log');
		return !grep { $log !~ /\[$_\] \w+: stopping: / } @old;
	}, 'the processes know');
	$stage->end_session($session);
	my $answer = $client->read_response;
	ok($client->hung_up, 'the connection of a request under way ends');
	is_deeply([map { $stage->end_responder($_, 'TERM') } @old], [0, 0],
	    'and the processes, with success');
	my ($line) = grep { $_->{action} eq 'GetCustomersList' }
	    reverse $stage->log_lines;
	$stage->start_responder for 1, 2;
	$stage->wait_ready;
	return 0 if !$waits || ($line->{reason} // '') =~ /55P03/;
	is($answer && $answer->{status}, 200, 'which has been answered');
	return 1;
}, 'a request is under way');

# A connection that was made just before its process had to end still brings
# its request: nginx asks nobody else when a new one breaks.  It has a second;
# where we took longer, once more.
wait_until(sub {
	my @old = $stage->responder_pids;
	my $callback = FastCGI::request($stage->fastcgi_callback(
		'GetCustomersList', { PageSize => 1 }), keep => 1);

	is($stage->end_responder(shift @old, 'TERM'), 0, 'one process is left');
	my ($new, $later) = ($stage->fastcgi, $stage->fastcgi);

	$later->send($callback);
	is($later->read_response->{status}, 200, 'it has taken both connections');
	my $start = time;
	kill 'TERM', @old;
	ok($later->hung_up, 'a used one ends with the process');
	$new->send($callback);
	my $took = time - $start;
	my $answer = $new->read_response;
	ok($new->hung_up, 'a new one ends as well');
	is($stage->end_responder($old[0], 'TERM'), 0, 'as does the process');
	$stage->start_responder for 1, 2;
	$stage->wait_ready;
	return 0 if $took > 0.9;
	is($answer && $answer->{status}, 200, 'but is served first');
	return 1;
}, 'a request comes on a new connection');

# Idle connections do not hold a process up.
{
	my @idle = map { $stage->fastcgi } 1 .. 20;
	my $half = $stage->fastcgi;
	my @old = $stage->responder_pids;

	$half->send("\1\1\0\1");
	wait_until(sub {
		$stage->post('GetCustomersList')->{status} == 200;
	}, 'a request is answered meanwhile');
	is_deeply([map { $stage->end_responder($_, 'TERM') } @old], [0, 0],
	    'and both processes end');
	is(join(' ', $stage->slurp('log/fcgi.log') =~
	    /\d+ requests were still under way/g), '',
	    'which idle and half-used connections do not delay');
}

undef $stage;

# As the README starts it: whoever falls is replaced.
$stage = Stage->new(supervised => 1, responders => 2);
my $patience = @{$stage->{wrapper}} ? 60 : 30;
for my $round (1 .. 6) {
	my @old = $stage->responder_pids;

	kill 'KILL', @old;
	wait_until(sub {
		my %old = map { $_ => 1 } @old;
		return 2 == grep { !$old{$_} } $stage->responder_pids;
	}, 'the processes are replaced', $patience);
	wait_until(sub {
		$stage->post('GetCustomersList')->{status} == 200;
	}, 'the service is back', $patience);
}
pass('killed processes are replaced, each time');
{
	my @all = $stage->responder_pids;
	my $drained = sub {
		return scalar(() = $stage->slurp('log/fcgi.log') =~
		    /\bstopped$/mg);
	};

	# A signal that comes before a process is ready ends it at once.
	wait_until(sub {
		my $log = $stage->slurp('log/fcgi.log');
		return !grep { $log !~ /\[$_\] info: ready$/m } @all;
	}, 'all are ready');
	is($drained->(), 0, 'none has been drained so far');
	is($stage->end(delete $stage->{supervisor}, 'TERM'), 0,
	    'SIGTERM ends the supervisor');
	is($drained->(), 2, 'and drains its processes');
	is(scalar(grep { kill 0, $_ } @all), 0, 'all of them');
}

done_testing;
