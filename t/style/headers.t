#!/usr/bin/perl
# headers.t -- each header compiles alone, and is guarded by its own name.
use strict;
use warnings;
use File::Find;
use File::Temp qw(tempdir);
use Test::More;

my $src = "$ENV{abs_top_srcdir}/src";
my $dir = tempdir(CLEANUP => 1);
my @cc = split ' ', $ENV{CC} // 'cc';
my $libraries = `pkg-config --cflags fcgi jansson libpq libcurl libcrypto inih 2>&1`;
my @headers;

plan skip_all => 'no pkg-config' if $?;
find({
	no_chdir => 1,
	wanted   => sub { push @headers, s{^\Q$src\E/}{}r if /\.h$/ && !m{/banned\.h$} },
}, $src);

for my $header (sort @headers) {
	open my $out, '>', "$dir/alone.c" or die "$dir/alone.c: $!\n";
	# Twice: the guard must hold.
	print $out qq(#include "$header"\n) x 2, "extern int nothing;\n";
	close $out or die "$dir/alone.c: $!\n";
	open my $cc, '-|', @cc, qw(-std=c11 -D_GNU_SOURCE -fsyntax-only -Wall -Wextra -Werror),
	    "-I$src", split(' ', $libraries), "$dir/alone.c" or die "@cc: $!\n";
	close $cc;
	is($?, 0, "$header compiles alone");
	(my $guard = uc $header) =~ s{[/.]}{_}g;
	open my $in, '<', "$src/$header" or die "$header: $!\n";
	like(join('', <$in>), qr{\A/\*\n \* \Q${\($header =~ s{.*/}{}r)}\E -- .*?\*/\n#ifndef \Q$guard\E\n#define \Q$guard\E\n}s,
		"... and begins with what it is for, and its guard");
}
done_testing;
