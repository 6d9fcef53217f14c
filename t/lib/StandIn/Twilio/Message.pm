package StandIn::Twilio::Message;
# Messages of the older interface, and what a test does to them:
#
#	POST /_control/messages	{from, to, body, media: [{content_type, body
#				in base64, or fill: a number of bytes}],
#				direction, status, date_sent, date_created}
#				makes one, inbound unless told
#	POST /_control/status	{sid, status, error_code, callback: {token,
#				url, cacert, connect_to}} moves one; with
#				`callback` its StatusCallback is called,
#				signed with the token, by curl; the answer
#				waits for it and has {callback: {status}}
use strict;
use warnings;
use POSIX qw(strftime);
use Sign ();
use StandIn::Twilio::Participant ();
use Time::HiRes qw(time);

my %states = map { $_ => 1 } qw(queued sending sent failed delivered
    undelivered receiving received accepted scheduled read
    partially_delivered canceled);

sub forget_messages {
	my ($self) = @_;

	$self->{messages} = {};
	$self->{sent_to} = {};
	$self->{all_messages} = [];
	$self->{media} = {};
}

sub messages_state {
	my ($self) = @_;

	return [map { +{ %{$self->message_view($_)},
	    status_callback => $_->{status_callback},
	    media_urls => $_->{media_urls}, content_sid => $_->{content_sid} }
	} @{$self->{all_messages}}];
}

sub rfc2822 {
	my ($time) = @_;

	return defined $time
	    ? strftime('%a, %d %b %Y %H:%M:%S +0000', gmtime $time) : undef;
}

sub message_view {
	my ($self, $message) = @_;
	my $uri = "/2010-04-01/Accounts/$self->{opt}{account}/Messages/" .
	    $message->{sid};

	return {
		(map { $_ => $message->{$_} } qw(sid status to from body
		    direction error_code error_message messaging_service_sid)),
		(map { $_ => rfc2822($message->{$_}) }
		    qw(date_created date_updated date_sent)),
		account_sid      => $self->{opt}{account},
		api_version      => '2010-04-01',
		num_media        => "$message->{num_media}",
		num_segments     => "$message->{num_segments}",
		price            => undef,
		price_unit       => 'USD',
		uri              => "$uri.json",
		subresource_uris => { media => "$uri/Media.json" },
	};
}

sub new_message {
	my ($self, $kind, %given) = @_;
	my $message = {
		order                 => $self->next_order,
		appears_at            => $self->appears_at,
		sid                   => $self->sid($kind),
		date_created          => time,
		date_updated          => time,
		date_sent             => undef,
		error_code            => undef,
		error_message         => undef,
		messaging_service_sid => undef,
		num_media             => 0,
		num_segments          => 1,
		media_urls            => [],
		%given,
	};

	$self->{messages}{$message->{sid}} = $message;
	push @{$self->{all_messages}}, $message;
	push @{$self->{sent_to}{$message->{to}}}, $message;
	return $message;
}

sub check_to {
	my ($self, $to) = @_;

	$self->refuse_invalid(21604, "A 'To' phone number is required")
	    unless length($to // '');
	return StandIn::Twilio::Participant::address_type($to)
	    // $self->refuse_invalid(21211,
	    "Invalid 'To' Phone Number: $to");
}

