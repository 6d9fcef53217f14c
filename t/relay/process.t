#!/usr/bin/perl
# frontline-relay as a process: options, exit codes, signals, systemd.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);
use Stage;
use Test::More;
use Time::HiRes qw(time);

my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    config => { 'limits.users_interval' => 0,
        'limits.twilio_per_second' => 1000 });
my $dir = $stage->{dir};
my $twilio = $stage->twilio;
my $next = 0;

# The sample's own conversation would get a worker meanwhile.
$stage->sql('DELETE FROM frontline.conversation');
$twilio->set(auto_conversations => 1);

# Runs it to its end: what it prints, and its exit status.
sub run_relay {
	my (@arguments) = @_;

	return $stage->run(@{$stage->{wrapper}}, "$dir/bin/frontline-relay",
	    @arguments);
}

# A message with what no log may repeat, each in a lane of its own.
sub enqueue {
	my ($count) = @_;

	return $stage->enqueue_all(map { my $sid = $stage->new_sid('CH');
	    [$sid, $sid, 'message.add', { conversation_sid => $sid,
	        body => $stage->CANARY . ' +46701740601' }] } 1 .. $count);
}

sub wait_said {
	my ($regex, $count) = @_;

	wait_until(sub {
		my $n = () = $stage->relay_said($regex);
		return $n >= ($count // 1);
	}, "the relay says $regex", @{$stage->{wrapper}} ? 60 : 20);
}

# ---- options and configuration
my ($said, $status) = run_relay('-V');
is($status, 0, '-V');
like($said, qr/^frontline-relay \S+$/, 'tells the version');
($said, $status) = run_relay('-h');
is($status, 0, '-h');
like($said, qr/^usage: frontline-relay /, 'tells how it is used');
for (['-x'], ['-c'], ['-t', 'more'], ['more']) {
	($said, $status) = run_relay(@$_);
	is($status, 64, "@$_ is wrong usage");
	like($said, qr/^usage: frontline-relay /m, 'and it says how it is used');
}
($said, $status) = run_relay('-c', $stage->{conf}, '-t');
is($status, 0, '-t: a configuration is right');
is($said, "$stage->{conf} is right\n", 'and it says so');

my $right = $stage->slurp('frontline.conf');
my $hidden = $stage->put('secret/hidden', $stage->TOKEN . "\n", 0);
my $empty = $stage->put('secret/empty', "\n", 0400);
for (['an unknown key', $right . "[service]\ncolour = red\n", qr/colour/],
    ['a wrong value', $right =~ s/^users_interval = .*/users_interval = no/mr,
        qr/\[limits\] users_interval/],
    ['a missing key', $right =~ s/^account_sid.*\n//mr, qr/account_sid/],
    ['a secret that it may not read',
        $right =~ s/^(auth_token_file = ).*/$1$hidden/mr, qr/auth_token_file/],
    ['a secret that is empty',
        $right =~ s/^(auth_token_file = ).*/$1$empty/mr, qr/auth_token_file/],
    ['a key without its secret',
        $right =~ s/^(account_sid)/api_key_sid = SK${\('0' x 32)}\n$1/mr,
        qr/api_key_secret_file/],
    ['a database by name',
        $right =~ s/^(relay_conninfo = )host=\S+/$1host=db.example.org/mr,
        qr/\[database\] relay_conninfo/]) {
	my ($name, $text, $regex) = @$_;
	my $file = $stage->put('wrong.conf', $text);

	for (['-t'], []) {
		($said, $status) = run_relay('-c', $file, @$_);
		is($status, 78, "$name @$_");
		like($said, qr/^[^\n]*$regex[^\n]*\n\z/, 'is told in one line');
	}
}
($said, $status) = run_relay('-c', "$dir/none.conf");
is($status, 78, 'no configuration at all');
like($said, qr{^[^\n]*none\.conf[^\n]*\n\z}, 'is told in one line');

# ---- systemd
my $path = "$dir/run/notify";
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path)
    or die "$path: $!";
chmod 0777, $path;

# Until that is true; returns what it tells meanwhile.  Read all the time: few
# fit into the socket, and then it waits, as it would for systemd.
sub read_until {
	my ($true, $what) = @_;
	my @told;

	wait_until(sub {
		while (IO::Select->new($socket)->can_read(0)) {
			recv $socket, my $bytes, 4096, 0;
			push @told, split /\n/, $bytes;
		}
		return $true->(@told);
	}, $what, @{$stage->{wrapper}} ? 60 : 20);
	return @told;
}

# Until it tells that; returns what it told before, too.
sub wait_notified {
	my ($text) = @_;

	return read_until(sub { grep { $_ eq $text } @_ },
	    "systemd is told $text");
}

my $relay = do {
	local @ENV{qw(NOTIFY_SOCKET WATCHDOG_USEC)} = ($path, 200_000);
	$stage->start_relay;
};
is((wait_notified('READY=1'))[0], 'READY=1', 'it tells when it is ready');
wait_notified('WATCHDOG=1') for 1 .. 3;
pass('and that it is alive, again and again');
my ($job) = enqueue(1);
my $outcome;
read_until(sub { $outcome = $stage->outcome_of($job) }, 'the job is done');
like($outcome, qr/^sent\|/, 'and does its work');
open my $in, '<', "/proc/$relay/limits" or die "limits: $!";
ok((grep { /^Max core file size\s+0\s+0\s/ } <$in>),
    'it leaves no core file') if !@{$stage->{wrapper}};
kill 'TERM', $relay;
ok((grep { $_ eq 'STOPPING=1' } wait_notified('STOPPING=1')),
    'it tells that it stops');
close $socket;
is($stage->end_relay($relay), 0, 'and ends, on SIGTERM');

# ---- SIGHUP
$stage->put('secret/auth_token', 'f00d' x 8 . "\n", 0400);
$relay = $stage->start_relay;
($job) = enqueue(1);
$stage->wait_put_back($job, qr/^status 401, code 20003/);
ok($stage->relay_said(qr/error: conversations: paused for .*code 20003/),
    'with a wrong token all waits, and a person is called');
is($stage->sql("SELECT attempt FROM frontline_queue.job WHERE job_id = $job"),
    0, 'which is no attempt');
$stage->wait_paused('conversations');
$stage->put('secret/auth_token', $stage->TOKEN . "\n", 0400);
kill 'HUP', $relay;
wait_said(qr/info: read .*frontline\.conf again/);
$stage->sql("SELECT frontline_queue.resume('conversations')");
$stage->hurry_all;
like($stage->outcome_of($job), qr/^sent\|.*\|1$/,
    'SIGHUP brings the right one, and it is tried at once');

$stage->put('frontline.conf', $right . "[service]\ncolour = red\n");
kill 'HUP', $relay;
wait_said(qr/error: the old configuration stays: .*colour/);
($job) = enqueue(1);
like($stage->wait_outcome($job), qr/^sent\|.*\|1$/,
    'a broken file changes nothing');

# One a second from now on.  The first finds what the last second has left.
$stage->write_config('limits.twilio_per_second' => 1);
kill 'HUP', $relay;
wait_said(qr/info: read .*frontline\.conf again/, 2);
my $from = () = $stage->ledger;
my $began = time;
enqueue(3);
$stage->wait_queue_empty;
my @slow = $stage->ledger($from);
cmp_ok($slow[1]{time} - $began, '>=', 0.9,
    'a new rate counts for the next job');
cmp_ok($slow[2]{time} - $began, '>=', 1.9, 'and for the one after');
is($stage->end_relay($relay, 'QUIT'), 0, 'it ends on SIGQUIT, too');

# ---- SIGTERM under load
$stage->write_config('limits.twilio_per_second' => 1000);
$stage->script({ method => 'POST', path => '/Messages$', action => 'delay',
    ms => 500, times => 'forever' });
$from = () = $stage->ledger;
# So many that some are left, however late the signal comes.
my $many = 200;
my @jobs = enqueue($many);
$relay = $stage->start_relay;
wait_until(sub { $stage->ledger($from) }, 'the first request is under way');
my $stopped = () = $stage->relay_said(qr/stopping/);
kill 'TERM', $relay;
wait_said(qr/stopping: \d+ jobs are in hand/, $stopped + 1);
kill $_, $relay for qw(HUP TERM INT USR1 TERM);
is($stage->end_relay($relay), 0,
    'SIGTERM under load, and more signals: it ends as it should');
my @asked = $stage->ledger($from);
my @said = $stage->relay_said(qr/\[$relay\] info: (?:stopping|job=)/);
my ($at) = grep { $said[$_] =~ /stopping: \d+ jobs/ } 0 .. $#said;
my ($in_hand) = $said[$at] =~ /stopping: (\d+) jobs/;
cmp_ok($in_hand, '<=', 16, 'it has no more in hand than it can do');
cmp_ok(scalar @asked, '<=', $at + $in_hand, 'nothing new is begun');
cmp_ok(scalar @asked, '<', $many, 'and some are left');
my $list = join ', ', @jobs;
is($stage->sql("SELECT count(*), count(*) FILTER (WHERE outcome = 'sent' AND
    attempts = 1) FROM frontline_queue.done WHERE job_id IN ($list)"),
    @asked . '|' . @asked, 'what is under way comes to its end');
is($stage->sql("SELECT count(*), count(*) FILTER (WHERE j.attempt = 0 AND
    j.wire_at IS NULL AND l.token IS NULL AND l.ready_at <= now())
    FROM frontline_queue.job j JOIN frontline_queue.lane l
    USING (destination_id, key)"), join('|', ($many - @asked) x 2),
    'the rest is as it was, and due');
$twilio->clear_rules;

# Claimed when the signal comes, and not begun: its lease is given back.
my $session = $stage->session;
print {$session} "BEGIN; SELECT FROM frontline_queue.job FOR UPDATE;\n";
wait_until(sub { $stage->sql("SELECT count(*) FROM pg_stat_activity
    WHERE state = 'idle in transaction'") == 1 }, 'the jobs are held');
$from = () = $stage->ledger;
$relay = $stage->start_relay;
wait_until(sub { $stage->sql("SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'frontline_relay' AND wait_event_type = 'Lock'") == 1 },
    'a claim waits');
$stopped = () = $stage->relay_said(qr/stopping/);
kill 'TERM', $relay;
wait_said(qr/stopping/, $stopped + 1);
print {$session} "COMMIT;\n";
is($stage->end_relay($relay, 'USR1'), 0,
    'SIGTERM while jobs are claimed, and SIGUSR1, as multiwatch says it');
is(scalar(() = $stage->ledger($from)), 0, 'none of them is sent');
is($stage->sql("SELECT count(*) FILTER (WHERE j.attempt = 0 AND
    j.wire_at IS NULL AND l.token IS NULL AND l.ready_at <= now())
    FROM frontline_queue.job j JOIN frontline_queue.lane l
    USING (destination_id, key)"), $many - @asked,
    'and each is due for the next relay');
is(scalar $stage->relay_said(qr/reason="the relay is stopping"/) > 0, 1,
    'which the log tells');

# ---- in the long run
sub count_descriptors {
	my @open = glob "/proc/$relay/fd/*";

	return scalar @open;
}

$relay = $stage->start_relay;
enqueue(60);
$stage->wait_queue_empty(120);
my $before = count_descriptors();
enqueue(300);
$stage->wait_queue_empty(120);
# As many connections may be kept as there may be jobs in hand.
cmp_ok(count_descriptors(), '<=', $before + 20,
    'three hundred jobs later no descriptor is left behind');
is($stage->sql("SELECT count(*) FROM frontline_queue.done
    WHERE outcome <> 'sent'"), 0, 'and all were sent');

is(scalar(grep { @{$_->{invalid}} } $stage->ledger), 0,
    'Twilio had nothing to complain of');
done_testing;
