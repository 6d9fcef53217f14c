package StandIn::Front::Webhook;
# What Front sends to the server of a channel, by curl, which has as long as
# Front has: an answer that takes longer is a fault of the server, and said on
# stderr unless tolerate_late is set.
#
#	POST /_control/reply	{conversation, text, attachments}: an agent
#				presses send
#	  conversation	its id, one of its keys, or a customer's number; without
#			one {channel, to: [numbers]} begins a new one
#	  text, html	at least one of them
#	  attachments	[{filename, content_type, body (base64) or fill (a number
#			of bytes), size (another one), url, is_inline}]
#	  to		recipients as they are, with or without a +
#	  author	another one; {} or null
#	  autoreply	1: a rule answers, not an agent
#	  again		the id of a message: send is pressed once more
#	POST /_control/webhook	{type: authorization|delete|sync|..., channel},
#			{type: message_imported, message: its id}, or raw, a body
#	  delete	a DELETE, with a body where body => 1
#
# In either, of the request:
#	  url, method, headers {}	others
#	  payload {}	members that replace those of the payload
#	  metadata {}	the same beside the payload; null takes it away
#	  drop []	members of the payload that are left out
#	  pad		so many bytes has the body at least
#	  secret, scheme (sha256, sha1, none), timestamp (ms, seconds, none or
#	  what it says), age_ms, sign_as (body or undefined), signature (none,
#	  hex or what it says)
#	  wait		0: the answer to this call does not wait for the other
#
# The answer has `webhook`: {index, type, method, url, message, status, seconds,
# late, error, json, body, right (whether Front takes it), refused (what the
# agent reads of it)}; the state lists them all.
use strict;
use warnings;
use JSON::PP ();
use MIME::Base64 ();
use SignFront qw(front_signature rule_signature);
use Time::HiRes qw(time);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub forget_webhooks {
	my ($self) = @_;

	$self->{webhooks} = [];
}

# A channel that a test names, or the only one there is.
sub channel_named {
	my ($self, $name) = @_;
	my @all = map { $self->{channels}{$_} } sort keys %{$self->{channels}};

	return $self->{channels}{$name} // die "no channel '$name'\n"
	    if defined $name;
	die "which channel?\n" if @all != 1;
	return $all[0];
}

# ---- what an agent does

sub make_reply {
	my ($self, $data) = @_;
	my $message = defined $data->{again}
	    ? $self->{messages}{$data->{again}} // die "no such message\n"
	    : $self->new_reply($data);
	my $type = $message->{is_autoreply} ? 'message_autoreply' : 'message';

	return $self->waiting($data, sub {
		$self->send_message($type, $message, $data, $_[0]);
	});
}

