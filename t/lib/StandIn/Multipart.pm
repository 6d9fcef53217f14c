package StandIn::Multipart;
# multipart/form-data as a strict server reads it (RFC 7578), and JSON under the
# names that such a form would have: sender[handle], to[0][handle].
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Exporter 'import';

our @EXPORT_OK = qw(file_view flat nest parts);

# Of a Content-Type and a body: ([[name, value], ...], [{name, filename,
# content_type, bytes}, ...], what is wrong or undef).
sub parts {
	my ($type, $body) = @_;
	my ($quoted, $bare) = $type =~ m{^multipart/form-data\s*;.*?
	    \bboundary=(?:"([^"]{1,70})"|([^\s";,]{1,70}))}xi;
	my $mark = '--' . ($quoted // $bare // return ([], [], 'no boundary'));
	my (@pairs, @files);
	my $at = length $mark;

	return ([], [], 'does not begin with its boundary')
	    if substr($body, 0, $at) ne $mark;
	for (;;) {
		my $next = substr $body, $at, 2;

		last if $next eq '--';
		my $end = index $body, "\r\n\r\n", $at;
		my $stop = index $body, "\r\n$mark", $at;
		return (\@pairs, \@files, 'a part has no end')
		    if $next ne "\r\n" || $end < 0 || $stop < $end + 2;
		my $part = part(substr($body, $at + 2, $end - $at - 2),
		    $stop < $end + 4 ? '' : substr $body, $end + 4,
		    $stop - $end - 4);
		return (\@pairs, \@files, $part) unless ref $part;
		if (defined $part->{filename}) {
			push @files, $part;
		} else {
			utf8::decode($part->{bytes});
			push @pairs, [$part->{name}, $part->{bytes}];
		}
		$at = $stop + 2 + length $mark;
	}
	return (\@pairs, \@files, undef);
}

# One part, or a sentence.
sub part {
	my ($head, $bytes) = @_;
	my %part = (bytes => $bytes);

	for (split /\r\n/, $head) {
		my ($name, $value) = /^([A-Za-z-]+):[ \t]*(.*)$/
		    or return "a part has the header '$_'";
		if (lc $name eq 'content-type') {
			$part{content_type} = $value;
		} elsif (lc $name eq 'content-disposition') {
			return "a part is '$value'"
			    unless $value =~ /^form-data;/;
			while ($value =~ /;\s*(name|filename)="([^"]*)"/g) {
				my ($of, $text) = ($1, $2);

				$text =~ s/%22/"/g;
				utf8::decode($text);
				$part{$of} = $text;
			}
		}
	}
	return defined $part{name} ? \%part : 'a part has no name';
}

# What a ledger keeps of a file.
sub file_view {
	my ($file) = @_;

	return {
		name         => $file->{name},
		filename     => $file->{filename},
		content_type => $file->{content_type},
		size         => length $file->{bytes},
		sha256       => sha256_hex($file->{bytes}),
	};
}

# The value of each leaf of some data under its name in a form.
sub flat {
	my ($data, $name) = @_;
	my $inside = sub {
		return defined $name ? "${name}[$_[0]]" : $_[0];
	};

	return map { flat($data->{$_}, $inside->($_)) } sort keys %$data
	    if ref $data eq 'HASH';
	return map { flat($data->[$_], $inside->($_)) } 0 .. $#$data
	    if ref $data eq 'ARRAY';
	return () unless defined $data && defined $name;
	return [$name, ref $data ? $data ? 'true' : 'false' : "$data"];
}

# The other way: (data, what is wrong with the names).  A file is a leaf.
sub nest {
	my ($pairs, $files) = @_;
	my $data = {};
	my @faults;

	for (@$pairs, map { [$_->{name}, $_] } @$files) {
		my ($name, $value) = @$_;
		my ($first, $rest) = $name =~ /^(\w+)((?:\[\w+\])*)$/;

		if (!defined $first) {
			push @faults, "$name is no name of a field";
			next;
		}
		my $place = \$data->{$first};
		for my $key ($rest =~ /\[(\w+)\]/g) {
			my $wanted = $key =~ /^\d+$/ ? 'ARRAY' : 'HASH';

			$$place //= $wanted eq 'ARRAY' ? [] : {};
			if (ref $$place ne $wanted || $key =~ /^\d{3}/) {
				push @faults, "$name does not fit";
				undef $place;
				last;
			}
			$place = $wanted eq 'ARRAY' ? \$$place->[$key]
			    : \$$place->{$key};
		}
		next unless $place;
		push @faults, "$name stands twice" if defined $$place;
		$$place = $value;
	}
	return ($data, @faults);
}

1;
