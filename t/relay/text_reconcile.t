#!/usr/bin/perl
# text.send whose request may have arrived: it is looked for before it is sent
# again, by each sign that Twilio gives, and reaches the customer once.
use strict;
use warnings;
use Bridge;
use Stage;
use Test::More;

my $stage = bridge();
my $twilio = $stage->twilio;
my %post = (method => 'POST', path => '/Messages\.json$');
my $n = 0;

sub set_terms {
	my ($settle, $resend) = @_;

	$stage->sql("UPDATE frontline_queue.destination SET settle = '$settle',
	    resend = '$resend' WHERE name = 'twilio_messages'");
}

sub sent {
	my ($body) = @_;

	return grep { $_->{body} eq $body } @{$stage->twilio_state->{messages}};
}

sub new_text {
	my ($body) = @_;

	return (reply($stage, 'msg_' . ++$n, $body))[0];
}

sub row { return text_row($stage, $_[0], 'message_sid, status') }

$stage->sql("SELECT frontline_queue.pause('front', '1 hour', 'test')");
$stage->start_relay;

# ---- each fault; the customer gets it once
my @faults = (
	[lost      => { action => 'close', when => 'before' }, 0],
	[taken     => { action => 'close', when => 'after' }, 1],
	[reset     => { action => 'reset' }, 0],
	[cut       => { action => 'cut' }, 1],
	[garbage   => { action => 'garbage' }, 1],
	[oversized => { action => 'oversized' }, 1],
	['500'     => { action => 'error', status => 500 }, 0],
	['500 done' => { action => 'error', status => 500, when => 'after' }, 1],
	['503'     => { action => 'error', status => 503, code => 20503 }, 0],
	['429'     => { action => 'error', status => 429, code => 20429 }, 0],
);
for (@faults) {
	my ($name, $rule, $arrived) = @$_;
	my $body = "fault $name";

	$twilio->script({ %post, %$rule });
	my $text = new_text($body);
	my ($outcome, $sid) = split /\|/, wait_job($stage, 'text.send', $text);
	my @found = sent($body);
	is(scalar @found, 1, "$name: the customer gets it once");
	is($outcome, $arrived ? 'reconciled' : 'sent',
	    "$name: " . ($arrived ? 'it had arrived' : 'sent again'));
	is(row($text), "$found[0]{sid}|queued", "$name: its SID is known");
	# After each failure one request goes first, and not at once.
	$stage->sql(q{SELECT frontline_queue.resume('twilio_messages')});
}

# ---- nothing is sent while a request may be under way, or lists lag behind
set_terms('1 hour', '2 hours');
$twilio->script({ %post, action => 'close', when => 'before' });
my $text = new_text('patient');
my $job = job_of($stage, 'text.send', $text);
$stage->wait_put_back($job, qr/Empty reply|rewind|reset/);
$stage->hurry;
$stage->wait_put_back($job, qr/^a request may still be on its way$/);
set_terms('0', '2 hours');
$stage->hurry;
$stage->wait_put_back($job, qr/^not in the list yet$/);
is(scalar sent('patient'), 0, 'nothing is sent again until lists caught up');
set_terms('0', '0');
wait_job($stage, 'text.send', $text);
is(scalar sent('patient'), 1, 'then it is');

set_terms('0', '2 hours');
$twilio->set(list_lag => 3600);
$twilio->script({ %post, action => 'close', when => 'after' });
$text = new_text('lagging');
$job = job_of($stage, 'text.send', $text);
$stage->wait_put_back($job, qr/Empty reply|rewind|reset/);
$stage->hurry;
$stage->wait_put_back($job, qr/^not in the list yet$/);

# ---- its callback says so, exactly
my ($message) = sent('lagging');
my ($uuid) = $message->{status_callback} =~ m{([^/]+)$};
$stage->sql("SELECT outcome FROM frontline_api.note_text_status('$uuid',
    '$message->{sid}', 'delivered', NULL, now())");
like(wait_job($stage, 'text.send', $text), qr/^reconciled\|$message->{sid}\|/,
    'a callback is proof, whatever the list shows');
is(row($text), "$message->{sid}|delivered", 'and its status is kept');
is(scalar sent('lagging'), 1, 'it is not sent again');
$twilio->set(list_lag => 0);
set_terms('0', '0');

# ---- two of the same words: each has its own
$twilio->script({ %post, action => 'close', when => 'after', times => 2 });
my @same = map { new_text('same words') } 1, 2;
wait_job($stage, 'text.send', $_) for @same;
my @found = sent('same words');
is(scalar @found, 2, 'two of the same words are two');
is(join(' ', sort map { text_row($stage, $_, 'message_sid') } @same),
    join(' ', sort map { $_->{sid} } @found), 'and none is taken for another');

wait_job($stage, 'text.send', new_text('twin'));
$twilio->script({ %post, action => 'close', when => 'before' });
like(wait_job($stage, 'text.send', new_text('twin')), qr/^sent\|/,
    'the same words of a moment ago are not it');
is(scalar sent('twin'), 2, 'so the second ones are sent, too');

# ---- what is long ago, or another's, is not taken for it
$twilio->control('POST', 'messages', { from => OURS, to => '+15125550199',
    body => 'for another', direction => 'outbound-api', status => 'sent' });
$twilio->script({ %post, action => 'close', when => 'before' });
$text = new_text('for another');
like(wait_job($stage, 'text.send', $text), qr/^sent\|/,
    'the same words to another customer are not it');

$stage->sql("SELECT frontline_queue.pause('twilio_messages', '1 hour', 'test')");
$twilio->control('POST', 'messages', { from => OURS, to => THEIRS,
    body => 'by another', direction => 'outbound-api', status => 'sent',
    date_created => time - 600 });
$twilio->script({ %post, action => 'close', when => 'before' });
$text = new_text('by another');
$stage->sql("UPDATE frontline_queue.job SET created_at = created_at - interval
    '1 hour' WHERE job_id = " . job_of($stage, 'text.send', $text));
$stage->sql("SELECT frontline_queue.resume('twilio_messages')");
like(wait_job($stage, 'text.send', $text), qr/^sent\|/,
    'nor are the same words of another while it waited');

# ---- a long list has pages
set_terms('1 hour', '1 hour');
$twilio->script({ %post, action => 'close', when => 'after' });
$text = new_text('deep');
$job = job_of($stage, 'text.send', $text);
$stage->wait_put_back($job, qr/Empty reply|rewind|reset/);
$twilio->control('POST', 'messages', { from => OURS, to => THEIRS,
    body => "later $_", direction => 'outbound-api', status => 'sent' })
    for 1 .. 110;
set_terms('0', '0');
like(wait_job($stage, 'text.send', $text), qr/^reconciled\|/,
    'it is found on the second page');
is(scalar sent('deep'), 1, 'once');

# ---- too late
set_terms('1 hour', '1 hour');
$twilio->script({ %post, action => 'error', status => 503,
    code => 20503 });
$text = new_text('late');
$job = job_of($stage, 'text.send', $text);
$stage->wait_put_back($job, qr/503/);
$stage->sql("UPDATE frontline_queue.job SET created_at = now() - interval
    '5 hours' WHERE job_id = $job");
like(wait_job($stage, 'text.send', $text), qr/^dead\|/, 'too old');
like(text_row($stage, $text, 'status, reason'), qr/^failed\|.*in time/,
    'and the agent learns that nobody knows');

# ---- too late, but it has left
sub grow_old {
	my ($name, $set, %more) = @_;

	# What was decided before the job is claimed again.
	$twilio->script({ %post, action => 'close', when => 'before' });
	my $t = new_text($name);
	my $j = job_of($stage, 'text.send', $t);
	$stage->wait_put_back($j, qr/Empty reply|rewind|reset/);
	my $u = $stage->sql("SELECT wire_uuids[1] FROM frontline_queue.job
	    WHERE job_id = $j");
	$more{first}->($t, $u) if $more{first};
	$stage->sql("UPDATE frontline_queue.job SET $set WHERE job_id = $j");
	return (wait_job($stage, 'text.send', $t), $t);
}

my $old = q{created_at = now() - interval '5 hours'};
my $sid = 'SM' . 'd' x 32;
my ($end, $that) = grow_old('proven', $old, first => sub {
	$stage->sql("SELECT outcome FROM frontline_api.note_text_status(
	    '$_[1]', '$sid', 'delivered', NULL, now())");
});
like($end, qr/^reconciled\|$sid\|/, 'a callback counts, however late');
is(row($that), "$sid|delivered", 'and nobody is told that it failed');
$sid = 'SM' . 'e' x 32;
($end, $that) = grow_old('noted', $old, first => sub {
	$stage->sql("SELECT frontline.note_text_sent($_[0], '$sid', 'sent')");
});
like($end, qr/^reconciled\|$sid\|/, 'so does a SID that was written down');
is(row($that), "$sid|sent", 'and nobody is told either');
($end, $that) = grow_old('crashes', 'attempt = attempt + 5');
like($end, qr/^dead\|/, 'one that ends whoever takes it is a dead letter');
like(text_row($stage, $that, 'status, reason'), qr/^failed\|/,
    'and the agent is told');

# ---- held
set_terms('0', '0');
$stage->write_config('front.uncertain' => 'hold');
kill 'HUP', keys %{$stage->{relays}};
wait_until(sub { $stage->relay_said(qr/read .* again/) }, 'it is read');
$twilio->script({ %post, action => 'close', when => 'before' });
$text = new_text('held');
like(wait_job($stage, 'text.send', $text), qr/^dead\|/,
    'held: what nobody can tell about is a dead letter');
is(text_row($stage, $text, 'status, reason'),
    'failed|nobody can say whether it was sent', 'and the agent is told');
is(scalar sent('held'), 0, 'it is not sent again');
done_testing;
