package StandIn::Twilio;
# Twilio's REST interfaces as far as we call them, on one port: Conversations,
# Frontline users, Messages with media, Lookups.  Strict: what Twilio's own
# description does not know is refused with 400, and the ledger says why in
# `invalid`, although Twilio itself would overlook an unknown name.
#
# Options: account, token, key, key_secret, port, ledger, seed, settings,
# sid_base (32 bits in front of every SID: one that is started again beside the
# same database must not give the SIDs of before).
# Settings: strict (1), auto_conversations and auto_users (0: an unknown one
# comes into being on first use), list_lag (seconds, or [least, most]: how long
# a new message is missing from lists), senders ([]: our own addresses; none:
# every address), opted_out ([]: addresses that get 21610), caller_names ({}),
# service (the default service), media_redirect (307), media_host (127.0.0.1).
#
# Commands beside those of StandIn::Control: StandIn::Twilio::Message has
# those for messages; POST /_control/users and /_control/conversations make
# one of the members that are given.
use strict;
use warnings;
use MIME::Base64 qw(decode_base64);
use POSIX qw(strftime);
use StandIn::Form qw(unescape);
use StandIn::Twilio::Table qw(fault_of find_operation);
use Time::HiRes qw(time);
use parent qw(StandIn StandIn::Twilio::Conversation
    StandIn::Twilio::Participant StandIn::Twilio::Said
    StandIn::Twilio::Message StandIn::Twilio::Media
    StandIn::Twilio::Person);

use constant {
	ACCOUNT => 'AC0123456789abcdef0123456789abcdef',
	TOKEN   => 'c0ffee00ca9a4100c0ffee00ca9a4100',
};

my %commands = (
	'POST conversations' => 'make_conversation',
	'POST users'         => 'make_user',
	'POST messages'      => 'make_message',
	'POST status'        => 'move_message',
);

sub new {
	my ($class, %opt) = @_;
	my $self = $class->SUPER::new(account => ACCOUNT, token => TOKEN, %opt);

	$self->open_port('download');
	return $self;
}

sub settings {
	return {
		strict             => 1,
		auto_conversations => 0,
		auto_users         => 0,
		list_lag           => 0,
		senders            => [],
		opted_out          => [],
		caller_names       => {},
		service            => 'IS' . '0' x 31 . '1',
		media_redirect     => 307,
		media_host         => '127.0.0.1',
	};
}

sub forget {
	my ($self) = @_;

	$self->{counts} = {};
	$self->{order} = 0;
	$self->forget_conversations;
	$self->forget_messages;
	$self->forget_people;
}

sub state {
	my ($self) = @_;

	return {
		conversations => $self->conversations_state,
		messages      => $self->messages_state,
		users         => $self->users_state,
	};
}

sub control_more {
	my ($self, $name, $data) = @_;

	my $command = $commands{$name} // return undef;

	return $self->$command($data);
}

sub authorised {
	my ($self, $text) = @_;
	my $opt = $self->{opt};
	my ($encoded) = $text =~ m{^Basic ([A-Za-z0-9+/=]+)$} or return 0;
	my $pair = decode_base64($encoded);

	return 1 if $pair eq "$opt->{account}:$opt->{token}";
	return defined $opt->{key}
	    && $pair eq "$opt->{key}:$opt->{key_secret}";
}

