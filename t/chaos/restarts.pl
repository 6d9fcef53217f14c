#!/usr/bin/perl
# The long form of t/web/restarts.t: what Chaos::Restarts does, with figures as
# options.
#
#	make chaos CHAOS_RESTARTS='--reloads 100 --restarts 200'
#
# Ends with 0 when no request failed.
use strict;
use warnings;
use Chaos::Restarts;
use Getopt::Long;

my %opt = (reloads => 500, restarts => 1000, responders => 3, clients => 6,
    seed => 1);
my $usage = 'usage: restarts.pl [' . join('] [', map { "--$_ $opt{$_}" }
    sort keys %opt) . "]\n";

GetOptions(\%opt, map { "$_=i" } keys %opt) && !@ARGV or die $usage;
$| = 1;

my $chaos = Chaos::Restarts->new(%opt,
    tell => sub { printf "%5d s  %s\n", time - $^T, @_ });
my %is = $chaos->run;
my ($failed, $wrong) = delete @is{qw(failed wrong)};

print "\nfigures\n";
printf "  %-24s %7d\n", $_, $is{$_} for sort keys %is;
printf "  %-24s %7d\n", 'failed', scalar @$failed;
print "\n", (map { "failed: $_" } @$failed), map { "wrong: $_\n" } @$wrong;

# What the stage finds when it is struck makes the exit status, too.
undef $chaos;
exit 1 if @$failed || @$wrong;
print "no request failed\n";
