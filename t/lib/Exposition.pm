package Exposition;
# What /metrics answers, read strictly: the text format 0.0.4 of Prometheus, and
# what its readers expect beyond it.
#
#	my $seen = Exposition->parse($text);
#	is(join("\n", $seen->errors), '', 'it is well formed');
#	is($seen->value('frontline_queue_jobs', destination => 'front'), 3);
use strict;
use warnings;

my $name = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $label = qr/[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"/;
my $number = qr/[+-]?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Inf)|NaN/;

sub parse {
	my ($class, $text) = @_;
	my $self = bless { families => {}, series => {}, errors => [] }, $class;

	$self->wrong('the last line has no end') unless $text =~ /\n\z/;
	$self->line($_) for split /\n/, $text, -1;
	pop @{$self->{errors}} if $text =~ /\n\z/;    # of what follows the end
	$self->close_family;
	return $self;
}

sub wrong {
	my ($self, $what) = @_;

	push @{$self->{errors}}, $what;
}

sub errors { return @{$_[0]{errors}} }

# One family's lines stand together: HELP, TYPE, samples.
sub line {
	my ($self, $line) = @_;

	if ($line =~ /^# HELP ($name) (\S.*)$/) {
		$self->close_family;
		$self->wrong("$1 stands there twice") if $self->{families}{$1};
		$self->{now} = $self->{families}{$1} = { name => $1 };
	} elsif ($line =~ /^# TYPE ($name) (counter|gauge|histogram)$/) {
		$self->wrong("the TYPE of $1 is not behind its HELP")
		    if !$self->{now} || $self->{now}{name} ne $1 ||
		    $self->{now}{type};
		$self->{now}{type} = $2;
	} elsif ($line =~ /^($name)(?:\{($label(?:,$label)*)\})? ($number)$/) {
		$self->sample($1, $2 // '', $3);
	} else {
		$self->wrong("no line of the format: '$line'");
	}
}

sub sample {
	my ($self, $series, $labels, $value) = @_;
	my $now = $self->{now} // {};
	my $suffix = ($now->{type} // '') eq 'histogram'
	    ? qr/_(?:bucket|sum|count)/ : qr//;

	$self->wrong("$series is not of the family before it")
	    unless $now->{type} && $series =~ /^\Q$now->{name}\E$suffix$/;
	my %label = $labels =~ /(\w+)="((?:[^"\\]|\\.)*)"/g;
	my $key = join ',', $series, map { "$_=$label{$_}" } sort keys %label;
	$self->wrong("$key stands there twice") if exists $self->{series}{$key};
	$self->{series}{$key} = $value;
	push @{$now->{samples}}, [$series, \%label, $value];
}

sub close_family {
	my ($self) = @_;
	my $now = delete $self->{now} // return;

	return $self->wrong("$now->{name} has no TYPE") unless $now->{type};
	return if $now->{type} eq 'gauge';
	$self->wrong("$now->{name} counts, and does not end in _total")
	    if $now->{type} eq 'counter' && $now->{name} !~ /_total$/;
	for (@{$now->{samples}}) {
		$self->wrong("$_->[0] is below zero") if $_->[2] < 0;
	}
	$self->check_histogram($now) if $now->{type} eq 'histogram';
}

sub check_histogram {
	my ($self, $family) = @_;
	my (%buckets, %count, %sum);

	for (@{$family->{samples}}) {
		my ($series, $labels, $value) = @$_;
		my %rest = %$labels;
		my $le = delete $rest{le};
		my $key = join ',', map { "$_=$rest{$_}" } sort keys %rest;

		if ($series =~ /_bucket$/) {
			push @{$buckets{$key}}, [$le, $value];
		} elsif ($series =~ /_count$/) {
			$count{$key} = $value;
		} else {
			$sum{$key} = $value;
		}
	}
	for my $key (sort keys %buckets) {
		my @of = @{$buckets{$key}};
		my $name = "$family->{name}\{$key}";

		for (1 .. $#of) {
			$self->wrong("$name: bounds do not rise")
			    if $of[$_][0] <= $of[$_ - 1][0];
			$self->wrong("$name: counts fall")
			    if $of[$_][1] < $of[$_ - 1][1];
		}
		$self->wrong("$name: no bucket for all")
		    unless $of[-1][0] eq '+Inf';
		$self->wrong("$name: the count is not that of all buckets")
		    unless defined $count{$key} && $count{$key} == $of[-1][1];
		$self->wrong("$name: no sum") unless defined $sum{$key};
	}
}

# Names of the families, and their series as "name,label=value,...".
sub families { return sort keys %{$_[0]{families}} }

# Every name that an expression may use.
sub names {
	my ($self) = @_;

	return map {
		my $family = $_;
		($self->{families}{$family}{type} // '') eq 'histogram'
		    ? map { "${family}_$_" } qw(bucket sum count) : $family;
	} $self->families;
}

# The value of one series, or undef.
sub value {
	my ($self, $series, %label) = @_;

	return $self->{series}{join ',', $series,
	    map { "$_=$label{$_}" } sort keys %label};
}

# The sum of all series of a name that have these labels.
sub sum {
	my ($self, $series, %label) = @_;
	my $sum = 0;

	for my $key (keys %{$self->{series}}) {
		my ($this, @pairs) = split /,/, $key;
		my %has = map { split /=/, $_, 2 } @pairs;

		next if $this ne $series ||
		    grep { ($has{$_} // '') ne $label{$_} } keys %label;
		$sum += $self->{series}{$key};
	}
	return $sum;
}

# What counts in the former must be at least as much here: returns what is not.
sub fallen_since {
	my ($self, $former) = @_;
	my @fallen;

	for my $family (values %{$former->{families}}) {
		next if $family->{type} eq 'gauge';
		for (@{$family->{samples}}) {
			my ($series, $labels, $value) = @$_;
			my $now = $self->value($series, %$labels);

			push @fallen, $series
			    if !defined $now || $now < $value;
		}
	}
	return @fallen;
}

1;
