#!/usr/bin/perl
# What Frontline says of its users: asked by the relay, once in an interval, and
# taken over.
use strict;
use warnings;
use utf8;
use Stage;
use Test::More;
use Time::HiRes qw(time);

binmode $_, ':encoding(UTF-8)' for map { Test::More->builder->$_ }
    qw(output failure_output);
my $stage = Stage->new(responders => 0, nginx => 0, sample => 0, twilio => [],
    config => { 'limits.users_interval' => 3600,
        'limits.users_per_minute' => 6000 });
my $twilio = $stage->twilio;

# Puts a worker into the database; where $user is given, at Frontline, too, and
# there first: a relay that runs asks as soon as the database has one.
sub worker {
	my ($identity, $state, $available, $user) = @_;

	$twilio->control('POST', 'users', { identity => $identity, %$user })
	    if $user;
	$stage->sql("INSERT INTO frontline.worker (identity, friendly_name,
	    state, is_available) VALUES ('$identity', 'Old', '$state',
	    $available)");
}

sub known {
	my ($identity) = @_;

	my $row = $stage->sql("SELECT friendly_name, avatar, state, is_available
	    FROM frontline.worker WHERE identity = '$identity'");

	utf8::decode($row);
	return $row;
}

sub asked {
	my ($identity) = @_;

	return grep { $_->{path} =~ m{^/v1/Users/} }
	    $stage->requests_of($identity);
}

sub wait_known {
	my ($identity, $wanted) = @_;
	my $is;

	eval { wait_until(sub { ($is = known($identity)) eq $wanted },
	    "worker $identity", @{$stage->{wrapper}} ? 60 : 15) };
	is($is, $wanted, "worker $identity: $wanted");
}

# The worker's turn has come; all others were asked a moment ago.
sub set_due {
	$stage->sql('UPDATE frontline.worker_poll p SET polled_at = CASE WHEN
	    w.identity IN (' . join(', ', map { "'$_'" } @_) . q{) THEN
	    '-infinity'::timestamptz ELSE now() END FROM frontline.worker w
	    WHERE w.worker_id = p.worker_id});
}

# ---- what is taken over
worker('ana@example.com', 'active', 'false', { friendly_name => 'Ana Ås 日',
    avatar => 'https://cdn.example.net/ana.png', is_available => 1 });
worker('away', 'active', 'true', { friendly_name => 'Away',
    is_available => 0 });
worker('gone', 'active', 'true');
worker('left', 'active', 'true', { friendly_name => 'Left',
    state => 'deactivated' });
worker('back', 'deactivated', 'false', { friendly_name => 'Back' });
worker('odd', 'active', 'false', { friendly_name => 'Odd',
    avatar => 'http://plain.example.net/odd.png' });
worker('a/b +å%2F?#', 'active', 'false', { friendly_name => 'Percent' });
my @bad = (
	['html', { action => 'garbage', body => '<html>Log in</html>' }],
	['list', { action => 'garbage', body => '[]' }],
	['empty', { action => 'garbage', body => '{}' }],
	['nulls', { action => 'garbage', body => '{"sid": null, "identity": null,
	    "friendly_name": null, "avatar": null, "state": null,
	    "is_available": null}' }],
	['wrong', { action => 'garbage', body => '{"sid": 7, "friendly_name": [],
	    "avatar": {}, "state": "asleep", "is_available": "yes"}' }],
	['ill', { action => 'error', status => 500 }],
	['refused', { action => 'error', status => 400, code => 20001 }],
);
for (@bad) {
	my ($identity, $rule) = @$_;

	worker($identity, 'active', 'true', { friendly_name => 'New' });
	$stage->script({ path => "/Users/$identity\$", %$rule });
}
my $relay = $stage->start_relay;
wait_known('ana@example.com',
    'Ana Ås 日|https://cdn.example.net/ana.png|active|t');
wait_known('away', 'Away||active|f');
wait_known('gone', 'Old||active|f');
wait_known('left', 'Left||deactivated|t');
wait_known('back', 'Back||active|t');
wait_known('odd', 'Odd||active|t');
wait_known('a/b +å%2F?#', 'Percent||active|t');
like($stage->sql("SELECT sid FROM frontline.worker
    WHERE identity = 'ana\@example.com'"), qr/^US[0-9a-f]{32}$/,
    'the SID is written down');
is(scalar asked('/v1/Users/a%2Fb%20%2B%C3%A5%252F%3F%23'), 1,
    'an identity is percent-encoded');
wait_until(sub { (grep { defined $_->{status} } map { asked("/Users/$_->[0]") }
    @bad) == @bad }, 'every other worker is asked about');
for my $why (qr/read: .*\(19 bytes\)/, qr/read: .*\(2 bytes\)/,
    qr/asked about: status 500/, qr/asked about: status 400/) {
	wait_until(sub { $stage->relay_said(
	    qr/warning: roster: a user could not be $why/) }, "told: $why");
}
pass('warnings tell of bad answers');
is(scalar $stage->relay_said(qr/ana\@|worker=/), 0, 'and none names a person');
is((asked('ana'))[0]{auth}, 'right', 'with our credentials');

# ---- nobody is asked twice in an interval, by however many relays
my $second = $stage->start_relay;
wait_until(sub { $stage->sql("SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'frontline_relay' AND state = 'idle'") == 8 },
    'two relays are connected');
worker("late$_", 'active', 'false', { friendly_name => 'Late' }) for 1 .. 9;
wait_known("late$_", 'Late||active|t') for 1 .. 9;
is(scalar asked('/v1/Users/'), 7 + @bad + 9,
    'nobody is asked about twice in an interval');
is($stage->end_relay($second), 0, 'one relay ends');

# ---- a change
$twilio->control('POST', 'users', { identity => 'away',
    friendly_name => 'Here', is_available => 1 });
set_due('away');
wait_known('away', 'Here||active|t');

# ---- too many requests: nobody is asked for a while
my $from = () = $stage->ledger;
$stage->script({ path => '/Users/late', action => 'error', status => 429,
    code => 20429, retry_after => 1 },
    { path => '/Users/late', action => 'delay', ms => 1500, times => 3 });
set_due(map { "late$_" } 1 .. 9);
wait_until(sub { (grep { $_->{status} } $stage->ledger($from)) == 9 },
    'all are asked about in the end', 30);
my @all = $stage->ledger($from);
my ($refused) = grep { $_->{status} && $_->{status} == 429 } @all;
is(scalar(grep { $_->{status} && $_->{status} == 200 } @all), 8,
    'those under way come to their end');
# Four are asked about at a time.
cmp_ok($all[4]{time} - $refused->{time}, '>=', 0.99,
    'after a 429 nobody is asked for as long as Retry-After says');
ok($stage->relay_said(
    qr/warning: roster: nobody is asked about for \d+ ms: limited/),
    'a warning tells');

# ---- a rate
$stage->write_config('limits.users_per_minute' => 60);
kill 'HUP', $relay;
wait_until(sub { $stage->relay_said(qr/info: read .* again/) }, 'a new rate');
$from = () = $stage->ledger;
# The first finds what the last second has left.
my $began = time;
set_due(map { "late$_" } 1 .. 3);
wait_until(sub { $stage->ledger($from) >= 3 }, 'three are asked about', 30);
@all = $stage->ledger($from);
cmp_ok($all[2]{time} - $began, '>=', 1.9, 'sixty a minute');
is($stage->end_relay($relay), 0, 'the relay ends');
is(known($_), 'Old||active|t', "$_ has changed nothing")
    for map { $_->[0] } @bad;

# ---- never
$stage->write_config('limits.users_interval' => 0);
$stage->sql(q{UPDATE frontline.worker_poll SET polled_at = '-infinity'});
$from = () = $stage->ledger;
my $sid = $stage->new_conversation;
my $job = $stage->enqueue($sid, $sid, 'message.add',
    { conversation_sid => $sid, body => $stage->CANARY });
$stage->start_relay;
like($stage->wait_outcome($job), qr/^sent/, 'with an interval of 0 others work');
is(scalar(() = $stage->ledger($from)), 1, 'and nobody is asked about');

is(scalar(grep { @{$_->{invalid}} } $stage->ledger), 0,
    'Frontline had nothing to complain of');
done_testing;
