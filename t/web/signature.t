#!/usr/bin/perl
# Only what Twilio signed, for the address that it was told, is answered.
use strict;
use warnings;
use Sign qw(signature);
use Stage;
use Test::More;

my $stage = Stage->new;
my $url = $stage->{url};
my $path = '/callbacks/crm';
my @fields = (Location => 'GetCustomersList', Worker => Stage::WORKER,
    PageSize => 2);

sub ask {
	my (%how) = @_;

	return $stage->post('GetCustomersList', [@fields], %how);
}

sub accepted {
	my ($answer, $what) = @_;

	is($answer->{status}, 200, $what) or
	    diag($answer->{body}, ' ', $stage->slurp('log/fcgi.log'));
}

sub refused {
	my ($answer, $what) = @_;

	is($answer->{status}, 403, $what);
	is_deeply($answer->{json}, { error => { code => 'bad_signature',
	    message => 'the signature does not match' } },
	    "$what: and is told nothing more");
}

# What was signed.
accepted(ask(), 'a signed request is answered');
accepted(ask(token => Stage::NEXT),
    'so is one that is signed with the next token');
refused(ask(token => 'c0ffee00c0ffee00c0ffee00c0ffee00'),
    'a signature by another token is refused');
refused($stage->post('GetCustomersList',
    { PageSize => 2 }, body => 'Location=GetCustomersList&PageSize=200&Worker=' .
    'ana%40example.com'), 'a form that was changed is refused');

# How it is said.
refused(ask(signature => $_->[0]), "$_->[1] is refused") for (
	[undef, 'no signature'],
	['', 'an empty signature'],
	['x', 'a short signature'],
	['AAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'a wrong signature'],
	[signature(Stage::TOKEN, $url . $path, \@fields) . 'A',
	    'a signature with a tail'],
	[lc signature(Stage::TOKEN, $url . $path, \@fields),
	    'a signature in small letters'],
	['A' x 5000, 'a very long signature'],
);
{
	my $good = signature(Stage::TOKEN, $url . $path, \@fields);

	refused(ask(headers => ["X-Twilio-Signature: $_->[0]"]), $_->[1]) for (
		[$good, 'the same signature twice is refused'],
		['AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
		    'a right and a wrong signature are refused'],
	);
	refused(ask(signature => undef,
	    headers => ['X_Twilio_Signature: ' . $good]),
	    'the header under another spelling is none');
}

# The address that counts is the configured one.
accepted(ask(headers => ['Host: evil.example']),
    'the Host header does not matter');
accepted(ask(headers => ['X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: http', 'X-Original-URL: /x']),
    'nor does what a proxy claims');
refused(ask(sign_url => "https://evil.example$path",
    headers => ['Host: evil.example']),
    'a signature made for another host is refused');
refused(ask(sign_url => "http://localhost$path"),
    'one made for http is refused');
refused(ask(sign_url => "$url/callbacks/templates"),
    'one made for another path is refused');
accepted(ask(sign_url => "https://localhost$path"),
    'one made for the address without its port is accepted');

# The query string is signed byte by byte.
accepted(ask(path => "$path?x=%41&y=a+b"), 'a query is signed as it is sent');
refused(ask(path => "$path?x=%41", sign_url => "$url$path?x=A"),
    'and not as it reads');

# The form is signed as it reads.
sub signs_alike {
	my ($body, $pairs, $what) = @_;

	accepted($stage->post('GetCustomersList', $pairs, body => $body),
	    $what);
}
my $start = 'Location=GetCustomersList&Worker=ana%40example.com';
my @start = (Location => 'GetCustomersList', Worker => Stage::WORKER);
signs_alike("Worker=ana%40example.com&Location=GetCustomersList", \@start,
    'the order of the fields does not matter');
signs_alike("$start&Query=a+b", [@start, Query => 'a b'],
    'a plus is a blank');
signs_alike("$start&Query=a%20b", [@start, Query => 'a b'],
    'and so is %20');
signs_alike("$start&Query=1%2B1", [@start, Query => '1+1'],
    '%2B is a plus');
signs_alike("$start&FromZip=&FromCity", [@start, FromZip => '',
    FromCity => ''], 'empty values are signed');
signs_alike("$start&&Query=a&", [@start, Query => 'a'],
    'empty segments are not');
signs_alike("$start&MessagingBinding.Address=%2b4790000000",
    [@start, 'MessagingBinding.Address' => '+4790000000'],
    'unknown fields are signed');
signs_alike("$start&Extra=b&Extra=a&Extra=b",
    [@start, Extra => 'a', Extra => 'b'],
    'a repeated field is signed once for each value, in order');
signs_alike("$start&Query=%C3%98l", [@start, Query => "\xc3\x98l"],
    'UTF-8 is signed as bytes');

# Nothing parts a name from its value in what is signed, so a boundary can be
# moved; what is made of the fields then must still be harmless.
{
	my @moved = (Location => 'GetCustomersList',
	    Worke => 'r' . Stage::WORKER, PageSize => 2);
	my $answer = $stage->post('GetCustomersList', [@fields],
	    body => Sign::form(\@moved));

	is($answer->{status}, 400, 'a moved boundary makes no worker');
}

# The log answers "403 behind the proxy".
{
	my ($line) = reverse grep { ($_->{code} // '') eq 'bad_signature' }
	    $stage->log_lines;

	like($line->{reason}, qr{\Q$url$path\E}, 'the log names what was tried');
	is($line->{status}, 403, 'and the status');
}

done_testing;
