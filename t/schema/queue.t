#!/usr/bin/perl
# The queue: order in a lane, lanes side by side, leases and their tokens, dedupe, what is uncertain, what is given up, what is
# cleared away.  Claimers at the same time are sessions at the same time.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

my $db = Db->new->migrate;
my %relay = (user => 'frontline_relay');
my $number = 0;

sub enqueue { my ($key, %o) = @_;
	return $db->list(sprintf "SELECT job_id || CASE WHEN fresh THEN '' ELSE ' again' END FROM frontline_queue.enqueue('%s', '%s', '%s', 'test', '{\"n\": %d}', '%s')",
		$o{to} // 'conversations', $key, $o{dedupe} // 'd' . ++$number, $o{n} // 0, $o{delay} // '0') }
# claimed jobs as hashes
my @columns = qw(key seq token job_id kind payload attempt crashes age_ms lease_ms wire_at wire_uuid unsettled_ms evidence give_up);
sub claim { my ($n, %o) = @_;
	return map { my %j; @j{@columns} = @$_; \%j } $db->rows('SELECT ' . join(', ', @columns) . " FROM frontline_queue.claim('" . ($o{to} // 'conversations') . "', $n)", %relay, %o) }
sub call { my ($function, $j, @more) = @_;
	return $db->list("SELECT frontline_queue.$function('" . join("', '", $j->{to} // 'conversations', $j->{key}, @more) . "')", %relay) }
sub finish { my ($j, $outcome) = @_;
	return $db->list("SELECT frontline_queue.finish('" . ($j->{to} // 'conversations') . "', '$j->{key}', $j->{seq}, $j->{token}, '" . ($outcome // 'sent') . "', NULL, NULL)", %relay) }
sub retry { my ($j, %o) = @_;
	return $db->list(sprintf("SELECT frontline_queue.retry('%s', '%s', %d, %d, '%s', 'why', %s, %s)", $j->{to} // 'conversations', $j->{key}, $j->{seq}, $j->{token},
		$o{delay} // '0', $o{not_sent} // 'false', $o{refund} // 'false'), %relay) }
sub uuid { return sprintf '00000000-0000-4000-8000-%012d', $_[0] }
sub mark { my ($j, $n, $need) = @_; return call('mark_wire', $j, $j->{seq}, $j->{token}, uuid($n), $need // '1 second') }
# as if time had passed
sub expire { $db->sql("UPDATE frontline_queue.lane SET ready_at = clock_timestamp() - interval '1 second' WHERE head_seq <= last_seq" . ($_[0] ? " AND key = '$_[0]'" : '')) }
sub drain { for (1 .. 50) { expire(); my @j = claim(1000) or return; finish($_) for @j } die 'the queue does not end' }
sub health { my ($column, $to) = @_; return $db->list("SELECT $column FROM frontline_queue.health WHERE destination = '" . ($to // 'conversations') . "'", user => 'frontline_monitor') }

# -- order in a lane, lanes side by side
enqueue('a', n => $_) for 1 .. 3;
enqueue('b', n => 4);
my @first = claim(10);
is join(' ', map { "$_->{key}$_->{seq}" } @first), 'a1 b1', 'the first job of each lane, and no other';
is_deeply [ claim(10) ], [], 'a lane that is leased is not claimed again';
is $first[0]{payload}, '{"n": 1}', 'with its payload';
is join(' ', @{ $first[0] }{qw(attempt crashes lease_ms unsettled_ms)}), '1 0 60000 0', 'first attempt, no crash, a lease of its destination';
ok !defined $first[0]{wire_at} && !defined $first[0]{give_up}, 'it surely never left';
is finish($first[0]), 't', 'it is finished';
my ($second) = claim(10);
is "$second->{key}$second->{seq}", 'a2', 'then the next of its lane can be claimed';
is retry($second, delay => '1 hour'), 't', 'it failed';
is_deeply [ claim(10) ], [], 'its lane waits';
finish($first[1]);
expire('a');
is join(' ', map { "$_->{key}$_->{seq}:$_->{attempt}" } claim(10)), 'a2:2', 'and goes on with it, not behind it';
drain();

# -- the token
enqueue('t');
my ($old) = claim(1);
expire('t');
my ($new) = claim(1);
isnt $new->{token}, $old->{token}, 'a lease that has ended goes to the next claimer';
is $new->{crashes}, 1, 'who learns that nobody reported';
is finish($old), 'f', 'an old token finishes nothing';
is retry($old), 'f', 'nor puts it back';
is mark($old, 1), 'f', 'nor sends';
is call('renew', $old, $old->{token}), 'f', 'nor renews';
is $db->list("SELECT count(*) FROM frontline_queue.job WHERE key = 't' AND wire_at IS NULL AND outcomes = 0"), 1, 'and nothing of it is left';
is mark($new, 2, '2 minutes'), 'f', 'a lease that ends within the transfer sends nothing';
is call('renew', $new, $new->{token}), 't', 'a lease is renewed';
is mark($new, 2), 't', 'and sends';
is finish({ %$new, seq => 2 }), 'f', 'a token holds for one job';
is finish($new), 't', 'finished once';
is finish($new), 'f', 'and not twice';
is call('renew', $new, $new->{token}), 'f', 'a finished lease is over';

# -- dedupe
my $job = enqueue('d', dedupe => 'same');
is enqueue('d', dedupe => 'same'), "$job again", 'the same work enters once, and its number is told again';
is enqueue('elsewhere', dedupe => 'same'), "$job again", 'in whatever lane';
isnt enqueue('d', dedupe => 'same', to => 'front'), "$job again", 'but each destination has its own';
drain();
is enqueue('d', dedupe => 'same'), "$job again", 'after it is done, too';
my %a = (session => 'a');
my %b = (session => 'b');
$db->sql("SET lock_timeout = '20s'", %b);
sub twin { return "SELECT fresh FROM frontline_queue.enqueue('conversations', 'twin', '$_[0]', 'test', '{}')" }
for my $end ([ COMMIT => 'f', 1 ], [ ROLLBACK => 't', 1 ]) {
	my ($word, $fresh, $jobs) = @$end;
	$db->sql('BEGIN; ' . twin($word), %a);
	my $waiting = $db->start(twin($word), %b);
	$db->wait_for_lock;
	$db->sql($word, %a);
	chomp(my $answer = $db->finish($waiting));
	is $answer, $fresh, "a twin at the same time waits for the first one's $word";
	is $db->list("SELECT count(*) FROM frontline_queue.job j JOIN frontline_queue.seen s USING (job_id) WHERE s.dedupe = '$word'"), $jobs, 'and there is one job';
}
drain();

# -- in the order of commits
$db->sql("BEGIN; SELECT * FROM frontline_queue.enqueue('conversations', 'order', 'o1', 'test', '{}')", %a);
my $behind = $db->start("SELECT * FROM frontline_queue.enqueue('conversations', 'order', 'o2', 'test', '{}')", %b);
$db->wait_for_lock;
is_deeply [ claim(10) ], [], 'what is not committed is not claimed';
$db->sql('COMMIT', %a);
$db->finish($behind);
is $db->list("SELECT dedupe FROM frontline_queue.job JOIN frontline_queue.seen USING (job_id) WHERE key = 'order' ORDER BY seq"), 'o1 o2', 'whoever was first in the lane is first';
drain();

# -- two claimers
enqueue("p$_") for 1 .. 6;
$db->sql("BEGIN; SELECT key FROM frontline_queue.claim('conversations', 3)", %relay, %a);
my @theirs = claim(10, %b);
is scalar @theirs, 3, 'a second claimer takes what the first has not, and does not wait';
$db->sql('COMMIT', %a, %relay);
is $db->list("SELECT count(DISTINCT token) || '/' || count(*) FROM frontline_queue.lane WHERE token IS NOT NULL"), '6/6', 'every lane has a token of its own';
drain();
# at once: each session writes down what it got, one more claims whatever is left
$db->sql('CREATE TABLE public.took (who text, key text, seq bigint)');
enqueue("q$_") for 1 .. 200;
my @sessions = map { $db->start(<<"SQL", session => "claimer$_") } 1 .. 4;
DO \$\$ BEGIN
  FOR i IN 1 .. 60 LOOP
    INSERT INTO public.took SELECT '$_', key, seq FROM frontline_queue.claim('conversations', 2);
    COMMIT;
  END LOOP;
END \$\$;
SQL
$db->finish($_) for @sessions;
is $db->list('SELECT count(*) || \' \' || count(DISTINCT key) FROM public.took'), '200 200', 'four claimers at once take every lane once';
drain();

# -- crashes
enqueue('poison');
enqueue('other', delay => '1 hour');
my @tries;
for (1 .. 6) {
	my ($j) = claim(1) or die;
	push @tries, $j->{crashes} . ($j->{give_up} // '');
	expire('poison');
}
is "@tries", '0 1 2 3 4 5crashes', 'claims without an outcome are counted, and after five the job is to be given up';
my ($poison) = claim(1);
is finish($poison, 'dead'), 't', 'it is buried';
is $db->list("SELECT kind, payload, attempts FROM frontline_queue.dead"), 'test', 'with its payload';
is $db->list("SELECT outcome FROM frontline_queue.done WHERE key = 'poison'"), 'dead', 'and done says so';
enqueue('poison');
my ($next) = claim(1);
is $next->{seq}, 2, 'its lane goes on';
is retry($next), 't', 'an outcome';
for my $outcome ('false', 'true') {
	($next) = claim(1);
	is $next->{crashes}, 0, 'is no crash';
	is $next->{attempt}, 2, 'it is the second attempt';
	retry($next, refund => 'true');
}
finish((claim(1))[0]);
enqueue('unlucky');
@tries = ();
for (1 .. 7) {
	my ($j) = claim(1) or die;
	push @tries, $j->{crashes} . ($j->{give_up} // '');
	expire('unlucky');
	($j) = claim(1);
	push @tries, $j->{crashes} . ($j->{give_up} // '');
	retry($j);
}
is "@tries", join(' ', ('0 1') x 7), 'only those in a row count: each outcome begins anew';
finish((claim(1))[0]);
enqueue('aged');
$db->sql("UPDATE frontline_queue.job SET created_at = created_at - interval '25 hours' WHERE key = 'aged'");
is((claim(1))[0]{give_up}, 'age', 'too old is given up as well');
drain();

# -- what is uncertain
enqueue('w', to => 'twilio_messages');
my ($w) = claim(1, to => 'twilio_messages');
$w->{to} = 'twilio_messages';
is mark($w, 11), 't', 'marked before it leaves';
is health('uncertain', 'twilio_messages'), 1, 'from then on it may have arrived';
sub again { expire('w'); ($w) = claim(1, to => 'twilio_messages'); $w->{to} = 'twilio_messages'; return $w }
retry($w);
again();
is $w->{wire_uuid}, uuid(11), 'the next claimer knows under which name it left';
cmp_ok $w->{unsettled_ms}, '>', 50_000, 'and how long it must not be sent again';
$db->sql("UPDATE frontline_queue.job SET wire_at = wire_at - interval '2 minutes' WHERE key = 'w'");
retry($w);
is again()->{unsettled_ms}, 0, 'which ends';
mark($w, 12);
retry($w, not_sent => 'true');
again();
ok defined $w->{wire_at}, 'that a later attempt was not sent does not make the earlier one certain';
is $w->{evidence}, undef, 'nobody has heard of it';
$db->sql("SELECT frontline_queue.learn('@{[uuid(11)]}', 'SM1', 'status'), frontline_queue.learn('@{[uuid(11)]}', 'SM2', 'late')", %relay);
retry($w);
is again()->{evidence}, 'SM1', 'evidence of any attempt counts, the first word of it';
is $db->list("SELECT frontline_queue.finish('twilio_messages', 'w', 1, $w->{token}, 'reconciled', 'SM1', NULL)", %relay), 't', 'reconciled';
is $db->list("SELECT outcome || external_id || attempts FROM frontline_queue.done WHERE key = 'w'"), 'reconciledSM15', 'and written down';
is $db->list("SELECT s.job_id = d.job_id FROM frontline_queue.sid s JOIN frontline_queue.done d ON d.external_id = s.sid"), 't', 'the remote id is bound to it';
enqueue('w2', to => 'twilio_messages');
my ($w2) = map { { %$_, to => 'twilio_messages' } } claim(1, to => 'twilio_messages');
mark($w2, 13);
retry($w2, not_sent => 'true');
is((claim(1, to => 'twilio_messages'))[0]{wire_at}, undef, 'an only attempt that was not sent is certain again');

is $db->list("SELECT settle || ' ' || resend FROM frontline_queue.destination WHERE name = 'conversations'"), '00:01:00 00:05:00', 'a message that may have left is looked for after a minute, and sent again after five';

# -- pause
enqueue('z');
$db->sql("SELECT frontline_queue.pause('conversations', '1 hour', '429'), frontline_queue.pause('conversations', '1 minute', 'less')", %relay);
is_deeply [ claim(10) ], [], 'nothing is claimed of a paused destination';
is health('pause_reason'), '429', 'the longer pause stays';
cmp_ok health('paused_seconds'), '>', 3000, 'and is to be seen';
enqueue('z', to => 'users');
is scalar(claim(10, to => 'users')), 1, 'others go on';
$db->sql('LISTEN frontline_queue', %relay, session => 'ear');
sub heard { return join ' ', $db->sql('SELECT 1', %relay, session => 'ear') =~ /"frontline_queue" with payload "(\w+)"/g }
$db->sql("SELECT frontline_queue.resume('conversations')", %relay);
is heard(), 'conversations', 'the end of a pause wakes';
is scalar(claim(10)), 1, 'and it goes on';
is health('paused_seconds || coalesce(pause_reason, \'\')'), '0', 'nothing of it stays';
drain();

# -- notifications
enqueue('bell');
is heard(), 'conversations', 'a lane that gets its first job wakes';
enqueue('bell');
is heard(), '', 'a further one does not';
enqueue('bell', dedupe => "d$number");
is heard(), '', 'nor does a repetition';
$db->sql("BEGIN; SELECT * FROM frontline_queue.enqueue('front', 'x', 'rolled back', 'test', '{}'); ROLLBACK");
is heard(), '', 'nor what was rolled back';
drain();
enqueue('late', delay => '1 hour');
is_deeply [ claim(10) ], [], 'a delayed job is not due';
enqueue('late');
is_deeply [ claim(10) ], [], 'and what is behind it waits with it';
drain();

# -- fairness
enqueue('long', n => $_) for 1 .. 30;
enqueue("short$_") for 1 .. 20;
my @served;
while (my ($j) = claim(1)) { push @served, $j->{key}; finish($j); last if @served > 60 }
is scalar(@served), 50, 'every job is served';
is scalar(grep { /short/ } @served[0 .. 20]), 20, 'one long lane does not starve the others';

# -- redrive
my ($dead) = $db->list('SELECT dead_id FROM frontline_queue.dead');
my %dba = (user => 'frontline_dba');
is health('dead'), 1, 'a dead letter shows';
my $redriven = $db->list("SELECT frontline_queue.redrive($dead)", %dba);
my $since = $db->list("SELECT redriven_at FROM frontline_queue.dead");
is $db->list("SELECT frontline_queue.redrive($dead)", %dba), $redriven, 'redriven twice is redriven once';
is $db->list("SELECT redriven_at FROM frontline_queue.dead"), $since, 'and keeps its date';
my ($again) = claim(1);
is "$again->{job_id} $again->{key} $again->{payload} $again->{attempt}", "$redriven poison {\"n\": 0} 1", 'as a new job of its lane';
is health('dead'), 0, 'and no longer alarms';
finish($again, 'dead');
is $db->list('SELECT count(*) FROM frontline_queue.dead WHERE redriven_at IS NULL'), 1, 'it may die again';
like $db->error('SELECT frontline_queue.redrive(999)', %dba), qr/no dead letter 999/, 'what is not there is not redriven';
is $db->error('DELETE FROM frontline_queue.dead WHERE redriven_at IS NULL', %dba), '', 'a DBA may also let it rest';

# -- a lane somebody has cut by hand
enqueue('cut');
enqueue('cut');
enqueue('whole');
$db->sql("DELETE FROM frontline_queue.job WHERE key = 'cut' AND seq = 1");
claim(10);
is join(' ', sort map { $_->{key} } claim(10)), 'cut', 'a missing job holds up neither its own lane nor others';
drain();

# -- a day without a partition
sub days { return $db->list("SELECT count(*) FROM pg_inherits WHERE inhparent = 'frontline_queue.done'::regclass") }
is days(), 4, 'there are partitions for today and three days more';
my $today = $db->list("SELECT to_char(now() AT TIME ZONE 'UTC', '\"done_\"YYYY_MM_DD')");
my $tomorrow = $db->list("SELECT to_char((now() AT TIME ZONE 'UTC') + interval '1 day', '\"done_\"YYYY_MM_DD')");
is health('partition_missing'), 'f', 'tomorrow is there';
$db->sql("DROP TABLE frontline_queue.$today, frontline_queue.$tomorrow");
is health('partition_missing'), 't', 'health tells when it is not';
enqueue($_) for 'm1', 'm2';
my @m = claim(2);
# two at once make it once
$db->sql("BEGIN; SELECT frontline_queue.finish('conversations', '$m[0]{key}', 1, $m[0]{token}, 'sent', NULL, NULL)", %relay, %a);
my $twin = $db->start("SELECT frontline_queue.finish('conversations', '$m[1]{key}', 1, $m[1]{token}, 'sent', NULL, NULL)", %relay, %b);
$db->wait_for_lock;
$db->sql('COMMIT', %relay, %a);
is $db->finish($twin), "t\n", 'a job finishes on a day that nobody has prepared';
is $db->list("SELECT count(*) FROM frontline_queue.$today WHERE key IN ('m1', 'm2')"), 2, 'in the partition of that day';

# -- housekeeping
sub keep { return join ' ', map { "$_->[0]=$_->[1]" . ($_->[2] eq 't' ? '+' : '') } grep { $_->[1] } $db->rows('SELECT * FROM frontline_queue.housekeeping(' . ($_[0] // '7, 90, 730') . ')', %relay) }
is keep(), 'partitions_made=1', 'makes what is missing';
is keep(), '', 'then nothing';
$db->sql(<<'SQL');
INSERT INTO frontline_queue.seen SELECT 1, 'old' || i, i, now() - interval '401 days' FROM generate_series(1, 1200) i;
INSERT INTO frontline_queue.sid SELECT 'old' || i, i, now() - interval '401 days' FROM generate_series(1, 3) i;
INSERT INTO frontline_queue.evidence SELECT gen_random_uuid(), 'x', 'x', now() - interval '31 days' FROM generate_series(1, 2) i;
INSERT INTO frontline_queue.lane SELECT 1, 'idle' || i, 1, 2, now() - interval '31 days' FROM generate_series(1, 5) i;
INSERT INTO frontline_queue.lane SELECT 1, 'busy', 1, 1, now() - interval '31 days';
SELECT frontline_queue.ensure_done((now() AT TIME ZONE 'UTC')::date - i) FROM generate_series(1, 10) i;
INSERT INTO frontline.message (message_sid, conversation_sid, direction, created_at) SELECT 'IM' || md5(i::text), 'CH' || md5('1'), 'inbound', now() - interval '91 days' FROM generate_series(1, 3) i;
INSERT INTO frontline.message (message_sid, conversation_sid, direction, created_at) VALUES ('IM' || md5('young'), 'CH' || md5('1'), 'inbound', now() - interval '89 days');
CREATE TABLE frontline.message_2001_02 PARTITION OF frontline.message FOR VALUES FROM ('2001-02-01 00:00:00+00') TO ('2001-03-01 00:00:00+00');
SQL
like $db->list("SELECT count(*) FROM frontline_queue.seen WHERE dedupe LIKE 'old%'"), qr/^1200$/, 'much to do';
is keep(), 'seen=1000+ sid=3 evidence=2 lane=5 message_default=3 partitions_dropped=1+', 'in batches, one partition at a time';
my @calls;
while ((my $did = keep()) ne '') { push @calls, $did; last if @calls > 20 }
is scalar(grep { /partitions_dropped=1/ } @calls), 3, 'days of done beyond the seventh go, and months of messages that are past';
is $db->list("SELECT to_regclass('frontline.message_2001_02')"), 'NULL', 'these too';
is days(), 11, 'seven days and today and three ahead stay';
is $db->list("SELECT count(*) FROM frontline_queue.seen WHERE dedupe LIKE 'old%'"), 0, 'all of it in the end';
is $db->list("SELECT count(*) FROM frontline_queue.lane WHERE key = 'busy'"), 1, 'a lane with work stays, however old';
is $db->list("SELECT count(*) FROM frontline.message"), 1, 'and what is young enough';
is $db->list("SELECT key FROM frontline_queue.done WHERE key = 'm1'"), 'm1', 'so does what was done today';
is keep('7, NULL, NULL'), '', 'no limit removes nothing';
$db->sql("DELETE FROM frontline_queue.lane WHERE key = 'busy'; INSERT INTO frontline_queue.seen VALUES (1, 'ancient', 1, now() - interval '500 days')");
$db->sql("BEGIN; SELECT * FROM frontline_queue.housekeeping(7, 90, 730)", %relay, %a);
is keep(), '', 'a second relay leaves it to the first';
$db->sql('ROLLBACK', %relay, %a);
# whoever uses the table is not pushed aside, and others do not queue behind us
$db->sql("SELECT frontline_queue.ensure_done((now() AT TIME ZONE 'UTC')::date - 9)");
$db->sql('BEGIN; SELECT count(*) FROM frontline_queue.done', %a);
is keep(), 'seen=1', 'a table in use is left for the next time';
$db->sql('COMMIT', %a);
is keep(), 'partitions_dropped=1+', 'which comes';
# nor do writers wait for partitions that are made
$db->sql("BEGIN; SELECT frontline_queue.ensure_done((now() AT TIME ZONE 'UTC')::date + 9)", %a);
$db->sql('SET statement_timeout = 5000', %relay);
enqueue('n');
is finish((claim(1))[0]), 't', 'a partition that is being made holds up nobody';
$db->sql('ROLLBACK', %a);

# -- health
$db->sql('DELETE FROM frontline_queue.dead');
enqueue("h$_") for 1 .. 3;
enqueue('h1');
$db->sql("UPDATE frontline_queue.job SET created_at = created_at - interval '10 minutes' WHERE key = 'h2'");
my ($h) = claim(1);
mark($h, 99);
is health("lanes_pending || ' ' || jobs_pending || ' ' || leased || ' ' || uncertain || ' ' || dead"), '3 4 1 1 0', 'health counts';
cmp_ok health('oldest_seconds'), '>=', 600, 'and tells the oldest';
is $db->list("SELECT count(*) FROM frontline_queue.health", user => 'frontline_monitor'), 5, 'a row for each destination';
finish($h);
drain();
is health('oldest_seconds + uncertain_seconds + lanes_pending'), 0, 'nothing is nothing';

# -- who may
for my $role ('frontline_fcgi', 'frontline_relay', 'frontline_dba', 'frontline_monitor') {
	like $db->error("SELECT * FROM frontline_queue.enqueue('conversations', 'k', 'd', 'test', '{}')", user => $role), qr/permission denied/, "$role does not enqueue";
}
like $db->error("SELECT * FROM frontline_queue.$_", %relay, session => 'r'), qr/permission denied/, "frontline_relay does not read $_" for qw(lane job seen done dead evidence);
like $db->error("SELECT * FROM frontline_queue.enqueue('nowhere', 'k', 'd', 'test', '{}')"), qr/no destination nowhere/, 'an unknown destination is an error';
like $db->error("SELECT * FROM frontline_queue.claim('nowhere', 1)", %relay), qr/no destination nowhere/, 'of the claimer, too';

done_testing;
