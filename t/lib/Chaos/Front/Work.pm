package Chaos::Front::Work;
# What is said: customers, each with texts and replies to them, in an order that
# is kept, and how it comes to us: by signed webhooks.  One that gets no 200
# comes again before the next of this customer.
use strict;
use warnings;
use Chaos::Webhooks;
use FrontRequest qw(front_request reply_to);
use List::Util qw(min shuffle);
use Stage;

# Beginnings of all numbers, which no log may have.
use constant { OURS => '+1512555', THEIRS => '+1512557' };

# How many texts the webhooks may be behind the storm.
use constant BEHIND => 200;

sub our_number { return sprintf '%s%04d', OURS, $_[0] }

sub plan {
	my ($self) = @_;
	my $senders = $self->{senders};

	$self->{lanes} = [map { {
		number  => $_,
		channel => $_ % $self->{channels},
		ours    => our_number($_ % $self->{channels}),
		theirs  => sprintf('%s%04d', THEIRS, $_),
		in      => [],
		out     => [],
	} } 0 .. $senders - 1];
	$self->plan_text($self->{lanes}[$_ % $senders])
	    for 0 .. $self->{jobs} - 1;
}

# The first word is the customer's.
sub plan_text {
	my ($self, $lane) = @_;
	my $id = ++$self->{planned};
	my $side = @{$lane->{in}} && rand() < 0.5 ? 'out' : 'in';
	my $n = push @{$lane->{$side}}, my $text = { name => $id,
		lane => $lane, side => $side };

	# Agents repeat themselves.
	$text->{body} = $side eq 'out' && rand() < 0.1 ? 'Yes.' : "No. $n";
	# Twilio's stand-in counts its own from another number.
	$text->{sid} = sprintf 'SMff%030x', $id;
	$text->{message} = sprintf 'msg_%x', $id;
	push @{$lane->{left}}, $text;
}

sub request_of {
	my ($self, $text) = @_;
	my $stage = $self->{stage};
	my $lane = $text->{lane};

	return $stage->signed('/twilio/messages', {
		MessageSid => $text->{sid}, SmsSid => $text->{sid},
		AccountSid => $stage->ACCOUNT, From => $lane->{theirs},
		To => $lane->{ours}, Body => $text->{body}, NumMedia => 0,
		NumSegments => 1,
	}) if $text->{side} eq 'in';
	return front_request($stage, reply_to(
		id => $text->{message}, text => $text->{body},
		to => [$lane->{theirs}],
		keys => ["sms:$lane->{ours}:$lane->{theirs}"],
		conversation => sprintf('cnv_%x', $lane->{number} + 1),
	), secret => $stage->FRONT_SECRET,
	    token => Chaos::Front::path_token($stage, $lane->{channel}));
}

# Until so many are accepted, or not many less: the next ones are on their way
# while something else is done.
sub enter {
	my ($self, $until) = @_;

	wait_until(sub {
		$self->post(0, $until);
		return $self->{entered} >= $until - BEHIND;
	}, 'webhooks are accepted', 120);
}

# Of each customer one.  Those who are furthest behind come first, so that all
# come to an end.
sub next_things {
	my ($self, $until) = @_;
	my $room = min(Chaos::Webhooks::BATCH, $until - $self->{entered});
	my @lanes = sort { @{$b->{left}} <=> @{$a->{left}} }
	    shuffle grep { @{$_->{left} // []} } @{$self->{lanes}};

	return if $room <= 0;
	splice @lanes, $room if @lanes > $room;
	return map { $_->{left}[0] } @lanes;
}

sub take_accepted {
	my ($self, $text) = @_;

	shift @{$text->{lane}{left}};
	$self->{entered}++;
}

sub is_all_in { return $_[0]{entered} == $_[0]{jobs} }

1;
