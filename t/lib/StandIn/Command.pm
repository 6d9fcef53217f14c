package StandIn::Command;
# Programs that a stand-in runs beside what it serves: so many at a time, the
# others in turn.
use strict;
use warnings;
use POSIX ();

use constant AT_ONCE => 16;

# Calls with the output of a command, which reads `input`, when it has ended.
sub run_command {
	my ($self, @run) = @_;

	push @{$self->{commands}}, \@run;
	$self->start_commands;
}

sub start_commands {
	my ($self) = @_;

	$self->start_command(@{shift @{$self->{commands}}})
	    while @{$self->{commands}}
	    && keys %{$self->{running} //= {}} < AT_ONCE;
}

sub start_command {
	my ($self, $command, $done, $input) = @_;
	my $output = '';

	open my $to, '+>', undef or die "a temporary file: $!\n";
	binmode $to;
	print {$to} $input // '';
	seek $to, 0, 0 or die "a temporary file: $!\n";
	my $pid = open my $from, '-|';
	die "fork: $!\n" unless defined $pid;
	if (!$pid) {
		POSIX::dup2(fileno $to, 0);
		open STDERR, '>&', \*STDOUT;
		exec { $command->[0] } @$command or POSIX::_exit(127);
	}
	$self->{running}{$pid} = 1;
	$from->blocking(0);
	$self->watch($from, sub {
		my $got = sysread $from, $output, 65536, length $output;

		return if !defined $got && ($!{EAGAIN} || $!{EINTR});
		return if $got;
		$self->unwatch($from);
		close $from;
		delete $self->{running}{$pid};
		$done->($output);
		$self->start_commands;
	});
}

# What still runs has nobody to tell.
sub end_commands {
	my ($self) = @_;

	kill 'KILL', $_ for keys %{$self->{running} // {}};
}

1;
