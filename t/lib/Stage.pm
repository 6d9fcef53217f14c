package Stage;
# The stage of a test: its own PostgreSQL, responder processes and nginx with
# TLS, all from what the product ships, in a directory of its own, and all gone
# when the object goes.
#
#	my $stage = Stage->new(config => { 'service.masking' => 'yes' });
#	my $answer = $stage->post('GetCustomersList', { PageSize => 2 });
#	is($answer->{status}, 200, 'a worker sees their customers');
#
# What a test forgets to look at is looked at when the stage is struck, and a
# finding fails the test file: see strike().
#
# TEST_LEAVE=1 keeps the directory and prints its name.  FRONTLINE_TEST_WRAPPER
# ("valgrind -q --error-exitcode=99") stands in front of the responder program.
use strict;
use warnings;
use Curl qw(fetch load parse_head);
use Exporter 'import';
use FastCGI;
use File::Copy ();
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(WNOHANG);
use Scalar::Util qw(weaken);
use Sign qw(form signature);
use Socket qw(SOCK_STREAM);
use Test::More ();
use Time::HiRes qw(time);

our @EXPORT = qw(wait_until);

# Nobody outside a test knows these words; they must not turn up in a log.
use constant {
	ACCOUNT => 'AC0123456789abcdef0123456789abcdef',
	TOKEN   => 'c0ffee00ca9a4100c0ffee00ca9a4100',
	NEXT    => 'c0ffee00ca9a4200c0ffee00ca9a4200',
	WORKER  => 'ana@example.com',
	CANARY  => 'canaryquery',
};

my %PATH_OF = (
	GetCustomersList               => '/callbacks/crm',
	GetCustomerDetailsByCustomerId => '/callbacks/crm',
	GetProxyAddress                => '/callbacks/outgoing-conversation',
	GetTemplatesByCustomerId       => '/callbacks/templates',
);

# Debian's psql is a Perl program that a foreign PERL5LIB breaks, and settings
# of the caller's database are not ours.
delete $ENV{PERL5LIB};
delete @ENV{grep { /^PG(?!_BINDIR$)/ } keys %ENV};
$ENV{LC_ALL} = 'C.UTF-8';
$ENV{TZ} = 'UTC';
$ENV{PATH} .= ':/usr/sbin:/sbin';

my $failed = 0;
my @standing;

# Skips the whole test file where a stage cannot stand.
sub require_tools {
	Test::More::plan(skip_all => 'no PostgreSQL server binaries')
	    unless $ENV{PG_BINDIR} && -x "$ENV{PG_BINDIR}/initdb";
	for my $tool (qw(nginx curl openssl setpriv)) {
		Test::More::plan(skip_all => "no $tool")
		    unless grep { -x "$_/$tool" } split /:/, $ENV{PATH};
	}
}

# What PostgreSQL may always say: a client that ends, or is killed, together
# with the server.
my @pg_usual = (
	qr/terminating connection due to administrator command/,
	qr/connection to client lost/,
);

