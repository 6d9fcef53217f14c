#!/usr/bin/perl
# ./quickstart: up, down and status of a private stack, twice, after accidents,
# and beside others.  The build is left out: the checkout of this test has a
# configure that takes the programs as they are built already, and a
# dpkg-query that finds every package.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Copy ();
use File::Temp ();
use IO::Socket::INET;
use POSIX qw(mkfifo);
use Stage qw(wait_until);
use Test::More;

my $build = $ENV{abs_top_builddir};
my $source = $ENV{abs_top_srcdir};
Stage::require_tools(qw(spawn-fcgi multiwatch flock));

my $dir = abs_path(File::Temp::tempdir('qsXXXXXX', CLEANUP => 0,
    DIR => Stage::scratch_base()));
chmod 0755, $dir;
delete @ENV{qw(QUICKSTART_PORT RESPONDERS SUDO_UID SUDO_GID)};
$ENV{PATH} = "$dir/bin:$ENV{PATH}";

sub put {
	my ($file, $text) = @_;

	open my $out, '>', $file or die "$file: $!";
	print {$out} $text;
	close $out or die "$file: $!";
	chmod 0755, $file;
}

sub slurp {
	my ($file) = @_;

	open my $in, '<', $file or return '';
	local $/;
	return <$in> // '';
}

# A checkout without its sources.
sub checkout {
	my ($name) = @_;
	my $top = "$dir/$name";

	mkdir $top;
	mkdir "$top/t";
	system('cp', '-r', "$source/nginx", "$source/schema", $top) == 0
	    && system('cp', '-r', "$source/t/lib", "$source/t/standin",
	        "$top/t") == 0 or die 'cp';
	File::Copy::copy("$source/quickstart", "$top/quickstart") or die $!;
	chmod 0755, "$top/quickstart";
	put("$top/$_", '') for qw(configure.ac Makefile.am);
	put("$top/configure", <<"END");
#!/bin/sh
touch config.status
printf 'all:\\n\\tcp -p "$build/frontline-fcgi" "$build/frontline-relay" "$build/frontlinectl" .\\n' >Makefile
END
	return $top;
}

# Runs it; what it says is kept in a file, because what it starts must not hold
# the test's own output.
sub quickstart {
	my ($top, @arguments) = @_;

	system("cd '$top' && ./quickstart @arguments >'$dir/said' 2>&1 </dev/null 9>&-");
	return ($? >> 8, slurp("$dir/said"));
}

sub ends {
	my ($status, $top, $arguments, $what, $says) = @_;
	my ($got, $said) = quickstart($top, split ' ', $arguments);

	is($got, $status, $what) or diag($said);
	like($said, $says, "$what: and says so") if $says;
	return $said;
}

sub environment {
	my ($top) = @_;

	return { slurp("$top/var/quickstart.env") =~ /^(\w+)='([^']*)'$/mg };
}

# What status names: kind => [pids].
sub running {
	my ($top) = @_;
	my (undef, $said) = quickstart($top, 'status');

	return map { /^(\S+) +([\d ]+)$/ ? ($1 => [split ' ', $2]) : () }
	    split /\n/, $said;
}

sub answers {
	my ($env, @options) = @_;

	return qx(curl @options -s -o /dev/null -w '%{http_code}' --cacert '$env->{CA_FILE}' '$env->{BASE_URL}/callbacks/crm');
}

my @tops;
END {
	my $status = $?;

	quickstart($_, 'down') for @tops;
	system 'rm', '-rf', $dir if defined $dir && !$ENV{TEST_LEAVE};
	diag("left: $dir") if $ENV{TEST_LEAVE};
	$? = $status;
}
$SIG{INT} = $SIG{TERM} = sub { exit 130 };

mkdir "$dir/bin";
put("$dir/bin/dpkg-query", "#!/bin/sh\necho installed\n");
my $top = checkout('one');
push @tops, $top;

# Before anything.
ends(0, $top, 'help', 'help', qr/quickstart down/);
ends(2, $top, 'dwon', 'an unknown word is refused', qr/no command 'dwon'.*quickstart down/s);
ends(3, $top, 'status', 'status before up', qr/not running/);
ends(0, $top, 'down', 'down before up', qr/nothing is running/);

