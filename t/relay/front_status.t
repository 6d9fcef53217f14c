#!/usr/bin/perl
# front.failed and front.comment: agents learn what became of what they wrote,
# by the call of an application channel or by a comment.
use strict;
use warnings;
use Bridge;
use Stage;
use Test::More;

my $stage = bridge();
my $front = $stage->front;
$front->set(tolerate_late => 1);

# What an agent writes as Front and we know it, sent and failed; returns the
# text, Front's conversation and its message.
my $customers = 0;

sub fails {
	my ($stage, $code, $status) = @_;
	my $to = '+141555501' . sprintf '%02d', ++$customers;
	$stage->front_reply(to => [$to], text => 'Hello');
	my ($conversation) = grep { $_->{handle} eq $to }
	    @{$stage->front_state->{conversations}};
	my $message = $conversation->{messages}[0];
	my ($text) = reply($stage, $message->{id}, 'Hello', to => [$to],
	    conversation => $conversation->{id});

	wait_job($stage, 'text.send', $text);
	my $sid = text_row($stage, $text, 'message_sid');
	$stage->sql("SELECT outcome FROM frontline_api.note_text_status(NULL,
	    '$sid', '" . ($status // 'undelivered') . "', $code, now())");
	return ($text, $conversation->{id}, $message->{id});
}

sub comments {
	my ($stage, $id) = @_;
	my ($found) = grep { $_->{id} eq $id }
	    @{$stage->front_state->{conversations}};

	return map { $_->{body} } @{$found->{comments}};
}

sub puts_of {
	my ($stage) = @_;

	return grep { $_->{method} eq 'PUT' } $stage->front_ledger;
}

$stage->sql("SELECT frontline_queue.pause('front', '1 hour', 'test')");
$stage->start_relay;

# ---- the call, by the ids that we answered
my ($text, $conversation) = fails($stage, 30003);
$stage->sql("SELECT frontline_queue.resume('front')");
my $job = job_of($stage, 'front.failed', $text);
$stage->wait_put_back($job, qr/^status 404/);
my ($put) = puts_of($stage);
like($put->{path}, qr{^/channels/cha_7k2q/conversations/sms%3A%2B15125550188
    %3A%2B14155550101/messages/fm%3Amsg_\w+%3A%2B14155550101/status$}x,
    'the ids of the message stand in the path, encoded');
is($put->{auth}, 'right', 'proven by a token of the channel');
is_deeply($put->{invalid}, [], 'by the book');
# Later from attempt to attempt, of which there may have been more by now.
my $is_soon;
wait_until(sub { $is_soon = $stage->sql("SELECT l.ready_at BETWEEN
    now() - interval '1 min' AND now() + interval '3 s' * j.attempt ^ 2
    FROM frontline_queue.job j JOIN frontline_queue.lane l
    USING (destination_id, key) WHERE j.job_id = $job AND l.token IS NULL") },
    'it waits');
is($is_soon, 't', 'Front may not know it yet: again soon');
like($put->{body}, qr/"reason":"30003 the handset cannot be reached"/,
    'with a reason that says something');

# ---- Front never knows it
wait_job($stage, 'front.failed', $text);
is((split /\|/, $stage->outcome_of($job))[0], 'sent', 'it is told in the end');
my @said = comments($stage, $conversation);
is_deeply(\@said,
    ['This message was not delivered: 30003 the handset cannot be reached'],
    'by a comment, when Front never knows the message');
cmp_ok(scalar puts_of($stage), '==', 6, 'after six requests');

# ---- delivered after all
$stage->sql("SELECT outcome FROM frontline_api.note_text_status(NULL,
    (SELECT message_sid FROM frontline.text_message WHERE text_id = $text),
    'delivered', NULL, now())");
wait_until(sub { comments($stage, $conversation) == 2 }, 'it is said');
is((comments($stage, $conversation))[1],
    'The message was delivered after all.', 'as there is no other way');

# ---- Front knows it a little later
my $before = puts_of($stage);
$front->script({ method => 'PUT', path => '/status$', action => 'error',
    status => 404, message => 'Unknown message' },
    { method => 'PUT', path => '/status$', action => 'error', status => 204,
        format => 'empty' });
($text, $conversation) = fails($stage, 30007);
like(wait_job($stage, 'front.failed', $text), qr/^sent\|\|2$/,
    'it is told as soon as Front knows it');
is(scalar(puts_of($stage)) - $before, 2, 'by the second request');
is_deeply([comments($stage, $conversation)], [], 'and by no comment');

# ---- a legacy channel has comments alone
my $legacy = bridge(mode => 'custom');
$legacy->front->set(tolerate_late => 1);
$legacy->start_relay;
($text, $conversation) = fails($legacy, 30006);
like(wait_job($legacy, 'front.failed', $text), qr/^sent\|/,
    'a legacy channel is told');
is(scalar puts_of($legacy), 0, 'not by the call');
like((comments($legacy, $conversation))[0], qr/30006 a landline/,
    'but by a comment');
my $in = text_in($legacy, body => '1. *not* _markdown_', name => 'Dana');
like(wait_job($legacy, 'front.message', $in), qr/^sent\|/,
    'and gets what customers write');
my ($line) = grep { $_->{is_inbound} } lines_of($legacy);
is($line->{text}, '1. *not* _markdown_', 'as it is');
is($line->{headers}{twilio_sid}, text_row($legacy, $in, 'message_sid'),
    'with its MessageSid');
$legacy->front->script({ path => 'incoming_messages', action => 'close',
    when => 'after' });
$in = text_in($legacy, body => 'twice');
$legacy->sql(q{UPDATE frontline_queue.destination SET settle = '1 hour',
    resend = '1 hour' WHERE name = 'front'});
like(wait_job($legacy, 'front.message', $in), qr/^sent\|\w+\|2$/,
    'one that may have arrived is repeated at once: doubled, not lost');

# ---- nobody can be told
$stage->write_config('front.main.api_token_file' => undef);
my ($pid) = keys %{$stage->{relays}};
$stage->end_relay($pid);
$stage->start_relay;
($text) = fails($stage, 30005);
like(wait_job($stage, 'front.failed', $text), qr/^dead\|/,
    'without a token for comments it is a dead letter');
done_testing;
