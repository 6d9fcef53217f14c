package StandIn::Twilio::Conversation;
# Conversations, addressed in the default service or in a named one.
use strict;
use warnings;
use JSON::PP ();

my $json = JSON::PP->new->utf8->allow_nonref;

sub forget_conversations {
	my ($self) = @_;

	# Who is in one, and what is said in it, refer to it.
	@{$_}{qw(participants said)} = ([], [])
	    for values %{$self->{conversations} // {}};
	$self->{conversations} = {};
	$self->{unique_names} = {};
	$self->{pairs} = {};
	$self->{addresses} = {};
	$self->{identities} = {};
}

sub conversations_state {
	my ($self) = @_;

	return [map {
		my $conversation = $_;
		+{
			%{$self->conversation_view($conversation)},
			participants => [map { $self->participant_view($_) }
			    @{$conversation->{participants}}],
			messages     => [map { $self->said_view($_) }
			    @{$conversation->{said}}],
		};
	} sort { $a->{order} <=> $b->{order} }
	    values %{$self->{conversations}}];
}

# One that a test wants to be there: {sid, service, state, friendly_name,
# unique_name, attributes}.
sub make_conversation {
	my ($self, $data) = @_;
	my $conversation = $self->new_conversation(
	    $data->{service} // $self->{settings}{service}, $data->{sid});

	for (qw(state friendly_name unique_name attributes)) {
		$conversation->{$_} = $data->{$_} if exists $data->{$_};
	}
	$self->{unique_names}{$data->{unique_name}} = $conversation
	    if defined $data->{unique_name};
	return $self->conversation_view($conversation);
}

sub new_conversation {
	my ($self, $service, $sid) = @_;
	my $now = $self->now_iso;

	$sid //= $self->sid('CH');
	return $self->{conversations}{$sid} = {
		order                 => $self->next_order,
		sid                   => $sid,
		chat_service_sid      => $service,
		messaging_service_sid => undef,
		friendly_name         => undef,
		unique_name           => undef,
		attributes            => '{}',
		state                 => 'active',
		timers                => {},
		bindings              => undef,
		date_created          => $now,
		date_updated          => $now,
		participants          => [],
		said                  => [],
		next_index            => 0,
	};
}

sub conversation_view {
	my ($self, $conversation) = @_;
	my $url = $self->conversation_url($conversation);

	return {
		(map { $_ => $conversation->{$_} } qw(sid chat_service_sid
		    messaging_service_sid friendly_name unique_name attributes
		    state timers bindings date_created date_updated)),
		account_sid => $self->{opt}{account},
		url         => $url,
		links       => {
			participants => "$url/Participants",
			messages     => "$url/Messages",
			webhooks     => "$url/Webhooks",
		},
	};
}

sub conversation_url {
	my ($self, $conversation) = @_;

	return "https://conversations.twilio.com/v1/Conversations/" .
	    $conversation->{sid};
}

# The conversation of a path; `code` is what an unknown one is refused with.
sub find_conversation {
	my ($self, $call, $code) = @_;
	my $path = $call->{path};
	my $name = $path->{ConversationSid} // $path->{Sid};
	my $service = $path->{ChatServiceSid};
	my $found = $self->{conversations}{$name}
	    // $self->{unique_names}{$name};

	if (!$found && $self->{settings}{auto_conversations}
	    && $name =~ /^CH[0-9a-f]{32}$/) {
		$found = $self->new_conversation(
		    $service // $self->{settings}{service}, $name);
		$found->{auto} = 1;
	}
	return $found if $found && ($found->{auto} ||
	    $found->{chat_service_sid} eq
	    ($service // $self->{settings}{service}));
	$self->refuse(404, $code, "Conversation $name not found");
}

# Whether it may be changed at all.
sub refuse_frozen {
	my ($self, $conversation) = @_;

	$self->refuse(400, 50377, 'Conversation is closed and cannot be ' .
	    'changed') if $conversation->{state} eq 'closed';
	$self->refuse(400, 50386, 'Conversation is initializing and cannot ' .
	    'be changed yet') if $conversation->{state} eq 'initializing';
}

# Attributes are JSON of at most so many bytes.
sub check_attributes {
	my ($self, $text, $most) = @_;

	return unless defined $text;
	my $bytes = $text;
	utf8::encode($bytes);
	$self->refuse_invalid(20001, "Attributes are larger than $most bytes")
	    if length $bytes > $most;
	$self->refuse_invalid(20001, 'Attributes are no JSON')
	    unless eval { $json->decode($bytes); 1 };
}

sub check_conversation {
	my ($self, $form, $own) = @_;
	my $name = $form->{UniqueName};

	$self->check_attributes($form->{Attributes}, 16384);
	$self->refuse_invalid(20001, 'FriendlyName has more than 256 ' .
	    'characters') if length($form->{FriendlyName} // '') > 256;
	for (['Timers.Inactive', 60, 50375], ['Timers.Closed', 600, 50376]) {
		my ($field, $least, $code) = @$_;
		my $text = $form->{$field} // next;
		my $seconds = seconds_of($text);

		$self->refuse_invalid($code, "$field is no duration of at " .
		    "least $least s") if $text ne '' &&
		    (!defined $seconds || $seconds < $least);
	}
	return unless length($name // '');
	$self->refuse_invalid(50390, 'UniqueName looks like a SID')
	    if $name =~ /^CH[0-9a-fA-F]{32}$/;
	my $other = $self->{unique_names}{$name};
	$self->refuse(409, 50353, "Conversation with unique name $name " .
	    'already exists') if $other && (!$own || $other != $own);
}

sub seconds_of {
	my ($text) = @_;
	my ($days, $hours, $minutes, $seconds) = $text =~
	    /^P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/
	    or return undef;

	return (($days // 0) * 24 + ($hours // 0)) * 3600 +
	    ($minutes // 0) * 60 + ($seconds // 0);
}

my %member = (
	FriendlyName        => 'friendly_name',
	Attributes          => 'attributes',
	State               => 'state',
	MessagingServiceSid => 'messaging_service_sid',
	DateCreated         => 'date_created',
	DateUpdated         => 'date_updated',
);

sub change_conversation {
	my ($self, $conversation, $form) = @_;

	$conversation->{date_updated} = $self->now_iso;
	for (keys %member) {
		$conversation->{$member{$_}} = $form->{$_}
		    if exists $form->{$_};
	}
	if (exists $form->{UniqueName}) {
		delete $self->{unique_names}{$conversation->{unique_name}}
		    if defined $conversation->{unique_name};
		$conversation->{unique_name} = $form->{UniqueName};
		$self->{unique_names}{$form->{UniqueName}} = $conversation
		    if length $form->{UniqueName};
	}
	$self->release_pairs($conversation)
	    if $conversation->{state} eq 'closed';
}

sub create_conversation {
	my ($self, $call) = @_;
	my $form = $call->{form};

	$self->check_conversation($form);
	$self->refuse_invalid(50384, 'A conversation cannot begin as closed')
	    if ($form->{State} // '') eq 'closed';
	my $conversation = $self->new_conversation(
	    $call->{path}{ChatServiceSid} // $self->{settings}{service});
	$self->change_conversation($conversation, $form);
	return $self->answer(201, $self->conversation_view($conversation), 1);
}

sub fetch_conversation {
	my ($self, $call) = @_;

	return $self->answer(200, $self->conversation_view(
	    $self->find_conversation($call, 20404)));
}

sub update_conversation {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call, 20404);

	$self->refuse_frozen($conversation);
	$self->check_conversation($call->{form}, $conversation);
	$self->change_conversation($conversation, $call->{form});
	return $self->answer(200, $self->conversation_view($conversation), 1);
}

sub delete_conversation {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call, 20404);

	$self->remove_participant($conversation, $_)
	    for @{[@{$conversation->{participants}}]};
	delete $self->{conversations}{$conversation->{sid}};
	delete $self->{unique_names}{$conversation->{unique_name}}
	    if defined $conversation->{unique_name};
	return $self->answer(204, undef, 1);
}

sub list_conversations {
	my ($self, $call) = @_;
	my $query = $call->{query};
	my $service = $call->{path}{ChatServiceSid}
	    // $self->{settings}{service};
	my @found = sort { $a->{order} <=> $b->{order} } grep {
		$_->{chat_service_sid} eq $service
		    && (!defined $query->{State}
		    || $_->{state} eq $query->{State})
		    && (!defined $query->{StartDate}
		    || $_->{date_created} ge $query->{StartDate})
		    && (!defined $query->{EndDate}
		    || substr($_->{date_created}, 0, length $query->{EndDate})
		    le $query->{EndDate})
	} values %{$self->{conversations}};

	return $self->v1_list($call, 'conversations', \@found,
	    sub { $self->conversation_view(@_) });
}

1;
