#!/usr/bin/perl
# The package's own tests: smoke as autopkgtest runs it in a bare Debian 12, and
# units, which autopkgtest leaves out there, where systemd is process 1.
use strict;
use warnings;
use Debian::Container;
use Debian::Package;
use Debian::Root;
use Test::More;

Debian::Root::skip_all('no autopkgtest on this machine')
    unless grep { -x "$_/autopkgtest" } qw(/usr/bin);
Debian::Root::alone();

subtest 'smoke' => sub {
	my $root = Debian::Root->new('ready')->for_chroot;
	my $top = $root->{top};

	# What it needs is there already; there is no network.
	$root->without_sources;
	mkdir "$top/source" or die $!;
	system('cp', '-r', "$ENV{abs_top_srcdir}/debian", "$top/source") == 0 or die 'cp';
	# By this a source is known as built; another one would take a compiler.
	Debian::Root::put("$top/source/debian/files", '');
	my $status = system 'sh', '-c', 'exec autopkgtest "$@" >"$0" 2>&1 </dev/null', "$top/log",
	    Debian::Package::built(), "$top/source", '--no-built-binaries', '-o', "$top/result",
	    '--', 'chroot', $root->{dir};
	my @log = Debian::Root::file_lines("$top/log");
	my @summary = Debian::Root::file_lines("$top/result/summary");
	my $ok = is($status >> 8, 2, 'autopkgtest passes, and leaves one out');

	$ok &= like("@summary", qr/^ ?smoke +PASS/m, 'smoke passes');
	$ok &= like("@summary", qr/^ ?units +SKIP .*testbed capability/m, 'units takes more than a chroot');
	diag(@log) unless $ok;
};

subtest 'units' => sub {
	my $container = Debian::Container->new;

	$container->take_in($_) for Debian::Package::built(), "$ENV{abs_top_srcdir}/debian/tests/units";
	$container->goes('apt-get install -y ./*.deb', 'apt-get install');
	my ($said, $status) = $container->run('./units');
	is($status, 0, 'units passes') or diag($said);
};

done_testing;
