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
	}, 'a relay is connected', @{$self->{wrapper}} ? 120 : 60);
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

# Many jobs in one transaction, so that one claim finds them all: lists of
# (key, dedupe, kind, payload).  Returns their numbers.
sub enqueue_all {
	my ($self, @jobs) = @_;
	my $json = JSON::PP->new->ascii->canonical;
	my @rows = map {
		my ($key, $dedupe, $kind, $payload) = @$_;
		my $text = $json->encode($payload) =~ s/'/''/gr;
		"('$key', '$dedupe', '$kind', '$text'::jsonb)";
	} @jobs;
	my %number = map { split /\|/, $_, 2 } split /\n/, $self->sql(
	    'SELECT v.d, e.job_id FROM (VALUES ' . join(', ', @rows) .
	    ") v (k, d, i, p) CROSS JOIN LATERAL frontline_queue.enqueue(
	    'conversations', v.k, v.d, v.i, v.p) e");

	return map { $number{$_->[1]} } @jobs;
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
	    "job $job is done", $timeout // (@{$self->{wrapper}} ? 60 : 40));
	return $outcome;
}

# Until an attempt of a job has failed with that reason and been put back.  The
# reason is the log's: in the database the next attempt, which may come half a
# second later, puts its own in the place.
sub wait_put_back {
	my ($self, $job, $reason) = @_;

	wait_until(sub {
		return 0 unless grep { /\breason="(.*)"$/ && $1 =~ $reason }
		    $self->relay_said(qr/\bjob=$job /);
		return $self->sql("SELECT l.token IS NULL AND j.last_error <> ''
		    FROM frontline_queue.job j
		    JOIN frontline_queue.lane l USING (destination_id, key)
		    WHERE j.job_id = $job") eq 't';
	}, "job $job is put back: $reason", @{$self->{wrapper}} ? 60 : 40);
}

# Until all relays know that a destination is paused, which they are told beside
# what becomes of the job that was refused.  Returns for how many seconds.
sub wait_paused {
	my ($self, $destination) = @_;
	my $for;

	wait_until(sub {
		$for = $self->sql("SELECT ceil(extract(epoch FROM paused_until -
		    clock_timestamp())) FROM frontline_queue.destination
		    WHERE name = '$destination'
		    AND paused_until > clock_timestamp()");
	}, "$destination is paused", @{$self->{wrapper}} ? 60 : 40);
	return $for;
}

# The lanes of jobs that wait are due now.
sub hurry {
	my ($self) = @_;

	$self->sql(q{UPDATE frontline_queue.lane SET ready_at = clock_timestamp()
	    WHERE token IS NULL AND head_seq <= last_seq;
	    SELECT pg_notify('frontline_queue', 'conversations')});
}

# Until nothing is left to do, and no back-off is waited for.
sub hurry_all {
	my ($self, $timeout) = @_;

	wait_until(sub {
		$self->hurry;
		return $self->sql('SELECT count(*) FROM frontline_queue.job') == 0;
	}, 'the queue is empty', $timeout // (@{$self->{wrapper}} ? 120 : 60));
}

# A SID that no other call returns.
sub new_sid {
	my ($self, $kind) = @_;

	return sprintf '%s%032x', $kind, ++$self->{sids};
}

# A conversation at Twilio and with us; returns its SID.
sub new_conversation {
	my ($self, %more) = @_;

	return ($self->new_conversations(1, %more))[0];
}

sub new_conversations {
	my ($self, $count, %more) = @_;
	my @sids = map { $self->new_sid('CH') } 1 .. $count;

	$self->twilio->control('POST', 'conversations', { sid => $_, %more })
	    for @sids;
	$self->sql('INSERT INTO frontline.conversation (conversation_sid,
	    initiated_by) VALUES ' . join ', ', map { "('$_', 'customer')" }
	    @sids);
	return @sids;
}

# A conversation as it is at Twilio, with participants and messages.
sub conversation_at_twilio {
	my ($self, $sid) = @_;
	my ($found) = grep { $_->{sid} eq $sid }
	    @{$self->twilio_state->{conversations}};

	return $found;
}

# The requests whose path has this text.
sub requests_of {
	my ($self, $text) = @_;

	return grep { index($_->{path}, $text) >= 0 } $self->ledger;
}

# The same as methods and statuses: "POST 201 GET -".
sub talk_of {
	my ($self, $text) = @_;

	return join ' ', map { "$_->{method} " . ($_->{status} // '-') }
	    $self->requests_of($text);
}

# The lines of the relays' log that fit.
sub relay_said {
	my ($self, $regex) = @_;

	return grep { $_ =~ $regex } split /\n/, $self->slurp('log/relay.log');
}

# Until nothing is left to do.
sub wait_queue_empty {
	my ($self, $timeout) = @_;

	wait_until(sub {
		$self->sql('SELECT count(*) FROM frontline_queue.job') == 0;
	}, 'the queue is empty', $timeout // (@{$self->{wrapper}} ? 120 : 60));
}

1;
