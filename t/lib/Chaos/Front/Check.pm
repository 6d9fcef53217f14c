package Chaos::Front::Check;
# What has become of texts: figures as of Chaos::Check.  Where Front makes a
# second message of one that comes twice, the text counts once; that the bridge
# did not repeat it without need is looked at apart.
use strict;
use warnings;
use JSON::PP ();

my $json = JSON::PP->new->utf8;

sub check {
	my ($self) = @_;
	my $stage = $self->{stage};
	my %figures = (%{$self->{did}}, texts => $self->{entered},
	    repeated => $self->{again}, senders => scalar @{$self->{lanes}},
	    $self->webhook_figures,
	    map { $_ => 0 } qw(lost doubled reordered needless));

	$self->read_log;
	$figures{faults} = $self->fault_counts;
	$figures{uncertain} = keys %{$self->{unknown}};
	for my $peer (qw(twilio front)) {
		$figures{"requests of $peer"} = $stage->$peer->control('GET',
		    'ledger?from=999999999')->{next};
	}
	$self->check_jobs(\%figures);
	$self->check_front(\%figures);
	$self->check_posts(\%figures);
	$self->check_sent(\%figures);
	$figures{wrong} = $self->{wrong} // [];
	return %figures;
}

# Each text is one job, done once; and the database says so of the text, too.
sub check_jobs {
	my ($self, $figures) = @_;
	my $done = 0;

	for (split /\n/, $self->sql(
	    'SELECT outcome, count(*) FROM frontline_queue.done GROUP BY 1')) {
		my ($outcome, $count) = split /\|/;

		$figures->{$outcome} = $count;
		$done += $count;
	}
	$figures->{$_} //= 0 for qw(sent unneeded reconciled);
	$self->wrong($figures, $done < $self->{jobs} ? 'lost' : 'doubled',
	    "$self->{jobs} texts made $done jobs") if $done != $self->{jobs};
	my ($held, $open) = split /\|/, $self->sql(q{SELECT count(*),
	    count(*) FILTER (WHERE CASE direction WHEN 'inbound'
		THEN posted_at IS NULL ELSE message_sid IS NULL
		OR status IS NULL OR status = 'failed' END)
	    FROM frontline.text_message});
	$self->wrong($figures, lost => "$held texts are in the database")
	    if $held != $self->{jobs};
	$self->wrong($figures, lost => "$open texts have no good end there")
	    if $open;
	$self->check_rest($figures);
}

# Two lists have to be the same.
sub compare {
	my ($self, $figures, $name, $wanted, $got) = @_;
	my (%more, $moved);

	return if "@$wanted" eq "@$got";
	$more{$_}++ for @$got;
	$more{$_}-- for @$wanted;
	for (sort keys %more) {
		$self->wrong($figures, $more{$_} > 0 ? 'doubled' : 'lost',
		    "$name: $_") if $more{$_};
	}
	$self->wrong($figures, reordered => "$name: @$got")
	    unless grep { $_ } values %more;
}

# What agents see.
sub check_front {
	my ($self, $figures) = @_;
	my %seen;

	for my $conversation (@{$self->{stage}->front_state->{conversations}}) {
		my @keys = @{$conversation->{external_ids}};

		$self->wrong($figures, doubled => "the threads @keys are one")
		    if @keys != 1;
		$self->wrong($figures, doubled => "the thread @keys is two")
		    if $seen{$keys[0]};
		$seen{$keys[0]} = [map { $_->{external_id} }
		    @{$conversation->{messages}}];
	}
	$figures->{'second messages'} = 0;
	for my $lane (@{$self->{lanes}}) {
		my $key = "sms:$lane->{ours}:$lane->{theirs}";
		my (%is_there, @once);

		for (@{$seen{$key} // []}) {
			push @once, $_ unless $is_there{$_}++;
			$figures->{'second messages'}++ if $is_there{$_} > 1;
		}
		$self->compare($figures, $key,
		    [map { $_->{sid} } @{$lane->{in}}], \@once);
	}
}

# A text is posted again only while nobody knows that Front has it.  Where
# message_imported tells that as well, a post may be on its way already.
sub check_posts {
	my ($self, $figures) = @_;
	my %posted = map { split /\|/ } split /\n/, $self->sql(q{SELECT
	    message_sid, extract(epoch FROM posted_at)
	    FROM frontline.text_message WHERE direction = 'inbound'
	    AND channel <> 'c0'});
	my $front = $self->{stage}->front;
	my ($from, %posts) = 0;

	while (my @entries = $front->ledger($from, 1000)) {
		$from += @entries;
		for (@entries) {
			my $given = eval { $json->decode($_->{body}) };
			my $sid = $given->{metadata}{external_id} // next;

			$posts{$sid}++;
			$self->wrong($figures, needless =>
			    "$sid was posted although Front was known to " .
			    'have it') if exists $posted{$sid}
			    && $_->{time} > $posted{$sid};
		}
	}
	$figures->{posts} = 0;
	$figures->{posts} += $_ for values %posts;
	$figures->{'posted again'} = grep { $_ > 1 } values %posts;
}

# What customers get, and what the database calls it.
sub check_sent {
	my ($self, $figures) = @_;
	my (%got, %said);

	for (@{$self->{stage}->twilio_state->{messages}}) {
		push @{$got{"$_->{from} $_->{to}"}}, $_->{body};
		$said{$_->{sid}} = $_->{body};
	}
	for my $lane (@{$self->{lanes}}) {
		my $pair = "$lane->{ours} $lane->{theirs}";

		$self->compare($figures, $pair,
		    [map { $_->{body} } @{$lane->{out}}],
		    delete $got{$pair} // []);
	}
	$self->wrong($figures, doubled => "texts to nobody: $_")
	    for sort keys %got;
	for (split /\n/, $self->sql(q{SELECT message_sid, body
	    FROM frontline.text_message WHERE direction = 'outbound'})) {
		my ($sid, $body) = split /\|/;

		push @{$self->{wrong}}, "$sid is not '$body'"
		    if ($said{$sid} // '') ne $body;
	}
}

1;
