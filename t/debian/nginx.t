#!/usr/bin/perl
# The site as the package installs it: nginx takes it, and the rotation of
# nginx's own logs rotates those of the site.
use strict;
use warnings;
use Debian::Package;
use Stage;
use Test::More;

Stage::require_tools(qw(dpkg-buildpackage dh dh_apparmor));
my $stage = Stage->new;
my $dir = $stage->{dir};

sub has_tool {
	my ($tool) = @_;

	return grep { -x "$_/$tool" } split /:/, "$ENV{PATH}:/usr/sbin:/sbin";
}

mkdir "$dir/tree";
system('dpkg-deb', '-x', Debian::Package::built(), "$dir/tree") == 0 or die 'dpkg-deb -x';

subtest 'the installed site' => sub {
	my $etc = "$dir/tree/etc/nginx";
	my $site = $stage->slurp('tree/usr/share/frontline-integration/nginx/frontline.site');
	my @ports = map { $stage->free_port } 1 .. 3;

	# Ports and logs that somebody may use who is not root.
	$site =~ s{^ *listen \[::\].*\n}{}mg;
	$site =~ s{listen 443}{listen 127.0.0.1:$ports[0]}g;
	$site =~ s{listen 80;}{listen 127.0.0.1:$ports[1];};
	$site =~ s{127\.0\.0\.1:8089}{127.0.0.1:$ports[2]};
	$site =~ s{/etc/letsencrypt/live/[^/]+/fullchain\.pem}{$dir/tls/cert.pem};
	$site =~ s{/etc/letsencrypt/live/[^/]+/privkey\.pem}{$dir/tls/key.pem};
	$site =~ s{/var/log/nginx/}{$dir/log/tried.}g;
	system 'chown', '-R', "$stage->{uid}:$stage->{gid}", $etc if !$>;
	$stage->put('tree/etc/nginx/nginx.conf', <<"END");
pid $dir/run/tried.pid;
error_log $dir/log/tried.log;
events { }
http {
    @{[$stage->temp_paths]}
$site
}
END
	my ($said, $status) = $stage->run('nginx', '-t', '-q', '-e', "$dir/log/tried.log",
	    '-p', $dir, '-c', "$etc/nginx.conf");
	is($status, 0, 'nginx -t') or diag($said);
	is($said, '', '... without a word');
	like($site, qr{location \^~ /\.well-known/acme-challenge/ \{ root /var/www/html; \}},
	    'certbot\'s webroot is that of Debian\'s own site');
};

subtest 'logs are rotated' => sub {
	my $rules = '/etc/logrotate.d/nginx';
	plan skip_all => 'no logrotate' unless has_tool('logrotate');
	plan skip_all => "no $rules" unless open my $in, '<', $rules;
	my $text = join '', <$in>;
	close $in;
	my @logs = $stage->slurp('tree/usr/share/frontline-integration/nginx/frontline.site')
	    =~ m{_log +(/\S+)}g;
	my %logs = map { $_ => 1 } @logs;
	my ($pattern) = $text =~ m{^(/var/log/nginx/\S+) \{}m;

	ok($pattern, 'nginx has its rules') or return;
	is(join(' ', grep { !/^\Q$pattern\E$/ && !fits($pattern, $_) } sort keys %logs), '',
	    'every log of the site falls under them');

	# The same rules for the stage's logs and nginx.
	$text =~ s{/var/log/nginx/}{$dir/log/}g;
	$text =~ s{create 0640 www-data adm}{create 0640};
	$text =~ s{invoke-rc\.d nginx rotate\b.*}{kill -USR1 \$(cat $dir/run/nginx.pid)};
	$stage->put('rotate', "su $stage->{user} @{[scalar getgrgid $stage->{gid}]}\n$text", 0600);
	chown 0, 0, "$dir/rotate" if !$>;
	my $is_logged = sub {
		my ($file) = @_;

		wait_until(sub { $stage->slurp("log/$file") =~ /route=crm status=200/ },
		    "$file has the request");
	};
	is($stage->post('GetCustomersList')->{status}, 200, 'a request');
	$is_logged->('frontline.access.log');
	for my $round (1, 2) {
		my $said = qx(PATH=\$PATH:/usr/sbin logrotate -f -s '$dir/scratch/state' '$dir/rotate' 2>&1);
		is($?, 0, "rotation $round") or diag($said);
	}
	wait_until(sub { $stage->post('GetCustomersList')->{status} == 200 }, 'another request');
	$is_logged->('frontline.access.log');
	pass('a request after it is in the new log');
	ok(-e "$dir/log/frontline.access.log.1" && -e "$dir/log/frontline.error.log", 'both logs have gone the same way');
};

# Does the name fall under a pattern of the shell's?
sub fits {
	my ($pattern, $name) = @_;
	my $regex = join '[^/]*', map { quotemeta } split /\*/, $pattern, -1;

	return $name =~ /^$regex$/;
}

done_testing;
