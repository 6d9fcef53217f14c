#!/usr/bin/perl
# GetCustomersList: a worker's customers, page by page, and the search.
use strict;
use warnings;
use Stage;
use Test::More;

my $stage = Stage->new;

sub list {
	my ($fields, %how) = @_;

	return $stage->post('GetCustomersList', $fields, %how);
}

sub ids {
	my ($answer) = @_;

	return [map { $_->{customer_id} }
	    @{$answer->{json}{objects}{customers}}];
}

# Every page by NextPageToken, or by Anchor; dies rather than go round for ever.
sub walk {
	my ($fields, $by) = @_;
	my (@pages, %next);

	for (1 .. 1000) {
		my $answer = list({ %$fields, %next });
		my $page = ids($answer);
		my $token = $answer->{json}{objects}{next_page_token};

		die "$answer->{status} $answer->{body}"
		    if $answer->{status} != 200;
		push @pages, $answer;
		return @pages if !@$page || $by eq 'token' && !defined $token;
		%next = $by eq 'token' ? (NextPageToken => $token)
		    : (Anchor => $page->[-1]);
	}
	die 'the list has no end';
}

# In the order of the list.
sub owned_by {
	my ($worker) = @_;

	return [split /\n/, $stage->sql(<<"END")];
SELECT customer_id FROM frontline.customer
 WHERE owner_id = (SELECT worker_id FROM frontline.worker WHERE identity = '$worker')
   AND deleted_at IS NULL
 ORDER BY sort_name, customer_id
END
}

# A worker of this test's own, whose list nothing else touches.
$stage->sql(<<'END');
INSERT INTO frontline.worker (identity) VALUES ('bela@example.com'), ('empty@example.com');
INSERT INTO frontline.worker (identity, state) VALUES ('gone@example.com', 'deactivated');
INSERT INTO frontline.customer (display_name, owner_id)
SELECT name, (SELECT worker_id FROM frontline.worker WHERE identity = 'bela@example.com')
  FROM (SELECT 'Customer ' || lpad(n::text, 3, '0') FROM generate_series(1, 65) n
        UNION ALL SELECT unnest(ARRAY['Łucja Ångström', 'Иван Петров', '田中 花子', '100 % Wool_Ltd',
          'Back\slash', 'O''Brien "Bo"', 'Smile 😀 GmbH', 'ΟΔΥΣΣΕΥΣ'])) s(name);
END
my @bela = (Worker => 'bela@example.com');
my $all = owned_by('bela@example.com');

# One page.
{
	my $answer = list({ @bela, PageSize => 3 });
	my $objects = $answer->{json}{objects};

	is($answer->{status}, 200, 'a worker is answered');
	is($answer->{headers}{'content-type'}, 'application/json', 'in JSON');
	is_deeply(ids($answer), [@$all[0 .. 2]], 'with the first of the list');
	like($answer->{body}, qr/"customer_id":"\d+"/,
	    'customer_id is a string');
	ok($objects->{searchable}, 'the list is always searchable');
	is(ref $objects->{searchable}, 'JSON::PP::Boolean',
	    'which is a boolean');
	ok(length $objects->{next_page_token}, 'there is a next page');
	is_deeply(list({ Worker => 'empty@example.com' })->{json},
	    { objects => { customers => [], searchable => JSON::PP::true() } },
	    'a worker without customers gets an empty list');
}

# All pages.
for my $by (qw(token anchor)) {
	for my $size (1, 7, 30, 73, 200) {
		my @pages = walk({ @bela, PageSize => $size }, $by);

		is_deeply([map { @{ids($_)} } @pages], $all,
		    "by $by, $size at a time: each customer once, in order");
	}
}
{
	my @pages = walk({ @bela, PageSize => 73 }, 'token');

	is(@pages, 1, 'a page that just fits everything has no token');
}

# PageSize.
is(@{ids(list({ @bela, PageSize => $_->[0] }))}, $_->[1],
    "PageSize '$_->[0]' gives $_->[1]") for (
	['', 30], ['0', 30], ['-5', 30], ['thirty', 30], ['3x', 30],
	['1', 1], ['200', 73], ['201', 73], ['99999999999999999999', 73],
);
is(@{ids(list({ @bela }))}, 30, 'no PageSize gives 30');

# Tokens and anchors.
{
	my $token = list({ @bela, PageSize => 10 })
	    ->{json}{objects}{next_page_token};
	my $both = list({ @bela, PageSize => 2, NextPageToken => $token,
	    Anchor => $all->[50] });

	is_deeply(ids($both), [@$all[10, 11]], 'the token goes before Anchor');
	for my $bad ('x', 'AAAA', substr($token, 0, -1), substr($token, 1),
	    $token . 'A', ucfirst lc $token, "$token=", 'a' x 5000) {
		my $answer = list({ @bela, NextPageToken => $bad });

		is($answer->{status}, 400, 'a damaged token is refused: ' .
		    substr $bad, 0, 20);
	}
	is_deeply(ids(list({ @bela, NextPageToken => '', PageSize => 1 })),
	    [$all->[0]], 'an empty token is none');
}
for my $anchor ('0', '-1', '999999999999', '9' x 40, 'x', "' OR 1=1 --",
    "\xf0\x9f\x98\x80") {
	my $answer = list({ @bela, Anchor => $anchor });

	is($answer->{status}, 200, 'an unknown Anchor is no error');
	is_deeply(ids($answer), [], 'but no page one either');
}

