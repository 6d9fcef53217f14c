package Stage::Twilio;
# A stage's stand-in for Twilio (StandIn::Twilio): its process, and what a test
# says to it.  What it prints is an error of its own, and fails the test.
use strict;
use warnings;
use Stage::Process qw(wait_until);
use StandIn::Client ();

# Options are those of t/standin/twilio.  Started anew it has another port.
sub start_twilio {
	my ($self, @options) = @_;
	my $dir = "$self->{dir}/standin";
	my $source = "$ENV{abs_top_srcdir}/t";
	my $ports = "$self->{dir}/run/twilio.ports";

	mkdir $_ for $dir, map { "$dir/$_" } qw(program lib lib/StandIn
	    lib/StandIn/Twilio);
	Stage::copy_all("$dir/program", 0755, "$source/standin/twilio");
	Stage::copy_all("$dir/lib/$_", 0644, glob "'$source/lib/$_'*.pm")
	    for 'StandIn/', 'StandIn/Twilio/';
	Stage::copy_all("$dir/lib", 0644,
	    map { "$source/lib/$_.pm" } qw(Sign StandIn));
	unlink $ports;
	my $pid = $self->spawn('twilio', undef, $self->as_user, $^X,
	    "$dir/program/twilio", '--port-file', $ports,
	    '--account', $self->ACCOUNT, '--token', $self->TOKEN, @options);
	$self->{twilio_pid} = $pid;
	wait_until(sub { -e $ports }, 'the stand-in for Twilio listens', 20);
	$self->{twilio} = StandIn::Client->new($ports);
	$self->write_config if $self->{conf};
	return $self->{twilio};
}

# The client of the control interface, for what has no function here.
sub twilio { return $_[0]{twilio} }

sub twilio_url { return $_[0]{twilio}->url }

# Rules: see StandIn::Rules.  Returns their numbers.
sub script {
	my ($self, @rules) = @_;

	return $self->{twilio}->script(@rules);
}

# The requests from a number on: see StandIn::entry_view.
sub ledger {
	my ($self, @which) = @_;

	return $self->{twilio}->ledger(@which);
}

sub twilio_state { return $_[0]{twilio}->state }

sub reset_twilio { return $_[0]{twilio}->reset }

# What the configuration says of a stand-in that runs.
sub twilio_config {
	my ($self) = @_;
	my $twilio = $self->{twilio} // return;

	return map { ("twilio.${_}_base_url" => $twilio->url) }
	    qw(api conversations lookups frontline);
}

# Returns as end_rest() does.
sub end_twilio {
	my ($self) = @_;
	my $pid = delete $self->{twilio_pid} // return;
	my $status = $self->end($pid, 'TERM', 10);
	my $said = $self->slurp('log/twilio.log');
	my @wrong;

	delete $self->{twilio};
	push @wrong, 'the stand-in for Twilio ended with ' .
	    ($status // 'nothing') if ($status // 1) != 0;
	push @wrong, "the stand-in for Twilio: $said" if $said ne '';
	return @wrong;
}

1;
