package StandIn::Twilio::Table;
# What Twilio takes: method, path and fields of each operation that we call or
# may come to call.  A kind is
#
#	text  bool  int  int:LOW-HIGH  int?  number  date  uri  phone
#	sid:XX  sid:XX|YY  enum:a|b		and `*` behind it: may be repeated
#
# t/standin/openapi.t compares all of it with Twilio's own description.
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(fault_of find_operation operations);

my %page = (Page => 'int:0-', PageToken => 'text');
my %page_100 = (%page, PageSize => 'int:1-100');
my %dates = (DateCreated => 'date', DateUpdated => 'date');
my $webhook = 'enum:true|false';

my %conversation = (
	%dates,
	FriendlyName             => 'text',
	UniqueName               => 'text',
	Attributes               => 'text',
	MessagingServiceSid      => 'sid:MG',
	State                    => 'enum:initializing|inactive|active|closed',
	'Timers.Inactive'        => 'text',
	'Timers.Closed'          => 'text',
	'Bindings.Email.Address' => 'text',
	'Bindings.Email.Name'    => 'text',
);
my %participant = (
	%dates,
	Identity                            => 'text',
	Attributes                          => 'text',
	RoleSid                             => 'sid:RL',
	'MessagingBinding.ProxyAddress'     => 'text',
	'MessagingBinding.ProjectedAddress' => 'text',
);
my %said = (
	%dates,
	Author     => 'text',
	Body       => 'text',
	Attributes => 'text',
	Subject    => 'text',
);
my %message = (
	To                  => 'phone',
	From                => 'phone',
	FallbackFrom        => 'phone',
	MessagingServiceSid => 'sid:MG',
	Body                => 'text',
	MediaUrl            => 'uri*',
	ContentSid          => 'sid:HX',
	ContentVariables    => 'text',
	StatusCallback      => 'uri',
	ApplicationSid      => 'sid:AP',
	MaxPrice            => 'number',
	ProvideFeedback     => 'bool',
	Attempt             => 'int',
	ValidityPeriod      => 'int',
	ForceDelivery       => 'bool',
	ContentRetention    => 'enum:retain|discard',
	AddressRetention    => 'enum:retain|obfuscate',
	SmartEncoded        => 'bool',
	PersistentAction    => 'text*',
	TrafficType         => 'enum:free',
	ShortenUrls         => 'bool',
	ScheduleType        => 'enum:fixed',
	SendAt              => 'date',
	SendAsMms           => 'bool',
	RiskCheck           => 'enum:enable|disable',
);
my %user = (
	FriendlyName => 'text',
	Avatar       => 'text',
	State        => 'enum:active|deactivated',
	IsAvailable  => 'bool',
);
my %lookup = map { $_ => 'text' } qw(
	Fields CountryCode FirstName LastName AddressLine1 AddressLine2 City
	State PostalCode AddressCountryCode NationalId DateOfBirth
	LastVerifiedDate VerificationSid PartnerSubId
);

my $one = '/v1/Conversations/{Sid}';
my $in = '/v1/Conversations/{ConversationSid}';
my $sms = '/2010-04-01/Accounts/{AccountSid}/Messages';
my %im = (path => { Sid => 'sid:IM' });
my %me = (path => { Sid => 'sid:ME' });
my %hook = (webhook => $webhook);

