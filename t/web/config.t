#!/usr/bin/perl
# The configuration: what is refused, how it is said, and what SIGHUP does.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 1);
my $program = "$stage->{dir}/bin/frontline-fcgi";
my $good = $stage->slurp('frontline.conf');
my ($process) = $stage->responder_pids;

# Runs -t on a text; returns output and exit status.
sub check {
	my ($text) = @_;
	my $file = $stage->put('scratch/try.conf', $text);

	return $stage->run($program, '-t', '-c', $file);
}

{
	my ($said, $status) = check($good);

	is($status, 0, 'a right configuration is accepted') or diag($said);
}

# A key with another value, or an added line; the line that must be named.
sub with {
	my ($section, $key, $value) = @_;
	my ($text, $line) = ('', undef);

	for (split /^/, $good) {
		next if /^\Q$key\E = /;
		$text .= $_;
		if ($_ eq "[$section]\n") {
			$text .= "$key = $value\n";
			$line = $text =~ tr/\n//;
		}
	}
	if (!defined $line) {
		$text .= "[$section]\n$key = $value\n";
		$line = $text =~ tr/\n//;
	}
	return ($text, $line);
}

my $dir = $stage->{dir};
$stage->put('secret/short', "tooshort\n", 0400);
$stage->put('secret/empty', '', 0400);
$stage->put('secret/blank', "c0ffee00ca9a4100 0ffee00ca9a4100\n", 0400);
$stage->put('secret/open', "c0ffee00ca9a4100c0ffee00ca9a4100\n", 0444);
for (
	['service', 'public_base_url', '', 'nothing'],
	['service', 'public_base_url', 'localhost', 'no scheme'],
	['service', 'public_base_url', 'http://example.com', 'no TLS'],
	['service', 'public_base_url', 'https://example.com/?a', 'a query'],
	['service', 'public_base_url', 'https://u:p@example.com', 'a user'],
	['service', 'public_base_url', 'https://example.com:99999', 'a port'],
	['service', 'default_country', 'Norway', 'a name'],
	['service', 'strict_access', 'maybe', 'no boolean'],
	['service', 'strict_access', '', 'empty, which is not "no"'],
	['responder', 'nginx_user', '', 'empty, which is not root'],
	['database', 'fcgi_conninfo', '', 'empty'],
	['twilio', 'api_base_url', 'http://127.evil.example',
	    'a name that only looks like loopback'],
	['service', 'masking', '2', 'no boolean'],
	['service', 'friendly_name', 'nick', 'an unknown word'],
	['service', 'log_level', 'loud', 'an unknown word'],
	['service', 'ca_file', 'relative/path', 'a relative path'],
	['service', 'no_such_key', '1', 'an unknown key'],
	['twilio', 'account_sid', 'AC123', 'a short SID'],
	['twilio', 'account_sid', 'XX' . 'a' x 32, 'another SID'],
	['twilio', 'auth_token_file', '', 'nothing'],
	['twilio', 'auth_token_file', "$dir/secret/none", 'a missing file'],
	['twilio', 'auth_token_file', "$dir/secret/short", 'a short secret'],
	['twilio', 'auth_token_file', "$dir/secret/empty", 'an empty secret'],
	['twilio', 'auth_token_file', "$dir/secret/blank", 'a blank inside'],
	['twilio', 'auth_token_file', "$dir/secret/open",
	    'a secret that others can read'],
	['twilio', 'auth_token_file', "$dir/secret", 'a directory'],
	['twilio', 'auth_token_file', Stage::TOKEN, 'the secret itself'],
	['twilio', 'api_base_url', 'ftp://api.example', 'another scheme'],
	['twilio', 'api_base_url', 'http://api.example', 'http elsewhere'],
	['twilio', 'api_key_sid', 'SK1', 'a short SID'],
	['database', 'fcgi_conninfo', 'hots=x dbname=y', 'an unknown option'],
	['database', 'fcgi_read_conninfo', 'host=standby.example', 'a name to look up'],
	['database', 'fcgi_conninfo', 'host=db.example dbname=frontline',
	    'a host that must be looked up'],
	['database', 'fcgi_conninfo', 'postgresql://127.0.0.1,db.example/x',
	    'a second host that must be looked up'],
	['database', 'prepared_statements', 'x', 'no boolean'],
	['database', 'connections', '0', 'too few'],
	['database', 'connections', '1000', 'too many'],
	['responder', 'nginx_user', 'no-such-user', 'an unknown user'],
	['responder', 'max_body_bytes', '1', 'too few'],
	['responder', 'max_body_bytes', '99999999999999999999', 'too many'],
	['responder', 'max_fields', '-1', 'too few'],
	['responder', 'request_timeout_ms', '1.5', 'a fraction'],
	['no_such_section', 'key', '1', 'an unknown section'],
) {
	my ($section, $key, $value, $what) = @$_;
	my ($text, $line) = with($section, $key, $value);
	my ($said, $status) = check($text);

	is($status, 78, "$key: $what: refused");
	like($said, qr/^frontline-fcgi:\ \Q$dir\E\/scratch\/try\.conf:$line:
	    \ \[$section\]\ $key:\ \S.*\n\z/x,
	    "$key: $what: one line names file, line and key");
	unlike($said, qr/c0ffee/, "$key: $what: no secret is shown")
	    if $key eq 'auth_token_file' && $value !~ /c0ffee/;
}

