#!/usr/bin/perl
# make-signature-vectors.pl -- writes t/data/twilio-signature-vectors.json:
#
#	perl t/data/make-signature-vectors.pl > t/data/twilio-signature-vectors.json
#
# Every signature is computed here from the published rule and shares no code
# with the program: the string to sign is written out by hand where that is
# what a vector is about.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha1_base64 sha256_hex);
use Encode qw(encode_utf8);
use JSON::PP;

my $TOKEN = '6d5f0c31b8a94e27a1f0c9d2e3b4a586';
my $NEXT = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';
my $FORM = 'application/x-www-form-urlencoded';
my $URL = 'https://crm.example.org/callbacks/crm';

my @vectors;
my %seen;

sub mac {
	my ($token, $string) = @_;
	return hmac_sha1_base64(encode_utf8($string), encode_utf8($token)) . '=';
}

# All pairs, every one once, by name and then by value, as bytes.
sub joined {
	my %done;

	return join '', map { "$_->[0]$_->[1]" } grep { !$done{$_->[0]}{$_->[1]}++ }
	    sort {
		encode_utf8($a->[0]) cmp encode_utf8($b->[0])
		    || encode_utf8($a->[1]) cmp encode_utf8($b->[1])
	    } @_;
}

sub wire {
	my @pairs = @_;

	return join '&', map {
		join '=', map {
			my $bytes = encode_utf8($_);
			$bytes =~ s/([^A-Za-z0-9*._ -])/sprintf '%%%02X', ord $1/ge;
			$bytes =~ tr/ /+/;
			$bytes
		} @$_
	} @pairs;
}

sub boolean {
	return $_[0] ? JSON::PP::true : JSON::PP::false;
}

# One vector; `signs` is the string that was signed, a signature may be given
# instead.  A member given as undef is null, one that is not given is absent.
sub vector {
	my ($name, $valid, %v) = @_;
	my $signs = delete $v{signs};

	die "two vectors $name\n" if $seen{$name}++;
	$v{name} = $name;
	$v{valid_core_rule} = boolean($valid) unless exists $v{valid};
	$v{auth_token} //= $TOKEN unless exists $v{auth_tokens};
	$v{expected_signature} = mac($v{auth_token}, $signs) if defined $signs;
	push @vectors, \%v;
}

# A POST with a form; `signed` are the pairs that were signed, if others.
sub form {
	my ($name, $valid, $pairs, %v) = @_;
	my $url = $v{url} //= $URL;
	my $signed = delete $v{signed} // $pairs;
	my $signed_url = delete $v{signed_url} // $url;

	$v{method} //= 'POST';
	$v{content_type} = $FORM unless exists $v{content_type};
	$v{params} = $pairs unless exists $v{params};
	$v{form_body} = wire(@$pairs) unless exists $v{form_body};
	$v{signs} //= $signed_url . joined(@$signed) unless exists $v{expected_signature};
	vector($name, $valid, %v);
}

my @LIST = (['Location', 'GetCustomersList'], ['Worker', 'ana@example.com'], ['PageSize', '30']);

# ---- the string to sign -----------------------------------------------------

form('plain_list', 1, \@LIST);
form('written_out_by_hand', 1, [['b', '2'], ['a', '1']], signs => "${URL}a1b2");
form('pairs_unsorted_are_not_what_is_signed', 0, [['b', '2'], ['a', '1']], signs => "${URL}b2a1");
form('capitals_before_small_letters', 1, [['a', '1'], ['B', '2']], signs => "${URL}B2a1");
form('shorter_name_first', 1, [['Reason', 'z'], ['ReasonX', 'a']], signs => "${URL}ReasonzReasonXa");
form('name_decides_not_name_and_value', 0, [['Reason', 'z'], ['ReasonX', 'a']],
	signs => "${URL}ReasonXaReasonz");
form('values_of_one_name_sorted', 1, [['N', 'b'], ['N', 'a']], signs => "${URL}NaNb");
form('repeated_value_once', 1, [['N', 'a'], ['N', 'a']], signs => "${URL}Na");
form('repeated_value_twice_is_wrong', 0, [['N', 'a'], ['N', 'a']], signs => "${URL}NaNa");
form('same_value_under_two_names_stays', 1, [['M', 'a'], ['N', 'a']], signs => "${URL}MaNa");
form('empty_value', 1, [['FromZip', ''], ['Body', '']], signs => "${URL}BodyFromZip");
form('empty_value_dropped_is_wrong', 0, [['FromZip', ''], ['To', '1']], signs => "${URL}To1");
form('empty_name', 1, [['', 'v'], ['a', '1']], signs => "${URL}va1");
form('empty_value_and_others_of_one_name', 1, [['N', 'x'], ['N', '']], signs => "${URL}NNx");
form('numeric_suffixes_sort_as_text', 1, [map { ["M$_", 'u'] } 0 .. 10],
	signs => $URL . join('', map { "M${_}u" } 0, 1, 10, 2 .. 9));
