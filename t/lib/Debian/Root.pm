package Debian::Root;
# Bare Debian 12 roots: one directory that is kept, an overlay for each
# experiment, and a namespace around the test, so that whatever ends it takes
# its mounts, its processes and its network with it.
#
#   Debian::Root::alone();                    # first line of a test
#   my $root = Debian::Root->new('ready');    # mounted, writable, gone at the end
#   my ($said, $status) = $root->run('apt-get install -y ./x.deb');
#
# Two roots are kept below cache():
#   bare    what every Debian has: apt, systemd
#   ready   bare, and what the package depends on, recommends, names for its
#           other way of running and for its own tests; nothing of ours
# Both come from the sources of this machine's own apt.
use strict;
use warnings;
use Cwd ();
use Debian::Package;
use Digest::SHA qw(sha256_hex);
use Fcntl qw(:flock);
use File::Path qw(make_path);
use File::Temp ();
use POSIX ();
use Scratch qw(scratch_base);
use Test::More ();

my $release = 'bookworm';
my @bare = qw(ca-certificates systemd-sysv);
# What README.Debian calls the way without systemd, and what autopkgtest takes to
# offer a root a package.
my $extra = 'spawn-fcgi, multiwatch, apt-utils';
# Counted up when a root is made in another way.
my $making = 2;
my $roots = 0;
my @held;

# What a chroot needs and a container makes itself.  All of it is made anew:
# nothing of this machine's own is within reach of what runs inside.
my $for_chroot = <<'END';
mount -t proc proc "$1/proc"
mount -o remount,bind,ro "$1/proc"
mount -t tmpfs -o mode=0755,nosuid tmpfs "$1/dev"
while read -r name minor; do
	mknod -m 0666 "$1/dev/$name" c "${minor%:*}" "${minor#*:}"
done <<DEVICES
null 1:3
zero 1:5
full 1:7
random 1:8
urandom 1:9
tty 5:0
DEVICES
mkdir "$1/dev/pts" "$1/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$1/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
ln -s pts/ptmx "$1/dev/ptmx"
ln -s /proc/self/fd "$1/dev/fd"
for n in 0:stdin 1:stdout 2:stderr; do
	ln -s "/proc/self/fd/${n%:*}" "$1/dev/${n#*:}"
done
mount -t tmpfs -o mode=0755 tmpfs "$1/run"
mkdir "$1/run/lock"
END

sub skip_all { Test::More::plan(skip_all => join '', @_) }

# ---- alone

# Starts the test once more, in namespaces of its own: mounts, processes,
# network (lo is up), host name.  Whoever ends the test ends all of it.
sub alone {
	return settle() if delete $ENV{DEBIAN_ROOT_ALONE};

	my @missing = grep { my $t = $_; !grep { -x "$_/$t" } qw(/usr/sbin /usr/bin /sbin /bin) }
	    qw(unshare setpriv mount chroot ip mmdebstrap dpkg-deb);
	skip_all('takes root') if $>;
	skip_all("no @missing on this machine") if @missing;
	skip_all('the kernel has no overlayfs')
	    unless grep { /\boverlay$/ } file_lines('/proc/filesystems')
	    or !system 'modprobe -q overlay 2>/dev/null';
	my @namespaces = qw(--mount --propagation private --pid --fork
	    --kill-child --mount-proc --net --uts --ipc);
	my $why = qx(unshare @namespaces -- mount -t tmpfs tmpfs /mnt 2>&1);
	chomp $why;
	skip_all("this machine grants no namespaces with mounts: $why") if $?;
	Debian::Package::built();
	prepare();

	# Empty out here: what is mounted there in the namespace is not seen.
	my $place = File::Temp::tempdir('rootXXXXXX', DIR => scratch_base());
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		enter_cgroups($place);
		$ENV{DEBIAN_ROOT_ALONE} = 1;
		$ENV{DEBIAN_ROOT_PLACE} = $place;
		{ exec 'setpriv', '--pdeathsig', 'KILL', 'unshare', @namespaces,
		    '--', $^X, (map { "-I$_" } @INC), $0, @ARGV }
		POSIX::_exit(127);
	}
	$SIG{$_} = sub { kill 'KILL', $pid } for qw(INT TERM HUP);
	waitpid $pid, 0;
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	leave_cgroups($place);
	rmdir $place;
	POSIX::_exit($status);
}

