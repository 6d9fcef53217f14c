package StandIn::Twilio::Media;
# Pictures of a message.  The bytes are on another host, behind a redirect,
# and that host refuses the credentials of the first.
use strict;
use warnings;
use MIME::Base64 qw(decode_base64);
use Time::HiRes qw(time);

# `given` has content_type, and body in base64 or fill, a number of bytes, which
# costs the reader of JSON nothing.  Returns the URL that a webhook would name,
# with the stand-in's own host.
sub add_media {
	my ($self, $message, $given) = @_;
	my $sid = $self->sid('ME');

	$self->{media}{$sid} = {
		order        => $self->next_order,
		sid          => $sid,
		message      => $message,
		content_type => $given->{content_type} // 'image/jpeg',
		bytes        => defined $given->{fill} ? 'x' x $given->{fill}
		    : decode_base64($given->{body} // ''),
		date_created => time,
		date_updated => time,
	};
	return 'http://127.0.0.1:' . $self->port .
	    "/2010-04-01/Accounts/$self->{opt}{account}/Messages/" .
	    "$message->{sid}/Media/$sid";
}

sub media_view {
	my ($self, $media) = @_;

	return {
		sid          => $media->{sid},
		account_sid  => $self->{opt}{account},
		parent_sid   => $media->{message}{sid},
		content_type => $media->{content_type},
		date_created => StandIn::Twilio::Message::rfc2822(
		    $media->{date_created}),
		date_updated => StandIn::Twilio::Message::rfc2822(
		    $media->{date_updated}),
		uri          => "/2010-04-01/Accounts/$self->{opt}{account}" .
		    "/Messages/$media->{message}{sid}/Media/$media->{sid}.json",
	};
}

sub find_media {
	my ($self, $call) = @_;
	my ($sid, $of) = @{$call->{path}}{qw(Sid MessageSid)};
	my $media = $self->{media}{$sid};

	return $media if $media && $media->{message}{sid} eq $of;
	$self->refuse(404, 20404, "The requested resource /Messages/$of/" .
	    "Media/$sid was not found");
}

sub fetch_media {
	my ($self, $call) = @_;

	return $self->answer(200, $self->media_view($self->find_media($call)));
}

sub delete_media {
	my ($self, $call) = @_;

	delete $self->{media}{$self->find_media($call)->{sid}};
	return $self->answer(204, undef, 1);
}

sub list_media {
	my ($self, $call) = @_;
	my $query = $call->{query};
	my $message = $self->find_message($call->{path}{MessageSid});
	my @found = sort { $b->{order} <=> $a->{order} }
	    grep { $_->{message} == $message } values %{$self->{media}};

	for my $name (grep { defined $query->{$_} }
	    'DateCreated', 'DateCreated<', 'DateCreated>') {
		@found = grep { StandIn::Twilio::Message::is_dated(
		    $_->{date_created}, $name, $query->{$name}) } @found;
	}
	return $self->v2010_list($call, 'media_list', \@found,
	    sub { $self->media_view(@_) });
}

sub download_media {
	my ($self, $call) = @_;
	my $settings = $self->{settings};
	my $media = $self->find_media($call);

	return {
		status  => $settings->{media_redirect},
		type    => 'text/html',
		body    => '',
		headers => { Location => "http://$settings->{media_host}:" .
		    $self->port('download') . "/$media->{sid}?Signature=x" },
	};
}

# The second hop, on the port of downloads.
sub download {
	my ($self, $request) = @_;
	my ($sid) = $request->{path} =~ m{^/(ME[0-9a-f]{32})$};
	my $media = defined $sid ? $self->{media}{$sid} : undef;

	return { status => 400, type => 'application/xml', body => '<Error/>',
	    operation => 'download', invalid =>
	    ['credentials for Twilio came to the host of the downloads'] }
	    if defined $request->{authorization};
	return { status => 404, type => 'application/xml', body => '<Error/>',
	    operation => 'download' } unless $media
	    && $request->{method} eq 'GET';
	return { status => 200, type => $media->{content_type},
	    body => $media->{bytes}, operation => 'download' };
}

1;