form('blanks_are_signed', 1, [['Body', '  hi  ']], signs => "${URL}Body  hi  ");
form('blanks_trimmed_is_wrong', 0, [['Body', '  hi  ']], signs => "${URL}Bodyhi");
form('plus_and_blank_differ', 0, [['Q', 'a+b']], signs => "${URL}Qa b");
form('control_bytes', 1, [['Body', "a\tb\r\nc\x{7f}\x{1}"]]);
form('nul_in_a_value', 1, [['Body', "a\0b"]], signs => "${URL}Bodya\0b");
form('all_ascii_punctuation', 1, [['Body', join '', map { chr } 0x20 .. 0x7e]]);
form('unicode_of_every_length', 1, [['Body', "\x{e9}\x{20ac}\x{1f600}"], ["\x{fc}", 'x']]);
form('byte_order_not_utf16_order', 1, [["\x{ffff}", '1'], ["\x{10000}", '2']],
	signs => "${URL}\x{ffff}1\x{10000}2");
form('no_pairs', 1, []);
form('pairs_that_read_alike_are_both_signed', 1, [['A', 'BC'], ['AB', 'C']], signs => "${URL}ABCABC");
form('boundary_moved_signs_alike', 1, [['AB', 'C']], signs => "${URL}ABC");
form('pair_added', 0, [@LIST, ['Anchor', '7']], signed => \@LIST);
form('pair_removed', 0, [@LIST[0, 1]], signed => \@LIST);
form('value_changed', 0, [@LIST[0, 1], ['PageSize', '31']], signed => \@LIST);
form('three_thousand_pairs', 1, [map { [sprintf('p%05d', $_ * 7919 % 3001), $_] } 1 .. 3000]);
form('one_long_value', 1, [['Body', 'x' x 30000]]);

# ---- how the form came ------------------------------------------------------

form('wire_with_percent20', 1, [['Q', 'a b']], form_body => 'Q=a%20b');
form('wire_with_small_hex_digits', 1, [['Q', 'a/b']], form_body => 'Q=a%2fb');
form('wire_with_empty_segments', 1, [['a', '1'], ['b', '']], form_body => '&&a=1&b&');
form('wire_value_with_equals', 1, [['a', '=1=']], form_body => 'a==1=');
form('wire_escaped_needlessly', 1, [['ab', 'c']], form_body => '%61%62=%63');
form('wire_with_a_cut_escape', 0, [['a', '1']], form_body => 'a=1%4', params => undef);
form('params_absent', 1, \@LIST, params => undef);
form('name_longer_than_the_service_takes', 1, [['n' x 300, '1']]);
form('params_as_object', 1, [['a', '1'], ['b', '2']], params => { a => '1', b => '2' });
form('params_as_object_of_lists', 1, [['a', '1'], ['a', '0'], ['b', '2']],
	params => { a => ['1', '0'], b => '2' });
form('form_in_body', 1, \@LIST, params => undef, form_body => undef, body => wire(@LIST));
form('form_type_in_capitals', 1, \@LIST, params => undef, body => wire(@LIST), form_body => undef,
	content_type => 'Application/X-WWW-Form-URLEncoded');
form('form_type_with_charset', 1, \@LIST, params => undef, body => wire(@LIST), form_body => undef,
	content_type => "$FORM; charset=UTF-8");
form('form_type_with_charset_no_blank', 1, \@LIST, params => undef, body => wire(@LIST),
	form_body => undef, content_type => "$FORM;charset=utf-8");
form('form_type_misspelt', 1, \@LIST, params => undef, body => wire(@LIST), form_body => undef,
	content_type => 'application/x-www-urlencoded');
form('form_type_with_more_letters_is_none', 0, \@LIST, params => undef, body => wire(@LIST),
	form_body => undef, content_type => "${FORM}x");
form('method_absent', 1, \@LIST, method => undef);

# ---- the URL ----------------------------------------------------------------

sub url {
	my ($name, $valid, $url, $signed_url, %v) = @_;
	form($name, $valid, \@LIST, url => $url, signed_url => $signed_url, %v);
}

