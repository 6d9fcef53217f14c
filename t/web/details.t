#!/usr/bin/perl
# GetCustomerDetailsByCustomerId: what a worker may know of a customer.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new;

sub details {
	my ($id, %how) = @_;

	return $stage->post('GetCustomerDetailsByCustomerId',
	    { CustomerId => $id, %{$how{fields} // {}} });
}

$stage->sql(<<'END');
INSERT INTO frontline.worker (identity) VALUES ('bela@example.com');
INSERT INTO frontline.customer (customer_id, display_name, avatar, details_title, details_content, owner_id)
SELECT 900001, 'Inès "O" Okafor', 'https://cdn.example/a.png', 'Account', E'Tier: gold\nSince: 2019',
       worker_id FROM frontline.worker WHERE identity = 'ana@example.com';
INSERT INTO frontline.channel (customer_id, type, value, position) VALUES
  (900001, 'whatsapp', 'whatsapp:+447700900462', 2), (900001, 'sms', '+447700900462', 1), (900001, 'chat', 'ines', 3);
INSERT INTO frontline.link (customer_id, position, type, value, display_name) VALUES
  (900001, 2, 'Email', 'mailto:ines@example.com', 'Write'), (900001, 1, 'CRM', 'https://crm.example/1', 'Open in CRM');
INSERT INTO frontline.customer (customer_id, display_name, owner_id)
SELECT n, 'Plain ' || n, worker_id FROM frontline.worker, unnest(ARRAY[900002, 900004, 900005]) n
 WHERE identity = 'ana@example.com';
INSERT INTO frontline.customer (customer_id, display_name, owner_id)
SELECT 900003, 'Of Bela', worker_id FROM frontline.worker WHERE identity = 'bela@example.com';
UPDATE frontline.customer SET deleted_at = now() WHERE customer_id = 900004;
END

# Everything.
{
	use utf8;
	my $answer = details(900001);

	is($answer->{status}, 200, 'a customer is shown');
	is_deeply($answer->{json}, { objects => { customer => {
		customer_id  => '900001',
		display_name => 'Inès "O" Okafor',
		avatar       => 'https://cdn.example/a.png',
		channels     => [
			{ type => 'sms', value => '+447700900462' },
			{ type => 'whatsapp', value => 'whatsapp:+447700900462' },
			{ type => 'chat', value => 'ines' },
		],
		links => [
			{ type => 'CRM', value => 'https://crm.example/1',
			    display_name => 'Open in CRM' },
			{ type => 'Email', value => 'mailto:ines@example.com',
			    display_name => 'Write' },
		],
		details => { title => 'Account',
			content => "Tier: gold\nSince: 2019" },
	} } }, 'with all that is known, each in its order') or
	    diag($answer->{body});
	like($answer->{body}, qr/"customer_id":"900001"/,
	    'customer_id is a string');
}

# What is not there is not shown.
{
	my $customer = details(900002)->{json}{objects}{customer};

	is_deeply([grep { defined $customer->{$_} }
	    qw(avatar details first_name owner_id)], [],
	    'what a customer does not have is left out');
	is_deeply($customer->{channels} // [], [], 'no channels');
}

# Unknown, foreign and deleted customers are all the same.
{
	my $unknown = details(999999);

	is($unknown->{status}, 404, 'an unknown customer is 404');
	is($unknown->{json}{error}{code}, 'unknown_customer', 'and says so');
	for ([900003, "another worker's"], [900004, 'a deleted one'],
	    ['0', 'zero'], ['-1', 'minus one'], ['9' x 40, 'a huge number'],
	    ['x', 'a word'], ["900001'", 'a quote'], [' 900001', 'a blank'],
	    ['900001.0', 'a fraction'], ['1 OR 1=1', 'an idea']) {
		my $answer = details($_->[0]);

		is($answer->{status}, 404, "$_->[1]: 404");
		is($answer->{body}, $unknown->{body},
		    "$_->[1]: not told from an unknown one");
	}
}
is(details($_->[0])->{status}, 400, $_->[1]) for (
	['', 'no CustomerId is no request'],
	["9000\x001", 'a NUL in it neither'],
	["900\xff01", 'nor bytes that are no UTF-8'],
	['9' x 257, 'nor a very long one'],
);
is(details(900001, fields => { Worker => 'nobody@example.com' })->{status},
    403, 'an unknown worker is refused');

# A conversation opens the door, and closes it.
$stage->sql(<<'END');
INSERT INTO frontline.conversation (conversation_sid, customer_id, customer_address, proxy_address, worker_id, initiated_by)
SELECT 'CH00000000000000000000000000009999', 900003, '+447700900463', '+15005550999', worker_id, 'customer'
  FROM frontline.worker WHERE identity = 'ana@example.com';
END
is(details(900003)->{status}, 200,
    'a customer of an open conversation is shown to its worker');
$stage->sql(q(UPDATE frontline.conversation SET state = 'closed' WHERE customer_id = 900003));
is(details(900003)->{status}, 404, 'and no longer when it is closed');

# Merged.
$stage->sql('SELECT frontline.merge_customer(900005, 900001)');
is(details(900005)->{json}{objects}{customer}{customer_id}, '900001',
    'a merged customer answers as the one it became');

# An answer that would be too large is cut.
$stage->sql(<<'END');
UPDATE frontline.customer SET details_content = repeat(E'\x01"', 5000) WHERE customer_id = 900002;
INSERT INTO frontline.link (customer_id, position, type, value, display_name)
SELECT 900002, n, 'CRM', 'https://crm.example/' || repeat('x', 2000), 'Link ' || n FROM generate_series(1, 60) n;
END
{
	my $answer = details(900002);

	is($answer->{status}, 200, 'a very large customer is shown');
	ok(length $answer->{body} <= 65536, 'in at most 64 kB');
	is($answer->{json}{objects}{customer}{links}[0]{display_name},
	    'Link 1', 'from the start');
}

# Everybody sees everybody.
$stage->write_config('service.strict_access' => 'no');
kill 'HUP', $stage->responder_pids;
wait_until(sub { details(900003)->{status} == 200 },
    "without strict access another worker's customer is shown");
is(details(900004)->{status}, 404, 'but no deleted one');

done_testing;
