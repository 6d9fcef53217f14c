package Stage::Responder;
# A stage's configuration and responder processes.
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Stage::Process qw(children wait_until);

# Writes the file; with arguments, changed by them ('section.key' => value, or
# undef to leave the key out).
sub write_config {
	my ($self, %change) = @_;
	my $dir = $self->{dir};
	my $config = $self->{config} = { %{$self->{config}}, %change };
	my %all = (
		'service.public_base_url'     => $self->{url},
		'service.ca_file'             => "$dir/tls/cert.pem",
		'twilio.account_sid'          => $self->ACCOUNT,
		'twilio.auth_token_file'      => "$dir/secret/auth_token",
		'twilio.next_auth_token_file' => "$dir/secret/next_auth_token",
		'database.fcgi_conninfo'      =>
		    $self->conninfo('frontline_fcgi'),
		'database.relay_conninfo'     =>
		    $self->conninfo('frontline_relay'),
		'responder.nginx_user'        => $self->{user},
		'metrics.file'                => "$dir/run/metrics",
		$self->twilio_config,
		$self->front_config,
		%$config,
	);
	my ($text, $section) = ('', '');

	$self->put('secret/auth_token', $self->TOKEN . "\n", 0400);
	$self->put('secret/next_auth_token', $self->NEXT . "\n", 0400);
	for (sort grep { defined $all{$_} } keys %all) {
		my ($in, $key) = /^(.+)\.([^.]+)$/;

		$text .= "[$in]\n" if $in ne $section;
		$text .= "$key = $all{$_}\n";
		$section = $in;
	}
	return $self->{conf} = $self->put('frontline.conf', $text);
}

# The socket that all responder processes share.
sub listen {
	my ($self) = @_;
	my $path = $self->{socket} = "$self->{dir}/run/fcgi.sock";

	unlink $path;
	my $mask = umask 0117;
	$self->{listener} = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Local => $path, Listen => 1024) or die "$path: $!";
	umask $mask;
	chown $self->{uid}, $self->{gid}, $path if !$>;
}

sub start_responder {
	my ($self) = @_;
	my $pid = $self->spawn('fcgi', $self->{listener}, $self->as_user,
	    @{$self->{wrapper}}, "$self->{dir}/bin/frontline-fcgi",
	    '-c', $self->{conf});

	$self->{started}++;
	push @{$self->{responders}}, $pid;
	return $pid;
}

# As README.md tells an administrator to, in the foreground.
sub start_supervised {
	my ($self, $count) = @_;

	close delete $self->{listener};
	unlink $self->{socket};
	$self->{started} = $count;
	$self->{supervisor} = $self->spawn('fcgi', undef, $self->as_user,
	    'spawn-fcgi', '-n', '-s', $self->{socket}, '-M', '0660',
	    '-b', '1024', '--', '/usr/bin/multiwatch', '-f', $count,
	    '-r', '2147483647', '--', @{$self->{wrapper}},
	    "$self->{dir}/bin/frontline-fcgi", '-c', $self->{conf});
}

sub responder_pids {
	my ($self) = @_;

	return children($self->{supervisor}) if $self->{supervisor};
	return grep { kill 0, $_ } @{$self->{responders}};
}

# Ends one responder process; returns as reap() does.
sub end_responder {
	my ($self, $pid, $signal, $timeout) = @_;

	@{$self->{responders}} = grep { $_ != $pid } @{$self->{responders}};
	return $self->end($pid, $signal, $timeout);
}

# Until every responder process has its database back: each tries by itself,
# and the answer of one says nothing about the others.
sub wait_database {
	my ($self) = @_;

	wait_until(sub {
		my $log = $self->slurp('log/fcgi.log');
		my %state;

		$state{$1} = $2
		    while $log =~ /\[(\d+)\] \w+: database: (connected|away)/g;
		return !grep { ($state{$_} // '') ne 'connected' }
		    $self->responder_pids;
	}, 'every responder process has its database');
}

# Until every responder process has said that it is ready (a signal would come
# too early otherwise), and the database has been reached.
sub wait_ready {
	my ($self) = @_;
	my $patience = @{$self->{wrapper}} ? 120 : 60;

	wait_until(sub {
		my $ready = () = $self->slurp('log/fcgi.log') =~ /\bready$/mg;
		return $ready >= $self->{started};
	}, 'the responder processes are ready', $patience);
	wait_until(sub { $self->health('/readyz')->{status} == 200 },
	    'the service is ready', $patience);
}

1;
