#!/usr/bin/perl
# GetCustomersList in SQL: order, pages, anchors, search, masking, and who sees whom.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
my $db = Db->new->migrate;
my %dba = (user => 'frontline_dba');
my %fcgi = (user => 'frontline_fcgi');

sub lit { my ($v) = @_; return 'NULL' unless defined $v; $v =~ s/'/''/g; return "'$v'" }

# Rows of one page; everything as text, as the program sends it.
sub page {
	my ($worker, %a) = @_;
	return $db->rows(sprintf('SELECT * FROM frontline_api.get_customers_list(%s, %s, %s, %s, %s, %s, %s)', lit($worker), $a{limit} // 200,
		map({ lit($a{$_}) } qw(sort id anchor query)), $a{masking} ? 'true' : 'false'), %fcgi);
}
sub ids { return join ' ', map { $_->[0] } page(@_) }
sub names { return join ', ', map { $_->[1] } page(@_) }

$db->sql(<<'SQL', %dba);
INSERT INTO worker (identity) VALUES ('ana'), ('ben'), ('cleo');
INSERT INTO worker (identity, state) VALUES ('gone', 'deactivated');
INSERT INTO team (name) VALUES ('North'), ('South');
INSERT INTO team_worker VALUES (1, 1), (2, 1), (2, 2);
INSERT INTO customer (customer_id, display_name, owner_id, team_id, avatar) VALUES
  (101, 'Łukasz Wróbel', 1, NULL, 'https://x.example/1'), (102, 'anna', 1, NULL, NULL), (103, 'Ánna', 1, NULL, NULL), (104, 'Zoë 😀', 1, NULL, NULL),
  (105, '100% Cotton_\', 1, NULL, NULL), (106, 'O''Brien', 1, NULL, NULL), (107, 'Team North', NULL, 1, NULL), (108, 'Team South', NULL, 2, NULL),
  (109, 'Ana''s and North''s', 1, 1, NULL), (110, 'Ben''s and South''s', 2, 2, NULL), (111, 'Ben''s', 2, NULL, NULL), (112, 'Nobody''s', NULL, NULL, NULL),
  (113, 'Gone''s', 4, NULL, NULL), (114, '田中 陽子', 1, NULL, NULL);
INSERT INTO customer (customer_id, display_name, owner_id, deleted_at) VALUES (115, 'Deleted', 1, now());
INSERT INTO customer (customer_id, display_name, first_name, last_name, company_name, external_id, owner_id)
  VALUES (116, 'Dr. M. Grünwald', 'Maximilian', 'Grünwald', 'Böhm & Söhne', 'K-4711', 1);
SQL
$db->sql("SELECT setval('frontline.customer_customer_id_seq', 100000)");

# -- order and visibility
is ids('ana'), '105 109 102 103 110 116 101 106 107 108 104 114', 'owned and team customers, each once, folded names in byte order, equal names by key';
is ids('ben'), '111 110 108', 'another worker has others';
is ids('cleo'), '', 'a worker without customers has none';
is ids($_ // 'x'), '', 'nobody sees nothing: ' . ($_ // 'x') for 'gone', 'nobody', 'ANA', '';
is_deeply [ (page('ana', query => 'wrobel'))[0] ], [ [ 101, 'Łukasz Wróbel', 'https://x.example/1', 'lukasz wrobel' ] ], 'id, name, avatar, sort key';

# -- size
is ids('ana', limit => 3), '105 109 102', 'as many as asked for';
is ids('ana', limit => $_), '105', "a limit of $_ is one" for 0, -5, 'NULL';
is scalar(my @all = page('ana', limit => 2000000000)), 12, 'a huge limit is cut, not refused';

# -- where to go on
is ids('ana', limit => 2, sort => 'anna', id => 102), '103 110', 'behind a key, not at it';
is ids('ana', limit => 2, sort => 'anna', id => 1), '102 103', 'a key of a row that is not there';
is ids('ana', limit => 2, sort => 'anna', id => 102, anchor => 107), '103 110', 'the key wins over the anchor';
is ids('ana', limit => 2, anchor => 102), '103 110', 'behind an anchor';
is ids('ana', limit => 2, anchor => 115), '116 101', 'a soft-deleted anchor';
is ids('ana', limit => 2, anchor => 107), '108 104', 'a team\'s customer';
is ids('ana', anchor => $_), '', "an anchor that was never ana's is unknown: $_" for 111, 112, 113;
is ids('ben', anchor => $_), '', "nor one of a team that ben is not in: $_" for 107, 109, 115;
is ids('cleo', anchor => 107), '', 'nor any for a worker without customers and teams';
is ids('ana', anchor => 114), '', 'behind the last is nothing';
is ids('ana', anchor => ''), ids('ana'), 'an empty anchor is none';
for my $odd ('999', 'abc', '0', '-1', '1e3', '0102', '102 ', '99999999999999999999999', '1.5', "1'; --", '１０２') {
	is ids('ana', anchor => $odd), '', "unknown anchor finds nothing: $odd";
	is ids('ana', sort => '', id => $odd), '', "a key that is no key finds nothing: $odd" if $odd ne '999';
}
is ids('ana', id => '102'), '', 'half a key finds nothing';

# -- an anchor that left the list meanwhile: the audit log knows whether it was there
$db->sql(<<'SQL', %dba);
INSERT INTO customer (customer_id, display_name, owner_id, team_id) SELECT i, 'anna', o, t FROM (VALUES (140, 1, NULL), (141, 2, NULL), (142, 2, NULL), (143, NULL, 1),
  (144, NULL, 1), (145, 2, NULL), (146, 1, NULL), (147, 2, NULL), (148, 1, NULL), (149, 1, NULL)) v (i, o, t);
UPDATE customer SET owner_id = 2 WHERE customer_id IN (140, 148, 149);
UPDATE customer SET owner_id = 1 WHERE customer_id = 141;
UPDATE customer SET owner_id = 2 WHERE customer_id = 141;
UPDATE customer SET owner_id = 2, team_id = NULL WHERE customer_id IN (143, 144);
DELETE FROM customer WHERE customer_id IN (144, 145, 146, 148);
UPDATE customer SET deleted_at = now() WHERE customer_id IN (147, 149);
SQL
is ids('ana', limit => 2, anchor => $_->[0]), '110 116', $_->[1] for [ 140, 'moved to another worker' ], [ 141, 'came and went' ], [ 143, 'moved out of the team' ],
	[ 144, 'moved out of the team and deleted' ], [ 146, 'deleted' ], [ 148, 'moved and deleted' ], [ 149, 'moved and soft-deleted' ];
is ids('ana', anchor => $_->[0]), '', $_->[1] for [ 142, 'always another worker\'s' ], [ 145, 'deleted, always another worker\'s' ], [ 147, 'soft-deleted, always another worker\'s' ];
is ids('cleo', anchor => $_), '', "cleo never had $_" for 140 .. 149;
$db->sql("SELECT merge_customer(142, 141)", %dba);
is ids('ana', anchor => 142), '', 'merged into one that ana once had, itself never ana\'s';
$db->sql("UPDATE customer SET first_name = '$_' WHERE customer_id = 140", %dba) for 1 .. 98;
isnt ids('ana', anchor => 140), '', 'within its last hundred changes an anchor is found';
$db->sql("UPDATE customer SET first_name = '$_' WHERE customer_id = 140", %dba) for 99 .. 101;
is ids('ana', anchor => 140), '', 'further back nobody looks';
$db->sql('DELETE FROM customer WHERE customer_id BETWEEN 140 AND 149', %dba);
is join(' ', map { ids('ben', anchor => $_) ? 'known' : 'unknown' } 140, 142), 'known known', 'whoever had it last goes on behind it';

# -- search
my @search = (
	[ 'lukasz' => '101' ], [ 'WRÓB' => '101' ], [ 'łuk' => '101' ], [ 'kasz wr' => '101' ], [ "  kasz \t wr " => '101' ],
	[ 'anna' => '102 103' ], [ "a\x{301}nna" => '102 103' ], [ 'zoe' => '104' ], [ '😀' => '104' ], [ 'Ë 😀' => '104' ],
	[ '%' => '105' ], [ '_' => '105' ], [ '\\' => '105' ], [ '_\\' => '105' ], [ '0%' => '105' ], [ '%a%' => '' ], [ 'a_n' => '' ],
	[ "o'b" => '106' ], [ "'" => '109 110 106' ], [ '田' => '114' ], [ '陽子' => '114' ], [ '中 陽' => '114' ],
	[ 'maximil' => '116' ], [ 'bohm & s' => '116' ], [ 'k-4711' => '116' ], [ 'grunwald' => '116' ], [ 'deleted' => '' ], [ "ben's" => '110' ],
	[ 'wrobel lukasz' => '' ], [ 'qqq' => '' ], [ '^' => '' ], [ '' => ids('ana') ], [ "  \x{a0} " => ids('ana') ], [ ';' => '' ], [ "'; DROP TABLE x; --" => '' ],
	[ 'x' x 200 => '' ], [ '😀' x 200 => '' ], [ '%' x 200 => '' ],
);
for my $case (@search) {
	my ($query, $want) = @$case;
	is ids('ana', query => $query), $want, "search: " . substr($query, 0, 30);
}
is ids('ana', query => 'n', limit => 3), '105 109 102', 'one letter is enough, anywhere in the name';
is ids('ana', query => 'n', limit => 3, sort => 'anna', id => 102), '103 110 116', 'search goes on behind a key';
is ids('ana', query => 'n', limit => 2, anchor => 102), '103 110', 'and behind an anchor';
is ids('ben', query => 'team'), '108', 'search keeps to what the worker may see';

# -- search by number
$db->sql(<<'SQL', %dba);
INSERT INTO channel (customer_id, type, value) VALUES (101, 'sms', '+447911123456'), (101, 'whatsapp', 'whatsapp:+447911123456'), (102, 'sms', '+14155550142'),
  (106, 'sms', '+4790001234'), (111, 'sms', '+447911999456'), (104, 'chat', 'guest 3456');
INSERT INTO customer (customer_id, display_name, owner_id) VALUES (120, '+4791110042', 1), (121, 'Unit 5142', 1);
INSERT INTO channel (customer_id, type, value) VALUES (120, 'sms', '+4791110042');
INSERT INTO channel (customer_id, type, value) SELECT 121, 'sms', '+9990000' || i FROM generate_series(1000, 1024) i;
SQL
my @numbers = (    # query, without masking, with masking
	[ '3456', '101', '' ], [ '123456', '101', '' ], [ '456', '', '' ], [ '07911123456', '101', '101' ], [ '0044 7911 123456', '101', '101' ],
	[ '+447911123456', '101', '101' ], [ '+44 (0)7911-123.456', '101', '101' ], [ '447911123456', '101', '101' ], [ '911123456', '101', '' ], [ '4479111', '', '101' ],
	[ '44791112', '', '101' ], [ '447911123', '', '' ], [ '7911', '120', '120 101' ], [ '+4479', '', '101' ], [ '791112', '', '101' ],
	[ '0142', '102', '' ], [ '5550142', '102', '' ], [ '4155550142', '102', '102' ], [ '(415) 555-0142', '102', '102' ], [ '1 415 555 0142', '102', '102' ],
	[ '90001234', '106', '106' ], [ '+47 90 00 12 34', '106', '106' ], [ '1234', '106', '' ], [ '0001234', '106', '' ], [ '9999456', '', '' ],
	[ 'tel 3456', '', '' ], [ '3456%', '', '' ], [ '34_56', '', '' ], [ "3456\x{2011}", '101', '' ], [ '34 56', '101', '' ],
	[ '0042', '120', '' ], [ '10042', '120', '' ], [ '+4791110042', '120', '120' ], [ '4791', '120', '120 101' ],
	[ '5142', '121', '121' ], [ '0000000', '', '' ], [ '9990000', '', '121' ],
);
for my $case (@numbers) {
	my ($query, $plain, $masked) = @$case;
	is ids('ana', query => $query), $plain, "number: $query";
	is ids('ana', query => $query, masking => 1), $masked, "number, masked: $query";
}
is ids('ana', query => '99900001019'), '121', 'the twentieth number of a customer is found';
$db->sql("DELETE FROM channel WHERE customer_id = 101; UPDATE channel SET value = '+4790005678' WHERE customer_id = 106", %dba);
is ids('ana', query => '3456'), '', 'a number taken away is not found any more';
is ids('ana', query => '5678'), '106', 'a changed one is';
is $db->list("SELECT phone_digits FROM customer WHERE customer_id = 106", %dba), ' 4790005678 ', 'phone_digits follows the channel';
$db->sql("UPDATE customer SET phone_digits = ' 666 ' WHERE customer_id = 106", %dba);
is $db->list("SELECT phone_digits FROM customer WHERE customer_id = 106", %dba), ' 4790005678 ', 'and cannot be written by hand';

$db->sql("INSERT INTO customer (customer_id, display_name, owner_id, phone_digits) VALUES (130, 'Handmade', 1, ' 666 ')", %dba);
is $db->list("SELECT phone_digits FROM customer WHERE customer_id = 130", %dba), ' ', 'not on the way in either';

# two sessions at once: none loses a number
$db->sql("BEGIN; INSERT INTO channel (customer_id, type, value) VALUES (104, 'sms', '+4790007001')", %dba, session => 'a');
my $waiter = $db->start("INSERT INTO channel (customer_id, type, value) VALUES (104, 'sms', '+4790007002')", %dba, session => 'b');
$db->wait_for_lock;
$db->sql('COMMIT', %dba, session => 'a');
$db->finish($waiter);
is $db->list("SELECT phone_digits FROM customer WHERE customer_id = 104", %dba), ' 4790007001 4790007002 ', 'two sessions that add a number each lose none';
$db->sql("BEGIN; INSERT INTO channel (customer_id, type, value) VALUES (104, 'sms', '+4790007003')", %dba, session => 'a');
$waiter = $db->start("UPDATE customer SET first_name = 'Zoë' WHERE customer_id = 104", %dba, session => 'b');
$db->wait_for_lock;
$db->sql('COMMIT', %dba, session => 'a');
$db->finish($waiter);
is $db->list("SELECT phone_digits FROM customer WHERE customer_id = 104", %dba), ' 4790007001 4790007002 4790007003 ', 'nor does one that changes the customer meanwhile';

# -- the three ways of a search give the same answer
$db->sql(<<'SQL');
INSERT INTO frontline.worker (identity) VALUES ('big'), ('teamed');
INSERT INTO frontline.team (name) VALUES ('Big');
INSERT INTO frontline.team_worker SELECT team_id, worker_id FROM frontline.team, frontline.worker WHERE name = 'Big' AND identity = 'teamed';
INSERT INTO frontline.customer (customer_id, display_name, owner_id, team_id)
SELECT 10000 + i, (ARRAY['Ana', 'Bo', 'Cy', 'Di', 'Ed', 'Zé'])[1 + (i * 7) % 6] || ' ' || md5(i::text) || CASE WHEN i = 2999 THEN ' Quackenbush' ELSE '' END,
       (SELECT worker_id FROM frontline.worker WHERE identity = 'big'), (SELECT team_id FROM frontline.team WHERE name = 'Big')
  FROM generate_series(1, 3000) i;
INSERT INTO frontline.channel (customer_id, type, value) SELECT customer_id, 'sms', '+4479' || lpad((customer_id * 7919 % 10000000)::text, 8, '0') FROM frontline.customer WHERE customer_id > 10000;
INSERT INTO frontline.channel (customer_id, type, value) SELECT customer_id, 'chat', 'guest ' || customer_id FROM frontline.customer WHERE customer_id > 10000;
ANALYZE;
SQL
is scalar(my @most = page('big', limit => 2000000000)), 201, 'never more than 201';
for my $n (1, 499 .. 502, 3000) {
	my ($row) = $db->rows("SELECT customer_id, substr(display_name, 4, 12) FROM frontline.customer WHERE customer_id > 10000 ORDER BY sort_name, customer_id OFFSET $n - 1 LIMIT 1");
	is ids('big', query => $row->[1]), $row->[0], "customer number $n of the list is found";
}
for my $query (qw(a e 9 ze ana quack bush abc ffff qqq zzz 0a1 12345 4479 0791 +4479 44790000 5838 12999 a1b_ a1b% ab_1), 'ab\\1', '%ab1', '___', '0 bo') {
	for my $masking (0, 1) {
		my $digits = $query =~ /^[+0-9]{4,}$/ ? ($query =~ s/[^0-9]//gr =~ s/^0+(?=[0-9]{4})//r) : undef;
		my $phone = !defined $digits ? 'false' : $masking ? "phone_digits ~ '$digits\[0-9]{4}'" : "phone_digits LIKE '%$digits %'";
		my $veil = $masking && defined $digits ? "AND (phone_digits NOT LIKE '%$digits%' OR $phone)" : '';
		my $expected = $db->list("SELECT customer_id FROM frontline.customer WHERE customer_id > 10000 AND (strpos(search_text, '$query') > 0 OR $phone) $veil
			ORDER BY sort_name, customer_id LIMIT 200");
		for my $worker (qw(big teamed)) {
			is ids($worker, query => $query, masking => $masking), $expected, "$worker, masking $masking: '$query'";
		}
		my @first = page('big', query => $query, masking => $masking, limit => 20);
		next if @first < 20;
		my @next = page('big', query => $query, masking => $masking, limit => 180, sort => $first[-1][3], id => $first[-1][0]);
		is join(' ', map { $_->[0] } @first, @next), $expected, "in two pages: '$query'";
	}
}

# -- walks: every customer that was there all the time comes once, whatever happens meanwhile
my %change = (
	'nothing' => sub { },
	'inserts' => sub { my ($n) = @_; $db->sql("INSERT INTO customer (display_name, owner_id) SELECT chr(97 + (random() * 25)::int) || random()::text, 3 FROM generate_series(1, 3)", %dba) },
	'soft deletion of the last row' => sub { $db->sql("UPDATE customer SET deleted_at = now() WHERE customer_id = $_[1]", %dba) },
	'deletion of the last row' => sub { $db->sql("DELETE FROM customer WHERE customer_id = $_[1]", %dba) },
	'merging of the last row' => sub { $db->sql("SELECT frontline.merge_customer($_[1], (SELECT min(customer_id) FROM customer WHERE display_name = 'keeper'))", %dba) },
	'the last row moving to another worker' => sub { $db->sql("UPDATE customer SET owner_id = 2 WHERE customer_id = $_[1]", %dba) },
	'the last row moving to a team' => sub { $db->sql("UPDATE customer SET owner_id = NULL, team_id = 1 WHERE customer_id = $_[1]", %dba) },
);
for my $what (sort keys %change) {
	for my $by (qw(token anchor)) {
		$db->sql(<<'SQL', %dba);
DELETE FROM customer WHERE owner_id = 3 OR source = 'walk';
INSERT INTO customer (display_name, owner_id, source) SELECT 'walk ' || left(md5(i::text), 1), 3, 'walk' FROM generate_series(1, 60) i;
INSERT INTO customer (display_name, source) VALUES ('keeper', 'walk');
SQL
		my %there = map { $_->[0] => 1 } page('cleo');
		my (%seen, %a, $n);
		while (my @rows = page('cleo', limit => 7, %a)) {
			$seen{ $_->[0] }++ for @rows;
			my $last = $rows[-1];
			%a = $by eq 'token' ? (sort => $last->[3], id => $last->[0]) : (anchor => $last->[0]);
			$change{$what}->($n++, $last->[0]);
			last if $n > 100;
		}
		my @lost = grep { !$seen{$_} } keys %there;
		my @twice = grep { $seen{$_} > 1 } keys %seen;
		is "@lost|@twice", '|', "$what while walking by $by: each once";
		cmp_ok $n, '>=', 9, 'and it was a walk' if $what ne 'nothing';
	}
}
my ($erased) = (page('cleo', limit => 5))[4][0];
$db->sql("SELECT frontline.erase_customer($erased)", %dba);
is ids('cleo', anchor => $erased), '', 'an erased anchor is unknown';
$db->sql("DELETE FROM customer WHERE customer_id = $erased", %dba);
is ids('cleo', anchor => $erased), '', 'also when it is deleted afterwards';
my ($gone) = (page('cleo', limit => 5))[4][0];
$db->sql("DELETE FROM customer WHERE customer_id = $gone", %dba);
isnt ids('cleo', anchor => $gone), '', 'a deleted anchor is known by its audit entry';
$db->sql("SELECT frontline.erase_customer($gone)", %dba);
is ids('cleo', anchor => $gone), '', 'until it is erased';

done_testing;
