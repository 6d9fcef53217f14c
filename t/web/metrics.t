#!/usr/bin/perl
# /metrics: what all processes of a host have counted, whoever answers, whoever
# died meanwhile, and whatever became of the database and of the file.
use strict;
use warnings;
use Exposition;
use Stage;
use Test::More;

my $stage = Stage->new(pg_errors => [
	qr/function frontline_api\.metrics\(\) does not exist/,
]);
my $fcgi = 'frontline-fcgi';
my %program = (program => $fcgi);
my $requests = 'frontline_http_requests_total';
my $seconds = 'frontline_http_request_duration_seconds';

sub well_formed {
	my ($what) = @_;
	my $seen = $stage->metrics;

	is(join("\n", $seen->errors), '', "$what: well formed");
	return $seen;
}

# Counted is what is in the log, no more and no less.  The request that asks
# is counted when it has been answered.
sub equals_log {
	my ($what) = @_;
	my $seen = well_formed($what);
	my @lines = $stage->log_lines;
	my (%lines, %actions);

	pop @lines;
	for (@lines) {
		$lines{"$_->{route} $_->{status}"}++;
		$actions{$_->{action}}++ if $_->{action} ne '-';
	}
	my %counted = map {
		/^\Q$requests\E,route=(\w+),status=(\d+)$/ &&
		    $seen->{series}{$_} > 0
		    ? ("$1 $2" => $seen->{series}{$_}) : ();
	} keys %{$seen->{series}};
	is_deeply(\%counted, \%lines, "$what: every request is counted");
	is($seen->sum('frontline_http_actions_total', action => $_),
	    $actions{$_}, "$what: $_") for sort keys %actions;
	for my $route ('crm', 'metrics', 'other') {
		is($seen->value("${seconds}_count", route => $route),
		    $seen->sum($requests, route => $route),
		    "$what: the times of $route are as many");
	}
	return $seen;
}

# ---- who may ask, and what comes
my $answer = $stage->health('/metrics');
is($answer->{status}, 200, 'the loopback listener answers');
is($answer->{headers}{'content-type'},
    'text/plain; version=0.0.4; charset=utf-8', 'in the text format');
is($stage->fetch_all({ url => "$stage->{url}/metrics" })->{status}, 404,
    'the public one says that there is nothing');
is($stage->fetch_all({ url => "$stage->{health_url}/metrics",
    method => 'POST', body => 'x' })->{status}, 405, 'it is only read');
SKIP: {
	skip 'no promtool (package prometheus)', 1
	    unless grep { -x "$_/promtool" } split /:/, $ENV{PATH};
	$stage->put('scratch/metrics', $answer->{body});
	my ($said, $status) = $stage->run('sh', '-c',
	    "promtool check metrics <'$stage->{dir}/scratch/metrics'");
	is("$status$said", '0', 'promtool finds nothing wrong with it');
}

# Until so many connections to the database have been made.
sub wait_connections {
	my ($count) = @_;

	wait_until(sub { $stage->metrics->value(
	    'frontline_database_connections_total', %program) == $count },
	    "$count connections have been made");
}

# ---- requests, by two processes
wait_connections(4);
my $before = equals_log('a new stage');
is($before->value('frontline_process_starts_total', %program), 2,
    'two processes have started');
pass('with two connections each');
is($before->value('frontline_metrics_shared'), 1, 'they count together');
is($before->value('frontline_database_up'), 1, 'the database is there');
cmp_ok($before->value('frontline_schema_version'), '>=', 8, 'with its schema');
is($before->value($requests, route => 'crm', status => 503), 0,
    'what has not happened yet is zero');
$stage->fetch_all((map { $stage->callback('GetCustomersList', {}) } 1 .. 20),
    (map { $stage->callback('GetProxyAddress', { CustomerId => 'none' }) }
	1 .. 3),
    (map { $stage->callback('GetCustomersList', {}, signature => 'x' x 28) }
	1 .. 4), $stage->callback('GetCustomersList', {}, signature => undef),
    { url => "$stage->{url}/twilio/messages/x" },
    $stage->webhook('onConversationAdd',
	['MessagingBinding.Address' => "+44\0"]),
    $stage->webhook('onSomethingNew', []));