# Options: config {'section.key' => value or undef}, responders (2), sample
# (1: load the sample customers), postgres {setting => value}, pg_errors [regex
# of expected lines of its log], supervised (1: by spawn-fcgi and multiwatch),
# nginx (1), nginx_workers (1).
sub new {
	my ($class, %opt) = @_;

	require_tools();
	my $self = bless {
		owner      => $$,
		processes  => {},
		responders => [],
		pg_errors  => $opt{pg_errors} // [],
		config     => $opt{config} // {},
		settings   => $opt{postgres} // {},
		wrapper    => [split ' ', $ENV{FRONTLINE_TEST_WRAPPER} // ''],
		started    => 0,
	}, $class;
	push @standing, $self;
	weaken($standing[-1]);
	$self->build_directory;
	$self->start_postgres;
	$self->migrate;
	$self->load_sample if $opt{sample} // 1;
	$self->make_certificate;
	$self->write_nginx($opt{nginx_workers} // 1);
	$self->write_config;
	$self->listen;
	if ($opt{supervised}) {
		$self->start_supervised($opt{responders} // 2);
	} else {
		$self->start_responder for 1 .. $opt{responders} // 2;
	}
	if ($opt{nginx} // 1) {
		$self->start_nginx;
		$self->wait_ready if $opt{responders} // 2;
	}
	return $self;
}

# Runs `true` every few milliseconds until it is.
sub wait_until {
	my ($true, $what, $timeout) = @_;
	my $deadline = time + ($timeout // 10);

	for (;;) {
		my $value = $true->();

		return $value if $value;
		die sprintf "waited %g s in vain: %s\n", $timeout // 10, $what
		    if time > $deadline;
		select undef, undef, undef, 0.01;
	}
}

#
# The directory and its processes.
#

# PostgreSQL refuses to run as root, and the checkout may be out of reach of
# the user it runs as: everything is copied to where that user can read it.
sub build_directory {
	my ($self) = @_;
	my $base = -d '/dev/shm' && -w '/dev/shm' ? '/dev/shm' : '/tmp';
	my ($build, $source) = @ENV{qw(abs_top_builddir abs_top_srcdir)};

	$self->{user} = $> ? getpwuid $> : 'postgres';
	(undef, undef, $self->{uid}, $self->{gid}) = getpwnam $self->{user}
	    or Test::More::plan(skip_all => "no user $self->{user}");
	my $dir = $self->{dir} = File::Temp::tempdir('flXXXXXX', DIR => $base);
	chmod 0755, $dir;
	mkdir "$dir/$_" for qw(bin log nginx nginx/snippets run schema
	    schema/sample scratch secret temp tls);
	copy_all("$dir/bin", 0755, grep { -e }
	    map { "$build/$_" } qw(frontline-fcgi frontlinectl));
	copy_all("$dir/schema", 0644, glob "'$source/schema/'*.sql");
	copy_all("$dir/schema/sample", 0644,
	    glob "'$source/schema/sample/'*.sql");
	copy_all("$dir/nginx/snippets", 0644,
	    glob "'$source/nginx/'*.conf");
	copy_all("$dir/nginx", 0644, "$source/nginx/frontline.site");
	chown $self->{uid}, $self->{gid}, $dir,
	    map { "$dir/$_" } qw(log run secret temp tls) if !$>;
	chmod 0700, "$dir/secret";
	chdir $dir or die "$dir: $!";
}

sub copy_all {
	my ($to, $mode, @files) = @_;

	for (@files) {
		my ($name) = m{([^/]+)$};
		File::Copy::copy($_, "$to/$name") or die "$_: $!";
		chmod $mode, "$to/$name";
	}
}

# A file that the unprivileged user may read; secrets are theirs alone.
sub put {
	my ($self, $name, $text, $mode) = @_;
	my $file = "$self->{dir}/$name";

	Curl::put("$file.new", $text);
	chown $self->{uid}, $self->{gid}, "$file.new" if !$>;
	chmod $mode // 0644, "$file.new";
	rename "$file.new", $file or die "$file: $!";
	return $file;
}

sub slurp {
	my ($self, $name) = @_;

	open my $in, '<', "$self->{dir}/$name" or return '';
	local $/;
	return <$in> // '';
}

# The words in front of a command that make it the unprivileged user's.  What
# loses its parent is killed, so a killed test leaves nothing.
sub as_user {
	my ($self, $signal) = @_;

	return ('setpriv', '--pdeathsig', $signal // 'KILL',
	    $> ? () : ("--reuid=$self->{uid}", "--regid=$self->{gid}",
		'--clear-groups'), '--');
}

# Runs a command to its end; returns its output and exit status.
sub run {
	my ($self, @command) = @_;
	my $file = "$self->{dir}/scratch/run.$$";
	my $pid = $self->fork_to($file, undef, $self->as_user, @command);

	waitpid $pid, 0;
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	return (Curl::take($file), $status);
}

# A child whose output goes to a file and whose input is `input` or nothing.
sub fork_to {
	my ($self, $file, $input, @command) = @_;
	my $pid = fork // die "fork: $!";

	return $pid if $pid;
	setpgrp 0, 0;
	if ($input) {
		POSIX::dup2(fileno $input, 0);
	} else {
		open STDIN, '<', '/dev/null';
	}
	open STDOUT, '>>', $file or POSIX::_exit(126);
	open STDERR, '>&', \*STDOUT;
	exec { $command[0] } @command or POSIX::_exit(127);
}

# Starts what belongs to the stage and is ended with it.
sub spawn {
	my ($self, $name, $input, @command) = @_;
	my $pid = $self->fork_to("$self->{dir}/log/$name.log", $input,
	    @command);

	$self->{processes}{$pid} = $name;
	return $pid;
}

# Waits for a process of ours to end; undef when it does not in time, else its
# exit status, or 128 + signal.
sub reap {
	my ($self, $pid, $timeout) = @_;
	my $status;

	eval {
		wait_until(sub {
			return 0 unless waitpid($pid, WNOHANG) == $pid;
			$status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
			return 1;
		}, "process $pid", $timeout // 10);
	};
	delete $self->{processes}{$pid} if defined $status;
	return $status;
}

# Signals a process of ours and waits for its end; returns as reap() does.
sub end {
	my ($self, $pid, $signal, $timeout) = @_;

	kill $signal, $pid;
	return $self->reap($pid, $timeout);
}

#
# PostgreSQL.
#

sub start_postgres {
	my ($self) = @_;
	my $dir = $self->{dir};
	my %settings = (
		fsync                   => 'off',
		listen_addresses        => '',
		log_line_prefix         => '%m [%p] %q%u ',
		max_connections         => 30,
		shared_buffers          => '16MB',
		unix_socket_directories => "$dir/run",
		%{$self->{settings}},
	);

	if (!-e "$dir/pg") {
		mkdir "$dir/pg", 0700;
		chown $self->{uid}, $self->{gid}, "$dir/pg" if !$>;
		my ($said, $status) = $self->run("$ENV{PG_BINDIR}/initdb",
		    '-D', "$dir/pg", qw(-U postgres -A trust -E UTF8
		    --locale=C.UTF-8 --no-sync --no-instructions));
		die "initdb: $said" if $status;
	}
	# A parent's death means QUIT here: the shortest way down that lets
	# PostgreSQL take its own children along.
	$self->{postgres} = $self->spawn('postgres', undef,
	    $self->as_user('QUIT'), "$ENV{PG_BINDIR}/postgres",
	    '-D', "$dir/pg", map { ('-c', "$_=$settings{$_}") }
	    sort keys %settings);
	wait_until(sub {
		die "postgres: ", $self->slurp('log/postgres.log')
		    if waitpid($self->{postgres}, WNOHANG);
		return $self->slurp('pg/postmaster.pid') =~ /^ready\s*$/m;
	}, 'PostgreSQL is ready', 30);
}

sub stop_postgres {
	my ($self, $signal) = @_;
	my $pid = delete $self->{postgres} or return 0;

	return $self->end($pid, $signal // 'INT', 30);
}

sub conninfo {
	my ($self, $role, $base) = @_;

	$base //= 'frontline';
	return "host=$self->{dir}/run port=5432 user=$role dbname=$base";
}

# Runs SQL (superuser unless `role` is given), dies when it fails, returns the
# rows as text, columns parted by "|".
sub sql {
	my ($self, $text, %opt) = @_;
	my $file = $self->put("scratch/$$.sql", $text);
	my ($said, $status) = $self->run("$ENV{PG_BINDIR}/psql", '-XAtq',
	    '-v', 'ON_ERROR_STOP=1',
	    '-d', $self->conninfo($opt{role} // 'postgres', $opt{database}),
	    '-f', $file);

	unlink $file;
	die "SQL: $said" if $status;
	chomp $said;
	return $said;
}

# A psql that stays: hand it statements with print {$pipe}.  It ends with the
# stage, or when the pipe is closed.
sub session {
	my ($self, $role) = @_;
	pipe my $read, my $write or die "pipe: $!";

	$write->autoflush(1);
	my $pid = $self->spawn('session', $read, $self->as_user,
	    "$ENV{PG_BINDIR}/psql", '-XAtq', '-d',
	    $self->conninfo($role // 'postgres'));
	close $read;
	$self->{sessions}{$pid} = $write;
	return $write;
}

sub migrate {
	my ($self) = @_;
	my $dir = $self->{dir};

	$self->sql('CREATE DATABASE frontline', database => 'postgres');
	my ($said, $status) = $self->run("$dir/bin/frontlinectl", 'migrate',
	    '--database', $self->conninfo('postgres'),
	    '--schema', "$dir/schema");
	die "frontlinectl migrate: $said" if $status;
}

sub load_sample {
	my ($self) = @_;

	$self->sql($self->slurp('schema/sample/customers.sql'));
	# The full numbers of the sample data may not appear in any log.
	$self->{numbers} = [map { /(\+\d{7,})/ ? $1 : () } split /\n/,
	    $self->sql('SELECT DISTINCT value FROM frontline.channel')];
}

#
# Configuration and responder processes.
#

# Writes the file; with arguments, changed by them ('section.key' => value, or
# undef to leave the key out).
sub write_config {
	my ($self, %change) = @_;
	my $dir = $self->{dir};
	my $config = $self->{config} = { %{$self->{config}}, %change };
	my %all = (
		'service.public_base_url'     => $self->{url},
		'service.ca_file'             => "$dir/tls/cert.pem",
		'twilio.account_sid'          => ACCOUNT,
		'twilio.auth_token_file'      => "$dir/secret/auth_token",
		'twilio.next_auth_token_file' => "$dir/secret/next_auth_token",
		'database.fcgi_conninfo'      =>
		    $self->conninfo('frontline_fcgi'),
		'responder.nginx_user'        => $self->{user},
		%$config,
	);
	my ($text, $section) = ('', '');

	$self->put('secret/auth_token', TOKEN . "\n", 0400);
	$self->put('secret/next_auth_token', NEXT . "\n", 0400);
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
	    '-b', '1024', '--', '/usr/bin/multiwatch', '-f', $count, '-s', 'TERM',
	    '-r', '2147483647', '--', @{$self->{wrapper}},
	    "$self->{dir}/bin/frontline-fcgi", '-c', $self->{conf});
}

sub responder_pids {
	my ($self) = @_;

	return children($self->{supervisor}) if $self->{supervisor};
	return grep { kill 0, $_ } @{$self->{responders}};
}

sub children {
	my ($parent) = @_;
	my @pids;

	for (glob '/proc/[0-9]*/stat') {
		open my $in, '<', $_ or next;
		my ($pid, $of) = (<$in> // '') =~ /^(\d+) \(.*\) \S (\d+)/s;
		push @pids, $pid if defined $of && $of == $parent;
	}
	return sort { $a <=> $b } @pids;
}

# Ends one responder process; returns as reap() does.
sub end_responder {
	my ($self, $pid, $signal, $timeout) = @_;

	@{$self->{responders}} = grep { $_ != $pid } @{$self->{responders}};
	return $self->end($pid, $signal, $timeout);
}

#
# nginx.
#

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

# The site as shipped, with the names, ports and paths of this stage.
sub write_nginx {
	my ($self, $workers) = @_;
	my $dir = $self->{dir};
	my ($tls, $plain, $health, $raw) = map { free_port() } 1 .. 4;
	my $site = $self->slurp('nginx/frontline.site');
	my $http = $self->slurp('nginx/snippets/frontline-http.conf');
	my $change = sub {
		my ($text, $from, $to) = @_;
		$$text =~ s/$from/$to/g or die "no $from in the site\n";
	};

	$change->(\$http, qr{unix:/run/frontline/fcgi\.sock},
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
	$self->put('nginx/snippets/frontline-http.conf', $http);
	$self->put('nginx/nginx.conf', <<"END");
daemon off;
worker_processes $workers;
pid $dir/run/nginx.pid;
error_log $dir/log/nginx.error.log warn;
events { worker_connections 1024; }
http {
    client_body_temp_path $dir/temp/body;
    proxy_temp_path $dir/temp/proxy;
    fastcgi_temp_path $dir/temp/fastcgi;
    uwsgi_temp_path $dir/temp/uwsgi;
    scgi_temp_path $dir/temp/scgi;
$site
    # For requests that no TLS client would send: see raw_http().
    server {
        listen 127.0.0.1:$raw;
        access_log $dir/log/frontline.access.log frontline;
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

sub start_nginx {
	my ($self) = @_;
	my $dir = $self->{dir};

	$self->{nginx} = $self->spawn('nginx', undef, $self->as_user('TERM'),
	    'nginx', '-e', "$dir/log/nginx.error.log", '-p', $dir,
	    '-c', "$dir/nginx/nginx.conf");
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

# Until every responder process has said that it is ready (a signal would come
# too early otherwise), and the database has been reached.
sub wait_ready {
	my ($self) = @_;
	my $patience = @{$self->{wrapper}} ? 120 : 20;

	wait_until(sub {
		my $ready = () = $self->slurp('log/fcgi.log') =~ /\bready$/mg;
		return $ready >= $self->{started};
	}, 'the responder processes are ready', $patience);
	wait_until(sub { $self->health('/readyz')->{status} == 200 },
	    'the service is ready', $patience);
}

#
# Requests.
#

# One callback as hash for fetch(): `fields` without Location and Worker gets
# them.  Options: path, token, signature (undef: none), sign_url, body,
# headers, method, timeout, content_type, options.
sub callback {
	my ($self, $location, $fields, %opt) = @_;
	my @pairs = Sign::pairs_of($fields // {});
	my %given = @pairs;
	my $path = $opt{path} // $PATH_OF{$location // ''} // '/callbacks/crm';
	my @headers = 'Content-Type: ' .
	    ($opt{content_type} // 'application/x-www-form-urlencoded');

	unshift @pairs, Worker => WORKER unless exists $given{Worker};
	unshift @pairs, Location => $location unless exists $given{Location};
	my $sign = exists $opt{signature} ? $opt{signature}
	    : signature($opt{token} // TOKEN,
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

sub post {
	my ($self, @callback) = @_;

	return scalar $self->fetch_all($self->callback(@callback));
}

# Asks the loopback listener.
sub health {
	my ($self, $path) = @_;

	return scalar $self->fetch_all({ url => $self->{health_url} . $path });
}

# Clients that repeat one callback; see Curl.
sub load_with {
	my ($self, $opt, @callback) = @_;

	return load("$self->{dir}/scratch", "$self->{dir}/tls/cert.pem",
	    request => $self->callback(@callback), %$opt);
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
	# The connection may be kept: the answer ends where nothing follows.
	while ($select->can_read($got eq '' ? $timeout // 10 : 0.1)) {
		last unless sysread $socket, $got, 65536, length $got;
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

#
# The end.
#

# Ends everything and returns what was wrong on the way.
sub strike {
	my ($self) = @_;
	my @wrong;

	return unless $self->{dir};
	chdir '/';
	close $_ for values %{delete $self->{sessions} // {}};
	$self->reap($_, 5) for
	    grep { $self->{processes}{$_} eq 'session' }
	    keys %{$self->{processes}};
	push @wrong, $self->end_nginx, $self->end_responders,
	    $self->end_database, $self->end_rest, $self->look_at_logs;
	if ($ENV{TEST_LEAVE}) {
		Test::More::diag("left: $self->{dir}");
	} else {
		system 'rm', '-rf', $self->{dir};
	}
	delete $self->{dir};
	return @wrong;
}

sub end_nginx {
	my ($self) = @_;
	my $pid = delete $self->{nginx} or return;
	my $status = $self->end($pid, 'QUIT', 5) //
	    $self->end($pid, 'TERM', 5);

	return if defined $status && $status == 0;
	return 'nginx ended with ' . ($status // 'nothing');
}

sub end_responders {
	my ($self) = @_;
	my @pids = @{$self->{responders}};
	my @wrong;

	push @pids, $self->{supervisor} if $self->{supervisor};
	for my $pid (@pids) {
		next unless waitpid($pid, WNOHANG) == $pid;
		push @wrong, "responder process $pid ended early: wait $?";
		delete $self->{processes}{$pid};
	}
	@pids = grep { $self->{processes}{$_} } @pids;
	kill 'TERM', @pids;
	my $patience = @{$self->{wrapper}} ? 30 : 8;
	for my $pid (@pids) {
		my $status = $self->reap($pid, $patience);

		push @wrong, "responder process $pid left with " .
		    ($status // "nothing in $patience s") . ' on SIGTERM'
		    if ($status // 1) != 0;
	}
	return @wrong;
}

sub end_database {
	my ($self) = @_;
	my $status = $self->stop_postgres;

	return if defined $status && $status == 0;
	return 'PostgreSQL ended with ' . ($status // 'nothing');
}

sub end_rest {
	my ($self) = @_;
	my @wrong;

	for my $pid (keys %{$self->{processes}}) {
		push @wrong, "$self->{processes}{$pid} had to be killed";
		$self->end($pid, 'KILL', 10);
	}
	for (glob '/proc/[0-9]*/cmdline') {
		open my $in, '<', $_ or next;
		my $line = <$in> // '';
		next unless index($line, $self->{dir}) >= 0;
		$line =~ tr/\0/ /;
		push @wrong, "a process is left: $line";
		kill 'KILL', m{(\d+)};
	}
	return @wrong;
}

sub look_at_logs {
	my ($self) = @_;
	my $secret = join '|', map { quotemeta }
	    TOKEN, NEXT, CANARY, @{$self->{numbers} // []};
	my @wrong;

	for my $file (glob "$self->{dir}/log/*") {
		my ($name) = $file =~ m{([^/]+)$};
		my $forbidden = qr/Sanitizer|runtime error:|^==\d+== (?!\s*$)/;

		$forbidden = qr/$forbidden|\[(?:alert|emerg|crit)\]/
		    if $name eq 'nginx.error.log';
		$forbidden = qr/$forbidden|\b(?:ERROR|FATAL|PANIC): /
		    if $name eq 'postgres.log';
		$forbidden = qr/$forbidden|$secret/
		    if $name eq 'fcgi.log' || $name =~ /access/;
		open my $in, '<', $file or next;
		while (my $line = <$in>) {
			next unless $line =~ $forbidden;
			next if $name eq 'postgres.log' &&
			    grep { $line =~ $_ } @pg_usual, @{$self->{pg_errors}};
			chomp $line;
			push @wrong, "$name:$.: $line";
		}
	}
	return @wrong;
}

sub DESTROY {
	my ($self) = @_;

	return unless $self->{owner} == $$;
	local ($?, $@, $!);
	for ($self->strike) {
		$failed = 1;
		Test::More::diag("stage: $_");
	}
}

END {
	my $status = $?;

	# Before perl takes the parts of what still stands away in no order.
	for my $stage (grep { defined } @standing) {
		$stage->DESTROY;
	}
	$? = $status || $failed;
}

$SIG{INT} = $SIG{TERM} = sub { exit 130 };

1;
