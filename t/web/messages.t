#!/usr/bin/perl
# /twilio/messages: what a customer texts is in the database, with the job that
# takes it to Front, before Twilio has its answer; and that answer texts nothing
# back.
use strict;
use warnings;
use utf8;
use FrontRequest;
use Stage;
use Test::More;

use constant TWIML => '<?xml version="1.0" encoding="UTF-8"?><Response/>';

my $stage = Stage->new(responders => 0, pg_errors => [
	qr/canceling statement due to (?:lock|statement) timeout/,
	qr/no text today/,
]);
$stage->write_config(front_settings($stage), 'lookup.enabled' => 'yes');
$stage->start_responder for 1, 2;
$stage->wait_ready;

my $picture = 'https://api.twilio.com/2010-04-01/Accounts/' . Stage::ACCOUNT .
    '/Messages/';

sub sid {
	my ($kind, $n) = @_;

	return $kind . sprintf '%032x', $n;
}

sub media {
	my ($message, $n) = @_;

	return "$picture$message/Media/" . sid('ME', $n);
}

# A text; fields that are undef are left out.
sub text {
	my ($n, $fields, %how) = @_;
	my %all = (MessageSid => sid('SM', $n), SmsSid => sid('SM', $n),
		AccountSid => Stage::ACCOUNT, From => '+15125550123',
		To => FrontRequest::OURS, Body => 'Is the part in yet?',
		NumMedia => 0, NumSegments => 1, FromZip => '', %$fields);

	delete @all{grep { !defined $all{$_} } keys %all};
	return $stage->signed('/twilio/messages',
	    $how{pairs} ? [%all, @{$how{pairs}}] : \%all, %how);
}

sub answered {
	my ($n, $fields, $outcome, $what, %how) = @_;
	my $answer = $stage->fetch_all(text($n, $fields, %how));

	is($answer->{status}, 200, "$what: 200") or diag($answer->{body});
	is($answer->{body}, TWIML, "$what: TwiML that does nothing");
	is($answer->{headers}{'content-type'}, 'text/xml', "$what: its type");
	is($answer->{headers}{'content-length'}, length TWIML,
	    "$what: its length");
	is(last_line()->{outcome}, $outcome, "$what: $outcome");
	return $answer;
}

sub refused {
	my ($request, $status, $code, $what) = @_;
	my $answer = $stage->fetch_all($request);

	is($answer->{status}, $status, "$what: $status");
	is($answer->{json}{error}{code}, $code, "$what: $code")
	    or diag($answer->{body});
	isnt($answer->{headers}{'content-type'}, 'text/plain',
	    "$what: nothing to text");
}

sub last_line {
	return ($stage->log_lines)[-1];
}

sub see {
	my ($sql) = @_;
	my $found = $stage->sql($sql);

	utf8::decode($found);
	return $found;
}