url('port_as_configured', 1, 'https://h.example:8443/p', 'https://h.example:8443/p');
url('port_left_out', 1, 'https://h.example:8443/p', 'https://h.example/p');
url('other_port', 0, 'https://h.example:8443/p', 'https://h.example:8444/p');
url('usual_port_of_https', 1, 'https://h.example/p', 'https://h.example:443/p');
url('usual_port_of_http', 1, 'http://h.example/p', 'http://h.example:80/p');
url('usual_port_of_the_other_scheme', 0, 'https://h.example/p', 'https://h.example:80/p');
url('usual_port_beside_another', 0, 'https://h.example:8443/p', 'https://h.example:443/p');
url('usual_port_written_and_left_out', 1, 'https://h.example:443/p', 'https://h.example/p');
url('ipv6_as_configured', 1, 'https://[2001:db8::1]:8443/p', 'https://[2001:db8::1]:8443/p');
url('ipv6_port_left_out', 1, 'https://[2001:db8::1]:8443/p', 'https://[2001:db8::1]/p');
url('ipv6_usual_port', 1, 'https://[2001:db8::1]/p', 'https://[2001:db8::1]:443/p');
url('ipv6_cut_at_its_first_colon', 0, 'https://[2001:db8::1]/p', 'https://[2001/p');
url('user_kept', 1, 'https://u:p@h.example/p', 'https://u:p@h.example/p');
url('user_kept_port_left_out', 1, 'https://u:p@h.example:8443/p', 'https://u:p@h.example/p');
url('user_kept_usual_port', 1, 'https://u:p@h.example/p', 'https://u:p@h.example:443/p');
url('user_with_an_at_sign', 1, 'https://u:p@q@h.example:1/p', 'https://u:p@q@h.example/p');
url('user_and_ipv6', 1, 'https://u:p@[::1]:8443/p', 'https://u:p@[::1]/p');
url('scheme_in_capitals', 1, 'HTTPS://h.example/p', 'HTTPS://h.example:443/p');
url('scheme_in_capitals_signed_small', 0, 'HTTPS://h.example/p', 'https://h.example/p');
url('host_in_capitals', 1, 'https://H.Example/p', 'https://H.Example/p');
url('host_in_capitals_signed_small', 0, 'https://H.Example/p', 'https://h.example/p');
url('no_path', 1, 'https://h.example', 'https://h.example');
url('no_path_usual_port', 1, 'https://h.example', 'https://h.example:443');
url('no_path_but_a_query', 1, 'https://h.example:8443?a=1', 'https://h.example?a=1');
url('no_path_signed_with_a_slash', 0, 'https://h.example', 'https://h.example/');
url('slash_at_the_end', 0, 'https://h.example/p/', 'https://h.example/p');
url('two_slashes', 1, 'https://h.example//p', 'https://h.example//p');
url('dots_stay', 1, 'https://h.example/a/../p', 'https://h.example/a/../p');
url('colon_and_at_in_the_path', 1, 'https://h.example/a:1/b@c', 'https://h.example:443/a:1/b@c');
url('at_in_the_query', 1, 'https://h.example?x=a@b:1', 'https://h.example:443?x=a@b:1');
url('bare_question_mark', 1, 'https://h.example/p?', 'https://h.example/p?');
url('bare_question_mark_dropped', 0, 'https://h.example/p?', 'https://h.example/p');
url('fragment_is_not_signed', 1, 'https://h.example/p?a=1#rc=2', 'https://h.example/p?a=1');
url('fragment_signed', 0, 'https://h.example/p?a=1#rc=2', 'https://h.example/p?a=1#rc=2');
url('non_ascii', 1, "https://h.example/\x{f1}?\x{20ac}=1", "https://h.example/\x{f1}?\x{20ac}=1");
url('non_ascii_escaped', 0, "https://h.example/\x{f1}", 'https://h.example/%C3%B1');
url('apostrophe_as_it_came', 1, "https://h.example/p?q='", "https://h.example/p?q='");
url('apostrophe_escaped', 0, "https://h.example/p?q='", 'https://h.example/p?q=%27');
url('no_url_at_all', 0, 'h.example/p', 'h.example/p');

# ---- GET --------------------------------------------------------------------

vector('get', 1, method => 'GET', url => "$URL?Body=a+b", params => [], signs => "$URL?Body=a+b");
vector('get_plus_is_not_percent20', 0, method => 'GET', url => "$URL?Body=a%20b", params => [],
	signs => "$URL?Body=a+b");
vector('get_params_are_not_signed_twice', 1, method => 'GET', url => "$URL?a=1",
	params => [['a', '1']], signs => "$URL?a=1");
vector('get_params_appended', 0, method => 'GET', url => "$URL?a=1", params => [['a', '1']],
	signs => "$URL?a=1a1");
vector('get_without_params', 1, method => 'get', url => $URL, params => undef, body => '',
	content_type => undef, signs => $URL);

# ---- bodies that are no forms -----------------------------------------------

sub body {
	my ($name, $valid, $body, $query, %v) = @_;

	vector($name, $valid, method => 'POST', url => "$URL?$query", params => undef,
		body => $body, content_type => 'application/json', signs => "$URL?$query", %v);
}

my $json = '{"a":1}';
my $hash = sha256_hex($json);

body('body', 1, $json, "bodySHA256=$hash");
body('body_usual_port', 1, $json, "bodySHA256=$hash",
	signs => "https://crm.example.org:443/callbacks/crm?bodySHA256=$hash");