# The control groups of one test, a folder in each hierarchy that systemd uses:
# systemd in a container makes its own below that of whoever starts it, and two
# containers must not find each other there.
sub cgroups {
	my ($place) = @_;
	my ($name) = $place =~ m{([^/]+)$};

	return map { m{^\S+ (\S+) (?:cgroup2 |cgroup \S*\bname=systemd\b)}
	    ? "$1/frontline-$name" : () } file_lines('/proc/self/mounts');
}

# Where that is not granted, no container starts either, and says so.
sub enter_cgroups {
	my ($place) = @_;

	for my $group (cgroups($place)) {
		mkdir $group or next;
		open my $out, '>', "$group/cgroup.procs" or next;
		print {$out} "0\n";
	}
}

# They are empty by now, or soon.
sub leave_cgroups {
	my ($place) = @_;

	for my $group (grep { -d } cgroups($place)) {
		my @deepest = reverse sort split /\n/, qx(find '$group' -type d);

		for (1 .. 100) {
			@deepest = grep { !rmdir } @deepest or last;
			select undef, undef, undef, 0.02;
		}
	}
}

# Process 1 of the namespace buries what loses its parent; the test is its child.
sub settle {
	system('ip', 'link', 'set', 'lo', 'up') == 0 or die 'no loopback';
	mount_or_die('-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', $ENV{DEBIAN_ROOT_PLACE});
	my $pid = fork // die "fork: $!";
	return unless $pid;
	$SIG{$_} = sub { kill 'KILL', $pid } for qw(INT TERM HUP);
	for (;;) {
		my $gone = wait;
		POSIX::_exit($? & 127 ? 128 + ($? & 127) : $? >> 8)
		    if $gone == $pid;
	}
}

# ---- what is kept

# Root's alone: it holds programs that root runs.
sub cache {
	my $dir = $ENV{FRONTLINE_TEST_CACHE}
	    // '/var/cache/frontline-integration-test';

	make_path($dir, { mode => 0700 });
	return $dir;
}

sub file_lines {
	my ($file) = @_;
	open my $in, '<', $file or return;

	return <$in>;
}

# This machine's sources of Debian 12, as lines for sources.list.
sub sources {
	my %of;

	for (qx(apt-get indextargets --format '\$(ORIGIN)|\$(REPO_URI)|\$(CODENAME)|\$(COMPONENT)' 'Created-By: Packages' 2>/dev/null)) {
		my ($origin, $uri, $name, $part) = /^([^|]*)\|([^|]+)\|([^|]+)\|(\S+)$/
		    or next;
		next unless $origin =~ /^Debian/ && $name =~ /^\Q$release\E(?:-|$)/;
		$of{"$uri $name"}{$part} = 1;
	}
	my @lines = map { "deb $_ " . join(' ', sort keys %{$of{$_}}) } sort keys %of;
	skip_all("this machine's apt knows no source of Debian 12")
	    unless grep { / \Q$release\E / } @lines;
	return map { "$_\n" } @lines;
}

# How this machine's apt reaches them.
sub apt_ways {
	return grep { /^Acquire::(?:https?::|Check-|Retries|ForceIP)/ }
	    qx(apt-config dump 2>/dev/null);
}

