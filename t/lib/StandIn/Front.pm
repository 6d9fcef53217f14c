package StandIn::Front;
# Front as far as we call it, on one port: the channel interface, and of the
# other one messages, conversations, tags, comments and contacts.  Strict: what
# Front's own description does not know is refused with 400, and the ledger
# says why in `invalid`, although Front itself overlooks an unknown name.  It
# also sends what Front sends (StandIn::Front::Webhook).
#
# Options: secret (of the application), app_uid, api_token, channels [{id, kind
# (app or custom), webhook, ...}: see StandIn::Front::Channel], ca_file (whom
# webhooks trust), port, ledger, seed, settings, sid_base (a number in front of
# every id: one that is started again beside the same database must not give
# the ids of before).
# Three ports: api, download (the files of messages, too) and storage (where a
# download leads to).
# Settings, of messages: strict (1), dup (202silent, 202second or 409: what a
# second equal external_id meets), store_ms (how long a message is taken but
# not there), auto_import (0; with it message_imported follows the storing after
# import_ms), import_external_id (1: it has the external_id), status_404 (how
# often the status of a message is not found).
# Of access: token_on_channels (0: the API token does not open what a channel's
# own does), scopes (undef: all), bearer (what webhooks carry).
# Of limits: company_limit (0: none) in limit_window (60 s), burst_limit (0).
# Of contacts: contact_source (phone), contact_name (handle or empty: the name of
# one whom no message named), taken_handle (409 or 400).
# Of files: file_redirect (302; 0: none), file_host (127.0.0.1), link_base (what
# links begin with; the port api).
# Of webhooks: webhook_limit (7 s), tolerate_late (0).
use strict;
use warnings;
use JSON::PP ();
use SignFront qw(read_jwt);
use StandIn::Form qw(unescape);
use StandIn::Front::Table qw(fault_in find_operation);
use StandIn::Multipart qw(nest);
use Time::HiRes qw(time);
use parent qw(StandIn StandIn::Front::Limit StandIn::Front::Channel
    StandIn::Front::Message StandIn::Front::Conversation
    StandIn::Front::Tag StandIn::Front::Contact StandIn::Front::File
    StandIn::Front::Webhook);

use constant {
	SECRET    => 'a5ec1ce700fa99a5ec1ce700fa990001',
	APP_UID   => 'f1e2d3c4b5a69788',
	API_TOKEN => 'a91c0ffee00ca9a4300c0ffee00ca9a43',
	CHANNEL   => 'cha_7k2q',
	# How far ahead the end of a channel's token may lie.
	JWT_LIFE  => 30,
};

my %commands = (
	'POST channels'      => 'make_channel',
	'POST contacts'      => 'make_contact',
	'POST conversations' => 'make_conversation',
	'POST limits'        => 'script_limit',
	'POST merge'         => 'merge_conversations',
	'POST reply'         => 'make_reply',
	'POST webhook'       => 'make_webhook',
);

sub new {
	my ($class, %opt) = @_;
	my $self = $class->SUPER::new(secret => SECRET, app_uid => APP_UID,
	    api_token => API_TOKEN, channels => [{ id => CHANNEL }], %opt);

	$self->open_port($_) for qw(download storage);
	return $self;
}

sub settings {
	return {
		strict             => 1,
		dup                => '202silent',
		store_ms           => 0,
		auto_import        => 0,
		import_ms          => 0,
		import_external_id => 1,
		status_404         => 0,
		token_on_channels  => 0,
		scopes             => undef,
		bearer             => undef,
		company_limit      => 0,
		limit_window       => 60,
		burst_limit        => 0,
		contact_source     => 'phone',
		contact_name       => 'handle',
		taken_handle       => 409,
		file_redirect      => 302,
		file_host          => '127.0.0.1',
		link_base          => undef,
		webhook_limit      => 7,
		tolerate_late      => 0,
	};
}

sub forget {
	my ($self) = @_;

	# What was put off belongs to what is gone.
	$self->{age}++;
	$self->{counts} = {};
	$self->forget_limits;
	$self->forget_channels;
	$self->forget_conversations;
	$self->forget_contacts;
	$self->forget_files;
	$self->forget_webhooks;
}

sub state {
	my ($self) = @_;

	return {
		channels      => $self->channels_state,
		conversations => $self->conversations_state,
		contacts      => [map { $self->contact_view($_) }
		    @{$self->{contacts}}],
		tags          => [map { { id => $_->{id}, name => $_->{name} } }
		    @{$self->{tags}}],
		statuses      => $self->{statuses},
		duplicates    => $self->{duplicates},
		limited       => $self->{limited},
		webhooks      => $self->{webhooks},
	};
}

sub control_more {
	my ($self, $name, $data) = @_;

	my $command = $commands{$name} // return undef;

	return $self->$command($data);
}

# Calls later, unless all is forgotten before.
sub later {
	my ($self, $ms, $call) = @_;
	my $age = $self->{age};

	return $call->() unless $ms;
	$self->after($ms / 1000, sub { $call->() if $self->{age} == $age });
}

