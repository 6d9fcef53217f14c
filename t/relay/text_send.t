#!/usr/bin/perl
# text.send: what an agent writes reaches the customer, what must not is not
# sent, and whatever is not sent is told.
use strict;
use warnings;
use utf8;
use Bridge;
use MIME::Base64 qw(encode_base64);
use Stage;
use StandIn::Client;
use Test::More;

my $wa = 'whatsapp:';
my $stage = bridge(numbers => OURS . " $wa" . OURS);
my $twilio = $stage->twilio;

sub sent { return @{$stage->twilio_state->{messages}} }

sub outcome { return (split /\|/, wait_job($stage, 'text.send', @_))[0] }

# Why Front is told that a text failed: "code|reason".
sub failure {
	my ($text) = @_;

	return $stage->sql("SELECT t.error_code, t.reason
	    FROM frontline.text_message t WHERE t.text_id = $text
	    AND t.status = 'failed' AND EXISTS (SELECT
	    FROM frontline_queue.seen s WHERE s.dedupe = 'failed:$text')");
}

# What agents are told of a text beside that.
sub comments {
	my ($text) = @_;

	return $stage->sql("SELECT payload ->> 'reason' FROM (
	    SELECT payload, job_id FROM frontline_queue.job
	    WHERE kind = 'front.comment' AND payload ->> 'text_id' = '$text')
	    c ORDER BY job_id");
}

$stage->sql("SELECT frontline_queue.pause('front', '1 hour', 'test')");
$stage->start_relay;

# ---- it is sent
my ($text) = reply($stage, 'msg_1', "Grüße & = % +\n😀");
like(wait_job($stage, 'text.send', $text), qr/^sent\|SM[0-9a-f]{32}\|1$/,
    'a text is sent');
my ($message) = sent();
is($message->{body}, "Grüße & = % +\n😀", 'as it was written');
is("$message->{from} $message->{to}", OURS . ' ' . THEIRS, 'between the two');
like($message->{status_callback},
    qr{^\Q$stage->{url}\E/twilio/status/[0-9a-f]{8}-[0-9a-f-]{27}$},
    'and its callback names the request');
my ($entry) = grep { $_->{method} eq 'POST' } $stage->ledger;
is(StandIn::Client::field($entry, 'ValidityPeriod'), 14400,
    'it is of no use later than in four hours');
is_deeply($entry->{invalid}, [], 'by the book');
is(text_row($stage, $text, 'message_sid, status'),
    "$message->{sid}|queued", 'its SID is known');

# ---- with pictures of Front's
sub file {
	my ($name, $bytes, $type, %more) = @_;

	return { filename => $name, content_type => $type,
	    body => encode_base64($bytes, ''), %more };
}

# Files as an agent's message in Front has them.
sub attached {
	my (@files) = @_;
	my $reply = $stage->front_reply(to => [THEIRS], text => 'x',
	    attachments => \@files);
	my ($message) = map { @{$_->{messages}} }
	    reverse @{$stage->front_state->{conversations}};

	return [map { { url => $stage->front_url . "/messages/$message->{id}" .
	    "/download/$_->{id}", filename => $_->{filename},
	    content_type => $_->{content_type} } } @{$message->{attachments}}];
}

$stage->front->set(tolerate_late => 1);
my $files = attached(file('a.png', PNG, 'image/png'),
    file('page.html', '<html>', 'image/png'),
    { filename => 'long.pdf', content_type => 'application/pdf',
        fill => 600_001 });
($text) = reply($stage, 'msg_2', 'Look', attachments => $files);
is(outcome($text), 'sent', 'a text with pictures is sent');
$message = (sent())[-1];
is(scalar @{$message->{media_urls}}, 1, 'with the one that can be');
my ($token) = $message->{media_urls}[0] =~
    m{^\Q$stage->{url}\E/media/([A-Za-z0-9_-]{32,})$};
ok($token, 'under an address that nobody can guess');
is($stage->sql("SELECT content_type, bytes = '" . unpack('H*', PNG)
    . "' FROM frontline_api.get_media('$token')"),
    'image/png|t', 'where it lies for Twilio');
is(comments($text), "A file was left out of this message (page.html): files " .
    "of this type cannot be sent.\nA file was left out of this message " .
    '(long.pdf): it is too large.', 'and the agent is told of the others');
my @fetched = grep { $_->{path} =~ m{/download/} } $stage->front_ledger;
is_deeply([map { $_->{auth} } grep { $_->{listener} eq 'api' } @fetched],
    [('right') x 3], 'files are asked for with a token');

($text) = reply($stage, 'msg_3', '', attachments => [
    { url => 'https://evil.example/x', filename => 'x.png' } ]);
is(outcome($text), 'unneeded', 'a file that is not in Front is not fetched');
is(failure($text), '|nothing of the message can be sent',
    'and without it there is nothing to send');

($text) = reply($stage, 'msg_other', 'beside', attachments => [
    { filename => 'other.png' } ]);
is(outcome($text), 'sent', 'the words beside it go');
is(comments($text), 'A file was left out of this message (other.png): it is ' .
    'no file in Front.', 'and the agent is told of the file');

# ---- a file that cannot be had now, or never
my @one = @{attached(file('b.png', PNG, 'image/png'))};
$stage->front->script({ path => '/download/', action => 'error',
    status => 503 });
($text) = reply($stage, 'msg_4', 'later', attachments => \@one);
like(wait_job($stage, 'text.send', $text), qr/^sent\|MM\w+\|2$/,
    'a file that is there later goes along later');
$stage->front->script({ path => '/download/', action => 'error',
    status => 503, times => 4 });
($text) = reply($stage, 'msg_5', 'never', attachments => \@one);
like(wait_job($stage, 'text.send', $text), qr/^sent\|SM\w+\|4$/,
    'one that never is does not hold the text');
like(comments($text), qr/could not be fetched from Front/, 'and is told of');

# ---- other hosts
$stage->front->set(file_host => 'localhost');
my $before = grep { $_->{listener} eq 'storage' } $stage->front_ledger;
($text) = reply($stage, 'msg_6', 'elsewhere', attachments => \@one);
like(wait_job($stage, 'text.send', $text), qr/^sent\|SM/,
    'a redirect to a host that is not allowed');
is(scalar(grep { $_->{listener} eq 'storage' } $stage->front_ledger), $before,
    'is not followed');
$stage->front->set(file_host => '127.0.0.1');
is_deeply([map { @{$_->{invalid}} } $stage->front_ledger], [],
    'no credentials went to the second host');

# ---- what must not be sent
$stage->sql("SELECT frontline_queue.pause('twilio_messages', '1 hour', 'x')");
my $count = sent();
($text) = reply($stage, 'msg_7', 'on its way');
text_in($stage, body => 'STOP');
$stage->sql("SELECT frontline_queue.resume('twilio_messages')");
is(outcome($text), 'unneeded', 'who opts out meanwhile gets nothing');
is(scalar sent(), $count, 'Twilio is not even asked');
is(failure($text), '|the customer has opted out', 'and the agent is told');
text_in($stage, body => 'START');
$twilio->set(opted_out => [THEIRS]);
($text) = reply($stage, 'msg_8', 'refused');
is(outcome($text), 'unneeded', 'Twilio refuses an opted-out customer');
like(failure($text), qr/^21610\|/, 'and the agent is told');
is_deeply([reply($stage, 'msg_9', 'refused at once')], [],
    'and take no more');
$twilio->set(opted_out => []);
text_in($stage, body => 'START');
$twilio->script({ method => 'POST', path => '/Messages', action => 'error',
    status => 400, code => 21211, message => 'Invalid To ' . THEIRS });
($text) = reply($stage, 'msg_10', 'bad number');
is(outcome($text), 'unneeded', 'a number that is none');
is(scalar $stage->relay_said(qr/may not send/), 0, 'is no fault of ours');
$twilio->script({ method => 'POST', path => '/Messages', action => 'error',
    status => 400, code => 21606, message => 'From is not ours' });
my ($ours) = reply($stage, 'msg_11', 'bad sender');
is(outcome($ours), 'unneeded', 'a sender that is none');
is(scalar $stage->relay_said(qr/error.* may not send/i), 1, 'is an alarm');
like(failure($text), qr/^21211\|Invalid To/, 'is told with its code');

# ---- WhatsApp
sub wa_reply {
	my ($id, $body, %more) = @_;

	return (reply($stage, $id, $body, to => [$wa . THEIRS],
	    numbers => [OURS, $wa . OURS], %more))[0];
}

$text = wa_reply('msg_20', 'too late');
is(outcome($text), 'unneeded', 'who has not written for a day');
like(failure($text), qr/24 hours/, 'gets nothing without a template');
text_in($stage, from => $wa . THEIRS, to => $wa . OURS);
$text = wa_reply('msg_21', 'in time');
is(outcome($text), 'sent', 'who has written gets an answer');
$message = (sent())[-1];
is("$message->{from} $message->{to}", $wa . OURS . " $wa" . THEIRS,
    'by WhatsApp');


my $template = 'HX' . '1' x 32;
$stage->write_config('front.whatsapp_template' => $template);
kill 'HUP', keys %{$stage->{relays}};
wait_until(sub { $stage->relay_said(qr/read .* again/) }, 'it is read');
($text) = reply($stage, 'msg_22', 'too late', to => [$wa . '+15125550777'],
    numbers => [OURS, $wa . OURS]);
is(outcome($text), 'sent', 'with a template there is a way');
$message = (sent())[-1];
is("$message->{content_sid} $message->{body}", "$template ",
    'the template goes instead of the words');
like(comments($text), qr/template/, 'and the agent is told');
done_testing;
