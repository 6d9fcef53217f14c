#!/usr/bin/perl
# bridge.t -- the measurement runs and prints its table; what it says is for
# `make bench` on a quiet machine, not for a test.
use strict;
use warnings;
use Test::More;

plan skip_all => 'no PostgreSQL server binaries'
    unless $ENV{PG_BINDIR} && -x "$ENV{PG_BINDIR}/initdb";
my $said = qx('$^X' '$ENV{abs_top_srcdir}/t/bench/bridge.pl' --texts 5 2>&1);

is($?, 0, 'the measurement ends well') or diag($said);
like($said, qr{^\Q$_\E +[\d.]+ +[\d.]+ +[\d.]+$}m, "a row: $_")
    for 'Front alone', 'Twilio alone', 'a callback that reads',
    'webhook answered', 'the text is in Front', 'the reply is at Twilio';
done_testing;
