#!/usr/bin/perl
# /front/TOKEN: whatever Front asks of a channel, in each of its forms; that a
# reply is taken once however often it comes, and that an agent is told why one
# cannot leave.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(hmac_sha256_base64);
use FrontRequest;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use Stage;
use Test::More;
use Time::HiRes ();

my $stage = Stage->new(responders => 0);
$stage->write_config(front_settings($stage));
$stage->start_responder for 1, 2;
$stage->wait_ready;

sub ask {
	return scalar $stage->fetch_all(front_request($stage, @_));
}

sub last_line {
	return ($stage->log_lines)[-1];
}

sub see {
	my $found = $stage->sql($_[0]);

	utf8::decode($found);
	return $found;
}

sub taken {
	my ($answer, $what) = @_;

	is($answer->{status}, 200, "$what: 200") or diag($answer->{body});
	is($answer->{json}{type}, 'success', "$what: success");
	return $answer->{json};
}

sub refused {
	my ($answer, $status, $code, $what) = @_;

	is($answer->{status}, $status, "$what: $status");
	if ($status == 400) {
		is($answer->{json}{type}, 'bad_request', "$what: bad_request")
		    or diag($answer->{body});
		ok(length $answer->{json}{message}, "$what: and a sentence");
		is(last_line()->{code}, $code, "$what: $code");
	} else {
		is($answer->{json}{error}{code}, $code, "$what: $code")
		    or diag($answer->{body});
	}
}

sub texts {
	return see('SELECT count(*) FROM frontline.text_message');
}

# ---- the channel is connected

