package StandIn::Control;
# How a test speaks to a stand-in about itself: JSON under /_control/.
#
#	GET    /_control/ledger?from=N&count=C	{entries: [...], next: M}
#	GET    /_control/rules		POST one or a list, DELETE [?id=N]
#	GET    /_control/state		what the requests have made of the peer
#	POST   /_control/settings	{seed: 7, ...}; the rest is the peer's
#	POST   /_control/reset		as it was at the start
#
# and what the peer itself adds (control_more).  These requests stand in no
# ledger and meet no rule.
use strict;
use warnings;
use JSON::PP ();

my $json = JSON::PP->new->utf8->allow_nonref;

my %commands = (
	'GET ledger'    => \&get_ledger,
	'GET rules'     => sub { { rules => $_[0]{rules}->list } },
	'POST rules'    => \&post_rules,
	'DELETE rules'  => \&delete_rules,
	'GET state'     => sub { $_[0]->state },
	'POST settings' => \&post_settings,
	'POST reset'    => sub { $_[0]->reset; return {} },
);

sub is_control {
	my ($self, $request) = @_;

	return $request->{listener} eq 'api'
	    && $request->{path} =~ m{^/_control/};
}

# A command returns what is answered with 200, or dies with a sentence.  It may
# return a function instead, which gets one to call with the answer, later.
sub serve_control {
	my ($self, $connection, $request) = @_;
	my $name = $request->{method} . ' ' .
	    substr $request->{path}, length '/_control/';
	my $answer = sub {
		my ($status, $data) = @_;

		$self->send_bytes($connection, join('', $self->answer_bytes(
		    $connection, { status => $status, json => $data })), 1);
	};
	my $result = eval {
		my $data = $request->{body} eq '' ? {}
		    : $json->decode($request->{body});
		my %query = map { @$_ } @{$request->{query}};

		$commands{$name} ? $commands{$name}->($self, $data, \%query)
		    : $self->control_more($name, $data)
		    // die "no command '$name'\n";
	};

	return $answer->(400, { error => "$@" }) unless defined $result;
	return $result->($answer) if ref $result eq 'CODE';
	$answer->(200, $result);
}

sub get_ledger {
	my ($self, $data, $query) = @_;
	my $ledger = $self->{ledger};
	my $from = $query->{from} // 0;
	my $end = $from + ($query->{count} // @$ledger);

	$end = @$ledger if $end > @$ledger;
	return {
		entries => [map { $self->entry_view($_) }
		    @{$ledger}[$from .. $end - 1]],
		next    => $end,
	};
}

sub post_rules {
	my ($self, $data) = @_;

	return { ids => [map { $self->{rules}->add($_) }
	    ref $data eq 'ARRAY' ? @$data : $data] };
}

sub delete_rules {
	my ($self, $data, $query) = @_;

	$self->{rules}->clear($query->{id});
	return {};
}

sub post_settings {
	my ($self, $data) = @_;
	my $settings = $self->{settings};

	for (sort keys %$data) {
		if ($_ eq 'seed') {
			srand $data->{seed};
		} elsif (exists $settings->{$_}) {
			$settings->{$_} = $data->{$_};
		} else {
			die "no setting '$_'\n";
		}
	}
	return $settings;
}

1;
