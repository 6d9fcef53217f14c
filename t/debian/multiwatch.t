#!/usr/bin/perl
# The way without systemd, by the very command of README.Debian: processes that
# are killed come back, and none that is told to end loses a request.
use strict;
use warnings;
use Stage;
use Test::More;

Stage::require_tools(qw(spawn-fcgi multiwatch));

open my $in, '<', "$ENV{abs_top_srcdir}/debian/README.Debian" or die $!;
my ($command) = map { /^    (spawn-fcgi .*)/ } <$in>;
close $in;
like($command, qr{ /usr/bin/multiwatch -s TERM -f 2 -r \d+ -- /usr/libexec/frontline/frontline-fcgi$},
	'README.Debian has a command');

my $stage = Stage->new(responders => 0);

# Starts what the command says, but here; a change of its words comes last.
sub start {
	my (%change) = @_;
	my $own = getgrgid $stage->{gid};
	my @words = split ' ', $command;
	my %here = (
		'/run/frontline/fcgi.sock' => $stage->{socket},
		'frontline' => $stage->{user},
		'www-data'  => $own,
	);

	@words = map { $here{$_} // $_ } @words;
	splice @words, -1, 1, @{$stage->{wrapper}}, "$stage->{dir}/bin/frontline-fcgi", '-c', $stage->{conf};
	# Only root gives a socket to somebody, and becomes somebody.
	@words = split ' ', "@words" =~ s/ -[UGug] \S+(?=.* -- \/usr\/bin\/multiwatch)//gr if $>;
	@words = split ' ', "@words" =~ s/\Q$_\E/$change{$_}/r for keys %change;
	close delete $stage->{listener} if $stage->{listener};
	unlink $stage->{socket};
	unlink "$stage->{dir}/log/fcgi.log";
	$stage->{started} = 2;
	$stage->{supervisor} = $stage->spawn('fcgi', undef, @words);
	$stage->wait_ready;
}

sub stopped {
	return scalar(() = $stage->slurp('log/fcgi.log') =~ /\bstopped$/mg);
}

start();
is(@{[$stage->responder_pids]}, 2, 'two processes');
is((stat $stage->{socket})[2] & 07777, 0660, 'the socket is for its group alone');

# More often than multiwatch would by itself, and always one of two.
{
	my $load = $stage->load_with({ clients => 2 }, 'GetCustomersList',
	    { PageSize => 5 }, options => ['http1.1']);
	my $patience = @{$stage->{wrapper}} ? 60 : 30;

	wait_until(sub { $load->count > 50 }, 'the load runs');
	for my $round (1 .. 20) {
		my @old = $stage->responder_pids;
		my $victim = $old[$round % 2];
		my $before = $load->count;
		my $ready = () = $stage->slurp('log/fcgi.log') =~ /\bready$/mg;

		kill 'KILL', $victim;
		wait_until(sub {
			my @now = grep { $_ != $victim } $stage->responder_pids;
			my $count = () = $stage->slurp('log/fcgi.log') =~ /\bready$/mg;
			return @now == 2 && $count > $ready;
		}, 'it is replaced', $patience);
		wait_until(sub { $load->count > $before + 50 }, 'the load goes on');
	}
	my ($count, $bad) = $load->stop;
	# nginx repeats no request whose connection was new when its process was
	# killed; here and there that may happen.
	cmp_ok(scalar @$bad, '<=', 3, "killed 20 times: of $count requests at most 3 failed")
	    or diag(@$bad[0 .. ($#$bad < 5 ? $#$bad : 5)]);
}

# Told to end while requests wait for the database: all are answered.  False
# where lock_timeout was faster than we are.
sub drains {
	my ($how) = @_;
	my @all = $stage->responder_pids;
	my $session = $stage->session;
	my @clients = map { $stage->fastcgi } 1 .. 8;

	$stage->lock_table($session, 'frontline.customer');
	$_->send(FastCGI::request($stage->fastcgi_callback('GetCustomersList',
	    { PageSize => 1 }), keep => 1)) for @clients;
	my $waiting = eval { wait_until(sub {
		$stage->sql('SELECT count(*) FROM pg_locks WHERE NOT granted') >= 2;
	}, 'requests wait', 1) };
	kill 'TERM', $stage->{supervisor};
	wait_until(sub {
		(() = $stage->slurp('log/fcgi.log') =~ /\bstopping: /g) == 2;
	}, 'both processes stop');
	$stage->end_session($session);
	my @statuses = map { my $answer = $_->read_response; $answer && $answer->{status} } @clients;
	is($stage->reap(delete $stage->{supervisor}), 0, "$how: multiwatch ends");
	is(stopped(), 2, '... its processes have drained');
	is(scalar(grep { kill 0, $_ } @all), 0, '... and are gone');
	return 0 if !$waiting || $stage->slurp('log/fcgi.log') =~ /55P03/;
	is_deeply(\@statuses, [(200) x 8], '... requests under way are answered');
	return 1;
}

drains('TERM to multiwatch') or wait_until(sub {
	start();
	return drains('TERM once more');
}, 'requests are under way');
wait_until(sub {
	start(' -s TERM' => '');
	return drains('the same with its default');
}, 'requests are under way');

# Its own number of retries would have let them go.
{
	start(' -r 2147483647' => ' -r 3');
	for my $round (1 .. 8) {
		my ($pid) = $stage->responder_pids or last;

		kill 'KILL', $pid;
		wait_until(sub { !kill 0, $pid }, 'it is gone');
	}
	wait_until(sub { @{[$stage->responder_pids]} < 2 }, 'some do not come back');
	pass('with few retries multiwatch gives processes up');
	my $pid = delete $stage->{supervisor};
	defined $stage->end($pid, 'TERM', 10) or $stage->end($pid, 'KILL');
}

done_testing;
