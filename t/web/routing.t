#!/usr/bin/perl
# The routing callback: who gets a conversation is decided, written down and
# on its way to Twilio when it is answered; also when many come at once.
use strict;
use warnings;
use POSIX ();
use Stage;
use Test::More;

my $stage = Stage->new(
	config    => { 'service.default_worker' => 'default@example.com' },
	postgres  => { max_connections => 40 },
	pg_errors => [
		qr/canceling statement due to (?:lock|statement) timeout/,
	],
);
my $is = 'IS' . 'b' x 32;
my $last = 0;

sub sid {
	return sprintf 'CH%032x', 0xf000 + $_[0];
}

sub request {
	my ($n, $fields, %how) = @_;

	return $stage->signed('/callbacks/routing', [
		ConversationSid => sid($n), ConversationServiceSid => $is,
		State => 'active', FriendlyName => 'x', Attributes => '{}',
		DateCreated => '2026-03-02T10:00:00Z', @{$fields // [
		    'MessagingBinding.Address' => sprintf('+46701740%03d', $n),
		    'MessagingBinding.ProxyAddress' => '+15005550006']}],
	    %how);
}

sub route {
	return scalar $stage->fetch_all(request(@_));
}

sub last_line {
	return ($stage->log_lines)[-1];
}

sub rules {
	$stage->sql(join ';', 'DELETE FROM frontline.routing_rule', @_);
}

