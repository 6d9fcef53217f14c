#!/usr/bin/perl
# The import answers for every line, and writes only what differs.
use strict;
use warnings;
use utf8;
use Test::More;
use Db;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;
my $db = Db->new->migrate;
my %import = (user => 'frontline_import');

$db->sql(<<'SQL', user => 'frontline_dba');
INSERT INTO worker (identity) VALUES ('ana');
INSERT INTO team (name) VALUES ('North');
INSERT INTO customer (display_name) VALUES ('Here already');
INSERT INTO channel (customer_id, type, value) VALUES (1, 'sms', '+447700900001');
SQL

# Copies CSV lines as the import role, runs the import; answers "line outcome detail" lines.
my $columns = 'external_id, display_name, first_name, last_name, company_name, avatar, language, owner, team, sms, whatsapp, shared';
sub import_lines {
	my ($country, @lines) = @_;
	my $csv = join "\n", @lines;
	return map { join ' ', map { $_ // '-' } @$_[0 .. 2] }
		$db->rows("COPY frontline_import.line ($columns) FROM STDIN (FORMAT csv);\n$csv\n\\.\nSELECT * FROM frontline_import.run($country)", %import);
}
sub see { return $db->list($_[0]) }

is_deeply [ import_lines(q('GB'),
	'A1,Łukasz Wróbel,Łukasz,Wróbel,Acme,https://x.example/1,pl,ana,North,07700 900100,07700 900100,',
	'A2,"  Two   words ",,,,,,,,"+44 (0)7700 900101; 0044 7700 900102 | 07700-900.103",,',
	',,,,,,,,,07700 900104,,',
	',,,,,,,,,,07700 900105,',
	'A3,,Ann,Lee,,,,,,,,',
	'A4,,,,Company Ltd,,,,,,,',
	'A5,First version,,,,,,,,,,',
	'A6,Bad avatar,,,,http://x.example/1,,,,,,',
	'A7,Bad language,,,,,en_US,,,,,',
	'A8,No worker,,,,,,nobody,,,,',
	'A9,No team,,,,,,,Nowhere,,,',
	'B1,Letters,,,,,,,,0800 FLOWERS,,',
	'B2,Spreadsheet,,,,,,,,4.4770E+11,,',
	'B3,Short,,,,,,,,0123,,',
	'B4,Long,,,,,,,,+1234567890123456,,',
	'B5,Taken,,,,,,,,+447700900001,,',
	'B6,,,,,,,,,,,',
	'A5,Second version,,,,,,,,,,',
	',,,,,,,,,+447700900104,,',
	'B7,In this file,,,,,,,,07700900101,,',
	'B8,' . 'x' x 2049 . ',,,,,,,,,,',
	'C1,House A,,,,,,,,07700 900110,,t',
	'C2,House B,,,,,,,,07700 900110,,t',
	',Here again,,,,,,ana,,+447700900001,,') ], [
	'1 inserted -',
	'2 inserted -',
	'3 duplicate duplicate of line 19',
	'4 inserted -',
	'5 inserted -',
	'6 inserted -',
	'7 duplicate duplicate of line 18',
	'8 invalid avatar must be an https URL of at most 2048 characters',
	'9 invalid language must be a tag such as en or pt-BR',
	'10 invalid no worker nobody',
	'11 invalid no team Nowhere',
	'12 invalid 0800 FLOWERS: not a telephone number',
	'13 invalid 4.4770E+11: a spreadsheet has rounded this number: format the column as text',
	'14 invalid 0123: too short',
	'15 invalid +1234567890123456: too long',
	'16 invalid +447700900001 belongs to customer 1',
	'17 invalid neither a name nor a number',
	'18 inserted -',
	'19 inserted -',
	'20 invalid +447700900101 belongs to customer ' . see("SELECT customer_id FROM frontline.customer WHERE external_id = 'A2'"),
	'21 invalid display_name must be one line of at most 2048 bytes',
	'22 inserted -',
	'23 inserted -',
	'24 updated -',
], 'an answer for every line';

is see('SELECT display_name FROM frontline.customer WHERE customer_id > 1 ORDER BY customer_id') , 'Łukasz Wróbel Two words +447700900105 Ann Lee Company Ltd Second version +447700900104 House A House B',
	'names: as given, else first and last, company, number';
is see("SELECT value FROM frontline.channel JOIN frontline.customer USING (customer_id) WHERE external_id = 'A2' ORDER BY channel.position"), '+447700900101 +447700900102 +447700900103',
	'numbers in E.164, in their order';
is see("SELECT type || ' ' || value FROM frontline.channel JOIN frontline.customer USING (customer_id) WHERE external_id = 'A1' ORDER BY 1"), 'sms +447700900100 whatsapp whatsapp:+447700900100', 'for both channels';
is see("SELECT display_name || ' ' || identity FROM frontline.customer JOIN frontline.worker ON worker_id = owner_id WHERE customer_id = 1"), 'Here again ana', 'a line without key finds its customer by the number';
is see('SELECT count(*) FROM frontline_import.line'), '0', 'the lines are gone';

# -- again
my $audit = see('SELECT count(*) FROM frontline.audit_log');
is_deeply [ import_lines(q('gb'),
	'A1,Łukasz Wróbel,Łukasz,Wróbel,Acme,https://x.example/1,pl,ana,North,+447700900100,+447700900100,',
	'A1,Łukasz Wróbel,,,,,,,,,,',
	',,,,,,,,,07700 900104,,',
	'C1,House A,,,,,,,,07700 900110,,t') ],
	[ '1 duplicate duplicate of line 2', '2 unchanged -', '3 unchanged -', '4 unchanged -' ], 'the same again changes nothing';
is see('SELECT count(*) FROM frontline.audit_log'), $audit, 'and writes no audit entry';
is_deeply [ import_lines('NULL', 'A1,Lukas,"",,,,,"",,,,', 'A3,,,,,,,,,+447700900120,,', 'D1,National,,,,,,,,07700 900121,,', 'D2,International,,,,,,,,00447700900122,,') ],
	[ '1 updated -', '2 updated -', '3 invalid 07700 900121: a national number, and no known country to take it for', '4 inserted -' ], 'changes, and no country';
is $db->sql("SELECT display_name, first_name, last_name, company_name, owner_id FROM frontline.customer WHERE external_id = 'A1'"), join("\x1f", 'Lukas', "\x02", 'Wróbel', 'Acme', "\x02"), 'an empty column keeps the value, "" clears it';

# -- deleted, merged, sources, own line numbers
$db->sql("UPDATE frontline.customer SET deleted_at = now() WHERE external_id = 'A3'; SELECT frontline.merge_customer((SELECT customer_id FROM frontline.customer WHERE external_id = 'A4'), 1)");
is_deeply [ import_lines(q('GB'), 'A3,Ann,,,,,,,,,,', 'A4,Merged,,,,,,,,,,') ],
	[ '1 invalid customer ' . see("SELECT customer_id FROM frontline.customer WHERE external_id = 'A3'") . ' is deleted',
	  '2 invalid customer ' . see("SELECT customer_id FROM frontline.customer WHERE external_id = 'A4'") . ' is merged into 1' ], 'what was deleted or merged does not come back by itself';
$db->sql("INSERT INTO frontline_import.line (line, source, external_id, display_name) VALUES (17, 'erp', 'A1', 'Same key, other source'), (18, ' ', 'A1', 'Same key')", %import);
is $db->sql('SELECT line, outcome FROM frontline_import.run()', %import), "17\x1finserted\n18\x1fupdated", 'keys are of their source; line numbers as given';
$db->sql("INSERT INTO frontline_import.line (batch, display_name) VALUES ('nightly', 'Batch')", %import);
is $db->sql('SELECT count(*) FROM frontline_import.run()', %import), '0', 'another batch is left alone';
is $db->sql("SELECT outcome FROM frontline_import.run(p_batch => 'nightly')", %import), 'inserted', 'until it is asked for';
like $db->error("SELECT * FROM frontline_import.run('ZZ')", %import), qr/no country ZZ/, 'an unknown country is refused at once';

# -- numbers as people write them
for my $case (
	[ '07911 123456', 'GB', '+447911123456' ], [ '+44 (0) 7911 123456', 'US', '+447911123456' ], [ '(415) 555-0142', 'US', '+14155550142' ], [ '1-415-555-0142', 'US', '+14155550142' ],
	[ '011 44 7911 123456', 'US', '+447911123456' ], [ '5550142', 'US', 'not ten digits' ], [ '06 12 34 56 78', 'FR', '+33612345678' ], [ '06 1234 5678', 'IT', '+390612345678' ],
	[ '0470 12 34 56', 'BE', '+32470123456' ], [ '8 912 345 67 89', 'RU', '+79123456789' ], [ '412 34 567', 'NO', '+4741234567' ], [ '06 30 123 4567', 'HU', '+36301234567' ],
	[ '0011 47 41234567', 'AU', '+4741234567' ], [ '010 47 41234567', 'JP', '+4741234567' ], [ 'tel:+4741234567', undef, '+4741234567' ], [ 'whatsapp:+4741234567', undef, '+4741234567' ],
	[ "\x{202a}+47\x{a0}41\x{2011}23\x{2011}45\x{2011}67\x{202c}", undef, '+4741234567' ], [ '+0041234567', undef, 'a country code cannot begin with 0' ], [ 'n/a', 'NO', 'not a telephone number' ],
	[ '', 'NO', 'too short' ], [ '41234567 ext 5', 'NO', 'not a telephone number' ], [ '++4741234567', 'NO', 'not a telephone number' ], [ '4,7E10', 'NO', 'a spreadsheet has rounded this number: format the column as text' ],
) {
	my ($text, $country, $want) = @$case;
	my $c = defined $country ? "'$country'" : 'NULL';
	is $db->list("SELECT coalesce(e164, why) FROM frontline.parse_phone('$text', $c)"), $want, ($country // '-') . ": $text";
}

# -- many lines, one answer each
my @many = map { "M$_,Many $_,,,,,,ana,,+4479000" . (10000 + $_) . ',,' } 1 .. 300;
is scalar(grep { / inserted -$/ } import_lines(q('GB'), @many)), 300, 'three hundred lines';
is scalar(grep { / unchanged -$/ } import_lines(q('GB'), @many)), 300, 'and again';

# -- whoever writes to us meanwhile is not kept waiting
$db->sql("BEGIN; INSERT INTO frontline_import.line (sms, company_name) VALUES ('+447700900001', 'Acme'); SELECT * FROM frontline_import.run()", %import);
is $db->error("SELECT * FROM frontline_api.conversation_added('CH" . '0' x 32 . "', NULL, '+447700900001', '+15005550006', 'active', now(), now())", user => 'frontline_fcgi'), '',
	'a conversation gets a customer who is being imported';
$db->sql('COMMIT', %import);
is see("SELECT company_name || (SELECT count(*) FROM frontline.conversation v WHERE v.customer_id = c.customer_id) FROM frontline.customer c WHERE customer_id = 1"), 'Acme1', 'and both are written';

done_testing;