sub new_reply {
	my ($self, $data) = @_;
	my $text = $data->{text};
	my $html = $data->{html};
	my $conversation;

	die "a reply needs text or html\n" unless defined($text // $html);
	if (defined $data->{conversation}) {
		$conversation = $self->conversation_named(
		    @{$data}{qw(conversation channel)});
	} else {
		my $first = ($data->{to} // [])->[0]
		    // die "a reply needs a conversation or recipients\n";

		$conversation = $self->new_conversation(
		    $self->channel_named($data->{channel}), $first);
	}
	my ($replied_to) = reverse grep { $_->{is_inbound} }
	    @{$conversation->{messages}};
	my $message = $self->new_message($conversation,
	    is_inbound   => 0,
	    stored       => 1,
	    is_autoreply => $data->{autoreply},
	    text         => $text // StandIn::Front::Message::text_of($html),
	    body         => $html // StandIn::Front::Message::html_of($text),
	    handle       => $conversation->{handle},
	    to           => $data->{to},
	    replied_to   => $replied_to,
	    exists $data->{author} ? (author => $data->{author}) : ());
	$self->add_file($message, $_) for @{$data->{attachments} // []};
	return $message;
}

# ---- what is sent

# A message as a channel gets it.
sub payload_of {
	my ($self, $type, $message, $how) = @_;
	my $payload = $self->message_view($message,
	    $type eq 'message_imported'
	    && $self->{settings}{import_external_id});

	delete $payload->{message_uid};
	$payload->{is_draft} = JSON::PP::false();
	$payload->{metadata}{headers}{in_reply_to} //= undef;
	if ($type eq 'message_autoreply') {
		delete $payload->{id};
		delete $payload->{_links}{self};
		$payload->{type} = 'auto_reply';
	}
	%$payload = (%$payload, %{$how->{payload} // {}});
	delete @{$payload}{@{$how->{drop} // []}};
	return $payload;
}

sub send_message {
	my ($self, $type, $message, $how, $done) = @_;
	my $channel = $message->{channel};
	my $payload = $self->payload_of($type, $message, $how);
	my @keys = @{$message->{conversation}{external_ids}};
	my $envelope = {
		type     => $type,
		payload  => $payload,
		metadata => @keys ? { external_conversation_id => $keys[0],
		    external_conversation_ids => \@keys } : {},
	};

	if (exists $how->{metadata}) {
		$envelope->{metadata} = $how->{metadata};
		delete $envelope->{metadata} unless $how->{metadata};
	}
	return $self->send_webhook({ %$how, type => $type }, $channel,
	    $channel->{kind} eq 'custom' ? $payload : $envelope, $message,
	    $done);
}

sub make_webhook {
	my ($self, $data) = @_;
	my $type = $data->{type} // 'raw';
	my $body;

	if (defined $data->{message}) {
		my $message = $self->{messages}{$data->{message}}
		    // $self->{uids}{$data->{message}}
		    // die "no such message\n";

		return $self->waiting($data, sub {
			$self->send_message($type, $message, $data, $_[0]);
		});
	}
	my $channel = $self->channel_named($data->{channel});
	if (defined $data->{raw}) {
		my $bytes = $data->{raw};

		utf8::encode($bytes);
		$body = \$bytes;
	} elsif ($type eq 'sync') {
		$body = { type => 'sync', authorization => { id => 'cmp_1' } };
		$data->{headers}{'X-Front-Challenge'} //= $self->new_uid;
	} elsif ($type ne 'delete' || $data->{body}) {
		$body = { type => $type, payload => $data->{payload}
		    // { channel_id => $channel->{id} } };
	}
	$data->{method} //= 'DELETE' if $type eq 'delete';
	return $self->waiting($data, sub {
		$self->send_webhook({ %$data, type => $type }, $channel,
		    $body, undef, $_[0]);
	});
}

# What serve_control() takes: the answer now, or when the webhook has ended.
sub waiting {
	my ($self, $data, $send) = @_;
	my $is_waiting = $data->{wait} // 1;
	my $answer;
	my $webhook = $send->(sub {
		$answer->(200, { webhook => $_[0], message =>
		    $_[0]{message} }) if $answer;
	});

	return { webhook => $webhook, message => $webhook->{message} }
	    unless $is_waiting;
	return sub { ($answer) = @_ };
}

# The lines of the head that make it Front's.
sub signed {
	my ($self, $channel, $body, $how) = @_;
	my $secret = $how->{secret} // $channel->{secret};
	my $scheme = $how->{scheme}
	    // ($channel->{kind} eq 'custom' ? 'none' : 'sha256');
	my $now = int(time * 1000) - ($how->{age_ms} // 0);
	my $timestamp = $how->{timestamp} // 'ms';
	my $wanted = $how->{signature} // '';

	return () if $scheme eq 'none';
	$timestamp = $now if $timestamp eq 'ms' || $timestamp eq 'none';
	$timestamp = int($now / 1000) if $timestamp eq 'seconds';
	my $as = $how->{sign_as} // (length($body // '') ? 'body'
	    : 'undefined');
	my $signature = $scheme eq 'sha1' ? rule_signature($secret, $body)
	    : front_signature($secret, $timestamp,
	    $as eq 'body' ? $body // '' : undef);
	$signature = unpack 'H*', MIME::Base64::decode_base64($signature)
	    if $wanted eq 'hex';
	$signature = $wanted if length $wanted && $wanted ne 'hex';
	return (
		$wanted eq 'none' ? () : ("X-Front-Signature: $signature"),
		$scheme eq 'sha1' || ($how->{timestamp} // '') eq 'none' ? ()
		    : ("X-Front-Request-Timestamp: $timestamp"),
	);
}

# Sends one; `content` is data, a reference to bytes, or undef for no body.
sub send_webhook {
	my ($self, $how, $channel, $content, $message, $done) = @_;
	my $url = $how->{url} // $channel->{webhook}
	    // die "the channel has no webhook\n";
	my $method = $how->{method} // 'POST';
	my $opt = $self->{opt};
	my $bearer = $self->{settings}{bearer};
	my $headers = $how->{headers} // {};
	my $body = ref $content eq 'SCALAR' ? $$content
	    : defined $content ? $json->encode($content) : undef;
	my $webhook = {
		index   => scalar @{$self->{webhooks}},
		type    => $how->{type},
		method  => $method,
		url     => $url,
		channel => $channel->{id},
		message => $message ? $message->{id} : undef,
	};

	$body .= ' ' x ($how->{pad} - length $body) if $how->{pad}
	    && $how->{pad} > length $body;
	push @{$self->{webhooks}}, $webhook;
	my @command = ('curl', '-q', '-s', '--globoff', '--path-as-is',
	    '--max-time', $self->{settings}{webhook_limit}, '-X', $method,
	    $opt->{ca_file} ? ('--cacert', $opt->{ca_file}) : (),
	    map({ ('-H', $_) } 'Expect:', 'User-Agent: Front',
		'Content-Type: application/json',
		$self->signed($channel, $body, $how),
		defined $bearer ? "Authorization: Bearer $bearer" : (),
		map { "$_: $headers->{$_}" } sort keys %$headers),
	    defined $body ? ('--data-binary', '@-') : (),
	    '-w', '\n%{http_code} %{time_total} %{exitcode} %{errormsg}',
	    '--', $url);
	my $age = $self->{age};
	$self->run_command(\@command, sub {
		return if $self->{age} != $age;
		$self->take_answer($webhook, $_[0]);
		$self->judge($webhook, $channel, $message);
		$done->($webhook) if $done;
	}, $body);
	return $webhook;
}

# ---- what comes back

# The most of an answer that is kept.
use constant KEPT => 2048;

sub take_answer {
	my ($self, $webhook, $output) = @_;
	my ($body, $status, $seconds, $exit, $error) =
	    $output =~ /^(.*)\n(\d{3}) ([\d.]+) (\d+) ?([^\n]*)$/s;
	my $limit = $self->{settings}{webhook_limit};

	if (!defined $status) {
		$webhook->{error} = "curl: $output";
		return;
	}
	$webhook->{status} = $status + 0;
	$webhook->{seconds} = $seconds + 0;
	$webhook->{error} = "$exit $error" if $exit;
	$webhook->{json} = eval { $json->decode($body) };
	$webhook->{body} = substr $body, 0, KEPT;
	$webhook->{late} = $exit == 28 || $seconds > $limit
	    ? JSON::PP::true() : JSON::PP::false();
	warn "webhook $webhook->{type}: no answer in $limit s\n"
	    if $webhook->{late} && !$self->{settings}{tolerate_late};
}

# What Front makes of an answer.
sub judge {
	my ($self, $webhook, $channel, $message) = @_;
	my $answer = $webhook->{json};
	my $said = ref $answer eq 'HASH' ? $answer : {};
	my $type = $webhook->{type};
	my $is_success = ($webhook->{status} // 0) == 200 && !$webhook->{late};
	my @wrong;

	# Nothing says that a custom channel has to answer more than 200.
	if ($type =~ /^message(?:_autoreply)?$/ && $channel->{kind} eq 'app') {
		push @wrong, 'it is no success' unless $is_success
		    && ($said->{type} // '') eq 'success';
		push @wrong, "it has no $_" for grep {
			!length($said->{$_} // '') || ref $said->{$_}
			    || length $said->{$_} > 200
		} qw(external_id external_conversation_id);
	} elsif ($type eq 'authorization') {
		push @wrong, 'it is no success' unless $is_success
		    && ($said->{type} // '') eq 'success';
		$channel->{webhook} = $said->{webhook_url}
		    if !@wrong && defined $said->{webhook_url};
	} elsif (!$is_success) {
		push @wrong, 'it is not 200';
	}
	$webhook->{right} = @wrong ? JSON::PP::false() : JSON::PP::true();
	$webhook->{wrong} = \@wrong;
	$webhook->{refused} = $said->{message} if @wrong
	    && ($webhook->{status} // 0) == 400
	    && ($said->{type} // '') eq 'bad_request';
	$self->bind_answer($webhook, $channel, $message, $said)
	    if $message && $type =~ /^message(?:_autoreply)?$/;
}

# What the agent sees of the message, and what it is called from now on.
sub bind_answer {
	my ($self, $webhook, $channel, $message, $said) = @_;
	my $id = $said->{external_id};

	$message->{answers}++;
	if (!$webhook->{right}) {
		$message->{delivery} //= 'failed';
		$message->{shown} = $webhook->{refused}
		    // 'channel servers are unresponsive';
		return;
	}
	$message->{delivery} = 'sent';
	$message->{shown} = undef;
	return unless defined $id;
	push @{$webhook->{wrong}}, 'it names the message otherwise than before'
	    if defined $message->{external_id}
	    && $message->{external_id} ne $id;
	$message->{external_id} = $id;
	$channel->{answered}{$id} = $message;
	$self->bind_key($message->{conversation},
	    $said->{external_conversation_id})
	    if defined $said->{external_conversation_id};
}

1;
