#!/usr/bin/perl
# front.message: what a customer writes is in Front once, whatever Front says
# the second time, and whatever becomes of the first.
use strict;
use warnings;
use utf8;
use Bridge;
use Stage;
use Test::More;

my $stage = bridge();
my $front = $stage->front;
my $key = 'sms:' . OURS . ':' . THEIRS;

sub posts { return grep { $_->{path} =~ /_messages$/ } $stage->front_ledger }

$stage->start_relay;

# ---- it arrives
my $text = text_in($stage, body => "a<b> & \"c\"\nGrüße 😀", name => 'Dana',
    sid => 'SM' . 'a' x 32, received => "'2026-11-20 12:00:00+00'");
like(wait_job($stage, 'front.message', $text), qr/^sent\|\w+\|1$/,
    'a text is handed over');
my ($line) = lines_of($stage);
is($line->{body}, 'a&lt;b&gt; &amp; &quot;c&quot;<br>Grüße 😀',
    'as HTML that shows every character');
is($line->{external_id}, 'SM' . 'a' x 32, 'under its MessageSid');
is($line->{handle}, THEIRS, 'from its sender');
is($line->{name}, 'Dana', 'with a name, where one is known');
is($line->{created_at}, 1795176000, 'at its time');
my ($conversation) = @{$stage->front_state->{conversations}};
is_deeply($conversation->{external_ids}, [$key], 'in the thread of the pair');
my ($post) = posts();
is($post->{auth}, 'right', 'proven by a token of the channel');
cmp_ok($post->{claims}{exp}, '<=', $post->{time} + 30, 'that lives shortly');
is_deeply($post->{invalid}, [], 'and by the book');
is(text_row($stage, $text, 'posted_at IS NOT NULL, message_uid'),
    "t|$line->{uid}", 'and is known to be there');

$text = text_in($stage, body => '', sid => 'SM' . 'b' x 32,
    opt_out => 'STOP');
wait_job($stage, 'front.message', $text);
is((lines_of($stage))[1]{body}, '(no text)<br>(The customer has opted out: ' .
    'nothing can be sent to them.)', 'nothing written, and an opt-out');
is(scalar @{$stage->front_state->{conversations}}, 1, 'the same thread');

# ---- Front fails; whether the text has arrived is not known
sub comes_once {
	my ($name, @rules) = @_;
	my $before = scalar lines_of($stage);

	$front->script(@rules);
	my $id = text_in($stage, body => $name);
	my $outcome = wait_job($stage, 'front.message', $id);
	is(scalar(lines_of($stage)) - $before, 1, "$name: it is there once");
	return $outcome;
}

my %post = (method => 'POST', path => 'inbound_messages');
for my $status (500, 502, 503) {
	like(comes_once("$status", { %post, action => 'error',
	    status => $status, format => 'html' }), qr/^sent\|\w+\|2/,
	    "$status: it is repeated");
}
comes_once('reset', { %post, action => 'reset' });
comes_once('closed', { %post, action => 'close', when => 'before' });
comes_once('garbage', { %post, action => 'garbage' });
comes_once('wrong token, once', { %post, action => 'error', status => 401 });
is_deeply([$stage->relay_said(qr/refuses our credentials/)], [],
    'one 401 is asked again with a new token');

# ---- all that Front may say to a text that it has
$front->set(dup => '409');
like(comes_once('taken, then 409', { %post, action => 'close',
    when => 'after' }), qr/^reconciled\|SM/, '409: it was there');
$front->set(dup => '202silent');
like(comes_once('taken, then silence', { %post, action => 'close',
    when => 'after' }), qr/^sent\|/, '202: nobody can tell');
my @all = lines_of($stage);
$front->set(dup => '202second');
$front->script({ %post, action => 'close', when => 'after' });
$text = text_in($stage, body => 'doubled');
wait_job($stage, 'front.message', $text);
is(scalar(lines_of($stage)) - @all, 2,
    'a Front that notices nothing has it twice rather than never');

# ---- the word of message_imported, within the time that it has
$stage->sql(q{UPDATE frontline_queue.destination SET settle = '1 hour',
    resend = '1 hour' WHERE name = 'front'});
$front->script({ %post, action => 'close', when => 'after' });
my $before = posts();
$text = text_in($stage, body => 'imported', sid => 'SM' . 'c' x 32);
my $job = job_of($stage, 'front.message', $text);
$stage->wait_put_back($job, qr/Empty reply|rewind|reset/);
$stage->hurry;
$stage->wait_put_back($job, qr/^a request may still be on its way$/);
is(scalar(posts()) - $before, 1, 'until then it is not repeated');
$stage->sql("SELECT outcome FROM frontline_api.note_imported('main',
    '" . 'SM' . 'c' x 32 . "', '[\"$key\"]', 'msg_1', 'cnv_1', 'imported',
    now())");
like(wait_job($stage, 'front.message', $text), qr/^reconciled\|msg_1\|/,
    'it has arrived');
is(scalar(posts()) - $before, 1, 'and is never repeated');
$stage->sql(q{UPDATE frontline_queue.destination SET settle = '0',
    resend = '0' WHERE name = 'front'});

# ---- never
$front->script({ %post, action => 'error', status => 400,
    message => 'Body did not satisfy requirements +15125550123' });
$text = text_in($stage, body => 'refused');
like(wait_job($stage, 'front.message', $text), qr/^dead\|/,
    'what Front refuses is a dead letter');
is(scalar $stage->relay_said(qr/outcome=dead .*satisfy requirements/), 1,
    'with its words, but for the number');

done_testing;
