#!/usr/bin/perl
# The sweep: texts and fates that no webhook has brought.
use strict;
use warnings;
use Bridge;
use Stage;
use Test::More;

my $stage = bridge(config => { 'lookup.enabled' => 'yes' });
my $twilio = $stage->twilio;

sub at_twilio {
	my (%message) = @_;

	return $twilio->control('POST', 'messages', { from => THEIRS,
	    to => OURS, body => 'x', %message })->{sid};
}

sub known {
	my ($sid) = @_;

	return $stage->sql("SELECT count(*) FROM frontline.text_message
	    WHERE message_sid = '$sid'");
}

# Until a relay that is started now has ended a round, which brings that.
sub sweep {
	my ($sid) = @_;
	my $rounds = $stage->relay_said(qr/found=/);
	my $pid = $stage->start_relay;

	wait_until(sub { $stage->relay_said(qr/found=/) > $rounds },
	    'the round has ended', 30);
	is(known($sid), 1, "the sweep brings $sid");
	return $pid;
}

# ---- what customers wrote
my @many = map { at_twilio(body => "text $_") } 1 .. 105;
my ($mms, @urls) = picture($stage, 'with a picture', ['image/png', PNG],
    ['image/gif', 'GIF89a']);
my $other = at_twilio(to => '+15005550001');
my $ours = at_twilio(from => OURS, to => THEIRS, direction => 'outbound-api');
my $between = at_twilio(from => '+15005550001', direction => 'outbound-api');
my $old = at_twilio(date_sent => time - 9 * 86400);
my ($had) = map { text_in($stage, sid => at_twilio(body => 'had'),
    body => 'had') } 1;
my $last = at_twilio(body => 'STOP');

my $pid = sweep($many[0]);
is(scalar(grep { known($_) } @many), 105, 'every text is brought, once');
is($stage->sql("SELECT media FROM frontline.text_message
    WHERE message_sid = '$mms'") =~ /\Q$urls[0]\E.*\Q$urls[1]\E/s, 1,
    'with its pictures, in their order');
is(known($other), 0, 'not what is for a number of nobody');
is(known($ours), 0, 'not what we sent');
is(known($between), 0, 'not what another number of ours sent');
is(known($old), 0, 'not what is too old');
like(($stage->relay_said(qr/found=/))[0], qr/found=107 texts/,
    'their number is in the log');
is($stage->sql("SELECT count(*) FROM frontline.consent_event
    WHERE evidence = '$last'"), 1, 'by the same door: STOP counts');
is(scalar(grep { $_->{path} =~ /Messages\.json/ } $stage->ledger), 2,
    'two pages of the list');
is_deeply([map { @{$_->{invalid}} } $stage->ledger], [], 'by the book');
wait_until(sub { $stage->hurry; grep { $_->{body} =~ /^with a picture/
    && @{$_->{attachments}} == 2 } lines_of($stage) }, 'it is in Front');
$stage->end_relay($pid);

# ---- after an outage whose end a webhook told of
my $missed = at_twilio(body => 'missed', date_sent => time - 3 * 86400);
$stage->sql("UPDATE frontline.text_message SET at = at - interval '4 days',
    recorded_at = recorded_at - interval '4 days'");
text_in($stage, body => 'the first one after it');
$pid = sweep($missed);
is(known($old), 0, 'but not what is too old');
$stage->end_relay($pid);

# ---- the fate of what was sent
my @texts = map { (reply($stage, "msg_$_", 'x', to => ["+1415555010$_"]))[0] }
    1 .. 3;
$pid = $stage->start_relay;
wait_job($stage, 'text.send', $_) for @texts;
$stage->end_relay($pid);
my @sids = map { text_row($stage, $_, 'message_sid') } @texts;
$twilio->control('POST', 'status', { sid => $sids[0], status => 'delivered' });
$twilio->control('POST', 'status', { sid => $sids[1],
    status => 'undelivered', error_code => 30003 });
$stage->sql("UPDATE frontline.text_message SET recorded_at = recorded_at -
    interval '1 hour' WHERE direction = 'outbound'");
$pid = $stage->start_relay;
wait_until(sub { text_row($stage, $texts[1], 'status') eq 'undelivered' },
    'its fate is asked for');
wait_until(sub { text_row($stage, $texts[0], 'status') eq 'delivered' },
    'and that of the other');
is(text_row($stage, $texts[1], 'error_code'), 30003, 'with its reason');
is(text_row($stage, $texts[2], 'status'), 'queued', 'one has none yet');
is($stage->sql("SELECT count(*) FROM frontline_queue.seen
    WHERE dedupe = 'failed:$texts[1]'"), 1, 'Front is told');
$stage->end_relay($pid);

# ---- Twilio does not answer: the next round comes
$twilio->script({ method => 'GET', path => '/Messages', action => 'error',
    status => 503 });
$pid = $stage->start_relay;
wait_until(sub { $stage->relay_said(qr/could not be looked for: status 503/) },
    'a round that fails is told');
$stage->end_relay($pid);
done_testing;