sub error_body {
	my ($self, $status, $code, $message) = @_;

	return {
		status    => $status + 0,
		message   => $message,
		more_info => 'https://www.twilio.com/docs/errors/' .
		    ($code // $status),
		defined $code ? (code => $code + 0) : (),
	};
}

# Ends the handling of a request with an error.  `invalid` is a sentence where
# no correct client would have asked so.
sub refuse {
	my ($self, $status, $code, $message, $invalid) = @_;

	die {
		status => $status,
		code   => $code,
		json   => $self->error_body($status, $code, $message),
		$invalid ? (invalid => [$invalid]) : (),
	};
}

# What no correct client sends.
sub refuse_invalid {
	my ($self, $code, $message) = @_;

	$self->refuse(400, $code, $message, $message);
}

sub handle {
	my ($self, $request) = @_;
	my $call = { request => $request, invalid => [] };
	my $answer = eval { $self->operate($call) };

	if (!$answer) {
		die $@ unless ref $@;
		$answer = $@;
	}
	$answer->{operation} = $call->{row}{name} if $call->{row};
	$answer->{headers}{'Twilio-Request-Id'} = $self->sid('RQ');
	push @{$call->{invalid}}, @{$answer->{invalid} // []};
	$answer->{invalid} = $call->{invalid} if @{$call->{invalid}};
	return $answer;
}

# `call` has: request, row, path {name => value}, form {name => value, or list
# of values where it may be repeated}, query {name => value}, invalid.
sub operate {
	my ($self, $call) = @_;
	my $request = $call->{request};
	my ($method, $path) = @{$request}{qw(method path)};

	return $self->download($request) if $request->{listener} eq 'download';
	$self->refuse(401, 20003, 'Authenticate')
	    unless $self->authorised($request->{authorization} // '');
	my ($row, @found) = find_operation($method, $path);
	if (!$row) {
		$self->refuse(405, 20004, 'Method not allowed',
		    "$path takes @found, not $method") if @found;
		$self->refuse(404, 20404, "The requested resource $path was " .
		    'not found', "no such path: $path");
	}
	$call->{row} = $row;
	$self->take_path($call, $found[0]);
	$self->take_fields($call);
	my $name = $row->{name};
	return $self->$name($call);
}

sub take_path {
	my ($self, $call, $raw) = @_;

	for my $name (keys %$raw) {
		my $value = unescape($raw->{$name});
		utf8::decode($value);
		my $fault = fault_of($call->{row}{path}{$name}, $value);

		$self->refuse(404, 20404, "The requested resource " .
		    "$call->{request}{path} was not found",
		    "$name in the path $fault") if defined $fault;
		$call->{path}{$name} = $value;
	}
	$self->refuse(404, 20404, 'The requested account was not found')
	    if defined $call->{path}{AccountSid}
	    && $call->{path}{AccountSid} ne $self->{opt}{account};
}

# Form and query by the table.
sub take_fields {
	my ($self, $call) = @_;
	my $request = $call->{request};
	my $row = $call->{row};
	my @faults;

	push @faults, 'the body is no form' if length $request->{body} &&
	    ($request->{headers}{'content-type'} // '') !~
	    m{^application/x-www-form-urlencoded(?:\s*;.*)?$}i;
	push @faults, "a body with $row->{method}"
	    if length $request->{body} && $row->{method} ne 'POST';
	for my $part (qw(query form)) {
		push @faults, $self->take_part($call, $part);
	}
	my $hook = $request->{headers}{'x-twilio-webhook-enabled'};
	push @faults, 'X-Twilio-Webhook-Enabled is out of place'
	    if defined $hook &&
	    (!$row->{webhook} || defined fault_of($row->{webhook}, $hook));
	return unless @faults;
	push @{$call->{invalid}}, @faults;
	return unless $self->{settings}{strict};
	my ($size) = grep { /^PageSize / } @faults;
	$self->refuse(400, $size && $row->{template} =~ /^\/2010/ ? 20007
	    : 20001, join '; ', @faults);
}

sub take_part {
	my ($self, $call, $part) = @_;
	my $known = $call->{row}{$part};
	my $taken = $call->{$part} = {};
	my @faults;

	for (@{$call->{request}{$part}}) {
		my ($name, $value) = @$_;
		my $kind = $known->{$name};

		if (!defined $kind) {
			push @faults, "unknown parameter $name";
			next;
		}
		my $fault = fault_of($kind, $value);
		push @faults, "$name $fault" if defined $fault;
		push @faults, "$name is no UTF-8"
		    if !utf8::is_utf8($value) && $value =~ /[\x80-\xff]/;
		if ($kind =~ /\*$/) {
			push @{$taken->{$name}}, $value;
		} else {
			push @faults, "$name stands twice"
			    if exists $taken->{$name};
			$taken->{$name} = $value;
		}
	}
	return @faults;
}

# ---- what all resources share

# The next SID of a kind: the same in every run.
sub sid {
	my ($self, $kind) = @_;

	return $kind . sprintf '%08x%024x', $self->{opt}{sid_base} // 0,
	    ++$self->{counts}{$kind};
}

# The next place in the order of creation, for lists.
sub next_order {
	my ($self) = @_;

	return ++$self->{order};
}

sub now_iso {
	return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime);
}

sub answer {
	my ($self, $status, $data, $effect) = @_;

	return { status => $status, effect => $effect,
	    defined $data ? (json => $data) : () };
}

# When something that was created now appears in lists.
sub appears_at {
	my ($self) = @_;
	my $lag = $self->{settings}{list_lag};
	my ($least, $most) = ref $lag ? @$lag : ($lag, $lag);

	return time + $least + rand($most - $least) if $most > $least;
	return time + $least;
}

# One page of `items`, which are in order: (items, token of the next or undef,
# number of the page).
sub page {
	my ($self, $call, $items, $descending) = @_;
	my $query = $call->{query};
	my $size = $query->{PageSize} || 50;
	my @left = @$items;

	if (length($query->{PageToken} // '')) {
		my ($after) = $query->{PageToken} =~ /^PA(\d+)$/
		    or $self->refuse_invalid(20001, 'PageToken is not ours');

		@left = grep { $descending ? $_->{order} < $after
		    : $_->{order} > $after } @left;
	}
	my @page = splice @left, 0, $size;
	return (\@page, @left ? "PA$page[-1]{order}" : undef,
	    $query->{Page} // 0);
}

# The URL of this list with another page.
sub page_link {
	my ($self, $call, $page, $token) = @_;
	my $query = $call->{query};
	my %all = (%$query, PageSize => $query->{PageSize} // 50,
	    Page => $page);

	delete $all{PageToken};
	$all{PageToken} = $token if defined $token;
	return "$call->{request}{path}?" . join '&',
	    map { StandIn::Form::escape($_) . '=' .
	    StandIn::Form::escape($all{$_}) } sort keys %all;
}

sub base_url {
	my ($self, $call) = @_;

	return 'http://' . ($call->{request}{headers}{host} //
	    '127.0.0.1:' . $self->port);
}

# A list of the newer interfaces: links are absolute.
sub v1_list {
	my ($self, $call, $key, $items, $view, $descending) = @_;
	my ($page, $next, $number) = $self->page($call, $items, $descending);
	my $base = $self->base_url($call);

	return $self->answer(200, {
		$key => [map { $view->($_) } @$page],
		meta => {
			key               => $key,
			page              => $number + 0,
			page_size         => ($call->{query}{PageSize} // 50) + 0,
			first_page_url    =>
			    $base . $self->page_link($call, 0),
			previous_page_url => undef,
			url               => $base .
			    $self->page_link($call, $number),
			next_page_url     => defined $next ? $base .
			    $self->page_link($call, $number + 1, $next) : undef,
		},
	});
}

# A list of the older interface: links are relative.
sub v2010_list {
	my ($self, $call, $key, $items, $view) = @_;
	my ($page, $next, $number) = $self->page($call, $items, 1);
	my $size = ($call->{query}{PageSize} // 50) + 0;

	return $self->answer(200, {
		$key              => [map { $view->($_) } @$page],
		page              => $number + 0,
		page_size         => $size,
		start             => $number * $size,
		end               => $number * $size + (@$page ? $#$page : 0),
		uri               => $self->page_link($call, $number),
		first_page_uri    => $self->page_link($call, 0),
		previous_page_uri => undef,
		next_page_uri     => defined $next ?
		    $self->page_link($call, $number + 1, $next) : undef,
	});
}

1;
