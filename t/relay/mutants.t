#!/usr/bin/perl
# The guards that `make mutants` takes out are still where it looks for them.
use strict;
use warnings;
use Mutants qw(mutants occurrences);
use Test::More;

my $top = $ENV{abs_top_srcdir};
my @all = mutants();
my (%text, %names);

for my $mutant (@all) {
	my $text = $text{$mutant->{file}} //= do {
		open my $in, '<', "$top/$mutant->{file}"
		    or die "$mutant->{file}: $!\n";
		local $/;
		<$in>;
	};

	is(occurrences($text, $mutant->{from}), 1,
	    "$mutant->{file}: $mutant->{name}");
	$names{$mutant->{name}}++;
	is(join(' ', grep { !-e "$top/$_" } map { s/\.test$/.c/r }
	    @{$mutant->{tests}}), '', "$mutant->{name}: its tests are there");
}
is(scalar keys %names, scalar @all, 'no two have the same name');
done_testing;
