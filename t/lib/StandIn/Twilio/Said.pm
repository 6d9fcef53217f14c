package StandIn::Twilio::Said;
# What is said in a conversation: its messages.  (StandIn::Twilio::Message has
# the messages that belong to none.)
use strict;
use warnings;
use Time::HiRes qw(time);

sub said_view {
	my ($self, $said) = @_;
	my $conversation = $said->{conversation};
	my $url = $self->conversation_url($conversation) .
	    "/Messages/$said->{sid}";

	return {
		(map { $_ => $said->{$_} } qw(sid index author body media
		    attributes participant_sid date_created date_updated
		    delivery content_sid)),
		account_sid      => $self->{opt}{account},
		chat_service_sid => $conversation->{chat_service_sid},
		conversation_sid => $conversation->{sid},
		url              => $url,
		links            => {
			delivery_receipts => "$url/Receipts",
			channel_metadata  => "$url/ChannelMetadata",
		},
	};
}

sub find_said {
	my ($self, $call, $conversation) = @_;
	my $sid = $call->{path}{Sid};

	for (@{$conversation->{said}}) {
		return $_ if $_->{sid} eq $sid;
	}
	$self->refuse(404, 50300, "Message $sid not found");
}

sub check_said {
	my ($self, $form, $conversation) = @_;
	my $body = $form->{Body} // '';
	my $is_texted = grep { $_->{binding} } @{$conversation->{participants}};

	$self->check_attributes($form->{Attributes}, 4096);
	$self->refuse_invalid(20001, 'Body has more than 1600 characters')
	    if $is_texted && length $body > 1600;
	utf8::encode($body);
	$self->refuse_invalid(20001, 'Body is larger than 32 KB')
	    if length $body > 32768;
}

sub create_said {
	my ($self, $call) = @_;
	my $form = $call->{form};
	my $conversation = $self->find_conversation($call, 50350);

	$self->refuse_frozen($conversation);
	$self->refuse_invalid(20001, 'Body, MediaSid or ContentSid is needed')
	    unless grep { length($form->{$_} // '') }
	    qw(Body MediaSid ContentSid);
	$self->check_said($form, $conversation);
	my $now = $self->now_iso;
	my $author = length($form->{Author} // '') ? $form->{Author} : 'system';
	my ($participant) = grep {
		($_->{identity} // '') eq $author || ($_->{binding}
		    && ($_->{binding}{address} // '') eq $author)
	} @{$conversation->{participants}};
	my $said = {
		conversation    => $conversation,
		order           => $self->next_order,
		appears_at      => $self->appears_at,
		sid             => $self->sid('IM'),
		index           => $conversation->{next_index}++,
		author          => $author,
		body            => $form->{Body},
		media           => defined $form->{MediaSid}
		    ? [{ sid => $form->{MediaSid}, size => 0,
		    content_type => 'image/jpeg', filename => undef }] : undef,
		attributes      => $form->{Attributes} // '{}',
		participant_sid => $participant ? $participant->{sid} : undef,
		date_created    => $form->{DateCreated} // $now,
		date_updated    => $form->{DateUpdated} // $now,
		delivery        => undef,
		content_sid     => $form->{ContentSid},
	};

	push @{$conversation->{said}}, $said;
	return $self->answer(201, $self->said_view($said), 1);
}

sub fetch_said {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call, 50350);

	return $self->answer(200, $self->said_view(
	    $self->find_said($call, $conversation)));
}

sub update_said {
	my ($self, $call) = @_;
	my $form = $call->{form};
	my $conversation = $self->find_conversation($call, 50350);
	my $said = $self->find_said($call, $conversation);

	$self->refuse_frozen($conversation);
	$self->check_said($form, $conversation);
	for ([Body => 'body'], [Attributes => 'attributes'],
	    [Author => 'author']) {
		$said->{$_->[1]} = $form->{$_->[0]} if exists $form->{$_->[0]};
	}
	$said->{date_updated} = $self->now_iso;
	return $self->answer(200, $self->said_view($said), 1);
}

sub delete_said {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call, 50350);
	my $said = $self->find_said($call, $conversation);

	$self->refuse_frozen($conversation);
	@{$conversation->{said}} =
	    grep { $_ != $said } @{$conversation->{said}};
	return $self->answer(204, undef, 1);
}

sub list_said {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call, 50350);
	my $descending = ($call->{query}{Order} // 'asc') eq 'desc';
	my $now = time;
	my @found = grep { $_->{appears_at} <= $now } @{$conversation->{said}};

	@found = reverse @found if $descending;
	return $self->v1_list($call, 'messages', \@found,
	    sub { $self->said_view(@_) }, $descending);
}

1;
