#!/usr/bin/perl
# No job is lost, done twice or out of order while relays are killed.  The
# short form of `make chaos` (t/chaos/run.pl).
use strict;
use warnings;
use Chaos;
use Test::More;

my $chaos = Chaos->new(jobs => 600, kills => 54, restarts => 2,
    tell => sub { note time - $^T, " ", @_ });
my %is = $chaos->run;

note explain \%is;
cmp_ok($is{kills}, '>=', 50, 'relays were killed');
is($is{restarts}, 2, 'PostgreSQL went down');
is($is{stops}, 2, 'relays were stopped past their lease');
is($is{deaths}, 6, 'responder processes were killed');
cmp_ok($is{'by webhook'}, '>', 0, 'some of the work came by webhooks');
cmp_ok($is{'webhooks refused'}, '>', 0, 'webhooks were refused');
cmp_ok(scalar(grep { $_ } values %{$is{faults}}), '>', 8,
    'Twilio failed in many ways');
cmp_ok($is{uncertain}, '>', 0, 'the fate of requests was unknown');
cmp_ok($is{reconciled}, '>', 0, 'and was found out');
is($is{lost}, 0, 'no job was lost');
is($is{doubled}, 0, 'none was done twice');
is($is{reordered}, 0, 'each lane kept its order');
is($is{stuck} + $is{left}, 0, 'no lane is stuck');
is($is{dead}, 0, 'none was given up');
is_deeply($is{wrong}, [], 'nothing else was wrong');
done_testing;
