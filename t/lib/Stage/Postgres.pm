package Stage::Postgres;
# A stage's PostgreSQL: its own cluster, the schema, the sample data.
use strict;
use warnings;
use POSIX qw(WNOHANG);
use Stage::Process qw(wait_until);

sub start_postgres {
	my ($self) = @_;
	my $dir = $self->{dir};

	if (!-e "$dir/pg") {
		mkdir "$dir/pg", 0700;
		chown $self->{uid}, $self->{gid}, "$dir/pg" if !$>;
		my ($said, $status) = $self->run("$ENV{PG_BINDIR}/initdb",
		    '-D', "$dir/pg", qw(-U postgres -A trust -E UTF8
		    --locale=C.UTF-8 --no-sync --no-instructions));
		die "initdb: $said" if $status;
	}
	$self->start_server('postgres', 'pg', 'run');
}

# A cluster that is there, with its sockets in a directory of its own; `name` is
# that of its log and, in the stage, of its process.
sub start_server {
	my ($self, $name, $data, $sockets) = @_;
	my $dir = $self->{dir};
	my %settings = (
		fsync                   => 'off',
		listen_addresses        => '',
		log_line_prefix         => '%m [%p] %q%u ',
		max_connections         => 30,
		shared_buffers          => '16MB',
		unix_socket_directories => "$dir/$sockets",
		%{$self->{settings}},
	);

	local $self->{network} = $self->{server_network};
	# A parent's death means QUIT here: the shortest way down that lets
	# PostgreSQL take its own children along.
	$self->{$name} = $self->spawn($name, undef,
	    $self->as_user('QUIT'), "$ENV{PG_BINDIR}/postgres",
	    '-D', "$dir/$data", map { ('-c', "$_=$settings{$_}") }
	    sort keys %settings);
	wait_until(sub {
		die "postgres: ", $self->slurp("log/$name.log")
		    if waitpid($self->{$name}, WNOHANG);
		return $self->slurp("$data/postmaster.pid") =~ /^ready\s*$/m;
	}, 'PostgreSQL is ready', 30);
}

sub stop_postgres {
	my ($self, $signal) = @_;
	my $pid = delete $self->{postgres} or return 0;

	return $self->end($pid, $signal // 'INT', 30);
}

sub conninfo {
	my ($self, $role, $base, $host) = @_;

	$base //= 'frontline';
	$host //= $self->primary_sockets;
	return "host=$host port=5432 user=$role dbname=$base";
}

# Runs SQL (superuser unless `role` is given, at the primary unless `host` is),
# dies when it fails, returns the rows as text, columns parted by "|".
sub sql {
	my ($self, $text, %opt) = @_;
	my $file = $self->put("scratch/$$.sql", $text);
	my ($said, $status) = $self->run("$ENV{PG_BINDIR}/psql", '-XAtq',
	    '-v', 'ON_ERROR_STOP=1',
	    '-d', $self->conninfo($opt{role} // 'postgres', $opt{database},
	    $opt{host}), '-f', $file);

	unlink $file;
	die "SQL: $said" if $status;
	chomp $said;
	return $said;
}

# A psql that stays: hand it statements with print {$pipe}.  It ends with the
# stage, or when the pipe is closed.
sub session {
	my ($self, $role) = @_;
	pipe my $read, my $write or die "pipe: $!";

	$write->autoflush(1);
	my $pid = $self->spawn('session', $read, $self->as_user,
	    "$ENV{PG_BINDIR}/psql", '-XAtq', '-d',
	    $self->conninfo($role // 'postgres'));
	close $read;
	$self->{sessions}{$pid} = $write;
	return $write;
}

# Ends one, and its transaction: what that held is free on return.
sub end_session {
	my ($self, $session) = @_;
	my ($pid) = grep { $self->{sessions}{$_} == $session }
	    keys %{$self->{sessions}};

	print {$session} "ROLLBACK;\n";
	close delete $self->{sessions}{$pid};
	return $self->reap($pid);
}

# Takes a table away from everybody until the session ends.
sub lock_table {
	my ($self, $session, $table) = @_;

	print {$session} "BEGIN; LOCK TABLE $table;\n";
	wait_until(sub {
		$self->sql("SELECT count(*) FROM pg_locks WHERE granted
		    AND mode = 'AccessExclusiveLock'
		    AND relation = '$table'::regclass");
	}, "$table is locked");
}

sub migrate {
	my ($self) = @_;
	my $dir = $self->{dir};

	$self->sql('CREATE DATABASE frontline', database => 'postgres');
	my ($said, $status) = $self->ctl('migrate',
	    '--database', $self->conninfo('postgres'),
	    '--schema', "$dir/schema");
	die "frontlinectl migrate: $said" if $status;
}

sub load_sample {
	my ($self) = @_;

	$self->sql($self->slurp('schema/sample/customers.sql'));
	# The full numbers of the sample data may not appear in any log.
	$self->{numbers} = [map { /(\+\d{7,})/ ? $1 : () } split /\n/,
	    $self->sql('SELECT DISTINCT value FROM frontline.channel')];
}

1;
