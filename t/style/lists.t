#!/usr/bin/perl
# lists.t -- the lists of Makefile.am hold every file: a test that is in none
# would never run, a file that is in none would miss from a release.
use strict;
use warnings;
use File::Find;
use Test::More;

my $top = $ENV{abs_top_srcdir};
$ENV{MAKE} //= 'make';

# The make that runs the tests must not speak to the one that we run.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKE_TERMOUT MAKE_TERMERR)};

sub found {
	my ($folder, $which) = @_;
	my @found;

	find({
		no_chdir => 1,
		wanted   => sub { push @found, s{^\Q$top\E/}{}r if -f && /$which/ },
	}, "$top/$folder");
	return [sort @found];
}

# What a variable of the Makefile holds.
sub listed {
	my ($name) = @_;
	open my $in, '<', "$top/Makefile.am" or die "$top/Makefile.am: $!\n";
	my $text = join '', <$in>;

	$text =~ s/\\\n/ /g;
	return map { split } $text =~ /^\Q$name\E[ \t]*\+?=[ \t]*(.*)$/mg;
}

subtest 'Perl tests' => sub {
	is_deeply([sort(listed('PERL_TESTS'), listed('HOST_TESTS'))], found('t', qr/\.t$/),
	    'each is in PERL_TESTS or HOST_TESTS');
};

subtest 'C tests' => sub {
	my %listed = map { s/\.test$/.c/r => 1 } listed('UNITS'), listed('REPLAYS');
	my @units = grep { m{^t/[^/]+/[^/]+\.c$} && $_ ne 't/fuzz/replay.c' && $_ ne 't/bench/null-fcgi.c' }
	    @{found('t', qr/\.c$/)};

	is_deeply([sort keys %listed], \@units, 'each is in UNITS or REPLAYS');
};

subtest 'fuzz targets' => sub {
	my @targets = map { m{([^/]+)\.test$} } listed('REPLAYS');

	is_deeply([sort map { m{([^/]+)$} } listed('FUZZERS')], [sort @targets],
		'each is built with libFuzzer too');
	ok(-d "$top/t/fuzz/corpus/$_", "$_ has a corpus") for @targets;
	my %target = map { $_ => 1 } @targets;
	is(join(' ', grep { !$target{$_} } map { m{([^/]+)$} } glob "$top/t/fuzz/{corpus,dictionary}/*"),
		'', 'and nothing else has');
};

subtest 'sources' => sub {
	my %listed = map { $_ => 1 } map { listed($_) }
	    qw(libfrontline_a_SOURCES frontline_fcgi_SOURCES frontline_relay_SOURCES frontlinectl_SOURCES);

	is_deeply([sort keys %listed], found('src', qr/\.[ch]$/), 'each belongs to a program');
};

# It takes hours, so nobody would see at once that a part of it is not run.
subtest 'make chaos' => sub {
	my $said = `$ENV{MAKE} -n --no-print-directory -C '$ENV{abs_top_builddir}' chaos CHAOS=--1 CHAOS_FRONT=--2 CHAOS_RESTARTS=--3 CHAOS_FAILOVER=--4`;

	is($?, 0, 'make -n chaos') or return;
	$said =~ s/\\\n//g;
	is_deeply([$said =~ m{t/chaos/(\w+\.pl.*?)\s*$}mg],
	    ['run.pl --1', 'run.pl --front --2', 'restarts.pl --3', 'run.pl --failover --4'],
	    'each part is a command of its own');
};

# In a checkout: everything that git knows is also in a release.
subtest 'distribution' => sub {
	plan skip_all => 'no checkout' unless -e "$top/.git";
	my @known = split /\n/, `git -C '$top' ls-files 2>/dev/null`;
	plan skip_all => 'git does not list the files' if $? || !@known;
	my @dist = map { s{^(?:\Q$top\E|\$\(srcdir\)|\.)/}{}r }
	    split /\n/, `$ENV{MAKE} -s --no-print-directory -C '$ENV{abs_top_builddir}' dist-list`;
	is($?, 0, 'make dist-list') or return;
	# Build directories outside name the sources by their way to them.
	@dist = map { s{^(?:\.\./)+(?:[^/]+/)*?(?=(?:src|t|schema|nginx|build-aux)/|[^/]+$)}{}r } @dist;
	my %dist = map { $_ => 1 } @dist;
	my @folders = grep { -d "$top/$_" } @dist;
	my @missing;

	for my $file (grep { -e "$top/$_" } @known) {
		next if $dist{$file} || grep { index($file, "$_/") == 0 } @folders;
		push @missing, $file;
	}
	is(join("\n", @missing), '', 'every file of the checkout is distributed');
	is(join("\n", grep { !-e "$top/$_" && !-e "$ENV{abs_top_builddir}/$_" } @dist), '',
		'and what is distributed is there');
};

done_testing;