# Both roots exist afterwards, and nobody removes them while this process lives;
# skips the test when they cannot be made.
sub prepare {
	my $cache = cache();

	open my $lock, '>', "$cache/lock" or skip_all("$cache: $!");
	flock $lock, LOCK_EX or die "flock: $!";
	for my $kind (qw(bare ready)) {
		my $dir = kept($kind);

		if (!-d $dir) {
			my $new = "$cache/new";
			remove($new);
			my $log = "$cache/$kind.log";
			my $status = $kind eq 'bare' ? make_bare($new, $log)
			    : make_ready($new, $log);
			if ($status) {
				my $last = (grep { /^E: / } file_lines($log))[-1] // "see $log";
				chomp $last;
				skip_all("no $kind root of Debian could be made: $last");
			}
			rename $new, $dir or die "$dir: $!";
		}
		push @held, use_lock($dir, LOCK_SH);
		forget($kind);
	}
	close $lock;
}

# The lock that a root is used under, or undef; it is also what says when that
# was last.
sub use_lock {
	my ($dir, $how) = @_;

	open my $use, '>>', $dir =~ s{([^/]+)$}{use-$1}r or die "$dir: $!";
	utime undef, undef, $use if $how == LOCK_SH;
	return flock($use, $how) ? $use : undef;
}

