package StandIn::Front::Channel;
# Channels, and what is brought into them.
#
#	POST /_control/channels	{id, kind: app|custom, webhook, secret, app_uid,
#				address, inbox} makes one, or changes it
use strict;
use warnings;
use JSON::PP ();
use Time::HiRes qw(time);

# All files of one request together.
use constant FILE_BYTES => 25 << 20;

sub forget_channels {
	my ($self) = @_;

	$self->{channels} = {};
	$self->{statuses} = [];
	$self->{duplicates} = 0;
	$self->change_channel($_) for @{$self->{opt}{channels}};
}

sub make_channel {
	my ($self, $given) = @_;

	return $self->channel_view($self->change_channel($given));
}

# One of the members that are given, new where its id is.
sub change_channel {
	my ($self, $given) = @_;
	my $opt = $self->{opt};
	my $id = $given->{id} // $self->new_id('cha');
	my $channel = $self->{channels}{$id} //= {
		id       => $id,
		kind     => 'app',
		secret   => $opt->{secret},
		app_uid  => $opt->{app_uid},
		inbox    => 'inb_1',
		address  => $id,
		name     => $id,
		status   => 'ok',
		webhook  => $opt->{webhook},
		seen     => {},
		answered => {},
	};

	for (grep { $_ ne 'id' } sort keys %$given) {
		die "a channel has no '$_'\n" unless exists $channel->{$_};
		$channel->{$_} = $given->{$_};
	}
	return $channel;
}

sub channels_state {
	my ($self) = @_;

	return [map { my $channel = $_; +{ map { $_ => $channel->{$_} }
	    qw(id kind inbox address name status webhook) } }
	    map { $self->{channels}{$_} } sort keys %{$self->{channels}}];
}

sub channel_view {
	my ($self, $channel) = @_;

	return {
		_links     => {
			self    => $self->link_to('channels', $channel->{id}),
			related => { inbox => $self->link_to('inboxes',
			    $channel->{inbox}), owner => undef },
		},
		id         => $channel->{id},
		name       => $channel->{name},
		address    => $channel->{address},
		type       => 'custom',
		send_as    => $channel->{address},
		settings   => { undo_send_time => 5,
		    all_teammates_can_reply => JSON::PP::true() },
		is_private => JSON::PP::false(),
		is_valid   => JSON::PP::true(),
	};
}

# The channel of a path: by its id, or by alt:address:.
sub find_channel {
	my ($self, $call) = @_;
	my $name = $call->{path}{channel_id};
	my ($channel) = $name =~ /^alt:address:(.*)/
	    ? grep { $_->{address} eq $1 } values %{$self->{channels}}
	    : $self->{channels}{$name} // ();

	return $channel // $self->refuse(404, "Unknown channel ID $name");
}

sub list_channels {
	my ($self, $call) = @_;
	my $inbox = $call->{path}{inbox_id};

	return $self->list($call, [grep { !defined $inbox
	    || $_->{inbox} eq $inbox } map { $self->{channels}{$_} }
	    sort keys %{$self->{channels}}],
	    sub { $self->channel_view(@_) });
}

sub fetch_channel {
	my ($self, $call) = @_;

	return $self->answer(200,
	    $self->channel_view($self->find_channel($call)));
}

sub create_channel {
	my ($self, $call) = @_;
	my $data = $call->{data};

	$self->change_channel({
		kind    => defined $data->{application_uid} ? 'app' : 'custom',
		inbox   => $call->{path}{inbox_id},
		webhook => $data->{settings}{webhook_url},
		name    => $data->{name} // '',
		defined $data->{application_uid}
		    ? (app_uid => $data->{application_uid}) : (),
	});
	return $self->answer(204, undef, 1);
}

sub update_channel {
	my ($self, $call) = @_;
	my $channel = $self->find_channel($call);
	my $data = $call->{data};

	$channel->{$_} = $data->{$_}
	    for grep { defined $data->{$_} } qw(name status);
	$channel->{inbox} = $data->{inbox_id} if defined $data->{inbox_id};
	$channel->{webhook} = $data->{settings}{webhook_url}
	    if defined $data->{settings}{webhook_url};
	return $self->answer(204, undef, 1);
}

# ---- messages from outside

