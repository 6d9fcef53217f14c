package StandIn::Front::Contact;
# Contacts: found by their id or by one of their handles.
#
#	POST /_control/contacts	{name, handles: [{handle, source}]} makes one
use strict;
use warnings;
use JSON::PP ();

sub forget_contacts {
	my ($self) = @_;

	$self->{contacts} = [];
	$self->{handles} = {};
}

sub make_contact {
	my ($self, $data) = @_;
	my $contact = {
		id            => $self->new_id('crd'),
		name          => $data->{name} // '',
		description   => $data->{description} // '',
		links         => $data->{links} // [],
		custom_fields => $data->{custom_fields} // {},
		handles       => [],
	};

	push @{$self->{contacts}}, $contact;
	$self->give_handle($contact, $_) for @{$data->{handles} // []};
	return $self->contact_view($contact);
}

sub give_handle {
	my ($self, $contact, $handle) = @_;

	push @{$contact->{handles}}, { map { $_ => $handle->{$_} }
	    qw(handle source) };
	$self->{handles}{"$handle->{source}:$handle->{handle}"} = $contact;
}

# Whom a number belongs to, by the source that channels have.
sub contact_of {
	my ($self, $handle) = @_;

	return $self->{handles}{"$self->{settings}{contact_source}:$handle"};
}

# The sender of a message that is there now.
sub meet_contact {
	my ($self, $handle, $name) = @_;
	my $settings = $self->{settings};

	return if $self->contact_of($handle);
	$self->make_contact({
		name    => length($name // '') ? $name
		    : $settings->{contact_name} eq 'handle' ? $handle : '',
		handles => [{ handle => $handle,
		    source => $settings->{contact_source} }],
	});
}

sub contact_view {
	my ($self, $contact) = @_;
	my $link = $self->link_to('contacts', $contact->{id});

	return {
		_links     => { self => $link, related => {
			notes => "$link/notes", owner => undef,
			conversations => "$link/conversations" } },
		(map { $_ => $contact->{$_} } qw(id name description links
		    handles custom_fields)),
		avatar_url => undef,
		groups     => [],
		lists      => [],
		is_private => JSON::PP::false(),
	};
}

sub find_contact {
	my ($self, $call) = @_;
	my $name = $call->{path}{contact_id};
	my ($source, $handle) = $name =~ /^alt:([a-z_]+):(.+)$/s;
	my ($found) = defined $source ? $self->{handles}{"$source:$handle"}
	    : grep { $_->{id} eq $name } @{$self->{contacts}};

	return $found // $self->refuse(404, "Unknown contact ID $name",
	    defined $handle && $call->{raw_path}{contact_id} =~ /\+/
	    ? 'a + in a path stands for itself only as %2B' : undef);
}

sub fetch_contact {
	my ($self, $call) = @_;

	return $self->answer(200,
	    $self->contact_view($self->find_contact($call)));
}

sub list_contacts {
	my ($self, $call) = @_;

	return $self->list($call, $self->{contacts},
	    sub { $self->contact_view(@_) });
}

sub refuse_taken {
	my ($self, @handles) = @_;

	for (@handles) {
		$self->refuse($self->{settings}{taken_handle},
		    "A contact with the handle $_->{handle} exists")
		    if $self->{handles}{"$_->{source}:$_->{handle}"};
	}
}

sub create_contact {
	my ($self, $call) = @_;

	$self->refuse_taken(@{$call->{data}{handles}});
	return $self->answer(201, $self->make_contact($call->{data}), 1);
}

sub update_contact {
	my ($self, $call) = @_;
	my $contact = $self->find_contact($call);
	my $data = $call->{data};

	$contact->{$_} = $data->{$_} for grep { exists $data->{$_} }
	    qw(name description links custom_fields);
	return $self->answer(204, undef, 1);
}

sub add_handle {
	my ($self, $call) = @_;
	my $contact = $self->find_contact($call);

	$self->refuse_taken($call->{data});
	$self->give_handle($contact, $call->{data});
	return $self->answer(204, undef, 1);
}

sub remove_handle {
	my ($self, $call) = @_;
	my $contact = $self->find_contact($call);
	my ($handle, $source) = @{$call->{data}}{qw(handle source)};
	my @left = grep { $_->{handle} ne $handle || $_->{source} ne $source }
	    @{$contact->{handles}};

	$self->refuse(404, 'The contact has no such handle')
	    if @left == @{$contact->{handles}};
	$self->refuse(400, 'The last handle stays unless forced')
	    unless @left || $call->{data}{force};
	$contact->{handles} = \@left;
	delete $self->{handles}{"$source:$handle"};
	$self->{contacts} = [grep { $_ != $contact } @{$self->{contacts}}]
	    unless @left;
	return $self->answer(204, undef, 1);
}

sub merge_contacts {
	my ($self, $call) = @_;
	my ($data, %known) = ($call->{data}, map { $_->{id} => $_ }
	    @{$self->{contacts}});
	my @all = map { $known{$_} // $self->refuse(404,
	    "Unknown contact ID $_") } grep { defined }
	    $data->{target_contact_id}, @{$data->{contact_ids}};

	$self->refuse_invalid('body.contact_ids: 2 to 50 contacts')
	    if @all < 2 || @all > 50;
	my $target = shift @all;
	for my $other (grep { $_ != $target } @all) {
		$self->give_handle($target, $_) for @{$other->{handles}};
		$self->{contacts} = [grep { $_ != $other }
		    @{$self->{contacts}}];
	}
	return $self->answer(200, $self->contact_view($target), 1);
}

sub list_contact_conversations {
	my ($self, $call) = @_;
	my %has = map { $_->{handle} => 1 }
	    @{$self->find_contact($call)->{handles}};

	return $self->list($call, [reverse grep { $has{$_->{handle}}
	    && !$_->{merged_into} } @{$self->{conversations}}],
	    sub { $self->conversation_view(@_) });
}

1;