# Roots of other versions go, but for the last one, which another checkout may
# be about to use, and those that are in use.
sub forget {
	my ($kind) = @_;
	my $age = sub { -M ($_[0] =~ s{([^/]+)$}{use-$1}r) // 1000 };
	my @others = sort { $age->($a) <=> $age->($b) }
	    grep { -d && $_ ne kept($kind) } glob cache() . "/$kind-*";

	for my $dir (@others[1 .. $#others]) {
		my $use = use_lock($dir, LOCK_EX | LOCK_NB) or next;

		remove($dir);
		unlink $dir =~ s{([^/]+)$}{use-$1}r;
	}
}

# The directory of a root: its name tells what went into it.
sub kept {
	my ($kind) = @_;
	my $of = join "\n", $making, sources(), @bare;

	$of .= "\n" . declared() if $kind eq 'ready';
	return cache() . "/$kind-" . substr sha256_hex($of), 0, 12;
}

# What the package says that it needs.
sub declared {
	my $deb = Debian::Package::built();
	my @fields = map { Debian::Package::field($deb, $_) } qw(Depends Recommends);
	my @tests = map { /^Depends: @, (.*)/ } file_lines("$ENV{abs_top_srcdir}/debian/tests/control");

	return join ', ', grep({ length } @fields), $extra, @tests;
}

sub make_bare {
	my ($dir, $log) = @_;
	my $in = "$dir.sources";
	my $ways = "$dir.apt";

	Test::More::note("a bare Debian 12, once: $dir");
	put($in, sources());
	put($ways, apt_ways());
	# In a namespace, too: what it mounts never stays behind.
	my $status = system("unshare --mount --propagation private --pid --fork"
	    . " --kill-child --mount-proc -- mmdebstrap --mode=root --variant=apt --format=directory --aptopt='$ways' "
	    . "--include=" . join(',', @bare) . " $release '$dir' - <'$in' >'$log' 2>&1");
	unlink $in, $ways;
	return $status if $status;
	# Nothing may start during an installation, as on a build machine.
	put("$dir/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
	chmod 0755, "$dir/usr/sbin/policy-rc.d";
	put("$dir/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
	put("$dir/etc/hostname", "frontline-test\n");
	# Without an id the first boot would enable what the packages did not.
	return system("systemd-machine-id-setup --root='$dir' >>'$log' 2>&1"
	    . " && ln -sf /dev/null '$dir/etc/systemd/system/systemd-firstboot.service'"
	    . " && ln -sf /dev/null '$dir/etc/systemd/system/systemd-networkd-wait-online.service'");
}

sub make_ready {
	my ($dir, $log) = @_;
	my $declared = declared();

	Test::More::note("what the package needs, once: $dir");
	my $status = system("cp -a '" . kept('bare') . "' '$dir' >'$log' 2>&1");
	return $status if $status;
	system("cp -L /etc/resolv.conf '$dir/etc/resolv.conf'");
	# The mounts of this process and its children go with them.
	$status = system('unshare', qw(--mount --propagation private --pid
	    --fork --kill-child), 'sh', '-ec', <<'BEGIN' . $for_chroot . <<'END', 'sh', $dir, $declared, $log);
exec >>"$3" 2>&1 </dev/null
BEGIN
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
chroot "$1" apt-get -q -o Acquire::Retries=3 update
chroot "$1" apt-get -q -y -o Acquire::Retries=3 satisfy "$2"
chroot "$1" apt-get clean
# The next installation would make it, and whoever looks what a package leaves
# behind would find it.
mkdir -p "$1/var/cache/debconf/tmp.ci"
END
	put("$dir/etc/resolv.conf", '');
	return $status;
}

sub put {
	my ($file, @text) = @_;

	open my $out, '>', $file or die "$file: $!";
	print {$out} @text;
	close $out or die "$file: $!";
}

# Never across a mount.
sub remove {
	my ($dir) = @_;

	system('rm', '-rf', '--one-file-system', $dir) if -e $dir;
}

# ---- an experiment

# A root of a kind with a layer of its own in memory.  Nothing is ever removed
# from it: it goes with the namespace.  Only the empty directory below it stays,
# and is taken away by alone().
sub new {
	my ($class, $kind) = @_;
	my $top = $ENV{DEBIAN_ROOT_PLACE} . '/' . ++$roots;
	my $self = bless { top => $top, dir => "$top/root" }, $class;

	mkdir $_ or die "$_: $!" for $top, "$top/upper", "$top/work", "$top/root";
	mount_or_die('-t', 'overlay', '-o', 'lowerdir=' . kept($kind)
	    . ",upperdir=$top/upper,workdir=$top/work", 'overlay', $self->{dir});
	return $self;
}

sub mount_or_die {
	my $said = qx(@{[join ' ', 'mount', map { "'$_'" } @_]} 2>&1);

	die "mount @_: $said" if $?;
}


sub for_chroot {
	my ($self) = @_;

	system('sh', '-ec', $for_chroot, 'sh', $self->{dir}) == 0
	    or die "mounts below $self->{dir}";
	return $self;
}

# For tools that would ask the sources of the root: it has none then, and what
# the package needs all the same.
sub without_sources {
	my ($self) = @_;

	unlink glob $self->path('/etc/apt/sources.list.d/*');
	$self->write_file('/etc/apt/sources.list', '');
}

# The words in front of a command that runs it inside.
sub inside {
	my ($self) = @_;

	return ('chroot', $self->{dir}, environment());
}

sub environment {
	return qw(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	    LC_ALL=C.UTF-8 HOME=/ TERM=dumb DEBIAN_FRONTEND=noninteractive);
}

# Runs lines of a shell inside, in /srv; stops at the first that fails.
# Returns what they said and their exit status.
sub run {
	my ($self, $lines, %opt) = @_;
	my $file = "$self->{top}/said";
	my $pid = fork // die "fork: $!";

	if (!$pid) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', $file or POSIX::_exit(126);
		open STDERR, '>&', \*STDOUT;
		{ exec $self->inside, 'sh', $opt{trace} ? '-ecx' : '-ec', "cd /srv\n$lines" }
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	my $said = join '', file_lines($file);
	utf8::decode($said);
	return wantarray ? ($said, $status) : $said;
}

# A test: these lines go well inside.  Returns whether.
sub goes {
	my ($self, $lines, $what) = @_;
	my ($said, $status) = $self->run($lines);

	return 1 if Test::More::is($status, 0, $what);
	my @last = split /\n/, $said;
	Test::More::diag(join "\n", $lines, '--', $#last > 40 ? @last[-40 .. -1] : @last);
	return 0;
}

sub path { return "$_[0]{dir}$_[1]" }

# A file from outside, into /srv.
sub take_in {
	my ($self, $file) = @_;

	system('cp', '-L', $file, $self->path('/srv/')) == 0 or die "cp $file";
}

sub write_file {
	my ($self, $file, $text) = @_;

	put($self->path($file), $text);
}

sub slurp {
	my ($self, $file) = @_;

	return join '', file_lines($self->path($file));
}

1;
