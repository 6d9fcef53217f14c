package StandIn;
# The engine of a stand-in for a peer: one process that serves HTTP/1.1 on the
# loopback interface, answers as the peer would, misbehaves as it is told to,
# and keeps a ledger of every request.  A peer (StandIn::Twilio) is a subclass:
#
#	handle($request)	returns an answer: {status, json or body, type,
#				headers, effect, code, invalid, operation}
#	authorised($text)	is this Authorization right?
#	error_body(status, code, message)	its usual error as data
#	state()			all that it holds, as data
#	settings()		what a test may set, with the defaults
#	forget()		empty again
#	control_more(name, data)	commands of its own
#
# A request is {listener, connection, nth (on its connection), method, path
# (raw), query_text, query, form ([[name, value], ...]), headers (without
# Authorization), authorization, length, body}.  Of a body of JSON there is
# also json, and its form has the leaves under the names of a form; of one of
# multipart/form-data there are files ([{name, filename, content_type, bytes},
# ...]) and multipart_fault, what is wrong with it.
#
# It says nothing but what went wrong with itself, on stderr.
use strict;
use warnings;
use JSON::PP ();
use StandIn::Form qw(pairs);
use StandIn::Multipart ();
use StandIn::Rules;
use Time::HiRes qw(CLOCK_MONOTONIC clock_gettime time);
use parent qw(StandIn::Connection StandIn::Fault StandIn::Control
    StandIn::Command);

my $json = JSON::PP->new->utf8->canonical;

# Options: port, seed, settings {}, ledger (a file that gets a line per
# request); the rest is the peer's.
sub new {
	my ($class, %opt) = @_;
	my $self = bless {
		opt         => \%opt,
		connections => {},
		accepted    => 0,
		reading     => {},
		writing     => {},
		read_bits   => '',
		write_bits  => '',
		timers      => [],
	}, $class;

	$self->reset;
	if (defined $opt{ledger}) {
		open $self->{file}, '>>', $opt{ledger}
		    or die "$opt{ledger}: $!\n";
		$self->{file}->autoflush(1);
	}
	$self->open_port('api', $opt{port});
	return $self;
}

