package Debian::Container;
# A root whose process 1 is systemd: systemd-nspawn --boot, in the network of the
# test, which is its own and has nothing but loopback.  Commands run inside by
# nsenter.
#
#   Debian::Root::alone();
#   my $c = Debian::Container->new;
#   $c->goes('systemctl start nginx', 'nginx starts');
use strict;
use warnings;
use Debian::Root;
use Stage::Process qw(children wait_until);
use Test::More ();

our @ISA = 'Debian::Root';

sub new {
	my ($class) = @_;

	Debian::Root::skip_all('no systemd-nspawn on this machine')
	    unless grep { -x "$_/systemd-nspawn" } qw(/usr/bin /bin);
	my $self = $class->SUPER::new('ready');

	# Units that the machine does not lend a container.
	symlink '/dev/null', $self->path("/etc/systemd/system/$_")
	    for qw(systemd-firstboot.service systemd-networkd-wait-online.service
	        e2scrub_reap.service apt-daily.timer apt-daily-upgrade.timer);
	unlink $self->path('/usr/sbin/policy-rc.d');
	$self->boot('a container runs systemd');
	return $self;
}

# Skips the test where the kernel or a container around us refuses.
sub boot {
	my ($self, $what) = @_;
	my $log = "$self->{top}/nspawn.log";
	my $pid = fork // die "fork: $!";

	if (!$pid) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', $log;
		open STDERR, '>&', \*STDOUT;
		{ exec qw(setpriv --pdeathsig KILL systemd-nspawn --quiet --boot
		    --capability=CAP_NET_ADMIN --register=no --keep-unit --timezone=off
		    --resolv-conf=off --link-journal=no --console=pipe),
		    '-M', "frontline-test-$$", '-D', $self->{dir} }
		POSIX::_exit(127);
	}
	$self->{nspawn} = $pid;
	my $refused = sub {
		my $said = join '', Debian::Root::file_lines($log);
		$said =~ s/\e\[[0-9;]*[A-Za-z]//g;
		Debian::Root::skip_all('systemd does not boot in a container here: ',
		    $said =~ /^(.*\S)\s*\z/m ? $1 : 'no word');
	};
	eval { $self->wait_boot } or $refused->();
	my ($state) = $self->run('systemctl is-system-running --wait || :');
	Test::More::like($state, qr/^running$/m, $what)
	    or Test::More::diag(scalar $self->run('systemctl --failed --no-pager; journalctl -b -p err --no-pager'));
}

sub wait_boot {
	my ($self) = @_;
	my $pid = $self->{nspawn};

	wait_until(sub {
		die "gone\n" if waitpid($pid, POSIX::WNOHANG()) == $pid;
		($self->{leader}) = children($pid);
		return $self->{leader}
		    && -S "/proc/$self->{leader}/root/run/systemd/private";
	}, 'systemd in the container', 60);
}

# As power that goes and comes, but for the file systems.
sub reboot {
	my ($self) = @_;

	$self->run('systemctl reboot');
	waitpid delete $self->{nspawn}, 0;
	delete $self->{leader};
	$self->boot('it boots');
}

sub inside {
	my ($self) = @_;

	return ('nsenter', '-t', $self->{leader}, '-a', '--', Debian::Root::environment());
}

# Files are seen as the container sees them: its /run is its own.
sub path { return '/proc/' . ($_[0]{leader} // return $_[0]->SUPER::path($_[1])) . "/root$_[1]" }

# What systemd knows of a unit.
sub property {
	my ($self, $unit, $name) = @_;
	my $said = $self->run("systemctl show -P '$name' '$unit'");

	chomp $said;
	return $said;
}

sub journal {
	my ($self, $arguments) = @_;

	return scalar $self->run("journalctl --no-pager -q -o cat $arguments");
}

sub end {
	my ($self) = @_;
	my $pid = delete $self->{nspawn} or return;

	kill 'KILL', grep { defined } $self->{leader}, $pid;
	waitpid $pid, 0;
}

sub DESTROY { my ($self) = @_; local ($?, $@); $self->end }

1;
