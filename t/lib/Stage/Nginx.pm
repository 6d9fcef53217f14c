package Stage::Nginx;
# A stage's nginx: the site as shipped, TLS with a certificate of its own.
use strict;
use warnings;
use Fcntl qw(F_SETFD);
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Socket qw(SOMAXCONN);
use Stage::Process qw(wait_until);

sub make_certificate {
	my ($self) = @_;
	my ($said, $status) = $self->run(qw(openssl req -x509 -newkey ec
	    -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2
	    -subj /CN=localhost), '-addext',
	    'subjectAltName=DNS:localhost,IP:127.0.0.1',
	    '-keyout', "$self->{dir}/tls/key.pem",
	    '-out', "$self->{dir}/tls/cert.pem");

	die "openssl: $said" if $status;
	chmod 0644, "$self->{dir}/tls/cert.pem";
}

# A port that nobody listens on, below those that the kernel gives away.
sub free_port {
	for (1 .. 200) {
		my $port = 10000 + int rand 22000;

		return $port if IO::Socket::INET->new(Listen => 1,
		    LocalAddr => '127.0.0.1', LocalPort => $port);
	}
	die "no free port\n";
}

# Ports of nginx.  They are bound here and handed over, so nobody can take one
# before nginx starts; until then they refuse, because nothing listens.
sub bind_ports {
	my ($self, $count) = @_;

	$self->{nginx_sockets} = [map {
		IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp')
		    or die "no free port: $@\n"
	} 1 .. $count];
	return map { $_->sockport } @{$self->{nginx_sockets}};
}

# The site as shipped, with the names, ports and paths of this stage.
sub write_nginx {
	my ($self, $workers) = @_;
	my $dir = $self->{dir};
	my ($tls, $plain, $health, $raw) = $self->bind_ports(4);
	my $site = $self->slurp('nginx/frontline.site');
	my $http = $self->slurp('nginx/snippets/frontline-http.conf');
	my $change = sub {
		my ($text, $from, $to) = @_;
		$$text =~ s/$from/$to/g or die "no $from in the site\n";
	};

	$change->(\$http, qr{unix:/\S+/fcgi\.sock},
	    "unix:$dir/run/fcgi.sock");
	$change->(\$site, qr{^ *listen \[::\].*\n}m, '');
	$change->(\$site, qr{listen 443}, "listen 127.0.0.1:$tls");
	$change->(\$site, qr{listen 80;}, "listen 127.0.0.1:$plain;");
	$change->(\$site, qr{127\.0\.0\.1:8089}, "127.0.0.1:$health");
	$change->(\$site, qr{/etc/letsencrypt/live/[^/]+/fullchain\.pem},
	    "$dir/tls/cert.pem");
	$change->(\$site, qr{/etc/letsencrypt/live/[^/]+/privkey\.pem},
	    "$dir/tls/key.pem");
	$change->(\$site, qr{frontline\.example\.com}, 'localhost');
	$change->(\$site, qr{/var/log/nginx/}, "$dir/log/");
	# The site's own error log as shipped, and one that a test can read.
	my $error_logs = "error_log $dir/log/frontline.error.log alert;\n" .
	    "    error_log $dir/log/nginx.error.log warn;";
	$change->(\$site, qr{error_log   \S+/frontline\.error\.log alert;},
	    $error_logs);
	$self->put('nginx/snippets/frontline-http.conf', $http);
	$self->put('nginx/nginx.conf', <<"END");
daemon off;
worker_processes $workers;
pid $dir/run/nginx.pid;
error_log $dir/log/nginx.error.log warn;
events { worker_connections 1024; }
http {
    @{[$self->temp_paths]}
$site
    # For requests that no TLS client would send: see raw_http().
    server {
        listen 127.0.0.1:$raw;
        access_log $dir/log/frontline.access.log frontline;
        $error_logs
        include snippets/frontline-server.conf;
        include snippets/frontline-locations.conf;
    }
}
END
	$self->{url} = "https://localhost:$tls";
	$self->{health_url} = "http://127.0.0.1:$health";
	$self->{plain_url} = "http://127.0.0.1:$plain";
	$self->{raw_port} = $raw;
}

# Lines of http{} that keep nginx's files within the stage.
sub temp_paths {
	my ($self) = @_;

	return join "\n    ", map { "$_->[0]_temp_path $self->{dir}/temp/$_->[1];" }
	    ['client_body', 'body'], map { [$_, $_] } qw(proxy fastcgi uwsgi scgi);
}

sub start_nginx {
	my ($self) = @_;
	my $dir = $self->{dir};
	my @sockets = @{delete $self->{nginx_sockets}};

	# How a former nginx, after an upgrade, leaves its sockets to the next.
	local $ENV{NGINX} = join '', map { fileno($_) . ';' } @sockets;
	for (@sockets) {
		listen $_, SOMAXCONN or die "listen: $!";
		# As nginx has its own: two processes may see one connection.
		$_->blocking(0);
		fcntl $_, F_SETFD, 0 or die "fcntl: $!";
	}
	$self->{nginx} = $self->spawn('nginx', undef, $self->as_user('TERM'),
	    'nginx', '-e', "$dir/log/nginx.error.log", '-p', $dir,
	    '-c', "$dir/nginx/nginx.conf");
	close $_ for @sockets;
	wait_until(sub {
		die 'nginx: ', $self->slurp('log/nginx.error.log')
		    if waitpid($self->{nginx}, WNOHANG);
		return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		    PeerPort => $self->{raw_port});
	}, 'nginx listens');
}

sub reload_nginx {
	my ($self) = @_;

	kill 'HUP', $self->{nginx};
}

1;
