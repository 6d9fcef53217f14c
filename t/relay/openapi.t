#!/usr/bin/perl
# Every request that the relay and frontlinectl send, against Twilio's own
# description, which is no part of this repository: FRONTLINE_SHARED names the
# folder that has protocol/twilio-openapi.json.
use strict;
use warnings;
use OpenAPI;
use Stage;
use Test::More;

my $folder = $ENV{FRONTLINE_SHARED} // "$ENV{abs_top_srcdir}/../shared";
my $file = "$folder/protocol/twilio-openapi.json";

plan skip_all => "Twilio's description is not there: $file" unless -e $file;
my $api = OpenAPI->new($file);
my $stage = Stage->new(responders => 0, nginx => 0, sample => 0, twilio => [],
    config => { 'limits.twilio_per_second' => 1000 });
my $twilio = $stage->twilio;
my $service = $stage->new_sid('IS');
# Whatever a path has to hide.
my $worker = "ana+\x{e5}/b ?#%\@example.com";
my $bytes = $worker;
utf8::encode($bytes);

$stage->sql("UPDATE frontline_queue.destination SET settle = '0', resend = '0'
    WHERE name = 'conversations';
    INSERT INTO frontline.worker (identity) VALUES ('$bytes')");
$twilio->control('POST', 'users', { identity => $worker });

# A conversation in the default service, or in a named one.
sub conversation {
	my ($named) = @_;

	return ($stage->new_conversation($named ? (service => $service) : ()),
	    $named ? $service : undef);
}

sub send_job {
	my ($kind, $sid, $named, %payload) = @_;
	my ($job) = $stage->enqueue_all([$sid, $stage->new_sid('D'), $kind,
	    { conversation_sid => $sid, service_sid => $named, %payload }]);

	$stage->hurry_all;
	return $stage->outcome_of($job);
}

$stage->start_relay;
for my $named (0, 1) {
	my $where = $named ? 'in a named service' : 'in the default service';
	my ($sid, $in) = conversation($named);

	like(send_job('participant.add', $sid, $in, identity => $worker),
	    qr/^sent/, "a worker is added $where");
	like(send_job('participant.add', $sid, $in, identity => $worker),
	    qr/^unneeded/, 'and, being there, fetched');

	my $path = ($named ? "/v1/Services/$service" : '/v1') .
	    "/Conversations/$sid/Participants";
	my $made = $twilio->call('POST', $path,
	    { 'MessagingBinding.Address' => "+1415555010$named",
	        'MessagingBinding.ProxyAddress' => '+15005550006' });
	like(send_job('participant.attributes', $sid, $in,
	    participant_sid => $made->{json}{sid}, customer_id => '1041',
	    display_name => "In\x{ea}s & = +", avatar => undef), qr/^sent/,
	    'a customer is tied');

	$stage->script({ method => 'POST', path => "$sid/Messages",
	    action => 'close' });
	like(send_job('message.add', $sid, $in,
	    body => "Gr\x{fc}\x{df}e &=+%\n\x{1f600}"), qr/^reconciled/,
	    'something is said, and looked for');

	my ($other) = conversation($named);
	$stage->sql("UPDATE frontline.conversation SET customer_address =
	    '+1415555010$named', proxy_address = '+15005550006'
	    WHERE conversation_sid = '$other'");
	$stage->script({ method => 'POST', path => $other, action => 'error',
	    status => 409, code => 50416, message => 'it exists' });
	like(send_job('participant.add', $other, $in, identity => $worker),
	    qr/^unneeded\|$sid/, 'a pair is searched for');
}
# 101 messages make a second page.
my ($sid) = conversation();
$twilio->call('POST', "/v1/Conversations/$sid/Messages", { Body => "no $_" })
    for 1 .. 101;
my $from = () = $stage->ledger;
$stage->script({ method => 'POST', path => $sid, action => 'close',
    when => 'before' });
like(send_job('message.add', $sid, undef, body => 'x'), qr/^sent/,
    'several pages are read');
wait_until(sub { grep { $_->{path} =~ m{^/v1/Users/} } $stage->ledger },
    'Frontline is asked about its user');

my @ctl = ('-c', $stage->{conf}, 'user');
for (['show', $bytes], ['set', $bytes, '--friendly-name', 'Ana &=+',
    '--avatar', 'https://cdn.example.net/a?b=c&d', '--state', 'active',
    '--available', 'yes'], ['set', $bytes, '--available', 'no']) {
	my ($printed, $status) = $stage->ctl(@ctl, @$_);

	is($status, 0, "frontlinectl user $_->[0]") or diag $printed;
}

my (%operation, @faults);
for my $entry ($stage->ledger) {
	# What the test itself has asked for says nothing of what it accepts.
	next unless defined $entry->{headers}{accept};
	$operation{$entry->{operation}}++ if $entry->{operation};
	push @faults, map { "$entry->{method} $entry->{path}: $_" }
	    $api->faults($entry), @{$entry->{invalid}};
	push @faults, "$entry->{path}: without credentials"
	    if $entry->{auth} ne 'right';
}
is(join("\n", @faults), '', 'every request is as Twilio describes it');
ok($operation{$_}, "$_ was among them") for qw(create_participant
    fetch_participant update_participant create_said list_said
    list_participant_conversations fetch_user update_user);
is(scalar(grep { ($_->{query_text} // '') =~ /PageToken=/ } $stage->ledger($from)),
    1, 'and a second page');
done_testing;
