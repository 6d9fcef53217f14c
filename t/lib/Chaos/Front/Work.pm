package Chaos::Front::Work;
# What is said: customers, each with texts and replies to them, in an order that
# is kept, and how it comes to us: by signed webhooks.  One that gets no 200
# comes again before the next of this customer; others come twice anyway.
use strict;
use warnings;
use FrontRequest qw(front_request reply_to);
use List::Util qw(max min shuffle);
use Stage;

# Beginnings of all numbers, which no log may have.
use constant { OURS => '+1512555', THEIRS => '+1512557' };

# Webhooks of one curl, and how far behind the storm they may be.
use constant { BATCH => 100, BEHIND => 200, AT_LEAST => 40 };

# What may be answered while processes are killed and the database is away.
my %is_usual = map { $_ => 1 } qw(000 429 502 503 504);

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
	@{$self}{qw(entered again)} = (0, 0);
	$self->{accepted} = [];
	$self->{refused} = {};
}

# The first word is the customer's.
sub plan_text {
	my ($self, $lane) = @_;
	my $id = keys %{$self->{texts}};
	my $side = @{$lane->{in}} && rand() < 0.5 ? 'out' : 'in';
	my $n = push @{$lane->{$side}}, my $text = { id => $id, lane => $lane,
		side => $side };

	# Agents repeat themselves.
	$text->{body} = $side eq 'out' && rand() < 0.1 ? 'Yes.' : "No. $n";
	# Twilio's stand-in counts its own from another number.
	$text->{sid} = sprintf 'SMff%030x', $id + 1;
	$text->{message} = sprintf 'msg_%x', $id + 1;
	push @{$lane->{left}}, $text;
	$self->{texts}{$id} = $text;
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
	my ($self, $until, $behind) = @_;

	wait_until(sub {
		$self->take_answers;
		$self->send_some($until) unless $self->{client}{pid};
		return $self->{entered} >= $until - ($behind // BEHIND);
	}, 'webhooks are accepted', 120);
}

sub enter_all {
	my ($self) = @_;

	$self->enter($self->{jobs}, 0);
	wait_until(sub {
		$self->take_answers;
		return !$self->{client}{pid};
	}, 'the last webhooks are answered', 60);
}

# Webhooks are under way: the first of them has been answered.
sub keep_busy {
	my ($self) = @_;
	my $log = "$self->{stage}{dir}/log/fcgi.log";
	my $size = -s $log;

	$self->take_answers;
	$self->send_some($self->{entered} + AT_LEAST / 2, AT_LEAST)
	    unless $self->{client}{pid};
	eval { wait_until(sub { -s $log > $size }, 'an answer', 1) };
	select undef, undef, undef, rand 0.01;
}

# Of each customer the next one only; where these are fewer than `least`, old
# ones come again.
sub send_some {
	my ($self, $until, $least) = @_;
	my @lanes = grep { @{$_->{left} // []} } @{$self->{lanes}};
	my $accepted = $self->{accepted};
	my $room = min(BATCH, $until - $self->{entered});
	my @texts;

	return if $room <= 0;
	# Those who are furthest behind come first, so that all come to an end.
	@lanes = sort { @{$b->{left}} <=> @{$a->{left}} } shuffle @lanes;
	splice @lanes, $room if @lanes > $room;
	@texts = map { $_->{left}[0] } @lanes;
	push @texts, grep { rand() < 0.1 } @texts;
	push @texts, map { $accepted->[rand @$accepted] }
	    1 .. max(($least // 0) - @texts, rand() < 0.5 ? 3 : 0)
	    if @$accepted;
	$self->{client}->begin(map { [$_->{id}, $self->request_of($_)] }
	    shuffle @texts);
	$self->{sent} += @texts;
}

sub take_answers {
	my ($self) = @_;
	my $client = $self->{client};

	return if !$client->{pid} || $client->is_busy;
	for ($client->answers) {
		my ($id, $status) = @$_;
		my $text = $self->{texts}{$id};
		my $left = $text->{lane}{left};

		if ($status != 200) {
			$self->{refused}{$status}++;
			push @{$self->{wrong}}, "text $id: $status"
			    unless $is_usual{$status};
		} elsif ($text->{accepted}++) {
			$self->{again}++;
		} else {
			shift @$left;
			push @{$self->{accepted}}, $text;
			$self->{entered}++;
		}
	}
}

1;
