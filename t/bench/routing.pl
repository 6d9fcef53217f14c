#!/usr/bin/perl
# routing.pl -- how long from the routing callback to the worker in Twilio's
# participant list: through nginx, responder process, PostgreSQL and relay, to
# the stand-in.  Beside it, in the same run, what one request to the stand-in
# alone takes, and a callback that only reads.
#
#	routing.pl [--conversations N]
#
# Each conversation is routed alone, on a machine that does nothing else.
# Times are from before curl is started, so they hold its start and the TLS
# handshake.
use strict;
use warnings;
use Getopt::Long;
use Stage;
use Time::HiRes qw(time);

my %opt = (conversations => 200);
GetOptions(\%opt, 'conversations=i')
    or die "usage: routing.pl [--conversations N]\n";
my $stage = Stage->new(twilio => [], config => {
	'service.default_worker' => Stage->WORKER,
	'limits.twilio_per_second' => 1000,
	'limits.users_interval' => 0,
});
$stage->sql('DELETE FROM frontline.routing_rule');
$stage->start_relay;
$stage->wait_queue_empty;

my %took;
for my $n (1 .. $opt{conversations}) {
	my $sid = sprintf 'CH%032x', 0xabc000 + $n;
	my $request = $stage->signed('/callbacks/routing', [
		ConversationSid => $sid, State => 'active',
		'MessagingBinding.Address' => sprintf('+1415557%04d', $n),
		'MessagingBinding.ProxyAddress' => '+15005550006']);
	$stage->reset_twilio;
	$stage->twilio->control('POST', 'conversations', { sid => $sid });
	my $began = time;
	my $answer = $stage->fetch_all($request);
	push @{$took{'callback answered'}}, time - $began;
	die "status $answer->{status}\n" if $answer->{status} != 200;
	my $entry;
	wait_until(sub {
		($entry) = grep { $_->{method} eq 'POST' && $_->{effect}
		    && index($_->{path}, $sid) >= 0 } $stage->ledger;
	}, 'the worker is there', 20);
	push @{$took{'worker in the list'}}, $entry->{time} - $began;

	$began = time;
	$stage->twilio->call('POST', "/v1/Conversations/$sid/Participants",
	    { Identity => 'somebody@example.com' });
	push @{$took{'stand-in alone'}}, time - $began;
	$began = time;
	$stage->post('GetTemplatesByCustomerId', { CustomerId => 2 });
	push @{$took{'a callback that reads'}}, time - $began;
}

printf "%-24s %8s %8s %8s\n", 'ms', 'median', 'p95', 'worst';
for ('stand-in alone', 'a callback that reads', 'callback answered',
    'worker in the list') {
	my @sorted = sort { $a <=> $b } @{$took{$_}};

	printf "%-24s %8.1f %8.1f %8.1f\n", $_, map { 1000 * $sorted[$_] }
	    int($#sorted / 2), int(0.95 * $#sorted), $#sorted;
}
