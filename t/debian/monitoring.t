#!/usr/bin/perl
# The alert rules and the dashboard: they load in the checkers of the real tools,
# they ask for what /metrics says, and every alert says what to do.
use strict;
use warnings;
use Exposition;
use JSON::PP ();
use Stage;
use Test::More;

my $top = $ENV{abs_top_srcdir};
my $alerts = source('debian/monitoring/alerts.yml');
my $board = JSON::PP->new->utf8->decode(source('debian/monitoring/dashboard.json'));
my $readme = source('README.md');
my $stage = Stage->new(sample => 0, responders => 1);
my $seen = $stage->metrics;
my %known = map { $_ => 1 } $seen->names, 'up';

sub source {
	my ($file) = @_;

	open my $in, '<', "$top/$file" or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

# Every panel, in rows or not.
sub panels {
	return map { $_, panels(@{$_->{panels} // []}) } @_;
}

# The labels of a name, as they stand in /metrics; a scrape adds two.
sub labels_of {
	my ($name) = @_;
	my %labels = (job => 1, instance => 1, $name =~ /_bucket$/ ? (le => 1) : ());

	for (keys %{$seen->{series}}) {
		my ($this, @pairs) = split /,/;
		next unless $this eq $name;
		$labels{(split /=/)[0]} = 1 for @pairs;
	}
	return \%labels;
}

# ---- what the rules and the panels ask for
my @rules = $alerts =~ /^\s+- alert: (\w+)$/mg;
my @panels = panels(@{$board->{panels}});
my @targets = map { @{$_->{targets} // []} } @panels;
my @expressions = map { $_->{expr} } @targets;
my $rules = $alerts =~ s/^\s*(?:summary|description|#).*$//mgr;
my %asked;

cmp_ok(scalar @rules, '>', 20, 'there are alerts');
cmp_ok(scalar @expressions, '>', 30, 'and panels');
$asked{$_}++ for map { /\b(frontline_\w+|up(?=\{))/g } $rules, @expressions;
is(join(' ', grep { !$known{$_} } sort keys %asked), '',
    'each metric that is asked for is in /metrics');
is(join(' ', grep { my $family = $_;
	!grep { /^\Q$family\E(?:_bucket|_sum|_count)?$/ } keys %asked }
    $seen->families), '', 'each metric of /metrics is asked for');
my @labels;
for my $text ($rules, @expressions) {
	while ($text =~ /\b(frontline_\w+)\{([^}]*)\}/g) {
		my ($name, $matchers) = ($1, $2);
		my $has = labels_of($name);

		push @labels, grep { !$has->{$_} } $matchers =~ /(\w+)\s*[!=]/g
		    if grep { /^\Q$name\E(?:,|$)/ } keys %{$seen->{series}};
	}
}
is(join(' ', @labels), '', 'and has the labels that it is picked by');

# ---- every alert says what to do
my (undef, @each) = split /^\s+- alert: /m, $alerts;
my ($chapter) = $readme =~ /^### When an alert rings\n(.*?)^##/ms;
for (@each) {
	my ($name) = /^(\w+)/;

	like($_, qr/^\s+expr:.*^\s+severity:\ (?:critical|warning)\n
	    .*^\s+summary:\ ".+"\n\s+description:\ ".{40,}"\n/msx,
	    "$name: severity, summary, and what to do");
	ok(index($chapter // '', "`$name`") >= 0, "$name: README.md knows it");
}
is(join(' ', grep { my $name = $_; !grep { $_ eq $name } @rules }
    ($chapter // '') =~ /`(Frontline[A-Z]\w+)`/g), '',
    'README.md speaks of no other');

# ---- the dashboard, as Grafana wants it
cmp_ok($board->{schemaVersion}, '>=', 36, 'a schema of Grafana 9 or later');
is($board->{id} // '', '', 'no id of one installation');
my ($source) = grep { $_->{type} eq 'datasource' }
    @{$board->{templating}{list}};
is($source->{query}, 'prometheus', 'the data source is a variable');
is(join(' ', grep { $_ ne '${datasource}' } map { $_->{datasource}{uid} }
    @targets, grep { $_->{type} ne 'row' } @panels), '', 'and is used by all');
my %ids;
$ids{$_->{id}}++ for @panels;
is(join(' ', grep { $ids{$_} > 1 } keys %ids), '', 'each panel has an id');
is(join(' ', map { $_->{title} } grep { my $p = $_->{gridPos};
	$p->{x} + $p->{w} > 24 } @panels), '', 'and its place');
my @places = map { my $p = $_->{gridPos};
	map { my $x = $_; map { "$x/$_" } $p->{y} .. $p->{y} + $p->{h} - 1 }
	    $p->{x} .. $p->{x} + $p->{w} - 1 } @panels;
my %places;
is(scalar(grep { $places{$_}++ } @places), 0, 'which no other has');

# ---- the checkers
SKIP: {
	skip 'no promtool (package prometheus)', 4
	    unless grep { -x "$_/promtool" } split /:/, $ENV{PATH};
	my $is_fine = sub {
		my ($what, @command) = @_;
		my ($said, $status) = $stage->run('promtool', @command);

		is($status, 0, $what) or diag($said);
	};
	my $dir = "$stage->{dir}/scratch";

	mkdir "$dir/$_" for 'debian', 'debian/monitoring', 't', 't/debian';
	$stage->put('scratch/debian/monitoring/alerts.yml', $alerts);
	$stage->put('scratch/t/debian/alerts.test.yml',
	    source('t/debian/alerts.test.yml'));
	$is_fine->('promtool check rules', qw(check rules),
	    "$dir/debian/monitoring/alerts.yml");
	$is_fine->('promtool test rules', qw(test rules),
	    "$dir/t/debian/alerts.test.yml");

	# The panels' expressions, as rules.
	my $n = 0;
	$stage->put('scratch/panels.yml', "groups:\n  - name: panels\n    rules:\n" .
	    join '', map {
		my $expr = s/\$__rate_interval/5m/gr =~ s/"\$\w+"/".+"/gr;
		$n++;
		"      - record: panel:$n\n        expr: '$expr'\n";
	    } @expressions);
	$is_fine->("the panels' expressions", qw(check rules),
	    "$dir/panels.yml");

	# What README.md tells an administrator to write.
	my ($scrape) = $readme =~ /^```yaml\n(.*?)^```/ms;
	$stage->put('scratch/prometheus.yml', ($scrape // '') =~
	    s{/\S+/alerts\.yml}{$dir/debian/monitoring/alerts.yml}r);
	$is_fine->('the example of README.md', qw(check config),
	    "$dir/prometheus.yml");
}

done_testing;
