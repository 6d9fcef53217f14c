#!/usr/bin/perl
# Front's limits: who was too fast waits, no longer and nobody else, no attempt
# is burnt, and messages come before contacts and tags.
use strict;
use warnings;
use Bridge;
use Stage;
use Test::More;
use Time::HiRes qw(time);

my $other = '+15125550189';
my $stage = bridge(front => ['--channel', 'cha_7k2q', '--channel',
    'cha_second'], more => [['second', 'cha_second', $other]]);
my $front = $stage->front;
my %post = (method => 'POST', path => 'inbound_messages');

sub second { return text_in($stage, channel => 'second', to => $other, @_) }

$stage->start_relay;

# ---- one channel was too fast
$front->control('POST', 'limits', { kind => 'burst', ms => 341 });
my $text = text_in($stage, body => 'burst');
like(wait_job($stage, 'front.message', $text), qr/^sent\|\w+\|1$/,
    'too fast: it is sent again, and the attempt does not count');
is($stage->sql(q{SELECT paused_until FROM frontline_queue.destination
    WHERE name = 'front'}), '-infinity', 'the company is not paused');
is(scalar $stage->relay_said(qr/channel main: too many requests/), 1,
    'the channel is');

$front->control('POST', 'limits', { kind => 'burst', ms => 341,
    retry_after => 100, path => 'cha_7k2q/inbound_messages' });
$text = text_in($stage, body => 'held');
$stage->wait_put_back(job_of($stage, 'front.message', $text), qr/status 429/);
like(wait_job($stage, 'front.message', second(body => 'free')),
    qr/^sent\|\w+\|1$/, 'while one channel is held, the other goes on');
$stage->hurry;
$stage->wait_put_back(job_of($stage, 'front.message', $text),
    qr/^the channel is held$/);
is(scalar(grep { $_->{path} =~ /cha_7k2q/ && $_->{body} =~ /held/ }
    $stage->front_ledger), 1, 'and asks for nothing');
my ($pid) = keys %{$stage->{relays}};
$stage->end_relay($pid);
$pid = $stage->start_relay;
wait_job($stage, 'front.message', $text);

# ---- the company was
$front->control('POST', 'limits', { kind => 'company', retry_after => 30 });
$text = text_in($stage, body => 'company');
$stage->wait_put_back(job_of($stage, 'front.message', $text), qr/status 429/);
my $for = $stage->wait_paused('front');
cmp_ok($for, '>', 15, 'all of the company waits');
cmp_ok($for, '<=', 31, 'no longer than Front says');
my $count = $stage->front_ledger;
second(body => 'waits, too');
is($stage->sql("SELECT count(*) FROM frontline_queue.claim('front', 10)"), 0,
    'nothing is claimed meanwhile');
is(scalar $stage->front_ledger, $count, 'nothing is asked for');
$stage->sql(q{SELECT frontline_queue.resume('front')});
$stage->end_relay($pid);
$pid = $stage->start_relay;
like(wait_job($stage, 'front.message', $text), qr/^sent\|\w+\|1$/,
    'then it is sent, and the attempt does not count');

$front->control('POST', 'limits', { kind => 'bare' });
$text = text_in($stage, body => 'bare');
$stage->wait_put_back(job_of($stage, 'front.message', $text), qr/status 429/);
cmp_ok($stage->wait_paused('front'), '>', 40, 'where nothing is said, it is a minute');
$stage->sql(q{SELECT frontline_queue.resume('front')});
$stage->end_relay($pid);
$pid = $stage->start_relay;
wait_job($stage, 'front.message', $text);

# ---- wrong credentials of one channel
$front->script({ %post, path => 'cha_7k2q', action => 'error', status => 401,
    times => 2, message => 'JSON Web Token error' });
$text = text_in($stage, body => 'unauthenticated');
$stage->wait_put_back(job_of($stage, 'front.message', $text), qr/status 401/);
is(scalar $stage->relay_said(qr/error.* channel main: Front refuses/i), 1,
    'a wrong secret is an alarm');
like(wait_job($stage, 'front.message', second(body => 'well')),
    qr/^sent\|\w+\|1$/, 'and stops nobody else');
$stage->end_relay($pid);
$pid = $stage->start_relay;
wait_job($stage, 'front.message', $text);

# ---- at most four requests a second for a channel
my @from = map { sprintf '+1415555%04d', $_ } 1 .. 9;
$stage->sql("SELECT frontline_queue.pause('front', '1 hour', 'x')");
my @texts = map { text_in($stage, from => $_) } @from;
my $began = time;
$stage->sql(q{SELECT frontline_queue.resume('front')});
wait_job($stage, 'front.message', $_) for @texts;
cmp_ok(($stage->front_ledger)[-1]{time} - $began, '>=', 8 * 0.25 - 0.1,
    'nine customers at once are told of in two seconds');

# ---- what is left is for messages
$front->script({ %post, action => 'error', status => 202,
    body => '{"status":"accepted","message_uid":"u1"}',
    headers => { 'X-RateLimit-Limit' => 50, 'X-RateLimit-Remaining' => 5,
        'X-RateLimit-Reset' => 100 + int time } });
$text = text_in($stage, body => 'scarce');
wait_job($stage, 'front.message', $text);
my $caller = $stage->sql("INSERT INTO frontline.caller (address, match_key, asked_at,
    name) VALUES ('+14155559999', '+14155559999', now(), 'Dana')
    RETURNING caller_id");
my $job = $stage->enqueue("main:contact:$caller", "contact:$caller:1",
    'front.contact', { caller_id => $caller + 0, channel => 'main' },
    'front');
$stage->wait_put_back($job, qr/^what is left of the limit is for messages$/);
is(scalar(grep { $_->{path} =~ /contacts/ } $stage->front_ledger), 0,
    'a contact waits');
$front->clear_rules;
$text = text_in($stage, body => 'comes first');
like(wait_job($stage, 'front.message', $text), qr/^sent/, 'a message does not');
done_testing;
