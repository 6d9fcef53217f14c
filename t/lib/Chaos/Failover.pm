package Chaos::Failover;
# Chaos with two PostgreSQL: the primary goes down in the middle of everything,
# its standby takes over, at once or when webhooks are refused already, and the
# former primary becomes the new one's standby.  What was answered with 200 is on both, because the primary waits for that.
#
# Option beside those of Chaos: failovers.  Figure beside them: slowest_ms, from
# the promotion to the first write that was accepted.
use strict;
use warnings;
use List::Util qw(max);
use Stage;
use Time::HiRes qw(time);
use parent qw(Chaos);

sub defaults {
	return (failovers => 1, restarts => 0, stops => 0, cuts => 0,
	    deaths => 0, relays => 2, responders => 2);
}

sub deeds {
	my ($self) = @_;

	return ($self->SUPER::deeds, failovers => \&fail_over);
}

sub set_stage {
	my ($self) = @_;
	my $stage = $self->SUPER::set_stage;

	push @{$stage->{pg_errors}}, qr/terminating walreceiver/,
	    qr/could not (?:receive|connect|send)/,
	    qr/cannot execute [\w ]+ in a read-only transaction/;
	$stage->start_standby;
	$stage->require_standby;
	$stage->write_config(map { ("database.${_}_conninfo" =>
	    $stage->conninfo_of_both("frontline_$_", 'read-write')) }
	    qw(fcgi relay));
	return $stage;
}

sub fail_over {
	my ($self) = @_;
	my $stage = $self->{stage};

	$self->keep_busy;
	$stage->stop_primary('QUIT');
	$self->wait_refusal if $self->{did}{failovers} % 2 == 0;
	my $start = $stage->promote;
	push @{$self->{took}}, $self->first_write - $start;
	$stage->start_standby;
	$stage->require_standby;
}

# When something new was accepted, which is then in the database.
sub first_write {
	my ($self) = @_;
	my $stage = $self->{stage};
	my $sid = $stage->new_sid('CHffffffff') =~ s/0{8}//r;
	my $event = $stage->webhook('onConversationAdded', {
		ConversationSid => $sid, State => 'active' });

	wait_until(sub { $stage->fetch_all($event)->{status} == 200 },
	    'a write is accepted after a promotion', 60);
	my $time = time;
	push @{$self->{wrong}}, "$sid was accepted and is not there"
	    unless $self->sql("SELECT count(*) FROM frontline.conversation
	    WHERE conversation_sid = '$sid'") == 1;
	return $time;
}

sub run {
	my ($self) = @_;
	my %figures = $self->SUPER::run;

	return (%figures,
	    slowest_ms => int(1000 * max(0, @{$self->{took} // []})));
}

1;
