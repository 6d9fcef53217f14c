#!/usr/bin/perl
# The bridge as a whole: whatever does not reach a customer, or must not, the
# agent sees in Front, with the reason; what has reached them is marked, once.
use strict;
use warnings;
use Bridge;
use MIME::Base64 qw(encode_base64);
use Stage;
use Test::More;

use constant {
	OLD => '+15125550190',
	WA  => 'whatsapp:' . OURS,
	TAG => 'sms-first-response-sent',
};

my $stage = bridge(whole => 1, numbers => OURS . ' ' . WA,
    more => [['old', 'cha_old', OLD, 'custom']]);
my ($front, $twilio) = ($stage->front, $stage->twilio);

$front->control('POST', 'channels', { id => 'cha_old', kind => 'custom',
    address => OLD, webhook => "$stage->{url}/front/" .
    path_token($stage, 'old') });
$front->set(tolerate_late => 1);
$stage->start_relay;

# Customers of their own, so that nothing is left of what was before.
my $customers = 0;

sub somebody { return sprintf '+141555503%02d', ++$customers }

sub conversation {
	my ($customer) = @_;
	my ($found) = grep { $_->{handle} eq $customer }
	    @{$front->state->{conversations}};

	return $found;
}

# A customer writes, and it is in Front; returns its line there.
sub writes {
	my ($customer, $body, %fields) = @_;
	my ($was, $line) = scalar @{(conversation($customer) // {})->{messages}
	    // []};

	$stage->fetch_all(twilio_text($stage, From => $customer,
	    Body => $body, %fields));
	$customer =~ s/^whatsapp://;
	wait_until(sub {
		($line) = grep { $_->{text} =~ /^\Q$body\E/ }
		    @{(conversation($customer) // {})->{messages}};
		return $line;
	}, "'$body' is in Front", 20);
	return $line;
}

# An agent answers; the webhook with what Front makes of it.
sub answers {
	my ($customer, $text, %more) = @_;

	return $stage->front_reply(conversation => conversation($customer)->{id},
	    text => $text, %more);
}

# What Twilio has of it, once it is there.
sub at_twilio {
	my ($customer) = @_;
	my $found;

	wait_until(sub {
		($found) = grep { $_->{direction} eq 'outbound-api'
		    && $_->{to} eq $customer } @{$stage->twilio_state->{messages}};
		return $found;
	}, 'the reply is at Twilio', 20);
	return $found;
}

# Twilio calls back; the status of our answer.
sub moves {
	my ($text, $status, $code) = @_;

	return $twilio->control('POST', 'status', { sid => $text->{sid},
		status => $status, error_code => $code, callback => {
		token => $stage->TOKEN, cacert => "$stage->{dir}/tls/cert.pem" }
	})->{callback}{status};
}

# What the agent sees under what he wrote, once it failed.
sub failure {
	my ($webhook, $customer) = @_;
	my $message;

	wait_until(sub {
		($message) = grep { $_->{id} eq $webhook->{message} }
		    @{conversation($customer)->{messages}};
		return defined $message->{failed};
	}, 'the message is failed in Front', 20);
	return $message->{failed};
}

sub comments { return @{conversation($_[0])->{comments}} }

# ---- delivered, or not
my $customer = somebody();
writes($customer, 'hello');
my $webhook = answers($customer, 'hello to you');
my $text = at_twilio($customer);
is(moves($text, 'sent'), 204, 'Twilio tells how far it got');
is(moves($text, 'undelivered', 30006), 204, 'and that it got no further');
is(failure($webhook, $customer), '30006 a landline, or a number that takes no text messages',
    'the agent sees it under the message, with code and reason');
my ($put) = grep { $_->{method} eq 'PUT' } $stage->front_ledger;
is_deeply([@{$put}{qw(auth status invalid)}], ['right', 204, []],
    'by the call for that');
is(moves($text, 'sent'), 204, 'what comes late');
is($stage->sql("SELECT status, error_code FROM frontline.text_message
    WHERE message_sid = '$text->{sid}'"), 'undelivered|30006',
    'changes nothing');

$customer = somebody();
writes($customer, 'hello old', To => OLD);
answers($customer, 'from the old one');
$text = at_twilio($customer);
is($text->{from}, OLD, 'a legacy channel sends from its number');
is(moves($text, 'failed', 30007), 204, 'and may fail');
wait_until(sub { comments($customer) }, 'a comment is there', 20);
like((comments($customer))[0]{body}, qr/was not delivered: 30007 /,
    'then a comment says so');

# ---- Twilio refuses
$customer = somebody();
writes($customer, 'hello');
$twilio->script({ method => 'POST', path => '/Messages', action => 'error',
    status => 400, code => 21614, message => 'To is not a mobile number' });
$webhook = answers($customer, 'refused');
ok($webhook->{right}, 'what Twilio refuses has been taken first');
like(failure($webhook, $customer), qr/^21614 To is not a mobile number/,
    'then it fails with what Twilio says');

# ---- a file that cannot be sent
$customer = somebody();
writes($customer, 'hello');
answers($customer, 'see the page', attachments => [{ filename => 'page.html',
	content_type => 'text/html', body => encode_base64('<html>', '') }]);
$text = at_twilio($customer);
is("$text->{body} @{$text->{media_urls}}", 'see the page ',
    'what cannot be sent is left out of a reply');
wait_until(sub { comments($customer) }, 'a comment is there', 20);
like((comments($customer))[0]{body}, qr/left out of this message \(page\.html\)/,
    'and the agent is told');

# ---- opted out
$customer = somebody();
like(writes($customer, 'STOP', OptOutType => 'STOP')->{text},
    qr/has opted out/, 'Front shows who opts out');
is($stage->sql("SELECT state, source FROM frontline.consent_event
    WHERE match_key = '$customer'"), 'opted_out|keyword', 'as consent, too');
$webhook = answers($customer, 'are you sure?');
like($webhook->{refused}, qr/has opted out/, 'the agent is refused at once');
like(writes($customer, 'START', OptOutType => 'START')->{text},
    qr/has opted in/, 'until they opt in again');
ok(answers($customer, 'welcome back')->{right}, 'then it is taken');
at_twilio($customer);

# ---- WhatsApp after a day
sub is_long_ago {
	$stage->sql("UPDATE frontline.text_thread SET last_inbound_at =
	    now() - interval '25 hours' WHERE kind = 'whatsapp'");
}

$customer = somebody();
writes("whatsapp:$customer", 'hello', To => WA);
is_long_ago();
$webhook = answers($customer, 'too late');
like(failure($webhook, $customer), qr/not written for 24 hours/,
    'WhatsApp, after a day: it fails, and says why');
is(scalar(grep { $_->{to} eq "whatsapp:$customer" }
    @{$stage->twilio_state->{messages}}), 0, 'and is not sent');
my $template = 'HX' . '2' x 32;
$stage->write_config('front.whatsapp_template' => $template);
kill 'HUP', keys %{$stage->{relays}};
wait_until(sub { $stage->relay_said(qr/read .* again/) }, 'it is read');
answers($customer, 'by the template');
is(at_twilio("whatsapp:$customer")->{content_sid}, $template,
    'with a template that is sent');
wait_until(sub { comments($customer) }, 'a comment is there', 20);
like((comments($customer))[0]{body}, qr/template/, 'and the agent is told');

# ---- the first answer, of an agent or a rule, is marked
for (['agent', 0], ['rule', 1]) {
	my ($who, $autoreply) = @$_;

	$customer = somebody();
	writes($customer, "hello $who");
	answers($customer, 'first', autoreply => $autoreply);
	wait_until(sub { @{conversation($customer)->{tags}} }, 'it is tagged',
	    20);
	is_deeply(conversation($customer)->{tags}, [TAG],
	    "a first answer ($who) is tagged");
	my $id = conversation($customer)->{id};
	answers($customer, 'second');
	$stage->hurry_all;
	is(scalar(grep { $_->{path} eq "/conversations/$id/tags" }
	    $stage->front_ledger), 1, 'once');
}

# ---- what is switched off
is(scalar(grep { $_->{path} =~ /PhoneNumbers/ } $stage->ledger), 0,
    'nobody is looked up where that is not wanted');
$stage->write_config('front.first_response_tag' => '');
kill 'HUP', $stage->responder_pids, keys %{$stage->{relays}};
wait_until(sub { 2 <= (() = $stage->slurp('log/fcgi.log') =~
    /read .* again/g) }, 'the responder processes have read it');
$customer = somebody();
writes($customer, 'hello');
ok(answers($customer, 'not tagged')->{right}, 'an answer without a tag');
at_twilio($customer);
$stage->hurry_all;
is_deeply(conversation($customer)->{tags}, [], 'is marked by none');
is($stage->sql("SELECT count(*) FROM frontline_queue.seen
    WHERE dedupe = 'tag:" . conversation($customer)->{id} . "'"), 0,
    'and makes no work');
done_testing;
