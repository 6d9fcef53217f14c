#!/usr/bin/perl
# compare.pl -- CPU per request of the whole path (nginx, responder process,
# PostgreSQL) against a floor measured in the same run: a responder of the same
# library that does nothing, plus the bare query.
#
#	compare.pl [--customers N] [--seconds N] [--rounds N] [--connections N]
#
# Prints a table; ratios within one run repeat within some 10 %, absolute
# figures do not.  Run by `make bench`; needs wrk, pgbench and the test stage.
use strict;
use warnings;
use Getopt::Long;
use IO::Socket::UNIX;
use List::Util qw(min sum0);
use POSIX ();
use Sign qw(form signature);
use Socket qw(SOCK_STREAM);
use Stage;

my %opt = (customers => 100_000, seconds => 3, rounds => 5, connections => 16,
    workers => 100);
GetOptions(\%opt, map { "$_=i" } keys %opt)
    or die "usage: compare.pl [--customers N] [--workers N] [--seconds N] " .
    "[--rounds N] [--connections N]\n";
my ($wrk) = grep { -x } map { "$_/wrk" } split /:/, $ENV{PATH};
my $null = "$ENV{abs_top_builddir}/t/bench/null-fcgi";
die "compare.pl: wrk is not installed (Debian package wrk)\n" unless $wrk;
die "compare.pl: $null is not built\n" unless -x $null;

$| = 1;
my $tick = POSIX::sysconf(&POSIX::_SC_CLK_TCK);
my @kinds = qw(list details search proxy);

print "starting PostgreSQL, nginx, 2 responder processes\n";
my $stage = Stage->new(sample => 0,
    postgres => { shared_buffers => '256MB' });
print "making $opt{customers} customers of $opt{workers} workers\n";
fill();
my %requests = map { $_ => write_requests($_) } @kinds;
my $floor = start_floor();

my (%cost, %rate);
for my $round (1 .. $opt{rounds}) {
	print "round $round of $opt{rounds}\n";
	note_cost('null', sub { drive($floor->{port}, $requests{list}) },
	    nginx => [$floor->{nginx}], responder => $floor->{pids});
	for my $kind (@kinds) {
		note_cost($kind, sub {
			drive($stage->{raw_port}, $requests{$kind});
		}, nginx => [$stage->{nginx}],
		    responder => [$stage->responder_pids],
		    postgres => [$stage->{postgres}]);
		note_cost("query $kind", sub { query($kind) },
		    postgres => [$stage->{postgres}]);
	}
}
report();
slowest();
$stage->end($_, 'KILL') for @{$floor->{pids}};
$stage->end($floor->{nginx}, 'TERM');

