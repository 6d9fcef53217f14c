#!/usr/bin/perl
# The units and the AppArmor profiles, without a systemd or an AppArmor that
# runs: they are well-formed, tight, and have what no restart may lose.
use strict;
use warnings;
use Debian::Package;
use File::Temp ();
use Files qw(slurp put);
use Scratch qw(scratch_base);
use Test::More;

$ENV{PATH} .= ':/usr/sbin:/sbin';
my $top = $ENV{abs_top_srcdir};

sub has_tool {
	my ($tool) = @_;

	return grep { -x "$_/$tool" } split /:/, $ENV{PATH};
}
for my $tool (qw(systemd-analyze dpkg-buildpackage dh dh_apparmor)) {
	plan skip_all => "no $tool" unless has_tool($tool);
}
my $dir = File::Temp->newdir('unXXXXXX', DIR => scratch_base());
mkdir "$dir/$_" for qw(tree units units/frontline-fcgi@.service.d);
system('dpkg-deb', '-x', Debian::Package::built(), "$dir/tree") == 0
    or die 'dpkg-deb -x';
my @units = map { m{([^/]+)$} } glob "$dir/tree/lib/systemd/system/*";
my @services = grep { /\.service$/ } @units;

# A unit's settings: section.key => [values].
sub settings {
	my ($text) = @_;
	my (%found, $section);

	for (split /\n/, $text) {
		$section = $1 if /^\[(\w+)\]$/;
		push @{$found{"$section.$1"}}, $2 if /^(\w+)=(.*)$/;
	}
	return \%found;
}
my %unit = map { $_ => settings(slurp("$dir/tree/lib/systemd/system/$_")) } @units;

# Beside the machine's own units, and with the programs where they lie here.
sub install_unit {
	my ($unit, $as) = @_;
	my $text = slurp("$dir/tree/lib/systemd/system/$unit");

	$text =~ s{=(/usr/(?:libexec|sbin)/)}{=$dir/tree$1}g;
	put("$dir/units/$as", $text);
}
install_unit($_, $_) for @units;

sub verify {
	local $ENV{SYSTEMD_UNIT_PATH} = "$dir/units:";
	my @wanted = map { s/\@\.service$/\@1.service/r } @units;
	my $said = qx(systemd-analyze verify --man=no @wanted 2>&1);

	return $? ? "exit $?: $said" : $said;
}

subtest 'systemd-analyze verify' => sub {
	is(scalar @units, 6, 'all units');
	is(verify(), '', 'finds nothing');
	system('cp', "$top/debian/examples/remote-database.conf",
	    "$dir/units/frontline-fcgi\@.service.d/") == 0 or die 'cp';
	is(verify(), '', 'nor with the drop-in for a database on another host');
	put("$dir/units/frontline-fcgi\@.service.d/remote-database.conf",
	    "[Service]\nRestrictAdressFamilies=AF_INET\n");
	like(verify(), qr{Unknown key}, 'and would find a slip');
};

# Tenths; the smaller, the tighter.
my %most = (
	'frontline-fcgi@.service'        => 15,
	'frontline-relay.service'        => 20,
	'frontline-housekeeping.service' => 20,
);
subtest 'systemd-analyze security' => sub {
	is_deeply([sort keys %most], [sort @services], 'each service has a limit');
	for my $unit (@services) {
		(my $file = "$dir/$unit") =~ s/\@\./\@1./;
		put($file, slurp("$dir/tree/lib/systemd/system/$unit"));
		my $said = qx(systemd-analyze security --no-pager --offline=true --threshold=$most{$unit} '$file' 2>&1);

		is($?, 0, "$unit is at most $most{$unit} tenths") or diag($said);
		note($said =~ /(Overall exposure.*)/);
	}
};

