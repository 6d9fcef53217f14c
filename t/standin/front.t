#!/usr/bin/perl
# The stand-in for Front: who asks, messages in JSON and in parts, duplicates,
# what is there only later, tags, comments, contacts, statuses.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use SignFront qw(jwt);
use StandIn::Client;
use Stage::Process qw(wait_until);
use Test::More;

use constant {
	SECRET => 'a5ec1ce700fa99a5ec1ce700fa990001',
	TOKEN  => 'a91c0ffee00ca9a4300c0ffee00ca9a43',
	KEY    => 'sms:+15125550188:+15125550123',
};

my $front = StandIn::Client->start('front', '--channel', 'cha_7k2q',
    '--channel', 'cha_other', '--custom-channel', 'cha_old');
my $in = '/channels/cha_7k2q/inbound_messages';
my $sids = 0;

# A channel's token; the claims may be changed.
sub token {
	my (%change) = @_;

	return jwt({ iss => 'f1e2d3c4b5a69788', sub => 'cha_7k2q',
	    jti => 'x' . ++$sids, exp => time + 25, %change }, SECRET);
}

sub text {
	my (%change) = @_;

	return { sender => { handle => '+15125550123' }, body => 'Is it in?',
	    metadata => { external_id => 'SM' . ++$sids,
	    external_conversation_id => KEY }, %change };
}

# Asks with the token that the path wants; the status must be as expected.
sub ask {
	my ($status, $name, $method, $path, %opt) = @_;

	$opt{bearer} //= $path =~ m{^/channels/.*bound_messages|/status$}
	    ? token() : TOKEN;
	delete $opt{bearer} unless length $opt{bearer};
	my $answer = $front->ask($method, $path, %opt);
	is($answer->{status}, $status, $name) or diag($answer->{body});
	return $answer;
}

sub last_entry { return ($front->ledger)[-1] }

sub invalid_like {
	my ($regex) = @_;

	like("@{last_entry()->{invalid}}", $regex, "... because $regex");
}

subtest 'who asks' => sub {
	for (['nobody', ''], ['another token', 'x'],
	    ['another secret', jwt({ iss => 'f1e2d3c4b5a69788',
	    sub => 'cha_7k2q', jti => 'x', exp => time + 9 }, 'x')],
	    ['another application', token(iss => 'x')],
	    ['a token of another channel', token(sub => 'cha_other')],
	    ['an unknown channel', token(sub => 'cha_none')],
	    ['a token that has ended', token(exp => time - 1)],
	    ['a token that lives too long', token(exp => time + 60)],
	    ['a token without a name', token(jti => undef)],
	    ['another algorithm', jwt({ iss => 'f1e2d3c4b5a69788',
	    sub => 'cha_7k2q', jti => 'x', exp => time + 9 }, SECRET,
	    { alg => 'none' })],
	    ['the API token', TOKEN]) {
		my ($name, $bearer) = @$_;

		like(ask(401, $name, POST => $in, json => text(),
		    bearer => $bearer)->{json}{_error}{message},
		    qr/Unauthenticated|JSON Web Token error/, '... is told');
		ok(!last_entry()->{effect}, '... and nothing came of it');
	}
	is(last_entry()->{auth}, 'right', 'the API token is known');
	ask(202, 'the right token', POST => $in, json => text());
	my $entry = last_entry();
	is($entry->{claims}{sub}, 'cha_7k2q', 'its claims stand in the ledger');
	is($entry->{headers}{authorization}, undef, 'and the token does not');
	ask(401, 'the token of a channel opens no contacts',
	    GET => '/contacts', bearer => token());
	$front->set(token_on_channels => 1);
	ask(202, 'the API token, where it is taken', POST => $in,
	    json => text(), bearer => TOKEN);
	$front->set(scopes => ['tags:read']);
	ask(403, 'a token without a scope', GET => '/contacts');
	ask(200, 'and with it', GET => '/tags');
	is(ask(200, 'who am I', GET => '/me')->{json}{id}, 'cmp_1', 'a company');
};