# The tour.
my $said = ends(0, $top, '', 'the tour');
like($said, qr/^\$ frontlinectl call \Q$_\E /m, "the tour shows $_")
    for qw(list details proxy templates);
like($said, qr/^5 customers, more with --token /m, 'customers are listed');
like($said, qr/^write from +\+\d+$/m, 'a number is chosen');
like($said, qr/^name +Ines Okafor$/m, 'a conversation is named');
like($said, qr/^participant +\S+@\S+ /m, 'a worker comes into it');
like($said, qr/^participant +\+\d+ .*"customer_id":"\d+"/m,
    'its customer is tied');
like($said, qr/^routed +\S/m, 'and the reason is told');
like($said, qr{^from +Ines Okafor\ntext .*\nattachment +image/png, \d+ bytes$}m,
    'a text with a picture is in the inbox');
like($said, qr{^to +\+14155550142\ntext .*\npicture +https://localhost:\d+/media/\S+$}m,
    'and an answer with one leaves');
my $env = environment($top);
is(answers($env), 405, 'and the stack is left running');
SKIP: {
	skip 'no IPv6', 1 unless slurp('/proc/net/if_inet6') =~ /^0*1 /m;
	is(answers($env, '-6'), 405, 'for clients that know ::1 only, too');
}
like($env->{$_}, qr/\S/, "the environment has $_") for qw(BASE_URL CA_FILE
    FAKE_FRONT_URL FAKE_TWILIO_URL FRONT_APP_SECRET FRONT_CHANNEL_URL
    FRONTLINECTL HEALTH_URL METRICS_URL TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN
    TWILIO_NUMBER
    TWILIO_WHATSAPP_NUMBER WORKER DATABASE_URL OWNER_DATABASE_URL CONFIG
    RUN_DIR);
is((stat "$top/var/quickstart.env")[2] & 0777, 0600,
    'and is its owner\'s alone');
like($env->{TWILIO_NUMBER}, qr/^\+\d+$/, 'a number for SMS');
like($env->{TWILIO_WHATSAPP_NUMBER}, qr/^whatsapp:\+\d+$/,
    'and one for WhatsApp');
is(qx(. '$top/var/quickstart.env'; '$ENV{PG_BINDIR}/psql' -XAtc 'SELECT current_user' "\$$_->[0]"),
    "$_->[1]\n", "$_->[0] is $_->[1]") for
    [DATABASE_URL => 'frontline_dba'], [OWNER_DATABASE_URL => 'postgres'];
is(scalar(() = qx(curl -s '$env->{HEALTH_URL}') =~ /"ok"/), 1, 'HEALTH_URL');
wait_until(sub { qx(curl -s '$env->{METRICS_URL}') =~
    /^frontline_relay_connections 4$/m }, 'the relay is connected', 20);
like(qx(curl -s '$env->{METRICS_URL}'), qr/^frontline_metrics_shared 1$/m,
    'METRICS_URL');

# Again.
my %before = running($top);
ends(0, $top, 'up', 'up once more', qr/already running/);
is_deeply({ running($top) }, \%before, 'changes nothing');
ends(0, $top, 'status', 'status', qr/^ready at \Q$env->{BASE_URL}\E$/m);
SKIP: {
	skip 'takes root', 1 if $>;
	like(qx(setpriv --reuid=65534 --regid=65534 --clear-groups '$top/quickstart' status 2>&1),
	    qr/run by \w+; ask as that user/, 'another user is told whom to ask');
}

# The tour on what a former one left in the database.
ends(0, $top, '', 'a second tour');
ends(0, $top, 'down', 'down');
$said = ends(0, $top, '', 'a third tour, after a restart');
like($said, qr/^participant +\+\d+ .*"customer_id":"\d+"/m,
    'a customer is tied again');

# After accidents.
for my $victims (['nginx'], ['multiwatch'], ['postgres'],
    ['relay-watch', 'frontline-relay'], ['twilio-stand-in', 'front-stand-in'],
    [qw(nginx multiwatch frontline-fcgi postgres relay-watch
        frontline-relay)]) {
	my %now = running($top);
	my @pids = map { @{$now{$_}} } @$victims;

	kill 'KILL', @pids;
	wait_until(sub { !grep { slurp("/proc/$_/cmdline") ne '' } @pids },
	    'they have fallen', 20);
	ends(0, $top, 'up', "up after kill -9 of @$victims");
	is(environment($top)->{BASE_URL}, $env->{BASE_URL},
	    'at the same address');
	is(answers($env), 405, 'and it answers');
}

# Whoever falls is replaced.
{
	my %now = running($top);

	kill 'KILL', @{$now{'frontline-relay'}};
	wait_until(sub {
		my %then = running($top);
		return @{$then{'frontline-relay'} // []} &&
		    $then{'frontline-relay'}[0] != $now{'frontline-relay'}[0];
	}, 'the relay is replaced', 20);
	pass('a relay that was killed is replaced');
}

# A stack of which nothing is left but its environment.
{
	ends(0, $top, 'down', 'down');
	put("$top/var/quickstart.env", "BASE_URL='$env->{BASE_URL}'\n");
	ends(0, $top, 'down', 'down again', qr/nothing is running/);
	ok(!-e "$top/var/quickstart.env", 'takes the token away');
	ends(0, $top, 'up', 'up after that');
}

# What root starts, root does not write: the files and the folders of the logs
# are the unprivileged user's, who may have put a link there.
SKIP: {
	skip 'not root', 5 if $>;
	my $user = $env->{CONFIG} =~ s{/[^/]+\z}{}r;
	is(qx(find '$user' -user root), '', 'nothing there is root\'s');
	isnt((stat "$top/var")[4], (stat $user)[4],
	    'and nothing of root\'s is there');
	ends(0, $top, 'down', 'down');
	put("$dir/roots", "root's\n");
	chmod 0600, "$dir/roots";
	for (qw(nginx.error.log frontline-fcgi.log)) {
		unlink "$env->{LOG_DIR}/$_";
		symlink "$dir/roots", "$env->{LOG_DIR}/$_" or die $!;
	}
	ends(1, $top, 'up', 'up with links in the place of logs');
	is(slurp("$dir/roots"), "root's\n", 'does not write through them');
	unlink "$env->{LOG_DIR}/nginx.error.log",
	    "$env->{LOG_DIR}/frontline-fcgi.log";
	ends(0, $top, 'up', 'up without them');
}

# Other settings.
{
	local $ENV{RESPONDERS} = 3;
	ends(0, $top, 'up', 'up with three processes');
	wait_until(sub { 3 == @{{ running($top) }->{'frontline-fcgi'} // []} },
	    'three processes run', 20);
	pass('three processes run');
}

for (0, 65, 'x', 100) {
	local $ENV{RESPONDERS} = $_;
	ends(1, $top, 'up', "$_ processes are refused",
	    qr/RESPONDERS is no number from 1 to 64: $_$/m);
	is(answers($env), 405, 'and what runs goes on');
}

# A port that somebody has.
{
	my $other = IO::Socket::INET->new(Listen => 1,
	    LocalAddr => '127.0.0.1') or die $!;
	local $ENV{QUICKSTART_PORT} = $other->sockport;

	ends(1, $top, 'up', 'a port that is taken is refused',
	    qr/port $ENV{QUICKSTART_PORT} \(QUICKSTART_PORT\) is taken/);
	is(answers($env), 405, 'and what runs goes on');
	for (qw(x 0 00 08443 65536 70000 100000 -1 1e3)) {
		$ENV{QUICKSTART_PORT} = $_;
		ends(1, $top, 'up', "$_ is refused",
		    qr/QUICKSTART_PORT is no port \(1 to 65535\): \Q$_\E$/m);
	}
	is(answers($env), 405, 'and what runs goes on');
}

# The port of the health checks.
for my $down (0, 1) {
	my ($health) = $env->{HEALTH_URL} =~ /:(\d+)/;
	my $how = $down ? 'remembered' : 'in use';
	local $ENV{QUICKSTART_PORT} = $health;

	ends(0, $top, 'down', 'down') if $down;
	ends(0, $top, 'up', "up at the port of the health checks, $how");
	$env = environment($top);
	like($env->{BASE_URL}, qr/:$health\z/, 'serves there');
	unlike($env->{HEALTH_URL}, qr/:$health\b/, 'with them elsewhere');
	is(answers($env), 405, 'and answers');
}

# Two stacks, and two commands at once.
{
	my $two = checkout('two');
	push @tops, $two;
	ends(0, $two, 'up', 'a second checkout beside the first');
	my $second = environment($two);
	isnt($second->{BASE_URL}, $env->{BASE_URL}, 'has its own port');
	isnt($second->{RUN_DIR}, $env->{RUN_DIR}, 'and its own directory');
	is(answers($_), 405, "$_->{BASE_URL} answers") for $env, $second;
	ends(0, $two, 'down', 'down');
	is(answers($env), 405, 'leaves the first alone');
	open my $lock, '>>', "$two/var/lock" or die $!;
	flock $lock, 2;
	ends(1, $two, 'up', 'two commands at once',
	    qr/another quickstart is at work/);
}

# A checkout that is hard to work in.
{
	my $odd = checkout("a b 'c'" =~ s/'//gr . 'x' x 70);
	push @tops, $odd;
	$said = ends(0, $odd, 'up', 'a long path with blanks',
	    qr{the state is in /var/tmp/});
	my ($home) = $said =~ m{the state is in (\S+)};
	is(answers(environment($odd)), 405, 'works');
	ends(0, $odd, 'down', 'down');
	system 'rm', '-rf', $home if $home =~ m{^/var/tmp/frontline};
}

# Ctrl-C when it has said something, and stays where it would hand a program that
# begins so to awk.
sub interrupted {
	my ($when, $program, @command) = @_;
	my ($awk) = grep { -x } map { "$_/awk" }
	    grep { $_ ne "$dir/bin" } split /:/, $ENV{PATH};
	put("$dir/bin/awk", <<"END");
#!/bin/sh
case \$1 in '$program'*) exec cat '$dir/never' ;; esac
exec '$awk' "\$@"
END
	mkfifo("$dir/never", 0600) or die "$dir/never: $!" if !-e "$dir/never";
	my $pid = fork // die "fork: $!";

	if (!$pid) {
		setpgrp 0, 0;
		$SIG{INT} = 'DEFAULT';
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$dir/said";
		open STDERR, '>&', \*STDOUT;
		$ENV{RESPONDERS} = 1;
		chdir $top;
		exec './quickstart', @command;
	}
	select undef, undef, undef, 0.01
	    until slurp("$dir/said") =~ $when
	    || waitpid($pid, 1) == $pid;
	kill 'INT', -$pid;
	waitpid $pid, 0;
	is($? >> 8, 130, 'Ctrl-C ends it');
	unlink "$dir/bin/awk";
	return slurp("$dir/said");
}

# In the tour, when all runs.
{
	like(interrupted(qr/frontlinectl call list/, '/^[0-9]'), qr/^== running at .*^== stop it with: /ms,
	    'and it says that the stack runs');
	is(answers($env), 405, 'which it does');
}

# Half-way.
{
	ends(0, $top, 'down', 'down');
	interrupted(qr/loading sample/, '/^# Plain', 'up');
	is_deeply({ running($top) }, {}, 'and nothing is left');
	ok(!-e "$top/var/quickstart.env", 'no environment either');
	ends(0, $top, 'up', 'up after that');
}

# The end.
ends(0, $top, 'down', 'down', qr/stopped/);
ends(3, $top, 'status', 'status after down');
is(answers($env), '000', 'nobody answers');
is_deeply([grep { slurp($_) =~ m{\Q$dir\E/[^\0]*/var} }
    glob '/proc/[0-9]*/cmdline'], [], 'no process is left');

done_testing;
