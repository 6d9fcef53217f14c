#!/usr/bin/perl
# compare.t -- the comparison runs and prints its table; what it says is for
# `make bench` on a quiet machine, not for a test.
use strict;
use warnings;
use Test::More;

plan skip_all => 'no wrk' unless grep { -x "$_/wrk" } split /:/, $ENV{PATH};
plan skip_all => 'no PostgreSQL server binaries'
    unless $ENV{PG_BINDIR} && -x "$ENV{PG_BINDIR}/pgbench";

my $said = qx('$^X' '$ENV{abs_top_srcdir}/t/bench/compare.pl' --customers 2000 --workers 10 --seconds 1 --rounds 1 2>&1);

is($?, 0, 'the comparison ends well') or diag($said);
like($said, qr{^\Q$_\E +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +\d+ +[\d.]+ +[\d.]+$}m,
    "a row for $_") for qw(null list details search proxy);
like($said, qr/^\Q$_\E +[\d.]+ +[\d.]+ +[\d.]+$/m, "server time of $_")
    for qw(list details search proxy);
done_testing;