subtest 'a text' => sub {
	$front->reset;
	my $answer = ask(202, 'is taken', POST => $in, json => text(
	    body => 'a &lt;b&gt; &amp; c<br>d', delivered_at => 1795175940));

	is($answer->{json}{status}, 'accepted', 'as accepted');
	like($answer->{json}{message_uid}, qr/^[0-9a-f]{32}$/, 'with a uid');
	like($answer->{headers}{"x-ratelimit-$_"}, qr/^\d+$/,
	    "and x-ratelimit-$_") for qw(limit remaining reset);
	ask(202, 'so is another', POST => $in, json => text());
	my ($conversation, @more) = @{$front->state->{conversations}};
	is(@more, 0, 'both are in one conversation');
	is_deeply($conversation->{external_ids}, [KEY], 'by its key');
	my ($first) = @{$conversation->{messages}};
	is($first->{text}, "a <b> & c\nd", 'the text is what is read');
	is($first->{created_at}, 1795175940, 'the time is as told');
	my $uid = "/messages/alt:uid:$first->{uid}";
	my $view = ask(200, 'it is found by its uid', GET => $uid)->{json};
	is($view->{metadata}{external_id}, undef, 'for the API token');
	is(ask(200, 'and by its channel', GET => $uid, bearer => token())
	    ->{json}{metadata}{external_id}, $first->{external_id},
	    'which sees its own id');
	ask(404, 'not by another', GET => $uid, bearer =>
	    token(sub => 'cha_other'));
	like($view->{_links}{related}{conversation},
	    qr{/conversations/\Q$conversation->{id}\E$}, 'and names its place');
	is(ask(200, 'which lists it', GET =>
	    "/conversations/$conversation->{id}/messages?limit=1")
	    ->{json}{_pagination}{next} =~ /page_token=1/, 1, 'in pages');
	my $multi = ask(202, 'with pictures', POST => $in, parts => [
	    ['sender[handle]', '+15125550123'], ['sender[name]', "\x{141}uc"],
	    ['body', "zwei\r\nZeilen"], ['metadata[external_id]', 'MM1'],
	    ['metadata[external_conversation_id]', KEY],
	    ['delivered_at', '1795175940'],
	    ['attachments[0]', "\x89PNG\r\n--\0", 'a "b".png', 'image/png'],
	    ['attachments[1]', '', 'empty.jpg', 'image/jpeg']]);
	my $entry = last_entry();
	is($entry->{body}, '', 'the ledger has no bytes');
	is(StandIn::Client::field($entry, 'sender[name]'), "\x{141}uc",
	    'but the fields');
	is($entry->{files}[0]{sha256}, sha256_hex("\x89PNG\r\n--\0"),
	    'and what the files were');
	my $last = $front->state->{conversations}[0]{messages}[-1];
	is_deeply([map { "$_->{filename} $_->{content_type} $_->{size}" }
	    @{$last->{attachments}}], ['a "b".png image/png 9',
	    'empty.jpg image/jpeg 0'], 'the message has both');
	is(ask(200, 'a custom channel', GET => '/channels/cha_old')
	    ->{json}{type}, 'custom', 'is one');
	ask(202, 'takes texts its own way', POST =>
	    '/channels/cha_old/incoming_messages', json => {
	    sender => { handle => '+15125550123' }, body => 'x &lt;',
	    body_format => 'html', metadata => { thread_ref => 't',
	    headers => { twilio_sid => 'SM1' } } }, bearer => TOKEN);
	my $old = $front->state->{conversations}[1]{messages}[0];
	is($old->{headers}{twilio_sid}, 'SM1', 'with what belongs to us');
	is($old->{text}, 'x <', 'as HTML where told');
	ask(403, 'but not the other way', POST =>
	    '/channels/cha_old/inbound_messages', json => text(),
	    bearer => token(sub => 'cha_old'));
};

