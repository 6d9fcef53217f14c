#!/usr/bin/perl
# /twilio/status/UUID: how far a text got that left, by whichever way the news
# comes; only what was sent by us under that number.
use strict;
use warnings;
use FrontRequest;
use Stage;
use Test::More;

my $stage = Stage->new(responders => 0);
$stage->write_config(front_settings($stage));
$stage->start_responder;
$stage->wait_ready;

use constant UUID => '0f8fad5b-d9cb-469f-a165-70867728950e';

sub sid {
	return 'SM' . sprintf '%032x', $_[0];
}

sub status {
	my ($n, $fields, %how) = @_;
	my %all = (MessageSid => sid($n), SmsSid => sid($n),
		AccountSid => Stage::ACCOUNT, MessageStatus => 'sent', %$fields);

	delete @all{grep { !defined $all{$_} } keys %all};
	return $stage->signed($how{path} // '/twilio/status/' . UUID, \%all,
	    %how);
}

sub last_line {
	return ($stage->log_lines)[-1];
}

sub told {
	my ($n, $fields, $outcome, $what, %how) = @_;
	my $answer = $stage->fetch_all(status($n, $fields, %how));

	is($answer->{status}, 204, "$what: 204") or diag($answer->{body});
	is($answer->{body}, '', "$what: no words");
	is(last_line()->{outcome}, $outcome, "$what: $outcome");
}

sub refused {
	my ($request, $status, $code, $what) = @_;
	my $answer = $stage->fetch_all($request);

	is($answer->{status}, $status, "$what: $status");
	is($answer->{json}{error}{code}, $code, "$what: $code");
}

sub state_of {
	return $stage->sql("SELECT status, error_code
	    FROM frontline.text_message WHERE message_sid = '" . sid(1) . "'");
}

# A reply of an agent's, as the relay leaves it when it has been sent.
is($stage->fetch_all(front_request($stage, reply_to()))->{status}, 200,
    'an agent replies');
my $id = $stage->sql('SELECT text_id FROM frontline.text_message');
is($stage->sql("SELECT frontline.note_text_sent($id, '" . sid(1) .
    "', 'queued')"), 't', 'and it is sent');

told(1, {}, 'changed', 'sent');
is(state_of(), 'sent|', 'is in the database');
told(1, {}, 'same', 'sent, once more');
told(1, { MessageStatus => 'queued' }, 'same', 'queued, too late');
told(1, { MessageStatus => undef, SmsStatus => 'undelivered',
	ErrorCode => 30003 }, 'changed', 'undelivered, by the older name');
is(state_of(), 'undelivered|30003', 'is in the database, with its reason');
is($stage->sql("SELECT count(*) FROM frontline_queue.job
    WHERE kind = 'front.failed'"), 1, 'and Front is to be told');
told(1, { MessageStatus => 'undelivered', ErrorCode => 30003 }, 'same',
    'undelivered, once more');
is($stage->sql("SELECT count(*) FROM frontline_queue.job
    WHERE kind = 'front.failed'"), 1, 'Front is told once');
told(1, { MessageStatus => 'melted' }, 'ignored', 'an unknown status');
told(2, {}, 'unknown', 'an unknown SID');
ok(length last_line()->{note}, 'which the log tells');
told(1, { MessageStatus => 'undelivered', ErrorCode => 'x' }, 'same',
    'a reason that is no number');
is(last_line()->{route}, 'status', 'the log has the route');
unlike($stage->slurp('log/fcgi.log') . $stage->slurp('log/frontline.access.log'),
    qr/${\UUID}/, 'and never the path');

# What proves it.
refused(status(1, {}, signature => undef), 403, 'bad_signature', 'no signature');
refused(status(1, {}, sign_url => "$stage->{url}/twilio/status/" .
	'1f8fad5b-d9cb-469f-a165-70867728950e'), 403, 'bad_signature',
    'a signature for another number');
refused(status(1, {}, path => '/twilio/status/nobody'), 404, 'not_found',
    'no UUID');
refused(status(1, {}, path => '/twilio/status/' . uc UUID), 404, 'not_found',
    'a UUID in capitals');
refused(status(1, {}, path => '/twilio/status/' . UUID . '/x'), 404,
    'not_found', 'more than a UUID');
refused(status(1, { MessageSid => undef }), 400, 'missing_field', 'no SID');
refused(status(1, { MessageSid => 'SM1' }), 400, 'bad_field', 'half a SID');
refused(status(1, { MessageStatus => undef }), 400, 'missing_field',
    'no status');
refused(status(1, { AccountSid => 'AC' . '1' x 32 }), 403, 'foreign_account',
    'another account');
{
	my $answer = $stage->fetch_all({ url => "$stage->{url}/twilio/status/" .
	    UUID });

	is($answer->{status}, 405, 'GET: 405');
	is($answer->{headers}{allow}, 'POST', 'GET: what is allowed');
}
told(1, { MessageStatus => 'read' }, 'changed', 'with a query',
    path => '/twilio/status/' . UUID . '?x=%2F1');

done_testing;
