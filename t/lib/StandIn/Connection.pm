package StandIn::Connection;
# The sockets of a stand-in: HTTP/1.1 in, HTTP/1.1 out, nobody waits for
# anybody.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Handle;
use IO::Socket::INET;
use JSON::PP ();
use Socket qw(IPPROTO_TCP SOL_SOCKET SO_LINGER TCP_NODELAY);
use StandIn::Form qw(pairs);
use StandIn::Multipart qw(flat parts);

use constant {
	HEAD_BYTES => 65536,
	BODY_BYTES => 32 << 20,
};

my %reason = (
	100 => 'Continue', 200 => 'OK', 201 => 'Created', 202 => 'Accepted',
	204 => 'No Content', 301 => 'Moved Permanently', 302 => 'Found',
	307 => 'Temporary Redirect', 308 => 'Permanent Redirect',
	400 => 'Bad Request', 401 => 'Unauthorized', 403 => 'Forbidden',
	404 => 'Not Found', 405 => 'Method Not Allowed', 409 => 'Conflict',
	411 => 'Length Required', 413 => 'Content Too Large',
	415 => 'Unsupported Media Type',
	429 => 'Too Many Requests', 500 => 'Internal Server Error',
	502 => 'Bad Gateway', 503 => 'Service Unavailable',
);
my $json = JSON::PP->new->utf8->allow_nonref;

