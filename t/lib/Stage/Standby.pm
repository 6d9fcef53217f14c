package Stage::Standby;
# A stage's second PostgreSQL: a streaming standby of the first, and what
# becomes of the two.
#
#	$stage->start_standby;
#	$stage->stop_postgres('QUIT');
#	$stage->promote;
#	$stage->start_standby;		# the first cluster, from what the second has now
#
# Both have sockets of their own and no network.  sql(), session() and
# conninfo() mean the primary, whichever of them that is.
use strict;
use warnings;
use Stage::Process qw(wait_until);
use Time::HiRes ();

# [name, data, sockets]: the first and the second.
my @places = (['postgres', 'pg', 'run'], ['standby', 'pg2', 'run2']);

# How often the roles were exchanged decides who is what.
sub places {
	my ($self) = @_;

	return ($self->{promotions} // 0) % 2 ? reverse @places : @places;
}

sub primary_sockets {
	my ($self) = @_;

	return "$self->{dir}/" . ($self->places)[0][2];
}

sub standby_sockets {
	my ($self) = @_;

	return "$self->{dir}/" . ($self->places)[1][2];
}

# One that has both hosts, as an application has it.
sub conninfo_of_both {
	my ($self, $role, $attributes) = @_;

	return "host=$self->{dir}/run,$self->{dir}/run2 port=5432 " .
	    "user=$role dbname=frontline target_session_attrs=$attributes";
}

# Made anew from the primary.
sub start_standby {
	my ($self) = @_;
	my ($name, $data, $sockets) = @{($self->places)[1]};
	my $dir = $self->{dir};

	system 'rm', '-rf', "$dir/$data";
	mkdir "$dir/$_" for $data, $sockets;
	chown $self->{uid}, $self->{gid}, map { "$dir/$_" } $data, $sockets
	    if !$>;
	chmod 0700, "$dir/$data";
	my ($said, $status) = $self->run("$ENV{PG_BINDIR}/pg_basebackup",
	    '-d', $self->conninfo('postgres', 'postgres'), '-D', "$dir/$data",
	    qw(-R -X stream -c fast --no-sync));
	die "pg_basebackup: $said" if $status;
	$self->resume_standby;
	$self->wait_streaming;
}

# As it was when it stopped; whether it streams shows later.  `former`: it was a
# primary, and comes back as a standby on its own old timeline.
sub resume_standby {
	my ($self, $former) = @_;
	my ($name, $data, $sockets) = @{($self->places)[1]};

	$self->put("$data/standby.signal", '') if $former;
	$self->start_server($name, $data, $sockets);
}

sub stop_standby {
	my ($self, $signal) = @_;
	my $pid = delete $self->{($self->places)[1][0]} or return 0;

	return $self->end($pid, $signal // 'INT', 30);
}

# Ends the primary, whichever it is.
sub stop_primary {
	my ($self, $signal) = @_;
	my $pid = delete $self->{($self->places)[0][0]} or return 0;

	return $self->end($pid, $signal // 'INT', 30);
}

# Ends one that was frozen, and has been replaced since.
sub stop_frozen {
	my ($self) = @_;
	my $pid = delete $self->{($self->places)[1][0]};

	$self->thaw;
	return $self->end($pid, 'QUIT', 30);
}

# The primary says nothing any more, and closes nothing, as a host that has lost
# its power.
sub freeze_primary {
	my ($self) = @_;
	my $pid = $self->{($self->places)[0][0]};

	$self->{frozen} = [$pid, Stage::Process::children($pid)];
	kill 'STOP', @{$self->{frozen}};
}

sub thaw {
	my ($self) = @_;

	kill 'CONT', @{delete $self->{frozen} // []};
}

sub wait_streaming {
	my ($self) = @_;

	wait_until(sub { $self->sql(q(SELECT count(*) FROM pg_stat_replication
	    WHERE state = 'streaming')) }, 'the standby streams', 30);
}

# Runs SQL on the standby; see sql().
sub standby_sql {
	my ($self, $text) = @_;

	return $self->sql($text, host => $self->standby_sockets);
}

# Until the standby shows all that the primary has.
sub wait_replayed {
	my ($self) = @_;
	my $lsn = $self->sql('SELECT pg_current_wal_lsn()');

	wait_until(sub { $self->standby_sql(
	    "SELECT pg_last_wal_replay_lsn() >= '$lsn'") eq 't' },
	    'the standby has replayed all', 30);
}

# The standby is the primary from now on.  Returns when it was told to be.
sub promote {
	my ($self) = @_;
	my $start = Time::HiRes::time();

	$self->standby_sql('SELECT pg_promote()');
	$self->{promotions}++;
	return $start;
}

# From now on nothing is committed that the standby has not; 0: ends that.
sub require_standby {
	my ($self, $on) = @_;
	my $who = $on // 1 ? '*' : '';

	$self->sql("ALTER SYSTEM SET synchronous_standby_names = '$who'");
	$self->sql('SELECT pg_reload_conf()');
	wait_until(sub { $self->sql(q(SELECT count(*) FROM pg_stat_replication
	    WHERE sync_state = 'sync')) }, 'the standby is synchronous', 30)
	    if $who;
}

1;
