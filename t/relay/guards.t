#!/usr/bin/perl
# What stands between a message and its double: the mark before the request,
# the lease behind the mark, and the search before another try.  `make mutants`
# takes each of them out and wants this test to fail.
use strict;
use warnings;
use Stage;
use Test::More;

# In seconds.  A retry comes, and is found, within two and a half; a list shows
# a message after the first look, and before the second, also where Twilio took
# the message seconds after its mark.
use constant { SETTLE => 3, LAG => 3.3, RESEND => 8 };
# A lease that lasts for longer than a call, and one that does not, with seconds
# to spare.
use constant { CALL => 8, LONG => 20, SHORT => 6 };

my $stage = Stage->new(responders => 0, nginx => 0, twilio => [],
    config => { 'limits.users_interval' => 0,
        'limits.twilio_per_second' => 1000,
        'limits.call_timeout_ms' => CALL * 1000 });
my $twilio = $stage->twilio;
my %job;

# Marks are written down.  That of the job "slow" is told too late, that of
# the job "known" comes with evidence of its request.
$stage->sql(<<'SQL');
CREATE TABLE public.mark (body text, at timestamptz);
CREATE FUNCTION public.note_mark() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO public.mark VALUES (NEW.payload->>'body', NEW.wire_at);
  IF NEW.payload->>'body' = 'known' THEN
    PERFORM frontline_queue.learn(NEW.wire_uuids[1], 'IMknown', 'test');
  ELSIF NEW.payload->>'body' = 'slow' AND cardinality(NEW.wire_uuids) = 1 THEN
    PERFORM pg_sleep(2.3);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_mark AFTER UPDATE ON frontline_queue.job FOR EACH ROW
  WHEN (OLD.wire_uuids IS DISTINCT FROM NEW.wire_uuids) EXECUTE FUNCTION public.note_mark();
SQL

sub terms {
	my (%terms) = @_;

	$stage->sql('UPDATE frontline_queue.destination SET ' .
	    join(', ', map { "$_ = '$terms{$_} s'" } sort keys %terms) .
	    " WHERE name = 'conversations'");
}

# A message in a conversation of its own, whose first request may meet a fault.
sub say_in_new {
	my ($body, %fault) = @_;
	my $sid = sprintf 'CH%032x', 1 + keys %job;

	$twilio->control('POST', 'conversations', { sid => $sid });
	$stage->script({ method => 'POST', path => $sid, %fault }) if %fault;
	$job{$body} = { sid => $sid, id => $stage->enqueue($sid, $body,
	    'message.add', { conversation_sid => $sid, body => $body }) };
}

sub requests {
	my ($body, $method) = @_;

	return grep { index($_->{path}, $job{$body}{sid}) >= 0
	    && $_->{method} eq $method } $stage->ledger;
}

sub posts { return scalar requests($_[0], 'POST') }

# Times at which it was marked, in seconds.
sub marks {
	my ($body) = @_;

	return split /\n/, $stage->sql("SELECT extract(epoch FROM at)
	    FROM public.mark WHERE body = '$body' ORDER BY at");
}

sub said {
	my ($body) = @_;
	my ($in) = grep { $_->{sid} eq $job{$body}{sid} }
	    @{$stage->twilio_state->{conversations}};

	return scalar @{$in->{messages}};
}

terms(lease => LONG, settle => SETTLE, resend => RESEND);
$twilio->set(list_lag => LAG);
say_in_new('plain');
say_in_new('slow');
say_in_new('known', action => 'reset', when => 'before');
say_in_new('lost answer', action => 'close', when => 'after');
say_in_new('lost request', action => 'reset', when => 'read');
$stage->start_relay;
my %outcome = map { $_ => $stage->wait_outcome($job{$_}{id}) } keys %job;

# ---- the mark
like($outcome{plain}, qr/^sent\|IM\w+\|1$/, 'a message is said');
my ($mark) = marks('plain');
my ($request) = requests('plain', 'POST');
ok(defined $mark && $mark < $request->{time},
    'and was marked before its request left');
cmp_ok(scalar(marks('slow')), '>=', 2,
    'a request that could not leave soon after its mark is marked anew');
is(posts('slow'), 1, 'and leaves once');

# ---- an answer that was lost
like($outcome{'lost answer'}, qr/^reconciled\|IM/,
    'a message whose answer was lost is found');
is(posts('lost answer'), 1, 'and not said again');
is(said('lost answer'), 1, 'so it is there once');
($mark) = marks('lost answer');
my ($look) = requests('lost answer', 'GET');
cmp_ok($look->{time} - $mark, '>=', SETTLE,
    'nobody looks before the request has settled');

# ---- a request that was lost
like($outcome{'lost request'}, qr/^sent\|IM/,
    'a message that never arrived is said again');
is(said('lost request'), 1, 'and is there once');
($mark) = marks('lost request');
($request) = (requests('lost request', 'POST'))[1];
ok(requests('lost request', 'GET') > 0, 'after a look');
cmp_ok($request->{time} - $mark, '>=', RESEND,
    'and not before lists must have caught up');

# ---- evidence
is($outcome{known}, 'reconciled|IMknown|2', 'evidence is believed');
is(posts('known') . ' ' . requests('known', 'GET'), '1 0',
    'without another request');

# ---- the lease
terms(lease => SHORT);
say_in_new('short');
wait_until(sub {
	2 <= (() = $stage->relay_said(
	    qr/job=$job{short}{id} .*outcome=waits .*the lease is too short/));
}, 'it is claimed again', 20);
is($stage->sql("SELECT attempt FROM frontline_queue.job
    WHERE job_id = $job{short}{id}") <= 1, 1, 'which counts for nothing');
is(posts('short'), 0, 'a lease that is shorter than a call sends nothing');
terms(lease => LONG);
like($stage->wait_outcome($job{short}{id}), qr/^sent\|/, 'a longer one does');
is(posts('short'), 1, 'once');

is(scalar(grep { @{$_->{invalid}} } $stage->ledger), 0,
    'Twilio had nothing to complain of');
done_testing;
