#!/usr/bin/perl
# Two application hosts and a database host, each in a network of its own: TLS
# and passwords between them, requests through both, work that both relays
# share; and one host that is cut off, whose work the other takes over, once.
use strict;
use warnings;
use Hosts;
use Stage;
use Stage::Host;
use Test::More;

use constant NAME => 'db.frontline.test';

# As a service has it; libpq looks for certificates there.
$ENV{HOME} = '/nonexistent';
Stage::require_tools();
my $hosts = Hosts->new(qw(db a b));
my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    server_network => $hosts->network('db'), postgres => {
	listen_addresses => $hosts->address('db'), port => 5432,
	max_connections  => 40,
    });
my $dir = $stage->{dir};

sub run {
	my ($said, $status) = $stage->run(@_);

	die "@_: $said" if $status;
}

# A CA of our own, and the database's certificate for its name.
my @key = qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2);
run(qw(openssl req -x509), @key, '-subj', '/CN=Test CA', '-keyout',
    "$dir/tls/ca.key", '-out', "$dir/tls/ca.pem");
run(qw(openssl req -x509), @key, '-subj', '/CN=' . NAME, '-CA',
    "$dir/tls/ca.pem", '-CAkey', "$dir/tls/ca.key", '-addext',
    'subjectAltName=DNS:' . NAME, '-keyout', "$dir/tls/db.key", '-out',
    "$dir/tls/db.pem");
chmod 0600, "$dir/tls/db.key";
chmod 0644, "$dir/tls/ca.pem";
my %password = (frontline_fcgi => 'c0ffee00fc91', frontline_relay =>
    'c0ffee00e1a4');
$stage->sql("ALTER ROLE $_ PASSWORD '$password{$_}'") for keys %password;
$stage->put('passwords', join('', map { "*:*:*:$_:$password{$_}\n" }
    sort keys %password), 0600);
$stage->put('pg/pg_hba.conf', <<'END', 0600);
local all all trust
hostssl frontline frontline_fcgi,frontline_relay 192.0.2.0/24 scram-sha-256
END
$stage->sql("ALTER SYSTEM SET ssl_cert_file = '$dir/tls/db.pem'");
$stage->sql("ALTER SYSTEM SET ssl_key_file = '$dir/tls/db.key'");
$stage->sql('ALTER SYSTEM SET ssl = on');
$stage->sql('SELECT pg_reload_conf()');
$stage->sql("UPDATE frontline_queue.destination SET lease = '3 s',
    settle = '0.5 s', resend = '8 s' WHERE name = 'conversations'");
$stage->sql('DELETE FROM frontline.conversation');

sub conninfo {
	my ($role, $name) = @_;

	return "host=$name hostaddr=" . $hosts->address('db') . ' port=5432 ' .
	    "dbname=frontline user=$role sslmode=verify-full\n" .
	    "    sslrootcert=$dir/tls/ca.pem channel_binding=require\n" .
	    "    passfile=$dir/passwords";
}

my %host = map { $_ => Stage::Host->new($hosts->network($_), $stage,
    config => {
	'limits.users_interval'   => 0,
	'limits.call_timeout_ms'  => 1500,
	'database.fcgi_conninfo'  => conninfo('frontline_fcgi', NAME),
	'database.relay_conninfo' => conninfo('frontline_relay', NAME),
    }) } qw(a b);

sub list_through {
	my ($name) = @_;

	return $host{$name}->post('GetCustomersList', { PageSize => 2 });
}

$_->start for values %host;
is(list_through($_)->{status}, 200, "requests through host $_") for qw(a b);
is($stage->sql(q{SELECT string_agg(DISTINCT concat_ws(' ', host(client_addr),
    ssl, version), ', ' ORDER BY concat_ws(' ', host(client_addr), ssl,
    version)) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)
    WHERE usename = 'frontline_fcgi'}),
    join(', ', map { $hosts->address($_) . ' t TLSv1.3' } qw(a b)),
    'both are at the database, with TLS');