sub check_from {
	my ($self, $form, $type) = @_;
	my $from = $form->{From};
	my @ours = @{$self->{settings}{senders}};

	if (!length($from // '')) {
		$self->refuse_invalid(21603, "A 'From' phone number is " .
		    'required') unless length($form->{MessagingServiceSid} // '');
		return;
	}
	my $from_type = StandIn::Twilio::Participant::address_type($from);
	$self->refuse_invalid(21212, "Invalid 'From' Phone Number: $from")
	    if !defined $from_type && $from !~ /^[A-Za-z0-9 ]{1,11}$/;
	$self->refuse_invalid(21612, "'To' and 'From' are of different types")
	    if defined $from_type && $from_type ne $type;
	$self->refuse(400, 21606, "The 'From' phone number $from is not a " .
	    'valid sender of this account')
	    if @ours && !grep { $_ eq $from } @ours;
}

sub check_content {
	my ($self, $form) = @_;
	my @media = @{$form->{MediaUrl} // []};
	my $period = $form->{ValidityPeriod};

	$self->refuse_invalid(21602, 'A message body is required')
	    unless length($form->{Body} // '') || @media
	    || length($form->{ContentSid} // '');
	$self->refuse_invalid(21617, 'The body has more than 1600 characters')
	    if length($form->{Body} // '') > 1600;
	$self->refuse_invalid(21623, 'More than 10 media files') if @media > 10;
	$self->refuse_invalid(21609, "The host of the 'StatusCallback' URL " .
	    'has an underscore')
	    if ($form->{StatusCallback} // '') =~ m{^https?://[^/?#]*_};
	$self->refuse_invalid(20001, 'ValidityPeriod is not in 1-36000')
	    if defined $period && $period =~ /^\d+$/
	    && ($period < 1 || $period > 36000);
}

sub create_message {
	my ($self, $call) = @_;
	my $form = $call->{form};
	my $to = $form->{To};
	my $service = $form->{MessagingServiceSid};
	my $type = $self->check_to($to);

	$self->check_from($form, $type);
	$self->check_content($form);
	$self->refuse(400, 21610, 'Attempt to send to unsubscribed recipient')
	    if grep { $_ eq $to } @{$self->{settings}{opted_out}};
	my @media = @{$form->{MediaUrl} // []};
	my $body = $form->{Body} // '';
	my $room = $body =~ /[^\x00-\x7f]/ ? 70 : 160;
	my $message = $self->new_message(@media ? 'MM' : 'SM',
	    to                    => $to,
	    from                  => $form->{From},
	    body                  => $body,
	    direction             => 'outbound-api',
	    status                => $form->{ScheduleType} ? 'scheduled'
		: defined $service ? 'accepted' : 'queued',
	    messaging_service_sid => $service,
	    num_media             => scalar @media,
	    num_segments          => defined $service ? 0
		: int((length($body) + $room - 1) / $room) || 1,
	    media_urls            => \@media,
	    content_sid           => $form->{ContentSid},
	    status_callback       => $form->{StatusCallback});
	return $self->answer(201, $self->message_view($message), 1);
}

sub find_message {
	my ($self, $sid) = @_;

	return $self->{messages}{$sid} // $self->refuse(404, 20404,
	    "The requested resource /Messages/$sid.json was not found");
}

sub fetch_message {
	my ($self, $call) = @_;

	return $self->answer(200, $self->message_view(
	    $self->find_message($call->{path}{Sid})));
}

# Whether a moment is on, up to or from a date, or a moment, of a filter.
sub is_dated {
	my ($time, $name, $wanted) = @_;

	return 0 unless defined $time;
	my $has = strftime('%Y-%m-%dT%H:%M:%S', gmtime $time);
	$wanted =~ s/(?:\.\d+)?(?:Z|\+00:00)$//;
	$has = substr $has, 0, length $wanted;
	return $name =~ /<$/ ? $has le $wanted
	    : $name =~ />$/ ? $has ge $wanted : $has eq $wanted;
}

sub list_messages {
	my ($self, $call) = @_;
	my $query = $call->{query};
	my $now = time;
	my $among = length($query->{To} // '')
	    ? $self->{sent_to}{$query->{To}} // [] : $self->{all_messages};
	my @found = grep { $_->{appears_at} <= $now } @$among;

	@found = grep { ($_->{from} // '') eq $query->{From} } @found
	    if length($query->{From} // '');
	for my $name (grep { defined $query->{$_} }
	    'DateSent', 'DateSent<', 'DateSent>') {
		@found = grep { is_dated($_->{date_sent}, $name,
		    $query->{$name}) } @found;
	}
	return $self->v2010_list($call, 'messages', [reverse @found],
	    sub { $self->message_view(@_) });
}

# ---- what a test does

sub make_message {
	my ($self, $data) = @_;
	my @media = @{$data->{media} // []};
	my $message = $self->new_message(@media ? 'MM' : 'SM',
	    direction => $data->{direction} // 'inbound',
	    status    => $data->{status} // 'received',
	    to        => $data->{to} // die("a message needs `to`\n"),
	    from      => $data->{from},
	    body      => $data->{body} // '',
	    num_media => scalar @media,
	    date_sent => $data->{date_sent} // time,
	    ($data->{date_created} ? (date_created => $data->{date_created})
	        : ()));

	return {
		%{$self->message_view($message)},
		media_urls => [map { $self->add_media($message, $_) } @media],
	};
}

sub move_message {
	my ($self, $data) = @_;
	my $message = $self->{messages}{$data->{sid} // ''}
	    // die "no such message\n";
	my $status = $data->{status} // '';

	die "no status '$status'\n" unless $states{$status};
	$message->{status} = $status;
	$message->{date_updated} = time;
	$message->{date_sent} //= time
	    if $status =~ /^(?:sent|delivered|undelivered|read)$/;
	$message->{error_code} = $data->{error_code} + 0
	    if defined $data->{error_code};
	my $view = $self->message_view($message);
	return $view unless $data->{callback};
	return $self->status_callback($message, $data->{callback}, $view);
}

# Returns what serve_control() calls with the way to answer.
sub status_callback {
	my ($self, $message, $how, $view) = @_;
	my $url = $how->{url} // $message->{status_callback}
	    // die "the message has no StatusCallback\n";
	my %form = (
		AccountSid    => $self->{opt}{account},
		ApiVersion    => '2010-04-01',
		From          => $message->{from},
		MessageSid    => $message->{sid},
		MessageStatus => $message->{status},
		MessagingServiceSid => $message->{messaging_service_sid},
		SmsSid        => $message->{sid},
		SmsStatus     => $message->{status},
		To            => $message->{to},
		ErrorCode     => $message->{error_code},
	);

	delete @form{grep { !defined $form{$_} } keys %form};
	# Neither the fragment nor what follows it is sent or signed.
	$url =~ s/#.*//s;
	my @command = ('curl', '-sS', '--globoff', '--path-as-is',
	    '--max-time', $how->{timeout} // 15, '-o', '/dev/null', '-w',
	    '%{http_code}',
	    $how->{cacert} ? ('--cacert', $how->{cacert}) : (),
	    $how->{connect_to} ? ('--connect-to', $how->{connect_to}) : (),
	    '-H', 'X-Twilio-Signature: ' .
	    Sign::signature($how->{token} // $self->{opt}{token}, $url, \%form),
	    '-H', 'I-Twilio-Idempotency-Token: ' . $self->sid('IT'),
	    '--data-binary', Sign::form(\%form), '--', $url);
	return sub {
		my ($answer) = @_;

		$self->run_command(\@command, sub {
			my ($output) = @_;

			$answer->(200, { %$view, callback => {
			    status => ($output =~ /(\d{3})$/ ? $1 : 0) + 0,
			    output => $output } });
		});
	};
}

1;
