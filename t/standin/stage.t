#!/usr/bin/perl
# A stage with a stand-in for Twilio: it runs, the configuration leads to it,
# and it can be scripted and read.
use strict;
use warnings;
use Stage;
use StandIn::Client;
use Test::More;

my $stage = Stage->new(responders => 1, nginx => 0, sample => 0,
    twilio => ['--auto-conversations']);
my $path = '/v1/Conversations/CH' . 'a' x 32;

for my $name (qw(api conversations lookups frontline)) {
	my ($value) = $stage->ctl('-c', $stage->{conf}, 'config', '--get',
	    "twilio.${name}_base_url");

	like($value, qr/\Q@{[$stage->twilio_url]}\E$/,
	    "$name leads to the stand-in");
}
is($stage->twilio->call('GET', $path)->{status}, 200,
    'its account and token are those of the stage');
$stage->script({ path => '/Conversations', action => 'error',
    status => 503 });
is($stage->twilio->call('GET', $path)->{status}, 503, 'it is scripted');
is_deeply([map { $_->{fault} } $stage->ledger(1)], ['error'],
    'its ledger is read from an entry on');
is($stage->twilio_state->{conversations}[0]{sid}, 'CH' . 'a' x 32,
    'its state is read');
$stage->reset_twilio;
is_deeply([$stage->ledger], [], 'and it is emptied');

is($stage->end($stage->{twilio_pid}, 'TERM'), 0, 'it ends well');
$stage->start_twilio;
is($stage->twilio->call('GET', $path)->{status}, 404, 'it is started again');
like($stage->slurp('frontline.conf'), qr/\Q@{[$stage->twilio_url]}\E$/m,
    'and the configuration follows');
done_testing;
