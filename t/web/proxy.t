#!/usr/bin/perl
# GetProxyAddress: from which of our numbers a worker writes to a customer.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new;

sub proxy {
	my ($customer, $type, $value, %more) = @_;

	return $stage->post('GetProxyAddress', { CustomerId => $customer,
	    ChannelType => $type, ChannelValue => $value, %more });
}

# Only numbers of this test's own are in use.
$stage->sql(<<'END');
UPDATE frontline.proxy_address SET active = false;
INSERT INTO frontline.team (name) VALUES ('Alpha'), ('Beta');
INSERT INTO frontline.worker (identity) VALUES ('bela@example.com'), ('cora@example.com');
INSERT INTO frontline.team_worker (worker_id, team_id)
SELECT worker_id, team_id FROM frontline.worker, frontline.team WHERE identity = 'bela@example.com' AND name = 'Alpha';
INSERT INTO frontline.customer (customer_id, display_name, owner_id)
SELECT n, 'Customer ' || n, worker_id FROM frontline.worker, generate_series(900001, 900004) n WHERE identity = 'bela@example.com';
INSERT INTO frontline.customer (customer_id, display_name, owner_id)
SELECT 900005, 'Of Cora', worker_id FROM frontline.worker WHERE identity = 'cora@example.com';
INSERT INTO frontline.channel (customer_id, type, value)
SELECT n, 'sms', '+44770090' || (n - 896000) FROM generate_series(900001, 900005) n;
INSERT INTO frontline.channel (customer_id, type, value) VALUES
  (900001, 'whatsapp', 'whatsapp:+447700904001'), (900001, 'chat', 'ines');
INSERT INTO frontline.proxy_address (address, position) VALUES
  ('+15005559001', 1), ('+447700909002', 2), ('whatsapp:+15005559001', 3);
INSERT INTO frontline.proxy_address (address, team_id)
SELECT '+15005559003', team_id FROM frontline.team WHERE name = 'Beta';
INSERT INTO frontline.proxy_address (address, worker_id)
SELECT '+15005559004', worker_id FROM frontline.worker WHERE identity = 'cora@example.com';
END
my @bela = (Worker => 'bela@example.com');

sub chosen {
	my ($answer, $address, $what) = @_;

	is($answer->{status}, 200, $what) or diag($answer->{body});
	is_deeply($answer->{json}, { proxy_address => $address }, $what);
}

sub refused {
	my ($answer, $reason, $what) = @_;
	my ($line) = reverse $stage->log_lines;

	is($answer->{status}, 403, "$what: 403");
	is($answer->{json}{error}{code}, 'no_proxy_address',
	    "$what: no number");
	like($line->{reason}, qr/\b$reason\b/, "$what: the log says why");
}

# The choice.
chosen(proxy(900001, 'sms', '+447700904001', @bela), '+447700909002',
    'the number that looks most like the customer\'s');
chosen(proxy(900001, 'whatsapp', 'whatsapp:+447700904001', @bela),
    'whatsapp:+15005559001', 'a WhatsApp number for WhatsApp');
chosen($stage->post('GetProxyAddress', { CustomerId => 900001,
    ChannelType => 'sms', ChannelValue => '+447700904001', @bela },
    path => '/callbacks/crm'), '+447700909002',
    'whatever path it came by');
$stage->sql(q(INSERT INTO frontline.proxy_address (address, team_id)
    SELECT '+15005559005', team_id FROM frontline.team WHERE name = 'Alpha'));
chosen(proxy(900001, 'sms', '+447700904001', @bela), '+15005559005',
    "the team's number goes before everybody's");
$stage->sql(q(INSERT INTO frontline.proxy_address (address, worker_id)
    SELECT '+15005559006', worker_id FROM frontline.worker WHERE identity = 'bela@example.com'));
chosen(proxy(900001, 'sms', '+447700904001', @bela), '+15005559006',
    "and the worker's own before that");

# Refusals.
refused(proxy(900001, $_->[0], $_->[1], @bela), $_->[2], $_->[3]) for (
	['chat', 'ines', 'no_number', 'chat'],
	['sms', '+447700904999', 'unknown_address', 'an unknown address'],
	['sms', '+447700904002', 'unknown_address',
	    "another customer's address"],
);
is(proxy(900005, 'sms', '+447700904005', @bela)->{status}, 404,
    "another worker's customer is unknown");
is(proxy(999999, 'sms', '+447700904005', @bela)->{body},
    proxy(900005, 'sms', '+447700904005', @bela)->{body},
    'and not told from one who is not there');
is(proxy(900001, 'sms', '+447700904001',
    Worker => 'nobody@example.com')->{status}, 403,
    'an unknown worker is refused');
is(proxy(900001, $_->[0], $_->[1], @bela)->{status}, 400, $_->[2]) for (
	['', '+447700904001', 'no channel type is no request'],
	['fax', '+447700904001', 'nor is an unknown one'],
	['SMS', '+447700904001', 'nor one in capitals'],
	['sms', '', 'no address is no request'],
	['sms', '447700904001', 'nor is one without plus'],
	['sms', 'whatsapp:+447700904001', 'type and address must agree'],
	['whatsapp', '+447700904001', 'type and address must agree'],
	['whatsapp', 'whatsapp: +447700904001', 'a blank is no part of one'],
	['sms', '+0123456', 'no number begins with zero'],
	['sms', '+4477009040011234567', 'no number is that long'],
);
$stage->sql(q(INSERT INTO frontline.consent_event (channel_type, match_key, state, source)
    VALUES ('sms', '+447700904002', 'opted_out', 'keyword')));
refused(proxy(900002, 'sms', '+447700904002', @bela), 'opted_out',
    'a customer who said STOP');
$stage->sql(q(INSERT INTO frontline.conversation
    (conversation_sid, customer_id, customer_address, proxy_address, initiated_by)
    SELECT 'CH' || lpad(proxy_address_id::text, 32, '0'), 900003, '+447700904003', address, 'worker'
      FROM frontline.proxy_address WHERE type = 'sms' AND active AND address <> '+15005559001'));
chosen(proxy(900003, 'sms', '+447700904003', @bela), '+15005559001',
    'a pair that already talks is passed by');
$stage->sql(q(INSERT INTO frontline.conversation
    (conversation_sid, customer_id, customer_address, proxy_address, initiated_by)
    VALUES ('CH99999999999999999999999999999999', 900003, '+447700904003', '+15005559001', 'worker')));
refused(proxy(900003, 'sms', '+447700904003', @bela), 'open_conversation',
    'a customer whom every number talks to');
$stage->sql('UPDATE frontline.proxy_address SET active = false');
refused(proxy(900004, 'sms', '+447700904004', @bela), 'no_number',
    'no number in use');

# The log shows enough of a number to tell two apart, and not more.
{
	my $log = $stage->slurp('log/fcgi.log');

	like($log, qr/\+44\*+/, 'the log masks numbers');
	unlike($log, qr/77009/, 'all of them');
}

done_testing;
