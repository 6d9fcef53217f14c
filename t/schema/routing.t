#!/usr/bin/perl
# Who gets a conversation: the rule chain, hours, capacity while callbacks come at the same time, repetition, repair.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

my $db = Db->new->migrate;
my %fcgi = (user => 'frontline_fcgi');
my %relay = (user => 'frontline_relay');
my $IS = 'IS' . 'a' x 32;
my $conversations = 0;
sub see { return $db->list($_[0]) }
sub sid { return 'CH' . sprintf '%032x', $_[0] }
sub quote { my ($v) = @_; return defined $v ? "'$v'" : 'NULL' }
sub call { my ($n, %o) = @_;
	return 'SELECT decision, coalesce(worker, $$-$$), reason FROM frontline_api.route_conversation(' . join(', ', map { quote($_) } sid($n), $IS, $o{from} // sprintf('+47910%05d', $n),
		$o{to} // '+15005550006', $o{state} // 'active', $o{default}) . ')' }
# a new conversation, routed: decision worker; the reason of the last one is kept
my $reason;
sub route { my (%o) = @_;
	my ($row) = $db->rows(call($o{n} // ++$conversations, %o), %fcgi);
	$reason = $row->[2];
	return "$row->[0] $row->[1]" }
# only the worker's name, at a moment of our choice, without writing anything
sub choose { my ($when, %o) = @_;
	return $db->list("SELECT concat_ws(' ', c.decision, w.identity) FROM frontline.choose_worker((SELECT ROW(v.*)::frontline.conversation FROM frontline.conversation v
		WHERE conversation_sid = '" . sid($o{n} // 1) . "'), " . quote($o{default}) . ", '$when') c LEFT JOIN frontline.worker w USING (worker_id)") }
sub set_rules { my $p = 0; $db->sql(join '', 'DELETE FROM frontline.routing_rule;', map { $p += 10; "INSERT INTO frontline.routing_rule (position, $_->[0]) VALUES ($p, $_->[1]);" } @_) }
sub all_closed { $db->sql("UPDATE frontline.conversation SET state = 'closed'") }
sub jobs { return see("SELECT kind || ' ' || (payload ->> 'identity') FROM frontline_queue.job WHERE key = '" . sid($_[0]) . "' ORDER BY seq") }

$db->sql(<<'SQL');
INSERT INTO frontline.worker (identity, is_available) VALUES ('ana', true), ('ben', true), ('cleo', true), ('dan', true), ('left', true);
UPDATE frontline.worker SET state = 'deactivated' WHERE identity = 'left';
INSERT INTO frontline.team (name) VALUES ('Support'), ('Empty');
INSERT INTO frontline.team_worker (team_id, worker_id) VALUES (1, 1), (1, 2), (1, 3);
INSERT INTO frontline.proxy_address (address) VALUES ('+15005550006'), ('+15005550007'), ('whatsapp:+15005550006');
INSERT INTO frontline.customer (display_name, owner_id) VALUES ('Ines', 2), ('Nobody''s', NULL);
INSERT INTO frontline.channel (customer_id, type, value) VALUES (1, 'sms', '+4790000001'), (2, 'sms', '+4790000002');
SQL
my $ines = '+4790000001';

# -- nobody to ask
is route(), 'unrouted -', 'no rule and no default worker';
is $reason, 'nobody was found, and there is no default worker', 'and why';
is jobs(1), '', 'no job';
is route(default => 'dan'), 'routed dan', 'the default worker';
is jobs(2), 'participant.add dan', 'is added by a job';
is see("SELECT payload ->> 'conversation_sid' || (payload ->> 'service_sid') FROM frontline_queue.job"), sid(2) . $IS, 'which says where';
is route(default => $_), 'unrouted -', "not $_" for 'left', 'zoe';
like $reason, qr/the default worker is not an active worker/, 'which is told';

# -- once
set_rules([ 'target, worker_id', "'worker', 1" ]);
is route(), 'routed ana', 'a rule';
my ($n, $why) = ($conversations, $reason);
is $reason, 'rule 10: worker', 'says why';
set_rules([ 'target, worker_id', "'worker', 2" ]);
is route(n => $n), 'routed ana', 'a repetition of the callback answers the same, whatever has changed';
is $reason, $why, 'with the same reason';
is jobs($n), 'participant.add ana', 'and enqueues nothing';
is see("SELECT count(*) FROM frontline.routing_decision WHERE conversation_sid = '" . sid($n) . "'"), 1, 'nor writes anything';
is see("SELECT worker_id || ' ' || (routed_at IS NOT NULL) || ' ' || customer_address || ' ' || initiated_by FROM frontline.conversation WHERE conversation_sid = '" . sid($n) . "'"),
	"1 true +4791000005 customer", 'the conversation has its worker';
is route(n => 1, default => 'dan'), 'unrouted -', 'what was not routed is not decided again by a repetition';
$db->sql("SELECT * FROM frontline_api.participant_added('" . sid(990) . "', NULL, 'MB' || md5('990'), 'cleo', NULL, NULL, NULL, now())", %fcgi);
is route(n => 990), 'kept cleo', 'a conversation that has a worker keeps it';
is jobs(990), '', 'without a job';
$db->sql("SELECT * FROM frontline_api.conversation_removed('" . sid(991) . "', NULL, now())", %fcgi);
is route(n => 991), 'closed -', 'a closed one gets none';
# twins at once
my %a = (%fcgi, session => 'a');
my %b = (%fcgi, session => 'b');
my $patient = 'SET lock_timeout = 0; SET statement_timeout = 0; ';
$db->sql('BEGIN; ' . call(992), %a);
my $twin = $db->start($patient . call(992), %b);
$db->wait_for_lock;
$db->sql('COMMIT', %a);
like $db->finish($twin), qr/^routed\x1fben/, 'the same callback at the same time waits and answers the same';
is jobs(992), 'participant.add ben', 'with one job';

# -- the chain
all_closed();
set_rules([ 'target', "'owner'" ], [ 'target', "'last_worker'" ], [ 'target, worker_id', "'worker', 1" ], [ 'target, team_id, strategy', "'team', 1, 'least_busy'" ]);
is route(from => $ines), 'routed ben', 'the owner first';
is $reason, 'rule 10: owner', 'by its rule';
is see("SELECT rule_position FROM frontline.routing_decision ORDER BY decision_id DESC LIMIT 1"), 10, 'which is written down';
all_closed();
$db->sql("UPDATE frontline.worker SET is_available = false WHERE identity = 'ben'");
is route(from => $ines), 'routed ana', 'an owner who is away is passed by, and so is the last worker who is the same';
is $reason, 'rule 30: worker; before: rule 10: ben is away, rule 20: ben is away', 'which is told';
all_closed();
is route(from => $ines), 'routed ana', 'the last worker';
is $reason, 'rule 20: last worker; before: rule 10: ben is away', 'is found by the customer';
is route(from => '+4790000077'), 'routed ana', 'an unknown sender';
all_closed();
$db->sql("UPDATE frontline.conversation SET worker_id = 3 WHERE conversation_sid = '" . sid($conversations) . "'");
is route(from => '+4790000077'), 'routed cleo', 'finds the last worker by the address';
all_closed();
$db->sql("UPDATE frontline.worker SET is_available = false WHERE identity = 'ana'");
is route(from => '+4790000055', default => 'dan'), 'routed cleo', 'then the team';
like $reason, qr/^rule 40: team Support, least busy; before: rule 10: no owner, rule 20: no last worker, rule 30: ana is away$/, 'with everybody who was passed by';
all_closed();
$db->sql("UPDATE frontline.worker SET is_available = false WHERE identity = 'cleo'");
is route(from => '+4790000055', default => 'dan'), 'routed dan', 'at last the default worker';
like $reason, qr/^default worker; before: .*rule 40: nobody of team Support is free$/, 'as the last resort';
$db->sql("UPDATE frontline.worker SET is_available = true");

# -- which rules match
all_closed();
set_rules([ 'target, worker_id, proxy_address_id', "'worker', 1, 2" ], [ 'target, worker_id, known_customer', "'worker', 2, true" ], [ 'target, worker_id, known_customer', "'worker', 3, false" ]);
is route(to => '+15005550007'), 'routed ana', 'a rule of a number';
is route(from => $ines), 'routed ben', 'a rule of known customers';
is route(), 'routed cleo', 'a rule of unknown ones';
set_rules([ 'target', "'nobody'" ], [ 'target, worker_id', "'worker', 1" ]);
is route(default => 'dan'), 'nobody -', 'nobody is a decision, and no default worker overrides it';
is $reason, 'rule 10: nobody is to get it', 'with its reason';

# -- who can take it
set_rules([ 'target, worker_id', "'worker', 1" ]);
for my $case ([ "state = 'deactivated'" => 'deactivated' ], [ 'is_available = false' => 'away' ], [ "out_of_office = '[2000-01-01,2100-01-01)'" => 'out of office' ], [ 'capacity = 1' => 'full' ]) {
	all_closed();
	$db->sql("INSERT INTO frontline.conversation (conversation_sid, initiated_by, worker_id) VALUES ('CH' || md5('busy$case->[1]'), 'worker', 1); UPDATE frontline.worker SET $case->[0] WHERE worker_id = 1");
	is route(), 'unrouted -', "$case->[1]: no";
	like $reason, qr/before: rule 10: ana is $case->[1]$/, 'and why';
	$db->sql("UPDATE frontline.routing_rule SET require_available = false");
	is route(), $case->[1] eq 'away' ? 'routed ana' : 'unrouted -', 'even when availability does not matter' . ($case->[1] eq 'away' ? ': yes' : '');
	$db->sql("UPDATE frontline.routing_rule SET require_available = true; UPDATE frontline.worker SET state = 'active', is_available = true, out_of_office = NULL, capacity = NULL WHERE worker_id = 1");
}
$db->sql('UPDATE frontline.worker SET capacity = 2 WHERE worker_id = 1');
all_closed();
is join(' ', map { route() } 1 .. 3), 'routed ana routed ana unrouted -', 'open conversations are fewer than capacity';
is route(default => 'ana'), 'routed ana', 'but the default worker takes it in any case';
$db->sql("UPDATE frontline.conversation SET state = 'inactive' WHERE state = 'active'");
is route(), 'unrouted -', 'inactive is open';
all_closed();
is route(), 'routed ana', 'closed is not';
$db->sql('UPDATE frontline.worker SET capacity = NULL');

# -- hours
set_rules([ 'target, worker_id, open_hours', "'worker', 1, true" ], [ 'target, worker_id, open_hours, require_available', "'worker', 2, false, false" ], [ 'target, team_id, strategy, open_hours', "'team', 1, 'random', true" ]);
is choose('2026-03-02 03:00+00'), 'routed ana', 'without hours it is always open';
$db->sql("INSERT INTO frontline.working_hours (worker_id, weekday, opens, closes) SELECT 1, d, time '22:00', time '24:00' FROM generate_series(1, 5) d UNION ALL SELECT 1, d, '00:00', '06:00' FROM generate_series(2, 6) d UNION ALL SELECT 1, 7, '10:00', '12:00';
	UPDATE frontline.worker SET time_zone = 'America/New_York' WHERE worker_id = 1;
	INSERT INTO frontline.working_hours (team_id, weekday, opens, closes) SELECT 1, d, '08:00', '17:00' FROM generate_series(1, 7) d; INSERT INTO frontline.working_hours (worker_id, weekday, opens, closes) VALUES (2, 1, '00:00', '24:00');
	UPDATE frontline.team SET time_zone = 'Asia/Tokyo' WHERE team_id = 1");
sub open_at { return see("SELECT CASE WHEN frontline.is_open($_[0], $_[1], '$_[2]', '$_[3]') THEN 'open' ELSE 'closed' END") }
sub ana { return open_at('NULL', 1, 'America/New_York', $_[0]) }
is ana('2026-03-03 02:59:59+00'), 'closed', 'a night shift: Monday 21:59 in New York';
is ana('2026-03-03 03:00+00'), 'open', 'Monday 22:00';
is ana('2026-03-03 04:59:59.9+00'), 'open', 'to midnight';
is ana('2026-03-03 05:00+00'), 'open', 'over midnight';
is ana('2026-03-03 10:59:59+00'), 'open', 'Tuesday 05:59';
is ana('2026-03-03 11:00+00'), 'closed', 'Tuesday 06:00';
is ana('2026-03-02 05:00+00'), 'closed', 'Monday 00:00 belongs to nobody';
is ana('2026-03-08 14:00+00'), 'open', 'Sunday 10:00 in summer time, which began that morning';
is ana('2026-03-01 14:30+00'), 'closed', 'which was 09:30 the week before';
is open_at(1, 'NULL', 'Asia/Tokyo', '2026-03-01 23:00+00'), 'open', 'a team has its zone: Monday 08:00 in Tokyo';
is open_at(1, 'NULL', 'Asia/Tokyo', '2026-03-02 08:00+00'), 'closed', '17:00';
is choose('2026-03-03 03:30+00'), 'routed ana', 'inside the hours of the target';
is choose('2026-03-03 15:00+00'), 'routed ben', 'outside the hours of the target: whoever is on call';
is choose('2026-03-02 15:00+00'), 'unrouted', 'but only then; and the team is closed';
$db->sql("DELETE FROM frontline.routing_rule WHERE position < 30; DELETE FROM frontline.team_worker WHERE worker_id = 3");
is choose('2026-03-02 06:00+00', default => 'dan'), 'routed ben', 'a team within its hours, a member within his own';
is choose('2026-03-03 06:00+00', default => 'dan'), 'routed ana', 'at another time another one';
$db->sql("UPDATE frontline.team SET time_zone = 'UTC'");
is choose('2026-03-04 11:30+00', default => 'dan'), 'routed dan', 'and none when all members are outside theirs';
$db->sql("UPDATE frontline.routing_rule SET open_hours = NULL");
is choose('2026-03-04 11:30+00', default => 'dan'), 'routed dan', 'whatever the rule says of hours of the team';
$db->sql("UPDATE frontline.routing_rule SET require_available = false");
like choose('2026-03-04 11:30+00', default => 'dan'), qr/^routed (ana|ben)$/, 'unless away is no matter';
# nobody outside the hours of the number's team
set_rules([ 'target, open_hours, auto_reply', "'nobody', false, 'We open at 8'" ], [ 'target, worker_id', "'worker', 4" ]);
$db->sql("UPDATE frontline.proxy_address SET team_id = 1 WHERE address = '+15005550006'");
is choose('2026-03-04 07:59+00'), 'nobody', 'the hours of who holds the number decide';
is choose('2026-03-04 08:00+00'), 'routed dan', 'inside them the chain goes on';
$db->sql("UPDATE frontline.proxy_address SET team_id = NULL");
is choose('2026-03-04 07:59+00'), 'nobody', 'a number of everybody: while every team is closed';
$db->sql("DELETE FROM frontline.working_hours");
is choose('2026-03-04 07:59+00'), 'routed dan', 'where nobody has hours it is open';

# -- a reply
set_rules([ 'target, auto_reply', "'nobody', 'We open at 8'" ]);
is route(), 'nobody -', 'a rule with a reply';
is see("SELECT kind || ' ' || (payload ->> 'body') FROM frontline_queue.job WHERE key = '" . sid($conversations) . "'"), 'message.add We open at 8', 'sends it';
$db->sql("INSERT INTO frontline.consent_event (channel_type, match_key, state, source) VALUES ('sms', '+4791000999', 'opted_out', 'keyword')");
route(n => 999);
is jobs(999), '', 'but not to somebody who has opted out';

# -- a team's strategies
all_closed();
$db->sql("INSERT INTO frontline.team_worker (team_id, worker_id) VALUES (1, 3) ON CONFLICT DO NOTHING; UPDATE frontline.team_worker SET last_turn = NULL");
set_rules([ 'target, team_id, strategy', "'team', 1, 'round_robin'" ]);
is join(' ', map { (split ' ', route())[1] } 1 .. 7), 'ana ben cleo ana ben cleo ana', 'round robin';
$db->sql("UPDATE frontline.worker SET is_available = false WHERE identity = 'cleo'");
is join(' ', map { (split ' ', route())[1] } 1 .. 3), 'ben ana ben', 'who is away misses the turn';
$db->sql("UPDATE frontline.worker SET is_available = true WHERE identity = 'cleo'");
is join(' ', map { (split ' ', route())[1] } 1 .. 3), 'cleo ana ben', 'and is next when back';
all_closed();
set_rules([ 'target, team_id, strategy', "'team', 1, 'least_busy'" ]);
$db->sql("INSERT INTO frontline.conversation (conversation_sid, initiated_by, worker_id) SELECT 'CH' || md5('load' || i), 'worker', 1 FROM generate_series(1, 3) i UNION ALL SELECT 'CH' || md5('load4'), 'worker', 2");
is join(' ', map { (split ' ', route())[1] } 1 .. 5), 'cleo ben cleo ben cleo', 'least busy: whoever has fewest, of equals whoever waits longest';
all_closed();
set_rules([ 'target, team_id, strategy', "'team', 1, 'random'" ]);
my %got;
$got{ (split ' ', route())[1] }++ for 1 .. 60;
is join(' ', sort keys %got), 'ana ben cleo', 'random: everybody in the end';

# -- at the same time
all_closed();
set_rules([ 'target, worker_id', "'worker', 1" ], [ 'target, worker_id', "'worker', 2" ]);
$db->sql('UPDATE frontline.worker SET capacity = 1 WHERE worker_id = 1');
my ($x, $y) = ($conversations + 1, $conversations + 2);
$db->sql('BEGIN; ' . call($x), %a);
my $waiting = $db->start($patient . call($y), %b);
$db->wait_for_lock;
$db->sql('COMMIT', %a);
like $db->finish($waiting), qr/^routed\x1fben\x1frule 20: worker; before: rule 10: ana is full$/m, 'who routes at the same time sees what the other has decided';
all_closed();
my ($p, $q) = ($conversations + 3, $conversations + 4);
$db->sql('BEGIN; ' . call($p), %a);
$waiting = $db->start($patient . call($q), %b);
$db->wait_for_lock;
$db->sql('ROLLBACK', %a);
like $db->finish($waiting), qr/^routed\x1fana/m, 'and not what was rolled back';
# a storm: four sessions, 40 conversations each, for three members who together take 90
for my $strategy (qw(least_busy round_robin random)) {
	$db->sql("DELETE FROM frontline.conversation; UPDATE frontline.worker SET capacity = 20 + 5 * worker_id WHERE worker_id < 4; UPDATE frontline.team_worker SET last_turn = NULL");
	set_rules([ 'target, team_id, strategy', "'team', 1, '$strategy'" ]);
	my @storm = map { my $s = $_; $db->start(join(";\n", map { 'SELECT decision FROM frontline_api.route_conversation(' . join(', ', map { quote($_) } sprintf('CH%016x%016x', $s, $_), undef, "+47$s" . sprintf('%05d', $_),
		'+15005550006', 'active', undef) . ')' } 1 .. 40), user => 'postgres', session => "storm$s") } 1 .. 4;
	my $answers = join '', map { $db->finish($_) } @storm;
	is join(' ', scalar(() = $answers =~ /^routed$/mg), scalar(() = $answers =~ /^unrouted$/mg), $answers =~ /ERROR/ ? 'errors' : ''), '90 70 ', "$strategy under a storm: as many as there is room for";
	is see("SELECT string_agg(worker_id || ':' || frontline.open_conversations(worker_id), ' ' ORDER BY worker_id) FROM frontline.worker WHERE worker_id < 4"), '1:25 2:30 3:35', 'and nobody has more than the capacity';
	if ($strategy ne 'random') {
		is see("SELECT max(turns) - min(turns) FROM (SELECT count(d.decision_id) AS turns FROM frontline.worker w LEFT JOIN (SELECT * FROM frontline.routing_decision WHERE decision = 'routed' ORDER BY decision_id LIMIT 60) d USING (worker_id) WHERE w.worker_id < 4 GROUP BY w.worker_id) x"),
			0, 'all in turn while all have room';
	}
}
is see('SELECT count(*) - count(DISTINCT key) FROM frontline_queue.job WHERE kind = $$participant.add$$ AND key LIKE $$CH000%$$'), 0, 'one job to a conversation';
$db->sql("DELETE FROM frontline.conversation; UPDATE frontline.worker SET capacity = NULL");

# -- a conversation that is not ready
set_rules([ 'target, worker_id', "'worker', 1" ]);
route(n => 500, state => 'initializing');
is see("SELECT ready_at > now() + interval '3 seconds' FROM frontline_queue.lane WHERE key = '" . sid(500) . "'"), 't', 'initializing: the job is for later';
is see("SELECT state FROM frontline.conversation WHERE conversation_sid = '" . sid(500) . "'"), 'initializing', 'and the state is known';

# -- repair
sub sweep { my ($age, $limit, $default) = @_; return join ' ', map { hex(substr $_->[0], 2) . "$_->[1]:$_->[2]" } $db->rows("SELECT conversation_sid, decision, coalesce(worker, '-') FROM frontline.route_unrouted('$age', " . quote($default) . ", $limit)", %relay) }
set_rules();
route(n => $_) for 601 .. 603;
is sweep('1 minute', 10), '', 'whoever was tried a moment ago is left alone';
is sweep('0', 10), '601unrouted:- 602unrouted:- 603unrouted:-', 'then tried again';
is see("SELECT count(*) FROM frontline.routing_decision WHERE conversation_sid = '" . sid(601) . "'"), 1, 'the same decision is not written twice';
is sweep('0', 1), '601unrouted:-', 'the one that waited longest first';
is sweep('0', 1), '602unrouted:-', 'then the next: those whom nobody takes do not block the others';
set_rules([ 'target, worker_id', "'worker', 2" ]);
is sweep('0', 10), '603routed:ben 601routed:ben 602routed:ben', 'when somebody is there they are routed';
is jobs(601), 'participant.add ben', 'with a job';
is sweep('0', 10), '', 'once';
# the worker leaves
$db->sql("SELECT * FROM frontline_api.participant_added('" . sid(601) . "', NULL, 'MB' || md5('r'), 'ben', NULL, NULL, NULL, now()); SELECT * FROM frontline_api.participant_removed('" . sid(601) . "', NULL, 'MB' || md5('r'), 'ben', now())", %fcgi);
is sweep('0', 10, 'dan'), '601routed:dan', 'a conversation whose worker has left is routed again, and not to the one who left';
is jobs(601), 'participant.add ben participant.add dan', 'with a job of its own';
like see("SELECT reason FROM frontline.routing_decision ORDER BY decision_id DESC LIMIT 1"), qr/default worker; before: rule 10: ben is gone from this conversation/, 'and says why';
$db->sql("INSERT INTO frontline.conversation (conversation_sid, initiated_by, created_at) VALUES ('" . sid(610) . "', 'system', now() - interval '1 day')");
is sweep('0', 10, 'dan'), '', 'a conversation without an address pair is none of ours';
# what the relay learns over REST
set_rules([ 'target, worker_id', "'worker', 1" ], [ 'target, worker_id', "'worker', 2" ]);
route(n => 611);
sub told { return $db->list("SELECT frontline.$_[0]", %relay) }
is told("note_worker_refused('" . sid(611) . "', 'ana')"), 't', 'a worker whom Twilio refuses';
is told("note_worker_refused('" . sid(611) . "', 'ana')"), 'f', 'is refused once';
is sweep('0', 10), '611routed:ben', 'and is not tried again';
is told("note_worker_added('" . sid(611) . "', 'MB' || md5('611'), 'ben', now())"), '(new,)', 'a worker whom Twilio has taken';
is see("SELECT role || ' ' || worker_id FROM frontline.participant WHERE conversation_sid = '" . sid(611) . "'"), 'worker 2', 'is a participant';
is told("note_worker_added('" . sid(611) . "', 'MB' || md5('611'), 'ben', now())"), '(same,)', 'once';
set_rules();
route(n => 612, default => 'dan');
told("note_worker_refused('" . sid(612) . "', 'dan')");
is sweep('0', 10, 'dan'), '612unrouted:-', 'a default worker who is refused is not tried for ever';
is told("note_conversation_gone('" . sid(612) . "')"), '(changed,)', 'a conversation that Twilio no longer has';
is sweep('0', 10, 'dan'), '', 'needs nobody';
# two sweeps share
set_rules();
route(n => $_) for 621, 622;
$db->sql("BEGIN; SELECT * FROM frontline.route_unrouted('0', NULL, 1)", %relay, session => 'a');
my $second = $db->start("SET lock_timeout = 0; SELECT conversation_sid FROM frontline.route_unrouted('0', NULL, 10)", %relay, session => 'b');
$db->wait_for_lock;
$db->sql('COMMIT', %relay, session => 'a');
like $db->finish($second), qr/^\Q@{[sid(622)]}\E\n$/, 'a second sweep takes what the first has not';

# -- the pair is elsewhere (50416)
set_rules([ 'target, worker_id', "'worker', 3" ]);
route(n => 700, from => $ines);
sub conflict { return join ' ', map { "$_->[0]:" . ($_->[1] // '-') } $db->rows("SELECT decision, worker FROM frontline.note_conflict('" . sid($_[0]) . "', '" . sid($_[1]) . "')", %relay) }
is conflict(700, 701), 'routed:cleo', 'the conversation that has the pair gets the worker';
is see("SELECT concat_ws('|', coalesce(customer_address, '-'), coalesce(worker_id::text, '-'), customer_id, state) FROM frontline.conversation WHERE conversation_sid IN ('" . sid(700) . "', '" . sid(701) . "') ORDER BY conversation_sid"),
	"-|-|1|active $ines|3|1|active", 'and the pair and the customer; the other one loses both';
is jobs(701), 'participant.add cleo', 'the worker is added there';
is conflict(700, 701), 'routed:cleo', 'told again, nothing happens';
is jobs(701), 'participant.add cleo', 'no second job';
$db->sql("SELECT * FROM frontline_api.conversation_removed('" . sid(701) . "', NULL, now())", %fcgi);
route(n => 702, from => $ines);
is conflict(702, 701), 'routed:cleo', 'one that we took for closed is open, Twilio says';
is see("SELECT state FROM frontline.conversation WHERE conversation_sid = '" . sid(701) . "'"), 'active', 'so it is';
$db->sql("SELECT * FROM frontline_api.conversation_removed('" . sid(701) . "', NULL, now())", %fcgi);
route(n => 703, from => $ines);
$db->sql("SELECT * FROM frontline_api.conversation_removed('" . sid(703) . "', NULL, now())", %fcgi);
route(n => 704, from => $ines);
is conflict(703, 701), 'routed:cleo', 'told of a closed one while a third has the pair';
is see("SELECT string_agg(right(conversation_sid, 3), ' ') FROM frontline.conversation WHERE customer_address = '$ines' AND state <> 'closed'"), '2bd', 'the pair is where Twilio has it';
is conflict(799, 701), '', 'an unknown conversation has no conflict';
is conflict(701, 701), '', 'nor has one with itself';

# -- who may
is $db->error("SELECT * FROM frontline.routing_decision", user => 'frontline_dba'), '', 'a DBA reads the decisions';
like $db->error("SELECT frontline.route_unrouted('0', NULL, 1)", %fcgi), qr/permission denied/, 'a responder does not repair';
like $db->error(call(800), %relay), qr/permission denied/, 'a relay answers no callbacks';

done_testing;