# What the database has of a conversation: decision, worker, jobs.
sub decided {
	my ($n) = @_;

	return $stage->sql("SELECT d.decision, w.identity,
	    (SELECT string_agg(kind || ' ' || (payload ->> 'identity') || ' ' ||
		(payload ->> 'service_sid'), ',') FROM frontline_queue.job
		WHERE key = d.conversation_sid AND kind = 'participant.add')
	    FROM frontline.routing_decision d
	    LEFT JOIN frontline.worker w USING (worker_id)
	    WHERE d.conversation_sid = '" . sid($n) . "'");
}

sub is_routed {
	my ($answer, $n, $worker, $what) = @_;

	is($answer->{status} . $answer->{body}, '200{}', "$what: 200 {}");
	is($answer->{headers}{'content-type'}, 'application/json',
	    "$what: as JSON");
	is(decided($n), "routed|$worker|participant.add $worker $is",
	    "$what: $worker gets it, and a job says so");
	is(last_line()->{outcome}, 'routed', "$what: the log tells");
}

$stage->sql(<<'END');
INSERT INTO frontline.worker (identity, is_available, capacity) VALUES ('default@example.com', true, NULL),
  ('r1@example.com', true, 3), ('r2@example.com', true, 5), ('away@example.com', false, NULL);
INSERT INTO frontline.team (name) VALUES ('Routed');
INSERT INTO frontline.team_worker (team_id, worker_id) SELECT t.team_id, w.worker_id FROM frontline.team t, frontline.worker w
 WHERE t.name = 'Routed' AND w.identity IN ('r1@example.com', 'r2@example.com', 'away@example.com');
END

# One.
rules();
is_routed(route(++$last), $last, 'default@example.com', 'without a rule');
is_deeply([@{last_line()}{qw(route action status conversation note)}],
    ['routing', '-', 200, sid($last),
	'default worker; worker (19 characters)'],
    'and why, without the name of anybody');
is_routed(route($last), $last, 'default@example.com', 'the same again');
rules(q(INSERT INTO frontline.routing_rule (position, target, worker_id)
    SELECT 10, 'worker', worker_id FROM frontline.worker
    WHERE identity = 'away@example.com'),
    q(INSERT INTO frontline.routing_rule (position, target, worker_id)
    SELECT 20, 'worker', worker_id FROM frontline.worker
    WHERE identity = 'r1@example.com'));
is_routed(route($last), $last, 'default@example.com',
    'and when the rules have changed');
is_routed(route(++$last), $last, 'r1@example.com', 'by a rule');
is(last_line()->{note}, 'rule 20: worker; worker (14 characters)',
    'who was passed over is in the database, not in the log');
is($stage->sql("SELECT reason FROM frontline.routing_decision
    WHERE conversation_sid = '" . sid($last) . "'"),
    'rule 20: worker; before: rule 10: away@example.com is away',
    'where all of it is');

# What does not make it a failure.
rules(q(INSERT INTO frontline.routing_rule (position, target)
    VALUES (10, 'nobody')));
is(route(++$last)->{status}, 200, 'that nobody is to get it is 200');
is(decided($last), 'nobody||', 'and decided');
is(last_line()->{outcome}, 'nobody', 'and in the log');
rules();
$stage->sql(q(UPDATE frontline.worker SET state = 'deactivated'
    WHERE identity = 'default@example.com'));
is(route(++$last)->{status}, 200, 'that nobody is found, too');
is(decided($last), 'unrouted||', 'which is decided');
is(last_line()->{outcome}, 'unrouted', 'and in the log');
$stage->sql(q(UPDATE frontline.worker SET state = 'active'
    WHERE identity = 'default@example.com'));

# Fields.
is_routed(route(++$last, ['MessagingBinding.Address' =>
    '["+46701740801","+46701740802"]', 'MessagingBinding.ProxyAddress' =>
    '+15005550006']), $last, 'default@example.com', 'a group MMS');
like(last_line()->{note}, qr/^MessagingBinding.Address has 2 addresses/,
    'of which the log tells');
is_routed(route(++$last, ['MessagingBinding.Address' => 'messenger:1',
    'MessagingBinding.ProxyAddress' => 'messenger:2']), $last,
    'default@example.com', 'another kind of address');
is_routed(route(++$last, []), $last, 'default@example.com', 'no address');
is_routed(scalar($stage->fetch_all($stage->signed('/callbacks/routing', [
	ConversationSid => sid(++$last), ChatServiceSid => $is]))), $last,
    'default@example.com', 'the other name of the service');
for ([[ConversationSid => 'CH1'], 400, 'bad_field', 'a SID that is none'],
    [[State => 'active'], 400, 'missing_field', 'no SID'],
    [[ConversationSid => sid(0), ConversationSid => sid(0)], 400,
	'repeated_field', 'two'],
    [[ConversationSid => sid(0), 'MessagingBinding.Address' => "\xff"], 400,
	'bad_field', 'an address that is no UTF-8'],
    [[ConversationSid => sid(0), AccountSid => 'AC' . '9' x 32], 403,
	'foreign_account', "somebody else's account"]) {
	my ($fields, $status, $code, $what) = @$_;
	my $answer = $stage->fetch_all($stage->signed('/callbacks/routing',
	    $fields));

	is($answer->{status}, $status, "$what: $status");
	is($answer->{json}{error}{code}, $code, "$what: $code");
}
is(route(0, undef, signature => 'A' x 27 . '=')->{status}, 403,
    'a wrong signature: 403');
is(decided(0), '', 'none of which is decided');

# Many at once, each twice, through both processes: nobody gets more than
# they can take.
rules(q(INSERT INTO frontline.routing_rule (position, target, team_id, strategy)
    SELECT 10, 'team', team_id, 'least_busy' FROM frontline.team
    WHERE name = 'Routed'));
$stage->sql(q(UPDATE frontline.conversation SET state = 'closed'));
{
	my @all = map { $last + $_ } 1 .. 20;
	my @pids = map {
		my $first = $_;
		my $pid = fork // die "fork: $!";

		if (!$pid) {
			my @mine = map { $all[($first * 5 + $_) % @all] }
			    0 .. $#all;
			my @answers = $stage->fetch_all(map { request($_) }
			    @mine[0 .. 9]);
			my @bad = grep { $_->{status} != 200 } @answers;

			POSIX::_exit(scalar @bad);
		}
		$pid;
	} 0 .. 3;
	my $bad = 0;

	for (@pids) {
		waitpid $_, 0;
		$bad += $? >> 8;
	}
	is($bad, 0, '40 callbacks at once are answered');
	is($stage->sql("SELECT w.identity, count(*)
	    FROM frontline.conversation c JOIN frontline.worker w
	    USING (worker_id) WHERE c.conversation_sid BETWEEN '" .
	    sid($all[0]) . "' AND '" . sid($all[-1]) .
	    "' GROUP BY 1 ORDER BY 1"),
	    "default\@example.com|12\nr1\@example.com|3\nr2\@example.com|5",
	    'nobody has more than fits, the default worker the rest');
	is($stage->sql("SELECT count(*), count(DISTINCT key)
	    FROM frontline_queue.job WHERE kind = 'participant.add' AND
	    key BETWEEN '" . sid($all[0]) . "' AND '" . sid($all[-1]) . "'"),
	    '20|20', 'and there is one job for each');
	$last = $all[-1];
}

# The database is slow, hangs, is away.
{
	my $turned_away = sub {
		my ($what, $again) = @_;
		my $answer = in_time(2, sub { route($last + 1) }, $again);

		is($answer->{status}, 503, "$what: 503");
		is($answer->{json}{error}{code}, 'unavailable',
		    "$what: in our words");
		ok($answer->{seconds} < 2, "$what: within 2 s") or
		    diag($answer->{seconds});
	};
	my $session = $stage->session;

	print {$session} "BEGIN; SELECT pg_advisory_xact_lock(hashtext('frontline-routing'));\n";
	wait_until(sub {
		$stage->sql(q(SELECT count(*) FROM pg_locks WHERE granted
		    AND locktype = 'advisory'));
	}, 'routing is locked');
	$turned_away->('somebody else decides for long');
	$stage->end_session($session);

	my @stopped = ($stage->{postgres},
	    Stage::Process::children($stage->{postgres}));
	kill 'STOP', @stopped;
	$turned_away->('a hung server');
	kill 'CONT', @stopped;
	$stage->wait_database;
	$stage->stop_postgres;
	$turned_away->('no server', sub {
		$stage->start_postgres;
		$stage->wait_database;
		$stage->stop_postgres;
	});
	$stage->start_postgres;
	$stage->wait_database;
	is_routed(route($last + 1), $last + 1, 'default@example.com',
	    'the repetition');
}

is(join("\n", grep { /\@example\.com|\+46701740/ } split /\n/,
    $stage->slurp('log/fcgi.log')), '', 'the log names nobody');
done_testing;
