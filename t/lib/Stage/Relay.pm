package Stage::Relay;
# A stage's relays, and what is in its queue.
use strict;
use warnings;
use JSON::PP ();
use POSIX qw(WNOHANG);
use Stage::Process qw(wait_until);

# Returns its process, without waiting for it to be ready.
sub start_relay {
	my ($self) = @_;
	my $pid = $self->spawn('relay', undef, $self->as_user,
	    @{$self->{wrapper}}, "$self->{dir}/bin/frontline-relay",
	    '-c', $self->{conf});

	$self->{relays}{$pid} = 1;
	return $pid;
}

# Until a relay has reached the database.
sub wait_relay {
	my ($self) = @_;

	wait_until(sub {
		$self->sql(q{SELECT count(*) FROM pg_stat_activity
		    WHERE usename = 'frontline_relay' AND state = 'idle'}) > 0;
	}, 'a relay is connected', @{$self->{wrapper}} ? 120 : 20);
}

# Ends one; returns as reap() does.
sub end_relay {
	my ($self, $pid, $signal, $timeout) = @_;

	delete $self->{relays}{$pid};
	return $self->end($pid, $signal // 'TERM', $timeout // 45);
}

# Returns as end_rest() does.
sub end_relays {
	my ($self) = @_;
	my @pids = keys %{delete $self->{relays} // {}};
	my @wrong;

	for my $pid (@pids) {
		next unless waitpid($pid, WNOHANG) == $pid;
		push @wrong, "relay $pid ended early: wait $?";
		delete $self->{processes}{$pid};
	}
	@pids = grep { $self->{processes}{$_} } @pids;
	kill 'TERM', @pids;
	for my $pid (@pids) {
		my $status = $self->reap($pid, 45);

		push @wrong, "relay $pid left with " .
		    ($status // 'nothing in 45 s') . ' on SIGTERM'
		    if ($status // 1) != 0;
	}
	return @wrong;
}

# Puts a job into the queue as a webhook would; returns its number.
sub enqueue {
	my ($self, $key, $dedupe, $kind, $payload, $destination) = @_;
	my $json = JSON::PP->new->ascii->canonical->encode($payload);

	$json =~ s/'/''/g;
	$destination //= 'conversations';
	return $self->sql("SELECT job_id FROM frontline_queue.enqueue(
	    '$destination', '$key', '$dedupe', '$kind', '$json')");
}

# What became of a job: "outcome|external_id|attempts", or "" while it waits.
sub outcome_of {
	my ($self, $job) = @_;

	return $self->sql("SELECT outcome, external_id, attempts
	    FROM frontline_queue.done WHERE job_id = $job");
}

sub wait_outcome {
	my ($self, $job, $timeout) = @_;
	my $outcome;

	wait_until(sub { $outcome = $self->outcome_of($job) },
	    "job $job is done", $timeout // (@{$self->{wrapper}} ? 60 : 20));
	return $outcome;
}

# Until nothing is left to do.
sub wait_queue_empty {
	my ($self, $timeout) = @_;

	wait_until(sub {
		$self->sql('SELECT count(*) FROM frontline_queue.job') == 0;
	}, 'the queue is empty', $timeout // (@{$self->{wrapper}} ? 120 : 30));
}

1;
