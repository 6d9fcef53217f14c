#!/usr/bin/perl
# The units as systemd runs them: started, killed, restarted, upgraded under
# load, misconfigured, booted, purged.
use strict;
use warnings;
use Debian::Container;
use Debian::Package;
use Debian::Readme;
use Debian::Root;
use Debian::Site;
use Stage::Process qw(wait_until);
use Test::More;

Debian::Root::alone();
my $c = Debian::Container->new;
my @responders = map { "frontline-fcgi\@$_.service" } 1, 2;
my @running = ('frontline-fcgi.socket', 'frontline-fcgi.target', @responders,
    'frontline-relay.service', 'frontline-housekeeping.timer');

# The one before, whose schema had one file less; and the one after, which adds
# a column that nobody asks for.
my ($last) = (sort glob "$ENV{abs_top_srcdir}/schema/0*.sql")[-1] =~ m{([^/]+)$};
my $next = 1 + ($last =~ /^(\d+)/)[0];
my $version = Debian::Package::field(Debian::Package::built(), 'Version');
my $schema = "/usr/share/$Debian::Package::NAME/schema";
my $old = Debian::Package::other($c->{top}, "$version~", sub {
	unlink "$_[0]$schema/$last" or die "$last: $!";
});
my $new = Debian::Package::other($c->{top}, "$version+1", sub {
	Debian::Root::put("$_[0]$schema/" . sprintf('%04d_expand.sql', $next), <<"END");
ALTER TABLE frontline.customer ADD COLUMN shoe_size integer;
COMMENT ON COLUMN frontline.customer.shoe_size IS 'for a test';
INSERT INTO frontline.schema_migration (version, name) VALUES ($next, 'expand');
END
});

sub states {
	my $said = $c->run("systemctl is-active @_ || :");

	return join ' ', split /\n/, $said;
}

sub are_active {
	my ($what) = @_;

	is(states(@running), join(' ', ('active') x @running), $what)
	    or diag(scalar $c->run("systemctl status --no-pager @running || :"));
}

sub install {
	my ($deb, $what) = @_;

	$c->take_in($deb);
	my ($name) = $deb =~ m{([^/]+)$};
	return $c->goes("apt-get install -y ./$name", $what);
}

subtest 'an installation waits for its configuration' => sub {
	install($old, 'apt-get install');
	is($c->run('systemctl --failed --no-legend --plain'), '', 'no unit has failed');
	is(states(@responders, 'frontline-relay'), 'inactive inactive inactive',
	    'nothing runs that could not');
	is($c->journal('-p warning'), '', 'and nothing complains');
};

subtest 'an operator sets it up as README.Debian says' => sub {
	Debian::Site::make_certificate($c);
	Debian::Site::make_database($c);
	Debian::Site::configure($c);
	# Nobody is there to be asked about workers.
	$c->goes(<<'END', 'the relay has nobody to ask');
printf '[limits]\nusers_interval = 0\n' >>/etc/frontline/frontline.conf
END
	Debian::Site::follow($c, '3. The services', sub { /^systemctl start/ });
	Debian::Site::make_site($c);
	are_active('all units run');
	Debian::Site::answers($c, 'in the container') or diag($c->journal('-n 40'));
	like($c->run((grep { /^frontlinectl/ } Debian::Readme::commands($c, '5. The first'))[0]),
	    qr/Ines Okafor/, 'README.Debian: the first signed callback');
};

subtest 'as whom, with what' => sub {
	for my $unit (@responders, 'frontline-relay.service') {
		my $pid = $c->property($unit, 'MainPID');
		like($c->run("stat -c %U /proc/$pid"), qr/^frontline$/, "$unit is no root");
		is($c->run("cat /proc/$pid/environ /proc/$pid/cmdline | grep -ac @{[Debian::Site::TOKEN]} || :"),
		    "0\n", "$unit has no secret in its environment");
	}
	like($c->run('stat -c "%U:%G %a" /run/frontline/fcgi.sock'), qr/^root:www-data 660$/,
	    "the socket is nginx's");
	for ([15, @responders], [20, 'frontline-relay.service']) {
		my ($most, @units) = @$_;
		for my $unit (@units) {
			$c->goes("systemd-analyze security --no-pager --threshold=$most $unit | tail -1",
			    "$unit is shut in: " . $most / 10);
		}
	}
};

subtest 'a process that is killed comes back' => sub {
	for my $unit (@responders, 'frontline-relay.service') {
		my $pid = $c->property($unit, 'MainPID');

		$c->goes("kill -9 $pid", "kill -9 of $unit");
		ok(eval { wait_until(sub {
			my $now = $c->property($unit, 'MainPID');
			return $now && $now != $pid
			    && $c->property($unit, 'ActiveState') eq 'active';
		}, $unit, 30) }, "$unit comes back") or diag($@);
	}
	are_active('all units run again');
	Debian::Site::answers($c, 'after that');
};