# Those of Conversations exist once more below /v1/Services/{ChatServiceSid}.
my @conversations = (
	[GET => '/v1/Conversations', 'list_conversations', query => { %page_100,
	    StartDate => 'text', EndDate => 'text',
	    State => 'enum:initializing|inactive|active|closed' }],
	[POST => '/v1/Conversations', 'create_conversation', %hook,
	    form => \%conversation],
	[GET => $one, 'fetch_conversation'],
	[POST => $one, 'update_conversation', %hook, form => \%conversation],
	[DELETE => $one, 'delete_conversation', %hook],
	[GET => "$in/Participants", 'list_participants', query => \%page_100],
	[POST => "$in/Participants", 'create_participant', %hook,
	    form => { %participant, 'MessagingBinding.Address' => 'text' }],
	[GET => "$in/Participants/{Sid}", 'fetch_participant'],
	[POST => "$in/Participants/{Sid}", 'update_participant', %hook,
	    form => { %participant, LastReadMessageIndex => 'int?',
	    LastReadTimestamp => 'text' }],
	[DELETE => "$in/Participants/{Sid}", 'delete_participant', %hook],
	[GET => "$in/Messages", 'list_said', query => { %page_100,
	    Order => 'enum:asc|desc' }],
	[POST => "$in/Messages", 'create_said', %hook, form => { %said,
	    MediaSid => 'sid:ME', ContentSid => 'sid:HX',
	    ContentVariables => 'text' }],
	[GET => "$in/Messages/{Sid}", 'fetch_said', %im],
	[POST => "$in/Messages/{Sid}", 'update_said', %im, %hook,
	    form => \%said],
	[DELETE => "$in/Messages/{Sid}", 'delete_said', %im, %hook],
	[GET => '/v1/ParticipantConversations', 'list_participant_conversations',
	    query => { %page, PageSize => 'int:1-50', Identity => 'text',
	    Address => 'text' }],
);
my @others = (
	[GET => '/v1/Users/{Sid}', 'fetch_user'],
	[POST => '/v1/Users/{Sid}', 'update_user', form => \%user],
	[GET => "$sms.json", 'list_messages', query => { %page,
	    PageSize => 'int:1-1000', To => 'phone', From => 'phone',
	    map { $_ => 'date' } 'DateSent', 'DateSent<', 'DateSent>' }],
	[POST => "$sms.json", 'create_message', form => \%message,
	    required => ['To']],
	[GET => "$sms/{Sid}.json", 'fetch_message',
	    path => { Sid => 'sid:SM|MM' }],
	[GET => "$sms/{MessageSid}/Media.json", 'list_media', query => { %page,
	    PageSize => 'int:1-1000',
	    map { $_ => 'date' } 'DateCreated', 'DateCreated<', 'DateCreated>' }],
	[GET => "$sms/{MessageSid}/Media/{Sid}.json", 'fetch_media', %me],
	[DELETE => "$sms/{MessageSid}/Media/{Sid}.json", 'delete_media', %me],
	[GET => "$sms/{MessageSid}/Media/{Sid}", 'download_media', %me,
	    undescribed => 1],
	[GET => '/v2/PhoneNumbers/{PhoneNumber}', 'lookup', query => \%lookup],
);
my %path_kind = (
	AccountSid     => 'sid:AC',
	ChatServiceSid => 'sid:IS',
	MessageSid     => 'sid:SM|MM',
);

sub row {
	my ($method, $path, $name, %more) = @_;
	my @names = $path =~ /\{(\w+)\}/g;
	(my $regex = quotemeta $path) =~ s/\\\{\w+\\\}/([^\/]+)/g;

	return {
		method   => $method,
		template => $path,
		name     => $name,
		form     => {},
		query    => {},
		required => [],
		%more,
		path     => { map { $_ => $more{path}{$_} // $path_kind{$_}
		    // 'text' } @names },
		names    => \@names,
		regex    => qr/^$regex$/,
	};
}

my @operations = map { row(@$_) } @conversations, @others, map {
	my ($method, $path, @rest) = @$_;
	[$method, $path =~ s{^/v1}{/v1/Services/{ChatServiceSid}}r, @rest];
} @conversations;

sub operations { return @operations }

# (row, its path as raw values by name), or (undef, methods that the path has).
sub find_operation {
	my ($method, $path) = @_;
	my @methods;

	for my $row (@operations) {
		my @values = $path =~ $row->{regex} or next;
		next if $row->{name} eq 'download_media' && $path =~ /\.json$/;
		if ($row->{method} eq $method) {
			my %named;
			@named{@{$row->{names}}} = @values;
			return ($row, \%named);
		}
		push @methods, $row->{method};
	}
	return (undef, @methods);
}

my %wants = (
	text   => sub { 1 },
	bool   => sub { $_[0] =~ /^(?:true|false)$/ },
	int    => sub { $_[0] =~ /^-?\d{1,18}$/ },
	'int?' => sub { $_[0] =~ /^(?:-?\d{1,18}|null|)$/ },
	number => sub { $_[0] =~ /^-?\d+(?:\.\d+)?$/ },
	date   => sub { $_[0] =~ /^\d{4}-\d\d-\d\d
	    (?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?$/x },
	uri    => sub { $_[0] =~ m{^https?://[^\s/?#]+[^\s]*$} },
	# Their form is judged with a code of its own (21211, 21604 ...).
	phone  => sub { 1 },
);

# Why a value is not of its kind; undef when it is.
sub fault_of {
	my ($kind, $value) = @_;

	$kind =~ s/\*$//;
	if ($kind =~ /^sid:(.*)/) {
		return $value =~ /^(?:$1)[0-9a-fA-F]{32}$/ ? undef
		    : "is no SID of $1";
	}
	if ($kind =~ /^enum:(.*)/) {
		return (grep { $_ eq $value } split /\|/, $1) ? undef
		    : "is none of $1";
	}
	if ($kind =~ /^int:(\d+)-(\d*)$/) {
		my ($low, $high) = ($1, $2);

		return $value =~ /^\d{1,9}$/ && $value >= $low
		    && ($high eq '' || $value <= $high) ? undef
		    : "is not in $low-$high";
	}
	return $wants{$kind}->($value) ? undef : "is no $kind";
}

1;
