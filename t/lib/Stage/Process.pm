package Stage::Process;
# Processes of a stage: who they run as, what becomes of them.
use strict;
use warnings;
use Curl ();
use Exporter 'import';
use POSIX qw(WNOHANG);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(children wait_until);

# Seconds that anything may take.
use constant PATIENCE => 30;

# Runs `true` every few milliseconds until it is.  `timeout` is for what never
# becomes true, not for what is slow: the machine may be.
sub wait_until {
	my ($true, $what, $timeout) = @_;
	my $deadline = time + ($timeout //= PATIENCE);

	for (;;) {
		my $value = $true->();

		return $value if $value;
		die sprintf "waited %g s in vain: %s\n", $timeout, $what
		    if time > $deadline;
		select undef, undef, undef, 0.01;
	}
}

# The words in front of a command that make it the unprivileged user's, in the
# network of the stage where it has one of its own (Hosts.pm).  What loses its
# parent is killed, so a killed test leaves nothing.
sub as_user {
	my ($self, $signal) = @_;

	return ($self->{network} ? ('nsenter', "--net=$self->{network}", '--')
		: (), 'setpriv', '--pdeathsig', $signal // 'KILL',
	    $> ? () : ("--reuid=$self->{uid}", "--regid=$self->{gid}",
		'--clear-groups'), '--');
}

# Runs a command to its end; returns its output and exit status.
sub run {
	my ($self, @command) = @_;
	my $file = "$self->{dir}/scratch/run.$$";
	my $pid = $self->fork_to($file, undef, $self->as_user, @command);

	waitpid $pid, 0;
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	return (Curl::take($file), $status);
}

# frontlinectl, with the wrapper of the programs in front.  It gives a TLS
# handshake 5 s, which may be too little for one that runs slowly: nothing was
# sent then, and it is run once more.
sub ctl {
	my ($self, @arguments) = @_;
	my @wrapper = @{$self->{wrapper}};

	for my $left (reverse 0 .. 3) {
		my ($said, $status) = $self->run(@wrapper,
		    "$self->{dir}/bin/frontlinectl", @arguments);
		my $is_late = $status == 69 && $said =~
		    /SSL connection timeout|endpoint is not connected/;

		return ($said, $status) unless $left && @wrapper && $is_late;
	}
}

# A child whose output goes to a file and whose input is `input` or nothing.
sub fork_to {
	my ($self, $file, $input, @command) = @_;
	my $pid = fork // die "fork: $!";

	return $pid if $pid;
	setpgrp 0, 0;
	if ($input) {
		POSIX::dup2(fileno $input, 0);
	} else {
		open STDIN, '<', '/dev/null';
	}
	open STDOUT, '>>', $file or POSIX::_exit(126);
	open STDERR, '>&', \*STDOUT;
	exec { $command[0] } @command or POSIX::_exit(127);
}

# Starts what belongs to the stage and is ended with it.
sub spawn {
	my ($self, $name, $input, @command) = @_;
	my $pid = $self->fork_to("$self->{dir}/log/$name.log", $input,
	    @command);

	$self->{processes}{$pid} = $name;
	return $pid;
}

# Waits for a process of ours to end; undef when it does not in time, else its
# exit status, or 128 + signal.
sub reap {
	my ($self, $pid, $timeout) = @_;
	my $status;

	eval {
		wait_until(sub {
			return 0 unless waitpid($pid, WNOHANG) == $pid;
			$status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
			return 1;
		}, "process $pid", $timeout // PATIENCE);
	};
	delete $self->{processes}{$pid} if defined $status;
	return $status;
}

# Signals a process of ours and waits for its end; returns as reap() does.
sub end {
	my ($self, $pid, $signal, $timeout) = @_;

	kill $signal, $pid;
	return $self->reap($pid, $timeout);
}

sub children {
	my ($parent) = @_;
	my @pids;

	for (glob '/proc/[0-9]*/stat') {
		open my $in, '<', $_ or next;
		my ($pid, $of) = (<$in> // '') =~ /^(\d+) \(.*\) \S (\d+)/s;
		push @pids, $pid if defined $of && $of == $parent;
	}
	return sort { $a <=> $b } @pids;
}

1;
