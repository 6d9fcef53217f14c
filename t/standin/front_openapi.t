#!/usr/bin/perl
# The table of the stand-in for Front against Front's own description, operation
# by operation and member by member; OpenAPI.pm against JSON and parts, right
# and wrong; and the signatures against the vectors.  None of it is part of this
# repository: FRONTLINE_SHARED names the folder that has protocol/front-*.json.
use strict;
use warnings;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use OpenAPI;
use SignFront qw(front_signature jwt read_jwt rule_signature);
use StandIn::Client;
use StandIn::Front::Table qw(operations);
use Test::More;

my $folder = ($ENV{FRONTLINE_SHARED} // "$ENV{abs_top_srcdir}/../shared") .
    '/protocol';
my $file = "$folder/front-openapi.json";

plan skip_all => "Front's description is not there: $file" unless -e $file;
my $api = OpenAPI->new($file);

# What the table calls a schema.
sub kind_of {
	my ($schema) = map { $api->resolve($_) } @_;
	my ($members, $required) = $api->members($schema);
	my $type = $schema->{type} // '';
	my %required = map { $_ => 1 } @$required;

	return 'enum:' . join '|', sort @{$schema->{enum}} if $schema->{enum};
	return [kind_of($schema->{items})] if $type eq 'array';
	return { map { $_ . ($required{$_} ? '!' : '') =>
	    kind_of($members->{$_}) } keys %$members } if %$members;
	return 'object' if $type eq 'object';
	return 'bool' if $type eq 'boolean';
	return 'file' if ($schema->{format} // '') eq 'binary';
	return 'text' . ($schema->{maxLength} ? ":$schema->{maxLength}" : '')
	    if $type eq 'string';
	return 'int' . ($schema->{maximum} ? ":-$schema->{maximum}" : '')
	    if $type eq 'integer';
	return $type;
}

# The table in the same words.
sub sorted {
	my ($kind) = @_;

	return [map { sorted($_) } @$kind] if ref $kind eq 'ARRAY';
	return { map { $_ => sorted($kind->{$_}) } keys %$kind }
	    if ref $kind eq 'HASH';
	return 'enum:' . join '|', sort split /\|/, $1
	    if $kind =~ /^enum:(.*)/;
	return $kind;
}

# The names of its form, with the kind of each.
sub form_names {
	my ($kind, $name) = @_;

	return map { my $last = s/!$//r; form_names($kind->{$_}, defined $name
	    ? "${name}[$last]" : $last) } keys %$kind if ref $kind eq 'HASH';
	return map { form_names($kind->[0], "${name}[$_]") } 0 .. 9
	    if ref $kind eq 'ARRAY';
	return ($name => $kind eq 'int' ? 'text' : $kind);
}

my %met;
for my $row (operations()) {
	my @which = @{$row}{qw(method template)};
	my $name = "@which";
	my $operation = $api->operation(@which);

	ok($operation, "$name is described") or next;
	$met{$name} = 1;
	is_deeply([$row->{scope} // ()],
	    $operation->{'x-required-scopes'} // [], "$name: scope");
	is(($row->{jwt} // '') eq '1', !!grep({ $_->{channelJwt} }
	    @{$operation->{security} // []}), "$name: the token of a channel");
	my $known = $api->parameters(@which);
	is_deeply(sorted($row->{query}), { map { $_ =>
	    kind_of($known->{query}{$_}{schema}) }
	    keys %{$known->{query} // {}} }, "$name: query");
	is_deeply([sort @{$row->{names}}], [sort keys
	    %{$known->{path} // {}}], "$name: path");
	my $schema = $api->body_schema(@which, 'application/json');
	is_deeply($row->{body} && sorted($row->{body}),
	    $schema && kind_of($schema), "$name: body");
	my $form = $api->body_schema(@which, 'multipart/form-data');
	is(!!$row->{form}, !!$form, "$name: parts");
	next unless $form;
	my %mine = form_names(sorted($row->{body}));
	my $theirs = kind_of($form);
	is_deeply({ map { my $bare = s/!$//r; ($_ => $mine{$bare}) }
	    keys %$theirs }, $theirs, "$name: names of parts");
}
my @unmet = grep { !$met{$_} } map {
	my $path = $_;
	map { uc . " $path" } grep { /^(?:get|post|put|patch|delete)$/ }
	    keys %{$api->{document}{paths}{$path}};
} keys %{$api->{document}{paths}};
is_deeply([sort @unmet], [], 'every operation described is in the table');

# Requests and answers.
my $front = StandIn::Client->start('front');
$front->set(strict => 0, file_redirect => 0, token_on_channels => 1);
my $secret = 'a5ec1ce700fa99a5ec1ce700fa990001';
my $in = '/channels/cha_7k2q/inbound_messages';
my $sids = 0;

sub judged {
	my ($method, $path, %opt) = @_;
	my $answer = $front->ask($method, $path, %opt,
	    bearer => 'a91c0ffee00ca9a4300c0ffee00ca9a43');
	my ($entry) = ($front->ledger)[-1];

	return ($answer, $api->faults($entry), $entry);
}

# Asks rightly; the answer has what the description says that it must have.
sub right {
	my ($template, $status, $method, $path, %opt) = @_;
	my ($answer, @faults) = judged($method, $path, %opt);
	my $entry = pop @faults;

	is($answer->{status}, $status, "$method $template")
	    or diag($answer->{body});
	is_deeply(\@faults, [], 'a request as described');
	is_deeply($entry->{invalid}, [], 'the stand-in thinks so too');
	my $names = $api->required_names($method, $template, $status);
	is_deeply([grep { !exists $answer->{json}{$_} } @$names], [],
	    'no name is missing from the answer');
	$names = $api->answer_names($method, $template, $status) or
	    return $answer->{json};
	my %known = map { $_ => 1 } @$names;
	is_deeply([grep { !$known{$_} } sort keys %{$answer->{json}}], [],
	    'and none is unknown');
	return $answer->{json};
}

sub wrong {
	my ($why, $method, $path, %opt) = @_;
	my (undef, @faults) = judged($method, $path, %opt);
	my $entry = pop @faults;

	like(join('; ', @faults), $why, "not as described: $why");
	ok(@{$entry->{invalid}}, 'the stand-in thinks so too');
}

sub text {
	my (%change) = @_;

	return (json => { sender => { handle => '+15125550123' }, body => 'x',
	    metadata => { external_id => 'SM' . ++$sids,
	    external_conversation_id => 'k' }, %change });
}

my $messages = '/channels/{channel_id}/inbound_messages';
my @parts = (['sender[handle]', '+15125550123'], ['body', 'x'],
    ['metadata[external_id]', 'M'],
    ['metadata[external_conversation_id]', 'k']);
my $uid = right($messages, 202, POST => $in, text(delivered_at => 7))
    ->{message_uid};
right($messages, 202, POST => $in, parts => [@parts,
    ['delivered_at', '7'], ['attachments[0]', 'x', 'a.png', 'image/png']]);
my $message = right('/messages/{message_id}', 200,
    GET => "/messages/alt:uid:$uid");
my ($one) = map { $_->{id} } @{$front->state->{conversations}};
my $conversation = '/conversations/{conversation_id}';
right('/channels/{channel_id}/outbound_messages', 202, POST =>
    '/channels/cha_7k2q/outbound_messages', json => { to => [{ handle =>
    '+15125550123' }], body => 'x', metadata => { external_id => 'o',
    external_conversation_id => 'k' } });
right('/channels/{channel_id}/incoming_messages', 202, POST =>
    '/channels/cha_7k2q/incoming_messages', json => { sender => { handle =>
    '+15125550123' }, body => 'x', metadata => { thread_ref => 'k' } });
right('/inboxes/{inbox_id}/imported_messages', 202, POST =>
    '/inboxes/inb_1/imported_messages', json => { sender => { handle =>
    '+15125550123' }, to => ['+15125550188'], body => 'x',
    external_id => 'i', created_at => 7,
    metadata => { is_inbound => JSON::PP::true() } });
right($conversation, 200, GET => "/conversations/$one");
right("$conversation/messages", 200, GET => "/conversations/$one/messages",);
right("$conversation/comments", 201, POST => "/conversations/$one/comments",
    json => { body => 'x' });
my $tag = right('/company/tags', 201, POST => '/company/tags',
    json => { name => 'x' })->{id};
right("$conversation/tags", 204, POST => "/conversations/$one/tags",
    json => { tag_ids => [$tag] });
right('/contacts/{contact_id}', 200,
    GET => '/contacts/alt:phone:%2B15125550123');
right('/contacts/{contact_id}', 204,
    PATCH => '/contacts/alt:phone:%2B15125550123', json => { name => 'D' });
right('/contacts', 201, POST => '/contacts', json => { name => 'I',
    handles => [{ handle => '+15125550124', source => 'phone' }] });
right('/channels/{channel_id}', 200, GET => '/channels/cha_7k2q');
right('/channels/{channel_id}', 204, PATCH => '/channels/cha_7k2q',
    json => { status => 'ok' });
right('/inboxes/{inbox_id}/channels', 204, POST => '/inboxes/inb_1/channels',
    json => { type => 'custom', settings => { webhook_url => 'http://x/' } });
right('/me', 200, GET => '/me');

wrong(qr/body\.body is null/, POST => $in, text(body => undef));
wrong(qr/body\.body is no string/, POST => $in, text(body => 7));
wrong(qr/delivered_at is no integer/, POST => $in, text(delivered_at => '7'));
wrong(qr/delivered_at is no integer/, POST => $in, text(delivered_at => 7.5));
wrong(qr/external_id is longer than 200/, POST => $in, text(metadata =>
    { external_id => 'x' x 201, external_conversation_id => 'k' }));
wrong(qr/external_conversation_id is missing/, POST => $in,
    text(metadata => { external_id => 'x' }));
wrong(qr/body\.thread_ref is unknown/, POST => $in, text(thread_ref => 'x'));
wrong(qr/body\.metadata is no object/, POST => $in, text(metadata => []));
wrong(qr/form: metadata\[external_id\] is missing/, POST => $in,
    parts => [@parts[0, 1, 3]]);
wrong(qr/form: sender is unknown/, POST => $in,
    parts => [@parts, ['sender', 'x']]);
wrong(qr/tag_ids is no array/, POST => "/conversations/$one/tags",
    json => { tag_ids => $tag });
wrong(qr/tag_ids is missing/, POST => "/conversations/$one/tags",
    json => { tag_id => $tag });
wrong(qr/is no application\/json/, POST => "/conversations/$one/tags",
    body => 'x', headers => { 'Content-Type' => 'text/plain' });
wrong(qr/is no JSON/, POST => $in, body => '{', headers =>
    { 'Content-Type' => 'application/json' });
wrong(qr/source is none of/, POST => '/contacts', json => { handles =>
    [{ handle => 'x', source => 'sms' }] });
wrong(qr/query: limit is above 100/, GET => '/tags?limit=101');
wrong(qr/takes no body/, GET => '/me', json => {});

# ---- signatures

open my $vectors, '<', "$folder/front-signature-vectors.json" or die $!;
my $all = JSON::PP->new->utf8->decode(do { local $/; <$vectors> });
for my $vector (@{$all->{signatures}}) {
	my $headers = $vector->{headers};
	my $signature = $headers->{'X-Front-Signature'};
	my $body = decode_base64($vector->{body_base64});
	my $is_rule = $vector->{scheme} eq 'front-hmac-sha1-body';
	my $timestamp = $headers->{'X-Front-Request-Timestamp'} // '';
	my @signed = $is_rule ? rule_signature($vector->{secret}, $body)
	    : (front_signature($vector->{secret}, $timestamp, $body),
	    $vector->{method} eq 'DELETE'
	    ? front_signature($vector->{secret}, $timestamp, undef) : ());
	my $is_signed = grep { $_ eq ($signature // '') } @signed;
	# These are refused for another reason than their signature.
	my $is_right = $vector->{expect} eq 'accept'
	    || $vector->{name} =~ /^reject_(?:future|non_numeric)/;

	is(!!$is_signed, !!$is_right, "vector $vector->{name}");
}
for my $vector (@{$all->{jwt}}) {
	my ($header, $claims, $is_right) =
	    read_jwt(@{$vector}{qw(token secret)});

	ok($is_right, "token $vector->{name}");
	is_deeply($claims, JSON::PP->new->decode($vector->{claims_json}),
	    'and its claims');
	ok(!(read_jwt($vector->{token}, 'x'))[2], 'but by no other secret');
}
my ($header, $claims, $is_right) = read_jwt(jwt({ exp => 7 }, 's'), 's');
ok($is_right, 'a token is read as it was made');
is_deeply([$header, $claims], [{ typ => 'JWT', alg => 'HS256' },
    { exp => 7 }], 'with all that is in it');
done_testing;