sub port {
	my ($self, $name) = @_;

	return $self->{ports}{$name // 'api'};
}

# As it was at the start.  Connections stay.
sub reset {
	my ($self) = @_;

	srand($self->{opt}{seed} // 1);
	$self->{rules} = StandIn::Rules->new;
	$self->{ledger} = [];
	$self->{settings} = { %{$self->settings},
	    %{$self->{opt}{settings} // {}} };
	$self->forget;
}

sub settings { return {} }
sub forget { }
sub control_more { return undef }

# ---- the loop

sub watch {
	my ($self, $handle, $call) = @_;

	$self->{reading}{fileno $handle} = $call;
	vec($self->{read_bits}, fileno $handle, 1) = 1;
}

sub watch_writing {
	my ($self, $handle, $call) = @_;

	$self->{writing}{fileno $handle} = $call;
	vec($self->{write_bits}, fileno $handle, 1) = 1;
}

sub unwatch_writing {
	my ($self, $handle) = @_;

	return unless delete $self->{writing}{fileno $handle};
	vec($self->{write_bits}, fileno $handle, 1) = 0;
}

sub unwatch {
	my ($self, $handle) = @_;

	delete $self->{reading}{fileno $handle};
	vec($self->{read_bits}, fileno $handle, 1) = 0;
	$self->unwatch_writing($handle);
}

# Calls once, after so many seconds.
sub after {
	my ($self, $seconds, $call) = @_;
	my $timers = $self->{timers};
	my $due = clock_gettime(CLOCK_MONOTONIC) + $seconds;
	my ($low, $high) = (0, scalar @$timers);

	while ($low < $high) {
		my $middle = int(($low + $high) / 2);

		if ($timers->[$middle][0] <= $due) {
			$low = $middle + 1;
		} else {
			$high = $middle;
		}
	}
	splice @$timers, $low, 0, [$due, $call];
}

# Until SIGTERM or SIGINT.  A signal that comes just before select() is seen
# half a second later.
sub run {
	my ($self) = @_;
	my $stopping = 0;

	local $SIG{PIPE} = 'IGNORE';
	local $SIG{TERM} = sub { $stopping = 1 };
	local $SIG{INT} = $SIG{TERM};
	$self->turn until $stopping;
	$self->end_commands;
}

sub turn {
	my ($self) = @_;
	my $timers = $self->{timers};
	my $wait = 0.5;

	if (@$timers) {
		my $left = $timers->[0][0] - clock_gettime(CLOCK_MONOTONIC);

		$wait = $left < 0 ? 0 : $left if $left < $wait;
	}
	my ($read, $write) = @{$self}{qw(read_bits write_bits)};
	my $ready = select $read, $write, undef, $wait;
	if ($ready > 0) {
		for my $side ([$self->{writing}, $write],
		    [$self->{reading}, $read]) {
			my ($calls, $bits) = @$side;

			# An earlier call may have closed what a later one is for.
			for (sort { $a <=> $b } grep { vec $bits, $_, 1 }
			    keys %$calls) {
				$calls->{$_}->() if $calls->{$_};
			}
		}
	}
	while (@$timers && $timers->[0][0] <= clock_gettime(CLOCK_MONOTONIC)) {
		(shift @$timers)->[1]->();
	}
}

# ---- a request

sub serve {
	my ($self, $connection, $request) = @_;

	return $self->serve_control($connection, $request)
	    if $self->is_control($request);
	my $entry = $self->record($request);
	my $rule = $self->{rules}->pick($request, 0);
	return $self->play($connection, $request, $entry, $rule) if $rule;
	$self->reply($connection, $entry, $self->act($request, $entry));
}

# What the healthy peer does with it, and what that means for the ledger.
sub act {
	my ($self, $request, $entry) = @_;
	my $answer = eval { $self->handle($request) };

	if (!$answer) {
		warn "$request->{method} $request->{path}: $@";
		$answer = { status => 500, invalid => ["the stand-in failed: $@"],
		    json => $self->error_body(500, undef, 'the stand-in failed') };
	}
	$entry->{effect} = 1 if $answer->{effect};
	$entry->{$_} = $answer->{$_}
	    for grep { defined $answer->{$_} } qw(code invalid operation);
	return $answer;
}

# ---- the ledger

# The line of a request, in the order of arrival.  Files stand for the body
# that brought them.
sub record {
	my ($self, $request) = @_;
	my $text = $request->{authorization};
	my $entry = {
		index => scalar @{$self->{ledger}},
		time  => time,
		auth  => !defined $text ? 'none'
		    : $self->authorised($text) ? 'right' : 'wrong',
		(map { $_ => $request->{$_} } qw(listener connection nth
		    method path query_text headers body form)),
	};

	if ($request->{files}) {
		$entry->{files} = [map { StandIn::Multipart::file_view($_) }
		    @{$request->{files}}];
		$entry->{body} = '';
	}

	push @{$self->{ledger}}, $entry;
	return $entry;
}

# The outcome is known: status is what is answered, undef where nothing is.
sub settle {
	my ($self, $entry, $status) = @_;

	$entry->{status} = $status;
	$entry->{answered} = time;
	$self->{file}->print($json->encode($self->entry_view($entry)), "\n")
	    if $self->{file};
}

# As a reader sees it: form and query as pairs, and with every member.
sub entry_view {
	my ($self, $entry) = @_;
	my %view = (
		%$entry,
		query  => pairs($entry->{query_text}),
		form   => $entry->{form} // [],
		files  => $entry->{files} // [],
		effect => $entry->{effect} ? JSON::PP::true()
		    : JSON::PP::false(),
	);

	$view{$_} //= undef for qw(fault rule status code operation);
	$view{invalid} //= [];
	return \%view;
}

1;
