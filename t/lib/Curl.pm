package Curl;
# HTTP by curl: TLS is verified, a list of requests goes over one connection,
# and each answer is a hash {status, headers, body, json, seconds, error}.
# Also a load: clients that repeat requests until they are told to stop.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use POSIX ();

our @EXPORT_OK = qw(fetch load parse_head);

# A value in a curl configuration file.
sub quoted {
	my ($text) = @_;

	$text =~ s/([\\"])/\\$1/g;
	$text =~ s/\n/\\n/g;
	$text =~ s/\r/\\r/g;
	$text =~ s/\t/\\t/g;
	return qq("$text");
}

sub put {
	my ($file, $bytes) = @_;

	utf8::encode($bytes) if utf8::is_utf8($bytes);
	open my $out, '>', $file or die "$file: $!";
	binmode $out;
	print {$out} $bytes;
	close $out or die "$file: $!";
}

sub take {
	my ($file) = @_;

	open my $in, '<', $file or return '';
	binmode $in;
	local $/;
	my $bytes = <$in> // '';
	close $in;
	unlink $file;
	return $bytes;
}

# The lines of a header block, the last one if there were several (100).
sub parse_head {
	my ($text) = @_;
	my ($last) = (split /\r?\n\r?\n/, $text)[-1] // '';
	my ($first, @lines) = split /\r?\n/, $last;
	my %headers;

	for (@lines) {
		my ($name, $value) = /^([^:]+):\s*(.*)$/ or next;
		$name = lc $name;
		$headers{$name} = exists $headers{$name}
		    ? "$headers{$name}, $value" : $value;
	}
	my ($status) = ($first // '') =~ m{^HTTP/\S+ (\d+)};
	return ($status // 0, \%headers);
}

sub decode {
	my ($headers, $body) = @_;

	return undef unless
	    ($headers->{'content-type'} // '') =~ m{^application/json\b};
	return eval { JSON::PP->new->utf8->allow_nonref->decode($body) };
}

# The part of a configuration file that asks for one thing.  A request has
# {url, method, body, headers, options}.
sub section {
	my ($request, $file) = @_;
	my @lines = (
		'silent',
		'globoff',
		'path-as-is',
		'url = ' . quoted($request->{url}),
		'max-time = ' . ($request->{timeout} // 20),
		@{$request->{options} // []},
	);

	push @lines, 'request = ' . quoted($request->{method})
	    if defined $request->{method};
	if (defined $request->{body}) {
		put("$file.sent", $request->{body});
		push @lines, 'data-binary = ' . quoted("\@$file.sent");
	}
	push @lines, map { 'header = ' . quoted($_) }
	    @{$request->{headers} // []};
	return @lines;
}

# Asks for each request in turn; scratch is a directory for the files between.
sub fetch {
	my ($scratch, $ca, @requests) = @_;
	my (@config, @answers);

	for my $i (0 .. $#requests) {
		my $file = "$scratch/$$.$i";

		push @config, 'next' if $i;
		push @config, section($requests[$i], $file),
		    'cacert = ' . quoted($ca),
		    'dump-header = ' . quoted("$file.head"),
		    'output = ' . quoted("$file.body"),
		    'write-out = "%{exitcode} %{time_total} %{errormsg}\n"';
	}
	put("$scratch/$$.conf", join "\n", @config, '');
	my @said = qx(curl -q -K '$scratch/$$.conf' 2>&1);
	unlink "$scratch/$$.conf";
	for my $i (0 .. $#requests) {
		my $file = "$scratch/$$.$i";
		my ($exit, $seconds, $error) =
		    split ' ', $said[$i] // '1 0 curl said nothing', 3;
		my ($status, $headers) = parse_head(take("$file.head"));
		my $body = take("$file.body");

		chomp $error if defined $error;
		unlink "$file.sent";
		push @answers, {
			status  => $status,
			headers => $headers,
			body    => $body,
			json    => decode($headers, $body),
			seconds => $seconds,
			error   => $exit ? "$exit $error" : '',
		};
	}
	return wantarray ? @answers : $answers[0];
}

#
# Load.
#

# Starts `clients` processes, each of which repeats one of the `requests` (in
# turn; or all of them the `request`) over a kept connection, or a new one each
# time where the request is `fresh`, until stop().
sub load {
	my ($scratch, $ca, %opt) = @_;
	my @requests = @{$opt{requests} // [$opt{request}]};
	my $self = bless {
		scratch => $scratch,
		stop    => "$scratch/$$.stop",
		owner   => $$,
		pids    => [],
		read    => {},
	}, 'Curl::Load';

	unlink $self->{stop}, glob "$scratch/$$.load*";
	for my $client (1 .. $opt{clients} // 2) {
		my $pid = fork // die "fork: $!";

		if (!$pid) {
			my $request = $requests[$client % @requests];

			repeat($self, "$scratch/$self->{owner}.load$client",
			    $ca, $request, $request->{fresh} ? 1 : 50);
			POSIX::_exit(0);
		}
		push @{$self->{pids}}, $pid;
	}
	return $self;
}

sub repeat {
	my ($self, $file, $ca, $request, $rounds) = @_;
	my %one = (%$request, url => 'unused');
	my $url = 'url = ' . quoted($request->{url});
	my @config = (grep({ !/^url / } section(\%one, $file)),
	    'cacert = ' . quoted($ca),
	    'write-out = "\n%{http_code} %{exitcode} %{errormsg}\n"',
	    ($url) x $rounds);

	# Nothing of ours may hold the test's output open.
	open STDOUT, '>>', "$file.out";
	open STDERR, '>&', \*STDOUT;
	put("$file.conf", join "\n", @config, '');
	until (-e $self->{stop} || getppid != $self->{owner}) {
		system 'curl', '-q', '-K', "$file.conf";
	}
}

package Curl::Load;

# The answers so far, each "status exit error".
sub answers {
	my ($self) = @_;

	for my $file (glob "$self->{scratch}/$self->{owner}.load*.out") {
		open my $in, '<', $file or next;
		seek $in, $self->{read}{$file} // 0, 0;
		while (my $line = <$in>) {
			last unless $line =~ /\n\z/;
			$self->{read}{$file} += length $line;
			push @{$self->{answers}}, $line
			    if $line =~ /^\d{3} \d+ /;
		}
		close $in;
	}
	return $self->{answers} //= [];
}

sub count { return scalar @{$_[0]->answers} }

# Those that were not 200.
sub bad { return [grep { !/^200 0 / } @{$_[0]->answers}] }

# Ends the clients; returns the number of answers and the list of those that
# were not 200.
sub stop {
	my ($self) = @_;

	Curl::put($self->{stop}, '');
	waitpid $_, 0 for splice @{$self->{pids}};
	return ($self->count, $self->bad);
}

sub DESTROY {
	my ($self) = @_;

	return unless $self->{owner} == $$ && @{$self->{pids}};
	local ($?, $@);
	$self->stop;
}

1;
