#!/usr/bin/perl
# The package: built twice the same, clean, with what belongs into it.
use strict;
use warnings;
use Debian::Package;
use File::Temp ();
use Files qw(slurp);
use Scratch qw(scratch_base);
use Test::More;

$ENV{PATH} .= ':/usr/sbin:/sbin';
for my $tool (qw(dpkg-buildpackage dh dh_apparmor readelf)) {
	plan skip_all => "no $tool"
	    unless grep { -x "$_/$tool" } split /:/, $ENV{PATH};
}
my $top = $ENV{abs_top_srcdir};
my $deb = Debian::Package::built();
my $scratch = File::Temp->newdir('debXXXXXX', DIR => scratch_base());
chmod 0755, $scratch;

sub lines {
	my ($command) = @_;
	my @lines = split /\n/, qx($command);

	is($?, 0, $command) or return;
	return @lines;
}

# The same sources, but in another place, by another user, with another mask,
# zone and language.
subtest 'built again it is the same, bit for bit' => sub {
	my $other = "$scratch/another-place/source";
	my @user = $> ? () : qw(setpriv --reuid=nobody --regid=nogroup --clear-groups --);

	mkdir "$scratch/another-place" or die $!;
	{
		delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKE_TERMOUT MAKE_TERMERR)};
		is(system($ENV{MAKE} // 'make', '-s', '-C', $ENV{abs_top_builddir},
		    'distdir', "distdir=$other"), 0, 'a copy of the sources');
	}
	system 'chown', '-R', 'nobody:nogroup', "$scratch/another-place" if !$>;
	my $status = system 'sh', '-c', <<'END', 'sh', $other, "$scratch/log", @user;
cd "$1" && log=$2 && shift 2 && umask 0002 && exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C LANGUAGE=fr TZ=Pacific/Kiritimati HOME=/nonexistent DEB_BUILD_OPTIONS='nocheck parallel=1' \
    DEB_BUILD_PROFILES=nocheck "$@" dpkg-buildpackage -us -uc -b >"$log" 2>&1 </dev/null
END
	is($status, 0, 'another build') or diag(slurp("$scratch/log")), return;
	for my $first (glob "$ENV{abs_top_builddir}/deb/*.deb") {
		my ($name) = $first =~ m{([^/]+)$};

		is(system('cmp', '-s', $first, "$scratch/another-place/$name"), 0, $name);
	}
};

subtest 'lintian' => sub {
	plan skip_all => 'no lintian' unless grep { -x "$_/lintian" } split /:/, $ENV{PATH};
	my ($changes) = glob "$ENV{abs_top_builddir}/deb/*.changes";
	my $said = qx(lintian -EviI --pedantic --fail-on error,warning '$changes' 2>&1);

	is($?, 0, 'neither an error nor a warning') or diag($said);
	note($_) for $said =~ /^([IPX]: .*)$/mg;
};

subtest 'what it says of itself' => sub {
	(my $version = slurp("$top/.version")) =~ s/\s+$//;
	my $depends = Debian::Package::field($deb, 'Depends');

	is(Debian::Package::field($deb, 'Version'), $version, 'the version of the sources');
	like(slurp("$top/debian/changelog"), qr/^\S+ \(\Q$version\E\) /, 'and of the changelog');
	like($depends, qr/\b$_\b/, "needs $_")
	    for qw(libcurl4 libfcgi0ldbl libinih1 libjansson4 libpq5 libssl3 libsystemd0);
	unlike($depends, qr/nginx|postgresql/, 'neither nginx nor PostgreSQL has to be on this host');
};

