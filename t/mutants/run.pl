#!/usr/bin/perl
# Takes each guard of Mutants out of a copy of the tree and runs the test that
# must fail then.  Ends with 1 when a mutant survives, or cannot be made.
#
#	make mutants MUTANTS='lease mark'	those whose name has such a word
use strict;
use warnings;
use File::Temp qw(tempdir);
use Files qw(slurp put);
use Mutants qw(mutants occurrences);
use Scratch qw(scratch_base);
use Time::HiRes qw(sleep time);

# A test that hangs without its guard has failed, too.
use constant PATIENCE => 120;

my $top = $ENV{abs_top_srcdir};
my $make = $ENV{MAKE} || 'make';
my $copy = tempdir('mutants-XXXXXX', DIR => scratch_base(), CLEANUP => 1);
my $build = "$copy/_build";
my @chosen = grep {
	my $name = $_->{name};
	!@ARGV || grep { $name =~ /\Q$_\E/ } @ARGV;
} mutants();
my $survived = 0;
my $running;

die "no such mutant\n" unless @chosen;
$SIG{INT} = $SIG{TERM} = sub {
	end_group($running) if $running;
	exit 130;
};
chmod 0755, $copy;
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKE_TERMOUT MAKE_TERMERR)};
system("tar -C '$top' --exclude=./.git --exclude='./_build*' --exclude=./var" .
    " -cf - . | tar -C '$copy' -xf -") == 0 or die "no copy of $top\n";
mkdir $build;
@ENV{qw(abs_top_srcdir abs_top_builddir PERL5LIB)} =
    ($copy, $build, "$copy/t/lib");
run("cd '$build' && ../configure -q") == 0 or die "configure failed\n";

my %of;
for my $mutant (@chosen) {
	push @{$of{$_}}, $mutant for @{$mutant->{tests}};
}
for my $test (sort keys %of) {
	my ($status, $seconds) = try_test($test);

	die "$test fails without any mutant\n" if $status;
	printf "%-52s %5.1f s  passes\n", $test, $seconds;
	mutate($test, $_) for @{$of{$test}};
}
printf "%d mutants, %d tests passed that must fail\n", scalar @chosen,
    $survived;
exit($survived ? 1 : 0);

sub mutate {
	my ($test, $mutant) = @_;
	my $file = "$copy/$mutant->{file}";
	my $text = slurp($file);
	my $found = occurrences($text, $mutant->{from});
	my ($outcome, $seconds) = ("its text stands there $found times", 0);

	if ($found == 1) {
		my $at = index $text, $mutant->{from};
		my $new = $text;

		substr $new, $at, length $mutant->{from}, $mutant->{to};
		put($file, $new);
		(my $status, $seconds) = try_test($test);
		put($file, $text);
		$outcome = !$status ? 'SURVIVED'
		    : $status eq 'build' ? 'does not compile'
		    : $status eq 'hung' ? 'killed (hung)' : 'killed';
	}
	$survived++ if $outcome !~ /^killed/;
	printf "  %-50s %5.1f s  %s\n", $mutant->{name}, $seconds, $outcome;
}

# Builds and runs it; returns what is wrong with it (0: nothing), and how long
# the test took.
sub try_test {
	my ($test) = @_;
	my $targets = $test =~ /\.test$/ ? $test : 'all';

	return ('build', 0)
	    if run("$make -s -C '$build' -j2 $targets") != 0;
	my $start = time;
	my $status = run($test =~ /\.test$/ ? "cd '$build' && exec ./$test"
	    : "cd '$copy' && exec '$^X' $test");
	return ($status, time - $start);
}

# In a process group of its own, so that nothing of it stays.
sub run {
	my ($command) = @_;
	my $pid = fork // die "fork: $!\n";
	my $deadline = time + PATIENCE;

	if (!$pid) {
		setpgrp 0, 0;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$copy/said";
		open STDERR, '>&', \*STDOUT;
		exec '/bin/sh', '-c', $command or exit 127;
	}
	$running = $pid;
	while (waitpid($pid, 1) == 0) {
		if (time > $deadline) {
			end_group($pid);
			return 'hung';
		}
		sleep 0.02;
	}
	undef $running;
	return $?;
}

# A test that is told to end takes its cluster along.
sub end_group {
	my ($pid) = @_;
	my $deadline = time + 20;

	kill 'TERM', -$pid;
	sleep 0.02 while waitpid($pid, 1) == 0 && time < $deadline;
	kill 'KILL', -$pid;
	waitpid $pid, 0;
	undef $running;
}

