package Chaos::Restarts;
# Responder processes are replaced and nginx reads its files again, over and
# over, while clients ask and write; what is counted is the requests that fail.
#
#	my $chaos = Chaos::Restarts->new(reloads => 20, restarts => 40);
#	my %is = $chaos->run;	requests, failed (lines), reloads, restarts, ...
#
# One restart is one process that was told to end and a new one.  Every tenth
# time all of them end before the first new one starts, as with `systemctl
# restart frontline-fcgi.target`: the socket stays, and requests wait in it.
use strict;
use warnings;
use List::Util qw(shuffle);
use Stage;

sub new {
	my ($class, %opt) = @_;

	srand($opt{seed} // 1);
	return bless { responders => 3, clients => 6, tell => sub { }, %opt },
	    $class;
}

# Readers and writers over kept connections, and one of each over new ones.
sub requests {
	my ($stage) = @_;
	my @both = ($stage->callback('GetCustomersList', { PageSize => 5 }),
	    $stage->webhook('onMessageAdded', [
		ConversationSid => 'CH' . '1' x 32,
		ChatServiceSid  => 'IS' . '1' x 32,
		MessageSid      => 'IM' . '1' x 32, Index => 0,
		Author          => '+46701740690', Body => 'Is anybody there?',
		DateCreated     => '2026-03-02T10:00:02Z' ]));

	return [@both, @both, map { { %$_, fresh => 1 } } @both];
}

# A process that was told to end before it listens to signals ends badly.
sub wait_started {
	my ($self) = @_;
	my $stage = $self->{stage};

	wait_until(sub {
		open my $log, '<', "$stage->{dir}/log/fcgi.log" or die $!;
		seek $log, $self->{read} // 0, 0;
		while (my $line = <$log>) {
			last unless $line =~ /\n\z/;
			$self->{read} += length $line;
			$self->{ready}++ if $line =~ /\bready$/;
		}
		return $self->{ready} >= $stage->{started};
	}, 'the new processes are ready');
}

sub restart {
	my ($self, $all) = @_;
	my $stage = $self->{stage};
	my @old = $all ? @{$stage->{responders}} : $stage->{responders}[0];

	kill 'TERM', @old;
	for my $pid (@old) {
		my $status = $stage->end_responder($pid, 'TERM', 20);

		push @{$self->{wrong}}, 'a process left with ' .
		    ($status // 'nothing') if ($status // 1) != 0;
	}
	$stage->start_responder for @old;
	$self->wait_started;
	return scalar @old;
}

sub run {
	my ($self) = @_;
	my $stage = $self->{stage} = Stage->new(
	    responders => $self->{responders});
	my ($restarts, $reloads, $seen, $all, $rounds, $turns) = (0) x 6;

	$self->wait_started;
	my $load = $stage->load_with({ clients => $self->{clients},
		requests => requests($stage) });
	my $go_on = sub {
		my ($by) = @_;

		wait_until(sub { $load->count >= $seen + $by },
		    'the load goes on', 60);
		$seen = $load->count;
	};

	$go_on->(100);
	for my $what (shuffle(('reload') x $self->{reloads},
	    ('restart') x $self->{restarts})) {
		$rounds++;
		if ($what eq 'reload') {
			$stage->reload_nginx;
			$reloads++;
		} elsif ($restarts < $self->{restarts}) {
			my $is_all = ++$turns % 10 == 0;

			$all += $is_all;
			$restarts += $self->restart($is_all);
		}
		$go_on->(10);
		$self->{tell}->("$reloads reloads, $restarts restarts, " .
		    "$seen requests, " . @{$load->bad} . ' failed')
		    if $rounds % 100 == 0;
	}
	$go_on->(100);
	my ($requests, $bad) = $load->stop;
	return (requests => $requests, failed => $bad, reloads => $reloads,
	    restarts => $restarts, 'all at once' => $all,
	    wrong => $self->{wrong} // []);
}

1;
