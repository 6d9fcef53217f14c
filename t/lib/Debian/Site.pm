package Debian::Site;
# What an operator does after `apt-get install`, in a root or a container: the
# database, the settings, the certificate, nginx; and what visitors then see.
#
# The test's own network is the root's, so visitors need no way inside.
use strict;
use warnings;
use Curl ();
use Debian::Package;
use Debian::Readme;
use POSIX ();
use Sign qw(form signature);
use Test::More ();

# Nobody outside a test knows these words; they must not turn up in a log.
use constant {
	ACCOUNT => 'AC0123456789abcdef0123456789abcdef',
	TOKEN   => 'c0ffee00ca9a4100c0ffee00ca9a4100',
	SERVICE => 'IS0123456789abcdef0123456789abcdef',
	URL     => 'https://localhost',
	HEALTH  => 'http://127.0.0.1:8089',
};

my $loads = 0;

# A certificate that the root trusts as it would a public one.
sub make_certificate {
	my ($root) = @_;

	return $root->goes(<<"END", 'a certificate is made');
mkdir -p /etc/letsencrypt/live/localhost
cd /etc/letsencrypt/live/localhost
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \\
    -keyout privkey.pem -out fullchain.pem -days 2 -subj /CN=localhost \\
    -addext subjectAltName=DNS:localhost 2>&1
cp fullchain.pem /usr/local/share/ca-certificates/frontline-test.crt
update-ca-certificates
END
}

# The commands of a section of README.Debian, with each place where the host of
# the test is another one changed by `change`, to which a command is $_: false
# leaves it out.
sub follow {
	my ($root, $heading, $change) = @_;
	my @commands = grep { $change->($root) } Debian::Readme::commands($root, $heading);

	return $root->goes(join("\n", @commands), "README.Debian: $heading");
}

sub make_database {
	my ($root) = @_;

	return follow($root, '1. The database', sub {
		s/^systemctl reload postgresql$/pg_ctlcluster 15 main reload/;
		return 1;
	});
}

# What is to be typed into an editor is put there.
sub configure {
	my ($root) = @_;
	my @shown = grep { /^\w+ = / } Debian::Readme::commands($root, '2. Settings');
	my $file = '/etc/frontline/frontline.conf';
	my %value = (public_base_url => URL, account_sid => ACCOUNT);

	for (@shown) {
		my ($key, $value) = /^(\w+) = (.*)/;
		$value = $value{$key} // $value;
		Debian::Package::edit($root->path($file), sub {
			s/^;? ?\Q$key\E *=.*/$key = $value/m or die "$file: no $key\n";
		});
	}
	return follow($root, '2. Settings', sub {
		s/^install.*\K$/ <<'END'\n@{[TOKEN]}\nEND/;
		return /^(?:install|frontlinectl)/;
	});
}

# All but certbot.
sub make_site {
	my ($root, $reload) = @_;

	return follow($root, '4. nginx', sub {
		s/\bfrontline\.example\.com/localhost/;
		s/systemctl reload nginx/$reload/ if $reload;
		return /^(?:sed|ln|nginx)/;
	});
}

# ---- visitors

sub ca { return $_[0]->path('/etc/letsencrypt/live/localhost/fullchain.pem') }

# One callback of Frontline, or webhook, as hash for Curl::fetch().
sub request {
	my ($path, $fields, %opt) = @_;
	my @pairs = (AccountSid => ACCOUNT, @$fields);
	my @headers = 'Content-Type: application/x-www-form-urlencoded';

	push @headers, 'X-Twilio-Signature: ' . signature(TOKEN, URL . $path, \@pairs)
	    unless $opt{unsigned};
	return { url => URL . $path, body => form(\@pairs), headers => \@headers };
}

sub customers {
	my ($query, %opt) = @_;

	return request('/callbacks/crm', [Location => 'GetCustomersList',
	    Worker => 'ana@example.com', PageSize => 5, Query => $query], %opt);
}

# A message that is written down; `n` is its own.
sub message {
	my ($n) = @_;

	return request('/callbacks/conversations', [
		EventType => 'onMessageAdded', ChatServiceSid => SERVICE,
		ConversationSid => sprintf('CH%032x', $n % 50),
		MessageSid => sprintf('IM%032x', $n), Index => int($n / 50),
		Author => '+14155550142', Body => "Message $n", Source => 'SMS',
		DateCreated => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime)]);
}

sub fetch {
	my ($root, @requests) = @_;

	return Curl::fetch($root->{top}, ca($root), @requests);
}

# A signed request finds a customer; one without a signature is refused.
sub answers {
	my ($root, $what) = @_;
	my ($good, $bad) = fetch($root, customers('okafor'),
	    customers('okafor', unsigned => 1));

	my $ok = Test::More::is($good->{status}, 200, "$what: a signed request over TLS is answered");
	$ok &= Test::More::is($good->{json}{objects}{customers}[0]{display_name},
	    'Ines Okafor', "$what: with a customer");
	$ok &= Test::More::is($bad->{status}, 403, "$what: one without a signature is not");
	Test::More::diag($good->{error}, ' ', $good->{body}) unless $ok;
	return $ok;
}

sub is_ready {
	my ($root) = @_;
	my $answer = fetch($root, { url => HEALTH . '/readyz' });

	return $answer->{status} == 200;
}

sub sql {
	my ($root, $query) = @_;
	my $said = $root->run("runuser -u postgres -- psql -XAtq -d frontline <<'END'\n$query\nEND\n");

	chomp $said;
	return $said;
}

# Visitors that come again and again, each time over a new connection, until
# stop(): half of what they ask reads, half is a message of its own.  As
# Curl::load(), and in the answers a message's has the word "wrote".
sub load {
	my ($root, $clients) = @_;
	my $self = bless {
		scratch => $root->{top},
		stop    => "$root->{top}/$$.stop",
		owner   => $$,
		pids    => [],
	}, 'Curl::Load';
	my $ca = ca($root);

	$loads++;
	unlink $self->{stop}, glob "$root->{top}/$$.load*";
	for my $client (1 .. $clients) {
		my $pid = fork // die "fork: $!";

		if (!$pid) {
			visit($self, $client, $ca);
			POSIX::_exit(0);
		}
		push @{$self->{pids}}, $pid;
	}
	return $self;
}

sub visit {
	my ($self, $client, $ca) = @_;
	my $file = "$self->{scratch}/$self->{owner}.load$client";
	# No other load of this test has these numbers.
	my $n = ($loads * 100 + $client) * 100_000;

	open STDOUT, '>>', "$file.out";
	open STDERR, '>&', \*STDOUT;
	until (-e $self->{stop} || getppid != $self->{owner}) {
		my @config;

		for my $i (0 .. 19) {
			my ($request, $word) = $i % 2
			    ? (message(++$n), 'wrote') : (customers('okafor'), 'read');

			push @config, $i ? 'next' : (), 'silent', 'max-time = 20',
			    'output = /dev/null', 'cacert = ' . Curl::quoted($ca),
			    'url = ' . Curl::quoted($request->{url}),
			    'data-raw = ' . Curl::quoted($request->{body}),
			    (map { 'header = ' . Curl::quoted($_) }
				@{$request->{headers}}, 'Connection: close'),
			    qq(write-out = "%{http_code} %{exitcode} $word %{errormsg}\\n");
		}
		Curl::put("$file.conf", join "\n", @config, '');
		system 'curl', '-q', '-K', "$file.conf";
	}
}

1;
