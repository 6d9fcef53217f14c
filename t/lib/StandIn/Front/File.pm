package StandIn::Front::File;
# Files of messages.  The bytes are on another host, behind a redirect, and that
# host refuses the credentials of the first.
use strict;
use warnings;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);

sub forget_files {
	my ($self) = @_;

	$self->{files} = {};
}

# `given` has filename, content_type, and bytes, or body in base64, or fill, a
# number of bytes; size where it is to be another than there are.
sub add_file {
	my ($self, $message, $given) = @_;
	my $file = {
		id           => $self->new_id('fil'),
		message      => $message,
		filename     => $given->{filename} // 'part.png',
		content_type => $given->{content_type} // 'image/png',
		bytes        => $given->{bytes} // (defined $given->{fill}
		    ? 'x' x $given->{fill} : decode_base64($given->{body} // '')),
		size         => $given->{size},
		url          => $given->{url},
		is_inline    => $given->{is_inline},
	};

	push @{$message->{files}}, $file;
	$self->{files}{$file->{id}} = $file;
}

sub file_view {
	my ($self, $file) = @_;

	return {
		id           => $file->{id},
		filename     => $file->{filename},
		content_type => $file->{content_type},
		size         => ($file->{size} // length $file->{bytes}) + 0,
		url          => $file->{url} // $self->link_to('messages',
		    $file->{message}{id}, 'download', $file->{id}),
		metadata     => { is_inline => $file->{is_inline}
		    ? JSON::PP::true() : JSON::PP::false() },
	};
}

sub download_file {
	my ($self, $call) = @_;
	my $settings = $self->{settings};
	my ($id, $of) = @{$call->{path}}{qw(attachment_link_id message_id)};
	my $file = $self->{files}{$id};
	my $caller = $call->{caller};

	$self->refuse(404, "Unknown attachment ID $id") unless $file
	    && (!defined $of || $file->{message}{id} eq $of)
	    && ($caller->{kind} ne 'jwt'
	    || $caller->{channel} == $file->{message}{channel});
	return stored($file) unless $settings->{file_redirect};
	return {
		status  => $settings->{file_redirect},
		type    => 'text/html',
		body    => '',
		headers => { Location => "http://$settings->{file_host}:" .
		    $self->port('storage') . "/$id?X-Amz-Signature=x" },
	};
}

sub stored {
	my ($file) = @_;

	return { status => 200, type => $file->{content_type},
	    body => $file->{bytes} };
}

# The second hop.
sub serve_storage {
	my ($self, $request) = @_;
	my ($id) = $request->{path} =~ m{^/(fil_[0-9a-z]+)$};
	my $file = defined $id ? $self->{files}{$id} : undef;
	my %error = (type => 'application/xml', body => '<Error/>');
	my $answer = defined $request->{authorization} ? { status => 400,
	    %error, invalid =>
	    ['credentials for Front came to the host of the files'] }
	    : $file && $request->{method} eq 'GET' ? stored($file)
	    : { status => 404, %error };

	$answer->{operation} = 'storage';
	return $answer;
}

1;
