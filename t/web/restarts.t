#!/usr/bin/perl
# Responder processes are replaced and nginx is reloaded all the time, and no
# client notices.  The short form of `make chaos` (t/chaos/restarts.pl).
use strict;
use warnings;
use Chaos::Restarts;
use Test::More;

# nginx waits 1.9 s for the answer to some; t/web/drain.t is for these programs.
plan skip_all => 'programs take longer to start than nginx waits'
    if Stage::wrapper();

my $chaos = Chaos::Restarts->new(reloads => 12, restarts => 24,
    tell => sub { note time - $^T, ' ', @_ });
my %is = $chaos->run;
my ($failed, $wrong) = delete @is{qw(failed wrong)};

note explain \%is;
is($is{reloads}, 12, 'nginx was reloaded');
cmp_ok($is{restarts}, '>=', 24, 'processes were replaced');
cmp_ok($is{'all at once'}, '>', 0, 'now and then all at once');
is(scalar @$failed, 0, "none of $is{requests} requests failed") or
    diag(@$failed[0 .. ($#$failed < 5 ? $#$failed : 5)]);
is_deeply($wrong, [], 'and every process left with success');
done_testing;
