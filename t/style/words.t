#!/usr/bin/perl
# words.t -- words that do not belong into the tree, and sizes of files and
# functions.
use strict;
use warnings;
use File::Find;
use Test::More;

my $top = $ENV{abs_top_srcdir};

# A file of C has at most so many lines; a function too, its braces included.
use constant { FILE_LINES => 600, FUNCTION_LINES => 90 };

# Written apart, so that this file does not hold them itself.
my @promises = map { join '', @$_ } ['TO', 'DO'], ['FIX', 'ME'], ['XX', 'X'], ['HA', 'CK'];
my $promise = join '|', map { "\\b$_\\b" } @promises;
# A path of the machine it was written on says nothing to anybody else.
my @places = map { "/$_" } qw(work farm home root);
my $place = join '|', map { "(?<![\\w.\$}/-])$_/" } @places;

my (@files, @promised, @placed, @banned, @long, @tall, @trailing);

# What git tracks; in an unpacked release all that no build leaves.  What else
# lies in a checkout is its owner's business.
my $skip = qr{/(?:\.git|_build[-\w]*|var|autom4te\.cache|build-aux|m4|corpus|\w+\.dSYM)$};
my @tracked = -e "$top/.git" ? split /\n/, `git -C '$top' ls-files 2>/dev/null` : ();

if (@tracked) {
	@files = grep { -f && -T _ && !m{/corpus/} } map { "$top/$_" } @tracked;
} else {
	find({
		no_chdir   => 1,
		preprocess => sub { grep { "$File::Find::dir/$_" !~ $skip } @_ },
		wanted     => sub {
			push @files, $_ if -f && -T _ && !m{/(?:configure~?|aclocal\.m4|Makefile(?:\.in)?
				|config\.(?:h\.in~?|log|status|h)|libtool|[^/]*\.(?:log|trs|o|a|Po|json))$}x;
		},
	}, $top);
}

# Names of functions, each with its first line and its length: in this style
# the name stands at the beginning of a line, and the last brace, too.
sub functions {
	my @lines = @_;
	my ($name, $from, @found);

	for my $i (0 .. $#lines) {
		($name, $from) = ($1, $i) if $lines[$i] =~ /^(\w+)\(/;
		if ($lines[$i] =~ /^\}$/ && defined $name) {
			push @found, [$name, $from + 1, $i - $from + 1];
			undef $name;
		}
	}
	return @found;
}

for my $path (sort @files) {
	(my $file = $path) =~ s{^\Q$top\E/}{};
	open my $in, '<', $path or die "$path: $!\n";
	my @lines = <$in>;

	for my $i (0 .. $#lines) {
		my $at = "$file:" . ($i + 1) . ": $lines[$i]";

		push @promised, $at if $lines[$i] =~ /$promise/ && $file !~ m{^src/README$};
		push @placed, $at if $lines[$i] =~ m{$place};
		push @trailing, $at if $lines[$i] =~ /[ \t]+$/ && $file =~ /\.([chtly]|p[lm]|sql|am|ac)$/;
		push @banned, $at
		    if $file =~ m{^src/.*\.[ch]$} && $lines[$i] =~ /\b(?:s?rand|random|system|popen
			|setjmp|longjmp|alloca|strtok_r|sleep|usleep|nanosleep|printf_s)\s*\(/x;
	}
	next unless $file =~ /\.c$/;
	push @long, sprintf '%s has %d lines', $file, scalar @lines if @lines > FILE_LINES;
	push @tall, map { "$file:$_->[1]: $_->[0]() has $_->[2] lines" }
	    grep { $_->[2] > FUNCTION_LINES } functions(@lines);
}

cmp_ok(scalar(@files), '>', 100, 'files are read');
is(join('', @promised), '', 'nothing is promised in a comment');
is(join('', @placed), '', 'no path of one machine');
is(join('', @trailing), '', 'no blanks at the end of a line');
is(join('', @banned), '', 'no call that banned.h cannot poison');
is(join("\n", @long), '', 'no file of C is longer than ' . FILE_LINES . ' lines');
is(join("\n", @tall), '', 'no function is longer than ' . FUNCTION_LINES . ' lines');
done_testing;
