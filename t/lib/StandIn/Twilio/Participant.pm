package StandIn::Twilio::Participant;
# Who is in a conversation: workers by identity, customers by a pair of
# addresses that no second open conversation may have.
use strict;
use warnings;

my $phone = qr/\+[1-9][0-9]{1,14}/;

# 'sms', 'whatsapp', ... or undef where it is no address.
sub address_type {
	my ($address) = @_;

	return 'sms' if $address =~ /^$phone$/;
	return $1 if $address =~ /^(whatsapp|rcs):$phone$/;
	return $1 if $address =~ /^(messenger|rcs):[\w.-]+$/;
	return undef;
}

sub participant_view {
	my ($self, $participant) = @_;
	my $conversation = $participant->{conversation};
	my $binding = $participant->{binding};

	return {
		(map { $_ => $participant->{$_} } qw(sid identity attributes
		    role_sid date_created date_updated last_read_message_index
		    last_read_timestamp)),
		messaging_binding => $binding ? { %$binding } : undef,
		account_sid       => $self->{opt}{account},
		chat_service_sid  => $conversation->{chat_service_sid},
		conversation_sid  => $conversation->{sid},
		url               => $self->conversation_url($conversation) .
		    "/Participants/$participant->{sid}",
	};
}

sub pair_of {
	my ($binding) = @_;

	return join '|', map { $_ // '' }
	    @{$binding}{qw(address proxy_address)};
}

# The conversation that this one's participants leave to others, once closed.
sub release_pairs {
	my ($self, $conversation) = @_;

	for (@{$conversation->{participants}}) {
		my $pair = $_->{binding} ? pair_of($_->{binding}) : next;

		delete $self->{pairs}{$pair}
		    if ($self->{pairs}{$pair} // 0) == $conversation;
	}
}

# By SID or by identity.
sub find_participant {
	my ($self, $call, $conversation) = @_;
	my $name = $call->{path}{Sid};

	for (@{$conversation->{participants}}) {
		return $_ if $_->{sid} eq $name
		    || ($_->{identity} // '') eq $name;
	}
	$self->refuse(404, 50430, "Participant $name not found");
}

sub check_addresses {
	my ($self, $address, $proxy) = @_;
	my @ours = @{$self->{settings}{senders}};

	$self->refuse_invalid(50411, 'MessagingBinding.Address is empty')
	    unless length($address // '');
	$self->refuse_invalid(50412, 'MessagingBinding.ProxyAddress is empty')
	    unless length($proxy // '');
	my $type = address_type($address) // $self->refuse_invalid(50407,
	    'Invalid messaging binding address');
	my $proxy_type = address_type($proxy) // $self->refuse_invalid(50408,
	    'Invalid messaging binding proxy address');
	$self->refuse_invalid(50409, 'Address and proxy address are the same')
	    if $address eq $proxy;
	$self->refuse_invalid(50414, 'Address and proxy address are of ' .
	    'different types') if $type ne $proxy_type;
	$self->refuse(400, 50413, 'Proxy address does not belong to the ' .
	    'account') if @ours && !grep { $_ eq $proxy } @ours;
	return $type;
}

sub refuse_taken {
	my ($self, $binding) = @_;
	my $taken = $self->{pairs}{pair_of($binding)} or return;

	$self->refuse(409, 50416, 'A binding for this participant and proxy ' .
	    'address already exists as a participant in Conversation ' .
	    $taken->{sid});
}

sub check_identity {
	my ($self, $identity, $conversation, $own) = @_;

	$self->refuse_invalid(50206, 'Identity looks like the SID of a user')
	    if $identity =~ /^US[0-9a-fA-F]{32}$/;
	$self->refuse_invalid(50207, 'Identity has more than 256 characters')
	    if length $identity > 256;
	for (@{$conversation->{participants}}) {
		next if $own && $_ == $own;
		$self->refuse(409, 50433, 'Participant already exists')
		    if ($_->{identity} // '') eq $identity;
	}
}

# Returns the binding that the form asks for, or undef for a chat participant.
sub check_new {
	my ($self, $form, $conversation) = @_;
	my $identity = $form->{Identity} // '';
	my ($address, $proxy, $projected) = @{$form}{map
	    { "MessagingBinding.$_" } qw(Address ProxyAddress ProjectedAddress)};
	my $count = @{$conversation->{participants}};

	$self->check_attributes($form->{Attributes}, 4096);
	$self->refuse(400, 50417, 'Too many participants') if $count >= 1000;
	if ($identity ne '') {
		$self->refuse_invalid(50211, 'Identity and messaging binding ' .
		    'exclude each other')
		    if length($address // '') || length($proxy // '');
		$self->check_identity($identity, $conversation);
		return undef unless length($projected // '');
		return { type => 'sms', address => undef,
		    proxy_address => undef, projected_address => $projected };
	}
	my $type = $self->check_addresses($address, $proxy);
	$self->refuse(400, 50418, 'Too many participants with an address')
	    if $count >= 50
	    && (grep { $_->{binding} } @{$conversation->{participants}}) >= 50;
	my $binding = { type => $type, address => $address,
	    proxy_address => $proxy };
	$self->refuse_taken($binding);
	return $binding;
}

sub create_participant {
	my ($self, $call) = @_;
	my $form = $call->{form};
	my $conversation = $self->find_conversation($call, 50350);

	$self->refuse_frozen($conversation);
	my $binding = $self->check_new($form, $conversation);
	my $now = $self->now_iso;
	my $participant = {
		conversation            => $conversation,
		order                   => $self->next_order,
		sid                     => $self->sid('MB'),
		identity                => length($form->{Identity} // '')
		    ? $form->{Identity} : undef,
		binding                 => $binding,
		attributes              => $form->{Attributes} // '{}',
		role_sid                => $form->{RoleSid} // 'RL' . '0' x 32,
		date_created            => $form->{DateCreated} // $now,
		date_updated            => $form->{DateUpdated} // $now,
		last_read_message_index => undef,
		last_read_timestamp     => undef,
	};

	push @{$conversation->{participants}}, $participant;
	push @{$self->{identities}{$participant->{identity}}}, $participant
	    if defined $participant->{identity};
	if ($binding && defined $binding->{address}) {
		$self->{pairs}{pair_of($binding)} = $conversation;
		push @{$self->{addresses}{$binding->{address}}}, $participant;
	}
	return $self->answer(201, $self->participant_view($participant), 1);
}

sub fetch_participant {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call, 50350);

	return $self->answer(200, $self->participant_view(
	    $self->find_participant($call, $conversation)));
}

sub update_participant {
	my ($self, $call) = @_;
	my $form = $call->{form};
	my $conversation = $self->find_conversation($call, 50350);

	$self->refuse_frozen($conversation);
	my $participant = $self->find_participant($call, $conversation);
	$self->check_attributes($form->{Attributes}, 4096);
	$self->check_identity($form->{Identity}, $conversation, $participant)
	    if length($form->{Identity} // '');
	$self->change_proxy($participant,
	    $form->{'MessagingBinding.ProxyAddress'})
	    if exists $form->{'MessagingBinding.ProxyAddress'};
	my %member = (Attributes => 'attributes', RoleSid => 'role_sid',
	    LastReadMessageIndex => 'last_read_message_index',
	    LastReadTimestamp => 'last_read_timestamp');
	for (keys %member) {
		next unless exists $form->{$_};
		my $value = $form->{$_};
		$value = $value =~ /^-?\d+$/ ? $value + 0 : undef
		    if $_ eq 'LastReadMessageIndex';
		$participant->{$member{$_}} = $value;
	}
	$self->change_identity($participant, $form->{Identity})
	    if length($form->{Identity} // '');
	$participant->{date_updated} = $self->now_iso;
	return $self->answer(200, $self->participant_view($participant), 1);
}

sub change_identity {
	my ($self, $participant, $identity) = @_;

	$self->drop_from('identities', $participant->{identity}, $participant);
	$participant->{identity} = $identity;
	push @{$self->{identities}{$identity}}, $participant;
}

sub change_proxy {
	my ($self, $participant, $proxy) = @_;
	my $binding = $participant->{binding};
	my $conversation = $participant->{conversation};

	$self->refuse_invalid(50441, 'The participant has no address')
	    unless $binding && defined $binding->{address};
	my %new = %$binding;
	if ($proxy eq 'null') {
		$new{proxy_address} = undef;
	} else {
		$self->check_addresses($binding->{address}, $proxy);
		$new{proxy_address} = $proxy;
	}
	return if pair_of(\%new) eq pair_of($binding);
	$self->refuse_taken(\%new);
	delete $self->{pairs}{pair_of($binding)};
	$self->{pairs}{pair_of(\%new)} = $conversation;
	$participant->{binding} = \%new;
}

sub drop_from {
	my ($self, $index, $key, $participant) = @_;
	my $list = defined $key ? $self->{$index}{$key} : undef;

	return unless $list;
	@$list = grep { $_ != $participant } @$list;
	delete $self->{$index}{$key} unless @$list;
}

sub remove_participant {
	my ($self, $conversation, $participant) = @_;
	my $binding = $participant->{binding};

	@{$conversation->{participants}} =
	    grep { $_ != $participant } @{$conversation->{participants}};
	$self->drop_from('identities', $participant->{identity}, $participant);
	return unless $binding && defined $binding->{address};
	$self->drop_from('addresses', $binding->{address}, $participant);
	delete $self->{pairs}{pair_of($binding)}
	    if ($self->{pairs}{pair_of($binding)} // 0) == $conversation;
}

sub delete_participant {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call, 50350);

	$self->refuse_frozen($conversation);
	$self->remove_participant($conversation,
	    $self->find_participant($call, $conversation));
	return $self->answer(204, undef, 1);
}

sub list_participants {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call, 50350);

	return $self->v1_list($call, 'participants',
	    $conversation->{participants}, sub { $self->participant_view(@_) });
}

# In which conversations somebody is.
sub list_participant_conversations {
	my ($self, $call) = @_;
	my ($identity, $address) = @{$call->{query}}{qw(Identity Address)};
	my $service = $call->{path}{ChatServiceSid}
	    // $self->{settings}{service};

	$self->refuse_invalid(20001, 'Identity or Address, one of them')
	    unless length($identity // '') xor length($address // '');
	my $list = length($identity // '') ? $self->{identities}{$identity}
	    : $self->{addresses}{$address};
	my @found = grep {
		$_->{conversation}{chat_service_sid} eq $service
		    || $_->{conversation}{auto}
	} @{$list // []};
	return $self->v1_list($call, 'conversations', \@found,
	    sub { $self->membership_view(@_) });
}

sub membership_view {
	my ($self, $participant) = @_;
	my $conversation = $participant->{conversation};
	my $binding = $participant->{binding};

	return {
		account_sid                   => $self->{opt}{account},
		chat_service_sid              =>
		    $conversation->{chat_service_sid},
		participant_sid               => $participant->{sid},
		participant_user_sid          => undef,
		participant_identity          => $participant->{identity},
		participant_messaging_binding => $binding ? { %$binding }
		    : undef,
		(map { ("conversation_$_" => $conversation->{$_}) } qw(sid
		    unique_name friendly_name attributes state timers
		    date_created date_updated)),
		conversation_created_by       => 'system',
		links                         => {
			conversation =>
			    $self->conversation_url($conversation),
			participant  => $self->conversation_url($conversation) .
			    "/Participants/$participant->{sid}",
		},
	};
}

1;
