package Chaos::Work;
# What is to be done: conversations, each a lane of numbered messages with
# participants and attributes between them; and how it gets into the queue: by
# the function that enqueues, or by the webhook that calls it.
use strict;
use warnings;
use Chaos::Webhooks;
use JSON::PP ();
use List::Util qw(min shuffle);

# Who is found for a conversation, and beginnings of the customers' numbers and
# of what the database calls them.
use constant { WORKER => 'ana@example.com', THEIRS => '+1415000',
    CUSTOMER => 700_000 };

my $json = JSON::PP->new->ascii->canonical;

# Decides on all jobs, and makes the conversations at Twilio.
sub plan {
	my ($self) = @_;
	my ($least, $most) = @{$self->{lane}};
	my ($left, @slots) = $self->{jobs};

	while ($left > 0) {
		my $n = min($left, $least + int rand($most - $least + 1));
		my $lane = { number => scalar @{$self->{lanes} // []} };

		$lane->{sid} = sprintf 'CH%032x', $lane->{number} + 1;
		$lane->{address} = sprintf '%s%04d', THEIRS, $lane->{number};
		$lane->{customer_id} = CUSTOMER + $lane->{number};
		$lane->{jobs} = [$self->plan_lane($lane, $n)];
		push @{$self->{lanes}}, $lane;
		push @slots, ($lane) x $n;
		$left -= $n;
	}
	# Lanes are mixed; each keeps its own order.
	$self->{work} = [map { $_->{jobs}[$_->{planned}++] } shuffle @slots];
	$self->{waiting} = [];
	$self->know_customers;
}

# A callback finds them; nothing but the default worker is found for one.
sub know_customers {
	my ($self) = @_;
	my @lanes = @{$self->{lanes}};

	$self->sql(join ";\n", 'DELETE FROM frontline.routing_rule',
	    'INSERT INTO frontline.customer (customer_id, display_name) VALUES '
	    . join(', ', map { "($_->{customer_id}, 'Ines Okafor')" } @lanes),
	    'INSERT INTO frontline.channel (customer_id, type, value) VALUES '
	    . join(', ', map { "($_->{customer_id}, 'sms', '$_->{address}')" }
	    @lanes));
}

sub plan_lane {
	my ($self, $lane, $n) = @_;
	my $twilio = $self->{stage}->twilio;
	my @jobs;

	$twilio->control('POST', 'conversations', { sid => $lane->{sid} });
	my $customer = $twilio->call('POST',
	    "/v1/Conversations/$lane->{sid}/Participants", {
		'MessagingBinding.Address' => $lane->{address},
		'MessagingBinding.ProxyAddress' => '+15005550006',
	    })->{json}{sid};
	my @workers = (WORKER, 'ben');
	for my $i (1 .. $n) {
		my $job = { lane => $lane, dedupe => "$lane->{sid}:$i" };
		my $kind = rand;

		if ($kind < 0.1 && @workers) {
			$job->{kind} = 'participant.add';
			$job->{identity} = shift @workers;
		} elsif ($kind < 0.18 && !$lane->{tied}++) {
			$job->{kind} = 'participant.attributes';
			@{$job}{qw(participant_sid customer_id display_name)} =
			    ($customer, $lane->{customer_id}, 'Ines Okafor');
		} else {
			$job->{kind} = 'message.add';
			$job->{body} = ++$lane->{messages};
		}
		$self->plan_webhook($job) if rand() < 0.7;
		# Where there is a worker, nobody is looked for.
		@workers = () if defined $job->{name} && $job->{identity};
		push @jobs, $job;
	}
	return @jobs;
}

# The job will bear the name that its webhook gives it.
sub plan_webhook {
	my ($self, $job) = @_;

	if ($job->{kind} eq 'participant.attributes') {
		$job->{dedupe} = $job->{participant_sid};
	} elsif (($job->{identity} // '') eq WORKER) {
		$job->{dedupe} = $job->{lane}{sid};
	} else {
		return;
	}
	$job->{name} = $job->{dedupe};
}

sub request_of {
	my ($self, $job) = @_;
	my $stage = $self->{stage};
	my @fields = (ConversationSid => $job->{lane}{sid},
	    'MessagingBinding.Address' => $job->{lane}{address},
	    'MessagingBinding.ProxyAddress' => '+15005550006',
	    Attributes => '{}', DateCreated => '2026-03-02T10:00:00Z');

	return $stage->signed('/callbacks/routing', [@fields,
	    AccountSid => $stage->ACCOUNT, State => 'active'])
	    if defined $job->{identity};
	return $stage->webhook('onParticipantAdded', [@fields,
	    ParticipantSid => $job->{participant_sid},
	    'MessagingBinding.Type' => 'SMS']);
}

sub next_things {
	my ($self) = @_;
	my $waiting = $self->{waiting};

	return @{$waiting}[0 .. min(Chaos::Webhooks::BATCH, 0 + @$waiting) - 1];
}

sub take_accepted {
	my ($self, $job) = @_;

	@{$self->{waiting}} = grep { $_ != $job } @{$self->{waiting}};
}

sub is_all_in { return !@{$_[0]{waiting}} }

sub call_of {
	my ($job) = @_;
	my %payload = (conversation_sid => $job->{lane}{sid},
	    map { $_ => "$job->{$_}" } grep { defined $job->{$_} }
	    qw(identity participant_sid customer_id display_name body));

	return sprintf q{SELECT job_id || ' ' || fresh FROM
	    frontline_queue.enqueue('conversations', '%s', '%s', '%s', '%s');},
	    $job->{lane}{sid}, $job->{dedupe}, $job->{kind},
	    $json->encode(\%payload);
}

# Until so many jobs are in.  A few come in one transaction, and whatever was
# not seen to be committed comes again, as a webhook without an answer does.
# Now and then it was committed, and comes again all the same.
sub enter {
	my ($self, $until) = @_;
	my $work = $self->{work};

	while ($self->{entered} < $until) {
		my $from = $self->{entered};
		my $to = min($from + 99, $until - 1);
		my @batch = @{$work}[$from .. $to];

		$self->submit(@batch);
		$self->submit(@batch[0 .. min(4, $#batch)]) if rand() < 0.3;
		$self->submit($work->[rand $from]) if $from && rand() < 0.3;
		push @{$self->{waiting}}, grep { defined $_->{name} } @batch;
		$self->{entered} = $to + 1;
	}
	$self->post(0);
}

sub submit {
	my ($self, @jobs) = @_;
	my $text = '';

	@jobs = grep { !defined $_->{name} } @jobs or return;
	my @left = @jobs;

	while (@left) {
		$text .= join "\n", 'BEGIN;', (map { call_of($_) }
		    splice @left, 0, 1 + int rand 6), "COMMIT;\n";
	}
	my @answers = split /\n/, $self->sql($text);
	die @answers . ' answers to ' . @jobs . " jobs\n"
	    if @answers != @jobs;
	for my $job (@jobs) {
		my ($id, $fresh) = split / /, shift @answers;

		push @{$self->{wrong}}, "$job->{dedupe} entered as $id and " .
		    "as $job->{id}" if ($job->{id} // $id) != $id;
		push @{$self->{wrong}}, "$job->{dedupe} entered anew"
		    if $job->{id} && $fresh eq 'true';
		$self->{again}++ if $fresh ne 'true';
		$job->{id} = $id;
	}
}

1;
