package Chaos::Faults;
# What a stand-in does wrong, now and then, while relays are killed: every
# action of StandIn::Fault, at every moment that it knows.
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(faults front_faults);

# Any number of times.  After the effect it may only be said that the peer is
# unwell: 409, 429 and "not yet" mean that nothing was done, and a relay
# believes it.
my @often = (
	{ action => 'error', status => 500, when => 'before' },
	{ action => 'error', status => 500, when => 'after' },
	{ action => 'error', status => 503, when => 'before', format => 'html' },
	{ action => 'error', status => 503, when => 'after', format => 'empty' },
	{ action => 'hang', when => 'before' },
	{ action => 'hang', when => 'after' },
	{ action => 'reset', when => 'read' },
	{ action => 'reset', when => 'before' },
	{ action => 'reset', when => 'after' },
	{ action => 'close', when => 'before' },
	{ action => 'close', when => 'after' },
	{ action => 'cut' },
	{ action => 'cut', at => 0 },
	{ action => 'drip', ms => 3 },
	{ action => 'delay', ms => 900, when => 'after' },
	{ action => 'delay', ms => 900, when => 'before' },
	{ action => 'garbage' },
	{ action => 'dead' },
);

# The same, of Twilio alone; of Front a 409 says that the message is there.
my @often_twilio = (
	{ action => 'error', status => 500, code => 20500, when => 'after',
	    format => 'problem' },
	{ action => 'error', status => 409, code => 50419, when => 'before' },
);

# These make all relays wait, or cost the stand-in much: so often in all.
my @seldom = (
	{ action => 'oversized', bytes => 1 << 21 },
	{ action => 'redirect', when => 'before' },
);
my @seldom_twilio = (
	{ action => 'error', status => 429, code => 20429, when => 'before' },
	{ action => 'error', status => 429, when => 'before',
	    retry_after => 1 },
	{ action => 'error', status => 400, code => 50386, when => 'before' },
);

# One channel was too fast, all of the company was, nobody says who; and a token
# that is refused, as one that is too old is.
my @seldom_front = (
	{ action => 'error', status => 429, when => 'before',
	    message => 'Rate limit exceeded for tier-2 route. Please retry in ' .
		'341 milliseconds.',
	    headers => { 'X-RateLimit-Limit' => 1000,
		'X-RateLimit-Remaining' => 40, 'X-Front-Tier' => 2,
		'Retry-After' => 1 } },
	{ action => 'error', status => 429, when => 'before',
	    headers => { 'X-RateLimit-Limit' => 1000,
		'X-RateLimit-Remaining' => 0, 'Retry-After' => 1 } },
	{ action => 'error', status => 429, when => 'before' },
	{ action => 'error', status => 401, when => 'before' },
);

# No fault: the effect is there and the answer is not, for long enough to kill
# a relay in between.
my @slow = map { { action => 'delay', ms => $_, when => 'after',
    probability => 0.2 } } 60, 250;

# `share` of about so many requests to a path meet one of what is often; each
# of what is seldom is played `times` times, not all at once.
sub faults { return rules([@seldom, @seldom_twilio],
    [@often, @often_twilio], @_) }

# The same of Front.
sub front_faults { return rules([@seldom, @seldom_front], \@often, @_) }

sub rules {
	my ($seldom, $often, $path, $share, $times, $requests) = @_;
	my $each = $share / @$often;

	return map { { path => $path, %$_ } } @slow,
	    (map { { probability => 3 * $times / $requests, times => $times,
		%$_ } } @$seldom),
	    (map { { probability => $each, %$_ } } @$often);
}

1;
