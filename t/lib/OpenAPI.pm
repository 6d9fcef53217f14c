package OpenAPI;
# Holds a request against an OpenAPI 3 document that is read where it lies.
#
#	my $api = OpenAPI->new($file);
#	is_deeply([$api->faults($entry)], [], 'a request as described');
#
# An entry is one of StandIn's ledger: {method, path, query, form, headers,
# body}.
use strict;
use warnings;
use JSON::PP ();
use StandIn::Form qw(unescape);

sub new {
	my ($class, $file) = @_;

	open my $in, '<', $file or die "$file: $!\n";
	local $/;
	my $self = bless { document => JSON::PP->new->utf8->decode(<$in>) },
	    $class;
	for my $template (sort keys %{$self->{document}{paths}}) {
		my @names = $template =~ /\{([^}]+)\}/g;
		(my $regex = quotemeta $template) =~
		    s/\\\{.*?\\\}/([^\/]+)/g;

		push @{$self->{templates}}, { path => $template,
		    names => \@names, regex => qr/^$regex$/ };
	}
	# The more that is literal, the closer it fits.
	@{$self->{templates}} = sort { @{$a->{names}} <=> @{$b->{names}} }
	    @{$self->{templates}};
	return $self;
}

# A schema, or whatever is referred to.
sub resolve {
	my ($self, $thing) = @_;

	while (my $reference = $thing->{'$ref'}) {
		$thing = $self->{document};
		$thing = $thing->{$_} // die "$reference leads nowhere\n"
		    for map { s{~1}{/}gr =~ s{~0}{~}gr } split m{/},
		    $reference =~ s{^#/}{}r;
	}
	return $thing;
}

# The operation of a template, or undef.
sub operation {
	my ($self, $method, $template) = @_;

	return $self->{document}{paths}{$template}{lc $method};
}

# {in => {name => its description}} of an operation: path, query, header.
sub parameters {
	my ($self, $method, $template) = @_;
	my $path = $self->{document}{paths}{$template};
	my %found;

	for (map { $self->resolve($_) } @{$path->{parameters} // []},
	    @{$path->{lc $method}{parameters} // []}) {
		$found{$_->{in}}{$_->{name}} = $_;
	}
	return \%found;
}

# The schema of the form of an operation; undef where it takes none.
sub form_schema {
	my ($self, $method, $template) = @_;
	my $body = $self->operation($method, $template)->{requestBody}
	    // return undef;
	my $content = $self->resolve($body)->{content};
	my $form = $content->{'application/x-www-form-urlencoded'}
	    // return undef;

	return $self->resolve($form->{schema});
}

# The names that a success answers with, or undef where it answers nothing.
sub answer_names {
	my ($self, $method, $template, $status) = @_;
	my $content = $self->operation($method, $template)->{responses}
	    {$status}{content} // return undef;

	return [sort keys %{$self->resolve(
	    $content->{'application/json'}{schema})->{properties}}];
}

# Everything that is wrong with a request, as sentences.
sub faults {
	my ($self, $entry) = @_;
	my ($method, $path) = @{$entry}{qw(method path)};
	my (@faults, $found, %values);

	for my $template (@{$self->{templates}}) {
		my @values = $path =~ $template->{regex} or next;
		$found = $template->{path};
		next unless $self->operation($method, $found);
		@values{@{$template->{names}}} = map { my $value = unescape($_);
		    utf8::decode($value); $value } @values;
		last;
	}
	return "no path like $path" unless defined $found;
	my $operation = $self->operation($method, $found)
	    // return "$found takes no $method";
	my $known = $self->parameters($method, $found);
	push @faults, $self->part('path', $known->{path} // {},
	    [map { [$_ => $values{$_}] } sort keys %values], 1);
	push @faults, $self->part('query', $known->{query} // {},
	    $entry->{query}, 1);
	my %headers = map { lc $_ => $known->{header}{$_} }
	    keys %{$known->{header} // {}};
	push @faults, $self->part('header', \%headers,
	    [map { [$_ => $entry->{headers}{$_}] }
	    sort keys %{$entry->{headers}}], 0);
	push @faults, $self->form_faults($entry, $method, $found);
	return @faults;
}

sub form_faults {
	my ($self, $entry, $method, $template) = @_;
	my $schema = $self->form_schema($method, $template);
	my $type = $entry->{headers}{'content-type'} // '';

	if (!$schema) {
		return length $entry->{body}
		    ? "$method $template takes no body" : ();
	}
	return "Content-Type '$type' is no form" if length $entry->{body}
	    && $type !~ m{^application/x-www-form-urlencoded(?:\s*;.*)?$}i;
	my %required = map { $_ => 1 } @{$schema->{required} // []};
	my %known = map { $_ => { schema => $schema->{properties}{$_},
	    required => $required{$_} } } keys %{$schema->{properties}};
	return $self->part('form', \%known, $entry->{form}, 1);
}

# Pairs against what is known of one part of the request.
sub part {
	my ($self, $where, $known, $pairs, $is_closed) = @_;
	my (@faults, %values);

	push @{$values{$_->[0]}}, $_->[1] for @$pairs;
	for (sort keys %values) {
		if ($known->{$_}) {
			push @faults, map { "$where: $_" }
			    $self->value_faults($_, $known->{$_}{schema},
				@{$values{$_}});
		} elsif ($is_closed) {
			push @faults, "$where: $_ is unknown";
		}
	}
	push @faults, map { "$where: $_ is missing" } sort
	    grep { $known->{$_}{required} && !$values{$_} } keys %$known;
	return @faults;
}

my %type = (
	string  => qr/^/,
	integer => qr/^-?\d+$/,
	number  => qr/^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/,
	boolean => qr/^(?:true|false)$/,
);
my $day = qr/\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])/;
# Twilio's pages show dates where the description says date-time.
my %format = (
	'date-time'    => qr/^$day(?:T[0-2]\d:[0-5]\d:[0-6]\d(?:\.\d+)?
	    (?:Z|[-+]\d\d:\d\d))?$/x,
	uri            => qr{^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$},
	'phone-number' => qr/^./s,
	int64          => qr/^-?\d{1,19}$/,
);

sub value_faults {
	my ($self, $name, $schema, @values) = @_;

	$schema = $self->resolve($schema);
	if (($schema->{type} // '') eq 'array') {
		return map { $self->value_faults($name, $schema->{items}, $_) }
		    @values;
	}
	return "$name stands " . @values . ' times' if @values > 1;
	my $value = $values[0];
	return () if $schema->{nullable} && ($value eq 'null' || $value eq '');
	my $type = $schema->{type} // 'string';
	my $format = $format{$schema->{format} // ''};
	my $allowed = $schema->{enum};
	return "$name is no $type" if $value !~ ($type{$type} // qr/^/);
	my @faults;
	push @faults, "$name is no $schema->{format}"
	    if $format && $value !~ $format;
	push @faults, "$name is none of @$allowed"
	    if $allowed && !grep { $_ eq $value } @$allowed;
	push @faults, "$name is not like $schema->{pattern}"
	    if defined $schema->{pattern} && $value !~ /$schema->{pattern}/;
	push @faults, "$name is shorter than $schema->{minLength}"
	    if length $value < ($schema->{minLength} // 0);
	push @faults, "$name is longer than $schema->{maxLength}"
	    if length $value > ($schema->{maxLength} // length $value);
	push @faults, "$name is below $schema->{minimum}"
	    if defined $schema->{minimum} && $value < $schema->{minimum};
	push @faults, "$name is above $schema->{maximum}"
	    if defined $schema->{maximum} && $value > $schema->{maximum};
	return @faults;
}

1;
