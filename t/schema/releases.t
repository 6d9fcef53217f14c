#!/usr/bin/perl
# Expand first, contract a release later: the statements of each release's
# programs work on the schema of this one, and their rows have the same columns.
# So a migration may come before the programs are replaced, on any host.
#
# t/data/statements has a file for each release, with each statement as the
# server got it and the columns of its rows.  That of this version must be what
# the programs send now; UPDATE_GOLDEN=1 writes it anew.  A file may go when
# nobody is expected to come from its release any more.
use strict;
use warnings;
use Files qw(slurp);
use Stage;
use Test::More;

my $stage = Stage->new(responders => 1, sample => 0, nginx => 0,
    twilio => [], postgres => { log_min_duration_statement => 0 });
my $folder = "$ENV{abs_top_srcdir}/t/data/statements";

# What a program prepares, as the server's log has it: {name}{role, sql}.
sub prepared {
	my ($role, $its_log) = @_;

	wait_until(sub {
		$stage->slurp("log/$its_log") =~ /database: connected$/m;
	}, "$role has prepared its statements");
	my %all = $stage->slurp('log/postgres.log') =~
	    /$role LOG:  duration: \S+ ms  parse (\w+): (.+)$/mg;
	return map { ($_ => { role => $role, sql => $all{$_} }) } keys %all;
}

# The columns of a statement's rows, or the error.
sub columns {
	my ($role, $sql) = @_;
	my $said = eval { $stage->sql("SET ROLE $role;\n$sql \\gdesc\n") } // $@;

	return join ', ', map { s/\|/ /r } split /\n/, $said;
}

$stage->start_relay;
my %now = (prepared('frontline_fcgi', 'fcgi.log'),
    prepared('frontline_relay', 'relay.log'));
my $text = join "\n", map {
	my $statement = $now{$_};

	"-- $_ $statement->{role}\n$statement->{sql}\n-- " .
	    columns(@$statement{qw(role sql)}) . "\n";
} sort keys %now;
my $version = slurp("$ENV{abs_top_srcdir}/.version") =~ s/\s+\z//r;

cmp_ok(scalar keys %now, '>', 40, 'the programs prepare statements');
if ($ENV{UPDATE_GOLDEN}) {
	open my $out, '>', "$folder/$version.sql" or die "$folder: $!";
	print {$out} $text;
	close $out or die "$folder: $!";
}
is($text, slurp("$folder/$version.sql"), "the statements of $version");
for my $file (glob "$folder/*.sql") {
	my ($release) = $file =~ m{([^/]+)\.sql$};
	my $then = slurp($file);

	while ($then =~ /^-- (\w+) (\w+)\n(.+)\n-- (.+)$/mg) {
		my ($name, $role, $sql, $columns) = ($1, $2, $3, $4);

		is(columns($role, $sql), $columns, "$release: $name");
	}
}
done_testing;
