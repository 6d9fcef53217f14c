#!/usr/bin/perl
# signature.t -- X-Twilio-Signature against vectors made by others: ours, which
# a Perl program computed, and those that lie beside the checkout.
use strict;
use warnings;
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

my $sigcheck = "$ENV{abs_top_builddir}/t/sigcheck";
my $ours = "$ENV{abs_top_srcdir}/t/data/twilio-signature-vectors.json";
my $shared = "$ENV{abs_top_srcdir}/../shared/protocol/twilio-signature-vectors.json";
my $dir = tempdir(CLEANUP => 1);

# Exit code and lines of one run.
sub check {
	my ($file) = @_;

	open my $out, '-|', $sigcheck, $file or die "$sigcheck: $!\n";
	my @lines = <$out>;
	close $out;
	chomp @lines;
	return ($? >> 8, @lines);
}

sub all_agree {
	my ($file, $least) = @_;
	my ($code, @lines) = check($file);

	is($code, 0, 'every verdict is the one expected')
	    or diag(grep { !/^ok/ } map { "$_\n" } @lines);
	cmp_ok(scalar(grep { /^ok/ } @lines), '>=', $least, "at least $least vectors");
}

# What sigcheck says to vectors that we write.
sub check_these {
	my ($text) = @_;
	my $file = "$dir/vectors.json";

	open my $out, '>', $file or die "$file: $!\n";
	print $out $text;
	close $out or die "$file: $!\n";
	return check($file);
}

sub slurp {
	my ($file) = @_;

	open my $in, '<', $file or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

subtest 'our own vectors' => sub { all_agree($ours, 100) };

subtest 'the vectors beside the checkout' => sub {
	plan skip_all => 'none lie there' unless -r $shared;
	all_agree($shared, 1);
};

subtest 'the generator writes the file that is here' => sub {
	my $made = `"$^X" "$ENV{abs_top_srcdir}/t/data/make-signature-vectors.pl"`;

	is($made, slurp($ours), 'byte for byte');
};

subtest 'a wrong verdict is seen' => sub {
	my @vectors = @{decode_json(slurp($ours))};
	my $count = @vectors;

	for my $v (@vectors) {
		my $name = exists $v->{valid_core_rule} ? 'valid_core_rule' : 'valid';
		$v->{$name} = $v->{$name} ? JSON::PP::false : JSON::PP::true;
	}
	my ($code, @lines) = check_these(encode_json(\@vectors));
	is($code, 1, 'exit 1');
	is(scalar(grep { /^not ok/ } @lines), $count, 'and a line for every vector');
};

subtest 'a form and its params that disagree are seen' => sub {
	my ($v) = grep { $_->{name} eq 'plain_list' } @{decode_json(slurp($ours))};

	$v->{form_body} =~ s/GetCustomersList/Other/;
	my ($code, @lines) = check_these(encode_json([$v]));
	is($code, 1, 'exit 1');
	like("@lines", qr/judged differently/, 'and the reason');
};

subtest 'files without vectors' => sub {
	my ($code, @lines) = check("$dir/none");

	is($code, 2, 'a missing file: exit 2');
	like("@lines", qr/^Bail out!  .*No such file/, '... and the reason');
	($code, @lines) = check_these('[{');
	is($code, 2, 'a broken file: exit 2');
	like("@lines", qr/^Bail out!  /, '... and the reason');
	($code) = check_these('[]');
	is($code, 1, 'an empty list: exit 1');
	($code) = check_these('{"vectors":[]}');
	is($code, 1, 'an empty list in an object: exit 1');
	($code) = check_these('[{"name":"x"}]');
	is($code, 1, 'a vector without a verdict: exit 1');
	($code) = check_these('["x"]');
	is($code, 1, 'a vector that is no object: exit 1');
	($code) = check_these('{"vectors":[{"name":"x","valid":false}]}');
	is($code, 0, 'an object with vectors is read');
};

done_testing;
