package Stage::Strike;
# The end of a stage: what every test asserts without saying so.
use strict;
use warnings;
use POSIX qw(WNOHANG);
use Test::More ();

# What PostgreSQL may always say of its own end and beginning, and of a client
# that ends, or is killed, together with it.  A connection that is ended while it
# is made has timed out, in its words.
my @pg_usual = (
	qr/the database system is (?:starting|shutting|in recovery|not)/,
	qr/terminating connection due to administrator command/,
	qr/canceling authentication due to timeout/,
	qr/connection to client lost/,
);

# Ends everything and returns what was wrong on the way.
sub strike {
	my ($self) = @_;
	my @wrong;

	return unless $self->{dir};
	chdir '/';
	close $_ for values %{delete $self->{sessions} // {}};
	$self->reap($_) for
	    grep { $self->{processes}{$_} eq 'session' }
	    keys %{$self->{processes}};
	push @wrong, $self->end_nginx, $self->end_responders,
	    $self->end_relays, $self->end_twilio, $self->end_front,
	    $self->end_database, $self->end_rest, $self->look_at_logs;
	if ($ENV{TEST_LEAVE}) {
		Test::More::diag("left: $self->{dir}");
	} else {
		system 'rm', '-rf', $self->{dir};
	}
	delete $self->{dir};
	return @wrong;
}

sub end_nginx {
	my ($self) = @_;
	my $pid = delete $self->{nginx} or return;
	my $status = $self->end($pid, 'QUIT', 5) //
	    $self->end($pid, 'TERM');

	return if defined $status && $status == 0;
	return 'nginx ended with ' . ($status // 'nothing');
}

sub end_responders {
	my ($self) = @_;
	my @pids = @{$self->{responders}};
	my @wrong;

	push @pids, $self->{supervisor} if $self->{supervisor};
	for my $pid (@pids) {
		next unless waitpid($pid, WNOHANG) == $pid;
		push @wrong, "responder process $pid ended early: wait $?";
		delete $self->{processes}{$pid};
	}
	@pids = grep { $self->{processes}{$_} } @pids;
	kill 'TERM', @pids;
	my $patience = 30;
	for my $pid (@pids) {
		my $status = $self->reap($pid, $patience);

		push @wrong, "responder process $pid left with " .
		    ($status // "nothing in $patience s") . ' on SIGTERM'
		    if ($status // 1) != 0;
	}
	return @wrong;
}

sub end_database {
	my ($self) = @_;
	my @wrong;

	$self->thaw;
	for my $status ($self->stop_standby, $self->stop_primary) {
		push @wrong, 'PostgreSQL ended with ' . ($status // 'nothing')
		    if ($status // 1) != 0;
	}
	return @wrong;
}

sub end_rest {
	my ($self) = @_;
	my @wrong;

	for my $pid (keys %{$self->{processes}}) {
		push @wrong, "$self->{processes}{$pid} had to be killed";
		$self->end($pid, 'KILL', 10);
	}
	for (glob '/proc/[0-9]*/cmdline') {
		open my $in, '<', $_ or next;
		my $line = <$in> // '';
		next unless index($line, $self->{dir}) >= 0;
		$line =~ tr/\0/ /;
		push @wrong, "a process is left: $line";
		kill 'KILL', m{(\d+)};
	}
	return @wrong;
}

sub look_at_logs {
	my ($self) = @_;
	my $secret = join '|', map { quotemeta }
	    $self->TOKEN, $self->NEXT, $self->CANARY, $self->FRONT_SECRET,
	    $self->FRONT_API_TOKEN, $self->FRONT_PATH_TOKEN,
	    @{$self->{numbers} // []};
	my @wrong;

	for my $file (glob "$self->{dir}/log/*") {
		my ($name) = $file =~ m{([^/]+)$};
		my $forbidden = qr/Sanitizer|runtime error:|^==\d+== (?!\s*$)/;

		$forbidden = qr/$forbidden|\[(?:alert|emerg|crit)\]/
		    if $name eq 'nginx.error.log';
		$forbidden = qr/$forbidden|\b(?:ERROR|FATAL|PANIC): /
		    if $name =~ /^(?:postgres|standby)\.log$/;
		$forbidden = qr/$forbidden|$secret/
		    if $name =~ /^(?:fcgi|relay)\.log$/ || $name =~ /access/;
		open my $in, '<', $file or next;
		while (my $line = <$in>) {
			next unless $line =~ $forbidden;
			next if $name =~ /^(?:postgres|standby)\.log$/ &&
			    grep { $line =~ $_ } @pg_usual, @{$self->{pg_errors}};
			chomp $line;
			push @wrong, "$name:$.: $line";
		}
	}
	return @wrong;
}

1;