subtest 'what each service may' => sub {
	for my $unit (@services) {
		my $s = $unit{$unit};

		is_deeply($s->{'Service.User'}, ['frontline'], "$unit: as whom");
		is_deeply($s->{'Service.CapabilityBoundingSet'}, [''], '... without capabilities');
		is_deeply($s->{'Service.LoadCredential'}, ['secrets:/etc/frontline/secrets'],
		    '... secrets by systemd alone');
		ok(!$s->{'Service.Environment'} && !$s->{'Service.EnvironmentFile'},
		    '... none in the environment');
	}
	my $fcgi = $unit{'frontline-fcgi@.service'};
	is_deeply($fcgi->{'Service.RestrictAddressFamilies'}, ['AF_UNIX'], 'responder processes: no network');
	is_deeply($fcgi->{'Service.PrivateNetwork'}, ['yes'], '... of any kind');
	is_deeply($fcgi->{'Service.PrivateUsers'}, ['no'], '... they see who nginx is');
	is_deeply([sort split ' ', $unit{'frontline-relay.service'}{'Service.RestrictAddressFamilies'}[0]],
	    [qw(AF_INET AF_INET6 AF_UNIX)], 'the relay has one');
};

# What was learned by losing requests.
subtest 'what keeps the service up' => sub {
	my ($socket, $fcgi, $target, $relay) = @unit{qw(frontline-fcgi.socket
	    frontline-fcgi@.service frontline-fcgi.target frontline-relay.service)};

	ok(!$socket->{'Unit.PartOf'} && !$socket->{'Unit.BindsTo'}, 'the socket outlives a restart of the target');
	is_deeply($socket->{'Socket.TriggerLimitIntervalSec'}, ['0'], '... and processes that fail');
	is_deeply([@$socket{qw(Socket.SocketUser Socket.SocketGroup Socket.SocketMode)}],
	    [['root'], ['www-data'], ['0660']], '... and is nginx\'s alone');
	is_deeply($fcgi->{'Unit.PartOf'}, ['frontline-fcgi.target'], 'the processes are restarted by the target');
	is_deeply($target->{'Unit.Wants'}, ['frontline-fcgi.socket frontline-fcgi@1.service frontline-fcgi@2.service'],
	    'two of them');
	for ([$fcgi, 'a responder process', 8], [$relay, 'the relay', 38]) {
		my ($service, $what, $drain) = @$_;
		my ($stop) = $service->{'Service.TimeoutStopSec'}[0] =~ /^(\d+)s$/;

		is_deeply([@$service{qw(Unit.StartLimitIntervalSec Service.Restart)}],
		    [['0'], ['always']], "$what is always started again");
		cmp_ok($stop, '>', $drain, '... and may end what it has begun');
	}
	is_deeply([@$relay{qw(Service.Type Service.WatchdogSec)}], [['notify'], ['30s']], 'the relay is watched');
};

subtest 'what waits for a configuration' => sub {
	for my $unit (grep { !/\@\.service$|\.timer$/ } @units) {
		is_deeply($unit{$unit}{'Unit.ConditionDirectoryNotEmpty'}, ['/etc/frontline/secrets'], $unit);
	}
	# A service that were skipped behind a socket that listens would be
	# triggered in a circle.
	is_deeply($unit{'frontline-fcgi@.service'}{'Unit.ConditionPathExists'},
	    $unit{'frontline-fcgi.socket'}{'Socket.ListenStream'}, 'the processes wait for the socket');
	ok(!$unit{'frontline-fcgi@.service'}{'Unit.ConditionDirectoryNotEmpty'}, '... and for nothing else');
};

subtest 'AppArmor' => sub {
	plan skip_all => 'no apparmor_parser' unless has_tool('apparmor_parser');
	my @profiles = glob "$dir/tree/etc/apparmor.d/*";

	is(scalar @profiles, 2, 'a profile for each program');
	for my $profile (@profiles) {
		my ($name) = $profile =~ m{([^/]+)$};
		my $text = slurp($profile);
		# -Q: into no kernel, -K and -T: from and into no cache.
		my $said = qx(apparmor_parser -Q -K -T '$profile' 2>&1);

		is($?, 0, "$name is well-formed") or diag($said);
		(my $program = "/$name") =~ tr{.}{/};
		ok(-x "$dir/tree$program", '... named after a program');
		like($text, qr/^profile \S+ \Q$program\E flags=\(complain\b/m, '... of which it complains');
		like($text, qr/include if exists <local\/\Q$name\E>/, '... and takes what a host adds');
	}
};

done_testing;
