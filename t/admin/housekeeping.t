#!/usr/bin/perl
# frontlinectl housekeeping: what the daily timer runs.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0, nginx => 0, sample => 0,
    pg_errors => [qr{permission denied for schema frontline_queue}]);
my $conf = $stage->write_config(
    'database.admin_conninfo' => 'host=/nowhere dbname=frontline');

sub keep {
	return $stage->ctl('-c', $conf, 'housekeeping', @_);
}

sub statuses {
	return $stage->sql('SELECT count(*) FROM frontline.text_status');
}

# Fates of texts are kept for 30 days, and 1000 are removed at once.
$stage->sql(q(INSERT INTO frontline.text_status (message_sid, status, at)
    SELECT 'SM' || lpad(to_hex(n), 32, '0'), 'sent',
           now() - CASE WHEN n <= 2500 THEN interval '31 days'
                   ELSE interval '1 day' END
      FROM generate_series(1, 2503) n));

{
	my ($said, $status) = keep('--database',
	    $stage->conninfo('frontline_fcgi'));

	is($status, 1, 'refused: a role that may not');
	like($said, qr/permission denied/, '... in the words of the database');
	is(statuses(), 2503, '... and nothing was removed');
}
{
	my ($said, $status) = keep();

	is($status, 0, 'the relay\'s database is the one') or diag($said);
	is_deeply([$said =~ /^text_status: (\d+) rows$/mg], [1000, 1000, 500],
	    'batch by batch, to the end');
	is(statuses(), 3, 'what is not too old stays');
	is($stage->sql(q(SELECT bool_or(partition_missing)
	    FROM frontline_queue.health)), 'f',
	    'the days to come have partitions');
}
{
	my ($said, $status) = keep();

	is("$status $said", '0 ', 'then there is nothing to do or to say');
}
{
	my $session = $stage->session;

	print {$session} "BEGIN; SELECT pg_advisory_xact_lock(" .
	    "hashtext('frontline-housekeeping'));\n";
	wait_until(sub {
		$stage->sql(q(SELECT count(*) FROM pg_locks
		    WHERE locktype = 'advisory' AND granted));
	}, 'another one is at it');
	my ($said, $status) = keep();
	is("$status $said", "0 somebody else is at it\n",
	    'a relay that keeps house is left alone');
	close $session;
}
{
	my ($said, $status) = keep('--database', 'host=/nowhere');

	is($status, 69, 'no database');
	($said, $status) = keep('now');
	is($status, 64, 'refused: an argument');
	($said, $status) = keep('--days', '1');
	is($status, 64, 'refused: an option that there is not');
	($said, $status) = $stage->ctl('-c', '/nonexistent', 'housekeeping',
	    '--database', $stage->conninfo('frontline_relay'));
	is($status, 78, 'refused: no configuration, so no retention');
	($said, $status) = keep('--help');
	like($said, qr/^usage: frontlinectl .*housekeeping/, 'help');
}

done_testing;
