#!/usr/bin/perl
# The stand-in's table against Twilio's own description, operation by operation
# and field by field; and OpenAPI.pm against requests right and wrong.  The
# description is no part of this repository: FRONTLINE_SHARED names the folder
# that has protocol/twilio-openapi.json.
use strict;
use warnings;
use OpenAPI;
use StandIn::Client;
use StandIn::Twilio::Table qw(operations);
use Test::More;

my $folder = $ENV{FRONTLINE_SHARED} // "$ENV{abs_top_srcdir}/../shared";
my $file = "$folder/protocol/twilio-openapi.json";

plan skip_all => "Twilio's description is not there: $file" unless -e $file;
my $api = OpenAPI->new($file);

# What the table calls a schema.
sub kind_of {
	my ($schema) = map { $api->resolve($_) } @_;
	my $type = $schema->{type} // '';
	my $format = $schema->{format} // '';

	return kind_of($schema->{items}) . '*' if $type eq 'array';
	return 'enum:' . join '|', sort @{$schema->{enum}} if $schema->{enum};
	return 'sid:' . $1 if ($schema->{pattern} // '') =~
	    /^\^\(?([A-Z|]+)\)?\[0-9a-fA-F\]\{32\}\$$/;
	return 'bool' if $type eq 'boolean';
	return $type if $type eq 'number';
	return $schema->{nullable} ? 'int?' : !defined $schema->{minimum}
	    ? 'int' : "int:$schema->{minimum}-" . ($schema->{maximum} // '')
	    if $type eq 'integer';
	return { 'date-time' => 'date', uri => 'uri',
	    'phone-number' => 'phone' }->{$format} // 'text';
}

# A row of the table in the same words.
sub kinds {
	my ($kinds) = @_;

	return { map {
		my ($head, $values) = split /:/, $kinds->{$_}, 2;
		($_ => $head eq 'enum' ? "enum:" . join '|', sort
		    split /\|/, $values : $kinds->{$_});
	} keys %$kinds };
}

my %met;
for my $row (operations()) {
	next if $row->{undescribed};
	my $name = "$row->{method} $row->{template}";
	my $operation = $api->operation(@{$row}{qw(method template)});

	ok($operation, "$name is described") or next;
	$met{$name} = 1;
	my $known = $api->parameters(@{$row}{qw(method template)});
	my $schema = $api->form_schema(@{$row}{qw(method template)}) // {};
	for my $part (qw(path query)) {
		is_deeply(kinds($row->{$part}), { map { $_ =>
		    kind_of($known->{$part}{$_}{schema}) }
		    keys %{$known->{$part} // {}} }, "$name: $part");
	}
	is_deeply(kinds($row->{form}), { map { $_ =>
	    kind_of($schema->{properties}{$_}) }
	    keys %{$schema->{properties} // {}} }, "$name: form");
	is_deeply([sort @{$row->{required}}],
	    [sort @{$schema->{required} // []}], "$name: required fields");
	is(defined $row->{webhook},
	    !!$known->{header}{'X-Twilio-Webhook-Enabled'},
	    "$name: the header for webhooks");
}
my @unmet = grep { !$met{$_} } map {
	my $path = $_;
	map { uc . " $path" } grep { /^(?:get|post|put|delete)$/ }
	    keys %{$api->{document}{paths}{$path}};
} keys %{$api->{document}{paths}};
is_deeply([sort @unmet], [], 'every operation described is in the table');

# Requests and answers.
my $twilio = StandIn::Client->start('twilio', '--auto-users');
$twilio->set(strict => 0);
my $all = '/v1/Conversations';
my $sms = '/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages';
my %text = (To => '+4790112233', From => '+15005550006', Body => 'x');

sub judged {
	my ($method, $path, $fields, %opt) = @_;
	my $answer = $twilio->call($method, $path, $fields, %opt);
	my ($entry) = ($twilio->ledger)[-1];

	return ($answer, $api->faults($entry), $entry);
}

# Calls rightly; the answer has all names that the description knows.
sub right {
	my ($template, $status, $method, $path, $fields, %opt) = @_;
	my ($answer, @faults) = judged($method, $path, $fields, %opt);
	my $entry = pop @faults;

	is($answer->{status}, $status, "$method $template");
	is_deeply(\@faults, [], 'a request as described');
	is_deeply($entry->{invalid}, [], 'the stand-in thinks so too');
	my $names = $api->answer_names($method, $template, $status);
	is_deeply([grep { !exists $answer->{json}{$_} } @{$names // []}], [],
	    'no name is missing from the answer');
	return $answer->{json};
}

sub wrong {
	my ($why, $method, $path, $fields, %opt) = @_;
	my (undef, @faults) = judged($method, $path, $fields, %opt);
	my $entry = pop @faults;

	like(join('; ', @faults), $why, "not as described: $why");
	ok(@{$entry->{invalid}}, 'the stand-in thinks so too');
}

my $ch = right($all, 201, POST => $all, { FriendlyName => "\x{141}",
    State => 'active' }, headers =>
    { 'X-Twilio-Webhook-Enabled' => 'true' })->{sid};
right("$all/{Sid}", 200, POST => "$all/$ch", { Attributes => '{}' });
my $in = "$all/{ConversationSid}";
my $mb = right("$in/Participants", 201, POST => "$all/$ch/Participants",
    { 'MessagingBinding.Address' => '+4790112233',
    'MessagingBinding.ProxyAddress' => '+15005550006' })->{sid};
right("$in/Participants/{Sid}", 200, POST => "$all/$ch/Participants/$mb",
    { LastReadMessageIndex => 'null' });
right("$in/Participants", 200, GET => "$all/$ch/Participants",
    { PageSize => 100 });
my $im = right("$in/Messages", 201, POST => "$all/$ch/Messages",
    { Body => 'x', Attributes => '{}' })->{sid};
right("$in/Messages/{Sid}", 200, GET => "$all/$ch/Messages/$im");
right("$in/Messages", 200, GET => "$all/$ch/Messages", { Order => 'desc' });
right('/v1/ParticipantConversations', 200,
    GET => '/v1/ParticipantConversations', { Address => '+4790112233' });
right('/v1/Services/{ChatServiceSid}/Conversations', 201,
    POST => '/v1/Services/IS' . '1' x 32 . '/Conversations', {});
right('/v1/Users/{Sid}', 200, POST => '/v1/Users/ana%40example.com',
    { IsAvailable => 'true' });
my $own = '/2010-04-01/Accounts/{AccountSid}/Messages';
my $sm = right("$own.json", 201, POST => "$sms.json", { %text,
    StatusCallback => 'https://fis.example.com/status/1',
    ValidityPeriod => 14400, MediaUrl => 'https://a.example/1' })->{sid};
right("$own.json", 200, GET => "$sms.json", { 'DateSent>' => '2024-02-03',
    PageSize => 1000 });
right("$own/{Sid}.json", 200, GET => "$sms/$sm.json");
right('/v2/PhoneNumbers/{PhoneNumber}', 200,
    GET => '/v2/PhoneNumbers/%2B14155550142', { Fields => 'caller_name' });

wrong(qr/form: Nam is unknown/, POST => $all, { Nam => 'x' });
wrong(qr/State is none of/, POST => $all, { State => 'open' });
wrong(qr/MessagingServiceSid is not like/, POST => $all,
    { MessagingServiceSid => 'MG1' });
wrong(qr/PageSize is above 100/, GET => $all, { PageSize => 101 });
wrong(qr/PageSize is below 1/, GET => $all, { PageSize => 0 });
wrong(qr/query: Sort is unknown/, GET => $all, { Sort => 'x' });
wrong(qr/Body stands 2 times/, POST => "$all/$ch/Messages",
    [Body => 'x', Body => 'y']);
wrong(qr/To is missing/, POST => "$sms.json", { Body => 'x' });
wrong(qr/SmartEncoded is no boolean/, POST => "$sms.json",
    { %text, SmartEncoded => 'yes' });
wrong(qr/ValidityPeriod is no integer/, POST => "$sms.json",
    { %text, ValidityPeriod => '4h' });
wrong(qr/SendAt is no date-time/, POST => "$sms.json",
    { %text, SendAt => 'now' });
wrong(qr/StatusCallback is no uri/, POST => "$sms.json",
    { %text, StatusCallback => '/x' });
wrong(qr/path: Sid is not like/, GET => "$sms/XX$sm.json");
wrong(qr/header: x-twilio-webhook-enabled is none of/, POST => $all, {},
    headers => { 'X-Twilio-Webhook-Enabled' => 'yes' });
wrong(qr/is no form/, POST => $all, { State => 'active' },
    headers => { 'Content-Type' => 'application/json' });
wrong(qr/no path like/, GET => '/v1/Nothing');
wrong(qr/takes no PUT/, PUT => $all);
done_testing;
