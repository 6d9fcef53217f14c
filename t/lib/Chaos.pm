package Chaos;
# The invariant under fire: relays and responder processes are killed by kill -9,
# relays are stopped past their lease and go on, PostgreSQL goes down in the
# middle of everything, Twilio misbehaves in every way that its stand-in knows,
# work goes on coming in, some of it by webhooks, and each may come twice.  In the end every job that was accepted has had
# its effect, once, and in order.
#
#	my $chaos = Chaos->new(jobs => 600, kills => 60, restarts => 3);
#	my %figures = $chaos->run;
#
# Chaos::Front is the same for texts between Twilio and Front.
#
# Options: jobs, kills, restarts, stops (of a relay, past its lease), cuts (of
# all connections to the database, the ones that LISTEN among them), deaths (of
# responder processes), relays and responders (side by side), lane (jobs in one:
# [least, most]), seed, faults (the share of requests), times (see
# Chaos::Faults), patience (seconds for what is left when nobody is killed any
# more), tell (called with a line now and then).
#
# kill -9 of a process and an immediate restart lose nothing that was handed to
# the kernel, so the cluster runs without fsync; a power cut is another matter.
use strict;
use warnings;
use Chaos::Check;
use Chaos::Faults qw(faults);
use Chaos::Webhooks;
use Chaos::Work;
use List::Util qw(shuffle);
use Stage;
use Time::HiRes qw(time);
use parent qw(Chaos::Work Chaos::Check Chaos::Webhooks);

# Patience, in seconds.  A relay may send up to two seconds after its mark and
# wait CALL for the answer; a fault of the stand-in takes effect up to 0.9 s
# late, and a list shows it up to LAG later: often not at the first look, after
# SETTLE, and surely before RESEND, also where the machine had other things to do
# for some seconds.  A mark needs CALL and one second more of LEASE.
use constant {
	CALL   => 0.8,
	LEASE  => 3.5,
	SETTLE => 1.5,
	RESEND => 9,
	LAG    => 2.5,
};

sub new {
	my ($class, %opt) = @_;
	my $self = bless {
		jobs => 600, kills => 60, restarts => 3, stops => 2, cuts => 3,
		deaths => 6, relays => 3, responders => 3, lane => [4, 8],
		seed => 1, faults => 0.15, times => 1, patience => 180,
		enter_every => 3, tell => sub { },
		$class->defaults, %opt,
		log_rest => '', living => {}, unknown => {},
	}, $class;

	$self->{did} = { kills => 0, map { $_ => 0 } keys %{{$self->deeds}} };
	$self->{stage} = $self->set_stage;
	$self->{stage}->sql(sprintf q{UPDATE frontline_queue.destination
	    SET lease = '%s s', settle = '%s s', resend = '%s s',
	    max_crashes = 100000}, LEASE, SETTLE, RESEND);
	# Not before the stage has a name of its own.
	srand $self->{seed};
	$self->begin_webhooks;
	$self->plan;
	$self->{stage}->twilio->set(list_lag => [0, LAG]);
	return $self;
}

# What differs by default from the above.
sub defaults { return () }

sub set_stage {
	my ($self) = @_;
	my $stage = Stage->new(responders => 0,
	    twilio => ['--seed', $self->{seed}],
	    pg_errors => [@Chaos::Webhooks::errors],
	    postgres => { max_connections => 60 }, config => {
	        'service.default_worker'   => Chaos::Work::WORKER,
	        'limits.users_interval'    => 0,
	        'limits.twilio_per_second' => 1000,
	        'limits.call_timeout_ms'   => CALL * 1000,
	    });

	push @{$stage->{numbers}}, Chaos::Work::THEIRS =~ s/\D//r;
	return $stage;
}

sub stage { return $_[0]{stage} }

# The stand-ins that fail.
sub peers { return $_[0]{stage}->twilio }