# What has no key of its own.
for (
	["$good\nrubbish\n", 'a line that is neither'],
	["$good\n[service]\nmasking = yes\nmasking = no\n", 'a key twice'],
	["$good\n[service]\ndefault_worker = " . 'x' x 300 . "\n",
	    'a line that is too long'],
	["$good\n[service]\ndefault_worker = ana\0junk\n", 'a NUL byte'],
	['', 'an empty file'],
) {
	my ($said, $status) = check($_->[0]);

	is($status, 78, "$_->[1]: refused");
	like($said, qr/^frontline-fcgi: \S+try\.conf:\d+: .*\n\z/,
	    "$_->[1]: one line names file and line");
}
{
	my ($said, $status) = $stage->run($program, '-t', '-c', "$dir/none");

	is($status, 78, 'no file: refused');
	like($said, qr/^frontline-fcgi: \Q$dir\E\/none: .*\n\z/,
	    'no file: named');
}

# At the start.
{
	my $bad = $stage->put('scratch/bad.conf',
	    (with('database', 'connections', '0'))[0]);
	my ($said, $status) = $stage->run($program, '-c', $bad);

	is($status, 78, 'a wrong configuration does not start');
	like($said, qr/bad\.conf:\d+: \[database\] connections: /,
	    'and the log says why');
	($said, $status) = $stage->run($program, '-c', $stage->{conf});
	is($status, 64, 'nor does what has no listening socket');
	is(($stage->run($program, '-x'))[1], 64, 'an unknown option');
	is(($stage->run($program, 'word'))[1], 64, 'a word too many');
	is(($stage->run($program, '-h'))[1], 0, 'help');
	like(($stage->run($program, '-V'))[0], qr/^frontline-fcgi \d/,
	    'the version');
}

# SIGHUP.
sub log_has {
	my ($line) = @_;

	wait_until(sub { $stage->slurp('log/fcgi.log') =~ $line },
	    "the log has $line");
}
{
	my $old = 'c0ffee00ca9a4100c0ffee00ca9a4111';
	my $sign = sub {
		return $stage->post('GetCustomersList', {},
		    token => $_[0])->{status};
	};

	is($sign->($old), 403, 'an unknown token is refused');
	$stage->put('frontline.conf',
	    (with('service', 'masking', 'maybe'))[0]);
	kill 'HUP', $process;
	log_has(qr/the old configuration stays: \S+:\d+: \[service\] masking/);
	is($sign->(Stage::TOKEN), 200, 'a wrong file changes nothing');
	$stage->put('secret/other', "$old\n", 0400);
	$stage->put('frontline.conf', (with('twilio', 'next_auth_token_file',
	    "$dir/secret/other"))[0]);
	kill 'HUP', $process;
	wait_until(sub { $sign->($old) == 200 }, 'a new token is accepted');
	is($sign->(Stage::TOKEN), 200, 'beside the first');
	is($sign->(Stage::NEXT), 403, 'and one that has gone is refused');
	is_deeply([$stage->responder_pids], [$process],
	    'by the same process');
}

# The secret is where it belongs, and nowhere else.
for my $file (qw(cmdline environ)) {
	open my $in, '<', "/proc/$process/$file" or next;
	local $/;
	unlike(<$in> // '', qr/c0ffee/, "no secret in $file");
}

done_testing;