# "mode owner path", as tar shows them.
my %there;
for (lines("dpkg-deb -c '$deb'")) {
	my ($mode, $owner, undef, undef, undef, $path) = split ' ', $_, 6;

	$there{$path =~ s{^\.}{}r} = "$mode $owner";
}
subtest 'what it brings' => sub {
	my $program = '-rwxr-xr-x root/root';
	my $file = '-rw-r--r-- root/root';
	my %wanted = (
		'/usr/libexec/frontline/frontline-fcgi'  => $program,
		'/usr/libexec/frontline/frontline-relay' => $program,
		'/usr/sbin/frontlinectl'                 => $program,
		'/etc/frontline/frontline.conf'          => $file,
		'/etc/frontline/secrets/'                => 'drwx------ root/root',
		'/usr/lib/sysusers.d/frontline-integration.conf'      => $file,
		'/usr/lib/tmpfiles.d/frontline-integration.conf'      => $file,
		'/usr/share/bash-completion/completions/frontlinectl' => $file,
		'/usr/share/frontline-integration/nginx/frontline.site' => $file,
		(map { ("/etc/apparmor.d/usr.libexec.frontline.$_" => $file) }
		    qw(frontline-fcgi frontline-relay)),
		(map { ("/lib/systemd/system/$_" => $file) } map { m{([^/]+)$} }
		    glob "$top/debian/*.{socket,target,service,timer}"),
		(map { ("/usr/share/doc/frontline-integration/$_" => $file) }
		    qw(README.Debian.gz README.md.gz NEWS.Debian.gz changelog.gz copyright
		    examples/remote-database.conf)),
	);

	$wanted{"/etc/nginx/snippets/$_"} = $file
	    for map { m{([^/]+)$} } glob "$top/nginx/*.conf";
	$wanted{"/usr/share/frontline-integration/$_"} = $file
	    for map { s{^\Q$top\E/}{}r } glob "$top/schema/*.sql $top/schema/sample/*.sql";
	for (glob "$top/src/*/*.[58]") {
		my ($name, $section) = m{([^/]+\.(\d))$};

		$wanted{"/usr/share/man/man$section/$name.gz"} = $file;
	}
	is($there{$_}, $wanted{$_}, $_) for sort keys %wanted;
	is(join("\n", grep { !m{/$} && !$wanted{$_}
	    && !m{^/usr/share/(?:lintian|frontline-integration/monitoring)/} } sort keys %there),
	    '', 'and nothing else');
	is(join("\n", grep { $there{$_} !~ / root\/root$/ || $there{$_} =~ /^-.*[sS]|^[^d-]/ } sort keys %there),
	    '', 'all of it root\'s, nothing with more rights than who runs it');
};

# The administrator's are all below /etc, and nothing else.
subtest 'conffiles' => sub {
	my @conffiles = lines("dpkg-deb --ctrl-tarfile '$deb' | tar -xO ./conffiles");

	is_deeply([sort @conffiles], [sort grep { m{^/etc/.*[^/]$} } keys %there], 'all of /etc');
};

subtest 'programs are hardened' => sub {
	system("dpkg-deb -x '$deb' '$scratch/tree'") == 0 or die 'dpkg-deb -x';
	for my $program (qw(usr/libexec/frontline/frontline-fcgi
	    usr/libexec/frontline/frontline-relay usr/sbin/frontlinectl)) {
		my $said = qx(readelf -W -h -l -d --dyn-syms '$scratch/tree/$program');

		like($said, qr/Type: +DYN/, "$program: may lie anywhere");
		like($said, qr/GNU_RELRO/, '... tables are read-only');
		like($said, qr/\(FLAGS\) +BIND_NOW|FLAGS_1.* NOW/, '... from the start');
		like($said, qr/__stack_chk_fail/, '... the stack is watched');
		like($said, qr/__\w+_chk\b/, '... and lengths');
		unlike($said, qr/RPATH|RUNPATH/, '... libraries are the system\'s');
	}
};

subtest 'completion' => sub {
	my $complete = sub {
		my ($line) = @_;

		local $ENV{PATH} = "$ENV{abs_top_builddir}:$ENV{PATH}";
		my $said = qx(bash -c '. "$scratch/tree/usr/share/bash-completion/completions/frontlinectl"
		    COMP_WORDS=($line) COMP_CWORD=\$((\${#COMP_WORDS[@]} - 1))
		    _frontlinectl; echo "\${COMPREPLY[*]}"');
		chomp $said;
		return $said;
	};

	is($complete->('frontlinectl mig'), 'migrate', 'a command');
	is($complete->('frontlinectl -c x ho'), 'housekeeping', 'behind an option');
	is($complete->('frontlinectl migrate --st'), '--status', 'an option');
	like($complete->('frontlinectl queue re'), qr/^redrive resume$/, 'what a command does');
};

is(join("\n", grep { -e } map { "$top/debian/$_" } qw(.debhelper files frontline-integration)),
	'', 'no build leaves anything in the sources');
done_testing;
