#!/usr/bin/perl
# frontline_api.metrics(): what it counts, and that a long queue does not make
# it late.
use strict;
use warnings;
use Db;
use Test::More;

my $db = Db->new->migrate;
my %fcgi = (user => 'frontline_fcgi');

sub value {
	my ($name, $label) = @_;

	return $db->list("SELECT value FROM frontline_api.metrics() WHERE name = '$name' AND label IS NOT DISTINCT FROM " .
	    (defined $label ? "'$label'" : 'NULL'), %fcgi);
}

is $db->list('SELECT count(*) FROM (SELECT name, label FROM frontline_api.metrics() GROUP BY 1, 2 HAVING count(*) > 1) x', %fcgi), 0, 'each value is there once';
is $db->list('SELECT count(*) FROM frontline_api.metrics() WHERE value IS NULL OR value < 0 OR name IS NULL', %fcgi), 0, 'and is a number';
my $table = do { open my $in, '<', Db::top() . '/src/core/metrics.c' or die "metrics.c: $!"; local $/; <$in> };
is join(' ', grep { $table !~ /"frontline_$_"/ } map { $_->[0] } $db->rows('SELECT DISTINCT name FROM frontline_api.metrics()', %fcgi)), '',
    'the programs know each of them';
is value('schema_version'), $db->list('SELECT max(version) FROM frontline.schema_migration'), 'the version of the schema';

# -- what is left over
sub sid { return sprintf 'CH%032x', $_[0] }

sub conversation {
	my ($n, $age, %more) = @_;
	my $state = $more{state} // 'active';

	$db->sql("INSERT INTO frontline.conversation (conversation_sid, initiated_by, customer_address, created_at, state)
	    VALUES ('" . sid($n) . "', 'customer', '+4790000$n', now() - interval '$age', '$state')");
}

sub decide {
	my ($n, $decision) = @_;

	$db->sql("INSERT INTO frontline.routing_decision (conversation_sid, decided_at, decision, reason) VALUES ('" . sid($n) . "', now(), '$decision', 'a rule')");
}

conversation(100, '1 hour');
conversation(101, '5 seconds');
conversation(102, '2 hours', state => 'closed');
conversation(103, '3 hours');
decide(103, 'nobody');
is value('conversations_without_worker'), 1, 'a conversation without a worker: not one that is new, closed, or meant for nobody';
like value('conversations_without_worker_seconds'), qr/^36\d\d(\.|$)/, 'and since when';
decide(103, 'unrouted');
is value('conversations_without_worker'), 2, 'the last decision counts';

$db->sql("INSERT INTO frontline.text_thread (conversation_key, our_address, customer_address, kind, match_key, last_at)
    VALUES ('sms:1', '+15125550188', '+15125550123', 'sms', '15125550123', now())");
my $n = 0;
for (["'outbound', 'sent'", '2 hours'], ["'outbound', 'sent'", '10 minutes'], ["'outbound', 'delivered'", '2 hours'], ["'outbound', 'sent'", '3 days']) {
	my ($fate, $age) = @$_;
	my $sid = sprintf 'SM%032x', ++$n;

	$db->sql("INSERT INTO frontline.text_message (thread_id, direction, status, message_sid, at, recorded_at)
	    SELECT thread_id, $fate, '$sid', now(), now() - interval '$age' FROM frontline.text_thread");
}
is value('texts_without_fate'), 1, 'a text that nobody has said more about: not one that is new, delivered, or too old';

# -- a partition that is missing
is value('queue_partition_missing'), 0, 'tomorrow has a partition';
$db->sql(q{DO $$ BEGIN EXECUTE 'DROP TABLE frontline_queue.' || to_char((now() AT TIME ZONE 'UTC')::date + 1, '"done_"YYYY_MM_DD'); END $$});
is value('queue_partition_missing'), 1, 'or has none';

# -- 100,000 jobs: within the statement_timeout of the role, which a callback has, too
$db->sql("SELECT count(e.job_id) FROM generate_series(1, 100000) i
    CROSS JOIN LATERAL frontline_queue.enqueue('front', 'lane' || i % 50000, 'd' || i, 'text.send', jsonb_build_object('text_id', i, 'pad', repeat('x', 200))) e");
is value('queue_jobs', 'front'), 100000, 'a hundred thousand jobs are counted in time';
is value('queue_waiting_lanes', 'front'), 50000, 'and their lanes';
is value('queue_jobs', 'conversations'), 0, 'of their destination';

done_testing;
