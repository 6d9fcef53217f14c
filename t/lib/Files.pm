package Files;
# Whole files, read and written as bytes.
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(slurp put);

sub slurp {
	my ($file) = @_;

	open my $in, '<:raw', $file or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

# mode: of the file, where the usual one does not do.
sub put {
	my ($file, $bytes, $mode) = @_;

	open my $out, '>:raw', $file or die "$file: $!\n";
	print {$out} $bytes;
	close $out or die "$file: $!\n";
	chmod $mode, $file or die "$file: $!\n" if defined $mode;
}

1;
