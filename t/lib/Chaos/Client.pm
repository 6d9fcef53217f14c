package Chaos::Client;
# Webhooks, many at a time over kept connections, by one curl that runs beside
# what else is done.
#
#	$client->begin([name => $request], ...);	as for Curl::fetch()
#	my @answers = $client->answers;		[name, status], when all have come
use strict;
use warnings;
use Curl ();
use POSIX qw(WNOHANG);

use constant AT_ONCE => 8;

sub new {
	my ($class, $stage) = @_;

	return bless { stage => $stage,
	    file => "$stage->{dir}/scratch/client" }, $class;
}

sub begin {
	my ($self, @requests) = @_;
	my @lines = ('parallel', 'parallel-max = ' . AT_ONCE,
	    'no-progress-meter');

	for my $i (0 .. $#requests) {
		my ($name, $request) = @{$requests[$i]};

		push @lines, $i ? 'next' : (), 'silent',
		    'url = ' . Curl::quoted($request->{url}),
		    (map { 'header = ' . Curl::quoted($_) }
			@{$request->{headers}}),
		    'data-raw = ' . Curl::quoted($request->{body}),
		    'cacert = ' .
		    Curl::quoted("$self->{stage}{dir}/tls/cert.pem"),
		    'max-time = 15', 'output = /dev/null',
		    qq(write-out = "$name %{http_code}\\n");
	}
	Curl::put("$self->{file}.conf", join "\n", @lines, '');
	Curl::take("$self->{file}.out");
	$self->{pid} = $self->{stage}->fork_to("$self->{file}.out", undef,
	    'curl', '-q', '-K', "$self->{file}.conf");
}

sub is_busy {
	my ($self) = @_;

	return 0 unless $self->{pid};
	return 1 unless waitpid($self->{pid}, WNOHANG) == $self->{pid};
	delete $self->{pid};
	return 0;
}

sub answers {
	my ($self) = @_;

	return map { /^(\S+) (\d{3})$/ ? [$1, $2] : () }
	    split /\n/, Curl::take("$self->{file}.out");
}

1;
