#!/usr/bin/perl
# The package in a bare Debian 12, without systemd: installed, set up by the
# commands of README.Debian, asked, upgraded, purged, installed again.
use strict;
use warnings;
use Debian::Package;
use Debian::Readme;
use Debian::Root;
use Debian::Site;
use POSIX ();
use Stage::Process qw(wait_until);
use Test::More;

Debian::Root::alone();
my $root = Debian::Root->new('ready')->for_chroot;
my $version = Debian::Package::field(Debian::Package::built(), 'Version');
my $name = $Debian::Package::NAME;
my $conf = '/etc/frontline/frontline.conf';
my @daemons;

sub install {
	my ($deb, $what, $options) = @_;
	my ($file) = $deb =~ m{([^/]+)$};

	$root->take_in($deb);
	return $root->goes('apt-get install -y ' . ($options // '') . " ./$file", $what);
}

# A command that serves, until stop().
sub start {
	my ($command) = @_;
	my $pid = fork // die "fork: $!";

	if (!$pid) {
		setpgrp 0, 0;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $root->path('/srv/daemons.log');
		open STDERR, '>&', \*STDOUT;
		{ exec $root->inside, 'sh', '-c', "exec $command" }
		POSIX::_exit(127);
	}
	push @daemons, $pid;
}

# SIGTERM, and how each of them ended.
sub stop {
	my %status;

	kill 'TERM', @daemons;
	for my $pid (splice @daemons) {
		my $ended = eval { wait_until(sub {
			waitpid($pid, POSIX::WNOHANG()) == $pid }, 'the end', 60) };
		$status{$ended ? $? : 'none'}++;
	}
	return join ' ', sort keys %status;
}

# What runs as the service's user.
sub processes {
	my $said = $root->run('find /proc -maxdepth 1 -user frontline 2>/dev/null | wc -l');

	chomp $said;
	return $said;
}

subtest 'apt-get install' => sub {
	$root->goes('! dpkg-query -s openssh-server rsyslog procps', 'the root is bare');
	install(Debian::Package::built(), 'goes well with what Debian 12 has');
	is(processes(), 0, 'nothing runs');
	$root->goes('frontlinectl --version && ! ldd /usr/libexec/frontline/* /usr/sbin/frontlinectl | grep "not found"',
	    'the programs run');
	like($root->run('stat -c "%U:%G %a" /etc/frontline/secrets'), qr/^root:root 700$/,
	    "the secrets are root's alone");
	like($root->run('getent passwd frontline'), qr{:/nonexistent:/usr/sbin/nologin$},
	    'there is a user that nobody can be');
	install(Debian::Package::built(), 'once more changes nothing', '--reinstall');
};

subtest 'set up as README.Debian says' => sub {
	Debian::Site::make_certificate($root);
	$root->goes('pg_ctlcluster 15 main start', 'PostgreSQL') or return;
	Debian::Site::make_database($root);
	Debian::Site::configure($root);
	Debian::Site::make_site($root, 'nginx');
};

# Its commands, each that serves in the background.
subtest 'without systemd, as README.Debian says' => sub {
	my @commands = Debian::Readme::commands($root, 'Without systemd');
	my @serving = grep { /^(?:spawn-fcgi|setpriv)/ } @commands;

	is(@serving, 2, 'two commands serve');
	$root->goes(join("\n", 'systemd-tmpfiles --create frontline-integration.conf',
	    grep { !/^(?:spawn-fcgi|setpriv)/ } @commands), 'the others go well');
	start($_) for @serving;
	ok(eval { wait_until(sub { Debian::Site::is_ready($root) }, 'ready', 30) }, 'it becomes ready')
	    or diag($root->slurp('/srv/daemons.log'));
	Debian::Site::answers($root, 'in a bare Debian')
	    or diag($root->slurp('/srv/daemons.log'));
	like($root->run((grep { /^frontlinectl/ } Debian::Readme::commands($root, '5. The first'))[0]),
	    qr/Ines Okafor/, 'README.Debian: the first signed callback');
};

subtest 'an upgrade keeps what the operator has edited' => sub {
	my $before = $root->slurp($conf);
	my $new = Debian::Package::other($root->{top}, "$version+1", sub {
		Debian::Package::edit("$_[0]$conf", sub { $_ .= "; a word more\n" });
	});

	install($new, 'apt-get install of a newer one', '-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold');
	is($root->slurp($conf), $before, 'its settings are as they were');
	$root->goes("grep -q 'a word more' $conf.dpkg-dist", 'the new ones lie beside them');
	Debian::Site::answers($root, 'with processes of the older one');
	Debian::Site::follow($root, 'Upgrades', sub { /migrate/ });
	Debian::Site::answers($root, 'after the upgrade');
	is($root->run('dpkg --verify ' . $name), "??5?????? c $conf\n",
	    'nothing but the settings differs from the package');
};

subtest 'purge' => sub {
	is(stop(), '0', 'all end well');
	is(processes(), 0, 'none is left');
	Debian::Site::follow($root, 'Removing it', sub {
		s/systemctl reload nginx/nginx -s reload/;
		return /sites-enabled/;
	});
	$root->goes("apt-get remove -y $name && test -s $conf && test -s /etc/frontline/secrets/auth_token",
	    'apt-get remove keeps settings and secrets');
	$root->goes("apt-get purge -y $name", 'apt-get purge');
	is($root->run("dpkg -L $name 2>/dev/null || :"), '', 'no file is known');
	is($root->run('find / -xdev -path /proc -prune -o -path /srv -prune -o -path /usr/share/doc -prune'
	    . ' -o -iname "*frontline*" -print | sort'), join("\n",
	    '/etc/nginx/sites-available/frontline', '/etc/ssl/certs/frontline-test.pem',
	    '/usr/local/share/ca-certificates/frontline-test.crt', '/var/log/nginx/frontline.access.log',
	    '/var/log/nginx/frontline.error.log', ''), "no file is left but the operator's own");
	like($root->run('getent passwd frontline'), qr/^frontline:/, 'the user is left');
	isnt(Debian::Site::sql($root, 'SELECT count(*) FROM frontline.customer'), '0', 'and the database');
};

subtest 'installed again' => sub {
	install(Debian::Package::built(), 'apt-get install');
	Debian::Site::configure($root);
	$root->goes('systemd-tmpfiles --create frontline-integration.conf'
	    . ' && rm /etc/nginx/sites-available/frontline', 'as before');
	Debian::Site::make_site($root, 'nginx -s reload');
	my @commands = Debian::Readme::commands($root, 'Without systemd');
	$root->goes(join("\n", grep { /^ch/ } @commands), 'the secrets');
	start($_) for grep { /^(?:spawn-fcgi|setpriv)/ } @commands;
	ok(eval { wait_until(sub { Debian::Site::is_ready($root) }, 'ready', 30) }, 'it becomes ready')
	    or diag($root->slurp('/srv/daemons.log'));
	Debian::Site::answers($root, 'again');
	is(stop(), '0', 'all end well');
};

subtest 'what README.Debian says of removing the data' => sub {
	my @commands = grep { !/sites-enabled/ } Debian::Readme::commands($root, 'Removing it');

	like($root->run("apt-get purge -y $name"), qr{nginx will not start .* rm /etc/nginx/sites-enabled/frontline},
	    'apt-get purge tells of a site that was forgotten');
	$root->goes('! nginx -t 2>&1', 'which nginx does not start with');
	$root->goes('rm /etc/nginx/sites-enabled/frontline && nginx -t 2>&1', 'and does without');
	$root->goes(join("\n", @commands), 'its commands go well');
	is($root->run('getent passwd frontline || :'), '', 'no user');
	is($root->run(q(runuser -u postgres -- psql -XAtc "SELECT rolname FROM pg_roles WHERE rolname ~ 'frontline'")),
	    '', 'no role');
	$root->run('nginx -s stop; pg_ctlcluster 15 main stop -m immediate');
};

done_testing;
