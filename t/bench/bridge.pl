#!/usr/bin/perl
# bridge.pl -- how long from Twilio's webhook to Front's 202, through nginx,
# responder process, PostgreSQL and relay, to the stand-in; and back, from an
# agent's send to Twilio's 201.  Beside it, in the same run, what one request to
# either stand-in alone takes, and a callback that only reads.
#
#	bridge.pl [--texts N]
#
# Each text comes alone, on a machine that does nothing else.  Times are from
# before curl is started (by the stand-in, where Front calls), so they hold its
# start and the TLS handshake.
use strict;
use warnings;
use Bridge;
use Getopt::Long;
use SignFront qw(jwt);
use Stage;
use Time::HiRes qw(time);

# Front takes four requests a second of a channel, which is not to be measured.
use constant CHANNELS => 12;

my %opt = (texts => 200);
GetOptions(\%opt, 'texts=i') or die "usage: bridge.pl [--texts N]\n";

my @channels = map { { name => "c$_", id => "cha_c$_",
    number => sprintf('+151255502%02d', $_) } } 1 .. CHANNELS;
my $stage = bridge(whole => 1, sample => 1,
    config => { 'front.first_response_tag' => '' },
    front => [map { ('--channel', $_) } Stage->FRONT_CHANNEL,
        map { $_->{id} } @channels],
    more => [map { [@$_{qw(name id number)}] } @channels]);
my ($front, $twilio) = ($stage->front, $stage->twilio);

for (@channels) {
	my $url = "$stage->{url}/front/" . path_token($stage, $_->{name});

	$front->control('POST', 'channels', { id => $_->{id},
		address => $_->{number}, webhook => $url });
}
$stage->start_relay;
$stage->wait_relay;
$stage->wait_queue_empty;

my (%took, %read);

# Until a stand-in has answered a POST that it had not answered before; when.
sub answered {
	my ($peer, $path) = @_;
	my $entry;

	wait_until(sub {
		($entry) = grep { $_->{method} eq 'POST' && $_->{effect}
		    && $_->{path} =~ $path } $peer->ledger($read{$peer});
	}, "a request of $path", 20);
	return $entry->{answered};
}

# Passes over what has been asked so far.
sub mark {
	for ($front, $twilio) {
		my $count = $_->ledger($read{$_});

		$read{$_} += $count;
	}
}

sub measure {
	my ($what, $call) = @_;
	my $began = time;

	push @{$took{$what}}, ($call->() // time) - $began;
}

sub floors {
	my ($channel, $n) = @_;
	my $jwt = jwt({ iss => $stage->FRONT_APP_UID, sub => $channel->{id},
	    jti => "floor$n", exp => 25 + int time }, $stage->FRONT_SECRET);

	measure('Front alone', sub {
		my $answer = $front->ask('POST',
		    "/channels/$channel->{id}/inbound_messages", bearer => $jwt,
		    json => { sender => { handle => '+14155550000' },
		    body => 'x', metadata => { external_id => "floor$n",
		    external_conversation_id => 'floor' } });
		die "status $answer->{status}\n" if $answer->{status} != 202;
		return undef;
	});
	measure('Twilio alone', sub {
		$twilio->call('POST', '/2010-04-01/Accounts/' .
		    $stage->ACCOUNT . '/Messages.json', {
		    From => $channel->{number}, To => '+14155550000',
		    Body => 'x' });
		return undef;
	});
	measure('a callback that reads', sub {
		$stage->post('GetTemplatesByCustomerId', { CustomerId => 2 });
		return undef;
	});
}

for my $n (1 .. $opt{texts}) {
	my $channel = $channels[$n % @channels];
	my $customer = sprintf '+1415557%04d', $n;
	my $request = twilio_text($stage, From => $customer,
	    To => $channel->{number}, Body => "text $n");

	floors($channel, $n);
	mark();
	my $began = time;
	my $answer = $stage->fetch_all($request);
	push @{$took{'webhook answered'}}, time - $began;
	die "status $answer->{status}\n" if $answer->{status} != 200;
	push @{$took{'the text is in Front'}},
	    answered($front, qr/inbound_messages$/) - $began;

	measure('the reply is at Twilio', sub {
		my $webhook = $stage->front_reply(to => [$customer],
		    channel => $channel->{id}, text => "reply $n");

		die "the reply: $webhook->{body}\n" unless $webhook->{right};
		return answered($twilio, qr/Messages\.json$/);
	});
}

printf "%-24s %8s %8s %8s\n", 'ms', 'median', 'p95', 'worst';
for ('Front alone', 'Twilio alone', 'a callback that reads',
    'webhook answered', 'the text is in Front', 'the reply is at Twilio') {
	my @sorted = sort { $a <=> $b } @{$took{$_}};

	printf "%-24s %8.1f %8.1f %8.1f\n", $_, map { 1000 * $sorted[$_] }
	    int($#sorted / 2), int(0.95 * $#sorted), $#sorted;
}
