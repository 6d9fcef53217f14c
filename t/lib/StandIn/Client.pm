package StandIn::Client;
# How a test starts a stand-in, and what it says to it.
#
#	my $twilio = StandIn::Client->start('twilio');
#	$twilio->script({ path => '/Messages', action => 'hang' });
#	my ($entry) = $twilio->ledger;
use strict;
use warnings;
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use POSIX ();
use StandIn::Form qw(escape);
use Time::HiRes qw(time);

# What t/standin/twilio accepts unless told.
use constant LOGIN =>
    'AC0123456789abcdef0123456789abcdef:c0ffee00ca9a4100c0ffee00ca9a4100';

my $json = JSON::PP->new->utf8->allow_nonref;

# One that somebody else has started; `file` has its ports.
sub new {
	my ($class, $file) = @_;

	open my $in, '<', $file or die "$file: $!\n";
	chomp(my @ports = <$in>);
	return bless { port => $ports[0], download_port => $ports[1],
	    storage_port => $ports[2] }, $class;
}

# A process of its own, which ends with the object.
sub start {
	my ($class, $name, @options) = @_;
	my $dir = File::Temp->newdir;
	my $pid = fork // die "fork: $!";

	if (!$pid) {
		exec $^X, "$ENV{abs_top_srcdir}/t/standin/$name",
		    '--port-file', "$dir/ports", @options
		    or POSIX::_exit(127);
	}
	my $deadline = time + 60;
	until (-e "$dir/ports") {
		die "$name does not listen\n" if time > $deadline
		    || waitpid($pid, POSIX::WNOHANG()) == $pid;
		select undef, undef, undef, 0.01;
	}
	my $self = $class->new("$dir/ports");
	@{$self}{qw(pid dir owner)} = ($pid, $dir, $$);
	return $self;
}

# Ends it; returns its wait status.
sub stop {
	my ($self) = @_;
	my $pid = delete $self->{pid} // return;

	kill 'TERM', $pid;
	waitpid $pid, 0;
	return $?;
}

sub DESTROY {
	my ($self) = @_;

	local ($?, $@, $!);
	$self->stop if $self->{pid} && $self->{owner} == $$;
}

sub url {
	my ($self) = @_;

	return "http://127.0.0.1:$self->{port}";
}

sub connection {
	my ($self, $port) = @_;

	return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port // $self->{port}) // die "connect: $!\n";
}

