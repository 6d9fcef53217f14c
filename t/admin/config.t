#!/usr/bin/perl
# frontlinectl config, and the program's own words.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, sample => 0,
    config => {
	'service.masking'            => 'yes',
	'front.support.mode'         => 'app',
	'front.support.channel_id'   => 'cha_1a2b',
	'front.support.numbers'      => '+15005550006',
	'front.support.app_uid'      => '0a1b2c3d',
    });
my $dir = $stage->{dir};
$stage->put('secret/front', 'f' x 40, 0400);
my $conf = $stage->write_config(
    map { ("front.support.${_}_file" => "$dir/secret/front") }
    qw(secret path_token));

sub ctl {
	return $stage->ctl(@_);
}

{
	my ($said, $status) = ctl('-c', $conf, 'config');

	is($status, 0, 'config ends well');
	like($said, qr/^\[service\]$/m, 'sections');
	like($said, qr/^masking = yes$/m, 'what the file sets');
	like($said, qr/^default_country = US    ; default$/m, 'what it does not');
	like($said, qr/^; default_worker is not set$/m, 'what has no default');
	like($said, qr/^\[front\.support\]$/m, 'sections with names of their own');
	like($said, qr/^channel_id = cha_1a2b$/m, 'and their keys');
	unlike($said, qr/${\Stage::TOKEN}|ffff/, 'no secret');
	# What it prints is a configuration again.
	my $copy = $stage->put('scratch/copy.conf', $said);
	($said, $status) = $stage->run("$dir/bin/frontline-fcgi", '-t', '-c',
	    $copy);
	is($status, 0, 'the output is a configuration') or diag($said);
}
for (
	['service.masking', "yes\n"],
	['responder.processes', "2\n"],
	['service.default_worker', ''],
) {
	my ($said, $status) = ctl('-c', $conf, 'config', '--get', $_->[0]);

	is("$status $said", "0 $_->[1]", "--get $_->[0]");
}
{
	my ($said, $status) = ctl('-c', $conf, 'config', '--get', 'service.none');

	is($status, 64, '--get of an unknown key');
	is($said, "frontlinectl: no key 'service.none'\n", 'says so');
	($said, $status) = ctl('-c', "$dir/none", 'config', '--keys');
	is($status, 0, '--keys needs no file');
	like($said, qr/^public_base_url \(URL, required\)\n    \S/m,
	    'a key with its type and its help');
	($said, $status) = ctl('-c', "$dir/none", 'config');
	is($status, 78, 'no file: 78');
	like($said, qr{^frontlinectl: \Q$dir\E/none: .*\n\z}, 'one line');
	my $bad = $stage->put('scratch/bad.conf', "[service]\nmasking = 3\n");
	($said, $status) = ctl('-c', $bad, 'config');
	is($status, 78, 'a wrong file: 78');
	like($said, qr/^frontlinectl: \Q$bad\E:2: \[service\] (?:masking|public_base_url): .*\n\z/,
	    'names file, line, key');
}

# What the services would refuse when they start, or not be able to use.
for (
	['ca_file', "$dir/none", qr/No such file/, 'service'],
	['fcgi_conninfo', 'dbname=frontline usr=x', qr/invalid connection option "usr"/],
	['fcgi_read_conninfo', 'host=db1.example.com', qr/hostaddr/],
	['relay_conninfo', 'dbname', qr/missing "="/],
) {
	my ($key, $value, $why, $section) = @$_;
	$section //= 'database';
	my $text = $stage->slurp('frontline.conf') =~ s/^\Q$key\E =.*\n//mr;
	my $bad = $stage->put('scratch/bad.conf', "$text\n[$section]\n$key = $value\n");
	my ($said, $status) = ctl('-c', $bad, 'config');

	is($status, 78, "$key that is wrong: 78");
	like($said, qr/^frontlinectl: \Q$bad\E:\d+: \[$section\] $key: .*$why.*\n\z/,
	    'names file, line, key');
}

# The program itself.
for (
	[[], 64, qr/^usage: /],
	[['-h'], 0, qr/^usage: .*^  migrate .*^  config .*^  call /ms],
	[['--help'], 0, qr/^usage: /],
	[['-V'], 0, qr/^frontlinectl \d+\.\d+\.\d+\n\z/],
	[['nonsense'], 64, qr/^frontlinectl: no command 'nonsense'$/m],
	[['migrate', '--help'], 0, qr/^usage: .*migrate/],
	[['config', '--help'], 0, qr/^usage: .*config/],
	[['-c', $conf, 'call', '--help'], 0, qr/^usage: .*call list/],
	[['-c', "$dir/none", 'call', '--help'], 0, qr/^usage: .*call list/],
	[['-c', "$dir/none", 'call', 'list'], 78, qr{^frontlinectl: \Q$dir\E/none: }],
	[['-c', $conf, 'call'], 64, qr/^try: frontlinectl call --help$/m],
	[['-c', $conf, 'call', 'sing'], 64, qr/^try: /m],
	[['-c', $conf, 'call', 'list'], 64, qr/call list needs --worker/],
	[['-c', $conf, 'call', 'details', '--worker', 'w'], 64,
	    qr/call details needs --customer/],
) {
	my ($arguments, $want, $like) = @$_;
	my ($said, $status) = ctl(@$arguments);

	is($status, $want, "frontlinectl @$arguments: exit $want");
	like($said, $like, "frontlinectl @$arguments: says what it should");
}
done_testing;