sub stored {
	my ($n, @columns) = @_;

	return see('SELECT ' . join(', ', @columns) . " FROM frontline.text_message
	    JOIN frontline.text_thread USING (thread_id)
	    WHERE message_sid = '" . sid('SM', $n) . "'");
}

sub jobs {
	return see("SELECT count(*) FROM frontline_queue.job
	    WHERE kind = 'front.message'");
}

# One, and again.
answered(1, {}, 'new', 'a text');
is(stored(1, qw(text_message.channel direction body our_address
    customer_address)), 'support|inbound|Is the part in yet?|' .
    FrontRequest::OURS . '|+15125550123', 'is in the database');
is(jobs(), 1, 'with its job');
is(see("SELECT count(*) FROM frontline_queue.job WHERE kind = 'lookup.name'"),
    1, 'and, since nobody knows the number, one for its name');
is(last_line()->{route}, 'messages', 'the log has its route');
answered(1, {}, 'same', 'the same once more');
answered(1, { Body => 'other' }, 'same', 'the same with other words');
is(stored(1, 'body'), 'Is the part in yet?', 'changes nothing');
is(jobs(), 1, 'and has no second job');

# To which channel.
answered(2, { To => FrontRequest::WHATSAPP, From => 'whatsapp:+15125550123',
	ProfileName => 'Dana 😀', WaId => '15125550123' }, 'new', 'WhatsApp');
is(stored(2, qw(text_message.channel kind profile_name)),
    'support|whatsapp|Dana 😀', 'by its own number, with a name');
answered(3, { To => '+15125550199' }, 'new', 'another number');
is(stored(3, 'text_message.channel'), 'older', 'another channel');
answered(4, { To => '+15125550000', MessagingServiceSid => sid('MG', 1) },
    'unchannelled', 'a number of no channel');
is(stored(4, 'text_message.channel IS NULL'), 't', 'is kept all the same');
like(last_line()->{note}, qr/no channel of Front has this number/,
    'and told in the log');

# What a person wrote.
answered(10, { Body => "Grüße 😀\n<b>&amp;" }, 'new', 'any words');
is(stored(10, 'body'), "Grüße 😀\n<b>&amp;", 'as they are');
answered(11, { Body => "a\0b\xff" }, 'new', 'damaged words') for 1;
like(stored(11, 'body'), qr/^a\x{fffd}b/, 'mended');
answered(12, { Body => '' }, 'new', 'no words');
answered(13, { Body => undef }, 'new', 'not even a field for them');
answered(14, { Body => 'x' x 30000 }, 'new', 'more words than Twilio has');
is(stored(14, 'length(body)'), 30000, 'are kept');
answered(15, { From => 'HARBORFIX' }, 'new', 'a sender that is no number');
answered(16, { From => '73822' }, 'new', 'a short code');
answered(17, { ProfileName => 'n' x 300, From => '+15125550170' }, 'new',
    'a long name');
is(stored(17, 'length(profile_name)'), 256, 'is cut');
answered(18, { map { $_ => 'x' } qw(ButtonText Latitude ReferralBody Nobody) },
    'new', 'fields of no use');

# Opting out.
answered(20, { Body => 'STOP', OptOutType => 'STOP', From => '+15125550120' },
    'new', 'STOP');
is(stored(20, 'consent'), 'opted_out', 'is an opt-out');
answered(21, { Body => ' stop ', From => '+15125550120' }, 'new',
    'stop in small letters');
is(stored(21, 'consent'), 'opted_out', 'too');
answered(22, { Body => 'Please stop by', From => '+15125550120' }, 'new',
    'a sentence with the word');
is(stored(22, 'consent IS NULL'), 't', 'is none');

# Pictures.
{
	my @types = map { +"MediaContentType$_" => 'image/jpeg' } 0 .. 10;
	my $m = sid('SM', 30);

	answered(30, { NumMedia => 10, @types,
		map { +"MediaUrl$_" => media($m, $_) } 0 .. 10 }, 'new',
	    'ten pictures');
	is(stored(30, 'jsonb_array_length(media)', "media #>> '{9,url}'",
	    "media #>> '{0,content_type}'"),
	    '10|' . media($m, 9) . '|image/jpeg', 'and not one more');
	$m = sid('SM', 31);
	answered(31, { Body => '', NumMedia => 3, MediaUrl0 => media($m, 0),
		MediaUrl2 => media($m, 2), MediaContentType2 => "a\nb" }, 'new',
	    'one is missing');
	is(stored(31, 'jsonb_array_length(media)', "media #>> '{1,url}'",
	    "media #>> '{1,content_type}'"), '2|' . media($m, 2) .
	    '|application/octet-stream', 'the others are there');
	$m = sid('SM', 32);
	answered(32, { NumMedia => 4,
		MediaUrl0 => 'https://evil.example/x.jpg',
		MediaUrl1 => media(sid('SM', 999), 1),
		MediaUrl2 => media($m, 2) . '/../../../../x',
		MediaUrl3 => 'http://169.254.169.254/' }, 'new',
	    'pictures of somewhere else');
	is(stored(32, 'media IS NULL'), 't', 'are none');
	like(last_line()->{note}, qr/MediaUrl0 is no picture of this message/,
	    'which the log tells');
	answered(33, { NumMedia => 1 }, 'new', 'a number without a picture');
	answered(34, { NumMedia => 'many', MediaUrl0 => media(sid('SM', 34), 1)
	    }, 'new', 'a number that is none');
	is(stored(34, 'jsonb_array_length(media)'), 1, 'what is there counts');
}

# Refused, and never in words that a customer would get.
my $count = see('SELECT count(*) FROM frontline.text_message');
refused(text(50, {}, signature => undef), 403, 'bad_signature', 'no signature');
refused(text(50, {}, token => 'x' x 32), 403, 'bad_signature', 'a wrong one');
refused(text(50, { AccountSid => sid('AC', 1) }), 403, 'foreign_account',
    'another account');
refused(text(50, { MessageSid => undef }), 400, 'missing_field', 'no SID');
refused(text(50, { MessageSid => sid('IM', 1) }), 400, 'bad_field',
    'a SID of something else');
refused(text(50, { From => undef }), 400, 'missing_field', 'from nobody');
refused(text(50, { To => undef }), 400, 'missing_field', 'to nobody');
refused(text(50, {}, pairs => [Body => 'twice']), 400, 'repeated_field',
    'two bodies');
refused(text(50, { From => "+1\0" }), 400, 'bad_field', 'a NUL in a number');
refused(text(50, {}, content_type => 'application/json'), 415,
    'unsupported_media_type', 'JSON');
refused(text(50, {}, method => 'PUT'), 405, 'method_not_allowed', 'PUT');
refused(text(50, { Body => 'y' x 70000 }), 413, 'body_too_large',
    'more than 64 kB');
is(see('SELECT count(*) FROM frontline.text_message'), $count,
    'none of which is stored');

# No commit, no 2xx.
$stage->sql(<<'END');
CREATE FUNCTION public.no_text() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no text today' USING ERRCODE = '53100'; END $$;
CREATE CONSTRAINT TRIGGER no_text AFTER INSERT ON frontline.text_message
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.no_text();
END
refused(text(60, {}), 503, 'unavailable', 'a commit that fails');
$stage->sql('DROP TRIGGER no_text ON frontline.text_message');
is(stored(60, 'count(*)'), 0, 'it is not there');
answered(60, {}, 'new', 'Twilio tries again');

done_testing;