# What no schema says.
sub check_content {
	my ($self, $data, @handles) = @_;
	my $bytes = 0;
	my @faults;

	push @faults, 'body.body: empty' unless $data->{body} =~ /\S/;
	push @faults, map { "handle '$_': no E.164" }
	    grep { !/^\+[1-9]\d{6,14}$/ } @handles;
	push @faults, 'body.delivered_at: no seconds'
	    if ($data->{delivered_at} // 0) > 1e11;
	for (@{$data->{attachments} // []}) {
		push @faults, "$_->{name}: without a type"
		    unless ($_->{content_type} // '') =~ m{^[\w.+-]+/[\w.+-]+};
		push @faults, "$_->{name}: without a name"
		    unless length $_->{filename};
		$bytes += length $_->{bytes};
	}
	$self->refuse_invalid(@faults) if @faults;
	$self->refuse(413, 'The files are larger than 25 MB')
	    if $bytes > FILE_BYTES;
}

sub accepted {
	my ($self, $uid) = @_;

	return $self->answer(202, { status => 'accepted',
	    message_uid => $uid }, 1);
}

sub take_inbound {
	my ($self, $call) = @_;
	my $channel = $self->find_channel($call);
	my $data = $call->{data};

	$self->refuse(403, 'This channel belongs to no application')
	    if $channel->{kind} ne 'app';
	$self->count_post($channel);
	$self->check_content($data, $data->{sender}{handle});
	return $self->take_external($channel, $data->{metadata}{external_id},
	    sub { $self->bring_in($channel, {
		%$data, is_inbound => 1, handle => $data->{sender}{handle},
		name => $data->{sender}{name},
		external_id => $data->{metadata}{external_id},
		key => $data->{metadata}{external_conversation_id} }) });
}

sub take_outbound {
	my ($self, $call) = @_;
	my $channel = $self->find_channel($call);
	my $data = $call->{data};
	my ($to) = @{$data->{to}};

	$self->refuse(403, 'This channel belongs to no application')
	    if $channel->{kind} ne 'app';
	$self->count_post($channel);
	$self->check_content($data, map { $_->{handle} } @{$data->{to}});
	return $self->take_external($channel, $data->{metadata}{external_id},
	    sub { $self->bring_in($channel, {
		%$data, is_inbound => 0, handle => $to->{handle},
		name => $to->{name},
		external_id => $data->{metadata}{external_id},
		key => $data->{metadata}{external_conversation_id} }) });
}

# What becomes of a second equal external_id is known to nobody but Front.
sub take_external {
	my ($self, $channel, $external_id, $bring) = @_;
	my $seen = $channel->{seen}{$external_id};
	my $dup = $self->{settings}{dup};

	if ($seen) {
		$self->{duplicates}++;
		$self->refuse(409, "The external_id $external_id exists")
		    if $dup eq '409';
		return $self->accepted($self->new_uid) if $dup eq '202silent';
	}
	my $message = $bring->();
	$channel->{seen}{$external_id} //= $message;
	return $self->accepted($message->{uid});
}

sub take_incoming {
	my ($self, $call) = @_;
	my $channel = $self->find_channel($call);
	my $data = $call->{data};
	my $sender = $data->{sender};

	$self->count_post($channel);
	$self->check_content($data, $sender->{handle});
	my $message = $self->bring_in($channel, {
		%$data, is_inbound => 1, handle => $sender->{handle},
		name => $sender->{name},
		is_markdown => ($data->{body_format} // 'markdown') ne 'html',
		thread_ref => $data->{metadata}{thread_ref},
		headers => $data->{metadata}{headers},
		key => $data->{metadata}{thread_ref} // $sender->{handle} });
	return $self->accepted($message->{uid});
}

sub take_imported {
	my ($self, $call) = @_;
	my $data = $call->{data};
	my ($channel) = grep { $_->{inbox} eq $call->{path}{inbox_id} }
	    map { $self->{channels}{$_} } sort keys %{$self->{channels}};

	$self->refuse(404, 'Unknown inbox') unless $channel;
	my $seen = $channel->{seen}{$data->{external_id}};
	return $self->accepted($seen->{uid}) if $seen;
	my $is_inbound = $data->{metadata}{is_inbound} ? 1 : 0;
	my $handle = $is_inbound ? $data->{sender}{handle} : $data->{to}[0];
	my $message = $self->bring_in($channel, {
		%$data, is_inbound => $is_inbound, handle => $handle,
		delivered_at => $data->{created_at},
		key => $data->{metadata}{thread_ref} // $handle });
	$channel->{seen}{$data->{external_id}} = $message;
	return $self->accepted($message->{uid});
}

# ---- the fate of what was sent

sub take_status {
	my ($self, $call) = @_;
	my $channel = $self->find_channel($call);
	my ($key, $external_id) =
	    @{$call->{path}}{qw(conv_ext_id message_ext_id)};
	my $message = $channel->{answered}{$external_id};

	$self->refuse(404, 'Not found', 'a + in a path stands for itself ' .
	    'only as %2B') if grep { /\+/ } values %{$call->{raw_path}};
	$self->refuse(404, "Unknown message $external_id") unless $message
	    && grep({ $_ eq $key } @{$message->{conversation}{external_ids}})
	    && $message->{status_asked}++ >= $self->{settings}{status_404};
	$message->{failed} = $call->{data}{reason} // '';
	$message->{conversation}{status} = 'unassigned';
	push @{$self->{statuses}}, {
		channel      => $channel->{id},
		conversation => $message->{conversation}{id},
		message      => $message->{id},
		external_id  => $external_id,
		status       => $call->{data}{status},
		reason       => $call->{data}{reason},
	};
	return $self->answer(204, undef, 1);
}

1;
