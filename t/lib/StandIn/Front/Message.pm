package StandIn::Front::Message;
# Messages: taken at once, there a little later.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use Time::HiRes qw(time);

my %entity = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'",
    nbsp => ' ');

# What an agent reads of a body of HTML.
sub text_of {
	my ($body) = @_;

	$body =~ s/\r?\n/ /g;
	$body =~ s{<br\s*/?>|</(?:p|div)>(?=.)}{\n}gi;
	$body =~ s/<[^>]*>//g;
	$body =~ s{&(?:#(\d+)|#x([0-9a-f]+)|(\w+));}
	    {defined $1 ? chr $1 : defined $2 ? chr hex $2
	    : $entity{$3} // "&$3;"}gei;
	return $body;
}

sub html_of {
	my ($text) = @_;

	$text =~ s/&/&amp;/g;
	$text =~ s/</&lt;/g;
	$text =~ s/>/&gt;/g;
	$text =~ s/\n/<br>/g;
	return "<div>$text</div>";
}

sub now {
	return sprintf('%.3f', time) + 0;
}

# One in a conversation.  `given` has is_inbound, body, text, handle (of the
# customer), external_id, and more of its members.
sub new_message {
	my ($self, $conversation, %given) = @_;
	my $message = {
		order        => ++$self->{counts}{order},
		id           => $self->new_id('msg'),
		uid          => $self->new_uid,
		channel      => $conversation->{channel},
		conversation => $conversation,
		created_at   => now(),
		files        => [],
		%given,
	};

	push @{$conversation->{messages}}, $message;
	$self->{messages}{$message->{id}} = $message;
	$self->{uids}{$message->{uid}} = $message;
	return $message;
}

# What came by a call.
sub bring_in {
	my ($self, $channel, $given) = @_;
	my $conversation = $self->conversation_by_key($channel,
	    @{$given}{qw(key handle)});
	my $message = $self->new_message($conversation,
	    (map { $_ => $given->{$_} } qw(is_inbound body handle name
		external_id thread_ref headers delivered_at subject
		is_markdown)),
	    text => $given->{is_markdown} ? $given->{body}
		: text_of($given->{body}));
	my $settings = $self->{settings};

	$message->{created_at} = $given->{delivered_at} + 0
	    if defined $given->{delivered_at};
	$self->add_file($message, $_) for @{$given->{attachments} // []};
	$self->later($settings->{store_ms}, sub {
		$message->{stored} = 1;
		$conversation->{status} = 'unassigned'
		    if $message->{is_inbound};
		$self->meet_contact($given->{handle}, $given->{name});
		return unless $settings->{auto_import}
		    && $channel->{kind} eq 'app'
		    && defined $channel->{webhook};
		# After the answer to the call in any case.
		$self->later($settings->{import_ms} || 1, sub {
			$self->send_message('message_imported', $message, {});
		});
	});
	return $message;
}

sub message_state {
	my ($self, $message) = @_;

	return {
		(map { $_ => $message->{$_} } qw(id uid body text external_id
		    thread_ref headers handle name created_at delivered_at
		    failed delivery shown answers)),
		(map { $_ => $message->{$_} ? JSON::PP::true()
		    : JSON::PP::false() } qw(is_inbound is_markdown stored
		    is_autoreply)),
		attachments => [map { +{
			id           => $_->{id},
			filename     => $_->{filename},
			content_type => $_->{content_type},
			size         => length $_->{bytes},
			sha256       => sha256_hex($_->{bytes}),
		} } @{$message->{files}}],
	};
}

# The author of what an agent or a rule wrote.
sub teammate {
	my ($self) = @_;

	return {
		_links        => { self => $self->link_to('teammates', 'tea_3m8') },
		id            => 'tea_3m8',
		email         => 'ines@harborfix.example',
		username      => 'ines',
		first_name    => 'Ines',
		last_name     => 'Okafor',
		license_type  => 'full',
		is_admin      => JSON::PP::false(),
		is_available  => JSON::PP::true(),
		is_blocked    => JSON::PP::false(),
		type          => 'user',
		custom_fields => {},
	};
}

# From the channel to the customer, or the other way.
sub recipients_of {
	my ($self, $message) = @_;
	my $ours = { _links => { related => { contact => undef } },
	    name => undef, handle => $message->{channel}{address} };
	my @theirs = map {
		my $contact = $self->contact_of($_);
		+{
			_links => { related => { contact => $contact
			    ? $self->link_to('contacts', $contact->{id})
			    : undef } },
			name   => $contact ? $contact->{name} : undef,
			handle => $_,
		};
	} @{$message->{to} // [$message->{handle}]};

	$ours->{role} = $message->{is_inbound} ? 'to' : 'from';
	$_->{role} = $message->{is_inbound} ? 'from' : 'to' for @theirs;
	return [$message->{is_inbound} ? (@theirs, $ours) : ($ours, @theirs)];
}

# As the call that fetches one shows it; what a channel calls its own is for
# its own token.
sub message_view {
	my ($self, $message, $for_channel) = @_;
	my $replied_to = $message->{replied_to};

	return {
		_links      => {
			self    => $self->link_to('messages', $message->{id}),
			related => {
				conversation => $self->link_to('conversations',
				    $message->{conversation}{id}),
				$replied_to ? (message_replied_to =>
				    $self->link_to('messages',
				    $replied_to->{id})) : (),
			},
		},
		id          => $message->{id},
		message_uid => $message->{uid},
		type        => 'custom',
		is_inbound  => $message->{is_inbound} ? JSON::PP::true()
		    : JSON::PP::false(),
		created_at  => $message->{created_at},
		subject     => $message->{subject},
		blurb       => substr($message->{text}, 0, 80),
		body        => $message->{body},
		text        => $message->{text},
		author      => $message->{is_inbound} ? undef
		    : exists $message->{author} ? $message->{author}
		    : $self->teammate,
		recipients  => $self->recipients_of($message),
		attachments => [map { $self->file_view($_) }
		    @{$message->{files}}],
		(map { $_ => undef } qw(draft_mode error_type version
		    signature)),
		metadata    => {
			headers => $message->{headers} // {},
			defined $message->{thread_ref}
			    ? (thread_ref => $message->{thread_ref}) : (),
			$for_channel ? (external_id =>
			    $message->{external_id}) : (),
		},
	};
}

# By its id or by alt:uid:; one that is not there yet is not known.
sub find_message {
	my ($self, $call) = @_;
	my $name = $call->{path}{message_id};
	my $message = $name =~ /^alt:uid:(.*)/ ? $self->{uids}{$1}
	    : $self->{messages}{$name};
	my $caller = $call->{caller};

	return $message if $message && $message->{stored}
	    && ($caller->{kind} ne 'jwt'
	    || $caller->{channel} == $message->{channel});
	$self->refuse(404, "Unknown message ID $name");
}

sub fetch_message {
	my ($self, $call) = @_;

	return $self->answer(200, $self->message_view(
	    $self->find_message($call), $call->{caller}{kind} eq 'jwt'));
}

1;
