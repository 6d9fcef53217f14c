#!/usr/bin/perl
# The configuration that the package brings: true to the table of settings, and
# right as soon as somebody has filled it in.  README.Debian says the same.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Files qw(slurp put);
use Test::More;

my $top = $ENV{abs_top_srcdir};
my $build = $ENV{abs_top_builddir};
my $dir = tempdir(CLEANUP => 1);
my $shipped = slurp("$top/debian/frontline.conf");

# The table, by the program: section.key => [its default or undef, required].
my (%table, $section);
for (qx($build/frontlinectl config --keys)) {
	$section = $1 if /^\[(.+)\]$/;
	my ($key, $about) = /^(\w+) \((.*)\)$/ or next;
	my ($default) = $about =~ /, default (.*)/;
	$table{"$section.$key"} = [$default, $about =~ /, required/];
}
cmp_ok(scalar keys %table, '>', 40, 'the table of settings');

# What the file names: section.key => value, all of it commented out.
my %named;
for (split /\n/, $shipped) {
	$section = $1 if /^(?:; )?\[(.+)\]$/;
	$named{"$section.$2"} = [$3, $1] if /^(; )?([a-z_]+) = (.*)$/;
}

subtest 'what it names' => sub {
	cmp_ok(scalar keys %named, '>', 10, 'settings');
	for my $key (sort keys %named) {
		(my $row = $key) =~ s/^front\.\w+\./front.*./;
		my ($value, $comment) = @{$named{$key}};

		ok($table{$row}, "$key is a setting") or next;
		is($comment, '; ', '... and commented out');
		is($value, $table{$row}[0], '... with its default') if defined $table{$row}[0];
	}
	for my $key (sort grep { $table{$_}[1] } keys %table) {
		(my $row = $key) =~ s/^front\.\*/front.support/;
		ok($named{$row}, "$key, which is required, is there");
	}
	unlike($shipped, qr/^[^;\[\n]/m, 'nothing is set');
};

# Every line of it taken at its word.
sub fill_in {
	my ($text) = @_;

	$text =~ s/^; (\[|[a-z_]+ = )/$1/mg;
	$text =~ s/(AC|SK)x{32}/$1 . '0123456789abcdef' x 2/eg;
	return $text;
}

sub says {
	my ($program, @arguments) = @_;

	open my $out, '-|', 'sh', '-c', '"$@" 2>&1', 'sh', "$build/$program", @arguments
	    or die "$program: $!";
	local $/;
	my $said = <$out> // '';
	close $out;
	return ($said, $? >> 8);
}

subtest 'filled in' => sub {
	plan skip_all => 'no user www-data' unless getpwnam 'www-data';
	put("$dir/frontline.conf", fill_in($shipped), 0644);
	mkdir "$dir/secrets", 0700;
	put("$dir/secrets/$_", 'a-secret-of-16-characters' . "\n", 0600)
	    for map { $named{$_}[0] } grep { /_file$/ } keys %named;
	for my $program (qw(frontline-fcgi frontline-relay)) {
		my ($said, $status) = says($program, '-c', "$dir/frontline.conf", '-t');

		is($status, 0, "$program takes it") or diag($said);
	}
	my ($said, $status) = says('frontlinectl', '-c', "$dir/frontline.conf", 'config');
	is($status, 0, 'frontlinectl, too') or diag($said);
	like($said, qr/^\[front\.support\]$/m, 'with a channel of Front');
};

subtest 'as it comes' => sub {
	put("$dir/empty.conf", $shipped, 0644);
	my ($said, $status) = says('frontline-fcgi', '-c', "$dir/empty.conf", '-t');

	is($status, 78, 'it is no configuration');
	like($said, qr/public_base_url/, '... and the first thing that is missing is named');
};

subtest 'README.Debian' => sub {
	my $readme = slurp("$top/debian/README.Debian");
	my ($settings) = $readme =~ /^    editor \S+\n\n(.*?)\n\n/ms;

	ok($settings, 'has the settings that are required');
	put("$dir/frontline.conf", fill_in($settings =~ s/^    //mgr) . "\n[responder]\nnginx_user = 33\n", 0644);
	my ($said, $status) = says('frontlinectl', '-c', "$dir/frontline.conf", 'config');
	is($status, 0, '... and no more are') or diag($said);
	for my $unit (map { m{([^/]+)$} } glob "$top/debian/frontline-*.{socket,target,timer}") {
		like($readme, qr/\Q$unit\E/, "names $unit");
	}
	my @roles = slurp("$top/schema/0001_crm.sql") =~ /'(frontline_\w+) (?:NO)?LOGIN'/g;
	my ($dropped) = $readme =~ /DROP ROLE ([^']+)'/;
	is_deeply([sort split /, /, $dropped], [sort @roles], 'drops all roles that are made');
	is(join("\n", grep { length > 79 && !/^(?:    | -- )/ } split /\n/, $readme), '', 'fits a terminal');
};

done_testing;