# While the list changes under the app.
{
	my $page = ids(list({ @bela, PageSize => 5 }));
	my $last = $page->[-1];

	$stage->sql("UPDATE frontline.customer SET deleted_at = now()
	    WHERE customer_id = $last");
	is_deeply(ids(list({ @bela, PageSize => 2, Anchor => $last })),
	    [@$all[5, 6]], 'the list goes on after an Anchor that was deleted');
	$stage->sql("UPDATE frontline.customer SET deleted_at = NULL
	    WHERE customer_id = $last");
}

# Who may see whom.
{
	my $ana = list({ PageSize => 200 });
	my %seen = map { $_ => 1 } @{ids($ana)};

	ok(keys %seen >= 40, 'the sample worker has customers');
	is(scalar(grep { $seen{$_} } @$all), 0,
	    "and none of another worker's");
	for ([{ Worker => 'nobody@example.com' }, 'an unknown worker'],
	    [{ Worker => 'gone@example.com' }, 'a worker who has left'],
	    [{ Worker => 'Bela@Example.com' }, 'a worker in other letters']) {
		my $answer = list($_->[0]);

		is($answer->{status}, 403, "$_->[1] is refused");
		is($answer->{json}{error}{code}, 'unknown_worker',
		    "$_->[1] is told so");
	}
	is(list([Worker => ''])->{status}, 400, 'no worker is no request');
}

# Search.
sub found {
	my ($query, @names) = @_;
	my $answer = list({ @bela, Query => $query, PageSize => 200 });

	is_deeply([map { $_->{display_name} }
	    @{$answer->{json}{objects}{customers}}], \@names,
	    "a search for '$query'") or diag($answer->{body});
}
binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);
{
	use utf8;

	found('ŁUCJA', 'Łucja Ångström');
	found('angstrom', 'Łucja Ångström');
	found('петр', 'Иван Петров');
	found('花', '田中 花子');
	found('%', '100 % Wool_Ltd');
	found('_', '100 % Wool_Ltd');
	found('\\', 'Back\\slash');
	found("o'b", q(O'Brien "Bo"));
	found('"', q(O'Brien "Bo"));
	found('😀', 'Smile 😀 GmbH');
	found('οδυσσευς', 'ΟΔΥΣΣΕΥΣ');
	found('customer 06', map { "Customer 06$_" } 0 .. 5);
	found('no such name');
	found(Stage::CANARY);
	found('100  %', '100 % Wool_Ltd');
}
is(@{ids(list({ @bela, Query => '' }))}, 30, 'an empty Query is none');
{
	my @pages = walk({ @bela, Query => 'customer', PageSize => 20 },
	    'token');

	is(map({ @{ids($_)} } @pages), 65, 'a search has pages too');
}

# Numbers.
$stage->sql(<<'END');
INSERT INTO frontline.channel (customer_id, type, value)
SELECT customer_id, 'sms', '+447700900461' FROM frontline.customer WHERE display_name = 'Customer 007';
END
found($_, 'Customer 007') for '+447700900461', '07700900461',
    '0044 7700 900461', '07700-900 461', '900461', '0461';
$stage->write_config('service.masking' => 'yes');
kill 'HUP', $stage->responder_pids;
wait_until(sub {
	!@{ids(list({ @bela, Query => '0461' }))};
}, 'masking is on');
found('+447700900461', 'Customer 007');
found($_) for '0461', '900461';
found('770090', 'Customer 007');

# The answer stays below 64 kB and goes on by its token.
{
	use utf8;

	$stage->sql(<<'END');
INSERT INTO frontline.worker (identity) VALUES ('wide@example.com');
INSERT INTO frontline.customer (display_name, avatar, owner_id)
SELECT 'Wide ' || n || repeat(' "😀"', 280), 'https://a.example/' || repeat('a', 2000),
       (SELECT worker_id FROM frontline.worker WHERE identity = 'wide@example.com')
  FROM generate_series(1, 60) n;
END
	my @pages = walk({ Worker => 'wide@example.com', PageSize => 200 },
	    'token');
	my $wide = owned_by('wide@example.com');

	is(scalar(grep { length $_->{body} > 65536 } @pages), 0,
	    'no answer is larger than 64 kB');
	is_deeply([map { @{ids($_)} } @pages], $wide,
	    'and nothing is lost where one was cut');
}

# One URL may serve all callbacks.
is(@{ids(list({ @bela }, path => $_))}, 30, "a list by $_") for
    qw(/callbacks/crm /callbacks/outgoing-conversation /callbacks/templates);

done_testing;
