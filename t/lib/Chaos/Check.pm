package Chaos::Check;
# What has become of it: figures, of which lost, doubled, reordered, stuck and
# dead have to be 0, and in `wrong` a sentence for each finding.
use strict;
use warnings;
use JSON::PP ();
use List::Util qw(sum0);

sub check {
	my ($self) = @_;
	my %figures = (%{$self->{did}}, jobs => $self->{entered},
	    repeated => $self->{again}, lanes => scalar @{$self->{lanes}},
	    $self->webhook_figures,
	    'by webhook' => scalar(grep { $_->{accepted} } @{$self->{work}}),
	    map { $_ => 0 } qw(lost doubled reordered));
	my $twilio = $self->{stage}->twilio;

	$self->read_log;
	$figures{requests} =
	    $twilio->control('GET', 'ledger?from=999999999')->{next};
	$figures{faults} = $self->fault_counts;
	$figures{uncertain} = keys %{$self->{unknown}};
	$self->check_queue(\%figures);
	$self->check_lane($_, \%figures) for @{$self->{lanes}};
	$figures{wrong} = $self->{wrong} // [];
	return %figures;
}

sub fault_counts {
	my ($self) = @_;

	my %played;

	$played{join ' ', grep { defined }
	    @{$_}{qw(action status code when ms at)}} += $_->{played}
	    for @{$self->{rules}};
	return \%played;
}

sub wrong {
	my ($self, $figures, $which, $text) = @_;

	$figures->{$which}++;
	push @{$self->{wrong}}, "$which: $text";
}

# The queue's own word: each job is done once, nothing is left, nothing died.
sub check_queue {
	my ($self, $figures) = @_;
	my %number = map { split /\|/ } split /\n/, $self->sql(
	    'SELECT dedupe, job_id FROM frontline_queue.seen');
	my %done;

	$_->{id} //= $number{$_->{dedupe}} // 'of ' . $_->{dedupe}
	    for @{$self->{work}};
	for (split /\n/, $self->sql(
	    'SELECT job_id, outcome FROM frontline_queue.done')) {
		my ($id, $outcome) = split /\|/;

		push @{$done{$id}}, $outcome;
	}
	for my $job (@{$self->{work}}) {
		my @outcomes = @{$done{$job->{id}} // []};

		$self->wrong($figures, lost => "job $job->{id} is not done")
		    if !@outcomes;
		$self->wrong($figures, doubled =>
		    "job $job->{id} is done as @outcomes") if @outcomes > 1;
		$figures->{$outcomes[0]}++ if @outcomes;
	}
	$figures->{$_} //= 0 for qw(sent unneeded reconciled);
	$self->check_rest($figures);
}

sub check_rest {
	my ($self, $figures) = @_;

	@{$figures}{qw(stuck left dead)} = split /\|/, $self->sql(q{SELECT
	    (SELECT count(*) FROM frontline_queue.lane
	      WHERE token IS NOT NULL OR head_seq <= last_seq),
	    (SELECT count(*) FROM frontline_queue.job),
	    (SELECT count(*) FROM frontline_queue.dead)});
	push @{$self->{wrong}}, map { "dead: $_" } split /\n/, $self->sql(
	    q{SELECT job_id, kind, attempts, error FROM frontline_queue.dead});
}

# Twilio's word.
sub check_lane {
	my ($self, $lane, $figures) = @_;
	my @bodies = map { $_->{body} } $self->list($lane, 'Messages');
	my (%seen, $last);

	for my $n (@bodies) {
		$self->wrong($figures, doubled => "$lane->{sid} message $n")
		    if $seen{$n}++;
		$self->wrong($figures, reordered =>
		    "$lane->{sid} message $n after $last")
		    if $n < ($last // 0);
		$last = $n;
	}
	for my $n (1 .. $lane->{messages} // 0) {
		$self->wrong($figures, lost => "$lane->{sid} message $n")
		    unless $seen{$n};
	}
	my @participants = $self->list($lane, 'Participants');
	my %in;
	$in{$_->{identity} // ''}++ for @participants;
	for my $job (@{$lane->{jobs}}) {
		my $who = $job->{identity} // next;

		$self->wrong($figures, $in{$who} ? 'doubled' : 'lost',
		    "$lane->{sid} has $who " . ($in{$who} // 0) . ' times')
		    if ($in{$who} // 0) != 1;
	}
	return unless $lane->{tied};
	my ($customer) = grep { $_->{messaging_binding} } @participants;
	$self->wrong($figures, lost => "$lane->{sid} is not tied") unless
	    ($customer->{attributes} // '') =~
	    /"customer_id":\s*"$lane->{customer_id}"/;
}

sub list {
	my ($self, $lane, $what) = @_;
	my $answer = $self->{stage}->twilio->call('GET',
	    "/v1/Conversations/$lane->{sid}/$what", { PageSize => 100 });

	die "$lane->{sid} $what: $answer->{status}\n"
	    if $answer->{status} != 200 ||
	    defined $answer->{json}{meta}{next_page_url};
	return @{$answer->{json}{lc $what}};
}

1;
