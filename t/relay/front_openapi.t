#!/usr/bin/perl
# Every request of the bridge against the descriptions of Front and of Twilio,
# which are no part of this repository: FRONTLINE_SHARED names the folder that
# has protocol/front-openapi.json and protocol/twilio-openapi.json.
use strict;
use warnings;
use utf8;
use Bridge;
use MIME::Base64 qw(encode_base64);
use OpenAPI;
use Stage;
use Test::More;

my $folder = ($ENV{FRONTLINE_SHARED} // "$ENV{abs_top_srcdir}/../shared") .
    '/protocol';

for (qw(front twilio)) {
	plan skip_all => "no description: $folder/$_-openapi.json"
	    unless -e "$folder/$_-openapi.json";
}
my %api = map { $_ => OpenAPI->new("$folder/$_-openapi.json") }
    qw(front twilio);

sub run_bridge {
	my ($mode) = @_;
	my $stage = bridge(mode => $mode,
	    config => { 'lookup.enabled' => 'yes' });

	$stage->front->set(tolerate_late => 1);
	$stage->twilio->set(caller_names => { THEIRS, {
	    caller_name => 'OKAFOR "INES"', caller_type => 'CONSUMER' } });
	my ($sid, @urls) = picture($stage, 'Look', ['image/png', PNG]);
	$stage->start_relay;
	text_in($stage, body => "Grüße & <b> \"x\" 😀", lookup => 1);
	text_in($stage, sid => $sid, body => 'Look', media => \@urls);
	$stage->front_reply(to => [THEIRS], text => 'Hello', attachments => [
	    { filename => 'a.png', content_type => 'image/png',
	        body => encode_base64(PNG, '') } ]);
	my ($conversation) = grep { grep { !$_->{is_inbound} }
	    @{$_->{messages}} } @{$stage->front_state->{conversations}};
	my ($message) = grep { !$_->{is_inbound} } @{$conversation->{messages}};
	$stage->script({ method => 'POST', path => '/Messages',
	    action => 'close' });
	my ($text) = reply($stage, $message->{id}, "Grüße &=+%\n😀",
	    conversation => $conversation->{id}, tag => 1, attachments => [{
	    url => $stage->front_url . "/messages/$message->{id}/download/" .
	        $message->{attachments}[0]{id}, filename => 'a.png' },
	    { url => 'https://elsewhere.example/x', filename => 'b' }]);
	wait_job($stage, 'text.send', $text);
	my $to = text_row($stage, $text, 'message_sid');
	$stage->sql("SELECT outcome FROM frontline_api.note_text_status(NULL,
	    '$to', 'failed', 30003, now())");
	wait_until(sub {
		$stage->hurry;
		$stage->sql('SELECT count(*) FROM frontline_queue.job') == 0;
	}, 'the queue is empty', 40);
	return $stage;
}

my %operation;

for my $mode (qw(app custom)) {
	my $stage = run_bridge($mode);
	my @faults;

	for (['front', $stage->front_ledger], ['twilio', $stage->ledger]) {
		my ($peer, @entries) = @$_;

		for my $entry (@entries) {
			next unless $entry->{listener} eq 'api'
			    && $entry->{operation};
			$operation{$entry->{operation}}++;
			# headers are an object of whatever members.
			push @faults, map { "$entry->{method} $entry->{path}: $_" }
			    grep { !/metadata\[headers\]\[\w+\] is unknown/ }
			    @{$entry->{invalid}}, $entry->{operation} =~
			    /download/ ? () : $api{$peer}->faults($entry);
			push @faults, "$entry->{path}: $entry->{auth}"
			    if $entry->{auth} ne 'right';
		}
	}
	is(join("\n", @faults), '', "$mode: each request is as described");
	is($stage->sql("SELECT count(*) FROM frontline_queue.done
	    WHERE outcome = 'dead'"), 0, "$mode: and none was refused");
}
ok($operation{$_}, "$_ was among them") for qw(take_inbound take_incoming
    take_status list_tags create_tag add_tags add_comment fetch_contact
    update_contact download_file create_message list_messages download_media
    lookup);
done_testing;