sub script_faults {
	my ($self) = @_;

	$self->{stage}->script(faults('^/v1/',
	    @{$self}{qw(faults times jobs)}));
}

# ---- the course of events

sub run {
	my ($self) = @_;
	my $start = time;

	$self->script_faults;
	$self->enter(int $self->{jobs} / 3);
	$self->start_one for 1 .. $self->{relays};
	$self->storm;
	$self->enter_all;
	$self->calm;
	my %figures = $self->check;
	return (%figures, seconds => int(time - $start));
}

# What is done so often as the option of its name says.
sub deeds {
	return (restarts => \&restart_postgres, stops => \&stop_one,
	    cuts => \&cut_connections,
	    deaths => sub { $_[0]->kill_responder });
}

# Each kill is a step; the rest of the mischief, and the work, is spread over
# them.
sub storm {
	my ($self) = @_;
	my $kills = $self->{kills};
	my %do = $self->deeds;
	my %at;

	for my $what (sort keys %do) {
		my $n = $self->{$what};

		push @{$at{int(($_ - rand) * $kills / $n)}}, $what for 1 .. $n;
	}
	my $first = int $self->{jobs} / 3;
	for my $step (0 .. $kills - 1) {
		$self->enter($first +
		    int(($self->{jobs} - $first) * $step / $kills))
		    if $step % $self->{enter_every} == 0;
		$self->kill_one;
		for my $what (@{$at{$step} // []}) {
			$do{$what}->($self);
			$self->{did}{$what}++;
		}
		$self->wake_stopped;
		$self->operate if $step % 4 == 3;
		$self->report($step + 1) if $step % 50 == 49;
	}
}

# All that is left is done, by relays that live, with peers that are well.
sub calm {
	my ($self) = @_;
	my $said = 0;

	for my $peer ($self->peers) {
		push @{$self->{rules}}, $peer->rules;
		$peer->clear_rules;
	}
	$self->wake_stopped(1);
	$self->kill_relay($_) for keys %{$self->{living}};
	$self->start_one for 1 .. $self->{relays};
	$self->{tell}->("the storm is over");
	wait_until(sub {
		my $left = $self->sql(
		    'SELECT count(*) FROM frontline_queue.job');

		$self->operate;
		$self->hurry;
		$self->read_log;
		$self->{tell}->("$left jobs are left") if $said++ % 10 == 0;
		return $left == 0;
	}, 'the queue is empty', $self->{patience});
	my $shown = time + LAG;
	wait_until(sub { time > $shown }, 'lists show all', LAG + 5);
}

# Back-off may have grown to minutes, and is not what is tried here.  What is
# uncertain still waits for its time.
sub hurry {
	my ($self) = @_;

	$self->sql(q{UPDATE frontline_queue.lane
	    SET ready_at = clock_timestamp()
	    WHERE head_seq <= last_seq AND token IS NULL
	    AND ready_at > clock_timestamp() + interval '1 s'});
}

# A person ends the pause that a redirect or a 429 has brought.
sub operate {
	my ($self) = @_;

	$self->sql(q{SELECT frontline_queue.resume(name)
	    FROM frontline_queue.destination
	    WHERE paused_until > clock_timestamp()});
}

sub report {
	my ($self, $step) = @_;
	my ($left, $done) = split /\|/, $self->sql(q{SELECT
	    (SELECT count(*) FROM frontline_queue.job),
	    (SELECT count(*) FROM frontline_queue.done)});

	$self->{tell}->("$step kills, $self->{did}{restarts} restarts, " .
	    "$self->{entered} jobs in, $done done, $left waiting");
}

# ---- relays

sub start_one {
	my ($self) = @_;

	$self->{living}{$self->{stage}->start_relay} =
	    { born => time, ripe => 0 };
}

sub kill_relay {
	my ($self, $pid) = @_;

	delete $self->{living}{$pid};
	my $status = $self->{stage}->end_relay($pid, 'KILL', 20);
	die "relay $pid ended with " . ($status // 'nothing') . "\n"
	    if ($status // 0) != 128 + 9;
}

# One that has work in hand, at any moment; where none has, the oldest.  One in
# eight dies wherever it is.
sub kill_one {
	my ($self) = @_;
	my $living = $self->{living};
	my $pid;

	eval {
		wait_until(sub {
			$self->read_log;
			($pid) = shuffle $self->awake(sub { $_[0]{ripe} });
			return $pid;
		}, 'a relay has work', 0.4);
	} if rand() > 1 / 8;
	$pid //= ($self->awake)[0];
	select undef, undef, undef, rand 0.1;
	$self->kill_relay($pid);
	$self->{did}{kills}++;
	$self->start_one;
}

# Those that are not stopped, the oldest first.
sub awake {
	my ($self, $which) = @_;
	my $living = $self->{living};

	return sort { $living->{$a}{born} <=> $living->{$b}{born} }
	    grep { !$living->{$_}{until} && (!$which || $which->($living->{$_})) }
	    keys %$living;
}

# One that has work in hand is stopped until its lease is over.
sub stop_one {
	my ($self) = @_;
	my ($pid) = ($self->awake(sub { $_[0]{ripe} }), $self->awake);

	kill 'STOP', $pid;
	$self->{living}{$pid}{until} = time + LEASE + 0.5;
	$self->start_one;
}

# A relay that was stopped goes on when its lease is over (`all`: waits for
# that), and the one that stood in for it goes.
sub wake_stopped {
	my ($self, $all) = @_;
	my $living = $self->{living};

	for my $pid (grep { $living->{$_}{until} } keys %$living) {
		my $until = $living->{$pid}{until};

		wait_until(sub { time >= $until }, 'a lease is over', 30)
		    if $all;
		next if time < $until;
		kill 'CONT', $pid;
		$self->kill_relay(($self->awake)[0]);
		$self->{did}{kills}++;
		$living->{$pid} = { born => time, ripe => 0 };
	}
}

# What relays have said since: who has work, which jobs are uncertain.
sub read_log {
	my ($self) = @_;
	my $in = $self->{log} //= do {
		open my $file, '<', "$self->{stage}{dir}/log/relay.log"
		    or return;
		$file;
	};

	seek $in, 0, 1;
	local $/;
	my $text = $self->{log_rest} . (<$in> // '');
	my $end = rindex($text, "\n") + 1;
	$self->{log_rest} = substr $text, $end;
	for (split /\n/, substr $text, 0, $end) {
		my ($pid, $job) = /\[(\d+)\] \w+: job=(\d+) / or next;

		$self->{living}{$pid}{ripe} ||= 1 if $self->{living}{$pid};
		$self->{unknown}{$job} = 1
		    if /outcome=(?:uncertain|unknown|reconciled)|
		        reason="(?:a\ request\ may|not\ in\ the)/x;
	}
}

# ---- PostgreSQL

# The first time, and each fourth after it, it is away for so long that webhooks
# are refused.
sub restart_postgres {
	my ($self) = @_;

	$self->keep_busy;
	$self->{stage}->stop_postgres('QUIT');
	$self->kill_one if rand() < 0.5;
	$self->wait_refusal if $self->{did}{restarts} % 4 == 0;
	$self->{stage}->start_postgres;
}

sub cut_connections {
	my ($self) = @_;

	$self->sql(q{SELECT count(pg_terminate_backend(pid))
	    FROM pg_stat_activity WHERE usename = 'frontline_relay'});
}

# As Stage::Postgres::sql, until the database takes it.
sub sql {
	my ($self, $text) = @_;
	my $answer;

	wait_until(sub {
		$answer = eval { $self->{stage}->sql($text) };
		die $@ if !defined $answer
		    && $@ !~ /connection to server|server closed|terminating/;
		return defined $answer;
	}, 'the database answers', 60);
	return $answer;
}

1;
