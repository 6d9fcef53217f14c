package StandIn::Front::Table;
# What Front takes: method, path, scope and body of each operation that we call
# or may come to call.  A kind is
#
#	text  text:MOST  int  number  bool  enum:a|b  file  object (of any members)
#	[kind] (a list)  {name => kind} (an object; `name!` where it is required)
#
# `jwt` says that the token of a channel is taken: 1 where the description says
# so, 'read' where only an announcement does.  With `form` the body may be
# multipart/form-data.  t/standin/front_openapi.t compares all of it with
# Front's own description.
use strict;
use warnings;
use B ();
use Exporter 'import';
use JSON::PP ();

our @EXPORT_OK = qw(fault_in find_operation operations);

my $color = 'enum:grey|pink|red|orange|yellow|green|light-blue|blue|purple';
my $format = 'enum:html|markdown';
my %metadata = (
	'external_id!'                  => 'text:200',
	'external_conversation_id!'     => 'text:200',
	referenced_message_external_id  => 'text:200',
);
my %content = (subject => 'text', 'body!' => 'text', attachments => ['file']);
my %inbound = (
	%content,
	'sender!'    => { 'handle!' => 'text', name => 'text', email => 'text' },
	'metadata!'  => \%metadata,
	delivered_at => 'int',
);
my %outbound = (
	%content,
	'to!'        => [{ 'handle!' => 'text', name => 'text',
	    email => 'text' }],
	sender_name  => 'text',
	author_id    => 'text',
	'metadata!'  => \%metadata,
	delivered_at => 'int',
);
my %incoming = (
	%content,
	'sender!'   => { 'handle!' => 'text', name => 'text',
	    contact_id => 'text' },
	body_format => $format,
	metadata    => { thread_ref => 'text', headers => 'object' },
);
my %imported = (
	%content,
	'sender!'       => { 'handle!' => 'text', name => 'text',
	    author_id => 'text' },
	'to!'           => ['text'],
	cc              => ['text'],
	bcc             => ['text'],
	body_format     => $format,
	'external_id!'  => 'text',
	'created_at!'   => 'int',
	type            => 'enum:email|sms|intercom|custom',
	assignee_id     => 'text',
	tags            => ['text'],
	conversation_id => 'text',
	'metadata!'     => { 'is_inbound!' => 'bool', thread_ref => 'text',
	    is_archived => 'bool', should_skip_rules => 'bool' },
);
my $undo = 'enum:0|5|10|15|30|60';
my %settings = (undo_send_time => $undo, all_teammates_can_reply => 'bool',
    webhook_url => 'text');
my %contact = (
	name          => 'text',
	description   => 'text',
	avatar        => 'file',
	links         => ['text'],
	group_names   => ['text'],
	list_names    => ['text'],
	custom_fields => 'object',
);
my %handle = (
	'handle!' => 'text',
	'source!' => 'enum:twitter|email|phone|facebook|intercom|front_chat|' .
	    'custom',
);
my %tag_ids = ('tag_ids!' => ['text']);

my %page = (limit => 'int:-100', page_token => 'text');
my %sorted = (%page, sort_by => 'text', sort_order => 'enum:asc|desc');

my $channel = '/channels/{channel_id}';
my $conversation = '/conversations/{conversation_id}';
my $contact = '/contacts/{contact_id}';
my $inbox = '/inboxes/{inbox_id}';

my @operations = map { row(@$_) } (
	[GET => '/me', 'fetch_identity', undef],
	[GET => '/channels', 'list_channels', 'channels:read'],
	[GET => $channel, 'fetch_channel', 'channels:read'],
	[PATCH => $channel, 'update_channel', 'channels:write', jwt => 1,
	    body => { name => 'text', inbox_id => 'text',
	    settings => \%settings, status => 'enum:offline|ok' }],
	[GET => "$inbox/channels", 'list_channels', 'channels:read'],
	[POST => "$inbox/channels", 'create_channel', 'channels:write',
	    body => { 'type!' => 'enum:custom|smtp|twilio', name => 'text',
	    settings => { %settings, sid => 'text', auth_token => 'text' },
	    send_as => 'text', application_uid => 'text',
	    credentials => 'object' }],
	[POST => "$channel/inbound_messages", 'take_inbound',
	    'messages:write', jwt => 1, form => 1, body => \%inbound],
	[POST => "$channel/outbound_messages", 'take_outbound',
	    'messages:write', jwt => 1, form => 1, body => \%outbound],
	[POST => "$channel/incoming_messages", 'take_incoming',
	    'messages:write', form => 1, body => \%incoming],
	[PUT => "$channel$conversation/messages/{message_ext_id}/status"
	    =~ s/conversation_id/conv_ext_id/r, 'take_status',
	    'messages:write', jwt => 1, body => { 'status!' => 'enum:failed',
	    reason => 'text' }],
	[POST => "$inbox/imported_messages", 'take_imported',
	    'messages:write', body => \%imported],
	[GET => '/messages/{message_id}', 'fetch_message', 'messages:read',
	    jwt => 'read'],
	[GET => '/messages/{message_id}/download/{attachment_link_id}',
	    'download_file', 'attachments:read', jwt => 1],
	[GET => '/download/{attachment_link_id}', 'download_file',
	    'attachments:read'],
	[GET => $conversation, 'fetch_conversation', 'conversations:read',
	    jwt => 'read'],
	[GET => "$conversation/messages", 'list_messages', 'messages:read',
	    query => \%sorted],
	[POST => "$conversation/tags", 'add_tags', 'conversations:write',
	    body => \%tag_ids],
	[DELETE => "$conversation/tags", 'remove_tags',
	    'conversations:write', body => \%tag_ids],
	[POST => "$conversation/comments", 'add_comment', 'comments:write',
	    body => { 'body!' => 'text', author_id => 'text',
	    is_pinned => 'bool', attachments => ['file'] }],
	[GET => '/tags', 'list_tags', 'tags:read', query => \%sorted],
	[GET => '/company/tags', 'list_tags', 'tags:read',
	    query => \%sorted],
	[POST => '/company/tags', 'create_tag', 'tags:write',
	    body => { 'name!' => 'text:64', description => 'text',
	    highlight => $color, is_visible_in_conversation_lists => 'bool' }],
	[GET => '/contacts', 'list_contacts', 'contacts:read',
	    query => { %sorted, q => 'text' }],
	[POST => '/contacts', 'create_contact', 'contacts:write',
	    body => { %contact, 'handles!' => [\%handle] }],
	[POST => '/contacts/merge', 'merge_contacts', 'contacts:write',
	    body => { 'contact_ids!' => ['text'],
	    target_contact_id => 'text' }],
	[GET => $contact, 'fetch_contact', 'contacts:read'],
	[PATCH => $contact, 'update_contact', 'contacts:write',
	    body => \%contact],
	[POST => "$contact/handles", 'add_handle', 'contacts:write',
	    body => \%handle],
	[DELETE => "$contact/handles", 'remove_handle', 'contacts:write',
	    body => { %handle, force => 'bool' }],
	[GET => "$contact/conversations", 'list_contact_conversations',
	    'conversations:read', query => { %page, q => 'text' }],
);

