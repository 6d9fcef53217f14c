package StandIn::Front::Limit;
# Front's limits: so many requests of a company in a minute, and so many posts
# of a channel in a second.  Both are off (0) unless a test sets them; what the
# headers say is right either way.
#
#	POST /_control/limits	{kind: company|burst|bare, times, path, ms,
#				retry_after}: answers 429 whatever was used
#
# company has no room left and says for how many seconds; burst has room and
# says for how many milliseconds; bare says nothing at all.
use strict;
use warnings;
use Time::HiRes qw(time);

# What the headers name where nothing is limited.
use constant ROOM => 1_000_000;

sub forget_limits {
	my ($self) = @_;

	$self->{used} = { minute => 0, count => 0 };
	$self->{posts} = {};
	$self->{limited} = { company => 0, burst => 0 };
}

# The headers of any answer.  Time goes by the window of the settings.
sub limit_headers {
	my ($self) = @_;
	my $settings = $self->{settings};
	my $limit = $settings->{company_limit} || ROOM;
	my $window = $settings->{limit_window};
	my $used = $self->{used};
	my $left = $limit - $used->{count};

	return (
		'X-RateLimit-Limit'     => $limit,
		'X-RateLimit-Remaining' => $left < 0 ? 0 : $left,
		'X-RateLimit-Reset'     => int(($used->{minute} + 1) * $window
		    + 0.999),
	);
}

# Counts a request, or refuses it.
sub count_request {
	my ($self) = @_;
	my $settings = $self->{settings};
	my $window = $settings->{limit_window};
	my $minute = int(time / $window);
	my $used = $self->{used};

	@{$used}{qw(minute count)} = ($minute, 0)
	    if $used->{minute} != $minute;
	if ($settings->{company_limit}
	    && $used->{count} >= $settings->{company_limit}) {
		my $left = ($minute + 1) * $window - time;

		$self->{limited}{company}++;
		$self->refuse(429, 'Rate limit exceeded', undef,
		    { 'Retry-After' => int($left + 0.999) || 1 });
	}
	$used->{count}++;
}

# Counts a post to a channel, or refuses it.
sub count_post {
	my ($self, $channel) = @_;
	my $most = $self->{settings}{burst_limit} or return;
	my $now = time;
	my $posts = $self->{posts}{$channel->{id}} //= [];

	@$posts = grep { $_ > $now - 1 } @$posts;
	if (@$posts >= $most) {
		my $ms = int(($posts->[0] + 1 - $now) * 1000) + 1;

		$self->{limited}{burst}++;
		$self->refuse(429, burst_text($ms), undef,
		    { burst_headers($ms) });
	}
	push @$posts, $now;
}

sub burst_text {
	my ($ms) = @_;

	return 'Rate limit exceeded for tier-2 route. ' .
	    "Please retry in $ms milliseconds.";
}

sub burst_headers {
	my ($ms) = @_;

	return ('X-Front-Tier' => 2,
	    'Retry-After' => int(($ms + 999) / 1000));
}

sub script_limit {
	my ($self, $data) = @_;
	my $kind = $data->{kind} // '';
	my $ms = $data->{ms} // 341;
	my %headers = $self->limit_headers;
	my $text = 'Rate limit exceeded';

	if ($kind eq 'burst') {
		$text = burst_text($ms);
		%headers = (%headers, 'X-RateLimit-Remaining' => 40,
		    burst_headers($ms));
	} elsif ($kind eq 'company') {
		%headers = (%headers, 'X-RateLimit-Remaining' => 0,
		    'Retry-After' => 20);
	} elsif ($kind eq 'bare') {
		%headers = ();
	} else {
		die "no limit '$kind'\n";
	}
	$headers{'Retry-After'} = $data->{retry_after}
	    if defined $data->{retry_after};
	return { ids => [$self->{rules}->add({
		action  => 'error',
		status  => 429,
		message => $text,
		headers => \%headers,
		path    => $data->{path} // '/(?:inbound|incoming|outbound)_messages$',
		times   => $data->{times} // 1,
	})] };
}

1;
