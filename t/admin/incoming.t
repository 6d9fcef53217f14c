#!/usr/bin/perl
# frontlinectl incoming: a customer begins to write, through nginx, the
# responder processes, the database, the relay and Twilio's stand-in.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new(twilio => ['--auto-conversations'],
    config => { 'limits.users_interval' => 0 });
my ($from, $to) = ('+14155550142', '+15005550006');

sub incoming { return $stage->ctl('-c', $stage->{conf}, 'incoming', @_) }

$stage->sql("UPDATE frontline.worker SET is_available = true;
    INSERT INTO frontline.proxy_address (address) VALUES ('$to')
    ON CONFLICT DO NOTHING");
my ($said, $status) = incoming('--from', $from, '--to', $to);
is($status, 0, 'it is answered') or diag $said;
like($said, qr/^conversation +(CH[0-9a-f]{32})\nname +Ines Okafor\n\z/,
    'with the SID, and the name that the conversation gets');
my ($sid) = $said =~ /(CH[0-9a-f]{32})/;
is($stage->sql("SELECT w.identity FROM frontline.conversation v
    JOIN frontline.worker w USING (worker_id)
    WHERE v.conversation_sid = '$sid'"), $stage->WORKER,
    'it is routed to the owner of the customer');
is($stage->sql("SELECT string_agg(kind, ' ' ORDER BY seq)
    FROM frontline_queue.job WHERE key = '$sid'"),
    'participant.attributes participant.add', 'and two jobs wait');
$stage->start_relay;
$stage->wait_queue_empty;
my ($conversation) = grep { $_->{sid} eq $sid }
    @{$stage->twilio_state->{conversations}};
is_deeply([map { $_->{identity} } @{$conversation->{participants}}],
    [$stage->WORKER], 'the relay brings the worker in');

my $known = 'CH' . 'a' x 32;
($said, $status) = incoming('--from', "whatsapp:$from", '--to',
    "whatsapp:$to", '--conversation', $known, '--participant',
    'MB' . 'b' x 32);
is($status, 0, 'WhatsApp, in a conversation that is given');
is($stage->sql("SELECT conversation_sid FROM frontline.participant
    WHERE participant_sid = 'MB" . 'b' x 32 . "'"), $known,
    'and with its participant');

for ([['--to', $to], qr/incoming needs --from/],
    [['--from', $from], qr/incoming needs --to/],
    [['--from', '4155550142', '--to', $to], qr/--from: '4155550142'/],
    [['--from', $from, '--to', $to, '--conversation', 'CH1'],
        qr/--conversation: 'CH1'/],
    [['--from', $from, '--to', $to, '--participant', 'x'],
        qr/--participant: 'x'/],
    [['--from', $from, '--to', $to, '--url', 'http://example.com'],
        qr/--url: /],
    [['--from', $from, '--to', "whatsapp:$to"], qr/different channels/],
    [['--from', $from, '--to', $to, 'x'], qr/no use for 'x'/]) {
	my ($arguments, $says) = @$_;

	($said, $status) = incoming(@$arguments);
	is($status, 64, "@$arguments: 64");
	like($said, $says, '... and why');
}
($said, $status) = incoming('--help');
is($status, 0, '--help');
like($said, qr/^usage: /, '... says how');
$stage->put('secret/auth_token', 'f' x 32 . "\n", 0400);
($said, $status) = incoming('--from', $from, '--to', $to);
is($status, 1, 'a wrong token is refused');
like($said, qr/^frontlinectl: onConversationAdd: 403 bad_signature: /,
    '... at the first webhook');
done_testing;