my $seen = equals_log('requests');
is($seen->value($requests, route => 'crm', status => 200), 20,
    'twenty lists');
is($seen->value('frontline_http_actions_total',
    action => 'GetCustomersList'), 20, 'that were understood');
is($seen->value('frontline_http_signatures_refused_total', route => 'crm'), 5,
    'five without a right signature');
is($seen->value('frontline_http_failed_open_total'), 1,
    'one that failed open');
cmp_ok($seen->value("${seconds}_sum", route => 'crm'), '>', 0,
    'all took their time');
is(join(' ', $seen->fallen_since($before)), '', 'nothing has fallen');

# ---- one is killed, another takes its place, and one is told to end
my @pids = $stage->responder_pids;
$stage->end_responder($pids[0], 'KILL');
$before = equals_log('one was killed');
is(join(' ', $before->fallen_since($seen)), '', 'what it counted stays');
$stage->start_responder;
$stage->wait_ready;
$stage->fetch_all(map { $stage->callback('GetCustomersList', {}) } 1 .. 20);
$seen = equals_log('another has started');
is($seen->value('frontline_process_starts_total', %program), 3,
    'it is counted');
is($seen->value('frontline_process_stops_total', %program), 0,
    'who was killed has not stopped');
is($stage->end_responder($pids[1], 'TERM'), 0, 'one ends');
$seen = equals_log('one has ended');
is($seen->value('frontline_process_stops_total', %program), 1, 'and stopped');

# ---- the configuration, and connections
my ($pid) = $stage->responder_pids;
kill 'HUP', $pid;
wait_until(sub { $stage->metrics->value('frontline_config_reloads_total',
    %program, result => 'ok') == 1 }, 'a reload is counted');
my $good = $stage->slurp('frontline.conf');
$stage->put('frontline.conf', "[service]\nno_such_key = 1\n");
kill 'HUP', $pid;
wait_until(sub { $stage->metrics->value('frontline_config_reloads_total',
    %program, result => 'failed') == 1 }, 'and one that fails');
$stage->put('frontline.conf', $good);
pass('reloads are counted');
# Of the third process, and of the configuration that was read again.
wait_connections(4 + 2 + 2);
is($stage->metrics->value('frontline_database_connections_lost_total',
    %program), 0, 'a reload loses no connection');
# Those of the former configuration are on their way out.
wait_until(sub { $stage->sql(q{SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'frontline_fcgi'}) == 2 }, 'two connections are left');
$stage->sql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE usename = 'frontline_fcgi'});
wait_until(sub {
	return $stage->metrics->value(
	    'frontline_database_connections_lost_total', %program) == 2;
}, 'two connections are lost');
wait_connections(10);
pass('connections are counted');

# ---- the queue
sub gauge {
	my ($what, $destination) = @_;

	return $stage->metrics->value("frontline_queue_$what",
	    defined $destination ? (destination => $destination) : ());
}

is(gauge('jobs', 'conversations'), 0, 'no jobs');
is(gauge('oldest_seconds', 'conversations'), 0, 'none is old');
$stage->enqueue("lane$_", "d$_", 'participant.add', {}) for 1, 2;
$stage->enqueue('lane1', 'd3', 'participant.add', {});
is(gauge('jobs', 'conversations'), 3, 'three jobs');
is(gauge('waiting_lanes', 'conversations'), 2, 'in two lanes');
is(gauge('leased_lanes', 'conversations'), 0, 'of which nobody has one');
is(gauge('jobs', 'front'), 0, 'none for Front');
$stage->sql(q{UPDATE frontline_queue.job SET wire_at = created_at -
    interval '5 minutes', created_at = created_at - interval '10 minutes'
    WHERE key = 'lane2'});
cmp_ok(gauge('oldest_seconds', 'conversations'), '>=', 600, 'how old');
is(gauge('uncertain_jobs', 'conversations'), 1, 'how many uncertain');
cmp_ok(gauge('uncertain_seconds', 'conversations'), '>=', 300, 'since when');
my ($key, $seq, $token) = split /\|/, $stage->sql(
    q{SELECT key, seq, token FROM frontline_queue.claim('conversations', 1)});