subtest 'strictness' => sub {
	$front->reset;
	my @parts = (['sender[handle]', '+15125550123'], ['body', 'x'],
	    ['metadata[external_id]', 'M'],
	    ['metadata[external_conversation_id]', KEY]);

	for (['no body', qr/body\.body: missing/, json => { map { $_ =>
	    text()->{$_} } qw(sender metadata) }],
	    ['no sender', qr/sender\.handle: missing/,
	    json => text(sender => {})],
	    ['null as body', qr/body\.body: null/, json => text(body => undef)],
	    ['a number as body', qr/body\.body: no string/,
	    json => text(body => 7)],
	    ['an empty body', qr/body\.body: empty/, json => text(body => '')],
	    ['no conversation', qr/external_conversation_id: missing/,
	    json => text(metadata => { external_id => 'x' })],
	    ['a long id', qr/external_id: longer than 200/, json =>
	    text(metadata => { external_id => 'x' x 201,
	    external_conversation_id => KEY })],
	    ['an unknown member', qr/body\.thread_ref: unknown/,
	    json => text(thread_ref => 'x')],
	    ['a number without +', qr/no E\.164/,
	    json => text(sender => { handle => '15125550123' })],
	    ['milliseconds', qr/no seconds/,
	    json => text(delivered_at => 1795175940000)],
	    ['time as text', qr/delivered_at: no int/,
	    json => text(delivered_at => '1795175940')],
	    ['a list', qr/body: no object/, json => []],
	    ['no JSON', qr/no JSON/, body => '{"body": a}', headers =>
	    { 'Content-Type' => 'application/json' }],
	    ['parts without a name', qr/metadata\.external_id: missing/,
	    parts => [@parts[0, 1, 3]]],
	    ['one name twice', qr/body stands twice/,
	    parts => [@parts, ['body', 'y']]],
	    ['a flat name', qr/body\.handle: unknown/,
	    parts => [@parts, ['handle', 'y']]],
	    ['a bare file', qr/attachments: no list/,
	    parts => [@parts, ['attachments', 'y', 'a.png', 'image/png']]],
	    ['an odd name', qr/no name of a field/,
	    parts => [@parts, ['attachments[]', 'y', 'a', 'image/png']]],
	    ['a file without a type', qr/without a type/,
	    parts => [@parts, ['attachments[0]', 'y', 'a.png']]],
	    ['a text as file', qr/no file/,
	    parts => [@parts, ['attachments[0]', 'y']]],
	    ['parts that are cut', qr/a part has no end/, body =>
	    "--q\r\nContent-Disposition: form-data; name=\"body\"\r\n\r\nx",
	    headers => { 'Content-Type' => 'multipart/form-data; boundary=q' }],
	    ['parts without boundary', qr/no boundary/, body => 'x', headers =>
	    { 'Content-Type' => 'multipart/form-data' }]) {
		my ($name, $why, @how) = @$_;

		ask(400, $name, POST => $in, @how);
		invalid_like($why);
	}
	is(ask(400, 'no JSON is told', POST => $in, body => 'x', headers =>
	    { 'Content-Type' => 'application/json' })->{json}{_error}{status},
	    undef, 'with a message alone');
	ask(415, 'a form', POST => $in, body => 'body=x', headers =>
	    { 'Content-Type' => 'application/x-www-form-urlencoded' });
	ask(413, 'more than 25 MB', POST => $in, parts => [@parts,
	    ['attachments[0]', 'x' x (25 << 20) . 'x', 'a', 'image/png']]);
	ask(405, 'another method', PUT => '/contacts');
	ask(404, 'another path', GET => '/contact');
	ask(400, 'tags by name', POST => '/conversations/cnv_1/tags',
	    json => { tag_id => 'x' });
	ask(400, 'an unknown parameter', GET => '/tags?page=2');
	ask(400, 'a long page', GET => '/tags?limit=101');
	is_deeply($front->state->{conversations}, [], 'nothing came of it');
	$front->set(strict => 0);
	ask(202, 'unless it is not strict', POST => $in,
	    json => text(thread_ref => 'x'));
	invalid_like(qr/thread_ref: unknown/);
};

subtest 'a second equal id' => sub {
	for (['202silent', 202, 1], ['202second', 202, 2], ['409', 409, 1]) {
		my ($dup, $status, $count) = @$_;

		$front->reset;
		$front->set(dup => $dup);
		my $text = text();
		ask(202, "$dup: the first", POST => $in, json => $text);
		ask($status, 'the second', POST => $in, json => $text);
		my $state = $front->state;
		is(@{$state->{conversations}[0]{messages}}, $count,
		    'so many are there');
		is($state->{duplicates}, 1, 'it is counted');
	}
};

subtest 'what is there later' => sub {
	$front->reset;
	$front->set(store_ms => 60_000);
	my $uid = ask(202, 'a text', POST => $in, json => text())
	    ->{json}{message_uid};
	my $contact = '/contacts/alt:phone:%2B15125550123';

	ask(404, 'is not there', GET => "/messages/alt:uid:$uid");
	ask(404, 'nor who sent it', GET => $contact);
	$front->set(store_ms => 20);
	$uid = ask(202, 'another', POST => $in, json => text())
	    ->{json}{message_uid};
	wait_until(sub { $front->ask('GET', "/messages/alt:uid:$uid",
	    bearer => TOKEN)->{status} == 200 }, 'it is there');
	ask(200, 'now who sent it is', GET => $contact);
};

