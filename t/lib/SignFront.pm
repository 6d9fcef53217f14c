package SignFront;
# Signs as Front does, and as Front wants it.  Written from Front's description
# and not from our C code, so that a mistake in the one is not repeated in the
# other.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha1 hmac_sha256);
use Exporter 'import';
use JSON::PP ();
use MIME::Base64 qw(decode_base64url encode_base64 encode_base64url);

our @EXPORT_OK = qw(front_signature jwt read_jwt rule_signature);

my $json = JSON::PP->new->utf8->canonical;

sub bytes {
	my ($text) = @_;

	utf8::encode($text) if utf8::is_utf8($text);
	return $text;
}

# X-Front-Signature of a request with X-Front-Request-Timestamp.  A request
# without a body is signed over the word undefined.
sub front_signature {
	my ($secret, $timestamp, $body) = @_;

	return encode_base64(hmac_sha256(bytes($timestamp) . ':' .
	    bytes($body // 'undefined'), bytes($secret)), '');
}

# X-Front-Signature of a request that has no timestamp.
sub rule_signature {
	my ($secret, $body) = @_;

	return encode_base64(hmac_sha1(bytes($body), bytes($secret)), '');
}

# A token of claims: {iss, sub, jti, exp}.
sub jwt {
	my ($claims, $secret, $header) = @_;
	my $text = join '.', map { encode_base64url($json->encode($_)) }
	    $header // { typ => 'JWT', alg => 'HS256' }, $claims;

	return "$text." . encode_base64url(hmac_sha256($text, $secret));
}

# (header, claims, whether the secret made it) of a token; nothing where it is
# none.
sub read_jwt {
	my ($token, $secret) = @_;
	my ($text, @part) = $token =~
	    /^(([\w-]+)\.([\w-]+))\.([\w-]+)$/ or return;
	my ($header, $claims) = map { scalar eval {
	    $json->decode(decode_base64url($_)) } } @part[0, 1];

	return unless ref $header eq 'HASH' && ref $claims eq 'HASH';
	return ($header, $claims, $part[2] eq
	    encode_base64url(hmac_sha256($text, $secret)));
}

1;
