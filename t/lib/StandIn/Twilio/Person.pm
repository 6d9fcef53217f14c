package StandIn::Twilio::Person;
# Users of the Frontline app, and what Lookups knows of a number.
use strict;
use warnings;
use JSON::PP ();
use StandIn::Form qw(escape);

sub forget_people {
	my ($self) = @_;

	$self->{users} = {};
}

sub users_state {
	my ($self) = @_;
	my %once = map { $_->{sid} => $_ } values %{$self->{users}};

	return [map { $self->user_view($once{$_}) } sort keys %once];
}

# One that a test wants to be there: {identity, friendly_name, avatar, state,
# is_available}.
sub make_user {
	my ($self, $data) = @_;
	my $identity = $data->{identity} // die "a user needs an identity\n";
	my $user = {
		sid           => $self->sid('US'),
		friendly_name => $identity,
		avatar        => undef,
		state         => 'active',
		is_available  => 1,
		%$data,
	};

	$self->{users}{$_} = $user for $user->{sid}, $identity;
	return $self->user_view($user);
}

sub user_view {
	my ($self, $user) = @_;

	return {
		(map { $_ => $user->{$_} }
		    qw(sid identity friendly_name avatar state)),
		is_available => $user->{is_available} ? JSON::PP::true()
		    : JSON::PP::false(),
		url          => 'https://frontline-api.twilio.com/v1/Users/' .
		    $user->{sid},
	};
}

# By SID or by identity.
sub find_user {
	my ($self, $call) = @_;
	my $name = $call->{path}{Sid};

	$self->make_user({ identity => $name })
	    if !$self->{users}{$name} && $self->{settings}{auto_users}
	    && $name !~ /^US[0-9a-f]{32}$/;
	return $self->{users}{$name} // $self->refuse(404, 20404,
	    'The requested resource /Users/' . escape($name) .
	    ' was not found');
}

sub fetch_user {
	my ($self, $call) = @_;

	return $self->answer(200, $self->user_view($self->find_user($call)));
}

sub update_user {
	my ($self, $call) = @_;
	my $user = $self->find_user($call);
	my $form = $call->{form};
	my %member = (FriendlyName => 'friendly_name', Avatar => 'avatar',
	    State => 'state');

	for (keys %member) {
		$user->{$member{$_}} = $form->{$_} if exists $form->{$_};
	}
	$user->{is_available} = $form->{IsAvailable} eq 'true'
	    if exists $form->{IsAvailable};
	return $self->answer(200, $self->user_view($user), 1);
}

my %country = (1 => 'US', 31 => 'NL', 33 => 'FR', 44 => 'GB', 46 => 'SE',
    47 => 'NO', 49 => 'DE', 61 => 'AU');
my %package = map { $_ => 1 } qw(caller_name sim_swap call_forwarding
    line_type_intelligence line_status identity_match reassigned_number
    sms_pumping_risk phone_number_quality_score pre_fill);

sub lookup {
	my ($self, $call) = @_;
	my $number = $call->{path}{PhoneNumber};
	my $query = $call->{query};
	my %wanted = map { $_ => 1 } split /,/, $query->{Fields} // '';
	my ($unknown) = grep { !$package{$_} } sort keys %wanted;

	$self->refuse_invalid(20001, "no package $unknown")
	    if defined $unknown;
	$self->refuse_invalid(20404, "not looked up: $number")
	    if $number !~ /^[+0-9() .-]+$/;
	my $digits = $number =~ s/[^0-9]//gr;
	if ($number !~ /^\+/) {
		my %code = reverse %country;
		$digits = ($code{$query->{CountryCode} // 'US'} // 1) . $digits;
	}
	my ($code) = $digits =~ /^(1|44|31|33|46|47|49|61)/;
	my @errors = length $digits > 15 ? 'TOO_LONG'
	    : length $digits < 8 ? 'TOO_SHORT'
	    : defined $code && $code eq '1' && length $digits != 11
	    ? 'INVALID_LENGTH' : ();
	my $is_us = defined $code && $code eq '1' && !@errors;
	my $name = $self->{settings}{caller_names}{"+$digits"};

	return $self->answer(200, {
		(map { $_ => undef } keys %package),
		calling_country_code => $code,
		country_code         => defined $code ? $country{$code} : undef,
		phone_number         => "+$digits",
		national_format      => $is_us ? sprintf('(%s) %s-%s',
		    $digits =~ /^1(\d{3})(\d{3})(\d{4})$/) : undef,
		valid                => @errors ? JSON::PP::false()
		    : JSON::PP::true(),
		validation_errors    => @errors ? \@errors : undef,
		caller_name          => $wanted{caller_name} && $is_us ? {
			caller_name => $name ? $name->{caller_name} : undef,
			caller_type => $name ? $name->{caller_type} : undef,
			error_code  => undef,
		} : undef,
		url                  =>
		    "https://lookups.twilio.com/v2/PhoneNumbers/+$digits",
	});
}

1;