# Customers, an address pool, and statistics.
sub fill {
	my $file = $stage->slurp('schema/sample/bulk.sql');

	$stage->sql("SET frontline.bulk = '$opt{customers}';\n" .
	    "SET frontline.bulk_workers = '$opt{workers}';\n$file");
	$stage->sql("INSERT INTO frontline.proxy_address (address)
	    VALUES ('+15005550006'), ('+447700900006')
	    ON CONFLICT DO NOTHING");
	$stage->sql('VACUUM ANALYZE');
}

sub bulk_rows {
	my ($query) = @_;

	return map { [split /\|/] } split /\n/, $stage->sql($query);
}

# Signed requests, different ones, as a lua table for wrk.
sub write_requests {
	my ($kind) = @_;
	my @rows = bulk_rows("SELECT w.identity, c.customer_id, h.value,
	           left(c.display_name, 5)
	      FROM frontline.customer c
	      JOIN frontline.worker w ON w.worker_id = c.owner_id
	      JOIN frontline.channel h
	        ON h.customer_id = c.customer_id AND h.type = 'sms'
	     ORDER BY hashint8(c.customer_id) LIMIT 2000");
	my %fields_of = (
		list => sub { (Location => 'GetCustomersList',
		    Worker => $_[0], PageSize => 30) },
		details => sub { (Location => 'GetCustomerDetailsByCustomerId',
		    Worker => $_[0], CustomerId => $_[1]) },
		search => sub { (Location => 'GetCustomersList',
		    Worker => $_[0], PageSize => 30, Query => $_[3]) },
		proxy => sub { (Location => 'GetProxyAddress',
		    Worker => $_[0], CustomerId => $_[1],
		    ChannelType => 'sms', ChannelValue => $_[2]) },
	);
	my $lua = "local r = {\n";

	for my $row (@rows) {
		my @fields = $fields_of{$kind}->(@$row);
		my $sign = signature(Stage::TOKEN,
		    "$stage->{url}/callbacks/crm", \@fields);
		my $body = form(\@fields);

		$lua .= "{[[$body]], [[$sign]]},\n";
	}
	$lua .= <<'LUA';
}
local n = 0
wrk.method = "POST"
function request()
	n = n % #r + 1
	return wrk.format("POST", "/callbacks/crm", {
		["Content-Type"] = "application/x-www-form-urlencoded",
		["X-Twilio-Signature"] = r[n][2] }, r[n][1])
end
LUA
	return $stage->put("scratch/$kind.lua", $lua);
}

# Two null responders on one socket behind an nginx that opens a connection for
# each request, which is what a plain libfcgi program needs.
sub start_floor {
	my $dir = $stage->{dir};
	my $socket = "$dir/run/null.sock";
	my $port = Stage::Nginx::free_port();
	my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Local => $socket, Listen => 1024) or die "$socket: $!";

	chown $stage->{uid}, $stage->{gid}, $socket if !$>;
	Stage::copy_all("$dir/bin", 0755, $null);
	my @pids = map { $stage->spawn('null', $listener, $stage->as_user,
	    "$dir/bin/null-fcgi") } 1, 2;
	my $conf = $stage->put('nginx/null.conf', <<"NGINX");
daemon off;
worker_processes 1;
pid $dir/run/null.pid;
error_log $dir/log/null.error.log warn;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path $dir/temp; proxy_temp_path $dir/temp;
    fastcgi_temp_path $dir/temp; uwsgi_temp_path $dir/temp;
    scgi_temp_path $dir/temp;
    server {
        listen 127.0.0.1:$port;
        client_body_buffer_size 64k;
        location / {
            fastcgi_pass unix:$socket;
            include snippets/frontline-fastcgi.conf;
            fastcgi_param FRONTLINE_LISTENER public;
        }
    }
}
NGINX
	my $text = $stage->slurp('nginx/snippets/frontline-fastcgi.conf');
	$text =~ s/fastcgi_keep_conn\s+on/fastcgi_keep_conn off/ or die;
	$stage->put('nginx/snippets/null-fastcgi.conf', $text);
	$text = $stage->slurp('nginx/null.conf');
	$text =~ s/frontline-fastcgi/null-fastcgi/;
	$stage->put('nginx/null.conf', $text);
	my $nginx = $stage->spawn('null-nginx', undef, $stage->as_user('TERM'),
	    'nginx', '-e', "$dir/log/null.error.log", '-p', $dir,
	    '-c', $conf);
	wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port) }, 'the floor listens');
	return { port => $port, pids => \@pids, nginx => $nginx };
}

