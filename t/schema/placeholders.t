#!/usr/bin/perl
# What a DBA may store as a template is what the responder can fill: both are asked for every row of one table.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new;

# The text, and whether it is taken: the responder offers exactly the texts that the constraint takes.
my @placeholders = (
	(map { [ "{{$_}}" => 1 ] } qw(displayname name firstname lastname companyname company worker author)),
	(map { [ "{{$_}}" => 1 ] } qw(display_name first_name last_name company_name Name Author FIRST_NAME CompanyName _name n_a_m_e), 'Display Name', ' name ', '  first _ name  ',
		'_' x 40 . 'name'),
	(map { [ "{{$_}}" => 0 ] } qw(nmae surname id email phone avatar language companynam companynames workers first-name first.name 0 1 7 99 100 _1 1_), '', ' ', '_', '1 0',
		'name' x 10),
	# nothing but a blank and an underscore may be left out, and only A to Z are the same as a to z
	(map { [ "{{$_}}" => 0 ] } "\tname", "name\t", "first\tname", "\nname", "name\r", "\x{b}name", "\x{a0}name", "first\x{2007}name", "name\x{200b}", "\x{ff4e}ame", "wor\x{212a}er", "fir\x{17f}tname"),
	# defaults
	(map { [ "{{$_}}" => 1 ] } 'name|', 'name|there', 'First Name | there ', 'name|a|b', "name|\tx\ny", 'name|{x', 'company|a{b}c'),
	(map { [ "{{$_}}" => 0 ] } '|', '|there', ' |there', 'nobody|there', '1|there', "name\t|there"),
	# braces beside a placeholder
	[ '{ {{name}} }' => 1 ], [ '{{name}}}' => 1 ], [ '{{name|{x}}}' => 1 ], [ '{{{name}}' => 0 ], [ '{{{name}}}' => 0 ], [ '{{{{name}}' => 0 ], [ '{{name}}{{{worker}}' => 0 ],
	[ 'a } b { c' => 1 ], [ '{{name}}{{company}} {{nobody}}' => 0 ],
);
my $map = '{"1": "{{first_name|there}}", "2": "{{company}}", "10": "ten", "3": "", "4": "}", "5": "a{", "6": "\\\\1 & \\\\"}';
my @mapped = (
	(map { [ "{{$_}}" => 1 ] } 1, 2, 10, 3, ' 1', '1 ', '  10  '),
	(map { [ "{{$_}}" => 0 ] } '_1', '1_', '0', '01', '7', '11', '1 0', '1|x', "1\t", "\t1", "\n1", "1\x{a0}", '1.', '-1', "\x{661}"),
	[ '{{1}} {{2}} {{10}}, {{name}}' => 1 ], [ '{{1}}{{2}}' => 1 ], [ '{{6}}' => 1 ], [ '{{{1}}' => 0 ], [ '{{{1}}}' => 0 ], [ '{{1}}}' => 1 ], [ '{{5}}{{name}}' => 0 ], [ '{{5}} {{name}}' => 1 ],
	[ '{{1}} {{_1}}' => 0 ], [ '{{1}} {{nobody}}' => 0 ],
);
# Braces that nothing closes or opens are text to the responder; for a DBA they are a slip of the pen, so only the constraint minds.
my @slips = ('{{', '}}', '{{name', 'name}}', '{{name}', '{{name}}}}', '{{name}} {{', '{{name|{{x}}', '{{first_name|{{last_name}}}}');

sub lit { my ($v) = @_; utf8::encode($v); $v =~ s/'/''/g; return "'$v'" }

# Which of the texts the constraint takes; then it goes, all are stored, and the responder says which it offers.
sub both {
	my ($variables, @texts) = @_;
	my $values = join ', ', map { "($_, " . lit($texts[$_]) . ')' } 0 .. $#texts;
	my %taken = map { $_ => 1 } split /\n/, $stage->sql("SELECT n FROM (VALUES $values) v (n, text) WHERE frontline.placeholders_known(text, $variables) ORDER BY n");
	my %offered;
	for my $from (map { $_ * 100 } 0 .. $#texts / 100) {
		$stage->sql("UPDATE frontline.template SET active = false; INSERT INTO frontline.template (template_category_id, position, content, content_sid, content_variables)
			SELECT (SELECT min(template_category_id) FROM frontline.template_category WHERE team_id IS NULL), n, n || ':' || text, 'HX' || repeat('0', 32), $variables
			FROM (VALUES $values) v (n, text) WHERE n BETWEEN $from AND $from + 99");
		my $answer = $stage->post('GetTemplatesByCustomerId', { Worker => 'kim@example.com', CustomerId => 900001 });
		$offered{ $_->{content} =~ /^(\d+):/ ? $1 : '?' } = 1 for map { @{ $_->{templates} } } @{ $answer->{json} };
	}
	return (\%taken, \%offered);
}

sub shown { my ($text) = @_; return $text =~ s/([^ -~])/sprintf '\\x{%x}', ord $1/ger }

$stage->sql(<<'END');
ALTER TABLE frontline.template DROP CONSTRAINT template_placeholders_known;
INSERT INTO frontline.worker (identity, friendly_name) VALUES ('kim@example.com', 'Kim');
INSERT INTO frontline.customer (customer_id, display_name, first_name, last_name, company_name, owner_id)
SELECT 900001, 'Ana Ek', 'Ana', 'Ek', 'Acme', worker_id FROM frontline.worker WHERE identity = 'kim@example.com';
END

for my $table ([ 'NULL', @placeholders ], [ lit($map), @mapped ]) {
	my ($variables, @rows) = @$table;
	my ($taken, $offered) = both($variables, map { $_->[0] } @rows);
	for my $n (0 .. $#rows) {
		my ($text, $want) = @{ $rows[$n] };
		is $taken->{$n} // 0, $want, ($want ? 'taken: ' : 'refused: ') . shown($text);
		is $offered->{$n} // 0, $want, ($want ? 'offered: ' : 'not offered: ') . shown($text);
	}
}
my ($taken, $offered) = both('NULL', @slips);
is $taken->{$_} // 0, 0, 'refused: ' . shown($slips[$_]) for 0 .. $#slips;
is $offered->{$_} // 0, 1, 'offered, were it there: ' . shown($slips[$_]) for 0 .. $#slips;

done_testing;