# A listening socket on the loopback interface; returns its port.
sub open_port {
	my ($self, $name, $port) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	    LocalPort => $port // 0, Listen => 1024, ReuseAddr => 1)
	    or die "port " . ($port // 0) . ": $@\n";

	$listener->blocking(0);
	$self->watch($listener, sub { $self->greet($listener, $name) });
	return $self->{ports}{$name} = $listener->sockport;
}

sub greet {
	my ($self, $listener, $name) = @_;

	for (1 .. 64) {
		accept(my $socket, $listener) or return;
		$socket->blocking(0);
		setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
		my $connection = {
			socket   => $socket,
			number   => ++$self->{accepted},
			listener => $name,
			in       => '',
			out      => '',
			count    => 0,
			busy     => 0,
		};
		$self->{connections}{$connection->{number}} = $connection;
		$self->watch($socket, sub { $self->receive($connection) });
	}
}

sub receive {
	my ($self, $connection) = @_;
	my $got = sysread $connection->{socket}, $connection->{in}, 65536,
	    length $connection->{in};

	return if !defined $got &&
	    ($! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR);
	return $self->hang_up($connection) if !$got;
	$self->advance($connection);
}

# Takes requests from what was read, one after the other.
sub advance {
	my ($self, $connection) = @_;

	return if $connection->{advancing};
	$connection->{advancing} = 1;
	until ($connection->{busy} || $connection->{closed}) {
		my $request = $connection->{request} //=
		    $self->read_head($connection) // last;
		last if $connection->{busy} || $connection->{closed}
		    || length $connection->{in} < $request->{length};
		delete $connection->{request};
		$request->{body} = substr $connection->{in}, 0,
		    $request->{length}, '';
		read_form($request) if $request->{length};
		$connection->{busy} = 1;
		$self->serve($connection, $request);
	}
	$connection->{advancing} = 0;
}

# What a body holds, by its type.
sub read_form {
	my ($request) = @_;
	my $type = $request->{headers}{'content-type'} // '';

	if ($type =~ m{^application/x-www-form-urlencoded\b}i) {
		$request->{form} = pairs($request->{body});
	} elsif ($type =~ m{^multipart/form-data\b}i) {
		@{$request}{qw(form files multipart_fault)} =
		    parts($type, $request->{body});
	} elsif ($type =~ m{^application/json\b}i) {
		$request->{json} = eval { $json->decode($request->{body}) };
		$request->{form} = [flat($request->{json})];
	}
}

sub read_head {
	my ($self, $connection) = @_;
	my $end = index $connection->{in}, "\r\n\r\n";

	if ($end < 0) {
		return undef if length $connection->{in} < HEAD_BYTES;
		return $self->misheard($connection, 400, 'no end of the head');
	}
	my ($first, @lines) = split /\r\n/, substr $connection->{in}, 0, $end;
	substr $connection->{in}, 0, $end + 4, '';
	my ($method, $target, $version) =
	    ($first // '') =~ m{^([A-Z]+) (/\S*) HTTP/1\.([01])$}
	    or return $self->misheard($connection, 400, 'no request line');
	my ($path, $query) = split /\?/, $target, 2;
	my %headers;
	for (@lines) {
		my ($name, $value) = /^([!#\$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/
		    or return $self->misheard($connection, 400, 'no header');
		$name = lc $name;
		$headers{$name} = exists $headers{$name}
		    ? "$headers{$name}, $value" : $value;
	}
	my $length = $headers{'content-length'} // 0;
	return $self->misheard($connection, 411, 'a body without length')
	    if $headers{'transfer-encoding'};
	return $self->misheard($connection, 413, "a body of '$length' bytes")
	    if $length !~ /^\d{1,9}$/ || $length > BODY_BYTES;
	my $request = {
		listener      => $connection->{listener},
		connection    => $connection->{number},
		nth           => ++$connection->{count},
		method        => $method,
		path          => $path,
		query_text    => $query // '',
		query         => pairs($query),
		form          => [],
		headers       => \%headers,
		authorization => delete $headers{authorization},
		length        => $length,
		body          => '',
	};
	$connection->{last} = $version eq '0'
	    || ($headers{connection} // '') =~ /\bclose\b/i;
	$self->meet_head($connection, $request);
	$self->send_bytes($connection, "HTTP/1.1 100 Continue\r\n\r\n")
	    if !$connection->{closed}
	    && lc($headers{expect} // '') eq '100-continue';
	return $request;
}

# What is no request is answered and recorded, and the connection ends.
sub misheard {
	my ($self, $connection, $status, $why) = @_;
	my $entry = $self->record({
		listener => $connection->{listener},
		connection => $connection->{number},
		nth => ++$connection->{count},
		method => '', path => '', query_text => '', headers => {},
		body => '',
	});

	$entry->{invalid} = [$why];
	@{$connection}{qw(last busy)} = (1, 1);
	$self->reply($connection, $entry,
	    { status => $status, json => { error => $why } });
	return undef;
}

# The bytes of an answer, as head and body.
sub answer_bytes {
	my ($self, $connection, $answer) = @_;
	my $body = $answer->{body} // (exists $answer->{json}
	    ? $json->encode($answer->{json}) : '');
	my $status = $answer->{status};
	my %headers = %{$answer->{headers} // {}};
	my $head = "HTTP/1.1 $status " . ($reason{$status} // 'Status') . "\r\n";

	if ($status != 204) {
		$headers{'Content-Type'} = $answer->{type} // 'application/json';
		$headers{'Content-Length'} //= length $body;
	}
	$headers{Connection} = 'close' if $connection->{last};
	$head .= "$_: $headers{$_}\r\n" for sort keys %headers;
	return ("$head\r\n", $body);
}

# Answers, and goes on with the connection when all has been written.
sub reply {
	my ($self, $connection, $entry, $answer) = @_;

	$self->settle($entry, $answer->{status});
	return if $connection->{closed};
	$self->send_bytes($connection,
	    join('', $self->answer_bytes($connection, $answer)), 1);
}

# Writes what can be written now and the rest when the client reads.  `whole`
# says that nothing of this answer is to follow.
sub send_bytes {
	my ($self, $connection, $bytes, $whole) = @_;

	return if $connection->{closed};
	$connection->{out} .= $bytes;
	$connection->{whole} = 1 if $whole;
	$self->flush($connection);
}

sub flush {
	my ($self, $connection) = @_;

	while (length $connection->{out}) {
		my $put = syswrite $connection->{socket}, $connection->{out};

		if (!defined $put) {
			next if $! == EINTR;
			return $self->hang_up($connection)
			    unless $! == EAGAIN || $! == EWOULDBLOCK;
			return $self->watch_writing($connection->{socket},
			    sub { $self->flush($connection) });
		}
		substr $connection->{out}, 0, $put, '';
	}
	$self->unwatch_writing($connection->{socket});
	return unless delete $connection->{whole};
	return $self->hang_up($connection) if $connection->{last};
	$connection->{busy} = 0;
	$self->advance($connection);
}

# FIN, or RST where something was not read.
sub hang_up {
	my ($self, $connection) = @_;

	return if $connection->{closed}++;
	delete $self->{connections}{$connection->{number}};
	$self->unwatch($connection->{socket});
	close $connection->{socket};
}

# RST in any case.
sub reset_connection {
	my ($self, $connection) = @_;

	setsockopt $connection->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0
	    unless $connection->{closed};
	$self->hang_up($connection);
}

1;
