#!/usr/bin/perl
# Texts between Twilio and Front: every event twice, and in every order, leaves the same rows and each job once.
use strict;
use warnings;
use utf8;
use JSON::PP ();
use Test::More;
use Db;

my $db = Db->new->migrate;
my %fcgi = (user => 'frontline_fcgi');
my %relay = (user => 'frontline_relay');
my %dba = (user => 'frontline_dba');
my $json = JSON::PP->new->canonical;
sub see { return $db->list($_[0]) }
sub sid { my ($n, $kind) = @_; return ($kind // 'SM') . unpack 'H32', sprintf '%-16s', $n }
sub quote { my ($v) = @_; $v = $json->encode($v) if ref $v; return 'NULL' unless defined $v; $v =~ s/'/''/g; return "'$v'" }
sub statement { my ($function, @arguments) = @_; return "SELECT * FROM $function(" . join(', ', map { quote($_) } @arguments) . ')' }
# a call's rows: columns joined by |, NULL is -
sub call { my ($user, @call) = @_; return join "\n", map { join '|', map { $_ // '-' } @$_ } $db->rows(statement(@call), user => $user) }
sub web { my ($function, @rest) = @_; return call('frontline_fcgi', "frontline_api.$function", @rest) }
sub relay { my ($function, @rest) = @_; return call('frontline_relay', $function =~ /[.]/ ? $function : "frontline.$function", @rest) }
# one row by the names of its columns
sub row { my ($function, @arguments) = @_; my ($r) = $db->rows('SELECT row_to_json(x) FROM (' . statement("frontline.$function", @arguments) . ') x', %relay); return $r ? $json->decode($r->[0]) : undef }
my $day = '2026-03-02';
sub at { return "$day $_[0]+00" }
my ($OUR, $WA) = ('+15005550006', 'whatsapp:+15005550006');
# a text: its number, and what differs from the common one
sub text_call { my ($n, %o) = @_; return ('take_text', exists $o{channel} ? $o{channel} : 'text', $o{sid} // sid($n), $o{from} // '+14155550142', $o{to} // $OUR,
	exists $o{body} ? $o{body} : "Text $n", $o{media}, $o{opt_out}, $o{profile}, $o{lookup} // 'false', exists $o{days} ? $o{days} : 30, $o{at} // at('10:00')) }
sub take { return web(text_call(@_)) }
sub reply_call { my ($n, %o) = @_; return ('take_reply', $o{channel} // 'text', $o{numbers} // [$OUR, $WA], "msg_$n", $o{kind} // 'message', $o{to} // ['+14155550142'],
	exists $o{body} ? $o{body} : "Reply $n", $o{files}, $o{author} // 'ines', $o{cnv}, $o{keys} // [], $o{tag} // 'false', $o{at} // at('11:00')) }
sub press { return web(reply_call(@_)) }
sub jobs { return see("SELECT concat_ws('/', d.name, replace(j.key, ' ', '_'), j.kind, replace(j.payload::text, ' ', '')) FROM frontline_queue.job j JOIN frontline_queue.destination d USING (destination_id)" . ($_[0] ? " WHERE $_[0]" : '') . ' ORDER BY j.job_id') }
sub consents { return see("SELECT concat_ws(':', channel_type, match_key, state) FROM frontline.consent ORDER BY 1") }
sub text_of { my ($n) = @_; return see("SELECT text_id FROM frontline.text_message WHERE message_sid = '" . sid($n) . "'") }
sub empty { $db->sql('TRUNCATE frontline.text_thread, frontline.text_message, frontline.text_media, frontline.text_status, frontline.caller, frontline.consent_event, frontline.front_channel,
	frontline_queue.job, frontline_queue.lane, frontline_queue.seen, frontline_queue.evidence, frontline_queue.dead RESTART IDENTITY') }

$db->sql(<<'SQL');
INSERT INTO frontline.proxy_address (address) VALUES ('+15005550099');
INSERT INTO frontline.customer (display_name) VALUES ('Ines Okafor'), ('+1 415 555 0177'), ('João');
INSERT INTO frontline.channel (customer_id, type, value) VALUES (1, 'sms', '+4790000012'), (2, 'sms', '+14155550177'), (3, 'sms', '+5511987654321');
SQL

# -- keys
sub key { return $db->list(statement('frontline.conversation_key', @_)) }
is key($OUR, '+14155550142'), 'sms:+15005550006:+14155550142', 'the key of a pair';
is key($WA, 'whatsapp:+14155550142'), 'whatsapp:+15005550006:+14155550142', 'WhatsApp is another';
is key($WA, 'whatsapp:+5511987654321'), key($WA, 'whatsapp:+551187654321'), 'Brazilian spellings meet';
is key($OUR, '+5215512345678'), key($OUR, '+525512345678'), 'Mexican ones too';
is key($OUR, '12345'), 'sms:+15005550006:12345', 'a short code has one';
is length key($OUR, 'x' x 300), 200, 'no key is longer than Front takes';

# -- a text comes in
is take(1), 'new|1|-', 'a text';
is jobs(), 'front/text:1/front.message/{"text_id":1}', 'is on its way to Front, in its thread\'s lane';
is take(1), 'same|1|-', 'again';
is take(1, channel => 'other', body => 'changed'), 'same|1|-', 'whatever else is said';
is jobs(), 'front/text:1/front.message/{"text_id":1}', 'puts no second job in';
take(2, media => [ { url => 'https://api.twilio.com/x', content_type => 'image/png' } ], at => at('10:05'), body => '');
my $t = row('text_for_front', 2);
is_deeply [ @$t{qw(text_id direction channel kind message_sid our_address customer_address handle body conversation_key)} ],
	[ 2, 'inbound', 'text', 'sms', sid(2), $OUR, '+14155550142', '+14155550142', '', 'sms:+15005550006:+14155550142' ], 'what Front is told';
is_deeply $t->{media}, [ { url => 'https://api.twilio.com/x', content_type => 'image/png' } ], 'with its picture';
is_deeply [ @$t{qw(sender_name posted message_uid consent opted_out)} ], [ undef, JSON::PP::false, undef, undef, JSON::PP::false ], 'nobody knows the name';
is relay('note_posted', 2, 'uid1') . relay('note_posted', 2, 'uid2'), 'tf', 'that Front has it is noted once';
is_deeply [ @{ row('text_for_front', 2) }{qw(posted message_uid)} ], [ JSON::PP::true, 'uid1' ], 'and told';
is relay('note_posted', 1, undef) . relay('note_posted', 1, undef) . relay('note_posted', 1, 'late'), 'tft', 'a 409 has no uid';
is take(3, from => '+4790000012'), 'new|3|-', 'of a customer';
is row('text_for_front', 3)->{sender_name}, 'Ines Okafor', 'we know the name';
take(4, from => '+14155550177');
is row('text_for_front', 4)->{sender_name}, undef, 'a number is no name';
take(5, from => 'whatsapp:+4791111111', to => $WA, profile => 'Kari');
$t = row('text_for_front', 5);
is_deeply [ @$t{qw(kind sender_name handle customer_address conversation_key)} ], [ 'whatsapp', 'Kari', '+4791111111', 'whatsapp:+4791111111', 'whatsapp:+15005550006:+4791111111' ], 'WhatsApp has its own thread, and the profile\'s name';
is take(6, from => '40404'), 'new|6|-', 'a short code may write';
is row('text_for_front', 999), undef, 'an unknown text';
is relay('latest_inbound', $OUR), '-', 'what has just come says nothing of an outage';
$db->sql("UPDATE frontline.text_message SET recorded_at = now() - interval '2 hours', at = now() - text_id * interval '1 day'");
is see("SELECT round(extract(epoch FROM now() - frontline.latest_inbound('$OUR')) / 86400)"), 1, 'when a number last got one';
$db->sql("UPDATE frontline.text_message SET recorded_at = now(), at = '@{[at('10:00')]}'");
is relay('latest_inbound', '+15005550000'), '-', 'or never';
is take(7, at => '2999-01-01') =~ /^new/ && see("SELECT at <= clock_timestamp() FROM frontline.text_message WHERE text_id = 7"), 't', 'nothing comes from the future';
is call('frontline_relay', 'frontline_api.' . (text_call(1))[0], (text_call(1))[1 .. 11]), 'same|1|-', 'the sweep goes through the same door';

# -- a number of ours that no channel has
is take(10, channel => undef, from => '+4799999999', to => '+15005550009'), 'unchannelled|8|no channel of Front has this number of ours', 'a text to no channel is kept';
is jobs("payload->>'text_id' = '8'"), '', 'without a job';
$db->sql("UPDATE frontline.text_message SET recorded_at = now() - interval '2 hours', at = now() - interval '2 days' WHERE text_id = 8");
is relay('latest_inbound', '+15005550009'), '-', 'and no channel has had it: its number may get one';
like take(10, channel => '', from => '+4799999999', to => '+15005550009'), qr/^same\|8\|/, 'again';
is take(10, from => '+4799999999', to => '+15005550009'), 'new|8|-', 'told again with a channel';
like jobs("payload->>'text_id' = '8'") . ' ' . take(10, from => '+4799999999', to => '+15005550009'), qr{^front/text:\d+/front\.message/\{"text_id":8\} same\|8\|-$}, 'it is on its way';

# -- spellings
empty();
take(1, from => 'whatsapp:+5511987654321', to => $WA, at => at('10:00'));
take(2, from => 'whatsapp:+551187654321', to => $WA, at => at('10:01'));
is see('SELECT count(*) FROM frontline.text_thread'), 1, 'two spellings of a handset are one thread';
is row('text_for_front', 1)->{sender_name}, 'João', 'of a customer with either';
like press(1, to => ['+5511987654321']), qr/^\Q+5511987654321|fm:msg_1:+551187654321|whatsapp:+15005550006:+551187654321|new|-\E$/, 'a reply to the other spelling goes there';
is row('text_to_send', 3)->{to_address}, 'whatsapp:+551187654321', 'in the spelling that was last used';
is press(1, to => ['+551187654321']), '+551187654321|fm:msg_1:+551187654321|whatsapp:+15005550006:+551187654321|same|-', 'and is one recipient';

# -- consent
empty();
my %said = (STOP => 'out', ' stop ' => 'out', 'Unsubscribe' => 'out', END => 'out', QUIT => 'out', STOPALL => 'out', REVOKE => 'out', OPTOUT => 'out', "CANCEL\n" => 'out',
	START => 'in', yes => 'in', unstop => 'in', 'please stop' => '', 'STOP.' => '', HELP => '', '' => '');
for my $word (sort keys %said) {
	empty();
	my $answer = take(1, body => $word);
	is consents(), $said{$word} ? "sms:+14155550142:opted_$said{$word}" : '', "what '" . ($word =~ s/\n/\\n/r) . "' says";
	is $answer, 'new|1|' . ($said{$word} ? "the customer has opted $said{$word}" : '-'), 'is told';
}
empty();
take(1, body => 'Cancel', opt_out => 'HELP');
is consents(), '', 'OptOutType counts more than words: HELP';
take(2, body => 'Arrête', opt_out => 'STOP');
is consents(), 'sms:+14155550142:opted_out', 'STOP';
is_deeply [ @{ row('text_for_front', 2) }{qw(consent opted_out)} ], [ 'opted_out', JSON::PP::true ], 'and Front is told';
take(3, body => 'Salut', opt_out => 'start', at => at('10:01'));
is consents(), 'sms:+14155550142:opted_in', 'START';
is_deeply [ @{ row('text_for_front', 2) }{qw(consent opted_out)} ], [ 'opted_out', JSON::PP::false ], 'what a text said stays, what holds does not';
take(3, body => 'Salut', opt_out => 'STOP');
is consents(), 'sms:+14155550142:opted_in', 'a repetition says nothing new';
take(8, body => 'Arrête', at => at('10:02'), from => '+14155550143');
is take(8, body => 'Arrête', at => at('10:02'), from => '+14155550143', opt_out => 'STOP') . '/' . consents(), 'same|4|-/sms:+14155550142:opted_in sms:+14155550143:opted_out', 'but for what no list has';
$db->sql("DELETE FROM frontline.consent_event WHERE match_key = '+14155550143'");
take(4, body => 'STOP', from => 'whatsapp:+14155550142', to => $WA);
is consents(), 'sms:+14155550142:opted_in whatsapp:+14155550142:opted_out', 'WhatsApp and SMS are apart';
is take(5, body => 'STOP', from => '40404'), 'new|6|the customer has opted out', 'a short code has no consent to record';
is see("SELECT count(*) FROM frontline.consent_event WHERE match_key = '40404'"), 0, 'and none is recorded';

# -- replies
empty();
take(1);
my $ids = '+14155550142|fm:msg_1:+14155550142|sms:+15005550006:+14155550142';
is press(1, cnv => 'cnv_1', tag => 'true', files => [ { id => 'fil_1' } ]), "$ids|new|-", 'a reply';
is jobs("d.name <> 'front' OR j.kind <> 'front.message'"), 'twilio_messages/1/text.send/{"text_id":2} front/text:tag:cnv_1/front.tag/{"text_id":2}', 'is on its way to Twilio, and its conversation gets a tag';
is press(1, cnv => 'cnv_1', tag => 'true', at => at('11:01')), "$ids|same|-", 'a second press is the same message';
is see('SELECT count(*) FROM frontline_queue.job'), 3, 'and no second job';
press(2, cnv => 'cnv_1', tag => 'true');
press(3, cnv => 'cnv_2');
press(4, tag => 'true');
is jobs("j.kind = 'front.tag'"), 'front/text:tag:cnv_1/front.tag/{"text_id":2} front/text:tag:cnv_2/front.tag/{"text_id":' . see("SELECT text_id FROM frontline.text_message WHERE front_message_id = 'msg_4'") . '}',
	'one tag for each conversation, where a tag is asked for; a conversation that is not named is the thread\'s';
$t = row('text_to_send', 2);
is_deeply [ @$t{qw(channel kind to_address from_address body attachments kept opted_out session_open message_sid status front_message_id external_id)} ],
	[ 'text', 'sms', '+14155550142', $OUR, 'Reply 1', [ { id => 'fil_1' } ], [], JSON::PP::false, JSON::PP::true, undef, undef, 'msg_1', 'fm:msg_1:+14155550142' ], 'what Twilio is asked';
is row('text_to_send', 1), undef, 'an inbound text is not sent';
my ($first, $second) = map { (split /\|/, press(5, kind => 'autoreply', body => $_))[1] } 'We are closed', 'Closed, really';
like $first, qr/^fa:msg_5:[0-9a-f]{16}:\+14155550142$/, 'an automatic reply';
isnt $first, $second, 'two to one message are two';
like press(5, kind => 'autoreply', body => 'We are closed'), qr/^\Q+14155550142|$first|\E.*\|same\|-$/, 'each is one';
is press(6, to => [ '+14155550142', '+4790000012' ]) =~ s/\n/ /r, '+14155550142|fm:msg_6:+14155550142|sms:+15005550006:+14155550142|new|- +4790000012|fm:msg_6:+4790000012|sms:+15005550006:+4790000012|new|-',
	'one text for each recipient, each in its thread';
is press(6, to => [ '+4790000012', '+4790000012' ]) =~ s/\n/ /r, ('+4790000012|fm:msg_6:+4790000012|sms:+15005550006:+4790000012|same|- ' x 2) =~ s/ $//r, 'who is named twice gets one';
is press(6, channel => 'other') =~ s/.*\|(\w+)\|-/$1/r, 'new', 'another channel\'s message is another';

# -- from which number
empty();
sub from { my ($n, %o) = @_; my ($id) = (split /\|/, press($n, %o))[1]; return see("SELECT our_address FROM frontline.text_thread JOIN frontline.text_message USING (thread_id) WHERE external_id = '$id'") }
my @three = (numbers => [ $WA, $OUR, '+15005550007' ]);
is from(1, @three), $OUR, 'without history: the first for SMS';
is from(2, numbers => [$WA]), $WA, 'or the first at all';
is from(3, @three, to => ['whatsapp:+14155550142']), $WA, 'or the first of the kind that is meant';
take(1, to => '+15005550007', at => at('09:00'));
is from(4, @three), '+15005550007', 'the one the customer knows';
take(2, to => $WA, from => 'whatsapp:+14155550142', at => at('09:30'));
is from(5, @three), $WA, 'and wrote to last';
take(3, to => '+15005550007', channel => 'other', at => at('09:45'), from => '+14155550199');
is from(6, @three, to => ['+14155550199']), $OUR, 'on this channel';
is from(7, @three, keys => [ 'sms:+15005550006:+14155550142' ]), $OUR, 'before that: the conversation\'s';
is from(8, @three, keys => [ 'junk', 'whatsapp:+15005550006:+14155550142', 'sms:+15005550006:+14155550142' ]), $WA, 'the first of several that is ours';
is from(9, numbers => [ $OUR ], keys => [ 'sms:+15005550007:+14155550142' ]), $OUR, 'a number that the channel no longer has is not used';
is press(10, numbers => [$OUR], to => ['whatsapp:+14155550142']), 'whatsapp:+14155550142|-|-|refused|no_number', 'no WhatsApp sender';
is press(11, numbers => []), '+14155550142|-|-|refused|no_number', 'no number at all';

# -- who must not be written to
empty();
take(1, body => 'STOP');
is press(1), '+14155550142|-|-|refused|opted_out', 'who has opted out';
is press(1, kind => 'autoreply'), '+14155550142|-|-|refused|opted_out', 'gets no automatic reply either';
is see("SELECT count(*) FROM frontline.text_message WHERE direction = 'outbound'") . jobs("j.kind <> 'front.message'"), '0', 'when all are refused, nothing is stored';
like press(2, numbers => [$WA]), qr/\|new\|-$/, 'on WhatsApp that says nothing';
is press(3, to => [$_]) =~ s/.*\|//r, 'own_number', "$_ is ours" for $OUR, '+15005550099', 'whatsapp:+15005550006';
is press(4, to => [$_]) =~ s/.*\|//r, 'bad_address', "'$_' is no address" for '40404', 'Kari', '', 'rcs:+14155550142', '+0123456', '+1415555014212345';
is press(5, to => ['+4790000012'], body => $_) =~ s/.*\|//r, 'empty', 'nothing to say' for " \n", undef, '';
like press(5, to => ['+4790000012'], body => '', files => [ { id => 'fil_2' } ]), qr/\|new\|-$/, 'a picture is something';
is press(6, to => [ '+14155550142', '+4790000012', '40404' ]), join("\n", '+14155550142|fm:msg_6:+14155550142|sms:+15005550006:+14155550142|refused|opted_out',
	'+4790000012|fm:msg_6:+4790000012|sms:+15005550006:+4790000012|new|-', '40404|fm:msg_6:40404|sms:+15005550006:40404|refused|bad_address'), 'some of several';
my @refused = split / /, see("SELECT text_id FROM frontline.text_message WHERE refused IS NOT NULL ORDER BY 1");
is jobs("j.kind = 'front.failed'") =~ s/front\/text:\d+:out\///gr, join(' ', map { "front.failed/{\"text_id\":$_}" } @refused), 'those are failed, and Front is told';
is_deeply [ @{ row('text_for_front', $refused[0]) }{qw(status error_code reason)} ], [ 'failed', 21610, 'the customer has opted out' ], 'why';
is row('text_to_send', $refused[0])->{status}, 'failed', 'they are not sent';
my $before = jobs();
like press(6, to => [ '+14155550142', '+4790000012', '40404' ]), qr/refused\|opted_out\n.*same\|-\n.*refused\|bad_address$/, 'again: the same answers';
is jobs(), $before, 'and no other job';
take(2, body => 'STOP', from => '+4790000012');
like press(6, to => ['+4790000012']), qr/\|fm:msg_6:\+4790000012\|.*\|same\|-$/, 'what was taken is not refused afterwards';
is row('text_to_send', see("SELECT text_id FROM frontline.text_message WHERE external_id = 'fm:msg_6:+4790000012'"))->{opted_out}, JSON::PP::true, 'but the relay is told';

# -- WhatsApp's day
empty();
sub open_session { return row('text_to_send', see('SELECT max(text_id) FROM frontline.text_message'))->{session_open} ? 'open' : 'closed' }
my %whatsapp = (from => 'whatsapp:+14155550142', to => $WA);
press(1, to => ['whatsapp:+14155550142']);
is open_session(), 'closed', 'who never wrote has no session';
take(1, %whatsapp, at => see("SELECT now() - interval '25 hours'"));
press(2, to => ['whatsapp:+14155550142']);
is open_session(), 'closed', 'nor has who wrote yesterday';
take(2, %whatsapp, at => see("SELECT now() - interval '23 hours'"));
press(3, to => ['whatsapp:+14155550142']);
is open_session(), 'open', 'who wrote today has';
press(4, numbers => [$OUR]);
is open_session(), 'open', 'SMS knows no sessions';

# -- sent, and what became of it
empty();
sub status { my ($n, $status, $code, $uuid) = @_; return web('note_text_status', $uuid, sid($n), $status, $code, at('12:00')) }
sub text { my ($id) = @_; return see("SELECT concat_ws('/', status, error_code) FROM frontline.text_message WHERE text_id = $id") }
press($_) for 1 .. 9;
is relay('note_text_sent', 1, sid('a'), 'queued') . relay('note_text_sent', 1, sid('a'), 'queued') . relay('note_text_sent', 1, sid('z'), 'queued'), 'tff', 'a text is sent once';
is relay('note_text_sent', 2, sid('a'), 'queued'), 'f', 'and no SID is two texts\'';
is row('text_to_send', 1)->{message_sid}, sid('a'), 'the relay is told';
my @ladder;
push @ladder, status('a', $_) for qw(queued sent SENT sending delivered failed bogus read delivered);
is "@ladder", 'same|- changed|- same|- same|- changed|- same|- ignored|unknown status changed|- same|-', 'a status climbs';
is text(1) . jobs("j.kind LIKE 'front.%'"), 'read', 'and what was delivered is not reported';
my $uuid = '8f1c0000-0000-4000-8000-000000000001';
is status('b', 'sent', undef, $uuid), 'unknown|no text of ours has this SID yet; 1 such', 'a status before the answer';
is see('SELECT wire_uuid || external_id || source FROM frontline_queue.evidence'), $uuid . sid('b') . 'status_callback', 'proves that the request arrived';
is status('b', 'undelivered', 30005), 'unknown|no text of ours has this SID yet; 1 such', 'climbs too';
is status('b', 'sent'), 'unknown|no text of ours has this SID yet; 1 such', 'and never down';
is status('c', 'sent'), 'unknown|no text of ours has this SID yet; 2 such', 'others are counted';
is relay('note_text_sent', 2, sid('b'), 'queued') . text(2), 'tundelivered/30005', 'the answer finds it';
is see('SELECT count(*) FROM frontline.text_status'), 1, 'and takes it away';
is jobs("j.kind = 'front.failed'"), 'front/text:1:out/front.failed/{"text_id":2}', 'Front is told';
is status('b', 'failed', 30005) . jobs("j.kind = 'front.failed'"), 'same|-front/text:1:out/front.failed/{"text_id":2}', 'once';
is status('b', 'delivered'), 'changed|delivered after it had been reported as failed', 'what is delivered after all';
like jobs("j.kind = 'front.comment'"), qr/^front\/text:1:out\/front\.comment\/\{"reason":"Themessagewasdeliveredafterall\.","text_id":2\}$/, 'is told by a comment';
is text(2), 'delivered', 'and has no error any more';
is status('a', 'sent') . relay('note_text_sent', 999, sid('q'), 'queued'), 'same|-f', 'an unknown text is not sent';
take('in');
is status('in', 'delivered'), 'ignored|not a text that we sent', 'nor is one that came in';
is relay('frontline_api.note_text_status', undef, sid('a'), 'read', undef, undef), 'same|-', 'the relay asks Twilio and tells the same';
is relay('note_text_refused', 3, 21610, 'Attempt to send to unsubscribed recipient') . relay('note_text_refused', 3, 21610, 'again'), 'tf', 'a refusal is noted once';
is text(3) . ' ' . consents(), 'failed/21610 sms:+14155550142:opted_out', 'with the opt-out that it tells of';
is row('text_for_front', 3)->{reason}, 'Attempt to send to unsubscribed recipient', 'in words';
relay('note_text_refused', 4, undef, 'gave up');
is text(4), 'failed', 'a failure may have no code';
relay('note_text_sent', 5, sid('e'), 'accepted');
status('e', 'failed', 21610);
is see("SELECT count(*) FROM frontline.consent_event WHERE evidence = '" . sid('e') . "'"), 1, 'a late opt-out is taken down too';
is relay('note_left_out', 6, 'cat.gif is too large') . relay('note_left_out', 6, 'cat.gif is too large') . relay('note_left_out', 6, 'dog.gif is too large') . relay('note_left_out', 999, 'x'), 'tftf', 'what was left out is told once each';
is relay('note_text_sent', 7, sid('g'), 'odd word') . text(7), 'tqueued', 'a word that nobody knows is taken for queued';
press('n', to => ['+4790000012']);
my $unreachable = see('SELECT max(text_id) FROM frontline.text_message');
relay('note_text_refused', $unreachable, 30006, 'landline');
is see('SELECT value FROM frontline.channel WHERE invalid_at IS NOT NULL'), '+4790000012', 'an address that cannot be reached is not offered any more';
press('n2', to => ['+4790000012']);
relay('note_text_sent', $unreachable + 1, sid('n2'), 'queued');
web('note_text_status', undef, sid('n2'), 'delivered', undef, undef);
is see('SELECT count(*) FROM frontline.channel WHERE invalid_at IS NOT NULL'), 0, 'until something arrives';

# -- statuses in any order, the answer among them: one end
my @life = map { [$_] } ([ 'status', 'queued' ], [ 'status', 'sent' ], [ 'status', 'undelivered', 30003 ], [ 'sent' ], [ 'status', 'bogus' ]);
my $seed = 1;
sub dice { my ($sides) = @_; $seed = ($seed * 1103515245 + 12345) % 2**31; return ($seed >> 8) % $sides }
for my $round (1 .. 12) {
	empty();
	press(1);
	my @order = 0 .. $#life;
	for my $i (reverse 1 .. $#order) { my $j = dice($i + 1); @order[ $i, $j ] = @order[ $j, $i ] }
	for my $i (@order, @order) { my ($what, @rest) = @{ $life[$i][0] }; if ($what eq 'sent') { relay('note_text_sent', 1, sid('a'), 'queued') } else { status('a', @rest) } }
	is text(1) . ' ' . jobs("d.name = 'front'") . see('SELECT count(*) FROM frontline.text_status'), 'undelivered/30003 front/text:1:out/front.failed/{"text_id":1}0', "order @order";
}

# -- what is not known yet
empty();
press($_) for 1 .. 4;
relay('note_text_sent', $_, sid($_), 'queued') for 1 .. 3;
status(1, 'sent');
status(2, 'delivered');
is relay('texts_without_fate', '1 hour', 10), '', 'nothing is asked for at once';
$db->sql("UPDATE frontline.text_message SET recorded_at = now() - interval '2 hours'");
is join(',', sort split /\n/, relay('texts_without_fate', '1 hour', 10)), '1|' . sid(1) . ',3|' . sid(3), 'texts without an end are';
is relay('texts_without_fate', '1 hour', 10), '', 'and then not for a while';
is relay('texts_without_fate', '0', 1), '1|' . sid(1), 'not more than wanted';
$db->sql("UPDATE frontline.text_message SET recorded_at = now() - interval '49 hours'");
is relay('texts_without_fate', '0', 10), '', 'nor for ever';

# -- message_imported
empty();
take(1, body => 'ok', at => at('10:00'));
take(2, body => 'ok', at => at('10:02'));
take(3, body => '', at => at('10:03'), media => [ { url => 'x' } ]);
take(4, body => "Two\nlines", at => at('10:04'));
relay('note_posted', $_, undef) for 1 .. 4;
sub imported { my ($sid, $msg, $body, $when, @keys) = @_; return web('note_imported', 'text', $sid, @keys ? \@keys : undef, $msg, 'cnv_9', $body, at($when)) }
sub front_id { return see("SELECT concat_ws('/', front_message_id, front_conversation_id) FROM frontline.text_message WHERE text_id = $_[0]") }
my $thread = 'sms:+15005550006:+14155550142';
is imported(sid(1), 'msg_a', 'ok', '10:00') . front_id(1), 'changed|-msg_a/cnv_9', 'Front\'s ids, by SID';
is imported(sid(1), 'msg_a', 'ok', '10:00'), 'same|-', 'again';
is imported(undef, 'msg_b', 'ok', '10:00', 'x', $thread) . front_id(2), 'changed|-msg_b/cnv_9', 'by key and text, one that has none yet';
is imported(undef, 'msg_b', 'ok', '10:00', $thread), 'same|-', 'again';
is imported(undef, 'msg_c', "Two lines ", '10:04', $thread) . front_id(4), 'changed|-msg_c/cnv_9', 'white space does not count';
is imported(undef, 'msg_d', '(picture)', '10:09', $thread) . front_id(3), 'changed|-msg_d/cnv_9', 'a picture has a text there';
is imported(undef, 'msg_e', 'never said', '10:00', $thread), 'ignored|no text of ours', 'another\'s text';
take('stop', body => 'start', at => at('10:05'));
take('late', body => '', at => at('10:05'), media => [ { url => 'x' } ]);
is imported(undef, 'msg_s', 'start (The customer has opted in.)', '10:05', $thread), 'ignored|no text of ours', 'nothing stands for a text that has not left';
relay('note_posted', 5, undef);
is imported(undef, 'msg_s', 'start (The customer has opted in.)', '10:05', $thread) . front_id(5), 'changed|-msg_s/cnv_9', 'with what was added to it';
relay('note_posted', 6, undef);
is imported(undef, 'msg_t', 'never said', '10:05', $thread), 'ignored|no text of ours', 'no other words stand for a picture';
is imported(undef, 'msg_t', '(picture)', '10:05', $thread) . front_id(6), 'changed|-msg_t/cnv_9', 'but those that it has got';
is imported(sid('zz'), 'msg_f', 'ok', '10:00'), 'ignored|no text of ours', 'an unknown SID';
is web('note_imported', 'other', sid(1), undef, 'msg_a', 'cnv_9', 'ok', undef), 'ignored|no text of ours', 'another channel';
is row('text_for_front', 3)->{posted}, JSON::PP::true, 'what is in Front need not be posted';
press(1, tag => 'true');
is jobs("j.kind = 'front.tag'") =~ s/\{.*//r, 'front/text:tag:cnv_9/front.tag/', 'the thread knows Front\'s conversation';
take(5);
my ($key, $seq, $token) = @{ ($db->rows("SELECT key, seq, token FROM frontline_queue.claim('front', 1)", %relay))[0] };
my $mark = $db->list("SELECT frontline_queue.mark_wire('front', '$key', $seq, $token, '$uuid', '1 s')", %relay);
is imported(sid(1), 'msg_a', 'ok', '10:00') . see('SELECT wire_uuid || external_id FROM frontline_queue.evidence'), "same|-${uuid}msg_a", 'a marked request of it is known to have arrived';

# -- channels
is web('note_channel', 'text', 'cha_1', 'authorization', at('10:00')), 'new|-', 'a channel is connected';
is web('note_channel', 'text', 'cha_1', 'authorization', at('10:00')), 'same|-', 'again';
is web('note_channel', 'other', 'cha_2', 'authorization', at('10:00')), 'new|-', 'another one beside it';
is web('note_channel', 'text', undef, 'delete', at('11:00')), 'changed|Front has deleted this channel', 'and taken away';
is web('note_channel', 'text', 'cha_1', 'authorization', at('10:30')), 'same|-', 'an older event changes nothing';
is see('SELECT channel || authorized FROM frontline.front_channel ORDER BY 1'), 'othertrue textfalse', 'each for itself';
is web('note_channel', 'text', 'cha_1', $_, undef), 'ignored|unknown event', 'an unknown event' for 'wink', undef;
is relay('tag_id', 'text', 'x') . relay('note_tag', 'text', 'x', 'tag_1') . relay('note_tag', 'text', 'x', 'tag_2') . relay('tag_id', 'text', 'x') . relay('tag_id', 'other', 'x'), '-tag_2-', 'a tag\'s id is kept';
relay('note_tag', 'text', 'x', undef);
is relay('tag_id', 'text', 'x'), '-', 'and forgotten';

# -- pictures
empty();
press(1);
my $one = relay('keep_media', 1, 0, 'cat.gif', 'image/gif', 'AP_-_w', 60);
like $one, qr/^[0-9a-f]{64}$/, 'a picture is kept under a token that nobody guesses';
is web('get_media', $one), 'image/gif|00fffeff', 'and served as it came';
is relay('keep_media', 1, 0, 'cat.png', 'image/png', 'AQ', 60), $one, 'another time under the same';
my $two = relay('keep_media', 1, 1, 'dog.png', 'image/png', 'AAEC', 60);
isnt $two, $one, 'another one under another';
is_deeply row('text_to_send', 1)->{kept}, [ map { { index => $_->[0], token => $_->[1], content_type => 'image/png', filename => $_->[2] } } [ 0, $one, 'cat.png' ], [ 1, $two, 'dog.png' ] ], 'the relay is told';
is web('get_media', 'unknown'), '', 'an unknown token';
$db->sql("UPDATE frontline.text_media SET expires_at = now() WHERE index = 1");
is web('get_media', $two) . @{ row('text_to_send', 1)->{kept} }, '1', 'nothing is served after its time';
$db->sql("UPDATE frontline.text_media SET expires_at = now() + interval '4 minutes' WHERE index = 0");
is @{ row('text_to_send', 1)->{kept} } . (web('get_media', $one) ne ''), '01', 'one whose time is over soon is served, and fetched anew for another attempt';
is relay('keep_media', 99, 0, 'x', 'image/png', 'AQ', 60), '-', 'nothing is kept for no text';
my $large = 'A' x 4_000_000;
is length(web('get_media', relay('keep_media', 1, 2, 'large', 'image/png', $large, 60))), 6_000_010, 'a large one goes through whole';

# -- names
empty();
$db->sql('DELETE FROM frontline.front_channel');
take(1, lookup => 'true');
take(2, lookup => 'true');
take(3, from => '+4790000012', lookup => 'true');
take(4, from => 'whatsapp:+4792222222', to => $WA, profile => 'Kari', lookup => 'true');
take(5, from => '40404', lookup => 'true');
take(6, from => '+14155550199');
is jobs("d.name = 'lookups'"), 'lookups/1/lookup.name/{"channel":"text","caller_id":1}', 'an unknown number is looked up once; a known one, a profile, a short code are not';
is relay('lookup_name', 1, 30) . relay('lookup_name', 99, 30), 'ask|+14155550142|-gone|-|-', 'the relay asks first';
is relay('contact_for_front', 1), '', 'without a name there is nothing to write';
is relay('note_name', 1, " OKAFOR\t INES ", 'CONSUMER', 'text') . relay('note_name', 1, 'OKAFOR INES', 'CONSUMER', 'text'), 'tf', 'a name is new once';
is jobs("j.kind = 'front.contact'"), 'front/text:contact:1/front.contact/{"channel":"text","caller_id":1}', 'and goes to Front';
is relay('contact_for_front', 1) . relay('lookup_name', 1, 30), '+14155550142|OKAFOR INESknown|+14155550142|OKAFOR INES', 'it is known';
is row('text_for_front', 1)->{sender_name}, 'OKAFOR INES', 'and the sender\'s name from now on';
take(7, lookup => 'true');
is see("SELECT count(*) FROM frontline_queue.job WHERE destination_id = 5"), 1, 'an answer is kept';
$db->sql("UPDATE frontline.caller SET asked_at = asked_at - interval '31 days', answered_at = answered_at - interval '31 days', name = NULL");
take(8, lookup => 'true', days => undef);
is see("SELECT count(*) FROM frontline_queue.job WHERE destination_id = 5"), 1, 'for so long';
take(9, lookup => 'true');
is see("SELECT count(*) FROM frontline_queue.job WHERE destination_id = 5"), 2, 'and no longer';
is relay('lookup_name', 1, 30), 'ask|+14155550142|-', 'then it is asked for again';
is relay('note_name', 1, undef, undef, 'text') . relay('lookup_name', 1, 30), 'fknown|+14155550142|-', 'that there is none is kept too';
is relay('note_name', 99, 'x', undef, 'text'), 'f', 'a name of nobody';

# -- twins at once
empty();
my %a = (%fcgi, session => 'a');
my %b = (%fcgi, session => 'b');
sub twins { my ($one, $other) = @_;
	$db->sql("BEGIN; SET LOCAL lock_timeout = 0; $one", %a);
	my $second = $db->start("SET lock_timeout = 0; SET statement_timeout = 0; $other", %b);
	$db->wait_for_lock;
	$db->sql('COMMIT', %a);
	chomp(my $said = $db->finish($second));
	return $said =~ tr/\x1f\x02/|-/r }
sub api { my ($function, @rest) = @_; return statement("frontline_api.$function", @rest) }
is twins(api(text_call(1)), api(text_call(1))), 'same|1|-', 'a text twice at once is one';
is twins(api(text_call(2)), api(text_call(3, at => at('10:01')))), 'new|3|-', 'two of one sender queue up';
is twins(api(reply_call(1)), api(reply_call(1))), '+14155550142|fm:msg_1:+14155550142|sms:+15005550006:+14155550142|same|-', 'a reply pressed twice at once is one';
is twins(api(reply_call(2, to => [ '+14155550142', '+4790000012' ])), api(reply_call(3, to => [ '+4790000012', '+14155550142' ]))) =~ s/[^\n]*\|(\w+)\|-/$1/gr, "new\nnew", 'recipients crosswise wait, and do not circle';
is see('SELECT count(*) FROM frontline.text_message') . '/' . see('SELECT count(*) FROM frontline_queue.job'), '8/8', 'each is stored once, and has one job';
{
	my ($low, $high) = ('+4790000012', '+4790000013');
	press(4, to => [ $low, $high ]);
	$db->sql("BEGIN; SELECT FROM frontline.text_thread WHERE customer_address = '$low' FOR UPDATE", session => 'dba');
	my $crossing = $db->start('SET lock_timeout = 0; SET statement_timeout = 0; ' . api(reply_call(5, to => [ $high, $low ])), %b);
	$db->wait_for_lock;
	is $db->error("SELECT FROM frontline.text_thread WHERE customer_address = '$high' FOR UPDATE; COMMIT", session => 'dba'), '', 'threads are locked in order, not as recipients are named';
	unlike $db->finish($crossing), qr/ERROR/, 'so nobody waits in a circle';
}
is twins(api('note_text_status', undef, sid('t'), 'delivered', undef, at('12:00')), "SET ROLE NONE; " . api('note_text_status', undef, sid('t'), 'sent', undef, at('12:00'))) =~ s/;.*//r, 'unknown|no text of ours has this SID yet', 'two statuses of an unknown SID';
{
	# the answer and a status at once: neither may miss the other
	$db->sql('BEGIN; SET LOCAL lock_timeout = 0; ' . api('note_text_status', undef, sid('u'), 'failed', 30007, at('12:00')), %a);
	my $reply = see("SELECT min(text_id) FROM frontline.text_message WHERE direction = 'outbound'");
	my $answer = $db->start('SET lock_timeout = 0; ' . statement('frontline.note_text_sent', $reply, sid('u'), 'queued'), %relay, session => 'r');
	$db->wait_for_lock;
	$db->sql('COMMIT', %a);
	$db->finish($answer);
	is text($reply), 'failed/30007', 'a status that comes with the answer is not lost';
}

# -- whoever edits or erases a customer holds nobody up, and waits for nobody in a circle
$db->sql('BEGIN; SELECT FROM frontline.customer WHERE customer_id = 1 FOR UPDATE', session => 'dba');
is take('held', from => 'whatsapp:+4790000012', to => $WA) =~ s/\|.*//r . press('held', to => ['+4790000012'], numbers => ['+15005550007']) =~ s/.*\|(\w+)\|-/$1/r, 'newnew', 'texts pass while a customer is being edited';
relay('note_text_sent', see("SELECT max(text_id) FROM frontline.text_message"), sid('kept'), 'queued');
{
	my $late = $db->start('SET lock_timeout = 0; SET statement_timeout = 0; ' . api('note_text_status', undef, sid('kept'), 'undelivered', 30005, at('12:00')), %b);
	$db->wait_for_lock;
	is $db->error("DELETE FROM frontline.channel WHERE customer_id = 1; COMMIT", session => 'dba'), '', 'an address is erased while a status would mark it';
	unlike $db->finish($late), qr/ERROR/, 'and both come to an end';
}

{
	# and it comes to the queue last: a relay that claims holds lanes, for which whoever has a thread or a caller may wait
	empty();
	$db->sql("INSERT INTO frontline.customer (customer_id, display_name) VALUES (9, 'Kari'); INSERT INTO frontline.channel (customer_id, type, value) VALUES (9, 'sms', '+4795555555')");
	take(1, from => '+4795555555');
	take(2, from => 'whatsapp:+4795555555', to => $WA);
	relay('note_left_out', 1, 'too large');
	$db->sql("INSERT INTO frontline.caller (match_key, address, asked_at) VALUES ('+4795555555', '+4795555555', now());
		INSERT INTO frontline_queue.dead (destination_id, key, job_id, kind, payload, attempts, created_at, buried_at) SELECT destination_id, key, job_id, kind, payload, 1, now(), now() FROM frontline_queue.job");
	for my $last ("frontline.text_thread WHERE kind = 'whatsapp'", 'frontline.caller', "frontline_queue.dead WHERE kind = 'front.comment'") {
		$db->sql("BEGIN; SELECT FROM $last FOR UPDATE", session => 'dba');
		my $erasure = $db->start('BEGIN; SET LOCAL lock_timeout = 0; SELECT frontline.erase_customer(9); ROLLBACK', session => 'erasure');
		$db->wait_for_lock;
		is $db->error("BEGIN; SET LOCAL lock_timeout = '1s'; SELECT frontline_queue.claim('front', 10)", %relay, session => 'r'), '', "an erasure that waits for $last holds no job";
		$db->sql('ROLLBACK', %relay, session => 'r');
		$db->sql('COMMIT', session => 'dba');
		unlike $db->finish($erasure), qr/ERROR/, 'and comes to its end';
	}
}

# -- the queue's long memory
empty();
take(1);
$db->sql('DELETE FROM frontline.text_message');
is take(1), 'same|-|this text was purged', 'a text that was purged does not come back';

# -- erasure
empty();
$db->sql("INSERT INTO frontline.customer (customer_id, display_name) OVERRIDING SYSTEM VALUE VALUES (10, 'Eva'), (11, 'Household'), (12, 'Son');
	INSERT INTO frontline.channel (customer_id, type, value, shared) VALUES (10, 'sms', '+4793333333', false), (11, 'sms', '+4794444444', true), (12, 'sms', '+4794444444', true)");
take(1, from => '+4793333333', body => 'My secret', lookup => 'true', media => [ { url => 'secret' } ]);
take(2, from => '+4793333333', body => 'STOP', at => at('10:01'));
take(3, from => 'whatsapp:+4793333333', to => $WA, body => 'My other secret', profile => 'Evita', at => at('10:02'));
press(1, to => ['whatsapp:+4793333333'], body => 'Our secret', author => 'ines');
press(2, to => ['+4790000012'], body => 'For somebody else');
relay('keep_media', 4, 0, 'secret.png', 'image/png', 'AQ', 60);
relay('note_left_out', 4, 'secret.png is too large');
$db->sql("INSERT INTO frontline.caller (match_key, address, name, asked_at) VALUES ('+4793333333', '+4793333333', 'EVA', now());
	INSERT INTO frontline_queue.dead (destination_id, key, job_id, kind, payload, attempts, created_at, buried_at) SELECT destination_id, key, job_id, kind, payload, 1, now(), now() FROM frontline_queue.job");
take(4, from => '+4794444444', body => 'A household secret');
$db->sql('SELECT frontline.erase_customer(10)', %dba);
my $everything = join ' UNION ALL ', (map { "SELECT x::text FROM frontline.$_ x" } qw(text_thread text_message text_media caller consent_event)), map { "SELECT x::text FROM frontline_queue.$_ x" } qw(job lane seen dead);
is see("SELECT count(*) FROM ($everything) e (x) WHERE x ~ '[Ss]ecret' AND x !~ 'household' OR x ~ '3333333|Ev[ai]|EVA'"), 0, 'nothing of an erased customer is left, in the queue neither';
is row('text_for_front', 1), undef, 'a job of an erased text';
is row('text_to_send', 4), undef, 'has nothing to do';
is relay('keep_media', 4, 0, 'x', 'image/png', 'AQ', 60), '-', 'no picture is kept for it';
is take(1, from => '+4793333333', body => 'My secret') . see("SELECT count(*) FROM ($everything) e (x) WHERE x ~ 'My secret'"), 'same|1|-0', 'a repetition brings nothing back';
is relay('note_text_sent', 4, sid('er'), 'sent') . web('note_text_status', undef, sid('er'), 'failed', 30003, undef), 'tchanged|-', 'its fate may still be told';
like press(3, to => ['+4793333333'], numbers => [$OUR]), qr/refused\|opted_out$/, 'the opt-out still holds';
take(5, from => '+4793333333', body => 'START', at => see('SELECT now()'));
is row('text_for_front', see('SELECT max(text_id) FROM frontline.text_message'))->{body}, 'START', 'who writes again begins a new thread';
is see("SELECT body FROM frontline.text_message WHERE text_id = 5"), 'For somebody else', 'others\' texts stay';
$db->sql('SELECT frontline.erase_customer(' . see("SELECT customer_id FROM frontline.text_thread WHERE customer_address = '+4794444444'") . ')', %dba);
is see("SELECT count(*) FROM frontline.text_message WHERE body ~ 'household'"), 0, 'texts of a shared address go with the customer they were of';
is see("SELECT customer_address || coalesce(customer_id::text, '-') FROM frontline.text_thread WHERE match_key = '+4794444444'"), '+4794444444-', 'the address stays the other\'s';
is $db->error('SELECT frontline.erase_customer(10)', %dba), '', 'erasing twice does no harm';
is see("SELECT count(*) FROM frontline_report.text WHERE customer_address ~ '[0-9]{4}'"), 0, 'reports mask numbers';

# -- housekeeping
empty();
my $now = see('SELECT now()');
sub keep { return join ' ', map { "$_->[0]=$_->[1]" . ($_->[2] eq 't' ? '+' : '') } grep { $_->[1] && $_->[0] =~ /^text|^caller/ } $db->rows("SELECT * FROM frontline_queue.housekeeping(7, $_[0], 730)", %relay) }
press(1, at => $now);
relay('keep_media', 1, $_, 'x', 'image/png', 'AQ', 60) for 0, 1;
$db->sql("UPDATE frontline.text_media SET expires_at = now() WHERE index = 0");
is keep(90), 'text_media=1', 'pictures past their time go';
take(1, at => see("SELECT now() - interval '91 days'"), from => '+4790000012', lookup => 'true');
take(2, at => see("SELECT now() - interval '89 days'"));
is keep(90), 'text_message=1 text_thread=1', 'texts go by days, with threads that have none left';
status('x', 'sent');
$db->sql("UPDATE frontline.text_status SET at = now() - interval '31 days'; INSERT INTO frontline.caller (match_key, address, asked_at) VALUES ('+1', '+12', now() - interval '401 days')");
$db->sql("UPDATE frontline.text_message SET at = now() - interval '91 days' WHERE text_id = 1; UPDATE frontline.text_thread SET last_at = now() - interval '91 days' WHERE thread_id <= 2");
is keep(0), 'text_status=1 caller=1', 'texts are kept for ever where that is wanted';
is keep(90), 'text_message=1', 'else they go';
is see('SELECT count(*) FROM frontline.text_message') . see('SELECT count(*) FROM frontline.text_media'), '10', 'with their pictures';
is see('SELECT count(*) FROM frontline.text_thread'), 1, 'a thread with a text left stays';
$db->sql("INSERT INTO frontline.text_thread (conversation_key, kind, our_address, customer_address, match_key, last_at) SELECT 'k' || i, 'sms', '+1', '+2', '+2', now() - interval '91 days' FROM generate_series(1, 1001) i");
is keep(90) . ' ' . keep(90), 'text_thread=1000+ text_thread=1', 'at most so many at once';
is $db->error('SELECT * FROM frontline_queue.housekeep_queue(7, 90, 730)', %relay) =~ s/.*(permission denied).*/$1/r, 'permission denied', 'the relay keeps house by one door';

# -- 100,000 texts
empty();
$db->sql(<<'SQL');
INSERT INTO frontline.text_thread (conversation_key, kind, our_address, customer_address, match_key, channel, last_inbound_at, last_at)
SELECT frontline.conversation_key('+15005550006', '+1415' || 5000000 + i), 'sms', '+15005550006', '+1415' || 5000000 + i, '+1415' || 5000000 + i, 'text', now(), now() FROM generate_series(1, 5000) i;
INSERT INTO frontline.text_message (thread_id, channel, direction, message_sid, external_id, front_message_id, body, at)
SELECT 1 + i % 5000, 'text', CASE WHEN i % 2 = 0 THEN 'inbound' ELSE 'outbound' END, 'SM' || md5(i::text), CASE WHEN i % 2 = 1 THEN 'fm:msg_' || i END, 'msg_' || i, 'Hello', now() FROM generate_series(1, 100000) i;
SQL
sub reads { return see("SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname ~ '$_[0]') + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname ~ '$_[0]')") }
my $grown = '^(text_|seen\$|lane\$|job\$|caller)';
sub settled { $db->sql('SELECT pg_stat_force_next_flush()', @_); $db->sql('SELECT 1', @_); return }
$db->hang_up;                             # plans are made anew, as small tables' would be kept
my $calls = 400;
sub measure { my ($make) = @_;
	my @calls = map { $make->($_) } 1 .. $calls;
	$db->sql(join(";\n", @calls[ 0 .. 9 ]), %fcgi);
	my ($from) = $db->list('SELECT extract(epoch FROM clock_timestamp())', %fcgi);
	$db->sql(join(";\n", @calls[ 10 .. $#calls ]), %fcgi);
	return ($db->list('SELECT extract(epoch FROM clock_timestamp())', %fcgi) - $from) * 1000 / ($calls - 10) }
settled(%fcgi);
my $reads = reads($grown);
my $in = measure(sub { api(text_call("speed$_[0]", from => '+1415' . (5000000 + $_[0]), lookup => 'true')) });
my $out = measure(sub { api(reply_call("speed$_[0]", to => [ '+1415' . (5000000 + $_[0]) ], cnv => "cnv_$_[0]", tag => 'true')) });
settled(%fcgi);
cmp_ok +(reads($grown) - $reads) / $calls, '<', 60, 'no call reads more than a few rows';
note sprintf '%.1f rows for a text and a reply', (reads($grown) - $reads) / $calls;
note sprintf 'take_text %.2f ms, take_reply %.2f ms', $in, $out;

# -- everything at once: nobody waits in a circle
empty();
my @storm;
for my $session (1 .. 4) {
	my @calls;
	for (1 .. 200) {
		my @who = map { '+479000030' . dice(3) } 1, 2;
		push @who, $who[0] =~ s/0$/9/r;
		my ($sms, $n, $id) = (dice(2), dice(60), 1 + dice(200));
		push @calls, (
			sub { api(text_call($n, from => ($sms ? '' : 'whatsapp:') . $who[0], to => $sms ? $OUR : $WA, body => (qw(Hi STOP START))[dice(3)], lookup => 'true', days => 0)) },
			sub { api(reply_call($n, to => \@who, cnv => 'cnv_' . dice(3), tag => 'true', keys => $sms ? [] : [ key($WA, "whatsapp:$who[0]") ])) },
			sub { api('note_imported', 'text', sid($n), undef, "msg_in$n", 'cnv_' . dice(3), undef, undef) },
			sub { api('note_text_status', '8f1c0000-0000-4000-8000-0000000000' . (10 + dice(80)), sid("out$id"), (qw(sent delivered failed undelivered read))[dice(5)], (0, 21610, 30005)[dice(3)], undef) },
			sub { statement('frontline.note_text_sent', $id, sid("out$id"), 'queued') }, sub { statement('frontline.note_text_refused', $id, 30005, 'x') },
			sub { statement('frontline.note_left_out', $id, 'y') }, sub { statement('frontline.keep_media', $id, 0, 'x', 'image/png', 'AQ', 60) },
			sub { statement('frontline.note_name', 1 + dice(4), 'Name ' . dice(9), undef, 'text') }, sub { statement('frontline.texts_without_fate', '0', 5) },
			sub { "SELECT 1 FROM frontline_queue.claim('" . (qw(front twilio_messages lookups))[dice(3)] . "', 3) j, frontline_queue.finish('front', j.key, j.seq, j.token, 'sent', NULL, NULL)" },
			sub { dice(10) ? 'SELECT 1' : 'SELECT frontline.erase_customer(' . (20 + dice(4)) . ')' },
		)[dice(12)]->();
	}
	push @storm, [ "storm$session", join ";\n", @calls ];
}
$db->sql("INSERT INTO frontline.customer (customer_id, display_name) OVERRIDING SYSTEM VALUE SELECT 20 + i, 'C' || i FROM generate_series(0, 3) i;
	INSERT INTO frontline.channel (customer_id, type, value) SELECT 20 + i, 'sms', '+479000030' || i FROM generate_series(0, 3) i");
my $said = join '', map { $db->finish($_) } map { $db->start($_->[1], session => $_->[0]) } @storm;
is join(' ', $said =~ /ERROR:[^\n]*/g), '', 'a storm of all that is written, on few threads, fails nowhere';
is see('SELECT count(*) FROM frontline_queue.lane l WHERE head_seq <= last_seq AND NOT EXISTS (SELECT FROM frontline_queue.job j WHERE j.key = l.key AND j.seq = l.head_seq)'), 0, 'every lane has its head';
is see("SELECT count(*) FROM frontline.text_message x WHERE direction = 'inbound' AND NOT EXISTS (SELECT FROM frontline_queue.seen s WHERE s.dedupe = x.message_sid)"), 0, 'and every text had its job';

done_testing;
