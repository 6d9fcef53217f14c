#!/usr/bin/perl
# frontlinectl call: what a person sees of the answers.
use strict;
use warnings;
use JSON::PP;
use Stage;
use Test::More;

my $stage = Stage->new;
my $dir = $stage->{dir};

sub call {
	return $stage->ctl('-c', $stage->{conf},
	    'call', @_);
}

my $worker = Stage::WORKER;
my ($id, $name, $number) = split /\|/, $stage->sql(<<"SQL");
SELECT c.customer_id, c.display_name, h.value
  FROM frontline.customer c
  JOIN frontline.worker w ON w.worker_id = c.owner_id
  JOIN frontline.channel h USING (customer_id)
 WHERE w.identity = '$worker' AND h.type = 'sms' AND c.deleted_at IS NULL
   AND h.invalid_at IS NULL AND c.display_name ~ '^[A-Za-z ]+\$'
   AND NOT EXISTS (SELECT FROM frontline.conversation v
                    WHERE v.customer_id = c.customer_id)
   AND NOT EXISTS (SELECT FROM frontline.consent s
                    WHERE s.match_key = h.match_key AND s.state = 'opted_out')
 ORDER BY 1 LIMIT 1
SQL
$stage->sql("INSERT INTO frontline.proxy_address (address, worker_id)
    SELECT '+15005550006', worker_id FROM frontline.worker
     WHERE identity = '$worker'
    ON CONFLICT (address) DO UPDATE SET worker_id = excluded.worker_id,
        team_id = NULL, active = true");

# The list, and all of it by its tokens.
{
	my ($said, $status) = call('list', '--worker', $worker,
	    '--page-size', 5);
	my (@all) = $said =~ /^(\d+) {2,}\S/mg;

	is($status, 0, 'list ends well') or diag($said);
	is(scalar(@all), 5, 'five lines for five customers');
	like($said, qr/^5 customers, more with --token \S+$/m, 'and the token');
	while ($said =~ /--token (\S+)$/m) {
		($said, $status) = call('list', '--worker', $worker,
		    '--page-size', 5, '--token', $1);
		is($status, 0, 'the next page');
		push @all, $said =~ /^(\d+) {2,}\S/mg;
	}
	my %seen = map { $_ => 1 } @all;
	is(scalar(keys %seen), scalar(@all), 'the tokens lead through all, once');
	($said) = call('list', '--worker', $worker, '--query', $name);
	like($said, qr/^$id +\Q$name\E$/m, 'a search');
	($said) = call('list', '--worker', $worker, '--page-size', 2,
	    '--anchor', $all[0]);
	is(join(' ', $said =~ /^(\d+) {2,}\S/mg), "$all[1] $all[2]", 'an anchor');
}

# One customer.
{
	my ($said, $status) = call('details', '--worker', $worker,
	    '--customer', $id);

	is($status, 0, 'details end well') or diag($said);
	like($said, qr/^customer_id +$id$/m, 'the id');
	like($said, qr/^name +\Q$name\E$/m, 'the name');
	like($said, qr/^sms +\Q$number\E$/m, 'the number');
	($said, $status) = call('details', '--worker', $worker, '--customer',
	    $id, '--json');
	is(decode_json($said)->{objects}{customer}{customer_id}, $id,
	    '--json: the answer as it came');
}
{
	my ($said, $status) = call('proxy', '--worker', $worker,
	    '--customer', $id);

	is($said, "write from    +15005550006\n", 'a proxy address');
	($said, $status) = call('proxy', '--worker', $worker,
	    '--customer', $id, '--address', $number, '--json');
	is_deeply(decode_json($said), { proxy_address => '+15005550006' },
	    'for a given address');
	($said, $status) = call('templates', '--worker', $worker,
	    '--customer', $id);
	is($status, 0, 'templates end well');
	like($said, qr/^\S.*\n {4}\S* +\S/m, 'categories and texts');
	unlike($said, qr/\{\{/, 'without placeholders');
}

# What is refused, and what does not answer.
{
	my ($said, $status) = call('details', '--worker', $worker,
	    '--customer', '99999999');

	is($status, 1, 'an unknown customer: 1');
	is($said, "frontlinectl: 404 unknown_customer: " .
	    "the customer is not known\n", 'and the answer in a line');
	($said, $status) = call('details', '--worker', $worker,
	    '--customer', '99999999', '--json');
	is($status, 1, '--json: the same exit code');
	is(decode_json($said)->{error}{code}, 'unknown_customer',
	    'and the answer as it came');
	($said, $status) = call('list', '--worker', $worker, '--url',
	    'https://localhost:' . Stage::Nginx::free_port());
	is($status, 69, 'nobody listens: 69');
	like($said, qr/^frontlinectl: https:.*\n\z/, 'and one line says so');
	($said, $status) = call('list', '--worker', $worker, '--url', 'ftp://x');
	is($status, 64, 'a wrong URL: 64');
	$stage->write_config('service.ca_file' => undef);
	($said, $status) = call('list', '--worker', $worker);
	is($status, 69, 'a certificate that nobody vouches for is refused');
	like($said, qr/certificate/i, 'and named');
}
done_testing;