# Runs wrk; returns requests answered with 2xx, and requests per second.
sub drive {
	my ($port, $script) = @_;
	my $said = qx($wrk -t1 -c$opt{connections} -d$opt{seconds}s \\
	    -s '$script' http://127.0.0.1:$port 2>&1);
	my ($count) = $said =~ /^\s*(\d+) requests in/m or die "wrk: $said";
	my ($rate) = $said =~ /^Requests\/sec:\s*([\d.]+)/m;
	die "wrk: answers other than 2xx\n$said" if $said =~ /Non-2xx|Socket e/;
	return ($count, $rate);
}

# The query alone, by pgbench, prepared, on tables instead of functions.
sub query {
	my ($kind) = @_;
	my $w = "\\set w random(1, $opt{workers})\n" .
	    "\\set c random(1, $opt{customers})\n";
	my $owner = "(SELECT worker_id FROM frontline.worker " .
	    "WHERE identity = 'bulk' || :w || '\@example.com')";
	my %sql = (
		list => "SELECT customer_id::text, display_name, avatar
		  FROM frontline.customer WHERE owner_id = $owner
		   AND deleted_at IS NULL
		 ORDER BY sort_name, customer_id LIMIT 31",
		details => "SELECT 1, customer_id::text, display_name, avatar
		  FROM frontline.customer WHERE customer_id = :c
		 UNION ALL SELECT 2, type, value, NULL FROM frontline.channel
		 WHERE customer_id = :c
		 UNION ALL SELECT 3, type, value, display_name
		  FROM frontline.link WHERE customer_id = :c",
		search => "SELECT customer_id::text, display_name, avatar
		  FROM frontline.customer WHERE owner_id = $owner
		   AND deleted_at IS NULL
		   AND strpos(search_text, (SELECT frontline.fold('james'))) > 0
		 ORDER BY sort_name, customer_id LIMIT 31",
		proxy => "SELECT p.address FROM frontline.proxy_address p
		 WHERE p.active AND p.type = 'sms' AND EXISTS (SELECT
		  FROM frontline.customer WHERE customer_id = :c)
		 ORDER BY p.position LIMIT 1",
	);
	my $file = $stage->put("scratch/$kind.sql", "$w$sql{$kind};\n");
	my ($said, $status) = $stage->run("$ENV{PG_BINDIR}/pgbench", '-n',
	    '-M', 'prepared', '-c', 2, '-T', $opt{seconds}, '-f', $file,
	    $stage->conninfo('postgres'));
	my ($count) = $said =~ /transactions actually processed: (\d+)/
	    or die "pgbench: $said";
	return ($count, $count / $opt{seconds});
}

# CPU seconds that a process and all below it have used so far.
sub used {
	my (@roots) = @_;
	my (%of, %ticks);

	for (glob '/proc/[0-9]*/stat') {
		open my $in, '<', $_ or next;
		my ($pid, $rest) = (<$in> // '') =~ /^(\d+) \(.*\) (.*)/s
		    or next;
		my @f = split ' ', $rest;

		push @{$of{$f[1]}}, $pid;
		# With what ended children have left behind: pgbench's backends.
		$ticks{$pid} = sum0(@f[11 .. 14]);
	}
	my $sum = 0;
	while (defined(my $pid = shift @roots)) {
		$sum += $ticks{$pid} // 0;
		push @roots, @{$of{$pid} // []};
	}
	return $sum / $tick;
}

sub note_cost {
	my ($name, $run, %parts) = @_;
	my %before = map { $_ => used(@{$parts{$_}}) } keys %parts;
	my ($count, $rate) = $run->();

	push @{$cost{$name}{$_}},
	    (used(@{$parts{$_}}) - $before{$_}) / $count * 1e6
	    for keys %parts;
	push @{$rate{$name}}, $rate;
}

sub median {
	my @sorted = sort { $a <=> $b } @_;

	return @sorted ? $sorted[$#sorted / 2] : 0;
}

sub total {
	my ($name) = @_;

	return sum0(map { median(@$_) } values %{$cost{$name}});
}

sub report {
	my $null = total('null');

	printf "\nCPU per request, microseconds; medians of %d rounds of %d s, " .
	    "%d connections, %d customers\n\n", @opt{qw(rounds seconds
	    connections customers)};
	printf "%-14s %6s %9s %9s %6s %8s %6s %6s\n", 'what', 'nginx',
	    'responder', 'postgres', 'total', 'req/s', 'L', '/L';
	for my $name ('null', @kinds) {
		my $floor = $name eq 'null' ? $null
		    : $null + total("query $name");

		printf "%-14s %6.1f %9.1f %9.1f %6.1f %8.0f %6.1f %6.2f\n",
		    $name, (map { median(@{$cost{$name}{$_} // []}) }
		    qw(nginx responder postgres)), total($name),
		    median(@{$rate{$name}}), $floor, total($name) / $floor;
	}
	print "\nL: the null responder and the bare query, in the same run\n";
}

# Server time as the request log says it, one request at a time.
sub slowest {
	print "\nserver time of single requests, ms, from the request log\n\n";
	printf "%-14s %8s %8s %8s\n", qw(what median p99 most);
	for my $kind (@kinds) {
		my $before = () = $stage->log_lines;

		qx($wrk -t1 -c1 -d1s -s '$requests{$kind}' \\
		    http://127.0.0.1:$stage->{raw_port} 2>&1);
		my @all = $stage->log_lines;
		my @ms = sort { $a <=> $b } map { $_->{ms} }
		    @all[$before .. $#all];

		printf "%-14s %8.3f %8.3f %8.3f\n", $kind,
		    @ms[$#ms / 2, $#ms * 0.99, $#ms];
	}
}