sub row {
	my ($method, $path, $name, $scope, %more) = @_;
	my @names = $path =~ /\{(\w+)\}/g;
	(my $regex = quotemeta $path) =~ s/\\\{\w+\\\}/([^\/]+)/g;

	return {
		method   => $method,
		template => $path,
		name     => $name,
		scope    => $scope,
		query    => {},
		%more,
		names    => \@names,
		regex    => qr/^$regex$/,
	};
}

sub operations { return @operations }

# (row, its path as raw values by name), or (undef, methods that the path has).
sub find_operation {
	my ($method, $path) = @_;
	my @methods;

	for my $row (@operations) {
		my @values = $path =~ $row->{regex} or next;
		if ($row->{method} eq $method) {
			my %named;
			@named{@{$row->{names}}} = @values;
			return ($row, \%named);
		}
		push @methods, $row->{method};
	}
	return (undef, @methods);
}

# Whether a value of JSON was written as a text.
sub is_text {
	my ($value) = @_;

	return defined $value && !ref $value
	    && B::svref_2object(\$value)->FLAGS & B::SVf_POK;
}

# What is wrong with data, as sentences.  Numbers and booleans of a form are
# texts.
sub fault_in {
	my ($kind, $data, $at, $is_form) = @_;

	return fault_in_object($kind, $data, $at, $is_form)
	    if ref $kind eq 'HASH';
	if (ref $kind eq 'ARRAY') {
		return "$at: no list" unless ref $data eq 'ARRAY';
		return map { fault_in($kind->[0], $data->[$_], "${at}[$_]",
		    $is_form) } 0 .. $#$data;
	}
	my ($name, $more) = split /:/, $kind, 2;
	return ref $data eq 'HASH' ? () : "$at: no object"
	    if $name eq 'object';
	return ref $data eq 'HASH' && defined $data->{filename} ? ()
	    : "$at: no file" if $name eq 'file';
	return "$at: null" unless defined $data;
	return fault_in_leaf($name, $more, $data, $at, $is_form);
}

sub fault_in_object {
	my ($kind, $data, $at, $is_form) = @_;
	my %known = map { s/!$//r => $kind->{$_} } keys %$kind;
	my @faults;

	return "$at: no object"
	    unless ref $data eq 'HASH' && !defined $data->{filename};
	push @faults, map { "$at.$_: missing" } sort
	    grep { !exists $data->{$_} } map { /^(.*)!$/ ? $1 : () } keys %$kind;
	for (sort keys %$data) {
		push @faults, $known{$_}
		    ? fault_in($known{$_}, $data->{$_}, "$at.$_", $is_form)
		    : "$at.$_: unknown";
	}
	return @faults;
}

my %leaf = (
	int    => qr/^-?\d{1,18}$/,
	number => qr/^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/,
);

sub fault_in_leaf {
	my ($name, $more, $data, $at, $is_form) = @_;

	if ($name eq 'bool') {
		return () if JSON::PP::is_bool($data)
		    || ($is_form && $data =~ /^(?:true|false)$/);
		return "$at: no boolean";
	}
	return "$at: no $name" if ref $data;
	if ($name eq 'text') {
		return "$at: no string" unless $is_form || is_text($data);
		return length $data > ($more // length $data)
		    ? "$at: longer than $more" : ();
	}
	return (grep { $_ eq $data } split /\|/, $more) ? ()
	    : "$at: none of $more" if $name eq 'enum';
	return "$at: no $name" unless $data =~ $leaf{$name}
	    && ($is_form || !is_text($data));
	my ($low, $high) = ($more // '') =~ /^(\d*)-(\d*)$/ or return ();
	return length $high && $data > $high || length $low && $data < $low
	    ? "$at: not in $more" : ();
}

1;
