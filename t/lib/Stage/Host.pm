package Stage::Host;
# An application host of its own: nginx, responder processes and relay, in its
# network (Hosts.pm); the database is another's.  Its nginx is reached as that
# of any stage, since it inherits listening sockets of the machine.
#
#	my $host = Stage::Host->new($network, $stage, config => {...});
#
# `stage` has the stand-in for Twilio, which the host reaches on its own loopback
# (Hosts/forward.pl).
use strict;
use warnings;
use parent -norequire, qw(Stage);

sub new {
	my ($class, $network, $stage, %opt) = @_;
	my $self = bless {
		owner      => $$,
		network    => $network,
		processes  => {},
		responders => [],
		pg_errors  => [],
		config     => { $stage->twilio_config, %{$opt{config}} },
		wrapper    => [Stage::wrapper()],
		numbers    => $stage->{numbers},
		started    => 0,
	}, $class;

	Stage::keep($self);
	$self->build_directory;
	$self->make_certificate;
	$self->write_nginx(1);
	$self->write_config;
	$self->listen;
	$self->start_forwarder($stage->twilio->{port});
	return $self;
}

sub start {
	my ($self) = @_;

	$self->start_responder for 1 .. 2;
	$self->start_nginx;
	$self->wait_ready;
}

# A port of the host's loopback is the same port of the machine's.
sub start_forwarder {
	my ($self, $port) = @_;
	my $program = "$self->{dir}/bin/forward.pl";
	my @user = do {
		local $self->{network};
		$self->as_user;
	};

	Stage::copy_all("$self->{dir}/bin", 0755,
	    "$ENV{abs_top_srcdir}/t/lib/Hosts/forward.pl");
	$self->spawn('forward', undef, 'nsenter', "--net=$self->{network}",
	    '--', $^X, $program, $port, 'nsenter', "--net=/proc/$$/ns/net",
	    '--', @user);
}

# The forwarder is nobody's to wait for.
sub end_rest {
	my ($self) = @_;

	for (keys %{$self->{processes}}) {
		$self->end($_, 'TERM', 10)
		    if $self->{processes}{$_} eq 'forward';
	}
	return $self->SUPER::end_rest;
}

1;
