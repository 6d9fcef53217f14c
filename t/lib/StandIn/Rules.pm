package StandIn::Rules;
# What a test has scripted: which requests meet which fault, and how often.
#
#	{ method => 'POST', path => '/Messages\.json$',	regex on the raw path
#	  field => 'Body', value => '^hello',		regex on one of its values
#	  skip => 2, times => 3,			or times => 'forever'
#	  probability => 0.1,				by the seed; then for ever
#	  action => 'error', status => 503, when => 'after' }
#
# The first rule that fits is played.  The actions are those of StandIn::Fault.
# A field may be one of a JSON body, under its name in a form: sender[handle].
use strict;
use warnings;

my %common = map { $_ => 1 }
    qw(action method path field value skip times probability);

# Each action, its parameters with their defaults, and the moments that it
# knows: before or after the effect, or when only the head has been read.
my %actions = (
	error => { status => 500, code => undef, message => undef,
	    format => 'own', retry_after => undef, when => 'before',
	    headers => {}, body => undef, pad => 0 },
	hang      => { when => 'before' },
	reset     => { when => 'read' },
	close     => { when => 'after' },
	cut       => { at => undef },
	drip      => { ms => 10 },
	delay     => { ms => 100, when => 'after' },
	redirect  => { url => undef, status => 307, when => 'before' },
	oversized => { bytes => 10 << 20 },
	garbage   => { body => '{"sid": "CH' },
	dead      => {},
	endless   => {},
	lie       => { length => undef },
);
my %moments = map { $_ => 1 } qw(before after);

sub new {
	my ($class) = @_;

	return bless { rules => [], next => 1 }, $class;
}

sub clear {
	my ($self, $id) = @_;

	@{$self->{rules}} = defined $id
	    ? grep { $_->{id} != $id } @{$self->{rules}} : ();
}

# Returns the number of the new rule; dies with a sentence.
sub add {
	my ($self, $given) = @_;

	die "a rule is an object\n" unless ref $given eq 'HASH';
	my $action = $given->{action} // die "a rule needs an action\n";
	my $parameters = $actions{$action} // die "no action '$action'\n";
	for (keys %$given) {
		die "'$_' is no part of the action $action\n"
		    unless $common{$_} || exists $parameters->{$_};
	}
	my %rule = (%$parameters, %$given, id => $self->{next}++, seen => 0,
	    played => 0);
	if (exists $parameters->{when}) {
		die "$action does not happen '$rule{when}'\n" unless
		    $moments{$rule{when}} ||
		    ($action eq 'reset' && $rule{when} eq 'read');
	}
	$rule{at_head} = $action eq 'dead' || ($rule{when} // '') eq 'read';
	die "the body is not read before $action\n"
	    if $rule{at_head} && defined $rule{field};
	$rule{times} //= defined $rule{probability} ? 'forever' : 1;
	for (qw(path value)) {
		$rule{"${_}_regex"} = qr/$rule{$_}/ if defined $rule{$_};
	}
	push @{$self->{rules}}, \%rule;
	return $rule{id};
}

sub list {
	my ($self) = @_;

	return [map {
		my %rule = %$_;
		delete @rule{qw(path_regex value_regex at_head)};
		\%rule;
	} @{$self->{rules}}];
}

# The rule that this request meets, or undef.  Asked twice of each: when its
# head is there (at_head), and when all of it is.
sub pick {
	my ($self, $request, $at_head) = @_;

	for my $rule (@{$self->{rules}}) {
		next if $rule->{at_head} != $at_head;
		next if $rule->{times} ne 'forever'
		    && $rule->{played} >= $rule->{times};
		next unless fits($rule, $request);
		next if $rule->{seen}++ < ($rule->{skip} // 0);
		next if defined $rule->{probability}
		    && rand >= $rule->{probability};
		$rule->{played}++;
		return $rule;
	}
	return undef;
}

sub fits {
	my ($rule, $request) = @_;

	return 0 if defined $rule->{method}
	    && $rule->{method} ne $request->{method};
	return 0 if $rule->{path_regex}
	    && $request->{path} !~ $rule->{path_regex};
	return 0 if $rule->{action} eq 'dead' && $request->{nth} < 2;
	return 1 unless defined $rule->{field};
	for (@{$request->{form}}, @{$request->{query}}) {
		return 1 if $_->[0] eq $rule->{field}
		    && (!$rule->{value_regex} || $_->[1] =~ $rule->{value_regex});
	}
	return 0;
}

1;
