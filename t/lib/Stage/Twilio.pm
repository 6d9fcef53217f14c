package Stage::Twilio;
# A stage's stand-in for Twilio (StandIn::Twilio): its process, and what a test
# says to it.  What it prints is an error of its own, and fails the test.
use strict;
use warnings;
use parent qw(Stage::StandIn);

# Options are those of t/standin/twilio.  Started anew it has another port.
sub start_twilio {
	my ($self, @options) = @_;
	my $pid = $self->spawn_standin('twilio', 'Twilio',
	    '--account', $self->ACCOUNT, '--token', $self->TOKEN, @options);

	$self->{twilio_pid} = $pid;
	$self->{twilio} = $self->standin_client('twilio');
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

	delete $self->{twilio};
	return $self->end_standin('twilio', $pid);
}

1;
