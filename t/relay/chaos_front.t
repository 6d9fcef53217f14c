#!/usr/bin/perl
# No text is lost, doubled or out of order on its way between Twilio and Front
# while processes are killed and both peers fail.  The short form of what `make
# chaos` does with --front (t/chaos/run.pl).
use strict;
use warnings;
use Chaos::Front;
use Test::More;

my $chaos = Chaos::Front->new(jobs => 320, kills => 50, restarts => 2,
    tell => sub { note time - $^T, " ", @_ });
my %is = $chaos->run;

note explain \%is;
cmp_ok($is{kills}, '>=', 50, 'relays were killed');
is($is{restarts}, 2, 'PostgreSQL went down');
is($is{deaths}, 12, 'responder processes were killed');
cmp_ok($is{'webhooks refused'}, '>', 0, 'webhooks were refused');
cmp_ok(scalar(grep { $_ } values %{$is{faults}}), '>', 8,
    'Twilio and Front failed in many ways');
cmp_ok($is{'posted again'}, '>', 0, 'texts were posted again');
cmp_ok($is{reconciled}, '>', 0, 'and the fate of others was found out');
cmp_ok($is{repeated}, '>', 0, 'webhooks came twice');
is($is{texts}, 320, 'each text was accepted');
is($is{lost}, 0, 'no text was lost');
is($is{doubled}, 0, 'none came twice');
is($is{reordered}, 0, 'each customer kept the order');
is($is{needless}, 0, 'none was posted again that was known to be there');
is($is{stuck} + $is{left}, 0, 'no lane is stuck');
is($is{dead}, 0, 'none was given up');
is_deeply($is{wrong}, [], 'nothing else was wrong');
done_testing;