is(gauge('leased_lanes', 'conversations'), 1, 'one is in hand');
is(gauge('waiting_lanes', 'conversations'), 1, 'and one waits');
$stage->sql("SELECT frontline_queue.finish('conversations', '$key', $seq,
    $token, 'dead', NULL, 'given up')");
is(gauge('dead_letters', 'conversations'), 1, 'a dead letter');
is(gauge('jobs', 'conversations'), 2, 'is no job any more');
$stage->sql(q{UPDATE frontline_queue.destination SET paused_until = 'infinity'
    WHERE name = 'front'});
cmp_ok(gauge('paused_seconds', 'front'), '>', 1e9, 'a pause for ever');
is(gauge('paused_seconds', 'conversations'), 0, 'and none');
is(gauge('partition_missing'), 0, 'tomorrow has a partition');
is($stage->metrics->value('frontline_relay_connections'), 0, 'no relay runs');

# ---- a schema that is older than the program
$stage->sql('ALTER FUNCTION frontline_api.metrics() RENAME TO kept');
$seen = well_formed('an older schema');
is($seen->value('frontline_database_up'), 1, 'the database is there');
is($seen->value('frontline_database_metrics'), 0, 'and says nothing');
is($seen->value('frontline_queue_jobs', destination => 'front'), undef,
    'so there is nothing of the queue');
is($seen->value('frontline_database_connections_lost_total', %program), 2,
    'no connection is given up for that');
$stage->sql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE usename = 'frontline_fcgi'});
wait_connections(12);
is($stage->health('/readyz')->{status}, 200, 'and is ready');
is($stage->post('GetCustomersList', {})->{status}, 200, 'and serves');
$stage->sql('ALTER FUNCTION frontline_api.kept() RENAME TO metrics');
is($stage->metrics->value('frontline_database_metrics'), 1,
    'once it is migrated it tells');

# ---- no database
$stage->stop_postgres;
$seen = well_formed('no database');
is($seen->value('frontline_database_up'), 0, 'the database is away');
is($seen->value('frontline_database_metrics'), 0, 'so it says nothing');
cmp_ok($seen->value($requests, route => 'crm', status => 200), '>=', 40,
    'the counters are there');
$stage->start_postgres;
$stage->wait_database;
is($stage->metrics->value('frontline_database_up'), 1, 'it is back');

# ---- somebody cuts the file
$stage->start_responder;
$stage->wait_ready;
@pids = $stage->responder_pids;
truncate("$stage->{dir}/run/metrics", 0) or die "truncate: $!";
is($stage->post('GetCustomersList', {})->{status}, 200,
    'a cut file costs no request') for 1 .. 10;
wait_until(sub { $stage->metrics->value('frontline_metrics_shared') == 0 },
    'who has noticed says that it counts for itself');
is(join(' ', $stage->responder_pids), join(' ', @pids), 'and lives');

# ---- no file, and none wanted
for (['a directory that is not there', "$stage->{dir}/none/metrics", 1],
    ['no file is wanted', '', 0]) {
	my ($what, $file, $warnings) = @$_;
	my $alone = Stage->new(sample => 0, responders => 1,
	    config => { 'metrics.file' => $file });
	my $now = $alone->metrics;
	my @said = $alone->slurp('log/fcgi.log') =~ /warning: (metrics: .*)/g;

	is(join("\n", $now->errors), '', "$what: well formed");
	is($now->value('frontline_metrics_shared'), 0, "$what: alone");
	is($now->value('frontline_process_starts_total', %program), 1,
	    "$what: it counts for itself");
	is(scalar @said, $warnings, "$what: $warnings warnings");
}

# ---- a standby that is away
my $reading = Stage->new(responders => 1, config => {
	'database.fcgi_read_conninfo' =>
	    "host=$stage->{dir}/none dbname=frontline user=frontline_fcgi",
});
is($reading->metrics->value('frontline_database_reads_moved_total'), 0,
    'no read has moved');
is($reading->post('GetCustomersList', {})->{status}, 200, 'a list') for 1 .. 3;
is($reading->metrics->value('frontline_database_reads_moved_total'), 3,
    'three reads went to the primary');

done_testing();
