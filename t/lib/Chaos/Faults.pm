package Chaos::Faults;
# What the stand-in for Twilio does wrong, now and then, while relays are
# killed: every action of StandIn::Fault, at every moment that it knows.
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(faults);

# Any number of times.  After the effect it may only be said that Twilio is
# unwell: 409, 429 and "not yet" mean that nothing was done, and a relay
# believes it.
my @often = (
	{ action => 'error', status => 500, when => 'before' },
	{ action => 'error', status => 500, when => 'after' },
	{ action => 'error', status => 503, when => 'before', format => 'html' },
	{ action => 'error', status => 503, when => 'after', format => 'empty' },
	{ action => 'error', status => 500, code => 20500, when => 'after',
	    format => 'problem' },
	{ action => 'error', status => 409, code => 50419, when => 'before' },
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

# These make all relays wait, or cost the stand-in much: so often in all.
my @seldom = (
	{ action => 'oversized', bytes => 1 << 21 },
	{ action => 'error', status => 429, code => 20429, when => 'before' },
	{ action => 'error', status => 429, when => 'before',
	    retry_after => 1 },
	{ action => 'error', status => 400, code => 50386, when => 'before' },
	{ action => 'redirect', when => 'before' },
);

# No fault: the effect is there and the answer is not, for long enough to kill
# a relay in between.
my @slow = map { { path => '^/v1/', action => 'delay', ms => $_,
    when => 'after', probability => 0.2 } } 60, 250;

# `share` of about so many requests meet one of @often; each of @seldom is
# played `times` times, not all at once.
sub faults {
	my ($share, $times, $requests) = @_;
	my $each = $share / @often;

	return (@slow, (map { { path => '^/v1/', probability => 3 * $times / $requests,
	        times => $times, %$_ } } @seldom),
	    (map { { path => '^/v1/', probability => $each, %$_ } } @often));
}

1;
