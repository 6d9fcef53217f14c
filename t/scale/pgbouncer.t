#!/usr/bin/perl
# PgBouncer in transaction mode between responder processes and PostgreSQL:
# every callback and webhook works without prepared statements, many at a time
# over two server connections; with them, the log says what is wrong.
use strict;
use warnings;
use Chaos::Client;
use FrontRequest;
use List::Util qw(shuffle);
use Stage;
use Test::More;

Stage::require_tools('pgbouncer');
my $stage = Stage->new(responders => 0, twilio => [], pg_errors => [
	qr/prepared statement "\w+" (?:already exists|does not exist)/,
]);
my $dir = $stage->{dir};

mkdir "$dir/pool";
chown $stage->{uid}, $stage->{gid}, "$dir/pool" if !$>;
$stage->put('pool/users', join '', map { qq("$_" ""\n) }
    qw(frontline_fcgi frontline_relay postgres));
$stage->put('pool/pgbouncer.ini', <<"END");
[databases]
frontline = host=$dir/run port=5432
[pgbouncer]
listen_addr =
listen_port = 5432
unix_socket_dir = $dir/pool
auth_type = trust
auth_file = $dir/pool/users
admin_users = postgres
pool_mode = transaction
default_pool_size = 2
END
my $pgbouncer = $stage->spawn('pgbouncer', undef, $stage->as_user('TERM'), 'pgbouncer',
    "$dir/pool/pgbouncer.ini");
wait_until(sub { -S "$dir/pool/.s.PGSQL.5432" }, 'PgBouncer listens');

my $pooled = $stage->conninfo('frontline_fcgi', undef, "$dir/pool");
$stage->write_config(front_settings($stage),
    'front.api_base_url'           => $stage->twilio_url,
    'limits.users_interval'        => 0,
    'database.fcgi_conninfo'       => $pooled,
    'database.prepared_statements' => 'no');
$stage->start_responder for 1 .. 3;
$stage->wait_ready;

my $id = $stage->sql(q{SELECT min(customer_id) FROM frontline.customer
    JOIN frontline.worker ON worker_id = owner_id
    WHERE identity = '} . $stage->WORKER . q{' AND merged_into_id IS NULL});

# One of each kind, about things of its own.
sub requests {
	my ($n) = @_;
	my $conversation = sprintf 'CH%032x', $n;
	my @binding = ('MessagingBinding.Address' => sprintf('+4670174%05d', $n),
	    'MessagingBinding.ProxyAddress' => '+15005550006');
	my @customer = (CustomerId => $id);

	return (
		list => $stage->callback('GetCustomersList', { PageSize => 5 }),
		details => $stage->callback('GetCustomerDetailsByCustomerId',
		    { @customer }),
		templates => $stage->callback('GetTemplatesByCustomerId',
		    { @customer }),
		name => $stage->webhook('onConversationAdd', { @binding }),
		routing => $stage->signed('/callbacks/routing',
		    [ConversationSid => $conversation, State => 'active',
			Attributes => '{}', @binding]),
		conversation => $stage->webhook('onConversationAdded',
		    { ConversationSid => $conversation, State => 'active' }),
		message => $stage->webhook('onMessageAdded',
		    { ConversationSid => $conversation, Body => 'Hello',
			MessageSid => sprintf('IM%032x', $n), Index => 0 }),
		text => $stage->signed('/twilio/messages', {
			MessageSid => sprintf('SM%032x', $n),
			AccountSid => $stage->ACCOUNT, From => '+15125550123',
			To => FrontRequest::OURS, Body => 'Hello',
			NumMedia => 0 }),
		front => front_request($stage, reply_to(id => "msg_p$n")),
	);
}

# Rounds of them, many at a time; the answers that are not 200 by kind.
my $round = 0;
sub storm {
	my ($rounds) = @_;
	my $client = Chaos::Client->new($stage);
	my @all;

	for (1 .. $rounds) {
		my %request = requests(++$round);

		push @all, map { ["$_", $request{$_}] } keys %request;
	}
	$client->begin(shuffle @all);
	wait_until(sub { !$client->is_busy }, 'all are answered', 60);
	my @answers = $client->answers;
	is(@answers, @all, 'each of ' . @all . ' requests is answered');
	return map { "@$_" } grep { $_->[1] != 200 } @answers;
}

is(join(', ', storm(40)), '', 'without prepared statements all are 200');
is($stage->sql(q{SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'frontline_fcgi'}), 2, 'over two connections');
is($stage->sql('SELECT count(*) FROM frontline.message'), 40,
    'each message is there, once');
is(scalar(() = $stage->slurp('log/fcgi.log') =~ /SQLSTATE|away/g), 0,
    'nothing is said of the database');

# With them a name is there already on a connection of the server, or is not.
my $advice = qr/SQLSTATE \w{5}: .*transaction mode set prepared_statements = no/;

# Until all processes have read the settings again so often.
sub wait_read {
	my ($times) = @_;

	wait_until(sub {
		my $said = () = $stage->slurp('log/fcgi.log') =~
		    /read \S+ again$/mg;
		return $said == 3 * $times;
	}, 'the settings are read again');
}

$stage->write_config('database.prepared_statements' => 'yes');
kill 'HUP', $stage->responder_pids;
wait_read(1);
wait_until(sub { $stage->slurp('log/fcgi.log') =~ $advice },
    'the log says what is wrong', 20);
pass('with prepared statements the log says what is wrong');
$stage->write_config('database.prepared_statements' => 'no');
kill 'HUP', $stage->responder_pids;
wait_read(2);
is(join(', ', storm(5)), '', 'and without them all is well again');

# A relay cannot listen through it.  It says so, and does nothing by halves.
$stage->write_config('database.relay_conninfo' =>
    $stage->conninfo('frontline_relay', undef, "$dir/pool"));
my @relays = map { $stage->start_relay } 1 .. 2;
wait_until(sub { $stage->slurp('log/relay.log') =~ $advice },
    'a relay says what is wrong', 20);
pass('a relay that is not connected directly says so');
$stage->end_relay($_) for @relays;
$stage->end($pgbouncer, 'INT', 10);
done_testing;
