#!/usr/bin/perl
# routing.t -- the measurement runs and prints its table; what it says is for
# `make bench` on a quiet machine, not for a test.
use strict;
use warnings;
use Test::More;

plan skip_all => 'no PostgreSQL server binaries'
    unless $ENV{PG_BINDIR} && -x "$ENV{PG_BINDIR}/initdb";
my $said = qx('$^X' '$ENV{abs_top_srcdir}/t/bench/routing.pl' --conversations 5 2>&1);

is($?, 0, 'the measurement ends well') or diag($said);
like($said, qr{^\Q$_\E +[\d.]+ +[\d.]+ +[\d.]+$}m, "a row: $_")
    for 'stand-in alone', 'a callback that reads', 'callback answered',
    'worker in the list';
done_testing;
