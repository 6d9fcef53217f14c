#!/usr/bin/perl
# A stage with a stand-in for Twilio: it runs, the configuration leads to it,
# it can be scripted and read, and its callbacks reach the responder.
use strict;
use warnings;
use Stage;
use StandIn::Client;
use Test::More;

my $stage = Stage->new(responders => 1, sample => 0,
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

# A path that takes signed forms tells a right signature from a wrong one.
for (['our token', $stage->TOKEN, 422], ['another one', 'x', 403]) {
	my ($name, $token, $status) = @$_;
	my $sent = $stage->twilio->call('POST', '/2010-04-01/Accounts/' .
	    $stage->ACCOUNT . '/Messages.json', { To => '+4790112233',
	    From => '+15005550006', Body => 'x',
	    StatusCallback => "$stage->{url}/callbacks/crm" })->{json};
	my $moved = $stage->twilio->control('POST', 'status', {
		sid => $sent->{sid}, status => 'sent', callback => {
		token => $token, cacert => "$stage->{dir}/tls/cert.pem" } });

	is($moved->{callback}{status}, $status, "a callback signed by $name");
}
$stage->reset_twilio;
is_deeply([$stage->ledger], [], 'and it is emptied');

is($stage->end($stage->{twilio_pid}, 'TERM'), 0, 'it ends well');
$stage->start_twilio;
is($stage->twilio->call('GET', $path)->{status}, 404, 'it is started again');
like($stage->slurp('frontline.conf'), qr/\Q@{[$stage->twilio_url]}\E$/m,
    'and the configuration follows');
done_testing;
