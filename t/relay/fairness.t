#!/usr/bin/perl
# Who has a thousand texts waiting delays nobody who has one: neither towards
# Front nor towards Twilio.  Nor do more of them than a relay has in hand at
# once: whoever is served goes to the back of the queue.  What counts is the
# order in which the peers are asked.
use strict;
use warnings;
use Bridge;
use Stage;
use Test::More;

use constant {
	LOUD  => 1000,
	QUIET => 50,
	MANY  => 20, # more than DESTINATION_JOBS
};

# Front takes four requests a second of a channel: five channels, ten quiet
# customers in each, the loud one in the first.
my @channels = map { { name => "c$_", number => "+1512555018$_" } } 1 .. 5;
my $stage = bridge(numbers => '+15125550180',
    front => [map { ('--channel', "cha_$_") } '7k2q',
        map { $_->{name} } @channels],
    more => [map { [$_->{name}, "cha_$_->{name}", $_->{number}] } @channels]);

sub customer { return sprintf '+1415555%04d', $_[0] }

# Waits until all that is quiet is there, and looks at what came before.
sub is_fair {
	my ($name, $most, $bodies) = @_;
	my (@said, %its);

	wait_until(sub {
		@said = $bodies->();
		return QUIET == grep { /^quiet/ } @said;
	}, "$name: the quiet ones are there", 60);
	my ($last) = grep { $said[$_] =~ /^quiet/ } reverse 0 .. $#said;
	my $loud = grep { /^loud/ } @said[0 .. $last];

	cmp_ok($loud, '>=', 1, "$name: the loud are served");
	cmp_ok($loud, '<=', $most, "$name: and delay nobody");
	/^loud (\d+) (\d+)/ and push @{$its{$1}}, $2 for @said;
	is_deeply([grep { "@{$its{$_}}" ne join ' ', 1 .. @{$its{$_}} }
	    keys %its], [], "$name: each in its order");
}

# Replies of agents' to so many customers from one on, so many to each.
sub replies {
	my ($word, $first, $customers, $each) = @_;

	$stage->sql("SELECT count(*) FROM generate_series(1, $each) n,
	    generate_series(1, $customers) c, frontline_api.take_reply('main',
	    '[\"+15125550180\"]', concat('msg_$word', c, '_', n), 'message',
	    jsonb_build_array('+1415555' || lpad(($first + c)::text, 4, '0')),
	    concat('$word ', c, ' ', n), NULL, 'ines', NULL, '[]', false,
	    now())");
}

# ---- to Front
$stage->sql("SELECT frontline_queue.pause('front', '1 hour', 'test')");
$stage->sql("SELECT count(*) FROM generate_series(1, @{[LOUD]}) n,
    frontline_api.take_text('c1', 'SM' || lpad(to_hex(n), 32, '0'),
    '@{[customer(0)]}', '$channels[0]{number}', 'loud 1 ' || n, NULL, NULL,
    NULL, false, 90, now())");
for my $n (1 .. QUIET) {
	my $channel = $channels[$n % @channels];

	text_in($stage, channel => $channel->{name}, from => customer($n),
	    to => $channel->{number}, body => "quiet $n 1");
}
$stage->sql(q{SELECT frontline_queue.resume('front')});
my $pid = $stage->start_relay;
is_fair('Front', QUIET / 5 + 1, sub {
	map { $_->{body} =~ /"((?:loud|quiet) \d+ \d+)"/ ? $1 : () }
	    $stage->front_ledger;
});
$stage->end_relay($pid);
$stage->sql("SELECT frontline_queue.pause('front', '1 hour', 'test')");

# ---- to Twilio
for (['one', 1, LOUD, QUIET / 5 + 1], ['many', MANY, LOUD / MANY, 3 * MANY]) {
	my ($name, $loud, $each, $most) = @$_;

	$stage->sql(q{SELECT frontline_queue.pause('twilio_messages', '1 hour',
	    'test')});
	replies('loud', 5000, $loud, $each);
	replies('quiet', 0, QUIET, 1);
	$stage->reset_twilio;
	$stage->sql(q{SELECT frontline_queue.resume('twilio_messages')});
	$pid = $stage->start_relay;
	is_fair("Twilio, $name", $most, sub {
		map { StandIn::Client::field($_, 'Body') }
		    grep { $_->{method} eq 'POST' } $stage->ledger;
	});
	$stage->end_relay($pid);
	$stage->sql('TRUNCATE frontline.text_message, frontline.text_thread,
	    frontline.text_media, frontline_queue.job, frontline_queue.lane,
	    frontline_queue.seen');
}
done_testing;
