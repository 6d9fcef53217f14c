#!/usr/bin/perl
# make-front-signature-vectors.pl -- writes t/data/front-signature-vectors.json:
#
#	perl t/data/make-front-signature-vectors.pl > t/data/front-signature-vectors.json
#
# Every signature is computed here from the published rule and shares no code
# with the program.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha1_base64 hmac_sha256_base64 hmac_sha256_hex);
use JSON::PP;
use MIME::Base64 qw(encode_base64);

my $SECRET = '5b1d7e90c2a34f68b0e1d2c3a4f59687';
my $NEXT = '00ffeeddccbbaa998877665544332211';
my $NOW = 1795176000000;
my $BODY = '{"type":"authorization","payload":{"channel_id":"cha_9z"}}';
my @vectors;

# A vector; `signs` is the body that is signed, `time` the timestamp's text.
sub vector {
	my ($name, $expect, %v) = @_;
	my $body = $v{body} // $BODY;
	my $time = exists $v{time} ? $v{time} : $NOW;
	my $signs = ($time // '') . ':' . ($v{signs} // $body);
	my $mac = exists $v{mac} ? $v{mac}
	    : hmac_sha256_base64($signs, $v{key} // $SECRET) . '=';
	my %headers;

	$headers{'X-Front-Signature'} = $mac if defined $mac;
	$headers{'X-Front-Request-Timestamp'} = "$time" if defined $time;
	push @vectors, {
		name        => $name,
		scheme      => 'front-hmac-sha256',
		method      => $v{method} // 'POST',
		secrets     => $v{secrets} // [$SECRET],
		now_ms      => $NOW,
		headers     => \%headers,
		body_base64 => encode_base64($body, ''),
		expect      => $expect ? 'accept' : 'reject',
	};
}

# The older way.
sub plain {
	my ($name, $expect, %v) = @_;
	my $body = $v{body} // $BODY;
	my $mac = exists $v{mac} ? $v{mac}
	    : hmac_sha1_base64($v{signs} // $body, $v{key} // $SECRET) . '=';

	vector($name, $expect, %v, mac => $mac, time => undef);
	$vectors[-1]{scheme} = 'front-hmac-sha1-body';
}

# ---- what is signed
vector('milliseconds', 1);
vector('seconds', 1, time => 1795176000);
vector('body_of_nothing', 1, body => '');
vector('body_that_is_no_json', 1, body => "\0\xff\r\n");
vector('body_with_a_colon_in_front', 1, body => ':x');
vector('large_body', 1, body => '{"text":"' . 'x' x 3000 . '"}');
vector('body_changed', 0, signs => "$BODY ");
vector('body_reformatted', 0, body => '{ "a" : 1 }', signs => '{"a":1}');
vector('colon_missing', 0, mac => hmac_sha256_base64("$NOW$BODY", $SECRET) . '=');
vector('body_alone', 0, mac => hmac_sha256_base64($BODY, $SECRET) . '=');
vector('boundary_moved', 0, time => 1795176000,
	mac => hmac_sha256_base64("179517600:0$BODY", $SECRET) . '=');

# ---- DELETE
vector('delete_undefined', 1, method => 'DELETE', body => '', signs => 'undefined');
vector('delete_with_body_undefined', 1, method => 'DELETE', signs => 'undefined');
vector('delete_with_body_signed', 1, method => 'DELETE');
vector('delete_of_nothing_signed_as_such', 1, method => 'DELETE', body => '');
vector('delete_signed_otherwise', 0, method => 'DELETE', signs => 'null');
vector('post_undefined', 0, signs => 'undefined');
vector('post_of_nothing_undefined', 0, body => '', signs => 'undefined');
vector('post_of_undefined', 1, body => 'undefined');

# ---- secrets
vector('next_secret', 1, secrets => [$SECRET, $NEXT], key => $NEXT);
vector('first_of_two', 1, secrets => [$NEXT, $SECRET], key => $NEXT);
vector('neither_secret', 0, secrets => [$SECRET, $NEXT], key => 'other');
vector('secret_decoded_from_hex', 0, key => pack('H*', $SECRET));
vector('empty_secret', 0, secrets => [''], key => '');

# ---- the timestamp
vector('oldest', 1, time => $NOW - 300_000);
vector('too_old', 0, time => $NOW - 300_001);
vector('furthest_ahead', 1, time => $NOW + 300_000);
vector('too_far_ahead', 0, time => $NOW + 300_001);
vector('oldest_in_seconds', 1, time => $NOW / 1000 - 300);
vector('too_old_in_seconds', 0, time => $NOW / 1000 - 301);
vector('zeros_in_front_are_signed', 1, time => "0$NOW");
vector('eighteen_digits', 0, time => "00000$NOW");
vector('time_of_nothing', 0, time => '');
vector('time_negative', 0, time => "-$NOW");
vector('time_with_a_plus', 0, time => "+$NOW");
vector('time_with_a_blank', 0, time => " $NOW");
vector('time_with_a_fraction', 0, time => "$NOW.5");
vector('time_as_a_date', 0, time => '2026-11-20T12:00:00Z');
vector('time_beyond_64_bits', 0, time => '9' x 20);
vector('time_of_17_digits', 0, time => '9' x 17);
vector('time_missing', 0, time => undef);

# ---- the header
vector('signature_missing', 0, mac => undef);
vector('signature_of_nothing', 0, mac => '');
vector('signature_in_hex', 0, mac => hmac_sha256_hex("$NOW:$BODY", $SECRET));
vector('signature_without_padding', 0, mac => hmac_sha256_base64("$NOW:$BODY", $SECRET));
vector('signature_too_long', 0, mac => hmac_sha256_base64("$NOW:$BODY", $SECRET) . '==');
vector('signature_by_sha1', 0, mac => hmac_sha1_base64("$NOW:$BODY", $SECRET) . '=');
{
	my $mac = hmac_sha256_base64("$NOW:$BODY", $SECRET) . '=';

	for (0, 21, 42) {
		my $other = $mac;

		substr($other, $_, 1) = substr($mac, $_, 1) eq 'A' ? 'B' : 'A';
		vector("signature_differs_at_$_", 0, mac => $other);
	}
}

# ---- the older way
plain('sha1', 1);
plain('sha1_body_of_nothing', 1, body => '');
plain('sha1_next_secret', 1, secrets => [$SECRET, $NEXT], key => $NEXT);
plain('sha1_changed', 0, signs => "$BODY ");
plain('sha1_other_secret', 0, key => 'other');
plain('sha1_missing', 0, mac => undef);
plain('sha1_by_sha256', 0, mac => hmac_sha256_base64($BODY, $SECRET) . '=');
plain('sha1_undefined_is_no_body', 0, method => 'DELETE', body => '', signs => 'undefined');

my $json = JSON::PP->new->canonical;
print "{\"signatures\":[\n", join(",\n", map { $json->encode($_) } @vectors), "\n]}\n";
