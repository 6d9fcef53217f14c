#!/usr/bin/perl
# The certificate, by the command of README.Debian, from an authority of our own:
# issued and renewed through the site, which takes the new one at once.
use strict;
use warnings;
use Stage;
use Test::More;

Stage::require_tools(qw(certbot pebble pebble-challtestsrv));

my $name = 'frontline.test';
open my $in, '<', "$ENV{abs_top_srcdir}/debian/README.Debian" or die $!;
my ($command) = map { /^    (certbot certonly .*)/ } <$in>;
close $in;
ok($command, 'README.Debian has a command') or die;

my $stage = Stage->new(responders => 0);
my $dir = $stage->{dir};
my ($acme, $management, $dns, $control, $unused) =
    map { $stage->free_port } 1 .. 5;
my ($plain) = $stage->{plain_url} =~ /:(\d+)$/;
my ($tls) = $stage->{url} =~ /:(\d+)$/;

# Whoever has no handler for a signal yet ends by it.
wait_until(sub { $stage->health('/healthz')->{status} == 503 }, 'nginx answers');

# The site as it is, but with a webroot of our own.
sub change_site {
	my (@changes) = @_;
	my $site = $stage->slurp('nginx/nginx.conf');

	while (my ($from, $to) = splice @changes, 0, 2) {
		$site =~ s/$from/$to/g or die "no $from in the site";
	}
	$stage->put('nginx/nginx.conf', $site);
	$stage->reload_nginx;
}
mkdir "$dir/$_" for qw(www letsencrypt);
chown $stage->{uid}, $stage->{gid}, "$dir/www", "$dir/letsencrypt" if !$>;
change_site(qr{root /var/www/html;}, "root $dir/www;");

# The authority: every name is this machine, and it asks at the site's port.
$stage->put('pebble.json', <<"END");
{ "pebble": {
    "listenAddress": "127.0.0.1:$acme",
    "managementListenAddress": "127.0.0.1:$management",
    "certificate": "$dir/tls/cert.pem",
    "privateKey": "$dir/tls/key.pem",
    "httpPort": $plain,
    "tlsPort": $unused
} }
END
my @authority = $stage->spawn('challtestsrv', undef, $stage->as_user, 'pebble-challtestsrv',
    '-defaultIPv6', '', '-defaultIPv4', '127.0.0.1', '-http01', '', '-https01', '',
    '-tlsalpn01', '', '-dns01', "127.0.0.1:$dns", '-management', "127.0.0.1:$control");
{
	local @ENV{qw(PEBBLE_VA_NOSLEEP PEBBLE_WFE_NONCEREJECT)} = (1, 0);
	push @authority, $stage->spawn('pebble', undef, $stage->as_user, 'pebble', '-config', "$dir/pebble.json",
	    '-dnsserver', "127.0.0.1:$dns");
}
wait_until(sub {
	$stage->fetch_all({ url => "https://localhost:$acme/dir" })->{status} == 200;
}, 'the authority listens', 20);

# certbot, with nothing of the machine's.
sub certbot {
	local @ENV{qw(REQUESTS_CA_BUNDLE HOME)} = ("$dir/tls/cert.pem", $dir);
	return $stage->run('certbot', @_, map({ ("--$_-dir", "$dir/letsencrypt/$_") }
	    qw(config work logs)), '--server', "https://localhost:$acme/dir", '-n');
}

# The certificate that nginx shows: issuer and serial number.
sub shown {
	my ($said) = $stage->run('sh', '-c', "openssl s_client -connect 127.0.0.1:$tls" .
	    ' -servername localhost </dev/null 2>/dev/null | openssl x509 -noout -issuer -serial');

	return $said;
}

unlike(shown(), qr/Pebble/, 'the site has a certificate of its own at first');
{
	my ($hook) = $command =~ /--deploy-hook '([^']+)'/;
	my @words = split ' ', $command =~ s/ --deploy-hook '[^']+'//r;

	is($hook, 'systemctl reload nginx', 'a new certificate reloads nginx');
	shift @words;
	my ($said, $status) = certbot((map { $_ eq '/var/www/html' ? "$dir/www" :
	    $_ eq 'frontline.example.com' ? $name : $_ } @words),
	    '--deploy-hook', "kill -HUP \$(cat $dir/run/nginx.pid)",
	    '--agree-tos', '-m', 'operator@example.com', '--no-eff-email');
	is($status, 0, 'a certificate is issued through the site') or die $said;
}
my $live = "$dir/letsencrypt/config/live/$name";
change_site(qr{\Q$dir\E/tls/cert\.pem}, "$live/fullchain.pem",
    qr{\Q$dir\E/tls/key\.pem}, "$live/privkey.pem");
# For a moment the old process answers beside the new one.
my $first;
wait_until(sub { ($first = shown()) =~ /Pebble/ }, 'nginx has it', 20);
like($first, qr/issuer=.*Pebble/, 'the site shows it');
{
	my ($said, $status) = certbot('renew', '--force-renewal', '--no-random-sleep-on-renew');

	is($status, 0, 'it is renewed through the same site') or diag($said);
	wait_until(sub { my $now = shown(); $now =~ /Pebble/ && $now ne $first },
	    'nginx has the new one', 20);
	pass('and nginx shows the new one without being told by anybody else');
}
$stage->end($_, 'KILL') for @authority;

done_testing;
