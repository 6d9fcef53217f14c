package Debian::Readme;
# The commands of README.Debian, as an operator finds them in the installed
# package: the indented lines below a heading.
use strict;
use warnings;

# Those of the section whose heading begins so; dies where there are none, so
# that a test never passes because a section was renamed.
sub commands {
	my ($root, $heading) = @_;
	my ($text, $status) = $root->run('cd /usr/share/doc/frontline-integration;'
	    . ' cat README.Debian 2>/dev/null || zcat README.Debian.gz');
	die "README.Debian: $text" if $status;
	my ($section) = $text =~ /^\Q$heading\E[^\n]*\n[-=]+\n(.*?)(?=^\S[^\n]*\n[-=]+\n|\z)/ms
	    or die "README.Debian has no section '$heading'\n";
	my @commands = $section =~ /^    (\S.*)$/mg;

	die "README.Debian has no commands below '$heading'\n" unless @commands;
	return @commands;
}

1;
