package Sign;
# Signs as Twilio does.  Written from Twilio's description and not from our C
# code, so that a mistake in the one is not repeated in the other.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha1);
use Exporter 'import';
use MIME::Base64 qw(encode_base64);

our @EXPORT = qw(form signature);

# The fields of a form: a hash, or a list of pairs where order or repetition
# matters.
sub pairs_of {
	my ($fields) = @_;

	return ref $fields eq 'ARRAY' ? @$fields
	    : map { $_ => $fields->{$_} } sort keys %$fields;
}

sub bytes {
	my ($text) = @_;

	utf8::encode($text) if utf8::is_utf8($text);
	return $text;
}

sub escape {
	my $text = bytes(shift);

	$text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
	return $text;
}

# The body of the request.
sub form {
	my @pairs = pairs_of(@_);
	my @parts;

	while (my ($name, $value) = splice @pairs, 0, 2) {
		push @parts, escape($name) . '=' . escape($value);
	}
	return join '&', @parts;
}

# The value of X-Twilio-Signature.
sub signature {
	my ($token, $url, $fields) = @_;
	my @pairs = pairs_of($fields // []);
	my %values;
	my $signed = bytes($url);

	while (my ($name, $value) = splice @pairs, 0, 2) {
		$values{bytes($name)}{bytes($value)} = 1;
	}
	for my $name (sort keys %values) {
		$signed .= $name . $_ for sort keys %{$values{$name}};
	}
	return encode_base64(hmac_sha1($signed, $token), '');
}

1;
