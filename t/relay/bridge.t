#!/usr/bin/perl
# The bridge as a whole, through nginx, responder processes, database and relay:
# what customers write appears in the inbox of their number, what agents answer
# leaves as a text of that number, pictures included; application channels and
# a legacy one side by side.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use Bridge;
use Digest::SHA qw(sha256_hex);
use MIME::Base64 qw(encode_base64);
use Stage;
use Test::More;

use constant {
	EAST => '+15125550189',
	OLD  => '+15125550190',
	LATE => '+15125550191',
	WA   => 'whatsapp:' . OURS,
};

my $stage = bridge(whole => 1, sample => 1, numbers => OURS . ' ' . WA,
    more => [['east', 'cha_east', EAST], ['old', 'cha_old', OLD, 'custom']]);
my ($front, $twilio) = ($stage->front, $stage->twilio);
my $jpeg = "\xff\xd8\xff\xe0" . join '', map { chr($_ % 251) } 1 .. 100_000;
my %id_of = (main => $stage->FRONT_CHANNEL, east => 'cha_east',
    old => 'cha_old');

# As they are made in Front; an application channel learns by its
# authorization where it is served.
for (['east', 'app', EAST], ['old', 'custom', OLD]) {
	my ($name, $kind, $number) = @$_;
	my $url = "$stage->{url}/front/" . path_token($stage, $name);

	$front->control('POST', 'channels', { id => $id_of{$name},
		kind => $kind, address => $number,
		$kind eq 'custom' ? (webhook => $url) : () });
	ok($stage->front_webhook(type => 'authorization', url => $url,
	    channel => $id_of{$name})->{right}, "$name is connected")
	    if $kind eq 'app';
}
$front->set(auto_import => 1, tolerate_late => 1);
$stage->start_relay;

# The newest message of a customer in a channel of Front, once it is there.
sub in_front {
	my ($channel, $customer, $text) = @_;
	my $found;

	wait_until(sub {
		($found) = grep { $_->{text} eq $text } map { @{$_->{messages}} }
		    grep { $_->{handle} eq $customer } conversations($channel);
		return $found;
	}, "'$text' is in $channel", 20);
	return $found;
}

# Those that have a message in a channel.
sub conversations {
	my ($channel) = @_;

	return grep { $_->{channel} eq $id_of{$channel} }
	    @{$front->state->{conversations}};
}

# The conversation that has this message.
sub conversation_of {
	my ($channel, $text) = @_;
	my ($found) = grep { grep { $_->{text} eq $text } @{$_->{messages}} }
	    conversations($channel);

	return $found->{id};
}

# The text at Twilio with these words, once it is there.
sub at_twilio {
	my ($words) = @_;
	my $found;

	wait_until(sub {
		($found) = grep { $_->{direction} eq 'outbound-api'
		    && $_->{body} eq $words } @{$stage->twilio_state->{messages}};
		return $found;
	}, "'$words' is at Twilio", 20);
	return $found;
}

sub send_text {
	my (%fields) = @_;
	my $answer = $stage->fetch_all(twilio_text($stage, %fields));

	is($answer->{status}, 200, "Twilio's webhook: $fields{Body}");
	return $answer;
}

# ---- each number has its inbox, and answers come from it
for (['main', OURS], ['east', EAST], ['old', OLD]) {
	my ($channel, $ours) = @$_;

	send_text(To => $ours, Body => "to $channel <&> ü");
	my $message = in_front($channel, THEIRS, "to $channel <&> ü");
	my ($post) = grep { $_->{path} =~ m{/\Q$id_of{$channel}\E/in} }
	    $stage->front_ledger;
	is_deeply([@{$post}{qw(auth invalid)}], ['right', []],
	    "$channel: by the book");
	my $webhook = $stage->front_reply(conversation => THEIRS,
	    channel => $id_of{$channel}, text => "from $channel");
	ok($webhook->{right}, "$channel: the agent sees that it is sent")
	    or diag(explain($webhook));
	cmp_ok($webhook->{seconds}, '<', 7, "$channel: in time");
	my $text = at_twilio("from $channel");
	is("$text->{from} $text->{to}", "$ours " . THEIRS,
	    "$channel: from its number");
}
is(join(' ', map { scalar conversations($_) } qw(main east old)), '1 1 1',
    'one customer has three conversations, one for each number');
wait_until(sub { $stage->sql(q{SELECT count(*) FROM frontline.text_message
    WHERE direction = 'inbound' AND front_message_id IS NOT NULL}) == 2 },
    'application channels tell what they have imported');

# ---- WhatsApp of the same customer is another conversation
send_text(From => 'whatsapp:' . THEIRS, To => WA, Body => 'by WhatsApp',
    ProfileName => 'Dana W');
is(in_front('main', THEIRS, 'by WhatsApp')->{name}, 'Dana W',
    'WhatsApp: with the name that the customer has there');
$stage->front_reply(conversation => conversation_of('main', 'by WhatsApp'),
    text => 'by WhatsApp, too');