# One HTTP request over a connection of its own, or over `socket`.  Returns
# {status, headers, body, json}; undef where no whole answer comes.
sub request {
	my ($self, $method, $target, %opt) = @_;
	my $body = $opt{body} // '';
	my %headers = (Host => "127.0.0.1:$self->{port}",
	    %{$opt{headers} // {}});
	my $socket = $opt{socket} // $self->connection($opt{port});

	$headers{'Content-Length'} = length $body if $body ne '';
	local $SIG{PIPE} = 'IGNORE';
	print {$socket} join('', "$method $target HTTP/1.1\r\n",
	    (map { "$_: $headers{$_}\r\n" } sort keys %headers),
	    "\r\n", $body);
	$socket->flush;
	return read_answer($socket, $opt{timeout});
}

# A call as Twilio's REST interfaces want it.  `fields` go into the form of a
# POST, else into the query; `login` is the pair for Basic authentication, or
# undef for none.
sub call {
	my ($self, $method, $path, $fields, %opt) = @_;
	my $login = exists $opt{login} ? $opt{login} : LOGIN;
	my %headers = %{$opt{headers} // {}};
	my $body = '';

	$headers{Authorization} = 'Basic ' . encode_base64($login, '')
	    if defined $login;
	if ($fields && $method eq 'POST') {
		$headers{'Content-Type'} //= 'application/x-www-form-urlencoded';
		$body = form($fields);
	} elsif ($fields) {
		$path .= '?' . form($fields);
	}
	return $self->request($method, $path, %opt, headers => \%headers,
	    body => $body);
}

# A call with JSON, or with parts [[name, text], [name, bytes, file name, type],
# ...] of multipart/form-data; `bearer` is the token.
sub ask {
	my ($self, $method, $path, %opt) = @_;
	my %headers = %{$opt{headers} // {}};
	my $body = $opt{body} // '';

	$headers{Authorization} = "Bearer $opt{bearer}"
	    if defined $opt{bearer};
	if (exists $opt{json}) {
		$headers{'Content-Type'} //= 'application/json';
		$body = $json->encode($opt{json});
	} elsif ($opt{parts}) {
		$headers{'Content-Type'} //= 'multipart/form-data; boundary=-x-';
		$body = join '', map({ part(@$_) } @{$opt{parts}}), "---x---\r\n";
	}
	return $self->request($method, $path, %opt, headers => \%headers,
	    body => $body);
}

sub part {
	my ($name, $bytes, $file, $type) = @_;

	utf8::encode($bytes) if utf8::is_utf8($bytes);
	$file =~ s/"/%22/g if defined $file;
	return qq(---x-\r\nContent-Disposition: form-data; name="$name") .
	    (defined $file ? qq(; filename="$file") : '') . "\r\n" .
	    (defined $type ? "Content-Type: $type\r\n" : '') .
	    "\r\n$bytes\r\n";
}

sub read_answer {
	my ($socket, $timeout) = @_;
	my $deadline = time + ($timeout // 60);
	my $select = IO::Select->new($socket);
	my $bytes = '';

	for (;;) {
		my $answer = parse_answer($bytes);

		return $answer if $answer;
		my $left = $deadline - time;
		return undef if $left <= 0 || !$select->can_read($left);
		return undef unless sysread $socket, $bytes, 1 << 16,
		    length $bytes;
	}
}

# undef while it is not whole.  JSON of more than a megabyte is left alone.
sub parse_answer {
	my ($bytes) = @_;
	my $end = index $bytes, "\r\n\r\n";

	return undef if $end < 0;
	my ($first, @lines) = split /\r\n/, substr $bytes, 0, $end;
	my ($status) = $first =~ m{^HTTP/1\.1 (\d{3})} or return undef;
	my %headers = map { my ($name, $value) = split /: */, $_, 2;
	    (lc $name => $value) } @lines;
	my $length = $headers{'content-length'} // 0;
	return undef if length($bytes) - $end - 4 < $length;
	my $body = substr $bytes, $end + 4, $length;
	return {
		status  => $status + 0,
		headers => \%headers,
		body    => $body,
		json    => $length < 1 << 20
		    ? scalar eval { $json->decode($body) } : undef,
	};
}

# ---- the control interface

sub control {
	my ($self, $method, $name, $data) = @_;
	my $answer = $self->request($method, "/_control/$name",
	    body => defined $data ? $json->encode($data) : '')
	    // die "the stand-in does not answer\n";

	my $result = $json->decode($answer->{body});
	die "$name: $result->{error}" if $answer->{status} != 200;
	return $result;
}

# Rules (StandIn::Rules); returns their numbers.
sub script {
	my ($self, @rules) = @_;

	return @{$self->control('POST', 'rules', \@rules)->{ids}};
}

sub rules {
	my ($self) = @_;

	return @{$self->control('GET', 'rules')->{rules}};
}

sub clear_rules {
	my ($self) = @_;

	$self->control('DELETE', 'rules');
}

# The entries from a number on; at most `count`.
sub ledger {
	my ($self, $from, $count) = @_;

	return @{$self->control('GET', 'ledger?from=' . ($from // 0) .
	    (defined $count ? "&count=$count" : ''))->{entries}};
}

sub state {
	my ($self) = @_;

	return $self->control('GET', 'state');
}

sub set {
	my ($self, %settings) = @_;

	return $self->control('POST', 'settings', \%settings);
}

sub reset {
	my ($self) = @_;

	$self->control('POST', 'reset');
}

# The value of a field of an entry's form, or undef.
sub field {
	my ($entry, $name) = @_;
	my ($pair) = grep { $_->[0] eq $name } @{$entry->{form}};

	return $pair ? $pair->[1] : undef;
}

# A form or query: pairs, or a hash.
sub form {
	my ($fields) = @_;
	my @pairs = ref $fields eq 'ARRAY' ? @$fields
	    : map { $_ => $fields->{$_} } sort keys %$fields;
	my @parts;

	while (my ($name, $value) = splice @pairs, 0, 2) {
		push @parts, escape($name) . '=' . escape($value);
	}
	return join '&', @parts;
}

1;
