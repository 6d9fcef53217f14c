package StandIn::Front::Tag;
# Tags of the company, and of conversations.
use strict;
use warnings;
use JSON::PP ();

sub tag_view {
	my ($self, $tag) = @_;

	return {
		_links     => {
			self    => $self->link_to('tags', $tag->{id}),
			related => { conversations => $self->link_to('tags',
			    $tag->{id}, 'conversations'), owner => undef,
			    parent_tag => undef, children => undef },
		},
		(map { $_ => $tag->{$_} } qw(id name description highlight)),
		is_private => JSON::PP::false(),
		is_visible_in_conversation_lists =>
		    $tag->{is_visible_in_conversation_lists}
		    // JSON::PP::false(),
	};
}

sub list_tags {
	my ($self, $call) = @_;

	return $self->list($call, $self->{tags}, sub { $self->tag_view(@_) });
}

sub create_tag {
	my ($self, $call) = @_;
	my $data = $call->{data};

	$self->refuse(409, 'A tag with this name exists')
	    if grep { $_->{name} eq $data->{name} } @{$self->{tags}};
	my $tag = { %$data, id => $self->new_id('tag') };
	push @{$self->{tags}}, $tag;
	return $self->answer(201, $self->tag_view($tag), 1);
}

# The tags that a body names.
sub tags_of {
	my ($self, $call) = @_;
	my %known = map { $_->{id} => $_ } @{$self->{tags}};

	return map { $known{$_} // $self->refuse(404, "Unknown tag ID $_") }
	    @{$call->{data}{tag_ids}};
}

sub add_tags {
	my ($self, $call) = @_;
	my $tags = $self->find_conversation($call)->{tags};

	for my $tag ($self->tags_of($call)) {
		push @$tags, $tag unless grep { $_ == $tag } @$tags;
	}
	return $self->answer(204, undef, 1);
}

sub remove_tags {
	my ($self, $call) = @_;
	my $tags = $self->find_conversation($call)->{tags};

	for my $tag ($self->tags_of($call)) {
		@$tags = grep { $_ != $tag } @$tags;
	}
	return $self->answer(204, undef, 1);
}

1;
