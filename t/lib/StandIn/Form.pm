package StandIn::Form;
# Percent-encoding as a server reads it, written apart from src/text/form.
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(escape pairs unescape);

# The bytes that a part of a path or a form value stands for.
sub unescape {
	my ($text) = @_;

	$text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
	return $text;
}

# [[name, value], ...] of a form body or a query, as text.  What is no UTF-8
# stays as bytes.
sub pairs {
	my ($form) = @_;
	my @pairs;

	for (split /&/, $form // '') {
		next if $_ eq '';
		my ($name, $value) = split /=/, $_, 2;
		$value //= '';
		for ($name, $value) {
			tr/+/ /;
			s/%([0-9A-Fa-f]{2})/chr hex $1/ge if index($_, '%') >= 0;
			utf8::decode($_);
		}
		push @pairs, [$name, $value];
	}
	return \@pairs;
}

sub escape {
	my ($text) = @_;

	utf8::encode($text) if utf8::is_utf8($text);
	$text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
	return $text;
}

1;
