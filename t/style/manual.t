#!/usr/bin/perl
# manual.t -- the manual pages say what the programs say of themselves.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Files qw(slurp);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $src = "$ENV{abs_top_srcdir}/src";
my %page = (
	fcgi => "$src/web/frontline-fcgi.8",
	ctl  => "$src/admin/frontlinectl.8",
	relay => "$src/relay/frontline-relay.8",
	conf => "$src/core/frontline.conf.5",
);

# What a program prints, on both channels.
sub says {
	my ($program, @arguments) = @_;

	open my $out, '-|', 'sh', '-c', '"$@" 2>&1', 'sh',
	    "$ENV{abs_top_builddir}/$program", @arguments or die "$program: $!\n";
	local $/;
	return scalar <$out>;
}

sub write_file {
	my ($file, $text, $mode) = @_;

	open my $out, '>', $file or die "$file: $!\n";
	print $out $text;
	close $out or die "$file: $!\n";
	chmod $mode, $file;
}

# Some commands want settings even to say how they are used.
write_file("$dir/token", '0123456789abcdef', 0400);
write_file("$dir/conf", <<"END", 0600);
[service]
public_base_url = https://crm.example.org
[twilio]
account_sid = AC0123456789abcdef0123456789abcdef
auth_token_file = $dir/token
[responder]
nginx_user = 33
END

my $conf = slurp($page{conf});
my $ctl = slurp($page{ctl});
my $fcgi = slurp($page{fcgi});
my $relay = slurp($page{relay});

subtest 'frontline.conf(5)' => sub {
	my $list = says('frontlinectl', 'config', '--mdoc');

	like($list, qr/^\.Ss \[service\]/, 'frontlinectl config --mdoc lists the keys');
	ok(index($conf, $list) >= 0, 'and the page has that list, byte for byte')
	    or diag('put the output of frontlinectl config --mdoc into src/core/frontline.conf.5');
};

subtest 'frontlinectl(8)' => sub {
	my @commands = says('frontlinectl', '--help') =~ /^  (\w+) /mg;
	my @described = $ctl =~ /^\.Ss (\w+)$/mg;

	is_deeply(\@described, \@commands, 'each command has its part, in the same order');
	for my $command (@commands) {
		my ($part) = $ctl =~ /^\.Ss \Q$command\E\n(.*?)^\.S[sh] /ms;
		my %told = map { $_ => 1 } says('frontlinectl', '-c', "$dir/conf", $command, '--help') =~ /(--[a-z-]+)/g;
		my %shown = map { $_ => 1 } map { "--$_" } $part =~ /^\.It Fl -([a-z-]+)/mg;

		is_deeply([sort keys %shown], [sort keys %told], "$command: its options");
	}
	my %synopsis = map { $_ => 1 } $ctl =~ /^\.Cm (\w+)$/mg;
	ok($synopsis{$_}, "$_ stands in the synopsis") for @commands;
};

subtest 'frontline-fcgi(8)' => sub {
	my %told = map { $_ => 1 } says('frontline-fcgi', '-h') =~ /(?<![\w-])-([A-Za-z])\b/g;
	my %shown = map { $_ => 1 } $fcgi =~ /^\.It Fl ([A-Za-z])\b/mg;

	is_deeply([sort keys %shown], [sort keys %told], 'its options');

	my %path = map { $_ => 1 } slurp("$src/web/routes.c") =~ m{"(/[a-z/-]+)"}g;
	like($fcgi, qr/^\.It Li [A-Z, ]+ \Q$_\E(?: Ns Ar \w+)? Ta /m, "path $_") for sort keys %path;

	my %status = map { $_ => 1 } slurp("$src/web/reply.c") =~ /^\t\t\{ ([45]\d\d), "/mg;
	delete $status{409};    # no callback of today has a conflict
	like($fcgi, qr/^\.It $_$/m, "status $_") for sort keys %status;
};

subtest 'frontline-relay(8)' => sub {
	my %told = map { $_ => 1 } says('frontline-relay', '-h') =~ /(?<![\w-])-([A-Za-z])\b/g;
	my %shown = map { $_ => 1 } $relay =~ /^\.It Fl ([A-Za-z])\b/mg;

	is_deeply([sort keys %shown], [sort keys %told], 'its options');
	like($relay, qr/^\.It Li \Q$_\E Ta /m, "job $_")
	    for slurp("$src/relay/kinds.c") =~ /^\t\{ "([a-z.]+)",/mg;
	my ($words) = $relay =~ /^\.Ss When a request fails\n(.*?)^\.Sh /ms;
	my @classes = slurp("$src/relay/retry.c") =~
	    /\{ "(\w+)", +(?:\d+ \* )?(?:SECOND|MINUTE|\d+),/g;
	is_deeply([sort $words =~ /^\.It Li (\w+)$/mg], [sort @classes],
	    'each class of failure');
};

# Exit codes are named in the sources.
subtest 'exit codes' => sub {
	my %code = slurp("$src/admin/command.h") =~ /\b(EXIT_\w+) = (\d+)/g;

	like($ctl, qr/^\.It $_$/m, "frontlinectl: $_") for 0, 1, sort values %code;
	%code = slurp("$src/web/main.c") =~ /\b(EXIT_\w+) = (\d+)/g;
	like($fcgi, qr/^\.It $_$/m, "frontline-fcgi: $_") for 0, sort values %code;
	%code = slurp("$src/relay/main.c") =~ /\b(EXIT_\w+) = (\d+)/g;
	like($relay, qr/^\.It $_$/m, "frontline-relay: $_") for 0, sort values %code;
};

# The environment is asked for in few places.
subtest 'environment' => sub {
	my %asked = map { $_ => 1 } map { slurp($_) =~ /\bgetenv\("(\w+)"\)/g }
	    glob "$src/*/*.c";

	for my $name (sort keys %asked) {
		like($_, qr/^\.It Ev $name$/m, $name) for $fcgi, $relay;
	}
	# libsystemd asks for these.
	like($relay, qr/^\.It Ev $_$/m, $_) for qw(NOTIFY_SOCKET WATCHDOG_USEC);
};

subtest 'mandoc finds nothing' => sub {
	plan skip_all => 'no mandoc' unless grep { -x "$_/mandoc" } split /:/, $ENV{PATH};
	# Whether the machine's index of pages is fresh is not ours to judge.
	my @found = grep { !/outdated mandoc\.db|not found: Xr/ }
	    qx(mandoc -T lint -W warning @page{sort keys %page} 2>&1);

	is(join('', @found), '', 'in any of the pages');
};

done_testing;