my $text = at_twilio('by WhatsApp, too');
is("$text->{from} $text->{to}", WA . ' whatsapp:' . THEIRS,
    'WhatsApp: and so is the answer');

# ---- names of the CRM
my ($address, $name) = split /\|/, $stage->sql(q{SELECT h.value,
    c.display_name FROM frontline.channel h JOIN frontline.customer c
    USING (customer_id) WHERE h.type = 'sms' AND c.display_name ~ '^[A-Z]'
    AND c.deleted_at IS NULL ORDER BY customer_id LIMIT 1});
utf8::decode($name);
send_text(From => $address, Body => 'do you know me?');
is(in_front('main', $address, 'do you know me?')->{name}, $name,
    'a customer of the CRM comes with the name');

# ---- pictures, there and back
sub file {
	my ($name, $type, $bytes) = @_;

	return { filename => $name, content_type => $type,
		body => encode_base64($bytes, '') };
}

for (['main', OURS], ['old', OLD]) {
	my ($channel, $ours) = @$_;
	my ($sid, @urls) = picture($stage, "look $channel",
	    ['image/jpeg', $jpeg], ['image/png', PNG]);

	send_text(MessageSid => $sid, To => $ours, Body => "look $channel",
	    NumMedia => 2, map { ("MediaUrl$_" => $urls[$_],
	    "MediaContentType$_" => 'image/x') } 0, 1);
	my $message = in_front($channel, THEIRS, "look $channel");
	is_deeply([map { "$_->{content_type} $_->{sha256}" }
	    @{$message->{attachments}}], ['image/jpeg ' . sha256_hex($jpeg),
	    'image/png ' . sha256_hex(PNG)],
	    "$channel: pictures are in Front, byte for byte");

	$stage->front_reply(text => "see $channel",
	    conversation => conversation_of($channel, "look $channel"),
	    attachments => [file('a.jpg', 'image/jpeg', $jpeg),
	        file('b.png', 'image/png', PNG)]);
	my $text = at_twilio("see $channel");
	my @got = $stage->fetch_all(map { { url => $_ } }
	    @{$text->{media_urls}});
	is_deeply([map { "$_->{status} $_->{headers}{'content-type'} " .
	    sha256_hex($_->{body}) } @got],
	    ['200 image/jpeg ' . sha256_hex($jpeg),
	    '200 image/png ' . sha256_hex(PNG)],
	    "$channel: Twilio gets those of an agent, byte for byte");
}

# ---- one text for each recipient
$stage->front_reply(to => ['(512) 555-0141', '+15125550142'],
    channel => $id_of{east}, text => 'to both');
wait_until(sub { 2 == grep { $_->{body} eq 'to both' }
    @{$stage->twilio_state->{messages}} }, 'both are at Twilio');
is(join(' ', sort map { "$_->{from}-$_->{to}" }
    grep { $_->{body} eq 'to both' } @{$stage->twilio_state->{messages}}),
    join(' ', map { EAST . "-$_" } '+15125550141', '+15125550142'),
    'who is named as a recipient gets it, however the number is written');

# ---- whatever is told twice happens once
my $twice = twilio_text($stage, Body => 'twice');
my @answers = $stage->fetch_all($twice, $twice);
is($answers[1]{body}, $answers[0]{body}, 'a text told twice, answered alike');
in_front('main', THEIRS, 'twice');
my $webhook = $stage->front_reply(conversation => THEIRS,
    channel => $id_of{main}, text => 'pressed twice');
my $again = $stage->front_reply(again => $webhook->{message});
is_deeply($again->{json}, $webhook->{json}, 'send pressed twice, as well');
at_twilio('pressed twice');
$stage->hurry_all;
is(scalar(grep { $_->{text} eq 'twice' } map { @{$_->{messages}} }
    conversations('main')), 1, 'it is in Front once');
is(scalar(grep { $_->{body} eq 'pressed twice' }
    @{$stage->twilio_state->{messages}}), 1, 'and is sent once');

# ---- a number of ours that no channel has, until it gets one
my $sid = $twilio->control('POST', 'messages', { from => THEIRS, to => LATE,
	body => 'early' })->{sid};
send_text(MessageSid => $sid, To => LATE, Body => 'early');
is($stage->sql("SELECT direction, channel IS NULL FROM frontline.text_message
    WHERE message_sid = '$sid'"), 'inbound|t',
    'a text to a number without a channel is kept');
$stage->end_relay(keys %{$stage->{relays}});
$stage->write_config('front.east.numbers' => EAST . ' ' . LATE);
$stage->start_relay;
in_front('east', THEIRS, 'early');
pass('and comes to the channel that gets its number');
is_deeply([map { @{$_->{invalid}} } $stage->front_ledger, $stage->ledger], [],
    'all of it by the book');
my @tokens = map { $_->{claims} ? $_->{claims}{jti} : () }
    $stage->front_ledger;
my %tokens = map { $_ => 1 } @tokens;
cmp_ok(scalar @tokens, '>', 4, 'requests are proven by tokens');
is(scalar keys %tokens, scalar @tokens, 'each by one of its own');
done_testing;
