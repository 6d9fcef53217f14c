package FrontRequest;
# What Front asks of a channel, as hashes for fetch().  Signatures are computed
# from Front's description and not by our C code.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha1_base64 hmac_sha256_base64);
use Exporter 'import';
use JSON::PP ();
use Time::HiRes ();

our @EXPORT = qw(front_settings front_request envelope reply_to);

# Nobody outside a test knows these words; they must not turn up in a log.
use constant {
	SECRET  => 'f40115ec4e7a1111f40115ec4e7a1111',
	NEXT    => 'f40115ec4e7a2222f40115ec4e7a2222',
	TOKEN   => 'canarypathtoken-support_1',
	OLD     => 'canarypathtoken-older_2',
	PLAIN   => 'canarypathtoken-plain_3',
	SHARED  => 'canarywebhooksecret',
	CHANNEL => 'cha_7k2q',
	OURS    => '+15125550188',
	WHATSAPP => 'whatsapp:+15125550187',
};

# Writes the secrets and returns the settings of three channels: an application
# channel, an older one that signs, and one that does not.
sub front_settings {
	my ($stage) = @_;
	my $dir = "$stage->{dir}/secret";
	my %secret = (front => SECRET, front_next => NEXT, token => TOKEN,
		token_old => OLD, token_plain => PLAIN, shared => SHARED);

	$stage->put("secret/$_", "$secret{$_}\n", 0400) for keys %secret;
	return (
		'front.support.mode'             => 'app',
		'front.support.channel_id'       => CHANNEL,
		'front.support.app_uid'          => '0a1b2c3d',
		'front.support.secret_file'      => "$dir/front",
		'front.support.next_secret_file' => "$dir/front_next",
		'front.support.path_token_file'  => "$dir/token",
		'front.support.numbers'          => OURS . ' ' . WHATSAPP,
		'front.older.mode'               => 'custom',
		'front.older.channel_id'         => 'cha_old',
		'front.older.secret_file'        => "$dir/front",
		'front.older.path_token_file'    => "$dir/token_old",
		'front.older.webhook_secret_file' => "$dir/shared",
		'front.older.legacy_verify'      => 'sha1',
		'front.older.numbers'            => '+15125550199',
		'front.plain.mode'               => 'custom',
		'front.plain.channel_id'         => 'cha_plain',
		'front.plain.secret_file'        => "$dir/front",
		'front.plain.path_token_file'    => "$dir/token_plain",
		'front.plain.numbers'            => '+15125550198',
	);
}

sub json {
	return JSON::PP->new->utf8->canonical->encode($_[0]);
}

# A request to the application channel.  Options: token, secret, time (text; as
# now, in ms), signs (the body that is signed), signature, method, headers,
# plain (the older signature).
sub front_request {
	my ($stage, $body, %opt) = @_;
	my $bytes = ref $body ? json($body) : $body // '';
	my $time = $opt{time} // int(1000 * Time::HiRes::time());
	my $signs = $opt{signs} // $bytes;
	my $secret = $opt{secret} // SECRET;
	my $mac = exists $opt{signature} ? $opt{signature}
	    : $opt{plain} ? hmac_sha1_base64($signs, $secret) . '='
	    : hmac_sha256_base64("$time:$signs", $secret) . '=';
	my @headers = 'Content-Type: application/json';

	push @headers, "X-Front-Signature: $mac" if defined $mac;
	push @headers, "X-Front-Request-Timestamp: $time" unless $opt{plain};
	return {
		url     => "$stage->{url}/front/" . ($opt{token} // TOKEN),
		body    => defined $body ? $bytes : undef,
		method  => $opt{method} // 'POST',
		headers => [@headers, @{$opt{headers} // []}],
	};
}

# A message as Front wraps it; `payload` and `metadata` add or replace.
sub envelope {
	my ($type, $payload, $metadata) = @_;

	return { type => $type, payload => $payload,
		metadata => $metadata // {} };
}

# An agent's reply.  Options: id, to (list), text, and members of the payload.
sub reply_to {
	my (%opt) = @_;
	my $id = delete $opt{id} // 'msg_9f4c21a';
	my $to = delete $opt{to} // ['+15125550123'];
	my $keys = delete $opt{keys};
	my $links = 'https://harborfix.api.frontapp.com';

	return envelope(delete $opt{type} // 'message', {
		_links => { related => {
			conversation => "$links/conversations/" .
			    (delete $opt{conversation} // 'cnv_5d3b7e'),
			message_replied_to => "$links/messages/msg_9f4bd02",
		} },
		id => $id, type => 'custom', is_inbound => JSON::PP::false,
		created_at => 1795175998.214, subject => undef,
		body => '<div>Your boiler part lands Tuesday.</div>',
		text => 'Your boiler part lands Tuesday.',
		author => { id => 'tea_3m8' },
		recipients => [
			{ handle => OURS, role => 'from' },
			map { { handle => $_, role => 'to' } } @$to,
		],
		attachments => [],
		%opt,
	}, $keys ? { external_conversation_ids => $keys } : {});
}

1;
