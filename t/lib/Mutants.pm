package Mutants;
# The guards of the queue and the relay, each taken out once.  A row: name,
# file, the text that is there (once), what stands there instead, and the tests
# each of which must fail then.  t/mutants/run.pl does it; t/relay/mutants.t sees that
# the texts are still there.
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(mutants occurrences);

my $queue = 'schema/0004_queue.sql';
my $relay = 'schema/0006_relay.sql';
my $delivery = 'src/relay/delivery.c';
my $text = 'src/relay/text_send.c';
my $message = 'src/relay/message_add.c';
my $http = 'src/io/http.c';

my @mutants = (
	# ---- the lane
	['another job than the head', $queue,
	    'x.seq = r.head_seq RETURNING x.*',
	    'x.seq = (SELECT max(y.seq) FROM frontline_queue.job y WHERE y.destination_id = d.destination_id AND y.key = r.key) RETURNING x.*',
	    't/schema/queue.t'],
	['claimers wait for each other', $queue,
	    'LIMIT most FOR NO KEY UPDATE SKIP LOCKED)',
	    'LIMIT most FOR NO KEY UPDATE)', 't/schema/queue.t'],
	['claimers do not lock', $queue,
	    'LIMIT most FOR NO KEY UPDATE SKIP LOCKED)', 'LIMIT most)',
	    't/schema/queue.t'],
	['the lane that waited longest is not first', $queue,
	    'ORDER BY l.ready_at LIMIT most', 'ORDER BY l.key LIMIT most',
	    't/schema/queue.t'],
	['a lane that was cut by hand stands still', $queue,
	    'IF NOT FOUND THEN
      -- a job was deleted', 'IF false THEN
      -- a job was deleted', 't/schema/queue.t'],
	['a paused destination is claimed', $queue,
	    'IF d.paused_until > t THEN RETURN; END IF;', '',
	    't/schema/queue.t'],

	# ---- the lease
	['a claim without a lease', $queue,
	    'SET ready_at = t + d.lease, token', 'SET ready_at = t, token',
	    't/schema/queue.t'],
	['a claim keeps the old token', $queue,
	    "token = nextval('frontline_queue.token_seq')",
	    "token = coalesce(l.token, nextval('frontline_queue.token_seq'))",
	    't/schema/queue.t'],
	['a new job ends the lease', $queue,
	    'ready_at = CASE WHEN l.head_seq > l.last_seq THEN t + p_delay ELSE l.ready_at END',
	    'ready_at = t + p_delay', 't/schema/queue.t'],
	['finish without the token', $queue,
	    'SET head_seq = l.head_seq + 1, token = NULL, ready_at = t
   WHERE l.destination_id = d AND l.key = p_key AND l.head_seq = p_seq AND l.token = p_token;',
	    'SET head_seq = l.head_seq + 1, token = NULL, ready_at = t
   WHERE l.destination_id = d AND l.key = p_key AND l.head_seq = p_seq;',
	    't/schema/queue.t'],
	['finish of another job', $queue,
	    'SET head_seq = l.head_seq + 1, token = NULL, ready_at = t
   WHERE l.destination_id = d AND l.key = p_key AND l.head_seq = p_seq AND l.token = p_token;',
	    'SET head_seq = l.head_seq + 1, token = NULL, ready_at = t
   WHERE l.destination_id = d AND l.key = p_key AND l.token = p_token;',
	    't/schema/queue.t'],
	['retry without the token', $queue,
	    "ready_at = clock_timestamp() + greatest(p_delay, '0')
   WHERE l.destination_id = d AND l.key = p_key AND l.head_seq = p_seq AND l.token = p_token;",
	    "ready_at = clock_timestamp() + greatest(p_delay, '0')
   WHERE l.destination_id = d AND l.key = p_key AND l.head_seq = p_seq;",
	    't/schema/queue.t'],
	['renew without the token', $queue,
	    'AND l.key = p_key AND l.token = p_token;
  RETURN FOUND;', 'AND l.key = p_key;
  RETURN FOUND;', 't/schema/queue.t'],

	# ---- the door
	['the same work enters twice', $queue,
	    'IF NOT FOUND THEN
    RETURN QUERY SELECT s.job_id, false', 'IF false THEN
    RETURN QUERY SELECT s.job_id, false', 't/schema/queue.t',
	    't/relay/chaos.t'],
	['a full lane wakes nobody', $queue,
	    "IF first THEN PERFORM pg_notify", "IF false THEN PERFORM pg_notify",
	    't/schema/queue.t'],

	# ---- the mark
	['a mark without the token', $queue,
	    'AND l.head_seq = p_seq AND l.token = p_token AND l.ready_at >',
	    'AND l.head_seq = p_seq AND l.ready_at >', 't/schema/queue.t'],
	['a mark on a lease that ends too soon', $queue,
	    'AND l.token = p_token AND l.ready_at > clock_timestamp() + p_need',
	    'AND l.token = p_token', 't/schema/queue.t'],
	['a mark that marks nothing', $queue,
	    'SET wire_before = j.wire_at, wire_at = clock_timestamp(), wire_uuids',
	    'SET wire_before = j.wire_at, wire_uuids', 't/schema/queue.t',
	    't/relay/chaos.t'],
	['a mark forgets the one before', $queue,
	    'SET wire_before = j.wire_at, wire_at', 'SET wire_at',
	    't/schema/queue.t'],
	['every retry takes back the mark', $queue,
	    'CASE WHEN p_not_sent THEN j.wire_before ELSE j.wire_at END',
	    'j.wire_before', 't/schema/queue.t'],
	['not sent takes back every mark', $queue,
	    'CASE WHEN p_not_sent THEN j.wire_before ELSE j.wire_at END',
	    'CASE WHEN p_not_sent THEN NULL ELSE j.wire_at END',
	    't/schema/queue.t'],

	# ---- what is uncertain
	['nothing has to settle', $queue,
	    'j.wire_at + d.settle - t', 'j.wire_at - t', 't/schema/queue.t'],
	['evidence of the last request only', $queue,
	    'WHERE e.wire_uuid = ANY (j.wire_uuids)',
	    'WHERE e.wire_uuid = j.wire_uuids[cardinality(j.wire_uuids)]',
	    't/schema/queue.t'],
	['later evidence wins', $queue,
	    'VALUES (p_wire_uuid, p_external_id, p_source) ON CONFLICT DO NOTHING;',
	    'VALUES (p_wire_uuid, p_external_id, p_source) ON CONFLICT (wire_uuid) DO UPDATE SET external_id = excluded.external_id;',
	    't/schema/queue.t'],
	['messages settle at once', $relay,
	    "SET settle = '60 s' WHERE name = 'conversations'",
	    "SET settle = '0 s' WHERE name = 'conversations'",
	    't/schema/queue.t'],
	['a list that lags is believed', $relay,
	    "resend interval NOT NULL DEFAULT '5 minutes'",
	    "resend interval NOT NULL DEFAULT '60 s'", 't/schema/queue.t'],

	# ---- what is given up
	['poison is never given up', $queue,
	    "CASE WHEN j.attempt - 1 - j.outcomes >= d.max_crashes THEN 'crashes' WHEN",
	    'CASE WHEN', 't/schema/queue.t'],
	['old work is never given up', $queue,
	    " WHEN t - j.created_at > d.max_age THEN 'age' END", ' END',
	    't/schema/queue.t'],
	['a dead letter is lost', $queue,
	    "IF p_outcome = 'dead' THEN", 'IF false THEN', 't/schema/queue.t'],

	# ---- the relay
	['a request without a mark', $delivery,
	    'if (d->prepare == NULL && strcmp(d->request.method, "GET") == 0)',
	    'if (true)',
	    't/relay/guards.t',
	    't/relay/chaos.t'],
	['a request although its mark was refused', $delivery,
	    'if (!queue_held(rows)) {
		/* Lost, or used up', 'if (false) {
		/* Lost, or used up', 't/relay/guards.t'],
	['a request long after its mark', $delivery,
	    'if (clock_us() - d->mark_us > MARK_US)', 'if (false)',
	    't/relay/guards.t'],
	['evidence is ignored', $delivery, 'if (j->evidence != NULL)',
	    'if (false)', 't/relay/guards.t'],
	['a text that may have arrived is sent at once', $text,
	    'else if (!d->job.uncertain)', 'else if (true)',
	    't/relay/text_reconcile.t'],
	['a text is searched for before it has settled', $text,
	    'else if (d->job.unsettled_ms > 0)', 'else if (false)',
	    't/relay/text_reconcile.t'],
	['a text is sent again before lists have caught up', $text,
	    'if (d->job.resend_ms > 0)', 'if (false)',
	    't/relay/text_reconcile.t'],
	['a text is taken for another of ours', 'src/relay/text_find.c',
	    'if (bridge_is_news(rows))', 'if (true)',
	    't/relay/text_reconcile.t'],
	['a redirect is followed to any host', 'src/relay/download.c',
	    'if (!link_may_be_followed(&l, w->base, w->hosts))', 'if (false)',
	    't/relay/front_media.t'],
	['credentials follow a redirect', 'src/relay/download.c',
	    '.url = l.text,', '.url = l.text, .user = w->user, .password = w->password,',
	    't/relay/front_media.t'],
	['Front is told again before it has settled', 'src/relay/front_message.c',
	    'if (d->job.uncertain && d->job.unsettled_ms > 0 &&', 'if (false &&',
	    't/relay/front_message.t'],
	['a name that a person typed is written over', 'src/relay/front_contact.c',
	    'if (!front_name_is_free(name, c->number))', 'if (false)',
	    't/relay/front_names.t'],
	['all wait for one channel', 'src/peer/front_answer.c',
	    'rate->remaining > 0 ||', 'false &&', 't/relay/front_limits.t'],
	['a channel is told without a pause', 'src/relay/front.c',
	    'p->next_us = at_us + APART_US;', 'p->next_us = at_us;',
	    't/relay/front_limits.t'],
	['contacts do not wait for messages', 'src/relay/front.c',
	    'if (is_extra && f->scarce && f->until_us > now_us)', 'if (false)',
	    't/relay/front_limits.t'],
	['Front may not know a message that failed', 'src/relay/front_failed.c',
	    'else if (attempt <= WAITS)', 'else if (false)',
	    't/relay/front_status.t'],
	['a text is brought that was not sent to us', 'src/relay/sweep.c',
	    'strcmp(t->direction, "inbound") != 0 ||', 'false ||',
	    't/relay/text_sweep.t'],
	['who has opted out is written to', 'src/relay/text_send.c',
	    'if (s->text.opted_out)', 'if (false)', 't/relay/text_send.t'],
	['what is uncertain is sent again at once', $message,
	    'if (!d->job.uncertain)', 'if (true)', 't/relay/guards.t',
	    't/relay/chaos.t'],
	['a search before it has settled', $message,
	    'if (d->job.unsettled_ms > 0)', 'if (false)', 't/relay/guards.t'],
	['sent again before lists have caught up', $message,
	    'else if (d->job.resend_ms > 0)', 'else if (false)',
	    't/relay/guards.t',
	    't/relay/chaos.t'],
	['found and sent all the same', $message,
	    'if (sid != NULL)
		delivery_finish(d, QUEUE_RECONCILED', 'if (false)
		delivery_finish(d, QUEUE_RECONCILED', 't/relay/guards.t'],
	['a lost answer counts as not sent', 'src/relay/retry.c',
	    '"uncertain", SECOND,     5 * MINUTE,  false,',
	    '"uncertain", SECOND,     5 * MINUTE,  true,', 't/relay/guards.t'],

	# ---- the wire
	['libcurl may send a POST twice', $http,
	    'c, CURLOPT_READFUNCTION, give_bytes);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, call);',
	    'c, CURLOPT_POSTFIELDS, call->request.body);', 't/io/http.test'],
	['every failure counts as not sent', $http,
	    'else if (request_size == 0)', 'else', 't/io/http.test'],
	['a call without an end', $http,
	    '(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, o->total_ms);', '',
	    't/io/http.test'],
	['a redirect is followed', $http,
	    'CURLOPT_FOLLOWLOCATION, 0L', 'CURLOPT_FOLLOWLOCATION, 1L',
	    't/io/http.test'],
);

# As hashes: name, file, from, to, tests.
sub mutants {
	return map {
		my ($name, $file, $from, $to, @tests) = @$_;

		+{ name => $name, file => $file, from => $from, to => $to,
		    tests => \@tests };
	} @mutants;
}

# How often a text stands in another.
sub occurrences {
	my ($text, $part) = @_;

	return scalar(() = $text =~ /\Q$part\E/g);
}

1;
