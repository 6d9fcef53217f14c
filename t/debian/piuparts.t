#!/usr/bin/perl
# piuparts: installed and purged, the package leaves a Debian 12 as it was; it
# can be installed, removed, and installed again.
use strict;
use warnings;
use Debian::Package;
use Debian::Root;
use Test::More;

Debian::Root::skip_all('no piuparts on this machine')
    unless grep { -x "$_/piuparts" } qw(/usr/sbin /usr/bin);
Debian::Root::alone();
my $root = Debian::Root->new('ready');
my $work = "$root->{top}/piuparts";
mkdir $work or die "$work: $!";

# What the package needs is there already, and there is no network: no source
# is asked, and nothing removed to make the root smaller.  What is ignored apt
# makes, with the first package that is installed after apt-utils.
$root->without_sources;
my $status = system 'sh', '-c', 'exec piuparts "$@" >"$0" 2>&1 </dev/null', "$root->{top}/log",
    '-t', $work, '-e', $root->{dir}, '-d', 'bookworm', qw(--keep-sources-list --skip-minimize
    --no-eatmydata --scriptsdir=/etc/piuparts/scripts --ignore=/var/cache/debconf/tmp.ci/), Debian::Package::built();
my @log = Debian::Root::file_lines("$root->{top}/log");
my ($faults) = join('', @log) =~ /^(\S+ ERROR: FAIL.*?)^\S+ DEBUG/ms;

is($status, 0, 'piuparts passes') or diag($faults // @log);
ok((grep { /PASS: Installation and purging test/ } @log), 'installed and purged');
ok((grep { /INFO: PASS: All tests/ } @log), 'all of its tests');

done_testing;
