package Hosts;
# Several hosts on one machine: network namespaces on a bridge that has a
# namespace of its own, so that the machine's network is left as it is.
#
#	my $hosts = Hosts->new(qw(db a b));	# skips the test where that is impossible
#	$hosts->network('a');			# a path for nsenter; see Stage::Host
#	$hosts->address('a');
#	$hosts->cut('a');  $hosts->mend('a');
#
# Whatever happens they are removed: with the object, at the end of the test, or
# by the next test, when this one was killed.
use strict;
use warnings;
use Test::More ();

my @standing;

sub new {
	my ($class, @names) = @_;
	my $n = 0;
	my $self = bless { owner => $$, prefix => "frontline-$$-",
		names => [@names],
		address => { map { $_ => '192.0.2.' . ++$n } @names } }, $class;

	Test::More::plan(skip_all => 'only root may make network namespaces')
	    if $>;
	for my $tool (qw(ip nsenter)) {
		Test::More::plan(skip_all => "no $tool")
		    unless grep { -x "$_/$tool" } split /:/, $ENV{PATH};
	}
	remove_stale();
	push @standing, $self;
	my $why = $self->make;
	if ($why) {
		$self->remove;
		Test::More::plan(skip_all => "no network namespaces: $why");
	}
	return $self;
}

# Runs ip(8); answers what it complains of.
sub ip {
	my $said = qx(ip @_ 2>&1);

	chomp $said;
	return $? ? "ip @_: $said" : '';
}

sub make {
	my ($self) = @_;
	my $bridge = "$self->{prefix}bridge";
	my @commands = ("netns add $bridge",
	    "-n $bridge link add name bridge0 type bridge",
	    "-n $bridge link set bridge0 up");

	for my $name (@{$self->{names}}) {
		my $ns = "$self->{prefix}$name";

		push @commands, "netns add $ns",
		    "-n $bridge link add name host-$name type veth peer name eth0 netns $ns",
		    "-n $bridge link set host-$name master bridge0 up",
		    "-n $ns link set lo up",
		    "-n $ns address add $self->{address}{$name}/24 dev eth0",
		    "-n $ns link set eth0 up";
	}
	for (@commands) {
		my $why = ip($_);

		return $why if $why;
	}
	return '';
}

sub network { return "/run/netns/$_[0]{prefix}$_[1]" }

sub address { return $_[0]{address}{$_[1]} }

# Pulls the plug of a host, and puts it in again.
sub cut { return $_[0]->plug($_[1], 'down') }

sub mend { return $_[0]->plug($_[1], 'up') }

sub plug {
	my ($self, $name, $how) = @_;
	my $why = ip("-n $self->{prefix}bridge link set host-$name $how");

	die "$why\n" if $why;
}

sub namespaces {
	return map { m{([^/]+)$} } glob '/run/netns/frontline-*';
}

sub remove_stale {
	for (namespaces()) {
		my ($pid) = /^frontline-(\d+)-/ or next;

		ip("netns delete $_") unless kill 0, $pid;
	}
}

sub remove {
	my ($self) = @_;

	return unless $self->{owner} == $$;
	local ($?, $@, $!);
	ip("netns delete $_")
	    for grep { index($_, $self->{prefix}) == 0 } namespaces();
}

# A stage that still stands has no need of the names.
END {
	$_->remove for @standing;
}

1;
