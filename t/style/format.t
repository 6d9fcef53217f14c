#!/usr/bin/perl
# format.t -- C is formatted by src/.clang-format, which is for version 14.
use strict;
use warnings;
use File::Find;
use Test::More;

my $top = $ENV{abs_top_srcdir};
my @files;
my $version = `clang-format --version 2>&1` // '';

plan skip_all => 'no clang-format 14' unless $version =~ /version 14\./;
find({
	no_chdir => 1,
	wanted   => sub { push @files, $_ if /\.[ch]$/ },
}, "$top/src", "$top/t");

my @found = grep { /error:|warning:/ }
    qx(clang-format --dry-run -Werror --style=file:$top/src/.clang-format @{[sort @files]} 2>&1);
my %at = map { /^(.*?:\d+):/ ? ($1 => 1) : () } @found;

is($?, 0, scalar(@files) . ' files are formatted')
    or diag(join "\n", (sort keys %at)[0 .. (keys %at > 20 ? 19 : keys(%at) - 1)]);
done_testing;
