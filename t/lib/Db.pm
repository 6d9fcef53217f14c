package Db;

# A private PostgreSQL cluster for one test file: no network, no fsync, gone at the end.
#
#   my $db = Db->new;                                   # cluster with an empty database "frontline"
#   $db->migrate;                                       # schema/0*.sql as psql -1 runs them
#   $db->sql("INSERT ...");                             # dies when SQL fails; answers the output
#   my @rows = $db->rows("SELECT ...", user => 'frontline_dba');
#   my $why = $db->error("INSERT ...");                 # '' when it went well, else the first message
#
# Statements go through one psql per (user, database), kept open: a new process for each would cost more than the SQL.
# As root everything runs as user postgres.

use strict;
use warnings;
use Cwd ();
use Encode ();
use File::Basename ();
use File::Path ();
use File::Temp ();
use POSIX ();
use Scratch qw(scratch_base);
use Test::More ();
use Time::HiRes ();

my $owner_pid = $$;
my %living;

sub top { return $ENV{abs_top_srcdir} // Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../..') }

sub bindir {
	my @dirs = $ENV{PG_BINDIR} ? ($ENV{PG_BINDIR}) : reverse sort glob '/usr/lib/postgresql/*/bin';
	for my $dir (@dirs) {
		return $dir if -x "$dir/initdb" && -x "$dir/postgres" && -x "$dir/psql";
	}
	return undef;
}

sub new {
	my ($class, %opt) = @_;
	my $bin = bindir();
	Test::More::plan(skip_all => 'no PostgreSQL server binaries (PG_BINDIR)') unless $bin;
	my @as;
	if ($> == 0) {
		my ($uid, $gid) = (getpwnam 'postgres')[2, 3];
		Test::More::plan(skip_all => 'PostgreSQL does not run as root, and there is no user postgres') unless defined $uid;
		@as = ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups');
	}
	my $dir = File::Temp::tempdir("frontline-db-$$-XXXXXX", DIR => scratch_base());
	chown((getpwnam 'postgres')[2, 3], $dir) if @as;
	my $self = bless { bin => $bin, as => \@as, dir => $dir, sessions => {} }, $class;
	$living{$dir} = { bin => $bin, as => \@as, dir => $dir };

	$self->run("$bin/initdb", '-D', "$dir/pg", '-U', 'postgres', '-A', 'trust', '-E', 'UTF8',
		'--locale=' . ($opt{locale} // 'C.UTF-8'), '--no-sync', '--no-instructions');
	$self->append("$dir/pg/postgresql.conf", <<"CONF");
listen_addresses = ''
unix_socket_directories = '$dir'
unix_socket_permissions = 0777
shared_buffers = 64MB
max_connections = 20
fsync = off
full_page_writes = off
autovacuum = off
CONF
	$self->run("$bin/pg_ctl", '-D', "$dir/pg", '-l', "$dir/log", '-w', '-s', 'start');
	$self->sql('CREATE DATABASE frontline', db => 'postgres');
	return $self;
}

# Runs a program to its end with its output in the scratch directory; dies with that output.
sub run {
	my ($self, @command) = @_;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		chdir $self->{dir};
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$self->{dir}/run.log";
		open STDERR, '>&', \*STDOUT;
		delete @ENV{qw(PERL5LIB PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGSERVICE PGPASSFILE)};
		$ENV{LC_ALL} = 'C.UTF-8';
		{ exec @{ $self->{as} }, @command };
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return if $? == 0;
	open my $log, '<', "$self->{dir}/run.log";
	die "@command: status $?\n" . join '', <$log>;
}

sub append {
	my ($self, $file, $text) = @_;
	open my $fh, '>>', $file or die "$file: $!";
	print $fh $text;
	close $fh or die "$file: $!";
}

sub create {
	my ($self, $name, $owner) = @_;
	$self->sql("CREATE DATABASE $name" . ($owner ? " OWNER $owner" : ''), db => 'postgres');
}

sub migrations { return sort glob top() . '/schema/0*.sql' }

# Applies every migration as a DBA would: psql -1, one file after the other.
sub migrate {
	my ($self, %opt) = @_;
	for my $file ($opt{files} ? @{ $opt{files} } : migrations()) {
		my ($status, $out) = $self->psql($file, %opt);
		die "$file: $out" if $status;
	}
	return $self;
}

# One psql process that reads a file, in one transaction; answers (status, output).
sub psql {
	my ($self, $file, %opt) = @_;
	my $out = "$self->{dir}/psql.out";
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open STDIN, '<', $file or die "$file: $!";
		open STDOUT, '>', $out or die;
		open STDERR, '>&', \*STDOUT;
		chdir $self->{dir};
		$self->child_environment(%opt);
		{ exec @{ $self->{as} }, $self->psql_command(%opt), '-1', '-v', 'ON_ERROR_STOP=1', '-f', '-' };
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my $status = $?;
	open my $fh, '<:encoding(UTF-8)', $out or die "$out: $!";
	local $/;
	my $text = <$fh>;
	unlink $out;
	return ($status, $text);
}

sub psql_command {
	my ($self, %opt) = @_;
	return ("$self->{bin}/psql", '-XAtq', '-F', "\x1f", '-P', "null=\x02", '-h', $self->{dir},
		'-U', $opt{user} // 'postgres', '-d', $opt{db} // 'frontline');
}

sub child_environment {
	my ($self, %opt) = @_;
	delete @ENV{qw(PERL5LIB PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGSERVICE PGPASSFILE)};
	$ENV{PGCLIENTENCODING} = 'UTF8';
	$ENV{LC_ALL} = 'C.UTF-8';
}

sub session {
	my ($self, %opt) = @_;
	my $name = join '/', $opt{user} // 'postgres', $opt{db} // 'frontline', $opt{session} // '';
	return $self->{sessions}{$name} if $self->{sessions}{$name};
	pipe my $in_r, my $in_w or die;
	pipe my $out_r, my $out_w or die;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open STDIN, '<&', $in_r;
		open STDOUT, '>&', $out_w;
		open STDERR, '>&', $out_w;
		close $_ for $in_r, $in_w, $out_r, $out_w;
		chdir $self->{dir};
		$self->child_environment(%opt);
		{ exec @{ $self->{as} }, $self->psql_command(%opt) };
		POSIX::_exit(127);
	}
	close $in_r;
	close $out_w;
	binmode $in_w, ':encoding(UTF-8)';
	binmode $out_r, ':encoding(UTF-8)';
	$in_w->autoflush(1);
	return $self->{sessions}{$name} = { pid => $pid, in => $in_w, out => $out_r };
}

# Sends SQL, answers psql's output up to the mark that follows it.
sub talk {
	my ($self, $sql, %opt) = @_;
	local $SIG{PIPE} = 'IGNORE';
	return $self->finish($self->start($sql, %opt));
}

sub sql {
	my ($self, $sql, %opt) = @_;
	my $text = $self->talk($sql, %opt);
	die "$text\n$sql\n" if $text =~ /^(?:psql:[^\n]*)?(?:ERROR|FATAL):/m;
	chomp $text;
	return $text;
}

sub error {
	my ($self, $sql, %opt) = @_;
	my $text = $self->talk($sql, %opt);
	return $text =~ /^(?:psql:[^\n]*)?((?:ERROR|FATAL):[^\n]*)/m ? $1 : '';
}

# Sends SQL without waiting for its end; finish() waits.
sub start {
	my ($self, $sql, %opt) = @_;
	my $s = $self->session(%opt);
	print { $s->{in} } "$sql\n;\n\\echo \x03\n";
	return $s;
}

sub finish {
	my ($self, $s) = @_;
	my $text = '';
	while (my $line = readline $s->{out}) {
		return $text if $line eq "\x03\n";
		$text .= $line;
	}
	die "session ended: $text";
}

# Until that many sessions, or one, wait for another one's lock.
sub wait_for_lock {
	my ($self, $sessions) = @_;
	my $end = Time::HiRes::time() + 20;
	until ($self->list('SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted') >= ($sessions // 1)) {
		die 'nobody waits for a lock' if Time::HiRes::time() > $end;
		Time::HiRes::usleep(2000);
	}
}

# Rows as array references; NULL is undef.
sub rows {
	my ($self, $sql, %opt) = @_;
	my $text = $self->sql($sql, %opt);
	return map { [ map { $_ eq "\x02" ? undef : $_ } split /\x1f/, $_, -1 ] } split /\n/, $text;
}

# First column of every row, as one text: "1 2 3".
sub list {
	my ($self, $sql, %opt) = @_;
	return join ' ', map { $_->[0] // 'NULL' } $self->rows($sql, %opt);
}

# Closes the sessions of one database, so that it can be dropped or used as a template.
sub hang_up {
	my ($self) = @_;
	for my $s (values %{ $self->{sessions} }) {
		close $s->{in};
		close $s->{out};
		waitpid $s->{pid}, 0;
	}
	$self->{sessions} = {};
}

sub DESTROY {
	my ($self) = @_;
	return if $$ != $owner_pid;
	local ($?, $@, $!);
	$self->hang_up;
	stop($self->{dir});
}

sub stop {
	my ($dir) = @_;
	my $it = delete $living{$dir} or return;
	if (open my $log, '<', "$dir/log") {
		my @bad = grep { /PANIC|terminated by signal|TRAP:/ } <$log>;
		Test::More::fail("PostgreSQL stayed whole"), Test::More::diag(@bad) if @bad;
	}
	eval { Db::run($it, "$it->{bin}/pg_ctl", '-D', "$dir/pg", '-m', 'immediate', '-s', 'stop') if -e "$dir/pg/postmaster.pid" };
	if ($ENV{TEST_LEAVE}) {
		Test::More::diag("left: $dir");
	} else {
		File::Path::remove_tree($dir);
	}
}

# a reader that went away (PIPE) must not leave a server behind either
$SIG{$_} //= sub { exit 1 } for qw(INT TERM HUP PIPE);

END {
	if ($$ == $owner_pid) {
		local $?;
		stop($_) for keys %living;
	}
}

1;
