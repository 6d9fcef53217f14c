#!/usr/bin/perl
# Whom the relay believes to be Twilio: certificates, and an environment that
# knows better.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    config => { 'limits.users_interval' => 0 });
my $dir = $stage->{dir};

# The sample's own conversation would get a worker meanwhile.
$stage->sql('DELETE FROM frontline.conversation');
$stage->twilio->set(auto_conversations => 1);

# ---- certificates, and a front that shows one on each port
sub openssl {
	my ($said, $status) = $stage->run('openssl', @_);

	die "openssl @_: $said" if $status;
}

sub make_ca {
	my ($name) = @_;

	openssl(qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1
	    -nodes -days 2 -subj), "/CN=$name", '-keyout', "$dir/tls/$name.key",
	    '-out', "$dir/tls/$name.pem");
}

sub make_certificate {
	my ($name, $ca, $host, @dates) = @_;

	$stage->put("tls/$name.ext", "subjectAltName=$host\n");
	openssl(qw(req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes
	    -subj), "/CN=$name", '-keyout', "$dir/tls/$name.key",
	    '-out', "$dir/tls/$name.csr");
	openssl(qw(x509 -req), '-in', "$dir/tls/$name.csr", '-CA',
	    "$dir/tls/$ca.pem", '-CAkey', "$dir/tls/$ca.key",
	    '-CAcreateserial', '-extfile', "$dir/tls/$name.ext", '-out',
	    "$dir/tls/$name.pem", @dates);
}

my $here = 'DNS:localhost,IP:127.0.0.1';
my @names = qw(good foreign stale stranger);
make_ca($_) for qw(ours theirs);
make_certificate('good', 'ours', $here, '-days', 1);
make_certificate('foreign', 'ours', 'DNS:api.example.com', '-days', 1);
make_certificate('stale', 'ours', $here, '-days', -1);
make_certificate('stranger', 'theirs', $here, '-days', 1);

my %port;
@port{@names} = $stage->bind_ports(scalar @names);
my $upstream = $stage->twilio_url;
my $servers = join '', map { <<"END" } @names;
    server {
        listen 127.0.0.1:$port{$_} ssl;
        ssl_certificate $dir/tls/$_.pem;
        ssl_certificate_key $dir/tls/$_.key;
        location / { proxy_pass $upstream; }
    }
END
$stage->put('nginx/nginx.conf', <<"END");
daemon off;
pid $dir/run/nginx.pid;
error_log $dir/log/nginx.error.log warn;
events { }
http {
    @{[$stage->temp_paths]}
    access_log $dir/log/front.access.log;
$servers
}
END
$stage->{raw_port} = $port{good};
$stage->start_nginx;

# A message, to be sent to one of them.
sub try {
	my ($name, %more) = @_;
	my $sid = $stage->new_sid('CH');

	$stage->write_config('service.ca_file' => "$dir/tls/ours.pem",
	    'twilio.conversations_base_url' => "https://localhost:$port{$name}",
	    %more);
	return $stage->enqueue($sid, $sid, 'message.add',
	    { conversation_sid => $sid, body => $stage->CANARY });
}

# ---- a good certificate, and an environment that must not matter
my $trap = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1')
    or die "no free port: $@";
my $proxy = 'http://127.0.0.1:' . $trap->sockport;
$stage->put('run/.netrc', "default login eve password evil\n", 0600);
my %environment = (
	(map { ($_ => $proxy) } qw(http_proxy https_proxy HTTPS_PROXY
	    all_proxy ALL_PROXY)),
	HOME           => "$dir/run",
	NETRC          => "$dir/run/.netrc",
	SSLKEYLOGFILE  => "$dir/run/keys",
	CURL_CA_BUNDLE => "$dir/tls/theirs.pem",
	SSL_CERT_FILE  => "$dir/tls/theirs.pem",
);
my $job = try('good');
my $relay = do {
	local @ENV{keys %environment} = values %environment;
	$stage->start_relay;
};
like($stage->wait_outcome($job), qr/^sent\|.*\|1$/, 'a good certificate');
my ($request) = $stage->ledger;
is($request->{auth}, 'right', 'our credentials, whatever netrc says');
is(IO::Select->new($trap)->can_read(0), undef, 'and no proxy');
ok(!-e "$dir/run/keys", 'the keys of the connection are told to nobody');
is($stage->end_relay($relay), 0, 'the relay stops');

# ---- whom it does not believe
my $from = () = $stage->ledger;
my $served = () = $stage->slurp('log/front.access.log') =~ /\n/g;
$stage->put('tls/garbage.pem', "no certificate\n");
for (['foreign', 'of another host', {}], ['stale', 'that is out of date', {}],
    ['stranger', 'of an unknown authority', {}],
    ['good', 'with authorities that cannot be read',
        { 'service.ca_file' => "$dir/tls/garbage.pem" }]) {
	my ($name, $what, $more) = @$_;

	$job = try($name, %$more);
	$relay = do {
		local @ENV{keys %environment} = values %environment;
		$stage->start_relay;
	};
	$stage->wait_put_back($job, qr/./);
	is($stage->sql("SELECT attempt, wire_at FROM frontline_queue.job
	    WHERE job_id = $job"), '0|', "a certificate $what: not sent");
	wait_until(sub { $stage->sql("SELECT paused_until > now() + interval
	    '20 seconds' FROM frontline_queue.destination
	    WHERE name = 'conversations'") eq 't' },
	    'the destination is paused');
	ok($stage->relay_said(
	    qr/\[$relay\] error: conversations: paused for \d+ ms: .*(?:SSL|cert)/),
	    'and an error line says why');
	is($stage->end_relay($relay), 0, 'the relay stops');
	is(scalar(() = $stage->ledger($from)), 0, 'nothing has reached Twilio');
	$stage->sql("SELECT frontline_queue.resume('conversations')");
}
is(scalar(() = $stage->slurp('log/front.access.log') =~ /\n/g), $served,
    'or whoever it was');

# All of it is delivered when the right one answers.
try('good');
$relay = $stage->start_relay;
$stage->hurry_all;
is($stage->sql("SELECT DISTINCT outcome, attempts FROM frontline_queue.done"),
    'sent|1', 'the right one gets all of it');
done_testing;
