package Debian::Package;
# The package under test, and other versions of it.
use strict;
use warnings;
use Test::More ();

our $NAME = 'frontline-integration';
my $built;

# The .deb of this build; made when the sources are newer.
sub built {
	return $built if $built;
	my $dir = "$ENV{abs_top_builddir}/deb";

	if (!$ENV{DEBIAN_PACKAGE_BUILT}) {
		# The make that runs the tests must not speak to this one.
		delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKE_TERMOUT MAKE_TERMERR)};
		my $make = $ENV{MAKE} // 'make';
		my $said = qx($make -s -C '$ENV{abs_top_builddir}' deb 2>&1 </dev/null);
		if ($?) {
			Test::More::BAIL_OUT("make deb: $said");
		}
		$ENV{DEBIAN_PACKAGE_BUILT} = 1;
	}
	my @found = glob "$dir/${NAME}_*.deb";
	die "$dir: not one package but: @found\n" unless @found == 1;
	return $built = $found[0];
}

sub field {
	my ($deb, $name) = @_;
	my $value = qx(dpkg-deb -f '$deb' '$name');

	$value =~ s/\s+/ /g;
	$value =~ s/ $//;
	return $value;
}

# The same package under another version, `change` having been called with
# the directory of its content.  Goes to `into`, a directory that goes
# with the test.
sub other {
	my ($into, $version, $change) = @_;
	my $tree = "$into/tree-$version";

	mkdir $tree or die "$tree: $!";

	system('dpkg-deb', '-R', built(), "$tree/x") == 0 or die 'dpkg-deb -R';
	edit("$tree/x/DEBIAN/control", sub { s/^Version: .*$/Version: $version/m });
	$change->("$tree/x") if $change;
	# What changed has another sum.
	system("cd '$tree/x' && find . -path ./DEBIAN -prune -o -type f -printf '%P\\0'"
	    . " | sort -z | xargs -0 md5sum >DEBIAN/md5sums") == 0 or die 'md5sums';
	my $deb = "$into/${NAME}_${version}_" . field(built(), 'Architecture') . '.deb';
	system("dpkg-deb -Znone --root-owner-group -b '$tree/x' '$deb' >/dev/null") == 0
	    or die 'dpkg-deb -b';
	return $deb;
}

# Changes a file's text, which is $_ meanwhile.
sub edit {
	my ($file, $change) = @_;

	open my $in, '<', $file or die "$file: $!";
	local $/;
	local $_ = <$in>;
	close $in;
	$change->();
	open my $out, '>', $file or die "$file: $!";
	print {$out} $_;
	close $out or die "$file: $!";
}

1;