# ---- who asks

# {kind: token} or {kind: jwt, channel, claims}, or why it is neither.
sub caller_of {
	my ($self, $text) = @_;
	my ($token) = ($text // '') =~ /^Bearer (\S+)$/
	    or return 'Unauthenticated';

	return { kind => 'token' } if $token eq $self->{opt}{api_token};
	my ($header, $claims) = read_jwt($token, '') or return
	    'Unauthenticated';
	my $channel = $self->{channels}{$claims->{sub} // ''};
	my $is_right = $channel &&
	    (read_jwt($token, $channel->{secret}))[2];
	my $expires = $claims->{exp} // '';
	my $error = 'JSON Web Token error';

	return "$error: alg" if ($header->{alg} // '') ne 'HS256';
	return "$error: sub" unless $channel;
	return "$error: signature" unless $is_right;
	return "$error: iss" if ($claims->{iss} // '') ne $channel->{app_uid};
	return "$error: jti" unless length($claims->{jti} // '');
	return "$error: exp" unless $expires =~ /^\d+$/ && $expires > time
	    && $expires <= time + JWT_LIFE;
	return { kind => 'jwt', channel => $channel, claims => $claims };
}

sub authorised {
	my ($self, $text) = @_;

	return ref $self->caller_of($text);
}

# The claims of a token stand in the ledger, the token does not.
sub record {
	my ($self, $request) = @_;
	my $entry = $self->SUPER::record($request);
	my ($token) = ($request->{authorization} // '') =~ /^Bearer (\S+)$/;
	my (undef, $claims) = defined $token ? read_jwt($token, '') : ();

	$entry->{claims} = $claims;
	return $entry;
}

sub check_caller {
	my ($self, $call) = @_;
	my $row = $call->{row};
	my $caller = $self->caller_of($call->{request}{authorization});
	my $of_channel = $row->{jwt} && $row->{jwt} eq '1'
	    && $row->{name} =~ /^take_/;

	$self->refuse(401, $caller) unless ref $caller;
	$call->{caller} = $caller;
	if ($caller->{kind} eq 'token') {
		$self->refuse(401, 'JSON Web Token error: an API token')
		    if $of_channel && !$self->{settings}{token_on_channels};
		my $scopes = $self->{settings}{scopes} // return;
		$self->refuse(403, "The token lacks $row->{scope}")
		    if $row->{scope} && !grep { $_ eq $row->{scope} } @$scopes;
		return;
	}
	$self->refuse(401, 'Unauthenticated', 'the token of a channel does ' .
	    'not open this') unless $row->{jwt};
	my $channel = $call->{path}{channel_id} // return;
	$self->refuse(401, 'JSON Web Token error: sub is another channel')
	    if ($self->{channels}{$channel} // '') ne $caller->{channel}
	    && $channel !~ /^alt:/;
}

# ---- a request

sub error_body {
	my ($self, $status, $code, $message) = @_;
	my %title = (400 => 'Bad request', 401 => 'Unauthenticated',
	    403 => 'Forbidden', 404 => 'Not found', 409 => 'Conflict',
	    413 => 'Payload too large', 415 => 'Unsupported media type',
	    429 => 'Too many requests');

	return { _error => {
		status  => $status + 0,
		title   => $title{$status} // 'Error',
		message => $message,
	} };
}

# Ends the handling of a request with an error.  `invalid` is a sentence, or a
# list of them, where no correct client would have asked so.
sub refuse {
	my ($self, $status, $message, $invalid, $headers) = @_;
	my $body = $self->error_body($status, undef, $message);

	$body->{_error}{details} = $invalid if ref $invalid;
	die {
		status  => $status,
		json    => $body,
		headers => $headers // {},
		$invalid ? (invalid => ref $invalid ? $invalid : [$invalid])
		    : (),
	};
}

# What no correct client sends.
sub refuse_invalid {
	my ($self, @faults) = @_;

	$self->refuse(400, 'Body did not satisfy requirements', \@faults);
}

sub handle {
	my ($self, $request) = @_;
	my $call = { request => $request, invalid => [] };

	return $self->serve_storage($request)
	    if $request->{listener} eq 'storage';
	my $answer = eval { $self->operate($call) };
	if (!$answer) {
		die $@ unless ref $@;
		$answer = $@;
	}
	$answer->{operation} = $call->{row}{name} if $call->{row};
	$answer->{headers} = { $self->limit_headers,
	    %{$answer->{headers} // {}} };
	push @{$call->{invalid}}, @{$answer->{invalid} // []};
	$answer->{invalid} = $call->{invalid} if @{$call->{invalid}};
	return $answer;
}

# `call` has: request, row, path {name => value}, caller, query {name =>
# value}, data (the body), invalid.
sub operate {
	my ($self, $call) = @_;
	my ($method, $path) = @{$call->{request}}{qw(method path)};
	my ($row, @found) = find_operation($method, $path);

	if (!$row) {
		$self->refuse(401, 'Unauthenticated') unless
		    $self->authorised($call->{request}{authorization});
		$self->refuse(405, 'Method not allowed',
		    "$path takes @found, not $method") if @found;
		$self->refuse(404, 'Not found', "no such path: $path");
	}
	$call->{row} = $row;
	for (keys %{$found[0]}) {
		my $value = unescape($found[0]{$_});

		utf8::decode($value);
		$call->{path}{$_} = $value;
		$call->{raw_path}{$_} = $found[0]{$_};
	}
	$self->check_caller($call);
	$self->count_request;
	$self->take_query($call);
	$self->take_body($call);
	my $name = $row->{name};
	return $self->$name($call);
}

sub take_query {
	my ($self, $call) = @_;
	my $known = $call->{row}{query};
	my @faults;

	for (@{$call->{request}{query}}) {
		my ($name, $value) = @$_;

		push @faults, $known->{$name}
		    ? fault_in($known->{$name}, $value, $name, 1)
		    : "$name: unknown";
		$call->{query}{$name} = $value;
	}
	$self->note_faults($call, @faults);
}

sub take_body {
	my ($self, $call) = @_;
	my $request = $call->{request};
	my $kind = $call->{row}{body};
	my $is_form = $request->{files};
	my @faults;

	if (!$kind) {
		return $self->note_faults($call, $request->{length}
		    ? 'a body where none is taken' : ());
	}
	if ($is_form) {
		$self->refuse_invalid('multipart/form-data is not taken here')
		    unless $call->{row}{form};
		$self->refuse_invalid("multipart: $request->{multipart_fault}")
		    if $request->{multipart_fault};
		($call->{data}, @faults) = nest(@{$request}{qw(form files)});
	} else {
		$self->refuse(415, 'Unsupported content type',
		    'the body is no JSON by its type') unless
		    ($request->{headers}{'content-type'} // '') =~
		    m{^application/json\b}i;
		# Its reader says no more than this.
		die { status => 400, invalid => ['the body is no JSON'],
		    json => { _error => { message => 'Unexpected token in ' .
		    'JSON at position 0' } } } unless defined $request->{json};
		$call->{data} = $request->{json};
	}
	push @faults, fault_in($kind, $call->{data}, 'body', $is_form);
	$self->note_faults($call, @faults);
}

# Refuses, or where it is not strict only what Front itself refuses.
sub note_faults {
	my ($self, $call, @faults) = @_;

	return unless @faults;
	my @grave = $self->{settings}{strict} ? @faults
	    : grep { !/: unknown$/ } @faults;
	$self->refuse_invalid(@faults) if @grave;
	push @{$call->{invalid}}, @faults;
}

# ---- what all resources share

sub base36 {
	my ($number) = @_;
	my $text = '';

	do {
		$text = (0 .. 9, 'a' .. 'z')[$number % 36] . $text;
		$number = int($number / 36);
	} while $number;
	return $text;
}

# The next id of a kind: the same in every run.
sub new_id {
	my ($self, $kind) = @_;

	my $number = base36(++$self->{counts}{$kind});

	return "${kind}_" . base36($self->{opt}{sid_base} // 0) .
	    '0' x (5 - length $number) . $number;
}

sub new_uid {
	my ($self) = @_;

	return sprintf '%08x%024x', ($self->{opt}{sid_base} // 0) & 0xffffffff,
	    ++$self->{counts}{uid};
}

sub answer {
	my ($self, $status, $data, $effect) = @_;

	return { status => $status, effect => $effect,
	    defined $data ? (json => $data) : () };
}

# An absolute address of ours.
sub link_to {
	my ($self, @path) = @_;
	my $base = $self->{settings}{link_base}
	    // 'http://127.0.0.1:' . $self->port;

	return join '/', $base, @path;
}

# One page of a list.
sub list {
	my ($self, $call, $items, $view) = @_;
	my $query = $call->{query} // {};
	my $size = $query->{limit} || 50;
	my ($from) = ($query->{page_token} // 0) =~ /^(\d{1,9})$/
	    or $self->refuse_invalid('page_token: not ours');
	my $end = $from + $size;
	my $path = substr $call->{request}{path}, 1;
	my %next = (%$query, page_token => $end);

	$end = @$items if $end > @$items;
	return $self->answer(200, {
		_pagination => { next => $end >= @$items ? undef :
		    $self->link_to("$path?" . join '&', map {
		    "$_=" . StandIn::Form::escape($next{$_}) }
		    sort keys %next) },
		_links      => { self => $self->link_to($path) },
		_results    => [map { $view->($_) } @{$items}[$from .. $end - 1]],
	});
}

sub fetch_identity {
	my ($self) = @_;

	return $self->answer(200, { _links => { self => $self->link_to('me') },
	    id => 'cmp_1', name => 'Harborfix' });
}

1;
