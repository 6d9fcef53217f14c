#!/usr/bin/perl
# A stage with a stand-in for Front: it runs, the configuration leads to it, it
# can be scripted and read, and its webhooks reach the stage over TLS.
use strict;
use warnings;
use SignFront qw(jwt);
use Stage;
use Test::More;

my $stage = Stage->new(responders => 1, sample => 0,
    front => ['--auto-import']);

# A text of a customer.
sub bring {
	my ($id) = @_;

	return $stage->front->ask('POST', '/channels/' . $stage->FRONT_CHANNEL .
	    '/inbound_messages', bearer => jwt({ iss => $stage->FRONT_APP_UID,
	    sub => $stage->FRONT_CHANNEL, jti => $id, exp => time + 25 },
	    $stage->FRONT_SECRET), json => {
	    sender => { handle => '+15125550123' }, body => 'x',
	    metadata => { external_id => $id,
	    external_conversation_id => 'k' } });
}

my ($value) = $stage->ctl('-c', $stage->{conf}, 'config', '--get',
    'front.api_base_url');
like($value, qr/\Q@{[$stage->front_url]}\E$/, 'the configuration leads to it');
is(bring('SM1')->{status}, 202,
    'its application, channel and secret are those of the stage');
is($stage->front->ask('GET', '/me', bearer => $stage->FRONT_API_TOKEN)
    ->{status}, 200, 'and its API token');
$stage->front->script({ path => '/inbound_messages', action => 'error',
    status => 503 });
is(bring('SM2')->{status}, 503, 'it is scripted');
is_deeply([map { $_->{fault} } $stage->front_ledger(2)], ['error'],
    'its ledger is read from an entry on');
wait_until(sub {
	my ($first) = @{$stage->front_state->{webhooks}};
	return $first && $first->{status};
}, 'message_imported reaches the stage');

my $webhook = $stage->front_webhook(type => 'authorization',
    url => "$stage->{url}/healthz");
is($webhook->{error}, undef, 'a webhook trusts the certificate of the stage');
ok($webhook->{status}, 'and is answered');
$stage->reset_front;
is_deeply([$stage->front_ledger], [], 'it is emptied');

is($stage->end($stage->{front_pid}, 'TERM'), 0, 'it ends well');

# Another authority does not vouch for the stage.
my ($said) = $stage->run('openssl', 'req', '-x509', '-newkey', 'ec',
    '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=x',
    '-keyout', "$stage->{dir}/tls/other.key",
    '-out', "$stage->{dir}/tls/other.pem");
$stage->start_front('--channel', 'cha_9', '--ca-file',
    "$stage->{dir}/tls/other.pem");
is($stage->front_state->{channels}[0]{id}, 'cha_9', 'it is started again');
like($stage->slurp('frontline.conf'), qr/\Q@{[$stage->front_url]}\E$/m,
    'and the configuration follows');
$webhook = $stage->front_reply(to => ['+15125550123'], text => 'x');
like($webhook->{error}, qr/^60 /, 'a webhook trusts no other certificate')
    or diag($said);
is($stage->front_state->{conversations}[0]{messages}[0]{delivery}, 'failed',
    'and the agent sees that it did not go');
done_testing;
