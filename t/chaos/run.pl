#!/usr/bin/perl
# The long form of t/relay/chaos.t: what Chaos does, with figures as options;
# with --front as the first of them, that of t/relay/chaos_front.t, and with
# --failover, that of t/scale/promotion.t.
#
#	make chaos CHAOS='--jobs 5000 --kills 500'
#
# Ends with 0 when nothing was lost, done twice or out of order, no lane is
# stuck, and writes were back within 5 s of each promotion.
use strict;
use warnings;
use Chaos;
use Chaos::Failover;
use Chaos::Front;
use Getopt::Long;

my $form = @ARGV && $ARGV[0] =~ /^--(front|failover)\z/ && shift ? $1 : '';
my $is_front = $form eq 'front';
my %class = ('' => 'Chaos', front => 'Chaos::Front',
    failover => 'Chaos::Failover');
my %opt = (jobs => 20000, kills => 2000, restarts => 50, stops => 40,
    cuts => 40, deaths => 300, relays => 3, responders => 4, seed => 1,
    faults => 0.15, times => 5, patience => 300, $is_front
	? (senders => 1000, channels => 16, turns => 60)
	: (least => 10, most => 40));
@opt{qw(jobs kills restarts stops deaths failovers)} =
    (4000, 400, 0, 10, 60, 40) if $form eq 'failover';
my $usage = 'usage: run.pl [--front | --failover] [' .
    join('] [', map { "--$_ $opt{$_}" } sort keys %opt) . "]\n";

GetOptions(\%opt, (map { "$_=i" } grep { $_ ne 'faults' } keys %opt),
    'faults=f') && !@ARGV or die $usage;
$| = 1;

$opt{lane} = [delete @opt{qw(least most)}] unless $is_front;
my $chaos = $class{$form}->new(%opt,
    tell => sub { printf "%5d s  %s\n", time - $^T, @_ });
my %is = $chaos->run;
my ($faults, $wrong) = delete @is{qw(faults wrong)};

print "\nfaults\n";
printf "  %-24s %7d\n", $_, $faults->{$_} for sort keys %$faults;
print "\nfigures\n";
printf "  %-24s %7d\n", $_, $is{$_} for sort keys %is;
print "\n", map { "wrong: $_\n" } @$wrong;

# What the stage finds when it is struck makes the exit status, too.
undef $chaos;
exit 1 if @$wrong || ($is{slowest_ms} // 0) > 5000;
exit 1 if grep { $is{$_} } grep { exists $is{$_} } qw(lost doubled reordered needless stuck left dead);
print "nothing lost, nothing doubled, nothing out of order\n";
