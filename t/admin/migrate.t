#!/usr/bin/perl
# frontlinectl migrate: each file once, whoever starts it and how often.
use strict;
use warnings;
use Stage;
use Test::More;

# No log of PostgreSQL is clean here: broken files are part of the test.
my $stage = Stage->new(responders => 0, nginx => 0, sample => 0,
    pg_errors => [qr/./]);
my $dir = $stage->{dir};
my @files = map { m{([^/]+)$} } sort glob "$dir/schema/*.sql";

sub migrate {
	my ($base, @more) = @_;

	return $stage->ctl('migrate', '--database',
	    $stage->conninfo('postgres', $base), '--schema', "$dir/schema",
	    @more);
}

sub versions {
	my ($base) = @_;

	return join ' ', split /\n/, $stage->sql('SELECT version
	    FROM frontline.schema_migration ORDER BY 1', database => $base);
}

# The stage has migrated "frontline" by the same command.
is(versions('frontline'), join(' ', 1 .. @files), 'every file is applied');
is($stage->sql('SELECT count(*) FROM frontline.schema_migration
    WHERE sha256 IS NULL'), 0, 'each with its check sum');
{
	my ($said, $status) = migrate('frontline');

	is($status, 0, 'a second time is no failure');
	is($said, join('', map { "$_: is applied\n" } @files),
	    'and says that nothing was to be done');
	($said, $status) = migrate('frontline', '--check');
	is($status, 0, '--check: up to date');
}

# A new database: what is missing is told, and nothing is changed.
$stage->sql('CREATE DATABASE empty', database => 'postgres');
{
	my ($said, $status) = migrate('empty', '--check');

	is($status, 1, '--check of an empty database: not up to date');
	is($said, join('', map { "$_: is not applied\n" } @files),
	    '--check names what is missing');
	($said, $status) = migrate('empty', '--status');
	is($status, 0, '--status only tells');
	is($stage->sql("SELECT to_regnamespace('frontline') IS NULL",
	    database => 'empty'), 't', 'neither changes anything');
}

# Four at once.
{
	my @pids = map {
		$stage->fork_to("$dir/scratch/migrate.$_", undef,
		    $stage->as_user, "$dir/bin/frontlinectl", 'migrate',
		    '--database', $stage->conninfo('postgres', 'empty'),
		    '--schema', "$dir/schema")
	} 1 .. 4;
	my @status = map { waitpid $_, 0; $? >> 8 } @pids;
	my $all = join '', map { $stage->slurp("scratch/migrate.$_") } 1 .. 4;
	my $applied = () = $all =~ /: applied \(/g;

	is("@status", '0 0 0 0', 'four migrators at once all end well')
	    or diag($all);
	is($applied, scalar @files, 'and each file was applied once');
	is(versions('empty'), join(' ', 1 .. @files), 'in a whole schema');
}

# A DBA ran the files with psql.
$stage->sql('UPDATE frontline.schema_migration SET sha256 = NULL');
{
	my ($said, $status) = migrate('frontline');

	is($status, 0, 'files that were applied with psql are accepted');
	like($said, qr/^\Q$files[0]\E: was applied with psql; noted$/m,
	    'and noted');
	is($stage->sql('SELECT count(*) FROM frontline.schema_migration
	    WHERE sha256 IS NULL'), 0, 'with their check sums');
}

# A file that is wrong: its line is named, and nothing of it stays.
my $next = sprintf '%04d_wrong.sql', @files + 1;
$stage->put("schema/$next", "CREATE TABLE frontline.half (x int);\n" .
    "CREATE TABLE frontline.other (\n  y no_such_type);\n");
{
	my ($said, $status) = migrate('frontline');

	is($status, 1, 'a wrong file fails');
	like($said, qr/^frontlinectl: \Q$next\E:3: .*no_such_type.*\n\z/m,
	    'file and line are named');
	is($stage->sql("SELECT to_regclass('frontline.half') IS NULL"), 't',
	    'nothing of it stays');
}
$stage->put("schema/$next", "CREATE TABLE frontline.half (x int);\n");
{
	my ($said, $status) = migrate('frontline');

	is($status, 1, 'a file that does not record itself fails');
	like($said, qr/schema_migration/, 'and is told why');
}
unlink "$dir/schema/$next";

# A report reads a table in a transaction that goes on: the file that changes it
# waits, and nobody waits behind the file for longer than a responder may.
{
	my $report = $stage->session;

	print {$report} "BEGIN; SELECT count(*) FROM frontline.customer;\n";
	wait_until(sub {
		$stage->sql("SELECT count(*) FROM pg_locks WHERE relation =
		    'frontline.customer'::regclass
		    AND mode = 'AccessShareLock'") > 0;
	}, 'a report has read the table');
	$stage->put("schema/$next", "ALTER TABLE frontline.customer ADD half int;
	    INSERT INTO frontline.schema_migration (version, name)
	    VALUES (" . (@files + 1) . ", '$next');\n");

	my $pid = $stage->fork_to("$dir/scratch/waits", undef,
	    $stage->as_user, "$dir/bin/frontlinectl", 'migrate', '--database',
	    $stage->conninfo('postgres', 'frontline'), '--schema',
	    "$dir/schema");
	wait_until(sub {
		$stage->slurp('scratch/waits') =~ /^\Q$next\E: waits /m;
	}, 'the file waits, and says so');
	for (1 .. 3) {
		wait_until(sub {
			$stage->sql("SELECT count(*) FROM pg_locks WHERE NOT
			    granted AND mode = 'AccessExclusiveLock'") > 0;
		}, 'it would lock the table');
		is(eval {
			$stage->sql("SET lock_timeout = '5s'; SELECT
			    DISTINCT count(*) FROM frontline.customer");
		} // $@, 0, 'others read it meanwhile');
	}
	$stage->end_session($report);
	is($stage->reap($pid), 0, 'it ends well when the report has ended');
	like($stage->slurp('scratch/waits'), qr/^\Q$next\E: applied/m,
	    'and the file is applied');
	$stage->sql('ALTER TABLE frontline.customer DROP half');
	$stage->sql("DELETE FROM frontline.schema_migration
	    WHERE name = '$next'");
}
unlink "$dir/schema/$next";

# A file that was changed after it had been applied.
$stage->put("schema/$files[0]", $stage->slurp("schema/$files[0]") .
    "-- changed\n");
for my $option ([], ['--check'], ['--status']) {
	my ($said, $status) = migrate('frontline', @$option);

	is($status, 65, "a changed file is refused (@$option)");
	like($said, qr/^frontlinectl: \Q$files[0]\E: was changed/m,
	    'and named');
}

# No database, no folder, bad words.
{
	my ($said, $status) = $stage->ctl('migrate',
	    '--database', "host=$dir/none dbname=frontline",
	    '--schema', "$dir/schema");

	is($status, 69, 'no server: 69');
	like($said, qr/^frontlinectl: .*none.*\n\z/, 'and one line says so');
	($said, $status) = migrate('frontline', '--schema', "$dir/none");
	is($status, 1, 'no folder');
	like($said, qr{^frontlinectl: \Q$dir\E/none: .*\n\z}, 'is named');
	($said, $status) = migrate('frontline', '--downgrade');
	is($status, 64, 'an unknown option: 64');
}
done_testing;
