package StandIn::Front::Conversation;
# Conversations, and comments in them.
#
#	POST /_control/conversations	{channel, handle, keys} makes one, as an
#					agent does who begins it
#	POST /_control/merge	{from, into} joins two; the first answers 301
use strict;
use warnings;
use JSON::PP ();

sub forget_conversations {
	my ($self) = @_;

	# Each refers to its messages and they to it.
	@{$_->{messages}} = () for @{$self->{conversations} // []};
	$self->{conversations} = [];
	$self->{conversation} = {};
	$self->{keys} = {};
	$self->{messages} = {};
	$self->{uids} = {};
	$self->{tags} = [];
}

sub new_conversation {
	my ($self, $channel, $handle) = @_;
	my $conversation = {
		id           => $self->new_id('cnv'),
		channel      => $channel,
		handle       => $handle,
		external_ids => [],
		status       => 'unassigned',
		created_at   => StandIn::Front::Message::now(),
		messages     => [],
		comments     => [],
		tags         => [],
	};

	push @{$self->{conversations}}, $conversation;
	return $self->{conversation}{$conversation->{id}} = $conversation;
}

# Gives a conversation one more key, unless another one has it.
sub bind_key {
	my ($self, $conversation, $key) = @_;

	return if $self->{keys}{"$conversation->{channel}{id} $key"};
	$self->{keys}{"$conversation->{channel}{id} $key"} = $conversation;
	push @{$conversation->{external_ids}}, $key;
}

sub conversation_by_key {
	my ($self, $channel, $key, $handle) = @_;
	my $found = $self->{keys}{"$channel->{id} $key"};

	if (!$found) {
		$found = $self->new_conversation($channel, $handle);
		$self->bind_key($found, $key);
	}
	return $found;
}

# The survivor of all merges.
sub survivor {
	my ($conversation) = @_;

	$conversation = $conversation->{merged_into}
	    while $conversation && $conversation->{merged_into};
	return $conversation;
}

# What a test means: an id, a key, or the number of a customer; the newest one,
# of a channel where that is named.
sub conversation_named {
	my ($self, $name, $channel) = @_;
	my ($found) = $self->{conversation}{$name} // grep {
		(!defined $channel || $_->{channel}{id} eq $channel)
		    && ($_->{handle} eq $name || grep { $_ eq $name }
		    @{$_->{external_ids}})
	} reverse @{$self->{conversations}};

	return survivor($found) // die "no conversation '$name'\n";
}

sub make_conversation {
	my ($self, $data) = @_;
	my $channel = $self->channel_named($data->{channel});
	my $made = $self->new_conversation($channel,
	    $data->{handle} // die "a conversation needs a handle\n");

	$self->bind_key($made, $_) for @{$data->{keys} // []};
	return $self->conversation_view($made);
}

sub merge_conversations {
	my ($self, $data) = @_;
	my ($from, $into) = map { $self->conversation_named($data->{$_} // '') }
	    qw(from into);

	die "they are the same\n" if $from == $into;
	$from->{merged_into} = $into;
	push @{$into->{external_ids}}, splice @{$from->{external_ids}};
	$self->{keys}{"$into->{channel}{id} $_"} = $into
	    for @{$into->{external_ids}};
	for (splice @{$from->{messages}}) {
		$_->{conversation} = $into;
		push @{$into->{messages}}, $_;
	}
	@{$into->{messages}} = sort { $a->{order} <=> $b->{order} }
	    @{$into->{messages}};
	return $self->conversation_view($into);
}

sub conversations_state {
	my ($self) = @_;

	return [map {
		my $one = $_;
		+{
			(map { $_ => $one->{$_} } qw(id handle external_ids
			    status comments)),
			channel     => $one->{channel}{id},
			tags        => [map { $_->{name} } @{$one->{tags}}],
			merged_into => $one->{merged_into}
			    ? $one->{merged_into}{id} : undef,
			messages    => [map { $self->message_state($_) }
			    @{$one->{messages}}],
		};
	} @{$self->{conversations}}];
}

sub conversation_view {
	my ($self, $conversation, $for_channel) = @_;
	my $self_link = $self->link_to('conversations', $conversation->{id});

	return {
		_links              => {
			self    => $self_link,
			related => { map { $_ => "$self_link/$_" }
			    qw(events followers messages comments inboxes) },
		},
		id                  => $conversation->{id},
		type                => 'conversation',
		subject             => '',
		status              => $conversation->{status},
		ticket_ids          => [],
		assignee            => undef,
		recipient           => {
			_links => { related => { contact => undef } },
			name   => undef,
			handle => $conversation->{handle},
			role   => 'from',
		},
		tags                => [map { $self->tag_view($_) }
		    @{$conversation->{tags}}],
		links               => [],
		custom_fields       => {},
		created_at          => $conversation->{created_at},
		is_private          => JSON::PP::false(),
		scheduled_reminders => [],
		metadata            => $for_channel ?
		    { external_conversation_ids =>
		    $conversation->{external_ids} } : {},
	};
}

# The conversation of a path; one that was merged answers where it is now.
sub find_conversation {
	my ($self, $call) = @_;
	my $id = $call->{path}{conversation_id};
	my $found = $self->{conversation}{$id}
	    // $self->refuse(404, "Unknown conversation ID $id");
	my $now = survivor($found);

	die {
		status  => 301,
		type    => 'text/html',
		body    => '',
		headers => { Location => $self->link_to(substr(
		    $call->{request}{path}, 1) =~ s/\Q$id\E/$now->{id}/r) },
	} if $now != $found;
	return $found;
}

sub fetch_conversation {
	my ($self, $call) = @_;

	return $self->answer(200, $self->conversation_view(
	    $self->find_conversation($call),
	    $call->{caller}{kind} eq 'jwt'));
}

sub list_messages {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call);

	return $self->list($call, [reverse grep { $_->{stored} }
	    @{$conversation->{messages}}], sub { $self->message_view(@_) });
}

sub add_comment {
	my ($self, $call) = @_;
	my $conversation = $self->find_conversation($call);
	my $comment = {
		id        => $self->new_id('com'),
		body      => $call->{data}{body},
		is_pinned => $call->{data}{is_pinned} // JSON::PP::false(),
		posted_at => StandIn::Front::Message::now(),
	};

	push @{$conversation->{comments}}, $comment;
	return $self->answer(201, {
		%$comment,
		_links      => {
			self    => $self->link_to('comments', $comment->{id}),
			related => { conversation => $self->link_to(
			    'conversations', $conversation->{id}) },
		},
		author      => $self->teammate,
		attachments => [],
	}, 1);
}

1;
