package Stage::Front;
# A stage's stand-in for Front (StandIn::Front): its process, and what a test
# says to it.
use strict;
use warnings;
use parent qw(Stage::StandIn);

# The channel that it has unless told otherwise, and whom a text may come from.
use constant {
	FRONT_SECRET     => 'a5ec1ce700fa99a5ec1ce700fa990001',
	FRONT_APP_UID    => 'f1e2d3c4b5a69788',
	FRONT_API_TOKEN  => 'a91c0ffee00ca9a4300c0ffee00ca9a43',
	FRONT_PATH_TOKEN => 'canarypath-4f0c2a9be1d84c77',
	FRONT_CHANNEL    => 'cha_7k2q',
	FRONT_ADDRESS    => '+15125550188',
};

# Options are those of t/standin/front.  Started anew it has other ports.
sub start_front {
	my ($self, @options) = @_;
	my $pid = $self->spawn_standin('front', 'Front',
	    '--secret', FRONT_SECRET, '--app-uid', FRONT_APP_UID,
	    '--api-token', FRONT_API_TOKEN, '--address', FRONT_ADDRESS,
	    '--webhook', "$self->{url}/front/" . FRONT_PATH_TOKEN,
	    '--ca-file', "$self->{dir}/tls/cert.pem", @options);

	$self->{front_pid} = $pid;
	$self->{front} = $self->standin_client('front');
	$self->write_config if $self->{conf};
	return $self->{front};
}

# The client of the control interface, for what has no function here.
sub front { return $_[0]{front} }

sub front_url { return $_[0]{front}->url }

# The requests from a number on: see StandIn::entry_view.
sub front_ledger {
	my ($self, @which) = @_;

	return $self->{front}->ledger(@which);
}

# The conversations with their messages, tags and comments, the contacts, the
# statuses and the webhooks: see StandIn::Front.
sub front_state { return $_[0]{front}->state }

sub reset_front { return $_[0]{front}->reset }

# An agent presses send: see StandIn::Front::Webhook.  Returns the webhook with
# its answer.
sub front_reply {
	my ($self, %reply) = @_;

	return $self->{front}->control('POST', 'reply', \%reply)->{webhook};
}

# Any other webhook.
sub front_webhook {
	my ($self, %webhook) = @_;

	return $self->{front}->control('POST', 'webhook', \%webhook)
	    ->{webhook};
}

# What the configuration says of a stand-in that runs.
sub front_config {
	my ($self) = @_;
	my $front = $self->{front} // return;

	return ('front.api_base_url' => $front->url);
}

# Returns as end_rest() does.
sub end_front {
	my ($self) = @_;
	my $pid = delete $self->{front_pid} // return;

	delete $self->{front};
	return $self->end_standin('front', $pid);
}

1;