subtest 'restarts, reloads and an upgrade under load' => sub {
	my $load = Debian::Site::load($c, 3);
	my $more = sub {
		my $seen = $load->count + 20;
		wait_until(sub { $load->count >= $seen }, '20 answers', 30);
	};
	my $pid = $c->property('frontline-fcgi@1.service', 'MainPID');

	$more->();
	for my $n (1 .. 3) {
		$c->goes('systemctl restart frontline-fcgi.target', "restart $n");
		$more->();
		$c->goes('systemctl reload nginx', "reload of nginx $n");
		$more->();
	}
	$c->goes('systemctl reload frontline-fcgi.target frontline-relay', 'the settings are read again');
	$more->();
	install(Debian::Package::built(), 'an upgrade whose schema has one file more');
	isnt($c->property('frontline-fcgi@1.service', 'MainPID'), $pid, 'other processes answer');
	$more->();
	$c->goes('runuser -u postgres -- frontlinectl migrate --database dbname=frontline',
	    "its schema: $last");
	$more->();
	install($new, 'an upgrade once more');
	$more->();
	$c->goes("systemctl restart frontline-fcgi.target frontline-relay", 'while the schema is the older one');
	$more->();
	$c->goes('runuser -u postgres -- frontlinectl migrate --database dbname=frontline',
	    'the schema grows under processes that run');
	$more->();
	my ($count, $bad) = $load->stop;
	is(scalar @$bad, 0, "not one of $count requests failed")
	    or diag(@$bad[0 .. ($#$bad > 9 ? 9 : $#$bad)]);
	cmp_ok($count, '>', 200, 'and there were many');
	is(Debian::Site::sql($c, 'SELECT count(*) FROM frontline.message'),
	    scalar(grep { /^200 0 wrote/ } @{$load->answers}),
	    'every message that was answered is there, once');
	are_active('all units run');
	is($c->journal('-p err'), '', 'the journal has no errors');
};

subtest 'a mistake in the settings' => sub {
	my $unit = 'frontline-fcgi@2.service';

	$c->goes('cp /etc/frontline/frontline.conf /srv/right && echo "[service]" >>/etc/frontline/frontline.conf'
	    . ' && echo "publik_base_url = x" >>/etc/frontline/frontline.conf', 'a mistake');
	my ($since) = $c->run('date +%s.%N');
	chomp $since;
	$c->run("systemctl reload frontline-fcgi\@1; systemctl restart $unit || :");
	wait_until(sub { $c->property($unit, 'ExecMainStatus') eq '78' }, "$unit ends", 20);
	# The same line for each time that systemd tries; the journal has it a
	# moment later.
	my %said;
	wait_until(sub {
		%said = map { $_ => 1 } split /\n/,
		    $c->journal("_SYSTEMD_UNIT=$unit --since \@$since -p warning");
		return %said;
	}, 'the journal has it');
	like(join('', keys %said), qr{^\S*/etc/frontline/frontline\.conf:\d+: .*publik_base_url[^\n]*$},
	    'the log has one line, with file, line and key') or diag(join "\n", keys %said);
	Debian::Site::answers($c, 'the other one keeps its settings');
	$c->goes('cp /srv/right /etc/frontline/frontline.conf', 'it is mended');
	$c->run("systemctl reset-failed; systemctl restart frontline-fcgi.target");
	are_active('all units run again');
	# What was wrong on purpose is not looked at below.
	$c->run('journalctl --rotate; journalctl --vacuum-time=1us');
};

subtest 'after a boot' => sub {
	$c->reboot;
	wait_until(sub { Debian::Site::is_ready($c) }, 'ready', 30);
	are_active('all units run');
	Debian::Site::answers($c, 'after a boot');
	is($c->journal('-p err'), '', 'the journal has no errors');
	unlike($c->journal(''), qr/@{[Debian::Site::TOKEN]}/, 'and no secret');
};

subtest 'purge' => sub {
	Debian::Site::follow($c, '3. The services', sub { /^systemctl enable/ });
	is(states(map { "frontline-fcgi\@$_" } 3, 4), 'active active', 'more responder processes');
	$c->goes('rm /etc/nginx/sites-enabled/frontline && systemctl reload nginx'
	    . " && apt-get purge -y $Debian::Package::NAME", 'apt-get purge');
	is($c->run('systemctl list-units --all --no-legend --plain "frontline-*" || :'), '',
	    'no unit is left');
	is($c->run('find /proc -maxdepth 1 -user frontline'), '', 'no process');
	is($c->run('ls -d /etc/frontline /run/frontline /usr/share/frontline* /usr/libexec/frontline'
	    . ' /etc/systemd/system/frontline* 2>/dev/null || :'), '', 'no file');
	is($c->run('systemctl --failed --no-legend --plain'), '', 'no failed unit');
	isnt(Debian::Site::sql($c, 'SELECT count(*) FROM frontline.customer'), '0', 'the database is');
};

done_testing;
