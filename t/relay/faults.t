#!/usr/bin/perl
# Twilio misbehaves: what becomes of the job, and that its effect is there once.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    config => { 'limits.users_interval' => 0,
        'limits.twilio_per_second' => 1000,
        'limits.call_timeout_ms' => 5000 });
my $worker = $stage->WORKER;
# What is not known is looked up, and sent again, without a wait.
my $terms = q{UPDATE frontline_queue.destination SET settle = '0', resend = '0',
    paused_until = '-infinity', pause_reason = NULL
    WHERE name = 'conversations'};
$stage->sql($terms);
# The sample's own conversation would get a worker meanwhile.
$stage->sql('DELETE FROM frontline.conversation');

# A message says something that no log may repeat.
sub job_of {
	my ($kind, $sid) = @_;

	return [$sid, $stage->new_sid('D'), $kind, { conversation_sid => $sid,
	    service_sid => undef, $kind eq 'message.add'
	    ? (body => $stage->CANARY . ' +46701740601')
	    : (identity => $worker) }];
}

# ---- each fault, met by both kinds
#
# [rule, talk and end of participant.add, of message.add, last error].
# An end is outcome, attempts and effects.  Where a kept connection dies before
# the body was handed to it, libcurl may send the whole again: nothing can have
# come of half a request.
my $again = 'POST 409 GET 200';
my @faults = (
	[{ action => 'error', status => 429, code => 20429 },
	    'POST 429 POST 201 = sent 1 1', 'POST 429 POST 201 = sent 1 1',
	    qr/^status 429, code 20429: scripted 429/],
	[{ action => 'error', status => 429, format => 'empty', retry_after => 1 },
	    'POST 429 POST 201 = sent 1 1', 'POST 429 POST 201 = sent 1 1',
	    qr/^status 429$/],
	[{ action => 'error', status => 503 },
	    'POST 503 POST 201 = sent 2 1',
	    'POST 503 GET 200 POST 201 = sent 2 1', qr/^status 503: /],
	[{ action => 'error', status => 500, when => 'after' },
	    "POST 500 $again = unneeded 2 1",
	    'POST 500 GET 200 = reconciled 2 1', qr/^status 500: /],
	[{ action => 'hang' },
	    'POST - POST 201 = sent 2 1',
	    'POST - GET 200 POST 201 = sent 2 1', qr/timed out/],
	[{ action => 'hang', when => 'after' },
	    "POST - $again = unneeded 2 1",
	    'POST - GET 200 = reconciled 2 1', qr/timed out/],
	[{ action => 'reset' },
	    qr/^POST - POST 201 = sent [12] 1$/,
	    qr/^POST - (?:POST 201 = sent 1|GET 200 POST 201 = sent 2) 1$/, qr/^/],
	[{ action => 'reset', when => 'before' },
	    'POST - POST 201 = sent 2 1',
	    'POST - GET 200 POST 201 = sent 2 1', qr/./],
	[{ action => 'reset', when => 'after' },
	    "POST - $again = unneeded 2 1",
	    'POST - GET 200 = reconciled 2 1', qr/./],
	[{ action => 'close', when => 'before' },
	    'POST - POST 201 = sent 2 1',
	    'POST - GET 200 POST 201 = sent 2 1', qr/./],
	[{ action => 'close' },
	    "POST - $again = unneeded 2 1",
	    'POST - GET 200 = reconciled 2 1', qr/./],
	[{ action => 'cut' },
	    "POST 201 $again = unneeded 2 1",
	    'POST 201 GET 200 = reconciled 2 1', qr/./],
	[{ action => 'drip', ms => 100 },
	    "POST 201 $again = unneeded 2 1",
	    'POST 201 GET 200 = reconciled 2 1', qr/timed out/],
	[{ action => 'error', status => 502, format => 'html', when => 'after' },
	    "POST 502 $again = unneeded 2 1",
	    'POST 502 GET 200 = reconciled 2 1', qr/^status 502$/],
	[{ action => 'error', status => 400, format => 'html' },
	    'POST 400 = dead 1 0', 'POST 400 = dead 1 0', qr/^status 400$/],
	[{ action => 'error', status => 404, format => 'html' },
	    'POST 404 = dead 1 0', 'POST 404 = dead 1 0', qr/^status 404$/],
	[{ action => 'error', status => 400, code => 50407, format => 'problem',
	    message => 'no such address +46701740601' },
	    'POST 400 = dead 1 0', 'POST 400 = dead 1 0',
	    qr/^status 400, code 50407: no such address \+\*{9}01$/],
	# What is cut off is a whole character, or the database takes no outcome.
	[{ action => 'error', status => 400, code => 50407,
	    message => 'x' . "\x{fc}" x 150 },
	    'POST 400 = dead 1 0', 'POST 400 = dead 1 0',
	    qr/^status 400, code 50407: x(?:\xc3\xbc){99}$/],
	[{ action => 'error', status => 409, code => 50419, format => 'problem' },
	    'POST 409 POST 201 = sent 2 1', 'POST 409 POST 201 = sent 2 1',
	    qr/^status 409, code 50419: /],
	[{ action => 'oversized' },
	    "POST 201 $again = unneeded 2 1",
	    'POST 201 GET 200 = reconciled 2 1', qr/writ/i],
	[{ action => 'garbage' },
	    "POST 201 $again = unneeded 2 1",
	    'POST 201 GET 200 = reconciled 2 1', qr/no JSON object/],
	[{ action => 'garbage', body => '{"sid": "no SID"}' },
	    "POST 201 $again = unneeded 2 1",
	    'POST 201 GET 200 = reconciled 2 1', qr/bears no SID/],
);