my ($said, $status) = do {
	local $stage->{network} = $hosts->network('a');
	$stage->run("$ENV{PG_BINDIR}/psql", '-X', '-d',
	    conninfo('frontline_fcgi', 'other.frontline.test'), '-c', '');
};
isnt($status, 0, 'another name is not believed');
like($said, qr/does not match host name "other\.frontline\.test"/,
    'for its certificate');

# Each conversation is a lane; its messages have numbers.
my @sids = $stage->new_conversations(12);
my $entered = 0;
sub enter {
	$entered++;
	$stage->enqueue_all(map { ["$_", $stage->new_sid('D'), 'message.add',
	    { conversation_sid => $_, body => "$entered" }] } @sids);
}

sub all_are_there {
	my ($what) = @_;

	$stage->hurry_all(60);
	my @odd = grep { $_ ne join ' ', 1 .. $entered } map { join ' ',
	    map { $_->{body} } @{$stage->conversation_at_twilio($_)->{messages}} }
	    @sids;
	is(join(', ', @odd), '', "$what: each once, and in order");
	is($stage->sql(q{SELECT
	    (SELECT count(*) FROM frontline_queue.lane WHERE token IS NOT NULL
	      OR head_seq <= last_seq),
	    (SELECT count(*) FROM frontline_queue.dead)}), '0|0',
	    "$what: no lane is stuck, nothing died");
}

$host{$_}->start_relay for qw(a b);
wait_until(sub { 2 == $stage->sql(q{SELECT count(DISTINCT client_addr)
    FROM pg_stat_activity WHERE usename = 'frontline_relay'}) },
    'both relays are connected');
wait_until(sub {
	enter();
	$stage->wait_queue_empty;
	return 2 == grep { $_->relay_said(qr/outcome=sent/) } values %host;
}, 'both relays deliver', 30);
all_are_there('two relays');

# Host b's relay ends, so that all work is a's; Twilio takes each message, and
# while it is slow to say so, a is cut off.
is($host{b}->end_relay(keys %{$host{b}{relays}}), 0, 'one relay ends');
$stage->script({ method => 'POST', path => 'Messages', action => 'delay',
    ms => 1200, when => 'after', times => 6 });
my $so_far = () = $stage->requests_of('/Messages');
enter();
wait_until(sub { $so_far + 6 <= scalar(() = $stage->requests_of('/Messages')) },
    'Twilio has messages of host a');
$hosts->cut('a');
my $cut_off = in_time(2, sub { list_through('a') });
is($cut_off->{status}, 503, 'a host that is cut off: 503');
ok($cut_off->{seconds} < 2, 'within 2 s') or diag($cut_off->{seconds});
is(list_through('b')->{status}, 200, 'the other host goes on');
$host{b}->start_relay;
all_are_there('work of a host that is cut off');
ok(scalar($host{b}->relay_said(qr/outcome=reconciled/)) > 0,
    'what had left was looked for, not sent again');
wait_until(sub { my $answer = list_through('a');
    $answer->{status} == 503 && $answer->{seconds} < 0.2 },
    'host a: 503 at once');
is($host{a}->health('/healthz')->{status}, 200, 'host a: alive');
is($host{a}->health('/readyz')->{status}, 503, 'host a: not ready');

# The plug is in again.
$hosts->mend('a');
wait_until(sub { list_through('a')->{status} == 200 },
    'host a recovers', 20);
pass('host a recovers within 20 s');
enter() for 1 .. 2;
all_are_there('afterwards');
wait_until(sub { 2 == $stage->sql(q{SELECT count(DISTINCT client_addr)
    FROM pg_stat_activity WHERE usename = 'frontline_relay'}) },
    'both relays are connected again');
pass('both relays are connected again');

undef %host;
undef $stage;
$hosts->remove;
is(scalar(grep { /^frontline-$$-/ } Hosts::namespaces()), 0,
    'no network is left');
done_testing;