body('body_hash_behind_others', 1, $json, "x=1&y&bodySHA256=$hash&z=1");
body('body_without_content_type', 1, $json, "bodySHA256=$hash", content_type => undef);
body('body_of_text', 1, $json, "bodySHA256=$hash", content_type => 'text/plain');
body('body_empty', 1, '', 'bodySHA256=' . sha256_hex(''));
body('body_binary', 1, "\0\x{1}\x{7f}", 'bodySHA256=' . sha256_hex("\0\x{1}\x{7f}"));
body('body_not_ascii', 1, "\x{20ac}", 'bodySHA256=' . sha256_hex(encode_utf8("\x{20ac}")));
body('body_changed', 0, "$json ", "bodySHA256=$hash");
body('body_hash_missing', 0, $json, 'x=1');
body('body_hash_of_other_name', 0, $json, "bodysha256=$hash");
body('body_hash_longer_name', 0, $json, "xbodySHA256=$hash");
body('body_hash_in_capitals', 0, $json, 'bodySHA256=' . uc $hash);
body('body_hash_cut', 0, $json, 'bodySHA256=' . substr($hash, 0, 63));
body('body_hash_longer', 0, $json, "bodySHA256=${hash}0");
body('body_hash_twice', 0, $json, "bodySHA256=$hash&bodySHA256=$hash");
body('body_hash_twice_and_one_wrong', 0, $json, 'bodySHA256=' . '0' x 64 . "&bodySHA256=$hash");
body('body_hash_right_signature_wrong', 0, $json, "bodySHA256=$hash", signs => $URL);
body('body_hash_in_the_path', 0, $json, "x=1", url => "$URL/bodySHA256=$hash",
	signs => "$URL/bodySHA256=$hash");
body('body_hash_in_the_fragment', 0, $json, "x", url => "$URL?x#&bodySHA256=$hash",
	signs => "$URL?x");
body('body_pairs_appended', 0, $json, "bodySHA256=$hash", signs => "$URL?bodySHA256=${hash}a1",
	params => [['a', '1']]);

# ---- tokens and signatures --------------------------------------------------

form('short_token', 1, \@LIST, auth_token => '1');
form('token_longer_than_a_block', 1, \@LIST, auth_token => 'k' x 200);
form('token_of_other_letters', 1, \@LIST, auth_token => "t\x{f6}ken");
form('first_token_of_a_list', 1, \@LIST, auth_tokens => [$TOKEN, $NEXT],
	expected_signature => mac($TOKEN, $URL . joined(@LIST)));
form('last_token_of_a_list', 1, \@LIST, auth_tokens => ['x', 'y', 'z', $NEXT],
	expected_signature => mac($NEXT, $URL . joined(@LIST)));
form('no_token_of_a_list', 0, \@LIST, auth_tokens => [$TOKEN, $NEXT],
	expected_signature => mac('other', $URL . joined(@LIST)));
form('token_of_another', 0, \@LIST, expected_signature => mac($NEXT, $URL . joined(@LIST)));
form('signature_null', 0, \@LIST, expected_signature => undef);
form('signature_empty', 0, \@LIST, expected_signature => '');
my $right = mac($TOKEN, $URL . joined(@LIST));
form('signature_cut', 0, \@LIST, expected_signature => substr($right, 0, 27));
form('signature_with_a_blank', 0, \@LIST, expected_signature => "$right ");
form('signature_with_a_blank_in_front', 0, \@LIST, expected_signature => " $right");
form('signature_twice', 0, \@LIST, expected_signature => "$right,$right");
form('signature_as_two_headers', 0, \@LIST, expected_signature => [$right, $right]);
form('signature_in_other_case', 0, \@LIST, expected_signature => lc $right);
my $changed = $right;
substr($changed, 0, 1) = substr($changed, 0, 1) eq 'A' ? 'B' : 'A';
form('signature_first_letter_changed', 0, \@LIST, expected_signature => $changed);
(my $loose = $right) =~ s/(.)=$/chr(ord($1) + 1) . '='/e;
form('signature_last_letter_changed', 0, \@LIST, expected_signature => $loose);
(my $urlsafe = $right) =~ tr{+/=}{-_~};
form('signature_in_the_other_base64', 0, \@LIST, expected_signature => $urlsafe);
form('verdict_under_the_older_name', 1, \@LIST, valid => boolean(1));

# What stands as undef for "not there" is left out, and not null, for half of
# the members, so that a reader meets both.
for my $v (@vectors) {
	delete @$v{grep { !defined $v->{$_} } qw(method form_body)};
}
binmode STDOUT;
my $json_out = JSON::PP->new->utf8->canonical;
print "[\n", join(",\n", map { $json_out->encode($_) } @vectors), "\n]\n";