my @tries = map {
	my ($rule, $participant, $message, $error) = @$_;

	(['participant.add', $rule, $participant, $error],
	    ['message.add', $rule, $message, $error]);
} @faults;
my @sids = $stage->new_conversations(scalar @tries);
my $relay = $stage->start_relay;

# Those that take their time at once, of the others as few as no breaker minds.
my @slow = grep { $tries[$_][1]{action} =~ /^(?:hang|drip)$/ } 0 .. $#tries;
my @rest = grep { $tries[$_][1]{action} !~ /^(?:hang|drip)$/ } 0 .. $#tries;
my @rounds = ([@slow]);
push @rounds, [splice @rest, 0, 4] while @rest;
for (@rounds) {
	my @round = @$_;

	$stage->script(map {
		{ method => 'POST', path => $sids[$_], %{$tries[$_][1]} }
	} @round);
	$stage->enqueue_all(map { job_of($tries[$_][0], $sids[$_]) } @round);
	$stage->hurry_all;
	next if $_ != $rounds[0];
	# From here on nobody who is late counts as silent.
	$stage->end_relay($relay);
	$stage->write_config('limits.call_timeout_ms' => undef);
	$relay = $stage->start_relay;
}
my %end = map { my ($sid, @rest) = split /\|/, $_, 4; ($sid => \@rest) }
    split /\n/, $stage->sql('SELECT key, outcome, attempts, error
    FROM frontline_queue.done');
my (%talk, %there);
for ($stage->ledger) {
	my ($sid) = $_->{path} =~ m{/Conversations/(CH\w+)};
	push @{$talk{$sid}}, "$_->{method} " . ($_->{status} // '-');
}
$there{$_->{sid}} = @{$_->{messages}} + @{$_->{participants}}
    for @{$stage->twilio_state->{conversations}};
for (0 .. $#tries) {
	my ($kind, $rule, $wanted, $error) = @{$tries[$_]};
	my $sid = $sids[$_];
	my $name = join ' ', $kind, 'meets', map { "$_=$rule->{$_}" }
	    sort keys %$rule;
	my ($outcome, $attempts, $said) = @{$end{$sid}};
	my ($logged) = map { /reason="(.*)"$/ ? $1 : '' }
	    $stage->relay_said(qr/lane=$sid attempt=1 /);

	my $talk = "@{$talk{$sid}} = $outcome $attempts $there{$sid}";
	ref $wanted ? like($talk, $wanted, $name) : is($talk, $wanted, $name);
	like($logged, $error, "$name: the log says why");
	is($said, $logged, "$name: so does the database")
	    if $outcome ne 'unneeded' && $logged ne '';
}
my ($dead) = $stage->relay_said(qr/error: .*outcome=dead.*50407/);
ok($dead, 'a dead letter is an error line');

# ---- a kept connection dies under a request
for (['participant.add', "POST - $again"], ['message.add', 'POST - GET 200']) {
	my ($kind, $talk) = @$_;
	my ($warm, $sid) = $stage->new_conversations(2);
	my ($job) = $stage->enqueue_all(job_of($kind, $warm));

	$stage->wait_outcome($job);
	$stage->script({ method => 'POST', path => $sid, action => 'close' });
	($job) = $stage->enqueue_all(job_of($kind, $sid));
	$stage->hurry_all;
	my ($first) = $stage->requests_of($sid);
	cmp_ok($first->{nth}, '>', 1, "$kind: on a kept connection");
	is($stage->talk_of($sid), $talk, 'libcurl sends nothing by itself');
	my $conversation = $stage->conversation_at_twilio($sid);
	is(@{$conversation->{messages}} + @{$conversation->{participants}}, 1,
	    'so it is there once');
}
is(scalar(grep { @{$_->{invalid}} } $stage->ledger), 0,
    'Twilio had nothing to complain of');
done_testing;
