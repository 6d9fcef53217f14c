package FastCGI;
# A FastCGI client that can say anything: whole requests as nginx sends them,
# halves, heaps, and bytes that are no FastCGI at all.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Select;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(time);

# Record types.
use constant {
	FCGI_BEGIN_REQUEST => 1,
	FCGI_ABORT_REQUEST => 2,
	FCGI_END_REQUEST   => 3,
	FCGI_PARAMS        => 4,
	FCGI_STDIN         => 5,
	FCGI_STDOUT        => 6,
	FCGI_GET_VALUES    => 9,
};

# Connects as the user `uid` (the responder asks the kernel who calls); only
# root can be somebody else.
sub new {
	my ($class, $path, %opt) = @_;
	my $socket;

	{
		local $> = $opt{uid} if defined $opt{uid} && $opt{uid} != $>;
		$socket = IO::Socket::UNIX->new(Type => SOCK_STREAM,
		    Peer => $path) or die "$path: $!";
	}
	$socket->blocking(0);
	return bless { socket => $socket, unread => '' }, $class;
}

#
# Bytes.
#

# One record.  `length` and `padding` may lie about the content.
sub record {
	my ($type, $id, $content, %opt) = @_;
	my $padding = $opt{padding} // 0;

	return pack('CCnnCC', $opt{version} // 1, $type, $id,
	    $opt{length} // length $content, $padding, 0) .
	    $content . "\0" x $padding;
}

sub begin {
	my ($id, %opt) = @_;

	return record(FCGI_BEGIN_REQUEST, $id,
	    pack('nCx5', $opt{role} // 1, $opt{keep} ? 1 : 0));
}

sub name_value {
	my ($name, $value) = @_;
	my $sizes = join '', map {
		length $_ < 128 ? pack('C', length $_)
		    : pack('N', length($_) | 0x80000000)
	} $name, $value;

	return $sizes . $name . $value;
}

# A stream: its content in records of at most `chunk` bytes, and its end.
sub stream {
	my ($type, $id, $content, %opt) = @_;
	my $chunk = $opt{chunk} // 32768;
	my $out = '';

	while (length $content) {
		$out .= record($type, $id, substr($content, 0, $chunk, ''));
	}
	return $out . record($type, $id, '');
}

# A whole request.  `params` is a hash or a list of pairs; CONTENT_LENGTH is
# the truth unless given.
sub request {
	my (%opt) = @_;
	my $id = $opt{id} // 1;
	my $body = $opt{body} // '';
	my @pairs = ref $opt{params} eq 'ARRAY' ? @{$opt{params}}
	    : %{$opt{params}};
	my %given = @pairs;
	my $params = '';

	push @pairs, CONTENT_LENGTH => length $body
	    unless exists $given{CONTENT_LENGTH};
	while (my ($name, $value) = splice @pairs, 0, 2) {
		$params .= name_value($name, $value);
	}
	return begin($id, keep => $opt{keep}) .
	    stream(FCGI_PARAMS, $id, $params, chunk => $opt{chunk}) .
	    stream(FCGI_STDIN, $id, $body, chunk => $opt{chunk});
}

#
# The connection.
#

# Sends all, or dies when the other side does not take it in time.  A peer that
# has hung up is not an error: returns false.
sub send {
	my ($self, $bytes, $timeout) = @_;
	my $deadline = time + ($timeout // 30);
	my $select = IO::Select->new($self->{socket});

	local $SIG{PIPE} = 'IGNORE';
	while (length $bytes) {
		my $n = syswrite $self->{socket}, $bytes;

		if (defined $n) {
			substr $bytes, 0, $n, '';
		} elsif ($! != EAGAIN && $! != EWOULDBLOCK && $! != EINTR) {
			return 0;
		} elsif (time > $deadline) {
			die "the responder does not read\n";
		} else {
			$select->can_write(0.1);
		}
	}
	return 1;
}

# One record as [type, id, content], or undef at the end or after `timeout`.
sub read_record {
	my ($self, $timeout) = @_;
	my $deadline = time + ($timeout // 30);
	my $select = IO::Select->new($self->{socket});

	for (;;) {
		if (length $self->{unread} >= 8) {
			my (undef, $type, $id, $length, $padding) =
			    unpack 'CCnnC', $self->{unread};

			if (length $self->{unread} >= 8 + $length + $padding) {
				my $bytes = substr $self->{unread}, 0,
				    8 + $length + $padding, '';
				return [$type, $id, substr $bytes, 8, $length];
			}
		}
		return undef if $self->{ended} || time > $deadline;
		next unless $select->can_read(0.05);
		$self->{ended} = 1 unless
		    sysread $self->{socket}, $self->{unread}, 65536,
		    length $self->{unread};
	}
}

# One answer: status, headers (a hash, names in lower case), body, and what the
# end record said; undef when the connection ends, or nothing comes, first.
sub read_response {
	my ($self, $timeout) = @_;
	my $deadline = time + ($timeout // 30);
	my $out = '';
	my %answer;

	while (my $record = $self->read_record($deadline - time)) {
		my ($type, $id, $content) = @$record;

		$out .= $content if $type == FCGI_STDOUT;
		next unless $type == FCGI_END_REQUEST;
		@answer{qw(app_status protocol_status)} = unpack 'NC', $content;
		$answer{id} = $id;
		my ($head, $body) = split /\r?\n\r?\n/, $out, 2;
		for (split /\r?\n/, $head // '') {
			my ($name, $value) = split /:\s*/, $_, 2;
			$answer{headers}{lc $name} = $value;
		}
		($answer{status}) =
		    ($answer{headers}{status} // '200') =~ /^(\d+)/;
		$answer{body} = $body // '';
		return \%answer;
	}
	return undef;
}

# Does the responder hang up within `timeout`?
sub hung_up {
	my ($self, $timeout) = @_;
	my $deadline = time + ($timeout // 30);

	while (!$self->{ended} && time < $deadline) {
		$self->read_record($deadline - time);
	}
	return !!$self->{ended};
}

# Ends our half: the responder reads end of file.
sub end_sending {
	my ($self) = @_;

	shutdown $self->{socket}, 1;
}

sub hang_up {
	my ($self) = @_;

	$self->{socket}->close;
}

1;
