#!/usr/bin/perl
# lookup.name, front.contact, front.tag: names and tags in Front, asked for
# once, and never over what a person has written.
use strict;
use warnings;
use Bridge;
use Stage;
use StandIn::Client;
use Test::More;

my $stage = bridge(config => { 'lookup.enabled' => 'yes' });
my ($front, $twilio) = ($stage->front, $stage->twilio);

sub contact {
	my ($number) = @_;
	my ($found) = grep { grep { $_->{handle} eq $number } @{$_->{handles}} }
	    @{$front->state->{contacts}};

	return $found;
}

# Until nothing waits; back-offs are not waited for.
sub all_done {
	wait_until(sub {
		$stage->hurry;
		$stage->sql(q{SELECT pg_notify('frontline_queue', d)
		    FROM unnest(ARRAY['front', 'lookups', 'twilio_messages'])
		    AS d});
		$stage->sql('SELECT count(*) FROM frontline_queue.job') == 0;
	}, 'the queue is empty', 30);
}

sub lookups { return grep { $_->{path} =~ /PhoneNumbers/ } $stage->ledger }

# What became of the jobs of a kind, in their order.
sub outcomes {
	my ($kind) = @_;

	return $stage->sql("SELECT string_agg(outcome || coalesce(': ' || error,
	    ''), '; ' ORDER BY job_id) FROM frontline_queue.done
	    WHERE kind = '$kind'");
}

$front->set(tolerate_late => 1, contact_name => 'handle');
$twilio->set(caller_names => { THEIRS, { caller_name => 'OKAFOR INES',
    caller_type => 'CONSUMER' } });
$stage->start_relay;

# ---- a name goes on to Front, where the text is already
$stage->sql("SELECT frontline_queue.pause('lookups', '1 hour', 'test')");
wait_job($stage, 'front.message', text_in($stage, lookup => 1));
$stage->sql("SELECT frontline_queue.resume('lookups')");
all_done();
is(contact(THEIRS)->{name}, 'OKAFOR INES', 'the contact has got its name');
is(scalar lookups(), 1, 'Twilio was asked once');
is((lookups())[0]{query_text}, 'Fields=caller_name', 'for the name');
my ($patch) = grep { $_->{method} eq 'PATCH' } $stage->front_ledger;
is($patch->{path}, '/contacts/alt:phone:%2B15125550123', 'by the number');
is($patch->{claims}, undef, 'with the API token, as contacts need');
text_in($stage, body => 'again', lookup => 1);
all_done();
is(scalar lookups(), 1, 'the next text asks nobody');

# ---- nobody has a name
for my $number ('+15125550200', '+4790112233') {
	my $before = lookups();

	text_in($stage, from => $number, lookup => 1) for 1, 2;
	all_done();
	is(scalar(lookups()) - $before, 1, "$number has none, and is asked once");
}
$twilio->script({ path => '/PhoneNumbers', action => 'error', status => 400,
    code => 60600, message => 'not covered' });
text_in($stage, from => '+15125550201', lookup => 1);
all_done();
unlike(outcomes('lookup.name'), qr/dead/, 'not covered: nobody has one');
$twilio->script({ path => '/PhoneNumbers', action => 'error', status => 403,
    code => 60606, message => 'not enabled' });
text_in($stage, from => '+15125550202', lookup => 1);
all_done();
like(outcomes('lookup.name'), qr/dead: .*60606/, 'not bought: somebody acts');

# ---- a contact, and whose name it may get
my $n = 300;

sub names {
	my ($name, $before) = @_;
	my $number = '+1512555' . sprintf '%04d', $n++;

	$before->($number) if $before;
	my $caller = $stage->sql("INSERT INTO frontline.caller (address,
	    match_key, asked_at, name) VALUES ('$number', '$number', now(),
	    '$name') RETURNING caller_id");
	$stage->enqueue("main:contact:$caller", "contact:$caller:1",
	    'front.contact', { caller_id => $caller + 0, channel => 'main' },
	    'front');
	all_done();
	return (contact($number) // {})->{name};
}

sub has {
	my ($source, $name) = @_;

	return sub { $front->control('POST', 'contacts', { name => $name,
	    handles => [{ source => $source, handle => $_[0] }] }) };
}

is(names('Dana', has('phone', 'Mrs. Reyes')), 'Mrs. Reyes',
    'what a person typed stays');
is(names('Dana', has('phone', '')), 'Dana', 'no name is written over');
is(names('Dana', sub { has('phone', '(512) ' . substr($_[0], 5, 3) . '-' .
    substr $_[0], 8)->($_[0]) }), 'Dana', 'nor is the number itself');
is(names('Dana', has('custom', '')), 'Dana',
    'a contact may stand under custom');
is(names('Dana'), undef, 'where there is none, none is made');
like(outcomes('front.contact'), qr/unneeded: Front has no such contact$/,
    'after some attempts it is let be');
is($stage->sql("SELECT attempts FROM frontline_queue.done
    WHERE kind = 'front.contact' ORDER BY job_id DESC LIMIT 1"), 4,
    'for Front makes it when it stores the text');

# ---- tags
sub tagged {
	my ($id, $to) = @_;
	my ($found) = grep { $_->{handle} eq $to }
	    @{$stage->front_state->{conversations}};

	return join ',', @{$found->{tags}};
}

sub converse {
	my ($to) = @_;

	$stage->front_reply(to => [$to], text => 'Hello');
	return (map { $_->{id} } grep { $_->{handle} eq $to }
	    @{$stage->front_state->{conversations}})[0];
}

sub tags_made { return grep { $_->{path} eq '/company/tags' }
    $stage->front_ledger }

sub first_reply {
	my ($to) = @_;
	my $id = converse($to);

	reply($stage, 'msg_t' . $n++, 'Hello', to => [$to],
	    conversation => $id, tag => 1);
	all_done();
	return tagged($id, $to);
}

is(first_reply('+15125550401'), 'sms-first-response-sent',
    'a first reply is tagged');
is(scalar tags_made(), 1, 'by a tag that was made');
is(first_reply('+15125550402'), 'sms-first-response-sent', 'the next, too');
is(scalar tags_made(), 1, 'by the same');
is(scalar(grep { $_->{path} eq '/tags' } $stage->front_ledger), 1,
    'which was looked for once');

my ($from, $into) = map { converse($_) } '+15125550403', '+15125550404';
$front->control('POST', 'merge', { from => $from, into => $into });
reply($stage, 'msg_merged', 'Hello', to => ['+15125550403'],
    conversation => $from, tag => 1);
all_done();
is(tagged($into, '+15125550404'), 'sms-first-response-sent',
    'a conversation that was merged is found');

$stage->sql("UPDATE frontline.front_tag SET tag_id = 'tag_none'");
$front->script({ path => '/tags$', method => 'POST', action => 'error',
    status => 404, message => 'Unknown tag' });
is(first_reply('+15125550405'), 'sms-first-response-sent',
    'a tag that is no more is looked for again');
is(scalar tags_made(), 1, 'and found by its name');
is_deeply([map { @{$_->{invalid}} } $stage->front_ledger, $stage->ledger], [],
    'all of it by the book');
done_testing;
