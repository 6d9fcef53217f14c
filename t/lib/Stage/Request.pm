package Stage::Request;
# What a test asks of a stage: callbacks as Frontline sends them, and worse.
use strict;
use warnings;
use Curl qw(fetch load parse_head);
use Exporter 'import';
use Exposition;
use FastCGI;
use IO::Select;
use IO::Socket::INET;
use Sign qw(form signature);

our @EXPORT_OK = qw(in_time);

# How long nginx waits for most answers; whoever gets one then was not answered.
use constant NGINX_WAITS => 5;

my %PATH_OF = (
	GetCustomersList               => '/callbacks/crm',
	GetCustomerDetailsByCustomerId => '/callbacks/crm',
	GetProxyAddress                => '/callbacks/outgoing-conversation',
	GetTemplatesByCustomerId       => '/callbacks/templates',
);

# One callback as hash for fetch(): `fields` without Location and Worker gets
# them.  Options: path, token, signature (undef: none), sign_url, body,
# headers, method, timeout, content_type, options.
sub callback {
	my ($self, $location, $fields, %opt) = @_;
	my @pairs = Sign::pairs_of($fields // {});
	my %given = @pairs;
	my $path = $opt{path} // $PATH_OF{$location // ''} // '/callbacks/crm';

	unshift @pairs, Worker => $self->WORKER unless exists $given{Worker};
	unshift @pairs, Location => $location unless exists $given{Location};
	return $self->signed($path, \@pairs, %opt);
}

# One webhook of Conversations as hash for fetch(), with the account.
sub webhook {
	my ($self, $event, $fields, %opt) = @_;

	return $self->signed($opt{path} // '/callbacks/conversations',
	    [AccountSid => $self->ACCOUNT, EventType => $event,
		Source => 'SDK', Sign::pairs_of($fields // {})], %opt);
}

# A signed form with these fields and no others, to any path.
sub signed {
	my ($self, $path, $fields, %opt) = @_;
	my @pairs = Sign::pairs_of($fields);
	my @headers = 'Content-Type: ' .
	    ($opt{content_type} // 'application/x-www-form-urlencoded');
	my $sign = exists $opt{signature} ? $opt{signature}
	    : signature($opt{token} // $self->TOKEN,
		$opt{sign_url} // $self->{url} . $path, \@pairs);
	push @headers, "X-Twilio-Signature: $sign" if defined $sign;
	return {
		url     => $self->{url} . $path,
		body    => $opt{body} // form(\@pairs),
		headers => [@headers, @{$opt{headers} // []}],
		method  => $opt{method},
		options => $opt{options},
		timeout => $opt{timeout},
	};
}

sub fetch_all {
	my ($self, @requests) = @_;

	return fetch("$self->{dir}/scratch", "$self->{dir}/tls/cert.pem",
	    @requests);
}

# The answer that ask() returns.  It is asked anew where that took `seconds` or
# longer, after `again`, which sets the scene: what stood still for a moment may
# have been the machine, and a program that is too slow is so each time.
sub in_time {
	my ($seconds, $ask, $again) = @_;

	for my $left (reverse 0 .. 4) {
		my $answer = $ask->();

		return $answer if $answer->{seconds} < $seconds || !$left ||
		    $answer->{seconds} >= NGINX_WAITS;
		$again->() if $again;
	}
}

sub post {
	my ($self, @callback) = @_;

	return scalar $self->fetch_all($self->callback(@callback));
}

# Asks the loopback listener.
sub health {
	my ($self, $path) = @_;

	return scalar $self->fetch_all({ url => $self->{health_url} . $path });
}

# The metrics, read (Exposition).
sub metrics {
	my ($self) = @_;
	my $answer = $self->health('/metrics');

	die "/metrics: $answer->{status}\n" if $answer->{status} != 200;
	return Exposition->parse($answer->{body});
}

# Clients that repeat one callback; see Curl.
sub load_with {
	my ($self, $opt, @callback) = @_;

	return load("$self->{dir}/scratch", "$self->{dir}/tls/cert.pem",
	    (@callback ? (request => $self->callback(@callback)) : ()), %$opt);
}

# Is that all of an answer?  One without a length goes to the end.
sub is_whole {
	my ($bytes, $has_no_body) = @_;
	my ($head, $body) = $bytes =~ /^(.*?\r\n\r\n)(.*)/s or return 0;
	my ($length) = $head =~ /^Content-Length: (\d+)/mi;

	return $has_no_body || defined $length && length $body >= $length;
}

# Bytes to nginx as they are, without TLS; returns {status, headers, body} of
# the first answer, or undef when nginx just hangs up.
sub raw_http {
	my ($self, $bytes, $timeout) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $self->{raw_port}) or die "nginx: $!";
	my $select = IO::Select->new($socket);
	my $got = '';

	local $SIG{PIPE} = 'IGNORE';
	print {$socket} $bytes;
	# The connection may be kept.
	until (is_whole($got, $bytes =~ /^HEAD /)) {
		last unless $select->can_read($timeout // 20) &&
		    sysread $socket, $got, 65536, length $got;
	}
	my ($head, $body) = split /\r\n\r\n/, $got, 2;
	my ($status, $headers) = parse_head($head // '');
	return undef unless $status;
	return {
		status  => $status,
		headers => $headers,
		body    => $body // '',
		json    => Curl::decode($headers, $body // ''),
	};
}

# A connection to the responders' socket, as nginx's user unless told.
sub fastcgi {
	my ($self, %opt) = @_;

	return FastCGI->new($self->{socket}, uid => $opt{uid} // $self->{uid});
}

# A callback as FastCGI parameters and body, for FastCGI::request().
sub fastcgi_callback {
	my ($self, @callback) = @_;
	my $request = $self->callback(@callback);
	my ($signature) = map { /^X-Twilio-Signature: (.*)/ ? $1 : () }
	    @{$request->{headers}};
	my ($path) = $request->{url} =~ m{^https://[^/]+(/.*)};

	return (
		params => {
			REQUEST_METHOD          => 'POST',
			REQUEST_URI             => $path,
			CONTENT_TYPE            =>
			    'application/x-www-form-urlencoded',
			REQUEST_ID              => '0' x 32,
			FRONTLINE_LISTENER      => 'public',
			HTTP_X_TWILIO_SIGNATURE => $signature,
		},
		body => $request->{body},
	);
}

# The request log of the responders as hashes.
sub log_lines {
	my ($self) = @_;
	my @lines;

	for (split /\n/, $self->slurp('log/fcgi.log')) {
		next unless /\breq=/;
		my %fields;
		$fields{$1} = defined $2 ? $2 : $3
		    while /(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g;
		push @lines, \%fields;
	}
	return @lines;
}

1;
