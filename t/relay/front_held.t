#!/usr/bin/perl
# A channel that Front refuses, with many customers waiting, costs the others
# nothing: what is put back without a request is no part of the company's rate.
use strict;
use warnings;
use Bridge;
use Stage;
use Test::More;

# One request a second; so many would be a minute.
use constant WAITING => 60;

my $other = '+15125550189';
my $stage = bridge(config => { 'limits.front_per_minute' => 60 },
    front => ['--channel', 'cha_7k2q', '--channel', 'cha_second'],
    more => [['second', 'cha_second', $other]]);

$stage->front->script({ path => 'cha_7k2q/inbound_messages',
    action => 'error', status => 401, times => 1000 });
$stage->sql("SELECT count(*) FROM generate_series(1, @{[WAITING]}) n,
    frontline_api.take_text('main', 'SM' || lpad(to_hex(n), 32, '0'),
    '+1415555' || lpad(n::text, 4, '0'), '@{[OURS]}', 'x', NULL, NULL, NULL,
    false, 90, now())");
my $text = text_in($stage, channel => 'second', to => $other);
$stage->start_relay;
wait_until(sub { $stage->relay_said(qr/channel main: Front refuses/) },
    'the channel is held', 20);
wait_until(sub { $stage->outcome_of(job_of($stage, 'front.message', $text)) },
    'the text of the other one is in Front', WAITING / 2);
pass('while one channel is held, the other goes on');
is(scalar(grep { $_->{path} =~ /cha_7k2q/ } $stage->front_ledger), 2,
    'nothing is asked for the one');
done_testing;
