#!/usr/bin/perl
# front_signature.t -- the vectors of X-Front-Signature are those that their
# generator writes; t/peer/front_signature.c judges them.
use strict;
use warnings;
use Test::More;

my $data = "$ENV{abs_top_srcdir}/t/data";
my $made = `"$^X" "$data/make-front-signature-vectors.pl"`;

open my $in, '<', "$data/front-signature-vectors.json" or die "$data: $!\n";
local $/;
is($made, scalar <$in>, 'byte for byte');
done_testing;
