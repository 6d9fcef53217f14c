#!/usr/bin/perl
# Requests that are wrong: each gets its status, a small JSON error, and within
# a blink; and the process that refused it goes on.
use strict;
use warnings;
use POSIX ();
use Stage;
use Test::More;

my $stage = Stage->new(responders => 1);
my ($process) = $stage->responder_pids;
my @list = (Location => 'GetCustomersList', Worker => Stage::WORKER);

sub is_error(&@) {
	my ($ask, $status, $code, $what) = @_;
	my $answer = in_time(1, $ask);

	is($answer->{status}, $status, "$what: $status");
	is($answer->{headers}{'content-type'}, 'application/json',
	    "$what: JSON");
	is_deeply([sort keys %{$answer->{json}{error} // {}}],
	    ['code', 'message'], "$what: code and message") or
	    diag($answer->{body});
	is($answer->{json}{error}{code}, $code, "$what: $code")
	    if defined $code;
	ok($answer->{seconds} < 1, "$what: at once");
}

# Forms.
is_error { $stage->post(undef, $_->[0]) } $_->[1], undef, $_->[2] for (
	[[Location => 'NoSuchLocation', Worker => Stage::WORKER], 422,
	    'an unknown Location'],
	[[Location => 'GetCustomerList', Worker => Stage::WORKER], 422,
	    'a Location that is nearly right'],
	[[Location => '', Worker => Stage::WORKER], 422, 'no Location'],
	[[Location => "GetCustomersList\0x", Worker => Stage::WORKER], 422,
	    'a Location with a NUL'],
	[[@list, Location => 'GetCustomersList'], 400, 'Location twice'],
	[[@list, Worker => Stage::WORKER], 400, 'Worker twice'],
	[[@list, PageSize => 1, PageSize => 2], 400, 'PageSize twice'],
	[[Location => 'GetCustomersList', Worker => ''], 400, 'no Worker'],
	[[Location => 'GetCustomersList', Worker => 'x' x 257], 400,
	    'a Worker of 257 characters'],
	[[Location => 'GetCustomersList', Worker => "ana\@example.com\0"], 400,
	    'a NUL in Worker'],
	[[Location => 'GetCustomersList', Worker => "ana\xff"], 400,
	    'a Worker that is no UTF-8'],
	[[Location => 'GetCustomersList', Worker => 'nobody'], 403,
	    'an unknown Worker'],
	[[@list, Query => "a\0b"], 400, 'a NUL in Query'],
	[[@list, Query => "\xc3("], 400, 'a Query that is no UTF-8'],
	[[@list, Query => "\xed\xa0\x80"], 400, 'half a surrogate in Query'],
	[[@list, Query => 'q' x 201], 400, 'a Query of 201 characters'],
	[[@list, Query => 'q' x 40000], 400, 'a Query of 40,000'],
	[[@list, NextPageToken => 'damaged'], 400, 'a damaged NextPageToken'],
	[[@list, "A\0B" => 'x'], 400, 'a NUL in a name'],
	[[@list, 'N' x 200 => 'x'], 400, 'a name of 200 characters'],
	[[@list, map { ("F$_" => 1) } 1 .. 300], 400, '302 fields'],
	[[@list, Extra => 'x' x 33000], 400, 'a value of 33,000 bytes'],
);
is($stage->post(undef, $_->[0])->{status}, 200, $_->[1]) for (
	[[@list, Query => 'q' x 200], 'a Query of 200 characters is a search'],
	[[@list, Query => "\xc3\xa9" x 200], 'of whatever script'],
	[[@list, Anchor => 'no such anchor'], 'an unknown Anchor is a page'],
	[[@list, PageSize => '1e9'], 'so is an absurd PageSize'],
	[[@list, Future => "\xff\0"], 'unknown fields may hold anything'],
);

# Syntax comes before the signature.
is_error { $stage->post('GetCustomersList', {}, body =>
    "Location=GetCustomersList&Worker=$_") } 400, undef,
    "a form that ends in '$_'" for '%', '%4', '%zz', '%u0041';
is_error { $stage->post('GetCustomersList', {}, body => '') } 403,
    'bad_signature', 'an empty body under another signature';
is_error { $stage->post(undef, [Location => 'x'], body => '',
    signature => Sign::signature(Stage::TOKEN,
	"$stage->{url}/callbacks/crm")) } 422, 'unknown_location',
    'an empty body';
is_error { $stage->post('GetCustomersList', {}, body => '&' x 65000) } 403,
    'bad_signature', 'a body of ampersands';

# Types.
is_error { $stage->post('GetCustomersList', {}, content_type => $_) } 415,
    'unsupported_media_type', "the type '$_'" for 'application/json',
    'text/plain', 'multipart/form-data; boundary=x',
    'application/x-www-form-urlencodedx', '';
is($stage->post('GetCustomersList', {}, content_type => $_)->{status}, 200,
    "the type '$_' is a form") for
    'application/x-www-form-urlencoded; charset=utf-8',
    'Application/X-WWW-Form-Urlencoded', 'application/x-www-urlencoded';

# Sizes.
is_error { $stage->post('GetCustomersList', { Query => 'q' x 66000 }) } 413,
    'body_too_large', 'a body of 66 kB';
{
	my $room = 65536 - length Sign::form([Worker => Stage::WORKER,
	    Location => 'GetCustomersList', Extra => '', More => '']);
	my %fill = (Extra => 'x' x 32768, More => 'y' x ($room - 32768));

	is($stage->post('GetCustomersList', \%fill)->{status}, 200,
	    'a body of 64 kB is read');
	$fill{More} .= 'y';
	is_error { $stage->post('GetCustomersList', \%fill) } 413,
	    'body_too_large', 'one byte more';
}

# Methods and paths.
for my $method (qw(GET PUT DELETE PATCH OPTIONS)) {
	my $answer;

	is_error { $answer = $stage->fetch_all({ method => $method,
	    url => "$stage->{url}/callbacks/crm" }) } 405,
	    'method_not_allowed', $method;
	is($answer->{headers}{allow}, 'POST', "$method: what is allowed");
}
is_error { $stage->post('GetCustomersList', {}, path => $_) } 404, 'not_found',
    $_ for '/callbacks', '/callbacks/', '/callbacks/crm/',
    '/callbacks/CRM', '/callbacks//crm', '/callbacks/%63rm',
    '/callbacks/crm;x', '/callbacks/x/../crm', '/';

# Seconds of processor time that the process has used.
sub used {
	open my $in, '<', "/proc/$process/stat" or die "stat: $!";
	my ($user, $system) = (split ' ', <$in> =~ s/.*\) //r)[11, 12];

	return ($user + $system) / POSIX::sysconf(POSIX::_SC_CLK_TCK);
}

# A hostile form costs no time.
{
	my $names = join '&', map { sprintf '%x=', $_ } 1 .. 11000;
	my $most = @{$stage->{wrapper}} ? 1 : 0.1;
	my $before = used();
	my $ask = sub {
		return $stage->post('GetCustomersList', {}, body => $names);
	};

	$ask->();
	cmp_ok(used() - $before, '<', $most, '11,000 names take no time');
	is_error { $ask->() } 400, undef, '11,000 names';
}

is_deeply([$stage->responder_pids], [$process],
    'all this was refused by one process');
my $log = $stage->slurp('log/fcgi.log');
unlike($log, qr/[^\n\x20-\x7e]/, 'and its log is plain text');

done_testing;
