package StandIn::Fault;
# How a stand-in misbehaves.  Each action of StandIn::Rules is a function here.
use strict;
use warnings;

my %play = (
	error     => \&play_error,
	hang      => \&play_hang,
	reset     => \&play_reset,
	close     => \&play_close,
	cut       => \&play_cut,
	drip      => \&play_drip,
	delay     => \&play_delay,
	redirect  => \&play_redirect,
	oversized => \&play_oversized,
	garbage   => \&play_garbage,
	endless   => \&play_endless,
	lie       => \&play_lie,
);

sub play {
	my ($self, $connection, $request, $entry, $rule) = @_;

	@{$entry}{qw(fault rule)} = @{$rule}{qw(action id)};
	$play{$rule->{action}}->($self, $connection, $request, $entry, $rule);
}

# A request whose connection ends before its body is looked at.
sub meet_head {
	my ($self, $connection, $request) = @_;

	return if $self->is_control($request);
	my $rule = $self->{rules}->pick($request, 1) or return;
	my $entry = $self->record($request);
	@{$entry}{qw(fault rule)} = @{$rule}{qw(action id)};
	$self->settle($entry, undef);
	$self->reset_connection($connection);
}

# The effect, where it comes before the fault.
sub act_first {
	my ($self, $request, $entry, $rule) = @_;

	return $rule->{when} eq 'after' ? $self->act($request, $entry) : undef;
}

sub play_error {
	my ($self, $connection, $request, $entry, $rule) = @_;
	my $status = $rule->{status};
	my $code = $rule->{code};
	my $message = ($rule->{message} // "scripted $status") .
	    'x' x $rule->{pad};
	my $answer = { status => $status, headers => { %{$rule->{headers}} } };

	$self->act_first($request, $entry, $rule);
	if (defined $rule->{body}) {
		$answer->{body} = $rule->{body};
	} elsif ($rule->{format} eq 'own') {
		$answer->{json} = $self->error_body($status, $code, $message);
	} elsif ($rule->{format} eq 'problem') {
		$answer->{type} = 'application/problem+json';
		$answer->{json} = {
			type   => 'https://errors.example/' . ($code // $status),
			title  => $message,
			status => $status + 0,
			code   => ($code // $status) + 0,
			detail => $message,
		};
	} elsif ($rule->{format} eq 'html') {
		$answer->{type} = 'text/html';
		$answer->{body} = "<html><head><title>$status</title></head>" .
		    "<body><h1>$message</h1></body></html>\n";
	} else {
		$answer->{type} = 'text/plain';
		$answer->{body} = '';
	}
	$answer->{headers}{'Retry-After'} = $rule->{retry_after}
	    if defined $rule->{retry_after};
	$entry->{code} = $code;
	$self->reply($connection, $entry, $answer);
}

sub play_hang {
	my ($self, $connection, $request, $entry, $rule) = @_;

	$self->act_first($request, $entry, $rule);
	$self->settle($entry, undef);
}

sub play_reset {
	my ($self, $connection, $request, $entry, $rule) = @_;

	$self->act_first($request, $entry, $rule);
	$self->settle($entry, undef);
	$self->reset_connection($connection);
}

sub play_close {
	my ($self, $connection, $request, $entry, $rule) = @_;

	$self->act_first($request, $entry, $rule);
	$self->settle($entry, undef);
	$self->hang_up($connection);
}

sub play_cut {
	my ($self, $connection, $request, $entry, $rule) = @_;
	my $answer = $self->act($request, $entry);
	my ($head, $body) = $self->answer_bytes($connection, $answer);
	my $at = $rule->{at} // int(length($body) / 2);

	$self->settle($entry, $answer->{status});
	$connection->{last} = 1;
	$self->send_bytes($connection, $head . substr($body, 0, $at), 1);
}

sub play_drip {
	my ($self, $connection, $request, $entry, $rule) = @_;
	my $answer = $self->act($request, $entry);
	my $bytes = join '', $self->answer_bytes($connection, $answer);
	my $step;

	$self->settle($entry, $answer->{status});
	$step = sub {
		my $next = substr $bytes, 0, 1, '';

		if ($connection->{closed} || $bytes eq '') {
			undef $step;
		} else {
			$self->after($rule->{ms} / 1000, $step);
		}
		$self->send_bytes($connection, $next, $bytes eq '');
	};
	$step->();
}

sub play_delay {
	my ($self, $connection, $request, $entry, $rule) = @_;
	my $answer = $self->act_first($request, $entry, $rule);

	$self->after($rule->{ms} / 1000, sub {
		$self->reply($connection, $entry,
		    $answer // $self->act($request, $entry));
	});
}

sub play_redirect {
	my ($self, $connection, $request, $entry, $rule) = @_;

	$self->act_first($request, $entry, $rule);
	$self->reply($connection, $entry, {
		status  => $rule->{status},
		headers => { Location => $rule->{url} // '/' },
		type    => 'text/html',
		body    => '',
	});
}

sub play_oversized {
	my ($self, $connection, $request, $entry, $rule) = @_;
	my $answer = $self->act($request, $entry);

	$self->reply($connection, $entry, {
		status => $answer->{status},
		body   => '{"sid":"' . 'x' x ($rule->{bytes} - 10) . '"}',
	});
}

# A body that ends only with the patience of who reads it.
sub play_endless {
	my ($self, $connection, $request, $entry, $rule) = @_;
	my $answer = $self->act($request, $entry);
	my ($head) = $self->answer_bytes($connection, $answer);
	my $step;

	$self->settle($entry, $answer->{status});
	$head =~ s/^Content-Length: .*?\r\n//m;
	$self->send_bytes($connection, $head);
	$step = sub {
		if ($connection->{closed}) {
			undef $step;
			return;
		}
		$self->send_bytes($connection, 'x' x 65536)
		    if length $connection->{out} < 1 << 20;
		$self->after(0.001, $step);
	};
	$step->();
}

# Another length than the body has, which is sent whole.
sub play_lie {
	my ($self, $connection, $request, $entry, $rule) = @_;
	my $answer = $self->act($request, $entry);

	$connection->{last} = 1;
	$answer->{headers}{'Content-Length'} = $rule->{length} // 1;
	$self->reply($connection, $entry, $answer);
}

sub play_garbage {
	my ($self, $connection, $request, $entry, $rule) = @_;
	my $answer = $self->act($request, $entry);

	$self->reply($connection, $entry,
	    { status => $answer->{status}, body => $rule->{body} });
}

1;
