#!/usr/bin/perl
# GetTemplatesByCustomerId: texts that are ready to send.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new;

sub templates {
	my ($id, %more) = @_;

	return $stage->post('GetTemplatesByCustomerId', { CustomerId => $id,
	    ConversationSid => 'CH' . '0' x 32, %more });
}

# Nothing of the sample's: only what this test made.
$stage->sql(<<'END');
UPDATE frontline.template SET active = false;
INSERT INTO frontline.team (name) VALUES ('Alpha'), ('Beta');
INSERT INTO frontline.worker (identity, friendly_name) VALUES ('bela@example.com', 'Béla B.');
INSERT INTO frontline.team_worker (worker_id, team_id)
SELECT worker_id, team_id FROM frontline.worker, frontline.team WHERE identity = 'bela@example.com' AND name = 'Alpha';
INSERT INTO frontline.customer (customer_id, display_name, first_name, last_name, company_name, language, owner_id)
SELECT 900001, 'Inès {{worker}} \ "Okafor"', 'Inès', NULL, 'Ökö & Co', 'pt-BR', worker_id
  FROM frontline.worker WHERE identity = 'bela@example.com';
INSERT INTO frontline.customer (customer_id, display_name, owner_id)
SELECT 900002, 'No Language', worker_id FROM frontline.worker WHERE identity = 'bela@example.com';
INSERT INTO frontline.customer (customer_id, display_name, owner_id)
SELECT 900003, 'Of Ana', worker_id FROM frontline.worker WHERE identity = 'ana@example.com';
INSERT INTO frontline.template_category (display_name, position, team_id) VALUES
  ('Second', 1002, NULL), ('First', 1001, NULL), ('Empty', 1003, NULL),
  ('Alpha only', 1004, (SELECT team_id FROM frontline.team WHERE name = 'Alpha')),
  ('Beta only', 1005, (SELECT team_id FROM frontline.team WHERE name = 'Beta'));
INSERT INTO frontline.template (template_category_id, position, content, language, whatsapp_approved, content_sid, content_variables)
SELECT template_category_id, p, content, lang, approved, CASE WHEN approved THEN 'HX' || repeat('0', 32) END, vars::jsonb
  FROM frontline.template_category,
  (VALUES ('First', 2, 'Hi {{first_name}} of {{Company Name}}, I am {{Worker}} = {{Author}}. {{FirstName}}!', NULL, false, NULL),
          ('First', 1, 'Dear {{Name}}', NULL, false, NULL),
          ('First', 3, 'Dear {{last_name|customer}}', NULL, false, NULL),
          ('First', 4, 'Dear {{last_name}}', NULL, false, NULL),
          ('Second', 1, 'Hello {{1}}, it is {{2}}', NULL, true, '{"1": "{{first_name}}", "2": "noon"}'),
          ('Second', 2, 'Olá', 'pt', false, NULL),
          ('Second', 3, 'Hei', 'nb', false, NULL),
          ('Alpha only', 1, 'Alpha', NULL, false, NULL),
          ('Beta only', 1, 'Beta', NULL, false, NULL)) t(cat, p, content, lang, approved, vars)
 WHERE display_name = cat;
END
my @bela = (Worker => 'bela@example.com');

{
	use utf8;
	my $answer = templates(900001, @bela);

	is($answer->{status}, 200, 'templates are offered');
	is_deeply($answer->{json}, [
		{ display_name => 'First', templates => [
			{ content => 'Dear Inès {{worker}} \\ "Okafor"' },
			{ content => 'Hi Inès of Ökö & Co, I am Béla B. = ' .
			    'Béla B.. Inès!' },
			{ content => 'Dear customer' },
		] },
		{ display_name => 'Second', templates => [
			{ content => 'Hello Inès, it is noon',
			    whatsAppApproved => JSON::PP::true() },
			{ content => 'Olá' },
		] },
		{ display_name => 'Alpha only', templates => [
			{ content => 'Alpha' },
		] },
	], 'filled, in order, in the customer\'s language, of the worker\'s ' .
	    'teams, and none that has a gap') or diag($answer->{body});
	like($answer->{body}, qr/^\[/, 'the answer is a bare array');
	like($answer->{body}, qr/"whatsAppApproved":true/,
	    'whatsAppApproved is a boolean');
}
{
	my $answer = templates(900002, @bela);

	is(join(' ', map { $_->{content} } @{$answer->{json}[1]{templates}}),
	    "Ol\xe1 Hei", 'a customer without language is offered all') or
	    diag($answer->{body});
}

# Who.
is(templates(900003, @bela)->{status}, 404,
    "another worker's customer is unknown");
is(templates(999999, @bela)->{body}, templates(900003, @bela)->{body},
    'and not told from one who is not there');
is(templates('', @bela)->{status}, 400, 'no CustomerId is no request');
is(templates(900001, Worker => 'nobody@example.com')->{status}, 403,
    'an unknown worker is refused');

# None at all, and too many.
$stage->sql('UPDATE frontline.template SET active = false');
is(templates(900001, @bela)->{body}, '[]', 'no template is an empty array');
$stage->sql(<<'END');
INSERT INTO frontline.template (template_category_id, position, content)
SELECT template_category_id, 10 + n, 'Long ' || n || repeat(' "x"', 350)
  FROM frontline.template_category, generate_series(1, 100) n WHERE display_name = 'First';
END
{
	my $answer = templates(900001, @bela);

	ok(length $answer->{body} <= 65536, 'the answer is at most 64 kB');
	like($answer->{json}[0]{templates}[0]{content}, qr/^Long 1 /,
	    'from the start');
}

done_testing;