my %channel = (channel_id => FrontRequest::CHANNEL);
{
	my $json = taken(ask(envelope('authorization', \%channel)),
	    'authorization');

	is($json->{webhook_url}, "$stage->{url}/front/" . FrontRequest::TOKEN,
	    'says where the channel is found');
	is(see("SELECT channel_id, authorized FROM frontline.front_channel
	    WHERE channel = 'support'"), 'cha_7k2q|t', 'and is written down');
	is(last_line()->{action}, 'authorization', 'the log names it');
	is(last_line()->{channel}, 'support', 'and the channel');
	refused(ask(envelope('authorization', { channel_id => 'cha_zz' })), 400,
	    'unknown_channel', 'another channel');
	like(last_line()->{reason}, qr/is cha_zz in Front, but .* is cha_7k2q/,
	    'whose id the log has, to be configured');
	refused(ask(envelope('authorization', {})), 400, 'missing_field',
	    'no channel');
}

# ---- a reply

my $key = 'sms:' . FrontRequest::OURS . ':+15125550123';
{
	my $json = taken(ask(reply_to(keys => [$key])), 'a reply');

	is($json->{external_id}, 'fm:msg_9f4c21a:+15125550123', 'with its id');
	is($json->{external_conversation_id}, $key, 'and its thread');
	is(see("SELECT m.direction, m.body, h.our_address, h.customer_address,
	    m.front_message_id FROM frontline.text_message m
	    JOIN frontline.text_thread h USING (thread_id)"),
	    'outbound|Your boiler part lands Tuesday.|' . FrontRequest::OURS .
	    '|+15125550123|msg_9f4c21a', 'is in the database');
	is(see("SELECT count(*) FROM frontline_queue.job
	    WHERE kind = 'text.send'"), 1, 'with the job that sends it');
	is(see("SELECT count(*) FROM frontline_queue.job
	    WHERE kind = 'front.tag'"), 1, 'and the one that tags it');

	my $again = taken(ask(reply_to(keys => [$key])), 'a second press');
	is_deeply($again, $json, 'has the same answer');
	is(last_line()->{outcome}, 'same', 'the log says so');
	is(texts(), 1, 'there is one text');
	is(see("SELECT count(*) FROM frontline_queue.job
	    WHERE kind = 'text.send'"), 1, 'and one job');
}
{
	my $request = front_request($stage, reply_to(id => 'msg_replay'));
	my @answers = $stage->fetch_all(($request) x 3);

	is_deeply([map { $_->{json}{external_id} } @answers],
	    [('fm:msg_replay:+15125550123') x 3], 'a request that is replayed');
	is(texts(), 2, 'counts once');
}

# To whom.
for (['(512) 555-0124', '+15125550124'], ['5125550125', '+15125550125'],
    ['+47 90 11 22 33', '+4790112233']) {
	my ($written, $number) = @$_;
	my $id = 'msg_to' . $number =~ s/\D//r;

	is(taken(ask(reply_to(id => $id, to => [$written])),
	    "a number as $written")->{external_id}, "fm:$id:$number",
	    "is $number");
}
{
	my $json = taken(ask(reply_to(id => 'msg_three',
	    to => ['+15125550131', '+15125550132', 'fax'])),
	    'three recipients');

	is($json->{external_id}, 'fm:msg_three:+15125550131',
	    'the ids are those of the first');
	is(see("SELECT count(*) FROM frontline_queue.job j
	    JOIN frontline.text_message m
	      ON m.text_id = (j.payload ->> 'text_id')::bigint
	    WHERE j.kind = 'text.send' AND m.front_message_id = 'msg_three'"),
	    2, 'both numbers get it');
	is(last_line()->{note}, '1 of 3 recipients do not get it',
	    'the log tells of the third');
	$json = taken(ask(reply_to(id => 'msg_wa',
	    to => ['whatsapp:+15125550133'])), 'a reply on WhatsApp');
	is($json->{external_conversation_id},
	    'whatsapp:' . substr(FrontRequest::WHATSAPP, 9) . ':+15125550133',
	    'by the number for that');
}

# What.
for (['text', { text => "Grüße 😀 \n", body => 'x' }, 'Grüße 😀'],
    ['HTML', { text => '', body => '<p>One &amp; two</p><div>three</div>' },
	"One & two\nthree"],
    ['HTML alone', { text => undef, body => 'a<br>b' }, "a\nb"]) {
	my ($name, $given, $text) = @$_;
	my $id = 'msg_' . lc $name =~ s/\W//gr;

	taken(ask(reply_to(id => $id, %$given)), "words as $name");
	is(see("SELECT body FROM frontline.text_message
	    WHERE front_message_id = '$id'"), $text, 'are what is sent');
}
{
	my $cut = JSON::PP->new->utf8->canonical->encode(
	    reply_to(id => 'msg_cut', blurb => 'CUT'));

	taken(ask($cut =~ s/CUT/a\\ud83d/r), 'a preview with half an emoji');
	taken(ask($cut =~ s/msg_cut/msg_zero/r =~ s/Tuesday/\\u0000/r),
	    'a NUL in the text');
}
{
	my $link = 'https://harborfix.api.frontapp.com/messages/msg_files';
	my $file = { id => 'fil_6hb2', filename => 'part.png', size => 166482,
		content_type => 'image/png', url => "$link/download/fil_6hb2" };

	taken(ask(reply_to(id => 'msg_files', text => '', body => '',
	    attachments => [$file, { %$file, url => 'https://evil.example/x' },
		{ %$file, url => "$link/download/../../me" }])),
	    'a file without words');
	is(see("SELECT jsonb_array_length(media), media #>> '{0,url}',
	    media #>> '{0,filename}' FROM frontline.text_message
	    WHERE front_message_id = 'msg_files'"),
	    "3|$link/download/fil_6hb2|part.png", 'a file of Front');
	is(see("SELECT count(*) FROM frontline.text_message,
	    jsonb_array_elements(media) AS f WHERE f ? 'url'
	    AND front_message_id = 'msg_files'"), 1,
	    'the others have no address any more');
	is(last_line()->{note}, '2 files are not in Front and were left out',
	    'the log tells of the others');
	refused(ask(reply_to(id => 'msg_none', text => '', body => '',
	    attachments => [{ %$file, url => 'https://evil.example/x' }])),
	    400, 'empty', 'files that are not in Front are nothing to send');
	refused(ask(reply_to(id => 'msg_many', attachments => [($file) x 11])),
	    400, 'too_many_files', 'eleven files');
}

# Not to be sent; the agent is told.
my $before = texts();
refused(ask(reply_to(id => 'msg_none', to => [])), 400, 'missing_field',
    'to nobody');
refused(ask(reply_to(id => 'msg_empty', text => " \n", body => '<p></p>')), 400,
    'empty', 'nothing to say');
refused(ask(reply_to(id => 'msg_long', text => 'é' x 1601)), 400,
    'text_too_long', '1601 characters');
refused(ask(reply_to(id => 'msg_own', to => [FrontRequest::OURS])), 400,
    'own_number', 'to ourselves');
refused(ask(reply_to(id => 'msg_bad', to => ['dana@example.com'])), 400,
    'bad_address', 'to an e-mail address');
refused(ask(reply_to(id => 'MSG')), 400, 'missing_field', 'no id of Front');
refused(ask('{"type":"message","type":"delete","payload":{}}'), 400, 'bad_json',
    'a member twice');
refused(ask("\xff"), 400, 'bad_json', 'no JSON');
refused(ask('[' x 30000), 400, 'bad_json', 'arrays without end');
refused(ask(''), 400, 'bad_json', 'nothing');
is(texts(), $before, 'nothing is stored of these');
{
	my $stop = $stage->signed('/twilio/messages', { Body => 'STOP',
		MessageSid => 'SM' . '5' x 32, AccountSid => Stage::ACCOUNT,
		From => '+15125550140', To => FrontRequest::OURS });

	is($stage->fetch_all($stop)->{status}, 200, 'a customer opts out');
	my $answer = ask(reply_to(id => 'msg_out', to => ['+15125550140']));
	refused($answer, 400, 'opted_out', 'to who opted out');
	like($answer->{json}{message}, qr/has opted out/, 'in plain words');
}
taken(ask(reply_to(id => 'msg_exact', text => 'é' x 1600)), '1600 characters');

# ---- the other kinds
{
	my $json = taken(ask(reply_to(type => 'message_autoreply',
	    text => 'We are closed.')), 'an autoreply');

	like($json->{external_id}, qr/^fa:msg_9f4bd02:\w+:\+15125550123$/,
	    'is known by what it answers');
	is(taken(ask(reply_to(type => 'message_autoreply',
	    text => 'We are closed.')), 'once more')->{external_id},
	    $json->{external_id}, 'the same');
	isnt(taken(ask(reply_to(type => 'message_autoreply',
	    text => 'Closed.')), 'with other words')->{external_id},
	    $json->{external_id}, 'another');
}
{
	my %import = (id => 'msg_in', is_inbound => JSON::PP::true,
		metadata => { external_id => 'SM' . '5' x 32 });
	my $count = texts();

	is_deeply(taken(ask(reply_to(%import, type => 'message_imported')),
	    'an import'), { type => 'success' }, 'and no more');
	is(see("SELECT front_message_id, front_conversation_id
	    FROM frontline.text_message WHERE message_sid = 'SM" . '5' x 32 .
	    "'"), 'msg_in|cnv_5d3b7e', 'names the text in Front');
	taken(ask(reply_to(%import, type => 'message_imported')), 'once more');
	is(last_line()->{outcome}, 'same', 'says nothing new');
	taken(ask(reply_to(%import)), 'what came in, told as a message');
	is(last_line()->{outcome}, 'ignored', 'is no reply');
	is(texts(), $count, 'and goes nowhere');
}
for (['conversation_merged', envelope('conversation_merged', {})],
    ['sync', { type => 'sync', authorization => { id => 'cmp_1' } }],
    ['a rule', { id => 'evt_1', type => 'inbound', emitted_at => 1 }],
    ['nothing known', {}]) {
	is_deeply(taken(ask($_->[1]), $_->[0]), { type => 'success' },
	    "$_->[0]: and no more");
	is(last_line()->{outcome}, 'ignored', "$_->[0]: ignored");
}
ask(envelope('conversation_merged', {}));
is(last_line()->{note}, "Front calls it 'conversation_merged'",
    'the log has the word of Front');
for ([undef, 'undefined', 'without a body'],
    [envelope('delete', \%channel), undef, 'with a body that is signed'],
    [envelope('delete', \%channel), 'undefined', 'with a body that is not']) {
	my ($body, $signs, $what) = @$_;

	taken(ask(envelope('authorization', \%channel)), 'connected');
	taken(ask($body, method => 'DELETE', $signs ? (signs => $signs) : ()),
	    "DELETE $what");
	is(last_line()->{code}, undef, 'which is no failure in the log');
	is(see("SELECT authorized FROM frontline.front_channel
	    WHERE channel = 'support'"), 'f', 'the channel is gone');
}
taken(ask(envelope('delete', { channel_id => 'cha_zz' }), method => 'DELETE'),
    'DELETE of another channel');
is(last_line()->{outcome}, 'ignored', 'is ignored');

# ---- older channels
{
	my $legacy = reply_to(id => 'msg_old')->{payload};

	$legacy->{metadata} = { thread_ref => 't1', headers => {} };
	my %old = (token => FrontRequest::OLD, secret => FrontRequest::SHARED,
		plain => 1);

	is(taken(ask($legacy, %old), 'an older channel')->{external_id},
	    'fm:msg_old:+15125550123', 'has ids as well');
	is(last_line()->{channel}, 'older', 'its own');
	refused(ask($legacy, %old, secret => 'x' x 20), 401,
	    'bad_front_signature', 'with a wrong signature');
	refused(ask($legacy, %old, signature => undef), 401,
	    'bad_front_signature', 'with none');
	refused(ask($legacy, token => FrontRequest::OLD,
	    secret => FrontRequest::SHARED), 401, 'bad_front_signature',
	    'with the newer one');
	taken(ask({ %$legacy, id => 'msg_plain' }, token => FrontRequest::PLAIN,
	    signature => undef), 'one that does not sign');
	refused(ask($legacy, signature => undef), 401, 'bad_front_signature',
	    'the older form at the newer channel is signed, too');
}

# ---- who asks
my $now = int(1000 * Time::HiRes::time());
my $body = envelope('authorization', \%channel);

taken(ask($body, secret => FrontRequest::NEXT), 'the next secret');
taken(ask($body, time => int($now / 1000)), 'seconds');
refused(ask($body, @{$_->[0]}), 401, 'bad_front_signature', $_->[1]) for (
	[[signature => undef], 'no signature'],
	[[secret => 'x' x 32], 'another secret'],
	[[signs => '{}'], 'another body'],
	[[signs => 'undefined'], 'the word for no body'],
	[[time => $now - 301_000], 'five minutes ago'],
	[[time => $now + 310_000], 'five minutes ahead'],
	[[time => 'now'], 'no time'],
	[[headers => ['X-Front-Request-Timestamp: 1']], 'two times'],
	[[headers => ['X-Front-Signature: x']], 'two signatures'],
	[[method => 'DELETE', signs => '{}'], 'DELETE signed otherwise']);
refused(ask($body, token => $_->[0]), 404, 'not_found', $_->[1]) for (
	['no-channel-has-this-one', 'an unknown token'],
	[substr(FrontRequest::TOKEN, 0, -1), 'a token cut'],
	[FrontRequest::TOKEN . 'x', 'a token with more'],
	[FrontRequest::TOKEN . '/x', 'a path with more'], ['', 'no token']);
{
	my $answer = ask($body, method => 'PUT');

	is($answer->{status}, 405, 'PUT: 405');
	is($answer->{headers}{allow}, 'POST, DELETE', 'PUT: what is allowed');
}
refused(ask('{"text":"' . 'x' x 66000 . '"}'), 413, 'body_too_large',
    'more than 64 kB');

# The vectors, as if they were made now: those that hold are signed anew.
{
	my $folder = $ENV{FRONTLINE_SHARED} // "$ENV{abs_top_srcdir}/../shared";
	my @files = grep { -r } "$ENV{abs_top_srcdir}/t/data/" .
	    'front-signature-vectors.json',
	    "$folder/protocol/front-signature-vectors.json";
	my ($count, @wrong) = 0;

	for my $file (@files) {
		open my $in, '<', $file or die "$file: $!\n";
		local $/;
		my $all = decode_json(<$in>)->{signatures};

		for my $v (grep { $_->{scheme} eq 'front-hmac-sha256' } @$all) {
			my $secrets = $v->{secrets} // [$v->{secret}];

			next if grep { length $_ < 16 } @$secrets;
			$count++;
			push @wrong, $v->{name} unless judged($v, @$secrets);
		}
	}
	ok($count > 40, "$count vectors");
	is(join(' ', @wrong), '', 'through nginx, judged as they should be');
}

# One vector: the clock of its world is moved to ours, its MAC too, where that
# is the one of its timestamp.
sub judged {
	my ($v, @secrets) = @_;
	my $bytes = decode_base64($v->{body_base64});
	my $time = $v->{headers}{'X-Front-Request-Timestamp'};
	my $mac = $v->{headers}{'X-Front-Signature'};
	my $moved = $time;
	my $by = int(Time::HiRes::time()) * 1000 - $v->{now_ms};
	my @headers = 'Content-Type: application/json';

	if (defined $time && $time =~ /^(0*)([1-9]\d{9,12})\z/) {
		my $apart = abs(($2 > 1e12 ? $2 : 1000 * $2) - $v->{now_ms});

		# A moment at the edge is over before the request arrives.
		return 1 if abs($apart - 300_000) < 60_000;
		$moved = $1 . ($2 > 1e12 ? $2 + $by : $2 + $by / 1000);
		for my $secret (FrontRequest::SECRET, @secrets, 'other') {
			for my $signed ($bytes, 'undefined') {
				next unless defined $mac && $mac eq
				    hmac_sha256_base64("$time:$signed",
					$secret) . '=';
				my ($n) = grep { $secrets[$_] eq $secret }
				    0 .. $#secrets;
				my $with = !defined $n ? $secret
				    : (FrontRequest::SECRET,
					FrontRequest::NEXT)[$n];
				$mac = hmac_sha256_base64("$moved:$signed",
				    $with) . '=';
			}
		}
	}
	push @headers, "X-Front-Signature: $mac" if defined $mac;
	push @headers, "X-Front-Request-Timestamp: $moved" if defined $moved;
	my $answer = $stage->fetch_all({
		url     => "$stage->{url}/front/" . FrontRequest::TOKEN,
		method  => $v->{method},
		body    => $bytes,
		headers => \@headers,
	});
	my $is_accepted = $answer->{status} == 200 || $answer->{status} == 400;

	diag("$v->{name}: $answer->{status} $answer->{body}")
	    if $is_accepted != ($v->{expect} eq 'accept');
	return $is_accepted == ($v->{expect} eq 'accept');
}

# ---- no database: nothing is lost, since the agent sees that it is not sent
$stage->stop_postgres;
refused(ask(reply_to(id => 'msg_later')), 503, 'unavailable', 'no database');
$stage->start_postgres;
$stage->wait_database;
taken(ask(reply_to(id => 'msg_later')), 'the agent presses again');

# ---- the log
{
	my $log = $stage->slurp('log/fcgi.log') .
	    $stage->slurp('log/frontline.access.log');

	unlike($log, qr/canary/, 'neither token nor secret');
	unlike($log, qr/15125550123|boiler/, 'nor a number, nor a text');
}

done_testing;
