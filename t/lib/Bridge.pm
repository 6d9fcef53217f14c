package Bridge;
# A stage with both stand-ins and a channel of Front, for tests of the relay's
# side of the bridge.  What a webhook would do is done in the database.
#
#	my $stage = bridge(mode => 'custom', config => {...});
#	my $text = text_in($stage, body => 'Is it in?');
#	my ($out) = reply($stage, 'msg_1', 'It is.');
#
# With whole => 1 there are nginx and responder processes, too: then texts come
# by twilio_text(), and what an agent does by the stand-in.
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Stage;

our @EXPORT = qw(OURS THEIRS bridge job_of lines_of path_token picture quote reply
    text_in text_row twilio_text wait_job PNG);

use constant {
	OURS   => '+15125550188',
	THEIRS => '+15125550123',
	# As much of one as anybody looks at.
	PNG    => "\x89PNG\r\n\x1a\n" . 'picture',
};

# The stand-in counts its own from another number.
my $sids = 0;
my $json = JSON::PP->new->ascii->canonical->allow_nonref;

# Options: mode (app), numbers, front (options of the stand-in), config, api
# (1: there is an API token), terms (1: nobody waits for what is uncertain),
# whole (0), sample (0: load the sample customers), more ([[name, id, numbers,
# mode], ...]: channels beside the first, which is main).
sub bridge {
	my (%opt) = @_;
	my $mode = $opt{mode} // 'app';
	my $stage = Stage->new(responders => 0, nginx => $opt{whole} // 0,
	    sample => $opt{sample} // 0,
	    twilio => [], front => [$mode eq 'app' ? ()
	        : ('--custom-channel', Stage->FRONT_CHANNEL),
	        @{$opt{front} // []}],
	    config => {
		'limits.users_interval'    => 0,
		'limits.twilio_per_second' => 1000,
		'limits.front_per_minute'  => 10000,
		%{$opt{config} // {}},
	    });

	$stage->{numbers} = [map { s/\D//gr } OURS, THEIRS,
	    map { split ' ', $_->[2] } @{$opt{more} // []}];
	$stage->put('secret/api', $stage->FRONT_API_TOKEN . "\n", 0400);
	$stage->write_config(map { channel_settings($stage, $opt{api} // 1,
	    @$_) } ['main', $stage->FRONT_CHANNEL, $opt{numbers} // OURS,
	    $mode], @{$opt{more} // []});
	if ($opt{whole}) {
		$stage->start_responder for 1, 2;
		$stage->wait_ready;
	}
	$stage->sql(q{UPDATE frontline_queue.destination
	    SET settle = '0', resend = '0'
	    WHERE name IN ('front', 'twilio_messages')})
	    if $opt{terms} // 1;
	return $stage;
}

# Writes the secrets of a channel and returns its settings.
sub channel_settings {
	my ($stage, $has_api, $name, $id, $numbers, $mode) = @_;
	my $dir = "$stage->{dir}/secret";
	my $is_app = ($mode // 'app') eq 'app';
	my %setting = (
		mode            => $is_app ? 'app' : 'custom',
		channel_id      => $id,
		secret_file     => "$dir/channel_$name",
		path_token_file => "$dir/path_$name",
		numbers         => $numbers,
		$is_app ? (app_uid => $stage->FRONT_APP_UID) : (),
		$has_api ? (api_token_file => "$dir/api") : (),
	);

	$stage->put("secret/channel_$name", ($is_app ? $stage->FRONT_SECRET
	    : $stage->FRONT_API_TOKEN) . "\n", 0400);
	$stage->put("secret/path_$name", path_token($stage, $name) . "\n",
	    0400);
	return map { ("front.$name.$_" => $setting{$_}) } keys %setting;
}

# The last part of the URL that Front calls for a channel.
sub path_token {
	my ($stage, $name) = @_;

	return $stage->FRONT_PATH_TOKEN . ($name eq 'main' ? '' : "-$name");
}

# A literal of SQL; undef is NULL.
sub quote {
	my ($text) = @_;

	return 'NULL' unless defined $text;
	return "'" . ($text =~ s/'/''/gr) . "'";
}

# What a customer writes; media are URLs, or pairs of URL and type.  Returns the
# text's number.
sub text_in {
	my ($stage, %text) = @_;
	my @media = map { ref ? { url => $_->[0], content_type => $_->[1] }
	    : { url => $_, content_type => 'image/png' } }
	    @{$text{media} // []};
	my $values = join ', ', map { quote($_) } $text{channel} // 'main',
	    $text{sid} // sprintf('SMff%030x', ++$sids), $text{from} // THEIRS,
	    $text{to} // OURS, $text{body} // 'Is it in?',
	    @media ? $json->encode(\@media) : undef, $text{opt_out},
	    $text{name};

	return $stage->sql("SELECT text_id FROM frontline_api.take_text($values,
	    " . ($text{lookup} ? 'true' : 'false') . ', 90, ' .
	    ($text{received} // 'now()') . ')');
}

# The same by Twilio's webhook, signed, through nginx, as hash for fetch_all();
# what is given are fields of it.
sub twilio_text {
	my ($stage, %fields) = @_;

	return $stage->signed('/twilio/messages', {
		AccountSid => $stage->ACCOUNT, From => THEIRS, To => OURS,
		MessageSid => sprintf('SMff%030x', ++$sids),
		Body => 'Is it in?', NumMedia => 0, %fields });
}

# A message with pictures, pairs of type and bytes, or of type and a reference to
# their number, as it is at Twilio; returns (SID, URLs).  What it says is what the
# webhook says, for a relay that starts finds it in the list.
sub picture {
	my ($stage, $body, @media) = @_;
	my $made = $stage->twilio->control('POST', 'messages', {
		from => THEIRS, to => OURS, body => $body,
		media => [map { { content_type => $_->[0], ref $_->[1]
		    ? (fill => ${$_->[1]})
		    : (body => encode_base64($_->[1], '')) } } @media],
	});

	return ($made->{sid}, @{$made->{media_urls}});
}

# An agent presses send; returns the numbers of the texts.
sub reply {
	my ($stage, $id, $body, %more) = @_;
	my $files = $more{attachments};
	my $conversation = exists $more{conversation} ? $more{conversation}
	    : undef;
	my $keys = $more{keys} // [];
	my $to = $more{to} // [THEIRS];

	$stage->sql('SELECT outcome FROM frontline_api.take_reply(' .
	    join(', ', quote('main'), quote($json->encode($more{numbers}
	    // [OURS])), quote($id), quote($more{kind} // 'message'),
	    quote($json->encode($to)), quote($body),
	    quote($files && $json->encode($files)), quote('ines'),
	    quote($conversation), quote($json->encode($keys)),
	    ($more{tag} ? 'true' : 'false'), 'now()') . ')');
	return split /\n/, $stage->sql('SELECT text_id
	    FROM frontline.text_message WHERE direction = \'outbound\'
	    AND front_message_id = ' . quote($id) . ' ORDER BY text_id');
}

# Members of a text, as the DBA sees them: "a|b".
sub text_row {
	my ($stage, $text, $columns) = @_;

	return $stage->sql("SELECT $columns FROM frontline.text_message
	    WHERE text_id = $text");
}

# What the job of a kind for a text is called by its maker.
my %dedupe = (
	'front.message' => 't.message_sid',
	'front.failed'  => q{'failed:' || t.text_id},
	'front.comment' => q{'comment:' || t.text_id || ':%'},
	'front.tag'     => q{'tag:' || t.front_conversation_id},
	'text.send'     => q{'text:' || t.text_id},
);

# The number of the job of a kind for a text, done or not; "" without one.
sub job_of {
	my ($stage, $kind, $text) = @_;

	return $stage->sql("SELECT max(s.job_id) FROM frontline_queue.seen s
	    JOIN frontline.text_message t ON s.dedupe LIKE $dedupe{$kind}
	    WHERE t.text_id = $text");
}

# Until the job of a kind for a text is done; back-offs are not waited for.
# Returns as outcome_of() does.
sub wait_job {
	my ($stage, $kind, $text, $timeout) = @_;
	my ($job, $outcome);

	wait_until(sub {
		$stage->hurry;
		$stage->sql(q{SELECT pg_notify('frontline_queue', d)
		    FROM unnest(ARRAY['front', 'lookups', 'twilio_messages'])
		    AS d});
		$job = job_of($stage, $kind, $text);
		$outcome = $job ? $stage->outcome_of($job) : '';
	}, "$kind is done", $timeout // 40);
	return $outcome;
}

# The messages of the conversation with a customer in Front.
sub lines_of {
	my ($stage, $key) = @_;
	my @found = @{$stage->front_state->{conversations}};

	@found = grep { my $c = $_; grep { $_ eq $key } @{$c->{keys}} } @found
	    if defined $key;
	return map { @{$_->{messages}} } @found;
}

1;