subtest 'contacts' => sub {
	$front->reset;
	my $alias = '/contacts/alt:phone:%2B15125550123';
	my %handle = (handle => '+15125550123', source => 'phone');

	ask(404, 'nobody is known', PATCH => $alias, json => { name => 'x' });
	ask(202, 'until a text is there', POST => $in, json => text());
	is(ask(200, 'the sender', GET => $alias)->{json}{name},
	    '+15125550123', 'is called by the number');
	ask(204, 'a name is set', PATCH => $alias,
	    json => { name => 'Dana Reyes' });
	is(ask(200, 'by the alias', GET => $alias =~ s/%2B/+/r)->{json}{name},
	    'Dana Reyes', 'it is there');
	for my $status (409, 400) {
		$front->set(taken_handle => $status);
		ask($status, 'a taken handle', POST => '/contacts',
		    json => { handles => [\%handle] });
	}
	ask(400, 'no handles', POST => '/contacts', json => { name => 'x' });
	my $made = ask(201, 'another', POST => '/contacts', json => {
	    name => 'Ines', handles => [{ %handle, source => 'custom' }] })
	    ->{json};
	ask(204, 'a handle more', POST => "/contacts/$made->{id}/handles",
	    json => { handle => '+15125550124', source => 'phone' });
	ask(204, 'a handle less', DELETE => "/contacts/$made->{id}/handles",
	    json => { handle => '+15125550124', source => 'phone' });
	ask(400, 'but the last stays', DELETE =>
	    "/contacts/$made->{id}/handles",
	    json => { %handle, source => 'custom' });
	my ($dana) = @{$front->state->{contacts}};
	is(@{ask(200, 'merged', POST => '/contacts/merge', json => {
	    target_contact_id => $dana->{id}, contact_ids => [$made->{id}] })
	    ->{json}{handles}}, 2, 'one has both handles');
	is(@{ask(200, 'the conversations of one', GET =>
	    "/contacts/$dana->{id}/conversations")->{json}{_results}}, 1,
	    'are there');
	$front->reset;
	$front->set(contact_source => 'custom');
	ask(202, 'a channel of another kind', POST => $in, json => text());
	ask(404, 'has no phones', GET => $alias);
	ask(200, 'but custom handles', GET => $alias =~ s/phone/custom/r);
};

subtest 'tags and comments' => sub {
	$front->reset;
	ask(202, 'a text', POST => $in, json => text());
	my $one = $front->state->{conversations}[0]{id};
	my $tag = ask(201, 'a tag', POST => '/company/tags',
	    json => { name => 'answered' })->{json}{id};

	ask(400, 'a long name', POST => '/company/tags',
	    json => { name => 'x' x 65 });
	is_deeply([map { $_->{name} } @{ask(200, 'all', GET => '/tags?limit=100')
	    ->{json}{_results}}], ['answered'], 'are listed');
	ask(404, 'an unknown one', POST => "/conversations/$one/tags",
	    json => { tag_ids => ['tag_x'] });
	ask(204, 'it is given', POST => "/conversations/$one/tags",
	    json => { tag_ids => [$tag] });
	ask(201, 'a comment', POST => "/conversations/$one/comments",
	    json => { body => 'A picture could not go.' });
	my ($state) = @{$front->state->{conversations}};
	is_deeply($state->{tags}, ['answered'], 'the tag is there');
	is($state->{comments}[0]{body}, 'A picture could not go.',
	    'and the comment');
	my $other = $front->control('POST', 'conversations',
	    { channel => 'cha_7k2q', handle => '+15125550124',
	    keys => ['k'] })->{id};
	$front->control('POST', 'merge', { from => $one, into => $other });
	like(ask(301, 'merged, it is elsewhere', POST =>
	    "/conversations/$one/tags", json => { tag_ids => [$tag] })
	    ->{headers}{location}, qr{/conversations/$other/tags$},
	    'as is told');
	is_deeply($front->state->{conversations}[1]{external_ids}, ['k', KEY],
	    'there with both keys');
	ask(204, 'where it is given again', DELETE =>
	    "/conversations/$other/tags", json => { tag_ids => [$tag] });
};

is($front->stop, 0, 'it ends well on SIGTERM');
done_testing;
