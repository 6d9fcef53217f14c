#!/usr/bin/perl
# forward.pl PORT COMMAND...: listens on a port of this network's loopback, and
# goes on in the network, and as the user, that the command makes of it; there
# each connection is joined to one to the same port.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($port, @command) = @ARGV;

if (@command) {
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	    LocalPort => $port, Listen => 64, ReuseAddr => 1)
	    or die "port $port: $@\n";

	open STDIN, '<&', $listener or die "dup: $!\n";
	exec @command, $^X, $0, $port or die "$command[0]: $!\n";
}

my $listener = IO::Socket::INET->new_from_fd(0, 'r') or die "descriptor 0: $!\n";
my $all = IO::Select->new($listener);
my %other;

$SIG{PIPE} = 'IGNORE';
while (my @ready = $all->can_read) {
	for my $from (@ready) {
		if ($from == $listener) {
			join_to_here($listener->accept // next);
			next;
		}
		my $to = $other{$from} // next;
		my $bytes;
		next if sysread($from, $bytes, 65536) && syswrite $to, $bytes;
		$all->remove($from, $to);
		delete @other{$from, $to};
		close $_ for $from, $to;
	}
}

sub join_to_here {
	my ($in) = @_;
	my $out = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
	    PeerPort => $port) or return;

	@other{$in, $out} = ($out, $in);
	$all->add($in, $out);
}
